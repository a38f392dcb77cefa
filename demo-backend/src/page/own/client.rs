//! Sends one request over a socket of its own, and reads the response as it is: nothing is followed, decoded, remembered or sent
//! twice, and nothing is read without an end.

use std::{io, time::Duration};

use actix_web::rt::net::TcpStream;
use cors_doctor::probe::no_response;
use fetch_cors::{
    browser::Response,
    diagnosis::{Failure, Received, Sent},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

use super::target::Target;

/// How long each part of an exchange may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Until there is a connection, at each address.
    pub(super) connect: Duration,
    /// Until the head of the response is complete.
    pub(super) head: Duration,
    /// Until the start of its body is.
    pub(super) body: Duration,
    /// All requests of one fetch together.
    pub(super) total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            head: Duration::from_secs(6),
            body: Duration::from_secs(1),
            total: Duration::from_secs(20),
        }
    }
}

/// The longest head of a response, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The most header lines.
const MAX_LINES: usize = 128;
/// The bytes of a body that are kept; what it is shows in them.
const MAX_BODY: usize = 2048;
/// The bytes that are read for it, with what frames its chunks.
const MAX_FRAMED: usize = 2 * MAX_BODY;
/// The most interim responses (1xx) before the final one.
const MAX_INTERIM: usize = 8;

/// What comes of a request.
pub(super) async fn exchange(
    target: &Target,
    sent: &Sent,
    body: &[u8],
    cookies: Option<&str>,
    limits: &Limits,
    end: Instant,
) -> Received {
    match try_exchange(target, sent, body, cookies, limits, end).await {
        Ok((head, body)) => Received::Response { head, body },
        Err(failure) => Received::Failed(failure),
    }
}

async fn try_exchange(
    target: &Target,
    sent: &Sent,
    body: &[u8],
    cookies: Option<&str>,
    limits: &Limits,
    end: Instant,
) -> Result<(Response, Vec<u8>), Failure> {
    let request = written(sent, body, cookies)?;
    let mut stream = connect(target, limits, end).await?;
    let until = |limit: Duration| end.min(Instant::now() + limit);
    let deadline = until(limits.head);
    let (head, rest) = timeout_at(deadline, async {
        // A server may respond, and close, before it has read all.
        let wrote = stream.write_all(&request).await;
        match read_head(&mut stream).await {
            Err(Failure::Closed) => Err(wrote.err().map_or(Failure::Closed, |error| no_response(&error))),
            read => read,
        }
    })
    .await
    .map_err(|_| Failure::TimedOut)??;
    let has_none = sent.method == "HEAD" || matches!(head.status(), 204 | 304);
    let body =
        if has_none { Vec::new() } else { read_body(&mut stream, &head, rest, until(limits.body)).await };
    Ok((head, body))
}

/// The address that was checked is the one that is connected to: no name is looked up here.
async fn connect(target: &Target, limits: &Limits, end: Instant) -> Result<TcpStream, Failure> {
    let mut failure = Failure::NameNotResolved;
    for &address in &target.addresses {
        let deadline = end.min(Instant::now() + limits.connect);
        failure = match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => no_response(&error),
            Err(_) => Failure::TimedOut,
        };
    }
    Err(failure)
}

/// The request as bytes.
fn written(sent: &Sent, body: &[u8], cookies: Option<&str>) -> Result<Vec<u8>, Failure> {
    let url = &sent.url;
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut bytes = format!("{} {}{query} HTTP/1.1\r\n", sent.method, url.path()).into_bytes();
    let mut lines: Vec<(&str, &[u8])> = vec![("host", host.as_bytes())];
    lines.extend(sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
    let mut add = |name: &'static str, value| {
        if sent.header(name).is_none() {
            lines.push((name, value));
        }
    };
    add("accept", b"*/*");
    add("user-agent", concat!("cors-lab/", env!("CARGO_PKG_VERSION")).as_bytes());
    add("connection", b"close");
    if let Some(cookies) = cookies.filter(|_| sent.includes_credentials) {
        lines.push(("cookie", cookies.as_bytes()));
    }
    let body = if sent.has_body { body } else { &[] };
    let length = body.len().to_string();
    // As browsers do: an empty body of these methods is said to be empty.
    if sent.has_body || matches!(sent.method.as_str(), "POST" | "PUT" | "PATCH") {
        lines.push(("content-length", length.as_bytes()));
    }
    for (name, value) in lines {
        // The model lets no such value through; another request must not begin within this one.
        if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(Failure::Unknown(format!("the value of {name} has a line break")));
        }
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// The head of the final response, and what came with it of the body.
async fn read_head(stream: &mut TcpStream) -> Result<(Response, Vec<u8>), Failure> {
    let mut bytes = Vec::new();
    let mut interim = 0;
    loop {
        while let Some((head, length)) = parse_head(&bytes)? {
            bytes.drain(..length);
            if !(100..=199).contains(&head.status()) || head.status() == 101 {
                return Ok((head, bytes));
            }
            interim += 1;
            if interim > MAX_INTERIM {
                return Err(Failure::NotHttp);
            }
        }
        if bytes.len() > MAX_HEAD {
            return Err(Failure::Unknown(format!(
                "the head of the response is longer than {} KiB",
                MAX_HEAD / 1024
            )));
        }
        if read_some(stream, &mut bytes).await.map_err(|error| no_response(&error))? == 0 {
            return Err(Failure::Closed);
        }
    }
}

async fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).await?;
    bytes.extend_from_slice(&buffer[..count]);
    Ok(count)
}

