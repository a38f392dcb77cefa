//! What a browser's model, and the diagnosis, make of what really went over the wire. The page shows a prediction by the same
//! model; here it is told what the API logged, and not what somebody foresees.

use std::time::Duration;

use demo_backend::api_path::ApiPath;
use end_to_end::Engine;
use fetch_cors::{
    PolicyConfig,
    browser::{
        self, Browser, Credentials, Mode, Next, PageOrigin, Profile, Redirect, Request, Response, Verdict,
    },
    diagnosis::{Case, Cause, Diagnosis, Exchanged, Received, Sent, diagnose},
};

use crate::{
    Tried,
    copies::without_run,
    same,
    seen::{Exchange, Seen},
};

/// The model of an engine, by the name that both give it.
pub(crate) fn engine(engine: Engine) -> browser::Engine {
    match engine {
        Engine::Chromium => browser::Engine::Chromium,
        Engine::Firefox => browser::Engine::Firefox,
        Engine::WebKit => browser::Engine::WebKit,
    }
}

/// How the run ends. An error if the model sends something else than the engine sent.
pub(crate) fn verdict(seen: &Seen) -> Tried<Verdict> {
    replay(seen, request(seen)?).map(|case| case.verdict.expect("it has ended"))
}

/// Why. The policy is known, as it is to the page.
pub(crate) fn diagnosis(seen: &Seen) -> Tried<Diagnosis> {
    let mut case = replay(seen, request(seen)?)?;
    let wanted_policy = serde_json::from_value::<PolicyConfig>(seen.policy.clone());
    case.policy = Some(wanted_policy.map_err(|error| error.to_string())?);
    Ok(diagnose(&case))
}

/// What the model makes of another request, if that gets the same responses.
pub(crate) fn replay(seen: &Seen, request: Request) -> Tried<Case> {
    let mut browser = Browser::new(Profile::of(engine(seen.engine)));
    Replay { browser: &mut browser, now: Duration::ZERO, page: seen.names.origin("page") }
        .play(request, &seen.exchanges)
}

/// A model to which the log is played.
pub(crate) struct Replay<'a> {
    pub(crate) browser: &'a mut Browser,
    pub(crate) now: Duration,
    /// The page's own server, of which there is no log.
    pub(crate) page: &'a str,
}

impl Replay<'_> {
    /// A complete case. An error if the model sends something else than was logged.
    pub(crate) fn play(self, request: Request, logged: &[Exchange]) -> Tried<Case> {
        let mut exchanges = logged.iter();
        let mut case = Case::new(request.clone());
        let mut next = self.browser.fetch(request, self.now);
        loop {
            match next {
                Next::Done(verdict) => {
                    same("how many requests are left", &exchanges.count(), &0)?;
                    case.verdict = Some(verdict);
                    return Ok(case);
                }
                Next::Send(sent) => {
                    let is_page = sent.url().origin().ascii_serialization() == self.page;
                    let is_forwarded = is_page && ApiPath::parse(sent.url().path()).is_some();
                    let head = if is_page && !is_forwarded {
                        // Static files, without any CORS header.
                        Response::new(200)
                    } else {
                        let exchange =
                            exchanges.next().ok_or_else(|| format!("nobody sent {}", sent.url()))?;
                        let Exchange { preflight, method, target, .. } = exchange;
                        let origin = if is_forwarded {
                            // What arrives at the API has the API's own host.
                            self.page.to_owned()
                        } else {
                            format!("http://{}", exchange.request("host").unwrap_or_default())
                        };
                        let arrived =
                            (*preflight, method.as_str(), without_run(&format!("{origin}{target}")));
                        let meant = (sent.is_preflight(), sent.method(), without_run(sent.url().as_str()));
                        same("what arrived", &arrived, &meant)?;
                        response(exchange)
                    };
                    let line = Sent::from(&sent);
                    next = sent.receive(self.browser, &head, self.now);
                    let received = Received::Response { head, body: Vec::new() };
                    case.exchanges.push(Exchanged { sent: line, received });
                }
            }
        }
    }
}

/// Whether the page names a cause that the wire doesn't rule out: the same, or one of its rivals, which only probes tell apart.
pub(crate) fn agrees(diagnosis: &Diagnosis, shown: &str) -> Tried<()> {
    let names: Vec<_> = [&diagnosis.cause].into_iter().chain(diagnosis.rivals()).map(Cause::name).collect();
    if names.contains(&shown) {
        Ok(())
    } else {
        Err(format!("the cause should be one of {names:?}; it is {shown:?}"))
    }
}

fn request(seen: &Seen) -> Tried<Request> {
    let text = |name: &str, default: &'static str| seen.request[name].as_str().unwrap_or(default).to_owned();
    let page = PageOrigin::of(seen.names.origin("page")).ok_or("the page has an origin")?;
    let request = Request::new(page, text("method", "GET"), seen.url())
        .mode(match text("mode", "cors").as_str() {
            "no-cors" => Mode::NoCors,
            "same-origin" => Mode::SameOrigin,
            _ => Mode::Cors,
        })
        .credentials(match text("credentials", "same-origin").as_str() {
            "include" => Credentials::Include,
            "omit" => Credentials::Omit,
            _ => Credentials::SameOrigin,
        })
        .redirect(Redirect::Follow);
    let request =
        seen.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value));
    Ok(if seen.request["body"].is_object() {
        request.body(Some("text/plain;charset=UTF-8"))
    } else {
        request
    })
}

fn response(exchange: &Exchange) -> Response {
    let response = Response::new(exchange.status.unwrap_or_default());
    exchange.response_headers.iter().fold(response, |response, (name, value)| response.header(name, value))
}
