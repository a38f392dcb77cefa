//! What goes over the wire and what the page's script is given, for policies and requests of all kinds.

use std::{cell::Cell, collections::HashMap, rc::Rc, time::Duration};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    error,
    http::header::{HeaderName, HeaderValue},
    middleware::{Next, from_fn},
    test::init_service,
    web::{self, Bytes},
};
use actix_web_cors::{
    Cors, Policy,
    testing::{
        Browser, Credentials, Mode, Profile, Reason, Redirect, Request, ResponseType, Url, assert_allowed,
        assert_blocked, delete, get, head, method, patch, post, put,
    },
};
use futures_util::{future::join, stream};
use serde_json::{Value, json};

const PAGE: &str = "https://app.example";

/// A browser in front of an application with this policy that responds to every request with what it received.
async fn browser(cors: Cors) -> Browser {
    Browser::new(init_service(App::new().wrap(cors).default_service(web::to(echo))).await)
}

async fn echo(request: HttpRequest, body: String) -> HttpResponse {
    let header = |name: &str| {
        let lines =
            request.headers().get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
        lines.reduce(|before, line| before + ", " + &line)
    };
    HttpResponse::Ok().insert_header(("etag", "\"1\"")).insert_header(("x-secret", "2")).json(json!({
        "method": request.method().as_str(),
        "uri": request.uri().to_string(),
        "host": request.connection_info().host(),
        "peer": request.peer_addr().map(|peer| peer.ip().to_string()),
        "content-type": header("content-type"),
        "content-length": header("content-length"),
        "x-a": header("x-a"),
        "body": body,
    }))
}

fn policy() -> actix_web_cors::PolicyBuilder {
    Policy::builder().allow_origins([PAGE])
}

fn everything() -> Cors {
    Cors::new(Policy::allow_origin(PAGE).expect("a valid policy"))
}

/// Method, URI, type, length and body.
type Seen = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, &'static str);

#[actix_web::test]
async fn the_application_sees_what_a_browser_sends() {
    const JSON: Option<&str> = Some("application/json");
    const TEXT: Option<&str> = Some("text/plain;charset=UTF-8");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded;charset=UTF-8");
    let form = [("a", "1 2"), ("b", "\u{e4}&")];
    // A rule, the request, whether a preflight comes first, and what the handler sees.
    let rows: [(&str, Request, bool, Seen); 18] = [
        ("a GET", get("/a?b=c#d"), false, ("GET", "/a?b=c", None, None, "")),
        ("a relative URL", get("a"), false, ("GET", "/a", None, None, "")),
        ("an absolute URL", get("https://api.example/a"), false, ("GET", "/a", None, None, "")),
        ("a POST without a body", post("/"), false, ("POST", "/", None, Some("0"), "")),
        ("a PUT without a body", put("/"), true, ("PUT", "/", None, Some("0"), "")),
        ("a PATCH without a body", patch("/"), true, ("PATCH", "/", None, None, "")),
        ("a DELETE", delete("/"), true, ("DELETE", "/", None, None, "")),
        ("a method in lower case", method("put", "/"), true, ("PUT", "/", None, Some("0"), "")),
        ("a custom method", method("PURGE", "/"), true, ("PURGE", "/", None, None, "")),
        ("JSON", post("/").json(&json!([1])), true, ("POST", "/", JSON, Some("3"), "[1]")),
        ("JSON by hand", post("/").text("[1]"), false, ("POST", "/", TEXT, Some("3"), "[1]")),
        (
            "JSON of another type",
            post("/").json(&json!([1])).header("Content-Type", "application/a+json"),
            true,
            ("POST", "/", Some("application/a+json"), Some("3"), "[1]"),
        ),
        (
            "JSON after a header with another type",
            post("/").header("content-type", "text/plain").json(&json!([1])),
            false,
            ("POST", "/", Some("text/plain"), Some("3"), "[1]"),
        ),
        ("text", put("/").text("\u{e4}"), true, ("PUT", "/", TEXT, Some("2"), "\u{e4}")),
        ("an empty text", post("/").text(""), false, ("POST", "/", TEXT, Some("0"), "")),
        ("a form", post("/").form(&form), false, ("POST", "/", FORM, Some("17"), "a=1+2&b=%C3%A4%26")),
        ("bytes", post("/").bytes("ab"), false, ("POST", "/", None, Some("2"), "ab")),
        (
            "an upload with a listener",
            post("/").bytes("ab").upload_listener(),
            true,
            ("POST", "/", None, Some("2"), "ab"),
        ),
    ];
    for (rule, request, has_preflight, (method, uri, content_type, length, body)) in rows {
        let outcome = browser(everything()).await.page(PAGE).fetch(request).await;
        assert_allowed!(outcome);
        assert_eq!(
            outcome.exchanges().iter().any(|exchange| exchange.is_preflight),
            has_preflight,
            "{rule}\n{outcome}"
        );
        let seen: Value = outcome.json().expect("the echo is JSON");
        let expected = json!({
            "method": method, "uri": uri, "host": "api.example", "peer": "127.0.0.1",
            "content-type": content_type, "content-length": length, "x-a": null, "body": body,
        });
        assert_eq!(seen, expected, "{rule}\n{outcome}");
    }
}

