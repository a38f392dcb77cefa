//! A serialized origin: the text by which a browser identifies where a page comes from.

use std::{fmt, str::FromStr};

use super::{
    InvalidOrigin,
    pattern::{self, Pattern},
    problem::ProblemKind,
};

/// An origin as browsers serialize it: scheme, host, and the port unless it is the scheme's default.
/// <https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin>
///
/// The opaque origin, `null`, is not one of them: it does not identify a site.
///
/// ```
/// use fetch_cors::Origin;
///
/// let origin: Origin = "https://app.example.com".parse()?;
/// assert_eq!(origin.as_str(), "https://app.example.com");
/// assert_eq!(
///     "https://app.example.com/".parse::<Origin>().unwrap_err().suggestion(),
///     Some("https://app.example.com")
/// );
/// # Ok::<(), fetch_cors::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Box<str>);

impl Origin {
    /// The serialized origin, as in an `Origin` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(value: &str) -> Result<Self, InvalidOrigin> {
        match pattern::parse(value) {
            Ok(Pattern::Exact(origin)) => Ok(Self(origin.into())),
            Ok(Pattern::Any | Pattern::Wildcard(_)) => {
                Err(InvalidOrigin::new(value, ProblemKind::MisplacedWildcard.into()))
            }
            Err(fault) => {
                let is_origin = |text: &String| matches!(pattern::parse(text), Ok(Pattern::Exact(_)));
                let suggestion = fault.suggestion.filter(is_origin);
                Err(InvalidOrigin::new(value, pattern::fault(fault.kind, value, suggestion)))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
