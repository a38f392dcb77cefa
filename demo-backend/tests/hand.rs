//! The server written by hand responds as it is written, harms nothing else that the visitor runs, and is the learner's own.

mod lab;

use std::{
    thread,
    time::{Duration, Instant},
};

use lab::{Connection, TestLab, WireResponse, send, try_send};
use serde_json::{Value, json};

/// Header lines that must not be there: what the abuse is, the name, and the value.
const REFUSED: &[(&str, &str, &str)] = &[
    // Cookies go to every server on this host name, whatever its port.
    ("another application's session is overwritten", "Set-Cookie", "session=stolen"),
    ("another application's session is deleted", "Set-Cookie", "JSESSIONID=; Max-Age=0"),
    ("the Lab's prefix in capitals", "Set-Cookie", "LAB_x=1"),
    ("the Lab's prefix later in the name", "Set-Cookie", "session_lab_=1"),
    ("the Lab's prefix in the value", "Set-Cookie", "session=lab_1"),
    ("a cookie without a name, whose value is read as a name", "Set-Cookie", "=session=stolen"),
    ("a cookie without a name that looks like the Lab's", "Set-Cookie", "=lab_x=1"),
    ("a cookie without an equals sign", "Set-Cookie", "lab_x"),
    ("only the prefix", "Set-Cookie", "lab_=1"),
    ("a name with a space", "Set-Cookie", "lab_x session=1"),
    ("a name with a comma, as if two were joined", "Set-Cookie", "lab_x,session=1"),
    ("two cookies in one line", "Set-Cookie", "lab_x=1, session=2"),
    ("a prefix that browsers trust", "Set-Cookie", "__Host-lab_x=1; Secure; Path=/"),
    ("a cookie for all hosts of a domain", "Set-Cookie", "lab_x=1; Domain=example.com"),
    ("a domain in other letters and spaces", "Set-Cookie", "lab_x=1 ;\t dOmAiN = localhost"),
    ("a domain without a value", "Set-Cookie", "lab_x=1; Domain"),
    ("a cookie beyond this session's paths", "Set-Cookie", "lab_x=1; Path=/"),
    ("an attribute that nobody knows yet", "Set-Cookie", "lab_x=1; Scope=host"),
    ("a domain in the name of the request's origin", "Set-Cookie", "lab_x={origin}"),
    ("a cookie of the second kind", "Set-Cookie2", "lab_x=1"),
    // What a browser does with the whole host.
    ("cookies and storage of all applications are deleted", "Clear-Site-Data", "\"*\""),
    ("the same in small letters", "clear-site-data", "\"cookies\""),
    ("the same in capitals", "CLEAR-SITE-DATA", "\"storage\""),
    ("every server on this host has to have TLS", "Strict-Transport-Security", "max-age=31536000"),
    ("keys are pinned", "Public-Key-Pins", "pin-sha256=\"AA==\"; max-age=600"),
    ("keys are pinned and reported", "Public-Key-Pins-Report-Only", "report-uri=\"https://evil.example/\""),
    ("certificates are expected in logs", "Expect-CT", "max-age=600, enforce"),
    // Away from the Lab.
    ("the tab is sent elsewhere", "Refresh", "0; url=https://evil.example/"),
    ("the origin is served by another host", "Alt-Svc", "h2=\"evil.example:443\""),
    ("the same, before it had that name", "Alternate-Protocol", "443:quic"),
    ("an open redirect", "Location", "https://evil.example/"),
    ("a redirect past the field", "location", "notes"),
    ("errors are reported elsewhere", "NEL", "{\"report_to\":\"a\",\"max_age\":600}"),
    ("reports go elsewhere", "Report-To", "{\"group\":\"a\",\"max_age\":600,\"endpoints\":[]}"),
    ("reports go elsewhere, as of today", "Reporting-Endpoints", "a=\"https://evil.example/\""),
    (
        "violations are reported elsewhere",
        "Content-Security-Policy",
        "default-src 'none'; report-uri //evil.example",
    ),
    ("the same without effect", "Content-Security-Policy-Report-Only", "report-uri //evil.example"),
    ("what an old filter finds is reported", "X-XSS-Protection", "1; report=//evil.example"),
    ("something is loaded ahead", "Link", "<https://evil.example/>; rel=preload; as=image"),
    ("a connection is made ahead", "Link", "<https://evil.example/>; rel=preconnect"),
    ("pages are loaded ahead", "Speculation-Rules", "\"https://evil.example/rules\""),
    ("developer tools load a map", "SourceMap", "https://evil.example/map"),
    ("the same by its old name", "X-SourceMap", "https://evil.example/map"),
    ("an advertisement is attributed", "Attribution-Reporting-Register-Source", "{}"),
    ("an auction is fed", "Ad-Auction-Signals", "[]"),
    // What a browser would keep for this origin, so that later requests differ.
    ("later requests carry more", "Accept-CH", "Sec-CH-UA-Arch"),
    ("the same at once", "Critical-CH", "Sec-CH-UA-Arch"),
    ("a service worker for all paths", "Service-Worker-Allowed", "/"),
    ("a process of its own", "Origin-Agent-Cluster", "?1"),
    ("a dictionary for later responses", "Use-As-Dictionary", "match=\"/*\""),
    ("a login that there is none of", "Set-Login", "logged-in"),
    ("a session that is bound to the device", "Secure-Session-Registration", "(ES256);path=\"/\""),
    ("the same by its old name", "Sec-Session-Registration", "(ES256);path=\"/\""),
    ("cookies of other sites", "Activate-Storage-Access", "load"),
    ("topics", "Observe-Browsing-Topics", "?1"),
    ("storage that is shared", "Shared-Storage-Write", "clear"),
    // Questions to the visitor.
    ("a prompt for a password", "WWW-Authenticate", "Basic realm=\"your bank\""),
    ("a prompt after another scheme", "WWW-Authenticate", "Bearer, Basic realm=\"your bank\""),
    (
        "a prompt within the line of another scheme",
        "WWW-Authenticate",
        "Bearer realm=\"a\",\tdigest realm=\"b\"",
    ),
    ("the account of the machine", "WWW-Authenticate", "Negotiate"),
    ("a scheme that nobody knows yet", "WWW-Authenticate", "Whatever"),
    ("a prompt of a proxy", "Proxy-Authenticate", "Basic realm=\"your company\""),
    // The message's own frame, by which a second response could be smuggled in.
    ("a shorter body", "Content-Length", "0"),
    ("a longer body", "content-length", "1000"),
    ("another frame", "Transfer-Encoding", "chunked"),
    ("an open end", "Connection", "close"),
    ("names of headers to drop", "Connection", "access-control-allow-origin"),
    ("the same for old proxies", "Proxy-Connection", "keep-alive"),
    ("a limit of the connection", "Keep-Alive", "timeout=1000"),
    ("another protocol", "Upgrade", "websocket"),
    ("headers after the body", "Trailer", "access-control-allow-origin"),
    ("a body that is not encoded", "Content-Encoding", "gzip"),
    ("a part of a body", "Content-Range", "bytes 0-1/2"),
    // What the Lab says itself.
    ("the browser's cache keeps it", "Cache-Control", "max-age=600"),
    ("the Lab's cache keeps it", "CDN-Cache-Control", "max-age=600"),
    ("a response from the Lab's cache", "X-Lab-Cache", "hit"),
    ("an age in the Lab's cache", "Age", "100"),
    ("the type is guessed", "X-Content-Type-Options", "sniff"),
    ("a rule that the prediction doesn't know", "Cross-Origin-Resource-Policy", "same-origin"),
    // Lines that are more than one.
    ("a response that is split", "X-A", "1\r\nSet-Cookie: session=stolen"),
    ("a line feed alone", "X-A", "1\nSet-Cookie: session=stolen"),
    ("a carriage return alone", "X-A", "1\rSet-Cookie: session=stolen"),
    ("the end of the head", "X-A", "1\r\n\r\n<script>alert(1)</script>"),
    ("a line break in the name", "X-A: 1\r\nSet-Cookie", "session=stolen"),
    ("a colon in the name", "Set-Cookie: session", "stolen"),
    ("a space after the name", "Set-Cookie ", "session=stolen"),
    ("a space before the name, which continues the line before", " Set-Cookie", "session=stolen"),
    ("a byte of zero", "X-A", "1\0"),
    ("a control character", "X-A", "1\u{7f}"),
    ("a line separator of Unicode", "X-A", "1\u{2028}2"),
    (
        "letters that end in a line feed when they are cut to a byte",
        "X-A",
        "1\u{10a}Set-Cookie: session=stolen",
    ),
    ("no name", "", "1"),
    ("a name in other letters", "Sét-Cookie", "session=stolen"),
];

