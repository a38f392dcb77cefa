//! An error that the reader brought: what the paste says is taken over, the true cause is among those that it leaves, and the
//! same failure happens in the Lab, in the model and over a socket.

mod lab;

use std::collections::BTreeSet;

use demo_backend::page::{engine::EngineName, lab_request::LabRequest};
use fetch_cors::browser::Engine;
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
        certain: true,
        reason: "allow-origin-missing",
    },
];

fn import(lab: &TestLab, session: &str, text: &str) -> WireResponse {
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
    let response = import(lab, sender.session(), text);
    if response.status != 200 {
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
        std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(|cause| cause.name()).collect();
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
        let import = import(&lab, sender.session(), row.text).json();
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
