//! Reads the text of an origin or an origin pattern, strictly: it must be byte for byte what a browser can send, or one of
//! the few kinds of pattern. For other text, this module suggests the nearest text that is valid.
//!
//! Matching requests is not done here but in [`origin_set`](crate::origin_set).

use std::{fmt, mem, net::Ipv6Addr};

use super::{
    host, idn,
    problem::{Fact, Fault, ProblemKind},
    suffixes::Section,
};
use crate::origin_set::{
    labels::{MAX_HOST, is_label_byte},
    wildcard::{
        Extension, HostWildcard, InLabel, MAX_ORIGIN, Port, Subnet, Wildcard, default_port, is_custom_host,
        is_punycode, parse_port,
    },
};

/// What one entry of `allow_origins` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern<'a> {
    /// `*`
    Any,
    /// Exactly this serialized origin.
    Exact(&'a str),
    /// A pattern that matches many origins.
    Wildcard(Wildcard<'a>),
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(origin) => f.write_str(origin),
            Self::Wildcard(wildcard) => wildcard.fmt(f),
        }
    }
}

/// What local files have as their origin in Electron, in Cordova, and in Chromium with a flag. No page on the web has it;
/// elsewhere, browsers send `null` for local files.
pub(super) const FILE: &str = "file://";

/// Reads an entry of `allow_origins`.
pub(crate) fn parse(value: &str) -> Result<Pattern<'_>, Fault> {
    check(value).map_err(|kind| fault(kind, value, repair(value, kind)))
}

/// A mistake, with what else a reader must know about the value or the suggestion.
pub(super) fn fault(kind: ProblemKind, value: &str, suggestion: Option<String>) -> Fault {
    let fact = match (kind, &suggestion) {
        (ProblemKind::MisplacedWildcard | ProblemKind::WildcardInRegisteredName, Some(suggestion)) => {
            check(suggestion)
                .is_ok_and(|pattern| public_suffix(pattern).is_some())
                .then_some(Fact::SuggestionUnderPublicSuffix)
        }
        (ProblemKind::MisplacedWildcard, None) => is_any_host(value).then_some(Fact::AnyHost),
        _ => None,
    };
    Fault { kind, suggestion, fact }
}

/// The public suffix under which strangers can register names that a pattern matches.
pub(crate) fn public_suffix(pattern: Pattern<'_>) -> Option<String> {
    match pattern {
        Pattern::Wildcard(Wildcard::Host(HostWildcard { subdomains: true, host, .. })) => {
            host::public_suffix_under_wildcard(host)
        }
        Pattern::Wildcard(Wildcard::InLabel(in_label)) => {
            host::public_suffix_behind_label(in_label).map(|(suffix, _)| suffix)
        }
        _ => None,
    }
}

/// Whether the wildcard matches the whole host, as in `https://*`.
fn is_any_host(value: &str) -> bool {
    let authority = value.split_once("://").map_or("", |(_, rest)| split_authority(rest).0);
    split_port(authority).0 == "*"
}

/// Schemes whose pages have an opaque origin, which is serialized as `null`.
/// <https://url.spec.whatwg.org/#concept-url-origin>
const OPAQUE_SCHEMES: [&str; 7] =
    ["file", "data", "blob", "about", "javascript", "filesystem", "view-source"];
/// Schemes of URLs that have an origin of their own but hold no pages.
const NOT_PAGE_SCHEMES: [&str; 3] = ["ws", "wss", "ftp"];
/// Schemes of browser extensions whose identifiers are always sent in lower case. (Safari's are in upper case.)
const LOWER_CASE_SCHEMES: [&str; 2] = ["chrome-extension", "moz-extension"];

fn check(value: &str) -> Result<Pattern<'_>, ProblemKind> {
    match value {
        "" => return Err(ProblemKind::EmptyOrigin),
        "*" => return Ok(Pattern::Any),
        FILE => return Ok(Pattern::Exact(value)),
        _ if trim(value).eq_ignore_ascii_case("null") => return Err(ProblemKind::NullOrigin),
        _ => {}
    }
    if value.contains(['\\', '(', '^', '$']) || value.contains("//.*") {
        return Err(ProblemKind::RegularExpression);
    }
    let before_path = value.split_once("://").map_or(value, |(_, rest)| split_authority(rest).0);
    if before_path.contains(',') || value.matches("://").count() > 1 && value.contains([',', ';', ' ', '|']) {
        return Err(ProblemKind::SeveralOrigins);
    }
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(ProblemKind::Whitespace);
    }
    let (scheme, rest) = check_scheme(value)?;
    let (authority, path) = split_authority(rest);
    if authority.contains('@') {
        return Err(ProblemKind::Userinfo);
    }
    if !path.is_empty() {
        return Err(ProblemKind::Path);
    }
    let (host, port) = split_port(authority);
    if host.is_empty() || value.len() > MAX_ORIGIN {
        return Err(ProblemKind::InvalidHost);
    }
    let secure = match scheme {
        "https" => true,
        "http" => false,
        _ => return check_custom(value, scheme, host, port),
    };
    if host.contains('*') && !host.starts_with("*.") {
        let wildcard = if is_address_pattern(host) {
            Wildcard::Subnet(check_subnet(secure, host, port)?)
        } else {
            Wildcard::InLabel(check_in_label(secure, host, port)?)
        };
        return Ok(Pattern::Wildcard(wildcard));
    }
    let (subdomains, name) = match host.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, host),
    };
    check_host(name, subdomains)?;
    let port = check_port(port, secure)?;
    if subdomains || port == Port::Any {
        Ok(Pattern::Wildcard(Wildcard::Host(HostWildcard { secure, subdomains, host: name, port })))
    } else {
        Ok(Pattern::Exact(value))
    }
}

