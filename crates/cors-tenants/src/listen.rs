//! Where an instance listens: a host name and a port, bound at every address that the name has.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _},
};

/// The sockets, and the address that browsers on this machine use.
#[derive(Debug)]
pub struct Listeners {
    /// One for each address.
    pub sockets: Vec<TcpListener>,
    /// `host:port`.
    pub authority: String,
}

/// How often another free port is tried, if the first one is free at some of the addresses only.
const TRIES: usize = 10;

impl Listeners {
    /// Binds a `host:port`. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// If it is not an address, or can't be listened at: which, and what to do.
    pub fn bind(text: &str) -> Result<Self, ListenError> {
        let invalid = |why: &str| ListenError::Invalid(text.to_owned(), why.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("it has no port"))?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse::<u16>().ok().filter(|_| is_number);
        let port = port.ok_or_else(|| invalid("its port is not a number from 0 to 65535"))?;
        if host.is_empty() {
            return Err(invalid("it has no host"));
        }
        if host.contains("//") {
            return Err(invalid("it has a scheme"));
        }
        if host.contains(':') && !host.starts_with('[') {
            return Err(invalid("an IPv6 address is in brackets"));
        }
        let addresses = resolve(host, port).map_err(|error| invalid(&error.to_string()))?;
        let mut tries = 1;
        let sockets = loop {
            match bind_all(&addresses) {
                Err(ListenError::Taken(_)) if port == 0 && tries < TRIES => tries += 1,
                result => break result?,
            }
        };
        let port =
            sockets.first().and_then(|socket| socket.local_addr().ok()).map_or(port, |bound| bound.port());
        // Nothing can be reached at a wildcard address.
        let host = if matches!(host, "0.0.0.0" | "[::]") { "localhost" } else { host };
        Ok(Self { sockets, authority: format!("{host}:{port}") })
    }
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        // Browsers try both, whatever the system makes of the name.
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    let mut addresses: Vec<_> = format!("{host}:{port}").to_socket_addrs()?.collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let (mut sockets, mut port, mut missing) = (Vec::new(), 0, None);
    for &address in addresses {
        let address = if port == 0 { address } else { SocketAddr::new(address.ip(), port) };
        match TcpListener::bind(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket))) {
            Ok((bound, socket)) => {
                port = bound;
                sockets.push(socket);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ListenError::Taken(address));
            }
            // A machine may have only one of IPv4 and IPv6.
            Err(error) => missing = Some(ListenError::Failed(address, error)),
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// Why an instance can't listen.
#[derive(Debug)]
pub enum ListenError {
    /// The text is not an address, and why.
    Invalid(String, String),
    /// Another program listens there.
    Taken(SocketAddr),
    /// The system does not allow it.
    Failed(SocketAddr, io::Error),
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text, why) => {
                write!(
                    f,
                    "--listen: {text:?} is not an address to listen at ({why}); write one such as localhost:8090"
                )
            }
            Self::Taken(address) => write!(
                f,
                "--listen: {address} is taken by another program; stop that one, or choose another port, such as localhost:8091"
            ),
            Self::Failed(address, error) => write!(f, "--listen: can't listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for ListenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_bound_or_refused_with_the_reason() {
        for (text, host) in
            [("localhost:0", "localhost"), ("127.0.0.1:0", "127.0.0.1"), ("0.0.0.0:0", "localhost")]
        {
            let listeners = Listeners::bind(text).unwrap_or_else(|error| panic!("{error}"));
            let port = listeners.sockets[0].local_addr().expect("bound").port();
            assert_eq!(listeners.authority, format!("{host}:{port}"));
            let error = Listeners::bind(&listeners.authority).expect_err("taken").to_string();
            assert!(error.contains("is taken by another program"), "{error}");
        }
        for (text, why) in [
            ("", "it has no port"),
            ("localhost", "it has no port"),
            (":8090", "it has no host"),
            ("localhost:", "its port is not a number"),
            ("localhost:+1", "its port is not a number"),
            ("localhost:65536", "its port is not a number"),
            ("localhost:http", "its port is not a number"),
            ("::1:80", "an IPv6 address is in brackets"),
            ("http://localhost:80", "it has a scheme"),
        ] {
            let error = Listeners::bind(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
