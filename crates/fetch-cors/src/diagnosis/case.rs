//! Everything that is known about one fetch. It grows while probes are sent.

use std::fmt;

use url::Url;

use super::probe::Probe;
use crate::{
    PolicyConfig,
    browser::{self, Request, Response, Verdict},
    masked::{Lines, Text},
};

/// Everything that is known about one fetch of a page's script. The example of [`diagnose`](super::diagnose) makes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// What the page's script requested.
    pub request: Request,
    /// What went over the wire, in order: preflights, actual requests, redirects.
    pub exchanges: Vec<Exchanged>,
    /// The browser's verdict; none if a request was not sent, so that there is none.
    pub verdict: Option<Verdict>,
    /// The server's policy, if the caller has it.
    pub policy: Option<PolicyConfig>,
    /// The probes that were sent, or that the caller declined to send.
    pub probes: Vec<Probed>,
    /// What the caller knows that is not on the wire.
    pub hints: Hints,
}

impl Case {
    /// A case of which only the request is known.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            exchanges: Vec::new(),
            verdict: None,
            policy: None,
            probes: Vec::new(),
            hints: Hints::default(),
        }
    }
}

/// What the caller knows that is not on the wire.
///
/// ```
/// use fetch_cors::{
///     browser::{PageOrigin, Request},
///     diagnosis::{Case, diagnose},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let mut case = Case::new(Request::new(page, "GET", "https://api.example/items"));
/// // Somebody saw it in the browser; no more than that is known.
/// case.hints.is_blocked_in_browser = true;
/// println!("{}", diagnose(&case));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// A real browser blocked this request, whatever the verdict here is.
    pub is_blocked_in_browser: bool,
    /// The responses are as a browser shows them (a HAR file, its console), after extensions may have changed them.
    pub is_seen_in_browser: bool,
    /// Nothing stands between the caller and the server, as with an application in memory: no cache, no proxy.
    pub is_direct: bool,
    /// A URL of the same server that responds without a session.
    pub open_url: Option<Url>,
    /// Why cookies were not sent, a sentence for each.
    pub withheld_cookies: Vec<String>,
    /// Added to the query of each probe, so that no cache has seen its URL before: a number that the caller chooses.
    pub nonce: u64,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_blocked_in_browser, is_seen_in_browser, is_direct, open_url, withheld_cookies, nonce } =
            self;
        f.debug_struct("Hints")
            .field("is_blocked_in_browser", is_blocked_in_browser)
            .field("is_seen_in_browser", is_seen_in_browser)
            .field("is_direct", is_direct)
            .field("open_url", &open_url.as_ref().map(|url| Text(url.as_str())))
            .field("withheld_cookies", withheld_cookies)
            .field("nonce", nonce)
            .finish()
    }
}

/// A request, and what came of it; the example of [`diagnose`](super::diagnose) makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The request.
    pub sent: Sent,
    /// What came of it.
    pub received: Received,
}

/// A request as it is sent; the example of [`diagnose`](super::diagnose) makes one of what the browser's end wants to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The URL, without a fragment.
    pub url: Url,
    /// The header lines, names in lower case. Cookies are not among them; see `includes_credentials`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whether it is a preflight.
    pub is_preflight: bool,
    /// Whether the body of the script's request is sent with it.
    pub has_body: bool,
    /// Whether cookies for the URL are sent with it.
    pub includes_credentials: bool,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, headers, is_preflight, has_body, includes_credentials } = self;
        f.debug_struct("Sent")
            .field("method", method)
            .field("url", &Text(url.as_str()))
            .field("headers", &Lines(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()))))
            .field("is_preflight", is_preflight)
            .field("has_body", has_body)
            .field("includes_credentials", includes_credentials)
            .finish()
    }
}

impl Sent {
    /// The value of a header's first line, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines(name).next()
    }

    /// The values of a header's lines, by its name in lower case.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |(listed, _)| listed == name).map(|(_, value)| value.as_slice())
    }
}

impl From<&browser::Exchange> for Sent {
    fn from(exchange: &browser::Exchange) -> Self {
        Self {
            method: exchange.method().to_owned(),
            url: exchange.url().clone(),
            headers: exchange
                .headers()
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_vec()))
                .collect(),
            is_preflight: exchange.is_preflight(),
            has_body: exchange.has_body(),
            includes_credentials: exchange.includes_credentials(),
        }
    }
}

/// What came of a request; the examples of [`Examination`](super::Examination) and [`Failure`] make some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A response. Redirects are not followed.
    Response {
        /// Its status and headers.
        head: Response,
        /// The first bytes of its body; 2 KiB are enough.
        body: Vec<u8>,
    },
    /// No response.
    Failed(Failure),
    /// The caller did not send it. If the last request of a case is like this, and there is a verdict, then a browser sent it,
    /// and no more is known than what its message says.
    NotSent,
}

/// Why there is no response.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::{
///     browser::{Browser, PageOrigin, Request},
///     diagnosis::{Examination, Failure, Received},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "GET", "https://api.example/items");
/// let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
/// examination.receive(Received::Failed(Failure::Refused), Duration::ZERO);
/// assert_eq!(examination.diagnosis().cause.name(), "server-down");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The host's name has no address.
    NameNotResolved,
    /// Nothing listens at the address.
    Refused,
    /// The server closed the connection before it responded.
    Closed,
    /// The TLS handshake failed.
    Tls {
        /// Why, in the words of the library that tried.
        why: String,
        /// Whether the server wanted a client certificate.
        wants_client_certificate: bool,
    },
    /// Nothing came in time.
    TimedOut,
    /// What came is not HTTP.
    NotHttp,
    /// The caller can't tell; the words, if there are any.
    Unknown(String),
}

/// Without passwords in the words of others.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameNotResolved => f.write_str("NameNotResolved"),
            Self::Refused => f.write_str("Refused"),
            Self::Closed => f.write_str("Closed"),
            Self::Tls { why, wants_client_certificate } => f
                .debug_struct("Tls")
                .field("why", &Text(why))
                .field("wants_client_certificate", wants_client_certificate)
                .finish(),
            Self::TimedOut => f.write_str("TimedOut"),
            Self::NotHttp => f.write_str("NotHttp"),
            Self::Unknown(why) => f.debug_tuple("Unknown").field(&Text(why)).finish(),
        }
    }
}

/// A probe, and what came of it. An [`Examination`](super::Examination) keeps them in its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The probe.
    pub probe: Probe,
    /// What came of it; [`Received::NotSent`] if the caller declined to send it.
    pub received: Received,
}
