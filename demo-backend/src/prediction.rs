//! What will happen to a request, before it is sent: by the model of the browser, the policy's decision, what the cache in
//! between keeps, and what the table says that the route answers. No handler runs for it, and nothing goes over a wire.

use std::time::Duration;

use actix_web_cors::{Policy, PolicyConfig};
use fetch_cors::{
    browser::{
        Allowed, Blocked, Browser, Engine, Exchange, Fix, HeaderList, Next, Profile, Reason, Response,
        ResponseType, Verdict,
    },
    server::{self, Decision, RequestField, RequestHead},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    api::forgets_vary,
    lab_request::{Kind, LabRequest},
    origins::Origins,
    place::Place,
    route_table,
    session::{Session, Sessions},
    shared_cache::{self, Outcome},
};

/// What is asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct Question {
    /// What would be sent.
    pub request: LabRequest,
    /// The run that would stand in its URL, if one would.
    #[serde(default)]
    pub run: Option<String>,
    /// Whose rules count.
    #[serde(default)]
    pub engine: EngineName,
    /// Whether it is about to be sent, so that the browser will remember what it is told.
    #[serde(default)]
    pub commit: bool,
}

/// An engine, or the standard to the letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// [`Profile::STANDARD`]
    #[default]
    Standard,
    /// [`Engine::Chromium`]
    Chromium,
    /// [`Engine::Firefox`]
    Firefox,
    /// [`Engine::WebKit`]
    WebKit,
}

impl EngineName {
    fn engine(self) -> Option<Engine> {
        match self {
            Self::Standard => None,
            Self::Chromium => Some(Engine::Chromium),
            Self::Firefox => Some(Engine::Firefox),
            Self::WebKit => Some(Engine::WebKit),
        }
    }

    fn profile(self) -> Profile {
        self.engine().map_or(Profile::STANDARD, Profile::of)
    }
}

/// What a session's browser should remember of preflights. Only what a later request could find counts: every other run has
/// a URL of its own.
#[derive(Debug, Default)]
pub struct Remembered {
    browser: Browser,
    /// About how many bytes it takes.
    held: usize,
}

impl Remembered {
    const MAX_HELD: usize = 6 * 1024;
    /// What an entry takes beside its URL.
    const ENTRY: usize = 300;

    /// The browser, if it is the one whose rules count. Nobody's browser changes its engine.
    fn browser(&self, profile: Profile) -> Browser {
        if self.browser.profile() == profile { self.browser.clone() } else { Browser::new(profile) }
    }

    fn keep(&mut self, browser: Browser, messages: &[Message]) {
        let names = |message: &Message| {
            let lists = ["access-control-allow-methods", "access-control-allow-headers"];
            let values = message.response_headers.iter().filter(|(name, _)| lists.contains(&name.as_str()));
            values.map(|(_, value)| value.split(',').count()).sum::<usize>()
        };
        let preflights = messages.iter().filter(|message| message.kind == MessageKind::Preflight);
        let added: usize = preflights.map(|message| names(message) * (message.url.len() + Self::ENTRY)).sum();
        self.held += added;
        self.browser = browser;
        if self.held > Self::MAX_HELD {
            *self = Self { browser: Browser::new(self.browser.profile()), held: 0 };
        }
    }
}

/// What will happen.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// When it was made, in milliseconds since the Lab was started.
    pub at: u64,
    /// What will go over the wire, in order.
    pub messages: Vec<Message>,
    /// How it will end: see the functions that make one.
    pub verdict: Value,
    /// Whether a remembered preflight spares one.
    pub remembered: bool,
}

/// Whether the browser asks, or sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// It asks.
    Preflight,
    /// It sends.
    Request,
}

/// A request that will go over the wire, and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Whether it is a preflight.
    pub kind: MessageKind,
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// As far as CORS reads them or writes them.
    pub request_headers: Vec<(String, String)>,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, without what the server adds.
    pub response_headers: Vec<(String, String)>,
    /// The headers that the browser decides by, of the request and of the answer.
    pub decisive: Vec<&'static str>,
    /// Whether cookies go along.
    pub credentials: bool,
    /// What the cache in between does; none where there is none.
    pub through_cache: Option<Outcome>,
}