#[actix_web::test]
async fn headers_are_normalized_and_filtered_as_by_fetch() {
    let browser = browser(everything()).await;
    let request = get("/")
        .header("X-A", " 1 ")
        .header("x-a", b"\xe4")
        .header("Cookie", "a=1")
        .header("origin", "https://x.example");
    let outcome = browser.page(PAGE).fetch(request).await;
    assert_allowed!(outcome);
    let names: Vec<Vec<&str>> = outcome
        .exchanges()
        .iter()
        .map(|exchange| exchange.headers.iter().map(|(name, _)| name.as_str()).collect())
        .collect();
    assert_eq!(
        names,
        [
            vec![
                "host",
                "accept",
                "access-control-request-method",
                "access-control-request-headers",
                "origin",
                "sec-fetch-dest",
                "sec-fetch-mode",
                "sec-fetch-site",
            ],
            vec!["host", "x-a", "x-a", "origin", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site"],
        ]
    );
    assert_eq!(outcome.exchanges()[1].header("X-A").as_deref(), Some("1, \u{e4}"));
    assert_eq!(outcome.exchanges()[1].header("Origin").as_deref(), Some(PAGE));
}

type IsExpected = fn(&Reason) -> bool;

#[actix_web::test]
async fn credentials_need_a_policy_with_credentials() {
    let credentialed = || policy().allow_credentials().build().expect("a valid policy");
    let plain = || policy().build().expect("a valid policy");
    let rows: [(&str, Policy, Credentials, Option<IsExpected>); 6] = [
        ("allowed, and included", credentialed(), Credentials::Include, None),
        ("allowed, and not included", credentialed(), Credentials::SameOrigin, None),
        (
            "not allowed, and included",
            plain(),
            Credentials::Include,
            Some(|reason| matches!(reason, Reason::AllowCredentialsNotTrue { value: None })),
        ),
        ("not allowed, and not included", plain(), Credentials::SameOrigin, None),
        (
            "any origin, and included",
            Policy::any_origin(),
            Credentials::Include,
            Some(|reason| matches!(reason, Reason::AllowOriginWildcard)),
        ),
        ("any origin, and not included", Policy::any_origin(), Credentials::Omit, None),
    ];
    for (rule, policy, credentials, is_expected) in rows {
        let outcome =
            browser(Cors::new(policy)).await.page(PAGE).fetch(get("/").credentials(credentials)).await;
        match is_expected {
            None => assert!(outcome.is_allowed(), "{rule}\n{outcome}"),
            Some(is_expected) => assert_blocked!(outcome, reason if is_expected(reason)),
        }
    }
}

/// The seconds that pass before each `PUT`, and how many exchanges it makes.
type Steps = &'static [(u64, usize)];

#[actix_web::test]
async fn preflights_are_remembered() {
    let hour = Duration::from_secs(3600);
    let rows: [(&str, Profile, Duration, Steps); 6] = [
        ("for the max-age", Profile::STANDARD, hour, &[(0, 2), (3599, 1), (1, 2)]),
        ("not at all if it is zero", Profile::STANDARD, Duration::ZERO, &[(0, 2), (0, 2)]),
        ("for a day", Profile::STANDARD, 24 * hour, &[(0, 2), (86_399, 1), (1, 2)]),
        ("for two hours at most in Chromium", Profile::CHROMIUM, 24 * hour, &[(0, 2), (7199, 1), (1, 2)]),
        ("for ten minutes at most in WebKit", Profile::WEBKIT, 24 * hour, &[(0, 2), (599, 1), (1, 2)]),
        ("for a day in Firefox", Profile::FIREFOX, 24 * hour, &[(0, 2), (86_399, 1), (1, 2)]),
    ];
    for (rule, profile, max_age, steps) in rows {
        let policy = policy().allow_methods(["PUT"]).max_age(max_age).build().expect("a valid policy");
        let browser = browser(Cors::new(policy)).await.profile(profile);
        for &(seconds, expected) in steps {
            browser.advance(Duration::from_secs(seconds));
            let outcome = browser.page(PAGE).fetch(put("/")).await;
            assert_allowed!(outcome);
            assert_eq!(outcome.exchanges().len(), expected, "{rule}, after {:?}", browser.now());
        }
        browser.forget_preflights();
        assert_eq!(browser.page(PAGE).fetch(put("/")).await.exchanges().len(), 2, "{rule}, forgotten");
    }
}

/// Responds to `/?to=URL&status=302` with a redirect.
async fn redirecting(
    policy: Policy,
) -> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    async fn handler(request: HttpRequest, query: web::Query<HashMap<String, String>>) -> HttpResponse {
        let Some(to) = query.get("to") else { return HttpResponse::Ok().body(request.method().to_string()) };
        let status = query.get("status").map_or("302", String::as_str);
        let mut response = HttpResponse::build(status.parse().expect("a status"));
        response
            .insert_header(("location", HeaderValue::from_bytes(to.as_bytes()).expect("a value")))
            .finish()
    }
    init_service(App::new().wrap(Cors::new(policy)).default_service(web::to(handler))).await
}

