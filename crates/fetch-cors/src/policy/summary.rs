//! What a policy means, in words, with its risks. For people who review a policy; no request is decided here.

use std::fmt;

use super::{
    AllowedOrigins, Policy, host,
    names::{self, Names},
    opt_in,
    pattern::{self, FILE, Pattern},
};
use crate::origin_set::wildcard::{HostWildcard, InLabel, Port, Wildcard, scheme};

/// A policy in sentences; made by [`Policy::summary`].
///
/// `Display` writes one sentence or risk per line.
///
/// ```
/// use fetch_cors::Policy;
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let summary = Policy::allow_origin("http://app.example.com")?.summary();
///     assert!(summary.sentences()[0].contains("http://app.example.com"));
///     assert_eq!(summary.risks().len(), 1, "plain http can be read on the way");
///
///     // What an adapter allows by a rule of its own.
///     let summary = summary.with("So may pages of customers.".to_owned(), "a customer may be anybody".to_owned());
///     assert!(summary.to_string().ends_with("Risk: a customer may be anybody"));
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    sentences: Vec<String>,
    risks: Vec<String>,
}

impl Summary {
    /// Who may do what.
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }

    /// With what an adapter allows in addition to the policy, and the risk of that.
    #[must_use]
    pub fn with(mut self, sentence: String, risk: String) -> Self {
        self.sentences.push(sentence);
        self.risks.push(risk);
        self
    }

    /// What could go wrong, if anything.
    pub fn risks(&self) -> &[String] {
        &self.risks
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences.join("\n"))?;
        for risk in &self.risks {
            write!(f, "\nRisk: {risk}")?;
        }
        Ok(())
    }
}

impl Policy {
    /// What the policy means, in sentences, with the risks named.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
    ///     let policy = Policy::builder()
    ///         .allow_origins(["https://*.example.com"])
    ///         .allow_methods(["PUT"])
    ///         .allow_credentials()
    ///         .build()?;
    ///     assert_eq!(
    ///         policy.summary().to_string(),
    ///         "Pages of any subdomain of example.com over https may read the server's responses, with the user's cookies.\n\
    ///          They may send GET, HEAD, POST, PUT, with only the safelisted request headers.\n\
    ///          They may read only the safelisted response headers.\n\
    ///          Browsers cache preflight responses for 5 seconds, their default.\n\
    ///          Risk: anyone on any subdomain of example.com over https can read responses with the user's cookies"
    ///     );
    ///     Ok(())
    /// }
    /// ```
    pub fn summary(&self) -> Summary {
        if self.denies_all() {
            let sentence = "No page of another origin may read the server's responses.".to_owned();
            return Summary { sentences: vec![sentence], risks: Vec::new() };
        }
        let parts = self.parts();
        let cookies =
            if parts.credentials { "with the user's cookies" } else { "without the user's cookies" };
        let methods = match &parts.methods {
            Names::Any => "requests of any method".to_owned(),
            Names::Listed(listed) => {
                let listed = listed.iter().map(String::as_str);
                let others = listed.filter(|name| !names::SAFELISTED_METHODS.contains(name));
                names::SAFELISTED_METHODS.into_iter().chain(others).collect::<Vec<_>>().join(", ")
            }
        };
        let headers = match &parts.headers {
            Names::Any => "any request header".to_owned(),
            Names::Listed(listed) if listed.is_empty() => "only the safelisted request headers".to_owned(),
            Names::Listed(listed) => format!("the request header{} {}", plural(listed), listed.join(", ")),
        };
        let exposed = match &parts.exposed {
            Names::Any => "any response header".to_owned(),
            Names::Listed(listed) if listed.is_empty() => "only the safelisted response headers".to_owned(),
            Names::Listed(listed) => format!("the response header{} {}", plural(listed), listed.join(", ")),
        };
        let max_age = match parts.max_age {
            None => "cache preflight responses for 5 seconds, their default".to_owned(),
            Some(0) => "do not cache preflight responses".to_owned(),
            Some(seconds) => format!("cache preflight responses for up to {seconds} seconds"),
        };
        Summary {
            sentences: vec![
                format!("Pages of {} may read the server's responses, {cookies}.", self.who()),
                format!("They may send {methods}, with {headers}."),
                format!("They may read {exposed}."),
                format!("Browsers {max_age}."),
            ],
            risks: self.risks(),
        }
    }

