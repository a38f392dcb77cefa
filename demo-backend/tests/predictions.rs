//! What is predicted of a request is what the real API responds to it, and what the model of the browser makes of the real
//! response: every policy with every request, over sockets, one browser for all.

mod lab;

use demo_backend::page::engine::EngineName;
use lab::{TestLab, sender::Sender};
use serde_json::{Value, json};

fn policies(lab: &TestLab) -> Vec<Value> {
    let page = &lab.running.origins().page;
    vec![
        json!({}),
        json!({ "allow_origins": [page] }),
        json!({ "allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "expose_headers": ["*"] }),
        json!({ "allow_origins": ["http://localhost:*"], "allow_methods": ["*"], "allow_headers": ["*"],
                "expose_headers": ["etag"], "allow_credentials": true, "max_age": 600 }),
        json!({ "allow_origins": [page, "https://app.example.com"], "allow_methods": ["PUT"],
                "allow_headers": ["content-type", "x-api-key"], "max_age": 0 }),
    ]
}

fn requests(lab: &TestLab) -> Vec<Value> {
    let origins = lab.running.origins();
    let alias = origins.api_alias.clone().expect("localhost has an address");
    let text = json!({ "type": "text/plain", "text": "a note" });
    let in_json = json!({ "type": "application/json", "text": "{\"text\": \"a note\"}" });
    let form = json!({ "type": "form", "text": "text=a+note" });
    vec![
        json!({ "path": "notes" }),
        json!({ "path": "notes", "credentials": "include" }),
        json!({ "path": "notes", "credentials": "omit" }),
        json!({ "path": "notes", "mode": "no-cors" }),
        json!({ "path": "notes", "mode": "same-origin" }),
        json!({ "path": "notes", "page": "attacker", "credentials": "include" }),
        json!({ "path": "notes", "page": "sandbox" }),
        json!({ "path": "notes", "method": "HEAD" }),
        json!({ "path": "notes", "method": "POST", "body": text }),
        json!({ "path": "notes", "method": "POST", "body": in_json }),
        json!({ "path": "notes", "method": "POST", "body": form }),
        json!({ "path": "notes", "method": "GET", "body": text }),
        json!({ "path": "notes/1", "method": "PUT", "body": text, "same_url": true }),
        json!({ "path": "notes/1", "method": "PUT", "body": text, "same_url": true }),
        json!({ "path": "notes/1", "method": "put", "body": in_json }),
        json!({ "path": "notes/1", "method": "PATCH", "body": text }),
        json!({ "path": "notes/1", "method": "patch", "body": text }),
        json!({ "path": "notes/2", "method": "DELETE" }),
        json!({ "path": "notes", "method": "TRACE" }),
        json!({ "path": "notes/1", "method": "PUT", "mode": "no-cors" }),
        json!({ "path": "session", "credentials": "include" }),
        json!({ "path": "fail" }),
        json!({ "path": "guarded" }),
        json!({ "path": "guarded", "headers": [["x-api-key", "open sesame"]] }),
        json!({ "path": "guarded", "headers": [["authorization", "Bearer x"], ["x-a", "1"], ["cookie", "x"]] }),
        json!({ "path": "headers" }),
        json!({ "path": "headers", "headers": [["access-control-allow-origin", "*"]] }),
        json!({ "path": "headers", "headers": [["access-control-allow-origin", "*"], ["x-a", "1"]] }),
        json!({ "path": "headers", "credentials": "include" }),
        json!({ "path": "nothing" }),
        json!({ "path": "redirect", "query": "to=notes" }),
        json!({ "path": "redirect", "query": "to=notes", "redirect": "manual" }),
        json!({ "path": "redirect", "query": "to=notes", "redirect": "error" }),
        json!({ "path": "redirect", "query": "to=notes/1&status=307", "method": "PUT", "body": text }),
        json!({ "path": "redirect", "query": "to=notes&status=303", "method": "POST", "body": text }),
        json!({ "path": "redirect", "query": format!("to={alias}/api/notes") }),
        json!({ "path": "redirect", "query": format!("to={}/favicon.svg", origins.page) }),
        json!({ "path": "redirect", "query": format!("to={}/", origins.attacker), "page": "attacker" }),
        json!({ "path": "redirect", "query": "to=https://example.com/" }),
        json!({ "path": "notes", "cached": true }),
        json!({ "path": "notes", "cached": true, "page": "attacker" }),
        json!({ "path": "notes", "cached": true }),
        json!({ "path": "notes", "cached": true, "mode": "no-cors", "query": "vary=forgotten" }),
        json!({ "path": "notes", "cached": true, "query": "vary=forgotten" }),
        json!({ "path": "session", "cached": true, "credentials": "include" }),
        json!({ "path": "session", "cached": true, "credentials": "include" }),
        json!({ "path": "notes/1", "cached": true, "method": "PUT", "body": text }),
        json!({ "path": "notes", "query": "vary=forgotten" }),
        json!({ "kind": "xhr", "path": "notes/1", "method": "PUT", "body": in_json, "credentials": "include" }),
        json!({ "kind": "xhr", "path": "notes", "body": text }),
        json!({ "kind": "font", "path": "font" }),
        json!({ "kind": "image", "path": "image.png" }),
        json!({ "kind": "image-cors", "path": "image.svg" }),
        json!({ "kind": "image-cors", "path": "image.png", "credentials": "include" }),
        json!({ "kind": "canvas", "path": "image.png" }),
        json!({ "kind": "canvas", "path": "image.png", "mode": "no-cors" }),
        json!({ "kind": "module", "path": "module.js" }),
        json!({ "kind": "events", "path": "events", "credentials": "include" }),
    ]
}

/// Those of a user who signs in, and those that go elsewhere than to the API's own address.
fn requests_of_a_user(lab: &TestLab) -> Vec<Value> {
    let origins = lab.running.origins();
    let alias = origins.api_alias.clone().expect("localhost has an address");
    let text = json!({ "type": "text/plain", "text": "a note" });
    let in_json = json!({ "type": "application/json", "text": "{\"text\": \"a note\"}" });
    let form = json!({ "type": "form", "text": "text=a+note" });
    vec![
        json!({ "path": "my-notes", "credentials": "include" }),
        json!({ "path": "login", "query": "cookie=crumbs", "method": "POST" }),
        json!({ "path": "login", "method": "POST" }),
        json!({ "path": "my-notes", "credentials": "include" }),
        json!({ "path": "login", "method": "POST", "credentials": "include" }),
        json!({ "path": "my-notes", "credentials": "include" }),
        json!({ "path": "my-notes", "credentials": "omit" }),
        json!({ "path": "my-notes", "page": "attacker", "credentials": "include" }),
        json!({ "path": "my-notes", "address": "second", "credentials": "include" }),
        json!({ "path": "my-notes", "address": "proxy" }),
        json!({ "path": "my-notes", "address": "proxy", "credentials": "omit" }),
        json!({ "path": "login", "query": "cookie=none", "method": "POST", "address": "second", "credentials": "include" }),
        json!({ "path": "my-notes", "address": "second", "credentials": "include" }),
        json!({ "path": "transfer", "method": "POST", "body": text }),
        json!({ "path": "transfer", "method": "POST", "body": text, "credentials": "include" }),
        json!({ "path": "transfer", "method": "POST", "page": "attacker", "credentials": "include", "mode": "no-cors" }),
        json!({ "path": "transfer", "method": "POST", "page": "attacker", "credentials": "include",
                "query": "guard=fetch-metadata" }),
        json!({ "path": "transfer", "method": "POST", "page": "attacker", "credentials": "include", "mode": "no-cors",
                "query": "guard=fetch-metadata", "body": form }),
        json!({ "path": "transfer", "method": "POST", "credentials": "include", "query": "guard=fetch-metadata" }),
        json!({ "path": "transfer", "method": "POST", "address": "proxy", "query": "guard=fetch-metadata" }),
        json!({ "path": "transfer", "method": "POST", "address": "second", "credentials": "include",
                "query": "guard=fetch-metadata" }),
        json!({ "path": "notes", "address": "proxy" }),
        json!({ "path": "notes", "address": "proxy", "mode": "same-origin" }),
        json!({ "path": "notes", "address": "proxy", "page": "attacker" }),
        json!({ "path": "notes/1", "method": "PUT", "body": in_json, "address": "proxy" }),
        json!({ "path": "notes/1", "method": "PUT", "body": in_json, "address": "second" }),
        json!({ "path": "redirect", "query": "to=notes", "address": "proxy" }),
        json!({ "path": "redirect", "query": format!("to={alias}/api/notes"), "address": "proxy" }),
        json!({ "path": "redirect", "query": format!("to={}/api/notes", origins.page) }),
        json!({ "path": "notes", "cached": true, "address": "proxy" }),
        json!({ "kind": "module", "path": "module.js", "address": "second" }),
        json!({ "kind": "image", "path": "image.png", "address": "proxy", "page": "attacker" }),
        json!({ "path": "notes", "page_address_space": "public" }),
        json!({ "path": "notes", "page_address_space": "public", "address": "proxy" }),
        json!({ "path": "notes/1", "method": "PUT", "page_address_space": "local" }),
        json!({ "path": "notes", "page_address_space": "loopback" }),
    ]
}

#[test]
fn what_is_predicted_happens() {
    let lab = TestLab::start();
    let requests = [requests(&lab), requests_of_a_user(&lab)].concat();
    for policy in policies(&lab) {
        for engine in [EngineName::Standard, EngineName::Chromium, EngineName::Firefox, EngineName::WebKit] {
            let mut sender = Sender::new(&lab, &policy, engine);
            for (index, request) in requests.iter().enumerate() {
                let is_same = request["same_url"] == true;
                let run = if is_same { "same".to_owned() } else { format!("run{index}") };
                let read = serde_json::from_value(request.clone()).expect("a request of the Lab");
                let (predicted, allowed) = sender.send(&read, &run);
                let case = format!("{policy} {engine:?} {request}");
                assert_eq!(predicted["verdict"]["allowed"], allowed, "{case}: {predicted}");
                let sentence = predicted["verdict"]["sentence"].as_str().unwrap_or_default();
                assert!(sentence.ends_with('.') && sentence.len() > 10, "{case}: {sentence:?}");
                if !allowed {
                    check_diagnosis(&predicted, &case);
                }
            }
        }
    }
}

/// Servers written by hand: right and wrong in many ways.
fn hands(lab: &TestLab) -> Vec<Value> {
    let origins = lab.running.origins();
    let (page, alias) = (&origins.page, origins.api_alias.clone().expect("localhost has an address"));
    let allow = |value: &str| json!(["Access-Control-Allow-Origin", value]);
    let (by_name, credentials) = (allow(page), json!(["access-control-allow-credentials", "true"]));
    let lists = [
        json!(["access-control-allow-methods", "PUT, PATCH, DELETE, TRACE"]),
        json!(["Access-Control-Allow-Headers", "content-type, x-api-key, x-a, authorization"]),
    ];
    let granted = json!({ "status": 204, "headers": [&by_name, &credentials, &lists[0], &lists[1]] });
    let with = |status: u16, headers: Value| json!({ "status": status, "headers": headers });
    let redirect = |status: u16, to: &str| json!({ "status": status, "headers": [&by_name], "redirect": to });
    let reflected = json!([allow("{origin}"), &credentials, ["vary", "Origin"]]);
    vec![
        json!({}),
        json!({ "preflight": granted, "response": with(200, json!([&by_name, &credentials, ["etag", "\"a\""]])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow(&format!("{page}/"))])) }),
        json!({ "preflight": granted, "response": with(200, json!([&by_name, allow("*")])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow(&format!("{page}, https://a.example"))])) }),
        json!({ "preflight": with(200, reflected.clone()), "response": with(200, reflected) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("*"), &credentials])) }),
        json!({ "preflight": with(401, json!([])), "response": with(401, json!([["www-authenticate", "Bearer"]])) }),
        json!({ "preflight": with(404, json!([&by_name])), "response": with(200, json!([&by_name])) }),
        json!({ "preflight": redirect(301, "notes/"), "response": redirect(302, &format!("{}/login", origins.attacker)) }),
        json!({ "preflight": granted, "response": redirect(307, &format!("{alias}/api/notes")) }),
        json!({ "preflight": granted, "response": redirect(303, "/api/notes") }),
        json!({ "preflight": granted, "response": with(302, json!([&by_name])) }),
        json!({ "preflight": granted, "response": with(500, json!([["content-type", "text/html"]])) }),
        json!({ "preflight": granted, "response": with(503, json!([&by_name, ["access-control-expose-headers", "retry-after"], ["retry-after", "1"]])) }),
        json!({ "preflight": granted, "response": with(204, json!([&by_name])) }),
        json!({ "preflight": granted, "response": with(205, json!([allow(" * ")])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("null"), &credentials])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow(page), ["content-type", "image/png"]])) }),
        json!({ "preflight": granted, "response": with(404, json!([allow("*"), ["content-type", "image/svg+xml;a=b"]])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("*"), ["content-type", "font/woff2"]])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("*"), ["content-type", "text/javascript; charset=utf-8"]])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("*"), ["content-type", "text/event-stream"]])) }),
        json!({ "preflight": granted, "response": with(200, json!([allow("*"), ["set-cookie", "lab_a=1"], ["vary", "*"], ["access-control-expose-headers", "*"]])) }),
        json!({ "preflight": { "close": true }, "response": with(200, json!([&by_name])) }),
        json!({ "preflight": granted, "response": { "close": true } }),
        json!({ "preflight": { "delay_ms": 2, "status": 200, "headers": [allow("*"), ["access-control-allow-methods", "*"], ["access-control-allow-headers", "*"], ["access-control-max-age", "600"]] },
                "response": { "delay_ms": 1, "headers": [allow("*"), ["access-control-expose-headers", "*"]] } }),
    ]
}

