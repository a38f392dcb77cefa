//! What is measured: policies, requests, handlers, and what the right answers are. All contenders get the same.

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

/// The settings of a policy, in a form that every contender can be told. Three methods, two headers, one exposed header
/// and a max-age of an hour are the same in all.
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
    /// When the origins are no origins.
    pub fn policy(&self) -> Policy {
        let builder = Policy::builder()
            .allow_origins(&self.origins)
            .allow_methods(["PUT", "DELETE", "PATCH"])
            .allow_headers(["content-type", "x-request-id"])
            .expose_headers(["etag"])
            .max_age(Duration::from_secs(3600));
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
    /// Answers 200 without any header.
    Plain,
    /// Answers 200 with headers of its own, `Vary` among them.
    OwnHeaders,
    /// Answers `Err`, as a middleware further in might.
    InnerError,
}

/// A request that a browser sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its `Origin`, if any.
    pub origin: Option<String>,
    /// Its `Access-Control-Request-Headers`, if it is a preflight.
    pub preflight: Option<String>,
}

impl Asked {
    /// A `GET`.
    pub fn get(origin: Option<&str>) -> Self {
        Self { origin: origin.map(str::to_owned), preflight: None }
    }

    /// A preflight.
    pub fn preflight(origin: &str, names: impl Into<String>) -> Self {
        Self { origin: Some(origin.to_owned()), preflight: Some(names.into()) }
    }

    /// The method.
    pub fn method(&self) -> &'static str {
        if self.preflight.is_some() { "OPTIONS" } else { "GET" }
    }

    /// The ten headers that a browser sends with everything, and those of CORS.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<(&str, String)> = [
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
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        lines.extend(self.origin.clone().map(|origin| ("origin", origin)));
        if let Some(names) = &self.preflight {
            lines.push(("access-control-request-method", "PUT".to_owned()));
            lines.push(("access-control-request-headers", names.clone()));
        }
        lines
    }

    /// The same. As on the wire, all values share one buffer: values that are static would make clones free, and one that is
    /// alone in its buffer makes the first dear.
    pub fn shared_lines(&self) -> impl Iterator<Item = (&'static str, Bytes)> {
        let lines = self.lines();
        let buffer = Bytes::from(lines.iter().map(|(_, value)| value.as_str()).collect::<String>());
        // A buffer becomes one that is shared when it is cloned first.
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
    ///
    /// # Panics
    ///
    /// Never: every value is one.
    pub fn request(&self) -> ServiceRequest {
        let method = Method::from_bytes(self.method().as_bytes()).expect("a method");
        let mut request = TestRequest::default().method(method).uri("/api/notes");
        for (name, value) in self.shared_lines() {
            let value = HeaderValue::from_maybe_shared(value).expect("a header's value");
            request = request.append_header((HeaderName::from_static(name), value));
        }
        request.to_srv_request()
    }
}

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Case {
    /// What tables call it.
    pub name: &'static str,
    /// The policy.
    pub setup: Setup,
    /// What stands behind.
    pub handler: Handler,
    /// The request.
    pub asked: Asked,
    /// The answer that is right.
    pub right: Right,
}

/// Whom an answer allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Nobody.
    Nobody,
    /// The request's own origin.
    Itself,
    /// Any origin.
    Any,
}

/// What is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// Our status.
    pub status: u16,
    /// Who is allowed.
    pub allowed: Allowed,
    /// What our answer varies by.
    pub vary: Option<&'static str>,
}

impl Case {
    /// Whether the floor's policy is this case's.
    pub fn has_floor(&self) -> bool {
        self.setup == Setup::listed() && self.handler == Handler::Plain
    }

    /// Whether it has a meaning at Tower's interface.
    pub fn has_tower(&self) -> bool {
        self.handler == Handler::Plain
    }

    /// The value of `Access-Control-Allow-Origin` that is right, if it is right to send it.
    pub fn right_origin(&self) -> Option<&str> {
        match self.right.allowed {
            Allowed::Nobody => None,
            Allowed::Itself => self.asked.origin.as_deref(),
            Allowed::Any => Some("*"),
        }
    }

    /// The `Access-Control-*` lines that are right, sorted.
    pub fn right_lines(&self) -> Vec<(&'static str, &str)> {
        let Some(allowed) = self.right_origin() else { return Vec::new() };
        let mut lines: Vec<(&str, &str)> = vec![("access-control-allow-origin", allowed)];
        if self.setup.credentials {
            lines.push(("access-control-allow-credentials", "true"));
        }
        if self.asked.preflight.is_some() {
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

/// How many of the first cases are what most requests are, and have goals.
pub const MAIN_CASES: usize = 6;

/// Every case; the first [`MAIN_CASES`] of them are the main ones.
pub fn cases() -> Vec<Case> {
    let names = |count: usize| (0..count).map(|number| format!("{number:04}")).collect::<Vec<_>>().join(",");
    let two = "content-type,x-request-id";
    let long = format!("https://{}.example.com", "a.".repeat(4096));
    let listed = Setup::listed;
    let pattern = || Setup { origins: vec!["https://*.example.com".to_owned()], credentials: true };
    let any = || Setup { origins: vec!["*".to_owned()], credentials: false };
    let plain = |name, setup, asked, right| Case { name, setup, handler: Handler::Plain, asked, right };
    let allowed = || Asked::get(Some(ORIGIN));
    let (vary, preflight_vary) = (Some("origin"), Some("origin, access-control-request-method"));
    let yes = Right { status: 200, allowed: Allowed::Itself, vary };
    let no = Right { allowed: Allowed::Nobody, ..yes };
    let granted = Right { status: 204, vary: preflight_vary, ..yes };
    let refused = Right { status: 403, vary: preflight_vary, ..no };
    vec![
        plain("no Origin", listed(), Asked::get(None), no),
        plain("allowed origin, credentials", listed(), allowed(), yes),
        plain("refused origin", listed(), Asked::get(Some(OTHER)), no),
        plain("preflight, allowed", listed(), Asked::preflight(ORIGIN, two), granted),
        plain("preflight, refused", listed(), Asked::preflight(OTHER, two), refused),
        plain(
            "preflight naming 2 000 headers (10 KB)",
            listed(),
            Asked::preflight(ORIGIN, names(2000)),
            granted,
        ),
        plain(
            "preflight naming 13 000 headers (65 KB)",
            listed(),
            Asked::preflight(ORIGIN, names(13_000)),
            granted,
        ),
        plain("an Origin of 8 KB", listed(), Asked::get(Some(&long)), no),
        plain("an Origin of 8 KB, pattern", pattern(), Asked::get(Some(&long)), no),
        plain("refused origin, pattern", pattern(), Asked::get(Some(OTHER)), no),
        plain("allowed by pattern, credentials", pattern(), allowed(), yes),
        plain("allowed origin, no credentials", Setup { credentials: false, ..listed() }, allowed(), yes),
        plain("any origin", any(), allowed(), Right { allowed: Allowed::Any, vary: None, ..yes }),
        plain(
            "any origin, preflight",
            any(),
            Asked::preflight(ORIGIN, two),
            Right { allowed: Allowed::Any, ..granted },
        ),
        Case {
            name: "a handler with headers and Vary",
            setup: listed(),
            handler: Handler::OwnHeaders,
            asked: allowed(),
            right: Right { vary: Some("accept-encoding, origin"), ..yes },
        },
        Case {
            name: "an inner middleware's Err",
            setup: listed(),
            handler: Handler::InnerError,
            asked: allowed(),
            right: Right { status: 401, ..yes },
        },
    ]
}
