//! Looks for an origin that one policy lists and another doesn't. The search is exact: whether patterns leave out a label is
//! decided by what they have in common, not by trying all labels.

use std::{
    collections::{BTreeSet, HashSet},
    slice,
};

use super::{AllowedOrigins, host};
use crate::origin_set::{
    OriginSet,
    labels::{self, MAX_HOST},
    wildcard::{
        Extension, HostWildcard, InLabel, Port, Subnet, Wildcard, default_port, is_punycode, is_star_byte,
        parse_port, scheme,
    },
};

/// Labels that look alarming first, then any that fit.
const USUAL_LABELS: [&str; 2] = ["evil", "www"];
const USUAL_PORTS: [u16; 3] = [8443, 8080, 3000];

/// An origin that is allowed, if any is.
pub(super) fn example(AllowedOrigins { any, listed, .. }: &AllowedOrigins) -> Option<String> {
    if *any {
        return Some("https://evil.example".to_owned());
    }
    listed.exact().next().map(str::to_owned).or_else(|| {
        // Every wildcard matches at least one origin.
        listed.wildcards().find_map(|wildcard| outside(&OriginSet::default(), wildcard))
    })
}

/// An origin that `theirs` allows and `ours` does not.
pub(super) fn uncovered(ours: &AllowedOrigins, theirs: &AllowedOrigins) -> Option<String> {
    if ours.any {
        return None;
    }
    let (ours, listed) = (&ours.listed, &theirs.listed);
    if theirs.any {
        // No pattern but one for the port matches a host of a single label, so each entry matches at most one of these.
        // One more than there are entries is enough.
        let dotless = (0..=ours.len()).map(|number| format!("https://host-{number}"));
        return std::iter::once("https://evil.example".to_owned())
            .chain(dotless)
            .find(|origin| !ours.contains(origin.as_bytes()));
    }
    listed
        .exact()
        .find(|origin| !ours.contains(origin.as_bytes()))
        .map(str::to_owned)
        .or_else(|| listed.wildcards().find_map(|wildcard| outside(ours, wildcard)))
}

/// An origin that the wildcard matches and the set does not contain.
fn outside(set: &OriginSet, wildcard: Wildcard<'_>) -> Option<String> {
    if set.covers(wildcard) {
        return None;
    }
    let (secure, port) = match wildcard {
        Wildcard::Extension(extension) => return outside_extension(set, extension),
        Wildcard::Host(HostWildcard { secure, port, .. })
        | Wildcard::InLabel(InLabel { secure, port, .. })
        | Wildcard::Subnet(Subnet { secure, port, .. }) => (secure, port),
    };
    ports(set, secure, port).into_iter().find_map(|port| {
        let accept = |host: &str| {
            let origin = format!("{}://{host}{port}", scheme(secure));
            let is_new =
                !set.contains(origin.as_bytes()) && (!host.contains("xn--") || host::is_domain(host));
            is_new.then_some(origin)
        };
        // For most ports the search ends with the first host. It also ends at once where one pattern of the set matches all
        // hosts on this port.
        match wildcard {
            Wildcard::Host(HostWildcard { subdomains: false, host, .. }) => accept(host),
            Wildcard::Host(host) => {
                let host = HostWildcard { port, ..host };
                if set.covers(Wildcard::Host(host)) { None } else { outside_subdomains(set, host, accept) }
            }
            Wildcard::InLabel(in_label) => {
                let in_label = InLabel { port, ..in_label };
                if set.covers(Wildcard::InLabel(in_label)) {
                    None
                } else {
                    outside_label(set, in_label, STAR_BYTES, accept)
                }
            }
            Wildcard::Subnet(subnet) => outside_subnet(set, Subnet { port, ..subnet }, &accept),
            Wildcard::Extension(_) => None,
        }
    })
}

/// The ports to try: the set treats all ports alike that none of its entries names, so one of those is enough.
fn ports(set: &OriginSet, secure: bool, port: Port) -> Vec<Port> {
    if port != Port::Any {
        return vec![port];
    }
    let of_exact = |origin: &str| {
        origin.rsplit_once(':').and_then(|(_, port)| parse_port(port)).map_or(Port::Default, Port::Number)
    };
    let of_wildcard = |wildcard| match wildcard {
        Wildcard::Host(HostWildcard { port, .. })
        | Wildcard::InLabel(InLabel { port, .. })
        | Wildcard::Subnet(Subnet { port, .. }) => port,
        Wildcard::Extension(_) => Port::Default,
    };
    let named: BTreeSet<Port> = set.exact().map(of_exact).chain(set.wildcards().map(of_wildcard)).collect();
    let default = default_port(secure);
    let numbers = USUAL_PORTS.into_iter().chain(1..=u16::MAX).filter(|&number| number != default);
    let fresh = numbers.map(Port::Number).find(|port| !named.contains(port));
    let is_number = |port: &Port| matches!(*port, Port::Number(number) if number != default);
    std::iter::once(Port::Default).chain(fresh).chain(named.iter().copied().filter(is_number)).collect()
}

