//! Attacks on the service by name, on both databases, as requests that no browser has to have made. What one tenant could do to
//! another is in `tenants.rs`.

#![allow(clippy::doc_markdown, reason = "PostgreSQL and SQLite are names, not code")]

use std::{cell::RefCell, io, mem, time::Duration};

use actix_web::{
    App,
    body::MessageBody,
    dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    test::{TestRequest, init_service, read_body},
};
use actix_web_cors::testing::{Credentials, delete, get, post};
use cors_tenants::{
    api::{self, Service},
    instance::Instance,
    replica::Source,
    site::Site,
};
use serde_json::{Value, json};

use crate::{
    common::{Database, tests},
    world::{
        ACME, EVIL, OTHER, PASSWORD, SECRET, SERVICE, SHARED, credentials, instance, managing_token, own,
        readable, sign_in, token, two_tenants, until,
    },
};

mod common;
#[path = "common/world.rs"]
mod world;

fn main() {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(|| Log).init();
    let on_both = tests![
        session_fixation,
        a_forged_note_with_the_users_cookie,
        which_accounts_there_are_is_not_said,
        a_flood_of_registrations,
        dns_rebinding_reaches_nothing,
        a_request_for_two_hosts,
        the_tenant_of_the_host_and_of_the_path_are_never_two,
        sql_in_every_field,
        script_in_every_field_and_no_page_that_runs_it,
        nobody_frames_a_page_or_includes_data,
        bodies_that_are_too_long_or_too_deep,
        forged_lines_in_the_log,
        no_cache_keeps_a_tenants_data,
        a_redirect_leads_only_to_the_service_itself,
    ];
    common::run(on_both, vec![]);
}

const MINUTE: Duration = Duration::from_secs(60);

/// What came back.
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn app(
    instance: &Instance,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    api::app(Service::new(instance.clone(), Site::parse(SERVICE).expect("a site")))
}

/// Each byte as a URL can hold it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"))
}

