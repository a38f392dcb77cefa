//! What will happen to a request before it is sent: the model of the browser plays against what the Lab's servers would
//! respond.

use fetch_cors::{
    browser::{Browser, Next},
    diagnosis::{Case, Diagnosis, Examination, Exchanged, Received, Sent},
};
use serde::{Deserialize, Serialize};

use super::{
    engine::EngineName,
    lab_request::LabRequest,
    message::Message,
    servers::Servers,
    verdict::{Diagnosed, Verdict},
};
use crate::{
    origins::Origins,
    session::{Session, Sessions},
};

/// A request whose outcome is to be predicted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PredictionRequest {
    /// What would be sent.
    pub request: LabRequest,
    /// The run that its URL would name; null if none.
    #[serde(default)]
    pub run: Option<String>,
    /// The engine whose rules apply.
    #[serde(default)]
    pub engine: EngineName,
    /// Whether it is about to be sent, so that the browser will remember the preflight.
    #[serde(default)]
    pub commit: bool,
}

/// What will happen.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Prediction {
    /// When it was made, in milliseconds since the Lab was started.
    pub at: u64,
    /// What will go over the wire, in order.
    pub messages: Vec<Message>,
    /// How it will end.
    pub verdict: Verdict,
    /// Whether the browser remembers a preflight, and so doesn't send one.
    pub remembered: bool,
}

/// Predicts what will happen to a request.
///
/// # Errors
///
/// What is wrong with the request.
pub fn predict(
    session: &Session,
    wanted: &PredictionRequest,
    origins: &Origins,
    sessions: &Sessions,
) -> Result<Prediction, String> {
    let PredictionRequest { request, run, engine, commit } = wanted;
    request.check()?;
    let url = request.url(session.id(), run.as_deref().unwrap_or_default(), origins);
    let fetch = request.to_fetch(&url, origins, engine.engine());
    let (at, now) = (sessions.now_ms(), sessions.now());
    let mut browser = session.state().remembered.browser(engine.profile());

    let servers = Servers { sessions, origins, now };
    let body = request.sent_body().map(|body| body.text.into_bytes()).unwrap_or_default();
    let is_preflight = |next: &Next| matches!(next, Next::Send(exchange) if exchange.is_preflight());
    let unremembered = Browser::new(engine.profile()).fetch(fetch.clone(), now);
    let mut messages: Vec<Message> = Vec::new();
    let mut case = Case::new(fetch.clone());
    let mut next = browser.fetch(fetch, now);
    let remembered = is_preflight(&unremembered) && !is_preflight(&next);
    let verdict = loop {
        match next {
            Next::Done(verdict) => break verdict,
            Next::Send(exchange) => {
                let sent = Sent::from(&exchange);
                let predicted = servers.respond(&sent, &body);
                messages.push(Message::new(&exchange, &predicted, request));
                next = exchange.receive(&mut browser, &predicted.response, now);
                case.exchanges.push(Exchanged { sent, received: predicted.into() });
            }
        }
    };
    // The policy is the API's, and says nothing about other servers.
    let is_of_api = case.exchanges.last().is_none_or(|last| origins.is_api(&last.sent.url));
    case.policy = is_of_api.then(|| session.policy_in_force().config);
    case.verdict = Some(verdict.clone());
    case.hints.is_direct = !request.cached;
    let diagnosis = Diagnosed { session: Some(session.id()), diagnosis: examine(case, &servers) };
    let verdict = Verdict::new(&verdict, &diagnosis, request, *engine, messages.last());
    if *commit && request.same_url {
        let preflights = messages.iter().filter_map(Message::preflight);
        session.state().remembered.keep(browser, preflights);
    }
    Ok(Prediction { at, messages, verdict, remembered })
}

/// Asks the Lab's servers what the diagnosis wants to know, as `cors-doctor` asks real ones. Nothing goes over a wire.
fn examine(case: Case, servers: &Servers<'_>) -> Diagnosis {
    let mut examination = Examination::of(case);
    while let Some(wanted) = examination.wanted() {
        let received = if wanted.may_send_unasked {
            servers.respond(&wanted.sent, b"").into()
        } else {
            Received::NotSent
        };
        examination.receive(received, servers.now);
    }
    examination.diagnosis()
}
