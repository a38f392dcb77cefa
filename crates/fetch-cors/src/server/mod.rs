//! The server's end: what to do with one request, and which header fields its response gets.
//!
//! [`decide`] reads only the headers that it needs and allocates nothing. [`Fields`] holds a policy's header values that
//! don't depend on the request, made once. [`Fields::write`] is the one place where a decision becomes header lines. Nothing
//! here depends on an HTTP library: an adapter implements [`RequestHead`] and [`Sink`].

mod candidate;
mod decision;
mod exposed;
mod fields;
mod refusal;
mod same_origin;

pub use candidate::candidate;
pub use decision::{Decision, Lines, decide, decide_with};
pub use exposed::exposed_names;
pub use fields::{FieldName, Fields, Sink, fields};
pub use refusal::{Refusal, Rule, refusal};
pub use same_origin::is_same_origin;

pub use crate::policy::escape::escape;

/// A request header that a decision may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestField {
    /// <https://fetch.spec.whatwg.org/#origin-header>
    Origin,
    /// <https://fetch.spec.whatwg.org/#http-access-control-request-method>
    AccessControlRequestMethod,
    /// <https://fetch.spec.whatwg.org/#http-access-control-request-headers>
    AccessControlRequestHeaders,
    /// <https://httpwg.org/specs/rfc9110.html#field.host>; in HTTP/2 and later `:authority`. Read only to find out whether
    /// a request is same-origin.
    Host,
    /// <https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header>. Read only to find out whether a
    /// request is same-origin.
    SecFetchSite,
    /// <https://httpwg.org/specs/rfc6265.html#cookie>. Read only to explain why a browser will withhold a response.
    Cookie,
}

impl RequestField {
    /// The header's name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::AccessControlRequestMethod => "access-control-request-method",
            Self::AccessControlRequestHeaders => "access-control-request-headers",
            Self::Host => "host",
            Self::SecFetchSite => "sec-fetch-site",
            Self::Cookie => "cookie",
        }
    }
}

/// What a decision reads of a request.
///
/// ```
/// use fetch_cors::server::{RequestField, RequestHead};
///
/// /// A request as some HTTP library might hold it.
/// struct Request {
///     method: String,
///     headers: Vec<(String, Vec<u8>)>,
/// }
///
/// impl RequestHead for Request {
///     fn is_options(&self) -> bool {
///         self.method == "OPTIONS"
///     }
///
///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
///         self.headers
///             .iter()
///             .filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()))
///             .map(|(_, value)| value.as_slice())
///     }
/// }
/// ```
pub trait RequestHead {
    /// Whether the method is `OPTIONS`.
    fn is_options(&self) -> bool;

    /// The values of a header, one per line of that name, without surrounding white space.
    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]>;

    /// Whether the request has a header.
    #[inline]
    fn has(&self, field: RequestField) -> bool {
        self.lines(field).next().is_some()
    }
}
