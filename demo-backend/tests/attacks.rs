//! One test for each known way to abuse a server that somebody runs on their own machine, named after it. `docs/hardening.md`
//! has the table; where another file's test covers an abuse, the table names that one.

mod lab;
mod program;

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use lab::{TestLab, send};
use program::{PATIENCE, Started, free_ports, policy_file, program};
use serde_json::json;
use tempfile::TempDir;

/// Sends these bytes, and reads until the server closes the connection.
fn raw(origin: &str, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(origin.trim_start_matches("http://")).expect("it listens");
    connection.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    connection.write_all(bytes).expect("it reads");
    let mut response = Vec::new();
    // A connection that is reset is closed, too.
    let _ = connection.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}

/// The headers of the page's own calls.
const MARKED: [(&str, &str); 2] = [("x-cors-lab", "1"), ("content-type", "application/json")];

fn get(origin: &str, target: &str, host: &str) -> String {
    let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    raw(origin, head.as_bytes())
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

/// A site lets its own name lead to this machine, and is then of the same origin as whatever listens there: Vite
/// (CVE-2025-24010), the SDKs of MCP (CVE-2025-66414, CVE-2025-66416, CVE-2026-34742). No server of the Lab responds to a name
/// that isn't its own.
#[test]
fn dns_rebinding_reaches_none_of_the_servers() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let origins = lab.running.origins().clone();
    let notes = format!("/s/{session}/api/notes");
    for (server, origin, path) in [
        ("the API", &origins.api, "/api/notes"),
        ("the API, a session", &origins.api, &*notes),
        ("the page", &origins.page, "/"),
        ("the page's API", &origins.page, "/control/config"),
        ("the proxy", &origins.page, &*notes),
        ("the page of your own API", &origins.page, "/own/"),
        ("the attacker", &origins.attacker, "/"),
    ] {
        let port = origin.rsplit(':').next().expect("a port");
        for name in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.example",
            "localhost-evil.example",
            "evillocalhost",
            "evil.example.",
            "evil.example@localhost",
            "localhost@evil.example",
            "xn--localhost-.example",
        ] {
            for host in [format!("{name}:{port}"), name.to_owned()] {
                let response = get(origin, path, &host);
                // The page's server leads to its own origin whatever could be a name of this machine.
                let leads_home = response.contains(&format!("\r\nlocation: {origin}/"));
                let is_refused = matches!(status(&response), "400" | "421") || leads_home;
                assert!(is_refused, "{server} as {host}: {response}");
                assert!(!response.contains("Buy milk"), "{server} as {host}: {response}");
                assert!(!response.contains("\r\naccess-control-"), "{server} as {host}: {response}");
            }
        }
        let two = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nhost: evil.example\r\nconnection: close\r\n\r\n"
        );
        assert!(matches!(status(&raw(origin, two.as_bytes())), "400" | "421"), "{server} with two names");
        let own = origin.trim_start_matches("http://");
        let response = get(origin, path, own);
        // The control API wants its mark in addition.
        let expected = if path.starts_with("/control/") { "403" } else { "200" };
        assert_eq!(status(&response), expected, "{server} as {own}: {response}");
    }
}

/// Nothing outside of the folders that are served, however the path is written.
#[test]
fn path_traversal_leaves_no_folder() {
    let lab = TestLab::start();
    let origins = lab.running.origins().clone();
    let ups = [
        "..",
        "%2e%2e",
        "%2E.",
        ".%2e",
        "..%2f..",
        "..%5c..",
        "..\\..",
        "....//..",
        "..;",
        "%252e%252e",
        "..%00",
    ];
    let starts =
        ["/", "//", "/./", "/own/", "/lessons/", "/index.html/", "/app/", "/s/default/", "/s/default/api/"];
    let ends =
        ["/Cargo.toml", "/demo-backend/Cargo.toml", "/demo-backend/cors.toml", "/.git/config", "/etc/passwd"];
    let mut tried = 0;
    for origin in [&origins.page, &origins.attacker, &origins.api] {
        let host = origin.trim_start_matches("http://");
        let mut targets = Vec::new();
        for start in starts {
            for up in ups {
                for end in ends {
                    targets
                        .extend([1, 2, 6].map(|times| format!("{start}{}{end}", vec![up; times].join("/"))));
                }
            }
        }
        let at_once = [
            "/etc/passwd",
            "//etc/passwd",
            "/%2fetc/passwd",
            "/file:///etc/passwd",
            "/.git/config",
            "/.gitignore",
        ];
        targets.extend(at_once.map(ToOwned::to_owned));
        for target in targets {
            let response = get(origin, &target, host);
            tried += 1;
            let is_inside = ["[package]", "[workspace]", "[core]", "root:", "allow_origins ="]
                .iter()
                .all(|text| !response.contains(text));
            assert!(is_inside, "{origin}{target}: {response}");
            assert!(!response.starts_with("HTTP/1.1 200"), "{origin}{target}: {response}");
        }
    }
    assert!(tried > 3000, "{tried}");
}

