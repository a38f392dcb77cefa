//! A policy for some paths only: it must be that of the route that runs, however the path is written.

use actix_web::{App, web};
use actix_web_cors::{Cors, Policy};

use super::common::{Received, serve, wire::Wire};

const EVIL: &str = "origin: https://evil.example";

/// Libraries that match paths themselves, next to the framework, were led astray by case (CVE-2024-6866), by a `+`
/// (CVE-2024-6844), by the order of expressions (CVE-2024-6839), all in flask-cors, and by steps up (CVE-2020-25032 there,
/// CVE-2019-18978 in rack-cors). This one has no paths: it is put around a route, a scope or an application.
#[actix_web::test]
async fn cve_2024_6839_the_policy_is_that_of_the_route_that_runs() {
    let server = serve(|| {
        let private = Policy::allow_origin("https://app.example.com").expect("a valid policy");
        let answer = |text: &'static str| web::to(move || async move { text });
        App::new()
            .service(
                web::scope("/private").default_service(answer("private")).wrap(Cors::new(private.clone())),
            )
            .service(
                web::scope("/public")
                    .service(web::resource("/but/private").wrap(Cors::new(private)).route(answer("private")))
                    .default_service(answer("public"))
                    .wrap(Cors::new(Policy::any_origin())),
            )
            .default_service(answer("nothing"))
    });
    let mut wire = Wire::connect(&server).await;
    let mut reached = [0; 3];
    for path in [
        "/private/notes",
        "/public/notes",
        "/PRIVATE/notes",
        "/Public/notes",
        "/private",
        "/private/",
        "/privatenotes",
        "/public/../private/notes",
        "/public/%2e%2e/private/notes",
        "/private/../public/notes",
        "/private/..%2fpublic/notes",
        "/./private/notes",
        "//private/notes",
        "/private//notes",
        "/%70rivate/notes",
        "/private%2fnotes",
        "/public%2f..%2fprivate/notes",
        "/public;/private/notes",
        "/public+/private/notes",
        "/private+notes",
        "/private%20notes",
        "/private?/public/notes",
        "/private/notes?x=/public/",
        "/public?/private/",
        "/private\\notes",
        "/private%00/notes",
        "/private/%ff",
        "/xprivate/public/notes",
    ] {
        let received = wire.ask("GET", path, &["host: x", EVIL]).await.expect("a response");
        let Received { status, lines, body } = received.into_received(&[]);
        let is_readable = lines.iter().any(|line| line.starts_with("access-control-allow-origin"));
        if status == 400 {
            assert!(!is_readable, "{path}: {lines:?}");
            wire = Wire::connect(&server).await;
            continue;
        }
        let at = ["private", "public", "nothing"].iter().position(|text| *text == body);
        reached[at.unwrap_or_else(|| panic!("{path}: {status} {body:?}"))] += 1;
        assert_eq!(is_readable, body == "public", "{path} reached what is {body}: {lines:?}");
        let lines = ["host: x", EVIL, "access-control-request-method: PUT"];
        let preflight = wire.ask("OPTIONS", path, &lines).await.expect("a response").into_received(&[]);
        let is_granted = preflight.lines.iter().any(|line| line.starts_with("access-control-allow-origin"));
        assert_eq!(is_granted, body == "public", "{path} leads to what is {body}: {preflight:?}");
    }
    assert!(reached.iter().all(|&count| count > 2), "{reached:?}");
}

/// Of two that stand inside each other the outer one decides, and an inner one does not open what it keeps shut.
#[actix_web::test]
async fn an_inner_policy_does_not_open_what_the_outer_one_keeps_shut() {
    let server = serve(|| {
        let outer = Policy::allow_origin("https://app.example.com").expect("a valid policy");
        App::new()
            .service(
                web::scope("/public")
                    .default_service(web::to(|| async { "public" }))
                    .wrap(Cors::new(Policy::any_origin())),
            )
            .wrap(Cors::new(outer))
    });
    let mut wire = Wire::connect(&server).await;
    for (method, status) in [("GET", 200), ("OPTIONS", 403)] {
        let lines = ["host: x", EVIL, "access-control-request-method: PUT"];
        let received = wire.ask(method, "/public/x", &lines).await.expect("a response").into_received(&[]);
        assert_eq!(received.status, status, "{received:?}");
        assert!(received.lines.iter().all(|line| line.starts_with("vary: ")), "{received:?}");
    }
}
