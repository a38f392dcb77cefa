//! A request's path through the browser: main fetch, HTTP fetch, the preflight before it and the redirects after it. The
//! state machine sends nothing itself: it returns what to send, and the caller passes in the response.

use std::{fmt, time::Duration};

use url::Url;

use super::{
    Difference, Profile,
    address_space::AddressSpace,
    cache::{Key, PreflightCache},
    check::{ALLOW_ORIGIN, cors_check, read_grant, resource_policy_check, shown},
    data_url::is_valid_data_url,
    headers::HeaderList,
    names::Names,
    origin::{
        PageOrigin, has_credentials, is_http, is_potentially_trustworthy, is_private, without_fragment,
    },
    reason::Reason,
    request::{Constructed, Credentials, Mode, Redirect, Request},
    response::{Allowed, Response, ResponseType},
    safelist::{
        NON_WILDCARD_REQUEST_HEADER, REQUEST_BODY_HEADERS, is_bad_port, is_safelisted_method,
        normalized_range, unsafe_request_header_names,
    },
    verdict::{Blocked, Step, Verdict},
};
use crate::masked::Text;

/// A browser, as far as CORS is concerned: the rules it follows, and its
/// [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache).
///
/// It models the tabs of one top-level site (one network partition), because those share a preflight cache. The cache keeps
/// about 4 MB, whatever servers send: then the preflights that were stored longest ago are forgotten, as the standard lets
/// browsers do.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Request, Response};
///
/// let mut browser = Browser::new(Profile::FIREFOX);
/// assert_eq!(browser.profile(), Profile::FIREFOX);
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let put = Request::new(page, "PUT", "https://api.example/items/1");
///
/// let Next::Send(preflight) = browser.fetch(put.clone(), Duration::ZERO) else { panic!("it is blocked") };
/// assert!(preflight.is_preflight());
/// let response = Response::new(204)
///     .header("access-control-allow-origin", "https://app.example")
///     .header("access-control-allow-methods", "PUT")
///     .header("access-control-max-age", "60");
/// let Next::Send(actual) = preflight.receive(&mut browser, &response, Duration::ZERO) else { panic!("it is blocked") };
/// assert_eq!(actual.method(), "PUT");
///
/// // For a minute, the browser remembers the preflight.
/// let later = Duration::from_secs(59);
/// let Next::Send(actual) = browser.fetch(put.clone(), later) else { panic!("it is blocked") };
/// assert!(!actual.is_preflight());
///
/// browser.forget_preflights();
/// let Next::Send(preflight) = browser.fetch(put, later) else { panic!("it is blocked") };
/// assert!(preflight.is_preflight());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Browser {
    profile: Profile,
    cache: PreflightCache,
}

/// The next step of a fetch: what to send, or the verdict. A caller loops until that, as the example of
/// [`browser`](crate::browser) does.
#[derive(Debug)]
#[must_use = "a fetch continues only if its request is sent"]
pub enum Next {
    /// Send this request, and pass the response to [`Exchange::receive`].
    Send(Exchange),
    /// The fetch is complete.
    Done(Verdict),
}

/// A request to send, with [`receive`](Self::receive) for its response.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::browser::{Browser, Credentials, Next, PageOrigin, Profile, Request, Response};
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page.clone(), "POST", "https://api.example/items#new")
///     .body(Some("text/plain;charset=UTF-8"))
///     .credentials(Credentials::Include);
/// let mut browser = Browser::new(Profile::STANDARD);
/// let Next::Send(exchange) = browser.fetch(request, Duration::ZERO) else { panic!("it is blocked") };
///
/// // What an HTTP client needs to send it.
/// assert_eq!((exchange.method(), exchange.url().as_str()), ("POST", "https://api.example/items"));
/// assert_eq!(exchange.headers().get("origin").unwrap(), b"https://app.example");
/// assert!(exchange.has_body() && exchange.includes_credentials());
/// // Where it belongs.
/// assert_eq!(exchange.page(), &page);
/// assert!(!exchange.is_preflight());
///
/// let response = Response::new(200).header("access-control-allow-origin", "*");
/// let Next::Done(verdict) = exchange.receive(&mut browser, &response, Duration::ZERO) else { panic!("it goes on") };
/// assert_eq!(verdict.blocked().unwrap().reason.name(), "allow-origin-wildcard");
/// ```
#[must_use = "a fetch continues only with `receive` or `fail`"]
pub struct Exchange {
    fetch: Fetch,
    is_preflight: bool,
    url: Url,
    headers: HeaderList,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fetch, is_preflight, url, headers } = self;
        f.debug_struct("Exchange")
            .field("fetch", fetch)
            .field("is_preflight", is_preflight)
            .field("url", &Text(url.as_str()))
            .field("headers", headers)
            .finish()
    }
}

