//! What people paste and type into the policy's fields: what is refused says why at its field, and what is offered instead is
//! accepted and lets nobody in whom the text did not name.

mod lab;

use lab::TestLab;
use serde_json::{Value, json};

/// Origins that no suggestion may let in, unless the text names them.
const STRANGERS: [&str; 7] = [
    "https://evil.example",
    "https://attacker.com",
    "https://example.com.evil.example",
    "http://localhost:6666",
    "https://access-control-allow-origin",
    "https://evil.netlify.app",
    "http://192.168.7.7",
];

/// A setting, what is in its field, and what is offered instead.
type Row<'a> = (&'a str, &'a str, &'a [&'a str]);

const ROWS: &[Row<'_>] = &[
    ("allow_origins", "https://*", &[]),
    ("allow_origins", "https://exa*mple.com", &[]),
    ("allow_origins", "http://localhost:2030*", &[]),
    ("allow_origins", "*.*", &[]),
    ("allow_origins", "Access-Control-Allow-Origin: *", &[]),
    ("allow_origins", "Access-Control-Allow-Origin: https://a.example", &["https://a.example"]),
    ("allow_origins", "access-control-allow-origin:https://a.example", &["https://a.example"]),
    ("allow_origins", "allow_origins = [\"http://localhost:20300\"]", &["http://localhost:20300"]),
    (
        "allow_origins",
        "allow_origins = [\"https://a.example\", \"https://b.example\"]",
        &["https://a.example", "https://b.example"],
    ),
    ("allow_origins", "Access-Control-Allow-Methods: PUT", &[]),
    ("allow_origins", "Access-Control-Allow-Methods: PUT, DELETE", &[]),
    ("allow_origins", "Access-Control-Allow-Credentials: true", &[]),
    ("allow_origins", "allow_methods = [\"PUT\"]", &[]),
    ("allow_origins", "\"http://localhost:3000\"", &["http://localhost:3000"]),
    ("allow_origins", "'https://a.example',", &["https://a.example"]),
    ("allow_origins", "https://a.example, https://b.example", &["https://a.example", "https://b.example"]),
    ("allow_origins", "https://a.example/", &["https://a.example"]),
    ("allow_origins", "HTTPS://A.example", &["https://a.example"]),
    ("allow_origins", "https://a.example:443", &["https://a.example"]),
    ("allow_origins", "null", &[]),
    ("allow_origins", "https://user:secret@a.example", &["https://a.example"]),
    ("allow_methods", "PUT,DELETE", &["PUT", "DELETE"]),
    ("allow_methods", "PUT, DELETE", &["PUT", "DELETE"]),
    ("allow_methods", "Access-Control-Allow-Methods: PUT, DELETE", &["PUT", "DELETE"]),
    ("allow_methods", "allow_methods = [\"PUT\"]", &["PUT"]),
    ("allow_methods", "allow_methods = [\"PUT\", \"DELETE\"]", &["PUT", "DELETE"]),
    ("allow_methods", "patch", &["PATCH"]),
    ("allow_headers", "Content-Type, X-Foo", &["content-type", "x-foo"]),
    ("allow_headers", "\"content-type\"", &["content-type"]),
    ("allow_headers", "Access-Control-Allow-Headers: X-A", &["x-a"]),
    ("allow_headers", "Access-Control-Allow-Origin", &[]),
    ("expose_headers", "etag; x-count", &["etag", "x-count"]),
    ("expose_headers", "set-cookie", &[]),
];

#[test]
fn what_is_offered_is_accepted_and_does_not_widen() {
    let lab = TestLab::start();
    let mut wrong = Vec::new();
    for credentials in [false, true] {
        let session = lab.session(&json!({}));
        let path = format!("/s/{session}/policy");
        for &(setting, text, offered) in ROWS {
            let base = if setting == "allow_origins" { json!([]) } else { json!(["https://a.example"]) };
            let policy = |entries: Value| {
                let mut policy = json!({ "allow_origins": base, "allow_credentials": credentials });
                policy[setting] = entries;
                policy
            };
            let put = lab.control("PUT", &path, Some(&policy(json!([text]))));
            let said = put.json();
            let problem = [&said["problems"][0], &said["refused"]["problems"][0]]
                .into_iter()
                .find(|problem| problem.is_object())
                .unwrap_or(&Value::Null);
            let case = format!("{setting} {text:?}, credentials {credentials}");
            if put.outcome() != 422 || problem["setting"] != setting {
                wrong.push(format!("{case}: it should be refused at its field: {said}"));
                continue;
            }
            let got = problem["suggestions"].as_array().cloned().unwrap_or_default();
            let lower = |of: &Value| of.as_str().unwrap_or_default().to_lowercase();
            if got.iter().map(lower).collect::<Vec<_>>()
                != offered.iter().map(|of| of.to_lowercase()).collect::<Vec<_>>()
            {
                wrong.push(format!("{case}: {got:?} is offered instead of {offered:?}"));
            }
            if got.is_empty() {
                continue;
            }
            let put = lab.control("PUT", &path, Some(&policy(json!(got))));
            if put.outcome() != 200 {
                wrong.push(format!("{case}: {got:?} is offered, and refused: {}", put.json()));
                continue;
            }
            let checked = json!({ "origins": STRANGERS });
            let allowed = lab.control("POST", &format!("/s/{session}/allows"), Some(&checked)).json();
            for (stranger, allowed) in STRANGERS.iter().zip(allowed["allowed"].as_array().expect("a list")) {
                if allowed == true {
                    wrong.push(format!("{case}: {got:?} lets in {stranger}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 2 * ROWS.len(), wrong.join("\n"));
}

/// What is in the field is sent as it is, so that the library says what is wrong with it.
#[test]
fn a_max_age_that_is_not_a_number_of_seconds_is_refused_at_its_field() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let path = format!("/s/{session}/policy");
    let before = lab.control("GET", &path, None).json();
    for (value, why) in [
        (json!(-1), "can't be negative"),
        (json!(-1.5), "whole number"),
        (json!(1.5), "whole number"),
        (json!(1e20), "whole number"),
        (json!(1e300), "whole number"),
        (json!("abc"), "whole number"),
        (json!("1h"), "Write 3600"),
        (json!("600s"), "Write 600"),
        (json!("0x10"), "whole number"),
        (json!(86_401), "86400"),
        (json!(true), "whole number"),
    ] {
        let policy = json!({ "allow_origins": ["https://a.example"], "max_age": value });
        let put = lab.control("PUT", &path, Some(&policy));
        assert_eq!(put.outcome(), 422, "{value}: {put:?}");
        let problem = &put.json()["refused"]["problems"][0];
        assert_eq!(problem["setting"], "max_age", "{value}: {problem}");
        let message = problem["message"].as_str().unwrap_or_default();
        assert!(message.contains(why) && !message.contains("line 1"), "{value}: {message}");
        assert_eq!(lab.control("GET", &path, None).json(), before, "{value}: nothing changed");
    }
    // Everything that is wrong is said at once.
    let policy = json!({ "allow_origins": ["https://a.example/"], "max_age": -1 });
    let said = lab.control("PUT", &path, Some(&policy)).json();
    assert_eq!(said["refused"]["problems"].as_array().map(Vec::len), Some(2), "{said}");
    for value in [json!(0), json!(86_400), json!(null)] {
        let put = lab.control("PUT", &path, Some(&json!({ "max_age": value })));
        assert_eq!(put.outcome(), 200, "{value}: {put:?}");
    }
}
