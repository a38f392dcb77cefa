//! The causes behind a verdict, one name each. Their words are in `words`.

/// Why a page's script doesn't get a response. The rule that blocked it is the symptom; this is what to repair.
///
/// ```
/// use fetch_cors::diagnosis::Cause;
///
/// assert_eq!(Cause::ServerDown.name(), "server-down");
/// assert!(Cause::NAMES.contains(&"server-down"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    // The server failed, or could not be reached.
    /// The server responds with an error that is made outside of whatever adds its CORS headers.
    HiddenError {
        /// 500, 502, 504, 413, …; 0 if it is not known.
        status: u16,
    },
    /// Nothing listens there.
    ServerDown,
    /// The server closes the connection without a response.
    ConnectionClosed,
    /// The host's name has no address.
    HostNotFound,
    /// The TLS handshake fails: an expired or self-signed certificate, or one for another name.
    TlsFailed,
    /// The server wants a client certificate, and a preflight carries none.
    ClientCertificate,
    /// The server accepts the connection and never responds.
    Hang,
    /// What the server sends is not HTTP.
    NotHttp,

    // CORS covers a part of the server only.
    /// The preflight is answered, and the response to the actual request has no CORS headers.
    OnlyPreflightCovered,
    /// Nothing answers `OPTIONS` at this URL; other responses have CORS headers.
    OptionsNotRouted {
        /// 404, 405, 501, …; 0 if it is not known.
        status: u16,
    },
    /// Another layer answers `OPTIONS` before CORS does; other responses have CORS headers.
    OptionsAnsweredElsewhere,
    /// No response of the server has CORS headers.
    NoCors {
        /// Authentication stands in front of it, too.
        is_behind_authentication: bool,
    },
    /// Nothing is at this URL.
    NotFound,

    // Something in front of CORS responds.
    /// Authentication responds before CORS does.
    AuthenticationInFront {
        /// 401, 403 or 407; 0 if it is not known.
        status: u16,
    },
    /// A rate limit responds before CORS does.
    RateLimit,
    /// A firewall responds before CORS does.
    Firewall {
        /// Usually 403; 0 if it is not known.
        status: u16,
    },
    /// A redirect to a login page: no session, or one that is over.
    LoginRedirect {
        /// Where it leads; empty if it is not known.
        location: String,
    },
    /// A tunnel or a host shows its own page first.
    Interstitial {
        /// Who shows it.
        by: &'static str,
    },
    /// A redirect that the request can't follow.
    Redirected {
        /// What makes the two URLs different.
        kind: RedirectKind,
        /// Where it leads; empty if it is not known.
        location: String,
    },
    /// The server responds with an HTML page where the script expects data, as single-page applications do at unknown paths.
    HtmlPage,
    /// A cache returns a response that was made for another origin, for none, or before the server changed.
    CachedForAnother,
    /// The same request gets different responses: an instance has an older configuration, for example.
    Inconsistent,
    /// A layer in front overrides the application's headers.
    Overridden {
        /// The header, in lower case.
        header: &'static str,
    },

    // The policy.
    /// CORS is there, and the page's origin is not among the allowed ones.
    OriginNotListed {
        /// The page's origin.
        origin: String,
        /// An allowed origin that is easily confused with it.
        near_miss: Option<String>,
        /// The one origin that every response allows.
        fixed: Option<String>,
    },
    /// The page has no origin of its own: a local file, or a sandboxed frame.
    OpaqueOrigin,
    /// Two layers write `Access-Control-Allow-Origin`.
    TwoWriters {
        /// What the response says.
        value: String,
    },
    /// One layer writes a list of origins, where browsers accept only one.
    ListOfOrigins {
        /// What the response says.
        value: String,
    },
    /// `Access-Control-Allow-Origin` has a value that is not an origin.
    NotAnOrigin {
        /// What the response says.
        value: String,
    },
    /// `Access-Control-Allow-Origin: *`, and the request has credentials.
    WildcardWithCredentials,
    /// `Access-Control-Allow-Credentials: true` is lacking.
    CredentialsNotAllowed,
    /// The request's method is not among the allowed ones, and headers may lack, too.
    MethodNotListed {
        /// As browsers send it.
        method: String,
        /// The headers that are not allowed either, in lower case.
        headers: Vec<String>,
    },
    /// Headers of the request are not among the allowed ones.
    HeadersNotListed {
        /// In lower case.
        names: Vec<String>,
    },
    /// A list of methods or headers is not comma-separated.
    NotAList {
        /// The header, in lower case.
        header: &'static str,
        /// What the response says.
        value: String,
    },
    /// A `*` among methods or headers that does not apply here.
    WildcardWithoutEffect {
        /// The header, in lower case.
        header: &'static str,
        /// What must be listed by name.
        names: Vec<String>,
    },

    // The page.
    /// The page's script sets response headers on its request.
    ResponseHeaderOnRequest {
        /// In lower case.
        names: Vec<String>,
    },
    /// The URL has no scheme, so that it is relative, or its host is read as the scheme.
    UrlWithoutScheme,
    /// `fetch()` itself refuses the request.
    RequestRefused,
    /// A page loaded over https requests plain http.
    MixedContent,
    /// Mode `no-cors`: the request is sent, and the script can't read the response.
    NoCorsMode,
    /// The request needs cookies, and has none.
    CookiesNotSent,
    /// `Cross-Origin-Resource-Policy` of the response.
    ResourcePolicy,

    // What the wire can't show.
    /// The browser still remembers a preflight response from before the server was changed.
    PreflightRemembered,
    /// The page's own Content Security Policy.
    ContentSecurityPolicy,
    /// A service worker or a browser extension.
    ServiceWorkerOrExtension,
    /// The browser asks for permission before a page may reach the local network.
    LocalNetworkAccess,

    /// Nothing is wrong with CORS.
    NothingWrong {
        /// The status that the script reads; 0 if it can't.
        status: u16,
    },
    /// A request was not sent, so that nothing is known.
    NotSent,
}

