//! Configurations, most of them valid.

use arbitrary::Arbitrary;
use fetch_cors::{Policy, PolicyConfig, Setting};

use crate::origins::Entry;

const METHODS: [&str; 16] = [
    "PUT", "put", "Put", "DELETE", "PATCH", "patch", "GET", "HEAD", "POST", "OPTIONS", "Custom", "PROPFIND",
    "*", "TRACE", "P T", "",
];
const HEADERS: [&str; 20] = [
    "content-type",
    "Content-Type",
    "authorization",
    "x-a",
    "X-A",
    "x-b",
    "accept",
    "range",
    "*",
    "cookie",
    "etag",
    "set-cookie",
    "access-control-allow-origin",
    "content_type",
    "autorization",
    "x a",
    "",
    "if-none-match",
    "x-http-method-override",
    "location",
];

/// A name in a list.
#[derive(Arbitrary, Clone, Debug)]
pub enum Name {
    Usual(u8),
    Long(u16),
    Text(String),
}

impl Name {
    fn text(&self, usual: &[&str], letter: &str) -> String {
        match self {
            Self::Usual(choice) => usual[usize::from(*choice) % usual.len()].to_owned(),
            Self::Long(length) => letter.repeat(usize::from(length % 4200)),
            Self::Text(text) => text.clone(),
        }
    }

    pub fn method(&self) -> String {
        self.text(&METHODS, "M")
    }

    pub fn header(&self) -> String {
        self.text(&HEADERS, "x")
    }
}

/// A configuration.
#[derive(Arbitrary, Clone, Debug)]
pub struct Config {
    pub origins: Vec<Entry>,
    methods: Vec<Name>,
    headers: Vec<Name>,
    exposed: Vec<Name>,
    credentials: bool,
    max_age: Option<u32>,
    unusual: bool,
}

impl Config {
    /// As it was written, whether valid or not.
    pub fn written(&self) -> PolicyConfig {
        let mut config = PolicyConfig::default();
        config.allow_origins = self.origins.iter().map(Entry::text).collect();
        config.allow_methods = self.methods.iter().map(Name::method).collect();
        config.allow_headers = self.headers.iter().map(Name::header).collect();
        config.expose_headers = self.exposed.iter().map(Name::header).collect();
        config.allow_credentials = self.credentials;
        config.max_age = self.max_age.map(u64::from);
        config.allow_unusual_names = self.unusual;
        config
    }

    /// With all entries that are not valid left out, or opted in where that is possible.
    pub fn valid(&self) -> (PolicyConfig, Policy) {
        valid(self.written())
    }
}

/// Leaves out what is not valid, as the problems say.
///
/// # Panics
///
/// If the problems name nothing that can be left out.
pub fn valid(mut config: PolicyConfig) -> (PolicyConfig, Policy) {
    if config.allow_credentials {
        config.allow_origins.retain(|entry| entry != "*");
    }
    for _ in 0..4 {
        let invalid = match Policy::try_from(config.clone()) {
            Ok(policy) => return (config, policy),
            Err(invalid) => invalid,
        };
        let mut places: Vec<(Setting, Option<usize>)> =
            invalid.problems().iter().map(|problem| (problem.setting(), problem.index())).collect();
        places.sort_by_key(|(_, index)| std::cmp::Reverse(*index));
        places.dedup();
        for (setting, index) in places {
            match (setting, index) {
                (Setting::AllowOrigins, Some(index)) => {
                    let entry = config.allow_origins.remove(index);
                    let mut opted_in = PolicyConfig::default();
                    opted_in.danger_allow_origins = vec![entry.clone()];
                    opted_in.allow_credentials = config.allow_credentials;
                    if Policy::try_from(opted_in).is_ok() {
                        config.danger_allow_origins.push(entry);
                    }
                }
                (Setting::DangerAllowOrigins, Some(index)) => drop(config.danger_allow_origins.remove(index)),
                (Setting::AllowMethods, Some(index)) => drop(config.allow_methods.remove(index)),
                (Setting::AllowHeaders, Some(index)) => drop(config.allow_headers.remove(index)),
                (Setting::ExposeHeaders, Some(index)) => drop(config.expose_headers.remove(index)),
                (Setting::MaxAge, _) => config.max_age = None,
                (setting, index) => panic!("{setting:?} {index:?}: {invalid}"),
            }
        }
    }
    panic!("the problems of {config:?} don't end: {:?}", Policy::try_from(config.clone()).err());
}
