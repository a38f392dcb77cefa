//! What will happen to a request before it is sent: the model of the browser plays against what the Lab's servers would
//! respond.

use fetch_cors::{
    browser::{Browser, Next, PageOrigin, Request},
    diagnosis::{Case, Diagnosis, Examination, Exchanged, Received, Sent},
};
use serde::{Deserialize, Serialize};

use super::{
    by_hand,
    dropped::{DroppedHeader, dropped},
    engine::EngineName,
    lab_request::LabRequest,
    message::Message,
    servers::{CookieSender, Servers},
    verdict::{Diagnosed, Verdict},
};
use crate::{
    api_path::ServerKind,
    origins::Origins,
    session::{Session, Sessions, cookies::CookieJar, hand_written::HandWritten},
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
    /// The headers of the script that the browser leaves out, without an error.
    pub dropped: Vec<DroppedHeader>,
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
    request.check(session.id(), origins)?;
    let url = request.url(session.id(), run.as_deref().unwrap_or_default(), origins);
    let fetch = request.to_fetch(&url, origins, engine.engine());
    let (at, now) = (sessions.now_ms(), sessions.now());
    if let Some((name, letter)) = request.unsendable_header() {
        let verdict = Verdict::unsendable(&name, letter);
        return Ok(Prediction { at, messages: Vec::new(), verdict, remembered: false, dropped: Vec::new() });
    }
    let dropped = dropped(&fetch, engine.profile());
    let mut browser = session.state().remembered.browser(engine.profile());

    let mut jar = session.state().cookies.clone();
    let sender = CookieSender {
        page: request.page_origin(origins),
        // The other pages are framed in the Lab's.
        top: PageOrigin::of(&origins.page).unwrap_or(PageOrigin::Opaque),
        engine: engine.engine(),
    };
    let servers = Servers { sessions, origins, sender: &sender, now, hand: None };
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
                let predicted = servers.respond(&sent, &body, &jar);
                messages.push(Message {
                    server: origins.server_of(&sent.url),
                    cookies: sender.names(&jar, &sent),
                    third_party: sender.is_third_party(&sent),
                    ..Message::new(&exchange, &predicted, request)
                });
                next = match &predicted.response {
                    Some(response) => {
                        sender.store(&mut jar, &sent, response);
                        exchange.receive(&mut browser, response, now)
                    }
                    None => exchange.fail(&mut browser),
                };
                case.exchanges.push(Exchanged { sent, received: predicted.into() });
            }
        }
    };
    // The policy is the API's, and says nothing about other servers.
    let server = case.exchanges.last().map_or(Some(request.server), |last| servers.server_of(&last.sent.url));
    let has_policy = server == Some(ServerKind::Policy);
    case.policy = has_policy.then(|| session.policy_in_force().config);
    case.verdict = Some(verdict.clone());
    case.hints.is_direct = !request.cached;
    let diagnosis = examine(case, &servers, &jar);
    let hand = session.state().hand.clone();
    let by_hand = (request.server == ServerKind::Hand).then(|| {
        let fetch = request.to_fetch(&url, origins, engine.engine());
        let passes = |fixed: &HandWritten| {
            let servers = Servers { hand: Some(fixed), ..servers };
            passes(fetch.clone(), Browser::new(engine.profile()), &servers, &body, &jar)
        };
        by_hand::advice(
            &by_hand::Situation { hand: &hand, request, messages: &messages, origins, session: session.id() },
            &verdict,
            &diagnosis.cause,
            passes,
        )
    });
    let run = run.as_deref().unwrap_or_default();
    let diagnosed = Diagnosed { session: session.id(), run, diagnosis, by_hand: by_hand.unwrap_or_default() };
    let verdict = Verdict::new(&verdict, &diagnosed, request, *engine, messages.last());
    if *commit {
        session.state().cookies = jar;
    }
    if *commit && request.same_url {
        let preflights = messages.iter().filter_map(Message::preflight);
        session.state().remembered.keep(browser, preflights);
    }
    Ok(Prediction { at, messages, verdict, remembered, dropped })
}

/// Whether a browser that remembers nothing lets the request pass at these servers.
fn passes(fetch: Request, mut browser: Browser, servers: &Servers<'_>, body: &[u8], jar: &CookieJar) -> bool {
    let mut next = browser.fetch(fetch, servers.now);
    loop {
        match next {
            Next::Done(verdict) => return verdict.is_allowed(),
            Next::Send(exchange) => {
                next = match servers.respond(&Sent::from(&exchange), body, jar).response {
                    Some(response) => exchange.receive(&mut browser, &response, servers.now),
                    None => exchange.fail(&mut browser),
                };
            }
        }
    }
}

/// Asks the Lab's servers what the diagnosis wants to know, as `cors-doctor` asks real ones. Nothing goes over a wire.
fn examine(case: Case, servers: &Servers<'_>, jar: &CookieJar) -> Diagnosis {
    let mut examination = Examination::of(case);
    while let Some(wanted) = examination.wanted() {
        let received = if wanted.may_send_unasked {
            servers.respond(&wanted.sent, b"", jar).into()
        } else {
            Received::NotSent
        };
        examination.receive(received, servers.now);
    }
    examination.diagnosis()
}