/// One more than there are entries, so at least one of them is new, unless all are.
fn outside_extension(set: &OriginSet, extension: Extension) -> Option<String> {
    let hosts = (0..=set.len()).map(|number| match extension {
        // A hexadecimal number, spelled with the letters of an extension's identifier.
        Extension::Chrome => format!("{number:032x}")
            .bytes()
            .map(|digit| char::from(if digit.is_ascii_digit() { digit - b'0' + b'a' } else { digit + 10 }))
            .collect(),
        _ => format!("00000000-0000-4000-8000-{number:012x}"),
    });
    hosts
        .map(|host: String| format!("{}://{host}", extension.scheme()))
        .find(|origin| !set.contains(origin.as_bytes()))
}

/// A single label first, then several: patterns inside a label match no dot, so only patterns for hosts can make it necessary
/// to look for the latter.
fn outside_subdomains(
    set: &OriginSet,
    wildcard: HostWildcard<'_>,
    accept: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let HostWildcard { secure, host: parent, port, .. } = wildcard;
    let any_label = InLabel { secure, prefix: "", suffix: "", parent, port };
    outside_label(set, any_label, LABEL_BYTES, &accept).or_else(|| {
        let room = (MAX_HOST + usize::from(parent.ends_with('.'))).saturating_sub(parent.len() + 1);
        (3..=room)
            .flat_map(|length| strings(LABEL_BYTES_AND_DOT, length))
            .filter(|labels| labels.contains('.') && labels::is_labels(labels.as_bytes()))
            .find_map(|labels| accept(&format!("{labels}.{parent}")))
    })
}

/// A host that the pattern matches and the set does not contain, whose `*` stands for some of `bytes`.
fn outside_label(
    set: &OriginSet,
    pattern: InLabel<'_>,
    bytes: &'static [u8],
    accept: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let InLabel { prefix, suffix, parent, .. } = pattern;
    let longest = pattern.longest_label();
    let usual = USUAL_LABELS.into_iter().map(|star| format!("{prefix}{star}{suffix}"));
    let usual = usual.filter(|label| label.len() <= longest);
    let in_front = |label: &str| accept(&format!("{label}.{parent}"));
    usual.into_iter().find_map(|label| in_front(&label)).or_else(|| {
        let (others, covered) = (set.neighbours(pattern), HashSet::new());
        LabelSearch { pattern, others, bytes, accept: &in_front, covered, rejected: 0 }.run(longest)
    })
}

const STAR_BYTES: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-";
const LABEL_BYTES: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_";
const LABEL_BYTES_AND_DOT: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.";

/// Spells the labels that a pattern matches and others don't, byte by byte, shorter ones first. While a label is spelled, some
/// of the others may still match it; what follows depends on nothing but which, so where they have turned out to cover
/// everything that follows, they are not tried again.
struct LabelSearch<'a> {
    pattern: InLabel<'a>,
    /// At most 64 with the same port, and 64 with any port.
    others: Vec<InLabel<'a>>,
    bytes: &'static [u8],
    accept: &'a dyn Fn(&str) -> Option<String>,
    /// Places, and the others that may still match there, from which no label that they leave out can be spelled.
    covered: HashSet<(usize, u128)>,
    /// How many labels in Punycode were not accepted.
    rejected: usize,
}

/// Which labels are in Punycode that a browser sends can't be told from their bytes. So that the search ends, the first label
/// that the others leave out counts after this many.
const MAX_REJECTED: usize = 50_000;

/// What was found among the labels with a common start.
enum Found {
    Origin(String),
    /// Labels that the others don't match, but none that was accepted.
    Rejected,
    Nothing,
}

