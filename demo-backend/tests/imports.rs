//! An error that the reader brought: what the paste says is taken over, the true cause is among those that it leaves, and the
//! same failure happens in the Lab, in the model and over a socket.

mod lab;

use std::collections::BTreeSet;

use demo_backend::{
    api::hand,
    page::{engine::EngineName, import, lab_request::LabRequest},
};
use fetch_cors::{browser::Engine, diagnosis::Cause};
use lab::{TestLab, WireResponse, sender::Sender};
use serde_json::{Value, json};

/// A paste whose failure the Lab shows.
struct Row {
    text: &'static str,
    /// Who blocks it in the same way.
    engine: EngineName,
    /// The true cause.
    cause: &'static str,
    /// Whether the text rules out all others.
    certain: bool,
    /// Why it is blocked here.
    reason: &'static str,
}

const CHROME: EngineName = EngineName::Chromium;
const FIREFOX: EngineName = EngineName::Firefox;
const SAFARI: EngineName = EngineName::WebKit;

const MESSAGES: &[Row] = &[
    Row {
        text: "app.js:12 Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\napp.js:12  GET https://api.example/items net::ERR_FAILED 502 (Bad Gateway)",
        engine: CHROME,
        cause: "hidden-error",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header has a value 'https://app.example/' that is not equal to the supplied origin. Have the server send the header with a valid value.",
        engine: CHROME,
        cause: "not-an-origin",
        certain: true,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "Access to XMLHttpRequest at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header has a value 'http://localhost:3000' that is not equal to the supplied origin. Have the server send the header with a valid value.",
        engine: CHROME,
        cause: "origin-not-listed",
        certain: false,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header contains multiple values 'https://app.example, *', but only one is allowed. Have the server send the header with a valid value.",
        engine: CHROME,
        cause: "two-writers",
        certain: false,
        reason: "allow-origin-multiple",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header contains the invalid value 'app.example'. Have the server send the header with a valid value.",
        engine: CHROME,
        cause: "not-an-origin",
        certain: true,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "Access to XMLHttpRequest at 'https://api.example/items/1' from origin 'https://app.example' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
        engine: CHROME,
        cause: "options-not-routed",
        certain: false,
        reason: "preflight-status",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: Request header field authorization is not allowed by Access-Control-Allow-Headers in preflight response.",
        engine: CHROME,
        cause: "headers-not-listed",
        certain: false,
        reason: "header-not-allowed",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: Request header field access-control-allow-origin is not allowed by Access-Control-Allow-Headers in preflight response.",
        engine: CHROME,
        cause: "response-header-on-request",
        certain: true,
        reason: "header-not-allowed",
    },
    Row {
        text: "Access to fetch at 'https://api.example/me' from origin 'https://app.example' has been blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
        engine: CHROME,
        cause: "wildcard-with-credentials",
        certain: false,
        reason: "allow-origin-wildcard",
    },
    Row {
        text: "Access to fetch at 'http://api.example/items' from origin 'http://app.example' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request.",
        engine: CHROME,
        cause: "redirected",
        certain: false,
        reason: "preflight-status",
    },
    Row {
        text: "Access to fetch at 'https://login.example/login?next=%2Fitems' (redirected from 'https://api.example/items') from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        engine: CHROME,
        cause: "login-redirect",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "Access to font at 'https://cdn.example/a.woff2' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        engine: CHROME,
        cause: "no-cors",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "Access to fetch at 'https://api.example/items' from origin 'null' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header has a value 'https://app.example' that is not equal to the supplied origin. Have the server send the header with a valid value.",
        engine: CHROME,
        cause: "opaque-origin",
        certain: false,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "GET https://api.example/items net::ERR_EMPTY_RESPONSE",
        engine: CHROME,
        cause: "connection-closed",
        certain: false,
        reason: "no-response",
    },
    Row {
        text: "GET https://api.example/items net::ERR_TOO_MANY_REDIRECTS",
        engine: CHROME,
        cause: "redirected",
        certain: true,
        reason: "too-many-redirects",
    },
    Row {
        text: "Fetch API cannot load https://api.example/items. Request mode is \"same-origin\" but the URL's origin is not same as the request origin https://app.example.",
        engine: CHROME,
        cause: "request-refused",
        certain: true,
        reason: "other-origin",
    },
    Row {
        text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/items. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 401.",
        engine: FIREFOX,
        cause: "authentication-in-front",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/items. (Reason: CORS preflight response did not succeed). Status code: 405.",
        engine: FIREFOX,
        cause: "options-not-routed",
        certain: false,
        reason: "preflight-status",
    },
    Row {
        text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/items/1. (Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
        engine: FIREFOX,
        cause: "method-not-listed",
        certain: false,
        reason: "method-not-allowed",
    },
    Row {
        text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/me. (Reason: expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).",
        engine: FIREFOX,
        cause: "credentials-not-allowed",
        certain: false,
        reason: "allow-credentials-not-true",
    },
    Row {
        text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/items. (Reason: Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed).",
        engine: FIREFOX,
        cause: "two-writers",
        certain: false,
        reason: "allow-origin-multiple",
    },
    Row {
        text: "[Error] Origin https://app.example is not allowed by Access-Control-Allow-Origin. Status code: 200\n[Error] Fetch API cannot load https://api.example/items due to access control checks.\n[Error] Failed to load resource: Origin https://app.example is not allowed by Access-Control-Allow-Origin. Status code: 200 (items, line 0)",
        engine: SAFARI,
        cause: "no-cors",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "[Error] Preflight response is not successful. Status code: 403\n[Error] Fetch API cannot load https://api.example/items due to access control checks.",
        engine: SAFARI,
        cause: "authentication-in-front",
        certain: false,
        // Safari looks at the status first, and writes about that.
        reason: "allow-origin-missing",
    },
    Row {
        text: "[Error] Header Access-Control-Allow-Headers has an invalid value: content-type; x-request-id",
        engine: SAFARI,
        cause: "not-a-list",
        certain: true,
        reason: "allow-headers-invalid",
    },
    Row {
        text: "[Error] Request header field X-Token is not allowed by Access-Control-Allow-Headers.",
        engine: SAFARI,
        cause: "headers-not-listed",
        certain: false,
        reason: "header-not-allowed",
    },
    Row {
        text: "[Error] Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
        engine: SAFARI,
        cause: "wildcard-with-credentials",
        certain: false,
        reason: "allow-origin-wildcard",
    },
];

const RESPONSES: &[Row] = &[
    Row {
        text: "HTTP/1.1 200 OK\r\nServer: nginx/1.24.0\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Origin: *\r\n\r\n{\"items\":[]}",
        engine: CHROME,
        cause: "two-writers",
        certain: true,
        reason: "allow-origin-multiple",
    },
    Row {
        text: "$ curl -i -X OPTIONS https://api.example/items/1 -H 'Origin: https://app.example' -H 'Access-Control-Request-Method: PUT'\nHTTP/2 401 \nwww-authenticate: Bearer\ncontent-length: 0\n",
        engine: FIREFOX,
        cause: "authentication-in-front",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "$ curl -i https://api.example/items -H 'Origin: https://app.example'\nHTTP/1.1 200 OK\nX-Powered-By: Express\nAccess-Control-Allow-Origin: https://app.example/\nVary: Origin\nSet-Cookie: session=abcdef0123456789; HttpOnly\nStrict-Transport-Security: max-age=63072000\nContent-Type: application/json; charset=utf-8\n\n[]",
        engine: CHROME,
        cause: "not-an-origin",
        certain: true,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "HTTP/1.1 500 Internal Server Error\nContent-Type: text/html\nConnection: close\n\n<h1>Server Error (500)</h1>",
        engine: CHROME,
        cause: "hidden-error",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "$ curl -i -X OPTIONS http://api.example/items -H 'Origin: http://app.example' -H 'Access-Control-Request-Method: DELETE'\nHTTP/1.1 301 Moved Permanently\nLocation: http://api.example/items/\nContent-Length: 0\n",
        engine: SAFARI,
        cause: "redirected",
        certain: true,
        reason: "allow-origin-missing",
    },
    Row {
        text: "curl -v -X OPTIONS https://api.example/items/1 -H 'Origin: https://app.example' -H 'Access-Control-Request-Method: PUT'\n* Connected to api.example (192.0.2.1) port 443\n> OPTIONS /items/1 HTTP/2\n> Host: api.example\n>\n< HTTP/2 204 \n< access-control-allow-origin: https://app.example\n< access-control-allow-methods: GET, POST\n< vary: origin\n<\n",
        engine: CHROME,
        cause: "method-not-listed",
        certain: true,
        reason: "method-not-allowed",
    },
    Row {
        text: "HTTP/1.1 200 OK\naccess-control-allow-origin: *\naccess-control-allow-credentials: true\ncontent-type: application/json\n\n{}",
        engine: CHROME,
        cause: "wildcard-with-credentials",
        certain: false,
        reason: "allow-origin-wildcard",
    },
    Row {
        text: "* Connected to api.example (192.0.2.1) port 80\n> OPTIONS /items HTTP/1.1\n> Host: api.example\n> Origin: http://localhost:5173\n> Access-Control-Request-Method: POST\n> Access-Control-Request-Headers: content-type\n>\n< HTTP/1.1 404 Not Found\n< Content-Type: text/html\n<\n<pre>Cannot OPTIONS /items</pre>",
        engine: FIREFOX,
        cause: "options-not-routed",
        certain: false,
        reason: "allow-origin-missing",
    },
    Row {
        text: "$ curl -i https://api.example/me -H 'Origin: https://staging.example'\nHTTP/2 200\naccess-control-allow-origin: https://www.example\nvary: Origin\nalt-svc: h3=\":443\"\ncache-control: private\n\n{}",
        engine: CHROME,
        cause: "origin-not-listed",
        certain: true,
        reason: "allow-origin-mismatch",
    },
    Row {
        text: "$ curl -iL https://api.example/me -H 'Origin: https://app.example'\nHTTP/2 302\nlocation: https://sso.example/login?next=/me\n\nHTTP/2 200\ncontent-type: text/html\n\n<form>",
        engine: CHROME,
        cause: "login-redirect",
        certain: false,
        reason: "allow-origin-missing",
    },
];

fn import_text(lab: &TestLab, session: &str, text: &str) -> WireResponse {
    lab.control("POST", &format!("/s/{session}/import"), Some(&json!({ "text": text })))
}

fn names(import: &Value) -> BTreeSet<&str> {
    let causes = import["causes"].as_array().into_iter().flatten();
    causes
        .flat_map(|cause| cause["names"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect()
}

/// Whether the failure is the pasted one.
fn judge(lab: &TestLab, row: &Row) -> Result<(), String> {
    let Row { text, engine, cause, certain, reason } = row;
    let mut sender = Sender::new(lab, &json!({}), *engine);
    let response = import_text(lab, sender.session(), text);
    if response.outcome() != 200 {
        return Err(format!("not imported: {}", String::from_utf8_lossy(&response.body)));
    }
    let import = response.json();
    let named = names(&import);
    if !named.contains(cause) {
        return Err(format!("{cause} is not among {named:?}"));
    }
    if import["certain"] != *certain {
        return Err(format!("certain: {} of {named:?}", import["certain"]));
    }
    if *certain && named.len() != 1 {
        return Err(format!("certain, but of {named:?}"));
    }
    if import["not_here"] != json!(null) {
        return Err(format!("not here: {}", import["not_here"]));
    }
    let request: LabRequest =
        serde_json::from_value(import["request"].clone()).map_err(|error| error.to_string())?;
    lab.put_hand(sender.session(), &import["hand"]);
    let (predicted, is_allowed) = sender.send(&request, "a1");
    let verdict = &predicted["verdict"];
    if is_allowed || verdict["allowed"] != json!(false) {
        return Err(format!("allowed, with {request:?} and {}", import["hand"]));
    }
    if verdict["reason"] != *reason {
        return Err(format!("blocked by {}, with {}", verdict["reason"], import["hand"]));
    }
    let diagnosis = sender.diagnose();
    let diagnosed: Vec<_> =
        std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name).collect();
    if !diagnosed.contains(cause) {
        let evidence: Vec<_> = diagnosis.evidence.iter().map(ToString::to_string).collect();
        return Err(format!(
            "the Lab's diagnosis is {diagnosed:?} by {evidence:#?}, with {}",
            import["hand"]
        ));
    }
    Ok(())
}

fn judge_all(rows: &[Row]) {
    let lab = TestLab::start();
    let failed: Vec<_> = rows
        .iter()
        .filter_map(|row| judge(&lab, row).err().map(|why| format!("{}\n    {why}", row.text)))
        .collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

#[test]
fn the_failure_of_a_message_happens_here() {
    judge_all(MESSAGES);
}

#[test]
fn the_failure_of_a_response_happens_here() {
    judge_all(RESPONSES);
}

/// What this engine writes about what was imported is what was pasted, with this page's origin and its URL.
#[test]
fn the_engine_writes_the_same_message() {
    let lab = TestLab::start();
    let mut different = Vec::new();
    for row in MESSAGES {
        let engine = row.engine.engine().expect("an engine");
        let sender = Sender::new(&lab, &json!({}), row.engine);
        let import = import_text(&lab, sender.session(), row.text).json();
        lab.put_hand(sender.session(), &import["hand"]);
        let wanted = json!({ "request": import["request"], "engine": row.engine });
        let predicted =
            lab.control("POST", &format!("/s/{}/predict", sender.session()), Some(&wanted)).json();
        let written = &predicted["verdict"]["console"][engine_name(engine)];
        let kinds = |text: &str| {
            let found = cors_doctor::explain::recognize(text);
            found.first().map(|one| (one.kind().id, one.facts.initiator.clone(), one.facts.is_preflight))
        };
        // Firefox says so only if the name is written in its usual case, and the Lab writes names in lower case.
        let is_by_case = row.engine == FIREFOX && row.reason == "allow-origin-multiple";
        if !is_by_case
            && let Some(written) = written.as_str()
            // No engine writes more than that there was no response.
            && kinds(written) != kinds(row.text)
        {
            different.push(format!("{}\n    {written}", row.text));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Firefox => "firefox",
        Engine::WebKit => "webkit",
        _ => "chromium",
    }
}

/// A request alone is taken over; what its server responds with is not known, so no cause is named unless the browser itself
/// refuses the request.
#[test]
fn a_request_is_taken_over() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let copied_as_curl = "curl 'https://api.example/items/1?page=2' -X 'PUT' -H 'Origin: https://app.example' -H 'Sec-Fetch-Mode: cors' \
                          -H 'Content-Type: application/json' -H 'X-Request-Id: 7' --data-raw '{\"a\":1}'";
    let copied_as_fetch = "fetch(\"https://api.example/items\", {\n  \"headers\": { \"accept\": \"*/*\", \"x-requested-with\": \"XMLHttpRequest\" },\n  \
                           \"referrer\": \"https://app.example/list\",\n  \"method\": \"DELETE\",\n  \"mode\": \"cors\",\n  \"credentials\": \"include\"\n});";
    for (text, expected, causes, certain, not_here) in [
        (
            copied_as_curl,
            json!({ "method": "PUT", "headers": [["X-Request-Id", "7"]], "body": { "type": "application/json", "text": "{}" } }),
            &[][..],
            false,
            false,
        ),
        (
            copied_as_fetch,
            json!({ "method": "DELETE", "credentials": "include", "headers": [["accept", "*/*"], ["x-requested-with", "XMLHttpRequest"]], "body": null }),
            &[],
            false,
            false,
        ),
        (
            "curl https://api.example/ -d a=1",
            json!({ "method": "POST", "body": { "type": "form", "text": "a=1" } }),
            &[],
            false,
            false,
        ),
        (
            "fetch('https://api.example/', { method: 'POST', body: new FormData(form) })",
            json!({ "method": "POST", "headers": [["content-type", "multipart/form-data"]] }),
            &[],
            false,
            false,
        ),
        (
            "fetch('https://api.example/', { mode: 'no-cors' })",
            json!({ "mode": "no-cors" }),
            &[],
            false,
            false,
        ),
        (
            "fetch('https://api.example/', { headers: { 'content-type': 'application/json; charset=utf-8' }, method: 'POST', body: '{}' })",
            json!({ "headers": [["content-type", "application/json; charset=utf-8"]], "body": { "type": "text/plain", "text": "text" } }),
            &[],
            false,
            false,
        ),
        (
            "fetch('https://api.example/', { method: 'POST', mode: 'no-cors', headers: { 'x-a': 'é' } })",
            json!({ "headers": [["x-a", "1"]] }),
            &[],
            false,
            false,
        ),
        (
            "curl 'http://api.example/items' -H 'Origin: https://app.example'",
            json!({ "method": "GET" }),
            &["mixed-content"],
            true,
            true,
        ),
        ("fetch('localhost:8080/items')", json!({}), &["url-without-scheme"], true, true),
        (
            "fetch('https://api.example/', { method: 'TRACE' })",
            json!({ "method": "TRACE" }),
            &["request-refused"],
            true,
            false,
        ),
        // Too short to be found by its value.
        (
            "curl https://api.example/ -H 'X-Api-Key: abc'",
            json!({ "headers": [["X-Api-Key", "***"]] }),
            &[],
            false,
            false,
        ),
        ("curl 'https://api.example/' -H 'Origin: null'", json!({ "page": "sandbox" }), &[], false, false),
    ] {
        let response = import_text(&lab, &session, text);
        assert_eq!(response.outcome(), 200, "{text}: {}", String::from_utf8_lossy(&response.body));
        let import = response.json();
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(import["request"][name], *value, "{text}: {name}");
        }
        assert_eq!(import["kind"], "request", "{text}");
        assert_eq!(import["request"]["server"], "hand", "{text}");
        assert_eq!(names(&import), causes.iter().copied().collect(), "{text}");
        assert_eq!(
            (&import["certain"], import["not_here"].is_string()),
            (&json!(certain), not_here),
            "{text}"
        );
        // The server is one that knows nothing of CORS, unless a preflight has to pass.
        assert_eq!(import["hand"]["response"]["headers"], json!([]), "{text}");
        let wanted = json!({ "request": import["request"] });
        let predicted = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
        assert_eq!(predicted.outcome(), 200, "{text}: {}", String::from_utf8_lossy(&predicted.body));
    }
}

/// The reader's page becomes this page, wherever a header names it; who is another origin there is another one here.
#[test]
fn origins_trade_places() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let page = lab.page();
    let printed = |origin: &str, lines: &str| {
        format!("$ curl -i https://api.example/ -H 'Origin: {origin}'\nHTTP/1.1 200 OK\n{lines}\n\n")
    };
    let allow = |value: &str| format!("access-control-allow-origin: {value}");
    for (origin, value, expected) in [
        ("https://app.example", "https://app.example".to_owned(), page.to_owned()),
        ("https://app.example", "https://app.example/".to_owned(), format!("{page}/")),
        ("https://app.example", "https://app.example, *".to_owned(), format!("{page}, *")),
        (
            "https://app.example",
            "https://app.example.evil.example".to_owned(),
            "https://app.example.evil.example".to_owned(),
        ),
        ("https://app.example", "https://app.example:8443".to_owned(), "https://app.example:8443".to_owned()),
        ("https://app.example", "http://app.example".to_owned(), "http://app.example".to_owned()),
        ("https://app.example", "HTTPS://app.example".to_owned(), "HTTPS://app.example".to_owned()),
        // Else this would allow this page, as it doesn't allow the reader's.
        ("https://app.example", page.to_owned(), "https://app.example".to_owned()),
        ("https://app.example", "{origin}".to_owned(), "{ORIGIN}".to_owned()),
        ("https://app.example", "null".to_owned(), "null".to_owned()),
        ("null", "https://app.example".to_owned(), "https://app.example".to_owned()),
        (page, page.to_owned(), page.to_owned()),
    ] {
        let import = import_text(&lab, &session, &printed(origin, &allow(&value))).json();
        let line = json!(["access-control-allow-origin", expected]);
        assert_eq!(import["hand"]["response"]["headers"], json!([line]), "{origin}, {value}");
    }
    // Nobody said whose page it is, so that it can't be known that it is this one.
    let text = format!("HTTP/1.1 200 OK\n{}\n\n", allow(page));
    let import = import_text(&lab, &session, &text).json();
    let line = json!(["access-control-allow-origin", "https://another.example"]);
    assert_eq!(import["hand"]["response"]["headers"], json!([line]));
}

#[test]
fn what_the_server_may_not_send_is_left_out_and_said() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let many: Vec<_> = (0..60).map(|n| format!("x-line-{n}: {}\n", "v".repeat(60))).collect();
    let many = many.concat();
    for (lines, kept, said) in [
        (
            "Set-Cookie: sid=1; Path=/\nStrict-Transport-Security: max-age=1\nX-A: 1",
            json!([["X-A", "1"]]),
            &["set-cookie", "strict-transport-security"][..],
        ),
        ("Set-Cookie: lab_a=1\nX-A: 1", json!([["X-A", "1"]]), &["set-cookie"]),
        (
            "Content-Security-Policy: default-src 'self'; report-uri https://a.example\nRefresh: 0\nClear-Site-Data: \"*\"",
            json!([]),
            &["content-security-policy", "refresh", "clear-site-data"],
        ),
        (
            "Content-Length: 3\nTransfer-Encoding: chunked\nAlt-Svc: h3\nAge: 3",
            json!([]),
            &["content-length", "alt-svc", "age"],
        ),
        ("X-Auth-Token: abcdefgh\nVary: Origin", json!([["Vary", "Origin"]]), &["x-auth-token"]),
        ("WWW-Authenticate: Basic realm=\"a\"", json!([]), &["www-authenticate"]),
        (
            "Access-Control-Allow-Origin: https://é.example",
            json!([]),
            &["Access-Control-Allow-Origin: https://é.example can't be sent here."],
        ),
        (&format!("{many}Vary: Origin"), json!([["Vary", "Origin"]]), &["x-line-0"]),
        (
            &format!("Access-Control-Allow-Headers: {}", "a, ".repeat(2000)),
            json!([]),
            &["access-control-allow-headers"],
        ),
    ] {
        let text = format!("HTTP/1.1 200 OK\n{lines}\n\n");
        let response = import_text(&lab, &session, &text);
        let import = response.json();
        // Lists alone are read as a preflight's.
        let part = if lines.contains("Allow-Headers") { "preflight" } else { "response" };
        assert_eq!(import["hand"][part]["headers"], kept, "{lines:.90}");
        for name in said {
            assert!(import["left_out"].to_string().contains(name), "{name}: {}", import["left_out"]);
        }
        lab.put_hand(&session, &import["hand"]);
    }
    for (status, sent) in [(407, 401), (304, 200), (206, 200), (421, 400), (999, 500), (204, 204), (418, 418)]
    {
        let import = import_text(&lab, &session, &format!("HTTP/1.1 {status} X\na: 1\n\n")).json();
        assert_eq!(import["hand"]["response"]["status"], sent, "{status}");
        assert_eq!(import["left_out"].to_string().contains(&status.to_string()), status != sent, "{status}");
        lab.put_hand(&session, &import["hand"]);
    }
    for (location, sent) in [
        ("https://api.example/items/", "notes/"),
        ("https://api.example/items", "notes"),
        ("/login?next=/items", "login"),
        ("/other", "elsewhere"),
        ("https://app.example/", "{page}/elsewhere"),
        ("https://sso.example/signin", "{attacker}/login"),
        ("http://api.example/items", "{attacker}/elsewhere"),
        ("javascript:alert(1)", "{attacker}/elsewhere"),
        ("//evil.example/", "{attacker}/elsewhere"),
        ("http://[", "elsewhere"),
    ] {
        let text = format!(
            "$ curl -i https://api.example/items -H 'Origin: https://app.example'\nHTTP/1.1 302 Found\nLocation: {location}\n\n"
        );
        let import = import_text(&lab, &session, &text).json();
        let origins = lab.running.origins();
        let sent = sent.replace("{page}", &origins.page).replace("{attacker}", &origins.attacker);
        assert_eq!(import["hand"]["response"]["redirect"], sent, "{location}");
        lab.put_hand(&session, &import["hand"]);
    }
}

