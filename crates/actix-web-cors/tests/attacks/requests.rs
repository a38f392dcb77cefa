//! Requests that no browser sends: floods, split headers, lines that are there twice, headers that lie.

use std::{
    iter,
    time::{Duration, Instant},
};

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Next, from_fn},
    test::init_service,
    web,
};
use actix_web_cors::{Cors, Policy};

use super::{
    Lines, app, ask,
    common::{serve, wire::Wire},
    lets_in, logs, policy, request, seen,
};

const APP: (&str, &[u8]) = ("origin", b"https://app.example.com");
const PUT: (&str, &[u8]) = ("access-control-request-method", b"PUT");
const NAMES: &str = "access-control-request-headers";

/// Any method and header, with credentials, so that the request's own names come back.
fn echoing() -> Policy {
    Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

/// rs/cors split `Access-Control-Request-Headers` at every comma before it looked at the length. Here a preflight costs the
/// same whatever it asks for, even while its refusal is logged.
#[actix_web::test]
async fn go_2024_2883_comma_floods() {
    logs::listen();
    let patterns: Vec<String> = (0..100).map(|n| format!("https://*.n{n}.example.com")).collect();
    let patterns: Vec<&str> =
        patterns.iter().map(String::as_str).chain(["https://app.example.com"]).collect();
    let listed = Policy::builder().allow_origins(&patterns).allow_headers(["x-a"]).build();
    let length = 1 << 18;
    let (commas, names) = (vec![b','; length], b",x-b".repeat(length / 4));
    let (spaces, one_name) = (b" ,\t".repeat(length / 3), vec![b'x'; length]);
    let labels = [b"https://".as_slice(), &b"a.".repeat(length / 2), b"n1.example.com"].concat();
    let user = [b"https://".as_slice(), &b":".repeat(length), b"@a.example"].concat();
    let many: Vec<(&str, &[u8])> =
        [APP, PUT].into_iter().chain(iter::repeat_n((NAMES, &b",,,"[..]), 5000)).collect();
    for (policy_name, policy) in [
        ("listed", listed.expect("a valid policy")),
        ("echoing", echoing()),
        ("any", Policy::allow_origin("https://app.example.com").expect("a valid policy")),
    ] {
        let app = app(Cors::new(policy)).await;
        let expected = ask(&app, "OPTIONS", &[APP, PUT, (NAMES, b"x-b,,")]).await;
        for (name, lines) in [
            ("commas", &[APP, PUT, (NAMES, &commas[..])][..]),
            ("names", &[APP, PUT, (NAMES, &names)]),
            ("spaces", &[APP, PUT, (NAMES, &spaces)]),
            ("one name", &[APP, PUT, (NAMES, &one_name)]),
            ("lines", &many),
            ("a method", &[APP, ("access-control-request-method", &one_name)]),
            ("labels", &[("origin", &labels), PUT]),
            ("a user name", &[("origin", &user), PUT]),
            ("an origin of commas", &[("origin", &commas), PUT]),
        ] {
            // The least of several times, because the machine does other things, too.
            let mut least = Duration::MAX;
            let mut last = expected.clone();
            for _ in 0..10 {
                let request = request("OPTIONS", "/", lines);
                let since = Instant::now();
                last = seen(&app, request).await;
                least = least.min(since.elapsed());
            }
            // Reading a quarter of a megabyte takes longer than that, and splitting it far longer.
            assert!(least < Duration::from_millis(3), "{policy_name}, {name}: {least:?}");
            let sent_back: usize = last.lines.iter().map(String::len).sum();
            assert!(sent_back < 400, "{policy_name}, {name}: {sent_back} bytes come back");
            let is_refused = lines[0].0 == "origin" && lines[0].1 != APP.1;
            assert_eq!(last.status, if is_refused { 403 } else { 204 }, "{policy_name}, {name}");
        }
    }
}

/// What a client puts into a header must not begin another one in the response, nor another response.
#[actix_web::test]
async fn header_splitting() {
    let server = serve(|| {
        let handler = web::to(|| async { HttpResponse::Ok().body("hello") });
        App::new().default_service(handler).wrap(Cors::new(echoing()))
    });
    let names = ["origin", "access-control-request-method", "access-control-request-headers"];
    let breaks = [
        "\r\nx-injected: 1",
        "\nx-injected: 1",
        "\rx-injected: 1",
        "\r\n x-injected: 1",
        "\r\n\tx-injected: 1",
        "\0x-injected: 1",
        "%0d%0ax-injected: 1",
        "\\r\\nx-injected: 1",
        "\u{560a}\u{560d}x-injected: 1",
        "\r\n\r\nHTTP/1.1 200 OK\r\nx-injected: 1",
        ": x\r\nx-injected: 1",
    ];
    for name in names {
        for value in breaks {
            let mut lines =
                vec![("origin", "https://app.example.com"), ("access-control-request-method", "PUT")];
            lines.push(("access-control-request-headers", "x-a"));
            let text: Vec<String> = lines
                .iter()
                .map(|&(line, usual)| format!("{line}: {usual}{}", if line == name { value } else { "" }))
                .collect();
            let mut text: Vec<&str> = text.iter().map(String::as_str).collect();
            text.extend(["host: x", "connection: close"]);
            let mut wire = Wire::connect(&server).await;
            // A line break may end the request early: what follows is then another request, or none.
            let mut responses = Vec::new();
            responses.extend(wire.ask("OPTIONS", "/", &text).await);
            assert!(!responses.is_empty(), "{name} {value:?} gets a response");
            while let Some(more) = wire.receive(false).await {
                responses.push(more);
            }
            for response in responses {
                let headers = format!("{:?}", response.headers);
                assert!(!headers.contains("injected"), "{name} {value:?}: {headers}");
            }
        }
    }
}

/// A cache or proxy reads one of two lines, and the server the other.
#[actix_web::test]
async fn two_origins_in_one_request() {
    let app = app(Cors::new(policy(&["https://app.example.com", "https://b.example"], true))).await;
    let evil: (&str, &[u8]) = ("origin", b"https://evil.example");
    let rows: [Lines<'_>; 6] = [
        &[APP, evil],
        &[evil, APP],
        &[APP, APP],
        &[APP, ("origin", b"")],
        &[("origin", b"https://app.example.com,https://app.example.com")],
        &[("origin", b"https://evil.example https://app.example.com")],
    ];
    for lines in rows {
        let lines = [lines, &[PUT]].concat();
        let (actual, preflight) = (ask(&app, "GET", &lines).await, ask(&app, "OPTIONS", &lines).await);
        assert!(!actual.has_cors() && !preflight.has_cors(), "{lines:?}: {actual:?} {preflight:?}");
        assert_eq!(preflight.status, 403, "{lines:?}");
    }
}

/// flask-cors (CVE-2024-6221) let public sites into private networks unasked.
#[actix_web::test]
async fn cve_2024_6221_a_private_network_is_not_opened() {
    let by_hand = || async {
        HttpResponse::Ok().append_header(("access-control-allow-private-network", "true")).finish()
    };
    for policy in [Policy::any_origin(), echoing()] {
        let cors = Cors::new(policy).forward_preflights();
        let app = init_service(App::new().default_service(web::to(by_hand)).wrap(cors)).await;
        for name in ["access-control-request-private-network", "access-control-request-local-network"] {
            let seen = ask(&app, "OPTIONS", &[APP, PUT, (name, b"true")]).await;
            assert!(seen.has_cors(), "{seen:?}");
            assert!(seen.lines.iter().all(|line| !line.contains("-network")), "{name}: {seen:?}");
        }
    }
}

/// hono copied the request's `Vary` into the response (GHSA-q7jf-gf43-6x6p), so a client could have a response stored for all.
#[actix_web::test]
async fn ghsa_q7jf_gf43_6x6p_a_request_has_no_say_in_the_response() {
    let lies: [(&str, &[u8]); 6] = [
        ("vary", b"x-forged"),
        ("access-control-allow-origin", b"https://evil.example"),
        ("access-control-allow-credentials", b"true"),
        ("access-control-expose-headers", b"x-forged"),
        ("access-control-max-age", b"86400"),
        ("access-control-allow-methods", b"DELETE"),
    ];
    for policy in [policy(&["https://app.example.com"], false), Policy::any_origin(), echoing()] {
        let app = app(Cors::new(policy)).await;
        let (evil, preflight): (Lines<'_>, Lines<'_>) =
            (&[("origin", b"https://evil.example")], &[APP, PUT, (NAMES, b"x-a")]);
        for (method, lines) in [("GET", &[APP][..]), ("GET", evil), ("GET", &[]), ("OPTIONS", preflight)] {
            let honest = ask(&app, method, lines).await;
            let lying = ask(&app, method, &[lines, &lies[..]].concat()).await;
            assert_eq!(lying, honest, "{method} {lines:?}");
        }
    }
}

/// Takes the request's `Origin` away, as a proxy in the middle of Envoy's filters did.
async fn without_origin<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    request.headers_mut().remove(header::ORIGIN);
    next.call(request).await
}

/// Envoy looked the origin up a second time for the response, and crashed where it was gone. What was decided is kept.
#[actix_web::test]
async fn cve_2023_35943_the_origin_is_removed_while_the_request_is_handled() {
    let cors = Cors::new(policy(&["https://app.example.com"], true));
    let handler = web::to(|| async { HttpResponse::Ok().body("hello") });
    let app =
        init_service(App::new().default_service(handler).wrap(from_fn(without_origin)).wrap(cors)).await;
    assert!(lets_in(&app, "https://app.example.com").await);
    assert!(!lets_in(&app, "https://evil.example").await);
}