/// Checks a host with a `*` inside its first label.
fn check_in_label<'a>(secure: bool, host: &'a str, port: Option<&str>) -> Result<InLabel<'a>, ProblemKind> {
    let (label, parent) = host.split_once('.').ok_or(ProblemKind::MisplacedWildcard)?;
    let (prefix, suffix) = label.split_once('*').ok_or(ProblemKind::MisplacedWildcard)?;
    if suffix.contains('*') {
        return Err(ProblemKind::MisplacedWildcard);
    }
    check_host(parent, false)?;
    let literal = || prefix.bytes().chain(suffix.bytes());
    if !label.is_ascii() {
        return Err(ProblemKind::UnicodeHost);
    }
    if literal().any(|byte| byte.is_ascii_uppercase()) {
        return Err(ProblemKind::UpperCase);
    }
    let port = check_port(port, secure)?;
    let pattern = InLabel { secure, prefix, suffix, parent, port };
    // `*` matches at least one byte.
    let has_room = prefix.len() + suffix.len() < pattern.longest_label();
    if !literal().all(is_label_byte) || host::ends_in_a_number(parent) || !has_room {
        return Err(ProblemKind::InvalidHost);
    }
    // No label that matches may be one that no browser sends.
    if is_punycode(prefix.as_bytes()) && pattern_example(pattern).is_none() {
        return Err(ProblemKind::InvalidHost);
    }
    match host::public_suffix_behind_label(pattern) {
        Some((_, Section::Icann)) => Err(ProblemKind::WildcardInRegisteredName),
        _ => Ok(pattern),
    }
}

/// Whether a host with a `*` is meant as an IPv4 address: it has nothing but digits, dots and `*`.
fn is_address_pattern(host: &str) -> bool {
    host.starts_with(|c: char| c.is_ascii_digit())
        && host.split('.').all(|octet| octet == "*" || octet.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Checks an IPv4 address whose last octets are `*`: only addresses that are private as a whole, because those of the
/// internet belong to strangers.
fn check_subnet(secure: bool, host: &str, port: Option<&str>) -> Result<Subnet, ProblemKind> {
    let parts: Vec<&str> = host.split('.').collect();
    let fixed = parts.iter().position(|&part| part == "*").unwrap_or(parts.len());
    let numbers: Vec<&str> = parts.iter().take(fixed).copied().collect();
    if parts.len() != 4 || parts.iter().skip(fixed).any(|&part| part != "*") {
        return Err(ProblemKind::MisplacedWildcard);
    }
    let mut octets = [0; 4];
    for (octet, number) in octets.iter_mut().zip(&numbers) {
        *octet = number.parse().map_err(|_| ProblemKind::InvalidHost)?;
        if octet.to_string() != **number {
            return Err(ProblemKind::IpAddressForm);
        }
    }
    let is_private = match (octets[0], octets[1]) {
        (10 | 127, _) => true,
        (172, second) => (16..=31).contains(&second),
        (192, second) => second == 168,
        (169, second) => second == 254,
        _ => false,
    };
    if !is_private {
        return Err(ProblemKind::MisplacedWildcard);
    }
    Ok(Subnet { secure, octets, fixed, port: check_port(port, secure)? })
}

/// A label that a pattern matches and a browser may send: the shortest, of at most three bytes for the `*`.
fn pattern_example(pattern: InLabel<'_>) -> Option<String> {
    const BYTES: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-";
    let star = |byte: &u8| char::from(*byte).to_string();
    let one = BYTES.iter().map(star);
    let two = BYTES.iter().flat_map(|first| BYTES.iter().map(move |second| star(first) + &star(second)));
    let three = two.clone().flat_map(|two| BYTES.iter().map(move |third| two.clone() + &star(third)));
    let label = one.chain(two).chain(three).map(|star| format!("{}{star}{}", pattern.prefix, pattern.suffix));
    label.take_while(|label| label.len() <= pattern.longest_label()).find(|label| host::is_domain(label))
}

/// Splits off the scheme and says what is wrong with it.
fn check_scheme(value: &str) -> Result<(&str, &str), ProblemKind> {
    let before_colon = value.split_once(':').map_or("", |(before_colon, _)| before_colon);
    let is_one_of = |schemes: &[&str]| schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(before_colon));
    if is_one_of(&OPAQUE_SCHEMES) {
        return Err(ProblemKind::OpaqueScheme);
    }
    let Some((scheme, rest)) = value.split_once("://") else {
        let starts_like_http = is_one_of(&["http", "https"]);
        return Err(if starts_like_http { ProblemKind::InvalidScheme } else { ProblemKind::MissingScheme });
    };
    if scheme.contains('*') {
        return Err(ProblemKind::MisplacedWildcard);
    }
    // A URL in the path or query of something without a scheme, as in `app.example.com/?next=https://…`.
    if scheme.contains(['/', '?', '#']) {
        return Err(ProblemKind::MissingScheme);
    }
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme {
        return Err(ProblemKind::InvalidScheme);
    }
    if scheme.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ProblemKind::UpperCase);
    }
    if NOT_PAGE_SCHEMES.contains(&scheme) {
        return Err(ProblemKind::NotAPageScheme);
    }
    if misspelt_scheme(scheme).is_some() {
        return Err(ProblemKind::InvalidScheme);
    }
    Ok((scheme, rest))
}

