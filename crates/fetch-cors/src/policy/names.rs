//! Methods and header names: which ones a policy can list, and which ones it can't, because browsers would never send them
//! or never show them to scripts. Where the Fetch Standard has a list, it is used.

use super::{
    pasted,
    problem::{Fact, Fault, ProblemKind},
    typos::typos,
};

/// What a list of methods or header names allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// `*`
    Any,
    /// These names, normalized, without duplicates.
    Listed(Vec<String>),
}

impl Names {
    pub(crate) fn to_config(&self) -> Vec<String> {
        match self {
            Self::Any => vec!["*".to_owned()],
            Self::Listed(names) => names.clone(),
        }
    }
}

/// Upper bound in bytes of an echoed `Access-Control-Request-Headers`, counting the `, ` that joins split lines. A browser's
/// list rarely has more than 100; without a bound, clients could make the server send responses of any size.
pub(crate) const MAX_ECHOED_HEADERS: usize = 4096;
/// Upper bound in bytes of an echoed `Access-Control-Request-Method`.
pub(crate) const MAX_ECHOED_METHOD: usize = 64;

/// A token of RFC 9110, section 5.6.2: what methods and header names are made of.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
pub(crate) const SAFELISTED_METHODS: [&str; 3] = ["GET", "HEAD", "POST"];
/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
pub(crate) const SAFELISTED_RESPONSE_HEADERS: [&str; 7] = [
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
];
/// <https://fetch.spec.whatwg.org/#forbidden-method>
const FORBIDDEN_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];
/// Methods that browsers turn into upper case. <https://fetch.spec.whatwg.org/#concept-method-normalize>
const NORMALIZED_METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
/// Other methods that are registered with IANA in upper case. Browsers send them exactly as the script wrote them, so a
/// policy that lists `patch` would allow what no server handles.
const OTHER_REGISTERED_METHODS: [&str; 31] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// A method as browsers send it.
pub(crate) fn normalized(method: &str) -> String {
    let upper = method.to_ascii_uppercase();
    if NORMALIZED_METHODS.contains(&upper.as_str()) { upper } else { method.to_owned() }
}

/// Normalizes a method as browsers do. Names that look like a typo pass only if `unusual` ones may.
pub(crate) fn method(value: &str, unusual: bool) -> Result<String, Fault> {
    let upper = value.to_ascii_uppercase();
    if FORBIDDEN_METHODS.contains(&upper.as_str()) {
        return Err(ProblemKind::ForbiddenMethod.into());
    }
    if NORMALIZED_METHODS.contains(&upper.as_str()) {
        return Ok(upper);
    }
    if value != upper && OTHER_REGISTERED_METHODS.contains(&upper.as_str()) {
        return Err(Fault::with_suggestion(ProblemKind::MethodCase, Some(upper)));
    }
    if OTHER_REGISTERED_METHODS.contains(&value) {
        return Ok(value.to_owned());
    }
    if let Some(fault) = pasted_name(value, |text| method(text, unusual)) {
        return Err(fault);
    }
    if let Some(names) = known_methods(value) {
        let fact = Some(Fact::SuggestedList(names));
        return Err(Fault { fact, ..ProblemKind::SeveralNames.into() });
    }
    if !is_token(value.as_bytes()) {
        let trimmed = value.trim();
        let suggestion = if trimmed == value { None } else { method(trimmed, unusual).ok() };
        return Err(Fault::with_suggestion(ProblemKind::InvalidMethod, suggestion));
    }
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_');
    let meant = SAFELISTED_METHODS
        .iter()
        .chain(&NORMALIZED_METHODS)
        .chain(&OTHER_REGISTERED_METHODS)
        // Short names of one's own are soon near a rare one.
        .filter(|known| known.len() > 4 || matches!(**known, "GET" | "HEAD" | "POST" | "PUT"))
        .find(|known| is_typo(&upper, known));
    if !unusual && (meant.is_some() || value.bytes().any(is_odd)) {
        let suggestion = meant.map(|meant| (*meant).to_owned());
        return Err(Fault::with_suggestion(ProblemKind::UnusualName, suggestion));
    }
    Ok(value.to_owned())
}

