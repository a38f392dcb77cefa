//! The browser allows it, by what went over the wire.

use super::{Finding, unsent::lacks_scheme};
use crate::{
    browser::{AddressSpace, Allowed, Credentials, PageOrigin, ResponseType, Url},
    diagnosis::{cause::Cause, facts::Facts},
};

pub(super) fn find(facts: &Facts<'_>, allowed: &Allowed) -> Finding {
    if allowed.response_type == ResponseType::Opaque {
        return Finding::certain(Cause::NoCorsMode);
    }
    let status = allowed.status;
    let nothing = Cause::NothingWrong { status };
    if facts.case.hints.is_blocked_in_browser {
        return blocked_elsewhere(facts, allowed);
    }
    let wants_session = matches!(status, 401 | 403);
    if wants_session && !facts.case.hints.withheld_cookies.is_empty() {
        return Finding::likely(vec![Cause::CookiesNotSent, nothing]);
    }
    if wants_session && carries_nothing(facts) && allowed.response_type == ResponseType::Cors {
        return Finding::likely(vec![Cause::CookiesNotSent, nothing]);
    }
    // The page's own server responded to what was meant for another.
    if allowed.response_type == ResponseType::Basic && lacks_scheme(facts.case.request.url()) {
        let is_page = facts.response().is_some_and(|response| response.is_html());
        return if is_page || status == 404 {
            Finding::certain(Cause::UrlWithoutScheme)
        } else {
            Finding::likely(vec![Cause::UrlWithoutScheme, nothing])
        };
    }
    let is_html = facts.response().is_some_and(|response| response.is_html());
    if is_html && wants_data(facts) && status < 400 {
        return Finding::likely(vec![Cause::HtmlPage, nothing]);
    }
    Finding::certain(nothing)
}

/// Whether neither cookies nor `Authorization` are sent, so that no server knows whose request it is.
pub(super) fn carries_nothing(facts: &Facts<'_>) -> bool {
    facts.case.request.credentials_mode() != Credentials::Include && !facts.has_secrets()
}

/// Whether the script asks for something other than a page.
pub(super) fn wants_data(facts: &Facts<'_>) -> bool {
    facts.case.request.headers().any(|(name, value)| {
        let value = String::from_utf8_lossy(value).to_ascii_lowercase();
        (name.eq_ignore_ascii_case(b"accept") || name.eq_ignore_ascii_case(b"content-type"))
            && value.contains("json")
            && !value.contains("html")
    }) || facts.url().is_some_and(|url| {
        let mut segments = url.path_segments().into_iter().flatten();
        segments.any(|segment| segment == "api")
            || url.path().to_ascii_lowercase().rsplit('.').next() == Some("json")
    })
}

/// A real browser blocks what the wire allows. The wire can't show why, so that this is never certain.
fn blocked_elsewhere(facts: &Facts<'_>, allowed: &Allowed) -> Finding {
    let mut causes = Vec::new();
    if facts.response().is_some_and(|response| response.is_from_cache()) {
        causes.push(Cause::CachedForAnother);
    }
    if allowed.url.as_ref().is_some_and(is_private) && !is_private_page(facts.case.request.page()) {
        causes.push(Cause::LocalNetworkAccess);
    }
    if facts.case.exchanges.iter().any(|exchanged| exchanged.sent.is_preflight) {
        causes.push(Cause::PreflightRemembered);
    }
    causes.extend([
        Cause::ContentSecurityPolicy,
        Cause::ServiceWorkerOrExtension,
        Cause::CachedForAnother,
        Cause::Inconsistent,
        Cause::NothingWrong { status: allowed.status },
    ]);
    Finding::likely(causes)
}

pub(in crate::diagnosis) fn is_private(url: &Url) -> bool {
    AddressSpace::of(url) != AddressSpace::Public
}

pub(in crate::diagnosis) fn is_private_page(page: &PageOrigin) -> bool {
    Url::parse(&page.to_string()).is_ok_and(|url| is_private(&url))
}