#[test]
fn what_is_predicted_happens_at_servers_written_by_hand() {
    let lab = TestLab::start();
    let mut requests = requests(&lab);
    for request in &mut requests {
        request["server"] = json!("hand");
    }
    let (mut blocked, mut passed) = (0, 0);
    // The engines take turns: what they differ in is the same at every server.
    let engines = [EngineName::Chromium, EngineName::Firefox, EngineName::WebKit];
    for (hand, engine) in hands(&lab).iter().zip(engines.into_iter().cycle()) {
        for engine in [EngineName::Standard, engine] {
            // Which the server written by hand knows nothing of.
            let mut sender = Sender::new(&lab, &json!({ "allow_origins": ["*"] }), engine);
            lab.put_hand(sender.session(), hand);
            for (index, request) in requests.iter().enumerate() {
                let run = if request["same_url"] == true { "same".to_owned() } else { format!("run{index}") };
                let read = serde_json::from_value(request.clone()).expect("a request of the Lab");
                let (predicted, allowed) = sender.send(&read, &run);
                let case = format!("{hand} {engine:?} {request}");
                let verdict = &predicted["verdict"];
                // What the model of the browser doesn't know: whether a body is what the page can use.
                let is_use = ["use", "canvas"].iter().any(|step| verdict["step"] == *step);
                assert!(is_use || verdict["allowed"] == allowed, "{case}: {predicted}");
                if allowed {
                    passed += 1;
                } else {
                    blocked += 1;
                    check_diagnosis(&predicted, &case);
                    assert_ne!(verdict["fix"]["place"], "policy", "{case}: it has none: {verdict}");
                }
            }
        }
    }
    assert!(blocked > 500 && passed > 500, "{blocked} {passed}");
}

