//! What may stand in a server written by hand.
//!
//! Cookies, and what a few headers tell a browser, hold for a host with all its ports, so also for whatever else the visitor
//! runs on `localhost`. Others send the browser elsewhere, make it remember something, or frame the message. Everything else
//! may be written, however wrong.

use serde::Serialize;

use crate::{
    api::redirect::{self, is_redirect},
    api_path::{ApiPath, ServerKind},
    origins::Origins,
    session::hand_written::{HandResponse, HandWritten},
};

/// The most header lines of a response.
const MAX_LINES: usize = 24;
/// The most bytes of those lines, all together.
const MAX_BYTES: usize = 1024;
/// The longest target of a redirect, in bytes.
const MAX_REDIRECT: usize = 300;
/// The longest delay, in milliseconds.
const MAX_DELAY: u16 = 5000;
/// What the names of cookies start with.
const COOKIE_PREFIX: &str = "lab_";

/// Why a server written by hand is refused, at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HandProblem {
    /// Which of the responses.
    #[cfg_attr(test, ts(type = "keyof HandWritten"))]
    pub part: &'static str,
    /// Which field of it.
    #[cfg_attr(test, ts(type = "keyof HandResponse"))]
    pub field: &'static str,
    /// Which of the header lines, counted from 0; null where it is not one of them.
    pub line: Option<usize>,
    /// What is wrong, why, and what to write instead.
    pub message: String,
}

/// All problems of a server that is to be put in force in this session.
pub fn problems(hand: &HandWritten, session: &str, origins: &Origins) -> Vec<HandProblem> {
    let HandWritten { preflight, response } = hand;
    let parts = [("preflight", preflight), ("response", response)];
    parts.into_iter().flat_map(|(part, response)| problems_of(part, response, session, origins)).collect()
}

fn problems_of(
    part: &'static str,
    response: &HandResponse,
    session: &str,
    origins: &Origins,
) -> Vec<HandProblem> {
    let HandResponse { status, headers, redirect, delay_ms, close: _ } = response;
    let mut problems = Vec::new();
    let mut report = |field, line, message| {
        if let Some(message) = message {
            problems.push(HandProblem { part, field, line, message });
        }
    };
    report("status", None, problem_of_status(*status));
    if redirect.is_some() && !is_redirect(*status) {
        let message = format!(
            "{status} is not the status of a redirect, so browsers would not follow it: write 301, 302, 303, 307 or 308, or \
             leave the redirect empty."
        );
        report("status", None, Some(message));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_LINES || bytes > MAX_BYTES {
        let message = format!(
            "A response has at most {MAX_LINES} header lines and {MAX_BYTES} bytes in them: write fewer."
        );
        report("headers", None, Some(message));
    } else {
        for (index, (name, value)) in headers.iter().enumerate() {
            report("headers", Some(index), problem_of_line(name, value));
        }
        let mut types =
            headers.iter().enumerate().filter(|(_, (name, _))| name.eq_ignore_ascii_case("content-type"));
        if let Some((index, _)) = types.nth(1) {
            let message =
                "The body is chosen by the Content-Type, and there is one already: remove one of them.";
            report("headers", Some(index), Some(message.to_owned()));
        }
    }
    report("redirect", None, redirect.as_deref().and_then(|to| problem_of_redirect(to, session, origins)));
    if *delay_ms > MAX_DELAY {
        let message =
            format!("A response comes after at most {MAX_DELAY} ms, before browsers give up: write less.");
        report("delay_ms", None, Some(message));
    }
    problems
}

/// A status that a browser handles in a way of its own would not show what is written.
fn problem_of_status(status: u16) -> Option<String> {
    let why = match status {
        200..=599 => match status {
            206 => "belongs to requests for a range of bytes, which the Lab doesn't send",
            304 => "belongs to conditional requests, which the Lab doesn't send",
            407 => "belongs to proxies, and browsers accept it from no one else",
            408 | 421 | 425 => "makes browsers send the request again",
            _ => return None,
        },
        _ => "is not a final status",
    };
    Some(format!("{status} {why}: write another status from 200 to 599."))
}

fn problem_of_redirect(to: &str, session: &str, origins: &Origins) -> Option<String> {
    if to.len() > MAX_REDIRECT || to.contains(|c: char| c.is_control()) {
        return Some(format!(
            "A redirect's target has at most {MAX_REDIRECT} bytes, and no line breaks: write a shorter one."
        ));
    }
    let path = ApiPath { session, is_cached: false, server: ServerKind::Hand, route: "" };
    let instead = "write a path such as notes/1, or a URL that begins with the origin of the page, of the API or of the attacker.";
    redirect::location(path, to, "", origins)
        .err()
        .map(|why| format!("\"{}\": {why}; {instead}", to.escape_debug()))
}

fn problem_of_line(name: &str, value: &str) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some(format!(
            "\"{}\" is not the name of a header: write letters, digits and hyphens before the colon.",
            name.escape_debug()
        ));
    }
    // Bytes above ASCII are read in one way by browsers and in another by people.
    if !value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Some(format!(
            "The value of {name} has line breaks, control characters, or letters that are not ASCII: write visible ASCII on one \
             line."
        ));
    }
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "set-cookie" => return problem_of_cookie(value),
        "www-authenticate" => return problem_of_challenge(value),
        _ => {}
    }
    let is_in = |names: &[&str]| {
        names.iter().any(|listed| match listed.strip_suffix('*') {
            Some(start) => lower.starts_with(start),
            None => lower == *listed,
        })
    };
    let (_, why) = REFUSED.iter().find(|(names, _)| is_in(names))?;
    Some(format!("{name} {why}."))
}

