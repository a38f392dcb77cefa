//! Where in the API a path leads: whose session, through the cache or not, and which route.

/// The id of the session that `cors.toml` governs, whose paths name none.
pub const DEFAULT: &str = "default";

/// A path below the API's origin, taken apart: `/s/<session>/cached/api/<route>`, of which `/api/<route>` is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whose; [`DEFAULT`] if the path names none.
    pub session: &'a str,
    /// Whether the small cache stands in between.
    pub cached: bool,
    /// What comes after `/api/`.
    pub route: &'a str,
}

impl<'a> Place<'a> {
    /// None if the path is none of the API's.
    pub fn of(path: &'a str) -> Option<Self> {
        let (session, rest) = match path.strip_prefix("/s/") {
            Some(rest) => rest.split_once('/').filter(|(id, _)| is_session_id(id))?,
            None => (DEFAULT, path.strip_prefix('/')?),
        };
        let (cached, rest) = match rest.strip_prefix("cached/") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        rest.strip_prefix("api/").map(|route| Self { session, cached, route })
    }

    /// What stands before `/api/`.
    pub fn prefix(&self) -> String {
        format!("{}{}", session_prefix(self.session), if self.cached { "/cached" } else { "" })
    }
}

/// What the paths of a session start with.
pub fn session_prefix(session: &str) -> String {
    if session == DEFAULT { String::new() } else { format!("/s/{session}") }
}

/// Whether the text can be the id of a session that was made.
pub fn is_session_id(text: &str) -> bool {
    (8..=32).contains(&text.len()) && is_lower_alphanumeric(text)
}

/// Whether the text can name a run.
pub fn is_run(text: &str) -> bool {
    (1..=32).contains(&text.len()) && is_lower_alphanumeric(text)
}

/// The run that a query names; empty if it names none.
pub fn run_of(query: &str) -> &str {
    query.split('&').find_map(|pair| pair.strip_prefix("run=")).filter(|run| is_run(run)).unwrap_or("")
}

/// The query without its run.
pub fn without_run(query: &str) -> String {
    query.split('&').filter(|pair| !pair.starts_with("run=")).collect::<Vec<_>>().join("&")
}

fn is_lower_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let place = |session, cached, route| Some(Place { session, cached, route });
        for (path, expected) in [
            ("/api/notes", place("default", false, "notes")),
            ("/cached/api/notes/1", place("default", true, "notes/1")),
            ("/s/abcdefgh/api/", place("abcdefgh", false, "")),
            ("/s/abcd2345/cached/api/font", place("abcd2345", true, "font")),
            ("/s/default/api/notes", None),
            ("/s/short/api/notes", None),
            ("/s/ABCDEFGH/api/notes", None),
            ("/s/abcdefgh", None),
            ("/apinotes", None),
            ("/", None),
        ] {
            // "default" is too short for an id, so that nobody can name the default session so.
            assert_eq!(Place::of(path), expected, "{path}");
        }
    }

    #[test]
    fn runs_are_found_and_left_out() {
        for (query, run, rest) in [
            ("", "", ""),
            ("run=a1", "a1", ""),
            ("to=x&run=a1", "a1", "to=x"),
            ("run=A1&to=x", "", "to=x"),
            ("rerun=a1", "", "rerun=a1"),
        ] {
            assert_eq!(run_of(query), run, "{query}");
            assert_eq!(without_run(query), rest, "{query}");
        }
    }
}
