//! What the Lab's servers would respond to a request of the model of the browser. No handler runs for it, and nothing goes
//! over a wire.

use std::time::Duration;

use actix_web_cors::Policy;
use fetch_cors::{
    browser::{Engine, PageOrigin, Response, Url},
    diagnosis::{Failure, Received, Sent},
    server::{self, Decision, FieldName, RequestField, RequestHead},
};

use crate::{
    api::{
        hand::{self, HandReply, HandRequest},
        headers::{CACHE_OUTCOME, USER_COOKIE},
        route_table::{self, RouteRequest},
    },
    api_path::{ApiPath, ServerKind, forgets_vary},
    origins::Origins,
    session::{
        Sessions,
        cache::{self, CacheOutcome},
        cookies::{CookieContext, CookieJar},
        hand_written::HandWritten,
    },
};

/// The Lab's servers, as far as a prediction needs them.
#[derive(Clone, Copy, Debug)]
pub struct Servers<'a> {
    /// All sessions.
    pub sessions: &'a Sessions,
    /// Where the servers are.
    pub origins: &'a Origins,
    /// The page that sends, and the engine that it runs in.
    pub sender: &'a CookieSender,
    /// The time since the Lab was started.
    pub now: Duration,
    /// A server to try in place of the one written by hand, with nothing in the cache.
    pub hand: Option<&'a HandWritten>,
}

/// Which page sends requests, in which engine: what decides about cookies.
#[derive(Clone, Debug)]
pub struct CookieSender {
    /// Its origin.
    pub page: PageOrigin,
    /// The origin of the page in the address bar.
    pub top: PageOrigin,
    /// None for the rules that are written down.
    pub engine: Option<Engine>,
}

impl CookieSender {
    /// For a request to this URL.
    pub fn context<'a>(&self, url: &'a Url) -> CookieContext<'a> {
        CookieContext {
            host: url.host_str().unwrap_or_default(),
            path: url.path(),
            is_cross_site: !self.page.is_same_site(url),
            is_third_party: !self.top.is_same_site(url),
            engine: self.engine,
        }
    }

    /// The names of the cookies that go with a request.
    pub fn names(&self, jar: &CookieJar, sent: &Sent) -> Vec<String> {
        if sent.includes_credentials { jar.names(self.context(&sent.url)) } else { Vec::new() }
    }

    /// Whether its cookies are those of another site, about which a setting of the browser decides.
    pub fn is_third_party(&self, sent: &Sent) -> bool {
        sent.includes_credentials && self.context(&sent.url).is_foreign()
    }

    /// Keeps the cookies of a response as the browser does.
    pub fn store(&self, jar: &mut CookieJar, sent: &Sent, response: &Response) {
        if sent.includes_credentials {
            let lines = response.headers().iter().filter(|(name, _)| *name == "set-cookie");
            for (_, value) in lines {
                jar.store(&text(value), self.context(&sent.url));
            }
        }
    }
}

/// A response, or none, and what the page wants to know of where it comes from.
#[derive(Clone, Debug)]
pub struct PredictedResponse {
    /// As the browser gets it; none if the connection is closed instead.
    pub response: Option<Response>,
    /// What the shared cache does; none where there is none.
    pub through_cache: Option<CacheOutcome>,
}

impl PredictedResponse {
    fn new(status: u16) -> Self {
        Self { response: Some(Response::new(status)), through_cache: None }
    }

    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.response = self.response.map(|response| response.header(name, value));
        self
    }

    fn headers<N: AsRef<str>, V: AsRef<[u8]>>(self, headers: impl IntoIterator<Item = (N, V)>) -> Self {
        headers.into_iter().fold(self, |response, (name, value)| response.header(name.as_ref(), value))
    }
}

impl From<PredictedResponse> for Received {
    /// As evidence. Bodies are not predicted: nothing that the Lab responds with is told by its body.
    fn from(predicted: PredictedResponse) -> Self {
        match predicted.response {
            Some(head) => Self::Response { head, body: Vec::new() },
            None => Self::Failed(Failure::Closed),
        }
    }
}

impl Servers<'_> {
    /// Which of the API's servers is at this URL; none if it leads elsewhere. Where no session is, the notes API says so.
    pub fn server_of(&self, url: &Url) -> Option<ServerKind> {
        let path = ApiPath::parse(url.path());
        self.origins.is_api(url).then(|| path.map_or(ServerKind::Policy, |path| path.server))
    }

    /// What will be responded. `body` is what is sent if the request has a body.
    pub fn respond(&self, sent: &Sent, body: &[u8], jar: &CookieJar) -> PredictedResponse {
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
        let looks_up = path.is_cached && sent.method == "GET" && self.hand.is_none();
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
        let response = match path.server {
            ServerKind::Hand => self.by_hand(self.hand.unwrap_or(&state.hand), path, sent),
            ServerKind::Policy => by_policy(&policy, sent, |decision| match decision {
                Decision::PreflightGranted { .. } => preflight(204),
                Decision::PreflightRefused => preflight(403),
                _ => {
                    let line = |name: &str| value(name).map(|value| text(&value));
                    let (content_type, origin) = (line("content-type"), line("origin"));
                    let fetch_site = line("sec-fetch-site");
                    let route = route_table::respond(&RouteRequest {
                        method: &sent.method,
                        path,
                        query,
                        content_type: content_type.as_deref(),
                        has_key: value("x-api-key").is_some(),
                        sec_fetch_site: fetch_site.as_deref(),
                        origin: origin.as_deref(),
                        is_signed_in: self.sender.names(jar, sent).iter().any(|name| name == USER_COOKIE),
                        account: &state.account,
                        policy: &policy,
                        body: if sent.has_body { body } else { b"" },
                        notes: &state.notes,
                        origins: self.origins,
                    });
                    PredictedResponse::new(route.status).headers(route.headers)
                }
            }),
        };
        if looks_up {
            let response = response.header(CACHE_OUTCOME, CacheOutcome::Miss.name());
            PredictedResponse { through_cache: Some(CacheOutcome::Miss), ..response }
        } else {
            response
        }
    }
}

impl Servers<'_> {
    /// The response of the server written by hand.
    fn by_hand(&self, hand: &HandWritten, path: ApiPath<'_>, sent: &Sent) -> PredictedResponse {
        let reply = hand::respond(
            hand,
            &HandRequest {
                is_options: sent.method == "OPTIONS",
                path,
                query: sent.url.query().unwrap_or_default(),
                origin: sent.lines("origin").next(),
                origins: self.origins,
            },
        );
        match reply {
            HandReply::Closed => PredictedResponse { response: None, through_cache: None },
            HandReply::Response { status, headers, .. } => PredictedResponse::new(status).headers(headers),
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
    let own = response.response.as_ref();
    let own_names: Vec<&str> =
        own.map(|own| own.headers().iter().map(|(name, _)| name).collect()).unwrap_or_default();
    let own_names = own.filter(|own| own.status() != 304).map(|_| &own_names[..]);
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