/// A failure that the Lab has nothing like is explained, and what can't be shown is said.
#[test]
fn what_is_not_shown_here_is_said() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    for (text, cause, certain) in [
        (
            "Mixed Content: The page at 'https://app.example/' was loaded over HTTPS, but requested an insecure resource 'http://api.example/'. This request has been blocked; the content must be served over HTTPS.",
            "mixed-content",
            false,
        ),
        (
            "Refused to connect to 'https://api.example/' because it violates the following Content Security Policy directive: \"connect-src 'self'\".",
            "content-security-policy",
            true,
        ),
        ("Not allowed to use restricted network port 6000: http://localhost:6000/", "request-refused", true),
        ("net::ERR_INVALID_REDIRECT", "redirected", true),
        ("net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin", "resource-policy", true),
    ] {
        let import = import_text(&lab, &session, text).json();
        assert!(import["not_here"].is_string(), "{text}: {import}");
        assert!(names(&import).contains(cause), "{text}: {import}");
        assert_eq!(import["certain"], certain, "{text}");
    }
    // What names no rule names no cause.
    for text in [
        "TypeError: Failed to fetch",
        "NetworkError when attempting to fetch resource.",
        "has been blocked by CORS policy",
    ] {
        let import = import_text(&lab, &session, text).json();
        assert!(
            import["not_here"].is_string() && import["causes"] == json!([]) && import["certain"] == false,
            "{text}: {import}"
        );
    }
    // A response with which nothing is wrong.
    let import = import_text(&lab, &session, "HTTP/1.1 200 OK\naccess-control-allow-origin: *\n\n").json();
    assert_eq!((&import["causes"], &import["certain"]), (&json!([]), &json!(false)));
    assert!(import["unknown"].to_string().contains("What is wrong."), "{import}");
}

