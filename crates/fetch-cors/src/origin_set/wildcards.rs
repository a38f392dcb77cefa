//! The wildcards of a set, few or many.

use std::io::Write as _;

use super::{
    FEW,
    bytes::are_same,
    labels::{self, MAX_HOST},
    table::{Item, MAX_TEXT, Table},
    wildcard::{MAX_ORIGIN, Port, Wildcard, default_port, parse_port},
};

/// Wildcards are [written](write()).
impl Item for Wildcard<'_> {
    fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> (u8, &'a [u8]) {
        buffer.clear();
        (write(*self, buffer), buffer)
    }
}

/// A bit of a wildcard's class: it is for `https`, not `http`.
const SECURE: u8 = 1;
/// The other bit: for any port, not for a certain one.
const ANY_PORT: u8 = 2;

/// Appends what the origins that a wildcard stands for end with, but for their port where it may be any: with a dot in
/// front if `*` stands before it, and the whole host otherwise. Returns the wildcard's class.
pub(super) fn write(wildcard: Wildcard<'_>, text: &mut Vec<u8>) -> u8 {
    let Wildcard { secure, subdomains, host, port } = wildcard;
    if subdomains {
        text.push(b'.');
    }
    text.extend_from_slice(host.as_bytes());
    if let Port::Number(number) = port {
        // Writing to memory cannot fail.
        let _ = write!(text, ":{number}");
    }
    class(secure, port == Port::Any)
}

/// The wildcard that was [written](write()).
pub(super) fn read(class: u8, text: &[u8]) -> Wildcard<'_> {
    let text = str::from_utf8(text).unwrap_or("");
    let (host, port) = match text.rsplit_once(':') {
        _ if class & ANY_PORT != 0 => (text, Port::Any),
        Some((host, port)) => (host, parse_port(port).map_or(Port::Default, Port::Number)),
        None => (text, Port::Default),
    };
    let name = host.strip_prefix('.');
    Wildcard { secure: class & SECURE != 0, subdomains: name.is_some(), host: name.unwrap_or(host), port }
}

const fn class(secure: bool, any_port: bool) -> u8 {
    (if secure { SECURE } else { 0 }) | if any_port { ANY_PORT } else { 0 }
}

/// The wildcards of a set, as they are [written](write()).
#[derive(Debug)]
pub(super) enum Wildcards {
    Few(Box<[(u8, Box<[u8]>)]>),
    Many(Many),
}

#[derive(Debug)]
pub(super) struct Many {
    table: Table,
    /// Those for `http`, and those for `https`.
    shapes: [Shapes; 2],
}

/// Which look-ups the wildcards of one scheme make necessary.
#[derive(Debug)]
struct Shapes {
    /// How long the texts are that start with a dot, the shortest first: of those with a certain port.
    certain_port: Box<[usize]>,
    /// And of those with any.
    any_port: Box<[usize]>,
    /// Whether there are texts that start without one.
    hosts: bool,
}

