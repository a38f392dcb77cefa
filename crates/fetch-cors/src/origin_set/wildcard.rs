//! A pattern that matches many web origins, as data. `policy::pattern` reads it from what a person wrote.

/// The longest origin that a policy can list, in bytes. A web origin has at most 268; the rest is room for custom schemes.
pub(crate) const MAX_ORIGIN: usize = 512;

/// A pattern that matches many web origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wildcard<'a> {
    /// `https` if true, else `http`: patterns have no other schemes.
    pub(crate) secure: bool,
    /// Whether `*.` precedes the host. It matches one or more labels.
    pub(crate) subdomains: bool,
    pub(crate) host: &'a str,
    pub(crate) port: Port,
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

impl std::fmt::Display for Wildcard<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let subdomains = if self.subdomains { "*." } else { "" };
        write!(f, "{scheme}://{subdomains}{}{}", self.host, self.port)
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::Number(number) => write!(f, ":{number}"),
            Self::Any => f.write_str(":*"),
        }
    }
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
