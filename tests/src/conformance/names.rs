//! The hosts of the vectors on this machine: `http://site.test` is `http://localhost:P`, another host of its site
//! `localhost` at another port, another site `127.0.0.1`, the next `127.0.0.2`. Names are mapped here, in URLs and in
//! header values, and mapped back for people.
//!
//! Each vector has its own path at each host, `/v/7`, so that no cache mixes it with another.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
};

use fetch_cors::browser::AddressSpace;
use url::{Position, Url};

/// Where each origin of the vectors is reached.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// From an origin to the host and port that stand for it.
    origins: BTreeMap<String, String>,
    /// The sites other than the page's, in the order of their addresses.
    sites: Vec<String>,
    /// Where a run states address spaces: the hosts keep their names and addresses, which the browser maps to loopback, and
    /// this is the address space of each port.
    spaces: Option<BTreeMap<u16, AddressSpace>>,
    listeners: Vec<TcpListener>,
}

impl Names {
    /// With the three origins that the vectors' README names.
    pub(super) fn new() -> io::Result<Self> {
        let mut names = Self::default();
        for origin in ["http://site.test", "http://api.site.test", "http://other.test"] {
            names.add(origin, false)?;
        }
        Ok(names)
    }

    /// For a browser that is started with the [arguments](Self::arguments).
    pub(super) fn with_address_spaces() -> Self {
        Self { spaces: Some(BTreeMap::new()), ..Self::default() }
    }

    /// States the address space of a page's origin, in place of the one of its host.
    pub(super) fn add_page(&mut self, page: &str, space: AddressSpace) -> io::Result<()> {
        self.add(page, false)?;
        let port = Url::parse(&self.origin(page)).ok().and_then(|url| url.port());
        if let (Some(spaces), Some(port)) = (&mut self.spaces, port) {
            spaces.insert(port, space);
        }
        Ok(())
    }

    /// What makes Chromium find each host at loopback, and take its address for one of its address space.
    pub(super) fn arguments(&self) -> Vec<String> {
        let Some(spaces) = &self.spaces else { return Vec::new() };
        let overrides: Vec<_> =
            spaces.iter().map(|(port, space)| format!("127.0.0.1:{port}={space}")).collect();
        vec![
            "--host-resolver-rules=MAP * 127.0.0.1".to_owned(),
            format!("--ip-address-space-overrides={}", overrides.join(",")),
        ]
    }

    /// Opens a port for the URL's origin. A port that browsers refuse has to stay as it is.
    pub(super) fn add(&mut self, url: &str, keeps_port: bool) -> io::Result<()> {
        let Ok(url) = Url::parse(url) else { return Ok(()) };
        let origin = url.origin().ascii_serialization();
        if url.scheme() != "http" || self.origins.contains_key(&origin) {
            return Ok(());
        }
        if self.spaces.is_some() {
            let Some(host) = url.host_str() else { return Ok(()) };
            let port = self.listen(Some(Ipv4Addr::LOCALHOST), 0)?;
            self.origins.insert(origin, format!("{host}:{port}"));
            self.spaces.get_or_insert_default().insert(port, AddressSpace::of(&url));
            return Ok(());
        }
        let Some(host) = url.domain() else { return Ok(()) };
        let site = psl::domain_str(host).unwrap_or(host);
        let address = if site == "site.test" { None } else { Some(self.site(site)) };
        let port = match url.port().filter(|_| keeps_port) {
            Some(port) => {
                // Browsers should never connect to it. If we may listen there, we see whether they do.
                let _ = self.listen(address, port);
                port
            }
            None => self.listen(address, 0)?,
        };
        let host = address.map_or_else(|| "localhost".to_owned(), |address| address.to_string());
        self.origins.insert(origin, format!("{host}:{port}"));
        Ok(())
    }

