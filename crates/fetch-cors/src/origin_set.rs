//! The index of allowed origins: built once, then asked with whatever bytes a request carries.
//!
//! Nothing is normalized: a request's origin is in the set if its bytes are those of an exact origin, or have the shape
//! that a pattern describes. Up to [`FEW`] entries are compared one after another; more stand in an open-addressing table
//! keyed by a random seed, so that neither a large policy nor a crafted `Origin` makes a lookup slow. All text lies in one
//! arena, and a slot is eight bytes: at most 34 bytes an origin beside its text.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use crate::{
    host,
    pattern::{MAX_ORIGIN, Port, Wildcard, default_port, parse_port},
};

/// Up to this many entries a scan is cheaper than a hash.
const FEW: usize = 4;

/// The allowed origins of a policy that doesn't allow all.
#[derive(Debug)]
pub(crate) struct OriginSet {
    exact: Table<ExactEntry>,
    wildcards: Table<WildcardEntry>,
    shapes: Shapes,
}

/// Which lookups the wildcards of a set make necessary at all.
#[derive(Debug, Default)]
struct Shapes {
    /// Lengths of the hosts behind `*.`, one bit each.
    subdomain_lengths: [u64; 4],
    /// Whether there is a pattern with a wildcard for the port only.
    host_with_any_port: bool,
    /// Whether a pattern with `*.` has a certain port, or the default one.
    subdomains_with_certain_port: bool,
    /// Whether a pattern with `*.` also has `:*`.
    subdomains_with_any_port: bool,
}

impl Shapes {
    fn add(&mut self, wildcard: Wildcard<'_>) {
        match (wildcard.subdomains, wildcard.port) {
            (false, _) => self.host_with_any_port = true,
            (true, Port::Any) => self.subdomains_with_any_port = true,
            (true, Port::Default | Port::Number(_)) => self.subdomains_with_certain_port = true,
        }
        if wildcard.subdomains {
            let length = wildcard.host.len();
            self.subdomain_lengths[length / 64] |= 1 << (length % 64);
        }
    }

    fn has_subdomains_of(&self, length: usize) -> bool {
        self.subdomain_lengths.get(length / 64).is_some_and(|bits| bits >> (length % 64) & 1 == 1)
    }
}

