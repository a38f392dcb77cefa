//! The events that the middleware logs. Values that clients chose are escaped and cut before they get here, so that a client
//! can neither forge a log line nor flood the log.

use std::sync::Once;

use fetch_cors::{
    Policy,
    server::{self, Decision, escape},
};
use tracing::{Level, level_filters::LevelFilter};

use crate::{SourceError, head::Head};

/// The target of all events.
const TARGET: &str = "actix_web_cors";

/// Logs why a request is refused, if it is.
#[inline(always)]
pub(crate) fn refusal(policy: &Policy, head: Head<'_>, decision: Decision) {
    // Cheapest check first: is INFO enabled in `tracing` or `log` at all? `tracing`'s level does not include `log`'s.
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

/// Logs that a source failed.
#[cold]
pub(crate) fn failed_source(error: &SourceError) {
    tracing::error!(target: TARGET, "the policy source failed, so nothing is allowed: {}", escape(error.to_string().as_bytes()));
}

/// Logs that a predicate panicked.
#[cold]
pub(crate) fn panicked_predicate(name: &str, head: Head<'_>) {
    let (method, path) = (escape(head.method().as_str().as_bytes()), escape(head.path().as_bytes()));
    tracing::error!(target: TARGET, "{method} {path}: the predicate {name:?} panicked, so the origin is not allowed");
}

/// Logs that the response's own CORS headers were replaced.
#[cold]
pub(crate) fn replaced_headers() {
    tracing::debug!(
        target: TARGET,
        "the response already had CORS headers, set by hand or by a Cors inside this one; the outermost Cors replaces them"
    );
}

/// Warns once that a policy allows nothing because it lists no origin.
pub(crate) fn empty_policy(policy: &Policy) {
    static SAID: Once = Once::new();
    if policy.lists_no_origin() {
        SAID.call_once(|| {
            tracing::warn!(
                target: TARGET,
                "the CORS policy lists no origin, so it allows none; list some in allow_origins, or write Policy::deny_all() if you mean it"
            );
        });
    }
}
