//! The origin of a page, and how it relates to the URL of a request. The server's end has a different parser for origins, so
//! that each can check the other.

use std::{fmt, net::Ipv4Addr};

use url::{Host, Url};

/// The origin of the page whose script sends a request.
///
/// ```
/// use fetch_cors::browser::PageOrigin;
///
/// assert_eq!(PageOrigin::of("https://App.example:443/a/page").unwrap().to_string(), "https://app.example");
/// assert_eq!(PageOrigin::of("file:///home/me/page.html").unwrap(), PageOrigin::Opaque);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageOrigin {
    /// Scheme, host, and port; nearly every page has such an origin.
    Tuple {
        /// For example `https`; browser extensions and apps' web views have custom schemes.
        scheme: String,
        /// In Punycode; IPv6 addresses are in brackets.
        host: String,
        /// None if it is the scheme's default, or the scheme has no ports.
        port: Option<u16>,
    },
    /// An opaque origin, which serializes to `null`: a sandboxed frame, a `data:` URL, a local file.
    Opaque,
}

impl PageOrigin {
    /// The [origin](https://html.spec.whatwg.org/multipage/browsers.html#origin) of a page at this URL; `null` is opaque.
    ///
    /// None if `page` is not a valid URL.
    pub fn of(page: &str) -> Option<Self> {
        if page == "null" {
            return Some(Self::Opaque);
        }
        Some(Self::of_url(&Url::parse(page).ok()?))
    }

    /// <https://url.spec.whatwg.org/#origin>; a custom scheme makes a tuple origin, as it does in apps' web views.
    pub(super) fn of_url(url: &Url) -> Self {
        match url.host_str() {
            Some(host) if !host.is_empty() && url.scheme() != "file" => {
                Self::Tuple { scheme: url.scheme().to_owned(), host: host.to_owned(), port: url.port() }
            }
            _ => Self::Opaque,
        }
    }

    /// <https://html.spec.whatwg.org/multipage/browsers.html#same-origin>. An opaque origin is same-origin with no URL.
    pub(super) fn is_same_origin(&self, url: &Url) -> bool {
        *self != Self::Opaque && *self == Self::of_url(url)
    }

    /// Whether the URL is of the [same site](https://html.spec.whatwg.org/multipage/browsers.html#same-site): the same scheme,
    /// and the same registrable domain or host. An opaque origin is same-site with no URL.
    ///
    /// ```
    /// use fetch_cors::browser::{PageOrigin, Url};
    ///
    /// let page = PageOrigin::of("https://app.example.com").unwrap();
    /// assert!(page.is_same_site(&Url::parse("https://api.example.com/items").unwrap()));
    /// assert!(!page.is_same_site(&Url::parse("http://api.example.com/items").unwrap()));
    /// ```
    pub fn is_same_site(&self, url: &Url) -> bool {
        matches!(self, Self::Tuple { scheme, .. } if scheme == url.scheme())
            && self.is_schemelessly_same_site(url)
    }

    /// <https://html.spec.whatwg.org/multipage/browsers.html#schemelessly-same-site>
    pub(super) fn is_schemelessly_same_site(&self, url: &Url) -> bool {
        let (Self::Tuple { host, .. }, Some(other)) = (self, url.host_str()) else { return false };
        let registrable = |host| psl::domain_str(host).map(ToOwned::to_owned);
        let is_domain = matches!(url.host(), Some(Host::Domain(_)));
        host == other
            || is_domain && registrable(host).is_some_and(|domain| registrable(other) == Some(domain))
    }

    /// Whether its pages are secure contexts, as far as their own origin says.
    pub(super) fn is_potentially_trustworthy(&self) -> bool {
        Url::parse(&self.to_string()).is_ok_and(|url| is_potentially_trustworthy(&url))
    }

    /// Whether its pages are reached over TLS.
    pub(super) fn is_https(&self) -> bool {
        matches!(self, Self::Tuple { scheme, .. } if scheme == "https")
    }
}

impl fmt::Display for PageOrigin {
    /// As browsers [serialize it](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tuple { scheme, host, port: None } => write!(f, "{scheme}://{host}"),
            Self::Tuple { scheme, host, port: Some(port) } => write!(f, "{scheme}://{host}:{port}"),
            Self::Opaque => f.write_str("null"),
        }
    }
}

pub(super) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The URL as it is sent.
pub(super) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Whether browsers treat the URL as secure, as [potentially
/// trustworthy](https://w3c.github.io/webappsec-secure-contexts/#potentially-trustworthy-url): https, and loopback, because nobody
/// else can listen in on that.
///
/// ```
/// use fetch_cors::browser::{Url, is_potentially_trustworthy};
///
/// assert!(is_potentially_trustworthy(&Url::parse("https://api.example/").unwrap()));
/// assert!(is_potentially_trustworthy(&Url::parse("http://localhost:8080/").unwrap()));
/// assert!(!is_potentially_trustworthy(&Url::parse("http://192.168.1.20:8080/").unwrap()));
/// ```
pub fn is_potentially_trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether the host is this machine, by its name or address alone.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether Chromium takes the host for one of the local network by its name or address alone.
pub(super) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name.rsplit('.').next() == Some("local")
        }
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => match (address.to_ipv4_mapped(), address.segments()) {
            (Some(address), _) => is_private_v4(address),
            (None, [first, second, ..]) => {
                // Local addresses of three ages (fc00::/7, fe80::/10, fec0::/10), and two ranges for documentation.
                address.is_unspecified()
                    || first & 0xfe00 == 0xfc00
                    || first & 0xff80 == 0xfe80
                    || (first, second) == (0x2001, 0xdb8)
                    || first == 0x3fff && second & 0xf000 == 0
            }
        },
        None => false,
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_link_local()
        || address.is_loopback()
        || first == 0
        || first == 100 && second & 0xc0 == 64
}