/// What a request or a policy has in it comes back in no document: everything that repeats something is JSON or plain text,
/// neither of which a browser ever takes for a document with scripts.
#[test]
fn script_injection_into_no_document() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    const ENCODED: &str = "%3Cscript%3Ealert(1)%3C/script%3E";
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["*"] }));
    let origins = lab.running.origins().clone();
    let note = send(
        lab.api(),
        "POST",
        &format!("/s/{session}/api/notes"),
        &[("content-type", "text/plain")],
        SCRIPT.as_bytes(),
    );
    assert_eq!(note.status, 201, "{note:?}");
    lab.control("PUT", &format!("/s/{session}/policy"), Some(&json!({ "allow_origins": [SCRIPT] })));
    let mut repeated = 0;
    for origin in [&origins.page, &origins.attacker, &origins.api] {
        for target in [
            format!("/{SCRIPT}").replace(' ', ""),
            format!("/{ENCODED}"),
            format!("/own/{ENCODED}"),
            format!("/s/{ENCODED}/api/notes"),
            format!("/s/{session}/api/{ENCODED}"),
            format!("/s/{session}/api/notes"),
            format!("/s/{session}/api/notes?run={ENCODED}"),
            format!("/s/{session}/api/redirect?to={ENCODED}"),
            format!("/s/{session}/api/headers?x={ENCODED}"),
            format!("/control/{ENCODED}"),
            format!("/control/s/{ENCODED}/policy"),
            format!("/control/s/{session}/policy"),
            format!("/control/s/{session}/notes"),
            format!("/control/s/{session}/exchanges"),
        ] {
            for also in [&[][..], &[("x-cors-lab", "1")], &[("origin", SCRIPT)], &[("accept", SCRIPT)]] {
                let response = send(origin, "GET", &target, also, b"");
                let body = String::from_utf8_lossy(&response.body);
                if !body.contains(SCRIPT) {
                    continue;
                }
                repeated += 1;
                let kind = response.header("content-type").unwrap_or_default();
                let is_a_document =
                    !["application/json", "text/plain"].iter().any(|plain| kind.starts_with(plain));
                assert!(!is_a_document, "{origin}{target}: {response:?}");
            }
        }
    }
    assert!(repeated > 5, "the notes and the policy are repeated: {repeated}");
    for (origin, path) in [(&origins.page, "/"), (&origins.page, "/own/"), (&origins.attacker, "/")] {
        let document = send(origin, "GET", path, &[], b"");
        let policy = document.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'; script-src "), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{path}: {policy}");
    }
}

/// A Lab in a process of its own, with a session.
struct OtherLab {
    started: Started,
    api: String,
    page: String,
    policy: String,
    session: String,
    _folder: TempDir,
}

impl OtherLab {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let policy = policy_file(folder.path(), "allow_origins = [\"https://a.example\"]");
        let started = Started::new(program(&[&free_ports()[..], &["--policy", &policy]].concat()));
        let [page, api] = ["the page", "the API"].map(|name| {
            let line = started.expect(name);
            assert!(!line.contains('\x1b'), "{line:?}");
            let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
            format!("http://{}", address.expect("an address"))
        });
        started.expect("Ctrl-C");
        let made = send(&page, "POST", "/control/sessions", &MARKED, b"{}");
        let session = made.json()["id"].as_str().expect("an id").to_owned();
        Self { started, api, page, policy, session, _folder: folder }
    }
}

