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

    /// Whether the origin is no longer than a real one can be. The peers' suffix tests allow longer ones.
    pub fn could_be_real(&self) -> bool {
        self.origin.as_ref().is_none_or(|origin| origin.len() < 512)
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

    /// The request for Actix Web. As on the wire, all values share one buffer: an empty map, or values that are static,
    /// would make look-ups and clones free and flatter everyone.
    ///
    /// # Panics
    ///
    /// Never: every value is one.
    pub fn request(&self) -> ServiceRequest {
        let method = Method::from_bytes(self.method().as_bytes()).expect("a method");
        let mut request = TestRequest::default().method(method).uri("/api/notes");
        let lines = self.lines();
        let buffer = Bytes::from(lines.iter().map(|(_, value)| value.as_str()).collect::<String>());
        let mut start = 0;
        for (name, value) in lines {
            let end = start + value.len();
            let value = HeaderValue::from_maybe_shared(buffer.slice(start..end)).expect("a header's value");
            request = request.append_header((HeaderName::from_static(name), value));
            start = end;
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
    /// The status that is right, and the CORS and `Vary` lines that our answer has.
    pub right: (u16, usize),
}

/// How many of the first cases have the floor's policy, and DESIGN's numbers to beat.
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
    vec![
        plain("no Origin", listed(), Asked::get(None), (200, 1)),
        plain("allowed origin, credentials", listed(), allowed(), (200, 4)),
        plain("refused origin", listed(), Asked::get(Some(OTHER)), (200, 1)),
        plain("preflight, allowed", listed(), Asked::preflight(ORIGIN, two), (204, 6)),
        plain("preflight, refused", listed(), Asked::preflight(OTHER, two), (403, 1)),
        plain(
            "preflight naming 2 000 headers (10 KB)",
            listed(),
            Asked::preflight(ORIGIN, names(2000)),
            (204, 6),
        ),
        plain(
            "preflight naming 13 000 headers (65 KB)",
            listed(),
            Asked::preflight(ORIGIN, names(13_000)),
            (204, 6),
        ),
        plain("an Origin of 8 KB", listed(), Asked::get(Some(&long)), (200, 1)),
        plain("an Origin of 8 KB, pattern", pattern(), Asked::get(Some(&long)), (200, 1)),
        plain("refused origin, pattern", pattern(), Asked::get(Some(OTHER)), (200, 1)),
        plain("allowed by pattern, credentials", pattern(), allowed(), (200, 4)),
        plain(
            "allowed origin, no credentials",
            Setup { credentials: false, ..listed() },
            allowed(),
            (200, 3),
        ),
        plain("any origin", any(), allowed(), (200, 2)),
        plain("any origin, preflight", any(), Asked::preflight(ORIGIN, two), (204, 5)),
        Case {
            name: "a handler with headers and Vary",
            setup: listed(),
            handler: Handler::OwnHeaders,
            asked: allowed(),
            right: (200, 4),
        },
        Case {
            name: "an inner middleware's Err",
            setup: listed(),
            handler: Handler::InnerError,
            asked: allowed(),
            right: (401, 4),
        },
    ]
}