/// Predicts what will happen to a request.
///
/// # Errors
///
/// What is wrong with the question.
pub fn predict(
    session: &Session,
    question: &Question,
    origins: &Origins,
    sessions: &Sessions,
) -> Result<Prediction, String> {
    let Question { request, run, engine, commit } = question;
    request.check()?;
    let url = request.url(session.id(), run.as_deref().unwrap_or_default(), origins);
    let fetch = request.to_fetch(&url, origins, engine.engine());
    let now = sessions.now();
    let mut browser = session.state().remembered.browser(engine.profile());

    let lab = Lab { sessions, origins, now };
    let body = request.body().map(|body| body.text.as_bytes()).unwrap_or_default();
    let asks_first = |next: &Next| matches!(next, Next::Send(exchange) if exchange.is_preflight());
    let would_ask = asks_first(&Browser::new(engine.profile()).fetch(fetch.clone(), now));
    let mut next = browser.fetch(fetch, now);
    let remembered = would_ask && !asks_first(&next);
    let mut messages: Vec<Message> = Vec::new();
    let mut blames_cache = false;
    let verdict = loop {
        match next {
            Next::Done(verdict) => break verdict,
            Next::Send(exchange) => {
                let answer = lab.answer(&exchange, body);
                messages.push(Message::new(&exchange, &answer, request));
                blames_cache = answer.blames_cache;
                next = exchange.receive(&mut browser, &answer.response, now);
            }
        }
    };
    let verdict = match &verdict {
        Verdict::Blocked(blocked) if blames_cache => blocked_by_cache(blocked, request),
        Verdict::Blocked(blocked) => blocked_by_browser(blocked, request, &session.written().config),
        Verdict::Allowed(allowed) => match request_fails(request, *engine, allowed, messages.last()) {
            Some(failure) => failure,
            None => allowed_verdict(request, *engine, allowed),
        },
    };
    if *commit && request.same_url {
        session.state().remembered.keep(browser, &messages);
    }
    let at = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    Ok(Prediction { at, messages, verdict, remembered })
}

/// The Lab's servers, as far as a prediction needs them.
struct Lab<'a> {
    sessions: &'a Sessions,
    origins: &'a Origins,
    now: Duration,
}

struct Answer {
    response: Response,
    through_cache: Option<Outcome>,
    /// Whether the cache gives out what the API would not answer to this origin.
    blames_cache: bool,
}

impl Answer {
    fn of(status: u16, headers: &[(&str, String)]) -> Self {
        let response = headers
            .iter()
            .fold(Response::new(status), |response, (name, value)| response.header(name, value));
        Self { response, through_cache: None, blames_cache: false }
    }

    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.response = self.response.header(name, value);
        self
    }
}

impl Lab<'_> {
    fn answer(&self, exchange: &Exchange, body: &[u8]) -> Answer {
        let url = exchange.url();
        if !self.origins.is_api(url) {
            // The pages are static files, without any CORS header.
            return Answer::of(200, &[("content-type", "text/html".to_owned())]);
        }
        let found = Place::of(url.path()).and_then(|place| Some((place, self.sessions.find(place.session)?)));
        let Some((place, session)) = found else {
            let nobody = Policy::deny_all();
            return Self::by_policy(&nobody, exchange, |_| {
                Answer::of(404, &[("content-type", "application/json".to_owned())])
            });
        };
        let (policy, state) = (session.policy(), session.state());
        let looks_up = place.cached && exchange.method() == "GET";
        let query = url.query().unwrap_or_default();
        if looks_up {
            let value = |name: &str| exchange.headers().get(name);
            let kept = state.cache.find(&shared_cache::key(url.path(), query), value, self.now);
            if let Some(kept) = kept {
                let mut answer = Answer::of(kept.status, &[]);
                for (name, value) in &kept.headers {
                    answer = answer.header(name, value);
                }
                let origin = value("origin").and_then(|origin| text(&origin).parse().ok());
                answer.through_cache = Some(Outcome::Hit);
                answer.blames_cache = origin.is_some_and(|origin| policy.allows(&origin));
                return answer
                    .header("x-lab-cache", Outcome::Hit.name())
                    .header("age", kept.age(self.now).to_string());
            }
        }
        let mut answer = Self::by_policy(&policy, exchange, |decision| match decision {
            Decision::PreflightGranted { .. } => Answer::of(204, &route_table::for_caches(place)),
            Decision::PreflightRefused => Answer::of(403, &route_table::for_caches(place)),
            _ => {
                let value = |name: &str| exchange.headers().get(name);
                let content_type = value("content-type").map(|value| text(&value));
                let answer = route_table::answer(&route_table::Asked {
                    method: exchange.method(),
                    place,
                    query,
                    content_type: content_type.as_deref(),
                    has_key: value("x-api-key").is_some(),
                    body: if exchange.has_body() { body } else { b"" },
                    notes: &state.notes,
                    origins: self.origins,
                });
                Answer::of(answer.status, &answer.headers)
            }
        });
        if looks_up {
            answer.through_cache = Some(Outcome::Miss);
            answer = answer.header("x-lab-cache", Outcome::Miss.name());
        }
        answer
    }

    /// What the policy adds to an answer.
    fn by_policy(policy: &Policy, exchange: &Exchange, answer: impl FnOnce(Decision) -> Answer) -> Answer {
        let head = Head(exchange);
        let decision = server::decide(policy, &head);
        let forgets_vary = forgets_vary(exchange.url().query().unwrap_or_default());
        let fields = server::fields(policy, &head, decision).into_iter();
        fields
            .filter(|(name, _)| !(forgets_vary && name.name() == "vary"))
            .fold(answer(decision), |answer, (name, value)| answer.header(name.name(), value))
    }
}

