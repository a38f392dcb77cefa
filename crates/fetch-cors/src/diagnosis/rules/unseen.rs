//! Only the message of a browser is known, not the response that it is about. A message says which rule blocked the request, and
//! sometimes a value. The causes are those of the rule; the status, which would tell most of them apart, is not known.

use super::{
    Finding,
    uncovered::{both_lists, not_listed, policy_lacks_origin},
};
use crate::{
    browser::{Blocked, Reason, Step},
    diagnosis::{
        cause::{Cause, RedirectKind},
        facts::Facts,
        known,
        probe::Purpose,
    },
};

/// A status that is not known.
const UNKNOWN: u16 = 0;

pub(super) fn find(facts: &Facts<'_>, blocked: &Blocked) -> Finding {
    let is_preflight = blocked.step == Step::Preflight;
    match &blocked.reason {
        Reason::AllowOriginMissing if is_preflight => preflight(facts, UNKNOWN),
        Reason::AllowOriginMissing => actual(facts),
        // Browsers name a redirect, and not where it leads.
        Reason::PreflightStatus { status: 300..=399 } => Finding::likely(vec![
            Cause::Redirected { kind: RedirectKind::Elsewhere, location: String::new() },
            Cause::LoginRedirect { location: String::new() },
            Cause::ServiceWorkerOrExtension,
        ]),
        // The origin is allowed by the response itself; perhaps one layer refuses it, and another allows it in the refusal.
        Reason::PreflightStatus { status } => {
            let mut finding = preflight(facts, *status);
            finding.causes.push(Cause::Overridden { header: "access-control-allow-origin" });
            finding
        }
        Reason::AllowOriginMultiple { value, .. } => Finding::likely(vec![
            Cause::TwoWriters { value: value.clone() },
            Cause::ListOfOrigins { value: value.clone() },
            Cause::ServiceWorkerOrExtension,
            Cause::HiddenError { status: UNKNOWN },
        ]),
        Reason::AllowOriginWildcard => Finding::likely(vec![
            Cause::WildcardWithCredentials,
            Cause::CachedForAnother,
            Cause::Overridden { header: "access-control-allow-origin" },
            Cause::ServiceWorkerOrExtension,
        ]),
        Reason::AllowOriginMismatch { value } => Finding::likely(vec![
            Cause::OriginNotListed {
                origin: facts.origin.clone(),
                near_miss: facts.near_miss(),
                fixed: Some(value.clone()),
            },
            Cause::NotAnOrigin { value: value.clone() },
            Cause::ListOfOrigins { value: value.clone() },
            Cause::CachedForAnother,
            Cause::Overridden { header: "access-control-allow-origin" },
        ]),
        Reason::AllowCredentialsNotTrue { .. } => {
            Finding::likely(vec![Cause::CredentialsNotAllowed, Cause::CachedForAnother])
        }
        _ => {
            let mut causes = both_lists(facts);
            causes.push(Cause::OptionsAnsweredElsewhere);
            Finding::likely(causes)
        }
    }
}

fn preflight(facts: &Facts<'_>, status: u16) -> Finding {
    let mut causes = vec![
        not_listed(facts),
        Cause::OptionsNotRouted { status },
        Cause::AuthenticationInFront { status },
        Cause::NoCors { is_behind_authentication: false },
        Cause::HiddenError { status },
        Cause::OptionsAnsweredElsewhere,
        Cause::Firewall { status },
        Cause::RateLimit,
        Cause::LoginRedirect { location: String::new() },
        Cause::Redirected { kind: RedirectKind::Elsewhere, location: String::new() },
        Cause::NotFound,
    ];
    causes.extend(both_lists(facts));
    Finding::likely(causes)
        .asking([Purpose::PlainGet, Purpose::NoOrigin, Purpose::Actual])
        .asking(facts.near_misses())
}

fn actual(facts: &Facts<'_>) -> Finding {
    let status = UNKNOWN;
    let mut causes = Vec::new();
    causes.extend(facts.url().and_then(known::tunnel).map(|by| Cause::Interstitial { by }));
    let origin = not_listed(facts);
    let is_allowed = facts.is_origin_allowed() || policy_lacks_origin(facts) == Some(false);
    if !is_allowed {
        causes.extend([Cause::NoCors { is_behind_authentication: false }, origin]);
    }
    causes.extend([
        Cause::HiddenError { status },
        Cause::OnlyPreflightCovered,
        Cause::AuthenticationInFront { status },
        Cause::RateLimit,
        Cause::LoginRedirect { location: String::new() },
        Cause::Redirected { kind: RedirectKind::Elsewhere, location: String::new() },
        Cause::Firewall { status },
    ]);
    if facts.is_read {
        causes.extend([Cause::CachedForAnother, Cause::HtmlPage]);
    }
    causes.push(Cause::NotFound);
    by_near_miss(facts, &mut causes);
    let probes =
        if facts.is_read { vec![Purpose::Actual, Purpose::PlainGet] } else { vec![Purpose::PlainGet] };
    let near = if is_allowed { Vec::new() } else { facts.near_misses() };
    Finding::likely(causes).asking(probes).asking(near)
}

/// An allowed near miss shows that there is CORS, and most likely what is wrong with it.
fn by_near_miss(facts: &Facts<'_>, causes: &mut Vec<Cause>) {
    if facts.near_miss().is_none() {
        return;
    }
    causes.retain(|cause| !matches!(cause, Cause::NoCors { .. }));
    if let Some(at) = causes.iter().position(|cause| matches!(cause, Cause::OriginNotListed { .. })) {
        causes[..=at].rotate_right(1);
    }
}
