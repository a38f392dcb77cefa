//! A serialized origin: the text by which a browser identifies where a page comes from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    InvalidOrigin, host,
    pattern::{self, Pattern},
    problem::ProblemKind,
};

/// An origin as browsers [serialize it](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin):
/// scheme, host, and the port unless it is the scheme's default.
///
/// The opaque origin, `null`, is not one of them: it does not identify a site.
///
/// ```
/// use fetch_cors::Origin;
///
/// fn main() -> Result<(), fetch_cors::InvalidOrigin> {
///     let origin: Origin = "https://app.example.com".parse()?;
///     assert_eq!(origin.as_str(), "https://app.example.com");
///     assert_eq!((origin.scheme(), origin.host(), origin.port()), ("https", "app.example.com", None));
///
///     assert_eq!(
///         "https://app.example.com/".parse::<Origin>().unwrap_err().suggestion(),
///         Some("https://app.example.com")
///     );
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Box<str>);

impl Origin {
    /// The origin of a URL that somebody typed: without path, query and fragment, in lower case, in Punycode and without the
    /// default port. For addresses that operators enter; what a client sends must be an origin as it is.
    ///
    /// ```
    /// use fetch_cors::Origin;
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidOrigin> {
    ///     assert_eq!(Origin::of_url("https://Site.example:443/path")?.as_str(), "https://site.example");
    ///     assert!(Origin::of_url("site.example").is_err());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When the text has no scheme, a user name, or a host that no browser would send. Nothing is guessed.
    pub fn of_url(url: &str) -> Result<Self, InvalidOrigin> {
        let authority = url.find("://").map_or(0, |colon| colon + "://".len());
        let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |slash| authority + slash);
        // The URL of a local file says nothing about the origin: most browsers send `null` for it.
        if url[..end].eq_ignore_ascii_case("file://") {
            return Err(InvalidOrigin::new(url, ProblemKind::OpaqueScheme.into()));
        }
        url[..end].parse().or_else(|invalid: InvalidOrigin| match (invalid.kind(), invalid.suggestion()) {
            (
                ProblemKind::UpperCase
                | ProblemKind::DefaultPort
                | ProblemKind::UnicodeHost
                | ProblemKind::IpAddressForm,
                Some(serialized),
            ) if is_the_same(&url[..end], serialized) => serialized.parse(),
            _ => Err(invalid),
        })
    }

    /// The serialized origin, as in an `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme, without `://`.
    pub fn scheme(&self) -> &str {
        self.parts().0
    }

    /// The host; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        self.parts().1
    }

    /// The port; none if it is the scheme's default.
    pub fn port(&self) -> Option<u16> {
        self.parts().2
    }

    fn parts(&self) -> (&str, &str, Option<u16>) {
        let (scheme, authority) = self.0.split_once("://").unwrap_or((&self.0, ""));
        match authority.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => (scheme, host, Some(port)),
            _ => (scheme, authority, None),
        }
    }

    /// Whether this is an `https` origin with the default port whose host is one or more labels below `domain`, never
    /// `domain` itself. It is what the pattern `https://*.domain` matches.
    ///
    /// ```
    /// use fetch_cors::Origin;
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidOrigin> {
    ///     let origin: Origin = "https://a.b.example.com".parse()?;
    ///     assert!(origin.is_subdomain_of("example.com"));
    ///
    ///     let others =
    ///         ["https://example.com", "https://evilexample.com", "http://a.example.com", "https://a.example.com:8443"];
    ///     for other in others {
    ///         assert!(!other.parse::<Origin>()?.is_subdomain_of("example.com"), "{other}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn is_subdomain_of(&self, domain: &str) -> bool {
        let labels = self.host().strip_suffix(domain).and_then(|labels| labels.strip_suffix('.'));
        self.scheme() == "https"
            && self.port().is_none()
            && !domain.is_empty()
            && !domain.starts_with('.')
            // An address has no subdomains.
            && !host::ends_in_a_number(domain)
            && labels.is_some_and(|labels| !labels.is_empty())
    }
}

