//! The classic faults, as far as an `App` in memory can have them: the cause, how sure it is, and the remedy.
//!
//! What it can't have: anything about the network (no connection, TLS, a proxy's 502, a hang), caches, several instances, and what
//! stands in front of a server in production.

use std::{
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
};

use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::{DefaultHeaders, Next, from_fn},
    test::init_service,
    web,
};
use actix_web_cors::{
    Cors, Policy,
    testing::{
        Browser, Credentials, Diagnosis, Mode, Outcome, Request, assert_allowed, delete, get, method, post,
        put,
    },
};
use serde_json::json;

const PAGE: &str = "https://app.example";

/// A policy that allows what the requests here need.
fn policy() -> Policy {
    Policy::builder()
        .allow_origins([PAGE])
        .allow_methods(["PUT"])
        .allow_headers(["authorization", "content-type", "x-request-id"])
        .allow_credentials()
        .build()
        .expect("a valid policy")
}

/// An application whose responses to everything that CORS leaves to it are 200.
fn open() -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>,
> {
    App::new().default_service(web::to(|| async { HttpResponse::Ok().json(json!({ "ok": true })) }))
}

/// An application that routes `GET` and `PUT` of `/orders`, and nothing else.
fn routed() -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>,
> {
    App::new().service(web::resource("/orders").get(HttpResponse::Ok).put(HttpResponse::NoContent))
}

async fn fetch<F, B>(app: App<F>, page: &str, request: Request) -> Outcome
where
    F: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    F::Service: 'static,
    B: MessageBody + 'static,
{
    Browser::new(init_service(app).await).page(page).fetch(request).await
}

/// Asserts the cause, whether it is certain, and the kind of remedy.
async fn check(outcome: Outcome, cause: &str, is_certain: bool, remedy: &str) -> Diagnosis {
    // What the text says was found without probes, so it may be unsure, but not sure and wrong.
    let text = outcome.to_string();
    let diagnosis = outcome.diagnose_asking(|_| true).await;
    let seen = (diagnosis.cause.name(), diagnosis.is_certain(), diagnosis.remedy.name());
    assert_eq!(seen, (cause, is_certain, remedy), "{diagnosis}\n{:#?}\n{text}", diagnosis.evidence);
    let allows = |value: &(String, String)| value.0 == "access-control-allow-origin" && value.1 == PAGE;
    if diagnosis.evidence.iter().any(|line| line.decisive.as_ref().is_some_and(allows)) {
        let remedy = diagnosis.remedy.to_string();
        assert!(!remedy.contains(&format!("Access-Control-Allow-Origin: {PAGE}")), "{remedy}\n{text}");
        assert!(!remedy.contains("allow_origins"), "{remedy}");
    }
    diagnosis
}

/// A middleware that responds by itself, unless a request passes.
macro_rules! in_front {
    ($response:expr) => {
        in_front!($response, |_| false)
    };
    ($response:expr, $passes:expr) => {
        from_fn(move |request: ServiceRequest, next: Next<_>| async move {
            let passes: fn(&ServiceRequest) -> bool = $passes;
            if passes(&request) {
                return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
            }
            Ok(request.into_response(HttpResponse::from($response)))
        })
    };
}

fn has_session(request: &ServiceRequest) -> bool {
    request.headers().get("authorization").is_some_and(|value| value == "Bearer 7")
}

fn is_options(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
}

#[actix_web::test]
async fn authentication_in_front() {
    let app = open().wrap(Cors::new(policy())).wrap(in_front!(HttpResponse::Unauthorized(), has_session));
    let outcome = fetch(app, PAGE, get("/orders").header("authorization", "Bearer 7")).await;
    let found = check(outcome, "authentication-in-front", true, "order").await;
    assert!(found.to_string().contains("outside of authentication"), "{found}");
}

#[actix_web::test]
async fn authentication_in_front_of_no_cors() {
    let app = open().wrap(in_front!(HttpResponse::Unauthorized(), has_session));
    let outcome = fetch(app, PAGE, get("/orders").header("authorization", "Bearer 7")).await;
    check(outcome, "no-cors", false, "server").await;
}

#[actix_web::test]
async fn authentication_in_front_of_actual_requests() {
    let passes = |request: &ServiceRequest| is_options(request) || has_session(request);
    let request = || put("/orders").header("authorization", "Bearer 6");
    let challenge = || HttpResponse::Unauthorized().insert_header(("www-authenticate", "Bearer")).take();
    let app = open().wrap(Cors::new(policy())).wrap(in_front!(challenge(), passes));
    check(fetch(app, PAGE, request()).await, "authentication-in-front", true, "order").await;
    // A handler's own 401 may look like this, too.
    let app = open().wrap(Cors::new(policy())).wrap(in_front!(HttpResponse::Unauthorized(), passes));
    check(fetch(app, PAGE, request()).await, "authentication-in-front", false, "order").await;
}

