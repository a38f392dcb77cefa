//! What goes beyond publishing a policy: rejecting requests from origins that are not allowed, preflights that the
//! application responds to, another status for preflights. Where a handler runs, it says so in the body.

mod common;

use std::panic::catch_unwind;

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorUnauthorized,
    http::Method,
    middleware::{Next, from_fn},
    web,
};
use actix_web_cors::{Cors, LivePolicy, Policy};
use common::{
    Headers, Received, Row, Serving, Table, serve, serve_with,
    wire::{Wire, ask_h2},
};

const APP: (&str, &str) = ("origin", "https://app.example.com");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const NULL: (&str, &str) = ("origin", "null");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const BY_THE_USER: (&str, &str) = ("sec-fetch-site", "none");

/// Of a request from an allowed origin, where others are rejected.
const ALLOWED: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: etag",
    "vary: origin, sec-fetch-site",
];
/// Of a request that is rejected, or that passes without being allowed by the policy.
const REJECTED: &[&str] = &["vary: origin, sec-fetch-site"];
const PASSED: &[&str] = REJECTED;
const GRANTED: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-headers: content-type",
    "access-control-allow-methods: PUT",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 600",
    "vary: origin, access-control-request-method",
];
const REFUSED: &[&str] = &["vary: origin, access-control-request-method"];
const NO_STORE: &[&str] = &["cache-control: no-store"];

fn policy() -> Policy {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .expose_headers(["etag"])
        .allow_credentials()
        .max_age(std::time::Duration::from_secs(600))
        .build();
    policy.expect("a valid policy")
}

/// Every path responds to every method.
fn routes(config: &mut web::ServiceConfig) {
    config.default_service(web::to(|| async { "ran" }));
}

fn get(name: &'static str, headers: Headers) -> Row {
    Row::new(name, "GET", "/", headers)
}

fn post(name: &'static str, headers: Headers) -> Row {
    Row::new(name, "POST", "/", headers)
}

fn preflight(name: &'static str, path: &'static str, headers: Headers) -> Row {
    Row::new(name, "OPTIONS", path, headers)
}

// ---- reject_disallowed_origins ----

#[actix_web::test]
async fn rejecting() {
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(policy()).reject_disallowed_origins()));
    #[rustfmt::skip]
    let rows = [
        get("GET: not allowed", &[EVIL]).gets(403, REJECTED).body(""),
        post("POST: not allowed", &[EVIL]).gets(403, REJECTED).body(""),
        Row::new("HEAD: not allowed", "HEAD", "/", &[EVIL]).gets(403, REJECTED).body(""),
        Row::new("an ordinary OPTIONS: not allowed", "OPTIONS", "/", &[EVIL]).gets(403, &["vary: origin, access-control-request-method, sec-fetch-site"]).body(""),
        get("GET: allowed", &[APP]).gets(200, ALLOWED).body("ran"),
        post("POST: allowed", &[APP]).gets(200, ALLOWED).body("ran"),
        post("allowed, from another site", &[APP, CROSS_SITE]).gets(200, ALLOWED).body("ran"),
        get("GET: no Origin", &[]).gets(200, PASSED).body("ran"),
        post("POST: no Origin", &[]).gets(200, PASSED).body("ran"),
        get("no Origin, from another site: a link, an image", &[CROSS_SITE]).gets(200, PASSED).body("ran"),

        post("Sec-Fetch-Site: same-origin", &[EVIL, SAME_ORIGIN]).gets(200, PASSED).body("ran"),
        post("Sec-Fetch-Site: none", &[EVIL, BY_THE_USER]).gets(200, PASSED).body("ran"),
        post("Sec-Fetch-Site: same-site", &[EVIL, SAME_SITE]).gets(403, REJECTED).body(""),
        post("Sec-Fetch-Site: cross-site", &[EVIL, CROSS_SITE]).gets(403, REJECTED).body(""),
        post("Sec-Fetch-Site: unheard of", &[EVIL, ("sec-fetch-site", "same-planet")]).gets(403, REJECTED).body(""),
        post("Sec-Fetch-Site: empty", &[EVIL, ("sec-fetch-site", "")]).gets(403, REJECTED).body(""),
        post("Sec-Fetch-Site: in capitals", &[EVIL, ("sec-fetch-site", "Same-Origin")]).gets(403, REJECTED).body(""),
        post("Sec-Fetch-Site: two lines", &[EVIL, SAME_ORIGIN, SAME_ORIGIN]).gets(403, REJECTED).body(""),

        post("Origin: null", &[NULL]).gets(403, REJECTED).body(""),
        post("Origin: null, from another site", &[NULL, CROSS_SITE]).gets(403, REJECTED).body(""),
        post("Origin: null, of the same origin: a form without referrer", &[NULL, SAME_ORIGIN]).gets(200, PASSED).body("ran"),
        post("Origin: empty", &[("origin", "")]).gets(403, REJECTED).body(""),
        post("Origin: two, both allowed", &[APP, APP]).gets(403, REJECTED).body(""),
        post("Origin: two in one line", &[("origin", "https://app.example.com, https://evil.example")]).gets(403, REJECTED).body(""),

        preflight("preflight: allowed", "/", &[APP, PUT]).gets(204, GRANTED).body(""),
        preflight("preflight: not allowed", "/", &[EVIL, PUT]).gets(403, REFUSED).body(""),
        preflight("preflight: is never same-origin", "/", &[EVIL, PUT, SAME_ORIGIN]).gets(403, REFUSED).body(""),
    ];
    let mut table = Table::default();
    table.ask(&server, &rows).await;
    table.finish();
}

