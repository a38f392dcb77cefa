//! What a policy means, in words, with its risks. For people who review a policy; no request is decided here.

use std::fmt;

use super::{
    AllowedOrigins, Policy, host,
    names::{self, Names},
};
use crate::origin_set::wildcard::{Port, Wildcard};

/// A policy in sentences; made by [`Policy::summary`].
///
/// `Display` writes one sentence or risk per line.
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
    /// let policy = Policy::builder()
    ///     .allow_origins(["https://*.example.com"])
    ///     .allow_methods(["PUT"])
    ///     .allow_credentials()
    ///     .build()?;
    /// assert_eq!(
    ///     policy.summary().to_string(),
    ///     "Pages of any subdomain of example.com over https may read the server's responses, with the user's cookies.\n\
    ///      They may send GET, HEAD, POST, PUT, with only the safelisted request headers.\n\
    ///      They may read only the safelisted response headers.\n\
    ///      Browsers cache preflight responses for 5 seconds, their default.\n\
    ///      Risk: anyone on any subdomain of example.com over https can read responses with the user's cookies"
    /// );
    /// # Ok::<(), fetch_cors::InvalidPolicy>(())
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
            let who = describe(wildcard);
            if wildcard.subdomains {
                risks.push(format!("anyone on {who} can read responses{cookies}"));
                if let Some(suffix) = host::public_suffix_under_wildcard(wildcard.host) {
                    risks.push(format!("anyone can register a name under the public suffix {suffix}"));
                }
            } else if host::is_loopback(wildcard.host) {
                risks.push(format!(
                    "any program on the user's machine that serves a page can read responses{cookies}"
                ));
            }
            if !wildcard.secure && !host::is_loopback(wildcard.host) {
                risks.push(insecure(&wildcard.to_string(), cookies));
            }
        }
        for origin in listed.exact() {
            if let Some(authority) = origin.strip_prefix("http://")
                && !host::is_loopback(host::without_port(authority))
            {
                risks.push(insecure(origin, cookies));
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

fn describe(wildcard: Wildcard<'_>) -> String {
    let Wildcard { secure, subdomains, host, port } = wildcard;
    let who = if subdomains { format!("any subdomain of {host}") } else { host.to_owned() };
    let scheme = if secure { "https" } else { "http" };
    match port {
        Port::Default => format!("{who} over {scheme}"),
        Port::Number(number) => format!("{who} over {scheme} on port {number}"),
        Port::Any => format!("{who} over {scheme} on any port"),
    }
}
