//! Option by option.

use std::time::Duration;

use actix_web_cors::{Cors, Policy, PolicyBuilder};

use super::{Express, express_served};
use crate::{
    document::{Regions, code, table},
    served::{APP, EVIL, Wire, response, served},
};

fn policy() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

const GET: Wire = ("GET", &[("origin", APP)]);
const GET_OTHER: Wire = ("GET", &[("origin", "https://b.example")]);
const GET_EVIL: Wire = ("GET", &[("origin", EVIL)]);
const GET_SUBDOMAIN: Wire = ("GET", &[("origin", "https://a.example.com")]);
const PREFLIGHT: Wire = (
    "OPTIONS",
    &[("origin", APP), ("access-control-request-method", "PUT"), ("access-control-request-headers", "x-a")],
);

const ORIGIN: &str = "access-control-allow-origin";
const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const EXPOSED: &str = "access-control-expose-headers";
const CREDENTIALS: &str = "access-control-allow-credentials";
const MAX_AGE: &str = "access-control-max-age";

/// The options there, what is written here, and what both respond with: to a request, some headers.
macro_rules! rows {
    ($($options:literal, $kind:ident $b:ident => $ours:expr, $words:expr, $wire:expr, $show:expr;)*) => {
        pub(super) const ALL: &[&str] = &[$(set_up!($options)),*];

        #[allow(clippy::too_many_lines, reason = "a table")]
        pub(super) async fn regions(express: &Express) -> Regions {
            let rows = vec![$({
                let left = response!(express_served!(express, set_up!($options)), $wire, $show);
                let (here, ours) = row!($kind $b => $ours);
                let right = response!(served!(ours), $wire, $show);
                let changes = if left == right { "the same".to_owned() } else { right };
                vec![format!("`{}`", $options), here, $words.to_owned(), left, changes]
            }),*];
            let head = ["there", "here", "request", "there it gets", "here it gets"];
            Regions::from([("options".to_owned(), table(&head, &rows))])
        }
    };
}

macro_rules! row {
    (policy $b:ident => $ours:expr) => {{
        let $b = policy();
        (code(stringify!($ours), stringify!($b)), Cors::new($ours.build().expect(stringify!($ours))))
    }};
    (cors $b:ident => $ours:expr) => {{
        let $b = Cors::new(policy().build().expect("a policy"));
        (code(stringify!($ours), "").replace(stringify!($b), "Cors::new(policy)"), $ours)
    }};
}

/// A later option of the same name replaces the first.
macro_rules! set_up {
    ($options:literal) => {
        concat!("app.use(cors({ origin: ['https://app.example'], ", $options, " }))")
    };
}

rows! {
    "origin: ['https://app.example', 'https://b.example']",
        policy ours => ours.allow_origins(["https://app.example", "https://b.example"]), "`GET`", GET, &[ORIGIN];
    "origin: 'https://app.example, https://b.example'.split(',')",
        policy ours => ours.allow_origins_from("https://app.example, https://b.example"),
        "`GET` from `https://b.example`", GET_OTHER, &[ORIGIN];
    "origin: 'https://app.example'",
        policy ours => ours.allow_origins(["https://app.example"]), "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN];
    "origin: '*'", policy ours => ours.allow_origins(["*"]), "`GET`", GET, &[ORIGIN, "vary"];
    "origin: true", policy ours => ours.allow_origins(["*"]), "`GET`", GET, &[ORIGIN, "vary"];
    "origin: 'https://*.example.com'", policy ours => ours.allow_origins(["https://*.example.com"]),
        "`GET` from `https://a.example.com`", GET_SUBDOMAIN, &[ORIGIN];
    "origin: /^https:\\/\\/[a-z]+\\.example\\.com$/", policy ours => ours.allow_origins(["https://*.example.com"]),
        "`GET` from `https://a.example.com`", GET_SUBDOMAIN, &[ORIGIN];
    "origin: (origin, callback) => callback(null, origin === 'https://evil.example')",
        cors ours => ours.allow_origins_if("a name", |origin, _| origin.as_str() == "https://evil.example"),
        "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN];
    "origin: (origin, callback) => callback(new Error('not allowed'))",
        cors ours => ours.reject_disallowed_origins(), "`GET` from `https://evil.example`", GET_EVIL, &[ORIGIN];
    "methods: ['GET', 'PUT']", policy ours => ours.allow_methods(["PUT"]), "preflight", PREFLIGHT, &[METHODS];
    "methods: '*'", policy ours => ours.allow_methods(["*"]), "preflight", PREFLIGHT, &[METHODS];
    "allowedHeaders: ['x-a', 'content-type']", policy ours => ours.allow_headers(["x-a", "content-type"]),
        "preflight", PREFLIGHT, &[HEADERS];
    "allowedHeaders: undefined", policy ours => ours.allow_headers(["*"]), "preflight", PREFLIGHT, &[HEADERS];
    "exposedHeaders: ['x-total']", policy ours => ours.expose_headers(["x-total"]), "`GET`", GET, &[EXPOSED];
    "exposedHeaders: '*', credentials: true", policy ours => ours.expose_headers(["*"]).allow_credentials(),
        "`GET`", GET, &[EXPOSED];
    "credentials: true", policy ours => ours.allow_credentials(), "`GET`", GET, &[CREDENTIALS];
    "credentials: true", policy ours => ours.allow_credentials(),
        "`GET` from `https://evil.example`", GET_EVIL, &[CREDENTIALS];
    "maxAge: 3600", policy ours => ours.max_age(Duration::from_secs(3600)), "preflight", PREFLIGHT, &[MAX_AGE];
    "optionsSuccessStatus: 200", cors ours => ours.preflight_status(200), "preflight", PREFLIGHT, &[ORIGIN];
    "preflightContinue: true", cors ours => ours.forward_preflights(),
        "preflight, and the handler responds with 200", PREFLIGHT, &["x-total"];
}
