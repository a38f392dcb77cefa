//! Shared caches: what one client was given must not be given to another that the server would have sent something else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_http::Request;
use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    error::{ErrorImATeapot, ErrorUnauthorized},
    http::header::HeaderName,
    middleware::{Next, from_fn},
    test::init_service,
    web,
};
use actix_web_cors::{Cors, LivePolicy, Policy, PolicySource};

use super::{Lines, Seen, request, seen};

const X_TENANT: HeaderName = HeaderName::from_static("x-tenant");

/// Every request in the cache's world has one of each, or none.
const WORLD: [(&str, &[&str]); 5] = [
    ("origin", &["https://app.example.com", "https://a.example.net", "https://evil.example", "null"]),
    ("access-control-request-method", &["PUT"]),
    ("access-control-request-headers", &["x-a", "x-b,"]),
    TENANT,
    SITE,
];
const TENANT: (&str, &[&str]) = ("x-tenant", &["a", "none"]);
const SITE: (&str, &[&str]) = ("sec-fetch-site", &["same-origin", "cross-site"]);

/// A value for each header of [`WORLD`]; none where the request doesn't have it.
type Client = [Option<&'static str>; WORLD.len()];

/// All that differ by these headers, in addition to the first three.
fn clients(also: &[(&str, &[&str])]) -> Vec<Client> {
    let mut clients = vec![Client::default()];
    let differs = |name: &str| {
        also.iter().any(|(also, _)| *also == name) || !matches!(name, "x-tenant" | "sec-fetch-site")
    };
    for (at, (_, values)) in WORLD.iter().enumerate().filter(|(_, (name, _))| differs(name)) {
        let with = |client: &Client, value| {
            let mut client = *client;
            client[at] = value;
            client
        };
        let values = || [None].into_iter().chain(values.iter().copied().map(Some));
        clients = clients.iter().flat_map(|client| values().map(move |value| with(client, value))).collect();
    }
    clients
}

async fn locked(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(ErrorUnauthorized("who are you?"))
}

fn routes(config: &mut web::ServiceConfig) {
    let ok = || web::to(|| async { HttpResponse::Ok().append_header(("x-total", "2")).finish() });
    let not_modified =
        web::to(|| async { HttpResponse::NotModified().append_header(("etag", "\"a\"")).finish() });
    let error = web::to(|| async { Err::<HttpResponse, _>(ErrorImATeapot("no")) });
    let by_hand = web::to(|| async {
        HttpResponse::Ok()
            .append_header(("access-control-allow-origin", "https://evil.example"))
            .append_header(("vary", "accept"))
            .append_header(("cache-control", "public, max-age=600"))
            .finish()
    });
    let redirect = web::to(|| async { HttpResponse::Found().append_header(("location", "/")).finish() });
    config
        .route("/", ok())
        .route("/not-modified", not_modified)
        .route("/error", error)
        .route("/by-hand", by_hand)
        .route("/redirect", redirect)
        .route("/number/{n}", web::to(|_: web::Path<u32>| async { "a number" }))
        .service(web::resource("/locked").wrap(from_fn(locked)).route(ok()));
}

const PATHS: [&str; 8] =
    ["/", "/not-modified", "/error", "/by-hand", "/redirect", "/number/x", "/locked", "/nowhere"];

async fn served<P: PolicySource>(
    cors: Cors<P>,
) -> impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    init_service(App::new().configure(routes).wrap(cors)).await
}

/// Plays every client with every method and path.
async fn play<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    clients: &[Client],
) -> Vec<(String, Vec<Seen>)> {
    let mut played = Vec::new();
    for path in PATHS {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let mut responses = Vec::with_capacity(clients.len());
            for client in clients {
                let lines: Vec<(&str, &[u8])> = WORLD
                    .iter()
                    .zip(client)
                    .filter_map(|((name, _), value)| Some((*name, value.as_ref()?.as_bytes())))
                    .collect();
                let lines: Lines<'_> = &lines;
                responses.push(seen(app, request(method, path, lines)).await);
            }
            played.push((format!("{method} {path}"), responses));
        }
    }
    played
}

