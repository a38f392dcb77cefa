//! One line for each exchange, as the terminal shows it: the request, the status, and what the browser makes of the response.

use std::fmt;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
};
use fetch_cors::server::{RequestField, RequestHead, escape};

use crate::{
    api_path::{ApiPath, DEFAULT_SESSION, without_run},
    session::{Session, cache::CacheOutcome},
};

/// Called with the line of every exchange.
pub type OnExchange = fn(&ExchangeLine);

/// What a browser does with the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It hands it to the script, or goes on to send the actual request.
    Allowed,
    /// It withholds it, or doesn't send the actual request.
    Blocked,
    /// The request came from no page of another origin, or without CORS.
    Neither,
}

/// An exchange in a line.
#[derive(Clone, Debug)]
pub struct ExchangeLine {
    session: String,
    method: String,
    /// None if the connection was closed without a response.
    status: Option<u16>,
    target: String,
    verdict: String,
    /// How to colour it.
    pub tone: Tone,
}

impl fmt::Display for ExchangeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, method, status, target, verdict, .. } = self;
        let status = status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        write!(f, "{session:<4}  {method:<7} {status}  {target:<24}  {verdict}")
    }
}

impl ExchangeLine {
    /// The line with ANSI colours.
    pub fn coloured(&self) -> String {
        let colour = match self.tone {
            Tone::Allowed => 32,
            Tone::Blocked => 31,
            Tone::Neither => 2,
        };
        format!("\x1b[{colour}m{self}\x1b[0m")
    }
}

/// A line whose response is still to come.
pub(super) struct PendingLine {
    line: ExchangeLine,
    is_preflight: bool,
    origin: Option<HeaderValue>,
    has_cookie: bool,
    /// Why the policy refuses the request, if it does.
    refusal: Option<String>,
}

impl PendingLine {
    pub(super) fn new(
        request: &ServiceRequest,
        session: Option<&Session>,
        is_preflight: bool,
        refusal: Option<String>,
    ) -> Self {
        let id = session.map_or("?", Session::id);
        let (path, query) = (request.path(), without_run(request.query_string()));
        // The session has a column of its own.
        let short = ApiPath::parse(path).map(|path| ApiPath { session: DEFAULT_SESSION, ..path }.to_string());
        let target = short.as_deref().unwrap_or(path).trim_start_matches('/').to_owned()
            + if query.is_empty() { "" } else { "?" }
            + &query;
        let line = ExchangeLine {
            session: if id == DEFAULT_SESSION { String::new() } else { id.chars().take(4).collect() },
            method: escape(request.method().as_str().as_bytes()),
            status: None,
            target: escape(target.as_bytes()),
            verdict: String::new(),
            tone: Tone::Neither,
        };
        Self {
            line,
            is_preflight,
            origin: request.headers().get(header::ORIGIN).cloned(),
            has_cookie: request.headers().contains_key(header::COOKIE),
            refusal,
        }
    }

    pub(super) fn finish(
        &self,
        status: Option<u16>,
        headers: &HeaderMap,
        through_cache: Option<CacheOutcome>,
    ) -> ExchangeLine {
        let (mut verdict, tone) = match status {
            Some(_) => self.verdict(headers),
            None => ("closed the connection".to_owned(), Tone::Blocked),
        };
        if let Some(outcome) = through_cache {
            verdict = format!("{verdict} (cache {})", outcome.name());
        }
        ExchangeLine { status, verdict, tone, ..self.line.clone() }
    }

    fn verdict(&self, headers: &HeaderMap) -> (String, Tone) {
        let Some(origin) = &self.origin else {
            return ("no Origin, so CORS doesn't apply".to_owned(), Tone::Neither);
        };
        if let Some(refusal) = &self.refusal {
            return (refusal.clone(), Tone::Blocked);
        }
        // A response out of the cache may be older than the policy.
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        let who = escape(origin.as_bytes());
        match allowed {
            Some(value) if value == origin || value == "*" && !self.has_cookie => {
                let what = if self.is_preflight { "may be sent by" } else { "allowed for" };
                (format!("{what} {who}"), Tone::Allowed)
            }
            Some(value) => {
                (format!("allowed for {}, not for {who}", escape(value.as_bytes())), Tone::Blocked)
            }
            None => (format!("not allowed for {who}"), Tone::Blocked),
        }
    }
}

/// An Actix request as the policy reads it.
pub(super) struct ActixHead<'a>(pub(super) &'a ServiceRequest);

impl RequestHead for ActixHead<'_> {
    fn is_options(&self) -> bool {
        *self.0.method() == Method::OPTIONS
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.0.headers().get_all(field.name()).map(HeaderValue::as_bytes)
    }
}
