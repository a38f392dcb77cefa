//! What a page may send without a preflight, and what scripts may not send at all: lists and byte limits, named as in the
//! standard. Pure functions of names and values.

use super::{
    Difference, Profile,
    headers::{HeaderList, is_http_whitespace, token, trim, trim_start},
};

/// <https://fetch.spec.whatwg.org/#forbidden-method>
pub(super) fn is_forbidden_method(method: &[u8]) -> bool {
    ["CONNECT", "TRACE", "TRACK"].iter().any(|forbidden| method.eq_ignore_ascii_case(forbidden.as_bytes()))
}

/// <https://fetch.spec.whatwg.org/#concept-method-normalize>: `patch` is not among them.
pub(super) fn normalize_method(method: &str) -> String {
    let upper = method.to_ascii_uppercase();
    let is_normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].contains(&upper.as_str());
    if is_normalized { upper } else { method.to_owned() }
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
pub(super) fn is_safelisted_method(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>; `name` is in lower case.
pub(super) fn is_forbidden_request_header(name: &str, value: &[u8], profile: Profile) -> bool {
    const NAMES: [&str; 21] = [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    if NAMES.contains(&name) || name.starts_with("proxy-") || name.starts_with("sec-") {
        return true;
    }
    if name == "user-agent" && profile.has(Difference::UserAgentIsForbidden) {
        return true;
    }
    // Some servers treat the request as one of the method that such a header names.
    matches!(name, "x-http-method" | "x-http-method-override" | "x-method-override")
        && split_list(value, !profile.has(Difference::MethodOverrideIsSplitInQuotes))
            .iter()
            .any(|method| is_forbidden_method(method))
}

/// <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>, as bytes.
fn split_list(value: &[u8], respects_quotes: bool) -> Vec<&[u8]> {
    let (mut quoted, mut escaped, mut start, mut parts) = (false, false, 0, Vec::new());
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if respects_quotes => quoted = !quoted,
            b',' if !quoted => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts.into_iter().map(|part| trim(part, |byte| matches!(byte, b'\t' | b' '))).collect()
}

/// The longest value of a safelisted header, in bytes.
const MAX_SAFELISTED_VALUE: usize = 128;
/// The greatest total length of all safelisted headers' values, in bytes.
const MAX_SAFELISTED_VALUES: usize = 1024;

/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>; `name` is in lower case.
pub(super) fn is_safelisted_request_header(name: &str, value: &[u8], profile: Profile) -> bool {
    if value.len() > MAX_SAFELISTED_VALUE {
        return false;
    }
    let is_unsafe = |byte: &u8| {
        is_unsafe_byte(*byte) || !byte.is_ascii() && profile.has(Difference::NonAsciiNeedsPreflight)
    };
    match name {
        "accept" => !value.iter().any(is_unsafe),
        "accept-language" | "content-language" => {
            value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte))
        }
        "content-type" => {
            !value.iter().any(is_unsafe)
                && is_form_type(value)
                && !(is_odd_content_type(value) && profile.has(Difference::OddContentTypeNeedsPreflight))
        }
        "range" => is_simple_range(value, profile),
        "device-memory" | "downlink" | "dpr" | "ect" | "rtt" | "save-data" | "viewport-width" | "width" => {
            profile.has(Difference::ClientHintsAreSafelisted) && is_client_hint(name, value)
        }
        _ => false,
    }
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte>
fn is_unsafe_byte(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7f || b"\"():<>?@[\\]{}".contains(&byte)
}

/// Whether the essence is one of the three that HTML forms send. <https://mimesniff.spec.whatwg.org/#parse-a-mime-type>;
/// parameters never make a MIME type invalid.
fn is_form_type(value: &[u8]) -> bool {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let essence = trim(essence, is_http_whitespace).to_ascii_lowercase();
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
        .iter()
        .any(|form| form.as_bytes() == essence)
}

/// Whether it has a comma, or a semicolon at its end that is not its only one.
fn is_odd_content_type(value: &[u8]) -> bool {
    let mut semicolons = value.iter().filter(|&&byte| byte == b';');
    value.contains(&b',') || value.ends_with(b";") && semicolons.nth(1).is_some()
}

/// Whether a client hint has a value that Chromium sends without a preflight. A sign, an exponent, or a dot without a digit
/// on each side of it does not make a number.
fn is_client_hint(name: &str, value: &[u8]) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    match name {
        "ect" => matches!(value, b"slow-2g" | b"2g" | b"3g" | b"4g"),
        "rtt" | "viewport-width" | "width" => is_number(value),
        "save-data" => value.eq_ignore_ascii_case(b"on"),
        _ => value.splitn(2, |&byte| byte == b'.').all(is_number),
    }
}