/// The headers that the response varies by, as places in [`WORLD`].
fn varies_by(seen: &Seen) -> Vec<usize> {
    let names = seen.lines.iter().filter_map(|line| line.strip_prefix("vary: "));
    let names: Vec<&str> = names.flat_map(|names| names.split(',').map(str::trim)).collect();
    (0..WORLD.len()).filter(|&at| names.iter().any(|name| name.eq_ignore_ascii_case(WORLD[at].0))).collect()
}

/// Fails where a cache that follows RFC 9111 would give a client a response that the server would not have given it. What
/// the first server responds is stored, and the second is the one that would be asked.
fn compare(
    name: &str,
    stored: &[(String, Vec<Seen>)],
    fresh: &[(String, Vec<Seen>)],
    clients: &[Client],
    is_same_state: bool,
) {
    let (mut reused, mut kept_apart) = (0, 0);
    for ((what, stored), (_, fresh)) in stored.iter().zip(fresh) {
        for (first, given) in clients.iter().zip(stored) {
            if given.has("cache-control: no-store") {
                continue;
            }
            let names = varies_by(given);
            for (second, wanted) in clients.iter().zip(fresh) {
                if names.iter().any(|&at| first[at] != second[at]) {
                    kept_apart += 1;
                    continue;
                }
                reused += 1;
                // Without an origin, a browser does not look at `Access-Control-*`.
                let is_same = if is_same_state || second[0].is_some() {
                    given == wanted
                } else {
                    given.status == wanted.status
                };
                assert!(
                    is_same,
                    "{name}, {what}: what {first:?} got is given to {second:?}\n  {given:?}\n  {wanted:?}"
                );
            }
        }
    }
    assert!(reused > 500 && kept_apart > 500, "{name}: {reused} reused, {kept_apart} kept apart");
}

/// Fails where a cache that refreshes what it stored by a 304 (RFC 9111, section 4.3.4) would replace one of the stored headers
/// by another one.
fn refresh(name: &str, played: &[(String, Vec<Seen>)]) {
    let of = |what: &str| &played.iter().find(|(played, _)| played == what).expect("it was played").1;
    for (stored, fresh) in of("GET /").iter().zip(of("GET /not-modified")) {
        let is_other = |line: &&String| line.starts_with("access-control-") && !stored.has(line);
        let replaced: Vec<&String> = fresh.lines.iter().filter(is_other).collect();
        assert!(replaced.is_empty(), "{name}: {replaced:?} of a 304 in\n  {stored:?}");
    }
}

