//! A case from a recording: nothing is sent.

use fetch_cors::{
    browser::{PageOrigin, Profile, Response, Url},
    diagnosis::{Case, Exchanged, Failure, Received, Sent},
};

use super::replay;
use crate::paste::har::{Recorded, Recording};

/// What the recording shows, with the verdict of a browser that gets the recorded responses.
pub fn case_of(recording: &Recording) -> Case {
    let page = recording.request.page.clone().unwrap_or(PageOrigin::Opaque);
    let request = recording.request.to_request(page);
    let mut case = Case::new(request.clone());
    case.exchanges = recording.exchanges.iter().filter_map(exchanged).collect();
    case.verdict = replay(&request, &case.exchanges, Profile::STANDARD, true);
    // A browser writes no response down where it withheld one.
    case.hints.is_blocked_in_browser = recording.exchanges.iter().any(|one| one.status.is_none());
    case
}

fn exchanged(recorded: &Recorded) -> Option<Exchanged> {
    let mut url = Url::parse(&recorded.url).ok()?;
    url.set_fragment(None);
    let headers: Vec<(String, Vec<u8>)> = recorded
        .request_headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes()))
        .collect();
    let has = |name: &str| headers.iter().any(|(listed, _)| listed == name);
    let is_preflight = recorded.is_preflight();
    let (has_body, includes_credentials) = (!is_preflight && has("content-type"), has("cookie"));
    let headers = headers.into_iter().filter(|(name, _)| name != "cookie").collect();
    let sent =
        Sent { method: recorded.method.clone(), url, headers, is_preflight, has_body, includes_credentials };
    let received = match recorded.status {
        Some(status) => {
            let head = recorded
                .response_headers
                .iter()
                .fold(Response::new(status), |head, (name, value)| head.header(name, value));
            Received::Response { head, body: recorded.body.clone().into_bytes() }
        }
        None => recorded.error.as_deref().and_then(failure).map_or(Received::NotSent, Received::Failed),
    };
    Some(Exchanged { sent, received })
}

/// Chromium's names of what went wrong on the network; none if it says nothing about that.
fn failure(error: &str) -> Option<Failure> {
    let name = error.strip_prefix("net::ERR_")?;
    Some(match name {
        "CONNECTION_REFUSED" | "ADDRESS_UNREACHABLE" => Failure::Refused,
        "NAME_NOT_RESOLVED" => Failure::NameNotResolved,
        "CONNECTION_CLOSED" | "CONNECTION_RESET" | "EMPTY_RESPONSE" | "CONNECTION_ABORTED" => Failure::Closed,
        "CONNECTION_TIMED_OUT" | "TIMED_OUT" => Failure::TimedOut,
        "INVALID_HTTP_RESPONSE" => Failure::NotHttp,
        _ if name.starts_with("SSL_CLIENT_AUTH") || name.starts_with("BAD_SSL_CLIENT_AUTH") => {
            Failure::Tls { why: error.to_owned(), wants_client_certificate: true }
        }
        _ if name.starts_with("CERT_") || name.starts_with("SSL_") => {
            Failure::Tls { why: error.to_owned(), wants_client_certificate: false }
        }
        _ => return None,
    })
}
