//! Which versions were measured.

pub(crate) const LOCK: &str = include_str!("../../../Cargo.lock");

/// The version of a package that a `Cargo.lock` holds, the first if there are several.
pub(crate) fn version_in<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines =
        lock.lines().skip_while(|line| line.strip_prefix("name = ") != Some(&format!("\"{name}\"")));
    lines.nth(1)?.strip_prefix("version = ").map(|version| version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a\"\nversion = \"0.7.0\"\n";
        assert_eq!(version_in(lock, "a"), Some("0.7.0"));
        assert_eq!(version_in(lock, "b"), None);
        assert_eq!(version_in(LOCK, "actix-web-cors"), Some(env!("CARGO_PKG_VERSION")));
    }
}
