//! Where there is no response, it says why.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{run, server::permissive};

const PAGE: &str = "http://app.example";

/// A server that does this with each connection.
fn raw(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

fn read_request(mut stream: &TcpStream) {
    let mut bytes = [0; 4096];
    let _ = stream.read(&mut bytes);
}

#[test]
fn reasons_are_told_apart() {
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let closed = raw(|stream| {
        read_request(&stream);
    });
    let not_http = raw(|mut stream| {
        read_request(&stream);
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n\r\n");
    });
    let silent = raw(|stream| {
        thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    let cut_off = raw(|mut stream| {
        read_request(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\naccess-contr");
    });
    let label = "a".repeat(64);
    for (url, cause) in [
        (format!("http://127.0.0.1:{refused}/"), "server-down"),
        (format!("http://127.0.0.1:{closed}/"), "connection-closed"),
        (format!("http://127.0.0.1:{not_http}/"), "not-http"),
        (format!("http://127.0.0.1:{silent}/"), "hang"),
        (format!("http://127.0.0.1:{cut_off}/"), "connection-closed"),
        (format!("https://127.0.0.1:{not_http}/"), "tls-failed"),
        (format!("http://{label}.example/"), "host-not-found"),
    ] {
        let result = run(&["check", &url, "--origin", PAGE, "--json", "--max-time", "1"]);
        assert_eq!(result.status, 3, "{url}\n{}{}", result.out, result.err);
        assert_eq!(result.json()["cause"], cause, "{url}\n{}", result.out);
    }
}

#[test]
fn what_is_read_has_a_bound() {
    let endless_body = raw(|mut stream| {
        read_request(&stream);
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 99999999999\r\n\r\n",
        );
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let endless_head = raw(|mut stream| {
        read_request(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").is_ok() {}
    });
    let drop_by_drop = raw(|mut stream| {
        read_request(&stream);
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 1000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    // The first two end long before their time is over.
    for (port, status, most) in [(endless_body, 0, "60"), (endless_head, 3, "60"), (drop_by_drop, 0, "1")] {
        let start = Instant::now();
        let url = format!("http://127.0.0.1:{port}/");
        let result = run(&["check", &url, "--origin", PAGE, "--max-time", most, "--no-probes"]);
        assert_eq!(result.status, status, "{}{}", result.out, result.err);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[test]
fn another_address_is_connected_to() {
    let server = permissive(PAGE);
    let url = format!("http://api.example:{}/", server.port);
    let address = format!("api.example:{}:127.0.0.1", server.port);
    let result = run(&["check", &url, "--origin", PAGE, "--resolve", &address]);
    assert_eq!(result.status, 0, "{}", result.out);
    assert_eq!(server.came()[0].header("host"), Some(format!("api.example:{}", server.port).as_str()));
}

#[test]
fn any_bytes_of_a_server_give_a_verdict() {
    let long = format!("HTTP/1.1 200 OK\r\naccess-control-allow-origin: {}\r\n\r\n", "a".repeat(60_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "vary: a\r\n".repeat(90));
    let rows: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\0\0\0\0".to_vec(),
        b"HTTP/1.1".to_vec(),
        b"HTTP/1.1 999 \r\n\r\n".to_vec(),
        b"HTTP/1.1 20 X\r\n\r\n".to_vec(),
        b"HTTP/0.9 200 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n: x\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: \xff\xfe\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\naccess-control-allow-origin: \x1b[31mred\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"HTTP/1.1 302 Found\r\nlocation: \xff\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 302 Found\r\nlocation: http://[::\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
        "HTTP/1.1 200 OK\r\naccess-control-allow-origin: http://\u{202e}elpmaxe\r\ncontent-length: 0\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\naccess-control-allow-origin: http://\u{9b}31mred\u{85}\r\ncontent-length: 0\r\n\r\n".into(),
        long.into_bytes(),
        many.into_bytes(),
        vec![b'x'; 200_000],
    ];
    for bytes in rows {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        let port = raw(move |mut stream| {
            read_request(&stream);
            let _ = stream.write_all(&bytes);
        });
        for more in [&[][..], &["--json"]] {
            let url = format!("http://127.0.0.1:{port}/");
            let mut arguments = vec!["check", &url, "--origin", PAGE, "--max-time", "1"];
            arguments.extend(more);
            let result = run(&arguments);
            assert!([0, 1, 3].contains(&result.status), "{start:?}: {} {}", result.status, result.err);
            assert_eq!(result.err, "", "{start:?}");
            let obeyed = |char: char| (char.is_control() && char != '\n') || char == '\u{202e}';
            assert!(!result.out.contains(obeyed), "{start:?}\n{:?}", result.out);
        }
    }
}