impl OriginSet {
    /// A set of valid exact origins and wildcards. Duplicates and what a wildcard already covers are left out.
    pub(crate) fn new(exact: &[&str], wildcards: &[Wildcard<'_>]) -> Self {
        let mut kept = Table::with_room_for(wildcards.len());
        let mut shapes = Shapes::default();
        for &wildcard in wildcards {
            kept.insert(wildcard);
            shapes.add(wildcard);
        }
        let mut set = Self { exact: Table::with_room_for(0), wildcards: kept, shapes };
        if wildcards.iter().any(|&wildcard| set.covers_more_widely(wildcard)) {
            let (mut table, mut shapes) = (Table::with_room_for(wildcards.len()), Shapes::default());
            for &wildcard in wildcards.iter().filter(|&&wildcard| !set.covers_more_widely(wildcard)) {
                table.insert(wildcard);
                shapes.add(wildcard);
            }
            set = Self { exact: set.exact, wildcards: table, shapes };
        }
        let mut table = Table::with_room_for(exact.len());
        for origin in exact.iter().filter(|origin| !set.matches_wildcard(origin.as_bytes())) {
            table.insert(origin.as_bytes());
        }
        table.arena.shrink_to_fit();
        set.wildcards.arena.shrink_to_fit();
        Self { exact: table, ..set }
    }

    /// Whether the bytes of an `Origin` header's value are an origin of this set.
    #[inline(always)]
    pub(crate) fn contains(&self, origin: &[u8]) -> bool {
        origin.len() <= MAX_ORIGIN
            && (self.exact.find(origin) || (!self.wildcards.is_empty() && self.matches_wildcard(origin)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcards.is_empty()
    }

    /// The exact origins in the order they were given.
    pub(crate) fn exact(&self) -> impl ExactSizeIterator<Item = &str> {
        self.exact.iter()
    }

    /// The wildcards in the order they were given.
    pub(crate) fn wildcards(&self) -> impl ExactSizeIterator<Item = Wildcard<'_>> {
        self.wildcards.iter()
    }

    /// Whether one pattern of this set, alone, covers everything that `wildcard` does.
    pub(crate) fn covers(&self, wildcard: Wildcard<'_>) -> bool {
        self.wildcards.find(wildcard) || self.covers_more_widely(wildcard)
    }

    /// Whether a wildcard other than this one covers it.
    fn covers_more_widely(&self, wildcard: Wildcard<'_>) -> bool {
        let Wildcard { secure, subdomains, host, port } = wildcard;
        let has = |subdomains, host, port| self.wildcards.find(Wildcard { secure, subdomains, host, port });
        (port != Port::Any && has(subdomains, host, Port::Any))
            || proper_suffixes(host)
                .any(|parent| has(true, parent, Port::Any) || (port != Port::Any && has(true, parent, port)))
    }

    fn matches_wildcard(&self, origin: &[u8]) -> bool {
        let Some(WebOrigin { secure, host, port }) = WebOrigin::split(origin) else { return false };
        let has = |subdomains, host, port| self.wildcards.find(Wildcard { secure, subdomains, host, port });
        let shapes = &self.shapes;
        if shapes.host_with_any_port && has(false, host, Port::Any) {
            return true;
        }
        if !shapes.subdomains_with_certain_port && !shapes.subdomains_with_any_port {
            return false;
        }
        proper_suffixes(host).any(|parent| {
            shapes.has_subdomains_of(parent.len())
                && ((shapes.subdomains_with_certain_port && has(true, parent, port))
                    || (shapes.subdomains_with_any_port && has(true, parent, Port::Any)))
                && host.len() - usize::from(host.ends_with('.')) <= host::MAX_HOST
                && host::is_labels(&host.as_bytes()[..host.len() - parent.len() - 1])
        })
    }
}

/// What follows each dot of a host, the longest first. What follows a trailing dot is no parent.
fn proper_suffixes(host: &str) -> impl Iterator<Item = &str> {
    // A loop over bytes costs less than a search where dots are many and hosts are short.
    let dots = host.bytes().enumerate().filter(|&(_, byte)| byte == b'.');
    dots.map(|(dot, _)| &host[dot + 1..]).filter(|parent| !parent.is_empty())
}

/// The parts of an origin that a pattern could match. It need not be a valid origin: only what a `*` stands for is
/// examined, by whoever found the rest of it in a pattern.
struct WebOrigin<'a> {
    secure: bool,
    host: &'a str,
    port: Port,
}

impl<'a> WebOrigin<'a> {
    #[inline]
    fn split(origin: &'a [u8]) -> Option<Self> {
        let (secure, rest) = match origin {
            [b'h', b't', b't', b'p', b's', b':', b'/', b'/', rest @ ..] => (true, rest),
            [b'h', b't', b't', b'p', b':', b'/', b'/', rest @ ..] => (false, rest),
            _ => return None,
        };
        let rest = str::from_utf8(rest).ok()?;
        // A port has at most five digits, so its colon stands among the last six bytes; one further left belongs to
        // an IPv6 address, which ends in a bracket.
        let tail = rest.len().saturating_sub(":65535".len());
        let colon = rest.as_bytes()[tail..].iter().rposition(|&byte| byte == b':').map(|colon| tail + colon);
        let colon = if rest.ends_with(']') { None } else { colon };
        let Some(colon) = colon else { return Some(Self { secure, host: rest, port: Port::Default }) };
        let number = parse_port(&rest[colon + 1..]).filter(|&number| number != default_port(secure))?;
        Some(Self { secure, host: &rest[..colon], port: Port::Number(number) })
    }
}

/// How entries of one kind lie in a [`Table`]'s arena.
trait Entry {
    type Key<'a>: Copy;

