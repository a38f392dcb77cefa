//! The patterns that few policies have: a `*` inside a label, octets of an address, any host of an extension's scheme. A policy
//! without them has none of this.

use std::net::Ipv4Addr;

use super::{
    bytes::are_same,
    labels::MAX_LABEL,
    table::{Item, Keys, Table, bucket},
    wildcard::{Extension, InLabel, Port, Subnet, Wildcard, is_star_between, parse_port},
    wildcards::{ANY_PORT, SECURE, class, fits, split_scheme, without_port},
};

/// Patterns of these kinds.
#[derive(Debug)]
pub(super) struct Rare {
    in_label: InLabels,
    subnets: Option<Table>,
    extensions: Box<[Extension]>,
}

impl Rare {
    /// None if there are no patterns.
    pub(super) fn new(
        in_label: &[InLabel<'_>],
        subnets: &[Subnet],
        extensions: &[Extension],
    ) -> Option<Self> {
        if in_label.is_empty() && subnets.is_empty() && extensions.is_empty() {
            return None;
        }
        let kinds = Extension::ALL.into_iter().filter(|extension| extensions.contains(extension));
        Some(Self {
            in_label: InLabels::new(in_label),
            subnets: (!subnets.is_empty()).then(|| Table::new(subnets)),
            extensions: kinds.collect(),
        })
    }

    /// Whether one of them matches an origin, which may be invalid.
    #[inline(never)]
    pub(super) fn contain(&self, origin: &[u8]) -> bool {
        match split_scheme(origin) {
            Some((secure, rest)) => {
                self.contain_host(class(secure, false), rest)
                    || self.contain_host(class(secure, true), without_port(rest, secure))
            }
            None => self.extensions.iter().any(|extension| {
                let rest = origin.strip_prefix(extension.scheme().as_bytes());
                rest.and_then(|rest| rest.strip_prefix(b"://")).is_some_and(|host| extension.is_host(host))
            }),
        }
    }

    /// Whether one of a class matches a host, which includes the port if that is fixed.
    pub(super) fn contain_host(&self, class: u8, host: &[u8]) -> bool {
        self.in_label.contain(class, host)
            || self.subnets.as_ref().is_some_and(|subnets| contain_address(subnets, class, host))
    }

    pub(super) fn wildcards(&self) -> impl Iterator<Item = Wildcard<'_>> {
        let in_label = self.in_label.patterns.iter().map(|stored| Wildcard::InLabel(stored.decode()));
        let extensions = self.extensions.iter().copied().map(Wildcard::Extension);
        in_label.chain(self.subnets().map(Wildcard::Subnet)).chain(extensions)
    }

    fn subnets(&self) -> impl Iterator<Item = Subnet> {
        self.subnets.iter().flat_map(|table| (0..table.len()).map(|index| decode_subnet(table.get(index))))
    }

    pub(super) fn len(&self) -> usize {
        self.in_label.patterns.len() + self.subnets.as_ref().map_or(0, Table::len) + self.extensions.len()
    }

    /// Whether one of them covers `pattern`; if it must be `wider`, the pattern itself doesn't count.
    pub(super) fn cover_in_label(&self, pattern: InLabel<'_>, wider: bool) -> bool {
        [Port::Any, pattern.port].into_iter().any(|port| {
            let same_place = self.in_label.of_parent(InLabel { port, ..pattern });
            same_place.map(Stored::decode).any(|other| other.covers(pattern) && !(wider && other == pattern))
        })
    }

    /// The same for a subnet.
    pub(super) fn cover_subnet(&self, pattern: Subnet, wider: bool) -> bool {
        let Some(table) = &self.subnets else { return false };
        let mut text = Vec::new();
        [Port::Any, pattern.port].into_iter().any(|port| {
            (1..=pattern.fixed).any(|fixed| {
                let other = Subnet { fixed, port, ..pattern };
                let (class, text) = other.read(&mut text);
                table.find(class, text) && !(wider && other == pattern)
            })
        })
    }

    pub(super) fn has_extension(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }

    /// The patterns with a `*` inside a label that have this one's parent and scheme, and its port or any port.
    pub(super) fn neighbours(&self, pattern: InLabel<'_>) -> Vec<InLabel<'_>> {
        let of_port = |port| self.in_label.of_parent(InLabel { port, ..pattern }).map(Stored::decode);
        of_port(Port::Any).chain(of_port(pattern.port)).collect()
    }
}

/// The patterns with a `*` inside a label, found by what follows their first dot.
#[derive(Debug)]
struct InLabels {
    /// In their original order, without duplicates.
    patterns: Box<[Stored]>,
    /// Their indices, by bucket.
    members: Box<[u32]>,
    /// Where each bucket starts in `members`, and where the last one ends.
    starts: Box<[u32]>,
    keys: Keys,
}

#[derive(Debug, PartialEq, Eq)]
struct Stored {
    class: u8,
    /// Where the `*` and the first dot are; both in the first label, which has at most 63 bytes.
    star: u8,
    dot: u8,
    /// As in `pr-*.example.com:8443`; without a port if any matches.
    text: Box<[u8]>,
}

impl InLabels {
    fn new(patterns: &[InLabel<'_>]) -> Self {
        let keys = Keys::random();
        let count = patterns.len().clamp(1, u32::MAX as usize);
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); if patterns.is_empty() { 0 } else { count }];
        let mut stored: Vec<Stored> = Vec::with_capacity(patterns.len());
        for &pattern in patterns {
            let pattern = Stored::encode(pattern);
            let bucket = &mut buckets[bucket(keys.hash(pattern.tail()), count)];
            if bucket.iter().all(|&index| stored[index as usize] != pattern) {
                bucket.push(u32::try_from(stored.len()).expect("a policy has fewer patterns"));
                stored.push(pattern);
            }
        }
        let mut starts = vec![0];
        for bucket in &buckets {
            let end = starts.last().copied().unwrap_or(0) + bucket.len();
            starts.push(end);
        }
        let narrow = |start| u32::try_from(start).expect("a policy has fewer patterns");
        Self {
            patterns: stored.into(),
            members: buckets.concat().into(),
            starts: starts.into_iter().map(narrow).collect(),
            keys,
        }
    }

