//! The set of allowed origins: built once, then searched for the value of each request's `Origin`.
//!
//! Nothing is normalized: an origin is in the set if its bytes equal an exact origin or match a pattern. Up to [`FEW`]
//! entries of a kind are compared one after another; more are in a [`Table`], so that neither a large policy nor a
//! crafted `Origin` makes a lookup slow.

mod bytes;
pub(crate) mod labels;
mod rare;
mod table;
pub(crate) mod wildcard;
mod wildcards;

use bytes::are_same;
use rare::Rare;
use table::{Item, Table};
use wildcard::{Extension, HostWildcard, InLabel, MAX_ORIGIN, Port, Subnet, Wildcard};
use wildcards::{Wildcards, class, decode, encode};

/// Up to this many entries, comparing each costs less than hashing the origin.
const FEW: usize = 4;

/// The origins that a policy lists.
#[derive(Debug, Default)]
pub(crate) struct OriginSet {
    /// The first exact origin, unless there are more than [`FEW`]. It is stored here, not in `more`, because many
    /// policies list one origin only, and then a lookup is one comparison without a call.
    first: Option<Box<[u8]>>,
    /// Everything else, if anything.
    more: Option<Box<More>>,
}

#[derive(Debug)]
struct More {
    exact: Exact,
    patterns: Patterns,
}

/// The exact origins.
#[derive(Debug)]
enum Exact {
    /// All exact origins except the first, if there are at most [`FEW`] in total.
    Few(Box<[Box<[u8]>]>),
    Many(Table),
}

/// The patterns. One enum, so that the rare ones cost a lookup nothing where there are none.
#[derive(Debug)]
enum Patterns {
    None,
    Hosts(Wildcards),
    WithRare(Box<(Option<Wildcards>, Rare)>),
}

/// Valid entries of a policy, by kind, from which a set is built.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a> {
    pub(crate) exact: Vec<&'a str>,
    hosts: Vec<HostWildcard<'a>>,
    in_label: Vec<InLabel<'a>>,
    subnets: Vec<Subnet>,
    extensions: Vec<Extension>,
}

impl<'a> Entries<'a> {
    pub(crate) fn push(&mut self, wildcard: Wildcard<'a>) {
        match wildcard {
            Wildcard::Host(host) => self.hosts.push(host),
            Wildcard::InLabel(in_label) => self.in_label.push(in_label),
            Wildcard::Subnet(subnet) => self.subnets.push(subnet),
            Wildcard::Extension(extension) => self.extensions.push(extension),
        }
    }

    /// The patterns that meet a condition, without the exact origins.
    fn patterns_where(&self, is_wanted: impl Fn(Wildcard<'a>) -> bool) -> Self {
        let Self { hosts, in_label, subnets, extensions, .. } = self;
        Self {
            exact: Vec::new(),
            hosts: hosts.iter().copied().filter(|&host| is_wanted(Wildcard::Host(host))).collect(),
            in_label: in_label.iter().copied().filter(|&label| is_wanted(Wildcard::InLabel(label))).collect(),
            subnets: subnets.iter().copied().filter(|&subnet| is_wanted(Wildcard::Subnet(subnet))).collect(),
            extensions: extensions.clone(),
        }
    }

    fn pattern_count(&self) -> usize {
        self.hosts.len() + self.in_label.len() + self.subnets.len() + self.extensions.len()
    }
}

impl OriginSet {
    /// A set of valid entries. Duplicates and entries that a pattern covers are left out.
    pub(crate) fn new(entries: &Entries<'_>) -> Self {
        let mut patterns = Patterns::new(entries);
        let widest = entries.patterns_where(|wildcard| !patterns.cover(wildcard, true));
        if widest.pattern_count() < entries.pattern_count() {
            patterns = Patterns::new(&widest);
        }
        let bytes = entries.exact.iter().map(|origin| origin.as_bytes());
        let exact: Vec<&[u8]> = bytes.filter(|origin| !patterns.contain(origin)).collect();
        let mut first = None;
        let exact = if exact.len() > FEW {
            Exact::Many(Table::new(&exact))
        } else {
            let unique = exact.iter().enumerate().filter(|&(index, origin)| !exact[..index].contains(origin));
            let mut unique = unique.map(|(_, &origin)| origin.into());
            first = unique.next();
            Exact::Few(unique.collect())
        };
        let is_more =
            !matches!(patterns, Patterns::None) || !matches!(&exact, Exact::Few(few) if few.is_empty());
        Self { first, more: is_more.then(|| Box::new(More { exact, patterns })) }
    }

