//! HTTP/1.1 as bytes on a socket, and HTTP/2 without TLS: what a client library hides or refuses to send.

use actix_web::rt;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{Received, Running, lines_to_compare};

/// A connection that a test writes to by hand.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

/// A response as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How many pieces a body of unknown length came in.
    pub(crate) chunks: usize,
}

impl Response {
    pub(crate) fn into_received(self, also: &[&str]) -> Received {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Received {
            status: self.status,
            lines: lines_to_compare(headers, also),
            body: String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub(crate) async fn connect(server: &Running) -> Self {
        let address = server.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("the server listens");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.expect("the server reads");
    }

    /// Sends a request without a body, and reads the response.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, lines: &[&str]) -> Option<Response> {
        self.send(&format!("{method} {path} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"))).await;
        self.receive(method == "HEAD").await
    }

    /// The next response; none once the server has closed the connection.
    pub(crate) async fn receive(&mut self, head_only: bool) -> Option<Response> {
        let status_line = self.line().await?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let mut response = Response { status, headers: Vec::new(), body: Vec::new(), chunks: 0 };
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header line: {line:?}"));
            response.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if head_only || status == 204 || status == 304 {
            return Some(response);
        }
        if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                response.body.extend(chunk);
                response.chunks += 1;
            }
        } else {
            let length = response.header("content-length").and_then(|length| length.parse().ok());
            response.body = self.exactly(length.unwrap_or(0)).await;
        }
        Some(response)
    }

    /// The next piece of a chunked body; none after the last.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = self.line().await.expect("a chunk's length");
        let length = usize::from_str_radix(&length, 16).expect("a chunk's length");
        let chunk = self.exactly(length).await;
        self.line().await.expect("a chunk's end");
        (length > 0).then_some(chunk)
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.expect("the body is whole");
        bytes
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        // A connection that is reset is closed, too.
        let read = self.stream.read_line(&mut line).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end_matches("\r\n").to_owned())
    }
}

/// Sends one request in HTTP/2 without negotiation, on a connection of its own. `base` is its scheme and authority.
pub(crate) async fn ask_h2(
    server: &Running,
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Received {
    let address = server.url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("a server that speaks HTTP/2");
    let connection = rt::spawn(connection);
    let request = http::Request::builder().method(method).uri(format!("{base}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(()).expect("a request");
    let (response, _) = sender.send_request(request, true).expect("a stream");
    let (head, mut stream) = response.await.expect("a response").into_parts();
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece.expect("a whole body");
        stream.flow_control().release_capacity(piece.len()).expect("capacity to release");
        body.extend(piece);
    }
    connection.abort();
    let lines = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Received {
        status: head.status.as_u16(),
        lines: lines_to_compare(lines, &[]),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
