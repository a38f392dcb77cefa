//! What any page may send without asking, and what no script may send at all: lists and byte limits, each named as the
//! standard names it. Pure functions of names and values.

use super::headers::{HeaderList, is_http_whitespace, token, trim};

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
pub(super) fn is_forbidden_request_header(name: &str, value: &[u8]) -> bool {
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
    // Headers that make some servers take the request for one of another method.
    matches!(name, "x-http-method" | "x-http-method-override" | "x-method-override")
        && split_outside_quotes(value).iter().any(|method| is_forbidden_method(method))
}

/// <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>, as bytes.
fn split_outside_quotes(value: &[u8]) -> Vec<&[u8]> {
    let (mut quoted, mut escaped, mut start, mut parts) = (false, false, 0, Vec::new());
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
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
/// The most that the values of all safelisted headers may come to, in bytes.
const MAX_SAFELISTED_VALUES: usize = 1024;

/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>; `name` is in lower case.
pub(super) fn is_safelisted_request_header(name: &str, value: &[u8]) -> bool {
    if value.len() > MAX_SAFELISTED_VALUE {
        return false;
    }
    match name {
        "accept" => !value.iter().any(|&byte| is_unsafe_byte(byte)),
        "accept-language" | "content-language" => {
            value.iter().all(|byte| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte))
        }
        "content-type" => !value.iter().any(|&byte| is_unsafe_byte(byte)) && is_form_type(value),
        "range" => is_simple_range(value),
        _ => false,
    }
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte>
fn is_unsafe_byte(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7f || b"\"():<>?@[\\]{}".contains(&byte)
}

/// Whether the essence is one of a form's three. <https://mimesniff.spec.whatwg.org/#parse-a-mime-type>; its parameters
/// can make no MIME type invalid.
fn is_form_type(value: &[u8]) -> bool {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let essence = trim(essence, is_http_whitespace).to_ascii_lowercase();
    [&b"application/x-www-form-urlencoded"[..], b"multipart/form-data", b"text/plain"]
        .contains(&essence.as_slice())
}

/// Whether it is one range with a start. <https://fetch.spec.whatwg.org/#simple-range-header-value>
fn is_simple_range(value: &[u8]) -> bool {
    let Some((start, end)) = value.strip_prefix(b"bytes=").and_then(|range| {
        let dash = range.iter().position(|&byte| byte == b'-')?;
        Some((&range[..dash], &range[dash + 1..]))
    }) else {
        return false;
    };
    let is_number = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    // Numbers of any length, compared as such.
    let significant = |digits: &[u8]| {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        let digits = digits[zeros..].to_vec();
        (digits.len(), digits)
    };
    !start.is_empty()
        && is_number(start)
        && is_number(end)
        && (end.is_empty() || significant(start) <= significant(end))
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>, sorted and in lower case.
pub(super) fn unsafe_request_header_names(headers: &HeaderList) -> Vec<String> {
    let (mut unsafe_names, mut potentially_unsafe, mut safelisted_size) = (Vec::new(), Vec::new(), 0);
    for (name, value) in headers.iter() {
        if is_safelisted_request_header(name, value) {
            potentially_unsafe.push(name.to_owned());
            safelisted_size += value.len();
        } else {
            unsafe_names.push(name.to_owned());
        }
    }
    if safelisted_size > MAX_SAFELISTED_VALUES {
        unsafe_names.append(&mut potentially_unsafe);
    }
    unsafe_names.sort_unstable();
    unsafe_names.dedup();
    unsafe_names
}

/// <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
pub(super) const NON_WILDCARD_REQUEST_HEADER: &str = "authorization";

/// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header>
pub(super) fn is_no_cors_safelisted_request_header(name: &str, value: &[u8]) -> bool {
    matches!(name, "accept" | "accept-language" | "content-language" | "content-type")
        && is_safelisted_request_header(name, value)
}

/// <https://fetch.spec.whatwg.org/#request-body-header-name>
pub(super) const REQUEST_BODY_HEADERS: [&str; 4] =
    ["content-encoding", "content-language", "content-location", "content-type"];

/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>, without what the answer exposes.
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

/// Whether it can be a method at all.
pub(super) fn is_method(method: &str) -> bool {
    token(method.as_bytes()).is_some()
}

/// <https://fetch.spec.whatwg.org/#bad-port>
pub(super) fn is_bad_port(port: u16) -> bool {
    const BAD_PORTS: [u16; 83] = [
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
        103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
        513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
        1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080,
    ];
    BAD_PORTS.contains(&port)
}
