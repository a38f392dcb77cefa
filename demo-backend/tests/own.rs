//! *Your own API* sends where it may, and nowhere else: each test is named for what somebody could try.

mod lab;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use demo_backend::{Options, Output, Running};
use lab::{TestLab, WireResponse, send};
use serde_json::{Value, json};

/// What a server on this machine was sent: the first lines, the headers with names in lower case, and the body.
#[derive(Clone, Debug)]
struct Got {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(listed, _)| listed == name).map(|(_, value)| value.as_str())
    }
}

/// A server of somebody's own, which responds as told and remembers what it got.
struct Own {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Own {
    fn start(respond: impl Fn(&Got) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it has an address").port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (seen, respond) = (Arc::clone(&got), Arc::new(respond));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, respond) = (Arc::clone(&seen), Arc::clone(&respond));
                thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        seen.lock().unwrap().push(request.clone());
                        let _ = (&stream).write_all(respond(&request).as_bytes());
                    }
                });
            }
        });
        Self { port, got }
    }

    /// One that responds the same to everything.
    fn constant(head: impl Into<String>) -> Self {
        let head = head.into();
        Self::start(move |_| format!("{head}\r\ncontent-length: 2\r\n\r\n[]"))
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.got().into_iter().map(|got| got.line).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    (!line.is_empty()).then(|| Got { line: line.trim().replace(" HTTP/1.1", ""), headers, body })
}

/// A name, the status to expect, a method, and headers.
type Row<'a> = (&'a str, u16, &'a str, &'a [(&'a str, &'a str)]);

fn play(lab: &TestLab, wanted: &Value) -> WireResponse {
    lab.control("POST", "/own/play", Some(wanted))
}

fn played(lab: &TestLab, wanted: &Value) -> Value {
    let response = play(lab, wanted);
    assert_eq!(response.outcome(), 200, "{wanted}: {:?}", String::from_utf8_lossy(&response.body));
    response.json()
}

const OPEN: &str = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\naccess-control-allow-methods: *\r\naccess-control-allow-headers: *, authorization";

