//! Servers on ports of loopback, as applications in memory: what the model of a browser sends is sent on to them.

use std::{fmt::Write as _, io};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An application that sends everything on to a port, below a prefix of the path.
macro_rules! relayed {
    ($port:expr, $prefix:expr) => {{
        let (port, prefix) = ($port, String::from($prefix));
        let handler =
            actix_web::web::to(move |request: actix_web::HttpRequest, body: actix_web::web::Bytes| {
                let prefix = prefix.clone();
                async move { $crate::relay::send_on(port, &prefix, &request, &body).await }
            });
        actix_web::test::init_service(actix_web::App::new().default_service(handler)).await
    }};
}
pub(crate) use relayed;

/// These belong to one connection, and the application in memory has none.
const OF_THE_CONNECTION: [header::HeaderName; 4] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::DATE, header::TRANSFER_ENCODING];

pub(crate) async fn send_on(
    port: u16,
    prefix: &str,
    request: &HttpRequest,
    body: &[u8],
) -> io::Result<HttpResponse> {
    let mut head = format!("{} {prefix}{} HTTP/1.1\r\n", request.method(), request.uri().path());
    for (name, value) in request.headers() {
        let _ = write!(head, "{name}: {}\r\n", value.to_str().map_err(io::Error::other)?);
    }
    if !request.headers().contains_key(header::HOST) {
        head += "host: api.example\r\n";
    }
    head += "connection: close\r\n\r\n";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    parse(&String::from_utf8_lossy(&received)).ok_or_else(|| io::Error::other("not a response"))
}

/// The status and the header lines; no row looks at a body.
fn parse(response: &str) -> Option<HttpResponse> {
    let (head, _) = response.split_once("\r\n\r\n")?;
    let (status, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = StatusCode::from_bytes(status.split(' ').nth(1)?.as_bytes()).ok()?;
    let mut response = HttpResponse::build(status);
    for line in lines.lines() {
        let (name, value) = line.split_once(':')?;
        if !OF_THE_CONNECTION.iter().any(|header| name.eq_ignore_ascii_case(header.as_str())) {
            response.append_header((name, value.trim()));
        }
    }
    Some(response.finish())
}

pub(crate) fn a_response_keeps_its_status_and_its_lines() {
    let response =
        parse("HTTP/1.1 403 Forbidden\r\nVary: a\r\nVary: b\r\nDate: x\r\n\r\nbody").expect("a response");
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers().get_all("vary").count(), 2);
    assert!(!response.headers().contains_key("date"));
    assert!(parse("nothing").is_none());
}