#[test]
fn what_would_harm_other_servers_is_refused() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let path = format!("/s/{session}/hand");
    let before = lab.control("GET", &path, None).json();
    let mut taken = Vec::new();
    for part in ["preflight", "response"] {
        for &(abuse, name, value) in REFUSED {
            let lines = json!([["x-before", "1"], [name, value]]);
            let put = lab.control("PUT", &path, Some(&json!({ part: { "headers": lines } })));
            let problem =
                if put.outcome() == 422 { put.json()["refused"]["problems"][0].clone() } else { json!(null) };
            let said = problem["message"].as_str().unwrap_or_default();
            let is_at = (&problem["part"], &problem["field"], &problem["line"]);
            // What is wrong, why, and what to write instead.
            if is_at != (&json!(part), &json!("headers"), &json!(1))
                || !said.ends_with('.')
                || said.len() < 40
            {
                taken.push(format!("{part}: {abuse}: {name}: {value:?}: {put:?}"));
            }
        }
    }
    assert!(taken.is_empty(), "{} of {}:\n{}", taken.len(), REFUSED.len() * 2, taken.join("\n"));
    assert_eq!(lab.control("GET", &path, None).json(), before, "nothing changed");
}

#[test]
fn what_the_lab_does_not_play_is_refused() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let path = format!("/s/{session}/hand");
    let (page, api) = (lab.page(), lab.api());
    let status = |status: u16| json!({ "status": status });
    let redirect = |to: &str| json!({ "status": 302, "redirect": to });
    let headers = |headers: Value| json!({ "headers": headers });
    let many: Vec<_> = (0..25).map(|n| (format!("x-{n}"), "1")).collect();
    for (name, response, field) in [
        ("an interim response", status(103), "status"),
        ("another protocol", status(101), "status"),
        ("no status", status(0), "status"),
        ("a status of four digits", status(1000), "status"),
        ("a status beyond the last", status(600), "status"),
        ("a part", status(206), "status"),
        ("not modified", status(304), "status"),
        ("a proxy's prompt", status(407), "status"),
        ("a request that is sent again", status(408), "status"),
        ("a request that is sent again elsewhere", status(421), "status"),
        ("a delay that browsers give up at", json!({ "delay_ms": 5001 }), "delay_ms"),
        ("a redirect with another status", json!({ "status": 200, "redirect": "notes" }), "status"),
        ("another site", redirect("https://evil.example/"), "redirect"),
        ("another site without a scheme", redirect("//evil.example/"), "redirect"),
        ("another site with backslashes", redirect(r"\\evil.example/"), "redirect"),
        ("another site after a tab", redirect("/\t/evil.example/"), "redirect"),
        ("another port of this host", redirect("http://localhost:1/"), "redirect"),
        ("the page's name as a user", redirect(&format!("{page}@evil.example/")), "redirect"),
        ("a name that starts as the API's", redirect(&format!("{api}.evil.example/")), "redirect"),
        ("a script", redirect("javascript:alert(1)"), "redirect"),
        ("data", redirect("data:text/html,x"), "redirect"),
        ("a file", redirect("file:///etc/passwd"), "redirect"),
        ("a line break", redirect("notes\r\nSet-Cookie: session=1"), "redirect"),
        ("a long way", redirect(&"x".repeat(301)), "redirect"),
        ("too many lines", headers(json!(many)), "headers"),
        ("too many bytes", headers(json!([["x-a", "x".repeat(1024)]])), "headers"),
        ("a type twice", headers(json!([["content-type", "a/b"], ["Content-Type", "a/b"]])), "headers"),
    ] {
        for part in ["preflight", "response"] {
            let put = lab.control("PUT", &path, Some(&json!({ part: response })));
            assert_eq!(put.outcome(), 422, "{name}: {put:?}");
            let problem = &put.json()["refused"]["problems"][0];
            assert_eq!(
                (&problem["part"], &problem["field"]),
                (&json!(part), &json!(field)),
                "{name}: {problem}"
            );
            let said = problem["message"].as_str().unwrap_or_default();
            assert!(said.ends_with('.') && said.contains(':') && said.is_ascii(), "{name}: {said}");
        }
    }
    for (name, body) in [
        ("an unknown field", json!({ "body": "<script>" })),
        ("an unknown field of a response", json!({ "response": { "body": "<script>" } })),
        ("a status that is not a number", json!({ "response": { "status": "200" } })),
        ("a negative delay", json!({ "response": { "delay_ms": -1 } })),
        ("a header of three parts", json!({ "response": { "headers": [["a", "b", "c"]] } })),
    ] {
        assert_eq!(lab.control("PUT", &path, Some(&body)).outcome(), 400, "{name}");
    }
}

