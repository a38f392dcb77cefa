//! A policy from a TOML file. Only this module knows the line of a value.

use std::{error::Error, fmt};

use super::{InvalidPolicy, Policy, PolicyConfig, Setting};

/// Why a TOML text is not a policy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TomlError {
    /// The text is not valid TOML, has an unknown field, or a value of the wrong type. `Display` shows the line.
    Syntax(toml::de::Error),
    /// The policy is not valid. Every [`Problem`](crate::Problem) has its line.
    Invalid(InvalidPolicy),
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => f.write_str(error.to_string().trim_end()),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl Error for TomlError {}

impl Policy {
    /// Reads a policy from TOML with the fields of [`PolicyConfig`].
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
        let config: PolicyConfig = toml::from_str(text).map_err(TomlError::Syntax)?;
        Self::try_from(config).map_err(|invalid| {
            let lines = Lines::of(text);
            TomlError::Invalid(invalid.map(|problem| {
                let line = lines.find(problem.setting(), problem.index());
                problem.at_line(line)
            }))
        })
    }
}

/// Finds the line of each value in a TOML text.
struct Lines<'a> {
    text: &'a str,
    table: Option<toml::Spanned<toml::de::DeTable<'a>>>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, table: toml::de::DeTable::parse(text).ok() }
    }

    /// The line, from 1, of a setting or of one element of its list.
    fn find(&self, setting: Setting, index: Option<usize>) -> Option<usize> {
        let value = self.table.as_ref()?.get_ref().get(setting.name())?;
        let value = match index {
            Some(index) => value.get_ref().get(index)?,
            None => value,
        };
        let before = self.text.get(..value.span().start)?;
        Some(before.matches('\n').count() + 1)
    }
}
