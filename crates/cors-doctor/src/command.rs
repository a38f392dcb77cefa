//! The `cors-doctor check` command for a request, quoted for a shell.

use std::fmt;

use crate::terminal::is_obeyed_in_a_line;

/// A `check` command. What is not known is shown as what to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckCommand {
    /// The URL.
    pub url: Option<String>,
    /// The page's origin.
    pub origin: Option<String>,
    /// The method, if it is not `GET`.
    pub method: Option<String>,
    /// Whether the method is one that needs a preflight, but not known.
    pub is_method_unknown: bool,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Whether the credentials mode is `include`.
    pub includes_credentials: bool,
    /// The mode, if it is not `cors`.
    pub mode: Option<&'static str>,
}

impl fmt::Display for CheckCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cors-doctor check {}", self.url.as_deref().map_or("URL".to_owned(), quoted))?;
        write!(f, " --origin {}", self.origin.as_deref().map_or("ORIGIN".to_owned(), quoted))?;
        match &self.method {
            Some(method) if method != "GET" => write!(f, " -X {}", quoted(method))?,
            None if self.is_method_unknown => f.write_str(" -X METHOD")?,
            _ => {}
        }
        for (name, value) in &self.headers {
            write!(f, " -H {}", quoted(&format!("{name}: {value}")))?;
        }
        if self.includes_credentials {
            f.write_str(" --credentials")?;
        }
        if let Some(mode) = self.mode {
            write!(f, " --mode {mode}")?;
        }
        Ok(())
    }
}

/// One word of a POSIX shell, on one line.
pub fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let shown: String = text.chars().filter(|character| !is_obeyed_in_a_line(*character)).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}
