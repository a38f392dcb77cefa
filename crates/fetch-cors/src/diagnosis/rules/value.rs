//! The response has CORS headers, and a value in them is wrong.

use super::{
    Finding,
    uncovered::{may_be_cached, policy_lacks_origin},
};
use crate::{
    browser::{Blocked, Reason, Url},
    diagnosis::{
        cause::Cause,
        facts::{Facts, Seen},
        probe::Purpose,
    },
};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_METHODS: &str = "access-control-allow-methods";
const ALLOW_HEADERS: &str = "access-control-allow-headers";

pub(super) fn find(facts: &Facts<'_>, blocked: &Blocked, response: Seen<'_>) -> Finding {
    match &blocked.reason {
        Reason::AllowOriginMultiple { value, .. } => {
            with_extension(facts, multiple(facts, value, response), response)
        }
        Reason::AllowOriginWildcard => with_extension(facts, wildcard(facts, response), response),
        Reason::AllowOriginMismatch { value } => mismatch(facts, value, response),
        Reason::AllowCredentialsNotTrue { .. } => credentials(facts, response),
        Reason::AllowMethodsInvalid { value } => {
            Finding::certain(Cause::NotAList { header: ALLOW_METHODS, value: value.clone() })
        }
        Reason::AllowHeadersInvalid { value } => {
            Finding::certain(Cause::NotAList { header: ALLOW_HEADERS, value: value.clone() })
        }
        _ => lists(facts, response),
    }
}

/// Some browser extensions that promise to "allow CORS" add a `*` to what the server says, or replace it by that.
fn with_extension(facts: &Facts<'_>, mut finding: Finding, response: Seen<'_>) -> Finding {
    let has_star = |seen: Seen<'_>| {
        let value = seen.allow_origin().unwrap_or_default();
        value.split(',').any(|value| value.trim() == "*")
    };
    let is_on_the_wire = facts.told(&Purpose::Actual).seen().is_some_and(has_star);
    if facts.case.hints.is_seen_in_browser && has_star(response) && !is_on_the_wire {
        finding.causes.push(Cause::ServiceWorkerOrExtension);
        finding = finding.asking([Purpose::Actual]);
    }
    finding
}

/// Two writers, or one writer's list. A writer that reads the request's origin says something else to a stranger; a list that
/// one writer has stays.
fn multiple(facts: &Facts<'_>, value: &str, response: Seen<'_>) -> Finding {
    let two = Cause::TwoWriters { value: value.to_owned() };
    let list = Cause::ListOfOrigins { value: value.to_owned() };
    let mut parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let count = parts.len();
    parts.sort_unstable();
    parts.dedup();
    // Perhaps only what makes the error responses adds the second value.
    let hidden = || Cause::HiddenError { status: response.status() };
    let hidden = (response.status() >= 500).then(hidden);
    if parts.len() < count {
        // Nobody lists the same origin twice.
        return Finding::likely([two].into_iter().chain(hidden).collect());
    }
    let stranger = facts.told(&Purpose::UnlistedOrigin).seen();
    // A preflight says nothing about who writes into other responses.
    let stranger = stranger.filter(|seen| {
        (seen.sent.method == "OPTIONS") == (response.sent.method == "OPTIONS")
            && seen.status() == response.status()
    });
    match stranger {
        Some(seen) if seen.allow_origin().as_deref() != Some(value) => {
            Finding::likely([two].into_iter().chain(hidden).collect())
        }
        Some(_) if response.lines(ALLOW_ORIGIN) == 1 && !parts.contains(&"*") => Finding::certain(list),
        Some(_) => Finding::likely(vec![two, list]),
        None => {
            let by_lines = response.lines(ALLOW_ORIGIN) > 1 || parts.contains(&"*");
            let mut causes = if by_lines { vec![two, list] } else { vec![list, two] };
            causes.extend(hidden);
            Finding::likely(causes).asking([Purpose::UnlistedOrigin])
        }
    }
}