#[test]
fn every_problem_is_named_at_its_place() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let wrong = json!({
        "preflight": { "status": 206, "headers": [["x-a", "1"], ["link", "x"]] },
        "response": { "status": 200, "redirect": "//evil.example/", "delay_ms": 9000 },
    });
    let put = lab.control("PUT", &format!("/s/{session}/hand"), Some(&wrong));
    let problems = put.json()["refused"]["problems"].clone();
    let places: Vec<_> = problems.as_array().expect("a list").iter().collect();
    let places: Vec<_> =
        places.iter().map(|problem| json!([problem["part"], problem["field"], problem["line"]])).collect();
    assert_eq!(
        json!(places),
        json!([
            ["preflight", "status", null],
            ["preflight", "headers", 1],
            ["response", "status", null],
            ["response", "redirect", null],
            ["response", "delay_ms", null],
        ]),
        "{problems}"
    );
}

/// Lines as wrong as they may be.
const ACCEPTED: &[(&str, &str)] = &[
    ("access-control-allow-origin", "http://localhost:3000/"),
    ("access-control-allow-origin", "*, http://localhost:3000"),
    ("access-control-allow-origin", "\"*\""),
    ("access-control-allow-origin", ""),
    ("access-control-allow-origin", "null"),
    ("access-control-allow-credentials", "True"),
    ("access-control-allow-methods", "GET; PUT"),
    ("access-control-allow-headers", "x a, ,"),
    ("access-control-max-age", "-1"),
    ("access-control-expose-headers", "*"),
    ("vary", "*"),
    ("set-cookie", "lab_a=1; HttpOnly; SameSite=None; Secure; Max-Age=60"),
    ("set-cookie", "lab_b="),
    (
        "www-authenticate",
        "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The token is over\"",
    ),
    ("server", "nginx/1.25.3"),
    ("x-powered-by", "Express"),
    ("x-cache", "HIT"),
    ("content-type", "text/html"),
    ("allow", "GET, HEAD"),
    ("retry-after", "1"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// All lines at once, for a preflight and for other requests, arrive as they are written and in their order.
#[test]
fn everything_else_is_sent_as_it_is_written() {
    let lab = TestLab::start();
    // Whatever the policy says.
    let session =
        lab.session(&json!({ "allow_origins": ["*"], "allow_methods": ["*"], "expose_headers": ["*"] }));
    let response = |status: u16, extra: &str| {
        let lines = ACCEPTED.iter().copied().chain([("x-which", extra)]).collect::<Vec<_>>();
        json!({ "status": status, "headers": lines })
    };
    lab.put_hand(&session, &json!({ "preflight": response(501, "p"), "response": response(299, "r") }));
    let path = format!("/s/{session}/hand/any/thing?a=b");
    let origin = ("origin", lab.page());
    let wanted_method = ("access-control-request-method", "PUT");
    for (method, headers, status, which) in [
        ("OPTIONS", &[origin, wanted_method][..], 501, "p"),
        // As servers route: by the method.
        ("OPTIONS", &[origin], 501, "p"),
        ("OPTIONS", &[], 501, "p"),
        ("GET", &[origin, wanted_method], 299, "r"),
        ("PUT", &[], 299, "r"),
        ("HEAD", &[origin], 299, "r"),
        ("WHATEVER", &[origin], 299, "r"),
    ] {
        let got = send(lab.api(), method, &path, headers, b"");
        assert_eq!(got.status, status, "{method}");
        let mut wanted: Vec<_> = ACCEPTED.to_vec();
        wanted.extend([
            ("x-which", which),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ]);
        let added = ["connection", "content-length", "date"];
        let mut lines: Vec<(&str, &str)> =
            got.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lines.retain(|(name, _)| !added.contains(name));
        for lines in [&mut lines, &mut wanted] {
            lines.sort_by_key(|(name, _)| *name);
        }
        assert_eq!(lines, wanted, "{method}");
    }
}

#[test]
fn an_origin_is_repeated_and_nothing_else_of_the_request() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let lines = json!([
        ["access-control-allow-origin", "{origin}"],
        ["x-twice", "<{origin}> <{origin}>"],
        ["x-cookie", "{cookie} {Origin} {authorization}"],
    ]);
    lab.put_hand(&session, &json!({ "response": { "headers": lines } }));
    let path = format!("/s/{session}/hand/notes");
    let secret = [("cookie", "session=secret"), ("authorization", "Bearer secret")];
    let with_origin = [&[("origin", "https://a.example")][..], &secret[..]].concat();
    let got = send(lab.api(), "GET", &path, &with_origin, b"");
    assert_eq!(got.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(got.header("x-twice"), Some("<https://a.example> <https://a.example>"));
    assert_eq!(
        got.header("x-cookie"),
        Some("{cookie} {Origin} {authorization}"),
        "scripts must not read these"
    );
    let got = send(lab.api(), "GET", &path, &secret, b"");
    assert_eq!((got.header("access-control-allow-origin"), got.header("x-twice")), (None, None));
}

/// A page at the API's origin could read other sessions' notes.
#[test]
fn no_body_is_a_page_or_a_script_of_the_readers() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    for content_type in [
        None,
        Some("application/json"),
        Some("text/html"),
        Some("text/html; charset=utf-7"),
        Some("application/javascript"),
        Some("text/javascript"),
        Some("Image/SVG+xml;a=b"),
        Some("text/event-stream"),
        Some("nonsense"),
        Some(""),
    ] {
        let lines: Vec<_> = content_type.iter().map(|value| ("content-type", value)).collect();
        lab.put_hand(&session, &json!({ "response": { "status": 404, "headers": lines } }));
        let path = format!("/s/{session}/hand/%3Cscript%3Ealert(1)%3C/script%3E?%3Cscript%3E");
        let got = send(lab.api(), "GET", &path, &[("x-a", "<script>")], b"");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "{content_type:?}");
        let body = String::from_utf8_lossy(&got.body);
        assert!(!body.to_lowercase().contains("script") && !body.is_empty(), "{content_type:?}: {body}");
        let is_markup = body.starts_with('<');
        let is_svg = content_type.is_some_and(|kind| kind.to_lowercase().starts_with("image/svg"));
        assert_eq!(is_markup, is_svg, "{content_type:?}: {body}");
    }
}