#[test]
fn a_redirect_that_leads_to_itself_ends() {
    let lab = TestLab::start();
    let mut sender = Sender::new(&lab, &json!({}), EngineName::Standard);
    let headers = json!([["access-control-allow-origin", "{origin}"]]);
    lab.put_hand(
        sender.session(),
        &json!({ "response": { "status": 308, "headers": headers, "redirect": "again" } }),
    );
    let read = serde_json::from_value(json!({ "server": "hand" })).expect("a request of the Lab");
    let (predicted, allowed) = sender.send(&read, "run1");
    assert!(!allowed, "{predicted}");
    assert_eq!(predicted["messages"].as_array().map(Vec::len), Some(21), "{predicted}");
}

/// The cause is named where the browser blocked it, and no fix allows what a response allowed already.
fn check_diagnosis(predicted: &Value, case: &str) {
    let verdict = &predicted["verdict"];
    let is_after_fetch = ["canvas", "use"].iter().any(|step| verdict["step"] == *step);
    assert_eq!(verdict["cause"].is_null(), is_after_fetch, "{case}: {verdict}");
    let change = verdict["fix"]["change"].as_str().unwrap_or_default();
    assert!(!change.contains("can't be added"), "{case}: that is no fix: {verdict}");
    let messages = predicted["messages"].as_array().expect("messages");
    let headers = messages.iter().filter_map(|message| message["response_headers"].as_array()).flatten();
    for header in headers.filter(|header| header[0] == "access-control-allow-origin") {
        let steps = verdict["fix"]["patch"].as_array().expect("steps");
        let mut origins = steps.iter().filter(|step| step["setting"] == "allow_origins");
        assert!(origins.all(|step| step["add"] != header[1]), "{case}: it is allowed already: {verdict}");
    }
}

