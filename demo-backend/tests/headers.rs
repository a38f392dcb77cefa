//! Request headers that a script sets and no browser sends as they are: what is predicted of them is true, and is said.

mod lab;

use lab::TestLab;
use serde_json::{Value, json};

fn predict(lab: &TestLab, session: &str, request: &Value, engine: &str) -> Value {
    let wanted = json!({ "request": request, "run": "a1", "engine": engine });
    let response = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
    assert_eq!(response.outcome(), 200, "{request}: {response:?}");
    response.json()
}

/// A lab whose session allows what the requests below need.
fn open_session(lab: &TestLab) -> String {
    let page = &lab.running.origins().page;
    lab.session(&json!({ "allow_origins": [page], "allow_headers": ["*"], "allow_methods": ["*"] }))
}

#[test]
fn what_the_browser_leaves_out_is_said_with_its_reason() {
    let lab = TestLab::start();
    let session = open_session(&lab);
    let rows = [
        (json!({ "headers": [["Origin", "https://a.example"]] }), vec![("Origin", "forbidden")]),
        (json!({ "headers": [["cookie", "a=b"], ["x-a", "1"]] }), vec![("cookie", "forbidden")]),
        (json!({ "headers": [["Cookie", "a=b"], ["cookie", "c=d"]] }), vec![("Cookie", "forbidden")]),
        (json!({ "headers": [["Host", "a.example"]] }), vec![("Host", "forbidden")]),
        (json!({ "headers": [["Referer", "https://a.example/"]] }), vec![("Referer", "forbidden")]),
        (json!({ "headers": [["Sec-Fetch-Site", "same-origin"]] }), vec![("Sec-Fetch-Site", "forbidden")]),
        (json!({ "headers": [["Proxy-Authorization", "x"]] }), vec![("Proxy-Authorization", "forbidden")]),
        (
            json!({ "headers": [["Access-Control-Request-Method", "GET"]] }),
            vec![("Access-Control-Request-Method", "forbidden")],
        ),
        (
            json!({ "headers": [["X-HTTP-Method-Override", "TRACE"]] }),
            vec![("X-HTTP-Method-Override", "forbidden")],
        ),
        (json!({ "headers": [["X-HTTP-Method-Override", "PUT"]] }), vec![]),
        (
            json!({ "kind": "xhr", "headers": [["Date", "today"], ["TE", "x"]] }),
            vec![("Date", "forbidden"), ("TE", "forbidden")],
        ),
        (json!({ "mode": "no-cors", "headers": [["x-a", "1"]] }), vec![("x-a", "no-cors")]),
        (
            json!({ "mode": "no-cors", "headers": [["Cookie", "a=b"], ["x-a", "1"]] }),
            vec![("Cookie", "forbidden"), ("x-a", "no-cors")],
        ),
        (
            json!({ "mode": "no-cors", "method": "POST", "body": { "type": "application/json", "text": "{}" } }),
            vec![("content-type", "no-cors")],
        ),
        (
            json!({ "mode": "no-cors", "method": "POST", "body": { "type": "text/plain", "text": "" } }),
            vec![],
        ),
        (json!({ "mode": "no-cors", "headers": [["accept", "text/plain"]] }), vec![]),
        (json!({ "headers": [["authorization", "x"], ["x-a", "1"]] }), vec![]),
        // A kind that has no headers of its own drops none.
        (json!({ "kind": "image", "headers": [["cookie", "a=b"]] }), vec![]),
        // The call throws, so nothing is left out in silence.
        (json!({ "headers": [["cookie", "a=b"], ["x y", "1"]] }), vec![]),
    ];
    for (request, expected) in rows {
        let predicted = predict(&lab, &session, &request, "chromium");
        let dropped = predicted["dropped"].as_array().cloned().expect("a list");
        let pairs: Vec<_> = dropped.iter().map(|one| (one["name"].clone(), one["why"].clone())).collect();
        let expected: Vec<_> = expected.iter().map(|(name, why)| (json!(name), json!(why))).collect();
        assert_eq!(pairs, expected, "{request}");
        for one in dropped {
            let (name, sentence) =
                (one["name"].as_str().unwrap_or_default(), one["sentence"].as_str().unwrap_or_default());
            assert!(sentence.contains(&format!("`{name}`")) && sentence.ends_with('.'), "{sentence}");
            // What is said to be left out is not among what goes over the wire as the script wrote it.
            let sent = predicted["messages"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|m| m["request_headers"].as_array());
            let value =
                request["headers"].as_array().into_iter().flatten().find(|pair| pair[0] == one["name"]);
            if let Some(pair) = value {
                assert!(
                    !sent.flatten().any(
                        |header| header[0].as_str() == Some(&name.to_lowercase()) && header[1] == pair[1]
                    ),
                    "{request}: {predicted}"
                );
            }
        }
    }
}

