//! A policy from a TOML file. Only this module knows the line of a value.

use std::{error::Error, fmt, io, ops::Range};

use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{InvalidPolicy, Policy, PolicyConfig, Setting, config::FIELDS, escape::escape_text};
use crate::masked::masked;

/// Why a TOML text is not a policy.
///
/// ```
/// use fetch_cors::{Policy, TomlError};
///
/// let text = "allow_origins = [\n  'https://app.example.com',\n  'app.example.com',\n]";
/// match Policy::from_toml(text).unwrap_err() {
///     TomlError::Invalid(invalid) => assert_eq!(invalid.problems()[0].line(), Some(3)),
///     other => panic!("{other}"),
/// }
/// ```
///
/// `Debug` writes the same as `Display`, so that `main` can return it and `?` prints the messages.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TomlError {
    /// The text is not valid TOML, lacks the table, has an unknown field, or a value of the wrong type.
    #[non_exhaustive]
    Syntax {
        /// The line of the mistake, from 1, if it has one.
        line: Option<usize>,
        /// What is wrong, on one line.
        message: String,
    },
    /// The policy is not valid. Every [`Problem`](crate::Problem) has its line.
    Invalid(InvalidPolicy),
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, message } => {
                if let Some(line) = line {
                    write!(f, "line {line}: ")?;
                }
                f.write_str(message)
            }
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl Error for TomlError {}

/// As its `Display`.
impl fmt::Debug for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidData`, for a `main` that returns `io::Result`.
impl From<TomlError> for io::Error {
    fn from(error: TomlError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

impl Policy {
    /// Reads a policy from TOML with the fields of [`PolicyConfig`]. (Feature `toml`.)
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let error = Policy::from_toml("allow_origins = [\n  'https://app.example.com/',\n]").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"the CORS policy has 1 problem:
    ///   1. line 2, allow_origins[0] "https://app.example.com/": an origin has no path. Write "https://app.example.com""#
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`TomlError`] names the line of every mistake.
    pub fn from_toml(text: &str) -> Result<Self, TomlError> {
        read(text, &[])
    }

    /// Reads a policy from one table of a larger TOML file; what else is in the file is not looked at. (Feature `toml`.)
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let text = "workers = 4\n\n[server.cors]\nallow_origins = ['https://app.example.com']\nmax_age = '1h'";
    /// let error = Policy::from_toml_at(text, "server.cors").unwrap_err();
    /// assert_eq!(error.to_string(), r#"line 5: max_age is a whole number of seconds, not "1h". Write 3600"#);
    /// ```
    ///
    /// # Errors
    ///
    /// [`TomlError`] names the line of every mistake. That the file has no such table is one: a policy that is not found
    /// must not become one that allows nothing.
    pub fn from_toml_at(text: &str, table: &str) -> Result<Self, TomlError> {
        read(text, &table.split('.').map(str::trim).collect::<Vec<_>>())
    }
}

fn read(text: &str, path: &[&str]) -> Result<Policy, TomlError> {
    let lines = Lines::of(text);
    let root = DeTable::parse(text).map_err(|error| syntax(&lines, &error))?;
    let value = table_at(root, path).ok_or_else(|| TomlError::Syntax {
        line: None,
        message: format!("there is no table [{}]", escape_text(&path.join("."))),
    })?;
    let config = PolicyConfig::deserialize(ValueDeserializer::from(value))
        .map_err(|error| in_other_table(text, path, &lines).unwrap_or_else(|| syntax(&lines, &error)))?;
    Policy::try_from(config).map_err(|invalid| {
        let table = parse_at(text, path);
        TomlError::Invalid(invalid.map(|problem| {
            let line = table.as_ref().and_then(|table| {
                span_of(table.get_ref(), problem.setting(), problem.index()).map(|span| lines.find(&span))
            });
            problem.at_line(line)
        }))
    })
}

fn syntax(lines: &Lines, error: &toml::de::Error) -> TomlError {
    let message = error.message().trim_end().replace('\n', ", ");
    let message = masked(&message).chars().fold(String::new(), |mut text, character| {
        if character.is_control() {
            text.extend(character.escape_debug());
        } else {
            text.push(character);
        }
        text
    });
    TomlError::Syntax { line: error.span().map(|span| lines.find(&span)), message }
}

fn parse_at<'a>(text: &'a str, path: &[&str]) -> Option<Spanned<DeValue<'a>>> {
    table_at(DeTable::parse(text).ok()?, path)
}

fn table_at<'a>(root: Spanned<DeTable<'a>>, path: &[&str]) -> Option<Spanned<DeValue<'a>>> {
    let mut value = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    for key in path {
        value = match value.into_inner() {
            DeValue::Table(mut table) => table.remove(*key)?,
            _ => return None,
        };
    }
    Some(value)
}

/// The error for a table without any setting of a policy, if a table below it has some.
fn in_other_table(text: &str, path: &[&str], lines: &Lines) -> Option<TomlError> {
    let value = parse_at(text, path)?;
    let DeValue::Table(table) = value.get_ref() else { return None };
    if has_settings(table) {
        return None;
    }
    let (below, span) = table_with_settings(table, 0)?;
    let found = path.iter().map(|key| (*key).to_owned()).chain([below]).collect::<Vec<_>>().join(".");
    let found = escape_text(&found);
    let message = format!(
        "the policy is in the table [{found}]. Read it with Policy::from_toml_at(text, \"{found}\"), or move its settings out of the table"
    );
    Some(TomlError::Syntax { line: Some(lines.find(&span)), message })
}

fn has_settings(table: &DeTable<'_>) -> bool {
    FIELDS.into_iter().any(|field| table.contains_key(field))
}

fn table_with_settings(table: &DeTable<'_>, depth: usize) -> Option<(String, Range<usize>)> {
    /// Nobody nests tables deeper for a server's settings.
    const MAX_DEPTH: usize = 4;
    if depth == MAX_DEPTH {
        return None;
    }
    table.iter().find_map(|(key, value)| {
        let DeValue::Table(inner) = value.get_ref() else { return None };
        let key: &str = key.get_ref();
        if has_settings(inner) {
            return Some((key.to_owned(), value.span()));
        }
        let (below, span) = table_with_settings(inner, depth + 1)?;
        Some((format!("{key}.{below}"), span))
    })
}

/// Where a setting stands, or one element of its list. All entries of a list that is written as one string stand where the
/// string does.
fn span_of(table: &DeValue<'_>, setting: Setting, index: Option<usize>) -> Option<Range<usize>> {
    let value = table.get(setting.name())?;
    match index {
        Some(index) if value.get_ref().is_array() => Some(value.get_ref().get(index)?.span()),
        _ => Some(value.span()),
    }
}

/// Where the lines of a text start, to find the line of a place without reading the text again.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(index, _)| index + 1).collect())
    }

    /// The line, from 1, in which a span starts.
    fn find(&self, span: &Range<usize>) -> usize {
        self.0.partition_point(|&start| start <= span.start) + 1
    }
}
