//! Sends the Lab's requests as a browser does, over sockets, by the model of the browser; and asks for the prediction
//! before. The two must say the same of every message.

use demo_backend::lab_request::{Kind, LabRequest, RequestMode};
use fetch_cors::browser::{Browser, Engine, Exchange, Next, Profile, Response, Verdict};
use serde_json::{Value, json};

use super::{ADDED, Answer, Lab, ask, comparable};

/// A browser that stays the same for all that is sent.
pub(crate) struct Sender<'a> {
    lab: &'a Lab,
    session: String,
    engine: &'static str,
    browser: Browser,
}

impl<'a> Sender<'a> {
    /// In a session of its own, with this policy.
    pub(crate) fn new(lab: &'a Lab, policy: &Value, engine: &'static str) -> Self {
        let profile = engine_of(engine).map_or(Profile::STANDARD, Profile::of);
        Self { lab, session: lab.session(policy), engine, browser: Browser::new(profile) }
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    pub(crate) fn engine(&self) -> &'static str {
        self.engine
    }

    /// The prediction, and whether script was given something.
    pub(crate) fn send(&mut self, request: &LabRequest, run: &str) -> (Value, bool) {
        let question = json!({ "request": request, "run": run, "engine": self.engine, "commit": true });
        let path = format!("/s/{}/predict", self.session);
        let predicted = self.lab.control("POST", &path, Some(&question));
        assert_eq!(predicted.status, 200, "{request:?}: {predicted:?}");
        let predicted = predicted.json();

        let origins = self.lab.running.origins();
        let url = request.url(&self.session, run, origins);
        let now = self.lab.running.sessions().now();
        let mut next = self.browser.fetch(request.to_fetch(&url, origins, engine_of(self.engine)), now);
        let mut sent = Vec::new();
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let answer = over_the_wire(&exchange, request);
                    if origins.is_api(exchange.url()) {
                        compare(&predicted["messages"][sent.len()], &exchange, &answer);
                    }
                    let response = answer
                        .headers
                        .iter()
                        .fold(Response::new(answer.status), |response, (name, value)| {
                            response.header(name, value)
                        });
                    sent.push(exchange.url().to_string());
                    next = exchange.receive(&mut self.browser, &response, now);
                }
            }
        };
        assert_eq!(
            predicted["messages"].as_array().map(Vec::len),
            Some(sent.len()),
            "{request:?}: {predicted}"
        );
        let is_tainted = request.kind == Kind::Canvas && request.mode == RequestMode::NoCors;
        if let (Verdict::Allowed(allowed), Kind::Fetch | Kind::Xhr) = (&verdict, request.kind) {
            let said = &predicted["verdict"];
            assert_eq!(said["status"], allowed.status, "{request:?}");
            assert_eq!(said["type"], allowed.response_type.name(), "{request:?}");
            let readable = allowed.readable_headers.iter();
            let readable: Vec<_> =
                readable.map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
            let readable: Vec<_> =
                readable.iter().filter(|(name, _)| !ADDED.contains(&name.as_str())).collect();
            assert_eq!(said["readable"], json!(readable), "{request:?}");
        }
        (predicted, verdict.is_allowed() && !is_tainted)
    }
}

fn engine_of(name: &str) -> Option<Engine> {
    Engine::ALL.into_iter().find(|engine| engine.name() == name)
}

fn over_the_wire(exchange: &Exchange, request: &LabRequest) -> Answer {
    let url = exchange.url();
    let target = &url[url::Position::BeforePath..];
    let headers: Vec<_> =
        exchange.headers().iter().map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    let body =
        request.body().filter(|_| exchange.has_body()).map(|body| body.text.as_bytes()).unwrap_or_default();
    ask(&url.origin().ascii_serialization(), exchange.method(), target, &headers, body)
}

fn compare(predicted: &Value, exchange: &Exchange, answer: &Answer) {
    let case = format!("{} {}", exchange.method(), exchange.url());
    assert_eq!(predicted["method"], exchange.method(), "{case}");
    assert_eq!(predicted["url"], exchange.url().as_str(), "{case}");
    assert_eq!(predicted["credentials"], exchange.includes_credentials(), "{case}");
    assert_eq!(predicted["status"], answer.status, "{case}");
    let headers: Vec<(String, String)> =
        serde_json::from_value(predicted["response_headers"].clone()).expect("a list of headers");
    assert_eq!(comparable(headers), comparable(answer.headers.clone()), "{case}");
}