#[test]
fn a_recording_is_taken_over() {
    let lab = TestLab::start();
    let mut sender = Sender::new(&lab, &json!({}), CHROME);
    let har = json!({ "log": { "pages": [{ "id": "p", "title": "https://app.example/" }], "entries": [
        { "pageref": "p", "request": { "method": "GET", "url": "https://ok.example/", "headers": [{ "name": "Origin", "value": "https://app.example" }] },
          "response": { "status": 200, "headers": [{ "name": "access-control-allow-origin", "value": "*" }], "content": {} } },
        { "pageref": "p", "request": { "method": "GET", "url": "https://api.example/me?token=s3cr3tvalue", "headers": [
            { "name": "Origin", "value": "https://app.example" }, { "name": "Authorization", "value": "Bearer abc.def.ghi" } ] },
          "response": { "status": 502, "headers": [{ "name": "server", "value": "nginx" }], "content": {} } },
    ] } });
    let response = import_text(&lab, sender.session(), &har.to_string());
    assert_eq!(response.outcome(), 200, "{}", String::from_utf8_lossy(&response.body));
    let import = response.json();
    assert!(
        import["title"].as_str().is_some_and(|title| title.contains("the first that was blocked")),
        "{import}"
    );
    assert!(names(&import).contains("hidden-error"), "{import}");
    let text = import.to_string();
    assert!(!text.contains("s3cr3tvalue") && !text.contains("abc.def"), "{text}");
    lab.put_hand(sender.session(), &import["hand"]);
    let request: LabRequest = serde_json::from_value(import["request"].clone()).expect("a request");
    let (predicted, is_allowed) = sender.send(&request, "a1");
    assert!(!is_allowed, "{predicted}");
}