/// What makes the URL of a redirect different.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::{
///     browser::{Browser, PageOrigin, Request, Response},
///     diagnosis::{Cause, Examination, Received, RedirectKind},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "PUT", "https://api.example/items");
/// let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
/// let head = Response::new(308).header("location", "https://api.example/items/");
/// examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
///
/// let cause = examination.diagnosis().cause;
/// assert!(matches!(cause, Cause::Redirected { kind: RedirectKind::Slash, .. }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectKind {
    /// A slash at the end of the path.
    Slash,
    /// `https` instead of `http`.
    Https,
    /// `http` instead of `https`, which a page loaded over https must not request.
    Http,
    /// Another host, with the same path.
    Host,
    /// Anything else.
    Elsewhere,
    /// It leads nowhere: too many, or a `Location` that is not valid.
    Broken,
    /// The script's redirect mode forbids it.
    Forbidden,
}

macro_rules! names {
    ($($variant:ident $name:literal),+ $(,)?) => {
        impl Cause {
            /// The names of all causes, in the order of their declaration.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];

            /// The name in the vectors and in JSON.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }
        }
    };
}

names! {
    HiddenError "hidden-error",
    ServerDown "server-down",
    ConnectionClosed "connection-closed",
    HostNotFound "host-not-found",
    TlsFailed "tls-failed",
    ClientCertificate "client-certificate",
    Hang "hang",
    NotHttp "not-http",
    OnlyPreflightCovered "only-preflight-covered",
    OptionsNotRouted "options-not-routed",
    OptionsAnsweredElsewhere "options-answered-elsewhere",
    NoCors "no-cors",
    NotFound "not-found",
    AuthenticationInFront "authentication-in-front",
    RateLimit "rate-limit",
    Firewall "firewall",
    LoginRedirect "login-redirect",
    Interstitial "interstitial",
    Redirected "redirected",
    HtmlPage "html-page",
    CachedForAnother "cached-for-another",
    Inconsistent "inconsistent",
    Overridden "overridden",
    OriginNotListed "origin-not-listed",
    OpaqueOrigin "opaque-origin",
    TwoWriters "two-writers",
    ListOfOrigins "list-of-origins",
    NotAnOrigin "not-an-origin",
    WildcardWithCredentials "wildcard-with-credentials",
    CredentialsNotAllowed "credentials-not-allowed",
    MethodNotListed "method-not-listed",
    HeadersNotListed "headers-not-listed",
    NotAList "not-a-list",
    WildcardWithoutEffect "wildcard-without-effect",
    ResponseHeaderOnRequest "response-header-on-request",
    UrlWithoutScheme "url-without-scheme",
    RequestRefused "request-refused",
    MixedContent "mixed-content",
    NoCorsMode "no-cors-mode",
    CookiesNotSent "cookies-not-sent",
    ResourcePolicy "resource-policy",
    PreflightRemembered "preflight-remembered",
    ContentSecurityPolicy "content-security-policy",
    ServiceWorkerOrExtension "service-worker-or-extension",
    LocalNetworkAccess "local-network-access",
    NothingWrong "nothing-wrong",
    NotSent "not-sent",
}
