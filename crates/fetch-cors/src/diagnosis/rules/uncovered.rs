//! The response has no `Access-Control-Allow-Origin`, or it is a preflight response with an error: who made it, and why is CORS
//! not in it? Most CORS errors are here, and most of their causes look alike.

use super::{
    Finding,
    allowed::{carries_nothing, wants_data},
    value::{is_response_header, response_headers},
};
use crate::{
    Setting, Wanted,
    diagnosis::{
        cause::Cause,
        facts::{Facts, MAX_PROBED_HEADERS, Seen, Told},
        known::{self, OwnRefusal},
        probe::Purpose,
    },
};

pub(super) fn find(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    if let Some(finding) = by_what_it_says(facts, response) {
        return finding;
    }
    let status = response.status();
    match status {
        429 => Finding::certain(Cause::RateLimit),
        _ if known::is_made_in_front(status) => Finding::certain(Cause::HiddenError { status }),
        _ if response.sent.is_preflight => preflight(facts, response),
        _ => actual(facts, response),
    }
}

/// Responses that say themselves who made them.
fn by_what_it_says(facts: &Facts<'_>, response: Seen<'_>) -> Option<Finding> {
    if let Some(by) = known::interstitial(&response) {
        return Some(Finding::certain(Cause::Interstitial { by }));
    }
    if known::wants_client_certificate(&response) {
        return Some(Finding::certain(Cause::ClientCertificate));
    }
    if known::is_firewall(&response) {
        return Some(Finding::certain(Cause::Firewall { status: response.status() }));
    }
    if facts.is_origin_allowed() {
        return None;
    }
    if policy_lacks_origin(facts) == Some(true) && response.varies_by_origin() {
        return Some(Finding::certain(not_listed(facts)));
    }
    match known::own_refusal(&response) {
        Some(OwnRefusal::TurnedOff) => {
            Some(Finding::certain(Cause::NoCors { is_behind_authentication: false }))
        }
        Some(OwnRefusal::Origin) => Some(Finding::certain(not_listed(facts))),
        _ => None,
    }
}

/// What is left for a preflight response.
fn preflight(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    let status = response.status();
    // What depends on the method or the headers is refused by what reads them: neither authentication nor a router does. Some
    // libraries refuse with 204, and leave out all headers.
    let may_be_lists = (200..=499).contains(&status) && !matches!(status, 401 | 407);
    let (possible, depends) = match refused_items(facts) {
        Refused::Found(finding) => return finding,
        Refused::Possible => (may_be_lists, false),
        Refused::Depends => (false, may_be_lists),
        Refused::No => (false, false),
    };
    let hidden = Cause::HiddenError { status };
    let authentication = Cause::AuthenticationInFront { status };
    let no_cors = |is_behind_authentication| Cause::NoCors { is_behind_authentication };
    let origin = not_listed(facts);
    let mut left = match status {
        401 | 407 => vec![authentication.clone(), no_cors(true)],
        403 => vec![authentication.clone(), Cause::Firewall { status }, origin.clone(), no_cors(true)],
        500..=599 if status != 501 => vec![hidden.clone(), origin.clone()],
        404 => vec![Cause::OptionsNotRouted { status }, no_cors(false), origin.clone(), Cause::NotFound],
        405 | 501 => vec![Cause::OptionsNotRouted { status }, no_cors(false), origin.clone()],
        400..=499 => {
            vec![origin.clone(), Cause::OptionsNotRouted { status }, no_cors(false), hidden.clone()]
        }
        _ => vec![origin.clone(), Cause::OptionsAnsweredElsewhere, no_cors(false)],
    };
    if known::is_authentication(&response) {
        left.retain(|cause| !matches!(cause, Cause::Firewall { .. }) && *cause != origin);
    }
    if possible {
        left.extend(both_lists(facts));
    } else if depends {
        left = both_lists(facts);
    }
    match known::own_refusal(&response) {
        // Some libraries compare GET with their list, too.
        Some(OwnRefusal::Method) => left = vec![method_not_listed(facts)],
        Some(OwnRefusal::Headers) => left = vec![headers_not_listed(facts)],
        Some(OwnRefusal::MethodAndHeaders) => {
            left = vec![method_not_listed(facts), headers_not_listed(facts)];
        }
        Some(_) => left.retain(|cause| *cause == origin || is_list(cause)),
        None => {}
    }
    if facts.is_origin_allowed() {
        left.retain(|cause| *cause != origin && !matches!(cause, Cause::NoCors { .. }));
    }
    // One layer refuses the origin, and another allows it in the refusal.
    let overridden = Cause::Overridden { header: "access-control-allow-origin" };
    if response.allows(&facts.origin) && matches!(status, 400 | 403 | 500) && !depends {
        left.push(overridden.clone());
    }
    if policy_lacks_origin(facts) == Some(false) {
        left.retain(|cause| *cause != origin);
    }
    // Whoever responds otherwise to an OPTIONS without Origin reads what CORS reads.
    if let Some(plain) = facts.told(&Purpose::NoOrigin).seen()
        && let reference = facts.told(&Purpose::PlainGet).seen().unwrap_or(response)
        && plain.status() != reference.status()
        && !matches!(plain.status(), 429 | 500..=599)
        && !matches!(status, 401 | 407)
        && !response.is_ok()
    {
        left.retain(|cause| {
            *cause == origin
                || *cause == overridden
                || is_list(cause)
                || matches!(cause, Cause::HiddenError { status: 500..=599 })
        });
    }
    // CORS that is there wrote something, and left out the origin.
    if response.varies_by_origin() && response.has_other_cors_headers() && response.is_ok() {
        left.retain(|cause| *cause == origin || is_list(cause));
    }
    strike_by_reads(facts, response, &mut left, &origin);
    prefer_origin(facts, response, &mut left, &origin);
    if facts.is_origin_allowed_by_preflight() && response.is_ok() {
        left.retain(|cause| *cause != Cause::OptionsAnsweredElsewhere);
    }
    let mut probes = Vec::new();
    if may_be_lists {
        probes.push(Purpose::PlainGet);
        if facts.told(&Purpose::PlainGet).seen().is_some_and(|seen| is_passed(facts, seen)) {
            probes.extend(bisection(facts));
        }
    }
    if matches!(status, 401 | 403 | 407) {
        probes.push(Purpose::ActualWithSecrets);
    }
    if facts.case.hints.open_url.is_some() {
        probes.push(Purpose::OpenPath);
    }
    if !matches!(status, 401 | 407) {
        probes.extend([Purpose::PlainGet, Purpose::NoOrigin]);
    }
    probes.extend([Purpose::Actual]);
    if left.contains(&origin) {
        probes.push(Purpose::UnlistedOrigin);
        probes.extend(facts.near_misses());
    }
    Finding::likely(left).asking(probes)
}