fn wildcard(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    let allows_exactly = |seen: Seen<'_>| seen.allow_origin().as_deref() == Some(facts.origin.as_str());
    if facts.allowing().any(allows_exactly)
        || policy_lacks_origin(facts) == Some(false) && has_specific_policy(facts)
    {
        let overridden = Cause::Overridden { header: ALLOW_ORIGIN };
        return if may_be_cached(facts, response) {
            Finding::likely(vec![overridden, Cause::CachedForAnother, Cause::WildcardWithCredentials])
        } else {
            Finding::certain(overridden)
        };
    }
    if !may_be_cached(facts, response) {
        return Finding::certain(Cause::WildcardWithCredentials);
    }
    match facts.fresh() {
        Some(fresh) if fresh.allow_origin().as_deref() == Some("*") => {
            Finding::certain(Cause::WildcardWithCredentials)
        }
        _ => Finding::likely(vec![Cause::WildcardWithCredentials, Cause::CachedForAnother])
            .asking([Purpose::Actual]),
    }
}

fn credentials(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
    let lacks = |seen: &Seen<'_>| seen.header(ALLOW_CREDENTIALS).as_deref() != Some("true");
    let cause = Cause::CredentialsNotAllowed;
    if !may_be_cached(facts, response) {
        return Finding::certain(cause);
    }
    match facts.fresh() {
        Some(fresh) if lacks(&fresh) => Finding::certain(cause),
        Some(_) if response.is_from_cache() => Finding::certain(Cause::CachedForAnother),
        Some(_) => Finding::likely(vec![Cause::CachedForAnother, Cause::Inconsistent]),
        None => Finding::likely(vec![cause, Cause::CachedForAnother]).asking([Purpose::Actual]),
    }
}

/// Whether the caller's policy lists origins and allows credentials, so that it never writes `*`.
fn has_specific_policy(facts: &Facts<'_>) -> bool {
    facts.case.policy.as_ref().is_some_and(|policy| {
        policy.allow_credentials && !policy.allow_origins.iter().any(|entry| entry == "*")
    })
}

fn mismatch(facts: &Facts<'_>, value: &str, response: Seen<'_>) -> Finding {
    let mut parts = value.split([' ', ';', '|']).filter(|part| !part.is_empty());
    if value.contains([' ', ';', '|']) && parts.all(is_origin) {
        return Finding::certain(Cause::ListOfOrigins { value: value.to_owned() });
    }
    if !is_origin(value) {
        return Finding::certain(Cause::NotAnOrigin { value: value.to_owned() });
    }
    if facts.origin == "null" {
        return Finding::certain(Cause::OpaqueOrigin);
    }
    let cached = Cause::CachedForAnother;
    let fixed = Cause::OriginNotListed {
        origin: facts.origin.clone(),
        near_miss: is_near(value, &facts.origin).then(|| value.to_owned()),
        fixed: Some(value.to_owned()),
    };
    let may_be_cached = may_be_cached(facts, response);
    if policy_lacks_origin(facts) == Some(false) {
        let overridden = Cause::Overridden { header: ALLOW_ORIGIN };
        if !may_be_cached {
            return Finding::certain(overridden);
        }
        return match facts.fresh() {
            Some(fresh) if fresh.allow_origin().as_deref() == Some(value) => Finding::certain(overridden),
            Some(fresh) if fresh.allows(&facts.origin) && response.is_from_cache() => {
                Finding::certain(cached)
            }
            _ => Finding::likely(vec![cached, overridden]).asking([Purpose::Actual]),
        };
    }
    if facts.is_origin_allowed() {
        let mut causes = Vec::new();
        if may_be_cached {
            causes.push(cached);
        }
        causes.extend([Cause::Inconsistent, Cause::Overridden { header: ALLOW_ORIGIN }]);
        let is_fresh_allowed = facts.fresh().is_some_and(|seen| seen.allows(&facts.origin));
        if is_fresh_allowed && response.is_from_cache() {
            causes.truncate(1);
        }
        return Finding::likely(causes).asking([Purpose::Actual]);
    }
    if !may_be_cached {
        return Finding::certain(fixed);
    }
    match facts.fresh() {
        Some(fresh) if fresh.allow_origin().as_deref() == Some(value) => Finding::certain(fixed),
        // A server that lists several origins is silent to this one, and a cache held what it said to another.
        Some(fresh) if fresh.is_ok() && fresh.allow_origin().is_none() => {
            Finding::likely(vec![fixed, cached]).asking(facts.near_misses())
        }
        _ => {
            let causes = if response.is_from_cache() { vec![cached, fixed] } else { vec![fixed, cached] };
            Finding::likely(causes).asking([Purpose::Actual, Purpose::PlainGet])
        }
    }
}

