//! What one policy allows and another does not: exact, even for patterns against patterns, with an example of each
//! difference. For people who review a change of policy; no request is decided here.

use std::{collections::HashSet, fmt};

use super::{
    Policy,
    escape::escape_text,
    names::{self, MAX_ECHOED_HEADERS, MAX_ECHOED_METHOD, Names},
    uncovered::{example, uncovered},
};

/// Something that one policy allows and another does not, with an example; made by [`Policy::widening`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Widening {
    /// Pages of this origin, and perhaps of others, are allowed.
    Origin {
        /// An example of such an origin.
        origin: String,
    },
    /// This method, and perhaps others, is allowed.
    Method {
        /// An origin whose pages may use it.
        origin: String,
        /// An example of such a method.
        method: String,
    },
    /// This request header, and perhaps others, is allowed.
    Header {
        /// An origin whose pages may send it.
        origin: String,
        /// An example of such a header name.
        name: String,
    },
    /// More bytes of request header names are allowed at once.
    HeaderNames {
        /// An origin whose pages may send them.
        origin: String,
        /// An example of such names, of which each is allowed by itself.
        names: Vec<String>,
    },
    /// This response header, and perhaps others, is exposed.
    ExposedHeader {
        /// An origin whose pages may read it.
        origin: String,
        /// An example of such a header name.
        name: String,
    },
    /// Cookies and other credentials are allowed.
    Credentials {
        /// An origin whose pages may use them.
        origin: String,
    },
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin { origin } => write!(f, "it allows the origin {origin}"),
            Self::Method { origin, method } => {
                write!(f, "it allows the method {}, e.g. to {origin}", escape_text(method))
            }
            Self::Header { origin, name } => {
                write!(f, "it allows the request header {}, e.g. to {origin}", escape_text(name))
            }
            Self::HeaderNames { origin, .. } => write!(
                f,
                "it allows more than {MAX_ECHOED_HEADERS} bytes of request header names at once, e.g. to {origin}"
            ),
            Self::ExposedHeader { origin, name } => {
                write!(f, "it exposes the response header {name}, e.g. to {origin}")
            }
            Self::Credentials { origin } => write!(f, "it allows credentials, e.g. to {origin}"),
        }
    }
}

impl Policy {
    /// What `other` allows that this policy does not, with one example of each kind; empty if there is nothing.
    ///
    /// The comparison is exact: if the list is empty, no request is allowed by `other` alone. How long preflight responses
    /// are cached is not compared.
    ///
    /// ```
    /// use fetch_cors::{Policy, Widening};
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
    ///     let before = Policy::builder().allow_origins(["https://*.example.com"]).build()?;
    ///     let after = Policy::builder()
    ///         .allow_origins(["https://*.example.com:*"])
    ///         .allow_methods(["PUT"])
    ///         .build()?;
    ///
    ///     assert_eq!(
    ///         before.widening(&after),
    ///         [
    ///             Widening::Origin { origin: "https://evil.example.com:8443".to_owned() },
    ///             Widening::Method { origin: "https://evil.example.com".to_owned(), method: "PUT".to_owned() },
    ///         ]
    ///     );
    ///     assert_eq!(after.widening(&before), []);
    ///     Ok(())
    /// }
    /// ```
    pub fn widening(&self, other: &Self) -> Vec<Widening> {
        // If no origin is allowed, nothing else is.
        let nothing = Self::deny_all();
        let (ours, theirs) = (if self.denies_all() { nothing.parts() } else { self.parts() }, other.parts());
        // An origin that `other` allows; if there is none, it allows nothing.
        let Some(origin) = example(&theirs.origins) else { return Vec::new() };
        let mut widenings = Vec::new();
        if let Some(origin) = uncovered(&ours.origins, &theirs.origins) {
            widenings.push(Widening::Origin { origin });
        }
        let usual = ["PUT", "DELETE", "PATCH"];
        let method =
            unlisted(&ours.methods, &theirs.methods, &names::SAFELISTED_METHODS, &usual).or_else(|| {
                // Both may allow any method, and then only the bound of an echo makes a difference.
                if ours.echoes(&ours.methods) && !theirs.echoes(&theirs.methods) {
                    longer(&theirs.methods, MAX_ECHOED_METHOD, "X")
                } else {
                    None
                }
            });
        if let Some(method) = method {
            widenings.push(Widening::Method { origin: origin.clone(), method });
        }
        let header = unlisted(&ours.headers, &theirs.headers, &[], &["authorization", "content-type"]);
        let is_bound_lifted = ours.echoes(&ours.headers) && !theirs.echoes(&theirs.headers);
        let long_name = || longer(&theirs.headers, MAX_ECHOED_HEADERS, "x");
        if let Some(name) = header.or_else(|| if is_bound_lifted { long_name() } else { None }) {
            widenings.push(Widening::Header { origin: origin.clone(), name });
        } else if is_bound_lifted && let Some(names) = longer_list(&theirs.headers) {
            widenings.push(Widening::HeaderNames { origin: origin.clone(), names });
        }
        let exposed = unlisted(
            &ours.exposed,
            &theirs.exposed,
            &names::SAFELISTED_RESPONSE_HEADERS,
            &["etag", "location"],
        );
        if let Some(name) = exposed {
            widenings.push(Widening::ExposedHeader { origin: origin.clone(), name });
        }
        if theirs.credentials && !ours.credentials {
            widenings.push(Widening::Credentials { origin });
        }
        widenings
    }
}

/// A name that `theirs` allows and neither `ours` nor the safelist does. If any name will do, `usual` ones are tried first.
fn unlisted(ours: &Names, theirs: &Names, safelisted: &[&str], usual: &[&str]) -> Option<String> {
    let Names::Listed(ours) = ours else { return None };
    let listed: HashSet<&str> = ours.iter().map(String::as_str).collect();
    let is_new = |name: &str| !listed.contains(name) && !safelisted.contains(&name);
    match theirs {
        Names::Listed(theirs) => theirs.iter().find(|name| is_new(name)).cloned(),
        Names::Any => {
            let usual = usual.iter().map(|&name| name.to_owned());
            // One more than `ours` lists, so at least one of them is new.
            let made_up = (0..=ours.len()).map(|number| format!("x-{number}"));
            usual.chain(made_up).find(|name| is_new(name))
        }
    }
}

/// A name of more bytes than are echoed that a policy without echoes allows.
fn longer(theirs: &Names, bound: usize, letter: &str) -> Option<String> {
    match theirs {
        Names::Listed(theirs) => theirs.iter().find(|name| name.len() > bound).cloned(),
        Names::Any => Some(letter.repeat(bound + 1)),
    }
}

/// The names of a list if they have more bytes than are echoed. A browser joins them by commas.
fn longer_list(theirs: &Names) -> Option<Vec<String>> {
    let Names::Listed(theirs) = theirs else { return None };
    (theirs.join(",").len() > MAX_ECHOED_HEADERS).then(|| theirs.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each name was compared with all that the other policy lists.
    #[test]
    fn long_lists_are_compared_name_by_name() {
        const COUNT: usize = 200_000;
        let list = |range: &mut dyn Iterator<Item = usize>| {
            Names::Listed(range.map(|number| format!("x-{number}")).collect())
        };
        let (ours, same) = (list(&mut (0..COUNT)), list(&mut (0..COUNT).rev()));
        assert_eq!(unlisted(&ours, &same, &[], &[]), None);
        assert_eq!(unlisted(&ours, &Names::Any, &[], &["x-7"]), Some(format!("x-{COUNT}")));
    }
}
