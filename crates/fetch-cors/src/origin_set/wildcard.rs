//! Patterns that match many origins, as data. `policy::pattern` reads them from what a person wrote.

use std::{fmt, iter};

use super::labels::{MAX_HOST, MAX_LABEL};

/// The longest origin that a policy can list, in bytes. A web origin has at most 268; the rest is room for custom schemes.
pub(crate) const MAX_ORIGIN: usize = 512;

/// At most this many patterns with a `*` inside a label may have the same parent, scheme and port, because a lookup compares
/// each of them.
pub(crate) const MAX_IN_LABEL: usize = 64;

/// A pattern that matches many origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wildcard<'a> {
    Host(HostWildcard<'a>),
    InLabel(InLabel<'a>),
    Subnet(Subnet),
    Extension(Extension),
}

/// A pattern for whole labels at the front of a web origin's host, for its port, or for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostWildcard<'a> {
    /// `https` if true, else `http`: patterns have no other schemes.
    pub(crate) secure: bool,
    /// Whether `*.` precedes the host. It matches one or more labels.
    pub(crate) subdomains: bool,
    pub(crate) host: &'a str,
    pub(crate) port: Port,
}

/// A pattern with a `*` inside the first label of a web origin's host, as in `https://pr-*.example.com`. The `*` matches one
/// or more of `a-z`, `0-9` and `-`, never a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InLabel<'a> {
    pub(crate) secure: bool,
    /// The label's bytes before the `*`. Not both this and `suffix` are empty.
    pub(crate) prefix: &'a str,
    /// The label's bytes after the `*`.
    pub(crate) suffix: &'a str,
    /// The host after the first dot.
    pub(crate) parent: &'a str,
    pub(crate) port: Port,
}

/// A pattern for the last octets of a private IPv4 address, as in `http://192.168.*.*:5173`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subnet {
    pub(crate) secure: bool,
    /// The octets in front of the first `*`; the rest are zero.
    pub(crate) octets: [u8; 4],
    /// How many octets are in front of the first `*`: one to three.
    pub(crate) fixed: usize,
    pub(crate) port: Port,
}

/// A scheme of browser extensions, whose hosts differ per installation: a pattern such as `moz-extension://*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extension {
    Chrome,
    Moz,
    SafariWeb,
    VsCodeWebview,
}

/// The port of an origin or pattern, as it is serialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Port {
    /// No port is written: the scheme's default.
    Default,
    Number(u16),
    /// `:*`: any port, including the default.
    Any,
}

impl<'a> InLabel<'a> {
    /// Whether the pattern matches this label in front of its parent. Its length is not looked at.
    pub(crate) fn matches(self, label: &[u8]) -> bool {
        is_star_between(self.prefix.as_bytes(), self.suffix.as_bytes(), label)
    }

    /// The pattern that matches every subdomain of the parent.
    pub(crate) fn whole_label(self) -> HostWildcard<'a> {
        let Self { secure, parent: host, port, .. } = self;
        HostWildcard { secure, subdomains: true, host, port }
    }

    /// The length of the longest label that fits in front of the parent.
    pub(crate) fn longest_label(self) -> usize {
        let room = MAX_HOST + usize::from(self.parent.ends_with('.'));
        room.saturating_sub(self.parent.len() + 1).min(MAX_LABEL)
    }

    /// Whether this pattern matches everything that `other` does.
    ///
    /// What `other`'s `*` stands for begins with an arbitrary byte and ends with one. So a prefix longer than `other`'s leaves
    /// out some of its labels, and one that is not the start of it leaves out all; the same goes for the suffix. What `other`
    /// has beyond them, this pattern's `*` must be able to match. The lengths add no condition: both have the same room.
    pub(crate) fn covers(self, other: InLabel<'_>) -> bool {
        let between = || {
            let prefix = other.prefix.strip_prefix(self.prefix)?;
            Some((prefix, other.suffix.strip_suffix(self.suffix)?))
        };
        (self.secure, self.parent) == (other.secure, other.parent)
            && (self.port == Port::Any || self.port == other.port)
            && between().is_some_and(|(start, end)| start.bytes().chain(end.bytes()).all(is_star_byte))
            && (is_punycode(self.prefix.as_bytes()) || !is_punycode(other.prefix.as_bytes()))
    }
}

impl Subnet {
    /// The host, as in `192.168.*.*`.
    pub(crate) fn host(self) -> String {
        let octets = self.octets[..self.fixed].iter().map(ToString::to_string);
        let stars = iter::repeat_n("*".to_owned(), 4 - self.fixed);
        octets.chain(stars).collect::<Vec<_>>().join(".")
    }
}

impl Extension {
    pub(crate) const ALL: [Self; 4] = [Self::Chrome, Self::Moz, Self::SafariWeb, Self::VsCodeWebview];

    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Chrome => "chrome-extension",
            Self::Moz => "moz-extension",
            Self::SafariWeb => "safari-web-extension",
            Self::VsCodeWebview => "vscode-webview",
        }
    }

    pub(crate) fn of_scheme(scheme: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extension| extension.scheme() == scheme)
    }

    /// Whether a browser may send this as the host of such an origin.
    pub(crate) fn is_host(self, host: &[u8]) -> bool {
        match self {
            // https://developer.chrome.com/docs/extensions/reference/manifest/key
            Self::Chrome => host.len() == 32 && host.iter().all(|byte| matches!(byte, b'a'..=b'p')),
            // The UUID of a Firefox extension.
            Self::Moz => {
                host.len() == 36 && host.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
            }
            Self::SafariWeb | Self::VsCodeWebview => is_custom_host(host),
        }
    }
}

/// Whether this may be the host of an origin with a custom scheme.
pub(crate) fn is_custom_host(host: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~');
    !host.is_empty() && host.iter().all(is_allowed)
}

/// Whether a label is a prefix, what a `*` inside a label matches, and a suffix.
pub(super) fn is_star_between(prefix: &[u8], suffix: &[u8], label: &[u8]) -> bool {
    let star = label.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    star.is_some_and(|star| !star.is_empty() && star.iter().copied().all(is_star_byte))
        && (!is_punycode(label) || is_punycode(prefix))
}

/// Whether a `*` inside a label matches this byte.
pub(crate) fn is_star_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

/// Whether a label, or what it begins with, says that it is in Punycode. Then a `*` that stands inside of it would match
/// parts of letters, so only a pattern that says so itself matches such a label.
pub(crate) fn is_punycode(label: &[u8]) -> bool {
    label.starts_with(b"xn--")
}

impl fmt::Display for Wildcard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::InLabel(InLabel { secure, prefix, suffix, parent, port }) => {
                write!(f, "{}://{prefix}*{suffix}.{parent}{port}", scheme(*secure))
            }
            Self::Subnet(subnet) => {
                write!(f, "{}://{}{}", scheme(subnet.secure), subnet.host(), subnet.port)
            }
            Self::Extension(extension) => write!(f, "{}://*", extension.scheme()),
        }
    }
}

impl fmt::Display for HostWildcard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subdomains = if self.subdomains { "*." } else { "" };
        write!(f, "{}://{subdomains}{}{}", scheme(self.secure), self.host, self.port)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::Number(number) => write!(f, ":{number}"),
            Self::Any => f.write_str(":*"),
        }
    }
}

/// The scheme of a web origin.
pub(crate) const fn scheme(secure: bool) -> &'static str {
    if secure { "https" } else { "http" }
}

pub(crate) const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// A port as browsers write it: 1 to 65535, decimal, no leading zero.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let canonical =
        matches!(text.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    if canonical { text.parse().ok() } else { None }
}
