//! How a request gets its response, over real sockets: every rule is a row. A response's CORS lines are compared whole, so that
//! a line too many is as wrong as a line too few.

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    App, Error, HttpResponse, Responder,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::{ErrorImATeapot, ErrorUnauthorized},
    middleware::{Next, from_fn},
    web,
};
use actix_web_cors::{Cors, Policy};
use common::{Received, Table, ask, serve};

const APP: (&str, &str) = ("origin", "https://app.example.com");
const PREVIEW: (&str, &str) = ("origin", "https://pr-7.preview.example.com");
const EVIL: (&str, &str) = ("origin", "https://app.example.com.evil.example");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");
const NAMES: (&str, &str) = ("access-control-request-headers", "content-type,x-request-id");

/// Origins, methods, headers, credentials, max-age.
fn full() -> Policy {
    Policy::builder()
        .allow_origins(["https://app.example.com", "https://*.preview.example.com", "http://localhost:*"])
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type", "x-request-id"])
        .expose_headers(["etag", "x-total"])
        .allow_credentials()
        .max_age(std::time::Duration::from_secs(600))
        .build()
        .expect("a valid policy")
}

/// Any origin, and names that script may read.
fn public() -> Policy {
    Policy::builder()
        .allow_origins(["*"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .expose_headers(["*"])
        .build()
        .expect("a valid policy")
}

/// Any method and header, with credentials: what has to be echoed.
fn echoing() -> Policy {
    Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

/// All of the response's headers, with credentials.
fn exposing() -> Policy {
    Policy::builder()
        .allow_origin("https://app.example.com")
        .expose_headers(["*"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

fn one_liner() -> Policy {
    Policy::allow_origin("https://app.example.com").expect("a valid policy")
}

struct Row {
    name: &'static str,
    policy: fn() -> Policy,
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    status: u16,
    handler_runs: bool,
    lines: &'static [&'static str],
}

const FULL_ACTUAL: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: etag, x-total",
    "vary: origin",
];
const FULL_PREFLIGHT: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-headers: content-type, x-request-id",
    "access-control-allow-methods: PUT, DELETE",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 600",
    "vary: origin, access-control-request-method",
];
const VARY_ONLY: &[&str] = &["vary: origin"];
const PREFLIGHT_REFUSED: &[&str] = &["vary: origin, access-control-request-method"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // any origin
    Row { name: "any origin: `*`, no Vary", policy: public, method: "GET", path: "/", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-origin: *", "access-control-expose-headers: *"] },
    Row { name: "any origin: also without Origin, for caches", policy: public, method: "GET", path: "/", headers: &[], status: 200, handler_runs: true,
        lines: &["access-control-allow-origin: *", "access-control-expose-headers: *"] },
    Row { name: "any origin: Origin is not examined", policy: public, method: "GET", path: "/", headers: &[("origin", "null"), ("origin", "?")], status: 200, handler_runs: true,
        lines: &["access-control-allow-origin: *", "access-control-expose-headers: *"] },
    Row { name: "any origin: preflight, `authorization` listed next to `*`", policy: public, method: "OPTIONS", path: "/", headers: &[APP, PUT], status: 204, handler_runs: false,
        lines: &["access-control-allow-headers: *, authorization", "access-control-allow-methods: *", "access-control-allow-origin: *", "vary: origin, access-control-request-method"] },
    // no origin
    Row { name: "no Origin: handler runs, Vary", policy: full, method: "GET", path: "/", headers: &[], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "no Origin: OPTIONS with a request method is not a preflight", policy: full, method: "OPTIONS", path: "/", headers: &[PUT], status: 200, handler_runs: true, lines: PREFLIGHT_REFUSED },
    // preflight
    Row { name: "preflight: the whole policy", policy: full, method: "OPTIONS", path: "/", headers: &[APP, PUT, NAMES], status: 204, handler_runs: false, lines: FULL_PREFLIGHT },
    Row { name: "preflight: the same whatever it asks for", policy: full, method: "OPTIONS", path: "/", headers: &[APP, ("access-control-request-method", "PATCH")], status: 204, handler_runs: false, lines: FULL_PREFLIGHT },
    Row { name: "preflight: for a path that has no route", policy: full, method: "OPTIONS", path: "/nowhere", headers: &[APP, PUT], status: 204, handler_runs: false, lines: FULL_PREFLIGHT },
    Row { name: "preflight: by pattern", policy: full, method: "OPTIONS", path: "/", headers: &[PREVIEW, PUT], status: 204, handler_runs: false,
        lines: &["access-control-allow-credentials: true", "access-control-allow-headers: content-type, x-request-id", "access-control-allow-methods: PUT, DELETE",
            "access-control-allow-origin: https://pr-7.preview.example.com", "access-control-max-age: 600", "vary: origin, access-control-request-method"] },
    Row { name: "preflight: origin not allowed", policy: full, method: "OPTIONS", path: "/", headers: &[EVIL, PUT], status: 403, handler_runs: false, lines: PREFLIGHT_REFUSED },
    Row { name: "preflight: Origin null", policy: full, method: "OPTIONS", path: "/", headers: &[("origin", "null"), PUT], status: 403, handler_runs: false, lines: PREFLIGHT_REFUSED },
    Row { name: "preflight: two Origins", policy: full, method: "OPTIONS", path: "/", headers: &[APP, APP, PUT], status: 403, handler_runs: false, lines: PREFLIGHT_REFUSED },
    Row { name: "preflight: nothing is allowed", policy: Policy::deny_all, method: "OPTIONS", path: "/", headers: &[APP, PUT], status: 403, handler_runs: false, lines: PREFLIGHT_REFUSED },
    Row { name: "preflight: `*` methods and headers without credentials", policy: one_liner, method: "OPTIONS", path: "/", headers: &[APP, PUT, NAMES], status: 204, handler_runs: false,
        lines: &["access-control-allow-headers: *, authorization", "access-control-allow-methods: *", "access-control-allow-origin: https://app.example.com", "vary: origin, access-control-request-method"] },
    Row { name: "preflight: `*` with credentials is echoed", policy: echoing, method: "OPTIONS", path: "/", headers: &[APP, PUT, NAMES], status: 204, handler_runs: false,
        lines: &["access-control-allow-credentials: true", "access-control-allow-headers: content-type,x-request-id", "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com", "vary: origin, access-control-request-method, access-control-request-headers"] },
    Row { name: "preflight: `*` with credentials, names split over lines", policy: echoing, method: "OPTIONS", path: "/", headers: &[APP, PUT, ("access-control-request-headers", "a"), ("access-control-request-headers", "b")], status: 204, handler_runs: false,
        lines: &["access-control-allow-credentials: true", "access-control-allow-headers: a, b", "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com", "vary: origin, access-control-request-method, access-control-request-headers"] },
    Row { name: "preflight: `*` with credentials, what is not a name is not echoed", policy: echoing, method: "OPTIONS", path: "/", headers: &[APP, ("access-control-request-method", "P T"), ("access-control-request-headers", "a b")], status: 204, handler_runs: false,
        lines: &["access-control-allow-credentials: true", "access-control-allow-methods: GET, HEAD, POST", "access-control-allow-origin: https://app.example.com", "vary: origin, access-control-request-method, access-control-request-headers"] },
    // ordinary OPTIONS
    Row { name: "OPTIONS without a request method is an ordinary request, but not to a cache", policy: full, method: "OPTIONS", path: "/", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: etag, x-total", "vary: origin, access-control-request-method"] },
    Row { name: "any origin: OPTIONS without a request method", policy: public, method: "OPTIONS", path: "/", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-origin: *", "access-control-expose-headers: *", "vary: origin, access-control-request-method"] },
    Row { name: "any origin: OPTIONS with a request method, but no Origin", policy: public, method: "OPTIONS", path: "/", headers: &[PUT], status: 200, handler_runs: true,
        lines: &["access-control-allow-origin: *", "access-control-expose-headers: *", "vary: origin, access-control-request-method"] },
    // allowed
    Row { name: "allowed: exact", policy: full, method: "GET", path: "/", headers: &[APP], status: 200, handler_runs: true, lines: FULL_ACTUAL },
    Row { name: "allowed: method is not looked at", policy: full, method: "PATCH", path: "/", headers: &[APP], status: 200, handler_runs: true, lines: FULL_ACTUAL },
    Row { name: "allowed: any port", policy: full, method: "GET", path: "/", headers: &[("origin", "http://localhost:5173")], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: http://localhost:5173", "access-control-expose-headers: etag, x-total", "vary: origin"] },
    Row { name: "allowed: the handler's error", policy: full, method: "GET", path: "/error", headers: &[APP], status: 418, handler_runs: true, lines: FULL_ACTUAL },
    Row { name: "allowed: an extractor's error", policy: full, method: "GET", path: "/number/x", headers: &[APP], status: 404, handler_runs: false, lines: FULL_ACTUAL },
    Row { name: "allowed: an inner middleware's error", policy: full, method: "GET", path: "/locked", headers: &[APP], status: 401, handler_runs: false, lines: FULL_ACTUAL },
    Row { name: "allowed: no route", policy: full, method: "GET", path: "/nowhere", headers: &[APP], status: 404, handler_runs: false, lines: FULL_ACTUAL },
    Row { name: "allowed: hand-set headers are replaced, Vary is merged", policy: full, method: "GET", path: "/by-hand", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: etag, x-total", "vary: Accept-Encoding, Accept, origin"] },
    Row { name: "allowed: Vary that names Origin stays as it is", policy: full, method: "GET", path: "/varies", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: etag, x-total", "vary: accept, ORIGIN"] },
    // all headers exposed, with credentials
    Row { name: "exposed by name: the response's own, without cookies and what the connection needs", policy: exposing, method: "GET", path: "/own", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: etag, vary, x-total", "vary: origin"] },
    Row { name: "exposed by name: not on 304, from which caches would keep the list", policy: exposing, method: "GET", path: "/own/304", headers: &[APP], status: 304, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "vary: origin"] },
    Row { name: "exposed by name: nothing to another origin", policy: exposing, method: "GET", path: "/own", headers: &[EVIL], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "exposed by name: an error", policy: exposing, method: "GET", path: "/locked", headers: &[APP], status: 401, handler_runs: false,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: vary", "vary: origin"] },
    Row { name: "exposed by name: hand-set headers are not named", policy: exposing, method: "GET", path: "/by-hand", headers: &[APP], status: 200, handler_runs: true,
        lines: &["access-control-allow-credentials: true", "access-control-allow-origin: https://app.example.com", "access-control-expose-headers: vary", "vary: Accept-Encoding, Accept, origin"] },
    // not allowed
    Row { name: "not allowed: handler runs, no CORS header", policy: full, method: "GET", path: "/", headers: &[EVIL], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: the pattern's apex", policy: full, method: "GET", path: "/", headers: &[("origin", "https://preview.example.com")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: another case", policy: full, method: "GET", path: "/", headers: &[("origin", "https://APP.example.com")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: another scheme", policy: full, method: "GET", path: "/", headers: &[("origin", "http://app.example.com")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: two Origins", policy: full, method: "GET", path: "/", headers: &[APP, APP], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: an Origin that is none", policy: full, method: "GET", path: "/", headers: &[("origin", "https://app.example.com, https://b.example")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: null", policy: full, method: "GET", path: "/", headers: &[("origin", "null")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: empty", policy: full, method: "GET", path: "/", headers: &[("origin", "")], status: 200, handler_runs: true, lines: VARY_ONLY },
    Row { name: "not allowed: an inner middleware's error", policy: full, method: "GET", path: "/locked", headers: &[EVIL], status: 401, handler_runs: false, lines: VARY_ONLY },
    Row { name: "not allowed: hand-set headers are taken away", policy: full, method: "GET", path: "/by-hand", headers: &[EVIL], status: 200, handler_runs: true, lines: &["vary: Accept-Encoding, Accept, origin"] },
    Row { name: "not allowed: nothing is", policy: Policy::deny_all, method: "GET", path: "/", headers: &[APP], status: 200, handler_runs: true, lines: VARY_ONLY },
];

#[actix_web::test]
async fn every_row_of_the_response_table() {
    let mut table = Table::default();
    for row in ROWS {
        let (policy, ran) = ((row.policy)(), Arc::new(AtomicBool::new(false)));
        let server = {
            let ran = web::Data::from(Arc::clone(&ran));
            serve(move || App::new().app_data(ran.clone()).configure(routes).wrap(Cors::new(policy.clone())))
        };
        let Received { status, lines, .. } =
            ask(&format!("{}{}", server.url, row.path), row.method, row.headers).await;
        let expected = row.lines.iter().map(|&line| line.to_owned()).collect();
        table.row(
            row.name,
            &(status, ran.load(Ordering::Relaxed), lines),
            &(row.status, row.handler_runs, expected),
        );
    }
    table.finish();
}

/// The status and body that the application gives are untouched.
#[actix_web::test]
async fn an_inner_error_keeps_its_status_and_body() {
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(one_liner())));
    let received = ask(&format!("{}/locked", server.url), "GET", &[APP]).await;
    assert_eq!((received.status, received.body.as_str()), (401, "who are you?"));
}

/// `Scope` and `Resource` see preflights too.
#[actix_web::test]
async fn it_wraps_an_app_a_scope_and_a_resource() {
    let server = serve(|| {
        App::new()
            .service(
                web::scope("/scope")
                    .wrap(Cors::new(one_liner()))
                    .route("/x", web::get().to(HttpResponse::Ok)),
            )
            .service(
                web::resource("/resource")
                    .wrap(Cors::new(one_liner()))
                    .route(web::get().to(HttpResponse::Ok)),
            )
    });
    let mut table = Table::default();
    for (name, path, method, expected) in [
        ("scope, preflight", "/scope/x", "OPTIONS", (204, true)),
        ("scope, request", "/scope/x", "GET", (200, true)),
        ("resource, preflight", "/resource", "OPTIONS", (204, true)),
        ("resource, request", "/resource", "GET", (200, true)),
        ("elsewhere", "/", "OPTIONS", (404, false)),
    ] {
        let headers: &[_] = if method == "OPTIONS" { &[APP, PUT] } else { &[APP] };
        let received = ask(&format!("{}{path}", server.url), method, headers).await;
        let allowed =
            received.lines.contains(&"access-control-allow-origin: https://app.example.com".to_owned());
        table.row(name, &(received.status, allowed), &expected);
    }
    table.finish();
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::to(hello))
        .route("/error", web::to(failing))
        .route("/number/{number}", web::to(number))
        .route("/by-hand", web::to(by_hand))
        .route("/varies", web::to(varies))
        .route("/own", web::to(own))
        .route("/own/304", web::to(not_modified))
        .service(web::resource("/locked").wrap(from_fn(locked)).route(web::to(hello)));
}

type Ran = Option<web::Data<AtomicBool>>;

fn note(ran: &Ran) {
    if let Some(ran) = ran {
        ran.store(true, Ordering::Relaxed);
    }
}

async fn hello(ran: Ran) -> impl Responder {
    note(&ran);
    "hello"
}

async fn failing(ran: Ran) -> Result<HttpResponse, Error> {
    note(&ran);
    Err(ErrorImATeapot("short and stout"))
}

async fn number(number: web::Path<u32>, ran: Ran) -> impl Responder {
    note(&ran);
    number.to_string()
}

async fn by_hand(ran: Ran) -> impl Responder {
    note(&ran);
    HttpResponse::Ok()
        .append_header(("access-control-allow-origin", "*"))
        .append_header(("access-control-allow-origin", "https://b.example"))
        .append_header(("access-control-allow-private-network", "true"))
        .append_header(("vary", "Accept-Encoding"))
        .append_header(("vary", "Accept"))
        .finish()
}

async fn own(ran: Ran) -> HttpResponse {
    note(&ran);
    HttpResponse::Ok()
        .append_header(("x-total", "2"))
        .append_header(("etag", "\"a\""))
        .append_header(("content-type", "text/plain"))
        .append_header(("set-cookie", "session=secret"))
        .append_header(("keep-alive", "timeout=5"))
        .finish()
}

async fn not_modified(ran: Ran) -> HttpResponse {
    note(&ran);
    HttpResponse::NotModified().append_header(("etag", "\"a\"")).finish()
}

async fn varies(ran: Ran) -> impl Responder {
    note(&ran);
    HttpResponse::Ok().append_header(("vary", "accept, ORIGIN")).finish()
}

async fn locked(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(ErrorUnauthorized("who are you?"))
}