/// Names in lower case, of which a `*` at the end stands for any rest, and why such a line is refused.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &["location"],
        "is written by the Lab, and leads only to its own origins: fill in the redirect instead of this line",
    ),
    (
        &[
            "connection",
            "content-encoding",
            "content-length",
            "content-range",
            "http2-settings",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ],
        "frames the message, which the Lab's server does itself, for a body that is always the same: remove this line",
    ),
    (
        &["age", "cache-control", "cdn-cache-control", "x-lab-cache"],
        "is written by the Lab, so that no cache but its own keeps the response: remove this line",
    ),
    (&["x-content-type-options"], "is written by the Lab, as nosniff: remove this line"),
    (
        &["cross-origin-resource-policy"],
        "decides by rules other than those of CORS, which the prediction doesn't know: remove this line",
    ),
    (&["set-cookie2"], "has been obsolete since 2011: write Set-Cookie instead"),
    (
        &["clear-site-data", "expect-ct", "public-key-pins*", "strict-transport-security"],
        "holds for every server on this host name, also for those that are not the Lab's: remove this line",
    ),
    (
        &[
            "ad-auction-*",
            "alt-svc",
            "alternate-protocol",
            "attribution-reporting-*",
            "content-security-policy*",
            "link",
            "nel",
            "refresh",
            "report-to",
            "reporting-endpoints",
            "sourcemap",
            "speculation-rules",
            "x-content-security-policy*",
            "x-sourcemap",
            "x-webkit-csp*",
            "x-xss-protection",
        ],
        "can make the browser contact servers that are not the Lab's: remove this line",
    ),
    (
        &[
            "accept-ch*",
            "activate-storage-access",
            "critical-ch",
            "idp-signin-status",
            "observe-browsing-topics",
            "origin-agent-cluster",
            "sec-*",
            "secure-session-*",
            "service-worker-allowed",
            "set-login",
            "shared-storage-write",
            "use-as-dictionary",
        ],
        "changes what the browser does with later requests, and so with the rest of the Lab: remove this line",
    ),
    (&["proxy-*"], "is for a proxy to write, and makes browsers request a password: remove this line"),
];

/// Every server on the host gets the cookie, whatever its port; the Lab's own name is what keeps it from overwriting another's.
fn problem_of_cookie(value: &str) -> Option<String> {
    let trimmed = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    let mut parts = value.split(';');
    let name =
        parts.next().and_then(|pair| pair.split_once('=')).map(|(name, _)| trimmed(name)).unwrap_or_default();
    let rest = name.strip_prefix(COOKIE_PREFIX).unwrap_or_default();
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if rest.is_empty() || !is_word(rest) || value.contains([',', '{']) {
        return Some(format!(
            "Browsers send cookies to every server on this host name, whatever its port, so the Lab sets only its own: write \
             one cookie whose name begins with {COOKIE_PREFIX}, such as {COOKIE_PREFIX}a=1."
        ));
    }
    for attribute in parts {
        let name = trimmed(attribute.split('=').next().unwrap_or_default()).to_ascii_lowercase();
        match name.as_str() {
            "" | "expires" | "httponly" | "max-age" | "partitioned" | "samesite" | "secure" => {}
            "domain" | "path" => {
                return Some(format!(
                    "The attribute {name} would make the cookie reach beyond the server written by hand: remove it; the \
                     browser then keeps the cookie for the paths next to the request's."
                ));
            }
            _ => {
                return Some(format!(
                    "\"{name}\" is not an attribute of a cookie that the Lab sets: write Expires, HttpOnly, Max-Age, \
                     Partitioned, SameSite or Secure."
                ));
            }
        }
    }
    None
}

/// Browsers answer some challenges with a prompt for a password, or with the account of the machine.
fn problem_of_challenge(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split('"').collect();
    let is_balanced = parts.len() % 2 == 1 && !value.contains('\\');
    let unquoted = parts.into_iter().step_by(2).collect::<String>();
    // Parameters have an equals sign; a scheme has none.
    let mut words = unquoted.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let is_bearer = words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    (!is_balanced || !is_bearer || words.any(|word| !word.contains('='))).then(|| {
        "With another scheme than Bearer, the browser would ask the visitor for a password: write Bearer, such as Bearer \
         realm=\"api\"."
            .to_owned()
    })
}