/// Where a browser doesn't say `Sec-Fetch-Site`, origin and `Host` are compared. The scheme is not: TLS may end at a proxy.
#[actix_web::test]
async fn same_origin_by_host() {
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(policy()).reject_disallowed_origins()));
    let mut table = Table::default();
    #[rustfmt::skip]
    let rows: &[(&str, &[&str], u16)] = &[
        ("https", &["host: api.example.com", "origin: https://api.example.com"], 200),
        ("http", &["host: api.example.com", "origin: http://api.example.com"], 200),
        ("a port", &["host: api.example.com:8443", "origin: https://api.example.com:8443"], 200),
        ("a port over http", &["host: localhost:8080", "origin: http://localhost:8080"], 200),
        ("an IPv4 address", &["host: 127.0.0.1:8080", "origin: http://127.0.0.1:8080"], 200),
        ("an IPv6 address", &["host: [::1]:8080", "origin: http://[::1]:8080"], 200),
        ("https, its port written out", &["host: api.example.com:443", "origin: https://api.example.com"], 200),
        ("http, its port written out", &["host: api.example.com:80", "origin: http://api.example.com"], 200),
        ("a host in capitals", &["host: API.Example.com", "origin: https://api.example.com"], 200),
        ("Sec-Fetch-Site goes before Host", &["host: api.example.com", "origin: https://api.example.com", "sec-fetch-site: cross-site"], 403),

        ("another port", &["host: api.example.com:8443", "origin: https://api.example.com:8444"], 403),
        ("a port, and none", &["host: api.example.com:8443", "origin: https://api.example.com"], 403),
        ("none, and a port", &["host: api.example.com", "origin: https://api.example.com:8443"], 403),
        ("http's port is none of https", &["host: api.example.com:80", "origin: https://api.example.com"], 403),
        ("https's port is none of http", &["host: api.example.com:443", "origin: http://api.example.com"], 403),
        ("another subdomain", &["host: api.example.com", "origin: https://www.example.com"], 403),
        ("Origin: null", &["host: api.example.com", "origin: null"], 403),
        ("Origin: null, and a host of that name", &["host: null", "origin: null"], 403),
        ("two Origins", &["host: api.example.com", "origin: https://api.example.com", "origin: https://api.example.com"], 403),

        ("spoof: the host begins the origin's", &["host: a", "origin: http://a.evil"], 403),
        ("spoof: the host ends the origin's", &["host: example.com", "origin: https://evil-example.com"], 403),
        ("spoof: the origin begins the host's", &["host: a.evil", "origin: http://a"], 403),
        ("spoof: userinfo", &["host: api.example.com", "origin: https://api.example.com@evil.example"], 403),
        ("spoof: userinfo in Host", &["host: x@api.example.com", "origin: https://api.example.com"], 403),
        ("spoof: a path", &["host: api.example.com", "origin: https://api.example.com/"], 403),
        ("spoof: another scheme", &["host: api.example.com", "origin: ftp://api.example.com"], 403),
        ("spoof: no scheme", &["host: api.example.com", "origin: api.example.com"], 403),
        ("spoof: nothing but a scheme, and no host", &["host:", "origin: https://"], 403),
        ("spoof: nothing but a port", &["host: :443", "origin: https://"], 403),
        ("spoof: X-Forwarded-Host is not asked", &["host: api.example.com", "x-forwarded-host: evil.example", "origin: https://evil.example"], 403),
        ("spoof: nor is Forwarded", &["host: api.example.com", "forwarded: host=evil.example", "origin: https://evil.example"], 403),
    ];
    for (name, lines, status) in rows {
        let mut wire = Wire::connect(&server).await;
        let received = wire.ask("POST", "/", lines).await.map(|response| response.into_received(&[]));
        let body = if *status == 200 { "ran" } else { "" }.to_owned();
        let lines = PASSED.iter().map(ToString::to_string).collect();
        table.row(name, &received, &Some(Received { status: *status, lines, body }));
    }

    // A server may refuse two Hosts itself; what it may not do is to take the one that fits.
    let mut wire = Wire::connect(&server).await;
    let two_hosts = ["host: api.example.com", "host: evil.example", "origin: https://evil.example"];
    let received = wire.ask("POST", "/", &two_hosts).await.map(|response| response.into_received(&[]));
    let refused =
        received.is_some_and(|received| matches!(received.status, 400 | 403) && received.body.is_empty());
    table.row("spoof: two Hosts", &refused, &true);

    // The target's host is the one that counts (RFC 9112, section 3.2.2).
    let mut wire = Wire::connect(&server).await;
    let lines = ["host: api.example.com", "origin: https://api.example.com"];
    let received = wire.ask("POST", "http://other.example.com/", &lines).await;
    let received = received.map(|response| (response.status, response.body));
    table.row("spoof: a Host that the target contradicts", &received, &Some((403, Vec::new())));

    let mut wire = Wire::connect(&server).await;
    wire.send("GET / HTTP/1.0\r\norigin: https://api.example.com\r\n\r\n").await;
    let received = wire.receive(false).await.map(|response| (response.status, response.body));
    table.row("HTTP/1.0 without Host", &received, &Some((403, Vec::new())));
    table.finish();
}

