//! A server on loopback whose every byte the test writes.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(listed, _)| listed == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

/// A server; it serves until the test process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Server {
    /// Responds to each request with what the function returns, and closes the connection.
    pub(crate) fn start(respond: impl Fn(&Came) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let came = Arc::new(Mutex::new(Vec::new()));
        let log = came.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = read(&stream) {
                    log.lock().expect("the log").push(request.clone());
                    let _ = (&stream).write_all(respond(&request).as_bytes());
                }
            }
        });
        Self { port, came }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.came.lock().expect("the log").clone()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        self.came().iter().map(|request| request.method().to_owned()).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Came> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Came { line: line.trim_end().to_owned(), headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}

/// A response with these header lines.
pub(crate) fn response(status: u16, headers: &[(&str, &str)]) -> String {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    // A response to HEAD has no body, and neither has a 204.
    text + "\r\n{}"
}

/// A server that allows the origin whatever it asks for.
pub(crate) fn permissive(origin: &'static str) -> Server {
    Server::start(move |request| {
        let method = request.header("access-control-request-method").unwrap_or("GET");
        let names = request.header("access-control-request-headers").unwrap_or("x");
        response(
            200,
            &[
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Methods", method),
                ("Access-Control-Allow-Headers", names),
                ("Vary", "Origin"),
            ],
        )
    })
}
