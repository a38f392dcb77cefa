//! The host of an origin: domains and IP addresses as a browser's URL parser serializes them. This module says what a
//! browser can send; it does not decide what is allowed.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    idn,
    suffixes::{self, Section},
};
use crate::origin_set::{
    labels::{MAX_HOST, is_labels},
    wildcard::InLabel,
};

/// Whether this is a domain as a browser serializes it. If the URL has one trailing dot, so does the origin.
pub(crate) fn is_domain(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= MAX_HOST && is_labels(name.as_bytes()) && (!host.contains("xn--") || idn::is_punycode(name))
}

/// Whether the URL Standard reads the host as an IPv4 address, and rejects it if it is not a valid one.
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
pub(crate) fn ends_in_a_number(host: &str) -> bool {
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or("");
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The IPv4 parser of the URL Standard, which accepts hexadecimal, octal and short forms.
/// <https://url.spec.whatwg.org/#concept-ipv4-parser>
pub(crate) fn parse_ipv4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let (last, front) = parts.split_last()?;
    if front.len() > 3 {
        return None;
    }
    let mut address = ipv4_number(last)?;
    if address >= 256_u64.pow(4 - u32::try_from(front.len()).ok()?) {
        return None;
    }
    for (place, part) in front.iter().enumerate() {
        let number = ipv4_number(part).filter(|&number| number <= 255)?;
        address += number << (8 * (3 - place));
    }
    Some(Ipv4Addr::from(u32::try_from(address).ok()?))
}

fn ipv4_number(part: &str) -> Option<u64> {
    let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some("") => return Some(0),
        Some(digits) => (digits, 16),
        None if part.len() > 1 && part.starts_with('0') => (&part[1..], 8),
        None => (part, 10),
    };
    // `from_str_radix` would accept a sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().filter(|&number| u32::try_from(number).is_ok())
}

