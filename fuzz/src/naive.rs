//! What patterns match and what a server responds with, by the tables of the documentation.

use cors_vectors::theorem::network::Incoming;
use fetch_cors::PolicyConfig;

/// A part of a pattern.
enum Piece<'a> {
    Text(&'a str),
    /// Whole labels: `*.`, without its dot.
    Labels,
    /// A `*` next to other bytes of a label.
    InLabel,
    Octet,
    /// `:*`
    Port,
    /// The host of an extension of this scheme.
    Extension(&'a str),
}

/// Whether a valid pattern matches the value of an `Origin`.
pub fn matches(pattern: &str, origin: &[u8]) -> bool {
    if pattern == "*" {
        return true;
    }
    if !pattern.contains('*') {
        return pattern.as_bytes() == origin;
    }
    let Ok(origin) = str::from_utf8(origin) else { return false };
    let pieces = pieces(pattern);
    if !all_match(&pieces, origin) {
        return false;
    }
    let scheme = origin.split("://").next().unwrap_or_default();
    let authority = &origin[scheme.len() + 3..];
    if matches!(pieces[1], Piece::Extension(_)) {
        return true;
    }
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    let is_default = match scheme {
        "https" => authority[host.len()..] == *":443",
        _ => authority[host.len()..] == *":80",
    };
    let puny = host.starts_with("xn--");
    let is_in_label = pieces.iter().any(|piece| matches!(piece, Piece::InLabel));
    host.trim_end_matches('.').len() <= 253
        && (host.starts_with('[') || host.split('.').all(|label| label.len() <= 63))
        && !is_default
        && (!is_in_label || !puny || pattern.contains("//xn--"))
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let (scheme, rest) = pattern.split_once("://").expect("a pattern has a scheme");
    if rest == "*" {
        return vec![Piece::Text(&pattern[..scheme.len() + 3]), Piece::Extension(scheme)];
    }
    let (host, port) = match rest.strip_suffix(":*") {
        Some(host) => (host, true),
        None => (rest, false),
    };
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    let is_address = name.split('.').all(|octet| octet == "*" || octet.parse::<u8>().is_ok());
    let mut pieces = vec![Piece::Text(&pattern[..scheme.len() + 3])];
    if !is_address && let Some(parent) = host.strip_prefix("*.") {
        pieces.extend([Piece::Labels, Piece::Text("."), Piece::Text(parent)]);
    } else {
        for (index, text) in host.split('*').enumerate() {
            if index > 0 {
                pieces.push(if is_address { Piece::Octet } else { Piece::InLabel });
            }
            pieces.push(Piece::Text(text));
        }
    }
    if port {
        pieces.push(Piece::Port);
    }
    pieces
}

/// Tries each length for each piece.
fn all_match(pieces: &[Piece<'_>], text: &str) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return text.is_empty() };
    if let Piece::Text(start) = piece {
        return text.strip_prefix(start).is_some_and(|text| all_match(rest, text));
    }
    (0..=text.len()).filter(|&end| text.is_char_boundary(end)).any(|end| {
        let (start, end) = text.split_at(end);
        is_piece(piece, start) && all_match(rest, end)
    })
}

fn is_piece(piece: &Piece<'_>, text: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match piece {
        Piece::Text(_) => unreachable!(),
        Piece::Labels => text
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|byte| is_label_byte(byte) || byte == b'_')),
        Piece::InLabel => !text.is_empty() && text.bytes().all(is_label_byte),
        Piece::Octet => text.parse::<u8>().is_ok_and(|octet| octet.to_string() == text),
        Piece::Port => {
            let number = text.strip_prefix(':').and_then(|port| port.parse::<u16>().ok());
            text.is_empty() || number.is_some_and(|number| number > 0 && format!(":{number}") == text)
        }
        Piece::Extension("chrome-extension") => {
            text.len() == 32 && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte))
        }
        Piece::Extension("moz-extension") => {
            text.len() == 36
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-')
        }
        Piece::Extension(_) => {
            !text.is_empty()
                && text.len() <= 512
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte))
        }
    }
}