#[test]
fn a_value_that_no_header_can_carry_is_predicted_to_throw() {
    let lab = TestLab::start();
    let session = open_session(&lab);
    for (name, value, passes) in [
        ("an emoji", "😀", false),
        ("an emoji between letters", "a 😀 b", false),
        ("Cyrillic", "привет", false),
        ("the euro sign", "5 €", false),
        ("a curly quotation mark", "it’s", false),
        ("the first letter beyond Latin-1", "Ā", false),
        ("the last letter of Latin-1", "ÿ", true),
        ("an umlaut", "Grüße", true),
        ("ASCII", "hello", true),
        ("an empty value", "", true),
    ] {
        for kind in ["fetch", "xhr"] {
            for engine in ["standard", "chromium", "firefox", "webkit"] {
                let request = json!({ "kind": kind, "headers": [["x-a", value]] });
                let verdict = predict(&lab, &session, &request, engine)["verdict"].clone();
                assert_eq!(verdict["allowed"], passes, "{name}, {kind}, {engine}: {verdict}");
                if !passes {
                    assert_eq!(verdict["step"], "request", "{name}: {verdict}");
                    let sentence = verdict["sentence"].as_str().unwrap_or_default();
                    assert!(
                        sentence.contains("`x-a`") && sentence.contains("TypeError"),
                        "{name}: {sentence}"
                    );
                }
            }
        }
    }
    // It throws even for a header that would be left out, and not for a kind without headers.
    let request = json!({ "headers": [["cookie", "😀"]] });
    assert_eq!(predict(&lab, &session, &request, "chromium")["verdict"]["step"], "request");
    let request = json!({ "kind": "image", "path": "image.png", "headers": [["x-a", "😀"]] });
    assert_eq!(predict(&lab, &session, &request, "chromium")["verdict"]["allowed"], true);
}

/// Servers see Latin-1 as one byte each, and so does the prediction.
#[test]
fn a_latin_1_value_is_sent_as_single_bytes() {
    let lab = TestLab::start();
    let session = open_session(&lab);
    let request = json!({ "headers": [["accept-language", "ü"]] });
    let predicted = predict(&lab, &session, &request, "standard");
    assert_eq!(
        predicted["messages"].as_array().map(Vec::len),
        Some(2),
        "0xFC is not safelisted: {predicted}"
    );
}

/// The page and the terminal give the same advice, and no policy has such an entry.
#[test]
fn a_response_header_on_the_request_is_to_be_taken_away() {
    let lab = TestLab::start();
    let page = lab.running.origins().page.clone();
    for (headers, rest) in [
        (json!([["Access-Control-Allow-Origin", "*"]]), None),
        (json!([["access-control-allow-methods", "PUT"]]), None),
        (json!([["Access-Control-Allow-Headers", "x"], ["Access-Control-Allow-Credentials", "true"]]), None),
        (json!([["Access-Control-Allow-Origin", "*"], ["x-a", "1"]]), Some("x-a")),
    ] {
        let session = lab.session(&json!({ "allow_origins": [page] }));
        let predicted = predict(&lab, &session, &json!({ "headers": headers }), "chromium");
        let verdict = &predicted["verdict"];
        let said = verdict.to_string().to_lowercase();
        assert!(
            said.contains("remove it") || said.contains("remove access-control-"),
            "{headers}: {verdict}"
        );
        for step in verdict["fix"]["patch"].as_array().expect("steps") {
            assert!(
                step["add"].as_str().is_none_or(|add| Some(add) == rest),
                "{headers}: no policy allows that: {verdict}"
            );
        }
    }
}