#[test]
fn the_default_session_has_none() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let open = json!({ "response": { "headers": [["access-control-allow-origin", "*"]] } });
    lab.put_hand(&session, &open);
    for method in ["GET", "PUT"] {
        let refused = lab.control(method, "/s/default/hand", (method == "PUT").then_some(&open));
        assert_eq!(refused.outcome(), 409, "{method}: {refused:?}");
    }
    let wanted = json!({ "request": { "server": "hand" } });
    assert_eq!(lab.control("POST", "/s/default/predict", Some(&wanted)).outcome(), 422);
    for path in [
        "/hand/notes",
        "/cached/hand/notes",
        "/s/default/hand/notes",
        "/s/aaaaaaaaaaaaaaaa/hand/notes",
        "/s//hand/notes",
        &format!("/s/{session}/hand"),
        &format!("/s/{session}//hand/notes"),
        &format!("/s/{session}/api/hand/notes"),
    ] {
        let got = send(lab.api(), "GET", path, &[("origin", "https://a.example")], b"");
        assert_eq!((got.status, got.header("access-control-allow-origin")), (404, None), "{path}: {got:?}");
    }
    // Each session has its own, and a new one knows nothing of CORS.
    let other = lab.session(&json!({ "allow_origins": ["*"] }));
    let got =
        send(lab.api(), "GET", &format!("/s/{other}/hand/notes"), &[("origin", "https://a.example")], b"");
    assert_eq!(
        (got.status, got.header("access-control-allow-origin"), got.header("vary")),
        (200, None, None)
    );
    // Start over.
    lab.control("POST", &format!("/s/{session}/reset"), Some(&json!({})));
    let got = send(lab.api(), "GET", &format!("/s/{session}/hand/notes"), &[], b"");
    assert_eq!(got.header("access-control-allow-origin"), None);
}

