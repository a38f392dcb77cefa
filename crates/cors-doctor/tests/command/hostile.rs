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

#[allow(clippy::too_many_lines, reason = "a table")]
#[test]
fn an_audit_of_a_hostile_server_ends_in_time() {
    let reflects = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://cors-audit.example\r\naccess-control-allow-credentials: true\r\ncontent-length: 0\r\n\r\n";
    let rows = [
        (
            "never responds",
            hostile(|stream, _| {
                thread::sleep(Duration::from_secs(60));
                drop(stream);
            }),
        ),
        (
            "responds once, then never",
            hostile(move |mut stream, number| {
                if number > 0 {
                    thread::sleep(Duration::from_secs(60));
                }
                let _ = stream.write_all(reflects.as_bytes());
            }),
        ),
        (
            "a head byte by byte, without an end",
            hostile(|mut stream, _| {
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            }),
        ),
        (
            "header lines without an end",
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                while stream.write_all(b"access-control-allow-origin: https://cors-audit.example\r\n").is_ok()
                {
                }
            }),
        ),
        (
            "a body without an end",
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\n\r\n");
                while stream.write_all(&[b'x'; 8192]).is_ok() {}
            }),
        ),
        (
            "chunks without an end",
            hostile(|mut stream, _| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                while stream.write_all(b"1\r\nx\r\n").is_ok() {}
            }),
        ),
        (
            "100 Continue without an end",
            hostile(|mut stream, _| while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}),
        ),
        (
            "another response each time",
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
            hostile(writes(
                "HTTP/1.1 200 \u{1b}[2J\r\naccess-control-allow-origin: https://cors-audit.example\u{1b}]0;owned\u{7}\r\nserver: \u{1b}[31m\u{9b}31m\u{202e}\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        (
            // What HTTP allows in a value and a terminal obeys: C1 controls, and marks that turn the direction of text.
            "escape sequences that HTTP lets through",
            hostile(writes(
                "HTTP/1.1 200 OK\r\naccess-control-allow-origin: https://\u{9b}31m\u{202e}.example\r\naccess-control-allow-credentials: \u{9b}2Jtrue\r\nvary: \u{85}\r\nserver: \u{9b}31m\u{202e}\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        (
            "a redirect to somewhere else",
            hostile(writes(
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\u{1b}[2J\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n",
            )),
        ),
        ("closes at once", hostile(|stream, _| drop(stream))),
    ];
    // Side by side, since most of the time is spent waiting.
    thread::scope(|scope| {
        for (name, url) in &rows {
            scope.spawn(move || {
                let start = Instant::now();
                let result = run(&["audit", url, "--origin", "https://app.example", "--max-time", "1"]);
                let took = start.elapsed();
                // One second for each of its requests would be the worst; half a minute says that it gave up before.
                assert!(took < Duration::from_secs(30), "{name}: {took:?}");
                assert!(
                    matches!(result.status, 0 | 1 | 3 | 4),
                    "{name}: {}\n{}{}",
                    result.status,
                    result.out,
                    result.err
                );
                let printed = format!("{}{}", result.out, result.err);
                let obeyed = |char: char| {
                    (char.is_control() && char != '\n') || char == '\u{202e}' || char == '\u{9b}'
                };
                assert!(!printed.contains(obeyed), "{name}: {printed:?}");
                assert!(printed.len() < 20_000, "{name}: {} bytes", printed.len());
                if name.starts_with("never") || name.starts_with("closes") {
                    assert_eq!(result.status, 3, "{name}: {printed}");
                }
                assert!(!printed.contains("panicked"), "{name}: {printed}");
            });
        }
    });
}
