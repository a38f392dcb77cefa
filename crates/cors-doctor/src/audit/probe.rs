//! The requests of an audit, as a browser would send them.

use std::time::Duration;

use fetch_cors::browser::{Browser, Credentials, Next, Profile, Request, Response, Url};

use super::{Attacker, Target};

/// What a request tries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Reading a response, without the session.
    Read,
    /// Reading a response with the session that the operator gave.
    ReadWithSession,
    /// Reading an error: a path that doesn't exist.
    ReadError,
    /// The preflight before a `PUT` with JSON, which a form can't send. Only the preflight is sent.
    Preflight,
}

/// One request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// Who sends it; none for the trusted front end.
    pub attacker: Option<Attacker>,
    /// The value of `Origin`.
    pub origin: String,
    /// What it tries out.
    pub kind: Kind,
    /// `GET` or `OPTIONS`.
    pub method: &'static str,
    /// With a query of its own, so that no cache gives its response to anybody else.
    pub url: Url,
    /// Its headers, the session's among them.
    pub headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Received {
    pub(super) response: Response,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The head, and as much of the body as was read.
    pub fn new(response: Response, body: &[u8]) -> Self {
        Self { response, body: body.to_vec() }
    }
}

pub(super) fn plan(target: &Target) -> Vec<Probe> {
    let mut probes = Vec::new();
    let trusted = target.trusted.origin().ascii_serialization();
    let holders = Attacker::ALL
        .into_iter()
        .filter_map(|attacker| Some((Some(attacker), attacker.origin(&target.trusted)?)))
        .chain([(None, trusted)]);
    for (attacker, origin) in holders {
        let mut kinds = vec![Kind::Read];
        if !target.session.is_empty() {
            kinds.push(Kind::ReadWithSession);
        }
        if attacker.is_some() {
            kinds.extend([Kind::ReadError, Kind::Preflight]);
        }
        for kind in kinds {
            probes.extend(probe(target, attacker, &origin, kind, probes.len()));
        }
    }
    probes
}

fn probe(
    target: &Target,
    attacker: Option<Attacker>,
    origin: &str,
    kind: Kind,
    number: usize,
) -> Option<Probe> {
    let mut url = target.url.clone();
    url.set_fragment(None);
    if kind == Kind::ReadError
        && let Ok(mut segments) = url.path_segments_mut()
    {
        segments.pop_if_empty().push("cors-audit-no-such-path");
    }
    url.query_pairs_mut().append_pair("cors-audit", &number.to_string());
    // What the model doesn't send, such as a request of an https page to plain http, no attacker can send either.
    let Next::Send(exchange) =
        start(&mut Browser::new(Profile::STANDARD), origin, &url, kind, Credentials::Include)?
    else {
        return None;
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut headers: Vec<_> =
        exchange.headers().iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    if kind == Kind::ReadWithSession {
        headers.extend(target.session.iter().cloned());
    }
    let method = if exchange.is_preflight() { "OPTIONS" } else { "GET" };
    Some(Probe { attacker, origin: origin.to_owned(), kind, method, url, headers })
}

/// The fetch that a probe is the first request of.
pub(super) fn start(
    browser: &mut Browser,
    origin: &str,
    url: &Url,
    kind: Kind,
    credentials: Credentials,
) -> Option<Next> {
    let page = Attacker::page(origin)?;
    let request = if kind == Kind::Preflight {
        Request::new(page, "PUT", url.as_str()).header("content-type", "application/json")
    } else {
        Request::new(page, "GET", url.as_str())
    };
    Some(browser.fetch(request.credentials(credentials), Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probes(url: &str) -> Vec<Probe> {
        plan(&Target::of(Url::parse(url).unwrap()))
    }

    #[test]
    fn only_get_and_options_are_sent_and_only_to_the_host() {
        for url in
            ["https://api.shop.example/me?page=2#top", "http://127.0.0.1:8080/", "http://localhost/a/b/"]
        {
            let target = Url::parse(url).unwrap();
            let probes = probes(url);
            assert!(!probes.is_empty());
            for probe in &probes {
                assert!(matches!(probe.method, "GET" | "OPTIONS"), "{probe:?}");
                assert_eq!(probe.url.origin(), target.origin());
                let (name, value) = ("origin".to_owned(), probe.origin.clone());
                let is_own = probe.url.origin().ascii_serialization() == probe.origin;
                assert!(is_own || probe.headers.contains(&(name, value)), "{probe:?}");
            }
        }
    }

    #[test]
    fn each_has_a_query_of_its_own() {
        let mut queries: Vec<_> = probes("https://api.shop.example/me?page=2")
            .iter()
            .map(|probe| probe.url.query().map(str::to_owned))
            .collect();
        let count = queries.len();
        queries.sort();
        queries.dedup();
        assert_eq!(queries.len(), count);
        assert!(queries.iter().flatten().all(|query| query.starts_with("page=2&cors-audit=")));
    }

    #[test]
    fn the_session_goes_only_with_what_tries_it_out() {
        let mut target = Target::of(Url::parse("https://api.shop.example/me").unwrap());
        target.session = vec![("Cookie".to_owned(), "sid=secret".to_owned())];
        let (with, without): (Vec<_>, Vec<_>) =
            plan(&target).into_iter().partition(|probe| probe.kind == Kind::ReadWithSession);
        assert!(!with.is_empty());
        let has_session = |probe: &Probe| probe.headers.iter().any(|(name, _)| name == "Cookie");
        assert!(with.iter().all(has_session) && !without.iter().any(has_session));
    }
}