const SECRET: &str = "s3cr3t-0123456789";

/// What a paste has of secrets comes back in none of its parts.
#[test]
fn secrets_do_not_come_back() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    for text in [
        format!(
            "curl https://api.example/?api_key={SECRET} -H 'Authorization: Bearer {SECRET}' -H 'X-Api-Key: {SECRET}' -b 'sid={SECRET}' -d 'password={SECRET}'"
        ),
        format!("curl https://user:{SECRET}@api.example/ -H 'X-CSRF-Token: {SECRET}'"),
        format!(
            "fetch('https://api.example/?token={SECRET}', {{ headers: {{ authorization: 'Basic {SECRET}' }}, method: 'POST', body: '{{\"password\": \"{SECRET}\"}}' }})"
        ),
        format!(
            "$ curl -i https://api.example/ -H 'Origin: https://app.example' -H 'Authorization: Bearer {SECRET}'\nHTTP/1.1 401 \nset-cookie: session={SECRET}\nx-session-token: {SECRET}\nx-echo: Bearer {SECRET}\nlocation: /a?token={SECRET}\n\n{{\"token\": \"{SECRET}\"}}"
        ),
        format!(
            "HTTP/1.1 302 Found\nlocation: https://sso.example/login?code={SECRET}\nset-cookie: lab_a={SECRET}\n\n"
        ),
        format!(
            "Access to fetch at 'https://api.example/?access_token={SECRET}' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."
        ),
    ] {
        let response = import_text(&lab, &session, &text);
        assert_eq!(response.outcome(), 200, "{text}: {}", String::from_utf8_lossy(&response.body));
        let reply = String::from_utf8_lossy(&response.body).into_owned();
        assert!(!reply.contains(SECRET), "{text}:\n{reply}");
        let import = response.json();
        lab.put_hand(&session, &import["hand"]);
    }
    // Nor in what says why a paste is refused.
    let refused = import_text(&lab, &session, &format!("Authorization: Bearer {SECRET} and 'more"));
    assert_eq!(refused.outcome(), 422);
    assert!(!String::from_utf8_lossy(&refused.body).contains(SECRET));
}

