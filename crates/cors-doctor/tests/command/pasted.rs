//! What is pasted on standard input.

use crate::{run, run_with, server::permissive};

const PAGE: &str = "http://app.example";

#[test]
fn a_pasted_request_is_checked() {
    let server = permissive(PAGE);
    let url = server.url("/items");
    for text in [
        format!("curl '{url}' -H 'Origin: {PAGE}' -H 'User-Agent: Mozilla/5.0'"),
        format!("fetch(\"{url}\", {{ \"referrer\": \"{PAGE}/\", \"method\": \"GET\" }});"),
    ] {
        for arguments in [&[][..], &["check"]] {
            let result = run_with(arguments, &text);
            assert_eq!(result.status, 0, "{text}\n{}{}", result.out, result.err);
        }
    }
    assert_eq!(run(&["check", "--curl", &format!("curl {url}"), "--origin", PAGE]).status, 0);
    assert_eq!(run(&["check", "--fetch", &format!("fetch('{url}')"), "--origin", PAGE]).status, 0);
    assert_eq!(server.came().len(), 6);
}

#[test]
fn a_message_is_explained() {
    let text = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
                https://api.example/v1/items. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 404.";
    for arguments in [&[][..], &["explain"]] {
        let result = run_with(arguments, text);
        assert_eq!(result.status, 0, "{}", result.err);
        assert!(
            result.out.starts_with("  Firefox: The response has no Access-Control-Allow-Origin header."),
            "{}",
            result.out
        );
        assert!(result.out.contains("Its status was 404"), "{}", result.out);
        assert!(
            result.out.contains("cors-doctor check https://api.example/v1/items --origin ORIGIN"),
            "{}",
            result.out
        );
    }
    let json = run(&["explain", "--json", text]).json();
    assert_eq!(json["messages"][0]["kinds"][0]["id"], "allow-origin-missing");
    assert_eq!(json["messages"][0]["status"], 404);
}

#[test]
fn a_printed_response_is_explained() {
    let result = run_with(
        &[],
        "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://a.example, https://b.example\r\n\r\n{}",
    );
    assert_eq!(result.status, 0);
    assert!(result.out.contains("wrong: Access-Control-Allow-Origin has several values"), "{}", result.out);
}

#[test]
fn nothing_sensible_is_a_usage_error() {
    for text in ["", "hello", "\0\u{1}"] {
        let result = run_with(&[], text);
        assert_eq!((result.status, result.out.as_str()), (2, ""), "{text}");
        assert!(result.err.starts_with("error: "), "{}", result.err);
    }
}

#[test]
fn a_recording_is_judged_without_a_network() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/chrome.har");
    let result = run(&["check", "--har", file, "--json"]);
    let json = result.json();
    let told: Vec<String> = json
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {}",
                text(&one["verdict"]),
                text(&one["request"]["method"]),
                text(&one["request"]["url"])
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "allowed GET https://api.example/items",
            "blocked PUT https://api.example/items/1",
            "blocked DELETE https://api.example/items/2"
        ]
    );
    assert_eq!(result.status, 1);
}

#[test]
fn secrets_in_a_paste_are_masked() {
    let message = "Access to fetch at 'https://api.example/?token=abc123def' from origin 'https://app.example' has been blocked by \
                   CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.";
    for input in [
        message,
        "Authorization: Bearer abc123def.456",
        "curl 'https://api.example/?token=abc123def' --nonsense",
    ] {
        for more in [&[][..], &["explain", "--json"]] {
            let result = run_with(more, input);
            assert!(
                !result.out.contains("abc123def") && !result.err.contains("abc123def"),
                "{}{}",
                result.out,
                result.err
            );
        }
    }
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let result = run(&["completions", shell]);
        assert_eq!(result.status, 0);
        assert!(result.out.contains("try-get"), "{shell}");
    }
}