/// What is left for the response to an actual request.
fn actual(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    let status = response.status();
    let hidden = Cause::HiddenError { status };
    let no_cors = |is_behind_authentication| Cause::NoCors { is_behind_authentication };
    let origin = not_listed(facts);
    let authentication = Cause::AuthenticationInFront { status };
    let mut left = match status {
        // A handler's own errors may be made outside of CORS, too.
        401 | 407 => vec![authentication, no_cors(true), origin.clone(), hidden],
        403 => vec![authentication, Cause::Firewall { status }, origin.clone(), no_cors(true), hidden],
        500..=599 => vec![hidden, origin.clone()],
        400..=499 => vec![hidden, origin.clone(), no_cors(false)],
        _ => {
            let mut left = vec![no_cors(false), origin.clone(), Cause::OnlyPreflightCovered];
            if response.is_html() && wants_data(facts) {
                left.insert(0, Cause::HtmlPage);
            }
            if may_be_cached(facts, response) {
                let at = if response.is_from_cache() { 0 } else { left.len() };
                left.insert(at, Cause::CachedForAnother);
            }
            left
        }
    };
    if matches!(status, 401 | 403) && carries_nothing(facts) {
        left.push(Cause::CookiesNotSent);
    }
    if known::is_authentication(&response) {
        left.retain(|cause| !matches!(cause, Cause::Firewall { .. } | Cause::HiddenError { .. }));
    }
    if known::own_refusal(&response).is_some() {
        left.retain(|cause| *cause == origin);
    }
    if facts.is_origin_allowed() {
        left.retain(|cause| *cause != origin && !matches!(cause, Cause::NoCors { .. }));
    }
    if policy_lacks_origin(facts) == Some(false) {
        left.retain(|cause| *cause != origin);
    }
    if let Some(fresh) = facts.fresh() {
        if fresh.allows(&facts.origin) {
            left.retain(|cause| !matches!(cause, Cause::OnlyPreflightCovered | Cause::HtmlPage));
            if left.contains(&Cause::CachedForAnother) && !response.is_from_cache() {
                left.push(Cause::Inconsistent);
            }
        } else if fresh.status() == status {
            left.retain(|cause| *cause != Cause::CachedForAnother);
        }
    }
    // It needs a preflight response that allows the origin.
    if !facts.is_origin_allowed_by_preflight()
        && matches!(facts.told(&Purpose::PlainGet), Told::Seen(_))
        && facts.case.exchanges.iter().all(|exchanged| !exchanged.sent.is_preflight)
    {
        left.retain(|cause| *cause != Cause::OnlyPreflightCovered);
    }
    if response.varies_by_origin() && response.has_other_cors_headers() && response.is_ok() {
        left.retain(|cause| matches!(cause, Cause::CachedForAnother) || *cause == origin);
    }
    strike_by_reads(facts, response, &mut left, &origin);
    prefer_origin(facts, response, &mut left, &origin);
    let mut probes = Vec::new();
    if facts.is_read {
        if matches!(status, 401 | 403 | 407) {
            probes.push(Purpose::ActualWithSecrets);
        }
        // At once, so that where two instances take turns the other one responds.
        probes.push(Purpose::Actual);
    }
    probes.push(Purpose::PlainGet);
    if facts.case.hints.open_url.is_some() {
        probes.push(Purpose::OpenPath);
    }
    if left.contains(&origin) {
        probes.push(Purpose::UnlistedOrigin);
        probes.extend(facts.near_misses());
    }
    Finding::likely(left).asking(probes)
}

