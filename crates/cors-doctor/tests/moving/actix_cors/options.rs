//! Option by option.

use std::time::Duration;

use actix_web::http::{Method, header::HeaderName};
use actix_web_cors::{Cors, Policy, PolicyBuilder};

use crate::{
    document::{Regions, code, table},
    served::{APP, EVIL, Wire, response, served},
};

fn theirs() -> actix_cors::Cors {
    actix_cors::Cors::default().allowed_origin(APP).allowed_methods(["PUT"])
}

fn policy() -> PolicyBuilder {
    Policy::builder().allow_origins([APP]).allow_methods(["PUT"])
}

const GET: Wire = ("GET", &[("origin", APP)]);
const GET_EVIL: Wire = ("GET", &[("origin", EVIL)]);
const GET_OTHER: Wire = ("GET", &[("origin", "https://b.example")]);
const PREFLIGHT: Wire = (
    "OPTIONS",
    &[("origin", APP), ("access-control-request-method", "PUT"), ("access-control-request-headers", "x-a")],
);

const X_A: HeaderName = HeaderName::from_static("x-a");

const ORIGIN: &str = "access-control-allow-origin";
const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const EXPOSED: &str = "access-control-expose-headers";
const CREDENTIALS: &str = "access-control-allow-credentials";
const MAX_AGE: &str = "access-control-max-age";

/// What both write, and what both respond with: to a request, some headers.
macro_rules! row {
    (|$a:ident| $theirs:expr, policy $b:ident => $ours:expr, $words:expr, $wire:expr, $show:expr) => {{
        let ($a, $b) = (theirs(), policy());
        let ours = Cors::new($ours.build().expect(stringify!($ours)));
        row!(@ $a $theirs, ours, code(stringify!($ours), stringify!($b)), $words, $wire, $show)
    }};
    (|$a:ident| $theirs:expr, cors $b:ident => $ours:expr, $words:expr, $wire:expr, $show:expr) => {{
        let ($a, $b) = (theirs(), Cors::new(policy().build().expect("a policy")));
        row!(@ $a $theirs, $ours, code(stringify!($ours), "").replace(stringify!($b), "Cors::new(policy)"), $words, $wire, $show)
    }};
    (@ $a:ident $theirs:expr, $ours:expr, $code:expr, $words:expr, $wire:expr, $show:expr) => {{
        let (left, right) = (response!(served!($theirs), $wire, $show), response!(served!($ours), $wire, $show));
        let changes = if left == right { "the same".to_owned() } else { right };
        vec![code(stringify!($theirs), stringify!($a)), $code, $words.to_owned(), left, changes]
    }};
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) async fn regions() -> Regions {
    let rows = [
        row!(|theirs| theirs.allowed_origin("https://b.example"), policy ours => ours.allow_origins(["https://b.example"]),
            "`GET` from `https://b.example`", GET_OTHER, &[ORIGIN]),
        row!(|theirs| theirs.allow_any_origin(), policy ours => ours.allow_origins(["*"]),
            "`GET`", GET, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allow_any_origin().send_wildcard(), policy ours => ours.allow_origins(["*"]),
            "`GET`", GET, &[ORIGIN, "vary"]),
        row!(|theirs| theirs.allowed_origin_fn(|origin, _| origin == "https://evil.example"),
            cors ours => ours.allow_origins_if("a name", |origin, _| origin.as_str() == "https://evil.example"),
            "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN]),
        row!(|theirs| theirs.allowed_methods(["GET", "POST", "DELETE"]).allow_any_header(),
            policy ours => ours.allow_methods(["GET", "POST", "DELETE"]).allow_headers(["*"]),
            "preflight", PREFLIGHT, &[METHODS]),
        row!(|theirs| theirs.allowed_methods([Method::DELETE]).allowed_header(X_A),
            policy ours => ours.allow_methods([Method::DELETE]).allow_headers([X_A]),
            "preflight", PREFLIGHT, &[METHODS, HEADERS]),
        row!(|theirs| theirs.allow_any_method().allow_any_header(), policy ours => ours.allow_methods(["*"]).allow_headers(["*"]),
            "preflight", PREFLIGHT, &[METHODS]),
        row!(|theirs| theirs.allowed_header("x-a"), policy ours => ours.allow_headers(["x-a"]),
            "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.allowed_headers(["x-a", "x-b"]), policy ours => ours.allow_headers(["x-a", "x-b"]),
            "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.allow_any_header(), policy ours => ours.allow_headers(["*"]),
            "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.allow_any_header().supports_credentials(),
            policy ours => ours.allow_headers(["*"]).allow_credentials(),
            "preflight", PREFLIGHT, &[HEADERS]),
        row!(|theirs| theirs.expose_headers(["x-total"]), policy ours => ours.expose_headers(["x-total"]),
            "`GET`", GET, &[EXPOSED]),
        row!(|theirs| theirs.expose_any_header(), policy ours => ours.expose_headers(["*"]),
            "`GET`", GET, &[EXPOSED]),
        row!(|theirs| theirs.expose_any_header().supports_credentials(),
            policy ours => ours.expose_headers(["*"]).allow_credentials(),
            "`GET`", GET, &[EXPOSED]),
        row!(|theirs| theirs.supports_credentials(), policy ours => ours.allow_credentials(),
            "`GET`", GET, &[CREDENTIALS]),
        row!(|theirs| theirs.supports_credentials(), policy ours => ours.allow_credentials(),
            "`GET` from `https://evil.example`", GET_EVIL, &[CREDENTIALS]),
        row!(|theirs| theirs.allow_any_header().max_age(3600), policy ours => ours.allow_headers(["*"]).max_age(Duration::from_secs(3600)),
            "preflight", PREFLIGHT, &[MAX_AGE]),
        row!(|theirs| theirs.allow_any_header().max_age(None), policy ours => ours.allow_headers(["*"]),
            "preflight", PREFLIGHT, &[MAX_AGE]),
        row!(|theirs| theirs.disable_vary_header(), policy ours => ours, "`GET`", GET, &["vary"]),
        row!(|theirs| theirs.block_on_origin_mismatch(false), policy ours => ours,
            "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN]),
        row!(|theirs| theirs.block_on_origin_mismatch(true), cors ours => ours.reject_disallowed_origins(),
            "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN]),
        row!(|theirs| theirs.disable_preflight(), cors ours => ours.forward_preflights(),
            "preflight, and the handler responds with 200", PREFLIGHT, &[ORIGIN, METHODS]),
    ];
    let head = ["there", "here", "request", "there it gets", "here it gets"];
    Regions::from([("options".to_owned(), table(&head, &rows))])
}
