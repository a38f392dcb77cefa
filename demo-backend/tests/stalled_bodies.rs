//! A request whose body does not come is given up, and its connection closed, on each of the servers.

mod lab;

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use lab::{TestLab, send};
use serde_json::json;

/// Far longer than a body may take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
enum Body {
    /// Part of what its length says.
    Part,
    /// Nothing of what its length says.
    Nothing,
    /// A chunk, and no end.
    Chunk,
    /// Part of a chunk.
    PartOfChunk,
    /// A byte now and then.
    Trickle,
}

/// Sends a request whose body never ends, and reads until the server closes the connection.
fn stall(origin: &str, method: &str, path: &str, body: Body) -> String {
    let host = origin.strip_prefix("http://").expect("an http origin");
    let mut stream = TcpStream::connect(host).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    let framing = match body {
        Body::Part | Body::Nothing | Body::Trickle => "content-length: 1000",
        Body::Chunk | Body::PartOfChunk => "transfer-encoding: chunked",
    };
    let start = match body {
        Body::Part | Body::Trickle => "{",
        Body::Nothing => "",
        Body::Chunk => "1\r\n{\r\n",
        Body::PartOfChunk => "ff\r\n{",
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: https://a.example\r\nx-cors-lab: 1\r\n\
         content-type: application/json\r\n{framing}\r\n\r\n{start}"
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut reader = stream.try_clone().expect("a second handle");
    let trickle = matches!(body, Body::Trickle).then(|| {
        thread::spawn(move || {
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(200));
            }
        })
    });
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => response.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{method} {path}, {body:?}: {error}; {response:?}"),
        }
    }
    let _ = reader.shutdown(Shutdown::Both);
    if let Some(trickle) = trickle {
        trickle.join().expect("no panic");
    }
    String::from_utf8(response).expect("a response is text")
}

#[test]
fn they_are_given_up() {
    let lab = TestLab::start();
    let session = lab.session(&json!({ "allow_origins": ["https://a.example"], "allow_methods": ["PUT"] }));
    let origins = lab.running.origins();
    let api = |route: &str| format!("/s/{session}{route}");
    let control = |route: &str| format!("/control/s/{session}{route}");
    // What reads a body, what has no use for one, what is refused anyway, and a preflight.
    let requests = [
        (&origins.api, "POST", api("/api/notes")),
        (&origins.api, "PUT", api("/cached/api/notes/1")),
        (&origins.api, "GET", api("/cached/api/notes")),
        (&origins.api, "OPTIONS", api("/api/notes/1")),
        (&origins.api, "GET", "/s/aaaaaaaaaaaaaaaa/api/notes".to_owned()),
        (&origins.page, "POST", "/control/sessions".to_owned()),
        (&origins.page, "PUT", control("/policy")),
        (&origins.page, "POST", control("/predict")),
        (&origins.page, "GET", "/".to_owned()),
        (&origins.page, "GET", control("/policy")),
        (&origins.attacker, "GET", "/".to_owned()),
        (&origins.attacker, "POST", "/".to_owned()),
    ];
    thread::scope(|scope| {
        for (origin, method, path) in &requests {
            for body in [Body::Part, Body::Nothing, Body::Chunk, Body::PartOfChunk, Body::Trickle] {
                scope.spawn(move || {
                    let response = stall(origin, method, path, body);
                    let case = format!("{method} {origin}{path}, {body:?}: {response}");
                    assert!(response.starts_with("HTTP/1.1 408 "), "{case}");
                    assert!(response.contains("did not arrive within 5 seconds"), "{case}");
                });
            }
        }
    });
    // Nothing was done, and the servers serve.
    let log = lab.control("GET", &format!("/s/{session}/exchanges"), None).json();
    assert_eq!(log["exchanges"], json!([]), "a request that did not arrive is none");
    let notes = send(lab.api(), "GET", &api("/api/notes"), &[], b"").json();
    assert_eq!(notes.as_array().map(Vec::len), Some(3), "{notes}");
}

/// Too long a body is refused as soon as it is too long, whether it says so or not, and never kept whole.
#[test]
fn too_long_a_body_is_refused_while_it_comes() {
    let lab = TestLab::start();
    let origins = lab.running.origins();
    for origin in [&origins.api, &origins.page, &origins.attacker] {
        let whole = vec![b'x'; 64 * 1024 + 1];
        let response = send(origin, "POST", "/api/notes", &[], &whole);
        assert_eq!(response.status, 413, "{origin}: {response:?}");
        let chunk = [b"10001\r\n", &whole[..], b"\r\n"].concat();
        let response = send(origin, "POST", "/api/notes", &[("transfer-encoding", "chunked")], &chunk);
        assert_eq!(response.status, 413, "{origin}: {response:?}");
        assert_eq!(response.json()["error"], "a body has at most 65536 bytes", "{origin}");
    }
}
