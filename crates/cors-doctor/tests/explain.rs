//! Every message that the model of an engine can write is recognised, whole and in part.

use std::{collections::BTreeSet, time::Duration};

use cors_doctor::explain::{Message, Source, KINDS, recognize};
use cors_vectors::{BrowserVector, Expected, Fetch, request, response};
use fetch_cors::browser::{Browser, Engine, Next, Profile, Verdict};

/// What the engines write in all vectors: the engine, the reason's name, the message, the status.
fn messages() -> Vec<(Engine, &'static str, String, Option<u16>)> {
    let mut messages = Vec::new();
    for engine in Engine::ALL {
        for file in cors_vectors::browser_files() {
            for vector in &file.vectors {
                play_vector(vector, engine, &mut messages);
            }
        }
    }
    messages
}

fn play_vector(
    vector: &BrowserVector,
    engine: Engine,
    messages: &mut Vec<(Engine, &'static str, String, Option<u16>)>,
) {
    let mut browser = Browser::new(Profile::of(engine));
    let mut now = Duration::ZERO;
    let expected = vector.expected(Some(engine.name()));
    for (fetch, expected) in vector.fetches.iter().zip(&expected) {
        now += Duration::from_secs(fetch.after);
        let Some(Verdict::Blocked(blocked)) = play(&mut browser, fetch, expected, now) else { continue };
        if let Some(message) = blocked.console(engine) {
            messages.push((engine, blocked.reason.name(), message, blocked.status));
        }
    }
}

fn play(browser: &mut Browser, fetch: &Fetch, expected: &Expected, now: Duration) -> Option<Verdict> {
    let mut scripted = expected.wire.iter().map(|sent| sent.response.as_ref());
    let mut next = browser.fetch(request(fetch).ok()?, now);
    loop {
        next = match next {
            Next::Done(verdict) => return Some(verdict),
            Next::Send(exchange) => match scripted.next()? {
                None => exchange.fail(browser),
                Some(scripted) => exchange.receive(browser, &response(scripted), now),
            },
        };
    }
}