impl Wildcards {
    pub(super) fn new(wildcards: &[Wildcard<'_>]) -> Self {
        if wildcards.len() > FEW {
            return Self::Many(Many::new(wildcards));
        }
        let mut few: Vec<(u8, Box<[u8]>)> = Vec::new();
        for &wildcard in wildcards {
            let mut text = Vec::new();
            let written = (write(wildcard, &mut text), text.into_boxed_slice());
            if !few.contains(&written) {
                few.push(written);
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

    /// Whether a wildcard other than this one covers it.
    pub(super) fn covers_more_widely(&self, wildcard: Wildcard<'_>) -> bool {
        if self.len() == 0 {
            return false;
        }
        let Wildcard { secure, subdomains, host, port } = wildcard;
        let mut text = Vec::with_capacity(".:65535".len() + host.len());
        let certain = write(wildcard, &mut text);
        let host = &text[..usize::from(subdomains) + host.len()];
        let any = class(secure, true);
        (port != Port::Any && self.has(any, host))
            || dots(host).filter(|&dot| dot > 0).any(|dot| {
                self.has(any, &host[dot..]) || (port != Port::Any && self.has(certain, &text[dot..]))
            })
    }

    /// Whether one of them stands for an origin, which need not be a valid one: only what a `*` stands for is examined, as
    /// the rest of it is the pattern's.
    #[inline(never)]
    pub(super) fn contain(&self, origin: &[u8]) -> bool {
        let Some((start, rest)) = origin.split_first_chunk() else { return false };
        let secure = start == b"https://";
        let rest = if secure { rest } else { &origin["http://".len()..] };
        if !secure && !origin.starts_with(b"http://") {
            return false;
        }
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

impl Many {
    pub(super) fn new(wildcards: &[Wildcard<'_>]) -> Self {
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
        let shapes = [false, true].map(|secure| {
            let lengths = |any_port| {
                let is_length = &is_length[usize::from(class(secure, any_port))];
                (0..is_length.len()).filter(|&length| is_length[length]).collect()
            };
            Shapes {
                certain_port: lengths(false),
                any_port: lengths(true),
                hosts: hosts[usize::from(secure)],
            }
        });
        Self { table, shapes }
    }

    /// Whether this is one of the texts. Most are told by their lengths not to be.
    pub(super) fn has(&self, class: u8, text: &[u8]) -> bool {
        let shapes = &self.shapes[usize::from(class & SECURE)];
        let lengths = if class & ANY_PORT == 0 { &shapes.certain_port } else { &shapes.any_port };
        (!text.starts_with(b".") || lengths.binary_search(&text.len()).is_ok())
            && self.table.find(class, text)
    }

    #[inline(always)]
    pub(super) fn contain(&self, secure: bool, rest: &[u8]) -> bool {
        let shapes = &self.shapes[usize::from(secure)];
        if rest.len() > MAX_REST {
            return false;
        }
        if self.end(class(secure, false), &shapes.certain_port, rest) {
            return true;
        }
        if shapes.any_port.is_empty() && !shapes.hosts {
            return false;
        }
        let host = without_port(rest, secure);
        let class = class(secure, true);
        // A host with a dot in front would be the text of its subdomains.
        self.end(class, &shapes.any_port, host)
            || (shapes.hosts && !host.starts_with(b".") && self.table.find(class, host))
    }

    /// Whether a text with a dot in front ends a host, perhaps with a port, and `*` stands for what is before.
    fn end(&self, class: u8, lengths: &[usize], host: &[u8]) -> bool {
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

/// The longest that can follow `://` in an origin which a wildcard stands for.
const MAX_REST: usize = MAX_HOST + ".:65535".len();

/// Whether what follows `://` in an origin is the text of a wildcard, or ends with it where that starts with a dot.
#[inline(always)]
fn is_matched(rest: &[u8], text: &[u8], secure: bool, any_port: bool) -> bool {
    let host = if any_port { without_port(rest, secure) } else { rest };
    let Some(length) = host.len().checked_sub(text.len()) else { return false };
    let (star, end) = host.split_at(length);
    are_same(end, text) && if text.starts_with(b".") { is_star(star, host) } else { star.is_empty() }
}

/// Whether `*` stands for these first bytes of a host, perhaps with a port, whose other bytes are those of a wildcard.
#[inline(always)]
fn is_star(star: &[u8], host: &[u8]) -> bool {
    let is_short = || {
        let name = host.iter().rposition(|&byte| byte == b':').map_or(host, |colon| &host[..colon]);
        name.strip_suffix(b".").unwrap_or(name).len() <= MAX_HOST
    };
    (host.len() <= MAX_HOST || is_short()) && labels::is_labels(star)
}

/// A host without its port, if it is one that browsers write.
///
/// Whatever else has a colon is returned as it is, and no wildcard's host: those have none, but for IPv6 addresses, which
/// end with a bracket.
#[inline]
fn without_port(rest: &[u8], secure: bool) -> &[u8] {
    if !rest.last().is_some_and(u8::is_ascii_digit) {
        return rest;
    }
    let tail = rest.len().saturating_sub(":65535".len());
    let Some(colon) = rest[tail..].iter().rposition(|&byte| byte == b':') else { return rest };
    let (host, port) = rest.split_at(tail + colon);
    let number = str::from_utf8(&port[1..]).ok().and_then(parse_port);
    if number.is_some_and(|number| number != default_port(secure)) { host } else { rest }
}

/// Where the dots are.
fn dots(text: &[u8]) -> impl Iterator<Item = usize> {
    text.iter().enumerate().filter(|&(_, &byte)| byte == b'.').map(|(dot, _)| dot)
}

// Every text must fit a table.
const _: () = assert!(MAX_ORIGIN <= MAX_TEXT && MAX_REST < MAX_ORIGIN - "https://".len());
