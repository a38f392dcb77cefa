//! The user who signs in: what only they get, what their cookie does for other pages' requests, and where each request goes.

mod lab;

use demo_backend::page::engine::EngineName;
use lab::{TestLab, send, sender::Sender};
use serde_json::{Value, json};

/// Sends one request after the other; what is predicted is what happens. Returns the status of each last message and whether
/// the script was given something.
fn play(sender: &mut Sender<'_>, requests: &[Value]) -> Vec<(Value, bool)> {
    let sent = requests.iter().enumerate().map(|(index, request)| {
        let request = serde_json::from_value(request.clone()).expect("a request of the Lab");
        let (predicted, allowed) = sender.send(&request, &format!("run{index}"));
        assert_eq!(predicted["verdict"]["allowed"], allowed, "{request:?}: {predicted}");
        let last = predicted["messages"].as_array().and_then(|messages| messages.last().cloned());
        (last.unwrap_or_default()["status"].clone(), allowed)
    });
    sent.collect()
}

fn balance(lab: &TestLab, session: &str) -> Value {
    lab.control("GET", &format!("/s/{session}/notes"), None).json()["balance"].clone()
}

const ENGINES: [EngineName; 4] =
    [EngineName::Standard, EngineName::Chromium, EngineName::Firefox, EngineName::WebKit];

#[test]
fn nobody_reads_the_users_notes_without_the_users_cookie() {
    let lab = TestLab::start();
    let login = json!({ "path": "login", "method": "POST", "credentials": "include" });
    let read = |page: &str, credentials: &str| json!({ "path": "my-notes", "page": page, "credentials": credentials });
    for engine in ENGINES {
        let policy = json!({ "allow_origins": ["http://localhost:*"], "allow_credentials": true });
        let mut sender = Sender::new(&lab, &policy, engine);
        let requests = [
            read("attacker", "include"),
            login.clone(),
            read("lab", "include"),
            read("attacker", "include"),
            read("attacker", "same-origin"),
            read("attacker", "omit"),
        ];
        let sent = play(&mut sender, &requests);
        let expected = [(401, true), (200, true), (200, true), (200, true), (401, true), (401, true)];
        assert_eq!(sent, expected.map(|(status, allowed)| (json!(status), allowed)), "{engine:?}");

        // A policy for the page alone: the attacker's request carries the cookie, and its script gets nothing.
        let policy = json!({ "allow_origins": [lab.page()], "allow_credentials": true });
        let mut sender = Sender::new(&lab, &policy, engine);
        let sent = play(&mut sender, &[login.clone(), read("lab", "include"), read("attacker", "include")]);
        let expected = [(200, true), (200, true), (200, false)];
        assert_eq!(sent, expected.map(|(status, allowed)| (json!(status), allowed)), "{engine:?}");
    }
    // Another session's cookie, and a guess.
    let (one, other) = (lab.session(&json!({})), lab.session(&json!({})));
    let path = |session: &str, route: &str| format!("/s/{session}/api/{route}");
    let login = send(lab.api(), "POST", &path(&one, "login"), &[], b"");
    let cookie =
        login.header("set-cookie").and_then(|line| line.split(';').next()).expect("a cookie").to_owned();
    for (session, cookie, status) in [
        (&one, cookie.as_str(), 200),
        (&other, cookie.as_str(), 401),
        (&one, "lab_user=0000000000000000", 401),
        (&other, "lab_user=0000000000000000", 401),
        (&one, "lab_user=alice", 401),
    ] {
        let got = send(lab.api(), "GET", &path(session, "my-notes"), &[("cookie", cookie)], b"");
        assert_eq!(got.status, status, "{cookie}");
        assert_eq!(String::from_utf8_lossy(&got.body).contains("alarm code"), status == 200, "{cookie}");
    }
    lab.control("POST", &format!("/s/{one}/reset"), Some(&json!({})));
    let got = send(lab.api(), "GET", &path(&one, "my-notes"), &[("cookie", &cookie)], b"");
    assert_eq!(got.status, 401, "a reset signs everybody out");
}

