//! A Lab on free ports, and a client that sends it any bytes, even those that a browser would not send.
#![allow(dead_code, reason = "every file of tests uses a part of this")]

pub(crate) mod sender;

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use demo_backend::{Options, Output, Running};
use serde_json::{Value, json};

/// Far longer than any response takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Lab whose default session allows nothing.
pub(crate) struct TestLab {
    pub(crate) running: Running,
    _folder: tempfile::TempDir,
}

impl TestLab {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let policy: PathBuf = folder.path().join("cors.toml");
        std::fs::write(&policy, "").expect("the file can be written");
        let free = || "localhost:0".to_owned();
        let options = Options {
            api: free(),
            page: free(),
            attacker: free(),
            policy: Some(policy),
            output: Output::silent(),
        };
        let running = Running::start(&options).expect("free ports");
        Self { running, _folder: folder }
    }

    pub(crate) fn api(&self) -> &str {
        &self.running.origins().api
    }

    pub(crate) fn page(&self) -> &str {
        &self.running.origins().page
    }

    /// Calls the control API as the page does.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> WireResponse {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
        send(self.page(), method, &format!("/control{path}"), &headers, body.as_bytes())
    }

    /// Puts a server written by hand in force.
    pub(crate) fn put_hand(&self, session: &str, hand: &Value) {
        let put = self.control("PUT", &format!("/s/{session}/hand"), Some(hand));
        assert_eq!(put.status, 200, "{hand}: {}", String::from_utf8_lossy(&put.body));
    }

    /// Makes a session with this policy.
    pub(crate) fn session(&self, policy: &Value) -> String {
        let made = self.control("POST", "/sessions", Some(&json!({})));
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        let put = self.control("PUT", &format!("/s/{id}/policy"), Some(policy));
        assert_eq!(put.status, 200, "{put:?}");
        id
    }
}

/// A response as it was on the wire.
#[derive(Clone, Debug)]
pub(crate) struct WireResponse {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl WireResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(listed, _)| listed == name).map(|(_, value)| value.as_str())
    }

    /// The status of a refusal by the control API, which is said in the body of a 200, or else that of the response.
    pub(crate) fn outcome(&self) -> u64 {
        let said = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        said["refused"]["status"].as_u64().unwrap_or_else(|| u64::from(self.status))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON: {error} {self:?}"))
    }
}

/// Sends one request, which must get a response.
pub(crate) fn send(
    origin: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> WireResponse {
    try_send(origin, method, path, headers, body).expect("a response")
}

/// Sends one request; none if the connection is closed without a byte of a response.
pub(crate) fn try_send(
    origin: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<WireResponse> {
    Connection::open(origin).try_send(method, path, headers, body)
}

/// A connection for many requests.
pub(crate) struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(origin: &str) -> Self {
        let host = origin.strip_prefix("http://").expect("an http origin").to_owned();
        let stream = TcpStream::connect(&host).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        Self { host, stream: BufReader::new(stream) }
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> WireResponse {
        self.try_send(method, path, headers, body).expect("a response")
    }

    fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<WireResponse> {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(head, "host: {}\r\n", self.host).expect("writing to a string can't fail");
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "transfer-encoding") {
            write!(head, "content-length: {}\r\n", body.len()).expect("writing to a string can't fail");
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("writing to a string can't fail");
        }
        head.push_str("\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat()).expect("the server reads");

        let status = self.line();
        if status.is_empty() {
            return None;
        }
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let mut response = WireResponse { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { break };
            response.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if method != "HEAD" {
            response.body = vec![0; length];
            self.stream.read_exact(&mut response.body).expect("a whole body");
        }
        Some(response)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a response");
        line.trim_end().to_owned()
    }
}

/// The headers that the server adds to the application's.
const ADDED: [&str; 3] = ["connection", "content-length", "date"];

/// Headers to compare: sorted by name, without what the server adds to each response. Lines of one name keep their order.
pub(crate) fn comparable(headers: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let shown = |name: &str, value: String| {
        match name {
            // The cookie's value is random.
            "set-cookie" => value.split('=').next().unwrap_or_default().to_owned(),
            // Time goes on.
            "age" => String::new(),
            _ => value,
        }
    };
    let mut lines: Vec<_> = headers
        .into_iter()
        .filter(|(name, _)| !ADDED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), shown(&name, value)))
        .collect();
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    lines
}

/// The API's `Host`.
pub(crate) fn api_host(lab: &TestLab) -> &str {
    lab.api().trim_start_matches("http://")
}