fn full() -> Policy {
    Policy::builder()
        .allow_origins(["https://app.example.com", "https://*.example.net"])
        .allow_methods(["PUT"])
        .allow_headers(["x-a"])
        .expose_headers(["x-total"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

fn echoing() -> Policy {
    Policy::builder()
        .allow_origin("https://app.example.com")
        .allow_methods(["*"])
        .allow_headers(["*"])
        .expose_headers(["*"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

fn by_tenant(request: &ServiceRequest) -> Option<Policy> {
    match request.headers().get(X_TENANT)?.to_str().ok()? {
        "a" => Some(Policy::any_origin()),
        _ => None,
    }
}

/// Tomcat's filter (CVE-2017-7674) and many since left `Vary: Origin` out of some responses. Each path is played by every
/// client of a small world, and the responses that a cache may keep are given to every client that `Vary` lets have them.
#[actix_web::test]
async fn cve_2017_7674_no_path_poisons_a_cache() {
    async fn check<P: PolicySource>(name: &str, cors: Cors<P>, also: &[(&str, &[&str])]) {
        let clients = clients(also);
        let played = play(&served(cors).await, &clients).await;
        compare(name, &played, &played, &clients, true);
        refresh(name, &played);
    }
    check("a list", Cors::new(full()), &[]).await;
    check("echoes, and all headers exposed", Cors::new(echoing()), &[]).await;
    check("any origin", Cors::new(Policy::any_origin()), &[]).await;
    check("nothing", Cors::new(Policy::deny_all()), &[]).await;
    check("rejecting", Cors::new(full()).reject_disallowed_origins(), &[SITE]).await;
    check("forwarded preflights", Cors::new(full()).forward_preflights(), &[]).await;
    check("forwarded preflights with echoes", Cors::new(echoing()).forward_preflights(), &[]).await;
    check("a source that finds none for some", Cors::per_request(by_tenant).reads([X_TENANT]), &[TENANT])
        .await;
    let ignoring = Cors::per_request(by_tenant).reads([X_TENANT]).ignores_origin();
    check("one that ignores the origin", ignoring.clone(), &[TENANT]).await;
    check("the same, rejecting", ignoring.reject_disallowed_origins(), &[TENANT, SITE]).await;
    let waiting = Cors::per_request_async(|request| {
        let found = by_tenant(request);
        async move { found.ok_or("no such tenant") }
    });
    check("one that waits, and fails for some", waiting.reads([X_TENANT]), &[TENANT]).await;
    let predicate = Cors::new(full()).allow_origins_if("tenant a", |origin, request| {
        origin.host() == "evil.example" && request.header("x-tenant") == Some("a")
    });
    check("a predicate", predicate.clone(), &[TENANT]).await;
    check("a predicate, rejecting", predicate.reject_disallowed_origins(), &[TENANT, SITE]).await;
}

/// A source that failed once, or a predicate that panicked once, must not be remembered by a cache as a refusal.
#[actix_web::test]
async fn a_failure_poisons_no_cache() {
    async fn check<P: PolicySource>(name: &str, cors: Cors<P>, fails: &AtomicBool) {
        let clients = clients(&[SITE]);
        let app = served(cors).await;
        fails.store(true, Ordering::Relaxed);
        let failing = play(&app, &clients).await;
        fails.store(false, Ordering::Relaxed);
        let healthy = play(&app, &clients).await;
        compare(name, &failing, &healthy, &clients, false);
    }
    let fails = Arc::new(AtomicBool::new(false));
    let source = |policy: Policy| {
        let fails = Arc::clone(&fails);
        Cors::per_request(
            move |_| {
                if fails.load(Ordering::Relaxed) { Err("away") } else { Ok(policy.clone()) }
            },
        )
    };
    check("a source that fails", source(full()), &fails).await;
    check("the same, rejecting", source(full()).reject_disallowed_origins(), &fails).await;
    check("the same, forwarding", source(full()).forward_preflights(), &fails).await;
    check("the same with echoes", source(echoing()), &fails).await;
    check("the same with any origin", source(Policy::any_origin()).ignores_origin(), &fails).await;
    let panicking = Cors::new(LivePolicy::new(full())).allow_origins_if("fails", {
        let fails = Arc::clone(&fails);
        move |origin, _| {
            assert!(!fails.load(Ordering::Relaxed), "a bug");
            origin.host() == "evil.example"
        }
    });
    check("a predicate that panics", panicking, &fails).await;
}

/// Play's filter (October 2017) replaced the `Vary` of the application, so what differed by `Accept` was given to all.
#[actix_web::test]
async fn play_2017_10_05_the_vary_of_the_application_stays() {
    let app = served(Cors::new(full())).await;
    for client in clients(&[]).iter().filter(|client| client[1].is_none()) {
        let lines: Vec<(&str, &[u8])> =
            client[0].iter().map(|origin| ("origin", origin.as_bytes())).collect();
        let seen = seen(&app, request("GET", "/by-hand", &lines)).await;
        assert!(seen.has("vary: accept, origin"), "{seen:?}");
    }
}
