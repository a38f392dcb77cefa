//! `web_socket`.

use std::io::{Read as _, Write as _};

use crate::running::{Example, Reply, connect, read_head};

const HANDSHAKE: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

pub(crate) fn the_origin_decides() {
    let server = Example::start("web_socket", &[], &[]);
    for origin in ["https://other.example", "null", "http://localhost:5174", "https://localhost:5173"] {
        let (reply, _) = shake_hands(&server, &[&format!("Origin: {origin}")]);
        reply.is_refused(403);
    }
    // Two lines are not an origin.
    let (reply, _) =
        shake_hands(&server, &["Origin: http://localhost:5173", "Origin: https://other.example"]);
    reply.is_refused(403);

    for headers in [&["Origin: http://localhost:5173"][..], &[]] {
        let (reply, mut stream) = shake_hands(&server, headers);
        assert_eq!(reply.status, 101, "{headers:?}: {reply:?}");
        assert_eq!(reply.lines("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
        // A text, masked with zeros; it comes back without a mask.
        stream.write_all(b"\x81\x85\0\0\0\0hello").expect("the server reads");
        let mut echoed = [0; 7];
        stream.read_exact(&mut echoed).expect("the server echoes");
        assert_eq!(&echoed, b"\x81\x05hello");
        // A close, and the server's.
        stream.write_all(b"\x88\x80\0\0\0\0").expect("the server reads");
        let mut closed = [0; 2];
        stream.read_exact(&mut closed).expect("the server closes");
        assert_eq!(closed[0], 0x88);
    }
}

fn shake_hands(server: &Example, headers: &[&str]) -> (Reply, std::net::TcpStream) {
    let address = ([127, 0, 0, 1], server.port()).into();
    let mut stream = connect(address);
    let lines = [&HANDSHAKE[..], headers].concat().join("\r\n");
    let request = format!("GET /ws HTTP/1.1\r\nHost: {address}\r\n{lines}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let head = read_head(&mut stream).expect("the server responds");
    (Reply::parse(&head), stream)
}