    fn site(&mut self, site: &str) -> Ipv4Addr {
        let index = self.sites.iter().position(|known| known == site).unwrap_or_else(|| {
            self.sites.push(site.to_owned());
            self.sites.len() - 1
        });
        Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + u32::try_from(index).unwrap_or_default())
    }

    /// Without an address, listens at both addresses that `localhost` may mean.
    fn listen(&mut self, address: Option<Ipv4Addr>, port: u16) -> io::Result<u16> {
        let listener = TcpListener::bind((address.unwrap_or(Ipv4Addr::LOCALHOST), port))?;
        let port = listener.local_addr()?.port();
        self.listeners.push(listener);
        if address.is_none()
            && let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, port))
        {
            self.listeners.push(listener);
        }
        Ok(port)
    }

    /// All ports, once.
    pub(super) fn take_listeners(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.listeners)
    }

    /// `http://localhost:P` for `http://site.test`; an unknown origin is unchanged.
    pub(super) fn origin(&self, origin: &str) -> String {
        self.origins.get(origin).map_or_else(|| origin.to_owned(), |host| format!("http://{host}"))
    }

    /// A header's value: every origin in it is mapped.
    pub(super) fn value(&self, value: &str) -> String {
        const SCHEME: &str = "http://";
        let mut mapped = String::new();
        let mut rest = value;
        while let Some(at) = rest.find(SCHEME) {
            let authority = &rest[at + SCHEME.len()..];
            let is_part = |character: char| character.is_ascii_alphanumeric() || ".-:".contains(character);
            let length = authority.find(|character| !is_part(character)).unwrap_or(authority.len());
            let end = at + SCHEME.len() + length;
            mapped.push_str(&rest[..at]);
            mapped.push_str(&self.origin(&rest[at..end]));
            rest = &rest[end..];
        }
        mapped + rest
    }

    /// A URL, as a script or a `Location` writes it, mapped and with the vector's own path. Anything but a URL of a known
    /// host is unchanged.
    pub(super) fn url(&self, vector: usize, text: &str) -> String {
        let prefix = format!("/v/{vector}");
        if text.starts_with('/') && !text.starts_with("//") {
            return prefix + text;
        }
        let absolute = if text.starts_with("//") { format!("http:{text}") } else { text.to_owned() };
        let Ok(url) = Url::parse(&absolute) else { return text.to_owned() };
        let Some(host) = self.origins.get(&url.origin().ascii_serialization()) else {
            return text.to_owned();
        };
        let login = &url[Position::BeforeUsername..Position::BeforeHost];
        // The path as it is written, unless it would leave the vector's own path.
        let written = absolute
            .strip_prefix("http://")
            .and_then(|rest| rest.find(['/', '?', '#']).map(|at| &rest[at..]))
            .filter(|path| path.starts_with('/') && !path.contains(['\\']) && !path.contains("/."))
            .unwrap_or(&url[Position::BeforePath..]);
        let scheme = if text.starts_with("//") { "//" } else { "http://" };
        format!("{scheme}{login}{host}{prefix}{written}")
    }

    /// A text of an engine or a server with the names that the vectors use.
    pub(super) fn unmap(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // `localhost:80` must not be found in `localhost:8080`.
        let mut origins: Vec<_> = self.origins.iter().collect();
        origins.sort_by_key(|(_, host)| std::cmp::Reverse(host.len()));
        for (origin, host) in origins {
            text = without_prefix(&text, host, origin.trim_start_matches("http://"));
        }
        text
    }
}

/// Replaces `from` by `to`, and removes a vector's own path after it.
fn without_prefix(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(to);
        let rest = part.strip_prefix("/v/").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        result.push_str(rest.unwrap_or(part));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        for (origin, host) in [
            ("http://site.test", "localhost:1"),
            ("http://site.test:81", "localhost:12"),
            ("http://api.site.test", "localhost:2"),
            ("http://other.test", "127.0.0.1:3"),
        ] {
            names.origins.insert(origin.to_owned(), host.to_owned());
        }
        names
    }

    #[test]
    fn values() {
        for (value, mapped) in [
            ("http://site.test", "http://localhost:1"),
            ("http://site.test/", "http://localhost:1/"),
            ("http://site.test:81", "http://localhost:12"),
            ("http://site.test:80", "http://site.test:80"),
            ("http://site.test.evil", "http://site.test.evil"),
            ("HTTP://SITE.TEST", "HTTP://SITE.TEST"),
            ("https://site.test", "https://site.test"),
            ("http://site.test, http://other.test", "http://localhost:1, http://127.0.0.1:3"),
            ("\"http://site.test\"", "\"http://localhost:1\""),
            ("*", "*"),
        ] {
            assert_eq!(names().value(value), mapped, "{value}");
        }
    }

    #[test]
    fn urls() {
        for (url, mapped) in [
            ("http://api.site.test/", "http://localhost:2/v/7/"),
            ("http://api.site.test", "http://localhost:2/v/7/"),
            ("http://api.site.test:80/a?b#c", "http://localhost:2/v/7/a?b#c"),
            ("http://user:pass@other.test/", "http://user:pass@127.0.0.1:3/v/7/"),
            ("//other.test/a", "//127.0.0.1:3/v/7/a"),
            ("http://api.site.test/../a", "http://localhost:2/v/7/a"),
            ("http://api.site.test?a", "http://localhost:2/v/7/?a"),
            ("/a", "/v/7/a"),
            ("a", "a"),
            ("https://", "https://"),
            ("ftp://api.site.test/", "ftp://api.site.test/"),
        ] {
            assert_eq!(names().url(7, url), mapped, "{url}");
        }
    }

    #[test]
    fn address_spaces() {
        let mut names = Names::with_address_spaces();
        names.add_page("http://localhost:3000", AddressSpace::Public).unwrap();
        for url in ["http://localhost:3000/a", "http://[::1]/", "http://10.0.0.1/", "http://api.site.test/"] {
            names.add(url, false).unwrap();
        }
        let port = |origin: &str| names.origin(origin).rsplit(':').next().unwrap().to_owned();
        let [_, overrides] = &names.arguments()[..] else { panic!("{:?}", names.arguments()) };
        for (origin, space) in [
            ("http://localhost:3000", "public"),
            ("http://[::1]", "loopback"),
            ("http://10.0.0.1", "local"),
            ("http://api.site.test", "public"),
        ] {
            assert!(
                overrides.contains(&format!("127.0.0.1:{}={space}", port(origin))),
                "{origin}: {overrides}"
            );
        }
        assert_eq!(
            names.url(7, "http://10.0.0.1/a"),
            format!("http://10.0.0.1:{}/v/7/a", port("http://10.0.0.1"))
        );
        assert!(Names::new().unwrap().arguments().is_empty());
    }

    #[test]
    fn back() {
        let text = "at http://localhost:12/v/7/a from http://localhost:1, not http://me@localhost:2/v/7/";
        let names = names().unmap(text);
        assert_eq!(names, "at http://site.test:81/a from http://site.test, not http://me@api.site.test/");
    }
}
