//! `audit` against servers that stall, flood and lie: it ends in time, holds little, prints nothing that a terminal would obey, and
//! doesn't call safe what it did not see.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::run;

/// Exit statuses, as `docs/doctor.md` has them.
const NOTHING: i32 = 0;
const FOUND: i32 = 1;
const NO_CONNECTION: i32 = 3;
const STOPPED: i32 = 4;

/// A server that does this with each connection, in a thread of its own, by its number.
fn hostile(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (serve, count) = (Arc::new(serve), AtomicUsize::new(0));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (serve, number) = (Arc::clone(&serve), count.fetch_add(1, Ordering::Relaxed));
            thread::spawn(move || {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                serve(stream, number);
            });
        }
    });
    format!("http://{address}/me")
}

fn writes(text: &'static str) -> impl Fn(TcpStream, usize) + Send + Sync {
    move |mut stream, _| drop(stream.write_all(text.as_bytes()))
}

/// Writes to the first connection, and leaves the others waiting.
fn writes_once(text: &'static str) -> impl Fn(TcpStream, usize) + Send + Sync {
    move |mut stream, number| {
        if number > 0 {
            thread::sleep(Duration::from_secs(60));
        }
        let _ = stream.write_all(text.as_bytes());
    }
}

#[allow(clippy::too_many_lines, reason = "a table")]
#[test]
fn an_audit_of_a_hostile_server_ends_in_time() {
    let reflects = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://cors-audit.example\r\naccess-control-allow-credentials: true\r\ncontent-length: 0\r\n\r\n";
    let harmless = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    // What it does, the exit status, and the seconds that each request may take.
    let rows = [
        (
            "never responds",
            NO_CONNECTION,
            1,
            hostile(|stream, _| {
                thread::sleep(Duration::from_secs(60));
                drop(stream);
            }),
        ),
        ("responds once, then never", FOUND, 1, hostile(writes_once(reflects))),
        (
            "a head byte by byte, without an end",
            NO_CONNECTION,
            1,
            hostile(|mut stream, _| {
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            }),
        ),
        (
            "header lines without an end",
            NO_CONNECTION,
            60,
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                while stream.write_all(b"access-control-allow-origin: https://cors-audit.example\r\n").is_ok()
                {
                }
            }),
        ),
        (
            "a body without an end",
            FOUND,
            60,
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\n\r\n");
                while stream.write_all(&[b'x'; 8192]).is_ok() {}
            }),
        ),
        (
            "chunks without an end",
            NOTHING,
            60,
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                while stream.write_all(b"1\r\nx\r\n").is_ok() {}
            }),
        ),
        (
            "100 Continue without an end",
            NO_CONNECTION,
            1,
            hostile(|mut stream, _| while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}),
        ),
        (
            "another response each time",
            FOUND,
            1,
            hostile(|mut stream, number| {
                let origin = ["null", "*", "https://cors-audit.example", ""][number % 4];
                let text = format!(
                    "HTTP/1.1 200 OK\r\naccess-control-allow-origin: {origin}\r\ncontent-length: 0\r\n\r\n"
                );
                let _ = stream.write_all(text.as_bytes());
            }),
        ),
        (
            "escape sequences",
            NO_CONNECTION,
            1,
            hostile(writes(
                "HTTP/1.1 200 \u{1b}[2J\r\naccess-control-allow-origin: https://cors-audit.example\u{1b}]0;owned\u{7}\r\nserver: \u{1b}[31m\u{9b}31m\u{202e}\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        (
            // What HTTP allows in a value and a terminal obeys: C1 controls, and marks that turn the direction of text.
            "escape sequences that HTTP lets through",
            NOTHING,
            1,
            hostile(writes(
                "HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://\u{9b}31m\u{202e}.example\r\naccess-control-allow-credentials: \u{9b}2Jtrue\r\nvary: \u{85}\r\nserver: \u{9b}31m\u{202e}\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        (
            "a redirect to somewhere else",
            NOTHING,
            1,
            hostile(writes(
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\u{9b}2J\u{202e}\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        ("closes at once", NO_CONNECTION, 1, hostile(|stream, _| drop(stream))),
        ("is harmless once, then never responds", STOPPED, 1, hostile(writes_once(harmless))),
        (
            "is harmless twice, then closes",
            STOPPED,
            1,
            hostile(move |mut stream, number| {
                if number < 2 {
                    let _ = stream.write_all(harmless.as_bytes());
                }
            }),
        ),
        (
            // The headers that decided are shown next to what was found.
            "escape sequences in what is shown",
            FOUND,
            1,
            hostile(writes(
                "HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\nvary: \u{9b}31m\u{202e}a\u{2066}b\u{200f}c\u{85}\td\r\ncache-control: \u{9b}2J\u{202e}public\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
    ];
    // Side by side, since most of the time is spent waiting.
    thread::scope(|scope| {
        for (name, status, max_time, url) in &rows {
            // Some servers count their connections, so they get one audit.
            let ways: &[&[&str]] = if name.starts_with("escape") {
                &[&[], &["--json"]]
            } else if name.ends_with("then closes") {
                &[&["--json"]]
            } else {
                &[&[]]
            };
            for more in ways {
                scope.spawn(move || {
                    let start = Instant::now();
                    let max_time = max_time.to_string();
                    let mut arguments =
                        vec!["audit", url, "--origin", "https://app.example", "--max-time", &max_time];
                    arguments.extend(*more);
                    let result = run(&arguments);
                    let took = start.elapsed();
                    // One second for each of its requests would be the worst. Those that may take a minute are given up for
                    // their size.
                    assert!(took < Duration::from_secs(30), "{name}: {took:?}");
                    let printed = format!("{}{}", result.out, result.err);
                    assert_eq!(result.status, *status, "{name}: {printed}");
                    let obeyed = |char: char| {
                        (char.is_control() && char != '\n')
                            || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
                    };
                    assert!(!printed.contains(obeyed), "{name}: {printed:?}");
                    assert!(printed.len() < 30_000, "{name}: {} bytes", printed.len());
                    assert!(!printed.contains("panicked"), "{name}: {printed}");
                    if *status == STOPPED {
                        // What was not seen is not called safe.
                        for claim in ["Nothing found: ", "was not allowed here", "\"trusted_is_allowed\": false"] {
                            assert!(!printed.contains(claim), "{name}: {printed}");
                        }
                    }
                });
            }
        }
    });
}