/// What a scheme that is nearly `http` or `https` was meant to be.
///
/// A typo is one edit, or two if there are no other letters than theirs: `htpt` and `tp` are typos, `htmx` is a name. So is
/// anything in front of a last dot, as in `www.https`.
fn misspelt_scheme(scheme: &str) -> Option<&'static str> {
    if matches!(scheme, "http" | "https") {
        return None;
    }
    let scheme = scheme.rsplit('.').next().unwrap_or(scheme);
    let nearest = ["https", "http"].into_iter().min_by_key(|meant| typos(scheme, meant))?;
    let most = if scheme.bytes().all(|byte| b"https".contains(&byte)) { 2 } else { 1 };
    (typos(scheme, nearest) <= most).then_some(nearest)
}

/// How many letters must be put in, left out or replaced to make one text of another: the Levenshtein distance.
fn typos(text: &str, meant: &str) -> usize {
    let meant: Vec<char> = meant.chars().collect();
    // The distances from the part of `text` that was read to what `meant` starts with.
    let mut distances: Vec<usize> = (0..=meant.len()).collect();
    for (index, letter) in text.chars().enumerate() {
        let mut diagonal = mem::replace(&mut distances[0], index + 1);
        for (place, &other) in meant.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = distances[place + 1];
            distances[place + 1] = replaced.min(diagonal + 1).min(distances[place] + 1);
        }
    }
    distances[meant.len()]
}

/// Without the white space and quotation marks that often surround pasted text.
fn trim(value: &str) -> &str {
    value.trim().trim_matches(['"', '\'']).trim()
}

/// Splits `authority` from what follows it.
fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
}

/// Splits host and port; the port comes without its colon. Colons inside an IPv6 address's brackets are ignored.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_bracket = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[after_bracket..].find(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(after_bracket + colon);
            (host, Some(&port[1..]))
        }
        None => (authority, None),
    }
}

/// Checks an origin with a custom scheme, as app web views and browser extensions have: it is sent as it was registered.
fn check_custom<'a>(
    value: &'a str,
    scheme: &str,
    host: &str,
    port: Option<&str>,
) -> Result<Pattern<'a>, ProblemKind> {
    let extension = Extension::of_scheme(scheme);
    if value.contains('*') {
        return match (extension, host, port) {
            (Some(extension), "*", None) => Ok(Pattern::Wildcard(Wildcard::Extension(extension))),
            _ => Err(ProblemKind::MisplacedWildcard),
        };
    }
    if LOWER_CASE_SCHEMES.contains(&scheme) && host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ProblemKind::UpperCase);
    }
    if !host.is_ascii() {
        return Err(ProblemKind::UnicodeHost);
    }
    let is_host = match extension {
        Some(extension) => extension.is_host(host.as_bytes()),
        None => is_custom_host(host.as_bytes()),
    };
    if !is_host {
        return Err(ProblemKind::InvalidHost);
    }
    if port.is_some_and(|port| parse_port(port).is_none()) {
        return Err(ProblemKind::InvalidPort);
    }
    Ok(Pattern::Exact(value))
}