/// In HTTP/2 the host stands in `:authority`.
#[actix_web::test]
async fn same_origin_by_authority() {
    let server = serve_with(Serving { workers: 1, h2c: true }, || {
        App::new().configure(routes).wrap(Cors::new(policy()).reject_disallowed_origins())
    });
    let mut table = Table::default();
    for (name, base, origin, status) in [
        ("the same", "http://api.example.com", "http://api.example.com", 200),
        ("https, as behind a proxy", "http://api.example.com", "https://api.example.com", 200),
        ("a port", "http://api.example.com:8080", "http://api.example.com:8080", 200),
        ("another port", "http://api.example.com:8080", "http://api.example.com:8081", 403),
        ("another host", "http://api.example.com", "https://evil.example", 403),
        ("a longer one", "http://a", "http://a.evil", 403),
        ("null", "http://api.example.com", "null", 403),
    ] {
        let received = ask_h2(&server, base, "POST", "/", &[("origin", origin)]).await;
        let body = if status == 200 { "ran" } else { "" }.to_owned();
        let lines = PASSED.iter().map(ToString::to_string).collect();
        table.row(name, &received, &Received { status, lines, body });
    }
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
    let received = ask_h2(&server, "http://api.example.com", "POST", "/", &[APP]).await;
    table.row("allowed", &received, &Received { status: 200, lines: lines(ALLOWED), body: "ran".to_owned() });
    // RFC 9113, section 8.3.1: `:authority` is the one that counts.
    let headers = [("host", "evil.example"), EVIL];
    let received = ask_h2(&server, "http://api.example.com", "POST", "/", &headers).await;
    table.row(
        "spoof: a Host that :authority contradicts",
        &(received.status, received.body),
        &(403, String::new()),
    );
    table.finish();
}

