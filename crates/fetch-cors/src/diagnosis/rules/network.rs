//! There was no response.

use super::{Finding, unsent::lacks_scheme};
use crate::diagnosis::{
    case::{Failure, Received},
    cause::Cause,
    facts::Facts,
};

pub(super) fn find(facts: &Facts<'_>) -> Finding {
    let Some(Received::Failed(failure)) = facts.last.map(|last| &last.received) else { return unknown() };
    // The page's own server was meant by mistake.
    let request = &facts.case.request;
    let is_own =
        facts.url().is_some_and(|url| url.origin().ascii_serialization() == request.page().to_string());
    if is_own && lacks_scheme(request.url()) {
        let mut finding = unknown();
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
        Failure::Unknown(_) => return unknown(),
    })
}

fn unknown() -> Finding {
    Finding::likely(vec![
        Cause::ServerDown,
        Cause::HostNotFound,
        Cause::TlsFailed,
        Cause::ConnectionClosed,
        Cause::Hang,
        Cause::NotHttp,
        Cause::ClientCertificate,
    ])
}