/// A head and its length, if all of it is there.
fn parse_head(bytes: &[u8]) -> Result<Option<(Response, usize)>, Failure> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut parsed = httparse::Response::new(&mut lines);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let head = Response::new(parsed.code.unwrap_or_default());
            let head = parsed.headers.iter().fold(head, |head, line| head.header(line.name, line.value));
            Ok(Some((head, length)))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            Err(Failure::Unknown(format!("the response has more than {MAX_LINES} header lines")))
        }
        Err(_) => Err(Failure::NotHttp),
    }
}

/// The start of a body. One that breaks off, or stalls, has no less of a head.
async fn read_body(
    stream: &mut TcpStream,
    head: &Response,
    mut bytes: Vec<u8>,
    deadline: Instant,
) -> Vec<u8> {
    let value = |name| head.headers().get(name).unwrap_or_default();
    let is_chunked = value("transfer-encoding").to_ascii_lowercase().ends_with(b"chunked");
    let length = String::from_utf8_lossy(&value("content-length")).trim().parse().unwrap_or(usize::MAX);
    let wanted = if is_chunked { MAX_FRAMED } else { length.min(MAX_BODY) };
    let is_whole = |bytes: &[u8]| bytes.len() >= wanted || is_chunked && dechunked(bytes).1;
    while !is_whole(&bytes) {
        match timeout_at(deadline, read_some(stream, &mut bytes)).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => break,
        }
    }
    let mut body = if is_chunked { dechunked(&bytes).0 } else { bytes };
    body.truncate(length.min(MAX_BODY));
    body
}

