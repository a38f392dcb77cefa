//! What a browser's model makes of what really went over the wire. The page shows a prediction by the same model; here it
//! is told what the API logged, and not what somebody foresees.

use std::time::Duration;

use end_to_end::Engine;
use fetch_cors::browser::{
    self, Browser, Credentials, Mode, Next, PageOrigin, Profile, Redirect, Request, Response, Verdict,
};

use crate::{
    Tried, same,
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
    let mut exchanges = seen.exchanges.iter();
    let mut browser = Browser::new(Profile::of(engine(seen.engine)));
    let mut next = browser.fetch(request(seen)?, Duration::ZERO);
    loop {
        match next {
            Next::Done(verdict) => {
                same("how many requests are left", &exchanges.count(), &0)?;
                return Ok(verdict);
            }
            Next::Send(sent) => {
                let exchange = exchanges.next().ok_or_else(|| format!("nobody sent {}", sent.url()))?;
                let Exchange { preflight, method, target, .. } = exchange;
                let host = exchange.request("host").unwrap_or_default();
                let arrived = (*preflight, method.as_str(), format!("http://{host}{target}"));
                same(
                    "what arrived",
                    &arrived,
                    &(sent.is_preflight(), sent.method(), sent.url().to_string()),
                )?;
                next = sent.receive(&mut browser, &response(exchange), Duration::ZERO);
            }
        }
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
