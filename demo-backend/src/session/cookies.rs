//! The cookies that the browser should have from a session's API. A prediction starts from them, so that it knows which ones
//! the browser will send.

use fetch_cors::browser::Engine;

/// The most cookies that are kept; the oldest goes when there are more. The API has two names and two addresses.
const MAX_COOKIES: usize = 16;

/// Where a request goes, and from which site's page: what decides about cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieContext<'a> {
    /// The host, without a port: cookies know no ports.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// Whether the page that sends it is of another site.
    pub is_cross_site: bool,
    /// Whose rules apply; none for those that are written down.
    pub engine: Option<Engine>,
}

/// A cookie, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredCookie {
    name: String,
    host: String,
    path: String,
    reaches_other_sites: bool,
    /// Whether only the page of the other site that was given it sends it.
    is_partitioned: bool,
}

/// The cookies of one browser.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    cookies: Vec<StoredCookie>,
}

impl CookieJar {
    /// The names of the cookies that the browser sends.
    pub fn names(&self, context: CookieContext<'_>) -> Vec<String> {
        let is_sent = |cookie: &&StoredCookie| {
            cookie.host == context.host
                && context.path.starts_with(&cookie.path)
                && (!context.is_cross_site || cookie.reaches_other_sites)
                && (context.is_cross_site || !cookie.is_partitioned)
        };
        self.cookies.iter().filter(is_sent).map(|cookie| cookie.name.clone()).collect()
    }

    /// Keeps the cookie of a response's `Set-Cookie`, if the browser does.
    pub fn store(&mut self, set_cookie: &str, context: CookieContext<'_>) {
        let Some(cookie) = read(set_cookie, context) else { return };
        self.cookies.retain(|known| {
            (&known.name, &known.host, &known.path, known.is_partitioned)
                != (&cookie.name, &cookie.host, &cookie.path, cookie.is_partitioned)
        });
        if self.cookies.len() >= MAX_COOKIES {
            self.cookies.remove(0);
        }
        self.cookies.push(cookie);
    }
}

/// The cookie as the browser stores it; none if it doesn't.
fn read(set_cookie: &str, context: CookieContext<'_>) -> Option<StoredCookie> {
    let mut parts = set_cookie.split(';').map(str::trim);
    let (name, _) = parts.next()?.split_once('=')?;
    let attributes: Vec<&str> = parts.collect();
    let has = |wanted: &str| attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(wanted));
    let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
    let (is_none, is_secure) = (has("SameSite=None"), has("Secure"));
    let reaches_other_sites = is_none && is_secure;
    let is_stored = (!is_none || is_secure) && (!context.is_cross_site || reaches_other_sites);
    is_stored.then(|| StoredCookie {
        name: name.to_owned(),
        host: context.host.to_owned(),
        path: path.to_owned(),
        reaches_other_sites,
        is_partitioned: false,
    })
}
