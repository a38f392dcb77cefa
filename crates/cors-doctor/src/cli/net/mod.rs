//! Sends requests over HTTP, and tells apart why there is no response. Nothing is followed, decoded, or tried again.

mod failure;
mod resolve;
mod tls;

use std::{cell::OnceCell, time::Duration};

use awc::{Client, Connector, http::Method};
use cors_doctor::probe::Secrets;
use fetch_cors::{
    browser::{Response, Url},
    diagnosis::{Failure, Received, Sent},
};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::{arguments::Network, error::Fault};
use resolve::{Addresses, Redirected};

/// The bytes of a body that are read; what it is shows in them.
const BODY: usize = 2048;
/// The longest wait, in seconds, that is accepted.
const LONGEST_WAIT: f64 = 3600.0;

/// The network, as the arguments say.
pub(crate) struct Net {
    plain: OnceCell<Client>,
    secure: OnceCell<Client>,
    addresses: Addresses,
    tls: tls::Settings,
    max_time: Duration,
}

impl Net {
    pub(crate) fn new(arguments: &Network, insecure: bool) -> Result<Self, Fault> {
        let seconds = arguments.max_time;
        if !(seconds > 0.0 && seconds <= LONGEST_WAIT) {
            return Err(Fault(format!(
                "--max-time {seconds}: not a number of seconds above 0 and up to {LONGEST_WAIT}"
            )));
        }
        Ok(Self {
            plain: OnceCell::new(),
            secure: OnceCell::new(),
            addresses: Addresses::parse(&arguments.resolve)?,
            tls: tls::Settings::read(arguments.insecure || insecure, arguments.cacert.as_deref())?,
            max_time: Duration::from_secs_f64(seconds),
        })
    }

    /// What comes of a request.
    pub(crate) async fn send(&self, sent: &Sent, body: &[u8], secrets: &Secrets) -> Received {
        let deadline = Instant::now() + self.max_time;
        match timeout_at(deadline, self.exchange(sent, body, secrets, deadline)).await {
            Ok(Ok(received)) => received,
            Ok(Err(failure)) => Received::Failed(failure),
            Err(_) => Received::Failed(Failure::TimedOut),
        }
    }

    async fn exchange(
        &self,
        sent: &Sent,
        body: &[u8],
        secrets: &Secrets,
        deadline: Instant,
    ) -> Result<Received, Failure> {
        let unknown = |error: &dyn std::fmt::Display| Failure::Unknown(error.to_string());
        let method = Method::from_bytes(sent.method.as_bytes()).map_err(|error| unknown(&error))?;
        let mut request = self.client(&sent.url)?.request(method, sent.url.as_str());
        for (name, value) in &sent.headers {
            request = request.append_header((name.as_str(), value.as_slice()));
        }
        if sent.header("accept").is_none() {
            request = request.insert_header(("accept", "*/*"));
        }
        request = request.insert_header(("user-agent", concat!("cors-doctor/", env!("CARGO_PKG_VERSION"))));
        if let Some(cookies) = secrets.cookies_for(&sent.url).filter(|_| sent.includes_credentials) {
            request = request.insert_header(("cookie", cookies));
        }
        let body = if sent.has_body { body.to_vec() } else { Vec::new() };
        // As browsers do: an empty body of these methods is said to be empty.
        let says_length = sent.has_body || matches!(sent.method.as_str(), "POST" | "PUT" | "PATCH");
        let sending = if says_length { request.send_body(body) } else { request.send() };
        let mut response = sending.await.map_err(|error| failure::of(&error))?;
        // The client takes the first head for the response, whatever its status.
        if response.status().is_informational() {
            let status = response.status().as_u16();
            return Err(Failure::Unknown(format!(
                "an interim response (status {status}) came in place of one"
            )));
        }
        let is_http2 = response.version() == awc::http::Version::HTTP_2;
        let mut lines: Vec<(String, Vec<u8>)> = response
            .headers()
            .iter()
            .map(|(name, value)| (written(name.as_str(), is_http2), value.as_bytes().to_vec()))
            .collect();
        // The client mixes up the order of names, but not that of the lines of one name.
        lines.sort_by(|(first, _), (second, _)| first.cmp(second));
        let head = lines
            .iter()
            .fold(Response::new(response.status().as_u16()), |head, (name, value)| head.header(name, value));
        let mut start = Vec::new();
        while start.len() < BODY {
            // A body that breaks off has no less of a head.
            match timeout_at(deadline, response.next()).await {
                Ok(Some(Ok(bytes))) => start.extend_from_slice(&bytes),
                Ok(None | Some(Err(_))) | Err(_) => break,
            }
        }
        start.truncate(BODY);
        Ok(Received::Response { head, body: start })
    }

    fn client(&self, url: &Url) -> Result<Client, Failure> {
        let build = |connector| {
            Client::builder()
                .connector(connector)
                .disable_redirects()
                .disable_timeout()
                .no_default_headers()
                .finish()
        };
        let tcp = || {
            let resolver = actix_tls::connect::Resolver::custom(Redirected(self.addresses.clone()));
            let service = actix_tls::connect::Connector::new(resolver).service();
            // The whole exchange has a deadline of its own.
            // A connection for each request: one that a server closes meanwhile would look like a server that is down.
            Connector::new()
                .connector(service)
                .conn_keep_alive(Duration::ZERO)
                .timeout(self.max_time)
                .handshake_timeout(self.max_time)
        };
        if url.scheme() != "https" {
            return Ok(self.plain.get_or_init(|| build(tcp())).clone());
        }
        if let Some(client) = self.secure.get() {
            return Ok(client.clone());
        }
        let config =
            self.tls.config().map_err(|why| Failure::Tls { why, wants_client_certificate: false })?;
        Ok(self.secure.get_or_init(|| build(tcp().rustls_0_23(config))).clone())
    }
}

/// Servers usually write this name so; HTTP/2 has only lower case. Firefox looks at it.
fn written(name: &str, is_http2: bool) -> String {
    const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
    if !is_http2 && name.eq_ignore_ascii_case(ALLOW_ORIGIN) {
        ALLOW_ORIGIN.to_owned()
    } else {
        name.to_owned()
    }
}
