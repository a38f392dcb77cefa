//! A real server on a free port for one test, and a client that shows responses as a test wants to compare them.
#![allow(dead_code, reason = "every file of tests uses a part of this")]

pub(crate) mod wire;

use std::{fmt::Debug, net::TcpListener};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
    rt,
};
use awc::{Client, http::Method};

/// A server that stops when the test ends.
pub(crate) struct Running {
    pub(crate) url: String,
    handle: ServerHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Sends the command; the workers end by themselves.
        drop(self.handle.stop(false));
    }
}

impl Running {
    /// Stops it as SIGTERM would: it accepts nothing more, and requests under way may finish.
    pub(crate) async fn stop_gracefully(&self) {
        self.handle.stop(true).await;
    }
}

/// How to serve.
#[derive(Clone, Copy)]
pub(crate) struct Serving {
    pub(crate) workers: usize,
    /// HTTP/2 over cleartext, too.
    pub(crate) h2c: bool,
}

/// Serves an application on a free port of the loopback address.
pub(crate) fn serve<F, T, B>(app: F) -> Running
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    serve_with(Serving { workers: 1, h2c: false }, app)
}

/// Serves an application on a free port, with options.
pub(crate) fn serve_with<F, T, B>(how: Serving, app: F) -> Running
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let server = HttpServer::new(app).workers(how.workers).disable_signals().shutdown_timeout(1);
    let server = if how.h2c { server.listen_auto_h2c(listener) } else { server.listen(listener) };
    let server = server.expect("a bound socket can listen").run();
    let handle = server.handle();
    rt::spawn(server);
    Running { url: format!("http://{address}"), handle }
}

/// What came back, as far as CORS is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) status: u16,
    /// Every `access-control-*` and `vary` line, and what else was asked for, sorted.
    pub(crate) lines: Vec<String>,
    pub(crate) body: String,
}

/// Sends one request and reads the response whole.
pub(crate) async fn ask(url: &str, method: &str, headers: &[(&str, &str)]) -> Received {
    ask_also(url, method, headers, &[]).await
}

/// Like [`ask`]; the response's lines include those of the headers named in `also`.
pub(crate) async fn ask_also(url: &str, method: &str, headers: &[(&str, &str)], also: &[&str]) -> Received {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let client = Client::builder().disable_redirects().finish();
    let request =
        headers.iter().fold(client.request(method, url), |request, &line| request.append_header(line));
    let mut response = request.send().await.expect("the server responds");
    let lines = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let lines = lines_to_compare(lines, also);
    let status = response.status().as_u16();
    let body = response.body().await.map(|body| String::from_utf8_lossy(&body).into_owned());
    Received { status, lines, body: body.unwrap_or_default() }
}

/// The `access-control-*` and `vary` lines, and those of the headers named in `also`, sorted.
pub(crate) fn lines_to_compare<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    also: &[&str],
) -> Vec<String> {
    let mut lines: Vec<String> = headers
        .filter(|(name, _)| name.starts_with("access-control-") || *name == "vary" || also.contains(name))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
        .collect();
    lines.sort();
    lines
}

/// Header lines to send.
pub(crate) type Headers = &'static [(&'static str, &'static str)];

/// One request, and the response that must come back.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    headers: Headers,
    status: u16,
    lines: &'static [&'static str],
    also: &'static [&'static str],
    body: Option<&'static str>,
}

impl Row {
    /// A response of 200 without any CORS line is expected, unless something else is said.
    pub(crate) fn new(
        name: &'static str,
        method: &'static str,
        path: &'static str,
        headers: Headers,
    ) -> Self {
        Self { name, method, path, headers, status: 200, lines: &[], also: &[], body: None }
    }

    /// The status, and every `access-control-*` and `vary` line.
    pub(crate) fn gets(mut self, status: u16, lines: &'static [&'static str]) -> Self {
        (self.status, self.lines) = (status, lines);
        self
    }

    /// All lines of other headers.
    pub(crate) fn also(mut self, lines: &'static [&'static str]) -> Self {
        self.also = lines;
        self
    }

    /// The body, where it says which handler ran.
    pub(crate) fn body(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self
    }
}

/// Runs every row to its end before it fails, so that one run shows all that is wrong.
#[derive(Default)]
pub(crate) struct Table {
    rows: usize,
    failures: Vec<String>,
}

impl Table {
    pub(crate) fn row<T: PartialEq + Debug>(&mut self, name: &str, actual: &T, expected: &T) {
        self.rows += 1;
        if actual != expected {
            self.failures.push(format!("{name}\n  expected {expected:?}\n  actual   {actual:?}"));
        }
    }

    /// Sends each row's request on a connection of its own.
    pub(crate) async fn ask(&mut self, server: &Running, rows: &[Row]) {
        for row in rows {
            let name_of = |line: &&'static str| line.split(':').next().unwrap_or_default();
            let also: Vec<&str> = row.also.iter().map(name_of).collect();
            let url = format!("{}{}", server.url, row.path);
            let actual = ask_also(&url, row.method, row.headers, &also).await;
            let mut lines: Vec<String> = row.lines.iter().chain(row.also).map(ToString::to_string).collect();
            lines.sort();
            let body = row.body.map_or_else(|| actual.body.clone(), ToOwned::to_owned);
            self.row(row.name, &actual, &Received { status: row.status, lines, body });
        }
    }

    pub(crate) fn finish(self) {
        assert!(self.rows > 0, "no row was run");
        let count = self.failures.len();
        assert!(count == 0, "{count} of {} rows failed:\n{}", self.rows, self.failures.join("\n"));
    }
}
