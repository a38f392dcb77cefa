//! The server's end: what to do with one request, and which header fields its response gets.
//!
//! [`decide`] reads only the headers that it needs and allocates nothing. [`Fields`] holds a policy's header values that
//! don't depend on the request, made once. [`Fields::write`] is the one place where a decision becomes header lines. Nothing
//! here depends on an HTTP library: an adapter implements [`RequestHead`] and [`Sink`].
//!
//! The rules are those of the [CORS protocol](https://fetch.spec.whatwg.org/#http-cors-protocol): which requests are
//! preflights, and which headers a response needs.
//!
//! ```
//! use fetch_cors::{
//!     Policy,
//!     server::{RequestField, RequestHead, decide, fields, refusal},
//! };
//!
//! /// A request as some HTTP library might hold it.
//! struct Request {
//!     method: &'static str,
//!     headers: Vec<(&'static str, &'static str)>,
//! }
//!
//! impl RequestHead for Request {
//!     fn is_options(&self) -> bool {
//!         self.method == "OPTIONS"
//!     }
//!
//!     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
//!         let lines = self.headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()));
//!         lines.map(|(_, value)| value.as_bytes())
//!     }
//! }
//!
//! fn main() -> Result<(), fetch_cors::InvalidPolicy> {
//!     let policy = Policy::builder().allow_origins(["https://app.example"]).allow_methods(["PUT"]).build()?;
//!     let preflight = Request {
//!         method: "OPTIONS",
//!         headers: vec![("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT")],
//!     };
//!
//!     let decision = decide(&policy, &preflight);
//!     assert!(decision.is_preflight() && decision.is_allowed());
//!     for (name, value) in fields(&policy, &preflight, decision, None::<&[&str]>) {
//!         println!("{}: {}", name.name(), String::from_utf8_lossy(&value));
//!     }
//!     // Nothing is refused, so there is nothing to log.
//!     assert_eq!(refusal(&policy, &preflight, decision), None);
//!     Ok(())
//! }
//! ```

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

/// A request header that a decision may read; a [`RequestHead`] looks it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestField {
    /// [`Origin`](https://fetch.spec.whatwg.org/#origin-header).
    Origin,
    /// [`Access-Control-Request-Method`](https://fetch.spec.whatwg.org/#http-access-control-request-method).
    AccessControlRequestMethod,
    /// [`Access-Control-Request-Headers`](https://fetch.spec.whatwg.org/#http-access-control-request-headers).
    AccessControlRequestHeaders,
    /// [`Host`](https://httpwg.org/specs/rfc9110.html#field.host); in HTTP/2 and later `:authority`. Read only to find out
    /// whether a request is same-origin.
    Host,
    /// [`Sec-Fetch-Site`](https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header). Read only to find out
    /// whether a request is same-origin.
    SecFetchSite,
    /// [`Cookie`](https://httpwg.org/specs/rfc6265.html#cookie). Read only to explain why a browser will withhold a response.
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
///
/// let request = Request {
///     method: "GET".to_owned(),
///     headers: vec![("Origin".to_owned(), b"https://app.example".to_vec())],
/// };
/// assert!(request.has(RequestField::Origin));
/// assert!(!request.has(RequestField::Cookie));
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
