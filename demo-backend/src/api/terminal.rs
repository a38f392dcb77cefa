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
            return ("no Origin header, so CORS doesn't apply".to_owned(), Tone::Neither);
        };
        if let Some(refusal) = &self.refusal {
            return (refusal.clone(), Tone::Blocked);
        }
        // A response out of the cache may be older than the policy.
        let value = |name| headers.get(name).map(HeaderValue::as_bytes);
        let who = escape(origin.as_bytes());
        let (allowed, is_exact) = match value(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            None => return (format!("not allowed for {who}"), Tone::Blocked),
            Some(b"*") => ("any origin".to_owned(), false),
            Some(named) if named == origin.as_bytes() => (who, true),
            Some(named) => return (format!("allowed for {}, not for {who}", escape(named)), Tone::Blocked),
        };
        let verb = if self.is_preflight { "may be sent by" } else { "allowed for" };
        // Browsers reject a `*` for requests with credentials, whatever else the response says.
        let covers_cookies =
            is_exact && value(header::ACCESS_CONTROL_ALLOW_CREDENTIALS) == Some(b"true".as_slice());
        match (covers_cookies, self.has_cookie) {
            (true, _) => (format!("{verb} {allowed}"), Tone::Allowed),
            (false, false) => (format!("{verb} {allowed}, without cookies"), Tone::Allowed),
            (false, true) => {
                (format!("{verb} {allowed} only without cookies, and this request has one"), Tone::Blocked)
            }
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

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_line_says_whether_cookies_are_covered() {
        const A: &str = "https://a.example";
        for (cookie, preflight, allow_origin, allow_credentials, said, tone) in [
            (false, false, Some(A), true, "allowed for https://a.example", Tone::Allowed),
            (true, false, Some(A), true, "allowed for https://a.example", Tone::Allowed),
            (false, false, Some(A), false, "allowed for https://a.example, without cookies", Tone::Allowed),
            (
                true,
                false,
                Some(A),
                false,
                "allowed for https://a.example only without cookies",
                Tone::Blocked,
            ),
            (false, false, Some("*"), false, "allowed for any origin, without cookies", Tone::Allowed),
            (true, false, Some("*"), false, "allowed for any origin only without cookies", Tone::Blocked),
            (true, false, Some("*"), true, "allowed for any origin only without cookies", Tone::Blocked),
            (false, true, Some("*"), false, "may be sent by any origin, without cookies", Tone::Allowed),
            (false, true, Some(A), true, "may be sent by https://a.example", Tone::Allowed),
            (
                false,
                false,
                Some("https://b.example"),
                true,
                "allowed for https://b.example, not for",
                Tone::Blocked,
            ),
            (false, false, Some("null"), false, "allowed for null, not for", Tone::Blocked),
            (false, false, None, true, "not allowed for https://a.example", Tone::Blocked),
        ] {
            let mut request = TestRequest::with_uri("/api/notes").insert_header((header::ORIGIN, A));
            if cookie {
                request = request.insert_header((header::COOKIE, "a=b"));
            }
            let pending = PendingLine::new(&request.to_srv_request(), None, preflight, None);
            let mut headers = HeaderMap::new();
            if let Some(value) = allow_origin {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(value));
            }
            if allow_credentials {
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            let line = pending.finish(Some(200), &headers, None);
            assert!(line.verdict.starts_with(said), "{said:?}: {line}");
            assert_eq!(line.tone, tone, "{said:?}: {line}");
        }
    }
}