#[actix_web::test]
async fn rejecting_by_other_policies() {
    const PUBLIC: &[&str] = &["access-control-allow-origin: *"];
    const PUBLIC_GRANTED: &[&str] = &[
        "access-control-allow-headers: *, authorization",
        "access-control-allow-methods: *",
        "access-control-allow-origin: *",
        "vary: origin, access-control-request-method",
    ];

    let mut table = Table::default();
    let server = serve(|| {
        App::new().configure(routes).wrap(Cors::new(Policy::any_origin()).reject_disallowed_origins())
    });
    #[rustfmt::skip]
    let rows = [
        post("any origin: nobody is rejected", &[EVIL, CROSS_SITE]).gets(200, PUBLIC).body("ran"),
        post("any origin: nor is null", &[NULL]).gets(200, PUBLIC).body("ran"),
        post("any origin: nor are two", &[EVIL, APP]).gets(200, PUBLIC).body("ran"),
        get("any origin: nor is none", &[]).gets(200, PUBLIC).body("ran"),
        preflight("any origin: preflight", "/", &[EVIL, PUT]).gets(204, PUBLIC_GRANTED).body(""),
    ];
    table.ask(&server, &rows).await;

    let server = serve(|| {
        App::new().configure(routes).wrap(Cors::new(Policy::deny_all()).reject_disallowed_origins())
    });
    #[rustfmt::skip]
    let rows = [
        post("deny all: every origin is rejected", &[APP]).gets(403, REJECTED).body(""),
        post("deny all: the same origin passes", &[APP, SAME_ORIGIN]).gets(200, PASSED).body("ran"),
        get("deny all: no Origin passes", &[]).gets(200, PASSED).body("ran"),
        preflight("deny all: preflight", "/", &[APP, PUT]).gets(403, REFUSED).body(""),
    ];
    table.ask(&server, &rows).await;

    let live = LivePolicy::new(Policy::deny_all());
    let server = serve({
        let live = live.clone();
        move || App::new().configure(routes).wrap(Cors::new(live.clone()).reject_disallowed_origins())
    });
    table.ask(&server, &[post("live: before", &[APP]).gets(403, REJECTED).body("")]).await;
    live.replace(policy());
    table.ask(&server, &[post("live: after", &[APP]).gets(200, ALLOWED).body("ran")]).await;

    // It is not known which origins the source would have allowed, so what would be rejected gets a 503, and nothing is allowed.
    let server = serve(|| {
        let cors = Cors::per_request(|request| match request.path() {
            "/none" => Ok(None::<Policy>),
            _ => Err("the database is down"),
        });
        App::new().configure(routes).wrap(cors.ignores_origin().reject_disallowed_origins())
    });
    #[rustfmt::skip]
    let rows = [
        post("a failing source: any origin", &[APP]).gets(503, REJECTED).also(NO_STORE).body(""),
        post("a failing source: another site", &[EVIL, CROSS_SITE]).gets(503, REJECTED).also(NO_STORE).body(""),
        post("a failing source: the same origin passes", &[EVIL, SAME_ORIGIN]).gets(200, PASSED).body("ran"),
        get("a failing source: no Origin passes", &[]).gets(200, PASSED).body("ran"),
        preflight("a failing source: preflight", "/", &[APP, PUT]).gets(503, REFUSED).also(NO_STORE).body(""),
        Row::new("a source that returns none rejects nothing", "POST", "/none", &[EVIL, CROSS_SITE]).gets(200, &[]).body("ran"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

// ---- preflights ----

async fn options() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("allow", "GET, PUT"))
        .insert_header(("vary", "accept"))
        .insert_header(("access-control-allow-origin", "*"))
        .insert_header(("access-control-allow-private-network", "true"))
        .body("ran")
}

async fn refuse(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(ErrorUnauthorized("ran"))
}

#[actix_web::test]
async fn forwarding_preflights() {
    fn routes(config: &mut web::ServiceConfig) {
        config
            .route("/", web::method(Method::OPTIONS).to(options))
            .route("/", web::get().to(|| async { "ran" }))
            .route("/202", web::method(Method::OPTIONS).to(HttpResponse::Accepted))
            .route("/get-only", web::get().to(|| async { "ran" }))
            .service(web::resource("/405").route(web::get().to(|| async { "ran" })))
            .service(web::resource("/err").wrap(from_fn(refuse)).route(web::to(options)));
    }
    const MERGED: &[&str] = &[
        GRANTED[0],
        GRANTED[1],
        GRANTED[2],
        GRANTED[3],
        GRANTED[4],
        "vary: accept, origin, access-control-request-method",
    ];
    const ACTUAL: &[&str] = &[ALLOWED[0], ALLOWED[1], ALLOWED[2], "vary: origin"];
    const ALLOW: &[&str] = &["allow: GET, PUT"];

    let mut table = Table::default();
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(policy()).forward_preflights()));
    #[rustfmt::skip]
    let rows = [
        preflight("the handler responds, the policy's headers are added", "/", &[APP, PUT]).gets(200, MERGED).also(ALLOW).body("ran"),
        preflight("the handler's own status", "/202", &[APP, PUT]).gets(202, GRANTED).body(""),
        preflight("no handler for OPTIONS: its 404", "/get-only", &[APP, PUT]).gets(404, GRANTED).body(""),
        preflight("no handler for OPTIONS: its 405", "/405", &[APP, PUT]).gets(405, GRANTED).body(""),
        preflight("an inner middleware's error", "/err", &[APP, PUT]).gets(401, GRANTED).body("ran"),
        preflight("refused: no handler runs", "/", &[EVIL, PUT]).gets(403, REFUSED).body(""),
        preflight("refused: nor does a middleware", "/err", &[EVIL, PUT]).gets(403, REFUSED).body(""),
        get("an ordinary request", &[APP]).gets(200, ACTUAL).body("ran"),
    ];
    table.ask(&server, &rows).await;

    let server = serve(|| {
        let cors = Cors::new(policy()).forward_preflights().preflight_status(200);
        App::new().configure(routes).wrap(cors)
    });
    #[rustfmt::skip]
    let rows = [
        preflight("with preflight_status: the handler's status is kept", "/202", &[APP, PUT]).gets(202, GRANTED).body(""),
        preflight("with preflight_status: refused", "/", &[EVIL, PUT]).gets(403, REFUSED).body(""),
    ];
    table.ask(&server, &rows).await;

    let server = serve(|| {
        let cors = Cors::per_request(|_| Err::<Policy, _>("the database is down"));
        App::new().configure(routes).wrap(cors.forward_preflights())
    });
    let row = preflight("a failing source: no handler runs", "/", &[APP, PUT]).gets(503, REFUSED).body("");
    table.ask(&server, &[row.also(NO_STORE)]).await;
    table.finish();
}