/// What is there of a body in chunks, and whether that is all of it.
fn dechunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) {
        if size == 0 {
            return (body, true);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let rest = &bytes[start..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        // After a chunk there is a line break.
        match size.checked_add(2).and_then(|size| rest.get(size..)) {
            Some(next) => bytes = next,
            None => break,
        }
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{SocketAddr, TcpListener},
        thread,
    };

    use fetch_cors::browser::Url;

    use super::{super::target::Reach, *};

    const QUICK: Limits = Limits {
        connect: Duration::from_millis(500),
        head: Duration::from_millis(500),
        body: Duration::from_millis(200),
        total: Duration::from_secs(2),
    };

    /// A server that handles one connection as told; the connection is closed after that.
    fn server(act: impl FnOnce(&mut std::net::TcpStream) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            act(&mut stream);
        });
        address
    }

    fn sent(address: SocketAddr) -> Sent {
        Sent {
            method: "GET".to_owned(),
            // The name is nobody's: only the address that was checked leads anywhere.
            url: Url::parse(&format!("http://nobody.invalid:{}/items?a=b", address.port())).unwrap(),
            headers: vec![("origin".to_owned(), b"http://localhost:3000".to_vec())],
            is_preflight: false,
            has_body: false,
            includes_credentials: false,
        }
    }

    async fn received(address: SocketAddr) -> Received {
        received_within(address, &QUICK).await
    }

    async fn received_within(address: SocketAddr, limits: &Limits) -> Received {
        let target = Target { addresses: vec![address], reach: Reach::ThisMachine, is_fixed: true };
        exchange(&target, &sent(address), b"", None, limits, Instant::now() + limits.total.max(limits.body))
            .await
    }

    async fn receive(text: &'static [u8]) -> Received {
        let address = server(move |stream| {
            let _ = stream.write_all(text);
        });
        received(address).await
    }

    fn head(received: &Received) -> (u16, Vec<(String, String)>) {
        let Received::Response { head, .. } = received else { panic!("{received:?}") };
        let lines = head.headers().iter();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        (head.status(), lines.map(|(name, value)| (name.to_owned(), text(value))).collect())
    }

    fn body(received: &Received) -> &[u8] {
        let Received::Response { body, .. } = received else { panic!("{received:?}") };
        body
    }

    #[actix_web::test]
    async fn a_response_is_as_it_was_on_the_wire() {
        let got = receive(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Origin: a\r\nContent-Length: 3\r\n\r\nabcdef").await;
        let (status, lines) = head(&got);
        assert_eq!(status, 200);
        assert_eq!(lines.iter().filter(|(_, value)| value == "*" || value == "a").count(), 2);
        assert_eq!(body(&got), b"abc");
        let got =
            receive(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .await;
        assert_eq!(body(&got), b"abcde");
        let got = receive(b"HTTP/1.0 404 Not Found\r\n\r\nuntil it closes").await;
        assert_eq!(body(&got), b"until it closes");
        let got =
            receive(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").await;
        assert_eq!(head(&got).0, 204);
    }

    #[actix_web::test]
    async fn an_endless_body_ends() {
        for start in
            [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]
        {
            let is_chunked = start.len() > 25;
            let address = server(move |stream| {
                let _ = stream.write_all(start);
                let piece =
                    if is_chunked { b"10\r\n0123456789abcdef\r\n".to_vec() } else { vec![b'a'; 4096] };
                while stream.write_all(&piece).is_ok() {}
            });
            // It is given up for its size, long before its time is over.
            let (patient, start) = (Limits { body: Duration::from_secs(60), ..QUICK }, Instant::now());
            let got = received_within(address, &patient).await;
            assert_eq!(body(&got).len(), MAX_BODY);
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        }
        // A chunk that is said to be as large as can be.
        let got =
            receive(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nabc").await;
        assert_eq!(body(&got), b"abc");
    }

    #[actix_web::test]
    async fn an_endless_head_ends() {
        for piece in [
            &b"x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"[..],
            b"aaaaaaaaaaaaaaaa",
            b"HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            let address = server(move |stream| {
                if piece.starts_with(b"x-a") {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                } else if piece.starts_with(b"a") {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: ");
                }
                while stream.write_all(piece).is_ok() {}
            });
            let got = received(address).await;
            assert!(matches!(got, Received::Failed(Failure::Unknown(_) | Failure::NotHttp)), "{got:?}");
        }
    }

    #[actix_web::test]
    async fn a_stalled_server_is_given_up() {
        let stall = |text: &'static [u8]| {
            server(move |stream| {
                let _ = stream.write_all(text);
                thread::sleep(Duration::from_secs(3));
            })
        };
        let start = Instant::now();
        assert_eq!(received(stall(b"")).await, Received::Failed(Failure::TimedOut));
        assert_eq!(received(stall(b"HTTP/1.1 200 OK\r\nx-a:")).await, Received::Failed(Failure::TimedOut));
        let got = received(stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")).await;
        assert_eq!(body(&got), b"abc", "what came is kept");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    #[actix_web::test]
    async fn failures_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(received(address).await, Received::Failed(Failure::Refused));
        assert_eq!(receive(b"").await, Received::Failed(Failure::Closed));
        assert_eq!(receive(b"SSH-2.0-OpenSSH_9.2\r\n").await, Received::Failed(Failure::NotHttp));
    }

    #[actix_web::test]
    async fn a_header_is_no_other_request() {
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let mut request = sent(address);
        request.includes_credentials = true;
        assert!(written(&request, b"", Some("a=1")).is_ok());
        assert!(written(&request, b"", Some("a=1\r\nx-b: 2")).is_err());
        request.headers.push(("x-a".to_owned(), b"1\r\n\r\nGET / HTTP/1.1".to_vec()));
        assert!(written(&request, b"", None).is_err());
    }

    #[actix_web::test]
    async fn only_cookies_that_were_typed_are_sent() {
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let mut request = sent(address);
        let lines = |request: &Sent| String::from_utf8(written(request, b"", Some("a=1")).unwrap()).unwrap();
        assert!(!lines(&request).contains("cookie"), "credentials are not included");
        request.includes_credentials = true;
        assert!(lines(&request).contains("cookie: a=1\r\n"));
        assert!(lines(&request).starts_with("GET /items?a=b HTTP/1.1\r\nhost: nobody.invalid:9\r\norigin: "));
    }
}
