//! The checks on an answer: may script have it, may the request be sent, may the page embed it. Pure functions of a request
//! and an answer.

use std::time::Duration;

use super::{
    Profile,
    headers::HeaderList,
    origin::PageOrigin,
    request::{Constructed, Credentials},
    response::Response,
    safelist::{NON_WILDCARD_REQUEST_HEADER, is_safelisted_method, unsafe_request_header_names},
    verdict::Reason,
};

/// <https://fetch.spec.whatwg.org/#cors-check>. `origin` is the request's, serialized.
pub(super) fn cors_check(origin: &str, credentials: Credentials, headers: &HeaderList) -> Result<(), Reason> {
    let Some(allowed) = headers.get("access-control-allow-origin") else {
        return Err(Reason::AllowOriginMissing);
    };
    let include = credentials == Credentials::Include;
    if !include && allowed == b"*" {
        return Ok(());
    }
    if allowed != origin.as_bytes() {
        let value = shown(&allowed);
        return Err(match allowed.as_slice() {
            b"*" => Reason::AllowOriginWildcard,
            _ if allowed.contains(&b',') => Reason::AllowOriginMultiple { value },
            _ => Reason::AllowOriginMismatch { value },
        });
    }
    if !include {
        return Ok(());
    }
    match headers.get("access-control-allow-credentials") {
        Some(value) if value == b"true" => Ok(()),
        value => Err(Reason::AllowCredentialsNotTrue { value: value.as_deref().map(shown) }),
    }
}

/// What a preflight's answer allows, to be kept.
pub(super) struct Grant {
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) max_age: Duration,
}

/// Seconds that a preflight is kept if its answer does not say.
const DEFAULT_MAX_AGE: u64 = 5;

/// Step 7 of [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0). `origin` is the request's,
/// serialized.
pub(super) fn preflight_check(
    request: &Constructed,
    origin: &str,
    response: &Response,
    profile: Profile,
) -> Result<Grant, Reason> {
    cors_check(origin, request.credentials, &response.headers)?;
    if !response.is_ok() {
        return Err(Reason::PreflightStatus { status: response.status });
    }
    let include = request.credentials == Credentials::Include;
    let value = |name| shown(&response.headers.get(name).unwrap_or_default());
    let methods = response
        .headers
        .tokens("access-control-allow-methods")
        .map_err(|_| Reason::AllowMethodsInvalid { value: value("access-control-allow-methods") })?;
    let names = response
        .headers
        .tokens("access-control-allow-headers")
        .map_err(|_| Reason::AllowHeadersInvalid { value: value("access-control-allow-headers") })?
        .unwrap_or_default();
    let methods = match methods {
        None if request.use_cors_preflight => vec![request.method.clone()],
        methods => methods.unwrap_or_default(),
    };

    let has_wildcard = |list: &[String]| list.iter().any(|item| item == "*");
    if !methods.contains(&request.method)
        && !is_safelisted_method(&request.method)
        && (include || !has_wildcard(&methods))
    {
        let is_wildcard_literal = has_wildcard(&methods);
        return Err(Reason::MethodNotAllowed { method: request.method.clone(), is_wildcard_literal });
    }
    let lists = |name: &str| names.iter().any(|listed| listed.eq_ignore_ascii_case(name));
    if request.headers.contains(NON_WILDCARD_REQUEST_HEADER)
        && !lists(NON_WILDCARD_REQUEST_HEADER)
        && !profile.wildcard_covers_authorization
        && !include
        && has_wildcard(&names)
    {
        return Err(Reason::AuthorizationNotListed);
    }
    let refused = unsafe_request_header_names(&request.headers)
        .into_iter()
        .find(|name| !lists(name) && (include || !has_wildcard(&names)));
    if let Some(name) = refused {
        return Err(Reason::HeaderNotAllowed { name, is_wildcard_literal: has_wildcard(&names) });
    }
    let max_age = max_age(&response.headers).unwrap_or(DEFAULT_MAX_AGE);
    let max_age = profile.max_age_limit.map_or(max_age, |limit| max_age.min(limit));
    Ok(Grant { methods, headers: names, max_age: Duration::from_secs(max_age) })
}

/// `Access-Control-Max-Age`, if there is one that is a number (RFC 9111, section 1.2.2).
fn max_age(headers: &HeaderList) -> Option<u64> {
    let mut values = headers.values("access-control-max-age");
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let digits = str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    // More seconds than fit are more than anyone waits.
    if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
}

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check>, for a page without an embedder policy.
pub(super) fn resource_policy_check(
    page: &PageOrigin,
    url: &url::Url,
    headers: &HeaderList,
) -> Result<(), Reason> {
    let policy = headers.get("cross-origin-resource-policy").unwrap_or_default();
    let allows = match policy.as_slice() {
        b"same-origin" => page.is_same_origin(url),
        // An answer over TLS must not end up in a page that came without.
        b"same-site" => page.is_schemelessly_same_site(url) && (page.is_https() || url.scheme() != "https"),
        _ => true,
    };
    if allows { Ok(()) } else { Err(Reason::ResourcePolicy { policy: shown(&policy) }) }
}

/// A server's bytes for a person to read: control characters escaped, cut to about 200 bytes.
pub(super) fn shown(value: &[u8]) -> String {
    const MAX_SHOWN: usize = 200;
    let mut text = String::new();
    for part in value[..value.len().min(MAX_SHOWN)].utf8_chunks() {
        for character in part.valid().chars() {
            if character.is_control() {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in part.invalid() {
            text.extend(byte.escape_ascii().map(char::from));
        }
    }
    if value.len() > MAX_SHOWN {
        text.push_str("...");
    }
    text
}
