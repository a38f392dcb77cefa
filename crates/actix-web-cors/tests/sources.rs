//! Where the policy for a request comes from: policies that are replaced while the server runs, closures that choose one,
//! sources that return none or fail. A response's CORS lines are compared whole.

mod common;

use std::{
    future::{Ready, poll_fn, ready},
    io,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorUnauthorized,
    http::header::{self, HeaderName},
    middleware::{Next, from_fn},
    rt, web,
};
use actix_web_cors::{Cors, InvalidPolicy, LivePolicy, Lookup, Policy, PolicySource, SourceError};
use common::{Headers, Received, Row, Running, Serving, Table, ask, serve, serve_with, wire::Wire};

const APP: (&str, &str) = ("origin", "https://app.example.com");
const TENANT: (&str, &str) = ("origin", "https://a.example.com");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");
const PREFLIGHT: Headers = &[APP, PUT];

const ACTUAL: &[&str] = &["access-control-allow-origin: https://app.example.com", "vary: origin"];
const GRANTED: &[&str] = &[
    "access-control-allow-headers: *, authorization",
    "access-control-allow-methods: *",
    "access-control-allow-origin: https://app.example.com",
    "vary: origin, access-control-request-method",
];
const VARY_ONLY: &[&str] = &["vary: origin"];
const REFUSED: &[&str] = &["vary: origin, access-control-request-method"];
const PUBLIC: &[&str] = &["access-control-allow-origin: *"];
const PUBLIC_GRANTED: &[&str] = &[
    "access-control-allow-headers: *, authorization",
    "access-control-allow-methods: *",
    "access-control-allow-origin: *",
    "vary: origin, access-control-request-method",
];
const BY_HAND: &[&str] = &[
    "access-control-allow-origin: https://by-hand.example",
    "access-control-expose-headers: by-hand",
    "vary: accept",
];
const NOTHING: &[&str] = &[];
const NO_STORE: &[&str] = &["cache-control: no-store"];
const CACHED: &[&str] = &["cache-control: public, max-age=3600"];

fn private() -> Policy {
    Policy::allow_origin("https://app.example.com").expect("a valid policy")
}

fn get(name: &'static str, path: &'static str, headers: Headers) -> Row {
    Row::new(name, "GET", path, headers)
}

fn preflight(name: &'static str, path: &'static str) -> Row {
    Row::new(name, "OPTIONS", path, PREFLIGHT)
}

/// Every path responds to every method; `/…/by-hand` with its own CORS headers.
fn routes(config: &mut web::ServiceConfig) {
    let cached = || async {
        HttpResponse::Ok().append_header(("cache-control", "public, max-age=3600")).body("cached")
    };
    let error = || async {
        let mut response = HttpResponse::ImATeapot();
        let response = response.append_header(("cache-control", "public, max-age=3600")).body("no");
        Err::<HttpResponse, _>(actix_web::error::InternalError::from_response("no", response))
    };
    config
        .route("/{which}/by-hand", web::to(by_hand))
        .route("/{which}/cached", web::to(cached))
        .route("/{which}/error", web::to(error))
        .default_service(web::to(|| async { "hello" }));
}

async fn by_hand() -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for line in BY_HAND {
        response.append_header(line.split_once(": ").expect("a header line"));
    }
    response.body("by hand")
}

#[actix_web::test]
async fn a_live_policy() {
    let live = LivePolicy::new(Policy::deny_all());
    let server = serve({
        let live = live.clone();
        move || App::new().configure(routes).wrap(Cors::new(live.clone()))
    });
    let mut wire = Wire::connect(&server).await;
    let mut table = Table::default();
    for (name, policy, actual, preflight) in [
        ("at first", None, (200, VARY_ONLY), (403, REFUSED)),
        ("the first replacement", Some(private()), (200, ACTUAL), (204, GRANTED)),
        ("the second", Some(Policy::any_origin()), (200, PUBLIC), (204, PUBLIC_GRANTED)),
        ("and closed again", Some(Policy::deny_all()), (200, VARY_ONLY), (403, REFUSED)),
    ] {
        if let Some(policy) = policy {
            live.replace(policy);
        }
        let lines = ["host: x", "origin: https://app.example.com", "access-control-request-method: PUT"];
        for (kind, method, (status, expected)) in
            [("request", "GET", actual), ("preflight", "OPTIONS", preflight)]
        {
            // The same connection all along: a replacement needs no new one.
            let received = wire.ask(method, "/", &lines).await.expect("a response").into_received(&[]);
            let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
            table.row(&format!("{name}: {kind}"), &(received.status, received.lines), &(status, expected));
        }
    }
    table.finish();
}

