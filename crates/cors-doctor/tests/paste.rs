//! What people paste, as it came from browsers and terminals, and what is read from it.

use cors_doctor::paste::{Paste, PastedRequest, har, recognize};
use fetch_cors::browser::{Credentials, Mode};
use proptest::prelude::*;

fn request(text: &str) -> PastedRequest {
    match recognize(text.as_bytes()) {
        Ok(Paste::Request(request)) => *request,
        other => panic!("{text}\n{other:?}"),
    }
}

/// Method, URL, headers, body, page, credentials.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
    Option<&'static str>,
    Credentials,
);

const SAMPLES: &[(&str, Row)] = &[
    (
        "chrome-bash",
        (
            "POST",
            "https://api.example/items?a=1&b=2",
            include_str!("samples/chrome-bash.txt"),
            &["content-type: application/json", "x-trace: it's"],
            Some("{\"name\":\"O'Neil\",\"n\":1}"),
            Some("https://app.example"),
            Credentials::Include,
        ),
    ),
    (
        "chrome-cmd",
        (
            "POST",
            "https://api.example/items?a=1&b=2",
            include_str!("samples/chrome-cmd.txt"),
            &["content-type: application/json"],
            Some("{\"name\":\"50%\",\"n\":1}"),
            Some("https://app.example"),
            Credentials::SameOrigin,
        ),
    ),
    (
        "firefox-bash",
        (
            "PUT",
            "https://api.example/items/1",
            include_str!("samples/firefox-bash.txt"),
            &["Content-Type: application/json", "Authorization: Bearer abc"],
            Some("{}"),
            Some("http://localhost:5173"),
            Credentials::SameOrigin,
        ),
    ),
    (
        "safari-bash",
        (
            "DELETE",
            "https://api.example/items/1",
            include_str!("samples/safari-bash.txt"),
            &[],
            None,
            Some("https://app.example"),
            Credentials::SameOrigin,
        ),
    ),
    (
        "chrome-fetch",
        (
            "POST",
            "https://api.example/items",
            include_str!("samples/chrome-fetch.txt"),
            &["content-type: application/json"],
            Some("{\"a\":\"ü\"}"),
            Some("https://app.example"),
            Credentials::Include,
        ),
    ),
    (
        "firefox-fetch",
        (
            "GET",
            "https://api.example/items",
            include_str!("samples/firefox-fetch.txt"),
            &["X-Requested-With: XMLHttpRequest"],
            None,
            Some("https://app.example"),
            Credentials::Omit,
        ),
    ),
    (
        "node-fetch",
        (
            "GET",
            "https://api.example/items",
            include_str!("samples/node-fetch.txt"),
            &["authorization: Bearer abc"],
            None,
            Some("https://app.example"),
            Credentials::Include,
        ),
    ),
    (
        "written-fetch",
        (
            "PATCH",
            "https://api.example/items/7",
            include_str!("samples/written-fetch.txt"),
            &["Content-Type: application/json", "Authorization: `Bearer ${token}`"],
            Some("{\"done\":true,\"tags\":[\"a\",2]}"),
            None,
            Credentials::Include,
        ),
    ),
    (
        "preflight",
        (
            "PUT",
            "https://api.example/items/1",
            include_str!("samples/preflight.txt"),
            &["content-type: application/json", "x-a: 1"],
            None,
            Some("https://app.example"),
            Credentials::SameOrigin,
        ),
    ),
];

#[test]
fn copied_requests_are_read() {
    for (name, (method, url, text, headers, body, page, credentials)) in SAMPLES {
        let request = request(text);
        assert_eq!(request.method, *method, "{name}");
        assert_eq!(request.url, *url, "{name}");
        let lines: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(lines, *headers, "{name}");
        let text = request.body.map(|body| String::from_utf8(body.bytes).expect("UTF-8"));
        assert_eq!(text.as_deref(), *body, "{name}");
        assert_eq!(request.page.map(|page| page.to_string()).as_deref(), *page, "{name}");
        assert_eq!(request.credentials, *credentials, "{name}");
    }
}

