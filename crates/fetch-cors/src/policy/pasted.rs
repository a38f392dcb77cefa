//! Tells apart what people paste into a policy that is not a value of it: a variable that nobody filled in, a header line, a
//! list's own syntax, a regular expression, a range. It is asked only about values that are not valid, and suggests only
//! what was certainly meant.
//!
//! `pattern` asks this file, and this file asks `pattern` again: what is found inside of what was pasted is read like any other
//! entry, so that a suggestion is itself valid.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    host,
    lists::SEPARATORS,
    pattern::{self, Pattern},
    problem::{Fact, ProblemKind},
};

/// Longer texts are not looked at; nobody pastes those for an origin.
const MAX_TEXT: usize = 1024;
/// The most values that one message suggests.
const MAX_SUGGESTED: usize = 16;

/// Words for "any", which is written `*`.
const ANY_WORDS: [&str; 7] = ["all", "any", "anyone", "anything", "everyone", "everything", "wildcard"];
/// Words with a meaning in other settings and libraries, and none here.
const OTHER_WORDS: [&str; 12] = [
    "+",
    "auto",
    "default",
    "deny",
    "false",
    "nobody",
    "none",
    "same-origin",
    "same-site",
    "sameorigin",
    "self",
    "true",
];
/// What languages print for a variable without a value. `null` is one only as a host or a port: browsers send it as an origin.
const UNSET_WORDS: [&str; 3] = ["nan", "nil", "undefined"];
/// What stands before the `://` of a pattern for both schemes.
const BOTH_SCHEMES: [&str; 8] =
    ["https?", "http[s]", "http[s]?", "http(s)", "http(s)?", "http{,s}", "(http|https)", "(https|http)"];

/// What an invalid origin is instead, with what to write, if that is certain.
pub(super) fn origin(value: &str) -> Option<(ProblemKind, Option<String>)> {
    if value.len() > MAX_TEXT {
        return None;
    }
    let text = value.trim();
    if is_unfilled(text) {
        return Some((ProblemKind::UnfilledVariable, None));
    }
    if let Some((_, inner)) = header_line(text) {
        return Some((ProblemKind::HeaderLine, meant(inner)));
    }
    if any_among_others(text) {
        return Some((ProblemKind::SeveralOrigins, None));
    }
    if port_list(text).is_some() {
        return Some((ProblemKind::InvalidPort, None));
    }
    if let Some(before) = text.strip_suffix(":[*]") {
        return Some((ProblemKind::InvalidPort, meant(&format!("{before}:*"))));
    }
    if is_regular_expression(text) {
        return Some((ProblemKind::RegularExpression, None));
    }
    let inner = unwrap(text);
    if is_keyword(inner) {
        return Some((ProblemKind::Keyword, None));
    }
    if inner != text {
        return Some((ProblemKind::ListSyntax, meant(inner)));
    }
    if is_network(text) || is_address_range(pattern::split_port(pattern::authority(text)).0) {
        return Some((ProblemKind::AddressRange, None));
    }
    if port_range(text).is_some() {
        return Some((ProblemKind::InvalidPort, None));
    }
    backslashes(text).or_else(|| bare_ipv6(text))
}

/// What a message about an invalid origin says beyond its kind.
pub(super) fn fact(kind: ProblemKind, value: &str) -> Option<Fact> {
    if value.len() > MAX_TEXT {
        return None;
    }
    let text = value.trim();
    let is_any = |text: &str| text == "*" || is_word(text, &ANY_WORDS);
    let several = match kind {
        ProblemKind::SeveralOrigins if any_among_others(text) => return Some(Fact::AnyMeant),
        ProblemKind::SeveralOrigins | ProblemKind::ListSyntax => separated(text),
        ProblemKind::HeaderLine => header_line(text).map(|(_, inner)| separated(inner)).unwrap_or_default(),
        ProblemKind::RegularExpression => both_schemes(text),
        ProblemKind::InvalidPort => port_range(text).or_else(|| port_list(text)).unwrap_or_default(),
        ProblemKind::AddressRange => return address_pattern(text).map(Fact::Addresses),
        _ => Vec::new(),
    };
    if let Some(origins) = all_meant(&several) {
        return Some(Fact::SuggestedList(origins));
    }
    match kind {
        ProblemKind::Keyword | ProblemKind::ListSyntax if is_any(unwrap(text)) => Some(Fact::AnyMeant),
        ProblemKind::HeaderLine => {
            header_line(text).filter(|(_, inner)| is_any(unwrap(inner))).map(|_| Fact::AnyMeant)
        }
        _ => None,
    }
}

