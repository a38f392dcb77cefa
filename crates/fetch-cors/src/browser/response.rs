//! What a server responded, and what of it a script may read.

use std::fmt;

use url::Url;

use super::{
    Difference, Profile, headers::HeaderList, names::Names, origin::without_fragment, request::Credentials,
    safelist,
};
use crate::masked::{Lines, Text};

/// The head of a server's [response](https://fetch.spec.whatwg.org/#concept-response). Nothing about it is trusted.
///
/// ```
/// use fetch_cors::browser::Response;
///
/// let response = Response::new(204).header("Access-Control-Allow-Origin", "https://app.example");
/// assert_eq!(response.status(), 204);
/// assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), b"https://app.example");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    pub(super) status: u16,
    pub(super) headers: HeaderList,
}

impl Response {
    /// A response with this status and no headers.
    pub fn new(status: u16) -> Self {
        Self { status, headers: HeaderList::default() }
    }

    /// Adds one header line.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name.as_ref(), value.as_ref());
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header lines.
    pub fn headers(&self) -> &HeaderList {
        &self.headers
    }

    /// <https://fetch.spec.whatwg.org/#ok-status>
    pub(super) fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    /// Whether this is a redirect, if it has a `Location`.
    pub(super) fn is_redirect(&self) -> bool {
        is_redirect_status(self.status)
    }
}

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub(super) fn is_redirect_status(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The [type](https://fetch.spec.whatwg.org/#concept-response-type) of the response that a script gets: how much of it the
/// script can read. [`Allowed`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseType {
    /// The response is same-origin: the script reads everything except `Set-Cookie`.
    Basic,
    /// Another origin responded and allowed the page's origin: the script reads what is exposed.
    Cors,
    /// Another origin responded to a `no-cors` request: the script reads nothing.
    Opaque,
    /// A redirect in redirect mode `manual`: the script reads nothing.
    OpaqueRedirect,
}

impl ResponseType {
    /// The value of `response.type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Cors => "cors",
            Self::Opaque => "opaque",
            Self::OpaqueRedirect => "opaqueredirect",
        }
    }
}

/// What the script gets: a [filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response).
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Request, Response, ResponseType};
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let mut browser = Browser::new(Profile::STANDARD);
/// let request = Request::new(page, "GET", "https://api.example/items");
/// let Next::Send(exchange) = browser.fetch(request, Duration::ZERO) else { panic!("it is blocked") };
/// let response = Response::new(200)
///     .header("access-control-allow-origin", "*")
///     .header("access-control-expose-headers", "etag")
///     .header("etag", "\"1\"")
///     .header("x-total-count", "42");
/// let Next::Done(verdict) = exchange.receive(&mut browser, &response, Duration::ZERO) else { panic!("it goes on") };
///
/// let allowed = verdict.allowed().unwrap();
/// assert_eq!((allowed.response_type, allowed.response_type.name()), (ResponseType::Cors, "cors"));
/// assert_eq!(allowed.header("etag"), Some(&b"\"1\""[..]));
/// assert!(allowed.withheld_headers.contains(&"x-total-count".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowed {
    /// The value of `response.type`.
    pub response_type: ResponseType,
    /// The status that the script reads; 0 if the response is opaque.
    pub status: u16,
    /// The headers that the script can read, sorted, with names in lower case; lines of one name are combined.
    pub readable_headers: Vec<(String, Vec<u8>)>,
    /// The names of the response's headers that the script can't read, sorted. `Access-Control-Expose-Headers`
    /// (`expose_headers`) exposes a header; `set-cookie` and `set-cookie2` can't be exposed.
    pub withheld_headers: Vec<String>,
    /// The URL of the response after redirects, the value of `response.url`; none if the response is opaque.
    pub url: Option<Url>,
    /// The value of `response.redirected`.
    pub is_redirected: bool,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { response_type, status, readable_headers, withheld_headers, url, is_redirected } = self;
        f.debug_struct("Allowed")
            .field("response_type", response_type)
            .field("status", status)
            .field(
                "readable_headers",
                &Lines(readable_headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()))),
            )
            .field("withheld_headers", withheld_headers)
            .field("url", &url.as_ref().map(|url| Text(url.as_str())))
            .field("is_redirected", is_redirected)
            .finish()
    }
}

impl Allowed {
    /// The value that the script reads, if it can; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.readable_headers.iter().find(|(readable, _)| readable == name).map(|(_, value)| value.as_slice())
    }

    /// The [filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response) of this type.
    pub(super) fn filter(
        response_type: ResponseType,
        response: &Response,
        credentials: Credentials,
        urls: &[Url],
        profile: Profile,
    ) -> Self {
        let headers = &response.headers;
        let is_opaque = matches!(response_type, ResponseType::Opaque | ResponseType::OpaqueRedirect);
        let exposed = exposed_names(headers, credentials, profile);
        let is_readable = |name: &str| match response_type {
            ResponseType::Basic => !safelist::is_forbidden_response_header(name),
            ResponseType::Cors => {
                safelist::is_safelisted_response_header(name)
                    || exposed.covers(name) && !safelist::is_forbidden_response_header(name)
            }
            ResponseType::Opaque | ResponseType::OpaqueRedirect => false,
        };
        Self {
            response_type,
            status: if is_opaque { 0 } else { response.status },
            readable_headers: headers.sorted(is_readable),
            withheld_headers: headers
                .names()
                .iter()
                .filter(|name| !is_readable(name))
                .map(ToOwned::to_owned)
                .collect(),
            url: urls.last().filter(|_| response_type != ResponseType::Opaque).map(without_fragment),
            is_redirected: response_type != ResponseType::Opaque && urls.len() > 1,
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-response-cors-exposed-header-name-list>
enum Exposed {
    All,
    /// In lower case.
    Listed(Names),
}

impl Exposed {
    fn covers(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(names) => names.contains(name),
        }
    }
}

/// From the last steps of [main fetch](https://fetch.spec.whatwg.org/#main-fetch).
fn exposed_names(headers: &HeaderList, credentials: Credentials, profile: Profile) -> Exposed {
    // An invalid list exposes nothing; it does not block the response.
    const NAME: &str = "access-control-expose-headers";
    let names = headers.tokens(NAME).ok().flatten().unwrap_or_default().lowercase();
    let has_wildcard = names.has_wildcard()
        || profile.has(Difference::WildcardExposesDespiteInvalidNames)
            && headers.valid_tokens(NAME).contains(&"*");
    if has_wildcard && credentials != Credentials::Include { Exposed::All } else { Exposed::Listed(names) }
}