#[test]
fn typed_commands_are_read() {
    // Command, method, URL, headers, body.
    let rows: &[(&str, &str, &str, &str, &str)] = &[
        ("curl api.example", "GET", "http://api.example", "", ""),
        ("curl -XPUT https://a.example/ -H'X-A: 1'", "PUT", "https://a.example/", "X-A: 1", ""),
        ("curl -sSLkI https://a.example/", "HEAD", "https://a.example/", "", ""),
        ("curl https://a.example/ -d a=1 -d b=2", "POST", "https://a.example/", "", "a=1&b=2"),
        (
            "curl https://a.example/ --json '{\"a\":1}'",
            "POST",
            "https://a.example/",
            "Content-Type: application/json|Accept: application/json",
            "{\"a\":1}",
        ),
        (
            "curl -G https://a.example/?x=1 --data-urlencode 'q=a b&c'",
            "GET",
            "https://a.example/?x=1&q=a%20b%26c",
            "",
            "",
        ),
        (
            "curl -u user:pass https://a.example/",
            "GET",
            "https://a.example/",
            "Authorization: Basic dXNlcjpwYXNz",
            "",
        ),
        ("curl --request DELETE --url https://a.example/1", "DELETE", "https://a.example/1", "", ""),
        ("curl --request=DELETE https://a.example/1", "DELETE", "https://a.example/1", "", ""),
        ("curl -T file https://a.example/1", "PUT", "https://a.example/1", "", ""),
        (
            "curl https://a.example/ -H 'X-Empty;' -H 'X-Gone:' -H 'nonsense'",
            "GET",
            "https://a.example/",
            "X-Empty: ",
            "",
        ),
        ("curl -d @file https://a.example/", "POST", "https://a.example/", "", ""),
        ("curl --data-raw @file https://a.example/", "POST", "https://a.example/", "", "@file"),
        (
            "curl -o out -w '%{http_code}' -m 5 https://a.example/ -x proxy:1",
            "GET",
            "https://a.example/",
            "",
            "",
        ),
        ("curl -- https://a.example/", "GET", "https://a.example/", "", ""),
        ("$ curl https://a.example/ | jq .", "GET", "https://a.example/", "", ""),
        ("/usr/bin/curl https://a.example/", "GET", "https://a.example/", "", ""),
        (
            "curl.exe -X POST `\n  https://a.example/ `\n  -H \"X-A: 1\"",
            "POST",
            "https://a.example/",
            "X-A: 1",
            "",
        ),
        (
            "curl https://a.example/ -A Mozilla/5.0 --compressed --http2 --no-keepalive",
            "GET",
            "https://a.example/",
            "",
            "",
        ),
        ("curl https://a.example/1 --next https://b.example/2 -X PUT", "GET", "https://a.example/1", "", ""),
        ("curl 'http://[::1]:8080/a b'", "GET", "http://[::1]:8080/a b", "", ""),
    ];
    for (text, method, url, headers, body) in rows {
        let request = request(text);
        let lines: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let sent = request.body.map(|body| String::from_utf8(body.bytes).expect("UTF-8")).unwrap_or_default();
        assert_eq!(
            (request.method.as_str(), request.url.as_str(), lines.join("|").as_str(), sent.as_str()),
            (*method, *url, *headers, *body),
            "{text}"
        );
    }
}

#[test]
fn a_mode_and_a_form_are_read() {
    let no_cors =
        request("curl https://a.example/ -H 'Sec-Fetch-Mode: no-cors' -H 'Referer: https://app.example/x'");
    assert_eq!(
        (no_cors.mode, no_cors.page.map(|page| page.to_string()).as_deref()),
        (Mode::NoCors, Some("https://app.example"))
    );
    let form = request("curl https://a.example/ -F name=value -F file=@x.png -b session=1 -k");
    let body = form.body.expect("a body");
    assert!(
        body.content_type
            .is_some_and(|content_type| content_type.starts_with("multipart/form-data; boundary="))
    );
    assert!(form.insecure);
    assert_eq!(form.cookies.as_deref(), Some("session=1"));
    assert_eq!(form.notes.len(), 1);
}

#[test]
fn what_cannot_be_read_is_said() {
    for (text, expected) in [
        ("", "nothing was pasted"),
        ("hello", "\"hello\" is nothing that is read here"),
        ("curl", "has no URL"),
        ("curl 'https://a.example/", "without a closing one"),
        ("curl --frobnicate https://a.example/", "--frobnicate is not an option of curl"),
        ("curl https://a.example/ -H", "needs an argument"),
        ("fetch(API + '/items')", "is the expression API + '/items'"),
        ("fetch(`${API}/items`)", "Write the URL itself"),
        ("fetch()", "has no URL"),
        ("fetch('https://a.example/', { method: 'PUT'", "a } or a comma is missing"),
        ("fetch('https://a.example/", "no closing quotation mark"),
        ("{\"log\": 1}", "not a HAR file"),
        ("{\"log\":{\"entries\":[]}}", "no request from a page to another origin"),
    ] {
        let error = recognize(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_har_file_is_read() {
    let recordings = har::parse(include_str!("samples/chrome.har")).expect("a HAR file");
    let told: Vec<String> = recordings
        .iter()
        .map(|one| {
            let page = one.request.page.as_ref().map(ToString::to_string).unwrap_or_default();
            let wire =
                one.exchanges.iter().map(|sent| format!("{} {}", sent.method, sent.status.unwrap_or(0)));
            format!(
                "{page} {} {}: {}",
                one.request.method,
                one.request.url,
                wire.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "https://app.example GET https://api.example/items: GET 302, GET 200",
            "https://app.example PUT https://api.example/items/1: OPTIONS 204, PUT 0",
            "https://app.example DELETE https://api.example/items/2: OPTIONS 401",
        ]
    );
    assert_eq!(recordings[1].request.headers, [("content-type".to_owned(), "application/json".to_owned())]);
}

proptest! {
    #[test]
    fn any_bytes_give_a_result_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = recognize(&bytes);
    }

    #[test]
    fn what_looks_like_a_paste_gives_one_too(
        start in prop_oneof![
            Just("curl "), Just("fetch("), Just("fetch('https://a/',{"), Just("HTTP/1.1 200 OK\n"), Just("{\"log\":{"), Just("curl ^\""),
            Just("curl $'"), Just("(Reason: CORS header "), Just("Access to fetch at '")
        ],
        rest in "[ \\t\\n\\r'\"`$^\\\\{}()\\[\\]:;,.+=@&|<>/*a-zA-Z0-9é😀-]{0,200}",
    ) {
        let _ = recognize(format!("{start}{rest}").as_bytes());
    }

    #[test]
    fn a_changed_sample_gives_one_too(
        sample in 0..SAMPLES.len() + 1,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let text = SAMPLES.get(sample).map_or(include_str!("samples/chrome.har"), |sample| sample.1.2);
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte, what) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match what {
                0 => bytes[place] = byte,
                1 => { bytes.remove(place); }
                _ => bytes.truncate(place),
            }
        }
        let _ = recognize(&bytes);
    }
}
