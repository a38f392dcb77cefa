//! A diagnosis, as data.

use std::fmt;

use url::Url;

use super::{
    case::Failure,
    cause::Cause,
    probe::{Probe, Purpose},
};
use crate::{Change, masked::Text};

/// The cause behind a verdict.
///
/// `Display` writes two lines, which are enough for somebody in a hurry: what is wrong, and how to fix it.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::{
///     browser::{Browser, PageOrigin, Request, Response},
///     diagnosis::{Certainty, Examination, Place, Received, Remedy},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "PUT", "https://api.example/items/1");
/// let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
/// // The preflight gets 401.
/// let head = Response::new(401).header("www-authenticate", "Bearer");
/// examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
///
/// let diagnosis = examination.diagnosis();
/// println!("{diagnosis}");
/// for line in &diagnosis.evidence {
///     println!("- {line}");
/// }
/// assert!(diagnosis.evidence[0].is_preflight);
/// for note in &diagnosis.notes {
///     println!("Note: {note}");
/// }
/// if diagnosis.is_certain() {
///     assert_eq!(diagnosis.certainty, Certainty::Certain);
/// } else {
///     println!("it may also be {:?}", diagnosis.rivals());
/// }
/// match &diagnosis.remedy {
///     Remedy::Policy(change) => println!("{change}"),
///     Remedy::Elsewhere { place, instruction } => println!("{}: {instruction}", place.name()),
///     other => println!("{}: {other}", other.name()),
/// }
/// assert!(matches!(diagnosis.remedy, Remedy::Elsewhere { place: Place::Order, .. }));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The cause, or the likeliest one.
    pub cause: Cause,
    /// How sure that is.
    pub certainty: Certainty,
    /// What is wrong, in one or two sentences.
    pub summary: String,
    /// How to fix it.
    pub remedy: Remedy,
    /// A line for each request that was sent.
    pub evidence: Vec<Evidence>,
    /// What would settle it, the most telling first; empty if nothing would. If the cause is certain, what would still help: an
    /// origin that is not listed may be confused with one that is.
    pub probes: Vec<Probe>,
    /// What else is worth knowing.
    pub notes: Vec<Note>,
}

impl Diagnosis {
    /// Whether nothing else explains what was seen.
    pub fn is_certain(&self) -> bool {
        self.certainty == Certainty::Certain
    }

    /// The causes that could not be ruled out, in addition to the likeliest.
    pub fn rivals(&self) -> &[Cause] {
        match &self.certainty {
            Certainty::Certain => &[],
            Certainty::Likely { rivals } => rivals,
        }
    }
}

/// How sure a [`Diagnosis`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing else explains what was seen.
    Certain,
    /// Other causes explain it, too.
    Likely {
        /// Those, likeliest first.
        rivals: Vec<Cause>,
    },
}

/// How to fix the cause: part of a [`Diagnosis`].
///
/// `Display` writes the instruction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Remedy {
    /// Change the server's policy.
    Policy(Change),
    /// Respond with these headers; nobody said by which policy.
    Headers {
        /// Whether it is the response to the preflight.
        on_preflight: bool,
        /// The header lines.
        lines: Vec<(&'static str, String)>,
    },
    /// Change something else.
    Elsewhere {
        /// What.
        place: Place,
        /// An instruction.
        instruction: String,
    },
    /// Nothing has to change.
    Nothing,
}

impl Remedy {
    /// The kind's name in the vectors and in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Policy(_) => "policy",
            Self::Headers { .. } => "headers",
            Self::Elsewhere { place, .. } => place.name(),
            Self::Nothing => "nothing",
        }
    }
}

/// What has to change, by the remedy of a [`Diagnosis`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// The code or the configuration of the server, other than its policy.
    Server,
    /// Where CORS stands among the server's layers.
    Order,
    /// Something in front of the server: a proxy, a firewall, a cache, a platform.
    Front,
    /// The page's script.
    Page,
    /// The person's browser.
    Browser,
}

impl Place {
    /// The name in the vectors and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Order => "order",
            Self::Front => "front",
            Self::Page => "page",
            Self::Browser => "browser",
        }
    }
}

/// One request as evidence: part of a [`Diagnosis`].
///
/// `Display` writes one line.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: Url,
    /// What it asked, if it was a probe.
    pub purpose: Option<Purpose>,
    /// Whether it was a preflight.
    pub is_preflight: bool,
    /// The status of the response, or why there is none.
    pub result: Result<u16, Failure>,
    /// The header line of the response that decided; none if it has no CORS header.
    pub decisive: Option<(String, String)>,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, purpose, is_preflight, result, decisive } = self;
        f.debug_struct("Evidence")
            .field("method", method)
            .field("url", &Text(url.as_str()))
            .field("purpose", purpose)
            .field("is_preflight", is_preflight)
            .field("result", result)
            .field("decisive", decisive)
            .finish()
    }
}

/// What else is worth knowing: part of a [`Diagnosis`].
///
/// `Display` writes a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Note {
    /// The browser remembers the preflight for so many seconds.
    PreflightIsRemembered {
        /// Seconds.
        seconds: u64,
    },
    /// Headers of the response that the script can't read.
    HeadersWithheld {
        /// In lower case.
        names: Vec<String>,
    },
    /// The script reads an error of the server.
    ErrorStatus {
        /// The status.
        status: u16,
    },
    /// No probe is sent, because the URL looks signed or one-time.
    UrlLooksSigned,
    /// Whether the origin is allowed will show when the error is gone.
    OriginUnknown,
    /// A redirect led here.
    AfterRedirect {
        /// From this URL.
        from: String,
    },
    /// The server has a private address, which a page from a public one reaches only with the user's permission.
    PrivateAddress,
    /// The page's script sets response headers on its request, in addition to what is wrong.
    ResponseHeadersOnRequest {
        /// In lower case.
        names: Vec<String>,
    },
}
