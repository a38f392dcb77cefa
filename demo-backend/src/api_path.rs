//! The paths of the API, `/s/<session>/cached/api/<route>`, those of the server written by hand, which have `hand` in place of
//! `api`, and the two parameters that their queries share. Everything that builds a path or reads one does it here; the page does it in `place.js`, with the same constants, which are generated
//! from these.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of the session that `cors.toml` governs. Its paths name no session, and it has no server written by hand.
pub const DEFAULT_SESSION: &str = "default";
/// Before the id of any other session.
pub(crate) const SESSION: &str = "/s/";
/// In paths that lead through the shared cache.
pub(crate) const CACHED: &str = "/cached";
/// Before the route.
pub(crate) const API: &str = "/api/";
/// Before the route, if the server written by hand responds.
pub(crate) const HAND: &str = "/hand/";
/// The query's parameter that names a run of the page.
pub(crate) const RUN: &str = "run=";
/// The query's parameter that turns `Vary` off.
const FORGETS_VARY: &str = "vary=forgotten";

/// Which server responds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ServerKind {
    /// The notes API, whose CORS headers follow the policy.
    #[default]
    Policy,
    /// The one that the reader writes by hand.
    Hand,
}

impl ServerKind {
    /// What stands before the route.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Policy => API,
            Self::Hand => HAND,
        }
    }
}

/// A path of the API, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiPath<'a> {
    /// Whose notes, policy and log; [`DEFAULT_SESSION`] if the path names none.
    pub session: &'a str,
    /// Whether the shared cache stands between the browser and the API.
    pub is_cached: bool,
    /// Which server responds.
    pub server: ServerKind,
    /// What comes after `/api/` or `/hand/`.
    pub route: &'a str,
}

impl fmt::Display for ApiPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cached = if self.is_cached { CACHED } else { "" };
        let server = self.server.prefix();
        write!(f, "{}{cached}{server}{}", session_prefix(self.session), self.route)
    }
}

impl<'a> ApiPath<'a> {
    /// None if the path is not one of the API's.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (session, rest) = match path.strip_prefix(SESSION) {
            Some(rest) => {
                let end = rest.find('/').filter(|&end| is_session_id(&rest[..end]))?;
                rest.split_at(end)
            }
            None => (DEFAULT_SESSION, path),
        };
        let (is_cached, rest) = match rest.strip_prefix(CACHED) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (server, route) = [ServerKind::Policy, ServerKind::Hand]
            .into_iter()
            .find_map(|server| Some((server, rest.strip_prefix(server.prefix())?)))?;
        let is_there = server == ServerKind::Policy || session != DEFAULT_SESSION;
        is_there.then_some(Self { session, is_cached, server, route })
    }

    /// The same session's path of another route, through the cache or not as this one.
    pub fn with_route<'b>(self, route: &'b str) -> ApiPath<'b>
    where
        'a: 'b,
    {
        ApiPath { route, ..self }
    }

    /// Every way in which a path of the notes API can begin, without the last slash, as Actix's router reads it.
    pub(crate) fn scopes() -> impl Iterator<Item = String> {
        let sessions = [String::new(), format!("{SESSION}{{session}}")];
        let api = API.trim_end_matches('/');
        sessions
            .into_iter()
            .flat_map(move |session| ["", CACHED].map(|cached| format!("{session}{cached}{api}")))
    }

    /// The same of the server written by hand, which the default session doesn't have.
    pub(crate) fn hand_scopes() -> [String; 2] {
        ["", CACHED].map(|cached| format!("{SESSION}{{session}}{cached}{}", HAND.trim_end_matches('/')))
    }
}

/// What the paths of a session start with.
pub fn session_prefix(session: &str) -> String {
    if session == DEFAULT_SESSION { String::new() } else { format!("{SESSION}{session}") }
}

/// Whether the text can be the id of a session that the page made. `default` is too short, so that nothing else is named so.
pub fn is_session_id(text: &str) -> bool {
    (8..=32).contains(&text.len()) && is_lower_alphanumeric(text)
}

/// Whether the text can name a run.
pub fn is_run(text: &str) -> bool {
    (1..=32).contains(&text.len()) && is_lower_alphanumeric(text)
}

/// The run that a query names; empty if it names none.
pub fn run_of(query: &str) -> &str {
    query.split('&').find_map(|pair| pair.strip_prefix(RUN)).filter(|run| is_run(run)).unwrap_or("")
}

/// The query without its run.
pub fn without_run(query: &str) -> String {
    query.split('&').filter(|pair| !pair.starts_with(RUN)).collect::<Vec<_>>().join("&")
}

/// Whether the query turns `Vary` off.
pub fn forgets_vary(query: &str) -> bool {
    query.split('&').any(|pair| pair == FORGETS_VARY)
}

fn is_lower_alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_and_put_together() {
        let path_to =
            |server| move |session, is_cached, route| Some(ApiPath { session, is_cached, server, route });
        let (api_path, hand_path) = (path_to(ServerKind::Policy), path_to(ServerKind::Hand));
        for (path, expected) in [
            ("/api/notes", api_path("default", false, "notes")),
            ("/cached/api/notes/1", api_path("default", true, "notes/1")),
            ("/s/abcdefgh/api/", api_path("abcdefgh", false, "")),
            ("/s/abcd2345/cached/api/font", api_path("abcd2345", true, "font")),
            ("/s/abcdefgh/hand/notes", hand_path("abcdefgh", false, "notes")),
            ("/s/abcdefgh/cached/hand/", hand_path("abcdefgh", true, "")),
            ("/hand/notes", None),
            ("/cached/hand/notes", None),
            ("/s/default/hand/notes", None),
            ("/s/abcdefgh/handnotes", None),
            ("/s/default/api/notes", None),
            ("/s/short/api/notes", None),
            ("/s/ABCDEFGH/api/notes", None),
            ("/s/abcdefgh", None),
            ("/apinotes", None),
            ("/cachedapi/notes", None),
            ("/", None),
        ] {
            assert_eq!(ApiPath::parse(path), expected, "{path}");
            if let Some(api_path) = expected {
                assert_eq!(api_path.to_string(), path);
            }
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
