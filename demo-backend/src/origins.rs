//! The Lab's own origins, as browsers name them.

use serde::Serialize;
use url::Url;

use crate::api_path::ApiPath;

/// The origin of each of the Lab's servers.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Origins {
    /// The API.
    pub api: String,
    /// The API by its address instead of its name, which browsers treat as another origin; null where it has no second name.
    pub api_alias: Option<String>,
    /// The page.
    pub page: String,
    /// The attacker's page.
    pub attacker: String,
}

/// One of the Lab's servers, as a request reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LabServer {
    /// The API.
    Api,
    /// The API by its second address.
    Second,
    /// The API, through the page's server, which forwards the request.
    Proxy,
    /// The page's server, which responds itself.
    Page,
    /// The attacker's server.
    Attacker,
}

impl Origins {
    /// The server that a URL leads to; none if it is not one of the Lab's.
    pub fn server_of(&self, url: &Url) -> Option<LabServer> {
        let origin = url.origin().ascii_serialization();
        if origin == self.api {
            Some(LabServer::Api)
        } else if self.api_alias.as_ref() == Some(&origin) {
            Some(LabServer::Second)
        } else if origin == self.page {
            Some(if ApiPath::parse(url.path()).is_some() { LabServer::Proxy } else { LabServer::Page })
        } else if origin == self.attacker {
            Some(LabServer::Attacker)
        } else {
            None
        }
    }

    /// By which of its addresses a request reached the API, by its `Host`.
    pub fn address_of(&self, host: Option<&str>) -> LabServer {
        let alias = self.api_alias.as_deref().and_then(|alias| alias.split_once("://"));
        if host.is_some() && alias.map(|(_, host)| host) == host { LabServer::Second } else { LabServer::Api }
    }

    /// Whether the URL leads to the API: by either name, or through the page's server.
    pub fn is_api(&self, url: &Url) -> bool {
        matches!(self.server_of(url), Some(LabServer::Api | LabServer::Second | LabServer::Proxy))
    }

    /// Whether the URL leads to one of the Lab's servers.
    pub fn is_own(&self, url: &Url) -> bool {
        self.server_of(url).is_some()
    }

    /// The API, by each of its names, as a source list for a Content Security Policy.
    pub(crate) fn api_sources(&self) -> String {
        let api = source(&self.api);
        self.api_alias.as_ref().map_or_else(|| api.clone(), |alias| format!("{api} {}", source(alias)))
    }
}

/// An origin as a Content Security Policy writes it. It can't write an IPv6 address, and browsers ignore one; a host of `*` is
/// the nearest that it can, at the one port.
pub(crate) fn source(origin: &str) -> String {
    match origin.rsplit_once(']') {
        Some((_, port)) if !port.is_empty() => format!("http://*{port}"),
        Some(_) => "http://*:80".to_owned(),
        None => origin.to_owned(),
    }
}