fn check_host(name: &str, subdomains: bool) -> Result<(), ProblemKind> {
    if name.contains('*') {
        return Err(ProblemKind::MisplacedWildcard);
    }
    if let Some(literal) = name.strip_prefix('[') {
        let address = literal.strip_suffix(']').and_then(|literal| literal.parse::<Ipv6Addr>().ok());
        return match address {
            None => Err(ProblemKind::InvalidHost),
            Some(_) if subdomains => Err(ProblemKind::MisplacedWildcard),
            Some(address) if host::serialize_ipv6(address) != name => Err(ProblemKind::IpAddressForm),
            Some(_) => Ok(()),
        };
    }
    if !name.is_ascii() {
        return Err(ProblemKind::UnicodeHost);
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ProblemKind::UpperCase);
    }
    if host::ends_in_a_number(name) {
        return match host::parse_ipv4(name) {
            None => Err(ProblemKind::InvalidHost),
            Some(_) if subdomains => Err(ProblemKind::MisplacedWildcard),
            Some(address) if address.to_string() != name => Err(ProblemKind::IpAddressForm),
            Some(_) => Ok(()),
        };
    }
    // `*` matches at least one label, which needs one byte and a dot.
    let room_for_a_label = name.len() + 2 <= MAX_HOST + usize::from(name.ends_with('.'));
    if host::is_domain(name) && (!subdomains || room_for_a_label) {
        Ok(())
    } else {
        Err(ProblemKind::InvalidHost)
    }
}

fn check_port(port: Option<&str>, secure: bool) -> Result<Port, ProblemKind> {
    match port {
        None => Ok(Port::Default),
        Some("*") => Ok(Port::Any),
        Some(text) if text.contains('*') => Err(ProblemKind::MisplacedWildcard),
        Some(text) => match parse_port(text) {
            None => Err(ProblemKind::InvalidPort),
            Some(number) if number == default_port(secure) => Err(ProblemKind::DefaultPort),
            Some(number) => Ok(Port::Number(number)),
        },
    }
}

/// The nearest text that [`check`] accepts, if it is clear what was meant.
fn repair(value: &str, kind: ProblemKind) -> Option<String> {
    if matches!(
        kind,
        ProblemKind::NullOrigin
            | ProblemKind::OpaqueScheme
            | ProblemKind::SeveralOrigins
            | ProblemKind::RegularExpression
    ) {
        return None;
    }
    let repaired = rewrite(trim(value))?;
    check(&repaired).is_ok().then_some(repaired)
}

fn rewrite(value: &str) -> Option<String> {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), value.trim_start_matches('/')),
    };
    // A scheme with a missing slash, or one that was pasted twice.
    let (scheme, rest) = split_sloppy_scheme(scheme, rest);
    let authority = split_authority(rest).0;
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    // An IPv6 address without its brackets.
    let bare_ipv6 = authority.parse::<Ipv6Addr>().ok().map(host::serialize_ipv6);
    let (host, port) = match &bare_ipv6 {
        Some(address) => (address.as_str(), None),
        None => split_port(authority),
    };
    let scheme = match scheme.as_str() {
        "" if host::is_loopback(host) || port == Some("80") => "http",
        "ws" => "http",
        "" | "wss" | "ftp" => "https",
        scheme if misspelt_scheme(scheme).is_some() => misspelt_scheme(scheme)?,
        scheme if scheme.contains('*') => "https",
        scheme => scheme,
    };
    let is_web = matches!(scheme, "http" | "https");
    if matches!(host, "http" | "https") {
        return None;
    }
    let host = if is_web { rewrite_host(host)? } else { host.to_ascii_lowercase() };
    let port = match port {
        None | Some("") => String::new(),
        Some(port) if port.contains('*') => ":*".to_owned(),
        Some(port) => {
            let number: u16 = port.parse().ok()?;
            if is_web && number == default_port(scheme == "https") {
                String::new()
            } else {
                format!(":{number}")
            }
        }
    };
    Some(format!("{scheme}://{host}{port}"))
}

/// Removes every leading `http` or `https`, even if parts of its `://` are missing.
fn split_sloppy_scheme(mut scheme: String, mut rest: &str) -> (String, &str) {
    'again: loop {
        for name in ["https", "http"] {
            let (start, after) = rest.split_at_checked(name.len()).unwrap_or(("", ""));
            if start.eq_ignore_ascii_case(name) && after.starts_with([':', '/']) {
                name.clone_into(&mut scheme);
                rest = after.trim_start_matches(':').trim_start_matches('/');
                continue 'again;
            }
        }
        return (scheme, rest);
    }
}

fn rewrite_host(host: &str) -> Option<String> {
    if check_subnet(true, host, None).is_ok() {
        return Some(host.to_owned());
    }
    if let Some((label, parent)) = host.split_once('.')
        && label.contains('*')
        && !parent.contains('*')
        && let Some(parent) = rewrite_host(parent)
    {
        let host = format!("{}.{parent}", label.to_ascii_lowercase());
        if check_in_label(true, &host, None).is_ok() {
            return Some(host);
        }
    }
    if let Some(literal) = host.strip_prefix('[') {
        return Some(host::serialize_ipv6(literal.strip_suffix(']')?.parse().ok()?));
    }
    let (subdomains, name) = match host.rfind('*') {
        None => ("", host),
        Some(star) => {
            let after = &host[star + 1..];
            // In `*-preview.example.com` the `*` is part of a label, which patterns don't support.
            if after.starts_with(['-', '_']) {
                return None;
            }
            // A wildcard inside a label replaces that whole label, except in `*example.com`.
            let name = if star > 0 && !after.starts_with('.') {
                after.split_once('.').map_or("", |(_, parents)| parents)
            } else {
                after.strip_prefix('.').unwrap_or(after)
            };
            ("*.", name)
        }
    };
    let name = idn::to_ascii(name)?;
    let name = host::parse_ipv4(&name).map_or(name, |address| address.to_string());
    Some(format!("{subdomains}{name}"))
}

