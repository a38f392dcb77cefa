//! What is measured: policies, requests, handlers, and the responses expected. All contenders get the same.

use std::time::Duration;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    test::TestRequest,
    web::Bytes,
};
use actix_web_cors::Policy;

/// The allowed origin of most cases.
pub const ORIGIN: &str = "https://app.example.com";
/// One that is allowed nowhere.
pub const OTHER: &str = "https://app.example.org";

/// The methods that every policy allows.
pub const METHODS: [&str; 3] = ["PUT", "DELETE", "PATCH"];
/// The headers that every policy allows.
pub const HEADERS: [&str; 2] = ["content-type", "x-request-id"];
/// The header that every policy exposes.
pub const EXPOSED: [&str; 1] = ["etag"];
/// How long every policy lets a preflight be cached, in seconds.
pub const MAX_AGE: u64 = 3600;

/// What differs between policies, in a form that every contender can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Exact origins, or patterns such as `https://*.example.com`, or `*` alone.
    pub origins: Vec<String>,
    /// Whether credentials are allowed.
    pub credentials: bool,
}

impl Setup {
    /// One exact origin, with credentials: what most servers need.
    pub fn listed() -> Self {
        Self { origins: vec![ORIGIN.to_owned()], credentials: true }
    }

    /// Our policy.
    ///
    /// # Panics
    ///
    /// When the origins are not valid.
    pub fn policy(&self) -> Policy {
        let builder = Policy::builder()
            .allow_origins(&self.origins)
            .allow_methods(METHODS)
            .allow_headers(HEADERS)
            .expose_headers(EXPOSED)
            .max_age(Duration::from_secs(MAX_AGE));
        let builder = if self.credentials { builder.allow_credentials() } else { builder };
        builder.build().expect("a valid policy")
    }

    /// What follows the `*` of the first pattern, if it is one.
    pub fn pattern_suffix(&self) -> Option<&str> {
        self.origins.first()?.strip_prefix("https://*").filter(|suffix| !suffix.is_empty())
    }

    /// Whether any origin is allowed.
    pub fn is_any(&self) -> bool {
        self.origins == ["*"]
    }
}

/// What stands behind the middleware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Responds 200 without any header.
    Plain,
    /// Responds 200 with headers of its own, `Vary` among them.
    OwnHeaders,
    /// Returns `Err`, as an inner middleware might.
    InnerError,
}

/// A request as Tower's services take it.
pub type TowerRequest = http1::Request<()>;

/// A request that a browser sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserRequest {
    /// Its `Origin`, if any.
    pub origin: Option<String>,
    /// Its `Access-Control-Request-Headers`, if it is a preflight.
    pub preflight: Option<String>,
}

impl BrowserRequest {
    /// A `GET`.
    pub fn get(origin: Option<&str>) -> Self {
        Self { origin: origin.map(str::to_owned), preflight: None }
    }

    /// A preflight.
    pub fn preflight(origin: &str, names: impl Into<String>) -> Self {
        Self { origin: Some(origin.to_owned()), preflight: Some(names.into()) }
    }

    fn method(&self) -> &'static str {
        if self.preflight.is_some() { "OPTIONS" } else { "GET" }
    }

    /// The ten headers that a browser sends with everything, and those of CORS.
    fn lines(&self) -> Vec<(&'static str, &str)> {
        let mut lines = vec![
            ("host", "api.example.com"),
            ("connection", "keep-alive"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            ("accept", "*/*"),
            ("accept-language", "en-US,en;q=0.5"),
            ("accept-encoding", "gzip, deflate, br, zstd"),
            ("referer", "https://app.example.com/"),
            ("sec-fetch-dest", "empty"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-site", "same-site"),
        ];
        lines.extend(self.origin.iter().map(|origin| ("origin", origin.as_str())));
        if let Some(names) = &self.preflight {
            lines.push(("access-control-request-method", "PUT"));
            lines.push(("access-control-request-headers", names));
        }
        lines
    }

    /// The same. As on the wire, all values share one buffer: clones of static values would be free, and the first clone of
    /// a value that is alone in its buffer would be expensive.
    fn shared_lines(&self) -> impl Iterator<Item = (&'static str, Bytes)> {
        let lines = self.lines();
        let buffer = Bytes::from(lines.iter().map(|(_, value)| *value).collect::<String>());
        // The first clone makes a buffer a shared one.
        let buffer = buffer.clone();
        let mut start = 0;
        lines.into_iter().map(move |(name, value)| {
            let end = start + value.len();
            let value = buffer.slice(start..end);
            start = end;
            (name, value)
        })
    }

    /// The request for Actix Web.
    pub(crate) fn for_actix(&self) -> ServiceRequest {
        let method = Method::from_bytes(self.method().as_bytes()).expect("a method");
        let mut request = TestRequest::default().method(method).uri("/api/notes");
        for (name, value) in self.shared_lines() {
            let value = HeaderValue::from_maybe_shared(value).expect("a header's value");
            request = request.append_header((HeaderName::from_static(name), value));
        }
        request.to_srv_request()
    }

    /// The request for Tower's services.
    pub(crate) fn for_tower(&self) -> TowerRequest {
        let mut request = http1::Request::builder().method(self.method()).uri("/api/notes");
        for (name, value) in self.shared_lines() {
            let value = http1::HeaderValue::from_maybe_shared(value).expect("a header's value");
            request = request.header(http1::HeaderName::from_static(name), value);
        }
        request.body(()).expect("a request")
    }
}

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Case {
    /// What tables call it.
    pub name: &'static str,
    /// The policy.
    pub setup: Setup,
    /// What stands behind the middleware.
    pub handler: Handler,
    /// The request.
    pub request: BrowserRequest,
    /// The response expected.
    pub expected: Expected,
}

/// Who may read a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// No origin.
    Nobody,
    /// The request's own origin.
    Itself,
    /// Any origin.
    Any,
}

