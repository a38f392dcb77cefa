//! The table of routes says what the real routes respond, row for row, over sockets.

mod lab;

use std::collections::BTreeSet;

use demo_backend::{
    api::route_table::{self, RouteRequest},
    api_path::{ApiPath, DEFAULT_SESSION, session_prefix},
    session::notes::MAX_NOTES,
};
use lab::{Connection, TestLab, comparable, send};
use serde_json::json;

const TEXT: (&str, &str) = ("content-type", "text/plain;charset=UTF-8");
const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
const KEY: (&str, &str) = ("x-api-key", "open sesame");

/// Stands for the cookie of the user who signed in.
const SIGNED_IN: (&str, &str) = ("cookie", "(of the user)");
const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-site");
const ATTACKER: (&str, &str) = ("origin", "http://localhost:3001");

/// A method, a path with its query below `/api/`, headers, and a body.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

/// For a new session, in this order: the next request finds what the last one changed.
const FRESH: &[Case<'_>] = &[
    ("GET", "notes", &[], ""),
    ("HEAD", "notes", &[], ""),
    ("PUT", "notes", &[TEXT], "x"),
    ("OPTIONS", "notes", &[], ""),
    ("POST", "notes", &[TEXT], "plain"),
    ("POST", "notes", &[FORM], "text=a+form"),
    ("POST", "notes", &[JSON], r#"{"text": "JSON"}"#),
    ("POST", "notes", &[], ""),
    ("POST", "notes", &[JSON], "no JSON"),
    ("POST", "notes", &[FORM], "no=text"),
    ("GET", "notes/1", &[], ""),
    ("HEAD", "notes/1", &[], ""),
    ("GET", "notes/99", &[], ""),
    ("GET", "notes/one", &[], ""),
    ("GET", "notes/-1", &[], ""),
    ("GET", "notes/4294967296", &[], ""),
    ("GET", "notes/1/2", &[], ""),
    ("GET", "notes/", &[], ""),
    ("PUT", "notes/1", &[TEXT], "replaced"),
    ("PUT", "notes/20", &[JSON], r#"{"text": "made"}"#),
    ("PUT", "notes/1", &[JSON], "{}"),
    ("PUT", "notes/one", &[TEXT], "x"),
    ("PATCH", "notes/1", &[TEXT], "changed"),
    ("PATCH", "notes/99", &[TEXT], "x"),
    ("PATCH", "notes/one", &[JSON], "no JSON"),
    ("patch", "notes/1", &[TEXT], "x"),
    ("POST", "notes/1", &[TEXT], "x"),
    ("DELETE", "notes/2", &[], ""),
    ("DELETE", "notes/2", &[], ""),
    ("DELETE", "notes/one", &[], ""),
    ("GET", "session", &[], ""),
    ("GET", "session", &[("cookie", "lab_session=0123456789abcdef")], ""),
    ("DELETE", "session", &[], ""),
    ("GET", "my-notes", &[], ""),
    ("POST", "transfer", &[], ""),
    ("POST", "login?cookie=crumbs", &[], ""),
    ("POST", "login?cookie=none", &[], ""),
    ("POST", "login?cookie=partitioned", &[TEXT], "x"),
    ("POST", "login", &[], ""),
    ("GET", "login", &[], ""),
    ("GET", "my-notes", &[SIGNED_IN], ""),
    ("GET", "my-notes", &[("cookie", "lab_user=0123456789abcdef")], ""),
    ("GET", "my-notes", &[("cookie", "lab_user=")], ""),
    ("POST", "my-notes", &[SIGNED_IN], ""),
    ("POST", "transfer", &[SIGNED_IN, SAME_SITE, ATTACKER, TEXT], "to=the+attacker"),
    ("POST", "transfer?guard=fetch-metadata", &[SIGNED_IN, SAME_SITE, ATTACKER, TEXT], "to=the+attacker"),
    ("POST", "transfer?guard=fetch-metadata", &[SIGNED_IN, ("sec-fetch-site", "same-origin")], ""),
    ("POST", "transfer?guard=fetch-metadata", &[SIGNED_IN], ""),
    ("GET", "transfer", &[SIGNED_IN], ""),
    ("PUT", "transfer", &[SIGNED_IN, TEXT], "x"),
    ("GET", "fail", &[], ""),
    ("POST", "fail", &[], ""),
    ("GET", "guarded", &[], ""),
    ("GET", "guarded", &[KEY], ""),
    ("POST", "guarded", &[], ""),
    ("POST", "guarded", &[KEY], ""),
    ("GET", "redirect?to=notes", &[], ""),
    ("GET", "redirect?to=notes&run=a1", &[], ""),
    ("POST", "redirect?to=notes/1&status=301", &[TEXT], "x"),
    ("PUT", "redirect?to=notes/1&status=303", &[TEXT], "x"),
    ("DELETE", "redirect?to=notes/1&status=307&run=a1", &[], ""),
    ("PATCH", "redirect?to=notes/1&status=308", &[], ""),
    ("GET", "redirect?to=https://example.com/", &[], ""),
    ("GET", "redirect", &[], ""),
    ("GET", "font", &[], ""),
    ("POST", "font", &[], ""),
    ("GET", "image.png", &[], ""),
    ("PUT", "image.png", &[], ""),
    ("GET", "image.svg", &[], ""),
    ("PUT", "image.svg", &[], ""),
    ("GET", "module.js", &[], ""),
    ("POST", "module.js", &[], ""),
    ("GET", "events", &[], ""),
    ("POST", "events", &[], ""),
    ("GET", "headers", &[], ""),
    ("HEAD", "headers?run=a1", &[], ""),
    ("POST", "headers", &[], ""),
    ("GET", "nothing", &[], ""),
    ("GET", "", &[], ""),
];

/// For an account on which there is nothing.
const EMPTY: &[Case<'_>] = &[
    ("POST", "transfer", &[SIGNED_IN], ""),
    ("POST", "transfer?guard=fetch-metadata", &[SIGNED_IN, SAME_SITE, ATTACKER], ""),
    ("POST", "transfer", &[], ""),
];

/// For a session without room.
const FULL: &[Case<'_>] = &[
    ("POST", "notes", &[TEXT], "one too many"),
    ("PUT", "notes/99", &[TEXT], "one too many"),
    ("PUT", "notes/1", &[TEXT], "there already"),
    ("PATCH", "notes/99", &[TEXT], "not there"),
];

#[test]
fn the_table_says_what_the_routes_respond() {
    let lab = TestLab::start();
    let mut seen = BTreeSet::new();
    let long = "x".repeat(301);
    let too_long: &[Case<'_>] = &[("POST", "notes", &[TEXT], &long), ("PUT", "notes/1", &[TEXT], &long)];

    for prefix in ["", "/cached"] {
        let session = lab.session(&json!({}));
        seen.extend(compare(&lab, &session, prefix, FRESH));
        seen.extend(compare(&lab, &session, prefix, too_long));
        let mut connection = Connection::open(lab.api());
        for id in 1..=MAX_NOTES {
            connection.send("PUT", &format!("/s/{session}/api/notes/{id}"), &[TEXT], b"x");
        }
        seen.extend(compare(&lab, &session, prefix, FULL));
        let found = lab.running.sessions().find(&session).expect("the session is there");
        for _ in 0..20 {
            found.state().account.transfer();
        }
        drop(found);
        seen.extend(compare(&lab, &session, prefix, EMPTY));
    }
    seen.extend(compare(&lab, DEFAULT_SESSION, "", FRESH));
    let unseen: Vec<usize> = (0..route_table::ROWS).filter(|row| !seen.contains(row)).collect();
    assert!(unseen.is_empty(), "no case meets the rows {unseen:?} of the table");
}

/// Compares, and returns the rows of the table that it has met.
fn compare(lab: &TestLab, session: &str, prefix: &str, cases: &[Case<'_>]) -> BTreeSet<usize> {
    let sessions = lab.running.sessions();
    let mut seen = BTreeSet::new();
    for (index, &(method, target, headers, body)) in cases.iter().enumerate() {
        let of_session = session_prefix(session);
        // A parameter of its own, so that no response comes out of the cache.
        let mark = if target.contains('?') { "&" } else { "?" };
        let target = format!("{of_session}{prefix}/api/{target}{mark}case={index}");
        let (path, query) = target.split_once('?').expect("it has a query");
        let found = sessions.find(session).expect("the session is there");
        let notes = found.state().notes.clone();
        let account = found.state().account.clone();
        let policy = found.policy();
        // Like a browser's, but the value is known to the server alone.
        let token = account.clone().sign_in().unwrap_or_default();
        let cookie = format!("lab_user={token:016x}");
        let headers: Vec<_> = headers
            .iter()
            .map(|&line| if line == SIGNED_IN { ("cookie", cookie.as_str()) } else { line })
            .collect();
        let is_signed_in = headers.contains(&("cookie", cookie.as_str()));
        let value = |name| headers.iter().find(|(listed, _)| *listed == name).map(|(_, value)| *value);
        let request = RouteRequest {
            method,
            path: ApiPath::parse(path).expect("a path of the API"),
            query,
            content_type: value("content-type"),
            has_key: value("x-api-key").is_some(),
            sec_fetch_site: value("sec-fetch-site"),
            origin: value("origin"),
            is_signed_in,
            body: body.as_bytes(),
            notes: &notes,
            account: &account,
            policy: &policy,
            origins: lab.running.origins(),
        };
        let said = route_table::respond(&request);
        seen.extend(route_table::row_for(&request));

        let response = send(lab.api(), method, &target, &headers, body.as_bytes());
        let case = format!("{method} {target} {headers:?} {body:?}");
        assert_eq!(response.status, said.status, "{case}: {response:?}");
        let from_outside = ["vary", "x-lab-cache"];
        let real = response.headers.into_iter().filter(|(name, _)| !from_outside.contains(&name.as_str()));
        assert_eq!(comparable(real), comparable(said.headers), "{case}");
    }
    seen
}
