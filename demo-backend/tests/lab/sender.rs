//! Sends the Lab's requests over sockets as the model of the browser says, after reading the prediction. The two must agree on
//! every message.

use std::{collections::HashMap, time::Duration};

use demo_backend::page::{
    engine::EngineName,
    kinds::{RequestKind, RequestMode},
    lab_request::LabRequest,
};
use fetch_cors::{
    browser::{Browser, Next, Response, Verdict},
    diagnosis::{Case, Diagnosis, Examination, Exchanged, Failure, Received, Sent},
};
use serde_json::{Value, json};

use super::{ADDED, TestLab, WireResponse, comparable, try_send};

/// A browser that stays the same for all that is sent.
pub(crate) struct Sender<'a> {
    lab: &'a TestLab,
    session: String,
    engine: EngineName,
    browser: Browser,
    /// The values of the cookies that it was given, by host and name.
    cookies: HashMap<(String, String), String>,
    /// The last request, with what really went over the wire.
    case: Option<Case>,
}

impl<'a> Sender<'a> {
    /// In a session of its own, with this policy.
    pub(crate) fn new(lab: &'a TestLab, policy: &Value, engine: EngineName) -> Self {
        Self {
            lab,
            session: lab.session(policy),
            engine,
            browser: Browser::new(engine.profile()),
            cookies: HashMap::new(),
            case: None,
        }
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
        let fetch = request.to_fetch(&url, origins, self.engine.engine());
        let body = request.sent_body().map(|body| body.text.into_bytes()).unwrap_or_default();
        let mut case = Case::new(fetch.clone());
        let mut next = self.browser.fetch(fetch, now);
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let sent = Sent::from(&exchange);
                    let message = &predicted["messages"][case.exchanges.len()];
                    // Which cookies a browser sends is checked in browsers.
                    let names: Vec<String> =
                        serde_json::from_value(message["cookies"].clone()).expect("names");
                    assert!(names.is_empty() || sent.includes_credentials, "{request:?}: {message}");
                    let response = over_the_wire(&sent, &self.cookie_line(&sent, &names), &body);
                    if let Some(response) = &response {
                        self.keep_cookies(&sent, response);
                    }
                    if origins.is_api(&sent.url) {
                        compare(message, &sent, response.as_ref());
                    }
                    next = match &response {
                        Some(response) => exchange.receive(&mut self.browser, &head(response), now),
                        None => exchange.fail(&mut self.browser),
                    };
                    case.exchanges.push(Exchanged { sent, received: received(response) });
                }
            }
        };
        case.verdict = Some(verdict.clone());
        assert_eq!(
            predicted["messages"].as_array().map(Vec::len),
            Some(case.exchanges.len()),
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
        self.case = Some(case);
        (predicted, verdict.is_allowed() && !is_tainted)
    }

    /// The last response's body, if the script may read it.
    pub(crate) fn body(&self) -> String {
        let Some(Case { exchanges, verdict: Some(verdict), .. }) = &self.case else { return String::new() };
        match exchanges.last().map(|exchanged| &exchanged.received) {
            Some(Received::Response { body, .. }) if verdict.is_allowed() => {
                String::from_utf8_lossy(body).into_owned()
            }
            _ => String::new(),
        }
    }

    fn cookie_line(&self, sent: &Sent, names: &[String]) -> String {
        let host = sent.url.host_str().unwrap_or_default();
        let pairs = names.iter().map(|name| {
            let value = self.cookies.get(&(host.to_owned(), name.clone())).expect("it was given this cookie");
            format!("{name}={value}")
        });
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&mut self, sent: &Sent, response: &WireResponse) {
        let host = sent.url.host_str().unwrap_or_default();
        for (_, line) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a name and a value");
            self.cookies.insert((host.to_owned(), name.to_owned()), value.to_owned());
        }
    }

    /// The diagnosis of the last request as `cors-doctor` makes it: by the wire and its probes alone, without the policy.
    pub(crate) fn diagnose(&self) -> Diagnosis {
        let mut examination = Examination::of(self.case.clone().expect("a request was sent"));
        while let Some(wanted) = examination.wanted() {
            let received = if wanted.may_send_unasked {
                received(over_the_wire(&wanted.sent, "", b""))
            } else {
                Received::NotSent
            };
            examination.receive(received, Duration::ZERO);
        }
        examination.diagnosis()
    }
}

fn received(response: Option<WireResponse>) -> Received {
    match response {
        Some(response) => Received::Response { head: head(&response), body: response.body },
        None => Received::Failed(Failure::Closed),
    }
}

fn over_the_wire(sent: &Sent, cookies: &str, body: &[u8]) -> Option<WireResponse> {
    let target = &sent.url[url::Position::BeforePath..];
    let headers: Vec<_> =
        sent.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value))).collect();
    let headers = headers.iter().map(|(name, value)| (*name, &**value));
    let cookies = (!cookies.is_empty()).then_some(("cookie", cookies));
    let headers: Vec<_> = headers.chain(cookies).collect();
    let body = if sent.has_body { body } else { b"" };
    try_send(&sent.url.origin().ascii_serialization(), &sent.method, target, &headers, body)
}

fn head(response: &WireResponse) -> Response {
    let empty = Response::new(response.status);
    response.headers.iter().fold(empty, |head, (name, value)| head.header(name, value))
}

fn compare(predicted: &Value, sent: &Sent, response: Option<&WireResponse>) {
    let case = format!("{} {}", sent.method, sent.url);
    assert_eq!(predicted["method"], sent.method, "{case}");
    assert_eq!(predicted["url"], sent.url.as_str(), "{case}");
    assert_eq!(predicted["credentials"], sent.includes_credentials, "{case}");
    let Some(response) = response else {
        assert_eq!(
            (&predicted["status"], &predicted["response_headers"]),
            (&json!(null), &json!([])),
            "{case}"
        );
        return;
    };
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