/// A request as the policy reads it.
struct Head<'a>(&'a Exchange);

impl RequestHead for Head<'_> {
    fn is_options(&self) -> bool {
        self.0.method() == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.0.headers().iter().filter(move |(name, _)| *name == field.name()).map(|(_, value)| value)
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn to_lines(headers: &HeaderList) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

impl Message {
    fn new(exchange: &Exchange, answer: &Answer, request: &LabRequest) -> Self {
        let mut request_headers = to_lines(exchange.headers());
        for (name, value) in &mut request_headers {
            if name == "sec-fetch-dest" {
                request.kind.destination().clone_into(value);
            }
        }
        let kind = if exchange.is_preflight() { MessageKind::Preflight } else { MessageKind::Request };
        let mut message = Self {
            kind,
            method: exchange.method().to_owned(),
            url: exchange.url().to_string(),
            request_headers,
            status: answer.response.status(),
            response_headers: to_lines(answer.response.headers()),
            decisive: Vec::new(),
            credentials: exchange.includes_credentials(),
            through_cache: answer.through_cache,
        };
        message.decisive = message.decisive(request.asks_for_credentials());
        message
    }

    fn decisive(&self, with_credentials: bool) -> Vec<&'static str> {
        const ASKED: [(&str, &[&str]); 3] = [
            ("origin", &["access-control-allow-origin"]),
            ("access-control-request-method", &["access-control-allow-methods"]),
            ("access-control-request-headers", &["access-control-allow-headers"]),
        ];
        const SAYS: [&str; 4] =
            ["access-control-expose-headers", "access-control-max-age", "location", "x-lab-cache"];
        let asks = |name: &str| self.request_headers.iter().any(|(header, _)| header == name);
        let says = |name: &str| self.response_headers.iter().any(|(header, _)| header == name);
        let mut decisive = Vec::new();
        for (asked, answered) in ASKED {
            if asks(asked) {
                decisive.push(asked);
                // What is missing decides, too; the page marks what is there.
                decisive.extend(answered);
            }
        }
        if asks("origin") && with_credentials {
            decisive.push("access-control-allow-credentials");
        }
        if self.kind == MessageKind::Request || says("access-control-max-age") {
            decisive.extend(SAYS.into_iter().filter(|name| says(name)));
        }
        decisive
    }
}

