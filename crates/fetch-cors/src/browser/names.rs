//! A set of names that a server or a script listed. Whoever sends a list decides how long it is, so a look-up must not read
//! all of it.

use super::work;

/// Names in order, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    sorted: Vec<String>,
}

impl Names {
    pub(super) fn contains(&self, name: &str) -> bool {
        let compare = |listed: &String| {
            work::step();
            listed.as_str().cmp(name)
        };
        self.sorted.binary_search_by(compare).is_ok()
    }

    /// Whether `*` is listed.
    pub(super) fn has_wildcard(&self) -> bool {
        self.contains("*")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.sorted.iter().map(|name| {
            work::step();
            name.as_str()
        })
    }

    /// The same names in lower case.
    pub(super) fn lowercase(self) -> Self {
        self.sorted.into_iter().map(|name| name.to_ascii_lowercase()).collect()
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let mut sorted: Vec<String> = names.into_iter().collect();
        sorted.sort_unstable_by(|first, second| {
            work::step();
            first.cmp(second)
        });
        sorted.dedup();
        Self { sorted }
    }
}
