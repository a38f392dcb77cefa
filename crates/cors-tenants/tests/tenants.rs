//! The service as a browser and a program meet it, on both databases: who gets whose data, and who may change what. Each abuse
//! has a test of its name.

#![allow(clippy::doc_markdown, reason = "PostgreSQL and SQLite are names, not code")]

use std::time::Duration;

use actix_web::{
    body::MessageBody,
    dev::{Service as _, ServiceResponse},
    test::{TestRequest, init_service, read_body},
};
use actix_web_cors::testing::{Browser, Credentials, delete, get, post};
use cors_tenants::{
    api::{self, Service},
    replica::Source,
    site::Site,
    store::changes::{Actor, Change, MAX_CHANGES},
};
use serde_json::{Value, json};

use crate::{
    common::{Database, tests},
    world::{
        ACME, EVIL, OTHER, PASSWORD, SECRET, SERVICE, SHARED, browser, credentials, instance, managing_token,
        own, readable, sign_in, started, token, two_tenants, until,
    },
};

mod common;
#[path = "common/world.rs"]
mod world;

fn main() {
    let on_both = tests![
        one_tenant_opening_anothers_data,
        one_tenants_policy_opening_anothers_data,
        a_front_end_managing_its_tenant,
        another_tenants_page_managing_a_tenant,
        a_forged_change_with_the_users_cookie,
        a_token_of_a_front_end_managing_the_tenant,
        guessing_a_password,
        a_change_through_one_instance_reaches_the_other,
        a_database_that_is_gone_leaves_policies_in_force_until_they_lapse,
        an_unknown_tenant_has_no_policy_and_no_data,
        cookies_are_bound_to_the_tenant,
        what_is_not_valid_is_refused_with_the_reason,
        no_request_is_answered_by_a_panic,
        the_pages_are_there,
    ];
    let on_postgres = tests![
        an_instance_that_starts_without_its_database_recovers_by_itself,
        a_revocation_during_an_outage_is_in_force_when_the_lease_ends,
    ];
    common::run(on_both, on_postgres);
}

async fn one_tenant_opening_anothers_data(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let tokens =
        [("acme", token(&browser, "acme", ACME).await), ("other", token(&browser, "other", OTHER).await)];
    for (of, token) in &tokens {
        for data in ["acme", "other"] {
            for (origin, registered_by) in
                [(ACME, &["acme"][..]), (OTHER, &["other"]), (SHARED, &["acme", "other"]), (EVIL, &[])]
            {
                for url in
                    [format!("/t/{data}/api/notes"), format!("https://{data}.api.example.com/api/notes")]
                {
                    let request = get(&url).header("authorization", format!("Bearer {token}"));
                    let outcome = browser.page(origin).fetch(request).await;
                    let read = readable(&outcome);
                    let is_theirs = *of == data && registered_by.contains(&data);
                    let what = format!("a page of {origin} with a session of {of}, at {url}: {outcome}");
                    assert_eq!(read.contains(&format!("{SECRET}{data}")), is_theirs, "{what}");
                    assert_eq!(read.contains(SECRET), is_theirs, "{what}");
                    assert_eq!(outcome.is_allowed(), registered_by.contains(&data), "{what}");
                }
            }
        }
    }
}

