//! Addresses of hosts: those of `--resolve` first, then the system's.

use std::{
    error::Error as StdError,
    net::{IpAddr, SocketAddr},
};

use actix_tls::connect::Resolve;
use futures_util::future::LocalBoxFuture;

use crate::cli::error::Fault;

/// The addresses of `--resolve`.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(Vec<(String, u16, IpAddr)>);

impl Addresses {
    /// Reads `host:port:address`, as curl does.
    pub(super) fn parse(lines: &[String]) -> Result<Self, Fault> {
        let parse = |line: &String| {
            let mut parts = line.splitn(3, ':');
            let entry = match (parts.next(), parts.next(), parts.next()) {
                (Some(host), Some(port), Some(address)) if !host.is_empty() => {
                    let address = address.trim_start_matches('[').trim_end_matches(']');
                    port.parse()
                        .ok()
                        .zip(address.parse().ok())
                        .map(|(port, address)| (host.to_lowercase(), port, address))
                }
                _ => None,
            };
            entry.ok_or_else(|| {
                Fault(format!(
                    "--resolve {line}: not of the form host:port:address, such as api.example:443:127.0.0.1"
                ))
            })
        };
        lines.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A resolver that looks there first.
pub(super) struct Redirected(pub(super) Addresses);

impl Resolve for Redirected {
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn StdError>>> {
        Box::pin(async move {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let listed = self.0.0.iter().filter(|(name, at, _)| name == bare && *at == port);
            let listed: Vec<SocketAddr> =
                listed.map(|(_, _, address)| SocketAddr::new(*address, port)).collect();
            if !listed.is_empty() {
                return Ok(listed);
            }
            // Browsers know what localhost is without looking it up.
            if bare == "localhost" || bare.ends_with(".localhost") {
                return Ok(["::1", "127.0.0.1"]
                    .iter()
                    .filter_map(|address| address.parse().ok())
                    .map(|address| SocketAddr::new(address, port))
                    .collect());
            }
            Ok(tokio::net::lookup_host((bare, port)).await?.collect())
        })
    }
}
