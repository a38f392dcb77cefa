//! `cookies_and_login`.

use serde_json::Value;

use crate::running::{Example, Reply};

const PAGE: &str = "http://localhost:5173";
const FROM_PAGE: &str = "Origin: http://localhost:5173";
const JSON: &str = "Content-Type: application/json";
const LOGIN: &str = r#"{"user": "ada", "password": "lovelace"}"#;

/// The headers with which a page of the front end writes.
struct LoggedIn {
    cookie: String,
    token: String,
}

fn log_in(server: &Example) -> (Reply, LoggedIn) {
    let reply = server.send("POST /login", &[FROM_PAGE, JSON], LOGIN);
    reply.is_allowed(200, PAGE);
    let cookie = reply.lines("set-cookie").first().and_then(|line| Some(line.split_once(';')?.0.to_owned()));
    let token = token(&reply);
    let headers = LoggedIn { cookie: format!("Cookie: {}", cookie.expect("a cookie")), token };
    (reply, headers)
}

fn token(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.body).expect("JSON");
    format!("X-CSRF-Token: {}", body["csrf_token"].as_str().expect("a token"))
}

pub(crate) fn login_notes_and_logout() {
    let server = Example::start("cookies_and_login", &[], &[]);
    let preflight = server.preflight(
        "POST",
        "/notes",
        PAGE,
        &["Access-Control-Request-Headers: content-type,x-csrf-token"],
    );
    preflight.is_allowed(204, PAGE);
    assert_eq!(preflight.lines("access-control-allow-headers"), ["content-type, x-csrf-token"]);
    assert_eq!(preflight.lines("access-control-allow-credentials"), ["true"]);

    let wrong = server.send("POST /login", &[FROM_PAGE, JSON], r#"{"user": "ada", "password": "byron"}"#);
    // An error that the page's script may read.
    wrong.is_allowed(401, PAGE);

    let (reply, LoggedIn { cookie, token: first_token }) = log_in(&server);
    let set: Vec<_> = reply
        .lines("set-cookie")
        .iter()
        .flat_map(|line| line.split("; "))
        .skip(1)
        .map(str::to_owned)
        .collect();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(set.iter().any(|set| set == attribute), "{attribute}: {set:?}");
    }
    assert!(
        !set.iter().any(|set| set.starts_with("Domain")) && cookie.starts_with("Cookie: __Host-"),
        "{cookie} {set:?}"
    );

    let me = server.get("/me", &[FROM_PAGE, &cookie]);
    me.is_allowed(200, PAGE);
    assert_eq!(token(&me), first_token);
    let noted = server.send("POST /notes", &[FROM_PAGE, JSON, &cookie, &first_token], r#""milk""#);
    noted.is_allowed(200, PAGE);
    assert_eq!(noted.body, "ada notes: milk\n");
    // Another session has another token.
    let (_, other) = log_in(&server);
    assert!(other.token != first_token && other.cookie != cookie);
    server.send("POST /notes", &[FROM_PAGE, JSON, &cookie, &other.token], r#""milk""#).is_allowed(403, PAGE);

    let left = server.send("POST /logout", &[FROM_PAGE, &cookie, &first_token], "");
    left.is_allowed(204, PAGE);
    assert!(left.lines("set-cookie").iter().any(|line| line.contains("Max-Age=0")), "{left:?}");
    // The session is gone, whoever kept the cookie.
    server.send("POST /notes", &[FROM_PAGE, JSON, &cookie, &first_token], r#""milk""#).is_allowed(401, PAGE);
    server
        .send("POST /notes", &[FROM_PAGE, JSON, &other.cookie, &other.token], r#""milk""#)
        .is_allowed(200, PAGE);
}

pub(crate) fn other_sites_requests_have_no_effect() {
    let server = Example::start("cookies_and_login", &[], &[]);
    let (_, LoggedIn { cookie, token }) = log_in(&server);
    // A form on another site, were the cookie sent with it.
    let form = "Content-Type: application/x-www-form-urlencoded";
    for origin in ["https://evil.example", "http://localhost:5174", "null"] {
        let origin = format!("Origin: {origin}");
        for cookie in [&cookie, "X-Nothing: 1"] {
            server.send("POST /notes", &[&origin, form, cookie], "milk").is_refused(403);
            server.send("POST /login", &[&origin, JSON, cookie], LOGIN).is_refused(403);
            server.send("POST /logout", &[&origin, cookie], "").is_refused(403);
        }
        // Even with the token.
        server.send("POST /notes", &[&origin, JSON, &cookie, &token], r#""milk""#).is_refused(403);
        // It could be read only by a page that CORS allows.
        server.get("/me", &[&origin, &cookie]).is_refused(403);
    }
    server.preflight("POST", "/notes", "https://evil.example", &[]).is_refused(403);
    // A browser that sends no `Origin`, or a page of the front end that was talked into a request: no token, no effect.
    for origin in [FROM_PAGE, "X-Nothing: 1"] {
        for token in ["X-Nothing: 2", "X-CSRF-Token: ", "X-CSRF-Token: guessed"] {
            let reply = server.send("POST /notes", &[origin, JSON, &cookie, token], r#""milk""#);
            assert_eq!(reply.status, 403, "{origin} {token}: {reply:?}");
        }
        let reply = server.send("POST /logout", &[origin, &cookie], "");
        assert_eq!(reply.status, 403, "{origin}: {reply:?}");
        // A form can't send the body that a login needs.
        for body_type in [form, "Content-Type: text/plain"] {
            let reply = server.send("POST /login", &[origin, body_type], LOGIN);
            assert!(matches!(reply.status, 400 | 415), "{origin} {body_type}: {reply:?}");
        }
    }
    // A token without the session's cookie is worth nothing.
    server.send("POST /notes", &[FROM_PAGE, JSON, &token], r#""milk""#).is_allowed(401, PAGE);
}
