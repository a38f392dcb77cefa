//! The arguments of a page's `fetch()`. They are checked when the request is [fetched](super::Browser::fetch).

use std::fmt;

use url::Url;

use super::{
    Difference, Profile,
    address_space::AddressSpace,
    headers::{HeaderList, is_http_whitespace, token, trim},
    origin::{PageOrigin, has_credentials},
    reason::Reason,
    safelist,
};
use crate::masked::{Lines, Text, masked, masked_bytes};

/// A request's [mode](https://fetch.spec.whatwg.org/#concept-request-mode): whether it follows the rules of CORS. A
/// [`Request`] is made with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The default of `fetch()`; also `<img crossorigin>`, fonts, module scripts, `XMLHttpRequest`.
    #[default]
    Cors,
    /// Scripts get an opaque response: plain `<img>`, `<script>`, forms.
    NoCors,
    /// A request to another origin is an error.
    SameOrigin,
}

/// A request's [credentials mode](https://fetch.spec.whatwg.org/#concept-request-credentials-mode): when it carries cookies
/// and HTTP authentication. A [`Request`] is made with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Never any cookies.
    Omit,
    /// Cookies only to the page's own origin. The default of `fetch()`.
    #[default]
    SameOrigin,
    /// Cookies to every origin, which then must allow credentials: `withCredentials` of `XMLHttpRequest`.
    Include,
}

/// A request's [redirect mode](https://fetch.spec.whatwg.org/#concept-request-redirect-mode): whether it follows redirects. A
/// [`Request`] is made with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Redirect {
    /// The default of `fetch()`.
    #[default]
    Follow,
    /// A redirect is an error.
    Error,
    /// A redirect gives the script an opaque response.
    Manual,
}

/// Why a browser leaves out a header that a script sets. No error tells the script; [`Request::left_out`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftOut {
    /// It is a [forbidden request-header](https://fetch.spec.whatwg.org/#forbidden-request-header), which only browsers set,
    /// as `Cookie`, `Host` and `Origin`.
    Forbidden,
    /// The mode is `no-cors`, and the header is not one of the four that are sent then, the
    /// [no-CORS-safelisted request-headers](https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header).
    NoCors,
}

/// A [request](https://fetch.spec.whatwg.org/#request-class) as a script makes it.
///
/// ```
/// use fetch_cors::browser::{Credentials, Mode, PageOrigin, Redirect, Request};
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "PUT", "https://api.example/items/1")
///     .header("content-type", "application/json")
///     .body(None)
///     .mode(Mode::Cors)
///     .credentials(Credentials::Include)
///     .redirect(Redirect::Error);
///
/// assert_eq!(request.page().to_string(), "https://app.example");
/// assert_eq!((request.method(), request.url()), ("PUT", "https://api.example/items/1"));
/// assert_eq!(request.headers().count(), 1);
/// assert_eq!((request.fetch_mode(), request.credentials_mode()), (Mode::Cors, Credentials::Include));
/// ```
///
/// [`Browser::fetch`](super::Browser::fetch) sends it.
#[derive(Clone)]
#[must_use = "a request does nothing until it is fetched"]
pub struct Request {
    page: PageOrigin,
    method: String,
    url: String,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Body,
    mode: Mode,
    credentials: Credentials,
    redirect: Redirect,
    upload_listener: bool,
    page_address_space: Option<AddressSpace>,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            page,
            method,
            url,
            headers,
            body,
            mode,
            credentials,
            redirect,
            upload_listener,
            page_address_space,
        } = self;
        f.debug_struct("Request")
            .field("page", page)
            .field("method", &Text(method))
            .field("url", &Text(url))
            .field("headers", &Lines(headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))))
            .field("body", body)
            .field("mode", mode)
            .field("credentials", credentials)
            .field("redirect", redirect)
            .field("upload_listener", upload_listener)
            .field("page_address_space", page_address_space)
            .finish()
    }
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Untyped,
    Typed(Vec<u8>),
}

