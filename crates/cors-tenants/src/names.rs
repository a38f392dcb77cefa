//! What tenants and accounts may be called.

use std::{fmt, ops::Deref, str::FromStr};

/// A tenant's name: a label of a host name, because it may stand there. Others' labels are not taken: `www`, `api`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(Box<str>);

/// Shortest and longest.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=40;
/// Hosts that people expect something else at.
const RESERVED: [&str; 8] = ["admin", "api", "assets", "health", "localhost", "mail", "static", "www"];

impl Deref for TenantName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl FromStr for TenantName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = |why| Err(InvalidName { why, example: "acme" });
        if !LENGTH.contains(&text.len()) {
            return invalid("a tenant's name has 2 to 40 characters");
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return invalid("a tenant's name has only the characters a to z, 0 to 9 and -");
        }
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) || text.ends_with('-') {
            return invalid("a tenant's name begins with a letter, and does not end with -");
        }
        if text.as_bytes().get(2..4) == Some(b"--") {
            return invalid(
                "two hyphens in the third and fourth place have a meaning of their own in host names",
            );
        }
        if RESERVED.contains(&text) {
            return invalid("this name is kept for the service itself");
        }
        Ok(Self(text.into()))
    }
}

/// Whether an account may have this name.
///
/// # Errors
///
/// If not, and why.
pub fn check_account(name: &str) -> Result<(), InvalidName> {
    let invalid = |why| Err(InvalidName { why, example: "ada" });
    if name.trim() != name || !(1..=64).contains(&name.chars().count()) {
        return invalid("an account's name has 1 to 64 characters, and no space at its ends");
    }
    if name.chars().any(char::is_control) {
        return invalid("an account's name has no control characters");
    }
    Ok(())
}

/// Whether an account may have this password.
///
/// # Errors
///
/// If not, and why.
pub fn check_password(password: &str) -> Result<(), InvalidName> {
    let length = password.chars().count();
    if (10..=200).contains(&length) {
        Ok(())
    } else {
        Err(InvalidName { why: "a password has 10 to 200 characters", example: "four words, in no order" })
    }
}

/// A name that is not taken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName {
    why: &'static str,
    example: &'static str,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; write one such as {:?}", self.why, self.example)
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_label_of_a_host_name() {
        for name in ["acme", "a1", "shop-7", "a-b-c"] {
            assert_eq!(name.parse::<TenantName>().as_deref(), Ok(name));
        }
        let long = "a".repeat(41);
        for name in [
            "",
            "a",
            &long,
            "Acme",
            "acme.evil",
            "acme/x",
            "acme%2f",
            "ac me",
            "-acme",
            "acme-",
            "1acme",
            "xn--acme",
            "ab--c",
            "www",
            "api",
            "localhost",
            "ácme",
            "acme\n",
            "acme\0",
            "..",
            "_acme",
        ] {
            assert!(name.parse::<TenantName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn accounts_and_passwords_are_bounded() {
        for name in ["ada", "ada@acme.example", "Ada Lovelace", "愛"] {
            assert_eq!(check_account(name), Ok(()));
        }
        for name in ["", " ada", "ada ", "a\nb", "a\0", &"a".repeat(65)] {
            assert!(check_account(name).is_err(), "{name:?}");
        }
        assert!(check_password("short").is_err() && check_password(&"a".repeat(201)).is_err());
        assert_eq!(check_password("ten or more"), Ok(()));
    }
}