/// Whether a suggestion only serializes what was written, and doesn't guess in addition, as for `HTPS://…` or `WS://…`.
fn is_the_same(written: &str, serialized: &str) -> bool {
    let scheme = |text: &str| text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let (host, port) = pattern::split_port(pattern::authority(written));
    scheme(written) == scheme(serialized)
        && !host.contains(['@', '*'])
        && port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

impl TryFrom<&str> for Origin {
    type Error = InvalidOrigin;

    fn try_from(value: &str) -> Result<Self, InvalidOrigin> {
        value.parse()
    }
}

/// As its text.
impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// From its text, which is checked.
impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(value: &str) -> Result<Self, InvalidOrigin> {
        let is_pattern = || Err(InvalidOrigin::new(value, ProblemKind::MisplacedWildcard.into()));
        // Whether a pattern in Punycode matches anything is found out by trying tens of thousands of names, and a client may
        // have written it.
        if value.contains('*') && value.to_ascii_lowercase().contains("xn--") {
            return is_pattern();
        }
        match pattern::parse(value) {
            Ok(Pattern::Exact(origin)) => Ok(Self(origin.into())),
            Ok(Pattern::Any | Pattern::Wildcard(_)) => is_pattern(),
            Err(fault) => {
                let is_origin = |text: &String| matches!(pattern::parse(text), Ok(Pattern::Exact(_)));
                let suggestion = fault.suggestion.filter(is_origin);
                Err(InvalidOrigin::new(value, pattern::fault(fault.kind, value, suggestion)))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (text, scheme, host, port) in [
            ("https://a.example", "https", "a.example", None),
            ("http://a.example:8080", "http", "a.example", Some(8080)),
            ("http://[::1]", "http", "[::1]", None),
            ("http://[::1]:3000", "http", "[::1]", Some(3000)),
            ("tauri://localhost", "tauri", "localhost", None),
        ] {
            let origin = Origin::try_from(text).unwrap();
            assert_eq!((origin.scheme(), origin.host(), origin.port()), (scheme, host, port), "{text}");
            assert_eq!(
                serde_json::from_value::<Origin>(serde_json::to_value(&origin).unwrap()).unwrap(),
                origin
            );
        }
        assert!(serde_json::from_str::<Origin>("\"https://a.example/\"").is_err());
        assert!(serde_json::from_str::<Origin>("\"https://*.example\"").is_err());
    }

    #[test]
    fn urls() {
        for (url, expected) in [
            ("https://a.example", Some("https://a.example")),
            ("https://a.example/", Some("https://a.example")),
            ("https://A.example:443/x(y)?z=https://b.example#$", Some("https://a.example")),
            ("HTTP://a.example:80", Some("http://a.example")),
            ("https://b\u{fc}cher.example/", Some("https://xn--bcher-kva.example")),
            ("tauri://localhost/x", Some("tauri://localhost")),
            ("a.example", None),
            ("//a.example/", None),
            ("https://user@a.example/", None),
            ("https://*.example/", None),
            ("htps://a.example/", None),
            // A suggestion repairs more than the letters' case.
            ("HTPS://a.example/", None),
            ("httTs://a.example/", None),
            ("WS://a.example/", None),
            ("Wss://a.example/", None),
            ("HTTPS://user@a.example/", None),
            ("HTTPS://user:pass@a.example/", None),
            ("HTTPS://https:a.example/", None),
            ("HTTPS://a.example:+443/", None),
            ("HTTPS://*a.example/", None),
            ("HTTPS://a.example:0443/", Some("https://a.example")),
            ("HTTPS://a.example:/", Some("https://a.example")),
            ("https:///", None),
            ("https://a.example\\@b.example/", None),
            ("null", None),
            ("file:///etc", None),
            ("", None),
        ] {
            let origin = Origin::of_url(url).ok();
            assert_eq!(origin.as_ref().map(Origin::as_str), expected, "{url}");
        }
    }

    #[test]
    fn subdomains() {
        for (text, domain, expected) in [
            ("https://a.example.com", "example.com", true),
            ("https://a.b.example.com", "example.com", true),
            ("https://example.com", "example.com", false),
            ("https://evilexample.com", "example.com", false),
            ("https://a.example.com.evil.test", "example.com", false),
            ("https://a.example.com:8443", "example.com", false),
            ("http://a.example.com", "example.com", false),
            ("tauri://a.example.com", "example.com", false),
            ("https://a.example.com.", "example.com", false),
            ("https://a.example.com", "", false),
            ("https://a.example.com", ".example.com", false),
            ("https://a.example.com", "EXAMPLE.com", false),
            ("https://127.0.0.1", "0.0.1", false),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_subdomain_of(domain), expected, "{text} {domain}");
        }
    }
}
