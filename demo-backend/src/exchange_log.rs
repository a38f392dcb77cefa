//! What came over the wire to the API, and what went back. The page shows it beside what script was given, also where the
//! browser kept the answer from script.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{
    Error, HttpMessage as _,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use serde::Serialize;

/// The oldest exchange goes when there are more.
const MAX_EXCHANGES: usize = 200;
/// How much of a body, a header's value or a request's target is kept, in bytes.
const MAX_TEXT: usize = 2048;
/// The longest name of a run.
const MAX_RUN: usize = 32;

/// One request and what the API answered.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Counts up from 1.
    pub number: u64,
    /// The `run` of the query string, by which the page finds its own requests; empty if there was none.
    pub run: String,
    /// Whether it is a preflight.
    pub preflight: bool,
    /// The request's method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// In the order in which they arrived.
    pub request_headers: Vec<(String, String)>,
    /// Whether a handler ran: never for a preflight, and not if something before the handler refused the request.
    pub reached_handler: bool,
    /// None while the API is still at it.
    pub status: Option<u16>,
    /// As the API's application wrote them; the server adds `date` and `content-length`.
    pub response_headers: Vec<(String, String)>,
    /// The answer's first bytes as text.
    pub body: String,
}

/// The last exchanges of the API.
#[derive(Debug, Default)]
pub struct ExchangeLog {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last_number: u64,
    exchanges: VecDeque<Exchange>,
}

impl ExchangeLog {
    /// The exchanges of one run, in the order in which they arrived.
    pub fn of_run(&self, run: &str) -> Vec<Exchange> {
        self.lock().exchanges.iter().filter(|exchange| exchange.run == run).cloned().collect()
    }

    fn begin(&self, request: &ServiceRequest) -> u64 {
        let headers = request.headers();
        let mut inner = self.lock();
        inner.last_number += 1;
        let number = inner.last_number;
        if inner.exchanges.len() == MAX_EXCHANGES {
            inner.exchanges.pop_front();
        }
        inner.exchanges.push_back(Exchange {
            number,
            run: run_of(request.query_string()).to_owned(),
            preflight: *request.method() == Method::OPTIONS
                && headers.contains_key(header::ORIGIN)
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
            method: cut(request.method().as_str().as_bytes()),
            target: cut(request.uri().to_string().as_bytes()),
            request_headers: to_lines(headers),
            reached_handler: false,
            status: None,
            response_headers: Vec::new(),
            body: String::new(),
        });
        number
    }

    fn end(&self, number: u64, reached_handler: bool, status: u16, headers: &HeaderMap, body: &[u8]) {
        let mut inner = self.lock();
        if let Some(exchange) = inner.exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.reached_handler = reached_handler;
            exchange.status = Some(status);
            exchange.response_headers = to_lines(headers);
            exchange.body = cut(body);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; and if it did, a log with a gap is still one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the text can be the name of a run.
pub fn is_run(text: &str) -> bool {
    (1..=MAX_RUN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn run_of(query: &str) -> &str {
    query.split('&').find_map(|pair| pair.strip_prefix("run=")).filter(|run| is_run(run)).unwrap_or("")
}

fn to_lines(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), cut(value.as_bytes()))).collect()
}

fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned();
    if bytes.len() > MAX_TEXT { text + "…" } else { text }
}

/// A mark on a request that its handler was reached.
#[derive(Clone, Copy)]
struct Reached;

/// Writes every exchange down; the outermost middleware of the API.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn record(
    log: Data<ExchangeLog>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let number = log.begin(&request);
    match next.call(request).await {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let reached = request.extensions().get::<Reached>().is_some();
            let (response, body) = response.into_parts();
            // The API's answers are small; a demonstration may hold one in memory to show it.
            let body = body::to_bytes(body).await.unwrap_or_else(|_| Bytes::new());
            log.end(number, reached, response.status().as_u16(), response.headers(), &body);
            Ok(ServiceResponse::new(request, response.set_body(body).map_into_boxed_body()))
        }
        Err(error) => {
            // What Actix makes of it behind this middleware.
            let response = error.error_response();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = body::to_bytes(response.into_body()).await.unwrap_or_else(|_| Bytes::new());
            log.end(number, false, status, &headers, &body);
            Err(error)
        }
    }
}

/// Leaves the mark that a handler was reached; the innermost middleware of a route.
///
/// # Errors
///
/// None of its own: what the handler returns goes on as it is.
pub async fn note_handler(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extensions_mut().insert(Reached);
    next.call(request).await
}