#[test]
fn the_attackers_page_cannot_use_it() {
    let lab = TestLab::start();
    let own = Own::constant(OPEN);
    let body = json!({ "url": own.url("/items"), "request": {} }).to_string();
    let attacker = &*lab.running.origins().attacker;
    let (mark, json) = (("x-cors-lab", "1"), ("content-type", "application/json"));
    let port = lab.page().rsplit(':').next().expect("a port").to_owned();
    let rebound = &*format!("rebound.example:{port}");
    let rows: &[Row<'_>] = &[
        ("a form", 403, "POST", &[("content-type", "text/plain"), ("origin", attacker)]),
        ("a fetch() without the mark", 403, "POST", &[json, ("origin", attacker)]),
        (
            "its preflight",
            403,
            "OPTIONS",
            &[
                ("origin", attacker),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type,x-cors-lab"),
            ],
        ),
        ("another port, by Sec-Fetch-Site", 403, "POST", &[mark, json, ("sec-fetch-site", "same-site")]),
        ("another site, by Sec-Fetch-Site", 403, "POST", &[mark, json, ("sec-fetch-site", "cross-site")]),
        ("no JSON", 415, "POST", &[mark, ("content-type", "text/plain")]),
        ("a rebound host name", 421, "POST", &[mark, json, ("host", rebound)]),
        (
            "a rebound host name, same-origin",
            421,
            "POST",
            &[mark, json, ("host", rebound), ("sec-fetch-site", "same-origin")],
        ),
    ];
    for path in ["/control/own/play", "/control/own/probe"] {
        for &(name, status, method, headers) in rows {
            let response = send(lab.page(), method, path, headers, body.as_bytes());
            assert_eq!(response.outcome(), u64::from(status), "{name}: {response:?}");
            assert!(!response.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{name}");
        }
    }
    // A GET sends nothing.
    let with_url = format!("/own/play?url={}", own.url("/items"));
    assert_eq!(lab.control("GET", &with_url, None).outcome(), 404);
    assert_eq!(own.lines(), Vec::<String>::new());
    played(&lab, &json!({ "url": own.url("/items"), "request": {} }));
    assert_eq!(own.lines(), ["GET /items"]);
}

#[test]
fn a_request_to_the_labs_own_servers_is_refused() {
    let lab = TestLab::start();
    let origins = lab.running.origins();
    for origin in [&origins.page, &origins.api, &origins.attacker] {
        let port = origin.rsplit(':').next().expect("a port");
        for host in [
            "localhost",
            "127.0.0.1",
            "127.0.0.2",
            "[::1]",
            "127.1",
            "0x7f000001",
            "a.localhost",
            "localhost.",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
        ] {
            let url = format!("http://{host}:{port}/control/config");
            let response = play(&lab, &json!({ "url": url, "request": {} }));
            assert_eq!(response.outcome(), 422, "{url}: {response:?}");
        }
    }
    // The header that opens the control API is never sent, whoever forwards to it.
    let own = Own::constant(OPEN);
    for name in ["x-cors-lab", "X-CORS-Lab", " x-cors-lab "] {
        let request = json!({ "headers": [[name, "1"]] });
        let response = play(&lab, &json!({ "url": own.url("/"), "request": request }));
        assert_eq!(response.outcome(), 422, "{name}");
    }
    assert_eq!(own.lines(), Vec::<String>::new());
}

#[test]
fn a_redirect_to_a_private_address_is_not_followed() {
    let lab = TestLab::start();
    let page = lab.page().to_owned();
    let next = Own::constant(OPEN);
    let rows = [
        ("http://192.168.1.7/items".to_owned(), Some("192.168.1.7 is not a loopback address")),
        ("http://10.0.0.1/".to_owned(), Some("not a loopback address")),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), Some("not the address of a server")),
        (format!("{page}/control/config"), Some("The Lab itself")),
        (page.replace("localhost", "127.0.0.1"), Some("The Lab itself")),
        (page.replace("localhost", "[::1]"), Some("The Lab itself")),
        ("https://localhost:8443/".to_owned(), Some("cors-doctor")),
        (next.url("/items"), None),
    ];
    for (to, refused) in rows {
        let from =
            Own::constant(format!("HTTP/1.1 302 Found\r\naccess-control-allow-origin: *\r\nlocation: {to}"));
        let view = played(&lab, &json!({ "url": from.url("/"), "request": {} }));
        let stopped = view["stopped"].as_str().unwrap_or_default();
        match refused {
            Some(part) => {
                assert!(stopped.contains(part), "{to}: {view}");
                assert_eq!(view["may_send"], false, "{to}: the page must not send what leads there");
                assert_eq!(view["probes"], json!([]), "{to}");
            }
            None => assert_eq!((stopped, &view["follow"]), ("", &json!(true)), "{to}: {view}"),
        }
        assert_eq!(from.lines(), ["GET /"], "{to}");
    }
    assert_eq!(next.lines(), ["GET /items"]);
    // Without a redirect the page must not follow one: nobody has checked where it leads.
    let view = played(&lab, &json!({ "url": next.url("/"), "request": {} }));
    assert_eq!((&view["follow"], &view["may_send"]), (&json!(false), &json!(true)));
}

#[test]
fn endless_redirects_end() {
    let lab = TestLab::start();
    let own = Own::constant("HTTP/1.1 302 Found\r\naccess-control-allow-origin: *\r\nlocation: /again");
    let view = played(&lab, &json!({ "url": own.url("/"), "request": {} }));
    assert!(view["stopped"].as_str().is_some_and(|why| why.contains("at most 5 redirects")), "{view}");
    assert_eq!(own.lines().len(), 6);
}