/// The methods of a text such as `GET POST`, if they are well-known ones.
fn known_methods(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
    let is_known = |name: &String| {
        [&SAFELISTED_METHODS[..], &NORMALIZED_METHODS, &OTHER_REGISTERED_METHODS]
            .concat()
            .contains(&name.as_str())
    };
    (names.len() > 1 && names.iter().all(is_known)).then_some(names)
}

/// What a method or a header name is instead, with what to write if `read` accepts it.
fn pasted_name(value: &str, read: impl Fn(&str) -> Result<String, Fault>) -> Option<Fault> {
    let (kind, meant) = pasted::name(value)?;
    // What is found inside and looks like a paste again is not valid either. To ask what it was meant as, twice at each level,
    // would take for ever: a client chooses the method that a refusal is explained for.
    let read = |text: &str| if pasted::name(text).is_none() { read(text).ok() } else { None };
    let names = match (kind, &meant) {
        (ProblemKind::SeveralNames, _) => pasted::names(value),
        // `Access-Control-Allow-Methods: PUT, DELETE`
        (ProblemKind::HeaderLine, Some(line)) => pasted::names(line),
        _ => Vec::new(),
    };
    let listed: Option<Vec<String>> = names.iter().map(|name| read(name)).collect();
    let fact = match listed.filter(|names| !names.is_empty() && names.iter().all(|name| name != "*")) {
        Some(names) => Some(Fact::SuggestedList(names)),
        None => pasted::means_any(meant.as_deref().unwrap_or(value)).then_some(Fact::AnyMeant),
    };
    // Whether `*` is allowed depends on the list, so it is not suggested here.
    let suggestion = meant.filter(|meant| meant != "*").and_then(|meant| read(&meant));
    Some(Fault { kind, suggestion, fact })
}

/// Whether one letter is missing, added, or replaced, or two neighbours have changed places. Words of up to four letters
/// soon become another word if one is replaced.
fn is_typo(text: &str, meant: &str) -> bool {
    if text == meant || text.len().abs_diff(meant.len()) > 1 {
        return false;
    }
    let differ: Vec<usize> = (0..text.len().min(meant.len()))
        .filter(|&index| text.as_bytes()[index] != meant.as_bytes()[index])
        .collect();
    let are_swapped = text.len() == meant.len()
        && matches!(differ[..], [first, second] if second == first + 1
            && text.as_bytes()[first] == meant.as_bytes()[second]
            && text.as_bytes()[second] == meant.as_bytes()[first]);
    are_swapped || typos(text, meant) == 1 && (text.len() != meant.len() || meant.len() > 4)
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>, without the two prefixes, and without the names that are
/// forbidden only with certain values.
const FORBIDDEN_REQUEST_HEADERS: [&str; 22] = [
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
    "access-control-request-private-network",
];
/// <https://fetch.spec.whatwg.org/#forbidden-response-header-name>
const FORBIDDEN_RESPONSE_HEADERS: [&str; 2] = ["set-cookie", "set-cookie2"];

/// Header fields that only responses have (RFC 9110, RFC 9111, RFC 6797, CSP 3, Fetch). A name that requests have too, such
/// as `cache-control`, is not among them.
const RESPONSE_HEADERS: [&str; 19] = [
    "accept-ranges",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-allow-private-network",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "allow",
    "authentication-info",
    "content-security-policy",
    "etag",
    "location",
    "retry-after",
    "server",
    "strict-transport-security",
    "vary",
    "www-authenticate",
];
/// Header fields that only requests have. `accept` and `accept-encoding` are not among them: a 415 response has them.
/// `authorization` is not either: some APIs send a token in a response header of that name, and browsers let scripts read
/// it.
const REQUEST_HEADERS: [&str; 23] = [
    "accept-charset",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "cookie",
    "cookie2",
    "dnt",
    "expect",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "proxy-authorization",
    "range",
    "referer",
    "te",
    "user-agent",
];

/// Other header fields with well-known names, to recognize their typos.
const OTHER_HEADERS: [&str; 22] = [
    "accept",
    "accept-encoding",
    "authorization",
    "baggage",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "expires",
    "idempotency-key",
    "last-event-id",
    "last-modified",
    "pragma",
    "prefer",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "upgrade-insecure-requests",
    "x-requested-with",
];
/// Response headers that only responses to preflights have.
const PREFLIGHT_HEADERS: [&str; 4] = [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-private-network",
    "access-control-max-age",
];

/// The well-known header of which a name is a typo.
fn meant_header(name: &str) -> Option<&'static str> {
    let known = || RESPONSE_HEADERS.iter().chain(&REQUEST_HEADERS).chain(&OTHER_HEADERS).copied();
    if known().any(|known| known == name) {
        return None;
    }
    let letters = |name: &str| name.replace(['-', '_'], "");
    let plain = letters(name);
    known().find(|known| known.len() > 5 && (letters(known) == plain || is_typo(name, known)))
}

