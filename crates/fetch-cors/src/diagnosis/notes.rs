//! What else is worth knowing about a case.

use super::{
    case::Received,
    cause::Cause,
    facts::Facts,
    report::Note,
    rules::{is_private, is_private_page, is_response_header},
};
use crate::{browser::Verdict, masked::masked};

/// Headers that no script needs.
const TECHNICAL: [&str; 10] = [
    "age",
    "connection",
    "content-encoding",
    "date",
    "keep-alive",
    "server",
    "set-cookie",
    "transfer-encoding",
    "vary",
    "via",
];

pub(super) fn notes(facts: &Facts<'_>, cause: &Cause, is_undecided: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let is_hidden = matches!(
        cause,
        Cause::HiddenError { .. }
            | Cause::RateLimit
            | Cause::AuthenticationInFront { .. }
            | Cause::Firewall { .. }
    );
    if is_hidden && !facts.is_origin_allowed() {
        notes.push(Note::OriginUnknown);
    }
    let set: Vec<String> =
        facts.unsafe_headers.iter().filter(|name| is_response_header(name)).cloned().collect();
    if !set.is_empty() && !matches!(cause, Cause::ResponseHeaderOnRequest { .. }) {
        notes.push(Note::ResponseHeadersOnRequest { names: set });
    }
    if let Some(blocked) = facts.blocked()
        && blocked.redirects > 0
        && let Some(from) = &blocked.first_url
    {
        notes.push(Note::AfterRedirect { from: masked(from.as_str()).into_owned() });
    }
    if let Some(Verdict::Allowed(allowed)) = &facts.case.verdict {
        if allowed.status >= 400 {
            notes.push(Note::ErrorStatus { status: allowed.status });
        }
        let preflight = facts.case.exchanges.iter().find(|exchanged| exchanged.sent.is_preflight);
        if let Some(seconds) = preflight.and_then(|preflight| max_age(&preflight.received)) {
            notes.push(Note::PreflightIsRemembered { seconds });
        }
        let names: Vec<String> = allowed
            .withheld_headers
            .iter()
            .filter(|name| !name.starts_with("access-control-") && !TECHNICAL.contains(&name.as_str()))
            .cloned()
            .collect();
        if !names.is_empty() {
            notes.push(Note::HeadersWithheld { names });
        }
    }
    if facts.url().is_some_and(is_private) && !is_private_page(facts.case.request.page()) {
        notes.push(Note::PrivateAddress);
    }
    if is_undecided && facts.looks_signed() {
        notes.push(Note::UrlLooksSigned);
    }
    notes
}

fn max_age(received: &Received) -> Option<u64> {
    let Received::Response { head, .. } = received else { return None };
    let value = head.headers().get("access-control-max-age")?;
    str::from_utf8(&value).ok()?.parse().ok().filter(|seconds| *seconds > 0)
}
