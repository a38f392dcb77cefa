//! What a person reads when an assertion fails.

#![allow(clippy::needless_raw_string_hashes, reason = "`UPDATE_EXPECT` writes them")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::{App, HttpResponse, cookie::Cookie, test::init_service, web};
use actix_web_cors::{
    Cors, Policy,
    testing::{Browser, Credentials, Mode, Outcome, Reason, assert_allowed, assert_blocked, get, put},
};
use expect_test::{Expect, expect};
use serde_json::json;

const PAGE: &str = "https://app.example";

async fn browser(cors: Cors) -> Browser {
    let app = App::new().wrap(cors).default_service(web::to(|| async {
        HttpResponse::Ok()
            .insert_header(("etag", "\"1\""))
            .cookie(Cookie::new("session", "2"))
            .content_type("text/plain")
            .body("first line\nsecond line")
    }));
    Browser::new(init_service(app).await)
}

fn panic_text(assertion: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion fails");
    payload.downcast_ref::<String>().expect("a text").clone()
}

fn check(outcome: &Outcome, expected: &Expect) {
    expected.assert_eq(&outcome.to_string());
}

#[actix_web::test]
async fn a_forgotten_method() {
    let policy =
        Policy::builder().allow_origins([PAGE]).allow_methods(["DELETE"]).allow_headers(["content-type"]);
    let browser = browser(Cors::new(policy.build().expect("a valid policy"))).await;
    let outcome = browser.page(PAGE).fetch(put("/items/1").json(&json!({ "name": "lamp" }))).await;
    expect![[r#"
        expected the browser to allow this request, but it blocks it

        PUT /items/1 from a page of https://app.example
        Blocked: the method PUT is not allowed.
        Fix: respond to the preflight with Access-Control-Allow-Methods: PUT.
        The rule: the preflight response does not allow the method PUT (at the preflight, so the actual request was never sent)
          see https://fetch.spec.whatwg.org/#cors-preflight-fetch-0

        1. preflight
          > OPTIONS https://api.example/items/1
          > host: api.example
          > accept: */*
          > access-control-request-method: PUT
          > access-control-request-headers: content-type
          > origin: https://app.example
          > sec-fetch-dest: empty
          > sec-fetch-mode: cors
          > sec-fetch-site: cross-site
          < 204 No Content
          < access-control-allow-headers: content-type
          < access-control-allow-methods: DELETE
          < access-control-allow-origin: https://app.example
          < vary: origin, access-control-request-method
    "#]]
    .assert_eq(&panic_text(|| assert_allowed!(outcome)));
}

#[actix_web::test]
async fn a_response_that_is_withheld() {
    let browser = browser(Cors::new(Policy::allow_origin("https://other.example").expect("valid"))).await;
    browser.set_cookie("theme=dark");
    let outcome = browser.page(PAGE).fetch(get("/items").credentials(Credentials::Include)).await;
    check(
        &outcome,
        &expect![[r#"
            GET /items from a page of https://app.example
            Blocked: the response has no Access-Control-Allow-Origin header (status 200). Likely the origin https://app.example is not among those that the server allows. It is also possible that https://api.example does not use CORS at all, or that the preflight is answered, but the response to the actual request has no CORS headers.
            Fix, if the first is right: respond with Access-Control-Allow-Origin: https://app.example, Access-Control-Allow-Credentials: true and Vary: Origin.
            To find out more: print outcome.diagnose().await, which sends further requests.
            The rule: the response has no Access-Control-Allow-Origin header (at the CORS check, after the server handled the request)
              see https://fetch.spec.whatwg.org/#cors-check

            1. request
              > GET https://api.example/items
              > host: api.example
              > origin: https://app.example
              > sec-fetch-dest: empty
              > sec-fetch-mode: cors
              > sec-fetch-site: cross-site
              < 200 OK
              < content-type: text/plain
              < etag: "1"
              < set-cookie: session=2
              < vary: origin
              < 22 bytes: first line\nsecond line
              note: the cookie "theme" was not sent: it has no SameSite, which Chromium treats as Lax, and the page is on another site
              note: the cookie "session" was not stored: it has no SameSite, which Chromium treats as Lax, and the page is on another site; set it with SameSite=None; Secure
        "#]],
    );
}

#[actix_web::test]
async fn a_preflight_that_needs_authentication() {
    let app = App::new().default_service(web::to(|| async {
        HttpResponse::Unauthorized().insert_header(("access-control-allow-origin", PAGE)).finish()
    }));
    let browser = Browser::new(init_service(app).await);
    let outcome = browser.page(PAGE).fetch(put("/items/1")).await;
    let text = outcome.to_string();
    let first: Vec<&str> = text.lines().take(5).collect();
    expect![[r#"
        PUT /items/1 from a page of https://app.example
        Blocked: authentication stands in front of CORS, so the preflight gets 401. The origin is allowed.
        Fix: put CORS outside of authentication, so that preflights pass: they carry neither cookies nor Authorization.
        In Actix: wrap the application or the scope, not a route, and put Cors outside of authentication.
        The rule: the preflight response has status 401, and only 200 to 299 lets the request pass (at the preflight, so the actual request was never sent)"#]]
    .assert_eq(&first.join("\n"));
}

#[actix_web::test]
async fn a_response_that_is_allowed() {
    let policy = Policy::builder().allow_origins([PAGE]).build().expect("a valid policy");
    let browser = browser(Cors::new(policy)).await;
    browser.set_cookie("theme=dark; SameSite=None; Secure");
    let outcome = browser.page(PAGE).fetch(get("/items")).await;
    expect![[r#"
        expected the browser to block this request, but it allows it

        GET /items from a page of https://app.example
        allowed: the script gets a response of type cors, with status 200
          headers that the script can read: content-type
          headers that it can't: access-control-allow-origin, etag, set-cookie, vary

        1. request
          > GET https://api.example/items
          > host: api.example
          > origin: https://app.example
          > sec-fetch-dest: empty
          > sec-fetch-mode: cors
          > sec-fetch-site: cross-site
          < 200 OK
          < access-control-allow-origin: https://app.example
          < content-type: text/plain
          < etag: "1"
          < set-cookie: session=2
          < vary: origin
          < 22 bytes: first line\nsecond line
          note: cookies were not sent: the request's credentials mode is SameOrigin, and the URL's origin is not the page's; fetch with Credentials::Include
          note: no cookie was stored: the request's credentials mode is SameOrigin, and the URL's origin is not the page's; fetch with Credentials::Include
    "#]].assert_eq(&panic_text(|| assert_blocked!(outcome)));
}

#[actix_web::test]
async fn a_server_that_is_not_there() {
    let outcome =
        browser(Cors::new(Policy::any_origin())).await.page(PAGE).fetch(get("https://cdn.example/")).await;
    check(
        &outcome,
        &expect![[r#"
            GET https://cdn.example/ from a page of https://app.example
            Blocked, but not by CORS: nothing listens at https://cdn.example.
            Fix: start the server, or correct the host and port of the URL.
            The rule: no response arrived; either the server is not reachable, the connection broke, its certificate is not valid, or what it sent is not HTTP (by the network, not by CORS)
              see https://fetch.spec.whatwg.org/#concept-network-error

            1. request
              > GET https://cdn.example/
              > host: cdn.example
              > origin: https://app.example
              > sec-fetch-dest: empty
              > sec-fetch-mode: cors
              > sec-fetch-site: cross-site
              < no response
              note: there is no application at https://cdn.example: put one there with Browser::also_at
        "#]],
    );
}

#[actix_web::test]
async fn nothing_is_sent() {
    let outcome =
        browser(Cors::new(Policy::any_origin())).await.page(PAGE).fetch(put("/\n").mode(Mode::NoCors)).await;
    check(
        &outcome,
        &expect![[r#"
            PUT /\n from a page of https://app.example
            Blocked, but not by CORS: a "no-cors" request can't have the method PUT, only GET, HEAD and POST.
            Fix: in the page, leave out the mode, so that it is "cors".
            The rule: a "no-cors" request can't have the method PUT, only GET, HEAD and POST (by fetch() itself, before anything was sent)
              see https://fetch.spec.whatwg.org/#dom-request

            nothing was sent
        "#]],
    );
}

#[actix_web::test]
async fn another_reason_than_expected() {
    let outcome = browser(Cors::new(Policy::deny_all())).await.page(PAGE).fetch(get("/")).await;
    assert_blocked!(outcome, Reason::AllowOriginMissing if outcome.exchanges().len() == 1);
    let text = panic_text(|| {
        assert_blocked!(outcome, Reason::MethodNotAllowed { .. } | Reason::AllowOriginWildcard);
    });
    let first = text.lines().next().unwrap_or_default();
    expect!["expected the browser to block this request because of Reason::MethodNotAllowed { .. } | Reason::AllowOriginWildcard, but it does so because of AllowOriginMissing"].assert_eq(first);
}

/// A test runner shows the line of the test, not of this crate.
#[actix_web::test]
async fn a_failed_assertion_names_its_line() {
    let outcome = browser(Cors::new(Policy::deny_all())).await.page(PAGE).fetch(get("/")).await;
    let hook = std::panic::take_hook();
    // The other tests' panics, on other threads, are still reported.
    std::panic::set_hook(Box::new(move |info| {
        LOCATION.set(info.location().map(|location| (location.file().to_owned(), location.line())));
        hook(info);
    }));
    drop(panic_text(|| assert_allowed!(outcome)));
    let line = line!() - 1;
    assert_eq!(LOCATION.take(), Some((file!().to_owned(), line)));
}

thread_local! {
    static LOCATION: std::cell::Cell<Option<(String, u32)>> = const { std::cell::Cell::new(None) };
}

#[actix_web::test]
async fn an_invalid_setup_panics_with_what_to_write() {
    let browser = || async { browser(Cors::new(Policy::deny_all())).await };
    let app = || async { init_service(App::new()).await };
    let (first, second, third, fourth) = (browser().await, browser().await, app().await, app().await);
    let rows = [
        (
            panic_text(|| drop(first.page("app.example"))),
            "\"app.example\" is not the URL of a page: write one such as",
        ),
        (
            panic_text(|| drop(Browser::at("https://api.example/v1", third))),
            "is not the origin of a server: write one such as",
        ),
        (
            panic_text(|| drop(second.also_at("https://api.example:443", fourth))),
            "there already is an application at https://api.example:443; choose another origin",
        ),
        (
            panic_text(|| first.set_cookie("a=1; SameSite=None")),
            "the cookie \"a\" was not stored: its SameSite is None",
        ),
        (panic_text(|| first.set_cookie_at("a", "a=1")), "\"a\" is not a URL"),
        (panic_text(|| drop(get("/").form(&1))), "can't be written as a form"),
    ];
    for (text, expected) in rows {
        assert!(text.contains(expected), "{text}");
    }
}
