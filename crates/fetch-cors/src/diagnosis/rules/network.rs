//! There was no response.

use super::{Finding, is_private, unsent::lacks_scheme};
use crate::diagnosis::{
    case::{Failure, Received},
    cause::Cause,
    facts::Facts,
};

pub(super) fn find(facts: &Facts<'_>) -> Finding {
    let Some(Received::Failed(failure)) = facts.last.map(|last| &last.received) else {
        return unknown(facts);
    };
    // The page's own server was meant by mistake.
    let request = &facts.case.request;
    let is_own =
        facts.url().is_some_and(|url| url.origin().ascii_serialization() == request.page().to_string());
    if is_own && lacks_scheme(request.url()) {
        let mut finding = unknown(facts);
        finding.causes.insert(0, Cause::UrlWithoutScheme);
        return finding;
    }
    Finding::certain(match failure {
        Failure::NameNotResolved => Cause::HostNotFound,
        Failure::Refused => Cause::ServerDown,
        Failure::Closed => Cause::ConnectionClosed,
        Failure::Tls { wants_client_certificate: true, .. } => Cause::ClientCertificate,
        Failure::Tls { .. } => Cause::TlsFailed,
        Failure::TimedOut => Cause::Hang,
        Failure::NotHttp => Cause::NotHttp,
        Failure::Unknown(_) => return unknown(facts),
    })
}

fn unknown(facts: &Facts<'_>) -> Finding {
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
    Finding::likely(causes)
}