#[test]
fn only_the_page_may_write_it() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let path = format!("/control/s/{session}/hand");
    let open = json!({ "response": { "headers": [["access-control-allow-origin", "*"]] } }).to_string();
    let (mark, json) = (("x-cors-lab", "1"), ("content-type", "application/json"));
    let rebound = ("host", "evil.example:3000");
    for (name, status, headers) in [
        ("no mark", 403, &[json][..]),
        ("a form", 415, &[mark, ("content-type", "text/plain")]),
        ("no type", 415, &[mark]),
        ("another site's name (DNS rebinding)", 421, &[mark, json, rebound]),
        ("another port", 403, &[mark, json, ("sec-fetch-site", "same-site")]),
        ("another site", 403, &[mark, json, ("sec-fetch-site", "cross-site")]),
    ] {
        let got = send(lab.page(), "PUT", &path, headers, open.as_bytes());
        assert_eq!(got.status, status, "{name}: {got:?}");
    }
    for method in ["POST", "PATCH", "DELETE"] {
        let got = send(lab.page(), method, &path, &[mark, json], open.as_bytes());
        assert!(matches!(got.status, 404 | 405), "{method}: {got:?}");
    }
    let large = json!({ "response": { "headers": [["x-a", "x".repeat(20_000)]] } }).to_string();
    assert_eq!(send(lab.page(), "PUT", &path, &[mark, json], large.as_bytes()).outcome(), 413);
    let in_force = lab.control("GET", &format!("/s/{session}/hand"), None).json();
    assert_eq!(in_force["response"]["headers"], json!([]), "nothing changed");
}

