//! The control API is for the page alone, changes nothing on `GET`, and is bounded.

mod lab;

use demo_backend::session::MAX_SESSIONS;
use lab::{TestLab, send};
use serde_json::json;

const MARK: (&str, &str) = ("x-cors-lab", "1");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A name, the status to expect, a method, a path, headers, and a body.
type Row<'a> = (&'a str, u16, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn only_the_page_gets_in() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let host = lab.page().trim_start_matches("http://").to_owned();
    let port = host.rsplit(':').next().expect("a port").to_owned();
    let (rebound, by_address) = (&*format!("evil.example:{port}"), &*format!("127.0.0.1:{port}"));
    let attacker = &*lab.running.origins().attacker;
    let of_session = |path: &str| format!("/control/s/{session}/{path}");
    let (policy, allows) = (&*of_session("policy"), &*of_session("allows"));
    let predict = &*of_session("predict");
    let (import, paste) = (&*of_session("import"), r#"{"text": "curl https://api.example/"}"#);
    let large_paste = json!({ "text": "a b ".repeat(10_000) }).to_string();
    let (by_run, by_time) = (&*of_session("exchanges?run=A"), &*of_session("exchanges?since=soon"));
    let unknown = "/control/everything";
    let open = json!({ "allow_origins": ["*"] }).to_string();
    let large = json!({ "allow_origins": ["x".repeat(20_000)] }).to_string();
    let many = json!({ "allow_methods": (0..65).map(|n| format!("M{n}")).collect::<Vec<_>>() }).to_string();
    let risky =
        json!({ "danger_allow_origins": (0..65).map(|n| format!("http://10.0.0.{n}")).collect::<Vec<_>>() });
    let risky = risky.to_string();
    let long =
        json!({ "allow_headers": ["x".repeat(1025)], "expose_headers": ["x".repeat(1024)] }).to_string();
    let origins = json!({ "origins": vec!["null"; 33] }).to_string();
    let preflight = [
        ("origin", attacker),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type,x-cors-lab"),
    ];
    let rows: &[Row<'_>] = &[
        ("the page", 200, "GET", policy, &[MARK], ""),
        ("the page by its address", 200, "GET", policy, &[MARK, ("host", by_address)], ""),
        ("another site's name (DNS rebinding)", 421, "GET", policy, &[MARK, ("host", rebound)], ""),
        ("another site's name, to change", 421, "PUT", policy, &[MARK, JSON, ("host", rebound)], &open),
        ("no mark", 403, "GET", policy, &[], ""),
        ("no mark, to change", 403, "PUT", policy, &[JSON], &open),
        ("an empty mark", 403, "GET", policy, &[("x-cors-lab", "")], ""),
        (
            "another site, by Sec-Fetch-Site",
            403,
            "PUT",
            policy,
            &[MARK, JSON, ("sec-fetch-site", "cross-site")],
            &open,
        ),
        ("another port", 403, "PUT", policy, &[MARK, JSON, ("sec-fetch-site", "same-site")], &open),
        ("the page, by Sec-Fetch-Site", 200, "GET", policy, &[MARK, ("sec-fetch-site", "same-origin")], ""),
        ("another origin's preflight", 403, "OPTIONS", policy, &preflight, ""),
        ("a form", 415, "PUT", policy, &[MARK, ("content-type", "text/plain")], &open),
        ("no type", 415, "POST", "/control/sessions", &[MARK], "{}"),
        ("a body that is not JSON", 400, "PUT", policy, &[MARK, JSON], "allow_origins = []"),
        ("an unknown setting", 400, "PUT", policy, &[MARK, JSON], r#"{"allow_origin": "*"}"#),
        ("too large a body", 413, "PUT", policy, &[MARK, JSON], &large),
        ("a paste of the page", 200, "POST", import, &[MARK, JSON], paste),
        ("a paste of as many bytes as no other body has", 422, "POST", import, &[MARK, JSON], &large_paste),
        ("a paste without a mark", 403, "POST", import, &[JSON], paste),
        ("a paste under another site's name", 421, "POST", import, &[MARK, JSON, ("host", rebound)], paste),
        ("another port's paste", 403, "POST", import, &[MARK, JSON, ("sec-fetch-site", "same-site")], paste),
        ("another site's paste", 403, "POST", import, &[MARK, JSON, ("sec-fetch-site", "cross-site")], paste),
        ("a paste as a form", 415, "POST", import, &[MARK, ("content-type", "text/plain")], paste),
        ("a paste's preflight", 403, "OPTIONS", import, &preflight, ""),
        ("a paste by GET", 404, "GET", import, &[MARK], ""),
        ("too many entries", 413, "PUT", policy, &[MARK, JSON], &many),
        ("too many entries that need an opt-in", 413, "PUT", policy, &[MARK, JSON], &risky),
        ("entries that are too long together", 413, "PUT", policy, &[MARK, JSON], &long),
        ("too many origins", 413, "POST", allows, &[MARK, JSON], &origins),
        ("the file's policy", 409, "PUT", "/control/s/default/policy", &[MARK, JSON], &open),
        ("an unknown session", 404, "GET", "/control/s/aaaaaaaaaaaaaaaa/policy", &[MARK], ""),
        ("an unknown thing", 404, "GET", unknown, &[MARK], ""),
        ("an invalid run", 400, "GET", by_run, &[MARK], ""),
        ("an invalid run, to predict", 400, "POST", predict, &[MARK, JSON], r#"{"request": {}, "run": "A"}"#),
        ("an invalid time", 400, "GET", by_time, &[MARK], ""),
    ];

    for &(name, status, method, path, headers, body) in rows {
        let response = send(lab.page(), method, path, headers, body.as_bytes());
        assert_eq!(response.outcome(), u64::from(status), "{name}: {response:?}");
        // What the page itself can run into stays out of the browser's console, which shows every 400 and above.
        let is_nowhere = path == unknown || (method, path) == ("GET", import);
        let is_page = headers.contains(&MARK) && !matches!(status, 403 | 415 | 421) && !is_nowhere;
        assert!(!is_page || response.status < 400, "{name}: {response:?}");
        let cors = response.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
        assert_eq!(cors, None, "{name}: no other origin may read it");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{name}");
        if status >= 400 {
            let said = response.json();
            let said = if said["refused"].is_object() { &said["refused"] } else { &said };
            let error = said["error"].as_str().map(str::len).unwrap_or_default();
            assert!(error > 0, "{name}: it says why");
        }
        let in_force = lab.control("GET", &format!("/s/{session}/policy"), None).json();
        assert_eq!(in_force["config"]["allow_origins"], json!([]), "{name}: nothing changed");
    }
}

#[test]
fn a_get_changes_nothing() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["https://app.example.com"] }));
    let own = ["/own/play", "/own/probe", "/sessions", "/config"].map(ToOwned::to_owned);
    let paths = ["reset", "policy", "hand", "import", "predict", "allows", "exchanges", "notes"];
    let paths = paths.map(|of| format!("/s/{session}/{of}")).into_iter().chain(own);
    let state = || {
        let of = |what: &str| lab.control("GET", &format!("/s/{session}/{what}"), None).json();
        let exchanges = of("exchanges")["exchanges"].clone();
        (of("policy"), of("hand"), of("notes"), exchanges, lab.running.sessions().count())
    };
    let before = state();
    for path in paths {
        // No page can send a body with it; a client could.
        for body in [None, Some(json!({})), Some(json!({ "allow_origins": ["*"] }))] {
            lab.control("GET", &path, body.as_ref());
        }
    }
    assert_eq!(state(), before);
}