/// A paste that can't be read says so, and nothing in the session is another one.
#[test]
fn a_bad_paste_gets_a_clear_error() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": [lab.page()] }));
    let hand = json!({ "response": { "headers": [["x-mine", "1"]] } });
    lab.put_hand(&session, &hand);
    let read = |path: &str| lab.control("GET", &format!("/s/{session}/{path}"), None).json();
    let (before, policy) = (read("hand"), read("policy"));
    let html =
        "<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>";
    for (text, status, said) in [
        (String::new(), 422, "Nothing was pasted"),
        (" \n\t".to_owned(), 422, "Nothing was pasted"),
        ("\u{0}\u{1}\u{2}\u{fffd}PNG\r\n".to_owned(), 422, "Paste a curl command"),
        (html.to_owned(), 422, "Paste a curl command"),
        ("Uncaught ReferenceError: foo is not defined at app.js:1".to_owned(), 422, "Paste a curl command"),
        ("The cat sat on the mat.".to_owned(), 422, "Paste a curl command"),
        ("curl".to_owned(), 422, "URL"),
        ("curl 'https://api.example/".to_owned(), 422, "without a closing one"),
        ("fetch(url)".to_owned(), 422, "expression"),
        ("{\"log\": {\"entries\": [".to_owned(), 422, "not a HAR file"),
        ("{\"log\": {\"entries\": []}}".to_owned(), 422, "no request"),
        ("a".repeat((1 << 20) + 1), 422, "longer than 1 MB"),
        (format!("{{{}", " ".repeat((1 << 20) + 1)), 422, "longer than 1 MB"),
        ("a".repeat(3 << 20), 413, "a body has at most"),
    ] {
        let refused = import_text(&lab, &session, &text);
        assert_eq!(refused.outcome(), status, "{text:.60}");
        let reply = refused.json();
        // The guard refuses what is too long before the endpoint does.
        let error = reply["refused"]["error"].as_str().or(reply["error"].as_str()).unwrap_or_default();
        assert!(error.contains(said) && error.len() < 400, "{text:.60}: {error}");
        assert_eq!((read("hand"), read("policy")), (before.clone(), policy.clone()), "{text:.60}");
    }
    // Nor does a good one change anything by itself, and nothing was sent to the API.
    let good = import_text(&lab, &session, MESSAGES[0].text);
    assert_eq!(good.outcome(), 200);
    assert_eq!((read("hand"), read("policy")), (before, policy));
    assert_eq!(read("exchanges")["exchanges"], json!([]));
    // The session that a file governs has no server written by hand, but the page makes another one for that.
    assert_eq!(import_text(&lab, "default", MESSAGES[0].text).outcome(), 200);
    assert_eq!(import_text(&lab, "nosuchsession", MESSAGES[0].text).outcome(), 404);
    // A body that is not the paste's.
    for body in [json!({}), json!({ "text": 1 }), json!({ "text": "", "url": "http://a.example/" })] {
        assert_eq!(
            lab.control("POST", &format!("/s/{session}/import"), Some(&body)).outcome(),
            400,
            "{body}"
        );
    }
}

