//! The Lab's own origins, as browsers name them.

use serde::Serialize;
use url::Url;

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

impl Origins {
    /// Whether the URL leads to the API, by either name.
    pub fn is_api(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        origin == self.api || self.api_alias.as_ref() == Some(&origin)
    }

    /// Whether the URL leads to one of the Lab's servers.
    pub fn is_own(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.is_api(url) || origin == self.page || origin == self.attacker
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
