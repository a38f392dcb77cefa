//! Methods and header names: which ones a policy can list, and which ones it can't, because browsers would never send them
//! or never show them to scripts. Where the Fetch Standard has a list, it is used.

use super::problem::{Fact, Fault, ProblemKind};

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

/// Checks a method, and normalizes it as browsers do.
pub(crate) fn method(value: &str) -> Result<String, Fault> {
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
    if is_token(value.as_bytes()) {
        return Ok(value.to_owned());
    }
    let trimmed = value.trim();
    let suggestion = if trimmed == value { None } else { method(trimmed).ok() };
    Err(Fault::with_suggestion(ProblemKind::InvalidMethod, suggestion))
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

/// A header name in lower case, as browsers list it in `Access-Control-Request-Headers`.
fn header_name(value: &str) -> Result<String, Fault> {
    if is_token(value.as_bytes()) {
        return Ok(value.to_ascii_lowercase());
    }
    let trimmed = value.trim().trim_end_matches(':');
    // Whether `*` is allowed depends on the list, so it is not suggested here.
    let suggestion = (is_token(trimmed.as_bytes()) && trimmed != "*").then(|| trimmed.to_ascii_lowercase());
    Err(Fault::with_suggestion(ProblemKind::InvalidHeaderName, suggestion))
}

/// Removes a suggestion that is not valid itself.
fn without_wrong_suggestion(mut fault: Fault, check: fn(&str) -> Result<String, Fault>) -> Fault {
    fault.suggestion = fault.suggestion.filter(|suggestion| check(suggestion).is_ok());
    fault
}

/// The name of a request header that a policy can allow.
pub(crate) fn request_header(value: &str) -> Result<String, Fault> {
    let name = header_name(value).map_err(|fault| without_wrong_suggestion(fault, request_header))?;
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
pub(crate) fn exposed_header(value: &str) -> Result<String, Fault> {
    let name = header_name(value).map_err(|fault| without_wrong_suggestion(fault, exposed_header))?;
    if FORBIDDEN_RESPONSE_HEADERS.contains(&name.as_str()) {
        return Err(ProblemKind::ForbiddenResponseHeader.into());
    }
    if REQUEST_HEADERS.contains(&name.as_str()) || name.starts_with("sec-fetch-") {
        let fact = request_header(&name).is_ok().then_some(Fact::AllowableHeader);
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
            ("PUT, DELETE", Err((Kind::InvalidMethod, None))),
            ("PÜT", Err((Kind::InvalidMethod, None))),
        ] {
            assert_eq!(seen(&method(value)), expected, "{value:?}");
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
            ("x-a, x-b", Err((Kind::InvalidHeaderName, None))),
            ("X-A:", Err((Kind::InvalidHeaderName, Some("x-a")))),
            (" X-A", Err((Kind::InvalidHeaderName, Some("x-a")))),
            (" cookie", Err((Kind::InvalidHeaderName, None))),
            ("etag:", Err((Kind::InvalidHeaderName, None))),
            (" *", Err((Kind::InvalidHeaderName, None))),
        ] {
            assert_eq!(seen(&request_header(value)), expected, "{value:?}");
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
            assert_eq!(seen(&exposed_header(value)), expected, "{value:?}");
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