/// The same with cookies, and without any policy in between: what a program sends.
async fn one_tenants_policy_opening_anothers_data(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    sign_in(&browser, "acme").await;
    let with_cookies = |path: &str| get(path).credentials(Credentials::Include);
    let read =
        async |origin: &str, path: &str| readable(&browser.page(origin).fetch(with_cookies(path)).await);
    assert!(read(ACME, "/t/acme/api/notes").await.contains("the secret of acme"));
    for (origin, path) in [
        (OTHER, "/t/acme/api/notes"),
        (EVIL, "/t/acme/api/notes"),
        (ACME, "/t/other/api/notes"),
        (SHARED, "/t/other/api/notes"),
        (ACME, "https://other.api.example.com/api/notes"),
        (SHARED, "https://other.api.example.com/api/notes"),
        // On the other's host, a path that names one's own tenant.
        (ACME, "https://other.api.example.com/t/acme/api/notes"),
        (SHARED, "https://other.api.example.com/t/acme/api/notes"),
        (ACME, "/t/acme/../other/api/notes"),
        (ACME, "/t/acme%2F..%2Fother/api/notes"),
        (ACME, "/t//api/notes"),
        (ACME, "/t/ACME/api/notes"),
    ] {
        assert!(!read(origin, path).await.contains(SECRET), "{origin} {path}");
    }
    // The acme session's token, sent as the other's cookie.
    let acme =
        browser.cookies().into_iter().find(|cookie| cookie.name == "__Host-session-acme").expect("a cookie");
    browser.set_cookie(format!("__Host-session-other={}; Path=/; Secure; SameSite=Strict", acme.value));
    let outcome = browser.page(SHARED).fetch(with_cookies("/t/other/api/notes")).await;
    assert_eq!((outcome.status(), outcome.is_allowed()), (Some(401), true), "{outcome}");
    assert!(!readable(&outcome).contains(SECRET));
}

async fn a_front_end_managing_its_tenant(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let csrf = sign_in(&browser, "acme").await;
    // A registered origin, whose script has even got hold of the token against CSRF.
    for host in ["", "https://acme.api.example.com"] {
        let manage = if host.is_empty() { "/t/acme/manage".to_owned() } else { format!("{host}/manage") };
        for origin in [ACME, EVIL, "https://other.api.example.com", "null"] {
            for request in [
                get(format!("{manage}/session")),
                get(format!("{manage}/origins")),
                get(format!("{manage}/audit")),
                post(format!("{manage}/origins")).json(&json!({ "origin": EVIL })),
                post(format!("{manage}/origins")).text(json!({ "origin": EVIL }).to_string()),
                delete(format!("{manage}/origins?origin={ACME}")),
                delete(format!("{manage}/tenant")),
                post(format!("{manage}/session")).text(credentials().to_string()),
            ] {
                for request in [request.clone(), request.header("x-csrf-token", &csrf)] {
                    let outcome = browser.page(origin).fetch(request.credentials(Credentials::Include)).await;
                    assert!(!outcome.is_allowed(), "{outcome}");
                }
            }
        }
    }
    let found = instance.store().load("acme").await.expect("read").found.expect("acme");
    assert_eq!(found.1, [ACME, SHARED]);
}

async fn another_tenants_page_managing_a_tenant(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let csrf = sign_in(&browser, "other").await;
    // Signed in to the other tenant, at the service's own page: same-origin, and still not this tenant's.
    for request in [
        get("/t/acme/manage/session"),
        get("/t/acme/manage/origins"),
        get("/t/acme/manage/audit"),
        post("/t/acme/manage/origins").json(&json!({ "origin": EVIL })),
        delete(format!("/t/acme/manage/origins?origin={ACME}")),
        delete("/t/acme/manage/tenant"),
        delete("/t/acme/manage/session"),
    ] {
        let outcome = own(&browser, request.header("x-csrf-token", &csrf)).await;
        assert_eq!(outcome.status(), Some(401), "{outcome}");
    }
    let log = instance.store().audit("acme", i64::MAX, 10).await.expect("read");
    assert_eq!(log.len(), 3, "{log:?}");
}

