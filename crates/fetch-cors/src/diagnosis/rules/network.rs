//! There was no response.

use super::{Finding, is_private, unsent::lacks_scheme};
use crate::diagnosis::{
    case::{Failure, Received},
    cause::Cause,
    facts::Facts,
};

pub(super) fn find(facts: &Facts<'_>) -> Finding {
    let failure = match facts.last.map(|last| &last.received) {
        Some(Received::Failed(failure)) => Some(failure),
        _ => None,
    };
    let mut causes = match failure {
        Some(Failure::NameNotResolved) => vec![Cause::HostNotFound],
        Some(Failure::Refused) => vec![Cause::ServerDown],
        Some(Failure::Closed) => vec![Cause::ConnectionClosed],
        Some(Failure::Tls { wants_client_certificate: true, .. }) => vec![Cause::ClientCertificate],
        Some(Failure::Tls { .. }) => vec![Cause::TlsFailed],
        Some(Failure::TimedOut) => vec![Cause::Hang],
        Some(Failure::NotHttp) => vec![Cause::NotHttp],
        Some(Failure::Unknown(_)) | None => unknown(facts),
    };
    // The page's own server got what was meant for another.
    let page = facts.case.request.page().to_string();
    let is_own = facts.url().is_some_and(|url| url.origin().ascii_serialization() == page);
    if is_own && lacks_scheme(facts.case.request.url()) {
        causes.insert(0, Cause::UrlWithoutScheme);
    }
    Finding::likely(causes)
}

fn unknown(facts: &Facts<'_>) -> Vec<Cause> {
    let mut causes = vec![
        Cause::ServerDown,
        Cause::HostNotFound,
        Cause::TlsFailed,
        Cause::ConnectionClosed,
        Cause::Hang,
        Cause::NotHttp,
        Cause::ClientCertificate,
    ];
    // A server on this machine has a certificate that nobody signed, more often than not.
    if facts.url().is_some_and(|url| url.scheme() == "https" && is_private(url)) {
        causes[..3].rotate_right(1);
    }
    if facts.case.hints.is_seen_in_browser {
        // Blockers of advertisements cancel requests, and Firefox calls that a failed connection.
        causes.insert(3, Cause::ServiceWorkerOrExtension);
        if facts.url().is_some_and(is_private) {
            causes.push(Cause::LocalNetworkAccess);
        }
    }
    causes
}
