//! The checks on a response: may the script read it, may the actual request be sent, may the page embed it. Pure
//! functions of a request and a response.

use std::time::Duration;

use super::{
    Difference, Profile,
    headers::HeaderList,
    names::Names,
    origin::PageOrigin,
    reason::Reason,
    request::{Constructed, Credentials},
    response::Response,
    safelist::{NON_WILDCARD_REQUEST_HEADER, is_safelisted_method},
};
use crate::masked::masked_bytes;

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
            _ if allowed.contains(&b',') => {
                let is_repeated = headers.count_written(ALLOW_ORIGIN) > 1;
                Reason::AllowOriginMultiple { value, is_repeated }
            }
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

/// The name as servers usually write it, and as Firefox counts it.
pub(super) const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// What a preflight response allows, to be cached.
pub(super) struct Grant {
    pub(super) methods: Names,
    /// In lower case.
    pub(super) headers: Names,
    pub(super) max_age: Duration,
}

/// The seconds that a preflight response is cached for if it does not say.
const DEFAULT_MAX_AGE: u64 = 5;

/// Reads a preflight response, from step 7 of
/// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0). `origin` is the request's, serialized.
pub(super) fn read_grant(
    request: &Constructed,
    origin: &str,
    response: &Response,
    profile: Profile,
) -> Result<Grant, Reason> {
    cors_check(origin, request.credentials, &response.headers)?;
    if !response.is_ok() {
        return Err(Reason::PreflightStatus { status: response.status });
    }
    let value = |name| shown(&response.headers.get(name).unwrap_or_default());
    let methods = response
        .headers
        .tokens("access-control-allow-methods")
        .map_err(|_| Reason::AllowMethodsInvalid { value: value("access-control-allow-methods") })?;
    let headers = response
        .headers
        .tokens("access-control-allow-headers")
        .map_err(|_| Reason::AllowHeadersInvalid { value: value("access-control-allow-headers") })?
        .unwrap_or_default()
        .lowercase();
    let methods = match methods {
        None if request.use_cors_preflight && !profile.has(Difference::UploadListenerAllowsNoMethod) => {
            Names::from_iter([request.method.clone()])
        }
        methods => methods.unwrap_or_default(),
    };
    let max_age = max_age(&response.headers, profile);
    let max_age = profile.max_age_limit.map_or(max_age, |limit| max_age.min(limit));
    Ok(Grant { methods, headers, max_age: Duration::from_secs(max_age) })
}

impl Grant {
    /// Checks that it allows the request, from the same step. `unsafe_names` are the request's CORS-unsafe request-header
    /// names.
    pub(super) fn check(
        &self,
        request: &Constructed,
        unsafe_names: &[String],
        profile: Profile,
    ) -> Result<(), Reason> {
        let include = request.credentials == Credentials::Include;
        if !self.methods.contains(&request.method)
            && !is_safelisted_method(&request.method)
            && (include || !self.methods.has_wildcard())
        {
            let is_wildcard_literal = self.methods.has_wildcard();
            return Err(Reason::MethodNotAllowed { method: request.method.clone(), is_wildcard_literal });
        }
        let has_wildcard = self.headers.has_wildcard();
        if request.headers.contains(NON_WILDCARD_REQUEST_HEADER)
            && !self.headers.contains(NON_WILDCARD_REQUEST_HEADER)
            && !profile.has(Difference::WildcardCoversAuthorization)
            && !include
            && has_wildcard
        {
            return Err(Reason::AuthorizationNotListed);
        }
        let by_wildcard = !include && has_wildcard;
        let refused: Vec<String> = unsafe_names
            .iter()
            .filter(|name| !by_wildcard && !self.headers.contains(name))
            .cloned()
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Reason::HeaderNotAllowed { names: refused, is_wildcard_literal: has_wildcard })
    }
}

/// `Access-Control-Max-Age` in seconds (RFC 9111, section 1.2.2), or the default if it is missing or malformed.
fn max_age(headers: &HeaderList, profile: Profile) -> u64 {
    let mut values = headers.values("access-control-max-age");
    let value = match (values.next(), values.next()) {
        (None | Some(b""), None) => return DEFAULT_MAX_AGE,
        (Some(value), None) => str::from_utf8(value).ok(),
        _ => None,
    };
    let number = value.and_then(|text| {
        if profile.has(Difference::MaxAgeIsSigned) {
            return text.parse::<i64>().ok().map(|number| u64::try_from(number).unwrap_or(0));
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A larger number than fits is a longer time than matters.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    });
    number.unwrap_or(if profile.has(Difference::InvalidMaxAgeIsZero) { 0 } else { DEFAULT_MAX_AGE })
}

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check>, for a page without an embedder policy.
pub(super) fn resource_policy_check(
    page: &PageOrigin,
    url: &url::Url,
    headers: &HeaderList,
    profile: Profile,
) -> Result<(), Reason> {
    let policy = headers.get("cross-origin-resource-policy").unwrap_or_default();
    let allows = match policy.as_slice() {
        b"same-origin" => page.is_same_origin(url),
        b"same-site" if *page == PageOrigin::Opaque => profile.has(Difference::OpaquePagesAreSameSite),
        // A response over TLS must not be embedded in a page that was loaded without.
        b"same-site" => page.is_schemelessly_same_site(url) && (page.is_https() || url.scheme() != "https"),
        _ => true,
    };
    if allows { Ok(()) } else { Err(Reason::ResourcePolicy { policy: shown(&policy) }) }
}

/// The most that a verdict shows of a server's value, in bytes.
const MAX_SHOWN: usize = 200;

/// A server's value as a verdict shows it.
pub(super) fn shown(value: &[u8]) -> String {
    readable(&masked_bytes(value), MAX_SHOWN)
}

/// Bytes that someone else sent, as one readable line: control characters and bytes that are not UTF-8 are escaped, and
/// everything after `most` bytes is cut.
///
/// ```
/// use fetch_cors::browser::readable;
///
/// assert_eq!(readable(b"a\nb\xff", 200), r"a\nb\xff");
/// assert_eq!(readable(b"abcdef", 3), "abc...");
/// ```
pub fn readable(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for part in bytes[..bytes.len().min(most)].utf8_chunks() {
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
    if bytes.len() > most {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines have another cause than one line with a list.
    #[test]
    fn several_values() {
        for (lines, expected) in [(&["https://a.example, *"][..], false), (&["https://a.example", "*"], true)]
        {
            let mut headers = HeaderList::default();
            for line in lines {
                headers.append(b"Access-Control-Allow-Origin", line.as_bytes());
            }
            let value = "https://a.example, *".to_owned();
            let reason = Reason::AllowOriginMultiple { value, is_repeated: expected };
            assert_eq!(
                cors_check("https://a.example", Credentials::SameOrigin, &headers),
                Err(reason),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn bytes_for_a_terminal() {
        for (bytes, most, expected) in [
            (&b""[..], 3, ""),
            (b"abc", 3, "abc"),
            (b"abcd", 3, "abc..."),
            (b"a\x1b[31m", 9, r"a\u{1b}[31m"),
            (b"a\tb\xff", 9, r"a\tb\xff"),
            ("a\u{e4}".as_bytes(), 3, "a\u{e4}"),
            ("a\u{e4}".as_bytes(), 2, r"a\xc3..."),
        ] {
            assert_eq!(readable(bytes, most), expected, "{bytes:?}");
        }
    }
}