/// An IPv6 address as the URL Standard serializes it, in brackets: unlike [`Ipv6Addr`]'s `Display` it never uses the
/// dotted form for an IPv4-mapped address.
/// <https://url.spec.whatwg.org/#concept-ipv6-serializer>
pub(crate) fn serialize_ipv6(address: Ipv6Addr) -> String {
    let pieces = address.segments();
    let compress = longest_zero_run(pieces);
    let mut text = String::from("[");
    let mut index = 0;
    while index < 8 {
        if let Some((start, length)) = compress
            && start == index
        {
            text.push_str("::");
            index += length;
            continue;
        }
        if !text.ends_with(['[', ':']) {
            text.push(':');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{:x}", pieces[index]);
        index += 1;
    }
    text.push(']');
    text
}

/// The first longest run of at least two zero pieces: its start and length.
fn longest_zero_run(pieces: [u16; 8]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut start = 0;
    while start < 8 {
        let length = pieces[start..].iter().take_while(|&&piece| piece == 0).count();
        if length > best.map_or(1, |(_, longest)| longest) {
            best = Some((start, length));
        }
        start += length.max(1);
    }
    best
}

/// The host of a valid `host[:port]`.
pub(crate) fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

/// Whether this is `localhost`, a name under it, or a loopback address: browsers treat these as potentially trustworthy
/// without TLS.
/// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    name == "localhost"
        || name.ends_with(".localhost")
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// A public suffix under which strangers can register a name that `*.base` covers, if the Public Suffix List knows one.
/// <https://publicsuffix.org/list/>
pub(crate) fn public_suffix_under_wildcard(base: &str) -> Option<String> {
    let name = base.strip_suffix('.').unwrap_or(base);
    if suffixes::section(name).is_some() {
        Some(name.to_owned())
    } else if suffixes::wildcard_section(name).is_some() {
        // The list has rules such as `*.ck`, where `ck` itself need not be a suffix but every name right below it is.
        Some(format!("*.{name}"))
    } else {
        // A wildcard stands for several labels, too, and so reaches the suffixes further down.
        suffixes::shortest_below(name)
    }
}

/// A public suffix under which strangers can register names that a pattern with a `*` inside a label matches, and the section
/// of the list in which it stands. For a top-level name that the list doesn't know, it is taken for a registry's.
pub(crate) fn public_suffix_behind_label(pattern: InLabel<'_>) -> Option<(String, Section)> {
    let name = pattern.parent.strip_suffix('.').unwrap_or(pattern.parent);
    if let Some(section) = suffixes::section(name) {
        return Some((name.to_owned(), section));
    }
    if !name.contains('.') {
        return Some((name.to_owned(), Section::Icann));
    }
    if let Some(section) = suffixes::wildcard_section(name) {
        return Some((format!("*.{name}"), section));
    }
    // The name itself is not a suffix, but one that the pattern matches may be: `s*` matches the `s3` of `s3.amazonaws.com`.
    suffixes::right_below(name, |label| pattern.matches(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_is_parsed_as_the_url_standard_does() {
        for (name, text, expected) in [
            ("canonical", "127.0.0.1", Some("127.0.0.1")),
            ("short", "127.1", Some("127.0.0.1")),
            ("one number", "2130706433", Some("127.0.0.1")),
            ("hexadecimal", "0x7f.0.0.1", Some("127.0.0.1")),
            ("octal", "0177.0.0.01", Some("127.0.0.1")),
            ("empty hexadecimal is zero", "0x.0.0.0", Some("0.0.0.0")),
            ("trailing dot", "10.0.0.1.", Some("10.0.0.1")),
            ("the last part takes what is left", "1.65535", Some("1.0.255.255")),
            ("the last part may be as large as what is left", "1.16777215", Some("1.255.255.255")),
            ("the last part too large", "1.16777216", None),
            ("too many parts", "1.2.3.4.5", None),
            ("a part over 255", "1.256.3.4", None),
            ("the largest address", "255.255.255.255", Some("255.255.255.255")),
            ("a number over 32 bits", "4294967296", None),
            ("an octal digit out of range", "08.0.0.1", None),
            ("a sign", "0x+1.0.0.1", None),
            ("an empty part", "1..2.3", None),
            ("a name", "example", None),
        ] {
            let expected = expected.map(|text| text.parse::<Ipv4Addr>().unwrap());
            assert_eq!(parse_ipv4(text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn a_host_ends_in_a_number() {
        for (host, expected) in [
            ("example.com", false),
            ("1.2.3.4", true),
            ("1.2.3.4.", true),
            ("foo.09", true),
            ("foo.0x4", true),
            ("foo.0xg", false),
            ("foo.0x", true),
            ("foo.0X1F", true),
            ("foo.0x1ffffffffffffffffffff", true),
            ("foo.99999999999999999999999", true),
            ("4.example", false),
            ("", false),
        ] {
            assert_eq!(ends_in_a_number(host), expected, "{host}");
        }
    }

    #[test]
    fn ipv6_is_serialized_as_the_url_standard_does() {
        for (name, text, expected) in [
            ("loopback", "::1", "[::1]"),
            ("unspecified", "::", "[::]"),
            ("zeros are compressed once, the longest run", "1:0:0:2:0:0:0:3", "[1:0:0:2::3]"),
            ("the first of two equal runs", "1:0:0:2:3:0:0:4", "[1::2:3:0:0:4]"),
            ("a single zero is not compressed", "1:0:2:3:4:5:6:7", "[1:0:2:3:4:5:6:7]"),
            ("a run at the end", "2001:db8::", "[2001:db8::]"),
            ("mapped addresses stay hexadecimal", "::ffff:192.0.2.1", "[::ffff:c000:201]"),
        ] {
            assert_eq!(serialize_ipv6(text.parse().unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn domains() {
        let label63 = "a".repeat(63);
        let long = format!("{label63}.{label63}.{label63}.{}", "a".repeat(61));
        assert_eq!(long.len(), MAX_HOST);
        for (name, host, expected) in [
            ("a name", "example.com", true),
            ("one label", "localhost", true),
            ("a trailing dot", "example.com.", true),
            ("two trailing dots", "example.com..", false),
            ("an empty label", "a..b", false),
            ("empty", "", false),
            ("only a dot", ".", false),
            ("underscore", "_dmarc.example.com", true),
            ("punycode", "xn--bcher-kva.example", true),
            ("broken punycode", "xn--a.example", false),
            ("upper case", "Example.com", false),
            ("other URL code points", "a!b.example", false),
            ("63 bytes in a label", label63.as_str(), true),
            ("64 bytes in a label", &"a".repeat(64), false),
            ("253 bytes", long.as_str(), true),
            ("254 bytes", &format!("{long}b"), false),
            ("253 bytes and a dot", &format!("{long}."), true),
        ] {
            assert_eq!(is_domain(host), expected, "{name}: {host}");
        }
    }

    #[test]
    fn loopback_hosts() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost.", true),
            ("app.localhost", true),
            ("notlocalhost", false),
            ("127.0.0.1", true),
            ("127.255.255.254", true),
            ("128.0.0.1", false),
            ("[::1]", true),
            ("[::2]", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
    }

    #[test]
    fn public_suffixes_under_a_wildcard() {
        for (name, base, expected) in [
            ("a top-level domain", "com", Some("com")),
            ("a country's second level", "co.uk", Some("co.uk")),
            ("a private suffix", "github.io", Some("github.io")),
            ("with a trailing dot", "github.io.", Some("github.io")),
            ("a registered domain", "example.com", None),
            ("below a private suffix", "me.github.io", None),
            ("a wildcard rule of the list", "ck", Some("*.ck")),
            ("a wildcard rule below a suffix", "kawasaki.jp", Some("*.kawasaki.jp")),
            ("an unknown top label", "internal", None),
            ("localhost", "localhost", None),
            ("a name with a suffix below it", "amazonaws.com", Some("s3.amazonaws.com")),
            ("a name with a suffix far below it", "windows.net", Some("web.core.windows.net")),
        ] {
            assert_eq!(public_suffix_under_wildcard(base).as_deref(), expected, "{name}");
        }
    }
}