#[test]
fn nothing_that_changes_something_is_sent_unconfirmed() {
    let lab = TestLab::start();
    for method in ["PUT", "DELETE", "POST", "PATCH", "put", "MOVE", "get2"] {
        let own = Own::constant(OPEN);
        let request = json!({ "method": method });
        let view = played(&lab, &json!({ "url": own.url("/items/1"), "request": request }));
        assert_eq!(view["may_send"], false, "{method}");
        assert!(own.lines().iter().all(|line| line.starts_with("OPTIONS ")), "{method}: {:?}", own.lines());
        // A probe that does so is not offered as if it were harmless.
        for probe in view["probes"].as_array().into_iter().flatten() {
            let is_safe = ["GET", "HEAD", "OPTIONS"].contains(&probe["method"].as_str().unwrap_or_default());
            assert_eq!(probe["unsafe_method"], !is_safe, "{method}: {probe}");
        }
    }
    let own = Own::constant(OPEN);
    let body = json!({ "type": "application/json", "text": "{\"a\": 1}" });
    let request = json!({ "method": "PUT", "body": body });
    let view = played(&lab, &json!({ "url": own.url("/items/1"), "request": request, "confirmed": true }));
    assert_eq!(view["may_send"], true);
    assert_eq!(own.lines(), ["OPTIONS /items/1", "PUT /items/1"]);
    assert_eq!(own.got()[1].body, "{\"a\": 1}");
}

/// What the page decides by is not masked, even if somebody's cookie has such a word as its value.
#[test]
fn a_secret_that_is_a_word_of_the_labs_masks_none_of_its_names() {
    let lab = TestLab::start();
    let own = Own::constant("HTTP/1.1 200 OK\r\ncontent-length: 0");
    for word in
        ["preflight", "request", "policy", "headers", "server", "access-control-allow-origin", "nginx"]
    {
        let wanted = |cookies: &str| json!({ "url": own.url("/a"), "cookies": cookies, "request": { "method": "PUT", "credentials": "include" } });
        let (plain, masked) = (played(&lab, &wanted("")), played(&lab, &wanted(&format!("a={word}"))));
        for name in
            ["/verdict/fix/place", "/rivals", "/messages/0/kind", "/messages/0/decisive", "/servers/0/name"]
        {
            let found = [&plain, &masked].map(|view| view.pointer(name).cloned());
            assert!(found[0].is_some(), "{name} of {plain}");
            assert_eq!(found[0], found[1], "{word}: {name}");
        }
    }
}

