//! What the Lab's servers would respond to a request of the model of the browser. No handler runs for it, and nothing goes
//! over a wire.

use std::time::Duration;

use actix_web_cors::Policy;
use fetch_cors::{
    browser::Response,
    diagnosis::{Received, Sent},
    server::{self, Decision, FieldName, RequestField, RequestHead},
};

use crate::{
    api::{
        headers::CACHE_OUTCOME,
        route_table::{self, RouteRequest},
    },
    api_path::{ApiPath, forgets_vary},
    origins::Origins,
    session::{
        Sessions,
        cache::{self, CacheOutcome},
    },
};

/// The Lab's servers, as far as a prediction needs them.
#[derive(Clone, Copy, Debug)]
pub struct Servers<'a> {
    /// All sessions.
    pub sessions: &'a Sessions,
    /// Where the servers are.
    pub origins: &'a Origins,
    /// The time since the Lab was started.
    pub now: Duration,
}

/// A response, and what the page wants to know of where it comes from.
#[derive(Clone, Debug)]
pub struct PredictedResponse {
    /// As the browser gets it.
    pub response: Response,
    /// What the shared cache does; none where there is none.
    pub through_cache: Option<CacheOutcome>,
}

impl PredictedResponse {
    fn new(status: u16) -> Self {
        Self { response: Response::new(status), through_cache: None }
    }

    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.response = self.response.header(name, value);
        self
    }

    fn headers<N: AsRef<str>, V: AsRef<[u8]>>(self, headers: impl IntoIterator<Item = (N, V)>) -> Self {
        headers.into_iter().fold(self, |response, (name, value)| response.header(name.as_ref(), value))
    }
}

impl From<PredictedResponse> for Received {
    /// As evidence. Bodies are not predicted: nothing that the Lab responds with is told by its body.
    fn from(predicted: PredictedResponse) -> Self {
        Self::Response { head: predicted.response, body: Vec::new() }
    }
}

impl Servers<'_> {
    /// What will be responded. `body` is what is sent if the request has a body.
    pub fn respond(&self, sent: &Sent, body: &[u8]) -> PredictedResponse {
        let url = &sent.url;
        if !self.origins.is_api(url) {
            // The pages are static files, without any CORS header.
            return PredictedResponse::new(200).header("content-type", "text/html");
        }
        let found =
            ApiPath::parse(url.path()).and_then(|path| Some((path, self.sessions.find(path.session)?)));
        let Some((path, session)) = found else {
            let not_found = |_| PredictedResponse::new(404).header("content-type", "application/json");
            return by_policy(&Policy::deny_all(), sent, not_found);
        };
        let (policy, state) = (session.policy(), session.state());
        let looks_up = path.is_cached && sent.method == "GET";
        let query = url.query().unwrap_or_default();
        let value = |name: &str| combined(sent, name);
        if looks_up && let Some(kept) = state.cache.find(&cache::key(url.path(), query), value, self.now) {
            let response = PredictedResponse::new(kept.status)
                .headers(kept.headers.iter().map(|(name, value)| (name, value)))
                .header(CACHE_OUTCOME, CacheOutcome::Hit.name())
                .header("age", kept.age(self.now).to_string());
            return PredictedResponse { through_cache: Some(CacheOutcome::Hit), ..response };
        }
        let preflight = |status| PredictedResponse::new(status).headers(route_table::cache_lines(path));
        let response = by_policy(&policy, sent, |decision| match decision {
            Decision::PreflightGranted { .. } => preflight(204),
            Decision::PreflightRefused => preflight(403),
            _ => {
                let content_type = value("content-type").map(|value| text(&value));
                let route = route_table::respond(&RouteRequest {
                    method: &sent.method,
                    path,
                    query,
                    content_type: content_type.as_deref(),
                    has_key: value("x-api-key").is_some(),
                    body: if sent.has_body { body } else { b"" },
                    notes: &state.notes,
                    origins: self.origins,
                });
                PredictedResponse::new(route.status).headers(route.headers)
            }
        });
        if looks_up {
            let response = response.header(CACHE_OUTCOME, CacheOutcome::Miss.name());
            PredictedResponse { through_cache: Some(CacheOutcome::Miss), ..response }
        } else {
            response
        }
    }
}

/// The response that the application makes of the policy's decision, with the header fields that the policy adds to it.
fn by_policy(
    policy: &Policy,
    sent: &Sent,
    respond: impl FnOnce(Decision) -> PredictedResponse,
) -> PredictedResponse {
    let head = SentHead(sent);
    let decision = server::decide(policy, &head);
    let forgets_vary = forgets_vary(sent.url.query().unwrap_or_default());
    let response = respond(decision);
    let own_names: Vec<&str> = response.response.headers().iter().map(|(name, _)| name).collect();
    let own_names = if response.response.status() == 304 { None } else { Some(&own_names[..]) };
    let fields = server::fields(policy, &head, decision, own_names).into_iter();
    let fields = fields.filter(|(name, _)| !(forgets_vary && *name == FieldName::Vary));
    let fields: Vec<_> = fields.map(|(name, value)| (name.name(), value)).collect();
    response.headers(fields)
}

/// Bytes of a header as text.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// The value of a header that may have several lines.
fn combined(sent: &Sent, name: &str) -> Option<Vec<u8>> {
    let values: Vec<_> = sent.lines(name).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

/// A request as the policy reads it.
struct SentHead<'a>(&'a Sent);

impl RequestHead for SentHead<'_> {
    fn is_options(&self) -> bool {
        self.0.method == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.0.lines(field.name())
    }
}
