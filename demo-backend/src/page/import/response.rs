//! Responses that were pasted, as `curl -i` prints them, or with their requests in a HAR file.

use cors_doctor::{
    explain::findings,
    paste::{
        PastedRequest,
        har::{Recorded, Recording},
        http::PastedResponse,
    },
    probe::case_of,
};
use fetch_cors::{
    browser::{Credentials, Reason, Verdict},
    diagnosis::{Cause, Diagnosis, diagnose},
};

use super::{
    PasteKind,
    request::say_request,
    shown,
    situation::{ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, Situation},
};
use crate::{
    api::redirect::is_redirect,
    session::hand_written::{HandResponse, HandWritten},
};

/// What printed responses come to, with the request if that was printed, too.
pub(super) fn of_printed(found: &[PastedResponse], request: Option<PastedRequest>) -> Option<Situation> {
    let first = found.first()?;
    let has_request = request.is_some();
    let is_preflight =
        request.as_ref().map_or_else(|| looks_like_preflight(first), |request| request.is_preflight);
    let request = request.unwrap_or_else(|| PastedRequest::new("GET", ""));
    let mut situation = Situation::new(PasteKind::Response, request);
    situation.title = format!("A response with the status {}", first.status);
    // Nobody sends OPTIONS itself: it stands for a preflight of which curl was not told what it is for.
    situation.is_method_known = has_request && situation.request.method != "OPTIONS";
    if is_preflight && !situation.is_method_known {
        method_of(first).clone_into(&mut situation.request.method);
    }
    if allows_credentials(first) || situation.request.cookies.is_some() {
        situation.request.credentials = Credentials::Include;
    }
    let actual = if is_preflight { found.get(1).filter(|_| !is_redirect(first.status)) } else { Some(first) };
    let response = actual.map_or_else(|| situation.allowing(200), written);
    situation.hand = if is_preflight {
        HandWritten { preflight: written(first), response }
    } else {
        situation.with_response(response)
    };
    say_request(&mut situation);
    say_responses(&mut situation, is_preflight, actual.is_some());
    situation.known.extend(findings(first).into_iter().map(|finding| finding.text));

    let case = situation.played();
    let diagnosis = diagnose(&case);
    if let Some(Verdict::Blocked(blocked)) = &case.verdict {
        situation.take_diagnosis(&case, &diagnosis);
        let is_request_known = situation.request.page.is_some() && situation.is_method_known;
        // What is printed doesn't tell whether the page sends cookies, and which headers its script sets.
        let is_open = situation.includes_credentials()
            || matches!(blocked.reason, Reason::HeaderNotAllowed { .. })
            || matches!(diagnosis.cause, Cause::LoginRedirect { .. });
        let is_told = is_request_known && !is_open || is_whatever_the_request(&diagnosis.cause);
        situation.certain = diagnosis.is_certain() && is_told;
    } else {
        situation.take_probes(&diagnosis);
        situation.unknown.push(
            "What is wrong. By what was pasted, a browser gives a response like this one to the page. Paste the message of \
             the browser's console, or send the request as your page does: with its Origin, its method and its headers."
                .to_owned(),
        );
    }
    Some(situation)
}

/// Causes that are in the value of a header, whatever the request was.
fn is_whatever_the_request(cause: &Cause) -> bool {
    matches!(cause, Cause::NotAnOrigin { .. } | Cause::TwoWriters { .. } | Cause::ListOfOrigins { .. })
}

