//! How a fetch ends, as data.

use url::Url;

use super::{origin::PageOrigin, reason::Reason, response::Allowed};

/// What a browser does in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Script is given an answer.
    Allowed(Allowed),
    /// Script is given a `TypeError`, and never told why.
    Blocked(Box<Blocked>),
}

impl Verdict {
    /// Whether script is given an answer, if only an opaque one.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// What script is given, if anything.
    pub fn allowed(&self) -> Option<&Allowed> {
        match self {
            Self::Allowed(allowed) => Some(allowed),
            Self::Blocked(_) => None,
        }
    }

    /// Why script is given nothing, if so.
    pub fn blocked(&self) -> Option<&Blocked> {
        match self {
            Self::Allowed(_) => None,
            Self::Blocked(blocked) => Some(blocked),
        }
    }
}

/// Where on its way a fetch was blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// Script's own call throws; nothing is sent. <https://fetch.spec.whatwg.org/#dom-request>
    Request,
    /// The browser does not send it. <https://fetch.spec.whatwg.org/#main-fetch>
    MainFetch,
    /// The browser asked first, and the answer did not allow the request; it is never sent.
    /// <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>
    Preflight,
    /// The server answered, and the browser withholds the answer. <https://fetch.spec.whatwg.org/#cors-check>
    CorsCheck,
    /// The server forbids pages of other origins to embed the answer.
    /// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header>
    ResourcePolicy,
    /// The server answered with a redirect that is not followed. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    Redirect,
    /// There was no answer: no connection, or none that speaks HTTP. That is no matter of CORS, though script is given
    /// the same error.
    Network,
}

impl Step {
    /// As the vectors name it.
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

/// Where, why, and how to mend it.
///
/// `Display` is three lines: where and why, the fix, the section of the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// Where on its way.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// The page's origin.
    pub page: PageOrigin,
    /// The origin that the browser compared with, as `Origin` named it: the page's, or `null` after a redirect from one
    /// foreign origin to another.
    pub origin: String,
    /// The URL of the request that was blocked, after redirects; none if there is no such URL.
    pub url: Option<Url>,
    /// The URL that script asked for; none if it is none.
    pub first_url: Option<Url>,
    /// How many redirects were followed on the way there.
    pub redirects: usize,
    /// The status of the answer that was not good enough; none if there was no answer.
    pub status: Option<u16>,
    /// Whether it was sent by an `XMLHttpRequest`, which engines name in their consoles.
    pub(super) by_xhr: bool,
}