/// Every message of every vector that an engine wrote comes to something that the control API takes back.
#[test]
fn every_captured_message_is_taken_over() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let captured = [
        include_str!("../../crates/cors-vectors/console/chromium.txt"),
        include_str!("../../crates/cors-vectors/console/firefox.txt"),
        include_str!("../../crates/cors-vectors/console/webkit.txt"),
    ];
    let mut refused = Vec::new();
    for line in captured.iter().flat_map(|text| text.lines()) {
        // Another origin than the page's, and not the same one twice.
        let line = line.replace("value '{origin}", "value 'http://other.test");
        let text = line.replace("{url}", "http://api.site.test/a").replace("{origin}", "http://site.test");
        let response = import_text(&lab, &session, &text);
        if response.outcome() != 200 {
            refused.push(format!("{}: {text}", response.outcome()));
            continue;
        }
        let import = response.json();
        let put = lab.control("PUT", &format!("/s/{session}/hand"), Some(&import["hand"]));
        let wanted = json!({ "request": import["request"] });
        let predicted = lab.control("POST", &format!("/s/{session}/predict"), Some(&wanted));
        let is_blocked = predicted.outcome() == 200 && predicted.json()["verdict"]["allowed"] == json!(false);
        if put.outcome() != 200 || !is_blocked && import["not_here"].is_null() {
            refused.push(format!("put {}, predicted {}: {text}", put.outcome(), predicted.outcome()));
        }
    }
    // Firefox's own mistake, and what it thinks of an empty body, are no messages about requests.
    refused.retain(|why| !why.contains("PathUtils") && !why.contains("XML Parsing Error"));
    assert!(refused.is_empty(), "{}:\n{}", refused.len(), refused.join("\n"));
}

