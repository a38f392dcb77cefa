//! What the document shows of a fetch.

use cors_doctor::{report::report, words};
use fetch_cors::{
    browser::HeaderList,
    diagnosis::{Exchanged, Note, Probe, Received},
};
use serde::Serialize;
use serde_json::Value;

use super::play::Play;
use crate::page::{
    by_hand::Advice,
    message::{MessageKind, decisive, to_lines},
    servers::text,
    verdict::{Diagnosed, Verdict, sentence},
};

/// A fetch of somebody's own API, as far as the Lab's own requests show.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::page) struct OwnView {
    /// For its probes.
    id: String,
    /// Where the Lab's own requests went, in order.
    targets: Vec<OwnTarget>,
    /// Whether the page may send its request now.
    may_send: bool,
    /// Whether the page's request may follow redirects: each of their targets was checked.
    follow: bool,
    /// Why the Lab went no further; null if it did.
    stopped: Option<String>,
    /// What went over the wire, in order.
    messages: Vec<OwnMessage>,
    /// What the browser makes of it; null if a request was not sent.
    verdict: Option<Verdict>,
    /// The cause in a sentence or two.
    summary: String,
    /// Whether nothing else explains what was seen.
    certain: bool,
    /// The names of the causes that could not be ruled out.
    rivals: Vec<String>,
    /// A line for each request that was sent.
    evidence: Vec<String>,
    /// What else is worth knowing, a sentence each.
    notes: Vec<String>,
    /// The response that the browser needs; null if headers are not what is lacking.
    needed: Option<OwnResponse>,
    /// What to do in each server.
    servers: Vec<OwnRecipe>,
    /// What would tell more.
    probes: Vec<OwnProbe>,
    /// How many were sent.
    probed: usize,
}

/// A server that the Lab connected to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnTarget {
    /// Its host and port.
    host: String,
    /// The addresses that were checked; the Lab connects to no others.
    addresses: Vec<String>,
    /// Whether browsers know these addresses without looking up a name.
    fixed: bool,
}

/// A request that went over the wire, and its response.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnMessage {
    /// Whether it is a preflight.
    kind: MessageKind,
    /// The method.
    method: String,
    /// The URL.
    url: String,
    /// The request's headers.
    request_headers: Vec<(String, String)>,
    /// The response's status; null if there is no response.
    status: Option<u16>,
    /// Why there is none.
    failure: Option<String>,
    /// The response's headers, all of them.
    response_headers: Vec<(String, String)>,
    /// The names of the headers that the browser decides by.
    decisive: Vec<&'static str>,
    /// The start of the response's body.
    body: String,
}

/// The response that the browser needs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnResponse {
    /// Whether it is the response to the preflight.
    preflight: bool,
    /// Its header lines.
    headers: Vec<(String, String)>,
}

/// What to do in a server.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnRecipe {
    /// Its short name.
    name: String,
    /// The name as people write it.
    title: String,
    /// What to do, in one line.
    line: String,
    /// The setting in full.
    code: String,
    /// What goes wrong with this server.
    traps: Vec<String>,
    /// Whether it was checked against the running server, and not only against its documentation.
    checked: bool,
}

/// A request that would tell more.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OwnProbe {
    /// Its name.
    name: String,
    /// What it asks, in a few words.
    purpose: String,
    /// The method.
    method: String,
    /// The URL.
    url: String,
    /// The headers that tell it from other requests.
    headers: Vec<(String, String)>,
    /// Whether it may change something on the server.
    unsafe_method: bool,
    /// Whether it carries the credentials that were typed.
    carries_secrets: bool,
}

/// The members that hold a name of the Lab's or the standard's. Whoever types `request` as a cookie's value must not break the page.
const OWN_NAMES: &[&str] = &[
    "cause", "decisive", "header", "kind", "name", "place", "reason", "rivals", "spec", "step", "title",
    "type",
];

