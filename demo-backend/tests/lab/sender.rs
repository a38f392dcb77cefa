//! Sends the Lab's requests over sockets as the model of the browser says, after reading the prediction. The two must agree on
//! every message.

use demo_backend::page::{
    engine::EngineName,
    kinds::{RequestKind, RequestMode},
    lab_request::LabRequest,
};
use fetch_cors::browser::{Browser, Exchange, Next, Response, Verdict};
use serde_json::{Value, json};

use super::{ADDED, TestLab, WireResponse, comparable, send};

/// A browser that stays the same for all that is sent.
pub(crate) struct Sender<'a> {
    lab: &'a TestLab,
    session: String,
    engine: EngineName,
    browser: Browser,
}

impl<'a> Sender<'a> {
    /// In a session of its own, with this policy.
    pub(crate) fn new(lab: &'a TestLab, policy: &Value, engine: EngineName) -> Self {
        Self { lab, session: lab.session(policy), engine, browser: Browser::new(engine.profile()) }
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    pub(crate) fn engine(&self) -> EngineName {
        self.engine
    }

    /// The prediction, and whether the script was given something.
    pub(crate) fn send(&mut self, request: &LabRequest, run: &str) -> (Value, bool) {
        let wanted = json!({ "request": request, "run": run, "engine": self.engine, "commit": true });
        let path = format!("/s/{}/predict", self.session);
        let predicted = self.lab.control("POST", &path, Some(&wanted));
        assert_eq!(predicted.status, 200, "{request:?}: {predicted:?}");
        let predicted = predicted.json();

        let origins = self.lab.running.origins();
        let url = request.url(&self.session, run, origins);
        let now = self.lab.running.sessions().now();
        let mut next = self.browser.fetch(request.to_fetch(&url, origins, self.engine.engine()), now);
        let mut sent = Vec::new();
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let response = over_the_wire(&exchange, request);
                    if origins.is_api(exchange.url()) {
                        compare(&predicted["messages"][sent.len()], &exchange, &response);
                    }
                    let received = response
                        .headers
                        .iter()
                        .fold(Response::new(response.status), |response, (name, value)| {
                            response.header(name, value)
                        });
                    sent.push(exchange.url().to_string());
                    next = exchange.receive(&mut self.browser, &received, now);
                }
            }
        };
        assert_eq!(
            predicted["messages"].as_array().map(Vec::len),
            Some(sent.len()),
            "{request:?}: {predicted}"
        );
        let is_tainted = request.kind == RequestKind::Canvas && request.mode == RequestMode::NoCors;
        if let (Verdict::Allowed(allowed), RequestKind::Fetch | RequestKind::Xhr) = (&verdict, request.kind) {
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

fn over_the_wire(exchange: &Exchange, request: &LabRequest) -> WireResponse {
    let url = exchange.url();
    let target = &url[url::Position::BeforePath..];
    let headers: Vec<_> =
        exchange.headers().iter().map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    let body = request
        .sent_body()
        .filter(|_| exchange.has_body())
        .map(|body| body.text.into_bytes())
        .unwrap_or_default();
    send(&url.origin().ascii_serialization(), exchange.method(), target, &headers, &body)
}

fn compare(predicted: &Value, exchange: &Exchange, response: &WireResponse) {
    let case = format!("{} {}", exchange.method(), exchange.url());
    assert_eq!(predicted["method"], exchange.method(), "{case}");
    assert_eq!(predicted["url"], exchange.url().as_str(), "{case}");
    assert_eq!(predicted["credentials"], exchange.includes_credentials(), "{case}");
    assert_eq!(predicted["status"], response.status, "{case}");
    let headers: Vec<(String, String)> =
        serde_json::from_value(predicted["response_headers"].clone()).expect("a list of headers");
    let (predicted_age, age) = (age(&headers), age(&response.headers));
    // Time goes on between the two.
    assert_eq!(predicted_age.is_some(), age.is_some(), "{case}");
    assert!(
        predicted_age <= age && age <= predicted_age.map(|age| age + 60),
        "{case}: {predicted_age:?} {age:?}"
    );
    assert_eq!(comparable(headers), comparable(response.headers.clone()), "{case}");
}

fn age(headers: &[(String, String)]) -> Option<u64> {
    headers.iter().find(|(name, _)| name == "age").and_then(|(_, age)| age.parse().ok())
}