#[actix_web::test]
async fn preflight_status() {
    let mut table = Table::default();
    for (name, status) in [("200", 200), ("204", 204), ("the last that is ok", 299)] {
        let server =
            serve(move || App::new().configure(routes).wrap(Cors::new(policy()).preflight_status(status)));
        table.ask(&server, &[preflight(name, "/", &[APP, PUT]).gets(status, GRANTED).body("")]).await;
        let row = preflight("refused all the same", "/", &[EVIL, PUT]);
        table.ask(&server, &[row.gets(403, REFUSED).body("")]).await;
        let row = preflight("an ordinary OPTIONS has the handler's", "/", &[EVIL]);
        table
            .ask(&server, &[row.gets(200, &["vary: origin, access-control-request-method"]).body("ran")])
            .await;
    }
    // A body of no length is said to be one: old clients that choke on 204 wait for it otherwise.
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(policy()).preflight_status(200)));
    let row = preflight("200 says that there is no body", "/", &[APP, PUT]).gets(200, GRANTED);
    table.ask(&server, &[row.also(&["content-length: 0"])]).await;

    for status in [0, 100, 199, 300, 404, 1000] {
        let panic = catch_unwind(|| Cors::new(policy()).preflight_status(status)).map(drop);
        let message = panic.map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default());
        let expected = format!(
            "preflight_status({status}) is not from 200 to 299, so browsers would treat every preflight as refused; write 204 or 200"
        );
        table.row(&format!("{status} is refused where it is written"), &message, &Err(expected));
    }
    table.finish();
}
