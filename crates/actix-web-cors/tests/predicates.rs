//! Origins that a predicate allows, over real sockets: each abuse that it must not open is a row. A predicate says yes to
//! everything unless a row says otherwise, so that only the library's own checks stand in the way.

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{App, HttpResponse, web};
use actix_web_cors::{Cors, LivePolicy, Origin, Policy, PolicySource, RequestView};
use common::{Received, Table, ask_also, serve};

const B: (&str, &str) = ("origin", "https://b.example");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");

const LETS_IN: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://b.example",
    "access-control-expose-headers: etag",
    "vary: origin",
];
const GRANTS: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-methods: PUT",
    "access-control-allow-origin: https://b.example",
    "vary: origin, access-control-request-method",
];
const KEEPS_OUT: &[&str] = &["vary: origin"];
const REFUSES: &[&str] = &["vary: origin, access-control-request-method"];

/// With credentials.
fn policy() -> Policy {
    Policy::builder()
        .allow_origins(["https://a.example"])
        .allow_methods(["PUT"])
        .expose_headers(["etag"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

fn without_credentials() -> Policy {
    Policy::allow_origin("https://a.example").expect("a valid policy")
}

/// Plays one request and returns how often the predicate was asked.
async fn play<S: PolicySource + Send + Sync + Clone>(
    source: S,
    allows: impl Fn(&Origin, &RequestView<'_>) -> bool + Send + Sync + Clone + 'static,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
) -> (usize, Received) {
    play_with(source, |cors| cors, allows, (method, path), headers).await
}

async fn play_with<S: PolicySource + Send + Sync + Clone>(
    source: S,
    set: impl Fn(Cors<S>) -> Cors<S> + Send + Clone + 'static,
    allows: impl Fn(&Origin, &RequestView<'_>) -> bool + Send + Sync + Clone + 'static,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
) -> (usize, Received) {
    let times = Arc::new(AtomicUsize::new(0));
    let server = serve({
        let times = Arc::clone(&times);
        move || {
            let (times, allows) = (Arc::clone(&times), allows.clone());
            let cors = Cors::new(source.clone()).allow_origins_if("all", move |origin, request| {
                times.fetch_add(1, Ordering::Relaxed);
                allows(origin, request)
            });
            let handler =
                || async { HttpResponse::Ok().append_header(("cdn-cache-control", "max-age=9")).body("x") };
            App::new().wrap(set(cors)).default_service(web::to(handler))
        }
    });
    let url = format!("{}{path}", server.url);
    let received = ask_also(&url, method, headers, &["cache-control"]).await;
    (times.load(Ordering::Relaxed), received)
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

#[actix_web::test]
async fn a_predicate_lets_in_what_it_may() {
    let mut table = Table::default();
    for (name, method, headers, times, status, expected) in [
        ("a request", "GET", &[B][..], 1, 200, LETS_IN),
        ("a preflight", "OPTIONS", &[B, PUT], 1, 204, GRANTS),
        (
            "not asked about a listed origin",
            "GET",
            &[("origin", "https://a.example")],
            0,
            200,
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://a.example",
                "access-control-expose-headers: etag",
                "vary: origin",
            ][..],
        ),
        ("not asked without an origin", "GET", &[], 0, 200, KEEPS_OUT),
    ] {
        let (asked, received) = play(policy(), |_, _| true, (method, "/"), headers).await;
        table.row(name, &(asked, received.status, received.lines), &(times, status, lines(expected)));
    }
    table.finish();
}

/// The predicate must not allow an origin that the validation would refuse.
#[actix_web::test]
async fn a_predicate_is_not_asked_about_what_could_not_be_listed() {
    let mut table = Table::default();
    for origin in [
        "null",
        "",
        "*",
        "https://*.b.example",
        "https://b.example/",
        "https://B.example",
        "https://b.example:443",
        "https://user@b.example",
        "https://b.example, https://a.example",
        "https://b.example\u{2c}",
        "http://b.example",
        "http://192.168.1.20",
        "b.example",
        "wss://b.example",
        "file://",
        "data:x",
        "https://",
        "https://b..example",
        "https://xn--a.example",
        "https://b.example?",
        "javascript://b.example",
    ] {
        for (method, headers, status, expected) in [
            ("GET", &[("origin", origin)][..], 200, KEEPS_OUT),
            ("OPTIONS", &[("origin", origin), PUT], 403, REFUSES),
        ] {
            let (asked, received) = play(policy(), |_, _| true, (method, "/"), headers).await;
            table.row(
                &format!("{method} {origin:?}"),
                &(asked, received.status, received.lines),
                &(0, status, lines(expected)),
            );
        }
    }
    let (asked, received) =
        play(policy(), |_, _| true, ("GET", "/"), &[B, ("origin", "https://c.example")]).await;
    table.row("several origins", &(asked, received.lines), &(0, lines(KEEPS_OUT)));
    // What only credentials forbid.
    let plain = [("origin", "http://b.example")];
    let (asked, _) = play(without_credentials(), |_, _| true, ("GET", "/"), &plain).await;
    table.row("plain http without credentials", &asked, &1);
    table.finish();
}

/// A source that fails, finds none, or finds a policy that denies or allows all.
#[actix_web::test]
async fn a_predicate_is_asked_only_where_a_policy_says_no() {
    let empty = Policy::builder().allow_methods(["PUT"]).build().expect("a valid policy");
    let read_back = Policy::try_from(Policy::deny_all().to_config()).expect("a valid policy");
    let mut table = Table::default();
    for (name, found, (status, expected), preflight) in [
        ("a failure", Err("away"), (200, &["cache-control: no-store", "vary: origin"][..]), 503),
        ("none", Ok(None), (200, &["vary: origin"][..]), 200),
        ("deny_all", Ok(Some(Policy::deny_all())), (200, KEEPS_OUT), 403),
        ("deny_all, written to a file and read", Ok(Some(read_back)), (200, KEEPS_OUT), 403),
        ("no origin listed", Ok(Some(empty)), (200, KEEPS_OUT), 403),
        (
            "any origin",
            Ok(Some(Policy::any_origin())),
            (200, &["access-control-allow-origin: *", "vary: origin"][..]),
            204,
        ),
    ] {
        let times = Arc::new(AtomicUsize::new(0));
        let server = serve({
            let times = Arc::clone(&times);
            move || {
                let (times, found) = (Arc::clone(&times), found.clone());
                let cors = Cors::per_request(move |_| found.clone()).allow_origins_if("all", move |_, _| {
                    times.fetch_add(1, Ordering::Relaxed);
                    true
                });
                App::new().wrap(cors).default_service(web::to(HttpResponse::Ok))
            }
        });
        let received = ask_also(&server.url, "GET", &[B], &["cache-control"]).await;
        table.row(name, &(received.status, received.lines), &(status, lines(expected)));
        let refused = ask_also(&server.url, "OPTIONS", &[B, PUT], &[]).await.status;
        table.row(&format!("{name}: preflight"), &refused, &preflight);
        table.row(&format!("{name}: asked"), &times.load(Ordering::Relaxed), &0);
    }
    let live = LivePolicy::new(policy());
    let (asked, _) = play(live.clone(), |_, _| true, ("GET", "/"), &[B]).await;
    live.replace(Policy::deny_all());
    let (asked_after, _) = play(live, |_, _| true, ("GET", "/"), &[B]).await;
    table.row("a policy that is closed", &(asked, asked_after), &(1, 0));
    table.finish();
}

#[actix_web::test]
async fn a_predicate_that_panics_allows_nothing_and_nothing_of_it_is_stored() {
    let panics = |_: &Origin, request: &RequestView<'_>| -> bool {
        request.header("x-region");
        panic!("a bug")
    };
    let mut table = Table::default();
    let (_, received) = play(policy(), panics, ("GET", "/"), &[B]).await;
    table.row(
        "a request",
        &(received.status, received.lines, received.body.as_str()),
        &(200, lines(&["cache-control: no-store", "vary: origin, x-region"]), "x"),
    );
    let (_, received) = play(policy(), panics, ("OPTIONS", "/"), &[B, PUT]).await;
    let expected = ["cache-control: no-store", "vary: origin, access-control-request-method, x-region"];
    table.row("a preflight", &(received.status, received.lines), &(403, lines(&expected)));
    table.finish();
}

/// A cache must not give one client's response to another.
#[actix_web::test]
async fn what_a_predicate_reads_is_in_vary() {
    let mut table = Table::default();
    let eu = ("x-region", "eu");
    let in_eu = |_: &Origin, request: &RequestView<'_>| request.header("X-Region") == Some("eu");
    let reads_cookie = |_: &Origin, request: &RequestView<'_>| {
        ["cookie", "Authorization", "content-type", "bad name"]
            .iter()
            .any(|name| request.header(name).is_some())
    };
    let vary = &["vary: origin, x-region"][..];
    let let_in = [&LETS_IN[..3], vary].concat();
    let granted = [&GRANTS[..3], &["vary: origin, access-control-request-method, x-region"]].concat();
    #[rustfmt::skip]
    let rows = [
        ("allowed by a header", "GET", &[B, eu][..], 200, &let_in[..]),
        ("refused by a header", "GET", &[B, ("x-region", "us")], 200, vary),
        ("refused without the header", "GET", &[B], 200, vary),
        ("the header twice", "GET", &[B, eu, eu], 200, vary),
        ("a preflight allowed by a header", "OPTIONS", &[B, PUT, eu], 204, &granted[..]),
        ("a preflight refused by a header", "OPTIONS", &[B, PUT], 403, &["vary: origin, access-control-request-method, x-region"]),
        ("a listed origin: it is not asked", "GET", &[("origin", "https://a.example")], 200, &["access-control-allow-credentials: true", "access-control-allow-origin: https://a.example", "access-control-expose-headers: etag", "vary: origin"]),
    ];
    for (name, method, headers, status, expected) in rows {
        let (_, received) = play(policy(), in_eu, (method, "/"), headers).await;
        table.row(name, &(received.status, received.lines), &(status, lines(expected)));
    }
    let secrets = [B, ("cookie", "a=1"), ("authorization", "x"), ("content-type", "text/plain")];
    let (_, received) = play(policy(), reads_cookie, ("GET", "/"), &secrets).await;
    table.row("what no preflight has", &received.lines, &lines(KEEPS_OUT));
    table.finish();
}

/// A preflight and its request look the same.
#[actix_web::test]
async fn a_predicate_sees_what_a_preflight_has() {
    let mut table = Table::default();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let looks = {
        let seen = Arc::clone(&seen);
        move |origin: &Origin, request: &RequestView<'_>| {
            let (method, path, host) = (request.method(), request.path(), request.host().unwrap_or("none"));
            seen.lock().expect("nobody panics with it").push(format!("{origin} {method} {path} {host}"));
            true
        }
    };
    let host = ("host", "api.example");
    for (name, method, headers) in [
        ("a preflight", "OPTIONS", &[B, PUT, host][..]),
        ("a request", "PUT", &[B, host]),
        (
            "a request that names a method, too",
            "PUT",
            &[B, host, ("access-control-request-method", "DELETE")],
        ),
        (
            "a forwarded host does not count",
            "PUT",
            &[B, host, ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")],
        ),
    ] {
        play(policy(), looks.clone(), (method, "/x?y=1"), headers).await;
        let last = seen.lock().expect("nobody panics with it").pop();
        table.row(name, &last.as_deref(), &Some("https://b.example PUT /x api.example"));
    }
    table.finish();
}

#[actix_web::test]
async fn what_a_predicate_allows_is_not_rejected() {
    let rejects = |cors: Cors| cors.reject_disallowed_origins();
    let mut table = Table::default();
    for (name, answer, status) in [("yes", true, 200), ("no", false, 403)] {
        let (_, received) = play_with(policy(), rejects, move |_, _| answer, ("POST", "/"), &[B]).await;
        table.row(name, &received.status, &status);
    }
    table.finish();
}

#[test]
fn a_predicate_next_to_any_origin_is_an_error_while_the_application_is_built() {
    fn build<S: PolicySource>(cors: Cors<S>) -> Option<String> {
        let built = AssertUnwindSafe(|| drop(cors.allow_origins_if("customers", |_, _| true)));
        catch_unwind(built).err().and_then(|panic| panic.downcast_ref::<String>().cloned())
    }
    let message = "allow_origins_if(\"customers\"): the policy allows any origin already, so this would never be asked; list origins in the policy, or remove the predicate";
    let any = || Cors::new(Policy::any_origin());
    assert_eq!(build(any()).as_deref(), Some(message));
    assert_eq!(build(any().boxed()).as_deref(), Some(message));
    assert_eq!(build(Cors::new(policy())), None);
}

#[test]
fn its_name_is_shown_and_what_it_allows_is_unknown() {
    let (plain, cors) = (Cors::new(policy()), Cors::new(policy()).allow_origins_if("customers", |_, _| true));
    assert!(format!("{cors:?}").contains("customers"));
    let summary = cors.summary();
    let sentence = r#"So may pages of every origin that the predicate "customers" allows."#;
    assert_eq!(summary.sentences().last().map(String::as_str), Some(sentence));
    assert_eq!(plain.widening(&plain), Ok(Vec::new()));
    for widening in [plain.widening(&cors), cors.widening(&plain)] {
        let unknown = widening.expect_err("unknown");
        assert_eq!(unknown.predicates(), ["customers"]);
        assert_eq!(
            unknown.to_string(),
            r#"what the predicate "customers" allows is unknown, so it has to be reviewed as code"#
        );
        assert_eq!(format!("{unknown:?}"), unknown.to_string());
        let as_io = std::io::Error::from(unknown.clone());
        assert_eq!(as_io.kind(), std::io::ErrorKind::InvalidInput);
        assert_eq!(as_io.to_string(), unknown.to_string());
    }
}

/// One of two kinds of source, chosen when the server starts.
#[actix_web::test]
async fn sources_behind_a_pointer() {
    let mut table = Table::default();
    let live = LivePolicy::new(policy());
    for (name, cors) in [
        ("a policy", Cors::new(policy()).boxed()),
        ("a live policy", Cors::new(Arc::new(live)).boxed()),
        ("a closure", Cors::per_request(|_| policy()).boxed()),
        ("a future", Cors::per_request_async(|_| async { policy() }).boxed()),
    ] {
        let server = serve(move || App::new().wrap(cors.clone()).default_service(web::to(HttpResponse::Ok)));
        let origin = [("origin", "https://a.example")];
        let received = ask_also(&server.url, "GET", &origin, &[]).await;
        let expected = lines(&[
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://a.example",
            "access-control-expose-headers: etag",
            "vary: origin",
        ]);
        table.row(name, &received.lines, &expected);
    }
    table.finish();
}
