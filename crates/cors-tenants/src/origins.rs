//! Which origins a tenant may register, and the policy that they make. `fetch-cors` says what is valid; there is no way here to
//! its `danger_allow_origins`.

use std::{fmt, time::Duration};

use fetch_cors::{InvalidPolicy, Policy, PolicyBuilder};

/// The longest entry, in bytes. A host name has at most 253.
const MAX_LENGTH: usize = 300;

/// What every tenant's policy says, whatever its origins are.
fn rules(max_age: Duration) -> PolicyBuilder {
    Policy::builder()
        .allow_methods(["GET", "POST", "DELETE"])
        .allow_headers(["Authorization", "Content-Type"])
        .allow_credentials()
        .max_age(max_age)
}

/// Whether an origin, or a pattern, may be registered.
///
/// # Errors
///
/// If not: what is wrong, and what to write instead.
pub fn check(entry: &str) -> Result<(), InvalidEntry> {
    if entry.len() > MAX_LENGTH {
        return Err(InvalidEntry(format!("an origin has at most {MAX_LENGTH} characters")));
    }
    // Lines are what the store keeps lists as.
    if entry.chars().any(char::is_control) {
        return Err(InvalidEntry("an origin has no line breaks or other control characters".to_owned()));
    }
    match rules(Duration::ZERO).allow_origin(entry).build() {
        Ok(_) => Ok(()),
        Err(invalid) => Err(InvalidEntry(words(entry, &invalid))),
    }
}

/// The policy of a tenant with these origins. What is not valid any more, since a rule became stricter, is left out and
/// returned.
pub fn policy(origins: &[String], max_age: Duration) -> (Policy, Vec<String>) {
    if origins.is_empty() {
        return (Policy::deny_all(), Vec::new());
    }
    if let Ok(policy) = rules(max_age).allow_origins(origins).build() {
        return (policy, Vec::new());
    }
    let (valid, invalid): (Vec<_>, Vec<_>) =
        origins.iter().cloned().partition(|origin| check(origin).is_ok());
    let policy = if valid.is_empty() { None } else { rules(max_age).allow_origins(valid).build().ok() };
    (policy.unwrap_or_else(Policy::deny_all), invalid)
}

/// What is wrong, and what to register instead. The validator's own advice is for whoever writes the policy: a tenant has no
/// other settings, and no opt-ins.
fn words(entry: &str, invalid: &InvalidPolicy) -> String {
    let Some(problem) = invalid.problems().first() else { return "it is not valid".to_owned() };
    let words = problem.to_string();
    let words = words.strip_prefix("allow_origins[0] ").unwrap_or(&words);
    let why = words.split_once(". ").map_or(words, |(why, _)| why);
    let instead: Vec<String> = problem
        .suggestions()
        .iter()
        .filter(|suggestion| suggestion.as_str() != entry && is_valid(suggestion))
        .map(|suggestion| format!("{suggestion:?}"))
        .collect();
    match &instead[..] {
        [] => format!("{why}. Register exact origins, such as \"https://app.example.com\""),
        [one] => format!("{why}. Register {one}"),
        several => format!("{why}. Register {}, one at a time", several.join(", ")),
    }
}

fn is_valid(entry: &str) -> bool {
    rules(Duration::ZERO).allow_origin(entry).build().is_ok()
}

/// An entry that can't be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEntry(String);

impl fmt::Display for InvalidEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidEntry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_entries_can_be_registered() {
        for entry in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "https://*.example.com",
            "https://pr-*.example.com",
            "http://localhost:5173",
            "http://localhost:*",
            "http://127.0.0.1:3000",
        ] {
            assert_eq!(check(entry), Ok(()), "{entry}");
        }
        for entry in [
            "",
            "*",
            "null",
            "https://*",
            "https://*.com",
            "https://*.co.uk",
            "https://*.netlify.app",
            "https://deploy-*.netlify.app",
            "http://app.example.com",
            "http://192.168.1.7:5173",
            "http://192.168.*.*:5173",
            "file://",
            "moz-extension://*",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://user@app.example.com",
            "https://APP.example.com",
            "https://a.example, https://b.example",
            "https://a.example\nhttps://evil.example",
            "https://a.example\r",
            "app.example.com",
            "javascript:alert(1)",
            "/^https:/",
        ] {
            let error = check(entry).expect_err(entry).to_string();
            for setting in ["allow_origins", "danger_", "Cors::", "turn off"] {
                assert!(!error.contains(setting), "{error}");
            }
        }
        assert!(check(&format!("https://{}.example", "a".repeat(300))).is_err());
    }

    #[test]
    fn the_words_say_what_to_register_instead() {
        for (entry, expected) in [
            (
                "https://app.example.com/",
                r#""https://app.example.com/": an origin has no path. Register "https://app.example.com""#,
            ),
            (
                "https://a.example, https://b.example",
                r#""https://a.example, https://b.example": this is more than one origin in one string. Register "https://a.example", "https://b.example", one at a time"#,
            ),
            (
                "https://*.netlify.app",
                r#""https://*.netlify.app": with credentials, what the user can read could also be read by anyone who can register a name under the public suffix "netlify.app". Register exact origins, such as "https://app.example.com""#,
            ),
        ] {
            assert_eq!(check(entry).map_err(|error| error.to_string()), Err(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_not_valid_any_more_is_left_out() {
        let (policy, left_out) = policy(
            &["*".to_owned(), "https://a.example".to_owned(), "null".to_owned()],
            Duration::from_secs(60),
        );
        assert_eq!(left_out, ["*", "null"]);
        assert!(policy.allows(&"https://a.example".parse().expect("an origin")));
        assert!(!policy.allows(&"https://b.example".parse().expect("an origin")));
        let (policy, left_out) = super::policy(&["*".to_owned()], Duration::ZERO);
        assert!(policy.denies_all() && left_out.len() == 1);
    }
}
