//! A redirect that the request can't follow, or that led to where CORS is not.

use super::Finding;
use crate::{
    browser::{Blocked, PageOrigin, Reason, Url},
    diagnosis::{
        cause::{Cause, RedirectKind},
        facts::{Facts, Seen},
        known,
    },
    masked::masked,
};

/// The browser did not follow it by the redirect's own rules.
pub(super) fn refused(facts: &Facts<'_>, blocked: &Blocked) -> Finding {
    let location = facts.response().and_then(|response| response.header("location")).unwrap_or_default();
    let location = masked(&location).into_owned();
    let kind = match blocked.reason {
        Reason::RedirectIsError => RedirectKind::Forbidden,
        _ => RedirectKind::Broken,
    };
    Finding::certain(Cause::Redirected { kind, location })
}

/// The response is a redirect, or a redirect led to it; none if that doesn't explain anything.
pub(super) fn find(facts: &Facts<'_>, blocked: &Blocked, response: Seen<'_>) -> Option<Finding> {
    let is_redirect = matches!(response.status(), 301 | 302 | 303 | 307 | 308);
    if is_redirect && matches!(blocked.reason, Reason::AllowOriginMissing | Reason::PreflightStatus { .. }) {
        let Some(location) = response.header("location") else {
            // S3 says in the body which host to use: that of the bucket's region.
            let kind = if known::is_s3(&response) { RedirectKind::Host } else { RedirectKind::Broken };
            return Some(Finding::certain(Cause::Redirected { kind, location: String::new() }));
        };
        let from = &response.sent.url;
        let Ok(to) = from.join(&location) else {
            let location = masked(&location).into_owned();
            return Some(Finding::certain(Cause::Redirected { kind: RedirectKind::Broken, location }));
        };
        return Some(led_to(from, &to));
    }
    if blocked.redirects == 0 {
        return None;
    }
    let (from, to) = (blocked.first_url.as_ref()?, blocked.url.as_ref()?);
    let became_null = facts.origin == "null" && blocked.page != PageOrigin::Opaque;
    let is_login = known::login(to).is_some() && known::login(from).is_none();
    (became_null || is_login && !facts.is_origin_allowed()).then(|| led_to(from, to))
}

pub(super) fn led_to(from: &Url, to: &Url) -> Finding {
    let location = masked(to.as_str()).into_owned();
    let kind = kind(from, to);
    let redirected = Cause::Redirected { kind, location: location.clone() };
    if kind != RedirectKind::Elsewhere || known::login(from).is_some() {
        return Finding::certain(redirected);
    }
    match known::login(to) {
        None => Finding::certain(redirected),
        // Only a login page needs to know where to go back to.
        Some(true) => Finding::certain(Cause::LoginRedirect { location }),
        Some(false) => Finding::likely(vec![Cause::LoginRedirect { location }, redirected]),
    }
}

fn kind(from: &Url, to: &Url) -> RedirectKind {
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    if path(from) != path(to) {
        RedirectKind::Elsewhere
    } else if from.host_str() != to.host_str() {
        RedirectKind::Host
    } else if from.scheme() != to.scheme() {
        if to.scheme() == "https" { RedirectKind::Https } else { RedirectKind::Http }
    } else if from.path() != to.path() {
        RedirectKind::Slash
    } else {
        RedirectKind::Elsewhere
    }
}
