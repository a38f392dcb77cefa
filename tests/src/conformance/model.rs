//! Plays the vectors in the model, which says what an engine should write to its console.

use std::time::Duration;

use cors_vectors::{BrowserVector, Expected, Fetch, request, response};
use fetch_cors::browser::{Browser, Engine, Next, Profile, Verdict};

/// The lines that the engine should write for each fetch; none if the fetch is not blocked or the model doesn't know them.
/// The model's own tests check that it does what the vector states; if it doesn't, it has no lines here.
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