/// A header name in lower case, as browsers list it in `Access-Control-Request-Headers`.
fn header_name(
    value: &str,
    unusual: bool,
    read: impl Fn(&str) -> Result<String, Fault>,
) -> Result<String, Fault> {
    if let Some(fault) = pasted_name(value, &read) {
        return Err(fault);
    }
    if !is_token(value.as_bytes()) {
        // All of both kinds at once, so that nothing is left to trim when this is read again.
        let trimmed = value.trim().trim_end_matches(|c: char| c == ':' || c.is_whitespace());
        // Whether `*` is allowed depends on the list, so it is not suggested here.
        let suggestion = (trimmed != value && trimmed != "*").then(|| read(trimmed).ok()).flatten();
        return Err(Fault::with_suggestion(ProblemKind::InvalidHeaderName, suggestion));
    }
    let name = value.to_ascii_lowercase();
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.');
    let meant = meant_header(&name);
    if !unusual && (meant.is_some() || name.bytes().any(is_odd)) {
        let suggestion = meant.and_then(|meant| read(meant).ok());
        return Err(Fault::with_suggestion(ProblemKind::UnusualName, suggestion));
    }
    Ok(name)
}

/// The name of a request header that a policy can allow.
pub(crate) fn request_header(value: &str, unusual: bool) -> Result<String, Fault> {
    let name = header_name(value, unusual, |text| request_header(text, unusual))?;
    if FORBIDDEN_REQUEST_HEADERS.contains(&name.as_str())
        || name.starts_with("proxy-")
        || name.starts_with("sec-")
    {
        return Err(ProblemKind::ForbiddenRequestHeader.into());
    }
    if RESPONSE_HEADERS.contains(&name.as_str()) {
        return Err(ProblemKind::ResponseHeaderAmongAllowed.into());
    }
    Ok(name)
}

