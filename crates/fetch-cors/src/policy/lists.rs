//! A list written as one string, as environment variables and many configuration files have it.

use super::PolicyBuilder;

/// What separates the entries of a list in one string.
pub(super) const SEPARATORS: [char; 3] = [',', '\n', '\r'];

/// What an entry of a list is, as far as splitting a string depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entries {
    Origins,
    Names,
}

/// The entries of a string that separates them by commas or line breaks: white space around them is removed, and so are empty ones.
///
/// A string without any entry becomes one empty entry, which is not valid: a variable that is set but empty is more likely a
/// mistake than a decision. A string in which `*` stands next to other origins is left as it is, which is not valid either:
/// nobody would notice that the others mean nothing.
pub(super) fn split(text: &str, entries: Entries) -> Vec<String> {
    let parts: Vec<&str> = text.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty()).collect();
    let any_among_others = parts.contains(&"*") && parts.iter().any(|part| *part != "*");
    if entries == Entries::Origins && any_among_others {
        return vec![text.trim().to_owned()];
    }
    if parts.is_empty() {
        return vec![String::new()];
    }
    parts.into_iter().map(str::to_owned).collect()
}

/// Lists from environment variables and the like. White space around the entries and empty entries are left out; a text
/// without any entry is not valid. The methods that take a list don't split its strings.
impl PolicyBuilder {
    /// [`allow_origins`](Self::allow_origins) from one string, which separates its entries by commas or line breaks. `*` can only
    /// stand alone in it.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let variable = "https://app.example.com, https://admin.example.com";
    ///     let policy = Policy::builder()
    ///         .allow_origins_from(variable)
    ///         .allow_methods_from("PUT, DELETE")
    ///         .allow_headers_from("content-type")
    ///         .expose_headers_from("etag, x-total-count")
    ///         .build()?;
    ///     assert!(policy.allows(&"https://admin.example.com".parse()?));
    ///
    ///     assert!(Policy::builder().allow_origins_from("").build().is_err());
    ///     Ok(())
    /// }
    /// ```
    pub fn allow_origins_from(self, text: &str) -> Self {
        self.allow_origins(split(text, Entries::Origins))
    }

    /// [`allow_methods`](Self::allow_methods) from one string, which separates its entries by commas or line breaks.
    pub fn allow_methods_from(self, text: &str) -> Self {
        self.allow_methods(split(text, Entries::Names))
    }

    /// [`allow_headers`](Self::allow_headers) from one string, which separates its entries by commas or line breaks.
    pub fn allow_headers_from(self, text: &str) -> Self {
        self.allow_headers(split(text, Entries::Names))
    }

    /// [`expose_headers`](Self::expose_headers) from one string, which separates its entries by commas or line breaks.
    pub fn expose_headers_from(self, text: &str) -> Self {
        self.expose_headers(split(text, Entries::Names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_split_at_commas_and_line_breaks() {
        for (text, entries, expected) in [
            ("a", Entries::Origins, &["a"][..]),
            ("a,b", Entries::Origins, &["a", "b"]),
            (" a ,\tb\n", Entries::Origins, &["a", "b"]),
            ("a,,b,", Entries::Origins, &["a", "b"]),
            ("a b", Entries::Origins, &["a b"]),
            ("a\nb", Entries::Origins, &["a", "b"]),
            ("a,\r\n  b\r\n", Entries::Origins, &["a", "b"]),
            ("\n\r\n", Entries::Origins, &[""]),
            ("a\n*", Entries::Origins, &["a\n*"]),
            ("*\r\na", Entries::Origins, &["*\r\na"]),
            ("", Entries::Origins, &[""]),
            (" , ", Entries::Names, &[""]),
            ("*", Entries::Origins, &["*"]),
            ("*,", Entries::Origins, &["*"]),
            ("*,*", Entries::Origins, &["*", "*"]),
            (" *, a", Entries::Origins, &["*, a"]),
            ("a,*", Entries::Origins, &["a,*"]),
            // `*` does not cover `authorization` in the standard, so people write both.
            ("*, authorization", Entries::Names, &["*", "authorization"]),
        ] {
            assert_eq!(split(text, entries), expected, "{text:?}");
        }
    }
}
