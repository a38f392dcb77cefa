//! A Lab on free ports, and a client that sends bytes to it, as a test wants them and no browser would.
#![allow(dead_code, reason = "every file of tests uses a part of this")]

pub(crate) mod lesson;
pub(crate) mod send;

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use demo_backend::{Options, Running};
use serde_json::{Value, json};

/// Far longer than any answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Lab whose default session allows nothing.
pub(crate) struct Lab {
    pub(crate) running: Running,
    _folder: tempfile::TempDir,
}

impl Lab {
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
            announce: |_| {},
            report: |_| {},
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

    /// Asks the control API as the page does.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
        ask(self.page(), method, &format!("/control{path}"), &headers, body.as_bytes())
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

/// An answer as it stood on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(listed, _)| listed == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON: {error} {self:?}"))
    }
}

/// Sends one request.
pub(crate) fn ask(origin: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    Connection::open(origin).ask(method, path, headers, body)
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

    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(head, "host: {}\r\n", self.host).expect("a string takes all");
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "transfer-encoding") {
            write!(head, "content-length: {}\r\n", body.len()).expect("a string takes all");
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes all");
        }
        head.push_str("\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat()).expect("the server reads");

        let status = self.line();
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else { break };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if method != "HEAD" {
            answer.body = vec![0; length];
            self.stream.read_exact(&mut answer.body).expect("a whole body");
        }
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer");
        line.trim_end().to_owned()
    }
}

/// What the server adds to the application's headers.
const ADDED: [&str; 3] = ["connection", "content-length", "date"];

/// Headers to compare: sorted, without what the server adds to each answer.
pub(crate) fn comparable(headers: impl IntoIterator<Item = (String, String)>) -> HashMap<String, String> {
    let shown = |name: &str, value: String| {
        // Nobody can tell the cookie's value beforehand.
        if name == "set-cookie" { value.split('=').next().unwrap_or_default().to_owned() } else { value }
    };
    headers
        .into_iter()
        .filter(|(name, _)| !ADDED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), shown(&name, value)))
        .collect()
}
