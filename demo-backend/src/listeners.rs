//! Where the servers listen: a host name and a port, bound at every address that the name has.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _},
};

use url::{Host, Url};

use crate::start_error::StartError;

/// One server's sockets: one for each address that its host name has.
pub(crate) struct Listeners {
    host: Host,
    port: u16,
    pub(crate) sockets: Vec<TcpListener>,
}

impl Listeners {
    /// How often another free port is tried if the first one is free at some of the addresses only.
    const TRIES: usize = 10;

    pub(crate) fn bind(address: &str) -> Result<Self, StartError> {
        let (host, port) =
            read_address(address).map_err(|why| StartError::BadAddress(address.to_owned(), why))?;
        let resolved = resolve(&host, port)
            .map_err(|error| StartError::BadAddress(address.to_owned(), error.to_string()))?;

        let mut tries = 1;
        loop {
            match Self::bind_all(&host, &resolved) {
                // A port that is free at one address may be taken at another.
                Err(StartError::CannotListen(_, error))
                    if error.kind() == io::ErrorKind::AddrInUse
                        && resolved.iter().all(|address| address.port() == 0)
                        && tries < Self::TRIES =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    fn bind_all(host: &Host, addresses: &[SocketAddr]) -> Result<Self, StartError> {
        let (mut sockets, mut port, mut unavailable) = (Vec::new(), 0, None);
        for &address in addresses {
            let address = if port == 0 { address } else { SocketAddr::new(address.ip(), port) };
            let bound =
                TcpListener::bind(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
            match bound {
                Ok((bound_port, socket)) => {
                    port = bound_port;
                    sockets.push(socket);
                }
                // A machine without IPv6, or without IPv4, has only the other address.
                Err(error) if error.kind() != io::ErrorKind::AddrInUse && addresses.len() > 1 => {
                    unavailable = Some(StartError::CannotListen(address, error));
                }
                Err(error) => return Err(StartError::CannotListen(address, error)),
            }
        }
        match unavailable {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { host: host.clone(), port, sockets }),
        }
    }

    /// The origin under which browsers reach it. A wildcard address can't be browsed to.
    pub(crate) fn url(&self) -> String {
        let is_wildcard = match self.host {
            Host::Domain(_) => false,
            Host::Ipv4(address) => address.is_unspecified(),
            Host::Ipv6(address) => address.is_unspecified(),
        };
        let host = if is_wildcard { LOCALHOST.to_owned() } else { self.host.to_string() };
        format!("http://{}", authority(&host, self.port))
    }

    /// The port of all its sockets.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.sockets.iter().all(|socket| socket.local_addr().is_ok_and(|address| address.ip().is_loopback()))
    }

    /// The other origin of the same server: its address instead of its name.
    pub(crate) fn alias(&self) -> Option<String> {
        let is_bound = self
            .sockets
            .iter()
            .any(|socket| socket.local_addr().is_ok_and(|address| address.ip() == Ipv4Addr::LOCALHOST));
        let has_name = matches!(&self.host, Host::Domain(name) if name == LOCALHOST);
        (has_name && is_bound && self.port != 80)
            .then(|| format!("http://{}", authority("127.0.0.1", self.port)))
    }

    /// The socket by which the Lab itself reaches the server.
    pub(crate) fn socket(&self) -> Option<SocketAddr> {
        let address = self.sockets.first()?.local_addr().ok()?;
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Some(SocketAddr::new(ip, address.port()))
    }

    /// The `Host` values that a browser on this machine sends.
    pub(crate) fn hosts(&self) -> Vec<String> {
        [self.host.to_string().as_str(), LOCALHOST, "127.0.0.1", "[::1]"]
            .map(|name| authority(name, self.port))
            .to_vec()
    }
}

const LOCALHOST: &str = "localhost";

/// As browsers write it: without the port that `http` has anyway.
fn authority(host: &str, port: u16) -> String {
    if port == 80 { host.to_owned() } else { format!("{host}:{port}") }
}

/// A host as browsers write it, whatever it was typed as, and a port. Says why there is none.
fn read_address(address: &str) -> Result<(Host, u16), String> {
    if let Some(character) = address.chars().find(|c| "/\\?#@%".contains(*c) || c.is_whitespace()) {
        return Err(format!("it has a {character:?}"));
    }
    let (host, port) = address.rsplit_once(':').ok_or("it has no port")?;
    let port = Some(port)
        .filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|port| port.parse().ok())
        .ok_or("its port is not a number from 0 to 65535")?;
    if host.contains(':') && !host.starts_with('[') {
        return Err("an IPv6 address is in brackets".to_owned());
    }
    let url = Url::parse(&format!("http://{host}/")).map_err(|error| error.to_string())?;
    let host = url.host().ok_or("it has no host")?;
    Ok((host.to_owned(), port))
}

/// Whether a name leads to this machine wherever it is used: `localhost`, and those below it.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == LOCALHOST || name.ends_with(".localhost")
}