/// The final URL and the body, or the name of the reason why the fetch is blocked.
type Ends = Result<(&'static str, &'static str), &'static str>;

#[actix_web::test]
async fn redirects() {
    let long = format!("/?to=/{}", "x".repeat(66_000));
    // A rule, the policy of the two foreign servers, the request, and how it ends.
    let any = Policy::any_origin;
    let one = || policy().allow_methods(["PUT"]).build().expect("a valid policy");
    let rows: [(&str, Policy, Request, Ends); 17] = [
        ("within the server", one(), get("/?to=/a"), Ok(("https://api.example/a", "GET"))),
        ("two of them", one(), get("/?to=/?to=/a"), Ok(("https://api.example/a", "GET"))),
        ("to another server", any(), get("/?to=https://cdn.example/a"), Ok(("https://cdn.example/a", "GET"))),
        (
            "to another server that allows the page only",
            one(),
            get("/?to=https://cdn.example/"),
            Err("allow-origin-missing"),
        ),
        ("to the page", one(), get("/?to=https://app.example/a"), Err("allow-origin-missing")),
        (
            "from the page to a server",
            one(),
            get("https://app.example/?to=https://api.example/a"),
            Ok(("https://api.example/a", "GET")),
        ),
        (
            "within the page's server",
            one(),
            get("https://app.example/?to=/a"),
            Ok(("https://app.example/a", "GET")),
        ),
        ("to nowhere", one(), get("/?to=https://nowhere.example/"), Err("no-response")),
        ("to a URL that is not HTTP", one(), get("/?to=data:,a"), Err("location-not-http")),
        ("to what is not a URL", one(), get("/?to=https://"), Err("location-invalid")),
        ("to plain http", one(), get("/?to=http://api.example/"), Err("mixed-content")),
        ("a URL too long for a server", one(), get(long), Err("no-response")),
        (
            "an error in redirect mode error",
            one(),
            get("/?to=/a").redirect(Redirect::Error),
            Err("redirect-is-error"),
        ),
        ("a POST becomes a GET", one(), post("/?to=/a").text("b"), Ok(("https://api.example/a", "GET"))),
        (
            "but not after a 307",
            one(),
            post("/?to=/a&status=307").text("b"),
            Ok(("https://api.example/a", "POST")),
        ),
        ("a PUT stays one", one(), put("/?to=/a"), Ok(("https://api.example/a", "PUT"))),
        ("to an empty query", one(), get("/?to=?"), Ok(("https://api.example/?", "GET"))),
    ];
    for (rule, policy, request, ends) in rows {
        let browser = Browser::new(redirecting(policy.clone()).await)
            .also_at("https://cdn.example", redirecting(policy).await)
            .also_at(PAGE, redirecting(Policy::deny_all()).await);
        let outcome = browser.page(PAGE).fetch(request).await;
        let ended = match (outcome.allowed(), outcome.blocked()) {
            (Some(allowed), _) => {
                Ok((allowed.url.as_ref().map_or("", Url::as_str), outcome.text().expect("a body")))
            }
            (_, Some(blocked)) => Err(blocked.reason.name()),
            _ => unreachable!(),
        };
        assert_eq!(ended, ends.map(|(url, body)| (url, body.to_owned())), "{rule}\n{outcome}");
    }
}

