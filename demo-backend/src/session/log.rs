//! What came over the wire to a session's API, and what went back. The page shows it next to what the script was given,
//! even where the browser withheld the response.

use std::{collections::VecDeque, mem};

use serde::Serialize;

use super::cache::CacheOutcome;
use crate::origins::LabServer;

/// The most bytes that a log holds; the oldest exchange goes when there are more.
const MAX_HELD: usize = 16 * 1024;
/// How many bytes of a request's target or a response's body are kept.
const MAX_TEXT: usize = 1024;
/// How many bytes of a header's value are kept.
const MAX_VALUE: usize = 400;
/// How many bytes of a message's headers are kept.
const MAX_HEADERS: usize = 3 * 1024;

/// One request and the API's response.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LoggedExchange {
    /// Counts up from 1, in each session.
    pub number: u64,
    /// When it arrived, in milliseconds since the Lab was started.
    pub at: u64,
    /// The `run` of the query string, by which the page finds its own requests; empty if there was none.
    pub run: String,
    /// How it reached the API.
    pub server: LabServer,
    /// Whether it is a preflight.
    pub preflight: bool,
    /// The request's method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// In the order in which they arrived.
    pub request_headers: Vec<(String, String)>,
    /// Whether a handler ran: never for a preflight, nor for a request that something refused before the handler.
    pub reached_handler: bool,
    /// What the shared cache did; null where there was none, or it only passed the request on.
    pub through_cache: Option<CacheOutcome>,
    /// Null while the API is still working on it, and if it closed the connection.
    pub status: Option<u16>,
    /// Whether it closed the connection without a response.
    pub closed: bool,
    /// As the API's application wrote them; the server adds `date` and `content-length`.
    pub response_headers: Vec<(String, String)>,
    /// The response's first bytes as text.
    pub body: String,
}

impl LoggedExchange {
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

/// What a header line takes in addition to its text.
const LINE: usize = mem::size_of::<(String, String)>();

/// A request that has just arrived.
#[derive(Clone, Copy, Debug)]
pub struct ArrivedRequest<'a, H> {
    /// In milliseconds since the Lab was started.
    pub at: u64,
    /// Empty if it names none.
    pub run: &'a str,
    /// How it reached the API.
    pub server: LabServer,
    /// Whether it is a preflight.
    pub is_preflight: bool,
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Its header lines.
    pub headers: H,
}

/// The response to a request in the log.
#[derive(Clone, Copy, Debug)]
pub struct SentResponse<'a, H> {
    /// Whether a handler ran for it.
    pub reached_handler: bool,
    /// What the shared cache did.
    pub through_cache: Option<CacheOutcome>,
    /// The status; none if the connection is closed without a response.
    pub status: Option<u16>,
    /// Its header lines.
    pub headers: H,
    /// Its body.
    pub body: &'a [u8],
}

/// The last exchanges of a session.
#[derive(Debug, Default)]
pub struct ExchangeLog {
    last_number: u64,
    exchanges: VecDeque<LoggedExchange>,
}

impl ExchangeLog {
    /// The exchanges that arrived at this time or later, in milliseconds since the Lab was started.
    pub fn since(&self, at: u64) -> Vec<LoggedExchange> {
        self.exchanges.iter().filter(|exchange| exchange.at >= at).cloned().collect()
    }

    /// Notes a request, and gives it a number.
    pub fn begin<'a, H>(&mut self, request: ArrivedRequest<'a, H>) -> u64
    where
        H: Iterator<Item = (&'a str, &'a [u8])>,
    {
        self.last_number += 1;
        self.exchanges.push_back(LoggedExchange {
            number: self.last_number,
            at: request.at,
            run: request.run.to_owned(),
            server: request.server,
            preflight: request.is_preflight,
            method: cut(request.method.as_bytes(), MAX_VALUE),
            target: cut(request.target.as_bytes(), MAX_TEXT),
            request_headers: to_lines(request.headers),
            reached_handler: false,
            through_cache: None,
            status: None,
            closed: false,
            response_headers: Vec::new(),
            body: String::new(),
        });
        self.make_room();
        self.last_number
    }

    /// Notes the response to the request with this number, if the request is still in the log.
    pub fn end<'a, H>(&mut self, number: u64, response: SentResponse<'a, H>)
    where
        H: Iterator<Item = (&'a str, &'a [u8])>,
    {
        if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.number == number) {
            exchange.reached_handler = response.reached_handler;
            exchange.through_cache = response.through_cache;
            exchange.status = response.status;
            exchange.closed = response.status.is_none();
            exchange.response_headers = to_lines(response.headers);
            exchange.body = cut(response.body, MAX_TEXT);
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let mut held: usize = self.exchanges.iter().map(LoggedExchange::held).sum();
        while held > MAX_HELD
            && self.exchanges.len() > 1
            && let Some(oldest) = self.exchanges.pop_front()
        {
            held -= oldest.held();
        }
    }
}

fn to_lines<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(String, String)> {
    let mut room = MAX_HEADERS;
    let lines = headers.map(|(name, value)| (name.to_owned(), cut(value, MAX_VALUE)));
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
    if bytes.len() <= most {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // In one step: a push would take twice the room.
    [&String::from_utf8_lossy(&bytes[..most]), "…"].concat()
}