#[cfg(test)]
mod tests {
    use ProblemKind as Kind;

    use super::*;

    #[test]
    fn accepted() {
        let wildcard = |secure, subdomains, host, port| {
            Pattern::Wildcard(Wildcard::Host(HostWildcard { secure, subdomains, host, port }))
        };
        let in_label = |prefix, suffix, parent, port| {
            Pattern::Wildcard(Wildcard::InLabel(InLabel { secure: true, prefix, suffix, parent, port }))
        };
        let subnet = |octets, fixed, port| {
            Pattern::Wildcard(Wildcard::Subnet(Subnet { secure: false, octets, fixed, port }))
        };
        let extension = |extension| Pattern::Wildcard(Wildcard::Extension(extension));
        for (value, expected) in [
            ("*", Pattern::Any),
            ("https://*.example.com", wildcard(true, true, "example.com", Port::Default)),
            ("http://*.example.com", wildcard(false, true, "example.com", Port::Default)),
            ("https://*.example.com:8443", wildcard(true, true, "example.com", Port::Number(8443))),
            ("https://*.example.com:*", wildcard(true, true, "example.com", Port::Any)),
            ("http://localhost:*", wildcard(false, false, "localhost", Port::Any)),
            ("http://[::1]:*", wildcard(false, false, "[::1]", Port::Any)),
            ("http://127.0.0.1:*", wildcard(false, false, "127.0.0.1", Port::Any)),
            ("https://*.com", wildcard(true, true, "com", Port::Default)),
            (
                "https://deploy-preview-*--shop.netlify.app",
                in_label("deploy-preview-", "--shop", "netlify.app", Port::Default),
            ),
            (
                "https://shop-git-*-team.vercel.app",
                in_label("shop-git-", "-team", "vercel.app", Port::Default),
            ),
            ("https://app-*.example.com", in_label("app-", "", "example.com", Port::Default)),
            ("https://a*b.example.com", in_label("a", "b", "example.com", Port::Default)),
            ("https://*-preview.example.com", in_label("", "-preview", "example.com", Port::Default)),
            (
                "https://*_preview.example.com:8443",
                in_label("", "_preview", "example.com", Port::Number(8443)),
            ),
            ("https://pr-*.a.example.com.:*", in_label("pr-", "", "a.example.com.", Port::Any)),
            ("https://pr-*.corp.internal", in_label("pr-", "", "corp.internal", Port::Default)),
            ("https://xn--bcher-*.example.com", in_label("xn--bcher-", "", "example.com", Port::Default)),
            ("http://192.168.*.*:5173", subnet([192, 168, 0, 0], 2, Port::Number(5173))),
            ("http://192.168.1.*", subnet([192, 168, 1, 0], 3, Port::Default)),
            ("http://10.*.*.*:*", subnet([10, 0, 0, 0], 1, Port::Any)),
            ("http://172.16.*.*", subnet([172, 16, 0, 0], 2, Port::Default)),
            ("http://172.31.255.*", subnet([172, 31, 255, 0], 3, Port::Default)),
            ("http://169.254.*.*", subnet([169, 254, 0, 0], 2, Port::Default)),
            ("http://127.*.*.*", subnet([127, 0, 0, 0], 1, Port::Default)),
            ("moz-extension://*", extension(Extension::Moz)),
            ("chrome-extension://*", extension(Extension::Chrome)),
            ("safari-web-extension://*", extension(Extension::SafariWeb)),
            ("vscode-webview://*", extension(Extension::VsCodeWebview)),
        ] {
            assert_eq!(parse(value), Ok(expected), "{value}");
        }
        for exact in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com:80",
            "http://app.example.com:443",
            "https://app.example.com.",
            "https://a_b.example.com",
            "https://xn--bcher-kva.example",
            "http://localhost",
            "http://localhost:1",
            "http://localhost:65535",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://[2001:db8::1]",
            "http://[::]:3000",
            "tauri://localhost",
            "capacitor://localhost",
            "ionic://localhost:8080",
            "app://obsidian.md",
            "com.acme.app://localhost",
            "io.ionic.starter://localhost",
            "htmx://desk",
            "file://",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
            "safari-web-extension://0B1F5E1C-5B5C-4B5C-8B5C-0B1F5E1C5B5C",
        ] {
            assert_eq!(parse(exact), Ok(Pattern::Exact(exact)), "{exact}");
        }
    }

    #[test]
    fn typos_are_counted() {
        for (text, meant, expected) in [
            ("", "", 0),
            ("", "http", 4),
            ("http", "", 4),
            ("https", "https", 0),
            ("htttps", "https", 1),
            ("hhtp", "http", 1),
            ("htps", "https", 1),
            ("tp", "http", 2),
            ("htpt", "http", 2),
            ("xhttpx", "http", 2),
            ("shttp", "https", 2),
            ("sptth", "https", 4),
            ("ftp", "http", 2),
            ("kitten", "sitting", 3),
            ("tauri", "https", 5),
            ("\u{feff}https", "https", 1),
        ] {
            assert_eq!((typos(text, meant), typos(meant, text)), (expected, expected), "{text} {meant}");
        }
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn rejected_with_the_nearest_valid_text() {
        let label64 = format!("https://{}.example", "a".repeat(64));
        let no_room = format!("https://*.{}", vec!["a".repeat(62); 4].join("."));
        assert_eq!(no_room.len(), "https://*.".len() + 251);
        assert!(parse(&no_room).is_ok());
        assert!(parse(&format!("{no_room}.")).is_ok());
        let no_room_before_dot = format!("{no_room}b.");
        let no_room = format!("{no_room}b");
        let longest = format!("app://{}", "a".repeat(MAX_ORIGIN - "app://".len()));
        assert_eq!(parse(&longest), Ok(Pattern::Exact(&longest)));
        let too_long = format!("{longest}b");
        for (value, kind, suggestion) in [
            ("", Kind::EmptyOrigin, None),
            (" ", Kind::Whitespace, None),
            ("null", Kind::NullOrigin, None),
            ("NULL", Kind::NullOrigin, None),
            (" https://a.example", Kind::Whitespace, Some("https://a.example")),
            ("https://a.example\n", Kind::Whitespace, Some("https://a.example")),
            ("https://a .example", Kind::Whitespace, None),
            ("https://a.example\u{0}", Kind::Whitespace, None),
            ("https://a.example, https://b.example", Kind::SeveralOrigins, None),
            ("https://a.example https://b.example", Kind::SeveralOrigins, None),
            ("a.example,b.example", Kind::SeveralOrigins, None),
            // scheme
            ("app.example.com", Kind::MissingScheme, Some("https://app.example.com")),
            ("app.example.com/login", Kind::MissingScheme, Some("https://app.example.com")),
            ("app.example.com/?to=https://b.example", Kind::MissingScheme, Some("https://app.example.com")),
            ("//app.example.com", Kind::MissingScheme, Some("https://app.example.com")),
            ("localhost:3000", Kind::MissingScheme, Some("http://localhost:3000")),
            ("127.0.0.1:3000", Kind::MissingScheme, Some("http://127.0.0.1:3000")),
            ("[::1]:3000", Kind::MissingScheme, Some("http://[::1]:3000")),
            ("::1", Kind::MissingScheme, Some("http://[::1]")),
            ("*.example.com", Kind::MissingScheme, Some("https://*.example.com")),
            ("https:/app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("http:app.example.com", Kind::InvalidScheme, Some("http://app.example.com")),
            ("://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("1http://app.example.com", Kind::InvalidScheme, Some("http://app.example.com")),
            ("4gopher://app.example.com", Kind::InvalidScheme, None),
            ("htps://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("hhttps://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("htt://localhost:3000", Kind::InvalidScheme, Some("http://localhost:3000")),
            ("https://https://app.example.com", Kind::Path, Some("https://app.example.com")),
            ("https//app.example.com", Kind::MissingScheme, Some("https://app.example.com")),
            ("http//localhost:3000", Kind::MissingScheme, Some("http://localhost:3000")),
            ("app.example.com:80", Kind::MissingScheme, Some("http://app.example.com")),
            ("app.example.com:443", Kind::MissingScheme, Some("https://app.example.com")),
            ("\"https://app.example.com\"", Kind::InvalidScheme, Some("https://app.example.com")),
            ("' null '", Kind::NullOrigin, None),
            ("https", Kind::MissingScheme, None),
            ("*://app.example.com", Kind::MisplacedWildcard, Some("https://app.example.com")),
            ("http*://app.example.com", Kind::MisplacedWildcard, Some("https://app.example.com")),
            ("file:///home/me/index.html", Kind::OpaqueScheme, None),
            ("data:text/html,hello", Kind::SeveralOrigins, None),
            ("data:text/html;hello", Kind::OpaqueScheme, None),
            ("blob:https://a.example/1", Kind::OpaqueScheme, None),
            ("about:blank", Kind::OpaqueScheme, None),
            ("wss://a.example", Kind::NotAPageScheme, Some("https://a.example")),
            ("ws://localhost:3000", Kind::NotAPageScheme, Some("http://localhost:3000")),
            ("HTTPS://a.example", Kind::UpperCase, Some("https://a.example")),
            // path
            ("https://a.example/", Kind::Path, Some("https://a.example")),
            ("https://a.example/login?x=1#y", Kind::Path, Some("https://a.example")),
            ("https://a.example?x", Kind::Path, Some("https://a.example")),
            ("https://a.example#y", Kind::Path, Some("https://a.example")),
            ("https://a.example/maps/@51.5,-0.1", Kind::Path, Some("https://a.example")),
            ("https://a.example\\x", Kind::RegularExpression, None),
            (r"https://.*\.example\.com", Kind::RegularExpression, None),
            ("^https://a.example$", Kind::RegularExpression, None),
            ("https://(a|b).example", Kind::RegularExpression, None),
            ("https://.*.example", Kind::RegularExpression, None),
            ("https://*.example.com/*", Kind::Path, Some("https://*.example.com")),
            ("tauri://localhost/", Kind::Path, Some("tauri://localhost")),
            ("https://me:secret@a.example", Kind::Userinfo, Some("https://a.example")),
            // host
            ("https://", Kind::InvalidHost, None),
            ("https://:3000", Kind::InvalidHost, None),
            ("https:///a.example", Kind::Path, None),
            ("https://App.Example.com", Kind::UpperCase, Some("https://app.example.com")),
            ("https://bücher.example", Kind::UnicodeHost, Some("https://xn--bcher-kva.example")),
            ("https://*.bücher.example", Kind::UnicodeHost, Some("https://*.xn--bcher-kva.example")),
            ("https://a..example", Kind::InvalidHost, None),
            ("https://.example", Kind::InvalidHost, None),
            ("https://a%2eexample", Kind::InvalidHost, None),
            ("https://a!b.example", Kind::InvalidHost, None),
            ("https://xn--a.example", Kind::InvalidHost, None),
            (label64.as_str(), Kind::InvalidHost, None),
            (no_room.as_str(), Kind::InvalidHost, None),
            (no_room_before_dot.as_str(), Kind::InvalidHost, None),
            (too_long.as_str(), Kind::InvalidHost, None),
            ("http://127.1", Kind::IpAddressForm, Some("http://127.0.0.1")),
            ("http://0x7f.0.0.1:3000", Kind::IpAddressForm, Some("http://127.0.0.1:3000")),
            ("http://1.2.3.4.", Kind::IpAddressForm, Some("http://1.2.3.4")),
            ("http://1.2.3.256", Kind::InvalidHost, None),
            ("http://a.1", Kind::InvalidHost, None),
            ("http://[0:0::1]", Kind::IpAddressForm, Some("http://[::1]")),
            ("http://[2001:DB8::1]", Kind::IpAddressForm, Some("http://[2001:db8::1]")),
            ("http://[::ffff:1.2.3.4]", Kind::IpAddressForm, Some("http://[::ffff:102:304]")),
            ("http://2001:db8::1", Kind::IpAddressForm, Some("http://[2001:db8::1]")),
            ("http://[fe80::1%25eth0]", Kind::InvalidHost, None),
            ("http://[::1", Kind::InvalidHost, None),
            // port
            ("https://a.example:443", Kind::DefaultPort, Some("https://a.example")),
            ("http://a.example:80", Kind::DefaultPort, Some("http://a.example")),
            ("https://*.example.com:443", Kind::DefaultPort, Some("https://*.example.com")),
            ("https://a.example:0", Kind::InvalidPort, None),
            ("https://a.example:65536", Kind::InvalidPort, None),
            ("https://a.example:08443", Kind::InvalidPort, Some("https://a.example:8443")),
            ("https://a.example:+1", Kind::InvalidPort, Some("https://a.example:1")),
            ("https://a.example:", Kind::InvalidPort, Some("https://a.example")),
            ("https://a.example:http", Kind::InvalidPort, None),
            ("tauri://localhost:0", Kind::InvalidPort, None),
            // wildcards
            ("https://*example.com", Kind::WildcardInRegisteredName, Some("https://*.example.com")),
            // Strangers register names that match.
            ("https://app-*.com", Kind::WildcardInRegisteredName, Some("https://*.com")),
            ("https://*-app.co.uk", Kind::WildcardInRegisteredName, None),
            ("https://app-*.kawasaki.jp", Kind::WildcardInRegisteredName, Some("https://*.kawasaki.jp")),
            ("https://app-*.internal", Kind::WildcardInRegisteredName, Some("https://*.internal")),
            ("https://app-*.com.", Kind::WildcardInRegisteredName, Some("https://*.com.")),
            ("http://app-*.localhost:3000", Kind::WildcardInRegisteredName, Some("http://*.localhost:3000")),
            // inside a label
            ("app-*.example.com", Kind::MissingScheme, Some("https://app-*.example.com")),
            ("https://app-*.example.com/", Kind::Path, Some("https://app-*.example.com")),
            ("https://App-*.example.com", Kind::UpperCase, Some("https://app-*.example.com")),
            ("https://app-*-*.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://a.pr-*.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://pr-*.*.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://app-*", Kind::MisplacedWildcard, None),
            ("https://bü-*.example.com", Kind::UnicodeHost, Some("https://*.example.com")),
            ("https://pr-*.bücher.example", Kind::UnicodeHost, Some("https://pr-*.xn--bcher-kva.example")),
            ("https://a!*.example.com", Kind::InvalidHost, Some("https://*.example.com")),
            ("https://pr-*.a..example", Kind::InvalidHost, None),
            ("https://pr-*.1.2.3", Kind::IpAddressForm, None),
            ("https://xn--*-.example.com", Kind::InvalidHost, None),
            // octets
            ("http://10.*", Kind::MisplacedWildcard, None),
            ("http://192.*", Kind::MisplacedWildcard, None),
            ("http://192.168.*", Kind::MisplacedWildcard, None),
            ("http://172.*.*.*", Kind::MisplacedWildcard, None),
            ("http://172.15.*.*", Kind::MisplacedWildcard, None),
            ("http://172.32.*.*", Kind::MisplacedWildcard, None),
            ("http://192.*.*.*", Kind::MisplacedWildcard, None),
            ("http://192.169.*.*", Kind::MisplacedWildcard, None),
            ("http://100.*.*.*", Kind::MisplacedWildcard, None),
            ("http://100.64.*.*", Kind::MisplacedWildcard, None),
            ("http://169.*.*.*", Kind::MisplacedWildcard, None),
            ("http://8.8.8.*", Kind::MisplacedWildcard, None),
            ("http://192.168.*.1", Kind::MisplacedWildcard, None),
            ("http://192.168.1.2*", Kind::MisplacedWildcard, None),
            ("http://192.168.1*.*", Kind::MisplacedWildcard, None),
            ("http://*.*.*.*", Kind::MisplacedWildcard, None),
            ("http://192.168.01.*", Kind::IpAddressForm, None),
            ("http://192.168.256.*", Kind::InvalidHost, None),
            ("http://192.168.1.*:80", Kind::DefaultPort, Some("http://192.168.1.*")),
            // extensions
            ("moz-extension://*:*", Kind::MisplacedWildcard, None),
            ("moz-extension://a*", Kind::MisplacedWildcard, None),
            ("chrome-extension://*/", Kind::Path, Some("chrome-extension://*")),
            ("ipfs://*", Kind::MisplacedWildcard, None),
            ("tauri://*", Kind::MisplacedWildcard, None),
            // schemes
            ("www.https://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("htpt://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("hhttps://app.example.com", Kind::InvalidScheme, Some("https://app.example.com")),
            ("file://localhost", Kind::OpaqueScheme, None),
            ("file:///", Kind::OpaqueScheme, None),
            ("https://app.*.com", Kind::MisplacedWildcard, Some("https://*.com")),
            ("https://app.*.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://*.*.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://**.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://example.*", Kind::MisplacedWildcard, None),
            ("https://*", Kind::MisplacedWildcard, None),
            ("https://*/", Kind::Path, None),
            ("https://*:*", Kind::MisplacedWildcard, None),
            ("*:3000", Kind::MissingScheme, None),
            ("HTTPS://*", Kind::UpperCase, None),
            ("https://*.", Kind::InvalidHost, None),
            ("http://localhost:30*", Kind::MisplacedWildcard, Some("http://localhost:*")),
            ("http://*.127.0.0.1", Kind::MisplacedWildcard, None),
            ("http://*.[::1]", Kind::MisplacedWildcard, None),
            ("tauri://*.localhost", Kind::MisplacedWildcard, None),
            ("tauri://localhost:*", Kind::MisplacedWildcard, None),
            // custom schemes
            ("tauri://", Kind::InvalidHost, None),
            ("tauri://lo!calhost", Kind::InvalidHost, None),
            ("tauri://bücher", Kind::UnicodeHost, None),
            ("chrome-extension://x", Kind::InvalidHost, None),
            ("chrome-extension://abcdefghijklmnopabcdefghijklmnoq", Kind::InvalidHost, None),
            ("chrome-extension://abcdefghijklmnopabcdefghijklmnopa", Kind::InvalidHost, None),
            ("moz-extension://0b1f5e1c", Kind::InvalidHost, None),
            ("moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5g", Kind::InvalidHost, None),
            (
                "chrome-extension://ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP",
                Kind::UpperCase,
                Some("chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
            ),
        ] {
            let fault = parse(value).expect_err(value);
            assert_eq!((fault.kind, fault.suggestion.as_deref()), (kind, suggestion), "{value:?}");
        }
    }

    #[test]
    fn display_writes_a_wildcard_as_it_was_read() {
        for value in [
            "https://*.example.com",
            "http://localhost:*",
            "https://*.example.com:8443",
            "http://*.a.b:*",
            "https://a-*-b.example.com:8443",
            "http://*-b.example.com:*",
            "http://10.*.*.*",
            "https://192.168.1.*:*",
            "vscode-webview://*",
        ] {
            match parse(value) {
                Ok(Pattern::Wildcard(wildcard)) => assert_eq!(wildcard.to_string(), value),
                other => panic!("{value}: {other:?}"),
            }
        }
    }
}