impl LabelSearch<'_> {
    fn run(&mut self, longest: usize) -> Option<String> {
        let InLabel { prefix, suffix, .. } = self.pattern;
        // From this length on, no prefix touches a suffix, so what the others cover no longer depends on the length.
        let all = || self.others.iter().chain([&self.pattern]);
        let longest_prefix = all().map(|other| other.prefix.len()).max().unwrap_or(0);
        let longest_suffix = all().map(|other| other.suffix.len()).max().unwrap_or(0);
        for length in prefix.len() + suffix.len() + 1..=longest {
            self.covered.clear();
            let alive = self.alive(u128::MAX, |other| other.prefix.len() + other.suffix.len() < length);
            match self.spell(&mut Vec::with_capacity(length), length, alive) {
                Found::Origin(origin) => return Some(origin),
                Found::Nothing if length > longest_prefix + longest_suffix => return None,
                Found::Rejected | Found::Nothing => {}
            }
        }
        None
    }

    /// Those of the others that were alive and meet a condition.
    fn alive(&self, before: u128, condition: impl Fn(&InLabel<'_>) -> bool) -> u128 {
        let others = self.others.iter().enumerate();
        let alive = others.filter(|(index, other)| before >> index & 1 == 1 && condition(other));
        alive.map(|(index, _)| 1_u128 << index).sum()
    }

    fn spell(&mut self, label: &mut Vec<u8>, length: usize, alive: u128) -> Found {
        let place = label.len();
        if place == length {
            return if alive == 0 { self.try_out(label) } else { Found::Nothing };
        }
        // The first four bytes say whether a label is in Punycode, so until then they matter too.
        let is_state = place >= 4 && alive != 0;
        if is_state && self.covered.contains(&(place, alive)) {
            return Found::Nothing;
        }
        let mut found = Found::Nothing;
        let fixed = required(&self.pattern, place, length);
        let bytes = fixed.as_ref().map_or(self.bytes, slice::from_ref);
        for &byte in bytes {
            label.push(byte);
            let is_punycode_label = label.len() == 4 && is_punycode(label);
            if !is_punycode_label || self.matches_punycode() {
                let alive = self.alive(alive, |other| {
                    required(other, place, length).map_or_else(|| is_star_byte(byte), |fixed| fixed == byte)
                        && (!is_punycode_label || is_punycode(other.prefix.as_bytes()))
                });
                match self.spell(label, length, alive) {
                    Found::Origin(origin) => return Found::Origin(origin),
                    Found::Rejected => found = Found::Rejected,
                    Found::Nothing => {}
                }
            }
            label.pop();
        }
        if is_state && matches!(found, Found::Nothing) {
            self.covered.insert((place, alive));
        }
        found
    }

    /// Patterns for whole labels match labels in Punycode, patterns inside a label only if they say so.
    fn matches_punycode(&self) -> bool {
        let InLabel { prefix, suffix, .. } = self.pattern;
        is_punycode(prefix.as_bytes()) || prefix.is_empty() && suffix.is_empty()
    }

    fn try_out(&mut self, label: &[u8]) -> Found {
        let label = str::from_utf8(label).unwrap_or_default();
        if let Some(origin) = (self.accept)(label) {
            return Found::Origin(origin);
        }
        self.rejected += usize::from(is_punycode(label.as_bytes()));
        if self.rejected <= MAX_REJECTED {
            return Found::Rejected;
        }
        let InLabel { secure, parent, port, .. } = self.pattern;
        Found::Origin(format!("{}://{label}.{parent}{port}", scheme(secure)))
    }
}

/// The byte that a label of this length has at this place if the pattern matches it; none if the `*` stands there.
fn required(pattern: &InLabel<'_>, place: usize, length: usize) -> Option<u8> {
    let (prefix, suffix) = (pattern.prefix.as_bytes(), pattern.suffix.as_bytes());
    let of_suffix = || place.checked_sub(length - suffix.len()).and_then(|place| suffix.get(place));
    prefix.get(place).or_else(of_suffix).copied()
}

/// An address that the pattern matches and the set does not contain.
fn outside_subnet(
    set: &OriginSet,
    subnet: Subnet,
    accept: &impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if set.covers(Wildcard::Subnet(subnet)) {
        return None;
    }
    (0..=u8::MAX).find_map(|octet| {
        let (mut octets, fixed) = (subnet.octets, subnet.fixed + 1);
        octets[subnet.fixed] = octet;
        if fixed == octets.len() {
            let [a, b, c, d] = octets;
            accept(&format!("{a}.{b}.{c}.{d}"))
        } else {
            outside_subnet(set, Subnet { octets, fixed, ..subnet }, accept)
        }
    })
}

/// Every string of a length over an alphabet, in alphabetical order.
fn strings(alphabet: &'static [u8], length: usize) -> impl Iterator<Item = String> {
    let mut next = Some(vec![0; length]);
    std::iter::from_fn(move || {
        let digits = next.take()?;
        let text = digits.iter().map(|&digit: &usize| char::from(alphabet[digit])).collect();
        next = successor(digits, alphabet.len());
        Some(text)
    })
}

/// Counts up by one; none after the last.
fn successor(mut digits: Vec<usize>, base: usize) -> Option<Vec<usize>> {
    for digit in digits.iter_mut().rev() {
        *digit += 1;
        if *digit < base {
            return Some(digits);
        }
        *digit = 0;
    }
    None
}
