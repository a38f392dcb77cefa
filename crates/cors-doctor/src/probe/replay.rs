//! Plays what went over the wire again, in the model of each engine: what one engine blocks, another may allow.

use std::time::Duration;

use fetch_cors::{
    browser::{Browser, Engine, Exchange, Next, Profile, Request, Response, Verdict},
    diagnosis::{Exchanged, Received},
};

/// What an engine makes of what went over the wire.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// The engine.
    pub engine: Engine,
    /// Its verdict; none if it would send something else than what was sent.
    pub verdict: Option<Verdict>,
    /// What it writes to its console; none if it allows the request, or what it writes is not known.
    pub message: Option<String>,
}

/// What each engine makes of it.
pub fn in_engines(request: &Request, exchanges: &[Exchanged]) -> Vec<Replayed> {
    let replayed = |engine| {
        let verdict = replay(request, exchanges, Profile::of(engine), false);
        let message = verdict.as_ref().and_then(Verdict::blocked).and_then(|blocked| blocked.console(engine));
        Replayed { engine, verdict, message }
    };
    Engine::ALL.into_iter().map(replayed).collect()
}

/// The verdict of a browser that gets these responses; none if it would send what is not there, or was not sent.
///
/// A preflight that is not there may be assumed to be granted: a recording doesn't show what the browser remembers.
pub fn replay(
    request: &Request,
    exchanges: &[Exchanged],
    profile: Profile,
    assumes_preflights: bool,
) -> Option<Verdict> {
    let mut browser = Browser::new(profile);
    let mut is_used = vec![false; exchanges.len()];
    let mut next = browser.fetch(request.clone(), Duration::ZERO);
    loop {
        let exchange = match next {
            Next::Done(verdict) => return Some(verdict),
            Next::Send(exchange) => exchange,
        };
        let found =
            exchanges.iter().zip(&is_used).position(|(other, used)| !used && is_same(&exchange, other));
        let received = found.map(|index| {
            is_used[index] = true;
            &exchanges[index].received
        });
        next = match received {
            Some(Received::Response { head, .. }) => exchange.receive(&mut browser, head, Duration::ZERO),
            Some(Received::Failed(_)) => exchange.fail(&mut browser),
            None if assumes_preflights && exchange.is_preflight() => {
                let granted = granted(&exchange);
                exchange.receive(&mut browser, &granted, Duration::ZERO)
            }
            Some(Received::NotSent) | None => return None,
        };
    }
}

fn is_same(exchange: &Exchange, other: &Exchanged) -> bool {
    let sent = &other.sent;
    sent.is_preflight == exchange.is_preflight()
        && sent.method == exchange.method()
        && sent.url == *exchange.url()
}

/// A preflight response that grants what is asked for.
fn granted(preflight: &Exchange) -> Response {
    let asked = |name| preflight.headers().get(name).unwrap_or_default();
    Response::new(204)
        .header("access-control-allow-origin", asked("origin"))
        .header("access-control-allow-credentials", "true")
        .header("access-control-allow-methods", asked("access-control-request-method"))
        .header("access-control-allow-headers", asked("access-control-request-headers"))
}
