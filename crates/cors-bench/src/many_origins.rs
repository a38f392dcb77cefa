//! Cases that differ in how many origins the policy allows, and in how they are written.

use crate::cases::{Allowed, BrowserRequest, Case, Expected, Handler, Setup};

/// How an allowed origin is written in the policy. All of a kind are of one length, so that only their number differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Exact,
    Patterns,
}

impl Kind {
    pub(crate) fn setup(self, count: u32) -> Setup {
        let entry = |number| match self {
            Self::Exact => self.origin(number),
            Self::Patterns => format!("https://*.tenant-{number:07}.example.com"),
        };
        Setup { origins: (0..count).map(entry).collect(), credentials: false }
    }

    /// What a browser sends for the entry of this number.
    pub(crate) fn origin(self, number: u32) -> String {
        match self {
            Self::Exact => format!("https://tenant-{number:07}.example.com"),
            Self::Patterns => format!("https://app.tenant-{number:07}.example.com"),
        }
    }
}

/// The words by which [`find`] finds a case: the kind, the number of origins, and the number of the one that asks.
pub(crate) fn words(kind: Kind, count: u32, number: u32) -> Vec<String> {
    let kind = if kind == Kind::Exact { "exact" } else { "patterns" };
    vec![kind.to_owned(), count.to_string(), number.to_string()]
}

/// The case of these words.
pub(crate) fn find(words: &[&str]) -> Option<Case> {
    let [kind, count, number] = words else { return None };
    let kind = if *kind == "exact" { Kind::Exact } else { Kind::Patterns };
    Some(case(kind, count.parse().ok()?, number.parse().ok()?))
}

pub(crate) fn case(kind: Kind, count: u32, number: u32) -> Case {
    let allowed = if number < count { Allowed::Itself } else { Allowed::Nobody };
    Case {
        name: "many origins",
        setup: kind.setup(count),
        handler: Handler::Plain,
        request: BrowserRequest::get(Some(&kind.origin(number))),
        expected: Expected { status: 200, allowed, vary: Some("origin") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_by_its_words() {
        for (kind, number) in [(Kind::Exact, 2), (Kind::Patterns, 3)] {
            let words = words(kind, 3, number);
            let found = find(&words.iter().map(String::as_str).collect::<Vec<_>>()).expect("a case");
            assert_eq!((found.setup, found.request), {
                let case = case(kind, 3, number);
                (case.setup, case.request)
            });
        }
    }
}