/// A response that is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Our status.
    pub status: u16,
    /// Who may read it.
    pub allowed: Allowed,
    /// What our response varies by.
    pub vary: Option<&'static str>,
}

impl Case {
    /// The value of `Access-Control-Allow-Origin`, if it is right to send it.
    pub fn expected_origin(&self) -> Option<&str> {
        match self.expected.allowed {
            Allowed::Nobody => None,
            Allowed::Itself => self.request.origin.as_deref(),
            Allowed::Any => Some("*"),
        }
    }

    /// The `Access-Control-*` lines expected, sorted.
    pub fn expected_lines(&self) -> Vec<(&'static str, &str)> {
        let Some(allowed) = self.expected_origin() else { return Vec::new() };
        let mut lines: Vec<(&str, &str)> = vec![("access-control-allow-origin", allowed)];
        if self.setup.credentials {
            lines.push(("access-control-allow-credentials", "true"));
        }
        if self.request.preflight.is_some() {
            lines.push(("access-control-allow-methods", "PUT, DELETE, PATCH"));
            lines.push(("access-control-allow-headers", "content-type, x-request-id"));
            lines.push(("access-control-max-age", "3600"));
        } else {
            lines.push(("access-control-expose-headers", "etag"));
        }
        lines.sort_unstable();
        lines
    }
}

/// How many of the first cases are what most requests are: these are guarded, and timed.
pub const MAIN_CASES: usize = 6;

/// Every case; the first [`MAIN_CASES`] of them are the main ones.
pub fn cases() -> Vec<Case> {
    let names = |count: usize| (0..count).map(|number| format!("{number:04}")).collect::<Vec<_>>().join(",");
    let two = "content-type,x-request-id";
    let long = format!("https://{}.example.com", "a.".repeat(4096));
    let listed = Setup::listed;
    let pattern = || Setup { origins: vec!["https://*.example.com".to_owned()], credentials: true };
    let any = || Setup { origins: vec!["*".to_owned()], credentials: false };
    let case =
        |name, setup, request, expected| Case { name, setup, handler: Handler::Plain, request, expected };
    let get = BrowserRequest::get;
    let preflight = |names| BrowserRequest::preflight(ORIGIN, names);
    let (vary, preflight_vary) = (Some("origin"), Some("origin, access-control-request-method"));
    let allowed = Expected { status: 200, allowed: Allowed::Itself, vary };
    let refused = Expected { allowed: Allowed::Nobody, ..allowed };
    let granted = Expected { status: 204, vary: preflight_vary, ..allowed };
    let denied = Expected { status: 403, vary: preflight_vary, ..refused };
    vec![
        case("no Origin", listed(), get(None), refused),
        case("allowed origin, credentials", listed(), get(Some(ORIGIN)), allowed),
        case("refused origin", listed(), get(Some(OTHER)), refused),
        case("preflight, allowed", listed(), preflight(two.to_owned()), granted),
        case("preflight, refused", listed(), BrowserRequest::preflight(OTHER, two), denied),
        case("preflight naming 2 000 headers (10 KB)", listed(), preflight(names(2000)), granted),
        case("preflight naming 13 000 headers (65 KB)", listed(), preflight(names(13_000)), granted),
        case("an Origin of 8 KB", listed(), get(Some(&long)), refused),
        case("an Origin of 8 KB, pattern", pattern(), get(Some(&long)), refused),
        case("refused origin, pattern", pattern(), get(Some(OTHER)), refused),
        case("allowed by pattern, credentials", pattern(), get(Some(ORIGIN)), allowed),
        case(
            "allowed origin, no credentials",
            Setup { credentials: false, ..listed() },
            get(Some(ORIGIN)),
            allowed,
        ),
        case(
            "any origin",
            any(),
            get(Some(ORIGIN)),
            Expected { allowed: Allowed::Any, vary: None, ..allowed },
        ),
        case(
            "any origin, preflight",
            any(),
            preflight(two.to_owned()),
            Expected { allowed: Allowed::Any, ..granted },
        ),
        Case {
            handler: Handler::OwnHeaders,
            ..case(
                "a handler with headers and Vary",
                listed(),
                get(Some(ORIGIN)),
                Expected { vary: Some("accept-encoding, origin"), ..allowed },
            )
        },
        Case {
            handler: Handler::InnerError,
            ..case(
                "an inner middleware's Err",
                listed(),
                get(Some(ORIGIN)),
                Expected { status: 401, ..allowed },
            )
        },
    ]
}