    fn who(&self) -> String {
        match &self.parts().origins {
            AllowedOrigins { any: true, .. } => "any origin".to_owned(),
            AllowedOrigins { denied_on_purpose: true, .. } => "no other origin".to_owned(),
            AllowedOrigins { listed, .. } => {
                let exact = listed.exact().map(str::to_owned);
                exact.chain(listed.wildcards().map(describe)).collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn risks(&self) -> Vec<String> {
        let cookies = if self.allows_credentials() { " with the user's cookies" } else { "" };
        let mut risks = Vec::new();
        let AllowedOrigins { any, listed, .. } = &self.parts().origins;
        if *any {
            return vec![
                "every site on the web can read responses, even those of a server on a private network if someone on that network opens the site".to_owned(),
            ];
        }
        for wildcard in listed.wildcards() {
            risks.extend(risks_of(wildcard, cookies));
        }
        for origin in listed.exact() {
            if let Some(authority) = origin.strip_prefix("http://")
                && !host::is_loopback(host::without_port(authority))
            {
                risks.push(insecure(origin, cookies));
            }
            if origin == FILE {
                risks.push(format!(
                    "any local file that is opened in an app which sends this origin can read responses{cookies}"
                ));
            }
        }
        risks
    }
}

fn plural(names: &[String]) -> &'static str {
    if names.len() == 1 { "" } else { "s" }
}

fn insecure(origin: &str, cookies: &str) -> String {
    format!("anyone on the network between the user and {origin} can read responses{cookies}")
}

fn risks_of(wildcard: Wildcard<'_>, cookies: &str) -> Vec<String> {
    let who = describe(wildcard);
    let loopback =
        || format!("any program on the user's machine that serves a page can read responses{cookies}");
    let mut risks = Vec::new();
    let plain = match wildcard {
        Wildcard::Host(HostWildcard { secure, subdomains, host, .. }) => {
            if subdomains {
                risks.push(format!("anyone on {who} can read responses{cookies}"));
            } else if host::is_loopback(host) {
                risks.push(loopback());
            }
            !secure && !host::is_loopback(host)
        }
        Wildcard::InLabel(InLabel { secure, parent, .. }) => {
            risks.push(format!(
                "anyone on {who} can read responses{cookies}; if these are previews, anyone who may open a pull request is"
            ));
            !secure && !host::is_loopback(parent)
        }
        Wildcard::Subnet(subnet) if opt_in::is_loopback(subnet) => {
            risks.push(loopback());
            false
        }
        Wildcard::Subnet(subnet) => {
            risks.push(format!(
                "any device with such an address, {}, can read responses{cookies}, in every network that the user joins",
                subnet.host()
            ));
            !subnet.secure
        }
        Wildcard::Extension(extension) => {
            risks.push(format!(
                "any installed {}, even one without permissions, can read responses{cookies}",
                extension.scheme()
            ));
            false
        }
    };
    if let Some(suffix) = pattern::public_suffix(Pattern::Wildcard(wildcard)) {
        risks.push(format!("anyone can register a name under the public suffix {suffix}"));
    }
    if plain {
        risks.push(insecure(&wildcard.to_string(), cookies));
    }
    risks
}

fn describe(wildcard: Wildcard<'_>) -> String {
    let (who, secure, port) = match wildcard {
        Wildcard::Host(HostWildcard { secure, subdomains, host, port }) => {
            let who = if subdomains { format!("any subdomain of {host}") } else { host.to_owned() };
            (who, secure, port)
        }
        Wildcard::InLabel(InLabel { secure, prefix, suffix, parent, port }) => {
            (format!("any host like {prefix}*{suffix}.{parent}"), secure, port)
        }
        Wildcard::Subnet(subnet) => (format!("any address {}", subnet.host()), subnet.secure, subnet.port),
        Wildcard::Extension(extension) => return format!("any {}", extension.scheme()),
    };
    let scheme = scheme(secure);
    match port {
        Port::Default => format!("{who} over {scheme}"),
        Port::Number(number) => format!("{who} over {scheme} on port {number}"),
        Port::Any => format!("{who} over {scheme} on any port"),
    }
}