#[test]
fn an_invalid_policy_is_refused_with_every_problem_and_nothing_changes() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["https://app.example.com"] }));
    let path = format!("/s/{session}/policy");
    let before = lab.control("GET", &path, None).json();
    let wrong = json!({ "allow_origins": ["https://app.example.com/"], "max_age": 90_000 });
    let refused = lab.control("PUT", &path, Some(&wrong));
    assert_eq!(refused.outcome(), 422);
    let problems = refused.json()["refused"]["problems"].clone();
    assert_eq!(problems.as_array().map(Vec::len), Some(2), "{problems}");
    assert_eq!(problems[0]["setting"], "allow_origins");
    assert_eq!(problems[0]["index"], 0);
    assert_eq!(problems[0]["suggestions"][0], "https://app.example.com");
    assert_eq!(problems[1]["setting"], "max_age");
    assert_eq!(lab.control("GET", &path, None).json(), before);
}

#[test]
fn sessions_do_not_see_each_other() {
    let lab = TestLab::start();
    let open = lab.session(&json!({ "allow_origins": ["*"] }));
    let shut = lab.session(&json!({}));
    let get = |session: &str| {
        send(
            lab.api(),
            "GET",
            &format!("/s/{session}/api/notes?run=a1"),
            &[("origin", "https://a.example")],
            b"",
        )
    };
    assert_eq!(get(&open).header("access-control-allow-origin"), Some("*"));
    assert_eq!(get(&shut).header("access-control-allow-origin"), None);
    send(lab.api(), "DELETE", &format!("/s/{open}/api/notes/1"), &[], b"");
    let notes =
        |session: &str| lab.control("GET", &format!("/s/{session}/notes"), None).json()["notes"].clone();
    assert_eq!(notes(&open).as_array().map(Vec::len), Some(2));
    assert_eq!(notes(&shut).as_array().map(Vec::len), Some(3));
    let log = lab.control("GET", &format!("/s/{shut}/exchanges?run=a1"), None).json();
    assert_eq!(log["exchanges"].as_array().map(Vec::len), Some(1), "{log}");

    // Each has its cookie below its own paths.
    let cookie = |session: &str| {
        let response = send(lab.api(), "GET", &format!("/s/{session}/api/session"), &[], b"");
        response.header("set-cookie").expect("a cookie").to_owned()
    };
    assert!(cookie(&open).contains(&format!("Path=/s/{open}/")), "{}", cookie(&open));

    let unknown =
        send(lab.api(), "GET", "/s/aaaaaaaaaaaaaaaa/api/notes", &[("origin", "https://a.example")], b"");
    assert_eq!((unknown.status, unknown.header("access-control-allow-origin")), (404, None));
}

