//! The page's server forwards the paths of the API to the Lab's own API, and nothing to anywhere else.

mod lab;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use lab::{TestLab, comparable, send};
use serde_json::json;

fn host(origin: &str) -> &str {
    origin.trim_start_matches("http://")
}

/// Sends bytes as they are, and returns the response's head.
fn raw(lab: &TestLab, bytes: &str) -> String {
    let mut stream = TcpStream::connect(host(lab.page())).expect("the page is served");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out can be set");
    stream.write_all(bytes.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    // A reset after the response is as good as an end.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server that nobody may be led to: it counts who connects.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it need not wait");
        Self(listener)
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.0.local_addr().expect("an address").port())
    }

    fn was_reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[test]
fn nobody_is_led_anywhere_but_to_the_labs_own_api() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let elsewhere = Elsewhere::start();
    let evil = elsewhere.host();
    let page = host(lab.page());
    let path = format!("/s/{session}/api/notes");
    let since = lab.running.sessions().now_ms();

    // The request's target, its `Host`, and the status.
    for (name, target, host, status) in [
        ("another host", path.clone(), evil.clone(), 421),
        ("a name that leads here", path.clone(), "rebound.example:80".to_owned(), 421),
        ("no port", path.clone(), "localhost".to_owned(), 421),
        ("an empty host", path.clone(), String::new(), 421),
        ("the API's host", path.clone(), lab::api_host(&lab).to_owned(), 421),
        ("user information", path.clone(), format!("{page}@{evil}"), 421),
        ("a whole URL in the path", format!("/http://{evil}/api/notes"), page.to_owned(), 400),
        ("two slashes", format!("//{evil}/api/notes"), page.to_owned(), 404),
        ("a host in the session", format!("/s/{evil}/api/notes"), page.to_owned(), 404),
        ("a user's host", format!("/@{evil}/api/notes"), page.to_owned(), 404),
        ("a host after the path", format!("{path}@{evil}/"), page.to_owned(), 404),
        ("steps up", format!("/s/{session}/api/../../../control/config"), page.to_owned(), 404),
        ("encoded steps up", format!("/s/{session}/api/%2e%2e/%2e%2e/control"), page.to_owned(), 404),
        ("a session that is not there", "/s/aaaaaaaaaaaa/api/notes".to_owned(), page.to_owned(), 404),
        ("a URL in the query", format!("{path}?url=http://{evil}/"), page.to_owned(), 200),
    ] {
        let answer =
            raw(&lab, &format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
    }
    // A target that names a host, as proxies get it, reaches the API or nobody.
    for target in [format!("http://{evil}{path}"), format!("http://{page}{path}")] {
        let answer =
            raw(&lab, &format!("GET {target} HTTP/1.1\r\nhost: {evil}\r\nconnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 421 "), "{target}: {answer}");
        let answer =
            raw(&lab, &format!("GET {target} HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Buy milk"), "{target}: {answer}");
    }
    let answer = raw(&lab, &format!("CONNECT {evil} HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\n\r\n"));
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert!(!elsewhere.was_reached());

    // What was refused for its host never reached the API.
    let reached = lab.control("GET", &format!("/s/{session}/exchanges?since={since}"), None).json();
    let reached = reached["exchanges"].as_array().expect("a list").iter();
    let hosts: Vec<_> = reached.map(|exchange| exchange["request_headers"].to_string()).collect();
    assert!(hosts.iter().all(|lines| lines.contains(lab::api_host(&lab))), "{hosts:?}");
}