/// What other requests showed of the application: whether it has CORS at all, and whether something is at this URL.
fn strike_by_reads(facts: &Facts<'_>, response: Seen<'_>, left: &mut Vec<Cause>, origin: &Cause) {
    if let Some(near) = facts.near_miss()
        && !facts.is_origin_allowed()
    {
        left.retain(|cause| !matches!(cause, Cause::NoCors { .. }));
        // Only the origin differs. What responds to another method may be something else.
        let asked = facts.told(&Purpose::NearMiss { origin: near }).seen();
        let is_same = |seen: Seen<'_>| {
            (seen.sent.method == "OPTIONS") == response.sent.is_preflight
                && facts.plain_response(response).is_some()
        };
        if asked.is_some_and(is_same) {
            left.retain(|cause| cause == origin);
        }
    }
    for purpose in [Purpose::Actual, Purpose::ActualWithSecrets, Purpose::OpenPath] {
        let Some(seen) = facts.told(&purpose).seen() else { continue };
        if purpose != Purpose::OpenPath && !matches!(seen.status(), 404 | 410) {
            left.retain(|cause| *cause != Cause::NotFound);
        }
        if purpose == Purpose::Actual
            && matches!(seen.status(), 404 | 410)
            && let Some(at) = left.iter().position(|cause| *cause == Cause::NotFound)
        {
            left[..=at].rotate_right(1);
        }
        // It has CORS headers, if not the right ones.
        if seen.allow_origin().is_some() {
            left.retain(|cause| !matches!(cause, Cause::NoCors { .. }));
            continue;
        }
        // A page may come from a tunnel, a login or a front end's server, so it shows nothing about the application.
        if !seen.is_ok() || seen.is_html() {
            continue;
        }
        // The application responded, and has no CORS for this origin.
        left.retain(|cause| {
            !matches!(cause, Cause::OptionsNotRouted { .. } | Cause::OptionsAnsweredElsewhere)
        });
        // What stands in front is perhaps there in addition.
        let is_in_front =
            |cause: &Cause| matches!(cause, Cause::AuthenticationInFront { .. } | Cause::Firewall { .. });
        let (in_front, others): (Vec<_>, Vec<_>) = left.drain(..).partition(is_in_front);
        *left = others;
        if !in_front.is_empty() {
            left.extend([origin.clone()].into_iter().chain(in_front));
        }
    }
}

/// Evidence that CORS is there moves its own refusal to the front; it doesn't strike anything.
fn prefer_origin(facts: &Facts<'_>, response: Seen<'_>, left: &mut [Cause], origin: &Cause) {
    let policy_lacks = policy_lacks_origin(facts) == Some(true);
    let is_soft = response.is_ok() || matches!(response.status(), 400 | 403);
    let prefers = response.varies_by_origin() || response.has_other_cors_headers() || policy_lacks && is_soft;
    if let Some(at) = left.iter().position(|cause| cause == origin).filter(|_| prefers) {
        left[..=at].rotate_right(1);
    }
    // A preflight that is answered with nothing is more often no CORS than one that is silent.
    if !prefers
        && response.is_ok()
        && let Some(at) = left.iter().position(|cause| matches!(cause, Cause::NoCors { .. }))
        && !matches!(left.first(), Some(Cause::HtmlPage | Cause::CachedForAnother))
    {
        left[..=at].rotate_right(1);
    }
}

/// Which of the request's method and headers a preflight refuses, if that is it.
enum Refused {
    /// It is not, or nothing but a plain `GET` is requested.
    No,
    /// Nobody asked yet.
    Possible,
    /// A plain `GET` passes, so that it is; not all was asked.
    Depends,
    /// All was asked.
    Found(Finding),
}