/// Half a sentence as a whole one.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn allowed_verdict(request: &LabRequest, engine: EngineName, allowed: &Allowed) -> Value {
    let readable: Vec<_> = allowed.readable_headers.iter().map(|(name, value)| (name, text(value))).collect();
    let is_opaque = request.is_opaque(engine.engine());
    let what = match (request.kind, allowed.response_type) {
        (Kind::Image, _) => "the image is shown; script can't look into it".to_owned(),
        (Kind::ImageCors, _) => "the image is shown, and script may look into it".to_owned(),
        (Kind::Canvas, _) => "the image is drawn, and script reads its pixels back".to_owned(),
        (Kind::Font, _) if is_opaque => {
            "the font is used: this engine asks for fonts without CORS".to_owned()
        }
        (Kind::Font, _) => "the font is used".to_owned(),
        (Kind::Module, _) => "the module runs".to_owned(),
        (Kind::Events, _) => "script is given the events".to_owned(),
        (_, ResponseType::Opaque) => {
            "script is given an opaque response: status 0, no headers, an empty body".to_owned()
        }
        (_, ResponseType::OpaqueRedirect) => {
            "script is told that there is a redirect, and not where to".to_owned()
        }
        _ => format!("script reads the answer, with its status {}", allowed.status),
    };
    let spec = match (request.kind, allowed.response_type) {
        (Kind::Font, _) => "https://drafts.csswg.org/css-fonts/#font-fetching-requirements",
        (_, ResponseType::Opaque) => "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque",
        (_, ResponseType::OpaqueRedirect) => {
            "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque-redirect"
        }
        _ => "https://fetch.spec.whatwg.org/#cors-check",
    };
    json!({
        "allowed": true,
        "type": allowed.response_type.name(),
        "status": allowed.status,
        "readable": readable,
        "withheld": allowed.withheld_headers,
        "sentence": sentence(&what),
        "spec": spec,
    })
}

/// What fails after the browser has let the answer through: it is no image, say.
fn request_fails(
    request: &LabRequest,
    engine: EngineName,
    allowed: &Allowed,
    last: Option<&Message>,
) -> Option<Value> {
    let last = last?;
    let content_type = last.response_headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map_or("", |(_, value)| value.as_str());
    let is_ok = (200..=299).contains(&last.status);
    let (is_usable, what, kind) = match request.kind {
        Kind::Fetch | Kind::Xhr => return None,
        Kind::Image | Kind::ImageCors | Kind::Canvas => {
            (content_type.starts_with("image/"), "an image", "image")
        }
        Kind::Font => (is_ok && content_type.starts_with("font/"), "a font", "font"),
        Kind::Module => (is_ok && content_type == "text/javascript", "a script", "module"),
        Kind::Events => {
            (last.status == 200 && content_type == "text/event-stream", "a stream of events", "events")
        }
    };
    let opaque = allowed.response_type == ResponseType::Opaque && request.is_opaque(engine.engine());
    if !is_usable {
        let status = last.status;
        return Some(json!({
            "allowed": false,
            "step": "use",
            "reason": format!("not-{kind}"),
            "sentence": format!(
                "The answer, of the type {content_type} with the status {status}, is not {what} that could be used; \
                 that is no matter of CORS."
            ),
            "fix": {
                "change": format!("ask for a path that answers with {what}, such as {}", example(request.kind)),
                "setting": null,
                "patch": [],
            },
            "spec": "https://fetch.spec.whatwg.org/#concept-request-destination",
            "console": consoles(|_| None),
        }));
    }
    (request.kind == Kind::Canvas && opaque).then(|| {
        json!({
            "allowed": false,
            "step": "canvas",
            "reason": "tainted",
            "sentence": "The image came without CORS, so that it can be drawn and seen, but the canvas is tainted: \
                         reading it back throws a SecurityError.",
            "fix": {
                "change": "in the page, ask for the image with CORS: give it the attribute crossorigin before its src",
                "setting": null,
                "patch": [],
            },
            "spec": "https://html.spec.whatwg.org/multipage/canvas.html#security-with-canvas-elements",
            "console": consoles(|_| None),
        })
    })
}

fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch | Kind::Xhr => "notes",
        Kind::Font => "font",
        Kind::Image | Kind::ImageCors | Kind::Canvas => "image.png",
        Kind::Module => "module.js",
        Kind::Events => "events",
    }
}

fn consoles(message: impl Fn(Engine) -> Option<String>) -> Value {
    let by_engine = Engine::ALL.map(|engine| (engine.name().to_owned(), json!(message(engine))));
    Value::Object(by_engine.into_iter().collect())
}