    /// Appends the entry's bytes.
    fn write(key: Self::Key<'_>, arena: &mut Vec<u8>);
    /// Reads the entry that starts the bytes, and how long it is.
    fn read(bytes: &[u8]) -> (Self::Key<'_>, usize);
    /// Whether the entry that starts the bytes is this one.
    fn is(bytes: &[u8], key: Self::Key<'_>) -> bool;
    fn hash(key: Self::Key<'_>, seed: u64) -> u64;
}

/// An exact origin: two bytes of length, then its text.
#[derive(Debug)]
struct ExactEntry;

impl Entry for ExactEntry {
    type Key<'a> = &'a [u8];

    fn write(key: &[u8], arena: &mut Vec<u8>) {
        let length = u16::try_from(key.len()).expect("validation limits the length of an origin");
        arena.extend_from_slice(&length.to_le_bytes());
        arena.extend_from_slice(key);
    }

    #[inline]
    fn read(bytes: &[u8]) -> (&[u8], usize) {
        let end = 2 + usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        (&bytes[2..end], end)
    }

    #[inline]
    fn is(bytes: &[u8], key: &[u8]) -> bool {
        // Lengths first: most origins are told apart by them.
        usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) == key.len() && bytes[2..2 + key.len()] == *key
    }

    #[inline]
    fn hash(key: &[u8], seed: u64) -> u64 {
        hash_bytes(key, seed)
    }
}

/// A wildcard: a byte of flags, two of the port, one of the host's length, then the host.
#[derive(Debug)]
struct WildcardEntry;

impl WildcardEntry {
    const SECURE: u8 = 1;
    const SUBDOMAINS: u8 = 2;
    const ANY_PORT: u8 = 4;

    fn header(key: Wildcard<'_>) -> [u8; 4] {
        let (any_port, port) = match key.port {
            Port::Any => (Self::ANY_PORT, 0),
            // No origin has port 0.
            Port::Default => (0, 0),
            Port::Number(number) => (0, number),
        };
        let secure = if key.secure { Self::SECURE } else { 0 };
        let subdomains = if key.subdomains { Self::SUBDOMAINS } else { 0 };
        let [low, high] = port.to_le_bytes();
        // A request's host may be longer than any in the table: then no entry has that length, whatever the byte says.
        let length = u8::try_from(key.host.len()).unwrap_or(u8::MAX);
        [any_port | secure | subdomains, low, high, length]
    }
}

impl Entry for WildcardEntry {
    type Key<'a> = Wildcard<'a>;

    fn write(key: Wildcard<'_>, arena: &mut Vec<u8>) {
        arena.extend_from_slice(&Self::header(key));
        arena.extend_from_slice(key.host.as_bytes());
    }

    fn read(bytes: &[u8]) -> (Wildcard<'_>, usize) {
        let [flags, low, high, length] = [bytes[0], bytes[1], bytes[2], bytes[3]];
        let end = 4 + usize::from(length);
        let port = match u16::from_le_bytes([low, high]) {
            _ if flags & Self::ANY_PORT != 0 => Port::Any,
            0 => Port::Default,
            number => Port::Number(number),
        };
        let wildcard = Wildcard {
            secure: flags & Self::SECURE != 0,
            subdomains: flags & Self::SUBDOMAINS != 0,
            host: str::from_utf8(&bytes[4..end]).unwrap_or(""),
            port,
        };
        (wildcard, end)
    }

    fn is(bytes: &[u8], key: Wildcard<'_>) -> bool {
        let header = Self::header(key);
        bytes[..4] == header && bytes.get(4..4 + usize::from(header[3])) == Some(key.host.as_bytes())
    }

    fn hash(key: Wildcard<'_>, seed: u64) -> u64 {
        let header = u64::from(u32::from_le_bytes(Self::header(key)));
        hash_bytes(key.host.as_bytes(), fold(seed ^ header, MULTIPLIER))
    }
}

/// Entries without duplicates, in the order they were inserted.
#[derive(Debug)]
struct Table<E> {
    arena: Vec<u8>,
    count: usize,
    /// Empty while entries are few. Otherwise a power of two of slots, at most half of them taken: zero, or sixteen bits
    /// of the entry's hash above its offset in the arena plus one.
    slots: Box<[u64]>,
    seed: u64,
    entry: std::marker::PhantomData<E>,
}

const OFFSET_BITS: u32 = 48;
const OFFSET: u64 = (1 << OFFSET_BITS) - 1;

impl<E: Entry> Table<E> {
    fn with_room_for(count: usize) -> Self {
        let slots = if count <= FEW { 0 } else { (count * 2).next_power_of_two() };
        Self {
            arena: Vec::new(),
            count: 0,
            slots: vec![0; slots].into_boxed_slice(),
            seed: RandomState::new().build_hasher().finish(),
            entry: std::marker::PhantomData,
        }
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn insert(&mut self, key: E::Key<'_>) {
        let offset = self.arena.len() as u64 + 1;
        if self.slots.is_empty() {
            if self.find(key) {
                return;
            }
        } else {
            let hash = E::hash(key, self.seed);
            match self.probe(hash, key) {
                Ok(_) => return,
                Err(free) => self.slots[free] = tag(hash) | offset,
            }
        }
        E::write(key, &mut self.arena);
        self.count += 1;
    }

    #[inline]
    fn find(&self, key: E::Key<'_>) -> bool {
        if self.slots.is_empty() {
            let mut rest = &self.arena[..];
            for _ in 0..self.count {
                if E::is(rest, key) {
                    return true;
                }
                rest = &rest[E::read(rest).1..];
            }
            return false;
        }
        self.probe(E::hash(key, self.seed), key).is_ok()
    }

    /// The slot that holds the key, or the free one where it would go. Half of the slots are free, so there is one.
    #[inline]
    fn probe(&self, hash: u64, key: E::Key<'_>) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        // The lowest bits place an entry; its tag is made of the highest.
        #[allow(clippy::cast_possible_truncation, reason = "masked to the number of slots right away")]
        let mut index = hash as usize & mask;
        loop {
            let slot = self.slots[index];
            if slot == 0 {
                return Err(index);
            }
            if slot & !OFFSET == tag(hash) {
                #[allow(clippy::cast_possible_truncation, reason = "an offset into memory fits a usize")]
                let offset = (slot & OFFSET) as usize - 1;
                if E::is(&self.arena[offset..], key) {
                    return Ok(index);
                }
            }
            index = (index + 1) & mask;
        }
    }

    fn entries(&self) -> Entries<'_, E> {
        Entries { rest: &self.arena, left: self.count, entry: std::marker::PhantomData }
    }
}

impl Table<ExactEntry> {
    fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries().map(|text| str::from_utf8(text).unwrap_or(""))
    }
}

impl Table<WildcardEntry> {
    fn iter(&self) -> impl ExactSizeIterator<Item = Wildcard<'_>> {
        self.entries()
    }
}

struct Entries<'a, E> {
    rest: &'a [u8],
    left: usize,
    entry: std::marker::PhantomData<E>,
}

impl<'a, E: Entry> Iterator for Entries<'a, E> {
    type Item = E::Key<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (key, length) = E::read(self.rest);
        self.rest = &self.rest[length..];
        Some(key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<E: Entry> ExactSizeIterator for Entries<'_, E> {}

const fn tag(hash: u64) -> u64 {
    hash & !OFFSET
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Both halves of the product, folded: every bit of the input reaches every bit of the result.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the two halves of the product are what is wanted")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    product as u64 ^ (product >> 64) as u64
}

/// A keyed hash, eight bytes a step. It need not withstand who sees its values, only who doesn't know the seed.
#[inline]
fn hash_bytes(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        hash = fold(hash ^ u64::from_le_bytes(*chunk), MULTIPLIER ^ seed.rotate_left(32));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(hash ^ u64::from_le_bytes(last), MULTIPLIER ^ seed.rotate_left(32))
}

// An exact origin's length is written in two bytes, and every web origin must fit.
const _: () = assert!(
    MAX_ORIGIN <= u16::MAX as usize
        && "https://".len() + host::MAX_HOST + ".".len() + ":65535".len() <= MAX_ORIGIN
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::{self, Pattern};

    fn set(patterns: &[&str]) -> OriginSet {
        let (mut exact, mut wildcards) = (Vec::new(), Vec::new());
        for text in patterns {
            match pattern::parse(text) {
                Ok(Pattern::Exact(origin)) => exact.push(origin),
                Ok(Pattern::Wildcard(wildcard)) => wildcards.push(wildcard),
                other => panic!("{text}: {other:?}"),
            }
        }
        OriginSet::new(&exact, &wildcards)
    }

    /// The same patterns among others, so many that they are hashed.
    fn padded(patterns: &[&str]) -> OriginSet {
        let others: Vec<String> = (0..20)
            .flat_map(|n| {
                [
                    format!("https://pad{n}.test"),
                    format!("https://*.pad{n}.test"),
                    format!("http://pad{n}.test:*"),
                    format!("https://*.pad{n}.test:*"),
                ]
            })
            .collect();
        set(&patterns.iter().copied().chain(others.iter().map(String::as_str)).collect::<Vec<_>>())
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn matching() {
        let label63 = "a".repeat(63);
        let host253 = format!("{label63}.{label63}.{label63}.{}.example", "a".repeat(53));
        assert_eq!(host253.len(), host::MAX_HOST);
        let longest = format!("https://{host253}");
        let too_long = format!("https://b{host253}");
        let longest_dot = format!("https://{host253}.:65535");
        let label64 = format!("https://{}.example", "a".repeat(64));
        let label63 = format!("https://{label63}.example");
        let endless = format!("https://{}.example", "a.".repeat(5000));
        for (pattern, origin, expected) in [
            // exact
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://a.example.evil", false),
            ("https://a.example", "https://a.exampl", false),
            ("https://a.example", "https://a.example:443", false),
            ("https://a.example", "https://A.example", false),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example/", false),
            ("https://a.example", " https://a.example", false),
            ("https://a.example", "", false),
            ("https://a.example:8443", "https://a.example:8443", true),
            ("https://a.example:8443", "https://a.example", false),
            ("tauri://localhost", "tauri://localhost", true),
            ("tauri://localhost", "tauri://localhost:1", false),
            // subdomains
            ("https://*.example", "https://a.example", true),
            ("https://*.example", "https://a.b.example", true),
            ("https://*.example", "https://a-1_x.example", true),
            ("https://*.example", "https://example", false),
            ("https://*.example", "https://.example", false),
            ("https://*.example", "https://a..example", false),
            ("https://*.example", "https://aexample", false),
            ("https://*.example", "https://a.example.evil", false),
            ("https://*.example", "https://evil.com/.example", false),
            ("https://*.example", "https://evil.com#.example", false),
            ("https://*.example", "https://evil.com\\.example", false),
            ("https://*.example", "https://me@a.example", false),
            ("https://*.example", "https://a b.example", false),
            ("https://*.example", "https://A.example", false),
            ("https://*.example", "https://a!.example", false),
            ("https://*.example", "https://*.example", false),
            ("https://*.example", "https://ü.example", false),
            ("https://*.example", "https://a:1.example", false),
            ("https://*.example", "http://a.example", false),
            ("https://*.example", "ttps://a.example", false),
            ("https://*.example", "https:/a.example", false),
            ("https://*.example", "https://a.example:443", false),
            ("https://*.example", "https://a.example:8443", false),
            ("https://*.example", "https://a.example.", false),
            ("https://*.example", "null", false),
            ("https://*.example.", "https://a.example.", true),
            ("https://*.example.", "https://a.example", false),
            ("http://*.example", "http://a.example", true),
            ("http://*.example", "https://a.example", false),
            ("https://*.b.example", "https://a.b.example", true),
            ("https://*.b.example", "https://a.example", false),
            ("https://*.b.example", "https://b.example", false),
            ("https://*.b.example", "https://a.xb.example", false),
            // a port
            ("https://*.example:8443", "https://a.example:8443", true),
            ("https://*.example:8443", "https://a.example", false),
            ("https://*.example:8443", "https://a.example:8444", false),
            ("https://*.example:8443", "https://a.example:08443", false),
            ("https://*.example:8443", "https://example:8443", false),
            // any port
            ("http://localhost:*", "http://localhost", true),
            ("http://localhost:*", "http://localhost:1", true),
            ("http://localhost:*", "http://localhost:443", true),
            ("http://localhost:*", "http://localhost:65535", true),
            ("http://localhost:*", "http://localhost:65536", false),
            ("http://localhost:*", "http://localhost:99999", false),
            ("http://localhost:*", "http://localhost:80", false),
            ("http://localhost:*", "http://localhost:0", false),
            ("http://localhost:*", "http://localhost:01", false),
            ("http://localhost:*", "http://localhost:", false),
            ("http://localhost:*", "http://localhost:*", false),
            ("http://localhost:*", "http://localhost:3000:1", false),
            ("http://localhost:*", "http://a.localhost:1", false),
            ("http://localhost:*", "https://localhost:1", false),
            ("http://localhost:*", "http://localhost.evil", false),
            ("http://[::1]:*", "http://[::1]", true),
            ("http://[::1]:*", "http://[::1]:3000", true),
            ("http://[::1]:*", "http://[::1]:80", false),
            ("http://[::1]:*", "http://[::2]:3000", false),
            ("http://[::1]:*", "http://[::1]3000", false),
            // both
            ("https://*.example:*", "https://a.example", true),
            ("https://*.example:*", "https://a.example:8443", true),
            ("https://*.example:*", "https://a.b.example:1", true),
            ("https://*.example:*", "https://a.example:443", false),
            ("https://*.example:*", "https://a.example:80", true),
            ("https://*.example:*", "https://example:8443", false),
            ("https://*.example:*", "https://a.example:x", false),
            ("https://*.example:*", "https://a.example:1x", false),
            // lengths
            ("https://*.example", label63.as_str(), true),
            ("https://*.example", label64.as_str(), false),
            ("https://*.example", longest.as_str(), true),
            ("https://*.example", too_long.as_str(), false),
            ("https://*.example.:*", longest_dot.as_str(), true),
            ("https://*.example", endless.as_str(), false),
            (longest.as_str(), longest.as_str(), true),
        ] {
            assert_eq!(set(&[pattern]).contains(origin.as_bytes()), expected, "{pattern} {origin}");
            assert_eq!(
                padded(&[pattern]).contains(origin.as_bytes()),
                expected,
                "{pattern} {origin}, among many"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_text_match_nothing() {
        for patterns in [&["https://*.example"][..], &["https://a.example", "http://localhost:*"]] {
            for origin in
                [&b"https://\xff.example"[..], b"http://localhost:\xff", b"\xff", b"https://a.example\0"]
            {
                assert!(!set(patterns).contains(origin) && !padded(patterns).contains(origin));
            }
        }
    }

    #[test]
    fn entries_come_back_in_order_and_once() {
        let many: Vec<String> = (0..1000).map(|n| format!("https://{n}.a.example")).collect();
        let twice: Vec<&str> = many.iter().chain(&many).map(String::as_str).collect();
        assert!(set(&twice).exact().eq(many.iter().map(String::as_str)));
        assert_eq!(set(&twice).exact().len(), 1000);
        let many: Vec<String> = (0..1000).map(|n| format!("https://*.{n}.a.example:{}", n + 1000)).collect();
        let twice: Vec<&str> = many.iter().chain(&many).map(String::as_str).collect();
        assert!(set(&twice).wildcards().map(|wildcard| wildcard.to_string()).eq(many));
        assert!(!set(&["https://a.example"]).is_empty() && !set(&["https://*.a.example"]).is_empty());
        assert!(set(&[]).is_empty());
    }

    #[test]
    fn large_sets_hold_what_was_put_in_and_nothing_else() {
        let exact: Vec<String> = (0..5000).map(|n| format!("https://host-{n}.example")).collect();
        let wildcards: Vec<String> = (0..5000).map(|n| format!("https://*.base-{n}.example")).collect();
        let all: Vec<&str> = exact.iter().chain(&wildcards).map(String::as_str).collect();
        let set = set(&all);
        for n in 0..5000 {
            assert!(set.contains(format!("https://host-{n}.example").as_bytes()));
            assert!(set.contains(format!("https://a.base-{n}.example").as_bytes()));
            assert!(!set.contains(format!("https://host-{n}.example:1").as_bytes()));
            assert!(!set.contains(format!("https://base-{n}.example").as_bytes()));
        }
        assert!(!set.contains(b"https://host-5000.example") && !set.contains(b"https://a.base-5000.example"));
    }

    /// At most 32 bytes an origin beside its text, and two for its length.
    #[test]
    fn large_sets_are_small() {
        for count in [5, 1000, 1025, 5000] {
            let exact: Vec<String> = (0..count).map(|n| format!("https://host-{n}.example")).collect();
            let set = set(&exact.iter().map(String::as_str).collect::<Vec<_>>());
            let text: usize = exact.iter().map(String::len).sum();
            assert_eq!(set.exact.arena.capacity(), text + 2 * count);
            assert!(set.exact.slots.len() * 8 <= 32 * count && set.exact.slots.len() >= 2 * count);
        }
    }

    #[test]
    fn the_hash_depends_on_every_byte_and_on_the_seed() {
        let text = b"https://host.example:8443";
        let hash = hash_bytes(text, 7);
        for index in 0..text.len() {
            let mut other = *text;
            other[index] ^= 1;
            assert_ne!(hash_bytes(&other, 7), hash, "byte {index}");
        }
        assert_ne!(hash_bytes(text, 8), hash);
        assert_ne!(hash_bytes(b"ab\0", 7), hash_bytes(b"ab", 7));
        // Few collide in the bits that place them: 4096 values thrown into 8192 places leave about 3217 of them taken.
        let places: std::collections::HashSet<u64> = (0..4096_u32)
            .map(|n| hash_bytes(format!("https://host-{n}.example").as_bytes(), 7) % 8192)
            .collect();
        assert!(places.len() > 3000, "{}", places.len());
        let tags: std::collections::HashSet<u64> = (0..4096_u32)
            .map(|n| tag(hash_bytes(format!("https://host-{n}.example").as_bytes(), 7)))
            .collect();
        assert!(tags.len() > 3600, "{}", tags.len());
        let wildcard = |host| Wildcard { secure: true, subdomains: true, host, port: Port::Default };
        let hash = WildcardEntry::hash(wildcard("a.example"), 7);
        for other in [
            wildcard("b.example"),
            Wildcard { secure: false, ..wildcard("a.example") },
            Wildcard { subdomains: false, ..wildcard("a.example") },
            Wildcard { port: Port::Any, ..wildcard("a.example") },
            Wildcard { port: Port::Number(1), ..wildcard("a.example") },
        ] {
            assert_ne!(WildcardEntry::hash(other, 7), hash, "{other}");
        }
    }

    /// What a pattern means, said naively.
    fn matches(pattern: &str, origin: &str) -> bool {
        let (scheme, authority) = pattern.split_once("://").unwrap();
        let Some(rest) = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")) else {
            return false;
        };
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let (origin_host, origin_port) =
            rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let host_matches = match host.strip_prefix("*.") {
            None => origin_host == host,
            Some(base) => origin_host
                .strip_suffix(base)
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|front| !front.is_empty()),
        };
        host_matches && (port == Some("*") || port == origin_port)
    }

    fn a_host() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "ab"]), 1..5)
            .prop_map(|labels| labels.join("."))
    }

    fn a_pattern() -> impl Strategy<Value = String> {
        (
            prop::sample::select(vec!["http", "https"]),
            any::<bool>(),
            a_host(),
            prop::sample::select(vec!["", ":1", ":2", ":*"]),
        )
            .prop_map(|(scheme, subdomains, host, port)| {
                format!("{scheme}://{}{host}{port}", if subdomains { "*." } else { "" })
            })
    }

    fn an_origin() -> impl Strategy<Value = String> {
        (
            prop::sample::select(vec!["http", "https"]),
            a_host(),
            prop::sample::select(vec!["", ":1", ":2", ":3"]),
        )
            .prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}"))
    }

    proptest! {
        #[test]
        fn a_set_holds_what_one_of_its_patterns_means(
            patterns in prop::collection::vec(a_pattern(), 0..30),
            origins in prop::collection::vec(an_origin(), 1..20),
        ) {
            let texts: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let set = set(&texts);
            for origin in origins {
                let expected = texts.iter().any(|pattern| matches(pattern, &origin));
                prop_assert_eq!(set.contains(origin.as_bytes()), expected, "{}", origin);
            }
        }
    }
}
