//! A guard against other sites' requests, as an API has it that knows nothing of CORS but reads
//! [Fetch Metadata](https://w3c.github.io/webappsec-fetch-metadata/).

use actix_web_cors::Policy;

/// The query that turns the guard on.
const GUARD: &str = "guard=fetch-metadata";

/// Whether the query turns the guard on.
pub fn is_guarded(query: &str) -> bool {
    query.split('&').any(|pair| pair == GUARD)
}

/// Whether a page sent the request that has no business to. What comes from the API's own pages, or from the user's hand, may
/// act, and so may the origins that the policy allows. A request with neither header was not sent by a browser of today.
pub fn is_foreign(sec_fetch_site: Option<&str>, origin: Option<&str>, policy: &Policy) -> bool {
    let is_own = matches!(sec_fetch_site, Some("same-origin" | "none"));
    let is_allowed =
        || origin.and_then(|origin| origin.parse().ok()).is_some_and(|origin| policy.allows(&origin));
    let says_nothing = sec_fetch_site.is_none() && origin.is_none();
    !is_own && !says_nothing && !is_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_and_allowed_pages_may_act() {
        let page = "http://localhost:3000";
        let policy = Policy::allow_origin(page).expect("a valid policy");
        for (site, origin, expected) in [
            (None, None, false),
            (Some("none"), None, false),
            (Some("same-origin"), Some("http://localhost:8080"), false),
            // A page that sends no origin, such as one with a referrer policy of its own.
            (Some("same-origin"), Some("null"), false),
            (Some("same-site"), Some(page), false),
            (Some("cross-site"), Some(page), false),
            (None, Some(page), false),
            (Some("same-site"), Some("http://localhost:3001"), true),
            (Some("cross-site"), Some("https://evil.example"), true),
            (Some("cross-site"), Some("null"), true),
            // A `GET` that a page embeds.
            (Some("same-site"), None, true),
            (Some("cross-site"), None, true),
            (None, Some("https://evil.example"), true),
            (None, Some("http://localhost:3000.evil.example"), true),
            // What no browser says proves nothing.
            (Some("Same-Origin"), None, true),
            (Some("same-origin, none"), None, true),
            (Some(""), None, true),
        ] {
            assert_eq!(is_foreign(site, origin, &policy), expected, "{site:?} {origin:?}");
        }
        assert!(is_foreign(Some("cross-site"), Some("null"), &Policy::any_origin()));
    }

    #[test]
    fn the_query_turns_it_on() {
        for (query, expected) in [
            ("", false),
            ("guard=fetch-metadata", true),
            ("run=a1&guard=fetch-metadata", true),
            ("guard=none", false),
            ("unguard=fetch-metadata", false),
        ] {
            assert_eq!(is_guarded(query), expected, "{query}");
        }
    }
}
