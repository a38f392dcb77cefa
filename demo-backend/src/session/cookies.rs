//! The cookies that the browser should have from a session's API. A prediction starts from them, so that it knows which ones
//! the browser will send.

use fetch_cors::browser::Engine;

/// The most cookies that are kept; the oldest goes when there are more. The API has two names and two addresses.
const MAX_COOKIES: usize = 16;

/// Where a request goes, and from which page: what decides about cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieContext<'a> {
    /// The host, without a port: cookies know no ports.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// Whether the page that sends it is of another site. A sandboxed frame is of no site.
    pub is_cross_site: bool,
    /// Whether the page in the address bar is of another site.
    pub is_third_party: bool,
    /// Whose rules apply; none for those that are written down.
    pub engine: Option<Engine>,
}

impl CookieContext<'_> {
    /// Whether the browser treats its cookies as those of another site.
    pub fn is_foreign(&self) -> bool {
        if Rules::of(self.engine).by_address_bar { self.is_third_party } else { self.is_cross_site }
    }
}

/// What engines do differently. The browser suite compares it with what they do.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a difference by itself")]
struct Rules {
    /// Whether cookies with `Secure` are not stored over plain http, not even from this computer.
    secure_needs_tls: bool,
    /// Whether cookies with `SameSite=None` are stored only if they have `Secure`.
    none_needs_secure: bool,
    /// Whether a cookie without `SameSite` is one with `SameSite=Lax`.
    is_lax_unless_said: bool,
    /// Whether all cookies are kept apart by site, as those with `Partitioned` are everywhere.
    partitions_all: bool,
    /// Whether other sites' cookies are neither stored nor sent.
    blocks_third_party: bool,
    /// Whether the page in the address bar decides, whatever the origin of a frame in it.
    by_address_bar: bool,
}

impl Rules {
    fn of(engine: Option<Engine>) -> Self {
        let written_down = Self {
            secure_needs_tls: false,
            none_needs_secure: true,
            is_lax_unless_said: true,
            partitions_all: false,
            blocks_third_party: false,
            by_address_bar: false,
        };
        match engine {
            Some(Engine::Firefox) => Self { is_lax_unless_said: false, partitions_all: true, ..written_down },
            Some(Engine::WebKit) => Self {
                secure_needs_tls: true,
                none_needs_secure: false,
                is_lax_unless_said: false,
                blocks_third_party: true,
                by_address_bar: true,
                ..written_down
            },
            _ => written_down,
        }
    }
}

/// A cookie, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredCookie {
    name: String,
    host: String,
    path: String,
    crosses_sites: bool,
    /// Of those that are kept apart: whether it belongs to the pages of another site.
    partition: Option<bool>,
}

/// The cookies of one browser.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    cookies: Vec<StoredCookie>,
}

impl CookieJar {
    /// The names of the cookies that the browser sends.
    pub fn names(&self, context: CookieContext<'_>) -> Vec<String> {
        let is_foreign = context.is_foreign();
        let blocks = Rules::of(context.engine).blocks_third_party;
        let is_sent = |cookie: &&StoredCookie| {
            cookie.host == context.host
                && context.path.starts_with(&cookie.path)
                && (!is_foreign || cookie.crosses_sites && !blocks)
                && cookie.partition.is_none_or(|partition| partition == is_foreign)
        };
        self.cookies.iter().filter(is_sent).map(|cookie| cookie.name.clone()).collect()
    }

    /// Keeps the cookie of a response's `Set-Cookie`, if the browser does.
    pub fn store(&mut self, set_cookie: &str, context: CookieContext<'_>) {
        let Some(cookie) = read(set_cookie, context) else { return };
        self.cookies.retain(|known| {
            (&known.name, &known.host, &known.path, known.partition)
                != (&cookie.name, &cookie.host, &cookie.path, cookie.partition)
        });
        if self.cookies.len() >= MAX_COOKIES {
            self.cookies.remove(0);
        }
        self.cookies.push(cookie);
    }
}

