//! Where the servers listen: a host name and a port, bound at every address that the name has.

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs as _},
};

use crate::start_error::StartError;

/// One server's sockets: one for each address that its host name has.
pub(crate) struct Listeners {
    host: String,
    port: u16,
    pub(crate) sockets: Vec<TcpListener>,
}

impl Listeners {
    /// How often another free port is tried if the first one is free at some of the addresses only.
    const TRIES: usize = 10;

    pub(crate) fn bind(address: &str) -> Result<Self, StartError> {
        let bad = |error| StartError::BadAddress(address.to_owned(), error);
        let (host, _) = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .ok_or_else(|| bad(io::Error::from(io::ErrorKind::InvalidInput)))?;
        let mut resolved: Vec<SocketAddr> = address.to_socket_addrs().map_err(bad)?.collect();
        // Some systems resolve `localhost` to one of the two addresses only; browsers try both.
        if host == "localhost"
            && let Some(port) = resolved.first().map(SocketAddr::port)
        {
            resolved.extend([
                SocketAddr::from(([127, 0, 0, 1], port)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)),
            ]);
        }
        resolved.sort();
        resolved.dedup();

        let mut tries = 1;
        loop {
            match Self::bind_all(host, &resolved) {
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

    fn bind_all(host: &str, addresses: &[SocketAddr]) -> Result<Self, StartError> {
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
            _ => Ok(Self { host: host.to_owned(), port, sockets }),
        }
    }

    /// The origin under which browsers reach it. A wildcard address can't be browsed to.
    pub(crate) fn url(&self) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" | "[::]" => "localhost",
            host => host,
        };
        if self.port == 80 { format!("http://{host}") } else { format!("http://{host}:{}", self.port) }
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
        let is_bound = self.sockets.iter().any(|socket| {
            socket.local_addr().is_ok_and(|address| address.ip() == std::net::Ipv4Addr::LOCALHOST)
        });
        (self.host == "localhost" && is_bound && self.port != 80)
            .then(|| format!("http://127.0.0.1:{}", self.port))
    }

    /// The `Host` values that a browser on this machine sends.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for name in [self.host.as_str(), "localhost", "127.0.0.1", "[::1]"] {
            hosts.push(format!("{name}:{}", self.port));
            if self.port == 80 {
                hosts.push(name.to_owned());
            }
        }
        hosts
    }
}