/// A body without a length is bounded as well.
#[test]
fn a_body_without_a_length_is_bounded() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let path = format!("/control/s/{session}/policy");
    let chunked = [MARK, JSON, ("transfer-encoding", "chunked")];
    for (name, length, status) in
        [("a body as large as may be", 16_000, 400), ("too large a body", 20_000, 413)]
    {
        let body = format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
        let response = send(lab.page(), "PUT", &path, &chunked, body.as_bytes());
        assert_eq!(response.outcome(), status, "{name}: {response:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{name}");
        assert!(response.json()["refused"]["error"].is_string(), "{name}: {response:?}");
    }
}

#[test]
fn a_problem_of_a_policy_names_its_field() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["https://app.example.com"] }));
    let path = format!("/s/{session}/policy");
    let before = lab.control("GET", &path, None).json();
    for (name, wrong, setting, index) in [
        (
            "an origin with a path",
            json!({ "allow_origins": ["https://a.example/x"] }),
            "allow_origins",
            json!(0),
        ),
        (
            "an origin without a scheme",
            json!({ "allow_origins": ["*", "a.example"] }),
            "allow_origins",
            json!(1),
        ),
        ("null", json!({ "allow_origins": ["null"] }), "allow_origins", json!(0)),
        (
            "a method that is not a token",
            json!({ "allow_origins": ["*"], "allow_methods": ["GET", "P T"] }),
            "allow_methods",
            json!(1),
        ),
        (
            "a header that is not a token",
            json!({ "allow_origins": ["*"], "allow_headers": ["x:y"] }),
            "allow_headers",
            json!(0),
        ),
        (
            "an exposed header that is not a token",
            json!({ "allow_origins": ["*"], "expose_headers": ["x y"] }),
            "expose_headers",
            json!(0),
        ),
        (
            "longer than browsers remember",
            json!({ "allow_origins": ["*"], "max_age": 90_000 }),
            "max_age",
            json!(null),
        ),
    ] {
        let refused = lab.control("PUT", &path, Some(&wrong));
        assert_eq!(refused.outcome(), 422, "{name}: {refused:?}");
        let problem = &refused.json()["refused"]["problems"][0];
        assert_eq!((&problem["setting"], &problem["index"]), (&json!(setting), &index), "{name}: {problem}");
        assert_eq!(lab.control("GET", &path, None).json(), before, "{name}: nothing changed");
    }
}

#[test]
fn there_are_never_more_sessions_than_may_be() {
    let lab = TestLab::start();
    let mut connection = lab::Connection::open(lab.page());
    let ids = (0..=MAX_SESSIONS).map(|_| {
        let made = connection.send("POST", "/control/sessions", &[MARK, JSON], b"{}");
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().expect("an id").to_owned()
    });
    let ids: Vec<String> = ids.collect();
    assert_eq!(lab.running.sessions().count(), MAX_SESSIONS);
    let known = ids.iter().filter(|id| lab.running.sessions().find(id).is_some()).count();
    assert_eq!(known, MAX_SESSIONS, "each has an id of its own");
    let newest = ids.iter().rev().take(10);
    assert!(
        newest.map(|id| lab.running.sessions().find(id)).all(|found| found.is_some()),
        "the newest are there"
    );
}

/// A method, headers, whether that is a preflight, whether a handler runs, and the status.
type LogRow<'a> = (&'a str, &'a [(&'a str, &'a str)], bool, bool, u16);

#[test]
fn the_log_tells_preflights_and_what_reached_a_handler() {
    let lab = TestLab::start();
    let page = lab.page().to_owned();
    let session = lab.session(&json!({ "allow_origins": [page], "allow_methods": ["PUT"] }));
    let origin = ("origin", &*page);
    let method = ("access-control-request-method", "PUT");
    let rows: [LogRow<'_>; 5] = [
        ("OPTIONS", &[origin, method], true, false, 204),
        ("OPTIONS", &[("origin", "https://a.example"), method], true, false, 403),
        ("OPTIONS", &[origin], false, false, 405),
        ("OPTIONS", &[method], false, false, 405),
        ("GET", &[origin, method], false, true, 200),
    ];
    for (method, headers, ..) in rows {
        send(lab.api(), method, &format!("/s/{session}/api/notes/1?run=a1"), headers, b"");
    }
    let log = lab.control("GET", &format!("/s/{session}/exchanges?run=a1"), None).json();
    let exchanges = log["exchanges"].as_array().expect("a list of exchanges");
    assert_eq!(exchanges.len(), rows.len(), "{log}");
    for (exchange, (method, _, preflight, reached_handler, status)) in exchanges.iter().zip(rows) {
        assert_eq!(exchange["method"], method, "{exchange}");
        assert_eq!(exchange["preflight"], preflight, "{exchange}");
        assert_eq!(exchange["reached_handler"], reached_handler, "{exchange}");
        assert_eq!(exchange["status"], status, "{exchange}");
    }
}
