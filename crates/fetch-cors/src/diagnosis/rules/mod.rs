//! From what is known to the causes that explain it. Each family of causes has a file. A family starts with all causes that
//! its symptom can have, likeliest first, and strikes those that something contradicts. What can't be struck is a rival, so
//! that a diagnosis is certain only if nothing else is left.

mod allowed;
mod network;
mod redirect;
mod uncovered;
mod unseen;
mod unsent;
mod value;

pub(super) use allowed::{is_private, is_private_page};
pub(super) use value::is_response_header;

use super::{
    case::{Case, Received, Sent},
    cause::Cause,
    facts::Facts,
    notes,
    probe::{Probe, Purpose},
    remedy,
    report::{Certainty, Diagnosis, Evidence},
    words,
};
use crate::{
    browser::{Reason, Step, Verdict, readable},
    masked::masked_bytes,
};

/// The causes that are left, likeliest first, and what would tell them apart.
struct Finding {
    causes: Vec<Cause>,
    probes: Vec<Purpose>,
}

impl Finding {
    fn certain(cause: Cause) -> Self {
        Self { causes: vec![cause], probes: Vec::new() }
    }

    fn likely(causes: Vec<Cause>) -> Self {
        Self { causes, probes: Vec::new() }
    }

    fn asking(mut self, probes: impl IntoIterator<Item = Purpose>) -> Self {
        self.probes.extend(probes);
        self
    }
}

/// Names the cause behind a verdict.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::{
///     browser::{Browser, Next, PageOrigin, Profile, Request, Response},
///     diagnosis::{Case, Exchanged, Received, Sent, diagnose},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "GET", "https://api.example/items");
/// let mut browser = Browser::new(Profile::STANDARD);
/// let Next::Send(exchange) = browser.fetch(request.clone(), Duration::ZERO) else { panic!("it is not sent") };
///
/// let mut case = Case::new(request);
/// let sent = Sent::from(&exchange);
/// assert_eq!(sent.header("origin"), Some(&b"https://app.example"[..]));
/// assert_eq!(sent.lines("cookie").count(), 0);
///
/// // A proxy's error page.
/// let head = Response::new(502).header("content-type", "text/html");
/// let Next::Done(verdict) = exchange.receive(&mut browser, &head, Duration::ZERO) else { panic!("it goes on") };
/// let body = b"<h1>Bad gateway</h1>".to_vec();
/// case.exchanges.push(Exchanged { sent, received: Received::Response { head, body } });
/// case.verdict = Some(verdict);
///
/// let diagnosis = diagnose(&case);
/// assert_eq!(diagnosis.cause.name(), "hidden-error");
/// println!("{diagnosis}");
/// ```
pub fn diagnose(case: &Case) -> Diagnosis {
    let facts = Facts::of(case);
    let Finding { mut causes, probes } = find(&facts);
    if causes.is_empty() {
        // Everything was contradicted by something: the server does not always respond in the same way.
        causes = vec![Cause::Inconsistent, Cause::CachedForAnother];
    }
    let likeliest = causes.remove(0);
    let mut rivals: Vec<Cause> = Vec::new();
    for rival in causes {
        if rival != likeliest && !rivals.contains(&rival) {
            rivals.push(rival);
        }
    }
    let probes = match &likeliest {
        _ if !rivals.is_empty() => probes,
        // Nothing is left to settle, but the person wants to know which origin was meant.
        Cause::OriginNotListed { near_miss: None, fixed: None, .. } if case.policy.is_none() => {
            facts.near_misses()
        }
        // It is a header, and it is not settled which.
        Cause::HeadersNotListed { names } if names.len() > 1 => probes,
        _ => Vec::new(),
    };
    let probes: Vec<Probe> = probes.into_iter().filter_map(|purpose| facts.probe(purpose)).collect();
    let remedy = remedy::remedy(&facts, &likeliest);
    let summary = words::summary(&facts, &likeliest, &rivals);
    let notes = notes::notes(&facts, &likeliest, !rivals.is_empty());
    let certainty = if rivals.is_empty() { Certainty::Certain } else { Certainty::Likely { rivals } };
    Diagnosis { cause: likeliest, certainty, summary, remedy, evidence: evidence(&facts), probes, notes }
}

fn find(facts: &Facts<'_>) -> Finding {
    let Some(verdict) = &facts.case.verdict else { return Finding::certain(Cause::NotSent) };
    let blocked = match verdict {
        Verdict::Allowed(allowed) => return allowed::find(facts, allowed),
        Verdict::Blocked(blocked) => blocked,
    };
    match blocked.step {
        Step::Request | Step::MainFetch => unsent::find(facts, blocked),
        Step::ResourcePolicy => Finding::certain(Cause::ResourcePolicy),
        Step::Redirect => redirect::refused(facts, blocked),
        _ if blocked.reason == Reason::NoResponse => network::find(facts),
        _ => {
            let Some(response) = facts.response() else { return unseen::find(facts, blocked) };
            if let Some(finding) = redirect::find(facts, blocked, response) {
                return finding;
            }
            match &blocked.reason {
                Reason::AllowOriginMissing | Reason::PreflightStatus { .. } => {
                    uncovered::find(facts, response)
                }
                _ => value::find(facts, blocked, response),
            }
        }
    }
}

/// A line for each request that was sent.
fn evidence(facts: &Facts<'_>) -> Vec<Evidence> {
    let exchanges = facts.case.exchanges.iter().map(|exchanged| (&exchanged.sent, None, &exchanged.received));
    let probes = facts
        .case
        .probes
        .iter()
        .map(|probed| (&probed.probe.sent, Some(&probed.probe.purpose), &probed.received));
    // The header by which the browser blocked it.
    let by = facts.blocked().and_then(|blocked| blocked.reason.header());
    exchanges
        .chain(probes)
        .filter_map(|(sent, purpose, received)| line(sent, purpose, received, by))
        .collect()
}

fn line(
    sent: &Sent,
    purpose: Option<&Purpose>,
    received: &Received,
    by: Option<&'static str>,
) -> Option<Evidence> {
    let (result, decisive) = match received {
        Received::NotSent => return None,
        Received::Failed(failure) => (Err(failure.clone()), None),
        Received::Response { head, .. } => {
            let of = |name: &str| {
                Some((name.to_owned(), readable(&masked_bytes(&head.headers().get(name)?), 200)))
            };
            let location = || of("location").filter(|_| (300..=399).contains(&head.status()));
            let decisive =
                location().or_else(|| by.and_then(of)).or_else(|| of("access-control-allow-origin"));
            (Ok(head.status()), decisive)
        }
    };
    Some(Evidence {
        method: sent.method.clone(),
        url: sent.url.clone(),
        purpose: purpose.cloned(),
        is_preflight: sent.is_preflight,
        result,
        decisive,
    })
}