impl OwnView {
    /// As JSON, without what was typed as a secret.
    pub(super) fn masked(id: &str, play: &Play) -> Value {
        let view = serde_json::to_value(Self::new(play)).unwrap_or_default();
        let mut view = play.secrets.mask_value(view, OWN_NAMES);
        view["id"] = id.into();
        view
    }

    fn new(play: &Play) -> Self {
        let diagnosis = play.diagnosis();
        let made = report(&play.case, &diagnosis);
        let wanted = &play.wanted;
        let with_credentials = wanted.request.includes_credentials();
        let verdict = play.case.verdict.as_ref().map(|verdict| {
            let diagnosed = Diagnosed {
                session: None,
                run: "",
                diagnosis: diagnosis.clone(),
                by_hand: Advice::default(),
            };
            Verdict::new(verdict, &diagnosed, &wanted.request, wanted.engine, None)
        });
        let recipe = |recipe: &cors_doctor::report::ServerRecipe| OwnRecipe {
            name: recipe.name.clone(),
            title: recipe.title.clone(),
            line: recipe.line.clone(),
            code: recipe.code.clone(),
            traps: recipe.traps.clone(),
            checked: recipe.checked,
        };
        Self {
            id: String::new(),
            targets: play
                .pins
                .all()
                .map(|(host, target)| OwnTarget {
                    host,
                    addresses: target.addresses.iter().map(ToString::to_string).collect(),
                    fixed: target.is_fixed,
                })
                .collect(),
            may_send: play.stopped.is_none() && (wanted.is_safe() || wanted.confirmed),
            follow: play.was_redirected(),
            stopped: play.stopped.clone(),
            messages: play
                .case
                .exchanges
                .iter()
                .filter(|exchange| exchange.received != Received::NotSent)
                .map(|exchange| OwnMessage::new(exchange, with_credentials))
                .collect(),
            verdict,
            summary: made.summary,
            certain: made.certain,
            rivals: made.rivals,
            evidence: diagnosis.evidence.iter().map(ToString::to_string).collect(),
            notes: diagnosis
                .notes
                .iter()
                // What the script was given says the same.
                .filter(|note| !matches!(note, Note::HeadersWithheld { .. }))
                .map(|note| sentence(&note.to_string()))
                .collect(),
            needed: made
                .response
                .map(|needed| OwnResponse { preflight: needed.preflight, headers: needed.headers }),
            servers: made.servers.iter().map(recipe).collect(),
            probes: play.probes().iter().map(OwnProbe::new).collect(),
            probed: play.case.probes.len(),
        }
    }
}

impl OwnMessage {
    fn new(exchange: &Exchanged, with_credentials: bool) -> Self {
        let Exchanged { sent, received } = exchange;
        let kind = if sent.is_preflight { MessageKind::Preflight } else { MessageKind::Request };
        let request_headers: Vec<_> =
            sent.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let nothing = HeaderList::default();
        let (status, failure, headers, body) = match received {
            Received::Response { head, body } => (Some(head.status()), None, head.headers(), text(body)),
            Received::Failed(failure) => (None, Some(words::failure(failure)), &nothing, String::new()),
            Received::NotSent => (None, None, &nothing, String::new()),
        };
        let response_headers = to_lines(headers);
        let decisive = decisive(kind, &request_headers, &response_headers, with_credentials);
        Self {
            kind,
            method: sent.method.clone(),
            url: sent.url.to_string(),
            request_headers,
            status,
            failure,
            response_headers,
            decisive,
            body,
        }
    }
}

impl OwnProbe {
    fn new(probe: &Probe) -> Self {
        let tells = |name: &str| name == "origin" || name.starts_with("access-control-");
        let headers = probe.sent.headers.iter().filter(|(name, _)| tells(name));
        let is_read = matches!(probe.sent.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        Self {
            name: probe.purpose.name(),
            purpose: words::purpose(&probe.purpose),
            method: probe.sent.method.clone(),
            url: probe.sent.url.to_string(),
            headers: headers.map(|(name, value)| (name.clone(), text(value))).collect(),
            unsafe_method: !is_read,
            carries_secrets: probe.carries_secrets,
        }
    }
}
