//! The browser's cookie jar: the parts of [RFC 6265bis](https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html)
//! that concern a `fetch()`. Header lines come from a server and are not trusted. Callers pass the time; no clock is read.

use std::{net::IpAddr, time::Duration};

use actix_web::cookie::{Cookie, SameSite, time::OffsetDateTime};
use fetch_cors::browser::{PageOrigin, Url, is_potentially_trustworthy};

use super::outcome::shown;

/// A cookie that the browser keeps. The example of [`Browser::set_cookie`](super::Browser::set_cookie) looks at some.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCookie {
    /// As it is sent.
    pub name: String,
    /// As it is sent, with quotation marks if it came with some.
    pub value: String,
    /// Its `Domain`, or else the host that set it; in lower case, without a leading dot.
    pub domain: String,
    /// Whether it came without `Domain`, and so is sent to this host only, not to subdomains.
    pub is_host_only: bool,
    /// It is sent to this path and those below it.
    pub path: String,
    /// When it expires, on the clock that [`Browser::now`](super::Browser::now) reads; `None` if it lives as long as the
    /// browser.
    pub expires: Option<Duration>,
    /// Whether it is sent over secure connections only.
    pub secure: bool,
    /// Whether it is hidden from scripts. `fetch()` sends it nevertheless.
    pub http_only: bool,
    /// `None` if it came without a known `SameSite`. Whether it is then treated as `Lax` depends on the
    /// [profile](fetch_cors::browser::Profile::missing_same_site_is_lax).
    pub same_site: Option<SameSite>,
}

impl StoredCookie {
    /// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-retrieval-algorithm>, without the
    /// conditions on the request's page and connection.
    fn is_for(&self, host: &str, path: &str) -> bool {
        (if self.is_host_only { self.domain == host } else { domain_matches(host, &self.domain) })
            && path_matches(path, &self.path)
    }

    fn is_sent_cross_site(&self, missing_is_lax: bool) -> bool {
        self.same_site.map_or(!missing_is_lax, |same_site| same_site == SameSite::None)
    }

    fn same_site_name(&self) -> &'static str {
        match self.same_site {
            Some(SameSite::Strict) => "its SameSite is Strict",
            Some(SameSite::Lax) => "its SameSite is Lax",
            Some(SameSite::None) => "its SameSite is None",
            None => "it has no SameSite, which Chromium treats as Lax",
        }
    }
}

/// Where a cookie comes from or goes to, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) url: &'a Url,
    /// Whether the page that sends the request is same-site with the URL.
    pub(super) is_same_site: bool,
    /// Whether a cookie without `SameSite` is treated as `Lax`.
    pub(super) missing_is_lax: bool,
    pub(super) clock: Clock,
}

impl<'a> Place<'a> {
    fn host(self) -> &'a str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether browsers treat it as secure.
    fn is_secure(self) -> bool {
        is_potentially_trustworthy(self.url)
    }
}

/// A clock that stands until it is moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: OffsetDateTime,
    elapsed: Duration,
}

impl Clock {
    /// It starts at the present, because the application computes its `Expires` from the present.
    pub(super) fn start() -> Self {
        Self { started: OffsetDateTime::now_utc(), elapsed: Duration::ZERO }
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.elapsed = self.elapsed.saturating_add(by);
    }

    pub(super) fn now(self) -> Duration {
        self.elapsed
    }

    /// The time since it started; `None` for the time before.
    fn since_start(self, time: OffsetDateTime) -> Option<Duration> {
        Duration::try_from(time - self.started).ok()
    }
}

/// The cookies for a request.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The value of `Cookie`, if there is anything to send.
    pub(super) header: Option<String>,
    /// Sentences about the cookies for this URL that are not sent.
    pub(super) withheld: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Jar {
    /// In the order of their creation.
    cookies: Vec<StoredCookie>,
}