/// A paste that is cut off somewhere, or has other bytes in it, comes to an error, or to something that the Lab takes.
#[test]
fn no_part_of_a_paste_breaks_anything() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let origins = lab.running.origins();
    let mut read = 0;
    for (index, row) in MESSAGES.iter().chain(RESPONSES).enumerate() {
        let text: Vec<char> = row.text.chars().collect();
        // Other places in each text, so that together they are all kinds of places.
        for end in (index % 23..text.len()).step_by(23) {
            let cut: String = text[..end].iter().collect();
            let rest: String = text[end..].iter().collect();
            let odd = ['\u{0}', '\u{202e}', '{', '"', '\n', '\u{fffd}'][end % 6];
            for paste in [
                cut.clone(),
                rest.clone(),
                format!("{cut}{odd}{rest}"),
                format!("{cut}{}{rest}", "x".repeat(5000)),
            ] {
                let Ok(import) = import::import(&paste, &session, origins) else { continue };
                read += 1;
                let problems = hand::problems(&import.hand, &session, origins);
                assert!(problems.is_empty(), "{paste:.300}: {problems:?}");
                assert_eq!(import.request.check(&session, origins), Ok(()), "{paste:.300}");
                assert!(!import.certain || !import.causes.is_empty(), "{paste:.300}");
                assert!(import.request.method.len() <= 40, "{paste:.300}");
                let said = import.known.iter().chain(&import.unknown).chain(&import.left_out);
                assert!(said.clone().all(|sentence| sentence.chars().count() <= 801), "{paste:.300}");
            }
        }
    }
    assert!(read > 300, "{read}");
    // What comes of a long paste is short.
    for paste in [
        format!("curl https://api.example/ {}", "-H 'x-a: 1' ".repeat(80_000)),
        format!("curl https://api.example/?{}", "token=abcdef&".repeat(80_000)),
        format!("HTTP/1.1 200 OK\n{}", "access-control-allow-origin: *\n".repeat(30_000)),
        format!("HTTP/1.1 200 OK\naccess-control-allow-headers: {}", "a, ".repeat(300_000)),
    ] {
        let response = import_text(&lab, &session, &paste);
        assert_eq!(response.outcome(), 200, "{paste:.60}");
        assert!(response.body.len() < 20_000, "{paste:.60}: {}", response.body.len());
        lab.put_hand(&session, &response.json()["hand"]);
    }
}