    /// Whether the value of an `Origin` header is in this set.
    #[inline(always)]
    pub(crate) fn contains(&self, origin: &[u8]) -> bool {
        self.first.as_deref().is_some_and(|first| are_same(first, origin))
            || self.more.as_deref().is_some_and(|more| more.contains(origin))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_none()
    }

    /// The exact origins in their original order.
    pub(crate) fn exact(&self) -> impl ExactSizeIterator<Item = &str> {
        let first = usize::from(self.first.is_some());
        let exact = self.more.as_ref().map(|more| &more.exact);
        let count = match exact {
            None => first,
            Some(Exact::Few(few)) => first + few.len(),
            Some(Exact::Many(many)) => many.len(),
        };
        (0..count).map(move |index| {
            let text = match exact {
                Some(Exact::Many(many)) => many.get(index).1,
                Some(Exact::Few(few)) if index >= first => &few[index - first],
                _ => self.first.as_deref().unwrap_or_default(),
            };
            str::from_utf8(text).unwrap_or("")
        })
    }

    /// The patterns: those for hosts, inside labels, for addresses, and for extensions; each kind in its original order.
    pub(crate) fn wildcards(&self) -> impl Iterator<Item = Wildcard<'_>> {
        let (hosts, rare) = self.more.as_ref().map_or((None, None), |more| more.patterns.parts());
        let hosts = hosts.into_iter().flat_map(|hosts| {
            (0..hosts.len()).map(|index| {
                let (class, text) = hosts.get(index);
                Wildcard::Host(decode(class, text))
            })
        });
        hosts.chain(rare.into_iter().flat_map(Rare::wildcards))
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        let (hosts, rare) = self.more.as_ref().map_or((None, None), |more| more.patterns.parts());
        self.exact().len() + hosts.map_or(0, Wildcards::len) + rare.map_or(0, Rare::len)
    }

    /// Whether a single pattern of this set covers everything that `wildcard` does.
    pub(crate) fn covers(&self, wildcard: Wildcard<'_>) -> bool {
        self.more.as_ref().is_some_and(|more| more.patterns.cover(wildcard, false))
    }

    /// The patterns of this set with a `*` inside a label, in front of this pattern's parent, that match on its port.
    pub(crate) fn neighbours(&self, pattern: InLabel<'_>) -> Vec<InLabel<'_>> {
        let rare = self.more.as_ref().and_then(|more| more.patterns.parts().1);
        rare.map(|rare| rare.neighbours(pattern)).unwrap_or_default()
    }
}

impl Patterns {
    fn new(entries: &Entries<'_>) -> Self {
        let Entries { hosts, in_label, subnets, extensions, .. } = entries;
        let wildcards = (!hosts.is_empty()).then(|| Wildcards::new(hosts));
        match (wildcards, Rare::new(in_label, subnets, extensions)) {
            (wildcards, Some(rare)) => Self::WithRare(Box::new((wildcards, rare))),
            (Some(wildcards), None) => Self::Hosts(wildcards),
            (None, None) => Self::None,
        }
    }

    fn parts(&self) -> (Option<&Wildcards>, Option<&Rare>) {
        match self {
            Self::None => (None, None),
            Self::Hosts(hosts) => (Some(hosts), None),
            Self::WithRare(both) => (both.0.as_ref(), Some(&both.1)),
        }
    }

    /// Whether a single one of them covers everything that `wildcard` does; if it must be `wider`, the pattern itself doesn't
    /// count.
    fn cover(&self, wildcard: Wildcard<'_>, wider: bool) -> bool {
        let (hosts, rare) = self.parts();
        let host_covers = |host: HostWildcard<'_>, wider: bool| {
            hosts.is_some_and(|hosts| {
                let has = || {
                    let mut text = Vec::new();
                    let class = encode(host, &mut text);
                    hosts.has(class, &text)
                };
                hosts.covers_more_widely(host) || (!wider && has())
            })
        };
        match wildcard {
            Wildcard::Host(host) => {
                host_covers(host, wider)
                    || (!host.subdomains
                        && host.port == Port::Any
                        && rare.is_some_and(|rare| {
                            rare.contain_host(class(host.secure, true), host.host.as_bytes())
                        }))
            }
            // Patterns for whole labels match all labels in front of a host, or none.
            Wildcard::InLabel(in_label) => {
                host_covers(in_label.whole_label(), false)
                    || rare.is_some_and(|rare| rare.cover_in_label(in_label, wider))
            }
            Wildcard::Subnet(subnet) => rare.is_some_and(|rare| rare.cover_subnet(subnet, wider)),
            Wildcard::Extension(extension) => {
                !wider && rare.is_some_and(|rare| rare.has_extension(extension))
            }
        }
    }