fn refused_items(facts: &Facts<'_>) -> Refused {
    let plain = match facts.told(&Purpose::PlainGet) {
        Told::Unasked | Told::Unknown => return Refused::Possible,
        Told::Seen(seen) => seen,
    };
    if !is_passed(facts, plain) {
        return Refused::No;
    }
    let asked = bisection(facts);
    if asked.is_empty() || asked.iter().any(|purpose| facts.told(purpose).seen().is_none()) {
        return Refused::Depends;
    }
    let is_refused = |purpose: &&Purpose| {
        facts.told(purpose).seen().is_some_and(|seen| {
            let is_listed = match purpose {
                Purpose::Header { name } => facts.is_header_listed(seen, name),
                _ => true,
            };
            !is_passed(facts, seen) || !is_listed
        })
    };
    let refused: Vec<&Purpose> = asked.iter().filter(is_refused).collect();
    let names: Vec<String> = refused
        .iter()
        .filter_map(|purpose| match purpose {
            Purpose::Header { name } => Some(name.clone()),
            _ => None,
        })
        .collect();
    let without_response_headers =
        || names.iter().filter(|name| !is_response_header(name)).cloned().collect::<Vec<_>>();
    if refused.contains(&&Purpose::Method) {
        Refused::Found(Finding::certain(Cause::MethodNotListed {
            method: facts.method.clone(),
            headers: without_response_headers(),
        }))
    } else if names.is_empty() {
        // Each passes alone, so that only their combination is refused, or not always.
        let mut causes = both_lists(facts);
        causes.push(Cause::Inconsistent);
        Refused::Found(Finding::likely(causes))
    } else if let Some(finding) = response_headers(&names) {
        Refused::Found(finding)
    } else {
        Refused::Found(Finding::certain(Cause::HeadersNotListed { names: without_response_headers() }))
    }
}

/// The preflights that ask for one thing each.
fn bisection(facts: &Facts<'_>) -> Vec<Purpose> {
    if facts.unsafe_headers.len() > MAX_PROBED_HEADERS {
        return Vec::new();
    }
    let method = (facts.method != "GET").then_some(Purpose::Method);
    let headers = facts.unsafe_headers.iter().map(|name| Purpose::Header { name: name.clone() });
    method.into_iter().chain(headers).collect()
}

fn is_passed(facts: &Facts<'_>, seen: Seen<'_>) -> bool {
    seen.is_ok() && seen.allows(&facts.origin)
}

pub(super) fn both_lists(facts: &Facts<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    if facts.method != "GET" {
        causes.push(method_not_listed(facts));
    }
    let (of_responses, others): (Vec<String>, Vec<String>) =
        facts.unsafe_headers.iter().cloned().partition(|name| is_response_header(name));
    if !others.is_empty() {
        causes.push(headers_not_listed(facts));
    }
    if !of_responses.is_empty() {
        causes.push(Cause::ResponseHeaderOnRequest { names: of_responses });
    }
    causes
}

fn method_not_listed(facts: &Facts<'_>) -> Cause {
    Cause::MethodNotListed { method: facts.method.clone(), headers: Vec::new() }
}

fn headers_not_listed(facts: &Facts<'_>) -> Cause {
    Cause::HeadersNotListed { names: facts.unsafe_headers.clone() }
}

fn is_list(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::MethodNotListed { .. }
            | Cause::HeadersNotListed { .. }
            | Cause::ResponseHeaderOnRequest { .. }
    )
}

pub(super) fn not_listed(facts: &Facts<'_>) -> Cause {
    if facts.origin == "null" {
        return Cause::OpaqueOrigin;
    }
    let listed = || {
        let change = facts.case.policy.as_ref()?.change_for(&Wanted::from_origin(&facts.origin)).ok()?;
        Some(change.near_misses().first()?.allowed.clone())
    };
    let near_miss = facts.near_miss().or_else(listed);
    Cause::OriginNotListed { origin: facts.origin.clone(), near_miss, fixed: None }
}

/// Whether the caller's policy lacks the page's origin; none if the caller has no policy.
pub(super) fn policy_lacks_origin(facts: &Facts<'_>) -> Option<bool> {
    let policy = facts.case.policy.as_ref()?;
    let Ok(change) = policy.change_for(&Wanted::from_origin(&facts.origin)) else { return Some(true) };
    let is_origins = |setting| matches!(setting, Setting::AllowOrigins | Setting::DangerAllowOrigins);
    Some(change.steps().iter().any(|step| is_origins(step.setting())))
}

/// Whether a cache on the way may have made this response for another request.
pub(super) fn may_be_cached(facts: &Facts<'_>, response: Seen<'_>) -> bool {
    !facts.case.hints.is_direct
        && facts.is_read
        && response.sent.method != "OPTIONS"
        && response.is_ok()
        && response.is_storable()
}