impl Browser {
    /// A browser with an empty preflight cache.
    pub fn new(profile: Profile) -> Self {
        Self { profile, cache: PreflightCache::default() }
    }

    /// The rules it follows.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Clears the preflight cache.
    pub fn forget_preflights(&mut self) {
        self.cache = PreflightCache::default();
    }

    /// Starts a fetch, as [`fetch()`](https://fetch.spec.whatwg.org/#fetch-method) in a page's script does. `now` is the time
    /// since a moment of your choice, the same for all calls; only the preflight cache uses it.
    pub fn fetch(&mut self, request: Request, now: Duration) -> Next {
        let page = request.page().clone();
        match request.construct(self.profile) {
            Ok(request) => {
                let script_names = unsafe_request_header_names(&request.headers, self.profile);
                let wants_preflight = needs_preflight(&request, &script_names);
                Fetch {
                    request,
                    tainting: Tainting::Basic,
                    profile: self.profile,
                    preflighted: false,
                    wants_preflight,
                    requested_names: script_names,
                    sent_origin: false,
                    status: None,
                }
                .main_fetch(self, now)
            }
            Err(reason) => {
                let origin = page.to_string();
                let step = Step::Request;
                Next::blocked(Blocked {
                    step,
                    reason,
                    page,
                    origin,
                    url: None,
                    first_url: None,
                    redirects: 0,
                    status: None,
                    by_xhr: false,
                })
            }
        }
    }
}

impl Next {
    fn blocked(blocked: Blocked) -> Self {
        Self::Done(Verdict::Blocked(Box::new(blocked)))
    }
}

impl Exchange {
    /// The method.
    pub fn method(&self) -> &str {
        if self.is_preflight { "OPTIONS" } else { &self.fetch.request.method }
    }

    /// The URL, without a fragment.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers that come from the script, from CORS or from
    /// [Fetch Metadata](https://w3c.github.io/webappsec-fetch-metadata/), not the others that browsers send (`User-Agent`,
    /// `Cookie`, …).
    pub fn headers(&self) -> &HeaderList {
        &self.headers
    }

    /// Whether this is a [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request).
    pub fn is_preflight(&self) -> bool {
        self.is_preflight
    }

    /// Whether the request has its body. A redirect may have removed it.
    pub fn has_body(&self) -> bool {
        !self.is_preflight && self.fetch.request.has_body
    }

    /// Whether the request includes cookies and HTTP authentication, and cookies of the response are stored: *includeCredentials*
    /// of [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch).
    pub fn includes_credentials(&self) -> bool {
        !self.is_preflight
            && match self.fetch.request.credentials {
                Credentials::Include => true,
                Credentials::SameOrigin => self.fetch.is_same_origin_so_far(),
                Credentials::Omit => false,
            }
    }

    /// The origin of the page whose script sends the request.
    pub fn page(&self) -> &PageOrigin {
        &self.fetch.request.page
    }

    /// Continues with the server's response.
    pub fn receive(mut self, browser: &mut Browser, response: &Response, now: Duration) -> Next {
        self.fetch.status = Some(response.status);
        let response = self.fetch.as_parsed(response);
        if self.is_preflight {
            self.fetch.receive_preflight(browser, &response, now)
        } else {
            self.fetch.receive(browser, &response, now)
        }
    }

