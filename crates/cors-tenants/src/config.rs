//! The command line, and what it comes to.

use std::{env, ffi::OsString, fmt, time::Duration};

use clap::Parser;

use crate::{
    instance,
    replica::{InvalidSettings, Settings},
    site::{InvalidSite, Site},
    store::{DatabaseUrl, InvalidDatabaseUrl},
};

/// An API whose customers register the origins of their own front ends.
#[derive(Clone, Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// Where it listens. A name is bound at every address it has, IPv4 and IPv6.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8090")]
    pub listen: String,

    /// Where tenants are kept: a file of SQLite, or `postgres://…`. [default: the variable
    /// `DATABASE_URL`, or the file cors-tenants.sqlite]
    #[arg(long, value_name = "FILE|URL")]
    pub database: Option<String>,

    /// How long policies stay in force without the database, and so how long a revocation may take at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub max_stale: u64,

    /// The address that browsers reach it by, if something is in front. With https, cookies are `Secure`. [default: where it
    /// listens]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// The instance's name in the audit log. [default: where it listens]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// What the arguments come to.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database.
    pub database: DatabaseUrl,
    /// The replica's settings.
    pub settings: Settings,
    /// Where browsers reach it; none for where it listens.
    pub site: Option<Site>,
    /// The instance's name; none for where it listens.
    pub name: Option<String>,
}

/// Where tenants are kept unless something else is said.
const DEFAULT_DATABASE: &str = "cors-tenants.sqlite";

impl Config {
    /// Reads the arguments, and `DATABASE_URL`.
    ///
    /// # Errors
    ///
    /// If one of them is not valid: which, why, and what to write instead.
    pub fn new(arguments: &Arguments) -> Result<Self, InvalidConfig> {
        Self::with_environment(arguments, env::var_os("DATABASE_URL"))
    }

    fn with_environment(arguments: &Arguments, variable: Option<OsString>) -> Result<Self, InvalidConfig> {
        let variable = variable.filter(|value| !value.is_empty());
        let database = match (&arguments.database, variable) {
            (Some(database), _) => database.parse().map_err(InvalidConfig::Database)?,
            (None, Some(value)) => {
                let value = value.to_str().ok_or(InvalidConfig::NotUtf8)?;
                value.parse().map_err(InvalidConfig::Variable)?
            }
            (None, None) => DEFAULT_DATABASE.parse().map_err(InvalidConfig::Database)?,
        };
        let settings = instance::settings(Duration::from_secs(arguments.max_stale));
        let name = arguments.name.clone();
        if name.as_ref().is_some_and(|name| name.trim().is_empty() || name.chars().any(char::is_control)) {
            return Err(InvalidConfig::Name);
        }
        Ok(Self {
            database,
            settings: settings.map_err(InvalidConfig::MaxStale)?,
            site: arguments
                .public_url
                .as_deref()
                .map(Site::parse)
                .transpose()
                .map_err(InvalidConfig::Site)?,
            name,
        })
    }
}

/// An argument, or the variable, that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidConfig {
    /// `--database`.
    Database(InvalidDatabaseUrl),
    /// `DATABASE_URL`.
    Variable(InvalidDatabaseUrl),
    /// `DATABASE_URL` is not UTF-8.
    NotUtf8,
    /// `--max-stale`.
    MaxStale(InvalidSettings),
    /// `--public-url`.
    Site(InvalidSite),
    /// `--name`.
    Name,
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "--database: {error}"),
            Self::Variable(error) => write!(f, "the variable DATABASE_URL: {error}"),
            Self::NotUtf8 => f.write_str("the variable DATABASE_URL is not UTF-8; write --database instead"),
            Self::MaxStale(error) => write!(f, "--max-stale: {error}"),
            Self::Site(error) => write!(f, "--public-url: {error}"),
            Self::Name => f.write_str("--name is empty, or has control characters; write one such as api-1"),
        }
    }
}

impl std::error::Error for InvalidConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str], variable: Option<&str>) -> Result<Config, String> {
        let arguments = [&["cors-tenants"], arguments].concat();
        let arguments = Arguments::try_parse_from(arguments).map_err(|error| error.to_string())?;
        Config::with_environment(&arguments, variable.map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_argument_comes_before_the_variable() {
        let database = |arguments: &[&str], variable| {
            config(arguments, variable).map(|config| config.database.to_string())
        };
        assert_eq!(database(&[], None).as_deref(), Ok("sqlite:cors-tenants.sqlite"));
        assert_eq!(database(&[], Some("")).as_deref(), Ok("sqlite:cors-tenants.sqlite"));
        assert_eq!(database(&[], Some("postgres://h/x")).as_deref(), Ok("postgres://h/x"));
        assert_eq!(database(&["--database", "a.db"], Some("mysql://h")).as_deref(), Ok("sqlite:a.db"));
    }

    #[test]
    fn what_is_not_valid_is_refused_with_the_argument_and_the_reason() {
        for (arguments, variable, expected) in [
            (&["--database", "mysql://h/x"][..], None, "--database: \"mysql://h/x\" is not a database"),
            (&[], Some("mysql://u:secret@h/x"), "DATABASE_URL: \"mysql://…\" is not a database"),
            (&["--max-stale", "0"], None, "--max-stale"),
            (&["--max-stale", "3601"], None, "--max-stale"),
            (&["--max-stale=-1"], None, "--max-stale"),
            (&["--max-stale", "1e9"], None, "--max-stale"),
            (&["--max-stale", "99999999999999999999"], None, "--max-stale"),
            (
                &["--public-url", "api.example.com"],
                None,
                "--public-url: \"api.example.com\" is not the address",
            ),
            (&["--name", " "], None, "--name is empty"),
            (&["--name", "a\nb"], None, "--name is empty, or has control characters"),
        ] {
            let error = config(arguments, variable).expect_err(expected);
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
        for max_stale in ["1", "2", "7", "60", "3600"] {
            assert!(config(&["--max-stale", max_stale], None).is_ok(), "{max_stale}");
        }
    }
}