/// What a method or a header name is instead, with the text that was meant, if that is certain; the caller checks it.
pub(super) fn name(value: &str) -> Option<(ProblemKind, Option<String>)> {
    if value.len() > MAX_TEXT {
        return None;
    }
    let text = value.trim();
    if is_unfilled(text) {
        return Some((ProblemKind::UnfilledVariable, None));
    }
    if let Some((name, inner)) = header_line(text) {
        let is_cors = name.to_ascii_lowercase().starts_with("access-control-") || text.contains('=');
        let meant = if is_cors { unwrap(inner) } else { name };
        return Some((ProblemKind::HeaderLine, Some(meant.to_owned())));
    }
    let inner = unwrap(text);
    if names(inner).len() > 1 {
        return Some((ProblemKind::SeveralNames, None));
    }
    if is_keyword(inner) {
        return Some((ProblemKind::Keyword, None));
    }
    if inner != text {
        return Some((ProblemKind::ListSyntax, Some(inner.to_owned())));
    }
    (text.contains('*') && text != "*").then_some((ProblemKind::NamePattern, None))
}

/// The names that were written in one string.
pub(super) fn names(text: &str) -> Vec<&str> {
    text.split([',', ';', '|']).map(unwrap).filter(|name| !name.is_empty()).collect()
}

/// Whether the text stands for anything at all.
pub(super) fn means_any(text: &str) -> bool {
    let inner = unwrap(text);
    inner == "*" || is_word(inner, &ANY_WORDS)
}

/// The origin that an inner text is, or nearly is. It is never `*`.
fn meant(inner: &str) -> Option<String> {
    match pattern::nearest(unwrap(inner))? {
        any if any == "*" => None,
        origin => Some(origin),
    }
}

/// All of these, if each is certain, and valid in every policy: no opt-in is hidden in a list.
fn all_meant(texts: &[String]) -> Option<Vec<String>> {
    if !(2..=MAX_SUGGESTED).contains(&texts.len()) {
        return None;
    }
    texts.iter().map(|text| meant(text).filter(|origin| needs_no_opt_in(origin))).collect()
}

fn needs_no_opt_in(origin: &str) -> bool {
    match pattern::parse(origin) {
        Ok(Pattern::Exact(origin)) => {
            origin.strip_prefix("http://").is_none_or(|rest| host::is_loopback(host::without_port(rest)))
        }
        _ => false,
    }
}