async fn a_forged_change_with_the_users_cookie(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let csrf = sign_in(&browser, "acme").await;
    let other = sign_in(&browser, "other").await;
    let register = || post("/t/acme/manage/origins").json(&json!({ "origin": "https://new.example.com" }));
    for (token, status) in
        [(None, 403), (Some(""), 403), (Some("x"), 403), (Some(&*other), 403), (Some(&*csrf), 201)]
    {
        let request = token.map_or_else(register, |token| register().header("x-csrf-token", token));
        let outcome = own(&browser, request).await;
        assert_eq!(outcome.status(), Some(status), "{token:?}: {outcome}");
    }
    // Even with that token: a page of another origin, as a browser names it.
    let service = Service::new(instance, Site::parse(SERVICE).expect("a site"));
    let app = init_service(api::app(service)).await;
    let cookies = browser.cookies();
    let session = cookies.iter().find(|cookie| cookie.name == "__Host-session-acme").expect("a cookie");
    for (number, (name, value, status)) in [
        ("origin", SERVICE, 201),
        ("origin", ACME, 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 201),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "none", 403),
    ]
    .into_iter()
    .enumerate()
    {
        let request = TestRequest::post()
            .uri("/t/acme/manage/origins")
            .insert_header(("host", "api.example.com"))
            .insert_header(("cookie", format!("{}={}", session.name, session.value)))
            .insert_header(("x-csrf-token", csrf.as_str()))
            .insert_header((name, value))
            .set_json(json!({ "origin": format!("https://n{number}.example.com") }));
        let response = app.call(request.to_request()).await.expect("a response");
        assert_eq!(response.status().as_u16(), status, "{name}: {value}");
    }
}

async fn a_token_of_a_front_end_managing_the_tenant(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let uses = token(&browser, "acme", ACME).await;
    let manages = managing_token(&browser, "acme").await;
    for (token, status) in [(&uses, 403), (&manages, 200)] {
        let request = get("/t/acme/manage/origins").header("authorization", format!("Bearer {token}"));
        assert_eq!(own(&browser, request).await.status(), Some(status));
    }
    // Both end when they are told to.
    for (token, path) in [(&uses, "/t/acme/api/token"), (&manages, "/t/acme/manage/token")] {
        let authorization = format!("Bearer {token}");
        let ended = own(&browser, delete(path).header("authorization", &authorization)).await;
        assert_eq!(ended.status(), Some(204), "{ended}");
        let read = own(&browser, get("/t/acme/api/notes").header("authorization", &authorization)).await;
        assert_eq!(read.status(), Some(401), "{read}");
    }
}

async fn guessing_a_password(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let attempt = async |account: &str, password: &str| {
        let body = json!({ "account": account, "password": password });
        own(&browser, post("/t/acme/manage/session").json(&body)).await.status().unwrap_or_default()
    };
    assert_eq!(attempt("ada", "").await, 401);
    assert_eq!(attempt("nobody", PASSWORD).await, 401);
    for _ in 0..10 {
        assert_eq!(attempt("ada", "wrong horse battery").await, 401);
    }
    // Not even the right one, for a minute. Other tenants' accounts of that name don't notice.
    assert_eq!(attempt("ada", PASSWORD).await, 429);
    sign_in(&browser, "other").await;
}