#[test]
fn what_is_of_a_connection_alone_ends_at_the_proxy() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let page = host(lab.page());
    let answer = raw(
        &lab,
        &format!(
            "POST /s/{session}/api/notes?run=a1 HTTP/1.1\r\nhost: {page}\r\nconnection: close, X-Secret\r\n\
             x-secret: 1\r\nkeep-alive: timeout=5\r\nte: trailers\r\nupgrade: websocket\r\n\
             proxy-authorization: Basic x\r\nproxy-connection: close\r\nvia: 1.0 somebody\r\n\
             x-kept: 1\r\norigin: {}\r\ncookie: a=b\r\ncontent-type: text/plain\r\n\
             transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            lab.page()
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let log = lab.control("GET", &format!("/s/{session}/exchanges?run=a1"), None).json();
    let exchange = &log["exchanges"][0];
    assert_eq!(exchange["server"], "proxy", "{exchange}");
    let lines: Vec<(String, String)> =
        serde_json::from_value(exchange["request_headers"].clone()).expect("lines");
    let mut lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    lines.sort();
    let expected = [
        "connection: close".to_owned(),
        "content-length: 5".to_owned(),
        "content-type: text/plain".to_owned(),
        "cookie: a=b".to_owned(),
        format!("host: {}", lab::api_host(&lab)),
        format!("origin: {}", lab.page()),
        "via: 1.0 somebody".to_owned(),
        format!("via: 1.1 {page}"),
        "x-kept: 1".to_owned(),
    ];
    assert_eq!(lines, expected);
}

/// Nothing is added, left out or compressed, whatever the status.
#[test]
fn what_the_api_responds_goes_on_as_it_is() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["*"], "expose_headers": ["etag"] }));
    let origin = ("origin", "https://a.example");
    let gzip = ("accept-encoding", "gzip, br");
    for (method, path, headers, body) in [
        ("GET", "notes", vec![], ""),
        ("GET", "notes", vec![origin, gzip], ""),
        ("HEAD", "notes", vec![origin], ""),
        ("OPTIONS", "notes", vec![origin, ("access-control-request-method", "PUT")], ""),
        ("GET", "fail", vec![origin], ""),
        ("GET", "nothing", vec![], ""),
        ("GET", "image.png", vec![gzip], ""),
        ("GET", "events", vec![], ""),
        ("GET", "redirect?to=notes", vec![], ""),
        ("PUT", "notes/2", vec![("content-type", "text/plain")], "by the proxy"),
        ("DELETE", "notes/9", vec![], ""),
        ("GET", "session", vec![], ""),
    ] {
        let target = format!("/s/{session}/api/{path}");
        let direct = send(lab.api(), method, &target, &headers, body.as_bytes());
        let forwarded = send(lab.page(), method, &target, &headers, body.as_bytes());
        let case = format!("{method} {path} {headers:?}");
        assert_eq!(forwarded.status, direct.status, "{case}");
        assert_eq!(forwarded.header("content-length"), direct.header("content-length"), "{case}");
        if path != "session" {
            assert_eq!(forwarded.body, direct.body, "{case}");
        }
        assert_eq!(comparable(forwarded.headers), comparable(direct.headers), "{case}");
    }
}

#[test]
fn a_request_is_bounded_in_size_and_time() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let page = host(lab.page());
    let target = format!("/s/{session}/api/notes");
    let long = "x".repeat(16 * 1024 + 1);
    let answer = send(lab.page(), "POST", &target, &[("content-type", "text/plain")], long.as_bytes());
    assert_eq!(answer.status, 413, "{answer:?}");
    let since = Instant::now();
    let answer = raw(
        &lab,
        &format!(
            "POST {target} HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\ncontent-length: 9\r\n\r\nonly"
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    let held = lab.control("GET", &format!("/s/{session}/notes"), None).json();
    assert_eq!(held["notes"].as_array().map(Vec::len), Some(3), "neither reached the API: {held}");
}

/// A header proves nothing: only the page's server makes the API say that a request came through it.
#[test]
fn a_request_that_says_it_was_forwarded_was_not() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let via = format!("1.1 {}", host(lab.page()));
    let target = format!("/s/{session}/api/notes?run=a1");
    send(lab.api(), "GET", &target, &[("via", &via)], b"");
    let alias = lab.running.origins().api_alias.clone().expect("localhost has an address");
    send(&alias, "GET", &target, &[], b"");
    send(lab.page(), "GET", &target, &[], b"");
    send(lab.api(), "GET", &target, &[], b"");
    let log = lab.control("GET", &format!("/s/{session}/exchanges?run=a1"), None).json();
    let servers: Vec<_> =
        log["exchanges"].as_array().expect("a list").iter().map(|one| one["server"].clone()).collect();
    assert_eq!(servers, ["api", "second", "proxy", "api"]);
}