#[actix_web::test]
async fn options_is_not_routed() {
    let app = || {
        let cors = Cors::new(policy());
        App::new().route("/orders", web::get().to(HttpResponse::Ok).wrap(cors))
    };
    let outcome = fetch(app(), PAGE, get("/orders").header("x-request-id", "7")).await;
    check(outcome, "options-not-routed", true, "order").await;
    // A `PUT` has to ask for the `GET`.
    let outcome = fetch(app(), PAGE, put("/orders")).await;
    let unasked = outcome.diagnose().await;
    assert!(!unasked.is_certain(), "{unasked}");
    check(outcome, "options-not-routed", true, "order").await;
}

#[actix_web::test]
async fn another_layer_answers_options() {
    let app =
        open().wrap(Cors::new(policy())).wrap(in_front!(HttpResponse::Ok(), |request| !is_options(request)));
    let outcome = fetch(app, PAGE, get("/orders").header("x-request-id", "7")).await;
    check(outcome, "options-answered-elsewhere", true, "order").await;
}

#[actix_web::test]
async fn an_error_made_outside_of_the_middleware() {
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY, StatusCode::PAYLOAD_TOO_LARGE]
    {
        let app = open().wrap(Cors::new(policy())).wrap(from_fn(
            move |request: ServiceRequest, next: Next<_>| async move {
                let is_options = is_options(&request);
                let response = next.call(request).await?.map_into_boxed_body();
                Ok(if is_options { response } else { response.into_response(HttpResponse::new(status)) })
            },
        ));
        let outcome = fetch(app, PAGE, put("/orders")).await;
        check(outcome, "hidden-error", true, "server").await;
    }
}

#[actix_web::test]
async fn two_writers() {
    for (other, page) in [("*", PAGE), (PAGE, PAGE)] {
        let app = open().wrap(Cors::new(policy())).wrap_fn(move |request, service| {
            let response = service.call(request);
            async move {
                let mut response = response.await?;
                let name = HeaderName::from_static("access-control-allow-origin");
                response.headers_mut().append(name, HeaderValue::from_static(other));
                Ok(response)
            }
        });
        check(fetch(app, page, get("/orders")).await, "two-writers", true, "front").await;
    }
}

#[actix_web::test]
async fn an_origin_that_is_not_listed() {
    let found = check(
        fetch(open().wrap(Cors::new(policy())), "http://app.example", put("/orders")).await,
        "origin-not-listed",
        true,
        "headers",
    )
    .await;
    assert!(found.to_string().contains("but https://app.example is"), "{found}");
    // Without a near miss, the refusal itself depends on the origin.
    let outcome = fetch(open().wrap(Cors::new(policy())), "https://new.example", put("/orders")).await;
    check(outcome, "origin-not-listed", true, "headers").await;
    // An actual request shows no more than that there is no header.
    let outcome = fetch(open().wrap(Cors::new(policy())), "https://new.example", get("/orders")).await;
    check(outcome, "origin-not-listed", false, "headers").await;
}

#[actix_web::test]
async fn a_page_without_an_origin() {
    check(
        fetch(open().wrap(Cors::new(policy())), "null", put("/orders")).await,
        "opaque-origin",
        true,
        "page",
    )
    .await;
}

#[actix_web::test]
async fn a_method_and_headers_that_are_not_listed() {
    let app = || open().wrap(Cors::new(policy()));
    check(fetch(app(), PAGE, delete("/orders")).await, "method-not-listed", true, "headers").await;
    let outcome = fetch(app(), PAGE, get("/orders").header("x-new", "1")).await;
    check(outcome, "headers-not-listed", true, "headers").await;
    let outcome = fetch(app(), PAGE, delete("/orders").header("x-new", "1")).await;
    let found = check(outcome, "method-not-listed", true, "headers").await;
    assert!(found.remedy.to_string().contains("x-new"), "all that is lacking at once: {found}");
    check(fetch(app(), PAGE, method("patch", "/orders")).await, "method-not-listed", true, "page").await;
    let outcome = fetch(app(), PAGE, get("/orders").header("access-control-allow-origin", "*")).await;
    check(outcome, "response-header-on-request", true, "page").await;
}

#[actix_web::test]
async fn credentials() {
    let include = || get("/orders").credentials(Credentials::Include);
    let policy = Policy::allow_origin(PAGE).expect("a valid policy");
    let outcome = fetch(open().wrap(Cors::new(policy)), PAGE, include()).await;
    check(outcome, "credentials-not-allowed", true, "headers").await;
    let outcome = fetch(open().wrap(Cors::new(Policy::any_origin())), PAGE, include()).await;
    check(outcome, "wildcard-with-credentials", true, "headers").await;
}