/// The preflight response allows the origin, and not the method or the headers. It lists all that it allows, so that all that is
/// lacking is known at once.
fn lists(facts: &Facts<'_>, response: Seen<'_>) -> Finding {
    let methods = response.header(ALLOW_METHODS).unwrap_or_default();
    let listed: Vec<&str> = methods.split(',').map(str::trim).collect();
    let is_safelisted = matches!(facts.method.as_str(), "GET" | "HEAD" | "POST");
    let has_star = listed.contains(&"*");
    let lacks_method = !is_safelisted
        && !listed.contains(&facts.method.as_str())
        && (facts.includes_credentials || !has_star);
    let header_star = response.list(ALLOW_HEADERS).iter().any(|name| name == "*");
    let is_lacking = |name: &&String| !facts.is_header_listed(response, name);
    let mut lacking: Vec<String> = facts.unsafe_headers.iter().filter(is_lacking).cloned().collect();
    if let Some(finding) = response_headers(&lacking).filter(|_| !lacks_method) {
        return finding;
    }
    // No server should allow those; a note says so.
    lacking.retain(|name| !is_response_header(name));
    if policy_allows_all(facts) {
        let header = if lacks_method { ALLOW_METHODS } else { ALLOW_HEADERS };
        return Finding::likely(vec![Cause::Overridden { header }, Cause::OptionsAnsweredElsewhere]);
    }
    let cause = if lacks_method && has_star {
        Cause::WildcardWithoutEffect { header: ALLOW_METHODS, names: vec![facts.method.clone()] }
    } else if lacks_method {
        Cause::MethodNotListed { method: facts.method.clone(), headers: lacking }
    } else if header_star {
        Cause::WildcardWithoutEffect { header: ALLOW_HEADERS, names: lacking }
    } else {
        Cause::HeadersNotListed { names: lacking }
    };
    if response.header(ALLOW_METHODS).is_none() && response.header(ALLOW_HEADERS).is_none() {
        // A proxy or a platform that knows origins only, and answers OPTIONS before the application is reached.
        return Finding::likely(vec![cause, Cause::OptionsAnsweredElsewhere]);
    }
    Finding::certain(cause)
}

/// If only response headers are lacking, the page's script set them by mistake.
pub(super) fn response_headers(lacking: &[String]) -> Option<Finding> {
    let are_all = !lacking.is_empty() && lacking.iter().all(|name| is_response_header(name));
    are_all.then(|| Finding::certain(Cause::ResponseHeaderOnRequest { names: lacking.to_vec() }))
}

pub(in crate::diagnosis) fn is_response_header(name: &str) -> bool {
    name.starts_with("access-control-") && !name.starts_with("access-control-request-")
}

fn policy_allows_all(facts: &Facts<'_>) -> bool {
    facts.case.policy.as_ref().is_some_and(|policy| {
        policy.change_for(&crate::diagnosis::remedy::wanted(facts)).is_ok_and(|change| change.is_empty())
    })
}

/// Whether this is an origin as browsers write it.
fn is_origin(value: &str) -> bool {
    value == "null"
        || Url::parse(value).is_ok_and(|url| {
            let serialized = crate::browser::PageOrigin::of(value).map(|origin| origin.to_string());
            serialized.as_deref() == Some(value) && !url.cannot_be_a_base() && !value.contains('*')
        })
}

/// Whether only the scheme, the port, `www.` or the name of this machine differs.
fn is_near(one: &str, other: &str) -> bool {
    let host = |origin: &str| {
        let url = Url::parse(origin).ok()?;
        let host = url.host_str()?.trim_start_matches("www.").to_owned();
        Some(if matches!(host.as_str(), "127.0.0.1" | "[::1]") { "localhost".to_owned() } else { host })
    };
    host(one).is_some() && host(one) == host(other)
}