/// What must hold of any source that knows these paths, whether it responds at once or later.
async fn check_by_path(table: &mut Table, server: &Running) {
    #[rustfmt::skip]
    let rows = [
        get("a policy: request", "/private/", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("a policy: preflight", "/private/").gets(204, GRANTED).body(""),
        get("a policy: without Origin", "/private/", &[]).gets(200, VARY_ONLY).body("hello"),
        get("a policy: hand-set headers are replaced", "/private/by-hand", &[APP]).gets(200, &["access-control-allow-origin: https://app.example.com", "vary: accept, origin"]).body("by hand"),
        get("another policy: request", "/public/", &[APP]).gets(200, PUBLIC).body("hello"),
        preflight("another policy: preflight", "/public/").gets(204, PUBLIC_GRANTED).body(""),
        get("none: request", "/none/", &[APP]).gets(200, NOTHING).body("hello"),
        get("none: hand-set headers stay", "/none/by-hand", &[APP]).gets(200, BY_HAND).body("by hand"),
        preflight("none: a preflight reaches the handler", "/none/").gets(200, NOTHING).body("hello"),
        preflight("none: which may response it by hand", "/none/by-hand").gets(200, BY_HAND).body("by hand"),
        get("none: without Origin", "/none/", &[]).gets(200, NOTHING).body("hello"),
        preflight("failed: preflight", "/failed/").gets(503, REFUSED).also(NO_STORE).body(""),
        get("failed: request", "/failed/", &[APP]).gets(200, VARY_ONLY).also(NO_STORE).body("hello"),
        Row::new("failed: POST", "POST", "/failed/", &[APP]).gets(200, VARY_ONLY).also(NO_STORE).body("hello"),
        Row::new("failed: an ordinary OPTIONS", "OPTIONS", "/failed/", &[APP]).gets(200, REFUSED).also(NO_STORE).body("hello"),
        get("failed: what the handler says of caches is replaced", "/failed/cached", &[APP]).gets(200, VARY_ONLY).also(NO_STORE).body("cached"),
        get("failed: a handler's error", "/failed/error", &[APP]).gets(418, VARY_ONLY).also(NO_STORE).body("no"),
        get("failed: what is the same for every policy may be kept", "/failed/cached", &[]).gets(200, VARY_ONLY).also(CACHED).body("cached"),
        get("a policy: a refusal may be kept", "/private/cached", &[("origin", "https://b.example")]).gets(200, VARY_ONLY).also(CACHED).body("cached"),
        get("failed: without Origin", "/failed/", &[]).gets(200, VARY_ONLY).body("hello"),
        get("failed: hand-set headers are taken away", "/failed/by-hand", &[APP]).gets(200, &["vary: accept, origin"]).also(NO_STORE).body("by hand"),
        get("after a failure", "/private/", &[APP]).gets(200, ACTUAL).body("hello"),
    ];
    table.ask(server, &rows).await;
}

#[actix_web::test]
async fn per_request() {
    let mut table = Table::default();
    let server = serve(|| {
        let (public, private) = (Policy::any_origin(), private());
        let cors = Cors::per_request(move |request| match request.path().split('/').nth(1) {
            Some("private") => Ok(Some(private.clone())),
            Some("public") => Ok(Some(public.clone())),
            Some("none") => Ok(None),
            _ => Err(io::Error::other("no such tenant")),
        });
        App::new().configure(routes).wrap(cors.ignores_origin())
    });
    check_by_path(&mut table, &server).await;

    let one = || [get("what a closure may return", "/", &[APP]).gets(200, ACTUAL).body("hello")];
    let server = serve(|| {
        let policy = private();
        App::new().configure(routes).wrap(Cors::per_request(move |_| policy.clone()))
    });
    table.ask(&server, &one()).await;
    let server = serve(|| App::new().configure(routes).wrap(Cors::per_request(|_| Some(private()))));
    table.ask(&server, &one()).await;
    let server = serve(|| {
        App::new().configure(routes).wrap(Cors::per_request(|request| {
            match request.headers().get(header::ORIGIN) {
                Some(origin) => Policy::allow_origin(origin.to_str().unwrap_or_default()),
                None => Ok(Policy::deny_all()),
            }
        }))
    });
    table.ask(&server, &one()).await;
    let row = get("a policy that can't be built is a failure", "/", &[("origin", "null")]);
    table.ask(&server, &[row.gets(200, VARY_ONLY).body("hello")]).await;
    table.finish();
}

#[actix_web::test]
async fn per_request_async() {
    let mut table = Table::default();
    for pause in [None, Some(Duration::from_millis(5))] {
        let server = serve(move || {
            let (public, private) = (Policy::any_origin(), private());
            let cors = Cors::per_request_async(move |request| {
                let which = request.path().split('/').nth(1).unwrap_or_default().to_owned();
                let (public, private) = (public.clone(), private.clone());
                async move {
                    if let Some(pause) = pause {
                        rt::time::sleep(pause).await;
                    }
                    match &*which {
                        "private" => Ok(Some(private)),
                        "public" => Ok(Some(public)),
                        "none" => Ok(None),
                        _ => Err("no such tenant"),
                    }
                }
            });
            App::new().configure(routes).wrap(cors.ignores_origin())
        });
        check_by_path(&mut table, &server).await;
    }

    let server = serve(|| {
        App::new()
            .service(
                web::resource("/{tenant}")
                    .route(web::get().to(|tenant: web::Path<String>| async move { tenant.into_inner() })),
            )
            .wrap(Cors::per_request_async(|request| {
                let tenant = request.path().trim_start_matches('/').to_owned();
                async move { policy_of(&tenant).await }
            }))
    });
    #[rustfmt::skip]
    let rows = [
        get("the path's parameters are there after the lookup", "/a", &[TENANT]).gets(200, &["access-control-allow-origin: https://a.example.com", "vary: origin"]).body("a"),
        get("another tenant's policy doesn't allow it", "/b", &[TENANT]).gets(200, VARY_ONLY).body("b"),
        get("no route", "/a/b", &[TENANT]).gets(404, VARY_ONLY),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

/// Actix's router panics on a request of which somebody still holds a clone.
#[actix_web::test]
async fn a_lookup_that_holds_the_request() {
    let server = serve(|| {
        App::new()
            .service(
                web::scope("/s")
                    .route("/{n}", web::get().to(|n: web::Path<u32>| async move { n.to_string() })),
            )
            .wrap(Cors::per_request_async(|request| {
                let request = request.request().clone();
                // Holds it even when it is done, other than an `async` block.
                poll_fn(move |_| {
                    Poll::Ready(match request.path() {
                        "/s/1" => Ok(Some(private())),
                        "/s/2" => Ok(None),
                        path => Err(format!("{path}: no such tenant")),
                    })
                })
            }))
    });
    let mut table = Table::default();
    let rows = [
        get("a policy", "/s/1", &[APP]).gets(200, ACTUAL).body("1"),
        get("none", "/s/2", &[APP]).gets(200, VARY_ONLY).body("2"),
        get("failed", "/s/3", &[APP]).gets(200, VARY_ONLY).also(NO_STORE).body("3"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

async fn policy_of(tenant: &str) -> Result<Policy, InvalidPolicy> {
    rt::time::sleep(Duration::from_millis(1)).await;
    Policy::allow_origin(format!("https://{tenant}.example.com"))
}

/// The request that waits is dropped with its connection, and nothing else.
#[actix_web::test]
async fn a_client_that_leaves_while_the_policy_is_looked_up() {
    let server = serve(|| {
        App::new().configure(routes).wrap(Cors::per_request_async(|request| {
            let slow = request.path() == "/slow";
            async move {
                if slow {
                    rt::time::sleep(Duration::from_millis(100)).await;
                }
                private()
            }
        }))
    });
    let mut table = Table::default();
    let mut wire = Wire::connect(&server).await;
    wire.send("GET /slow HTTP/1.1\r\nhost: x\r\norigin: https://app.example.com\r\n\r\n").await;
    rt::time::sleep(Duration::from_millis(20)).await;
    drop(wire);
    let rows = [
        get("while it would still be looked up", "/", &[APP]).gets(200, ACTUAL).body("hello"),
        get("one that waits for its own", "/slow", &[APP]).gets(200, ACTUAL).body("hello"),
        get("and after that", "/", &[APP]).gets(200, ACTUAL).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

/// What a source reads of a request is named in `Vary`.
#[actix_web::test]
async fn reads() {
    const X_TENANT: HeaderName = HeaderName::from_static("x-tenant");
    const A: Headers = &[TENANT, ("x-tenant", "a")];
    const B: Headers = &[TENANT, ("x-tenant", "b")];
    const OF_A: &[&str] = &["access-control-allow-origin: https://a.example.com", "vary: origin, x-tenant"];
    const NOT_ALLOWED: &[&str] = &["vary: origin, x-tenant"];
    const NONE: Headers = &[TENANT, ("x-tenant", "none")];
    const MERGED: &[&str] = &[OF_A[0], "vary: X-Tenant, Accept, origin"];
    const GRANTED_BY_A: &[&str] =
        &[GRANTED[0], GRANTED[1], OF_A[0], "vary: origin, access-control-request-method, x-tenant"];
    const REFUSED_BY_B: &[&str] = &["vary: origin, access-control-request-method, x-tenant"];

    fn tenant(request: &ServiceRequest) -> Option<&str> {
        request.headers().get(X_TENANT)?.to_str().ok()
    }
    async fn refuse(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
        Err(ErrorUnauthorized("who are you?"))
    }
    async fn varies() -> HttpResponse {
        HttpResponse::Ok().insert_header((header::VARY, "X-Tenant, Accept")).finish()
    }
    fn routes_that_vary(config: &mut web::ServiceConfig) {
        config
            .route("/varies", web::get().to(varies))
            .service(web::resource("/err").wrap(from_fn(refuse)).route(web::get().to(varies)))
            .configure(routes);
    }
    #[rustfmt::skip]
    let rows = [
        get("request", "/", A).gets(200, OF_A),
        get("request of another tenant", "/", B).gets(200, NOT_ALLOWED),
        get("request without Origin", "/", &[("x-tenant", "a")]).gets(200, NOT_ALLOWED),
        Row::new("preflight", "OPTIONS", "/", &[TENANT, PUT, ("x-tenant", "a")]).gets(204, GRANTED_BY_A),
        Row::new("preflight of another tenant", "OPTIONS", "/", &[TENANT, PUT, ("x-tenant", "b")]).gets(403, REFUSED_BY_B),
        get("a failing source: ordinary request", "/", &[TENANT]).gets(200, NOT_ALLOWED).also(NO_STORE),
        Row::new("a failing source: preflight", "OPTIONS", "/", &[TENANT, PUT]).gets(503, REFUSED_BY_B).also(NO_STORE),
        get("merged with the handler's", "/varies", A).gets(200, MERGED),
    ];
    // Where the policy doesn't depend on `Origin`, the response varies only by what the source read, in the order of `reads`.
    let public = get("any origin", "/", &[TENANT, ("x-tenant", "public")]);
    let none = [
        get("none: what the source read is all that is added", "/", NONE),
        get("none: hand-set headers stay", "/x/by-hand", NONE),
        get("none: on an inner middleware's error", "/err", NONE),
        Row::new(
            "none: a preflight reaches the handler",
            "OPTIONS",
            "/",
            &[TENANT, PUT, ("x-tenant", "none")],
        ),
    ];

    let mut table = Table::default();
    let server = serve(|| {
        let cors = Cors::per_request(|request| match tenant(request) {
            Some("none") => Ok(None),
            Some("public") => Ok(Some(Policy::any_origin())),
            Some(tenant) => Ok(Some(Policy::allow_origin(format!("https://{tenant}.example.com"))?)),
            None => Err(SourceError::from("who is asking?")),
        });
        App::new().configure(routes_that_vary).wrap(cors.ignores_origin().reads([X_TENANT]))
    });
    table.ask(&server, &rows).await;
    #[rustfmt::skip]
    let rows_of_one = [
        public.gets(200, &["access-control-allow-origin: *", "vary: x-tenant"]),
        none[0].gets(200, &["vary: x-tenant"]),
        none[1].gets(200, &["access-control-allow-origin: https://by-hand.example", "access-control-expose-headers: by-hand", "vary: accept, x-tenant"]),
        none[2].gets(401, &["vary: x-tenant"]),
        none[3].gets(200, &["vary: x-tenant"]),
    ];
    table.ask(&server, &rows_of_one).await;
    let server = serve(|| {
        let cors = Cors::per_request_async(|request| {
            let tenant = tenant(request).map(ToOwned::to_owned);
            async move {
                match tenant.as_deref() {
                    Some("none") => Ok(None),
                    Some("public") => Ok(Some(Policy::any_origin())),
                    Some(tenant) => Ok(Some(policy_of(tenant).await?)),
                    None => Err(SourceError::from("who is asking?")),
                }
            }
        });
        // X_TENANT is named twice, and so is ORIGIN, which the closure may read.
        App::new().configure(routes_that_vary).wrap(cors.reads([X_TENANT, header::ORIGIN]).reads([X_TENANT]))
    });
    table.ask(&server, &rows).await;
    #[rustfmt::skip]
    let rows_of_two = [
        public.gets(200, &["access-control-allow-origin: *", "vary: origin, x-tenant"]),
        none[0].gets(200, &["vary: origin, x-tenant"]),
        none[1].gets(200, &["access-control-allow-origin: https://by-hand.example", "access-control-expose-headers: by-hand", "vary: accept, origin, x-tenant"]),
        none[2].gets(401, &["vary: origin, x-tenant"]),
        none[3].gets(200, &["vary: origin, x-tenant"]),
    ];
    table.ask(&server, &rows_of_two).await;
    table.finish();
}

/// A source of one's own, which gives out every kind of response.
struct ByPath {
    private: Policy,
    public: Rc<Policy>,
}

impl PolicySource for ByPath {
    type Future = Ready<Result<Option<Policy>, SourceError>>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future> {
        match request.path().split('/').nth(1) {
            Some("private") => Lookup::Found(&self.private),
            Some("public") => Lookup::Later(ready(Ok(Some(Policy::clone(&self.public))))),
            Some("none") => Lookup::Ready(None),
            _ => Lookup::Failed("no such tenant".into()),
        }
    }
}

/// One that waits for all that it says.
struct Later(ByPath);

impl PolicySource for Later {
    type Future = Ready<Result<Option<Policy>, SourceError>>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future> {
        Lookup::Later(match self.0.lookup(request) {
            Lookup::Found(policy) => ready(Ok(Some(policy.clone()))),
            Lookup::Ready(policy) => ready(Ok(policy)),
            Lookup::Failed(error) => ready(Err(error)),
            Lookup::Later(later) => later,
            other => panic!("a response of another kind: {other:?}"),
        })
    }

    fn reads(&self) -> Vec<HeaderName> {
        vec![header::ACCEPT_LANGUAGE]
    }
}

#[actix_web::test]
async fn a_source_of_ones_own() {
    let mut table = Table::default();
    let source = || ByPath { private: private(), public: Rc::new(Policy::any_origin()) };
    let server = serve(move || App::new().configure(routes).wrap(Cors::new(source())));
    check_by_path(&mut table, &server).await;

    let server = serve(move || App::new().configure(routes).wrap(Cors::new(Later(source()))));
    #[rustfmt::skip]
    let rows = [
        get("what it reads is in Vary", "/private/", &[APP]).gets(200, &["access-control-allow-origin: https://app.example.com", "vary: origin, accept-language"]),
        get("what it reads is in Vary, for any origin", "/public/", &[APP]).gets(200, &["access-control-allow-origin: *", "vary: accept-language"]),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

/// A source that says the same of every request is asked when the server starts, and then no more.
struct Always(Policy);

impl PolicySource for Always {
    type Future = Ready<Result<Option<Policy>, SourceError>>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future> {
        panic!("asked about {}", request.path())
    }

    fn always(&self) -> Option<&Policy> {
        Some(&self.0)
    }

    fn reads(&self) -> Vec<HeaderName> {
        vec![header::ACCEPT_LANGUAGE]
    }
}

#[actix_web::test]
async fn a_source_that_always_says_the_same() {
    let mut table = Table::default();
    let server = serve(|| App::new().configure(routes).wrap(Cors::new(Always(private()))));
    #[rustfmt::skip]
    let rows = [
        get("its policy applies", "/private/", &[APP]).gets(200, &["access-control-allow-origin: https://app.example.com", "vary: origin, accept-language"]),
        get("on every path", "/none/", &[APP]).gets(200, &["access-control-allow-origin: https://app.example.com", "vary: origin, accept-language"]),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

/// A worker keeps some policies prepared; one more than it keeps must not be responded to by another's fields.
#[actix_web::test]
async fn more_policies_than_are_kept() {
    const TENANTS: u32 = 40;
    fn policy(tenant: u32) -> Policy {
        let policy = Policy::builder()
            .allow_origins([format!("https://{tenant}.example.com")])
            .allow_methods([format!("M{tenant}")])
            .expose_headers([format!("x-{tenant}")])
            .max_age(Duration::from_secs(tenant.into()))
            .build();
        policy.expect("a valid policy")
    }

    let mut table = Table::default();
    for (kind, rebuilds) in [("the same policies", false), ("policies built for each request", true)] {
        let server = serve(move || {
            let policies: Vec<Policy> = (0..TENANTS).map(policy).collect();
            App::new().configure(routes).wrap(Cors::per_request(move |request| {
                let tenant: u32 = request.path()[1..].parse()?;
                let kept = policies.get(tenant as usize).ok_or("no such tenant")?;
                Ok::<_, SourceError>(if rebuilds { policy(tenant) } else { kept.clone() })
            }))
        });
        // Forth, back, and each twice: what was kept, what was dropped, and what is the newest.
        let orders = (0..TENANTS).chain((0..TENANTS).rev()).chain((0..TENANTS).flat_map(|n| [n, n]));
        for tenant in orders {
            let (url, origin) = (format!("{}/{tenant}", server.url), format!("https://{tenant}.example.com"));
            let actual = ask(&url, "GET", &[("origin", &origin)]).await;
            let mut lines = vec![
                format!("access-control-allow-origin: {origin}"),
                format!("access-control-expose-headers: x-{tenant}"),
                "vary: origin".to_owned(),
            ];
            let expected = Received { status: 200, lines: lines.clone(), body: "hello".to_owned() };
            table.row(&format!("{kind}, {tenant}: request"), &actual, &expected);

            let actual = ask(&url, "OPTIONS", &[("origin", &origin), PUT]).await;
            lines[1] = format!("access-control-max-age: {tenant}");
            lines[2] = "vary: origin, access-control-request-method".to_owned();
            lines.insert(0, format!("access-control-allow-methods: M{tenant}"));
            table.row(
                &format!("{kind}, {tenant}: preflight"),
                &actual,
                &Received { status: 204, lines, body: String::new() },
            );
        }
    }
    table.finish();
}

// ---- replacing under load ----

/// Differs from `second` in every line of every response.
fn first() -> Policy {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .expose_headers(["x-first"])
        .allow_credentials()
        .max_age(Duration::from_secs(1))
        .build();
    policy.expect("a valid policy")
}

fn second() -> Policy {
    let policy = Policy::builder()
        .allow_origins(["*"])
        .allow_methods(["DELETE"])
        .allow_headers(["x-second"])
        .expose_headers(["x-second"])
        .max_age(Duration::from_secs(2))
        .build();
    policy.expect("a valid policy")
}

/// By policy, and for each a request's and a preflight's.
const LINES: [[&[&str]; 2]; 2] = [
    [
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
            "access-control-expose-headers: x-first",
            "vary: origin",
        ],
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-headers: x-first",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 1",
            "vary: origin, access-control-request-method, access-control-request-headers",
        ],
    ],
    [
        &["access-control-allow-origin: *", "access-control-expose-headers: x-second"],
        &[
            "access-control-allow-headers: x-second",
            "access-control-allow-methods: DELETE",
            "access-control-allow-origin: *",
            "access-control-max-age: 2",
            "vary: origin, access-control-request-method",
        ],
    ],
];

/// 64 connections ask for ten seconds, while the policy is replaced every millisecond.
#[actix_web::test]
async fn no_answer_mixes_two_policies() {
    const CONNECTIONS: usize = 64;
    const DURATION: Duration = Duration::from_secs(10);

    let live = LivePolicy::new(first());
    let server = serve_with(Serving { workers: 2, h2c: false }, {
        let live = live.clone();
        move || App::new().configure(routes).wrap(Cors::new(live.clone()))
    });
    let stop = Arc::new(AtomicBool::new(false));
    let replacing = thread::spawn({
        let stop = Arc::clone(&stop);
        let kept = [first(), second()];
        move || {
            let mut replaced = 0;
            while !stop.load(Ordering::Relaxed) {
                // Policies that were in force before, and ones that never were.
                live.replace(match replaced % 4 {
                    n @ (0 | 1) => kept[n].clone(),
                    2 => first(),
                    _ => second(),
                });
                replaced += 1;
                thread::sleep(Duration::from_millis(1));
            }
            replaced
        }
    });

    let end = Instant::now() + DURATION;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut wire = Wire::connect(&server).await;
        connections.push(rt::spawn(async move {
            let lines = [
                "host: x",
                "origin: https://app.example.com",
                "access-control-request-method: PUT",
                "access-control-request-headers: x-first",
            ];
            // How many responses, by policy and kind.
            let mut seen = [[0_usize; 2]; 2];
            while Instant::now() < end {
                for (kind, (method, status)) in [("GET", 200), ("OPTIONS", 204)].into_iter().enumerate() {
                    let received = wire.ask(method, "/", &lines).await.expect("a connection that is kept");
                    let received = received.into_received(&[]);
                    assert_eq!(received.status, status, "{received:?}");
                    let by = LINES.iter().position(|lines| received.lines == lines[kind]);
                    let by = by.unwrap_or_else(|| panic!("a response by neither policy: {received:?}"));
                    seen[by][kind] += 1;
                }
            }
            seen
        }));
    }
    let mut seen = [[0; 2]; 2];
    for connection in connections {
        let counts = connection.await.expect("every response is by one policy");
        for (sum, count) in seen.as_flattened_mut().iter_mut().zip(counts.as_flattened()) {
            *sum += count;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let replaced: usize = replacing.join().expect("the policy is replaced to the end");

    let total: usize = seen.as_flattened().iter().sum();
    println!(
        "{total} responses on {CONNECTIONS} connections, {replaced} replacements; by policy and kind: {seen:?}"
    );
    assert!(replaced > 100, "the policy was replaced only {replaced} times");
    for (by, counts) in seen.iter().enumerate() {
        for (kind, count) in ["requests", "preflights"].into_iter().zip(counts) {
            assert!(*count > 0, "no {kind} were responded to by policy {by}");
        }
    }
}

/// What a handler says to CDNs only must not outlive what we say to all caches: they prefer it to `Cache-Control`.
#[actix_web::test]
async fn no_cache_stores_what_was_refused_because_the_source_failed() {
    const FOR_CDNS: [&str; 6] = [
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "akamai-cache-control",
        "surrogate-control",
        "edge-control",
        "x-accel-expires",
    ];
    let server = serve(|| {
        let handler = || async {
            let mut response = HttpResponse::Ok();
            for name in FOR_CDNS {
                response.append_header((name, "max-age=600"));
            }
            response.finish()
        };
        App::new()
            .service(
                web::scope("/failed")
                    .wrap(Cors::per_request(|_| Err::<Policy, _>("away")))
                    .default_service(web::to(handler)),
            )
            .service(web::scope("").wrap(Cors::new(private())).default_service(web::to(handler)))
    });
    let also = [&FOR_CDNS[..], &["cache-control"]].concat();
    let mut table = Table::default();
    for (name, path, headers, expected) in [
        ("refused", "/failed", &[APP][..], &["cache-control: no-store", "vary: origin"][..]),
        (
            "nothing was refused",
            "/failed",
            &[],
            &[
                "akamai-cache-control: max-age=600",
                "cdn-cache-control: max-age=600",
                "cloudflare-cdn-cache-control: max-age=600",
                "edge-control: max-age=600",
                "surrogate-control: max-age=600",
                "vary: origin",
                "x-accel-expires: max-age=600",
            ],
        ),
    ] {
        let received = common::ask_also(&format!("{}{path}", server.url), "GET", headers, &also).await;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        table.row(name, &received.lines, &expected);
    }
    table.finish();
}
