//! Where redirects of the API may lead: only to the Lab's own origins, so that none is an open redirect.

use actix_web::web::Query;
use serde::Deserialize;
use url::{Position, Url};

use crate::{
    api_path::{ApiPath, run_of},
    origins::Origins,
};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// A redirect response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// As `Location` says it.
    pub location: String,
}

#[derive(Deserialize)]
struct RedirectQuery {
    to: String,
    #[serde(default = "found")]
    status: u16,
}

const fn found() -> u16 {
    302
}

impl Redirection {
    /// Reads the query of a request to `/api/redirect`, which is this path.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub fn read(path: ApiPath<'_>, query: &str, origins: &Origins) -> Result<Self, String> {
        let Query(wanted) = Query::<RedirectQuery>::from_query(query).map_err(|error| {
            format!("write ?to=notes/1 or ?to= with a URL of the Lab, and add a status such as &status=307 if you like: {error}")
        })?;
        if !is_redirect(wanted.status) {
            return Err(format!(
                "{} is not a redirect status: write 301, 302, 303, 307 or 308",
                wanted.status
            ));
        }
        let location = location(path, &wanted.to, run_of(query), origins)?;
        Ok(Self { status: wanted.status, location })
    }
}

/// Whether it is a [redirect status](https://fetch.spec.whatwg.org/#redirect-status).
pub fn is_redirect(status: u16) -> bool {
    STATUSES.contains(&status)
}

/// The `Location` that leads a request at this path to a target: a route, such as `notes/1`, or a whole URL. A target in the
/// API is given the run.
///
/// # Errors
///
/// Why not, in words.
pub fn location(path: ApiPath<'_>, to: &str, run: &str, origins: &Origins) -> Result<String, String> {
    let base = format!("{}{}", origins.api, path.with_route(""));
    let nowhere = |error| format!("\"{to}\" is not a URL: {error}");
    let base = Url::parse(&base).map_err(nowhere)?;
    let mut url = base.join(to).map_err(nowhere)?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if !origins.is_own(&url) || has_credentials {
        return Err("redirects lead only to the Lab's own origins".to_owned());
    }
    if origins.is_api(&url) && !run.is_empty() && run_of(url.query().unwrap_or_default()).is_empty() {
        url.query_pairs_mut().append_pair("run", run);
    }
    let path = &url[Position::BeforePath..];
    // A path that starts with two slashes would lead to another host, and another port can't be written as a path.
    let is_same_by_path = base.join(path).is_ok_and(|reached| reached == url);
    let is_whole = to.contains("://") || !is_same_by_path;
    let location = if is_whole { url.as_str() } else { path };
    Ok(location.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_path::ServerKind;

    #[test]
    fn it_leads_only_to_the_labs_own_origins() {
        let origins = Origins {
            api: "http://localhost:8080".to_owned(),
            api_alias: Some("http://127.0.0.1:8080".to_owned()),
            page: "http://localhost:3000".to_owned(),
            attacker: "http://localhost:3001".to_owned(),
        };
        let path =
            ApiPath { session: "abcdefgh", is_cached: false, server: ServerKind::Policy, route: "redirect" };
        for (query, expected) in [
            ("to=notes/1", Some((302, "/s/abcdefgh/api/notes/1"))),
            ("to=notes/1&status=307&run=a1", Some((307, "/s/abcdefgh/api/notes/1?run=a1"))),
            ("to=notes%3Fa%3Db&run=a1", Some((302, "/s/abcdefgh/api/notes?a=b&run=a1"))),
            ("to=/api/notes", Some((302, "/api/notes"))),
            ("to=/&status=301", Some((301, "/"))),
            ("to=/&status=303", Some((303, "/"))),
            ("to=/&status=308", Some((308, "/"))),
            (
                "to=http://127.0.0.1:8080/api/notes&run=a1",
                Some((302, "http://127.0.0.1:8080/api/notes?run=a1")),
            ),
            ("to=http://localhost:3000/&run=a1", Some((302, "http://localhost:3000/"))),
            (
                "to=http://localhost:3000/s/abcdefgh/api/notes&run=a1",
                Some((302, "http://localhost:3000/s/abcdefgh/api/notes?run=a1")),
            ),
            ("to=http://localhost:3001/", Some((302, "http://localhost:3001/"))),
            ("to=//localhost:3000/", Some((302, "http://localhost:3000/"))),
            ("to=/.//example.com/", Some((302, "http://localhost:8080//example.com/"))),
            ("to=//localhost:8080//example.com/", Some((302, "http://localhost:8080//example.com/"))),
            ("to=https://example.com/", None),
            ("to=//example.com/", None),
            ("to=/\\example.com/", None),
            ("to=http://localhost:3002/", None),
            ("to=http://localhost:8080.example.com/", None),
            ("to=http://user@localhost:8080/", None),
            ("to=javascript:alert(1)", None),
            ("to=data:,hello", None),
            ("to=notes&status=200", None),
            ("to=notes&status=304", None),
            ("status=302", None),
        ] {
            let read = Redirection::read(path, query, &origins).ok();
            let read = read.as_ref().map(|redirect| (redirect.status, redirect.location.as_str()));
            assert_eq!(read, expected, "{query}");
        }
    }
}