/// Sends a request to an instance, as it stands here: nothing is normalized, as a browser or a client would.
async fn send(instance: &Instance, method: &str, target: &str, lines: &[(&str, &str)], body: &str) -> Seen {
    let app = init_service(app(instance)).await;
    let mut request = TestRequest::with_uri(target).method(method.parse().expect("a method"));
    for (name, value) in lines {
        let name: HeaderName = name.parse().expect("a name");
        request = request.append_header((name, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
    }
    if !body.is_empty() {
        request = request
            .insert_header(("content-type", "application/json"))
            .set_payload(body.to_owned().into_bytes());
    }
    let response = app.call(request.to_request()).await.expect("a response");
    Seen {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: String::from_utf8_lossy(&read_body(response).await).into_owned(),
    }
}

/// Whoever plants a cookie before somebody signs in does not know the session that begins then.
async fn session_fixation(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let session = || {
        let cookies = browser.cookies().into_iter();
        cookies
            .filter(|cookie| cookie.name == "__Host-session-acme")
            .map(|cookie| cookie.value)
            .collect::<Vec<_>>()
    };
    let reads = async |token: &str| {
        let request = get("/t/acme/api/notes").header("authorization", format!("Bearer {token}"));
        own(&browser, request).await.status()
    };
    let planted = "0123456789abcdef".repeat(4);
    browser.set_cookie(format!("__Host-session-acme={planted}; Path=/; Secure; SameSite=Strict"));
    sign_in(&browser, "acme").await;
    let first = session();
    assert_eq!(first.len(), 1);
    assert_ne!(first[0], planted);
    assert_eq!((reads(&planted).await, reads(&first[0]).await), (Some(401), Some(200)));
    // Nor is a session that somebody has had before continued.
    sign_in(&browser, "acme").await;
    let second = session();
    assert_eq!(second.len(), 1);
    assert_ne!(second, first);
}

/// A form, an image or a script of another site, which the browser sends with the cookie where the site is the same one.
async fn a_forged_note_with_the_users_cookie(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    sign_in(&browser, "acme").await;
    let note = json!({ "text": "forged" });
    for url in ["/t/acme/api", "https://acme.api.example.com/api"] {
        for origin in [EVIL, "https://evil.example.com", "https://other.api.example.com", OTHER, "null"] {
            for request in [
                post(format!("{url}/notes")).json(&note),
                post(format!("{url}/notes")).text(note.to_string()),
                post(format!("{url}/notes")).form(&[("text", "forged")]),
                post(format!("{url}/notes")).bytes(note.to_string().into_bytes()),
                delete(format!("{url}/notes/1")),
                delete(format!("{url}/token")),
            ] {
                let outcome = browser.page(origin).fetch(request.credentials(Credentials::Include)).await;
                assert!(!outcome.is_allowed(), "{origin}: {outcome}");
            }
        }
    }
    let notes = instance.store().notes("acme").await.expect("read");
    assert_eq!(notes.iter().map(|note| &*note.text).collect::<Vec<_>>(), [format!("{SECRET}acme")]);
    // The registered origin may.
    let request = post("/t/acme/api/notes").json(&note).credentials(Credentials::Include);
    assert_eq!(browser.page(ACME).fetch(request).await.status(), Some(201));
}

/// A wrong account and a wrong password look the same in everything. That they cost the same is shown in `password.rs`.
async fn which_accounts_there_are_is_not_said(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let _ = two_tenants(&instance).await;
    let lines = [("host", "api.example.com")];
    for path in ["/t/acme/manage/session", "/t/acme/manage/token", "/t/acme/api/token"] {
        let attempt = async |account: &str, password: &str| {
            let body = json!({ "account": account, "password": password }).to_string();
            let seen = send(&instance, "POST", path, &lines, &body).await;
            let mut headers: Vec<_> =
                seen.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            headers.sort();
            (seen.status, headers, seen.body)
        };
        let wrong = attempt("ada", "wrong horse battery").await;
        assert_eq!(wrong.0, 401);
        for account in ["nobody", "ADA", "ada\u{200b}", "adа"] {
            assert_eq!(attempt(account, PASSWORD).await, wrong, "{path}: {account:?}");
        }
        assert_eq!(attempt("nobody", "short").await, attempt("ada", "short").await, "{path}");
    }
}

async fn a_flood_of_registrations(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let app = init_service(app(&instance)).await;
    let register = async |tenant: &str| {
        let request = TestRequest::post()
            .uri("/tenants")
            .insert_header(("host", "api.example.com"))
            .set_json(json!({ "tenant": tenant, "account": "eve", "password": PASSWORD }));
        app.call(request.to_request()).await.expect("a response").status().as_u16()
    };
    // What is not valid is not counted, and costs no hash.
    for _ in 0..40 {
        assert_eq!(register("no tenant").await, 400);
    }
    assert_eq!(register("acme").await, 201);
    for number in 1..30 {
        assert_eq!(register("acme").await, 409, "{number}");
    }
    assert_eq!((register("acme").await, register("other").await), (429, 429));
    assert!(instance.store().load("other").await.expect("read").found.is_none());
}

/// A site lets its own name lead here, and is then of the same origin as the service: Vite (CVE-2025-24010), the SDKs of MCP
/// (CVE-2025-66414).
async fn dns_rebinding_reaches_nothing(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", managing_token(&browser, "acme").await);
    let routes = [
        ("GET", "/", ""),
        ("GET", "/t/acme/", ""),
        ("GET", "/t/acme/api/notes", ""),
        ("POST", "/t/acme/api/notes", r#"{"text": "x"}"#),
        ("GET", "/t/acme/manage/origins", ""),
        ("GET", "/t/acme/manage/session", ""),
        ("POST", "/t/acme/manage/session", &*credentials().to_string()),
        ("DELETE", "/t/acme/manage/tenant", ""),
        ("POST", "/tenants", r#"{"tenant": "eve", "account": "eve", "password": "correct horse"}"#),
        ("GET", "/healthy", ""),
        ("GET", "/health/../t/acme/api/notes", ""),
    ];
    for host in [
        "evil.example",
        "api.example.com.evil.example",
        "evilapi.example.com",
        "api.example.com.",
        "api.example.com@evil.example",
        "acme.api.example.com.evil.example",
        "a.acme.api.example.com",
        "xn--acme.api.example.com",
        "2130706433",
        "0x7f.1",
        "127.1",
        "",
    ] {
        for (method, path, body) in routes {
            let origin = format!("https://{host}");
            for lines in [
                &[("host", host), ("authorization", &bearer)][..],
                &[("host", host), ("authorization", &bearer), ("origin", &origin)],
                &[("host", host), ("authorization", &bearer), ("sec-fetch-site", "same-origin")],
            ] {
                let seen = send(&instance, method, path, lines, body).await;
                assert_eq!(seen.status, 421, "{host:?} {method} {path}: {}", seen.body);
                assert!(!seen.body.contains(SECRET), "{}", seen.body);
                assert_eq!(seen.header("x-content-type-options"), "nosniff", "{host:?} {method} {path}");
            }
        }
    }
    assert_eq!(instance.store().notes("acme").await.expect("read").len(), 1);
    assert!(instance.store().load("acme").await.expect("read").found.is_some());
}

/// What stands in front may look at another line than the service does. RFC 9112 wants a 400 for more than one `Host`.
async fn a_request_for_two_hosts(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", token(&browser, "acme", ACME).await);
    let (acme, other) = (("host", "acme.api.example.com"), ("host", "other.api.example.com"));
    let read = async |target: &str, lines: &[(&str, &str)]| {
        let lines = [lines, &[("authorization", &*bearer)]].concat();
        send(&instance, "GET", target, &lines, "").await
    };
    assert_eq!(read("/api/notes", &[acme]).await.status, 200);
    for lines in [
        &[acme, other][..],
        &[other, acme],
        &[acme, acme],
        &[acme, ("host", "evil.example")],
        &[acme, ("host", "")],
    ] {
        let seen = read("/api/notes", lines).await;
        assert_eq!(seen.status, 400, "{lines:?}: {}", seen.body);
        assert!(!seen.body.contains(SECRET), "{lines:?}");
    }
    for (target, line, status) in [
        ("https://acme.api.example.com/api/notes", acme, 200),
        ("https://ACME.api.example.com/api/notes", acme, 200),
        ("https://other.api.example.com/api/notes", acme, 400),
        ("https://evil.example/api/notes", acme, 400),
        ("https://acme.api.example.com/api/notes", other, 400),
        ("https://acme.api.example.com/api/notes", ("host", "evil.example"), 400),
    ] {
        let seen = read(target, &[line]).await;
        assert_eq!(seen.status, status, "{target} {line:?}: {}", seen.body);
    }
    // What a proxy may add says nothing about the tenant, unless the proxy writes `Host`.
    for (name, value) in [
        ("x-forwarded-host", "other.api.example.com"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=other.api.example.com;proto=http"),
        ("x-host", "other.api.example.com"),
        ("x-original-url", "/t/other/api/notes"),
        ("x-rewrite-url", "/t/other/api/notes"),
        ("x-forwarded-prefix", "/t/other"),
        ("x-http-method-override", "DELETE"),
    ] {
        let seen = read("/api/notes", &[acme, (name, value)]).await;
        assert!(seen.status == 200 && seen.body.contains("the secret of acme"), "{name}: {}", seen.body);
        assert_eq!(
            read("/api/notes", &[other, (name, value.replace("other", "acme").as_str())]).await.status,
            401,
            "{name}"
        );
    }
}

/// The tenant whose policy is applied, whose session counts, and whose data is read is one, however it is written.
async fn the_tenant_of_the_host_and_of_the_path_are_never_two(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let of_acme = format!("Bearer {}", token(&browser, "acme", ACME).await);
    let of_other = format!("Bearer {}", token(&browser, "other", OTHER).await);
    let hosts = ["api.example.com", "acme.api.example.com", "other.api.example.com"];
    let paths = [
        "/t/acme/api/notes",
        "/t/other/api/notes",
        "/api/notes",
        "/t/acme/t/other/api/notes",
        "/t/acme/api/../../other/api/notes",
        "/t/acme/..%2fother/api/notes",
        "/t/acme%2f..%2fother/api/notes",
        "/t/acme;/api/notes",
        "/t/acme;x=/../other/api/notes",
        "/t/acme%00/api/notes",
        "/t/acme%20/api/notes",
        "/t/%61cme/api/notes",
        "/t/%6fther/api/notes",
        "/t/ACME/api/notes",
        "/T/acme/api/notes",
        "/t/./acme/api/notes",
        "/t//acme/api/notes",
        "//t/acme/api/notes",
        "/t/acme//api/notes",
        "/t/acme/api//notes",
        "/t/acme/api/notes/",
        "/t/acme/api/notes?tenant=other",
        "/t/acme/api/notes#/t/other",
        "/%74/acme/api/notes",
        "\\t\\acme\\api\\notes",
    ];
    let mut read = 0;
    for host in hosts {
        for path in paths {
            // What no server can be sent is not tried.
            if path.parse::<actix_web::http::Uri>().is_err() {
                continue;
            }
            for (session, of) in [(&of_acme, "acme"), (&of_other, "other")] {
                for (origin, registered_by) in
                    [(ACME, &["acme"][..]), (OTHER, &["other"]), (SHARED, &["acme", "other"]), (EVIL, &[])]
                {
                    let lines = [("host", host), ("authorization", &**session), ("origin", origin)];
                    let seen = send(&instance, "GET", path, &lines, "").await;
                    let what = format!(
                        "{host} {path}, a session of {of}, a page of {origin}: {} {}",
                        seen.status, seen.body
                    );
                    let is_let_in = seen.header("access-control-allow-origin") == origin;
                    for tenant in ["acme", "other"] {
                        if seen.body.contains(&format!("{SECRET}{tenant}")) {
                            assert!(of == tenant && registered_by.contains(&tenant) && is_let_in, "{what}");
                            read += 1;
                        }
                    }
                    assert!(!is_let_in || !registered_by.is_empty(), "{what}");
                    assert!(seen.status < 500, "{what}");
                }
            }
        }
    }
    // Each tenant's own two addresses were among them, by two origins each.
    assert!(read >= 8, "{read}");
}

async fn sql_in_every_field(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let csrf = sign_in(&browser, "acme").await;
    let texts = [
        "' OR '1'='1",
        "'; DROP TABLE tenants; --",
        "x' UNION SELECT tenant, name, password FROM accounts --",
        "$1); DELETE FROM notes; --",
        "\\'; UPDATE tenants SET origins='https://evil.example' --",
        "\" OR 1=1 /* ? ?1 :a @a %s {} \u{2019} */",
    ];
    for (number, text) in texts.into_iter().enumerate() {
        let encoded = encoded(text);
        let register = |tenant: &str, account: &str, password: &str| {
            post("/tenants").json(&json!({ "tenant": tenant, "account": account, "password": password }))
        };
        let change = |origin: &str| {
            post("/t/acme/manage/origins").json(&json!({ "origin": origin })).header("x-csrf-token", &csrf)
        };
        let sign_in = |account: &str, password: &str| {
            post("/t/acme/manage/session").json(&json!({ "account": account, "password": password }))
        };
        let tenant = format!("eve{number}");
        // A password that is one of these is a password, and so is an account's name.
        let password = format!("{text} {PASSWORD}");
        for (request, status) in [
            (register(text, "eve", PASSWORD), 400),
            (register(&tenant, text, &password), 201),
            (sign_in(text, PASSWORD), 401),
            (sign_in(&format!("ada{text}"), PASSWORD), 401),
            (sign_in("ada", &password), 401),
            (change(text), 400),
            (change(&format!("https://a.example{text}")), 400),
            (delete(format!("/t/acme/manage/origins?origin={encoded}")).header("x-csrf-token", &csrf), 404),
            (get(format!("/t/acme/manage/audit?before={encoded}")), 400),
            (get(format!("/t/acme/manage/audit?before=1&{encoded}=1")), 400),
            (get(format!("/t/{encoded}/api/notes")), 404),
            (delete(format!("/t/acme/api/notes/{encoded}")), 404),
            (delete(format!("/t/acme/api/notes/1{encoded}")), 404),
        ] {
            let outcome = own(&browser, request).await;
            assert_eq!(outcome.status(), Some(status), "{text}: {outcome}");
            assert!(!readable(&outcome).contains(SECRET), "{outcome}");
        }
        let in_theirs = format!("/t/{tenant}/manage/session");
        let signed_in =
            own(&browser, post(in_theirs).json(&json!({ "account": text, "password": password }))).await;
        assert_eq!(signed_in.json::<Value>().expect("JSON")["account"], text);
        let lines = [
            ("host", "api.example.com"),
            ("authorization", &*format!("Bearer {}", text.replace('\u{2019}', ""))),
        ];
        assert_eq!(send(&instance, "GET", "/t/acme/api/notes", &lines, "").await.status, 401);
        let lines = [
            ("host", "api.example.com"),
            ("cookie", &*format!("__Host-session-acme={}", text.replace('\u{2019}', ""))),
        ];
        assert_eq!(send(&instance, "GET", "/t/acme/api/notes", &lines, "").await.status, 401);
        // A note is kept as it is.
        let noted = own(&browser, post("/t/acme/api/notes").json(&json!({ "text": text }))).await;
        assert_eq!(noted.json::<Value>().expect("JSON")["text"], text);
    }
    let notes = instance.store().notes("acme").await.expect("read");
    let first = format!("{SECRET}acme");
    let expected = [&[&*first][..], &texts].concat();
    assert_eq!(notes.iter().map(|note| &*note.text).collect::<Vec<_>>(), expected);
    assert_eq!(instance.store().notes("other").await.expect("read").len(), 1);
    let found = instance.store().load("acme").await.expect("read").found.expect("acme");
    assert_eq!(found.1, [ACME, SHARED]);
    assert_eq!(instance.store().audit("acme", i64::MAX, 50).await.expect("read").len(), 3);
}

/// The pages are the same bytes for everybody, their scripts write text and no markup, and everything else is JSON.
async fn script_in_every_field_and_no_page_that_runs_it(database: Database) {
    const PAGES: [&str; 3] = [
        include_str!("../pages/home.html"),
        include_str!("../pages/tenant.html"),
        include_str!("../pages/missing.html"),
    ];
    const SCRIPTS: [&str; 3] = [
        include_str!("../pages/home.js"),
        include_str!("../pages/tenant.js"),
        include_str!("../pages/request.js"),
    ];
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", managing_token(&browser, "acme").await);
    let mut count = 0;
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "</title><svg/onload=alert(1)>",
    ] {
        let encoded = encoded(text);
        let json = |name: &str| json!({ name: text }).to_string();
        let credentials = json!({ "tenant": text, "account": text, "password": text }).to_string();
        for (method, target, host, body) in [
            ("GET", &*format!("/{encoded}"), "api.example.com", ""),
            ("GET", &*format!("/?{encoded}"), "api.example.com", ""),
            ("GET", &*format!("/t/{encoded}/"), "api.example.com", ""),
            ("GET", &*format!("/t/{encoded}"), "api.example.com", ""),
            ("GET", &*format!("/t/acme/?{encoded}"), "api.example.com", ""),
            ("GET", &*format!("/t/acme/{encoded}"), "api.example.com", ""),
            ("GET", &*format!("/{encoded}"), "acme.api.example.com", ""),
            ("GET", &*format!("/assets/{encoded}"), "api.example.com", ""),
            ("GET", "/", text, ""),
            ("GET", &*format!("/t/acme/manage/audit?before={encoded}"), "api.example.com", ""),
            ("DELETE", &*format!("/t/acme/manage/origins?origin={encoded}"), "api.example.com", ""),
            ("DELETE", &*format!("/t/acme/api/notes/{encoded}"), "api.example.com", ""),
            ("POST", "/tenants", "api.example.com", &*credentials),
            ("POST", "/t/acme/manage/session", "api.example.com", &*credentials),
            ("POST", "/t/acme/manage/origins", "api.example.com", &*json("origin")),
            ("POST", "/t/acme/api/notes", "api.example.com", &*json("text")),
            ("POST", "/t/acme/api/notes", "api.example.com", &*json(text)),
            ("GET", "/t/acme/api/notes", "api.example.com", ""),
            ("GET", "/t/acme/manage/audit", "api.example.com", ""),
        ] {
            let seen =
                send(&instance, method, target, &[("host", host), ("authorization", &bearer)], body).await;
            let what = format!("{method} {host} {target}: {} {:?} {}", seen.status, seen.headers, seen.body);
            assert!(seen.status < 500, "{what}");
            assert_eq!(seen.header("x-content-type-options"), "nosniff", "{what}");
            match seen.header("content-type") {
                "text/html; charset=utf-8" => assert!(PAGES.contains(&&*seen.body), "{what}"),
                "application/json" => assert!(serde_json::from_str::<Value>(&seen.body).is_ok(), "{what}"),
                kind => assert!(kind.is_empty() && seen.body.is_empty(), "{what}"),
            }
            assert!(!seen.header("location").contains("alert"), "{what}");
            count += 1;
        }
    }
    assert_eq!(count, 4 * 19);
    for page in PAGES {
        // Scripts come from files, and nothing else runs.
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script type=\"module\" src=\"/assets/").count()
        );
        let is_handler =
            |rest: &str| rest.trim_start_matches(|c: char| c.is_ascii_lowercase()).starts_with('=');
        assert!(!page.split(" on").skip(1).any(is_handler) && !page.contains("javascript:"), "{page}");
    }
    for script in SCRIPTS {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "srcdoc",
            "eval(",
            "Function(",
            "setTimeout(\"",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            ".href = ",
            "import(",
        ] {
            assert!(!script.contains(way), "{way}");
        }
    }
}

/// A page in a frame can be clicked unseen, and what an image or a script includes says something of itself.
async fn nobody_frames_a_page_or_includes_data(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", token(&browser, "acme", ACME).await);
    let mut pages = 0;
    for (host, path) in [
        ("api.example.com", "/"),
        ("api.example.com", "/t/acme/"),
        ("acme.api.example.com", "/"),
        ("nobody.api.example.com", "/"),
        ("api.example.com", "/t/nobody/"),
        ("api.example.com", "/t/acme"),
        ("api.example.com", "/assets/tenant.js"),
        ("api.example.com", "/assets/none.js"),
        ("api.example.com", "/favicon.ico"),
        ("api.example.com", "/nothing"),
        ("api.example.com", "/health"),
        ("api.example.com", "/t/acme/api/notes"),
        ("api.example.com", "/t/acme/manage/origins"),
        ("evil.example", "/"),
    ] {
        let seen = send(&instance, "GET", path, &[("host", host), ("authorization", &bearer)], "").await;
        let what = format!("{host}{path}: {:?}", seen.headers);
        if seen.header("content-type").starts_with("text/html") {
            let policy = seen.header("content-security-policy");
            assert!(policy.split("; ").any(|rule| rule == "frame-ancestors 'none'"), "{what}");
            pages += 1;
        }
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(seen.header("referrer-policy"), "same-origin", "{what}");
        assert_eq!(seen.header("cross-origin-resource-policy"), "same-origin", "{what}");
    }
    assert_eq!(pages, 6);
}

/// That one which stalls is given up is shown in `body.rs`.
async fn bodies_that_are_too_long_or_too_deep(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let manages = managing_token(&browser, "acme").await;
    let lines = [("host", "api.example.com"), ("authorization", &*format!("Bearer {manages}"))];
    for path in [
        "/tenants",
        "/t/acme/manage/session",
        "/t/acme/manage/token",
        "/t/acme/manage/origins",
        "/t/acme/api/token",
        "/t/acme/api/notes",
    ] {
        for (body, status) in [
            ("[".repeat(16 * 1024), 400),
            (r#"{"a":"#.repeat(3000), 400),
            (format!("{{\"text\": \"{}\"}}", "x".repeat(16 * 1024)), 413),
            ("[".repeat(1024 * 1024), 413),
            (" ".repeat(10 * 1024 * 1024), 413),
            (
                r#"{"text": "a", "text": "b", "account": "a", "account": "b", "origin": "a", "origin": "b"}"#
                    .to_owned(),
                400,
            ),
            ("{\"text\": \"\\ud800\"}".to_owned(), 400),
            ("1e999999999".to_owned(), 400),
        ] {
            let seen = send(&instance, "POST", path, &lines, &body).await;
            assert_eq!(seen.status, status, "{path}: {} bytes: {}", body.len(), seen.body);
            assert!(seen.body.len() < 1000, "{path}: {} bytes", seen.body.len());
        }
    }
    assert_eq!(instance.store().notes("acme").await.expect("read").len(), 1);
}

thread_local! {
    /// What this thread has logged. Each test has a thread of its own.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn forged_lines_in_the_log(database: Database) {
    let instance = instance(&database, "one", Duration::from_secs(3)).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", token(&browser, "acme", ACME).await);
    let texts = [
        "x\tINFO forged",
        "\u{85}INFO forged",
        "\u{2028}INFO forged",
        "\u{202e}moc.elpmaxe",
        "\u{9b}2J",
        "%0d%0aINFO forged",
        "\\r\\nINFO forged",
        "\" INFO forged",
    ];
    LOGGED.take();
    let send_all = async || {
        for text in texts {
            let encoded = encoded(&format!("{text}\r\n\u{1b}[2J"));
            let body = json!({ "account": format!("{text}\r\n\u{1b}[2J"), "password": PASSWORD }).to_string();
            let note = json!({ "text": format!("{text}\r\n\u{1b}[2J") }).to_string();
            for (method, target, lines, body) in [
                ("GET", &*format!("/t/acme/api/notes?{encoded}"), &[("origin", text)][..], ""),
                ("GET", &*format!("/t/acme/api/{encoded}"), &[("origin", text)], ""),
                (
                    "OPTIONS",
                    "/t/acme/api/notes",
                    &[("origin", ACME), ("access-control-request-method", text)],
                    "",
                ),
                (
                    "OPTIONS",
                    "/t/acme/api/notes",
                    &[
                        ("origin", ACME),
                        ("access-control-request-method", "PUT"),
                        ("access-control-request-headers", text),
                    ],
                    "",
                ),
                ("GET", &*format!("/t/{encoded}/api/notes"), &[("origin", text)], ""),
                ("POST", "/t/acme/api/token", &[("origin", text)], &*body),
                ("POST", "/t/acme/manage/session", &[("origin", text)], &*body),
                ("POST", "/t/acme/api/token", &[], &*body),
                ("POST", "/t/acme/api/notes", &[("authorization", &*bearer)], &*note),
                (
                    "GET",
                    &*format!("/t/acme/manage/audit?before={encoded}"),
                    &[("authorization", &*bearer)],
                    "",
                ),
                ("GET", "/t/acme/api/notes", &[("authorization", text)], ""),
                ("GET", "/", &[("host", text)], ""),
            ] {
                let host = [("host", "api.example.com")];
                let lines = if target == "/" { lines.to_vec() } else { [&host, lines].concat() };
                send(&instance, method, target, &lines, body).await;
            }
        }
    };
    send_all().await;
    let with_database = LOGGED.with_borrow_mut(mem::take);
    let shown = String::from_utf8_lossy(&with_database).into_owned();
    assert!(shown.contains("allow_origins"), "refusals are logged: {shown}");
    // What says that the database is gone may say no more.
    instance.store().close().await;
    until("it lapses", || matches!(instance.health().source, Source::Lapsed(_))).await;
    send_all().await;
    let without = LOGGED.with_borrow_mut(mem::take);
    assert!(!without.is_empty());
    for log in [with_database, without] {
        for line in log.split(|byte| *byte == b'\n') {
            let shown = String::from_utf8_lossy(line);
            assert!(
                line.iter().all(|byte| matches!(byte, b' '..=b'~')),
                "one line of visible text: {shown:?}"
            );
            assert!(line.len() < 2500, "{} bytes", line.len());
            assert!(!shown.trim_start().starts_with("INFO forged"), "{shown}");
            // No secret is logged, whoever reads it.
            assert!(!shown.contains(PASSWORD) && !shown.contains(&bearer["Bearer ".len()..]), "{shown}");
        }
    }
}

async fn no_cache_keeps_a_tenants_data(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let browser = two_tenants(&instance).await;
    let bearer = format!("Bearer {}", managing_token(&browser, "acme").await);
    for (host, below) in [("api.example.com", "/t/acme"), ("acme.api.example.com", "")] {
        for (method, path, body) in [
            ("GET", "/api/notes", ""),
            ("HEAD", "/api/notes", ""),
            ("POST", "/api/notes", r#"{"text": "x"}"#),
            ("POST", "/api/token", &*credentials().to_string()),
            ("GET", "/manage/session", ""),
            ("GET", "/manage/origins", ""),
            ("GET", "/manage/audit", ""),
            ("GET", "/api/nothing", ""),
            ("GET", "/manage/audit?before=x", ""),
        ] {
            for lines in [
                &[("authorization", &*bearer)][..],
                &[],
                &[("authorization", &*bearer), ("origin", ACME)],
                &[("origin", EVIL)],
            ] {
                let lines = [&[("host", host)], lines].concat();
                let seen = send(&instance, method, &format!("{below}{path}"), &lines, body).await;
                let control = seen.header("cache-control");
                let is_kept_by_nobody = control.split(", ").any(|word| word == "no-store");
                let is_of_one_person = control == "private, no-cache";
                assert!(
                    is_kept_by_nobody || is_of_one_person,
                    "{method} {host}{path} {lines:?}: {} {control:?}",
                    seen.status
                );
            }
        }
    }
}

async fn a_redirect_leads_only_to_the_service_itself(database: Database) {
    let instance = instance(&database, "one", MINUTE).await;
    let _ = two_tenants(&instance).await;
    let mut redirects = 0;
    for host in ["api.example.com", "acme.api.example.com", "127.0.0.1", "localhost"] {
        for path in [
            "/t/acme",
            "/t/nobody",
            "/favicon.ico",
            "//evil.example",
            "//evil.example/",
            "//evil.example/t/acme",
            "/t//evil.example",
            "/t/%2fevil.example",
            "/t/%5cevil.example",
            "/t/evil.example",
            "/t/acme?https://evil.example",
            "/t/acme%0d%0alocation:%20https:%2f%2fevil.example",
            "https://evil.example/t/acme",
        ] {
            let seen =
                send(&instance, "GET", path, &[("host", host), ("x-forwarded-host", "evil.example")], "")
                    .await;
            let location = seen.header("location");
            if (300..400).contains(&seen.status) {
                assert!(
                    ["/t/acme/", "/t/nobody/", "/assets/icon.svg"].contains(&location),
                    "{host} {path}: {location}"
                );
                redirects += 1;
            } else {
                assert_eq!(location, "", "{host} {path}");
            }
        }
    }
    assert!(redirects >= 8, "{redirects}");
}