/// One offered fix lets every request pass that a policy can help.
#[test]
fn one_fix_leads_to_a_response() {
    let lab = TestLab::start();
    // With credentials, most of these stars can't stay.
    let all_stars = json!({ "allow_origins": ["*"], "allow_methods": ["*"], "expose_headers": ["*"] });
    let starts = [json!({}), all_stars];
    let requests = [requests(&lab), requests_of_a_user(&lab)].concat();
    let cases = requests.iter().flat_map(|request| starts.iter().map(move |start| (request, start)));
    let mut fixed = 0;
    for (request, start) in cases {
        let session = lab.session(start);
        let path = |of: &str| format!("/s/{session}/{of}");
        let predicted = || {
            let wanted = json!({ "request": request, "run": "a1", "engine": "standard" });
            lab.control("POST", &path("predict"), Some(&wanted)).json()["verdict"].clone()
        };
        let verdict = predicted();
        let fix = verdict["fix"]["patch"].as_array().cloned().unwrap_or_default();
        assert_eq!(
            verdict["fix"]["place"] == "policy",
            !fix.is_empty(),
            "{request}: what is said of the policy is what is offered: {verdict}"
        );
        if fix.is_empty() {
            continue;
        }
        let mut config = lab.control("GET", &path("policy"), None).json()["config"].clone();
        for change in &fix {
            let setting = change["setting"].as_str().expect("a setting");
            if let Some(list) = config[setting].as_array_mut() {
                list.retain(|entry| *entry != change["remove"]);
                list.extend(change.get("add").cloned());
            } else {
                config[setting] = change["set"].clone();
            }
        }
        let put = lab.control("PUT", &path("policy"), Some(&config));
        assert_eq!(put.status, 200, "{request}: {fix:?} {put:?}");
        let after = predicted();
        // What is wrong beyond the policy, if anything, is said then.
        let rest = &after["fix"];
        assert!(
            after["allowed"] == true || rest["place"] != "policy",
            "{request}: one fix is not enough: {after}"
        );
        fixed += usize::from(after["allowed"] == true);
    }
    assert!(fixed > 40, "only {fixed} requests get a response");
}

