//! The wildcards of a set: a list of a few, or a table of many.

use std::io::Write as _;

use super::{
    FEW,
    bytes::are_same,
    labels::{self, MAX_HOST},
    table::{Item, MAX_TEXT, Table},
    wildcard::{HostWildcard, MAX_ORIGIN, Port, default_port, parse_port},
};

/// A wildcard, [encoded](encode()).
impl Item for HostWildcard<'_> {
    fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> (u8, &'a [u8]) {
        buffer.clear();
        (encode(*self, buffer), buffer)
    }
}

/// A bit of a wildcard's class: its scheme is `https`, not `http`.
pub(super) const SECURE: u8 = 1;
/// The other bit: it matches any port, not a fixed one.
pub(super) const ANY_PORT: u8 = 2;

/// Encodes a wildcard as the bytes that every matching origin ends with: `.host[:port]` for `*.host`, else `host[:port]`; no
/// port if any matches. So a lookup compares bytes with the end of an origin. Returns the wildcard's class.
pub(super) fn encode(wildcard: HostWildcard<'_>, text: &mut Vec<u8>) -> u8 {
    let HostWildcard { secure, subdomains, host, port } = wildcard;
    if subdomains {
        text.push(b'.');
    }
    text.extend_from_slice(host.as_bytes());
    if let Port::Number(number) = port {
        // Writing to a vector can't fail.
        let _ = write!(text, ":{number}");
    }
    class(secure, port == Port::Any)
}

/// The wildcard that was [encoded](encode()).
pub(super) fn decode(class: u8, text: &[u8]) -> HostWildcard<'_> {
    let text = str::from_utf8(text).unwrap_or("");
    let (host, port) = match text.rsplit_once(':') {
        _ if class & ANY_PORT != 0 => (text, Port::Any),
        Some((host, port)) => (host, parse_port(port).map_or(Port::Default, Port::Number)),
        None => (text, Port::Default),
    };
    let name = host.strip_prefix('.');
    HostWildcard { secure: class & SECURE != 0, subdomains: name.is_some(), host: name.unwrap_or(host), port }
}

pub(super) const fn class(secure: bool, any_port: bool) -> u8 {
    (if secure { SECURE } else { 0 }) | if any_port { ANY_PORT } else { 0 }
}

/// The wildcards of a set, [encoded](encode()).
#[derive(Debug)]
pub(super) enum Wildcards {
    Few(Box<[(u8, Box<[u8]>)]>),
    Many(Many),
}

#[derive(Debug)]
pub(super) struct Many {
    table: Table,
    /// By scheme: `http`, `https`.
    lengths: [SuffixLengths; 2],
}

/// The lengths of one scheme's wildcards. Only suffixes of these lengths are looked up, and no others, so a lookup takes one
/// step per length, not one per dot of the origin.
#[derive(Debug)]
struct SuffixLengths {
    /// Distinct lengths of the `.suffix` texts with a fixed port, ascending.
    fixed_port: Box<[usize]>,
    /// Distinct lengths of the `.suffix` texts that match any port, ascending.
    any_port: Box<[usize]>,
    /// Whether there are texts without a leading dot, `host` of `http://host:*`.
    hosts: bool,
}