    /// Continues without a response: the connection failed, or what came was not HTTP.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Reason, Request};
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let mut browser = Browser::new(Profile::STANDARD);
    /// let request = Request::new(page, "GET", "https://api.example/items");
    /// let Next::Send(exchange) = browser.fetch(request, Duration::ZERO) else { panic!("it is blocked") };
    /// let Next::Done(verdict) = exchange.fail(&mut browser) else { panic!("it goes on") };
    /// assert_eq!(verdict.blocked().unwrap().reason, Reason::NoResponse);
    /// ```
    pub fn fail(self, browser: &mut Browser) -> Next {
        let step = if self.is_preflight { Step::Preflight } else { Step::Network };
        self.fetch.block(browser, step, Reason::NoResponse)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tainting {
    Basic,
    Cors,
    Opaque,
}

#[derive(Debug)]
struct Fetch {
    request: Constructed,
    tainting: Tainting,
    profile: Profile,
    /// Whether it has needed a preflight (sent or cached) so far.
    preflighted: bool,
    /// Whether the request as the script made it needs one, whatever its URL.
    wants_preflight: bool,
    /// The [CORS-unsafe request-header names](https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names) that a
    /// preflight requests.
    requested_names: Vec<String>,
    /// Whether it has sent an `Origin` so far.
    sent_origin: bool,
    /// The status of the last response, until the next request is sent.
    status: Option<u16>,
}

impl Fetch {
    fn current_url(&self) -> &Url {
        // The list starts with one URL and only grows.
        &self.request.urls[self.request.urls.len() - 1]
    }

    /// Main fetch, and the question whether the page may reach the server's address space. That comes last, because an address
    /// is known only once there is a connection; and it comes again after each redirect.
    fn main_fetch(self, browser: &mut Browser, now: Duration) -> Next {
        match self.standard_main_fetch(browser, now) {
            Next::Send(exchange) => match exchange.fetch.denied_space() {
                Some(space) => {
                    exchange.fetch.block(browser, Step::MainFetch, Reason::LocalNetworkAccess { space })
                }
                None => Next::Send(exchange),
            },
            done @ Next::Done(_) => done,
        }
    }

    /// The current URL's address space, if the page needs the user's permission for it.
    fn denied_space(&self) -> Option<AddressSpace> {
        let needs_permission = self.profile.has(Difference::LocalNetworkNeedsPermission)
            && self.request.page_address_space == Some(AddressSpace::Public)
            // The page was loaded from its own origin's address.
            && !self.request.page.is_same_origin(self.current_url());
        let space = AddressSpace::of(self.current_url());
        (needs_permission && space != AddressSpace::Public).then_some(space)
    }

    /// <https://fetch.spec.whatwg.org/#main-fetch>
    fn standard_main_fetch(mut self, browser: &mut Browser, now: Duration) -> Next {
        let url = self.current_url();
        if let Some(port) = url.port().filter(|&port| is_http(url) && is_bad_port(port, self.profile)) {
            return self.block(browser, Step::MainFetch, Reason::BadPort { port });
        }
        let is_exempt = is_potentially_trustworthy(url)
            || self.profile.has(Difference::PrivateMixedContentAllowed) && is_private(url);
        if self.request.page.is_https() && url.scheme() == "http" && !is_exempt {
            return self.block(browser, Step::MainFetch, Reason::MixedContent);
        }
        if self.tainting == Tainting::Basic && self.request.page.is_same_origin(url) {
            return self.send();
        }
        if url.scheme() == "data" {
            return self.fetch_data(browser);
        }
        match self.request.mode {
            Mode::SameOrigin => return self.block(browser, Step::MainFetch, Reason::OtherOrigin),
            Mode::NoCors if self.request.redirect != Redirect::Follow => {
                return self.block(browser, Step::MainFetch, Reason::RedirectModeInNoCors);
            }
            Mode::NoCors
                if url.scheme() == "about"
                    && url.path() == "blank"
                    && !self.profile.has(Difference::AboutBlankIsBlocked) =>
            {
                return self.allow(ResponseType::Opaque, &Response::new(200));
            }
            Mode::NoCors | Mode::Cors if !is_http(url) => {
                let scheme = url.scheme().to_owned();
                return self.block(browser, Step::MainFetch, Reason::SchemeNotHttp { scheme });
            }
            Mode::NoCors => {
                self.tainting = Tainting::Opaque;
                return self.send();
            }
            Mode::Cors => {}
        }
        self.tainting = Tainting::Cors;
        let unsafe_names = unsafe_request_header_names(&self.request.headers, self.profile);
        let keeps_need = self.profile.has(Difference::RedirectKeepsNeedForPreflight) && self.wants_preflight;
        if !keeps_need && !needs_preflight(&self.request, &unsafe_names) {
            return self.send();
        }
        self.preflighted = true;
        // Some engines still request headers that the script set and a redirect removed.
        if !self.profile.has(Difference::RedirectKeepsRequestedNames) {
            self.requested_names = unsafe_names;
        }
        if self.is_cached(browser, now) { self.send() } else { self.send_preflight() }
    }

    /// CORS doesn't apply to `data:` URLs. <https://fetch.spec.whatwg.org/#scheme-fetch>
    fn fetch_data(self, browser: &mut Browser) -> Next {
        let is_strict = self.profile.has(Difference::NoCorsRedirectModeBlocksData);
        if is_strict && self.request.mode == Mode::NoCors && self.request.redirect != Redirect::Follow {
            return self.block(browser, Step::MainFetch, Reason::RedirectModeInNoCors);
        }
        if !is_valid_data_url(self.current_url()) {
            return self.block(browser, Step::MainFetch, Reason::InvalidDataUrl);
        }
        self.allow(ResponseType::Basic, &Response::new(200))
    }

    /// Whether the [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache) allows everything that a
    /// preflight would request. A step of [HTTP fetch](https://fetch.spec.whatwg.org/#http-fetch).
    fn is_cached(&self, browser: &Browser, now: Duration) -> bool {
        let origin = self.serialized_origin();
        let key = self.key(&origin);
        let needs_no_method_entry = self.profile.has(Difference::UploadListenerNeedsNoMethodEntry);
        if needs_no_method_entry && !browser.cache.has_any(key, now) {
            return false;
        }
        let requests_method = !is_safelisted_method(&self.request.method)
            || self.request.use_cors_preflight && !needs_no_method_entry;
        (!requests_method || browser.cache.has_method(key, &self.request.method, now))
            && browser.cache.has_headers(key, &self.requested_names, now)
    }

    fn key<'a>(&'a self, origin: &'a str) -> Key<'a> {
        Key {
            origin,
            url: self.current_url(),
            credentials: self.request.credentials == Credentials::Include,
            profile: self.profile,
        }
    }

    /// <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>, up to the response.
    fn send_preflight(self) -> Next {
        let mut headers = HeaderList::default();
        headers.append(b"accept", b"*/*");
        headers.append(b"access-control-request-method", self.request.method.as_bytes());
        if !self.requested_names.is_empty() {
            // Joined without the space that combining header lines would add.
            headers.append(b"access-control-request-headers", self.requested_names.join(",").as_bytes());
        }
        headers.append(b"origin", self.preflight_origin().as_bytes());
        self.append_fetch_metadata(&mut headers, "cors");
        self.exchange(true, headers)
    }

    fn receive_preflight(self, browser: &mut Browser, response: &Response, now: Duration) -> Next {
        let grant = match read_grant(&self.request, &self.preflight_origin(), response, self.profile) {
            Ok(grant) => grant,
            Err(reason) => return self.block(browser, Step::Preflight, reason),
        };
        let allowed = grant.check(&self.request, &self.requested_names, self.profile);
        if allowed.is_ok() || self.profile.has(Difference::RefusedPreflightIsCached) {
            let origin = self.serialized_origin();
            browser.cache.store(self.key(&origin), &grant.methods, &grant.headers, grant.max_age, now);
        }
        match allowed {
            Ok(()) => self.send(),
            Err(reason) => self.block(browser, Step::Preflight, reason),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>, up to the response.
    fn send(mut self) -> Next {
        let mut headers = self.headers_on_the_wire();
        if self.sends_origin() {
            self.sent_origin = true;
            headers.append(b"origin", self.serialized_origin().as_bytes());
        }
        let mode = match self.request.mode {
            Mode::Cors => "cors",
            Mode::NoCors => "no-cors",
            Mode::SameOrigin => "same-origin",
        };
        self.append_fetch_metadata(&mut headers, mode);
        self.exchange(false, headers)
    }

    fn exchange(mut self, is_preflight: bool, headers: HeaderList) -> Next {
        self.status = None;
        let url = without_fragment(self.current_url());
        Next::Send(Exchange { fetch: self, is_preflight, url, headers })
    }

    /// The `Origin` of a preflight.
    fn preflight_origin(&self) -> String {
        if self.profile.has(Difference::PreflightAfterRedirectSendsPageOrigin) {
            self.request.page.to_string()
        } else {
            self.serialized_origin()
        }
    }

    /// The script's headers as they are sent.
    fn headers_on_the_wire(&self) -> HeaderList {
        let mut headers = self.request.headers.clone();
        if self.profile.has(Difference::RepeatedContentTypeIsSentOnce) {
            let mut seen = false;
            headers =
                headers.filtered(|name, _| name != "content-type" || !std::mem::replace(&mut seen, true));
        }
        if self.profile.has(Difference::RangeIsNormalized) {
            headers = headers.map_values(|name, value| match name {
                "range" => normalized_range(&value, self.profile).unwrap_or(value),
                _ => value,
            });
        }
        if self.profile.has(Difference::HeaderValuesAreUtf8) {
            let encode = |value: Vec<u8>| value.into_iter().map(char::from).collect::<String>().into_bytes();
            headers = headers.map_values(|_, value| encode(value));
        }
        headers
    }

    /// A response as the engine's HTTP parser returns it.
    fn as_parsed(&self, response: &Response) -> Response {
        let mut headers = response.headers.clone();
        if self.profile.has(Difference::EmptyResponseLinesAreIgnored) {
            let with_value: Names = headers
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, _)| name.to_owned())
                .collect();
            let keeps_empty = |name: &str| {
                name == "access-control-allow-origin" && response.headers.count_written(ALLOW_ORIGIN) > 1
            };
            headers = headers
                .filtered(|name, value| !value.is_empty() || !with_value.contains(name) || keeps_empty(name));
        }
        if self.profile.has(Difference::HeaderValuesAreUtf8) {
            headers = headers.map_values(|_, value| to_utf8(&value));
        }
        Response { status: response.status, headers }
    }

    /// Whether the request may still include cookies in credentials mode `same-origin`.
    fn is_same_origin_so_far(&self) -> bool {
        match self.tainting {
            Tainting::Basic => true,
            Tainting::Cors => false,
            Tainting::Opaque => {
                self.profile.has(Difference::NoCorsRedirectKeepsCookies) && self.started_same_origin()
            }
        }
    }

    /// Whether its first URL is of the page's own origin.
    fn started_same_origin(&self) -> bool {
        self.request.urls.first().is_some_and(|url| self.request.page.is_same_origin(url))
    }

    /// The rest of [HTTP fetch](https://fetch.spec.whatwg.org/#http-fetch).
    fn receive(self, browser: &mut Browser, response: &Response, now: Duration) -> Next {
        let checked = match self.tainting {
            Tainting::Basic => Ok(()),
            Tainting::Cors => {
                cors_check(&self.serialized_origin(), self.request.credentials, &response.headers)
                    .map_err(|reason| (Step::CorsCheck, reason))
            }
            Tainting::Opaque => {
                resource_policy_check(&self.request.page, self.current_url(), &response.headers, self.profile)
                    .map_err(|reason| (Step::ResourcePolicy, reason))
            }
        };
        if let Err((step, reason)) = checked {
            return self.block(browser, step, reason);
        }
        if response.is_redirect() {
            let location = self.location(response);
            match (self.request.redirect, location) {
                // A redirect status without a `Location` is an ordinary response.
                (Redirect::Follow, None) => {}
                (Redirect::Error, None) if self.profile.has(Difference::RedirectNeedsLocation) => {}
                (Redirect::Error, _) => return self.block(browser, Step::Redirect, Reason::RedirectIsError),
                (Redirect::Manual, Some(Err(reason)))
                    if self.profile.has(Difference::InvalidLocationIsAlwaysAnError) =>
                {
                    return self.block(browser, Step::Redirect, reason);
                }
                (Redirect::Manual, _) => return self.allow(ResponseType::OpaqueRedirect, response),
                (Redirect::Follow, Some(Err(reason))) => return self.block(browser, Step::Redirect, reason),
                (Redirect::Follow, Some(Ok(location))) => {
                    return self.follow(browser, response, location, now);
                }
            }
        }
        let response_type = match self.tainting {
            Tainting::Basic => ResponseType::Basic,
            Tainting::Cors => ResponseType::Cors,
            Tainting::Opaque => ResponseType::Opaque,
        };
        self.allow(response_type, response)
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-location-url>
    fn location(&self, response: &Response) -> Option<Result<Url, Reason>> {
        let values: Vec<&[u8]> = response.headers.values("location").collect();
        let value = match values[..] {
            [] => return None,
            [b""] if self.profile.has(Difference::EmptyLocationIsIgnored) => return None,
            [b""] if self.profile.has(Difference::EmptyLocationIsInvalid) => None,
            [value] => Some(value.to_vec()),
            _ if self.profile.has(Difference::LocationsAreCombined) => response.headers.get("location"),
            [first, ref others @ ..] => {
                let is_same = self.profile.has(Difference::EqualLocationsAreOne)
                    && others.iter().all(|other| *other == first);
                is_same.then(|| first.to_vec())
            }
        };
        let is_encoded_twice = self.profile.has(Difference::LocationIsEncodedTwice);
        let encode = |byte: u8| match byte {
            byte if byte.is_ascii() || is_encoded_twice => char::from(byte).to_string(),
            // The standard does not say how; all engines but one agree. <https://github.com/whatwg/fetch/issues/883>
            byte => format!("%{byte:02X}"),
        };
        let url = value.and_then(|value| {
            let text: String = value.into_iter().map(encode).collect();
            self.current_url().join(&text).ok()
        });
        let invalid = || {
            let location = response.headers.get("location").unwrap_or_default();
            Reason::LocationInvalid { location: shown(&location) }
        };
        Some(
            url.map(|mut url| {
                if url.fragment().is_none() {
                    url.set_fragment(self.current_url().fragment());
                }
                url
            })
            .ok_or_else(invalid),
        )
    }

    /// <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    fn follow(mut self, browser: &mut Browser, response: &Response, location: Url, now: Duration) -> Next {
        const MAX_REDIRECTS: usize = 20;
        if !is_http(&location) {
            let scheme = location.scheme().to_owned();
            return self.block(browser, Step::Redirect, Reason::LocationNotHttp { scheme });
        }
        if self.redirects() == MAX_REDIRECTS {
            return self.block(browser, Step::Redirect, Reason::TooManyRedirects);
        }
        let to_other_origin = self.request.mode == Mode::Cors && !self.request.page.is_same_origin(&location);
        let is_strict = self.profile.has(Difference::LocationCredentialsAreAlwaysAnError)
            && self.request.mode != Mode::SameOrigin;
        let may_have_credentials = !is_strict && !to_other_origin && self.tainting != Tainting::Cors;
        if has_credentials(&location) && !may_have_credentials {
            return self.block(browser, Step::Redirect, Reason::LocationHasCredentials);
        }
        if self.profile.has(Difference::RedirectBackToPageBlocked)
            && self.tainting == Tainting::Cors
            && self.started_same_origin()
            && self.request.page.is_same_origin(&location)
        {
            return self.block(browser, Step::Redirect, Reason::RedirectBackToPage);
        }
        let method = self.request.method.as_str();
        let becomes_get = match response.status {
            301 | 302 => method == "POST",
            303 => !matches!(method, "GET" | "HEAD"),
            _ => false,
        };
        if becomes_get {
            "GET".clone_into(&mut self.request.method);
            self.request.has_body = false;
            self.request.headers.delete(&REQUEST_BODY_HEADERS);
        }
        let leaves = !PageOrigin::of_url(self.current_url()).is_same_origin(&location);
        if leaves {
            self.request.headers.delete(&[NON_WILDCARD_REQUEST_HEADER]);
        }
        self.request.urls.push(location);
        self.main_fetch(browser, now)
    }

    fn redirects(&self) -> usize {
        self.request.urls.len() - 1
    }

    /// <https://fetch.spec.whatwg.org/#serializing-a-request-origin>
    fn serialized_origin(&self) -> String {
        let page = &self.request.page;
        // https://fetch.spec.whatwg.org/#concept-request-tainted-origin, where sites and origins need no distinction here.
        let is_tainted = self.request.urls.windows(2).any(|step| match step {
            [last, url] => !PageOrigin::of_url(last).is_same_origin(url) && !page.is_same_origin(last),
            _ => false,
        });
        if is_tainted { PageOrigin::Opaque.to_string() } else { page.to_string() }
    }

    /// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>, with the default referrer policy. That policy
    /// also makes the origin `null` when an https page sends to plain http. This is not modelled: mixed-content blocking
    /// leaves only loopback, where it makes little difference.
    fn sends_origin(&self) -> bool {
        self.tainting == Tainting::Cors
            || !matches!(self.request.method.as_str(), "GET" | "HEAD")
            || self.sent_origin
                && self.tainting == Tainting::Basic
                && self.profile.has(Difference::OriginStaysAfterRedirect)
    }

    /// <https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-append-the-fetch-metadata-headers-for-a-request>
    fn append_fetch_metadata(&self, headers: &mut HeaderList, mode: &str) {
        if !is_potentially_trustworthy(self.current_url()) {
            return;
        }
        let page = &self.request.page;
        let site = if self.request.urls.iter().all(|url| page.is_same_origin(url)) {
            "same-origin"
        } else if self.request.urls.iter().all(|url| page.is_same_site(url)) {
            "same-site"
        } else {
            "cross-site"
        };
        headers.append(b"sec-fetch-dest", b"empty");
        headers.append(b"sec-fetch-mode", mode.as_bytes());
        headers.append(b"sec-fetch-site", site.as_bytes());
    }

    fn allow(self, response_type: ResponseType, response: &Response) -> Next {
        let Constructed { credentials, urls, .. } = &self.request;
        Next::Done(Verdict::Allowed(Allowed::filter(
            response_type,
            response,
            *credentials,
            urls,
            self.profile,
        )))
    }

    /// Ends in a [network error](https://fetch.spec.whatwg.org/#concept-network-error) and clears the preflight cache entry.
    fn block(self, browser: &mut Browser, step: Step, reason: Reason) -> Next {
        let origin = self.serialized_origin();
        if self.clears_cache(step, &reason) {
            browser.cache.clear(self.key(&origin));
        }
        let (url, redirects) = (Some(without_fragment(self.current_url())), self.redirects());
        let first_url = self.request.urls.first().map(without_fragment);
        let by_xhr = self.request.has_upload_listener;
        Next::blocked(Blocked {
            step,
            reason,
            page: self.request.page,
            origin,
            url,
            first_url,
            redirects,
            status: self.status,
            by_xhr,
        })
    }

    /// Whether the failure clears the cache entries of the URL.
    fn clears_cache(&self, step: Step, reason: &Reason) -> bool {
        let profile = self.profile;
        let is_failed_check =
            step == Step::CorsCheck && profile.has(Difference::FailedCheckAlwaysClearsCache);
        let is_exempt = match reason {
            Reason::RedirectIsError => profile.has(Difference::RedirectErrorKeepsCache),
            reason if is_refusal(reason) => profile.has(Difference::RefusedPreflightIsCached),
            _ => false,
        };
        let clears = step == Step::Preflight || !profile.has(Difference::FailureKeepsCache);
        (self.preflighted || is_failed_check) && !is_exempt && clears
    }
}

/// Whether a cross-origin request needs a preflight.
fn needs_preflight(request: &Constructed, unsafe_names: &[String]) -> bool {
    request.use_cors_preflight || !is_safelisted_method(&request.method) || !unsafe_names.is_empty()
}

/// Replaces each byte that is not UTF-8 by a replacement character.
fn to_utf8(value: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for chunk in value.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text.into_bytes()
}

/// Whether the preflight response was valid but does not allow the request.
fn is_refusal(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::MethodNotAllowed { .. } | Reason::HeaderNotAllowed { .. } | Reason::AuthorizationNotListed
    )
}