/// The name of a response header that a policy can expose.
pub(crate) fn exposed_header(value: &str, unusual: bool) -> Result<String, Fault> {
    let name = header_name(value, unusual, |text| exposed_header(text, unusual))?;
    if FORBIDDEN_RESPONSE_HEADERS.contains(&name.as_str()) {
        return Err(ProblemKind::ForbiddenResponseHeader.into());
    }
    if PREFLIGHT_HEADERS.contains(&name.as_str()) {
        return Err(ProblemKind::PreflightHeaderAmongExposed.into());
    }
    if REQUEST_HEADERS.contains(&name.as_str()) || name.starts_with("sec-fetch-") {
        let fact = request_header(&name, unusual).is_ok().then_some(Fact::AllowableHeader);
        return Err(Fault { fact, ..ProblemKind::RequestHeaderAmongExposed.into() });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use ProblemKind as Kind;

    use super::*;

    #[test]
    fn methods() {
        for (value, expected) in [
            ("PUT", Ok("PUT")),
            ("put", Ok("PUT")),
            ("Delete", Ok("DELETE")),
            ("options", Ok("OPTIONS")),
            ("get", Ok("GET")),
            ("head", Ok("HEAD")),
            ("post", Ok("POST")),
            ("PATCH", Ok("PATCH")),
            ("patch", Err((Kind::MethodCase, Some("PATCH")))),
            ("propFind", Err((Kind::MethodCase, Some("PROPFIND")))),
            ("Custom", Ok("Custom")),
            ("custom", Ok("custom")),
            ("CONNECT", Err((Kind::ForbiddenMethod, None))),
            ("connect", Err((Kind::ForbiddenMethod, None))),
            ("trace", Err((Kind::ForbiddenMethod, None))),
            ("TRACK", Err((Kind::ForbiddenMethod, None))),
            ("", Err((Kind::InvalidMethod, None))),
            (" put ", Err((Kind::InvalidMethod, Some("PUT")))),
            (" trace", Err((Kind::InvalidMethod, None))),
            ("PUT, DELETE", Err((Kind::SeveralNames, None))),
            ("PÜT", Err((Kind::InvalidMethod, None))),
        ] {
            assert_eq!(seen(&method(value, false)), expected, "{value:?}");
        }
    }

    #[test]
    fn request_headers() {
        for (value, expected) in [
            ("content-type", Ok("content-type")),
            ("X-Request-Id", Ok("x-request-id")),
            ("authorization", Ok("authorization")),
            ("if-none-match", Ok("if-none-match")),
            ("cache-control", Ok("cache-control")),
            ("user-agent", Ok("user-agent")),
            ("Cookie", Err((Kind::ForbiddenRequestHeader, None))),
            ("origin", Err((Kind::ForbiddenRequestHeader, None))),
            ("sec-fetch-site", Err((Kind::ForbiddenRequestHeader, None))),
            ("Sec-Anything", Err((Kind::ForbiddenRequestHeader, None))),
            ("proxy-authorization", Err((Kind::ForbiddenRequestHeader, None))),
            ("proxy-anything", Err((Kind::ForbiddenRequestHeader, None))),
            ("second", Ok("second")),
            ("proxyish", Ok("proxyish")),
            ("Access-Control-Allow-Origin", Err((Kind::ResponseHeaderAmongAllowed, None))),
            ("etag", Err((Kind::ResponseHeaderAmongAllowed, None))),
            ("proxy-authenticate", Err((Kind::ForbiddenRequestHeader, None))),
            ("", Err((Kind::InvalidHeaderName, None))),
            ("x-a, x-b", Err((Kind::SeveralNames, None))),
            ("X-A:", Err((Kind::InvalidHeaderName, Some("x-a")))),
            (" X-A", Err((Kind::InvalidHeaderName, Some("x-a")))),
            (" cookie", Err((Kind::InvalidHeaderName, None))),
            ("etag:", Err((Kind::InvalidHeaderName, None))),
            (" *", Err((Kind::InvalidHeaderName, None))),
        ] {
            assert_eq!(seen(&request_header(value, false)), expected, "{value:?}");
        }
    }

    #[test]
    fn exposed_headers() {
        for (value, expected) in [
            ("ETag", Ok("etag")),
            ("location", Ok("location")),
            ("authorization", Ok("authorization")),
            ("Set-Cookie", Err((Kind::ForbiddenResponseHeader, None))),
            ("set-cookie2", Err((Kind::ForbiddenResponseHeader, None))),
            ("origin", Err((Kind::RequestHeaderAmongExposed, None))),
            ("If-None-Match", Err((Kind::RequestHeaderAmongExposed, None))),
            ("sec-fetch-mode", Err((Kind::RequestHeaderAmongExposed, None))),
            ("sec-websocket-accept", Ok("sec-websocket-accept")),
            ("x y", Err((Kind::InvalidHeaderName, None))),
            ("ETag:", Err((Kind::InvalidHeaderName, Some("etag")))),
            ("set-cookie:", Err((Kind::InvalidHeaderName, None))),
            (" Cookie", Err((Kind::InvalidHeaderName, None))),
        ] {
            assert_eq!(seen(&exposed_header(value, false)), expected, "{value:?}");
        }
    }

    #[test]
    fn the_lists_are_sorted_sets_of_tokens() {
        for list in [&RESPONSE_HEADERS[..], &REQUEST_HEADERS[..], &OTHER_REGISTERED_METHODS[..]] {
            assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
            assert!(list.iter().all(|name| is_token(name.as_bytes())), "{list:?}");
        }
    }

    fn seen(result: &Result<String, Fault>) -> Result<&str, (Kind, Option<&str>)> {
        result.as_deref().map_err(|fault| (fault.kind, fault.suggestion.as_deref()))
    }
}