impl Request {
    /// `fetch(url, { method })` in a page of this origin. A relative URL is resolved against the origin.
    pub fn new(page: PageOrigin, method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            page,
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::None,
            mode: Mode::default(),
            credentials: Credentials::default(),
            redirect: Redirect::default(),
            upload_listener: false,
            page_address_space: None,
        }
    }

    /// Adds a request header. Forbidden request headers are left out, as browsers leave them out.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Adds a body. `content_type` is the type that this kind of body has unless the script sets one:
    /// `text/plain;charset=UTF-8` for a string, `application/x-www-form-urlencoded;charset=UTF-8` for `URLSearchParams`,
    /// `multipart/form-data; boundary=…` for `FormData`, none for bytes.
    pub fn body(mut self, content_type: Option<&str>) -> Self {
        self.body = content_type.map_or(Body::Untyped, |text| Body::Typed(text.as_bytes().to_vec()));
        self
    }

    /// `{ mode }`
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// `{ credentials }`
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// `{ redirect }`
    pub fn redirect(mut self, redirect: Redirect) -> Self {
        self.redirect = redirect;
        self
    }

    /// Makes it an `XMLHttpRequest` with a listener on its `upload`, which always needs a preflight: the standard's
    /// [use-CORS-preflight flag](https://fetch.spec.whatwg.org/#use-cors-preflight-flag).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::browser::{Browser, Next, PageOrigin, Request};
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let upload = Request::new(page, "POST", "https://api.example/photos").body(None).upload_listener();
    /// let Next::Send(exchange) = Browser::default().fetch(upload, Duration::ZERO) else { panic!("it is blocked") };
    /// assert!(exchange.is_preflight());
    /// ```
    pub fn upload_listener(mut self) -> Self {
        self.upload_listener = true;
        self
    }

    /// Where the page was loaded from. Unless this is said, nothing about address spaces is modelled: neither a page's name nor
    /// its scheme says where its server is. If the user has granted the page permission to reach the local network, don't say it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::browser::{AddressSpace, Browser, Next, PageOrigin, Profile, Request};
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let request = Request::new(page, "GET", "http://localhost:3000/").page_address_space(AddressSpace::Public);
    /// let Next::Done(verdict) = Browser::new(Profile::CHROMIUM).fetch(request, Duration::ZERO) else { panic!() };
    /// assert_eq!(verdict.blocked().unwrap().reason.name(), "local-network-access");
    /// ```
    pub fn page_address_space(mut self, space: AddressSpace) -> Self {
        self.page_address_space = Some(space);
        self
    }

    /// The page's origin.
    pub fn page(&self) -> &PageOrigin {
        &self.page
    }

    /// The method, as the script writes it.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The URL, as the script writes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers, as the script writes them.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The headers that a browser leaves out, as the script writes their names, and why. None if the call throws.
    ///
    /// ```
    /// use fetch_cors::browser::{LeftOut, PageOrigin, Profile, Request};
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let request = Request::new(page, "GET", "https://api.example/").header("Cookie", "a=b").header("x-a", "1");
    /// assert_eq!(request.left_out(Profile::STANDARD), [("Cookie".to_owned(), LeftOut::Forbidden)]);
    /// ```
    pub fn left_out(&self, profile: Profile) -> Vec<(String, LeftOut)> {
        let mut headers = HeaderList::default();
        let mut left_out = Vec::new();
        for (name, value) in &self.headers {
            match fill(&mut headers, self.mode, name, value, profile) {
                Ok(None) => {}
                Ok(Some(why)) => left_out.push((String::from_utf8_lossy(name).into_owned(), why)),
                Err(_) => return Vec::new(),
            }
        }
        left_out
    }

    /// `mode`
    pub fn fetch_mode(&self) -> Mode {
        self.mode
    }

    /// `credentials`
    pub fn credentials_mode(&self) -> Credentials {
        self.credentials
    }

    /// What the constructor of a [`Request`](https://fetch.spec.whatwg.org/#dom-request) returns, or why it throws.
    pub(super) fn construct(self, profile: Profile) -> Result<Constructed, Reason> {
        let url = Url::parse(&self.url)
            .or_else(|error| match &self.page {
                PageOrigin::Tuple { .. } => {
                    Url::parse(&self.page.to_string()).and_then(|page| page.join(&self.url))
                }
                PageOrigin::Opaque => Err(error),
            })
            .map_err(|_| Reason::InvalidUrl { url: masked(&self.url).into_owned() })?;
        if has_credentials(&url) {
            return Err(Reason::UrlHasCredentials { url: masked(&self.url).into_owned() });
        }
        if !safelist::is_method(&self.method) {
            return Err(Reason::InvalidMethod { method: masked(&self.method).into_owned() });
        }
        if safelist::is_forbidden_method(self.method.as_bytes()) {
            return Err(Reason::ForbiddenMethod { method: self.method });
        }
        let method = safelist::normalize_method(&self.method);
        if self.mode == Mode::NoCors && !safelist::is_safelisted_method(&method) {
            return Err(Reason::MethodNeedsCors { method });
        }
        let mut headers = HeaderList::default();
        for (name, value) in &self.headers {
            fill(&mut headers, self.mode, name, value, profile)?;
        }
        if !matches!(self.body, Body::None) && matches!(method.as_str(), "GET" | "HEAD") {
            return Err(Reason::BodyNotAllowed { method });
        }
        if let Body::Typed(content_type) = &self.body
            && !headers.contains("content-type")
        {
            let is_kept = profile.has(Difference::NoCorsKeepsBodyType);
            let mode = if is_kept { Mode::Cors } else { self.mode };
            fill(&mut headers, mode, b"content-type", content_type, profile)?;
        }
        let has_body = !matches!(self.body, Body::None);
        Ok(Constructed {
            page: self.page,
            urls: vec![url],
            method,
            headers,
            has_body,
            mode: self.mode,
            credentials: self.credentials,
            redirect: self.redirect,
            page_address_space: self.page_address_space,
            has_upload_listener: self.upload_listener,
            use_cors_preflight: self.upload_listener
                && (has_body || !profile.has(Difference::UploadListenerNeedsBody)),
        })
    }
}

