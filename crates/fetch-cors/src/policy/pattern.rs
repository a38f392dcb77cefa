//! Reads the text of an origin or an origin pattern, strictly: it must be byte for byte what a browser can send, or one of
//! the few kinds of pattern. For other text, this module suggests the nearest text that is valid.
//!
//! Matching requests is not done here but in [`origin_set`](crate::origin_set).

use std::{fmt, net::Ipv6Addr};

use super::{
    host, idn, pasted,
    problem::{Fact, Fault, ProblemKind},
    suffixes::Section,
    typos::typos,
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
    check(value).map_err(|kind| {
        let pasted = match kind {
            ProblemKind::EmptyOrigin | ProblemKind::NullOrigin => None,
            _ => pasted::origin(value),
        };
        let (kind, suggestion) = pasted.unwrap_or_else(|| (kind, repair(value, kind)));
        fault(kind, value, suggestion)
    })
}

/// The text itself if it is valid, else the nearest that is.
pub(super) fn nearest(value: &str) -> Option<String> {
    match check(value) {
        Ok(_) => Some(value.to_owned()),
        Err(kind) => repair(value, kind),
    }
}

/// A mistake, with what else a reader must know about the value or the suggestion.
pub(super) fn fault(kind: ProblemKind, value: &str, suggestion: Option<String>) -> Fault {
    let fact = match (kind, &suggestion) {
        (ProblemKind::MisplacedWildcard, None) => is_any_host(value).then_some(Fact::AnyHost),
        (_, None) => pasted::fact(kind, value),
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
    value.contains("://") && split_port(authority(value)).0 == "*"
}

/// Schemes whose pages have an opaque origin, which is serialized as `null`.
/// <https://url.spec.whatwg.org/#concept-url-origin>
const OPAQUE_SCHEMES: [&str; 7] =
    ["file", "data", "blob", "about", "javascript", "filesystem", "view-source"];
/// Schemes of other protocols, which hold no pages. Not a rule but a list: apps make up schemes of their own for their pages.
const NOT_PAGE_SCHEMES: [&str; 46] = [
    "amqp",
    "amqps",
    "dns",
    "ftp",
    "ftps",
    "git",
    "gopher",
    "grpc",
    "grpcs",
    "imap",
    "imaps",
    "irc",
    "ircs",
    "jdbc",
    "kafka",
    "ldap",
    "ldaps",
    "mongodb",
    "mqtt",
    "mqtts",
    "mysql",
    "nats",
    "nfs",
    "nntp",
    "pop3",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "rsync",
    "rtmp",
    "rtsp",
    "scp",
    "sftp",
    "sip",
    "smb",
    "smtp",
    "smtps",
    "ssh",
    "svn",
    "tcp",
    "telnet",
    "udp",
    "vnc",
    "ws",
    "wss",
];
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
    if before_path.contains(',') || pasted::is_several(value) {
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
    if pasted::is_unset(host) {
        return Err(ProblemKind::UnfilledVariable);
    }
    // Nobody has the top-level domain `x`, so this would match no page, and nobody would be told.
    let is_address = is_address_pattern(host);
    if !is_address && pasted::is_address_range(&host.replace('*', "0")) {
        return Err(ProblemKind::AddressRange);
    }
    if host.contains('*') && !host.starts_with("*.") {
        let wildcard = if is_address {
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

/// What a scheme that is nearly `http` or `https`, or one of extensions, was meant to be.
///
/// A typo is one edit, or two if there are no other letters than theirs: `htpt` and `tp` are typos, `htmx` is a name. So is
/// anything in front of a last dot, as in `www.https`.
fn misspelt_scheme(scheme: &str) -> Option<&'static str> {
    if matches!(scheme, "http" | "https") || Extension::of_scheme(scheme).is_some() {
        return None;
    }
    if let Some(extension) = Extension::ALL.into_iter().find(|meant| typos(scheme, meant.scheme()) == 1) {
        return Some(extension.scheme());
    }
    let scheme = scheme.rsplit('.').next().unwrap_or(scheme);
    let nearest = ["https", "http"].into_iter().min_by_key(|meant| typos(scheme, meant))?;
    let most = if scheme.bytes().all(|byte| b"https".contains(&byte)) { 2 } else { 1 };
    (typos(scheme, nearest) <= most).then_some(nearest)
}

/// Without the white space and quotation marks that often surround pasted text.
fn trim(value: &str) -> &str {
    value.trim().trim_matches(['"', '\'']).trim()
}

/// Splits `authority` from what follows it.
fn split_authority(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()))
}

/// The host and port of a URL, or of a text without a scheme.
pub(super) fn authority(value: &str) -> &str {
    split_authority(value.split_once("://").map_or(value, |(_, rest)| rest)).0
}

/// Splits host and port; the port comes without its colon. Colons inside an IPv6 address's brackets are ignored.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
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
            | ProblemKind::UnfilledVariable
            | ProblemKind::AddressRange
    ) {
        return None;
    }
    let repaired = rewrite(trim(value))?;
    let pattern = check(&repaired).ok()?;
    // Nobody who writes `https://exa*mple.com` means every name below `.com`.
    let is_wider = matches!(kind, ProblemKind::MisplacedWildcard | ProblemKind::WildcardInRegisteredName)
        && public_suffix(pattern).is_some();
    (!is_wider).then_some(repaired)
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
    let (host, port) = match split_port(authority) {
        // `http://localhost*`
        (host, None) if host.strip_suffix('*').is_some_and(host::is_loopback) => {
            (host.trim_end_matches('*'), Some("*"))
        }
        split => split,
    };
    let scheme = match scheme.as_str() {
        "" if host::is_loopback(host) || port == Some("80") => "http",
        "" if port != Some("443") && is_of_own_network(host) => return None,
        "ws" => "http",
        "" | "wss" | "ftp" => "https",
        scheme if NOT_PAGE_SCHEMES.contains(&scheme) => return None,
        scheme if misspelt_scheme(scheme).is_some() => misspelt_scheme(scheme)?,
        scheme if scheme.contains('*') => "https",
        scheme => scheme,
    };
    let is_web = matches!(scheme, "http" | "https");
    if matches!(host, "http" | "https") {
        return None;
    }
    let host = if is_web {
        rewrite_host(host)?
    } else if LOWER_CASE_SCHEMES.contains(&scheme) {
        host.to_ascii_lowercase()
    } else {
        host.to_owned()
    };
    let port = match port {
        None | Some("") => String::new(),
        Some(port) if port.bytes().all(|byte| byte == b'*') => ":*".to_owned(),
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

/// Whether a name without a scheme is, or may be, of somebody's own network, where both schemes are common: an address, a name
/// without a dot, or one below a name that no registry gives away.
fn is_of_own_network(host: &str) -> bool {
    const NAMES: [&str; 8] =
        [".local", ".lan", ".internal", ".intranet", ".corp", ".home", ".home.arpa", ".localdomain"];
    !host.contains('.')
        || host::ends_in_a_number(host)
        || is_address_pattern(host)
        || NAMES.iter().any(|name| host.ends_with(name))
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
        // A suggestion never matches more than what was written, so no other `*` becomes one for whole labels.
        Some(star) if host[..star].bytes().all(|byte| byte == b'*') => {
            let after = &host[star + 1..];
            match after.strip_prefix('.') {
                Some(name) => ("*.", name),
                // `*example.com`, which other libraries read as the end of a host.
                None if after.is_ascii() && !after.starts_with(['-', '_']) => ("*.", after),
                None => return None,
            }
        }
        Some(_) => return None,
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
            ("\"https://app.example.com\"", Kind::ListSyntax, Some("https://app.example.com")),
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
            ("https://app-*.com", Kind::WildcardInRegisteredName, None),
            ("https://*-app.co.uk", Kind::WildcardInRegisteredName, None),
            ("https://app-*.kawasaki.jp", Kind::WildcardInRegisteredName, None),
            ("https://app-*.internal", Kind::WildcardInRegisteredName, None),
            ("https://app-*.com.", Kind::WildcardInRegisteredName, None),
            ("http://app-*.localhost:3000", Kind::WildcardInRegisteredName, None),
            // inside a label
            ("app-*.example.com", Kind::MissingScheme, Some("https://app-*.example.com")),
            ("https://app-*.example.com/", Kind::Path, Some("https://app-*.example.com")),
            ("https://App-*.example.com", Kind::UpperCase, Some("https://app-*.example.com")),
            ("https://app-*-*.example.com", Kind::MisplacedWildcard, None),
            ("https://a.pr-*.example.com", Kind::MisplacedWildcard, None),
            ("https://pr-*.*.example.com", Kind::MisplacedWildcard, None),
            ("https://app-*", Kind::MisplacedWildcard, None),
            ("https://bü-*.example.com", Kind::UnicodeHost, None),
            ("https://*-bü.example.com", Kind::UnicodeHost, None),
            ("https://*bü.example.com", Kind::UnicodeHost, None),
            ("https://pr-*.bücher.example", Kind::UnicodeHost, Some("https://pr-*.xn--bcher-kva.example")),
            ("https://a!*.example.com", Kind::InvalidHost, None),
            ("https://a%20*.example.com", Kind::InvalidHost, None),
            ("https://*!.example.com", Kind::InvalidHost, None),
            ("https://xn--*a!.example.com", Kind::InvalidHost, None),
            ("https://A!*.Example.com", Kind::UpperCase, None),
            ("https://a!*.example.com/", Kind::Path, None),
            ("a!*.example.com", Kind::MissingScheme, None),
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
            ("https://app.*.com", Kind::MisplacedWildcard, None),
            ("https://app.*.example.com", Kind::MisplacedWildcard, None),
            ("https://*.*.example.com", Kind::MisplacedWildcard, None),
            ("https://**.example.com", Kind::MisplacedWildcard, Some("https://*.example.com")),
            ("https://example.*", Kind::MisplacedWildcard, None),
            ("https://*", Kind::MisplacedWildcard, None),
            ("https://*/", Kind::Path, None),
            ("https://*:*", Kind::MisplacedWildcard, None),
            ("*:3000", Kind::MissingScheme, None),
            ("HTTPS://*", Kind::UpperCase, None),
            ("https://*.", Kind::InvalidHost, None),
            ("http://localhost:30*", Kind::MisplacedWildcard, None),
            ("http://localhost:**", Kind::MisplacedWildcard, Some("http://localhost:*")),
            ("app://My-App/", Kind::Path, Some("app://My-App")),
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

    /// The longest host has 253 bytes, and 254 with a dot at its end.
    #[test]
    fn a_star_inside_a_label_needs_room() {
        let parent = |length: usize| {
            let labels = vec!["a".repeat(50); 6].join(".");
            labels[labels.len() - length..].to_owned()
        };
        for (text, is_valid) in [
            (format!("https://b*.{}", parent(250)), true),
            (format!("https://b*.{}", parent(251)), false),
            (format!("https://b*.{}.", parent(250)), true),
            (format!("https://b*.{}.", parent(251)), false),
            (format!("https://{}*.a.example", "b".repeat(62)), true),
            (format!("https://{}*.a.example", "b".repeat(63)), false),
        ] {
            let expected = if is_valid { Ok(()) } else { Err(Kind::InvalidHost) };
            assert_eq!(parse(&text).map(|_| ()).map_err(|fault| fault.kind), expected, "{text}");
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