/// The digits of a single range's two numbers; the second may be missing.
/// <https://fetch.spec.whatwg.org/#simple-range-header-value>
fn simple_range(value: &[u8], profile: Profile) -> Option<(&[u8], &[u8])> {
    const UNIT: &[u8] = b"bytes=";
    let is_loose = profile.has(Difference::LooseRangeIsSafelisted);
    let (unit, range) = value.split_at_checked(UNIT.len())?;
    if unit != UNIT && !(is_loose && unit.eq_ignore_ascii_case(UNIT)) {
        return None;
    }
    let dash = range.iter().position(|&byte| byte == b'-')?;
    let (start, end) = (&range[..dash], &range[dash + 1..]);
    let start = start.strip_prefix(b"+").filter(|_| is_loose).unwrap_or(start);
    let is_number = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    (!start.is_empty() && is_number(start) && is_number(end)).then_some((start, end))
}

fn is_simple_range(value: &[u8], profile: Profile) -> bool {
    let Some((start, end)) = simple_range(value, profile) else { return false };
    let (start, end) = (without_zeros(start), without_zeros(end));
    if profile.has(Difference::RangeOver64BitsNeedsPreflight)
        && [start, end].iter().any(|digits| !digits.is_empty() && to_i64(digits).is_none())
    {
        return false;
    }
    // The numbers may be of any length, so their digits are compared; without a second number the value ends with `-`.
    value.ends_with(b"-") || (start.len(), start) <= (end.len(), end)
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    trim_start(digits, |byte| byte == b'0')
}

fn to_i64(digits: &[u8]) -> Option<i64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// A range as Chromium rewrites it.
pub(super) fn normalized_range(value: &[u8], profile: Profile) -> Option<Vec<u8>> {
    let (start, end) = simple_range(value, profile).filter(|_| is_simple_range(value, profile))?;
    let number = |digits: &[u8]| to_i64(digits).map_or_else(String::new, |number| number.to_string());
    Some(format!("bytes={}-{}", number(start), number(end)).into_bytes())
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>, sorted and in lower case.
pub(super) fn unsafe_request_header_names(headers: &HeaderList, profile: Profile) -> Vec<String> {
    let (mut unsafe_names, mut potentially_unsafe, mut safelisted_size) = (Vec::new(), Vec::new(), 0);
    let combined = profile.has(Difference::RequestLinesAreCombinedFirst).then(|| headers.combined());
    for (name, value) in combined.as_ref().unwrap_or(headers).iter() {
        if is_safelisted_request_header(name, value, profile) {
            potentially_unsafe.push(name.to_owned());
            safelisted_size += value.len();
        } else {
            unsafe_names.push(name.to_owned());
        }
    }
    if safelisted_size > MAX_SAFELISTED_VALUES && !profile.has(Difference::SafelistedHeadersHaveNoTotalLimit)
    {
        unsafe_names.append(&mut potentially_unsafe);
    }
    unsafe_names.sort_unstable();
    if !profile.has(Difference::RepeatedNamesAreListedTwice) {
        unsafe_names.dedup();
    }
    unsafe_names
}

/// <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
pub(super) const NON_WILDCARD_REQUEST_HEADER: &str = "authorization";

/// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header>
pub(super) fn is_no_cors_safelisted_request_header(name: &str, value: &[u8], profile: Profile) -> bool {
    matches!(name, "accept" | "accept-language" | "content-language" | "content-type")
        && is_safelisted_request_header(name, value, profile)
}

/// <https://fetch.spec.whatwg.org/#request-body-header-name>
pub(super) const REQUEST_BODY_HEADERS: [&str; 4] =
    ["content-encoding", "content-language", "content-location", "content-type"];

/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>, without what the response exposes.
pub(super) fn is_safelisted_response_header(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    ];
    NAMES.contains(&name)
}

/// <https://fetch.spec.whatwg.org/#forbidden-response-header-name>
pub(super) fn is_forbidden_response_header(name: &str) -> bool {
    matches!(name, "set-cookie" | "set-cookie2")
}

/// Whether this is a valid method.
pub(super) fn is_method(method: &str) -> bool {
    token(method.as_bytes()).is_some()
}

/// <https://fetch.spec.whatwg.org/#bad-port>
pub(super) fn is_bad_port(port: u16, profile: Profile) -> bool {
    const BAD_PORTS: [u16; 83] = [
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
        103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
        513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
        1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080,
    ];
    BAD_PORTS.contains(&port)
        && !(profile.has(Difference::Ports4190And6679Allowed) && matches!(port, 4190 | 6679))
}