/// Browsers refuse longer names and values, taken together; in bytes.
const MAX_LENGTH: usize = 4096;
/// The longest that a cookie is kept.
const MAX_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Jar {
    /// The cookies that are kept at this time, in the order of their creation.
    pub(super) fn cookies(&self, now: Duration) -> impl Iterator<Item = &StoredCookie> {
        self.cookies.iter().filter(move |cookie| cookie.expires.is_none_or(|expires| now < expires))
    }

    /// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-retrieval-algorithm>
    pub(super) fn select(&self, place: Place<'_>) -> Selection {
        let mut selection = Selection::default();
        let mut sent: Vec<&StoredCookie> = Vec::new();
        for cookie in
            self.cookies(place.clock.now()).filter(|cookie| cookie.is_for(place.host(), place.url.path()))
        {
            let why_not = if cookie.secure && !place.is_secure() {
                "it is Secure, and the connection is not".to_owned()
            } else if !place.is_same_site && !cookie.is_sent_cross_site(place.missing_is_lax) {
                format!("{}, and the page is on another site", cookie.same_site_name())
            } else {
                sent.push(cookie);
                continue;
            };
            selection
                .withheld
                .push(format!("the cookie \"{}\" was not sent: {why_not}", shown(cookie.name.as_bytes())));
        }
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        selection.header = (!pairs.is_empty()).then(|| pairs.join("; "));
        selection
    }

    /// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-storage-model>. `line` is the value of
    /// one `Set-Cookie`; the error is a sentence.
    pub(super) fn store(&mut self, line: &[u8], place: Place<'_>) -> Result<(), String> {
        let text = str::from_utf8(line)
            .map_err(|_| format!("the cookie \"{}\" was not stored: it is not UTF-8", shown(line)))?;
        let cookie = self.admit(text, place).map_err(|why| {
            let (name, _) = name_and_value(text);
            format!("the cookie \"{}\" was not stored: {why}", shown(name.as_bytes()))
        })?;
        let is_over = cookie.expires.is_some_and(|expires| expires <= place.clock.now());
        let known = self.cookies.iter().position(|kept| {
            (&kept.name, &kept.domain, kept.is_host_only, &kept.path)
                == (&cookie.name, &cookie.domain, cookie.is_host_only, &cookie.path)
        });
        match known {
            Some(at) if is_over => drop(self.cookies.remove(at)),
            // It inherits the creation time, and so the place, of the cookie that it replaces.
            Some(at) => self.cookies[at] = cookie,
            None if is_over => {}
            None => self.cookies.push(cookie),
        }
        Ok(())
    }

    /// The cookie, if it breaks no rule; the error says which rule it breaks, and what to write instead.
    fn admit(&self, text: &str, place: Place<'_>) -> Result<StoredCookie, String> {
        if text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err("it contains a control character".to_owned());
        }
        let parsed = Cookie::parse(text).map_err(|error| error.to_string())?;
        // Not the parser's value, which has lost its quotation marks.
        let (name, value) = name_and_value(text);
        if name.len() + value.len() > MAX_LENGTH {
            return Err(format!("its name and value are longer than {MAX_LENGTH} bytes"));
        }
        let (domain, is_host_only) = domain_of(parsed.domain().unwrap_or_default(), place.host())?;
        let path = match parsed.path() {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => default_path(place.url.path()),
        };
        let cookie = StoredCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain,
            is_host_only,
            path,
            expires: expires(&parsed, place.clock),
            secure: parsed.secure() == Some(true),
            http_only: parsed.http_only() == Some(true),
            same_site: parsed.same_site(),
        };
        if cookie.secure && !place.is_secure() {
            return Err("it is Secure, and the connection is not; serve it over https".to_owned());
        }
        if cookie.same_site == Some(SameSite::None) && !cookie.secure {
            return Err("its SameSite is None, which browsers accept only with Secure; add Secure".to_owned());
        }
        if !place.is_same_site && !cookie.is_sent_cross_site(place.missing_is_lax) {
            return Err(format!(
                "{}, and the page is on another site; set it with SameSite=None; Secure",
                cookie.same_site_name()
            ));
        }
        check_prefix(&cookie, parsed.path())?;
        if !cookie.secure && !place.is_secure() && self.has_secure_namesake(&cookie) {
            return Err(
                "it would replace or hide a Secure cookie of the same name; serve it over https".to_owned()
            );
        }
        Ok(cookie)
    }

    /// Whether this cookie, which an attacker on the network could have set, would replace or hide a kept `Secure` one.
    fn has_secure_namesake(&self, cookie: &StoredCookie) -> bool {
        self.cookies.iter().any(|kept| {
            kept.secure
                && kept.name == cookie.name
                && (domain_matches(&kept.domain, &cookie.domain)
                    || domain_matches(&cookie.domain, &kept.domain))
                && path_matches(&cookie.path, &kept.path)
        })
    }
}

fn name_and_value(text: &str) -> (&str, &str) {
    let pair = text.split(';').next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (name.trim(), value.trim())
}

/// The domain, and whether it is host-only. `attribute` is the value of `Domain`, empty if there is none.
fn domain_of(attribute: &str, host: &str) -> Result<(String, bool), String> {
    let domain = attribute.to_ascii_lowercase();
    if domain.is_empty() {
        return Ok((host.to_owned(), true));
    }
    if !domain_matches(host, &domain) {
        let domain = shown(domain.as_bytes());
        return Err(format!("its Domain is {domain}, which is neither {host} nor a parent of it"));
    }
    match is_public_suffix(&domain) {
        true if domain == host => Ok((domain, true)),
        true => {
            Err(format!("its Domain is {domain}, a public suffix, under which anyone can register a name"))
        }
        false => Ok((domain, false)),
    }
}

/// Two names directly below a public suffix are two sites; below any other domain they are one site.
fn is_public_suffix(domain: &str) -> bool {
    let (page, url) =
        (PageOrigin::of(&format!("https://a.{domain}")), Url::parse(&format!("https://b.{domain}")));
    match (page, url) {
        (Some(page), Ok(url)) => !page.is_same_site(&url),
        // An IP address, which has nothing below it.
        _ => true,
    }
}

/// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-domain-matching>
fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain
        || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && address(host).is_none()
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-paths-and-path-match>
fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// The directory of the URL that set it.
fn default_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, _)) if !directory.is_empty() => directory.to_owned(),
        _ => "/".to_owned(),
    }
}

fn expires(cookie: &Cookie<'_>, clock: Clock) -> Option<Duration> {
    let latest = clock.now().saturating_add(MAX_AGE);
    if let Some(max_age) = cookie.max_age() {
        let max_age = Duration::try_from(max_age).unwrap_or_default();
        return Some(clock.now().saturating_add(max_age).min(latest));
    }
    cookie.expires_datetime().map(|time| clock.since_start(time).unwrap_or_default().min(latest))
}

/// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-cookie-name-prefixes>. `path` is the value of
/// `Path`.
fn check_prefix(cookie: &StoredCookie, path: Option<&str>) -> Result<(), String> {
    let has_prefix = |prefix: &str| {
        cookie.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if has_prefix("__Secure-") && !cookie.secure {
        return Err("its name begins with __Secure-, which needs Secure".to_owned());
    }
    if has_prefix("__Host-") && !(cookie.secure && cookie.is_host_only && path == Some("/")) {
        return Err("its name begins with __Host-, which needs Secure, Path=/ and no Domain".to_owned());
    }
    Ok(())
}
