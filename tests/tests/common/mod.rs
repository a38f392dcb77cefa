//! A real server on a free port for one test, and a client that shows answers as a test wants to compare them.

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
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .expect("a bound socket can listen")
        .run();
    let handle = server.handle();
    rt::spawn(server);
    Running { url: format!("http://{address}"), handle }
}

/// What came back, as far as CORS is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Every `access-control-*` and `vary` line, sorted.
    pub(crate) lines: Vec<String>,
    pub(crate) body: String,
}

/// Sends one request and reads the answer whole.
pub(crate) async fn ask(url: &str, method: &str, headers: &[(&str, &str)]) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let client = Client::builder().disable_redirects().finish();
    let request =
        headers.iter().fold(client.request(method, url), |request, &line| request.append_header(line));
    let mut response = request.send().await.expect("the server answers");
    let mut lines: Vec<String> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || name.as_str() == "vary")
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    let status = response.status().as_u16();
    let body = response.body().await.map(|body| String::from_utf8_lossy(&body).into_owned());
    Answer { status, lines, body: body.unwrap_or_default() }
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

    pub(crate) fn finish(self) {
        assert!(self.rows > 0, "no row was run");
        let count = self.failures.len();
        assert!(count == 0, "{count} of {} rows failed:\n{}", self.rows, self.failures.join("\n"));
    }
}