async fn a_change_through_one_instance_reaches_the_other(database: Database) {
    let one = instance(&database, "one", Duration::from_secs(60)).await;
    let two = instance(&database, "two", Duration::from_secs(60)).await;
    let browser_of_one = two_tenants(&one).await;
    let browser_of_two = browser(&two).await;
    let csrf = sign_in(&browser_of_one, "acme").await;
    let front_end = "https://new.example.com";
    let is_let_in =
        async || browser_of_two.page(front_end).fetch(get("/t/acme/api/notes")).await.is_allowed();
    assert!(!is_let_in().await);

    let manage = "/t/acme/manage/origins";
    let register = post(manage).json(&json!({ "origin": front_end })).header("x-csrf-token", &csrf);
    assert_eq!(own(&browser_of_one, register).await.status(), Some(201));
    let begin = tokio::time::Instant::now();
    while !is_let_in().await {
        assert!(begin.elapsed() < Duration::from_secs(2), "it is not let in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The browser remembers this preflight for longer than the test takes.
    let token = token(&browser_of_two, "acme", front_end).await;
    let add = async || {
        let request = post("/t/acme/api/notes").json(&json!({ "text": "x" }));
        let request = request.header("authorization", format!("Bearer {token}"));
        browser_of_two.page(front_end).fetch(request).await
    };
    assert_eq!(add().await.status(), Some(201));
    let revoke = delete(format!("{manage}?origin={front_end}")).header("x-csrf-token", &csrf);
    assert_eq!(own(&browser_of_one, revoke).await.status(), Some(200));
    let begin = tokio::time::Instant::now();
    while is_let_in().await {
        assert!(begin.elapsed() < Duration::from_secs(2), "it is still let in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // So the request is sent, and nothing comes of it.
    let outcome = add().await;
    assert_eq!(outcome.exchanges().len(), 1, "{outcome}");
    assert_eq!(
        outcome.exchanges()[0].response.as_ref().map(|response| response.status),
        Some(403),
        "{outcome}"
    );
    assert_eq!(one.store().notes("acme").await.expect("read").len(), 2);
    // Both are in the log, with the instance.
    let log = own(&browser_of_one, get("/t/acme/manage/audit")).await.json::<Value>().expect("JSON");
    for (place, what) in [(0, "revoke"), (1, "register")] {
        let entry = &log["entries"][place];
        assert_eq!(
            (
                entry["what"].as_str(),
                entry["who"].as_str(),
                entry["instance"].as_str(),
                entry["origin"].as_str()
            ),
            (Some(what), Some("ada"), Some("one"), Some(front_end))
        );
    }
    // A tenant that was removed lets nobody in.
    let is_let_in = async || browser_of_two.page(ACME).fetch(get("/t/acme/api/notes")).await.is_allowed();
    assert!(is_let_in().await);
    let remove = delete("/t/acme/manage/tenant").header("x-csrf-token", &csrf);
    assert_eq!(own(&browser_of_one, remove).await.status(), Some(204));
    let begin = tokio::time::Instant::now();
    while is_let_in().await {
        assert!(begin.elapsed() < Duration::from_secs(2), "it is still let in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn preflight(browser: &Browser, origin: &str) -> (Option<u16>, bool) {
    let outcome =
        browser.page(origin).fetch(get("/t/acme/api/notes").header("authorization", "Bearer x")).await;
    browser.forget_preflights();
    (
        outcome
            .exchanges()
            .first()
            .and_then(|exchange| exchange.response.as_ref().map(|response| response.status)),
        outcome.is_allowed(),
    )
}

async fn policies(browser: &Browser) -> String {
    let health = own(browser, get("/health")).await;
    assert_eq!(health.status(), Some(200));
    health.json::<Value>().expect("JSON")["policies"].as_str().expect("words").to_owned()
}

async fn a_database_that_is_gone_leaves_policies_in_force_until_they_lapse(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(3)).await;
    let browser = two_tenants(&instance).await;
    assert_eq!(preflight(&browser, ACME).await, (Some(204), true));
    assert_eq!(policies(&browser).await, "fresh");
    instance.store().close().await;
    until("it notices", || instance.health().source != Source::Fresh).await;
    assert!(policies(&browser).await.starts_with("stale for "));
    assert_eq!(preflight(&browser, ACME).await.0, Some(204), "the policy is still in force");

    until("it lapses", || matches!(instance.health().source, Source::Lapsed(_))).await;
    let words = policies(&browser).await;
    assert!(words.starts_with("stale for ") && words.ends_with("so no origin is allowed"), "{words}");
    // It was loaded after the last check that confirmed everything, so it lapses that much later.
    let lapsed = tokio::time::Instant::now();
    while preflight(&browser, ACME).await != (Some(503), false) {
        assert!(lapsed.elapsed() < Duration::from_secs(1), "it is still in force");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Without a preflight: rejected, because nobody knows whether the origin is still allowed.
    let outcome = browser.page(ACME).fetch(get("/t/acme/api/notes")).await;
    assert_eq!(
        outcome.exchanges()[0].response.as_ref().map(|response| response.status),
        Some(503),
        "{outcome}"
    );
    // The service's own pages notice nothing but that the database is missing.
    assert_eq!(own(&browser, get("/")).await.status(), Some(200));
    let data = own(&browser, get("/t/acme/api/notes").header("authorization", "Bearer x")).await;
    assert_eq!(data.status(), Some(503));
    assert!(data.text().expect("text").contains("the database can't be used now"), "{data}");
}

async fn an_instance_that_starts_without_its_database_recovers_by_itself(mut database: Database) {
    let server = database.server.as_mut().expect("a server");
    server.kill();
    let instance = started(&database, "one", Duration::from_secs(4));
    let browser = browser(&instance).await;
    until("a check has failed", || instance.health().failed_checks > 0).await;
    assert!(policies(&browser).await.starts_with("no response from the database since the start"));
    assert_eq!(preflight(&browser, ACME).await, (Some(503), false));

    database.server.as_mut().expect("a server").resume().expect("it starts");
    until("it recovers", || instance.health().source == Source::Fresh).await;
    assert_eq!(policies(&browser).await, "fresh");
    let browser = two_tenants(&instance).await;
    assert_eq!(preflight(&browser, ACME).await, (Some(204), true));
}

async fn a_revocation_during_an_outage_is_in_force_when_the_lease_ends(mut database: Database) {
    let max_stale = Duration::from_secs(4);
    let instance = instance(&database, "one", max_stale).await;
    let browser = two_tenants(&instance).await;
    assert_eq!(preflight(&browser, ACME).await, (Some(204), true));
    database.server.as_mut().expect("a server").kill();
    until("it notices", || instance.health().source != Source::Fresh).await;
    assert_eq!(preflight(&browser, ACME).await.0, Some(204));
    database.server.as_mut().expect("a server").resume().expect("it starts");
    until("it recovers", || instance.health().source == Source::Fresh).await;
    // News come again, too: long before the next check would.
    let other = database.open();
    let actor = Actor { account: "ada", instance: "two" };
    tokio::time::sleep(Duration::from_millis(1500)).await;
    other.change("acme", Change::Revoke(ACME), actor).await.expect("revoked");
    let begin = tokio::time::Instant::now();
    while preflight(&browser, ACME).await != (Some(403), false) {
        assert!(begin.elapsed() < max_stale, "still let in");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn an_unknown_tenant_has_no_policy_and_no_data(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    for path in [
        "/t/nobody/api/notes",
        "/t/nobody/",
        "/t/No%20body/api/notes",
        "/t/a/",
        "/t/",
        "/t",
        "/nobody",
        "/t/acme/x",
    ] {
        let outcome = own(&browser, get(path)).await;
        assert_eq!(outcome.status(), Some(404), "{path}: {outcome}");
        assert!(!browser.page(ACME).fetch(get(path)).await.is_allowed(), "{path}");
    }
    // Before anybody knows whether it exists, and after.
    assert_eq!(instance.health().unknown, 1);
    let created = own(
        &browser,
        post("/tenants").json(&json!({ "tenant": "nobody", "account": "bob", "password": PASSWORD })),
    )
    .await;
    assert_eq!(created.status(), Some(201));
    until("it is known", || instance.health().unknown == 0).await;
    let outcome = own(&browser, get("/t/nobody/api/notes")).await;
    assert_eq!(outcome.status(), Some(401), "{outcome}");
}

async fn cookies_are_bound_to_the_tenant(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let set_cookie = async |site: &str, host: &'static str, path: &str| {
        let service = Service::new(instance.clone(), Site::parse(site).expect("a site"));
        let request = TestRequest::post().uri(path).insert_header(("host", host)).set_json(credentials());
        let response =
            init_service(api::app(service)).await.call(request.to_request()).await.expect("a response");
        let cookie =
            response.headers().get("set-cookie").expect("a cookie").to_str().expect("text").to_owned();
        let (name, rest) = cookie.split_once('=').expect("a pair");
        format!("{name}{}", rest.split_once(';').expect("attributes").1)
    };
    let attributes = "HttpOnly; SameSite=Strict;";
    for (site, host, path, expected) in [
        (
            "http://localhost:8090",
            "localhost:8090",
            "/t/acme/manage/session",
            format!("session-acme {attributes} Path=/t/acme; Max-Age=43200"),
        ),
        (
            "http://localhost:8090",
            "acme.localhost:8090",
            "/manage/session",
            format!("session-acme {attributes} Path=/; Max-Age=43200"),
        ),
        (
            SERVICE,
            "api.example.com",
            "/t/acme/manage/session",
            format!("__Host-session-acme {attributes} Secure; Path=/; Max-Age=43200"),
        ),
        (
            SERVICE,
            "acme.api.example.com",
            "/manage/session",
            format!("__Host-session-acme {attributes} Secure; Path=/; Max-Age=43200"),
        ),
    ] {
        assert_eq!(set_cookie(site, host, path).await, expected, "{host}");
    }
    // Signing out ends the session, and not only the cookie.
    let csrf = sign_in(&browser, "acme").await;
    let cookie =
        browser.cookies().into_iter().find(|cookie| cookie.name == "__Host-session-acme").expect("a cookie");
    let out = own(&browser, delete("/t/acme/manage/session").header("x-csrf-token", csrf)).await;
    assert_eq!(out.status(), Some(204), "{out}");
    assert!(browser.cookies().iter().all(|cookie| cookie.name != "__Host-session-acme"));
    let again = get("/t/acme/api/notes").header("authorization", format!("Bearer {}", cookie.value));
    assert_eq!(own(&browser, again).await.status(), Some(401));
}

async fn what_is_not_valid_is_refused_with_the_reason(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let browser = two_tenants(&instance).await;
    let csrf = sign_in(&browser, "acme").await;
    let new = |tenant: &str, account: &str, password: &str| {
        post("/tenants").json(&json!({ "tenant": tenant, "account": account, "password": password }))
    };
    let register = |origin: &str| {
        post("/t/acme/manage/origins").json(&json!({ "origin": origin })).header("x-csrf-token", &csrf)
    };
    for (request, status, reason) in [
        (new("acme", "eve", PASSWORD), 409, "this name is taken"),
        (new("Acme", "eve", PASSWORD), 400, "only the characters a to z"),
        (new("www", "eve", PASSWORD), 400, "kept for the service"),
        (new("eve", "", PASSWORD), 400, "an account's name has"),
        (new("eve", "eve", "short"), 400, "a password has 10 to 200"),
        (post("/tenants").text("{}"), 415, "must be JSON"),
        (post("/tenants").json(&json!({})), 400, "missing field"),
        (
            post("/tenants")
                .json(&json!({ "tenant": "eve", "account": "eve", "password": PASSWORD, "role": "x" })),
            400,
            "unknown field",
        ),
        (
            post("/tenants").bytes(vec![b'{'; 20_000]).header("content-type", "application/json"),
            413,
            "at most",
        ),
        (
            post("/tenants").bytes(vec![0xff, 0xfe]).header("content-type", "application/json"),
            400,
            "not what is expected",
        ),
        (register("*"), 400, "Register exact origins"),
        (register("null"), 400, "allow every site"),
        (register("https://*.netlify.app"), 400, "public suffix"),
        (register("https://a.example/"), 400, "Register \"https://a.example\""),
        (register(ACME), 409, "registered already"),
        (
            delete("/t/acme/manage/origins?origin=https://x.example").header("x-csrf-token", &csrf),
            404,
            "not registered",
        ),
        (delete("/t/acme/manage/origins").header("x-csrf-token", &csrf), 400, "missing field"),
        (get("/t/acme/manage/audit?before=x"), 400, "invalid digit"),
        (post("/t/acme/api/notes").json(&json!({ "text": "x".repeat(1001) })), 400, "at most 1000"),
        (post("/t/acme/api/notes").json(&json!({ "text": "\0" })), 400, "NUL"),
        (delete("/t/acme/api/notes/99"), 404, "no such note"),
        (delete("/t/acme/api/notes/x"), 404, "no such note"),
    ] {
        let outcome = own(&browser, request).await;
        let said =
            outcome.json::<Value>().unwrap_or_default()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(outcome.status(), Some(status), "{outcome}");
        assert!(said.contains(reason), "{reason:?} should be in {said:?}");
    }
    let most = usize::try_from(MAX_CHANGES).expect("small");
    for number in 2..most {
        let outcome = own(&browser, register(&format!("https://a{number}.example"))).await;
        assert_eq!(outcome.status(), Some(201), "{number}: {outcome}");
    }
    assert_eq!(own(&browser, register("https://last.example")).await.status(), Some(429));
}

/// Raw requests, as no browser sends them.
async fn no_request_is_answered_by_a_panic(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let _ = two_tenants(&instance).await;
    let service = Service::new(instance, Site::parse("http://localhost:8090").expect("a site"));
    let app = init_service(api::app(service)).await;
    let hosts = [
        "localhost:8090",
        "acme.localhost:8090",
        "",
        ":",
        "[::1",
        "..localhost",
        "evil.example",
        "acme.localhost:x",
        "a b",
    ];
    let paths = [
        "/",
        "//",
        "/t//",
        "/t/acme",
        "/t/acme//api",
        "/t/%00/",
        "/t/%ff/api/notes",
        "/t/acme/api/notes?%",
        "/assets/",
        "/assets/..%2f",
        "/t/acme/manage/origins?origin=%00&origin=",
        "/t/acme/manage/audit?before=99999999999999999999",
        "/health?x",
        "/%",
        "/t/acme/api/notes/-1",
        "*",
    ];
    let headers = [
        ("cookie", "session-acme=\u{1}; =; ;;"),
        ("cookie", "session-acme"),
        ("authorization", "Bearer"),
        ("authorization", "Bearer "),
        ("authorization", "bearer \u{fe}"),
        ("origin", ""),
        ("origin", "null"),
        ("sec-fetch-site", ""),
        ("content-type", ";"),
        ("x-csrf-token", ""),
        ("access-control-request-method", ""),
    ];
    let mut count = 0;
    for host in hosts {
        for path in paths {
            for method in ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "BREW"] {
                for (name, value) in headers.iter().take(if host.starts_with("localhost") { 11 } else { 2 }) {
                    let Ok(value) = actix_web::http::header::HeaderValue::from_bytes(value.as_bytes()) else {
                        continue;
                    };
                    let method = actix_web::http::Method::from_bytes(method.as_bytes()).expect("a method");
                    let Ok(uri) = path.parse::<actix_web::http::Uri>() else { continue };
                    let request = TestRequest::default().method(method).uri(&uri.to_string());
                    let request =
                        request.insert_header(("host", host)).insert_header((*name, value)).to_request();
                    let response = app.call(request).await.expect("a response");
                    let status = response.status().as_u16();
                    assert!(status < 500, "{status} {host:?} {path:?} {name}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1000, "{count}");
}

async fn the_pages_are_there(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(60)).await;
    let _ = two_tenants(&instance).await;
    let service = Service::new(instance, Site::parse("http://localhost:8090").expect("a site"));
    let app = init_service(api::app(service)).await;
    for (host, path, status, kind) in [
        ("localhost:8090", "/", 200, "text/html; charset=utf-8"),
        ("localhost:8090", "/t/acme/", 200, "text/html; charset=utf-8"),
        ("acme.localhost:8090", "/", 200, "text/html; charset=utf-8"),
        ("nobody.localhost:8090", "/", 404, "text/html; charset=utf-8"),
        ("localhost:8090", "/t/acme", 307, ""),
        ("acme.localhost:8090", "/assets/tenant.js", 200, "text/javascript; charset=utf-8"),
        ("localhost:8090", "/assets/style.css", 200, "text/css; charset=utf-8"),
        ("localhost:8090", "/assets/none.js", 404, "text/html; charset=utf-8"),
        ("127.0.0.1:8090", "/health", 200, "application/json"),
        ("anything", "/health", 200, "application/json"),
        ("anything", "/healthy", 421, "application/json"),
        ("evil.example", "/", 421, "application/json"),
    ] {
        let request = TestRequest::get().uri(path).insert_header(("host", host)).to_request();
        let response = app.call(request).await.expect("a response");
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!(
            (response.status().as_u16(), header("content-type").as_str()),
            (status, kind),
            "{host} {path}"
        );
        if kind.starts_with("text/html") {
            assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        }
        assert_eq!(header("x-content-type-options"), "nosniff");
        let _ = body(response).await;
    }
}

async fn body<B: MessageBody>(response: ServiceResponse<B>) -> Vec<u8> {
    read_body(response).await.to_vec()
}