/// [Appends to the `Headers` object](https://fetch.spec.whatwg.org/#concept-headers-append) of a request, or says why not.
fn fill(
    headers: &mut HeaderList,
    mode: Mode,
    name: &[u8],
    value: &[u8],
    profile: Profile,
) -> Result<Option<LeftOut>, Reason> {
    let shown = || String::from_utf8_lossy(&masked_bytes(name)).into_owned();
    let value = trim(value, is_http_whitespace);
    let Some(lower) = token(name).map(str::to_ascii_lowercase) else {
        return Err(Reason::InvalidHeaderName { name: shown() });
    };
    if value.iter().any(|byte| matches!(byte, b'\0' | b'\r' | b'\n')) {
        return Err(Reason::InvalidHeaderValue { name: shown() });
    }
    if safelist::is_forbidden_request_header(&lower, value, profile) {
        return Ok(Some(LeftOut::Forbidden));
    }
    if mode == Mode::NoCors {
        let combined = match headers.get(&lower) {
            Some(before) => [&before, value].join(&b", "[..]),
            None => value.to_vec(),
        };
        if !safelist::is_no_cors_safelisted_request_header(&lower, &combined, profile) {
            return Ok(Some(LeftOut::NoCors));
        }
    }
    headers.append(name, value);
    Ok(None)
}

/// <https://fetch.spec.whatwg.org/#concept-request>, as far as CORS reads it.
#[derive(Clone)]
pub(super) struct Constructed {
    pub(super) page: PageOrigin,
    /// The URL list; the last one is the current URL.
    pub(super) urls: Vec<Url>,
    pub(super) method: String,
    pub(super) headers: HeaderList,
    pub(super) has_body: bool,
    pub(super) mode: Mode,
    pub(super) credentials: Credentials,
    pub(super) redirect: Redirect,
    pub(super) page_address_space: Option<AddressSpace>,
    pub(super) has_upload_listener: bool,
    /// <https://fetch.spec.whatwg.org/#use-cors-preflight-flag>
    pub(super) use_cors_preflight: bool,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Constructed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            page,
            urls,
            method,
            headers,
            has_body,
            mode,
            credentials,
            redirect,
            page_address_space,
            has_upload_listener,
            use_cors_preflight,
        } = self;
        f.debug_struct("Constructed")
            .field("page", page)
            .field("urls", &urls.iter().map(|url| Text(url.as_str())).collect::<Vec<_>>())
            .field("method", method)
            .field("headers", headers)
            .field("has_body", has_body)
            .field("mode", mode)
            .field("credentials", credentials)
            .field("redirect", redirect)
            .field("page_address_space", page_address_space)
            .field("has_upload_listener", has_upload_listener)
            .field("use_cors_preflight", use_cors_preflight)
            .finish()
    }
}
