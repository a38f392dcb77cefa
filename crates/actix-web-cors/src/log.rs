//! What the middleware says of a request, to those who listen. Values that clients chose are escaped and cut before they
//! get here, so that a log line can be neither forged nor flooded.

use std::sync::Once;

use actix_web::dev::ServiceRequest;
use fetch_cors::{Policy, server::escape};
use tracing::{Level, level_filters::LevelFilter};

use crate::{
    SourceError,
    answer::{Head, Prepared},
};

/// The target of all events.
const TARGET: &str = "actix_web_cors";

/// Says why a request is refused, if it is.
#[inline(always)]
pub(crate) fn refusal(prepared: &Prepared, request: &ServiceRequest) {
    // What costs least is asked first: a level that nobody listens to in either crate. `tracing` does not know of `log`.
    if Level::INFO <= LevelFilter::current() || ::log::Level::Info <= ::log::max_level() {
        explain(prepared, request);
    }
}

/// Decides again, so that a decision need not be kept for those who won't listen.
#[cold]
#[inline(never)]
fn explain(prepared: &Prepared, request: &ServiceRequest) {
    let is_heard = tracing::enabled!(target: TARGET, Level::INFO)
        || ::log::log_enabled!(target: TARGET, ::log::Level::Info);
    if !is_heard {
        return;
    }
    let head = Head::new(request);
    let Some(refusal) = prepared.policy.refusal(&head, prepared.policy.decide(&head)) else { return };
    let (method, path) = (escape(request.method().as_str().as_bytes()), escape(request.path().as_bytes()));
    tracing::info!(
        target: TARGET,
        rule = ?refusal.rule(),
        setting = refusal.setting().name(),
        "{method} {path}: {refusal}"
    );
}

/// Says that a source failed.
#[cold]
pub(crate) fn failed_source(error: &SourceError) {
    tracing::error!(target: TARGET, "the policy source failed, so nothing is allowed: {}", escape(error.to_string().as_bytes()));
}

/// Says that somebody else's CORS headers were replaced.
#[cold]
pub(crate) fn replaced_headers() {
    tracing::debug!(
        target: TARGET,
        "the response had CORS headers already, by hand or from a Cors inside of this one; the outermost replaces them"
    );
}

/// Says once that a policy allows nothing because nothing was listed.
pub(crate) fn empty_policy(policy: &Policy) {
    static SAID: Once = Once::new();
    if policy.lists_no_origin() {
        SAID.call_once(|| {
            tracing::warn!(
                target: TARGET,
                "the CORS policy lists no origin, so it allows none; if that is meant, say Policy::deny_all()"
            );
        });
    }
}