#[actix_web::test]
async fn values_written_by_hand() {
    for (value, cause) in [
        ("https://app.example/", "not-an-origin"),
        ("https://*.example", "not-an-origin"),
        ("https://app.example, https://b.example", "list-of-origins"),
        ("https://b.example", "origin-not-listed"),
    ] {
        let app = open().wrap(DefaultHeaders::new().add(("access-control-allow-origin", value)));
        let remedy = if cause == "origin-not-listed" { "headers" } else { "server" };
        check(fetch(app, PAGE, get("/orders")).await, cause, true, remedy).await;
    }
    for (methods, cause) in [("PUT POST", "not-a-list"), ("POST", "method-not-listed")] {
        let app = open().wrap(
            DefaultHeaders::new()
                .add(("access-control-allow-origin", PAGE))
                .add(("access-control-allow-methods", methods)),
        );
        let remedy = if cause == "not-a-list" { "server" } else { "headers" };
        check(fetch(app, PAGE, put("/orders")).await, cause, true, remedy).await;
    }
    let app = open().wrap(
        DefaultHeaders::new()
            .add(("access-control-allow-origin", "*"))
            .add(("access-control-allow-headers", "*")),
    );
    let outcome = fetch(app, PAGE, get("/orders").header("authorization", "Bearer 7")).await;
    check(outcome, "wildcard-without-effect", true, "headers").await;
    // Headers on every response, and a router that knows no OPTIONS.
    let app = routed().wrap(DefaultHeaders::new().add(("access-control-allow-origin", PAGE)));
    check(fetch(app, PAGE, put("/orders")).await, "options-not-routed", true, "order").await;
}

#[actix_web::test]
async fn no_cors_at_all() {
    // A library that is silent to strangers looks the same.
    check(fetch(open(), PAGE, get("/orders")).await, "no-cors", false, "server").await;
    check(fetch(routed(), PAGE, put("/orders")).await, "no-cors", false, "server").await;
}

#[actix_web::test]
async fn only_the_preflight_is_answered() {
    let cors = Cors::new(policy());
    let app = App::new()
        .service(web::resource("/orders").guard(actix_web::guard::Options()).wrap(cors))
        .service(web::resource("/orders").put(HttpResponse::NoContent));
    check(fetch(app, PAGE, put("/orders")).await, "only-preflight-covered", true, "order").await;
}

#[actix_web::test]
async fn something_in_front_responds() {
    let app = || open().wrap(Cors::new(policy()));
    let limited = app().wrap(in_front!(HttpResponse::TooManyRequests()));
    check(fetch(limited, PAGE, put("/orders")).await, "rate-limit", true, "order").await;
    // A firewall, authentication and a hand-written check of the origin look the same.
    let forbidden = app().wrap(in_front!(HttpResponse::Forbidden()));
    check(fetch(forbidden, PAGE, put("/orders")).await, "authentication-in-front", false, "order").await;
    let login = app().wrap(in_front!(
        HttpResponse::Found().insert_header(("location", "https://id.example/login?next=%2Forders")).finish()
    ));
    check(fetch(login, PAGE, get("/orders")).await, "login-redirect", true, "page").await;
    let slash = app()
        .wrap(in_front!(HttpResponse::PermanentRedirect().insert_header(("location", "/orders/")).finish()));
    check(fetch(slash, PAGE, put("/orders")).await, "redirected", true, "page").await;
}

#[actix_web::test]
async fn faults_of_the_page() {
    let app = || open().wrap(Cors::new(policy()));
    check(fetch(app(), PAGE, get("http://api.example/orders")).await, "mixed-content", true, "page").await;
    check(fetch(app(), PAGE, get("localhost:8080/orders")).await, "url-without-scheme", true, "page").await;
    check(fetch(app(), PAGE, method("TRACE", "/orders")).await, "request-refused", true, "page").await;
    check(fetch(app(), PAGE, get("https://down.example/orders")).await, "server-down", true, "server").await;
    check(fetch(app(), PAGE, get("/orders").mode(Mode::NoCors)).await, "no-cors-mode", true, "page").await;
    check(fetch(app(), PAGE, get("/orders")).await, "nothing-wrong", true, "nothing").await;
    let page = App::new()
        .default_service(web::to(|| async {
            HttpResponse::Ok().content_type("text/html").body("<!doctype html>")
        }))
        .wrap(Cors::new(policy()));
    let outcome = fetch(page, PAGE, get("/orders").header("accept", "application/json")).await;
    check(outcome, "html-page", false, "page").await;
    let private = App::new().default_service(web::to(HttpResponse::Unauthorized)).wrap(Cors::new(policy()));
    check(fetch(private, PAGE, get("/orders")).await, "cookies-not-sent", false, "page").await;
}

/// Counters of a handler don't move under a passing test, nor under the text of a failing one.
#[actix_web::test]
async fn probes_are_sent_only_when_asked_for() {
    let count = Rc::new(AtomicUsize::new(0));
    let counted = Rc::clone(&count);
    let app = App::new().default_service(web::to(HttpResponse::Ok)).wrap_fn(move |request, service| {
        counted.fetch_add(1, Ordering::Relaxed);
        service.call(request)
    });
    let browser = Browser::new(init_service(app).await);
    let page = browser.page(PAGE);
    let outcome = page.fetch(get("/orders")).await;
    assert!(outcome.to_string().contains("outcome.diagnose()"), "{outcome}");
    let same_origin = browser.page("https://api.example").fetch(post("/orders")).await;
    assert_allowed!(same_origin);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let _ = outcome.diagnose().await;
    let after = count.load(Ordering::Relaxed);
    assert!((3..=2 + 4 + 8).contains(&after), "{after} requests");
}