/// A session is known to whoever knows its id: it can't be guessed, and no response says how near a guess was.
#[test]
fn session_guessing() {
    let lab = TestLab::start();
    let ids: BTreeSet<String> =
        (0..200).map(|_| lab.running.sessions().create().expect("random numbers").id().to_owned()).collect();
    assert_eq!(ids.len(), 200);
    for at in 0..20 {
        let letters: BTreeSet<u8> = ids.iter().map(|id| id.as_bytes()[at]).collect();
        assert!(
            ids.iter().all(|id| id.len() == 20) && letters.len() > 24,
            "place {at} has {} letters",
            letters.len()
        );
    }
    // No place says anything of another: of 1024 pairs of letters, 200 ids show about 180.
    for (one, other) in (0..20).flat_map(|one| (0..one).map(move |other| (one, other))) {
        let pairs: BTreeSet<[u8; 2]> =
            ids.iter().map(|id| [one, other].map(|at| id.as_bytes()[at])).collect();
        assert!(pairs.len() > 160, "places {other} and {one} have {} pairs of letters", pairs.len());
    }
    // Nor does a Lab say anything of the next one that is started.
    let first_ids: BTreeSet<String> = (0..2).map(|_| OtherLab::start().session).collect();
    assert_eq!(first_ids.len(), 2, "{first_ids:?}");
    let id = lab.session(&json!({}));
    let near = format!("{}{}", &id[..19], if id.ends_with('a') { 'b' } else { 'a' });
    let guesses =
        [&*near, "aaaaaaaaaaaaaaaaaaaa", &id[..10], &id.to_uppercase(), "%2a", "..", "*", "made", "null"];
    let outcome = |response: &lab::WireResponse| {
        (response.outcome(), response.header("content-type").map(ToOwned::to_owned), response.body.len())
    };
    let unknown = lab.control("GET", "/s/bbbbbbbbbbbbbbbbbbbb/policy", None);
    assert_eq!(unknown.outcome(), 404, "{unknown:?}");
    for guess in guesses {
        let response = lab.control("GET", &format!("/s/{guess}/policy"), None);
        assert_eq!(response.outcome(), 404, "{guess}: {response:?}");
        let response = send(lab.api(), "GET", &format!("/s/{guess}/api/notes"), &[], b"");
        assert_eq!(response.status, 404, "{guess}: {response:?}");
    }
    let near = lab.control("GET", &format!("/s/{near}/policy"), None);
    assert_eq!(outcome(&near), outcome(&unknown));
}

/// Whatever is sent, the terminal gets lines of visible text.
#[test]
fn escape_sequences_into_the_terminal() {
    let lab = OtherLab::start();
    let (started, api, path) = (&lab.started, &lab.api, &lab.policy);
    let host = api.trim_start_matches("http://").to_owned();
    // A server written by hand may send back what it got.
    let by_hand = json!({ "headers": [["access-control-allow-origin", "{origin}"]] });
    let by_hand = json!({ "preflight": by_hand, "response": by_hand }).to_string();
    let session = &lab.session;
    let put = send(&lab.page, "PUT", &format!("/control/s/{session}/hand"), &MARKED, by_hand.as_bytes());
    assert_eq!(put.status, 200, "{put:?}");
    let paths =
        ["/api/notes".to_owned(), format!("/s/{session}/hand/notes"), format!("/s/{session}/cached/hand/a")];
    let visible = "\u{9b}2J\u{202e}moc.elpmaxe\u{85}\u{2028}".bytes().chain([0x9b, 0xff]).collect::<Vec<_>>();
    let evil = [b"\x1b]0;owned\x07\x1b[2J\x08\t", &visible[..]].concat();
    let lines = |method: &[u8], target: &[u8], headers: &[(&str, &[u8])]| {
        let mut bytes = [method, b" ", target, b" HTTP/1.1\r\nhost: ", host.as_bytes(), b"\r\n"].concat();
        for (name, value) in headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"connection: close\r\n\r\n");
        raw(api, &bytes)
    };
    lines(b"GET", &[b"/api/", &evil[..]].concat(), &[]);
    lines(b"GET", b"/api/%1b%5b2J%0d%0aforged?x=%1b%5b2J", &[("origin", b"https://a.example")]);
    lines(&[b"GET", &evil[..]].concat(), b"/api/notes", &[]);
    for name in [
        "origin",
        "cookie",
        "access-control-request-method",
        "access-control-request-headers",
        "x-any",
        "content-type",
    ] {
        for method in [&b"GET"[..], b"OPTIONS", b"PUT"] {
            for value in [&evil, &visible] {
                let mut headers: Vec<(&str, &[u8])> = vec![(name, value)];
                if name != "origin" {
                    headers.push(("origin", b"https://a.example"));
                }
                if name != "access-control-request-method" {
                    headers.push(("access-control-request-method", b"PUT"));
                }
                for path in &paths {
                    lines(method, path.as_bytes(), &headers);
                }
            }
        }
    }
    let mut seen = Vec::new();
    let mut read_until = |text: &str| {
        let mut is_there = false;
        while !is_there {
            let line = started.expect("");
            is_there = line.contains(text);
            seen.push(line);
        }
    };
    for (policy, said) in [
        ("allow_origins = [\"https://\\u001b[2J\\u202e.example\"]", "previous policy stays"),
        ("allow_origins = [\"\u{1b}[2J\"]", "previous policy stays"),
    ] {
        std::fs::write(path, policy).expect("a file can be written");
        read_until(said);
    }
    lines(b"GET", b"/api/notes?the-last", &[]);
    read_until("the-last");
    for line in &seen {
        let is_visible =
            |character: char| !character.is_control() && !('\u{2028}'..='\u{202e}').contains(&character);
        assert!(line.chars().all(is_visible), "{line:?}");
    }
    assert!(seen.iter().any(|line| line.contains("\\x9b")), "what was sent is shown, escaped: {seen:#?}");
}