#[actix_web::test]
async fn a_redirect_loop_ends_after_20_redirects() {
    let app = App::new().wrap(everything()).default_service(web::to(|| async {
        HttpResponse::Found().insert_header(("location", "/")).finish()
    }));
    let outcome = Browser::new(init_service(app).await).page(PAGE).fetch(get("/")).await;
    assert_blocked!(outcome, Reason::TooManyRedirects);
    assert_eq!(outcome.exchanges().len(), 21);
}

/// The status that the script can read, and which of three headers.
type Reads = (Option<u16>, [bool; 3]);

#[actix_web::test]
async fn scripts_can_read_what_is_exposed() {
    let exposing = || policy().expose_headers(["etag"]).build().expect("a valid policy");
    let rows: [(&str, Policy, &str, Request, Reads); 5] = [
        (
            "nothing exposed",
            policy().build().expect("valid"),
            PAGE,
            get("/"),
            (Some(200), [true, false, false]),
        ),
        ("one exposed", exposing(), PAGE, get("/"), (Some(200), [true, true, false])),
        (
            "its own page",
            Policy::deny_all(),
            "https://api.example",
            get("/"),
            (Some(200), [true, true, true]),
        ),
        (
            "an opaque response",
            exposing(),
            PAGE,
            get("/").mode(Mode::NoCors),
            (Some(0), [false, false, false]),
        ),
        ("a blocked response", Policy::deny_all(), PAGE, get("/"), (None, [false, false, false])),
    ];
    for (rule, policy, page, request, (status, reads)) in rows {
        let outcome = browser(Cors::new(policy)).await.page(page).fetch(request).await;
        assert_eq!(outcome.status(), status, "{rule}\n{outcome}");
        let headers = ["Content-Type", "ETag", "x-secret"];
        assert_eq!(headers.map(|name| outcome.header(name).is_some()), reads, "{rule}\n{outcome}");
        // A test can read what the server sent in any case.
        let response = outcome.exchanges()[0].response.as_ref().expect("a response");
        assert!(headers.iter().all(|name| response.header(name).is_some()), "{rule}");
    }
}

