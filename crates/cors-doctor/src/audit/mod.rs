//! Is this server's CORS dangerous? The requests that find out, and what their responses mean. Nothing here sends anything.
//!
//! An attacker is an origin that somebody else can hold and a browser sends. Whether its pages read a response, or send what a
//! form could not, is decided by the browser model, not by looking for a header.
//!
//! ```
//! use cors_doctor::audit::{Audit, Received, Severity, Target};
//! use fetch_cors::browser::{Response, Url};
//!
//! let audit = Audit::new(Target::of(Url::parse("https://api.example/me").unwrap())).unwrap();
//! // A server that reflects whatever origin it is sent, with credentials.
//! let received = audit.probes().iter().map(|probe| {
//!     let response = Response::new(200)
//!         .header("access-control-allow-origin", &probe.origin)
//!         .header("access-control-allow-credentials", "true")
//!         .header("vary", "origin");
//!     Received::new(response, b"")
//! });
//! let report = audit.report(&received.collect::<Vec<_>>());
//! assert_eq!(report.findings[0].severity, Severity::High);
//! ```

mod attacker;
mod grant;
mod probe;
mod report;

use fetch_cors::browser::Url;

pub use attacker::Attacker;
pub use probe::{Kind, Probe, Received};
pub use report::{Finding, Report, Severity};

/// What is audited, and what its operator says of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// The address of something that a signed-in user reads.
    pub url: Url,
    /// The origin of the front end that may use it; the address's own if nothing else is said.
    pub trusted: Url,
    /// The headers of a session, such as `Cookie: …`, if the operator gave one.
    pub session: Vec<(String, String)>,
    /// Whether only some addresses reach the server, as behind a firewall, so that being able to send is a credential.
    pub is_filtered: bool,
}

impl Target {
    /// This address; the other fields are for the operator to say.
    pub fn of(url: Url) -> Self {
        Self { trusted: url.clone(), url, session: Vec::new(), is_filtered: false }
    }

    /// Whether the server is on this machine, by the name of its host.
    pub fn is_on_this_machine(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Whether the network is the credential: the host is this machine or in a private network, or the operator says so.
    fn network_is_credential(&self) -> bool {
        use std::net::IpAddr;
        let host = self.url.host_str().unwrap_or_default();
        let is_name_of_here =
            host == "localhost" || matches!(host.rsplit_once('.'), Some((_, "localhost" | "local")));
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_private = address.is_ok_and(|address| match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
        });
        self.is_filtered || is_name_of_here || is_private
    }

    /// Whether the session is a header that a browser never adds by itself, so an attacker's page can't send it.
    fn is_bearer_only(&self) -> bool {
        !self.session.is_empty()
            && !self.session.iter().any(|(name, value)| {
                let is_basic = value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
                name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("authorization") && is_basic
            })
    }
}

/// The requests of one audit, in the order in which they are sent.
#[derive(Clone, Debug)]
pub struct Audit {
    target: Target,
    probes: Vec<Probe>,
}

impl Audit {
    /// Plans the requests.
    ///
    /// # Errors
    ///
    /// One line, if the address is not of http or https, or no browser sends anything there.
    pub fn new(target: Target) -> Result<Self, String> {
        for url in [&target.url, &target.trusted] {
            if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
                return Err(format!("{url} is not an http or https address"));
            }
        }
        let probes = probe::plan(&target);
        if probes.iter().all(|probe| probe.attacker.is_none()) {
            return Err(format!(
                "browsers send no request of another origin's page to {}: it is plain http behind an https page, or its port belongs to another protocol",
                target.url
            ));
        }
        Ok(Self { target, probes })
    }

    /// All requests that it sends.
    pub fn probes(&self) -> &[Probe] {
        &self.probes
    }

    /// What the responses mean: one for each probe, in the same order; fewer if it was stopped.
    pub fn report(&self, received: &[Received]) -> Report {
        report::report(&self.target, &self.probes, received)
    }
}

#[cfg(test)]
mod tests;