/// As the engine writes it for this kind of request; the model knows Chromium's words for `fetch()`, and the others' are
/// the same for everything.
fn console(blocked: &Blocked, request: &LabRequest, engine: Engine) -> Option<String> {
    let message = blocked.console(engine)?;
    let what = match request.kind {
        Kind::Fetch => return Some(message),
        Kind::Xhr => "XMLHttpRequest",
        Kind::Events => "resource",
        kind => kind.destination(),
    };
    Some(message.replacen("Access to fetch at", &format!("Access to {what} at"), 1))
}

fn blocked_by_browser(blocked: &Blocked, request: &LabRequest, config: &PolicyConfig) -> Value {
    let Fix { change, setting, .. } = blocked.fix();
    let patch = if setting.is_some() { patch(blocked, config) } else { Vec::new() };
    json!({
        "allowed": false,
        "step": blocked.step.name(),
        "reason": blocked.reason.name(),
        "sentence": sentence(&blocked.why()),
        "fix": { "change": change, "setting": setting, "patch": patch },
        "spec": blocked.spec(),
        "console": consoles(|engine| console(blocked, request, engine)),
    })
}

fn blocked_by_cache(blocked: &Blocked, request: &LabRequest) -> Value {
    let why = format!(
        "{}: the cache gave out what it had kept of an answer to somebody else, although the policy allows this origin",
        blocked.why()
    );
    json!({
        "allowed": false,
        "step": blocked.step.name(),
        "reason": blocked.reason.name(),
        "sentence": sentence(&why),
        "fix": {
            "change": "answer with Vary: Origin, always, so that caches tell origins apart (here: take vary=forgotten out \
                       of the query)",
            "setting": null,
            "patch": [],
        },
        "spec": "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches",
        "console": consoles(|engine| console(blocked, request, engine)),
    })
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    setting: &'static str,
    #[serde(flatten)]
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Add(String),
    Remove(String),
    Set(bool),
}

impl Change {
    fn apply(&self, config: &mut PolicyConfig) {
        let list = match self.setting {
            "allow_origins" => &mut config.allow_origins,
            "allow_methods" => &mut config.allow_methods,
            "allow_headers" => &mut config.allow_headers,
            "expose_headers" => &mut config.expose_headers,
            _ => {
                config.allow_credentials = self.what == What::Set(true);
                return;
            }
        };
        match &self.what {
            What::Add(entry) => list.push(entry.clone()),
            What::Remove(entry) => list.retain(|listed| listed != entry),
            What::Set(_) => {}
        }
    }
}

/// What to change in the policy, so that this request gets further; nothing, if no valid policy would help.
fn patch(blocked: &Blocked, config: &PolicyConfig) -> Vec<Change> {
    let change = |setting, what| Change { setting, what };
    let remove_any = |setting| change(setting, What::Remove("*".to_owned()));
    let mut changes = match &blocked.reason {
        Reason::AllowOriginMissing
        | Reason::AllowOriginMultiple { .. }
        | Reason::AllowOriginWildcard
        | Reason::AllowOriginMismatch { .. } => {
            vec![change("allow_origins", What::Add(blocked.origin.clone()))]
        }
        Reason::AllowCredentialsNotTrue { .. } => vec![change("allow_credentials", What::Set(true))],
        Reason::MethodNotAllowed { method, .. } => vec![change("allow_methods", What::Add(method.clone()))],
        Reason::HeaderNotAllowed { names, .. } => {
            names.iter().map(|name| change("allow_headers", What::Add(name.clone()))).collect()
        }
        Reason::AuthorizationNotListed => {
            vec![change("allow_headers", What::Add("authorization".to_owned()))]
        }
        _ => return Vec::new(),
    };
    // `*` means nothing beside an origin of its own, and with credentials it is no policy.
    if blocked.reason == Reason::AllowOriginWildcard {
        changes.insert(0, remove_any("allow_origins"));
    }
    if changes.iter().any(|change| change.setting == "allow_credentials")
        && config.expose_headers.iter().any(|name| name == "*")
    {
        changes.insert(0, remove_any("expose_headers"));
    }
    let mut after = config.clone();
    for change in &changes {
        change.apply(&mut after);
    }
    if Policy::try_from(after).is_ok() { changes } else { Vec::new() }
}
