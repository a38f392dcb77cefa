//! Which network an address belongs to, for Chromium's Local Network Access.

use std::{fmt, net::Ipv4Addr};

use url::{Host, Url};

use super::origin::{is_loopback, is_private};

/// Which network the address of a page or a server belongs to: an
/// [IP address space](https://wicg.github.io/local-network-access/#ip-address-space-section) of Local Network Access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressSpace {
    /// The internet.
    Public,
    /// The local network: private addresses, link-local addresses, and names under `local`.
    Local,
    /// This computer: `localhost`, `127.0.0.1`, `[::1]`, and `0.0.0.0`.
    Loopback,
}

impl AddressSpace {
    /// The address space of a URL's host, by its name or address alone. Any other name is taken for a public one.
    ///
    /// ```
    /// use fetch_cors::browser::{AddressSpace, Url};
    ///
    /// let space = |url| AddressSpace::of(&Url::parse(url).unwrap());
    /// assert_eq!(space("http://localhost:3000/"), AddressSpace::Loopback);
    /// assert_eq!(space("http://localhost:3000/").name(), "loopback");
    /// assert_eq!(space("http://192.168.1.5/"), AddressSpace::Local);
    /// assert_eq!(space("https://api.example/"), AddressSpace::Public);
    /// ```
    pub fn of(url: &Url) -> Self {
        let is_this_machine = match url.host() {
            Some(Host::Ipv4(address)) => is_this_machine(address),
            Some(Host::Ipv6(address)) => {
                address.is_unspecified() || address.to_ipv4_mapped().is_some_and(is_this_machine)
            }
            _ => false,
        };
        if is_loopback(url) || is_this_machine {
            Self::Loopback
        } else if is_private(url) {
            Self::Local
        } else {
            Self::Public
        }
    }

    /// The name in the vectors and in Chromium's console.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Local => "local",
            Self::Loopback => "loopback",
        }
    }
}

/// Connecting to `0.0.0.0` or `[::]` leads to this computer on many systems. Neither is a secure context's loopback.
fn is_this_machine(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

impl fmt::Display for AddressSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