#[test]
fn only_credentials_that_were_typed_are_sent_and_only_to_their_origin() {
    let lab = TestLab::start();
    let next = Own::start(|got| {
        let origin = got.header("origin").unwrap_or("null");
        format!(
            "HTTP/1.1 200 OK\r\naccess-control-allow-origin: {origin}\r\naccess-control-allow-credentials: true\r\n\r\n"
        )
    });
    let to = next.url("/next");
    let first = Own::start(move |got| {
        let origin = got.header("origin").unwrap_or("null");
        let allow = format!(
            "access-control-allow-origin: {origin}\r\naccess-control-allow-credentials: true\r\naccess-control-allow-headers: authorization"
        );
        match got.line.as_str() {
            "GET /" => {
                format!("HTTP/1.1 302 Found\r\n{allow}\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            _ => format!("HTTP/1.1 200 OK\r\n{allow}\r\nset-cookie: kept=no\r\ncontent-length: 0\r\n\r\n"),
        }
    });
    let wanted = |path: &str, credentials: &str| {
        json!({
            "url": first.url(path),
            "cookies": "session=secret-1",
            "request": { "credentials": credentials, "headers": [["authorization", "Bearer secret-2.a"]] },
        })
    };
    let view = played(&lab, &wanted("/a", "include"));
    assert!(!view.to_string().contains("secret-"), "what was typed as a secret is not shown: {view}");
    played(&lab, &wanted("/b", "same-origin"));
    played(&lab, &wanted("/", "include"));
    let cookies = |got: &[Got], line: &str| {
        let one = got.iter().find(|one| one.line == line).unwrap_or_else(|| panic!("no {line}: {got:?}"));
        one.header("cookie").map(ToOwned::to_owned)
    };
    let got = first.got();
    assert_eq!(cookies(&got, "OPTIONS /a"), None, "a preflight has no credentials");
    assert_eq!(cookies(&got, "GET /a").as_deref(), Some("session=secret-1"));
    assert_eq!(cookies(&got, "GET /b"), None);
    assert_eq!(cookies(&got, "GET /").as_deref(), Some("session=secret-1"), "and none that a response set");
    for one in next.got() {
        assert_eq!((one.header("cookie"), one.header("authorization")), (None, None), "{one:?}");
    }
}

#[test]
fn a_header_or_a_cookie_cannot_begin_another_request() {
    let lab = TestLab::start();
    let own = Own::constant(OPEN);
    let split = "1\r\n\r\nGET /other HTTP/1.1\r\nx: ";
    let in_header = json!({ "url": own.url("/"), "request": { "headers": [["x-a", split]] } });
    assert_eq!(played(&lab, &in_header)["verdict"]["allowed"], false, "fetch() throws");
    let in_cookie = json!({ "url": own.url("/"), "cookies": split, "request": { "credentials": "include" } });
    assert_eq!(play(&lab, &in_cookie).outcome(), 422);
    let in_method =
        json!({ "url": own.url("/"), "request": { "method": "GET / HTTP/1.1\r\nx: y\r\n\r\nGET" } });
    assert_eq!(played(&lab, &in_method)["verdict"]["allowed"], false, "fetch() throws");
    assert!(own.lines().is_empty(), "{:?}", own.lines());
}

#[test]
fn probes_are_sent_one_at_a_time_and_none_but_those_that_were_offered() {
    let lab = TestLab::start();
    let own = Own::constant("HTTP/1.1 200 OK");
    let view = played(&lab, &json!({ "url": own.url("/items"), "request": {} }));
    assert_eq!(own.lines(), ["GET /items"], "no probe is sent unasked");
    assert_eq!(view["verdict"]["cause"], "no-cors");
    let choose = |id: &Value, probe: &str, after: usize| {
        lab.control("POST", "/own/probe", Some(&json!({ "id": id, "probe": probe, "after": after })))
    };
    let id = &view["id"];
    assert_eq!(choose(&json!("aaaaaaaaaaaaaaaaaaaa"), "plain-get", 0).outcome(), 404);
    assert_eq!(choose(id, "actual-with-secrets", 0).outcome(), 422);
    assert_eq!(choose(id, "plain-get", 1).outcome(), 422, "of another list");
    assert_eq!(own.lines().len(), 1);
    let after = choose(id, "plain-get", 0);
    assert_eq!(after.outcome(), 200, "{after:?}");
    assert_eq!(after.json()["probed"], 1);
    assert!(own.lines()[1].starts_with("OPTIONS /items?cors-probe="), "{:?}", own.lines());
    assert_eq!(choose(id, "plain-get", 1).outcome(), 422, "it was sent");
}

#[test]
fn a_stalled_server_and_too_many_at_once_are_bounded() {
    let lab = Arc::new(TestLab::start());
    let own = Own::start(|_| {
        thread::sleep(Duration::from_millis(700));
        format!("{OPEN}\r\n\r\n")
    });
    let start = Instant::now();
    let statuses: Vec<u64> = thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| play(&lab, &json!({ "url": own.url("/"), "request": {} })).outcome()))
            .collect();
        all.into_iter().map(|one| one.join().expect("it ends")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 4, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 4, "{statuses:?}");
    // The page responds meanwhile, and later ones are let in.
    assert_eq!(play(&lab, &json!({ "url": own.url("/"), "request": {} })).outcome(), 200);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://localhost:{}/", silent.local_addr().expect("it has an address").port());
    let start = Instant::now();
    let view = played(&lab, &json!({ "url": url, "request": {} }));
    assert_eq!(view["messages"][0]["failure"], "no response in time");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}