fn resolve(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    let name = match host {
        Host::Ipv4(address) => return Ok(vec![SocketAddr::from((*address, port))]),
        Host::Ipv6(address) => return Ok(vec![SocketAddr::from((*address, port))]),
        Host::Domain(name) => name,
    };
    let found = (name.as_str(), port).to_socket_addrs();
    // Some systems resolve `localhost` to one of the two addresses only, and names below it to none; browsers try both.
    let mut addresses: Vec<SocketAddr> = if is_localhost(name) {
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        found.into_iter().flatten().chain(loopback.map(|address| SocketAddr::new(address, port))).collect()
    } else {
        found?.collect()
    };
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_browsers_make_of_it() {
        for (typed, url, has_alias) in [
            ("localhost:0", "http://localhost", true),
            ("LOCALHOST:0", "http://localhost", true),
            ("LocalHost:0", "http://localhost", true),
            ("ｌocalhost:0", "http://localhost", true),
            ("localhost.:0", "http://localhost.", false),
            ("api.localhost:0", "http://api.localhost", false),
            ("API.Localhost:0", "http://api.localhost", false),
            ("127.0.0.1:0", "http://127.0.0.1", false),
            ("127.1:0", "http://127.0.0.1", false),
            ("0x7f.1:0", "http://127.0.0.1", false),
            ("2130706433:0", "http://127.0.0.1", false),
            ("0177.0.0.1:0", "http://127.0.0.1", false),
            ("127.0.0.1.:0", "http://127.0.0.1", false),
            ("0.0.0.0:0", "http://localhost", false),
            ("0:0", "http://localhost", false),
            ("[::1]:0", "http://[::1]", false),
            ("[0:0:0:0:0:0:0:1]:0", "http://[::1]", false),
            ("[::0.0.0.1]:0", "http://[::1]", false),
            ("[::]:0", "http://localhost", false),
            ("[0::0]:0", "http://localhost", false),
        ] {
            let listeners = Listeners::bind(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
            let port = listeners.port;
            assert_eq!(listeners.url(), format!("{url}:{port}"), "{typed}");
            let parsed = Url::parse(&format!("http://{}:{port}", &typed[..typed.len() - 2]));
            if !url.ends_with("//localhost") {
                let origin = parsed.map(|url| url.origin().ascii_serialization());
                assert_eq!(origin, Ok(listeners.url()), "{typed}: a URL with it has this origin");
            }
            let alias = has_alias.then(|| format!("http://127.0.0.1:{port}"));
            assert_eq!(listeners.alias(), alias, "{typed}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_the_reason() {
        for (typed, why) in [
            ("", "it has no port"),
            ("localhost", "it has no port"),
            (":8080", "empty host"),
            ("localhost:", "its port is not a number"),
            ("localhost:http", "its port is not a number"),
            ("localhost:+80", "its port is not a number"),
            ("localhost:-1", "its port is not a number"),
            ("localhost:65536", "its port is not a number"),
            ("http://localhost:8080", "it has a '/'"),
            ("localhost:8080/", "it has a '/'"),
            ("user@localhost:8080", "it has a '@'"),
            ("localhost:8080?x", "it has a '?'"),
            ("localhost:8080#x", "it has a '#'"),
            ("local host:8080", "it has a ' '"),
            ("local\thost:8080", "it has a '\\t'"),
            ("%6cocalhost:8080", "it has a '%'"),
            ("[fe80::1%eth0]:8080", "it has a '%'"),
            ("::1:8080", "an IPv6 address is in brackets"),
            ("[::1:8080", "invalid IPv6 address"),
            ("1.2.3.4.5:8080", "invalid IPv4 address"),
            ("999.1.1.1:8080", "invalid IPv4 address"),
        ] {
            match Listeners::bind(typed) {
                Err(StartError::BadAddress(address, said)) => {
                    assert_eq!(address, typed);
                    assert!(said.contains(why), "{typed}: {why:?} should be in {said:?}");
                }
                Err(error) => panic!("{typed}: {error}"),
                Ok(listeners) => panic!("{typed} is bound as {}", listeners.url()),
            }
        }
    }

    #[test]
    fn port_80_is_not_written() {
        let listeners = Listeners { host: Host::Domain(LOCALHOST.to_owned()), port: 80, sockets: Vec::new() };
        assert_eq!(listeners.url(), "http://localhost");
        assert_eq!(listeners.hosts(), ["localhost", "localhost", "127.0.0.1", "[::1]"]);
    }
}