fn is_word(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn is_keyword(text: &str) -> bool {
    is_word(text, &ANY_WORDS) || is_word(text, &OTHER_WORDS)
}

/// `${HOST}`, `$HOST`, `{{ host }}`, `{host}`, `%HOST%`, `<your-host>`, `https://APP_HOST`, `undefined`.
fn is_unfilled(text: &str) -> bool {
    const MARKS: [&str; 9] =
        ["${", "$(", "{{", "<%", "%env(", "process.env", "import.meta.env", "os.environ", "[object object]"];
    let lower = text.to_ascii_lowercase();
    if MARKS.iter().any(|mark| lower.contains(mark)) {
        return true;
    }
    let (host, port) = pattern::split_port(pattern::authority(text));
    let is_url = text.contains("://");
    if is_word(unwrap(text), &UNSET_WORDS) || is_url && (is_unset(host) || port.is_some_and(is_unset)) {
        return true;
    }
    let is_constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if is_url && host.contains('_') && host.chars().all(is_constant) {
        return true;
    }
    let starts_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = |name: &str| starts_name(name) && !name.contains([',', '|', '/', '.', ':']);
    let between = |open: char, close: char| {
        text.match_indices(open).any(|(index, _)| {
            let rest = &text[index + 1..];
            rest.split_once(close).is_some_and(|(name, _)| is_name(name))
        })
    };
    text.match_indices('$').any(|(index, _)| starts_name(&text[index + 1..]))
        || between('{', '}')
        || between('<', '>')
        || between('%', '%')
}

/// Whether this is what languages print for a variable without a value, as part of an origin.
pub(super) fn is_unset(part: &str) -> bool {
    is_word(part, &UNSET_WORDS) || part.eq_ignore_ascii_case("null")
}

/// The name and the value of a header line, of a server's directive for one, or of an assignment.
fn header_line(text: &str) -> Option<(&str, &str)> {
    let lower = text.to_ascii_lowercase();
    if let Some(start) = lower.find("access-control-")
        && lower[..start].chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '"' | '\''))
    {
        let (name, value) = text[start..].split_once([':', ' ', '=', '"', '\''])?;
        let value = value.trim_start_matches([':', ' ', '=', '"', '\'']).trim_end_matches(';');
        let value = value.strip_suffix("always").unwrap_or(value);
        return (!value.is_empty()).then_some((name, value));
    }
    let is_name = |name: &str, more: char| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == more || c == ' ')
    };
    if let Some((name, value)) = text.split_once('=')
        && is_name(name, '_')
        && !value.trim().is_empty()
    {
        return Some((name.trim(), value.trim()));
    }
    let (name, value) = text.split_once(':')?;
    let is_line = value.starts_with([' ', '\t']) || name.eq_ignore_ascii_case("origin");
    (is_line && is_name(name, '-') && !value.trim().is_empty()).then_some((name.trim(), value.trim()))
}

/// Whether a text holds the schemes of several origins, with something between two, or with nothing: neighbouring string
/// literals without a comma between them are one.
pub(super) fn is_several(text: &str) -> bool {
    let text = text.trim();
    text.matches("://").count() > 1 && (text.contains(is_separator) || is_glued(text))
}

/// What stands between two origins of a list.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ';' | '|')
}

/// `https://a.examplehttps://b.example`. (`https://https://a.example` is one origin.)
fn is_glued(text: &str) -> bool {
    let authority = pattern::authority(text);
    let host = ["http:", "https:"].iter().find_map(|scheme| authority.strip_suffix(scheme));
    text.contains("://") && host.is_some_and(|host| host.ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// `*` next to other origins in one string.
fn any_among_others(text: &str) -> bool {
    text.contains(SEPARATORS) && text.split(SEPARATORS).any(|part| part.trim() == "*")
}

/// In addition to what `pattern` takes for one wherever it stands: `^`, `$` and `(`.
fn is_regular_expression(text: &str) -> bool {
    const MARKS: [&str; 10] = [r"\.", r"\d", r"\w", "//.*", ".+", "]+", "]*", "[a-z", "[0-9", "??"];
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    MARKS.iter().any(|mark| text.contains(mark))
        || text.ends_with('$')
        || BOTH_SCHEMES.contains(&scheme)
        || text.contains('{') && text.contains(',')
        || is_port_glob(text)
}

/// `http://localhost:300?`
fn is_port_glob(text: &str) -> bool {
    text.strip_suffix('?')
        .and_then(|text| text.rsplit_once(':'))
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Both origins of a pattern such as `https?://localhost:3000`.
fn both_schemes(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('^').trim_end_matches('$').replace(r"\.", ".").replace(r"\/", "/");
    match text.split_once("://") {
        Some((scheme, rest)) if BOTH_SCHEMES.contains(&scheme) && !is_regular_expression(rest) => {
            vec![format!("http://{rest}"), format!("https://{rest}")]
        }
        _ => Vec::new(),
    }
}

/// Without white space, quotation marks, commas and brackets of a list around it.
fn unwrap(text: &str) -> &str {
    let mut text = text;
    loop {
        let before = text;
        text = text.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '“' | '”' | '‘' | '’')
        });
        let is_ipv6 = text.split_once(']').is_some_and(|(literal, _)| {
            literal.strip_prefix('[').is_some_and(|literal| literal.parse::<Ipv6Addr>().is_ok())
        });
        if let Some(inner) = text.strip_prefix('[')
            && !is_ipv6
        {
            text = inner;
        }
        if let Some(inner) = text.strip_suffix(']')
            && !text.contains('[')
        {
            text = inner;
        }
        // An item of YAML.
        if let Some(inner) = text.strip_prefix("- ") {
            text = inner;
        }
        if let Some(inner) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) {
            text = inner;
        }
        if text == before {
            return text;
        }
    }
}