#[actix_web::test]
async fn bodies() {
    async fn bom() -> &'static [u8] {
        b"\xef\xbb\xbf{}\xff"
    }
    async fn broken() -> HttpResponse {
        let chunks = [Ok(Bytes::from_static(b"half")), Err(error::ErrorBadGateway("the disk is gone"))];
        HttpResponse::Ok().streaming(stream::iter(chunks))
    }
    async fn streamed() -> HttpResponse {
        let chunks = [Ok::<_, Error>(Bytes::from_static(b"two ")), Ok(Bytes::from_static(b"halves"))];
        HttpResponse::Ok().streaming(stream::iter(chunks))
    }
    async fn bytes_of(path: web::Path<u16>) -> HttpResponse {
        HttpResponse::build(path.to_string().parse().expect("a status")).body("text")
    }
    let app = App::new()
        .wrap(everything())
        .route("/bom", web::get().to(bom))
        .route("/broken", web::get().to(broken))
        .route("/streamed", web::to(streamed))
        .route("/status/{status}", web::to(bytes_of));
    let browser = Browser::new(init_service(app).await);
    let rows: [(&str, Request, Result<&str, &str>); 9] = [
        ("not all UTF-8, with a mark", get("/bom"), Ok("{}\u{fffd}")),
        ("a stream", get("/streamed"), Ok("two halves")),
        ("none for HEAD", head("/streamed"), Ok("")),
        ("none for 204", get("/status/204"), Ok("")),
        ("none for 304", get("/status/304"), Ok("")),
        ("the body of an error", get("/status/500"), Ok("text")),
        (
            "one that fails",
            get("/broken"),
            Err("the application's stream failed: response body write error: the disk is gone"),
        ),
        ("an opaque one", get("/streamed").mode(Mode::NoCors), Ok("")),
        ("a data URL's, which no server sent", get("data:,a"), Err("it did not come from a server")),
    ];
    for (rule, request, expected) in rows {
        let outcome = browser.page(PAGE).fetch(request).await;
        assert_allowed!(outcome);
        match (outcome.text(), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected, "{rule}"),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{rule}: {error}"),
            (text, expected) => panic!("{rule}: {text:?} and not {expected:?}"),
        }
    }
    let outcome = browser.page(PAGE).fetch(get("/streamed")).await;
    assert!(outcome.json::<Value>().expect_err("not JSON").to_string().contains("expected ident"));
    let outcome = browser.page("https://evil.example").fetch(get("/streamed")).await;
    let error = outcome.text().expect_err("blocked");
    assert!(error.to_string().contains("the browser blocks the response"));
    assert_eq!(format!("{error:?}"), error.to_string());
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::InvalidData);
}

#[actix_web::test]
async fn errors_become_responses() {
    async fn handler() -> Result<&'static str, Error> {
        Err(error::ErrorImATeapot("a teapot"))
    }
    let app = App::new()
        .wrap(from_fn(|request: ServiceRequest, next: Next<_>| async move {
            if request.path() == "/inside" {
                Err(error::ErrorPaymentRequired("pay"))
            } else {
                next.call(request).await
            }
        }))
        .wrap(everything())
        .wrap(from_fn(|request: ServiceRequest, next: Next<_>| async move {
            if request.path() == "/outside" {
                Err(error::ErrorPaymentRequired("pay"))
            } else {
                next.call(request).await
            }
        }))
        .route("/handler", web::get().to(handler));
    let browser = Browser::new(init_service(app).await);
    for (rule, path, status, text) in [
        ("a handler's", "/handler", Some(418), "a teapot"),
        ("a middleware's, inside Cors", "/inside", Some(402), "pay"),
        ("a middleware's, outside Cors", "/outside", None, "pay"),
        ("the router's", "/nowhere", Some(404), ""),
    ] {
        let outcome = browser.page(PAGE).fetch(get(path)).await;
        assert_eq!(outcome.status(), status, "{rule}\n{outcome}");
        assert_eq!(
            outcome.exchanges()[0].response.as_ref().map(|response| &response.body[..]),
            Some(text.as_bytes()),
            "{rule}"
        );
    }
}

#[actix_web::test]
async fn disallowed_origins_are_rejected_by_origin_and_sec_fetch_site() {
    let rows = [
        ("the allowed page", PAGE, post("/"), true),
        ("another page", "https://evil.example", post("/"), false),
        ("another page without CORS", "https://evil.example", post("/").mode(Mode::NoCors), false),
        (
            "another page's GET without CORS, which has no Origin",
            "https://evil.example",
            get("/").mode(Mode::NoCors),
            true,
        ),
        ("the server's own page", "https://api.example", post("/"), true),
        ("another port of the server", "https://api.example:8443", post("/"), false),
        ("a sandboxed page", "null", post("/"), false),
    ];
    for (rule, page, request, is_handled) in rows {
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        let cors = Cors::new(policy().build().expect("a valid policy")).reject_disallowed_origins();
        let app = App::new().wrap(cors).default_service(web::to(move || {
            counted.set(counted.get() + 1);
            async { "done" }
        }));
        let outcome = Browser::new(init_service(app).await).page(page).fetch(request).await;
        assert_eq!(calls.get() == 1, is_handled, "{rule}\n{outcome}");
    }
}

