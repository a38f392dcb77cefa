//! The vectors played by the model, for what it says that an engine writes to its console.

use std::time::Duration;

use fetch_cors::browser::{
    Browser, Credentials, Engine, Mode, Next, PageOrigin, Profile, Redirect, Request, Response, Verdict,
};

use super::format::{BrowserVector, Expected, Fetch, isomorphic_encode};

/// What the engine should write for each fetch, a line each; nothing where the fetch is not blocked or the model doesn't know.
/// That the model does what the vector states, its own tests see to; where it doesn't it says nothing here.
pub(super) fn console(vector: &BrowserVector, engine: &str) -> Vec<Vec<String>> {
    let Some(engine) = Engine::ALL.into_iter().find(|known| known.name() == engine) else {
        return Vec::new();
    };
    let mut browser = Browser::new(Profile::of(engine));
    let mut now = Duration::ZERO;
    let expected = vector.expected(Some(engine.name()));
    vector
        .fetches
        .iter()
        .zip(&expected)
        .map(|(fetch, expected)| {
            now += Duration::from_secs(fetch.after);
            let verdict = play(&mut browser, fetch, expected, now);
            let message =
                verdict.as_ref().and_then(Verdict::blocked).and_then(|blocked| blocked.console(engine));
            message.iter().flat_map(|message| message.lines()).map(str::to_owned).collect()
        })
        .collect()
}

fn play(browser: &mut Browser, fetch: &Fetch, expected: &Expected, now: Duration) -> Option<Verdict> {
    let mut answers = expected.wire.iter().map(|sent| sent.answer.as_ref());
    let mut next = browser.fetch(request(fetch)?, now);
    loop {
        next = match next {
            Next::Done(verdict) => return Some(verdict),
            Next::Send(exchange) => match answers.next()? {
                None => exchange.fail(browser),
                Some(answer) => {
                    let response = Response::new(answer.status);
                    let response = answer.headers.iter().fold(response, |response, (name, value)| {
                        response.header(isomorphic_encode(name), isomorphic_encode(value))
                    });
                    exchange.receive(browser, &response, now)
                }
            },
        };
    }
}

fn request(fetch: &Fetch) -> Option<Request> {
    let asked = &fetch.request;
    let request = Request::new(PageOrigin::of(&fetch.page)?, &asked.method, &asked.url)
        .mode(match asked.mode.as_deref() {
            Some("no-cors") => Mode::NoCors,
            Some("same-origin") => Mode::SameOrigin,
            _ => Mode::Cors,
        })
        .credentials(match asked.credentials.as_deref() {
            Some("include") => Credentials::Include,
            Some("omit") => Credentials::Omit,
            _ => Credentials::SameOrigin,
        })
        .redirect(match asked.redirect.as_deref() {
            Some("error") => Redirect::Error,
            Some("manual") => Redirect::Manual,
            _ => Redirect::Follow,
        });
    let request = asked.headers.iter().fold(request, |request, (name, value)| {
        request.header(isomorphic_encode(name), isomorphic_encode(value))
    });
    let request = match asked.body.as_deref() {
        None => request,
        Some("") => request.body(None),
        Some(content_type) => request.body(Some(content_type)),
    };
    Some(if asked.upload_listener { request.upload_listener() } else { request })
}
