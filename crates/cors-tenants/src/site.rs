//! Where the service is for browsers, and which tenant a request is for. A preflight carries neither a cookie nor a header of
//! the page's, so the tenant is in the host, as in `acme.localhost:8090/`, or in the path, as in `localhost:8090/t/acme/`.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use url::{Host, Url};

use crate::names::TenantName;

/// The address of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    is_https: bool,
    /// As browsers write it.
    host: String,
    /// Whether tenants may have hosts below it.
    is_name: bool,
    /// None for the scheme's own.
    port: Option<u16>,
}

/// What a request's host says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The service itself; the tenant is in the path.
    Path,
    /// This tenant.
    Host(TenantName),
    /// Another service, or no valid tenant.
    Elsewhere,
}

impl Site {
    /// Reads what people give as the address.
    ///
    /// # Errors
    ///
    /// If it is not an origin of `http` or `https`.
    pub fn parse(text: &str) -> Result<Self, InvalidSite> {
        let invalid = |why: &str| InvalidSite { text: text.to_owned(), why: why.to_owned() };
        let url = Url::parse(text.trim()).map_err(|error| invalid(&error.to_string()))?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("it begins with neither http:// nor https://")),
        };
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it has more than a scheme, a host and a port"));
        }
        let host = url.host().ok_or_else(|| invalid("it has no host"))?;
        let is_name = matches!(host, Host::Domain(_));
        Ok(Self { is_https, host: host.to_string(), is_name, port: url.port() })
    }

    /// Whether browsers reach it by `https`, through whatever is in front.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Its own origin.
    pub fn origin(&self) -> String {
        self.origin_at(&self.authority(&self.host))
    }

    /// A tenant's own origin, if hosts can name tenants.
    pub fn tenant_origin(&self, tenant: &str) -> Option<String> {
        self.is_name.then(|| self.origin_at(&self.authority(&format!("{tenant}.{}", self.host))))
    }

    /// The origin of a page that is reached by this `Host`.
    pub fn origin_at(&self, host: &str) -> String {
        let host = host.strip_suffix(if self.is_https { ":443" } else { ":80" }).unwrap_or(host);
        format!("{}://{}", if self.is_https { "https" } else { "http" }, host.to_ascii_lowercase())
    }

    fn authority(&self, host: &str) -> String {
        self.port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// What a `Host` says. An address instead of a name is the service itself, so that it can be reached behind the back of a
    /// balancer; another name is not, because its owner could point it here, and its pages would then be same-origin.
    pub fn place(&self, host: &str) -> Place {
        let name = host_of(host);
        if name == self.host || is_address(&name) || name == "localhost" {
            return Place::Path;
        }
        let label = name.strip_suffix(&self.host).and_then(|rest| rest.strip_suffix('.'));
        match label.filter(|_| self.is_name).map(str::parse) {
            Some(Ok(tenant)) => Place::Host(tenant),
            _ => Place::Elsewhere,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

/// The host without its port, in lower case.
fn host_of(host: &str) -> String {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        // An IPv6 address has colons of its own.
        Some((name, port)) if is_port(port) && (name.ends_with(']') || !name.starts_with('[')) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
        || matches!(name.parse::<IpAddr>(), Ok(IpAddr::V4(_)))
}

/// An address that the service can't have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSite {
    text: String,
    why: String,
}

impl fmt::Display for InvalidSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not the address of a service ({}); write one such as https://api.example.com",
            self.text, self.why
        )
    }
}

impl std::error::Error for InvalidSite {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_the_service_or_one_of_its_tenants() {
        let acme = || Place::Host("acme".parse().expect("a name"));
        let (local, public) = ("http://localhost:8090", "https://api.example.com");
        for (site, host, expected) in [
            (local, "localhost:8090", Place::Path),
            (local, "LOCALHOST:8090", Place::Path),
            (local, "localhost", Place::Path),
            (local, "127.0.0.1:8090", Place::Path),
            (local, "[::1]:8090", Place::Path),
            (local, "acme.localhost:8090", acme()),
            (local, "ACME.localhost:8090", acme()),
            (local, "acme.localhost", acme()),
            (local, "a.acme.localhost:8090", Place::Elsewhere),
            (local, "www.localhost:8090", Place::Elsewhere),
            (local, ".localhost:8090", Place::Elsewhere),
            (local, "acmelocalhost:8090", Place::Elsewhere),
            (local, "evil.example", Place::Elsewhere),
            (local, "localhost.evil.example", Place::Elsewhere),
            (local, "acme.localhost:8090:1", Place::Elsewhere),
            (local, "acme.localhost:x", Place::Elsewhere),
            (local, "", Place::Elsewhere),
            (local, ":", Place::Elsewhere),
            (local, "[::1", Place::Elsewhere),
            (public, "api.example.com", Place::Path),
            (public, "acme.api.example.com", acme()),
            (public, "acme.api.example.com:443", acme()),
            (public, "acme.example.com", Place::Elsewhere),
            (public, "10.0.0.7:8090", Place::Path),
            ("http://127.0.0.1:8090", "acme.127.0.0.1:8090", Place::Elsewhere),
        ] {
            let site = Site::parse(site).expect("a site");
            assert_eq!(site.place(host), expected, "{site}: {host:?}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_a_host_and_a_port() {
        for (text, origin, tenant) in [
            ("http://localhost:8090", "http://localhost:8090", Some("http://acme.localhost:8090")),
            ("https://API.example.com/", "https://api.example.com", Some("https://acme.api.example.com")),
            ("https://api.example.com:443", "https://api.example.com", Some("https://acme.api.example.com")),
            ("http://127.0.0.1:80", "http://127.0.0.1", None),
            ("http://[::1]:8090", "http://[::1]:8090", None),
        ] {
            let site = Site::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((site.origin().as_str(), site.tenant_origin("acme").as_deref()), (origin, tenant));
        }
        for text in
            ["", "localhost:8090", "ftp://x", "https://a/b", "https://u@a", "https://a?b", "https://", "//a"]
        {
            assert!(Site::parse(text).is_err(), "{text:?}");
        }
    }
}
