//! The Lab's own origins, as browsers name them.

use url::Url;

/// Where each of the Lab's parts is.
#[derive(Clone, Debug)]
pub struct Origins {
    /// The API.
    pub api: String,
    /// The API under its other name, which makes it another origin; none where it has but one.
    pub api_alias: Option<String>,
    /// The page.
    pub page: String,
    /// The attacker's page.
    pub attacker: String,
}

impl Origins {
    /// Whether the URL is the API's, by either name.
    pub fn is_api(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        origin == self.api || self.api_alias.as_ref() == Some(&origin)
    }

    /// Whether the URL is the Lab's at all.
    pub fn is_own(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.is_api(url) || origin == self.page || origin == self.attacker
    }

    /// The API's names and the attacker's page, for a list of sources in a Content Security Policy.
    pub fn sources(&self) -> String {
        let alias = self.api_alias.as_deref().unwrap_or_default();
        [&self.api, alias, &self.attacker]
            .into_iter()
            .filter(|origin| !origin.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