/// A fix that takes a risk is said, and no click takes it.
#[test]
fn a_risky_fix_is_not_offered_with_one_click() {
    let lab = TestLab::start();
    let request = json!({ "path": "notes", "credentials": "include" });
    // Without credentials, an origin without TLS needs no opt-in.
    let session =
        lab.session(&json!({ "allow_origins": [lab.running.origins().page, "http://old.example"] }));
    let wanted = json!({ "request": request, "run": "a1", "engine": "standard" });
    let predicted = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted)).json();
    let fix = &predicted["verdict"]["fix"];
    let said = fix["change"].as_str().expect("it is said");
    assert!(said.contains("\"http://old.example\" needs an opt-in"), "{said}");
    assert_eq!(fix["patch"], json!([]));
}

/// A cache that heeds `Vary` keeps what the policy of before said, too; there is no `vary=forgotten` to remove.
#[test]
fn a_response_from_before_the_policy_changed_is_told_as_one() {
    let lab = TestLab::start();
    let request = json!({ "path": "notes", "cached": true });
    let read = serde_json::from_value(request).expect("a request of the Lab");
    let mut sender = Sender::new(&lab, &json!({}), EngineName::Standard);
    let (first, _) = sender.send(&read, "run1");
    assert_eq!(first["verdict"]["cause"], "origin-not-listed");
    let policy = json!({ "allow_origins": [lab.running.origins().page] });
    let put = lab.control("PUT", &format!("/s/{}/policy", sender.session()), Some(&policy));
    assert_eq!(put.status, 200, "{put:?}");
    let (second, allowed) = sender.send(&read, "run2");
    assert!(!allowed, "it is in the cache");
    let verdict = &second["verdict"];
    assert_eq!((&verdict["cause"], &verdict["certain"]), (&json!("cached-for-another"), &json!(true)));
    let said = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    assert!(said(&verdict["sentence"]).contains("before the server changed"), "{verdict}");
    let change = said(&verdict["fix"]["change"]);
    assert!(!change.contains("forgotten") && change.contains("start over"), "{change}");
}

