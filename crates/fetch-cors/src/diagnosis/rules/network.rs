//! There was no response.

use super::Finding;
use crate::diagnosis::{
    case::{Failure, Received},
    cause::Cause,
    facts::Facts,
};

pub(super) fn find(facts: &Facts<'_>) -> Finding {
    let Some(Received::Failed(failure)) = facts.last.map(|last| &last.received) else { return unknown() };
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