/// Whether a configuration lists an origin.
pub fn lists(config: &PolicyConfig, origin: &[u8]) -> bool {
    config.allow_origins.iter().chain(&config.danger_allow_origins).any(|entry| matches(entry, origin))
}

/// What the table in the documentation says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The handler runs, and nothing is allowed.
    NoOrigin,
    NotAllowed,
    /// The handler runs, and its response is allowed.
    Allowed,
    /// The handler does not run.
    Granted,
    Refused,
}

/// A line of a response.
pub type Line = (&'static str, Vec<u8>);

/// The kind of a request, and the lines that the policy adds to its response, in alphabetical order. `config` must be
/// normalized: its lists are those that are sent. `own` are the exposed names of the response's own headers.
pub fn response(config: &PolicyConfig, request: &Incoming, own: Option<&str>) -> (Kind, Vec<Line>) {
    let lines = |name: &str| -> Vec<&[u8]> {
        request.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_slice()).collect()
    };
    let origins = lines("origin");
    let methods = lines("access-control-request-method");
    let names = lines("access-control-request-headers");
    let is_options = request.method == "OPTIONS";
    let any = config.allow_origins.iter().any(|entry| entry == "*");
    let is_star = |list: &[String]| list.iter().any(|name| name == "*");
    let is_allowed = any || matches!(origins[..], [origin] if lists(config, origin));
    let is_preflight = is_options && !origins.is_empty() && !methods.is_empty();
    let credentials = config.allow_credentials;
    let kind = match (is_preflight, is_allowed) {
        (true, true) => Kind::Granted,
        (true, false) => Kind::Refused,
        (false, true) => Kind::Allowed,
        (false, false) if origins.is_empty() => Kind::NoOrigin,
        (false, false) => Kind::NotAllowed,
    };
    let mut written: Vec<Line> = Vec::new();
    if matches!(kind, Kind::Granted | Kind::Allowed) {
        let origin = if any { b"*".to_vec() } else { origins[0].to_vec() };
        if credentials {
            written.push(("access-control-allow-credentials", b"true".to_vec()));
        }
        written.push(("access-control-allow-origin", origin));
    }
    if kind == Kind::Allowed {
        let exposed = if is_star(&config.expose_headers) {
            if credentials { own.map(ToOwned::to_owned) } else { Some("*".to_owned()) }
        } else {
            Some(config.expose_headers.join(", ")).filter(|names| !names.is_empty())
        };
        written.extend(exposed.map(|names| ("access-control-expose-headers", names.into_bytes())));
    }
    if kind == Kind::Granted {
        let listed = if config.allow_methods.is_empty() {
            b"GET, HEAD, POST".to_vec()
        } else if !is_star(&config.allow_methods) {
            config.allow_methods.join(", ").into_bytes()
        } else if !credentials {
            b"*".to_vec()
        } else {
            match methods[..] {
                [method] if method.len() <= 64 && is_token(method) => method.to_vec(),
                _ => b"GET, HEAD, POST".to_vec(),
            }
        };
        written.push(("access-control-allow-methods", listed));
        let asked = names.join(&b", "[..]);
        let listed = if !is_star(&config.allow_headers) {
            Some(config.allow_headers.join(", ").into_bytes()).filter(|names| !names.is_empty())
        } else if !credentials {
            Some(b"*, authorization".to_vec())
        } else {
            let mut all =
                asked.split(|&byte| byte == b',').map(trim).filter(|name| !name.is_empty()).peekable();
            (all.peek().is_some() && all.all(is_token) && asked.len() <= 4096).then_some(asked.clone())
        };
        written.extend(listed.map(|names| ("access-control-allow-headers", names)));
        written.extend(
            config.max_age.map(|seconds| ("access-control-max-age", seconds.to_string().into_bytes())),
        );
    }
    let mut vary = Vec::new();
    if !any || is_options {
        vary.push("origin");
    }
    if is_options {
        vary.push("access-control-request-method");
    }
    if kind == Kind::Granted && credentials && is_star(&config.allow_headers) {
        vary.push("access-control-request-headers");
    }
    if !vary.is_empty() {
        written.push(("vary", vary.join(", ").into_bytes()));
    }
    written.sort();
    (kind, written)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// <https://httpwg.org/specs/rfc9110.html#tokens>
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}