#[actix_web::test]
async fn each_origin_has_its_own_server() {
    async fn at(name: &'static str) -> Browser {
        Browser::at(
            "http://localhost:8080",
            init_service(App::new().wrap(everything()).default_service(web::to(move || async move { name })))
                .await,
        )
    }
    let browser = at("first").await.also_at(
        "http://localhost:8081",
        init_service(App::new().wrap(everything()).default_service(web::to(|| async { "second" }))).await,
    );
    for (url, expected) in [
        ("/", Some("first")),
        ("http://localhost:8080", Some("first")),
        ("//localhost:8081/", Some("second")),
        ("http://localhost:8082", None),
        ("https://localhost:8080", None),
        ("http://127.0.0.1:8080", None),
    ] {
        let outcome = browser.page(PAGE).fetch(get(url)).await;
        assert_eq!(outcome.text().ok().as_deref(), expected, "{url}\n{outcome}");
        if expected.is_none() {
            assert_blocked!(outcome, Reason::NoResponse);
        }
    }
}

#[actix_web::test]
async fn pages_may_fetch_concurrently() {
    let browser = browser(everything()).await;
    let (one, other) = (browser.page(PAGE), browser.page("https://api.example"));
    let (one, other) = join(one.fetch(put("/1")), other.fetch(put("/2"))).await;
    assert_eq!(one.allowed().map(|allowed| allowed.response_type), Some(ResponseType::Cors));
    assert_eq!(other.allowed().map(|allowed| allowed.response_type), Some(ResponseType::Basic));
}

#[actix_web::test]
async fn no_request_and_no_response_makes_it_panic() {
    let browser = browser(everything()).await;
    let requests = [
        get("https://"),
        get("https://user:secret@api.example/"),
        get(format!("/{}", "x".repeat(70_000))),
        get("/?`|^{}\"<>'\u{e4}"),
        get("/`|^{}\"<>'\\%zz%"),
        get("blob:x"),
        get("https://[::1]:0/"),
        method("", "/"),
        method("G\u{e4}T", "/"),
        method("connect", "/"),
        get("/").text("no body"),
        get("/").header("", ""),
        get("/").header("x-a", b"\x01\x7f"),
        get("/").header("x-a", "\r\n"),
    ];
    for request in requests {
        for page in [PAGE, "https://api.example", "null", "chrome-extension://abc", "http://[::1]:1"] {
            let outcome = browser.page(page).fetch(request.clone()).await;
            assert!(!outcome.to_string().is_empty());
        }
    }
    let mut bytes: Vec<u8> = (1..=255).filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    bytes.extend_from_slice(b"\xf0\x9f");
    let names = [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-max-age",
        "location",
        "set-cookie",
        "access-control-expose-headers",
        "cross-origin-resource-policy",
        "x-a",
    ];
    for status in [100, 200, 204, 302, 599, 999] {
        let bytes = bytes.clone();
        let app = App::new().default_service(web::to(move || {
            let mut response = HttpResponse::build(status.to_string().parse().expect("a status"));
            for name in names {
                for chunk in bytes.chunks(50) {
                    if let Ok(value) = HeaderValue::from_bytes(chunk) {
                        response.append_header((HeaderName::from_static(name), value));
                    }
                }
            }
            let response = response.body(bytes.clone());
            async { response }
        }));
        let browser = Browser::new(init_service(app).await);
        for page in [PAGE, "https://api.example"] {
            for request in [get("/"), put("/"), get("/").mode(Mode::NoCors)] {
                let outcome = browser.page(page).fetch(request).await;
                assert!(!outcome.to_string().is_empty());
                let _ = (outcome.text(), outcome.json::<Value>());
            }
        }
    }
}
