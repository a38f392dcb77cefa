//! One line for each exchange, as the terminal shows it: who asked for what, what the API answered, and what the browser
//! makes of it.

use std::fmt;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
};
use fetch_cors::server::{self, Decision, RequestField, RequestHead, escape};

use crate::{
    place::{DEFAULT, without_run},
    session::Session,
    shared_cache::Outcome,
};

/// Is told of every exchange.
pub type Report = fn(&Line);

/// What a browser does with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It hands it to script, or goes on to send what it asked for.
    Allowed,
    /// It withholds it, or does not send what it asked for.
    Blocked,
    /// No page of another origin asked with CORS.
    Neither,
}

/// An exchange in a line.
#[derive(Clone, Debug)]
pub struct Line {
    session: String,
    method: String,
    status: u16,
    target: String,
    verdict: String,
    /// How to colour it.
    pub tone: Tone,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, method, status, target, verdict, .. } = self;
        write!(f, "{session:<4}  {method:<7} {status}  {target:<24}  {verdict}")
    }
}

impl Line {
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

/// What a line needs of the request.
pub(crate) struct Asked {
    line: Line,
    is_preflight: bool,
    origin: Option<HeaderValue>,
    has_cookie: bool,
    /// Why the policy refuses it, if it does.
    refusal: Option<String>,
}

impl Asked {
    pub(crate) fn new(request: &ServiceRequest, session: Option<&Session>) -> Self {
        let head = Head(request);
        let policy = session.map(Session::policy);
        let decision = policy.as_ref().map(|policy| server::decide(policy, &head));
        let refusal = policy
            .as_ref()
            .zip(decision)
            .and_then(|(policy, decision)| server::refusal(policy, &head, decision));
        let id = session.map_or("?", Session::id);
        let (path, query) = (request.path(), without_run(request.query_string()));
        let short =
            path.strip_prefix("/s/").and_then(|rest| rest.split_once('/')).map_or(path, |(_, rest)| rest);
        let target =
            short.trim_start_matches('/').to_owned() + if query.is_empty() { "" } else { "?" } + &query;
        let line = Line {
            session: if id == DEFAULT { String::new() } else { id.chars().take(4).collect() },
            method: escape(request.method().as_str().as_bytes()),
            status: 0,
            target: escape(target.as_bytes()),
            verdict: String::new(),
            tone: Tone::Neither,
        };
        Self {
            line,
            is_preflight: decision.is_some_and(Decision::is_preflight),
            origin: request.headers().get(header::ORIGIN).cloned(),
            has_cookie: request.headers().contains_key(header::COOKIE),
            refusal: refusal.map(|refusal| refusal.to_string()),
        }
    }

    pub(crate) fn answered(&self, status: u16, headers: &HeaderMap, cache: Option<Outcome>) -> Line {
        let (mut verdict, tone) = self.verdict(headers);
        if let Some(outcome) = cache {
            verdict = format!("{verdict} (cache {})", outcome.name());
        }
        Line { status, verdict, tone, ..self.line.clone() }
    }

    fn verdict(&self, headers: &HeaderMap) -> (String, Tone) {
        let Some(origin) = &self.origin else {
            return ("no Origin, so CORS has no say".to_owned(), Tone::Neither);
        };
        if let Some(refusal) = &self.refusal {
            return (refusal.clone(), Tone::Blocked);
        }
        // The answer may be older than the policy, if it came out of the cache.
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

/// A request as the policy reads it.
struct Head<'a>(&'a ServiceRequest);

impl RequestHead for Head<'_> {
    fn is_options(&self) -> bool {
        *self.0.method() == Method::OPTIONS
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.0.headers().get_all(field.name()).map(HeaderValue::as_bytes)
    }
}
