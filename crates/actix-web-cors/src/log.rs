//! What the middleware says of a request, to those who listen. Values that clients chose are escaped and cut before they
//! get here, so that a log line can be neither forged nor flooded.

use std::sync::Once;

use fetch_cors::{
    Policy,
    server::{self, Decision, escape},
};
use tracing::{Level, level_filters::LevelFilter};

use crate::{SourceError, head::Head};

/// The target of all events.
const TARGET: &str = "actix_web_cors";

/// Says why a request is refused, if it is.
#[inline(always)]
pub(crate) fn refusal(policy: &Policy, head: Head<'_>, decision: Decision) {
    // The cheapest check first: whether the level is on anywhere in either crate. `tracing` does not know of `log`.
    if Level::INFO <= LevelFilter::current() || ::log::Level::Info <= ::log::max_level() {
        explain(policy, head, decision);
    }
}

#[cold]
#[inline(never)]
fn explain(policy: &Policy, head: Head<'_>, decision: Decision) {
    let is_heard = tracing::enabled!(target: TARGET, Level::INFO)
        || ::log::log_enabled!(target: TARGET, ::log::Level::Info);
    if !is_heard {
        return;
    }
    let Some(refusal) = server::refusal(policy, &head, decision) else { return };
    let (method, path) = (escape(head.method().as_str().as_bytes()), escape(head.path().as_bytes()));
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
