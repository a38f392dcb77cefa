//! What the responses give to one origin, by the browser model.

use std::time::Duration;

use fetch_cors::browser::{Browser, Credentials, Next, Profile, ResponseType, Verdict};

use super::{Kind, Probe, Received, probe::start};

/// What an origin's pages can do. Each is the index of the probe that shows it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Grant {
    /// Read a response to a request with the user's cookies.
    pub(super) reads_with_credentials: Option<usize>,
    /// Read a response to a request without them.
    pub(super) reads: Option<usize>,
    /// Send, with the user's cookies, what a form can't.
    pub(super) sends_with_credentials: Option<usize>,
    /// Send, without cookies, what a form can't.
    pub(super) sends: Option<usize>,
    /// Read a response that the session changes: the probe with the session.
    pub(super) reads_session: Option<usize>,
}

impl Grant {
    /// From the probes of this origin.
    pub(super) fn of(origin: &str, probes: &[Probe], all: &[Received]) -> Self {
        let mut grant = Self::default();
        let answered = probes.iter().zip(all).enumerate().filter(|(_, (probe, _))| probe.origin == origin);
        for (index, (probe, received)) in answered {
            let is_given = |credentials| is_given(probe, received, credentials);
            let is_preflight = probe.kind == Kind::Preflight;
            let (with, without) = if is_preflight {
                (&mut grant.sends_with_credentials, &mut grant.sends)
            } else {
                (&mut grant.reads_with_credentials, &mut grant.reads)
            };
            if with.is_none() && is_given(Credentials::Include) {
                *with = Some(index);
            }
            if without.is_none() && is_given(Credentials::Omit) {
                *without = Some(index);
            }
            if probe.kind == Kind::ReadWithSession
                && is_given(Credentials::Include)
                && differs_without_session(probe, received, probes, all)
            {
                grant.reads_session = Some(index);
            }
        }
        grant
    }

    /// The probe that shows what its pages can do with the user's cookies.
    pub(super) fn with_credentials(self) -> Option<usize> {
        self.reads_session.or(self.reads_with_credentials).or(self.sends_with_credentials)
    }

    /// The same without them.
    pub(super) fn without_credentials(self) -> Option<usize> {
        self.reads.or(self.sends)
    }
}

/// Whether a browser lets the origin's page do what the probe tries.
fn is_given(probe: &Probe, received: &Received, credentials: Credentials) -> bool {
    let mut browser = Browser::new(Profile::STANDARD);
    let Some(Next::Send(exchange)) = start(&mut browser, &probe.origin, &probe.url, probe.kind, credentials)
    else {
        return false;
    };
    match exchange.receive(&mut browser, &received.response, Duration::ZERO) {
        // After a granted preflight, the actual request; after a redirect, one that is not followed here.
        Next::Send(_) => probe.kind == Kind::Preflight,
        Next::Done(Verdict::Allowed(allowed)) => allowed.response_type == ResponseType::Cors,
        Next::Done(Verdict::Blocked(_)) => false,
    }
}

/// Whether the same request without the session got another response.
fn differs_without_session(probe: &Probe, with: &Received, probes: &[Probe], received: &[Received]) -> bool {
    let mut pairs = probes.iter().zip(received);
    let without = pairs.find(|(other, _)| other.origin == probe.origin && other.kind == Kind::Read);
    without.is_some_and(|(_, without)| {
        with.response.status() != without.response.status() || with.body != without.body
    })
}
