//! A request that a policy should let through, as far as somebody knows it.

use std::fmt;

use crate::masked::{each_masked, masked};

/// A request of a page, as far as it is known. What is not known stays unknown: a log of a preflight, for example, can't say
/// whether the actual request will carry cookies.
///
/// ```
/// use fetch_cors::{Policy, Wanted};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let policy = Policy::builder().allow_origins(["https://app.example"]).build()?;
///     let wanted = Wanted::from_origin("https://app.example")
///         .method("PUT")
///         .headers(["authorization", "content-type"])
///         .credentials(true);
///     assert_eq!(
///         policy.change_for(&wanted)?.to_string(),
///         r#"to allow it, turn on allow_credentials, add "PUT" to allow_methods and add "authorization", "content-type" to allow_headers"#
///     );
///     Ok(())
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The page's origin, as the header `Origin` has it.
    pub origin: String,
    /// The request's method; none if it is not known.
    pub method: Option<String>,
    /// Whether the method is written as it is sent. Browsers send a `put` of a script as `PUT`.
    pub is_method_as_sent: bool,
    /// The names of the headers that a browser asks the server about: those of `Access-Control-Request-Headers`. Headers
    /// that are [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-request-header) are not among them.
    pub headers: Vec<String>,
    /// The names of the response headers that the page's script reads.
    pub response_headers: Vec<String>,
    /// Whether the request carries cookies and other credentials; none if it is not known.
    pub credentials: Option<bool>,
    /// The origin of the server, if it is known.
    pub server: Option<String>,
}

/// Without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, method, is_method_as_sent, headers, response_headers, credentials, server } = self;
        f.debug_struct("Wanted")
            .field("origin", &masked(origin))
            .field("method", &method.as_deref().map(masked))
            .field("is_method_as_sent", is_method_as_sent)
            .field("headers", &each_masked(headers))
            .field("response_headers", &each_masked(response_headers))
            .field("credentials", credentials)
            .field("server", &server.as_deref().map(masked))
            .finish()
    }
}

impl Wanted {
    /// A request of a page of this origin; nothing else is known of it yet.
    pub fn from_origin(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            method: None,
            is_method_as_sent: false,
            headers: Vec::new(),
            response_headers: Vec::new(),
            credentials: None,
            server: None,
        }
    }

    /// Its method, as the page's script writes it: browsers send `put` as `PUT`, but `patch` as `patch`.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self.is_method_as_sent = false;
        self
    }

    /// Its method, as a preflight says it in
    /// [`Access-Control-Request-Method`](https://fetch.spec.whatwg.org/#http-access-control-request-method).
    ///
    /// ```
    /// use fetch_cors::{Policy, Wanted};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = Policy::builder().allow_origins(["https://app.example"]).allow_methods(["PUT"]).build()?;
    ///     let wanted = Wanted::from_origin("https://app.example");
    ///     // A browser sends a script's `put` as `PUT`, so one that was sent is not a browser's.
    ///     assert!(policy.change_for(&wanted.clone().method("put"))?.is_empty());
    ///     assert!(policy.change_for(&wanted.method_as_sent("put")).is_err());
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn method_as_sent(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self.is_method_as_sent = true;
        self
    }

    /// More headers that the server must allow, by their names in any case.
    #[must_use]
    pub fn headers<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.headers.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// More response headers that the page's script reads, by their names in any case. Those that are
    /// [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name), such as `Content-Type`, it can
    /// always read.
    ///
    /// ```
    /// use fetch_cors::{Policy, Wanted};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = Policy::allow_origin("https://app.example")?;
    ///     let wanted = Wanted::from_origin("https://app.example").response_headers(["Content-Type", "X-Total-Count"]);
    ///     assert_eq!(policy.change_for(&wanted)?.to_string(), r#"to allow it, add "x-total-count" to expose_headers"#);
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn response_headers<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.response_headers.extend(names.into_iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// Whether it carries cookies and other credentials.
    #[must_use]
    pub fn credentials(mut self, credentials: bool) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The origin of the server that it is sent to, such as `https://api.example`. With it, more is known that no policy can
    /// allow:
    ///
    /// ```
    /// use fetch_cors::{Obstacle, Policy, Wanted};
    ///
    /// let wanted = Wanted::from_origin("https://app.example").server("http://api.example");
    /// let no_change = Policy::deny_all().change_for(&wanted).unwrap_err();
    /// assert_eq!(no_change.obstacles(), [Obstacle::MixedContent]);
    /// ```
    #[must_use]
    pub fn server(mut self, origin: impl Into<String>) -> Self {
        self.server = Some(origin.into());
        self
    }
}