/// The cookie as the browser stores it; none if it doesn't. All of the Lab's servers speak plain http.
fn read(set_cookie: &str, context: CookieContext<'_>) -> Option<StoredCookie> {
    let mut parts = set_cookie.split(';').map(str::trim);
    let (name, _) = parts.next()?.split_once('=')?;
    let attributes: Vec<&str> = parts.collect();
    let has = |wanted: &str| attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(wanted));
    let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
    let (rules, is_foreign) = (Rules::of(context.engine), context.is_foreign());
    let (is_none, is_secure) = (has("SameSite=None"), has("Secure"));
    let says_nothing = !is_none && !has("SameSite=Lax") && !has("SameSite=Strict");
    let crosses_sites = is_none || says_nothing && !rules.is_lax_unless_said;
    let is_refused = is_secure && rules.secure_needs_tls
        || is_none && !is_secure && rules.none_needs_secure
        || is_foreign && (rules.blocks_third_party || !crosses_sites);
    let is_partitioned = rules.partitions_all || has("Partitioned");
    (!is_refused).then(|| StoredCookie {
        name: name.to_owned(),
        host: context.host.to_owned(),
        path: path.to_owned(),
        crosses_sites,
        partition: is_partitioned.then_some(is_foreign),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: CookieContext<'_> = CookieContext {
        host: "localhost",
        path: "/s/abcdefgh/api/login",
        is_cross_site: false,
        is_third_party: false,
        engine: None,
    };

    #[test]
    fn a_cookie_belongs_to_a_host_and_a_path() {
        let mut jar = CookieJar::default();
        jar.store("a=1; Path=/s/abcdefgh/", OWN);
        assert_eq!(jar.names(OWN), ["a"]);
        for (host, path) in
            [("127.0.0.1", OWN.path), ("localhost", "/api/notes"), ("localhost", "/s/abcdefgi/api/")]
        {
            assert_eq!(jar.names(CookieContext { host, path, ..OWN }), [""; 0], "{host} {path}");
        }
        jar.store("a=2; SameSite=Strict; Path=/s/abcdefgh/", OWN);
        jar.store("", OWN);
        assert_eq!(jar.names(OWN), ["a"], "it is the same cookie");
    }

    #[test]
    fn a_jar_is_bounded() {
        let mut jar = CookieJar::default();
        for number in 0..100 {
            jar.store(&format!("c{number}=1"), OWN);
        }
        assert_eq!(jar.cookies.len(), MAX_COOKIES);
        assert!(jar.names(OWN).contains(&"c99".to_owned()), "the oldest went");
    }

    /// Which engines send a cookie that this site set to a page of another site, and one that another site set.
    #[test]
    fn engines_differ_about_other_sites() {
        let engines = [None, Some(Engine::Chromium), Some(Engine::Firefox), Some(Engine::WebKit)];
        for (attributes, own, own_to_foreign, foreign) in [
            ("SameSite=Lax", "scfw", "", ""),
            ("SameSite=Strict", "scfw", "", ""),
            ("SameSite=None; Secure", "scf", "sc", "scf"),
            ("SameSite=None", "w", "", ""),
            ("SameSite=None; Secure; Partitioned", "scf", "", "scf"),
            ("HttpOnly", "scfw", "", "f"),
        ] {
            let said = |set: bool, sent: bool| -> String {
                let context = |is_foreign, engine| CookieContext {
                    is_cross_site: is_foreign,
                    is_third_party: is_foreign,
                    engine,
                    ..OWN
                };
                let is_sent = |engine| {
                    let mut jar = CookieJar::default();
                    jar.store(&format!("a=1; {attributes}"), context(set, engine));
                    !jar.names(context(sent, engine)).is_empty()
                };
                engines
                    .into_iter()
                    .zip("scfw".chars())
                    .filter(|(engine, _)| is_sent(*engine))
                    .map(|(_, c)| c)
                    .collect()
            };
            assert_eq!(said(false, false), own, "{attributes}");
            assert_eq!(said(false, true), own_to_foreign, "{attributes}");
            assert_eq!(said(true, true), foreign, "{attributes}");
        }
    }
}