impl Wildcards {
    pub(super) fn new(wildcards: &[HostWildcard<'_>]) -> Self {
        if wildcards.len() > FEW {
            return Self::Many(Many::new(wildcards));
        }
        let mut few: Vec<(u8, Box<[u8]>)> = Vec::new();
        for &wildcard in wildcards {
            let mut text = Vec::new();
            let encoded = (encode(wildcard, &mut text), text.into_boxed_slice());
            if !few.contains(&encoded) {
                few.push(encoded);
            }
        }
        Self::Few(few.into())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.table.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> (u8, &[u8]) {
        match self {
            Self::Few(few) => (few[index].0, &few[index].1),
            Self::Many(many) => many.table.get(index),
        }
    }

    pub(super) fn has(&self, class: u8, text: &[u8]) -> bool {
        match self {
            Self::Few(few) => few.iter().any(|few| few.0 == class && *few.1 == *text),
            Self::Many(many) => many.has(class, text),
        }
    }

    /// Whether another wildcard covers this one.
    pub(super) fn covers_more_widely(&self, wildcard: HostWildcard<'_>) -> bool {
        if self.len() == 0 {
            return false;
        }
        let HostWildcard { secure, subdomains, host, port } = wildcard;
        let mut text = Vec::with_capacity(".:65535".len() + host.len());
        let fixed = encode(wildcard, &mut text);
        let host = &text[..usize::from(subdomains) + host.len()];
        let any = class(secure, true);
        (port != Port::Any && self.has(any, host))
            || dots(host).filter(|&dot| dot > 0).any(|dot| {
                self.has(any, &host[dot..]) || (port != Port::Any && self.has(fixed, &text[dot..]))
            })
    }

    /// Whether one of them matches an origin, which may be invalid: only the part that a `*` matches is validated,
    /// because the rest equals the pattern's bytes, which are valid.
    #[inline(never)]
    pub(super) fn contain(&self, origin: &[u8]) -> bool {
        let Some((secure, rest)) = split_scheme(origin) else { return false };
        match self {
            Self::Few(few) => {
                for (class, text) in few {
                    if (class & SECURE != 0) == secure
                        && (is_matched(rest, text, secure, class & ANY_PORT != 0))
                    {
                        return true;
                    }
                }
                false
            }
            Self::Many(many) => many.contain(secure, rest),
        }
    }
}

/// Whether the scheme of an origin is `https`, and what follows `://`; none if it is neither that nor `http`.
#[inline(always)]
pub(super) fn split_scheme(origin: &[u8]) -> Option<(bool, &[u8])> {
    let (start, rest) = origin.split_first_chunk()?;
    let secure = start == b"https://";
    let rest = if secure { rest } else { &origin["http://".len()..] };
    (secure || origin.starts_with(b"http://")).then_some((secure, rest))
}

impl Many {
    pub(super) fn new(wildcards: &[HostWildcard<'_>]) -> Self {
        let table = Table::new(wildcards);
        let (mut is_length, mut hosts) = ([[false; MAX_TEXT + 1]; 4], [false; 2]);
        let mut buffer = Vec::new();
        for wildcard in wildcards {
            let (class, text) = wildcard.read(&mut buffer);
            if text.starts_with(b".") {
                is_length[usize::from(class)][text.len()] = true;
            } else {
                hosts[usize::from(class & SECURE)] = true;
            }
        }
        let lengths = [false, true].map(|secure| {
            let of_port = |any_port| {
                let is_length = &is_length[usize::from(class(secure, any_port))];
                (0..is_length.len()).filter(|&length| is_length[length]).collect()
            };
            SuffixLengths {
                fixed_port: of_port(false),
                any_port: of_port(true),
                hosts: hosts[usize::from(secure)],
            }
        });
        Self { table, lengths }
    }

    /// Whether this is one of the texts. Most others are ruled out by their length, before they are hashed.
    pub(super) fn has(&self, class: u8, text: &[u8]) -> bool {
        let lengths = &self.lengths[usize::from(class & SECURE)];
        let lengths = if class & ANY_PORT == 0 { &lengths.fixed_port } else { &lengths.any_port };
        (!text.starts_with(b".") || lengths.binary_search(&text.len()).is_ok())
            && self.table.find(class, text)
    }

    #[inline(always)]
    pub(super) fn contain(&self, secure: bool, rest: &[u8]) -> bool {
        let lengths = &self.lengths[usize::from(secure)];
        if rest.len() > MAX_REST {
            return false;
        }
        if self.contains_suffix(class(secure, false), &lengths.fixed_port, rest) {
            return true;
        }
        if lengths.any_port.is_empty() && !lengths.hosts {
            return false;
        }
        let host = without_port(rest, secure);
        let class = class(secure, true);
        // A host with a leading dot would find the text of its subdomains.
        self.contains_suffix(class, &lengths.any_port, host)
            || (lengths.hosts && !host.starts_with(b".") && self.table.find(class, host))
    }

    /// Whether a text with a leading dot ends `host`, which may include a port, and `*` matches what precedes it.
    fn contains_suffix(&self, class: u8, lengths: &[usize], host: &[u8]) -> bool {
        let mut suffixes = self.table.suffixes(class, host);
        for &length in lengths {
            let Some((star, end)) = host.split_at_checked(host.len().wrapping_sub(length)) else { break };
            if end.first() == Some(&b'.') && suffixes.find(end) && is_star(star, host) {
                return true;
            }
        }
        false
    }
}

/// The greatest length of what follows `://` in an origin that a wildcard matches.
const MAX_REST: usize = MAX_HOST + ".:65535".len();

/// Whether what follows `://` in an origin equals a wildcard's text, or ends with it if the text starts with a dot.
#[inline(always)]
fn is_matched(rest: &[u8], text: &[u8], secure: bool, any_port: bool) -> bool {
    let host = if any_port { without_port(rest, secure) } else { rest };
    let Some(length) = host.len().checked_sub(text.len()) else { return false };
    let (star, end) = host.split_at(length);
    are_same(end, text) && if text.starts_with(b".") { is_star(star, host) } else { star.is_empty() }
}

/// Whether `*` matches `star`, the first bytes of `host`, which may include a port and otherwise equals a wildcard's text.
#[inline(always)]
fn is_star(star: &[u8], host: &[u8]) -> bool {
    fits(host) && labels::is_labels(star)
}

/// Whether a host, which may include a port, is not too long.
#[inline(always)]
pub(super) fn fits(host: &[u8]) -> bool {
    let is_short = || {
        let name = host.iter().rposition(|&byte| byte == b':').map_or(host, |colon| &host[..colon]);
        name.strip_suffix(b".").unwrap_or(name).len() <= MAX_HOST
    };
    host.len() <= MAX_HOST || is_short()
}

/// A host without its port, if that is a port as browsers write it.
///
/// Otherwise the host is returned unchanged, with its colon. It then equals no wildcard's host, because those have no colon
/// except inside the brackets of an IPv6 address.
#[inline]
pub(super) fn without_port(rest: &[u8], secure: bool) -> &[u8] {
    if !rest.last().is_some_and(u8::is_ascii_digit) {
        return rest;
    }
    let tail = rest.len().saturating_sub(":65535".len());
    let Some(colon) = rest[tail..].iter().rposition(|&byte| byte == b':') else { return rest };
    let (host, port) = rest.split_at(tail + colon);
    let number = str::from_utf8(&port[1..]).ok().and_then(parse_port);
    if number.is_some_and(|number| number != default_port(secure)) { host } else { rest }
}

/// The positions of the dots.
fn dots(text: &[u8]) -> impl Iterator<Item = usize> {
    text.iter().enumerate().filter(|&(_, &byte)| byte == b'.').map(|(dot, _)| dot)
}

// Every text must fit into a table.
const _: () = assert!(MAX_ORIGIN <= MAX_TEXT && MAX_REST < MAX_ORIGIN - "https://".len());
