//! The events that the middleware logs. Values that clients chose are escaped and cut before they get here, so that a client
//! can neither forge a log line nor flood the log.

use std::{fmt, sync::Once, time::Instant};

use actix_web::{HttpMessage as _, http::StatusCode};
use fetch_cors::{
    Policy,
    server::{self, Decision, RequestField, RequestHead as _, Rule, candidate, escape},
};
use tracing::{Level, level_filters::LevelFilter};

use crate::{SourceError, head::Head, throttle::Throttle};

/// The target of all events.
const TARGET: &str = "actix_web_cors";

/// Logs why a request is refused, if it is. `predicates` show their names; `status` is that of the response in the
/// application's place, if there is one.
#[inline(always)]
pub(crate) fn refusal(
    policy: &Policy,
    predicates: &[impl fmt::Debug],
    head: Head<'_>,
    decision: Decision,
    status: Option<StatusCode>,
) {
    // Cheapest check first: is INFO enabled in `tracing` or `log` at all? `tracing`'s level does not include `log`'s.
    if Level::INFO <= LevelFilter::current() || ::log::Level::Info <= ::log::max_level() {
        explain(policy, predicates, head, decision, status);
    }
}

/// In a request's extensions: a `Cors` further out has found a policy for it. It is only put there while somebody listens.
struct IsGoverned;

#[cold]
#[inline(never)]
fn explain(
    policy: &Policy,
    predicates: &[impl fmt::Debug],
    head: Head<'_>,
    decision: Decision,
    status: Option<StatusCode>,
) {
    let is_heard = tracing::enabled!(target: TARGET, Level::INFO)
        || ::log::log_enabled!(target: TARGET, ::log::Level::Info);
    if !is_heard {
        return;
    }
    let is_inner = head.extensions().contains::<IsGoverned>();
    head.extensions_mut().insert(IsGoverned);
    let Some(refusal) = server::refusal(policy, &head, decision) else { return };
    let (method, path) = (escape(head.method().as_str().as_bytes()), escape(head.path().as_bytes()));
    // The outer one replaces this one's headers, but not its status.
    if is_inner && status.is_none_or(|status| status.is_success()) {
        tracing::info!(
            target: TARGET,
            "{method} {path}: this Cors stands inside another one, whose policy applies; its own policy would refuse the request: {refusal}"
        );
        return;
    }
    let also = if refusal.rule() == Rule::OriginNotAllowed {
        unmoved(predicates, policy, head)
    } else {
        String::new()
    };
    tracing::info!(
        target: TARGET,
        rule = ?refusal.rule(),
        setting = refusal.setting().name(),
        "{method} {path}: {refusal}{also}"
    );
}

/// The predicates that did not allow the origin either.
fn unmoved(predicates: &[impl fmt::Debug], policy: &Policy, head: Head<'_>) -> String {
    // In this order, because to read the origin costs something.
    let mut origins = head.lines(RequestField::Origin);
    if predicates.is_empty() || origins.next().is_none_or(|origin| candidate(policy, origin).is_none()) {
        return String::new();
    }
    let names: Vec<String> = predicates.iter().map(|predicate| format!("{predicate:?}")).collect();
    format!(" (nor does the predicate {} allow it)", names.join(" or "))
}

/// Logs that a source failed, once a minute for each `Cors` and its clones.
#[cold]
pub(crate) fn failed_source(error: &SourceError, failures: &Throttle, head: Head<'_>) {
    let Some(held_back) = failures.pass(Instant::now()) else { return };
    let (method, path) = (escape(head.method().as_str().as_bytes()), escape(head.path().as_bytes()));
    let error = escape(error.to_string().as_bytes());
    let others = others(held_back);
    tracing::error!(target: TARGET, "{method} {path}: the policy source failed, so nothing is allowed: {error}{others}");
}

fn others(held_back: usize) -> String {
    if held_back > 0 { format!(" ({held_back} more since this was last said)") } else { String::new() }
}

/// Logs that a source found no policy.
#[cold]
pub(crate) fn no_policy(head: Head<'_>) {
    tracing::debug!(
        target: TARGET,
        "{} {}: no CORS policy applies, so the request passes as if there were no Cors",
        escape(head.method().as_str().as_bytes()),
        escape(head.path().as_bytes())
    );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_were_held_back_are_counted() {
        assert_eq!(others(0), "");
        assert_eq!(others(1), " (1 more since this was last said)");
    }
}