/// Nothing that is predicted happens.
#[test]
fn a_prediction_has_no_effect() {
    let lab = TestLab::start();
    let session =
        lab.session(&json!({ "allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"] }));
    let state = || {
        let of = |what: &str| lab.control("GET", &format!("/s/{session}/{what}"), None).json();
        (of("notes"), of("exchanges")["exchanges"].clone(), of("policy"))
    };
    let before = state();
    for request in [requests(&lab), requests_of_a_user(&lab)].concat() {
        let wanted = json!({ "request": request, "run": "a1", "engine": "chromium", "commit": true });
        let response = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
        assert_eq!(response.status, 200, "{request}: {response:?}");
    }
    assert_eq!(state(), before);
    for (name, request) in [
        ("a path out of the API", json!({ "path": "../control" })),
        ("a path out of the session", json!({ "path": "../../control/config" })),
        ("a path outside of ASCII", json!({ "path": "nötes/😀" })),
        ("an encoded path", json!({ "path": "%2e%2e/x" })),
        ("a long path", json!({ "path": "x".repeat(201) })),
        ("a long query", json!({ "query": "x".repeat(1001) })),
        (
            "a body over the limit",
            json!({ "method": "POST", "body": { "type": "text/plain", "text": "x".repeat(20_000) } }),
        ),
        ("a query with a fragment", json!({ "query": "a#b" })),
        ("an unknown field", json!({ "pth": "notes" })),
        ("an unknown kind", json!({ "kind": "telepathy" })),
    ] {
        let wanted = json!({ "request": request });
        let response = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
        assert!(matches!(response.outcome(), 400 | 413 | 422), "{name}: {response:?}");
        let why = response.json()["refused"]["error"].as_str().map(str::len);
        assert!(why > Some(20), "{name}: it says why: {response:?}");
    }
}
