//! Who might attack: origins that somebody can hold and a browser sends, built from the one that is trusted.

use fetch_cors::browser::{PageOrigin, Url};

/// A kind of origin that must not get what the trusted one gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Attacker {
    /// A site that has nothing to do with the trusted one: anybody.
    AnySite,
    /// `null`: a sandboxed frame on any site.
    Null,
    /// A name that begins with the trusted one, such as `https://app.example.com.attacker.example`.
    Prefix,
    /// A name that ends with the trusted one, without the dot in between, such as `https://notexample.com`.
    Suffix,
    /// A name with another letter in place of a dot, such as `https://appxexample.com`: a regular expression's `.`.
    LookAlikeDot,
    /// The trusted host over plain http: everybody on the network path.
    PlainHttp,
    /// The trusted host on another port.
    OtherPort,
    /// Another subdomain of the same site.
    Subdomain,
}

impl Attacker {
    /// All of them, the ones that reach most people first.
    pub const ALL: [Self; 8] = [
        Self::AnySite,
        Self::Null,
        Self::Prefix,
        Self::Suffix,
        Self::LookAlikeDot,
        Self::PlainHttp,
        Self::OtherPort,
        Self::Subdomain,
    ];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnySite => "any-site",
            Self::Null => "null",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::LookAlikeDot => "look-alike-dot",
            Self::PlainHttp => "plain-http",
            Self::OtherPort => "other-port",
            Self::Subdomain => "subdomain",
        }
    }

    /// Who that is, for the middle of a sentence.
    pub fn who(self) -> &'static str {
        match self {
            Self::AnySite => "a page of any site",
            Self::Null => "a sandboxed frame on any site (its origin is null)",
            Self::Prefix => "whoever registers a name below which yours can stand (yours is only a prefix)",
            Self::Suffix => "whoever registers a name that ends with yours",
            Self::LookAlikeDot => "whoever registers a name with another letter in place of a dot",
            Self::PlainHttp => "whoever can change plain http traffic to your front end's host",
            Self::OtherPort => "whatever runs on another port of your front end's host",
            Self::Subdomain => "a page of any subdomain of your site",
        }
    }

    /// Whether its pages are on the same site as the trusted origin, so that `SameSite` cookies go along.
    pub fn is_same_site(self) -> bool {
        matches!(self, Self::OtherPort | Self::Subdomain)
    }

    /// Its origin, as a browser sends it. None where there is no such origin: an IP address has no subdomains.
    ///
    /// Every name is reserved by RFC 2606, or consists of the trusted one with letters added; nobody is contacted under it.
    pub fn origin(self, trusted: &Url) -> Option<String> {
        let (scheme, host) = (trusted.scheme(), trusted.host_str()?);
        let port = trusted.port().map(|port| format!(":{port}")).unwrap_or_default();
        let is_name = trusted.domain().is_some() && host.contains('.');
        let site = psl::domain_str(host).filter(|_| is_name);
        Some(match self {
            // Over the same scheme: a page of https sends nothing to plain http.
            Self::AnySite => format!("{scheme}://cors-audit.example"),
            Self::Null => "null".to_owned(),
            Self::Prefix => format!("{scheme}://{host}.cors-audit.example{port}"),
            Self::Suffix => format!("{scheme}://cors-audit{}{port}", site?),
            Self::LookAlikeDot => {
                let label = host.strip_suffix(site?)?.strip_suffix('.')?;
                format!("{scheme}://{label}x{}{port}", site?)
            }
            Self::PlainHttp if scheme == "https" => format!("http://{host}{port}"),
            Self::PlainHttp => return None,
            Self::OtherPort => {
                let other = if trusted.port() == Some(8443) { 8444 } else { 8443 };
                format!("{scheme}://{host}:{other}")
            }
            Self::Subdomain => format!("{scheme}://cors-audit.{}{port}", site?),
        })
    }

    /// The page of that origin.
    pub(super) fn page(origin: &str) -> Option<PageOrigin> {
        if origin == "null" { Some(PageOrigin::Opaque) } else { PageOrigin::of(origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_those_that_somebody_else_can_hold() {
        let rows = [
            ("https://app.shop.example", Attacker::AnySite, Some("https://cors-audit.example")),
            (
                "https://app.shop.example",
                Attacker::Prefix,
                Some("https://app.shop.example.cors-audit.example"),
            ),
            ("https://app.shop.example", Attacker::Suffix, Some("https://cors-auditshop.example")),
            ("https://app.shop.example", Attacker::LookAlikeDot, Some("https://appxshop.example")),
            ("https://app.shop.example", Attacker::PlainHttp, Some("http://app.shop.example")),
            ("https://app.shop.example:8443", Attacker::OtherPort, Some("https://app.shop.example:8444")),
            ("https://app.shop.example", Attacker::Subdomain, Some("https://cors-audit.shop.example")),
            ("https://shop.example", Attacker::LookAlikeDot, None),
            ("http://127.0.0.1:3000", Attacker::Suffix, None),
            ("http://127.0.0.1:3000", Attacker::Subdomain, None),
            ("http://localhost:3000", Attacker::Subdomain, None),
            ("http://localhost:3000", Attacker::PlainHttp, None),
            ("http://localhost:3000", Attacker::Prefix, Some("http://localhost.cors-audit.example:3000")),
        ];
        for (trusted, attacker, expected) in rows {
            let trusted = Url::parse(trusted).unwrap();
            assert_eq!(attacker.origin(&trusted).as_deref(), expected, "{trusted} {attacker:?}");
            if let Some(origin) = expected {
                assert!(Attacker::page(origin).is_some(), "{origin}");
            }
        }
    }
}