/// The parts of a text with several origins.
fn separated(text: &str) -> Vec<String> {
    let spaced = if is_glued(text) {
        text.replace("http://", " http://").replace("https://", " https://")
    } else {
        text.to_owned()
    };
    let parts = spaced.split(is_separator);
    parts.map(unwrap).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// `192.168.1.0/24`, `fd00::/8`
fn is_network(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split_once('/').is_some_and(|(address, length)| {
        let length = length.split(':').next().unwrap_or("");
        let address = address.trim_start_matches('[').trim_end_matches(']');
        length.parse::<u8>().is_ok_and(|length| length <= 128)
            && (host::parse_ipv4(address).is_some() || address.parse::<Ipv6Addr>().is_ok())
    })
}

/// `192.168.1.x`, `10.x`, `172.16-31.x.x`, `192.168.1.1-50`, `192.168.1.[1-50]`, `192.168.1.1-192.168.1.50`
pub(super) fn is_address_range(host: &str) -> bool {
    let is_address = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    if host.split_once('-').is_some_and(|(first, last)| is_address(first) && is_address(last)) {
        return true;
    }
    // `{1..50}`
    let host = host.replace("..", "-");
    let labels: Vec<&str> = host.split('.').collect();
    let is_octet = |label: &&str| octets_of(label).is_some();
    // No top-level domain has a single letter, but `xxx` is one.
    let is_short = |label: &&str| !is_placeholder(label) || label.len() == 1;
    (2..=4).contains(&labels.len())
        && labels.first().is_some_and(|label| is_number(label))
        && labels.iter().all(is_octet)
        && labels.iter().any(|label| !is_number(label))
        && (labels.len() == 4 || labels.iter().all(is_short))
}

fn is_number(label: &str) -> bool {
    (1..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_digit())
}

/// `x`, `xxx`, `y`, `n`: any octet.
fn is_placeholder(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    (1..=3).contains(&lower.len())
        && ["x", "y", "z", "n"].iter().any(|letter| lower.trim_matches(|c| letter.contains(c)).is_empty())
}

/// How an octet of a range is written in a pattern: `*` for more than one.
fn octets_of(label: &str) -> Option<&str> {
    let bounds = label.trim_matches(['[', ']', '{', '}', '(', ')']).split_once('-');
    if is_number(label) {
        Some(label)
    } else if is_placeholder(label) || bounds.is_some_and(|(first, last)| is_number(first) && is_number(last))
    {
        Some("*")
    } else {
        None
    }
}

/// The pattern that comes nearest to a range, if it begins with a private network. It matches all of the range, and more if
/// that ends within an octet.
fn address_pattern(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (host, port) = pattern::split_port(pattern::authority(text));
    let mut fixed: Vec<&str> =
        host.split('.').map_while(|label| octets_of(label).filter(|octet| *octet != "*")).take(3).collect();
    let mut port = port;
    if is_network(text) {
        let (length, after) = rest.split_once('/')?.1.split_once(':').map_or_else(
            || (rest.split_once('/').map_or("", |(_, length)| length), None),
            |(length, port)| (length, Some(port)),
        );
        fixed.truncate(length.parse::<usize>().ok()? / 8);
        port = port.or(after);
    }
    let stars = vec!["*"; 4 - fixed.len()];
    let port = port.map_or(String::new(), |port| format!(":{port}"));
    let pattern = format!("{scheme}://{}{port}", [fixed, stars].concat().join("."));
    pattern::parse(&pattern).is_ok().then_some(pattern)
}

/// The origins of a list of ports, as in `http://localhost:[3000,3001]`; none if there are too many.
fn port_list(text: &str) -> Option<Vec<String>> {
    let (before, ports) = text.rsplit_once(':')?;
    let ports = ports.trim_matches(['[', ']', '{', '}', '(', ')']);
    let ports: Option<Vec<u16>> = ports.split([',', '|', ';']).map(|port| port.trim().parse().ok()).collect();
    let ports = ports.filter(|ports| ports.len() > 1 && text.matches("://").count() < 2)?;
    if before.contains([',', '|', ';', '(', '^']) || ports.len() > MAX_SUGGESTED {
        return (!before.contains([',', '|', ';', '(', '^'])).then(Vec::new);
    }
    Some(ports.iter().map(|port| format!("{before}:{port}")).collect())
}

/// The origins of a range of ports, as in `http://localhost:3000-3010`; none if there are too many.
fn port_range(text: &str) -> Option<Vec<String>> {
    let (before, range) = text.rsplit_once(':')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    if first > last || usize::from(last - first) >= MAX_SUGGESTED {
        return Some(Vec::new());
    }
    Some((first..=last).map(|port| format!("{before}:{port}")).collect())
}

/// `https:\\acme.example`, `https:\/\/acme.example`, and the paths of local files on Windows.
fn backslashes(text: &str) -> Option<(ProblemKind, Option<String>)> {
    let (scheme, rest) = text.split_once(':')?;
    if !rest.starts_with('\\') || !scheme.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    if scheme.len() == 1 {
        return Some((ProblemKind::OpaqueScheme, None));
    }
    let rest = rest.trim_start_matches(['\\', '/']).replace('\\', "/");
    Some((ProblemKind::InvalidScheme, meant(&format!("{scheme}://{rest}"))))
}

/// An IPv6 address without its brackets. Whether `2001:db8::1:8080` ends in a port can't be known; `::1:8080` does, because
/// nobody has the address `::1:8080`.
fn bare_ipv6(text: &str) -> Option<(ProblemKind, Option<String>)> {
    let authority = pattern::authority(text);
    let address = |text: &str| text.parse::<Ipv6Addr>().ok();
    let with_port = authority.rsplit_once(':').and_then(|(before, port)| {
        let number: u16 = port.parse().ok()?;
        Some((address(before)?, number, port.len()))
    });
    let serialized = match (address(authority), with_port) {
        (None, None) => return None,
        (Some(_), Some((before, port, 2..))) if before.is_loopback() || before.is_unspecified() => {
            Some((before, format!(":{port}")))
        }
        (Some(_), Some((.., 2..))) => None,
        (Some(whole), _) => Some((whole, String::new())),
        (None, Some((before, port, _))) => Some((before, format!(":{port}"))),
    };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let kind = if scheme.is_some() { ProblemKind::IpAddressForm } else { ProblemKind::MissingScheme };
    let suggestion = serialized.and_then(|(address, port)| {
        let scheme = scheme.or_else(|| address.is_loopback().then_some("http"))?;
        pattern::nearest(&format!("{scheme}://{}{port}", host::serialize_ipv6(address)))
    });
    Some((kind, suggestion))
}
