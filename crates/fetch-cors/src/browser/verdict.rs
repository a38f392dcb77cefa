//! The outcome of a fetch, as data.

use std::fmt;

use url::Url;

use super::{origin::PageOrigin, reason::Reason, response::Allowed};
use crate::masked::Text;

/// The outcome of a fetch: a response for the script, or a
/// [network error](https://fetch.spec.whatwg.org/#concept-network-error).
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Request};
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "GET", "http://api.example/items");
/// let Next::Done(verdict) = Browser::new(Profile::STANDARD).fetch(request, Duration::ZERO) else { panic!("it is sent") };
///
/// assert!(!verdict.is_allowed());
/// assert_eq!(verdict.allowed(), None);
/// assert_eq!(verdict.blocked().unwrap().reason.name(), "mixed-content");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The script gets a response.
    Allowed(Allowed),
    /// The script gets a `TypeError`, which doesn't say why.
    Blocked(Box<Blocked>),
}

impl Verdict {
    /// Whether the script gets a response, even if it is opaque.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The response that the script gets, if any.
    pub fn allowed(&self) -> Option<&Allowed> {
        match self {
            Self::Allowed(allowed) => Some(allowed),
            Self::Blocked(_) => None,
        }
    }

    /// Why the fetch is blocked, if it is.
    pub fn blocked(&self) -> Option<&Blocked> {
        match self {
            Self::Allowed(_) => None,
            Self::Blocked(blocked) => Some(blocked),
        }
    }
}

/// The step at which a fetch is blocked: a field of [`Blocked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// The script's call throws, in the [constructor of the request](https://fetch.spec.whatwg.org/#dom-request); nothing is
    /// sent.
    Request,
    /// The browser does not send the request, by the rules of [main fetch](https://fetch.spec.whatwg.org/#main-fetch).
    MainFetch,
    /// The response to the [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0) does not allow the
    /// actual request, so that is never sent.
    Preflight,
    /// The server handled the request, but the browser withholds the response, which fails the
    /// [CORS check](https://fetch.spec.whatwg.org/#cors-check).
    CorsCheck,
    /// The server forbids pages of other origins or sites to embed the response, by
    /// [`Cross-Origin-Resource-Policy`](https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header).
    ResourcePolicy,
    /// The server responded with a redirect that the browser does not follow, by the rules of
    /// [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#http-redirect-fetch).
    Redirect,
    /// There was no response: no connection, or what came was not HTTP. CORS isn't involved, but the script gets the same
    /// error.
    Network,
}

impl Step {
    /// The name in the vectors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::MainFetch => "main-fetch",
            Self::Preflight => "preflight",
            Self::CorsCheck => "cors-check",
            Self::ResourcePolicy => "resource-policy",
            Self::Redirect => "redirect",
            Self::Network => "network",
        }
    }
}

/// A blocked fetch: where, why, and how to fix it. The script gets a
/// [network error](https://fetch.spec.whatwg.org/#concept-network-error), which says none of this.
///
/// `Display` writes three lines: where and why, the fix, the section of the standard.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Reason, Request, Response, Step};
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let mut browser = Browser::new(Profile::STANDARD);
/// let request = Request::new(page, "GET", "https://api.example/items");
/// let Next::Send(exchange) = browser.fetch(request, Duration::ZERO) else { panic!("it is not sent") };
/// let Next::Done(verdict) = exchange.receive(&mut browser, &Response::new(200), Duration::ZERO) else {
///     panic!("it goes on")
/// };
///
/// let blocked = verdict.blocked().unwrap();
/// assert_eq!((blocked.step, blocked.step.name()), (Step::CorsCheck, "cors-check"));
/// assert_eq!(blocked.reason, Reason::AllowOriginMissing);
/// assert_eq!(blocked.why(), "the response has no Access-Control-Allow-Origin header");
/// assert_eq!(blocked.fix(), "respond with Access-Control-Allow-Origin: https://app.example and Vary: Origin");
/// assert_eq!(blocked.spec(), "https://fetch.spec.whatwg.org/#cors-check");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// The step at which it was blocked.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// The page's origin.
    pub page: PageOrigin,
    /// The request's origin, as sent in `Origin`: the page's, or `null` after a redirect between two origins that are not
    /// the page's.
    pub origin: String,
    /// The URL of the blocked request, after redirects; none if it is not valid.
    pub url: Option<Url>,
    /// The URL that the script requested; none if it is not valid.
    pub first_url: Option<Url>,
    /// How many redirects were followed before.
    pub redirects: usize,
    /// The status of the response that caused the block; none if there was no response.
    pub status: Option<u16>,
    /// Whether an `XMLHttpRequest` sent it, which engines say in their console messages.
    pub(super) by_xhr: bool,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, reason, page, origin, url, first_url, redirects, status, by_xhr } = self;
        f.debug_struct("Blocked")
            .field("step", step)
            .field("reason", reason)
            .field("page", page)
            .field("origin", origin)
            .field("url", &url.as_ref().map(|url| Text(url.as_str())))
            .field("first_url", &first_url.as_ref().map(|url| Text(url.as_str())))
            .field("redirects", redirects)
            .field("status", status)
            .field("by_xhr", by_xhr)
            .finish()
    }
}
