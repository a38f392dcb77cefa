//! Allowed origins that look like one that is not: the same site by another scheme, port or name. A person rarely sees that
//! an origin is compared byte by byte.

use std::borrow::Cow;

use crate::policy::host;

/// An origin that a policy allows, and that is easily confused with one that it doesn't.
///
/// ```
/// use fetch_cors::{OriginDifference, Policy, Wanted};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let policy = Policy::allow_origin("https://app.example")?;
///     let change = policy.change_for(&Wanted::from_origin("http://app.example"))?;
///     let [near] = change.near_misses() else { panic!("{change}") };
///     assert_eq!((near.allowed.as_str(), near.difference), ("https://app.example", OriginDifference::Scheme));
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The origin that is allowed.
    pub allowed: String,
    /// What makes it another origin.
    pub difference: OriginDifference,
}

/// What makes two similar origins different: part of a [`NearMiss`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OriginDifference {
    /// `http` and `https`.
    Scheme,
    /// The port.
    Port,
    /// The scheme and the port.
    SchemeAndPort,
    /// One host starts with `www.`.
    Www,
    /// Two names of this machine, such as `localhost` and `127.0.0.1`.
    LoopbackName,
    /// One host ends with a dot.
    TrailingDot,
}

/// At most this many are named.
const MAX_NAMED: usize = 3;
/// At most this many ports are tried, so that a policy with many origins doesn't make a log slow.
const MAX_PORTS: usize = 16;
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The allowed origins near `origin`. The ports to try are taken from `entries`.
pub(super) fn near_misses<'a>(
    origin: &str,
    entries: impl Iterator<Item = Cow<'a, str>>,
    is_allowed: impl Fn(&str) -> bool,
) -> Vec<NearMiss> {
    let Some((scheme, authority)) = origin.split_once("://") else { return Vec::new() };
    let other_scheme = match scheme {
        "http" => "https",
        "https" => "http",
        _ => return Vec::new(),
    };
    let host = host::without_port(authority);
    let port = &authority[host.len()..];
    let mut ports = vec![String::new()];
    for entry in entries {
        let authority = entry.split_once("://").map_or("", |(_, authority)| authority);
        let port = &authority[host::without_port(authority).len()..];
        if !port.contains('*') && ports.iter().all(|known| known != port) {
            ports.push(port.to_owned());
        }
        if ports.len() > MAX_PORTS {
            break;
        }
    }
    ports.retain(|other| other != port);

    let mut near = Vec::new();
    let mut look_up = |scheme: &str, host: &str, port: &str, difference| {
        let allowed = format!("{scheme}://{host}{port}");
        if near.len() < MAX_NAMED && is_allowed(&allowed) {
            near.push(NearMiss { allowed, difference });
        }
    };
    look_up(other_scheme, host, port, OriginDifference::Scheme);
    for other in &ports {
        look_up(scheme, host, other, OriginDifference::Port);
    }
    match host.strip_prefix("www.") {
        Some(bare) => look_up(scheme, bare, port, OriginDifference::Www),
        None => look_up(scheme, &format!("www.{host}"), port, OriginDifference::Www),
    }
    match host.strip_suffix('.') {
        Some(bare) => look_up(scheme, bare, port, OriginDifference::TrailingDot),
        None => look_up(scheme, &format!("{host}."), port, OriginDifference::TrailingDot),
    }
    if LOOPBACK_NAMES.contains(&host) {
        for name in LOOPBACK_NAMES.into_iter().filter(|name| *name != host) {
            look_up(scheme, name, port, OriginDifference::LoopbackName);
        }
    }
    for other in &ports {
        look_up(other_scheme, host, other, OriginDifference::SchemeAndPort);
    }
    near
}
