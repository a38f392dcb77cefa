//! Where the database is, as people write it.

use std::{fmt, path::Path, str::FromStr};

use url::Url;

use super::Kind;

/// `sqlite:FILE`, a file's path alone, or `postgres://…`. `Debug` and `Display` show no password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    kind: Kind,
    for_driver: String,
    shown: String,
}

impl DatabaseUrl {
    /// A file of SQLite, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the path is not UTF-8.
    pub fn of_file(path: &Path) -> Result<Self, InvalidDatabaseUrl> {
        let path = path.to_str().ok_or_else(|| InvalidDatabaseUrl {
            shown: path.display().to_string(),
            why: "the file's path is not UTF-8".to_owned(),
        })?;
        // What has a meaning in a URL is escaped; the driver decodes it again.
        let mut escaped = String::with_capacity(path.len());
        for character in path.chars() {
            match character {
                '%' => escaped.push_str("%25"),
                '?' => escaped.push_str("%3F"),
                '#' => escaped.push_str("%23"),
                character => escaped.push(character),
            }
        }
        Ok(Self {
            kind: Kind::Sqlite,
            for_driver: format!("sqlite:{escaped}?mode=rwc"),
            shown: format!("sqlite:{path}"),
        })
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// With the password.
    pub(super) fn as_driver_url(&self) -> &str {
        &self.for_driver
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let text = text.trim();
        let invalid = |why: &str| InvalidDatabaseUrl { shown: without_password(text), why: why.to_owned() };
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(invalid("it names no file"))
            } else if path == ":memory:" {
                Err(invalid("each connection would have a database of its own"))
            } else if path.contains('?') {
                Err(invalid("parameters of SQLite are set by the program"))
            } else {
                Self::of_file(Path::new(path))
            };
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return if text.is_empty() {
                Err(invalid("it is empty"))
            } else if text.contains(':') {
                Err(invalid("it begins with neither \"sqlite:\" nor \"postgres://\""))
            } else {
                Self::of_file(Path::new(text))
            };
        };
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(invalid("it begins with neither \"sqlite:\" nor \"postgres://\""));
        }
        let mut url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        let for_driver = url.to_string();
        if url.password().is_some() {
            url.set_password(Some("…")).map_err(|()| invalid("it has a password and no host"))?;
        }
        // Parameters may hold a password, too.
        url.set_query(None);
        let shown = url.to_string().replace("%E2%80%A6", "…");
        Ok(Self { kind: Kind::Postgres, for_driver, shown })
    }
}

/// For an error: up to the scheme where there may be a password.
fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => format!("{scheme}://…"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.shown).finish()
    }
}

/// A text that says no database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDatabaseUrl {
    shown: String,
    why: String,
}

impl fmt::Display for InvalidDatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a database ({}); write a file, such as cors-tenants.sqlite, or postgres://USER:PASSWORD@HOST/DATABASE",
            self.shown, self.why
        )
    }
}

impl std::error::Error for InvalidDatabaseUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        for (text, for_driver, shown) in [
            ("tenants.sqlite", "sqlite:tenants.sqlite?mode=rwc", "sqlite:tenants.sqlite"),
            ("sqlite:a/b.db", "sqlite:a/b.db?mode=rwc", "sqlite:a/b.db"),
            ("sqlite://a.db", "sqlite:a.db?mode=rwc", "sqlite:a.db"),
            ("sqlite:///tmp/a.db", "sqlite:/tmp/a.db?mode=rwc", "sqlite:/tmp/a.db"),
            ("/tmp/50% #1.db", "sqlite:/tmp/50%25 %231.db?mode=rwc", "sqlite:/tmp/50% #1.db"),
            ("postgres://localhost/x", "postgres://localhost/x", "postgres://localhost/x"),
            ("postgresql://u@h:5433/x", "postgresql://u@h:5433/x", "postgresql://u@h:5433/x"),
            ("postgres://u:secret@h/x", "postgres://u:secret@h/x", "postgres://u:…@h/x"),
            ("postgres://h/x?password=secret", "postgres://h/x?password=secret", "postgres://h/x"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((url.as_driver_url(), url.to_string().as_str()), (for_driver, shown), "{text}");
            assert!(!format!("{url:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_not_a_database_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("sqlite:", "it names no file"),
            ("sqlite::memory:", "each connection would have"),
            ("sqlite:a.db?mode=ro", "parameters of SQLite"),
            ("mysql://u:secret@h/x", "neither"),
            ("redis:x", "neither"),
            ("postgres://u:secret@h:port/x", "invalid port"),
        ] {
            let error = text.parse::<DatabaseUrl>().expect_err(text).to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