#[test]
fn it_is_off_where_others_reach_the_lab() {
    let lab = TestLab::start();
    assert_eq!(lab.control("GET", "/own", None).json(), json!({ "off": null, "remote": false }));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let policy = folder.path().join("cors.toml");
    std::fs::write(&policy, "").expect("the file can be written");
    let own = Own::constant(OPEN);
    for open in 0..3 {
        let at = |index: usize| if index == open { "0.0.0.0:0" } else { "localhost:0" }.to_owned();
        let running = Running::start(&Options {
            page: at(0),
            api: at(1),
            attacker: at(2),
            policy: Some(policy.clone()),
            allow_remote_apis: true,
            output: Output::silent(),
        })
        .expect("free ports");
        let page = &*running.origins().page;
        let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
        let body = json!({ "url": own.url("/"), "request": {} }).to_string();
        let state = send(page, "GET", "/control/own", &headers, b"").json();
        assert!(state["off"].is_string(), "{open}: {state}");
        for path in ["play", "probe"] {
            let response = send(page, "POST", &format!("/control/own/{path}"), &headers, body.as_bytes());
            assert_eq!(response.outcome(), 403, "{open}: {response:?}");
        }
        let document = send(page, "GET", "/own/", &[], b"");
        let csp = document.header("content-security-policy").unwrap_or_default().to_owned();
        assert!(csp.contains("connect-src 'self';"), "{open}: {csp}");
    }
    assert!(own.lines().is_empty());
}

#[test]
fn the_flag_for_remote_apis_keeps_the_lab_itself_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let policy = folder.path().join("cors.toml");
    std::fs::write(&policy, "").expect("the file can be written");
    let free = || "localhost:0".to_owned();
    let running = Running::start(&Options {
        page: free(),
        api: free(),
        attacker: free(),
        policy: Some(policy),
        allow_remote_apis: true,
        output: Output::silent(),
    })
    .expect("free ports");
    let page = &*running.origins().page;
    let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
    let state = send(page, "GET", "/control/own", &headers, b"").json();
    assert_eq!(state, json!({ "off": null, "remote": true }));
    let own = Own::constant(OPEN);
    let port = page.rsplit(':').next().expect("a port");
    for (url, status) in [
        (own.url("/items"), 200),
        (format!("{page}/control/config"), 422),
        (format!("http://[::ffff:7f00:1]:{port}/"), 422),
        (format!("http://0.0.0.0:{port}/"), 422),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), 422),
    ] {
        let body = json!({ "url": url, "request": {} }).to_string();
        let response = send(page, "POST", "/control/own/play", &headers, body.as_bytes());
        assert_eq!(response.outcome(), status, "{url}: {response:?}");
    }
    assert_eq!(own.lines(), ["GET /items"]);
}

#[test]
fn only_its_own_document_may_connect_anywhere() {
    let lab = TestLab::start();
    let csp = |path: &str| {
        let response = send(lab.page(), "GET", path, &[], b"");
        assert_eq!(response.outcome(), 200, "{path}");
        response.header("content-security-policy").unwrap_or_default().to_owned()
    };
    let anywhere = "connect-src 'self' http: https:;";
    assert!(csp("/own/").contains(anywhere), "{}", csp("/own/"));
    assert!(csp("/own/index.html").contains(anywhere));
    for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'none'"] {
        assert!(csp("/own/").contains(part), "{part}");
    }
    for path in ["/", "/index.html", "/attacker/", "/favicon.svg"] {
        assert!(!csp(path).contains(" http:;") && !csp(path).contains("https:"), "{path}: {}", csp(path));
    }
    let moved = send(lab.page(), "GET", "/own", &[], b"");
    assert_eq!((moved.status, moved.header("location")), (307, Some("/own/")));
}