    /// The patterns among which those with this end of their text are.
    fn candidates(&self, tail: &[u8]) -> impl Iterator<Item = &Stored> {
        let buckets = self.starts.len() - 1;
        let range = if buckets == 0 {
            0..0
        } else {
            let bucket = bucket(self.keys.hash(tail), buckets);
            self.starts[bucket] as usize..self.starts[bucket + 1] as usize
        };
        self.members[range].iter().map(|&index| &self.patterns[index as usize])
    }

    fn of_parent(&self, pattern: InLabel<'_>) -> impl Iterator<Item = &Stored> {
        let wanted = Stored::encode(pattern);
        let candidates: Vec<&Stored> = self.candidates(wanted.tail()).collect();
        candidates
            .into_iter()
            .filter(move |stored| stored.class == wanted.class && stored.tail() == wanted.tail())
    }

    fn contain(&self, class: u8, host: &[u8]) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let Some(dot) = host.iter().take(MAX_LABEL + 1).position(|&byte| byte == b'.') else { return false };
        let (label, tail) = host.split_at(dot);
        self.candidates(tail)
            .any(|stored| stored.class == class && are_same(stored.tail(), tail) && stored.matches(label))
            && fits(host)
    }
}

impl Stored {
    #[allow(clippy::cast_possible_truncation, reason = "a label has at most 63 bytes")]
    fn encode(pattern: InLabel<'_>) -> Self {
        let InLabel { secure, prefix, suffix, parent, port } = pattern;
        let mut text = format!("{prefix}*{suffix}.{parent}");
        if let Port::Number(_) = port {
            text += &port.to_string();
        }
        Self {
            class: class(secure, port == Port::Any),
            star: prefix.len() as u8,
            dot: (prefix.len() + 1 + suffix.len()) as u8,
            text: text.into_bytes().into(),
        }
    }

    fn decode(&self) -> InLabel<'_> {
        let text = |bytes| str::from_utf8(bytes).unwrap_or("");
        let (prefix, suffix) = self.label();
        let tail = text(&self.tail()[1..]);
        let (parent, port) = match tail.rsplit_once(':') {
            _ if self.class & ANY_PORT != 0 => (tail, Port::Any),
            Some((parent, port)) => (parent, parse_port(port).map_or(Port::Default, Port::Number)),
            None => (tail, Port::Default),
        };
        let secure = self.class & SECURE != 0;
        InLabel { secure, prefix: text(prefix), suffix: text(suffix), parent, port }
    }

    /// What stands before and after the `*` in its label.
    fn label(&self) -> (&[u8], &[u8]) {
        let (prefix, rest) = self.text[..usize::from(self.dot)].split_at(usize::from(self.star));
        (prefix, &rest[1..])
    }

    /// The text from its first dot on.
    fn tail(&self) -> &[u8] {
        &self.text[usize::from(self.dot)..]
    }

    fn matches(&self, label: &[u8]) -> bool {
        let (prefix, suffix) = self.label();
        is_star_between(prefix, suffix, label)
    }
}

/// A pattern for the octets of an address, as in `192.168.*.*:5173`; without a port if any matches.
impl Item for Subnet {
    fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> (u8, &'a [u8]) {
        buffer.clear();
        buffer.extend_from_slice(self.host().as_bytes());
        if let Port::Number(_) = self.port {
            buffer.extend_from_slice(self.port.to_string().as_bytes());
        }
        (class(self.secure, self.port == Port::Any), buffer)
    }
}

fn decode_subnet((class, text): (u8, &[u8])) -> Subnet {
    let text = str::from_utf8(text).unwrap_or("");
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, parse_port(port)));
    let any_port = class & ANY_PORT != 0;
    let port = if any_port { Port::Any } else { port.map_or(Port::Default, Port::Number) };
    let mut octets = [0; 4];
    let mut fixed = 0;
    for octet in host.split('.').map_while(|octet| octet.parse().ok()) {
        octets[fixed] = octet;
        fixed += 1;
    }
    Subnet { secure: class & SECURE != 0, octets, fixed, port }
}

/// Whether one of the patterns matches a host, which includes the port if that is fixed: the last one to three octets are
/// replaced by `*`, and each of these texts is looked up.
fn contain_address(subnets: &Table, class: u8, host: &[u8]) -> bool {
    /// As long as `255.255.255.*:65535`.
    const MAX: usize = 19;
    let port = host.iter().position(|&byte| byte == b':').unwrap_or(host.len());
    let (address, port) = host.split_at(port);
    if address.len() > "255.255.255.255".len() || port.len() > ":65535".len() {
        return false;
    }
    // It accepts what browsers write, and nothing else.
    if str::from_utf8(address).ok().and_then(|address| address.parse::<Ipv4Addr>().ok()).is_none() {
        return false;
    }
    let mut text = [0; MAX];
    let dots = address.iter().enumerate().filter(|&(_, &byte)| byte == b'.').map(|(dot, _)| dot);
    dots.zip([&b"*.*.*"[..], b"*.*", b"*"]).any(|(dot, stars)| {
        let mut length = 0;
        for part in [&address[..=dot], stars, port] {
            let end = length + part.len();
            let Some(place) = text.get_mut(length..end) else { return false };
            place.copy_from_slice(part);
            length = end;
        }
        subnets.find(class, &text[..length])
    })
}