#[test]
fn cors_lets_a_simple_post_act_and_fetch_metadata_does_not() {
    let lab = TestLab::start();
    for engine in ENGINES {
        let policy = json!({ "allow_origins": [lab.page()], "allow_credentials": true });
        let mut sender = Sender::new(&lab, &policy, engine);
        let transfer = |page: &str, query: &str, address: &str, mode: &str| {
            json!({ "path": "transfer", "method": "POST", "page": page, "query": query, "address": address,
                    "mode": mode, "credentials": "include", "body": { "type": "form", "text": "to=mallory" } })
        };
        let guard = "guard=fetch-metadata";
        let requests = [
            json!({ "path": "login", "method": "POST", "credentials": "include" }),
            // It acts, and the script gets nothing.
            transfer("attacker", "", "api", "cors"),
            transfer("attacker", "", "api", "no-cors"),
            // It doesn't act.
            transfer("attacker", guard, "api", "cors"),
            transfer("attacker", guard, "api", "no-cors"),
            transfer("attacker", guard, "proxy", "no-cors"),
            transfer("sandbox", guard, "api", "no-cors"),
            // The user's own page acts, by either way.
            transfer("lab", guard, "api", "cors"),
            transfer("lab", guard, "proxy", "cors"),
        ];
        let mut balances = Vec::new();
        let mut statuses = Vec::new();
        for request in &requests {
            statuses.extend(
                play(&mut sender, std::slice::from_ref(request)).into_iter().map(|(status, _)| status),
            );
            balances.push(balance(&lab, sender.session()));
        }
        assert_eq!(balances, [100, 90, 80, 80, 80, 80, 80, 70, 60], "{engine:?}");
        assert_eq!(statuses, [200, 200, 200, 403, 403, 403, 403, 200, 200], "{engine:?}");
    }
}

#[test]
fn a_message_says_which_server_it_goes_to_and_which_site_sent_it() {
    let lab = TestLab::start();
    let origins = lab.running.origins();
    let alias = origins.api_alias.as_ref().expect("localhost has an address");
    let session = lab.session(&json!({ "allow_origins": ["*"], "allow_methods": ["PUT"] }));
    let to = |target: &str| json!({ "path": "redirect", "query": format!("to={target}") });
    for (request, servers, site) in [
        (json!({}), vec!["api"], "same-site"),
        (json!({ "address": "second" }), vec!["second"], "cross-site"),
        (json!({ "address": "proxy" }), vec!["proxy"], "same-origin"),
        (json!({ "address": "proxy", "page": "attacker" }), vec!["proxy"], "same-site"),
        (json!({ "page": "sandbox" }), vec!["api"], "cross-site"),
        (
            json!({ "method": "PUT", "path": "notes/1", "address": "second" }),
            vec!["second", "second"],
            "cross-site",
        ),
        (to("notes"), vec!["api", "api"], "same-site"),
        (to(&format!("{}/favicon.svg", origins.page)), vec!["api", "page"], "same-site"),
        (to(&format!("{}/api/notes", origins.page)), vec!["api", "proxy"], "same-site"),
        (to(&format!("{}/", origins.attacker)), vec!["api", "attacker"], "same-site"),
        (to(&format!("{alias}/api/notes")), vec!["api", "second"], "cross-site"),
    ] {
        let wanted = json!({ "request": request, "run": "a1" });
        let predicted = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted)).json();
        let messages = predicted["messages"].as_array().expect("messages");
        let said: Vec<_> = messages.iter().map(|message| message["server"].clone()).collect();
        assert_eq!(said, servers, "{request}");
        let headers = messages.last().map(|last| last["request_headers"].clone()).unwrap_or_default();
        let line = json!(["sec-fetch-site", site]);
        assert!(headers.as_array().is_some_and(|lines| lines.contains(&line)), "{request}: {headers}");
    }
}

#[test]
fn local_network_access_is_predicted_for_a_page_of_another_network() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["*"] }));
    for (space, address, engine, reason) in [
        ("public", "api", "chromium", json!("local-network-access")),
        ("public", "second", "chromium", json!("local-network-access")),
        ("public", "proxy", "chromium", Value::Null),
        ("local", "api", "chromium", Value::Null),
        ("loopback", "api", "chromium", Value::Null),
        ("public", "api", "firefox", Value::Null),
        ("public", "api", "webkit", Value::Null),
        ("public", "api", "standard", Value::Null),
    ] {
        let request = json!({ "address": address, "page_address_space": space });
        let wanted = json!({ "request": request, "run": "a1", "engine": engine });
        let predicted = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted)).json();
        assert_eq!(predicted["verdict"]["reason"], reason, "{request} {engine}: {predicted}");
        let count = predicted["messages"].as_array().map(Vec::len);
        assert_eq!(count, Some(usize::from(reason.is_null())), "{request} {engine}");
    }
    let wanted = json!({ "request": { "page_address_space": "moon" } });
    let refused = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
    assert_eq!(refused.outcome(), 400, "{refused:?}");
}