#[test]
fn a_slow_response_keeps_no_other_waiting() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let slow = json!({ "delay_ms": 3000 });
    lab.put_hand(&session, &json!({ "response": slow }));
    let path = format!("/s/{session}/hand/notes");
    let started = Instant::now();
    thread::scope(|scope| {
        let slow: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (send(lab.api(), "GET", &path, &[], b"").status, started.elapsed())))
            .collect();
        thread::sleep(Duration::from_millis(300));
        for other in ["/api/notes".to_owned(), format!("/s/{session}/api/notes")] {
            let from = Instant::now();
            assert_eq!(send(lab.api(), "GET", &other, &[], b"").status, 200);
            assert!(from.elapsed() < Duration::from_secs(1), "{other} took {:?}", from.elapsed());
        }
        // The control API waits for no lock.
        let from = Instant::now();
        lab.put_hand(&session, &json!({}));
        assert!(from.elapsed() < Duration::from_secs(1), "writing it took {:?}", from.elapsed());
        for slow in slow {
            let (status, after) = slow.join().expect("no panic");
            assert_eq!(status, 200);
            assert!(after >= Duration::from_secs(3), "it came after {after:?}");
            assert!(after < Duration::from_secs(6), "they don't wait for each other: {after:?}");
        }
    });
}

#[test]
fn a_closed_connection_has_no_byte_of_a_response() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let closed = json!({ "close": true, "headers": [["access-control-allow-origin", "*"]] });
    lab.put_hand(&session, &json!({ "preflight": closed, "response": closed }));
    for cached in ["", "/cached"] {
        for (method, body) in [("GET", &b""[..]), ("POST", b"a note"), ("HEAD", b"")] {
            let path = format!("/s/{session}{cached}/hand/notes?run=a1");
            let got: Option<WireResponse> = try_send(lab.api(), method, &path, &[], body);
            assert!(got.is_none(), "{cached} {method}: {got:?}");
        }
    }
    let log = lab.control("GET", &format!("/s/{session}/exchanges?run=a1"), None).json();
    let exchanges = log["exchanges"].as_array().expect("a list");
    assert_eq!(exchanges.len(), 6, "{log}");
    for exchange in exchanges {
        assert_eq!((&exchange["closed"], &exchange["status"]), (&json!(true), &json!(null)), "{exchange}");
        assert_eq!(exchange["response_headers"], json!([]), "{exchange}");
    }
    // The next connection is served.
    let mut connection = Connection::open(lab.api());
    assert_eq!(connection.send("GET", "/api/notes", &[], b"").status, 200);
}

#[test]
fn the_log_tells_what_it_was() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    lab.put_hand(&session, &json!({ "preflight": { "status": 401 } }));
    let path = format!("/s/{session}/hand/notes?run=a1");
    let headers = [("origin", lab.page()), ("access-control-request-method", "PUT")];
    send(lab.api(), "OPTIONS", &path, &headers, b"");
    send(lab.api(), "PUT", &path, &headers[..1], b"");
    let log = lab.control("GET", &format!("/s/{session}/exchanges?run=a1"), None).json();
    let told = |index: usize| {
        let of = |name: &str| log["exchanges"][index][name].clone();
        (of("preflight"), of("reached_handler"), of("status"), of("closed"))
    };
    assert_eq!(told(0), (json!(true), json!(false), json!(401), json!(false)));
    assert_eq!(told(1), (json!(false), json!(true), json!(200), json!(false)));
}
