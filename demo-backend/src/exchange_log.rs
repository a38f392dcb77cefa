//! What came over the wire to the API, and what went back. The page shows it beside what script was given, also where the
//! browser kept the answer from script; the terminal shows a line of each.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

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

use crate::{
    place::{self, Place},
    session::Sessions,
    shared_cache::Outcome,
    terminal::{Asked, Report},
};

/// What a log holds at most, in bytes; the oldest exchange goes when there is more.
const MAX_HELD: usize = 16 * 1024;
/// How much of a request's target or an answer's body is kept, in bytes.
const MAX_TEXT: usize = 1024;
/// How much of a header's value is kept, in bytes.
const MAX_VALUE: usize = 400;
/// How much of a message's headers is kept, in bytes.
const MAX_HEADERS: usize = 3 * 1024;

/// One request and what the API answered.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Counts up from 1, in each session.
    pub number: u64,
    /// When it arrived, in milliseconds since the Lab was started.
    pub at: u64,
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
    /// What the cache in between did; none where there was no cache, or it only passed the request on.
    pub through_cache: Option<Outcome>,
    /// None while the API is still at it.
    pub status: Option<u16>,
    /// As the API's application wrote them; the server adds `date` and `content-length`.
    pub response_headers: Vec<(String, String)>,
    /// The answer's first bytes as text.
    pub body: String,
}

impl Exchange {
    /// About how many bytes of memory it takes.
    fn held(&self) -> usize {
        let lines = self.request_headers.iter().chain(&self.response_headers);
        let lines: usize = lines.map(|(name, value)| LINE + name.len() + value.len()).sum();
        mem::size_of::<Self>()
            + self.run.len()
            + self.method.len()
            + self.target.len()
            + self.body.len()
            + lines
    }
}

/// What a header line takes beside its text.
const LINE: usize = mem::size_of::<(String, String)>();

/// The last exchanges of a session.
#[derive(Debug, Default)]
pub struct ExchangeLog {
    last_number: u64,
    exchanges: VecDeque<Exchange>,
}

impl ExchangeLog {
    /// The exchanges of one run, in the order in which they arrived.
    pub fn of_run(&self, run: &str) -> Vec<Exchange> {
        self.exchanges.iter().filter(|exchange| exchange.run == run).cloned().collect()
    }

    /// The exchanges that arrived at this time or later, in milliseconds since the Lab was started.
    pub fn since(&self, at: u64) -> Vec<Exchange> {
        self.exchanges.iter().filter(|exchange| exchange.at >= at).cloned().collect()
    }

    fn begin(&mut self, request: &ServiceRequest, now: Duration) -> u64 {
        let headers = request.headers();
        self.last_number += 1;
        self.exchanges.push_back(Exchange {
            number: self.last_number,
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            run: place::run_of(request.query_string()).to_owned(),
            preflight: *request.method() == Method::OPTIONS
                && headers.contains_key(header::ORIGIN)
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
            method: cut(request.method().as_str().as_bytes(), MAX_VALUE),
            target: cut(request.uri().to_string().as_bytes(), MAX_TEXT),
            request_headers: to_lines(headers),
            reached_handler: false,
            through_cache: None,
            status: None,
            response_headers: Vec::new(),
            body: String::new(),
        });
        self.make_room();
        self.last_number
    }

    fn end(&mut self, number: u64, end: &End<'_>) {
        if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.reached_handler = end.reached_handler;
            exchange.through_cache = end.through_cache;
            exchange.status = Some(end.status);
            exchange.response_headers = to_lines(end.headers);
            exchange.body = cut(end.body, MAX_TEXT);
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let mut held: usize = self.exchanges.iter().map(Exchange::held).sum();
        while held > MAX_HELD
            && self.exchanges.len() > 1
            && let Some(oldest) = self.exchanges.pop_front()
        {
            held -= oldest.held();
        }
    }
}

/// How an exchange ended.
struct End<'a> {
    reached_handler: bool,
    through_cache: Option<Outcome>,
    status: u16,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

fn to_lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut room = MAX_HEADERS;
    let lines =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), cut(value.as_bytes(), MAX_VALUE)));
    let fits = lines.take_while(|(name, value)| {
        let held = LINE + name.len() + value.len();
        let fits = held <= room;
        room = room.saturating_sub(held);
        fits
    });
    let mut lines: Vec<_> = fits.collect();
    lines.shrink_to_fit();
    lines
}

fn cut(bytes: &[u8], most: usize) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned();
    if bytes.len() > most {
        text.push('…');
    }
    text
}

/// A mark on a request that its handler was reached.
#[derive(Clone, Copy)]
struct Reached;

/// Finds out whose session a request belongs to, for everyone further in, and writes the exchange down; the outermost
/// middleware of the API.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn record(
    sessions: Data<Sessions>,
    report: Data<Report>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let session = Place::of(request.path()).and_then(|place| sessions.find(place.session));
    let number = session.as_ref().map(|session| session.state().log.begin(&request, sessions.now()));
    let asked = Asked::new(&request, session.as_deref());
    if let Some(session) = &session {
        request.extensions_mut().insert(Arc::clone(session));
    }
    let end = |end: &End<'_>| {
        if let (Some(session), Some(number)) = (&session, number) {
            session.state().log.end(number, end);
        }
        report(&asked.answered(end.status, end.headers, end.through_cache));
    };
    match next.call(request).await {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let reached_handler = request.extensions().get::<Reached>().is_some();
            let through_cache = request.extensions().get::<Outcome>().copied();
            let (response, body) = response.into_parts();
            // The API's answers are small; a demonstration may hold one in memory to show it.
            let body = body::to_bytes(body).await.unwrap_or_else(|_| Bytes::new());
            let (status, headers) = (response.status().as_u16(), response.headers());
            end(&End { reached_handler, through_cache, status, headers, body: &body });
            Ok(ServiceResponse::new(request, response.set_body(body).map_into_boxed_body()))
        }
        Err(error) => {
            // What Actix makes of it behind this middleware.
            let response = error.error_response();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = body::to_bytes(response.into_body()).await.unwrap_or_else(|_| Bytes::new());
            // No error comes out of a handler, and none out of the cache.
            let through_cache = None;
            end(&End { reached_handler: false, through_cache, status, headers: &headers, body: &body });
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