/// What recordings come to: the first one that was blocked counts.
pub(super) fn of_recorded(found: &[Recording]) -> Option<Situation> {
    let is_blocked = |recording: &&Recording| {
        let case = case_of(recording);
        !case.verdict.as_ref().is_some_and(Verdict::is_allowed) || case.hints.is_blocked_in_browser
    };
    let recording = found.iter().find(is_blocked).or_else(|| found.first())?;
    let mut situation = Situation::new(PasteKind::Recording, recording.request.clone());
    situation.title = format!(
        "A HAR file; of its {} requests to other origins, this is {}: {} {}",
        found.len(),
        if is_blocked(&recording) { "the first that was blocked" } else { "the first" },
        shown(&recording.request.method),
        shown(&recording.request.url)
    );
    let preflight = recording.exchanges.iter().find(|one| one.is_preflight());
    let actual = recording.exchanges.iter().find(|one| !one.is_preflight());
    let is_heard =
        |recorded: Option<&Recorded>| recorded.is_some_and(|one| one.status.is_some() || one.error.is_some());
    let response = match actual.and_then(recorded) {
        Some(response) => response,
        None if preflight.is_some() => situation.allowing(200),
        None => HandResponse::default(),
    };
    situation.hand = match preflight.and_then(recorded) {
        Some(preflight) => HandWritten { preflight, response },
        None => situation.with_response(response),
    };
    say_request(&mut situation);
    say_responses(&mut situation, preflight.is_some(), is_heard(actual));
    let case = case_of(recording);
    let diagnosis: Diagnosis = diagnose(&case);
    situation.take_diagnosis(&case, &diagnosis);
    situation.certain = diagnosis.is_certain() && case.verdict.is_some();
    Some(situation)
}

/// A response as the server written by hand sends it; what it may not send is left out later.
fn written(response: &PastedResponse) -> HandResponse {
    from_lines(response.status, &response.headers)
}

fn recorded(recorded: &Recorded) -> Option<HandResponse> {
    match (recorded.status, &recorded.error) {
        (Some(status), _) => Some(from_lines(status, &recorded.response_headers)),
        (None, Some(_)) => Some(HandResponse { close: true, ..HandResponse::default() }),
        (None, None) => None,
    }
}

fn from_lines(status: u16, lines: &[(String, String)]) -> HandResponse {
    let is_location = |name: &str| name.eq_ignore_ascii_case("location");
    let redirect = lines.iter().find(|(name, _)| is_location(name) && is_redirect(status));
    HandResponse {
        status,
        redirect: redirect.map(|(_, to)| to.clone()),
        headers: lines.iter().filter(|(name, _)| !is_location(name)).cloned().collect(),
        ..HandResponse::default()
    }
}

/// Whether only a preflight's response would be like this.
fn looks_like_preflight(response: &PastedResponse) -> bool {
    let has = |name| response.values(name).next().is_some();
    let has_lists = has(ALLOW_METHODS) || has(ALLOW_HEADERS) || has("access-control-max-age");
    has_lists && response.body.trim().is_empty()
}

/// A method that the response to a preflight allows, if it allows one that needs a preflight.
fn method_of(response: &PastedResponse) -> &'static str {
    let listed: Vec<&str> =
        response.values(ALLOW_METHODS).flat_map(|value| value.split(',')).map(str::trim).collect();
    ["PUT", "PATCH", "DELETE"].into_iter().find(|method| listed.contains(method)).unwrap_or("PUT")
}

fn allows_credentials(response: &PastedResponse) -> bool {
    response.values(ALLOW_CREDENTIALS).any(|value| value == "true")
}

fn say_responses(situation: &mut Situation, is_preflight: bool, has_actual: bool) {
    let needs_preflight = situation.preflight().is_some();
    if situation.kind == PasteKind::Response {
        let what = if is_preflight { "to the preflight" } else { "to the request itself" };
        situation.known.push(format!("It is read as the response {what}."));
        if !situation.is_method_known {
            situation.unknown.push(format!("The method. Here it is {}.", situation.request.method));
        }
        if situation.request.headers.is_empty() {
            situation.unknown.push("The headers that the page's script sets. Here it sets none.".to_owned());
        }
        if situation.request.cookies.is_none() && !situation.includes_credentials() {
            situation.unknown.push("Whether cookies are to be sent. Here they are not.".to_owned());
        } else if situation.request.cookies.is_none() {
            situation.unknown.push(
                "Whether cookies are to be sent. Here they are, because the response allows credentials."
                    .to_owned(),
            );
        }
    }
    if needs_preflight && !is_preflight {
        situation.unknown.push("The response to the preflight. Here it allows the request.".to_owned());
    }
    if !has_actual {
        situation.unknown.push("The response to the request itself. Here it allows the page.".to_owned());
    }
}