    #[inline(always)]
    fn contain(&self, origin: &[u8]) -> bool {
        match self {
            Self::None => false,
            Self::Hosts(wildcards) => wildcards.contain(origin),
            Self::WithRare(both) => {
                both.0.as_ref().is_some_and(|wildcards| wildcards.contain(origin)) || both.1.contain(origin)
            }
        }
    }
}

impl More {
    #[inline(never)]
    fn contains(&self, origin: &[u8]) -> bool {
        if origin.len() > MAX_ORIGIN {
            return false;
        }
        let is_exact = match &self.exact {
            Exact::Few(few) => few.iter().any(|few| are_same(few, origin)),
            Exact::Many(many) => many.find(0, origin),
        };
        is_exact || self.patterns.contain(origin)
    }
}

/// An exact origin.
impl Item for &[u8] {
    fn read<'a>(&'a self, _: &'a mut Vec<u8>) -> (u8, &'a [u8]) {
        (0, self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::pattern::{self, Pattern};

    fn set(patterns: &[&str]) -> OriginSet {
        let mut entries = Entries::default();
        for text in patterns {
            match pattern::parse(text) {
                Ok(Pattern::Exact(origin)) => entries.exact.push(origin),
                Ok(Pattern::Wildcard(wildcard)) => entries.push(wildcard),
                other => panic!("{text}: {other:?}"),
            }
        }
        OriginSet::new(&entries)
    }

    /// The same patterns among so many others that the set hashes them.
    fn padded(patterns: &[&str]) -> OriginSet {
        let others: Vec<String> = (0..20)
            .flat_map(|n| {
                [
                    format!("https://padding-{n}.test"),
                    format!("https://*.padding-{n}.test"),
                    format!("http://padding-{n}.test:*"),
                    format!("https://*.padding-{n}.test:*"),
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
        assert_eq!(host253.len(), labels::MAX_HOST);
        let longest = format!("https://{host253}");
        let too_long = format!("https://b{host253}");
        let longest_dot = format!("https://{host253}.:65535");
        let label64 = format!("https://{}.example", "a".repeat(64));
        let label63 = format!("https://{label63}.example");
        let endless = format!("https://{}.example", "a.".repeat(5000));
        let longest_custom = format!("app://{}", "a".repeat(MAX_ORIGIN - "app://".len()));
        let label60 = "a".repeat(60);
        let longest_extension =
            format!("safari-web-extension://{}", "A".repeat(MAX_ORIGIN - "safari-web-extension://".len()));
        let too_long_extension = format!("{longest_extension}A");
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
            ("https://*.example:8443", "https://a.b.example:8443", true),
            ("https://*.example:8443", "https://.example:8443", false),
            ("https://*.example:8443", "https://a:1.example:8443", false),
            ("https://*.example:8443", "https://a.example:8443:8443", false),
            ("https://*.example.:8443", "https://a.example.:8443", true),
            ("https://*.example.:8443", "https://a.example:8443", false),
            // any port
            ("http://localhost:*", "http://.localhost", false),
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
            ("http://*.example:*", "http://.example", false),
            ("http://*.example:*", "http://.example:8080", false),
            ("http://*.example:*", "http://a.example:8080:8080", false),
            ("http://*.example:*", "http://a:8080.example:8080", false),
            ("http://*.h2:*", "http://a.h2", true),
            ("http://*.h2:*", "http://a.h2:2", true),
            ("http://*.h2:*", "http://a.h2]", false),
            ("https://*.example:*", "https://a.example:1x", false),
            // lengths
            ("https://*.example", label63.as_str(), true),
            ("https://*.example", label64.as_str(), false),
            ("https://*.example", longest.as_str(), true),
            ("https://*.example", too_long.as_str(), false),
            ("https://*.example.:*", longest_dot.as_str(), true),
            ("https://*.example", endless.as_str(), false),
            ("https://*.example:65535", format!("{longest}:65535").as_str(), true),
            ("https://*.example:65535", format!("{too_long}:65535").as_str(), false),
            ("https://*.example:*", format!("{too_long}:65535").as_str(), false),
            ("https://*.example.:65535", longest_dot.as_str(), true),
            (longest.as_str(), longest.as_str(), true),
            (longest_custom.as_str(), longest_custom.as_str(), true),
            ("safari-web-extension://*", longest_extension.as_str(), true),
            ("safari-web-extension://*", too_long_extension.as_str(), false),
            ("https://pr-*.a.example", format!("https://pr-{label60}.a.example").as_str(), true),
            ("https://pr-*.a.example", format!("https://pr-{label60}b.a.example").as_str(), false),
            // addresses of the greatest length
            ("http://192.168.*.*:65535", "http://192.168.100.100:65535", true),
            ("http://192.168.*.*:65535", "http://192.168.100.1000:65535", false),
            ("http://192.168.*.*:65535", "http://192.168.100.100:065535", false),
            ("http://192.168.*.*:*", "http://192.168.100.100:65535", true),
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
    fn bytes_that_are_not_utf8_match_nothing() {
        for patterns in [&["https://*.example"][..], &["https://a.example", "http://localhost:*"]] {
            for origin in
                [&b"https://\xff.example"[..], b"http://localhost:\xff", b"\xff", b"https://a.example\0"]
            {
                assert!(!set(patterns).contains(origin) && !padded(patterns).contains(origin));
            }
        }
    }

    #[test]
    fn entries_are_returned_in_order_without_duplicates() {
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
    fn every_kind_of_entry_is_counted() {
        let kinds = [
            "https://a.example",
            "https://*.b.example",
            "https://pr-*.c.example",
            "http://192.168.*.*:5173",
            "moz-extension://*",
        ];
        for count in 0..=kinds.len() {
            assert_eq!(set(&kinds[..count]).len(), count, "{:?}", &kinds[..count]);
        }
    }

    #[test]
    fn large_sets_contain_their_entries_and_nothing_else() {
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

    /// An entry that another one covers is left out, whatever their order, and however many others there are.
    #[test]
    fn what_another_pattern_covers_is_left_out() {
        for (wide, narrow) in [
            ("https://*.a.example", "https://*.a.example"),
            ("https://*.a.example", "https://*.b.a.example"),
            ("https://*.a.example:*", "https://*.a.example"),
            ("https://*.a.example:*", "https://*.b.a.example:8443"),
            ("https://*.a.example:*", "https://b.a.example:*"),
            ("https://*.a.example", "https://pr-*.a.example"),
            ("https://pr-*.a.example", "https://pr-*.a.example"),
            ("https://pr-*.a.example", "https://pr-1*.a.example"),
            ("https://pr-*.a.example:*", "https://pr-*.a.example"),
            ("https://pr-*.a.example:*", "https://pr-*-b.a.example:8443"),
            ("http://192.168.*.*", "http://192.168.*.*"),
            ("http://192.168.*.*", "http://192.168.7.*"),
            ("http://192.168.*.*:*", "http://192.168.*.*"),
            ("http://192.168.*.*:*", "http://192.168.7.*:5173"),
            ("http://192.168.*.*:*", "http://192.168.7.1:*"),
            ("https://a.example:*", "https://a.example:*"),
        ] {
            let parse = |text| match pattern::parse(text) {
                Ok(Pattern::Wildcard(wildcard)) => wildcard,
                other => panic!("{text}: {other:?}"),
            };
            for entries in [[wide, narrow], [narrow, wide]] {
                let set = set(&entries);
                let left: Vec<String> = set.wildcards().map(|wildcard| wildcard.to_string()).collect();
                assert_eq!(left, [wide], "{entries:?}");
                assert_eq!(set.len(), 1, "{entries:?}");
                let padded = padded(&entries);
                let left = padded.wildcards().map(|wildcard| wildcard.to_string());
                assert_eq!(
                    left.filter(|text| !text.contains("padding")).collect::<Vec<_>>(),
                    [wide],
                    "{entries:?}"
                );
            }
            for set in [set, padded] {
                assert!(
                    set(&[wide]).covers(parse(wide)) && set(&[wide]).covers(parse(narrow)),
                    "{wide}, {narrow}"
                );
                assert_eq!(set(&[narrow]).covers(parse(wide)), wide == narrow, "{wide}, {narrow}");
            }
        }
    }

    /// An entry is left out only if another one covers all of it.
    #[test]
    fn what_no_other_pattern_covers_stays() {
        for (entries, origin) in [
            // The other one matches the host itself, but none of its subdomains.
            (["https://pr-*.a.example:*", "https://*.pr-1.a.example:*"], "https://x.pr-1.a.example"),
            (["https://pr-*.a.example:*", "https://*.a.example"], "https://x.y.a.example"),
            (["https://pr-*.a.example", "http://pr-*.a.example"], "http://pr-1.a.example"),
            (["https://pr-1*.a.example", "https://pr-*.a.example"], "https://pr-2.a.example"),
            (["https://pr-*.a.example", "https://pr-*.b.example"], "https://pr-1.b.example"),
            (["http://pr-*.a.example:*", "http://pr-*.a.example:8080"], "http://pr-1.a.example:8080"),
            (["http://192.168.*.*", "http://192.168.7.*:5173"], "http://192.168.7.1:5173"),
            (["http://192.168.*.*", "https://192.168.*.*"], "https://192.168.7.1"),
            (["moz-extension://*", "safari-web-extension://*"], "safari-web-extension://A"),
        ] {
            for entries in [entries, [entries[1], entries[0]]] {
                assert!(set(&entries).contains(origin.as_bytes()), "{entries:?}");
                assert!(padded(&entries).contains(origin.as_bytes()), "{entries:?}, among many");
            }
        }
    }

    /// A policy shows its patterns as they were written.
    #[test]
    fn a_pattern_is_returned_as_it_was_read() {
        for pattern in [
            "http://*.a.example",
            "https://*.a.example:8443",
            "https://a.example:*",
            "http://pr-*.a.example",
            "http://pr-*.a.example:8080",
            "http://pr-*.a.example:*",
            "https://*-b.a.example",
            "https://*-b.a.example:*",
            "http://192.168.*.*:*",
            "https://10.*.*.*",
            "https://192.168.7.*:8443",
            "moz-extension://*",
        ] {
            for set in [set(&[pattern]), padded(&[pattern])] {
                let texts = set.wildcards().map(|wildcard| wildcard.to_string());
                let own: Vec<String> = texts.filter(|text| !text.contains("padding")).collect();
                assert_eq!(own, [pattern]);
            }
        }
    }

    /// A host with any port is covered by a pattern for its address, and no other host is.
    #[test]
    fn a_pattern_for_addresses_covers_no_names() {
        let set = set(&["http://192.168.*.*:*"]);
        for (text, expected) in [
            ("http://192.168.7.1:*", true),
            ("http://a.example:*", false),
            ("http://*.a.example:*", false),
            ("https://192.168.7.1:*", false),
        ] {
            let Ok(Pattern::Wildcard(wildcard)) = pattern::parse(text) else { panic!("{text}") };
            assert_eq!(set.covers(wildcard), expected, "{text}");
        }
    }

    /// What a pattern matches, implemented naively.
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
                .is_some_and(|front| front.split('.').all(|label| !label.is_empty())),
        };
        host_matches && (port == Some("*") || port == origin_port)
    }

    fn a_host(labels: &[&'static str]) -> impl Strategy<Value = String> + use<> {
        prop::collection::vec(prop::sample::select(labels.to_vec()), 1..5).prop_map(|labels| labels.join("."))
    }

    fn a_pattern() -> impl Strategy<Value = String> {
        (
            prop::sample::select(vec!["http", "https"]),
            any::<bool>(),
            a_host(&["a", "b", "ab"]),
            prop::sample::select(vec!["", ":1", ":2", ":*"]),
        )
            .prop_map(|(scheme, subdomains, host, port)| {
                format!("{scheme}://{}{host}{port}", if subdomains { "*." } else { "" })
            })
    }

    fn an_origin() -> impl Strategy<Value = String> {
        (
            prop::sample::select(vec!["http", "https"]),
            // Labels can't be empty, but a request may still send such an origin.
            a_host(&["a", "b", "ab", ""]),
            prop::sample::select(vec!["", ":1", ":2", ":3"]),
        )
            .prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}"))
    }

    proptest! {
        #[test]
        fn a_set_contains_what_one_of_its_patterns_matches(
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
