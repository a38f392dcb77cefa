//! Requests that tell look-alikes apart, as data.

use super::case::Sent;

/// A request that would tell two causes apart. An [`Examination`](super::Examination) has them sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// What it asks.
    pub purpose: Purpose,
    /// The request. Redirects must not be followed.
    pub sent: Sent,
    /// Whether it may be sent without asking a person: an `OPTIONS`, or a `GET` or `HEAD` where the script's own request
    /// is one. Any other is sent only after a person confirmed this very request.
    pub may_send_unasked: bool,
    /// Whether it carries `Authorization` or cookies. They go only to the origin that they were given for.
    pub carries_secrets: bool,
}

/// What a probe asks; its name is printed by the example of [`Examination`](super::Examination).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// A preflight for a plain `GET`: is any preflight answered here?
    PlainGet,
    /// A preflight for the request's method alone.
    Method,
    /// A preflight for a `GET` with one of the request's headers.
    Header {
        /// Its name, in lower case.
        name: String,
    },
    /// From an origin that nobody can have listed: is the origin what matters?
    UnlistedOrigin,
    /// `OPTIONS` without `Origin`: does the status depend on CORS at all?
    NoOrigin,
    /// From an origin that is easily confused with the page's.
    NearMiss {
        /// That origin.
        origin: String,
    },
    /// The request itself, with the page's origin, at a URL that no cache has seen, without secrets.
    Actual,
    /// The same, with the `Authorization` and the cookies that the person gave.
    ActualWithSecrets,
    /// A `GET` of a path that needs no session.
    OpenPath,
}

impl Purpose {
    /// The name in the vectors and in JSON: `plain-get`, `header:x-a`, `near-miss:http://app.example`, …
    pub fn name(&self) -> String {
        match self {
            Self::PlainGet => "plain-get".to_owned(),
            Self::Method => "method".to_owned(),
            Self::Header { name } => format!("header:{name}"),
            Self::UnlistedOrigin => "unlisted-origin".to_owned(),
            Self::NoOrigin => "no-origin".to_owned(),
            Self::NearMiss { origin } => format!("near-miss:{origin}"),
            Self::Actual => "actual".to_owned(),
            Self::ActualWithSecrets => "actual-with-secrets".to_owned(),
            Self::OpenPath => "open-path".to_owned(),
        }
    }
}

/// The origin of [`Purpose::UnlistedOrigin`]; `.invalid` is reserved, so nobody can own it (RFC 6761, section 6.4).
pub(super) const UNLISTED_ORIGIN: &str = "https://cors-probe.invalid";
