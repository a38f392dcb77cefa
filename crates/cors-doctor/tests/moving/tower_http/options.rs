//! Option by option.

use std::time::Duration;

use actix_web_cors::{Cors, Policy, PolicyBuilder};
use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer, MaxAge};

use super::layer_served;
use crate::{
    document::{Regions, code, table},
    served::{APP, EVIL, Wire, response, served},
};

fn theirs() -> CorsLayer {
    CorsLayer::new().allow_origin([HeaderValue::from_static(APP)])
}

fn policy() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

/// As an application writes it, with its own header values.
fn origin(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

const GET: Wire = ("GET", &[("origin", APP)]);
const GET_SUBDOMAIN: Wire = ("GET", &[("origin", "https://a.example.com")]);
const GET_EVIL: Wire = ("GET", &[("origin", EVIL)]);
const PREFLIGHT: Wire = (
    "OPTIONS",
    &[("origin", APP), ("access-control-request-method", "PUT"), ("access-control-request-headers", "x-a")],
);

const PREFLIGHT_PRIVATE: Wire = (
    "OPTIONS",
    &[
        ("origin", APP),
        ("access-control-request-method", "PUT"),
        ("access-control-request-private-network", "true"),
    ],
);

const ORIGIN: &str = "access-control-allow-origin";
const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const EXPOSED: &str = "access-control-expose-headers";
const CREDENTIALS: &str = "access-control-allow-credentials";
const MAX_AGE: &str = "access-control-max-age";
const X_A: HeaderName = HeaderName::from_static("x-a");
const X_TOTAL: HeaderName = HeaderName::from_static("x-total");

/// What both write, and what both respond with: to a request, some headers.
macro_rules! row {
    (|$a:ident| $theirs:expr, policy $b:ident => $ours:expr, $words:expr, $wire:expr, $show:expr) => {{
        let ($a, $b) = (theirs(), policy());
        let ours = Cors::new($ours.build().expect(stringify!($ours)));
        row!(@ $a $theirs, ours, code(stringify!($ours), stringify!($b)), $words, $wire, $show)
    }};
    (|$a:ident| $theirs:expr, cors $b:ident => $ours:expr, $words:expr, $wire:expr, $show:expr) => {{
        let ($a, $b) = (theirs(), Cors::new(policy().build().expect("a policy")));
        let here = code(stringify!($ours), "").replace(stringify!($b), "Cors::new(policy)");
        row!(@ $a $theirs, $ours, here, $words, $wire, $show)
    }};
    (@ $a:ident $theirs:expr, $ours:expr, $code:expr, $words:expr, $wire:expr, $show:expr) => {{
        let left = response!(layer_served!($theirs), $wire, $show);
        let right = response!(served!($ours), $wire, $show);
        let changes = if left == right { "the same".to_owned() } else { right };
        vec![code(stringify!($theirs), stringify!($a)), $code, $words.to_owned(), left, changes]
    }};
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) async fn regions() -> Regions {
    let rows = [
        row!(|theirs| theirs.allow_origin([origin("https://app.example"), origin("https://b.example")]),
            policy ours => ours.allow_origins(["https://app.example", "https://b.example"]),
            "`GET`", GET, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allow_origin(AllowOrigin::list([origin("https://app.example")])),
            policy ours => ours.allow_origins(["https://app.example"]), "`GET`", GET, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allow_origin(AllowOrigin::exact(origin("https://app.example"))),
            policy ours => ours.allow_origins(["https://app.example"]),
            "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allow_origin([origin("https://*.example.com")]),
            policy ours => ours.allow_origins(["https://*.example.com"]),
            "`GET` from `https://a.example.com`", GET_SUBDOMAIN, &[ORIGIN]),
        row!(|theirs| theirs.allow_origin(Any), policy ours => ours.allow_origins(["*"]), "`GET`", GET, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allow_origin(AllowOrigin::predicate(|origin, _| origin == "https://evil.example")),
            cors ours => ours.allow_origins_if("a name", |origin, _| origin.as_str() == "https://evil.example"),
            "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN]),
        row!(|theirs| theirs.allow_methods([Method::PUT, Method::DELETE]), policy ours => ours.allow_methods(["PUT", "DELETE"]),
            "preflight", PREFLIGHT, &[METHODS]),
        row!(|theirs| theirs.allow_methods(Any), policy ours => ours.allow_methods(["*"]), "preflight", PREFLIGHT, &[METHODS]),
        row!(|theirs| theirs.allow_methods(AllowMethods::mirror_request()).allow_credentials(true),
            policy ours => ours.allow_methods(["*"]).allow_credentials(), "preflight", PREFLIGHT, &[METHODS]),
        row!(|theirs| theirs.allow_headers([X_A, header::CONTENT_TYPE]), policy ours => ours.allow_headers(["x-a", "content-type"]),
            "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.allow_headers(Any), policy ours => ours.allow_headers(["*"]), "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.allow_headers(AllowHeaders::mirror_request()).allow_credentials(true),
            policy ours => ours.allow_headers(["*"]).allow_credentials(), "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.expose_headers([X_TOTAL]), policy ours => ours.expose_headers(["x-total"]), "`GET`", GET, &[EXPOSED]),
        row!(|theirs| theirs.expose_headers(Any), policy ours => ours.expose_headers(["*"]), "`GET`", GET, &[EXPOSED]),
        row!(|theirs| theirs.allow_credentials(true), policy ours => ours.allow_credentials(), "`GET`", GET, &[CREDENTIALS]),
        row!(|theirs| theirs.allow_credentials(true), policy ours => ours.allow_credentials(),
            "`GET` from `https://evil.example`", GET_EVIL, &[CREDENTIALS]),
        row!(|theirs| theirs.allow_credentials(AllowCredentials::predicate(|origin, _| origin == "https://app.example")),
            policy ours => ours.allow_credentials(), "`GET`", GET, &[CREDENTIALS]),
        row!(|theirs| theirs.max_age(Duration::from_secs(3600)), policy ours => ours.max_age(Duration::from_secs(3600)),
            "preflight", PREFLIGHT, &[MAX_AGE]),
        row!(|theirs| theirs.max_age(MaxAge::dynamic(|_, _| Duration::from_secs(3600))),
            policy ours => ours.max_age(Duration::from_secs(3600)), "preflight", PREFLIGHT, &[MAX_AGE]),
        row!(|theirs| theirs.vary([header::ACCEPT]), policy ours => ours, "`GET`", GET, &["vary"]),
        row!(|theirs| theirs.allow_private_network(true), policy ours => ours,
            "preflight that requests it", PREFLIGHT_PRIVATE, &["access-control-allow-private-network"]),
    ];
    let head = ["there", "here", "request", "there it gets", "here it gets"];
    Regions::from([("options".to_owned(), table(&head, &rows))])
}
