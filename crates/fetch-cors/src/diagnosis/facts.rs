//! What the rules look at: responses in the terms of CORS, and which probes were sent. Nothing here concludes anything.

use url::Url;

use super::{
    case::{Case, Exchanged, Received, Sent},
    probe::{Probe, Purpose, UNLISTED_ORIGIN},
    signed::looks_signed,
};
use crate::browser::{Blocked, Credentials, Response, readable};

/// The most near misses that are tried.
pub(super) const MAX_NEAR_MISSES: usize = 8;

/// So many headers of a request are probed one by one. Whoever sends a recording chooses how many there are, and each probe is
/// a request to a server.
pub(super) const MAX_PROBED_HEADERS: usize = 32;

/// A response, as the rules look at it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) sent: &'a Sent,
    pub(super) head: &'a Response,
    pub(super) body: &'a [u8],
}

impl<'a> Seen<'a> {
    pub(super) fn of(sent: &'a Sent, received: &'a Received) -> Option<Self> {
        match received {
            Received::Response { head, body } => Some(Self { sent, head, body }),
            Received::Failed(_) | Received::NotSent => None,
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.head.status()
    }

    pub(super) fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status())
    }

    /// A header's value, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.headers().get(name).map(|value| readable(&value, 500))
    }

    pub(super) fn lines(&self, name: &str) -> usize {
        self.head.headers().iter().filter(|(listed, _)| *listed == name).count()
    }

    pub(super) fn allow_origin(&self) -> Option<String> {
        self.header("access-control-allow-origin")
    }

    /// Whether it is meant to allow this origin, credentials aside. Browsers reject a list, but who wrote it has the origin in it.
    pub(super) fn allows(&self, origin: &str) -> bool {
        let value = self.allow_origin().unwrap_or_default();
        value.split(',').map(str::trim).any(|value| value == "*" || value == origin)
    }

    /// Whether it has an `Access-Control-*` header other than `Access-Control-Allow-Origin`.
    pub(super) fn has_other_cors_headers(&self) -> bool {
        self.head
            .headers()
            .iter()
            .any(|(name, _)| name.starts_with("access-control-") && name != "access-control-allow-origin")
    }

    /// The names in a list header, in lower case.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let value = self.header(name).unwrap_or_default();
        value
            .split(',')
            .map(|item| item.trim().to_ascii_lowercase())
            .filter(|item| !item.is_empty())
            .collect()
    }

    pub(super) fn varies_by_origin(&self) -> bool {
        self.list("vary").iter().any(|name| name == "origin")
    }

    /// Whether a cache says that it had this response already.
    pub(super) fn is_from_cache(&self) -> bool {
        let says_hit = |(name, value): (&str, &[u8])| {
            is_cache_status(name) && readable(value, 100).to_ascii_lowercase().contains("hit")
        };
        self.header("age").is_some_and(|age| age.parse::<u64>().is_ok_and(|age| age > 0))
            || self.head.headers().iter().any(says_hit)
    }

    /// Whether a cache on the way may store such a response. Those for requests with `Authorization` should not be stored
    /// (RFC 9111, section 3.5), but some CDNs are told to.
    pub(super) fn is_storable(&self) -> bool {
        // Of a cache on the way, or for it; these hold whatever `Cache-Control` says to browsers (RFC 9213, section 2.1).
        let is_stored = |name| self.header(name).is_some();
        if self.is_from_cache()
            || ["age", "cdn-cache-control", "surrogate-control"].into_iter().any(is_stored)
        {
            return true;
        }
        let says = self.header("cache-control").unwrap_or_default().to_ascii_lowercase();
        !["no-store", "private"].iter().any(|word| says.contains(word))
    }

    pub(super) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"))
    }

    /// The start of the body, in lower case.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(2048)]).to_lowercase()
    }
}

/// Whether caches use a header of this name to say whether they had the response: `Cache-Status` (RFC 9211), and the many
/// that were there before it, such as `X-Cache` and `X-Proxy-Cache`.
fn is_cache_status(name: &str) -> bool {
    matches!(name, "cache-status" | "cf-cache-status")
        || name
            .strip_prefix("x-")
            .is_some_and(|rest| rest == "cache" || rest.ends_with("-cache") || rest.ends_with("cache-status"))
}

/// What is known of a probe.
#[derive(Clone, Copy)]
pub(super) enum Told<'a> {
    /// It was not sent yet.
    Unasked,
    /// It was declined, or got no response.
    Unknown,
    Seen(Seen<'a>),
}

impl<'a> Told<'a> {
    pub(super) fn seen(self) -> Option<Seen<'a>> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Unasked | Self::Unknown => None,
        }
    }

    pub(super) fn is_unasked(self) -> bool {
        matches!(self, Self::Unasked)
    }
}

/// A case, as the rules look at it.
pub(super) struct Facts<'a> {
    pub(super) case: &'a Case,
    pub(super) last: Option<&'a Exchanged>,
    /// The page's origin as the last request has it: `null` after some redirects.
    pub(super) origin: String,
    /// The method as sent.
    pub(super) method: String,
    /// The headers that a preflight asks for, in lower case.
    pub(super) unsafe_headers: Vec<String>,
    /// Whether the script's request is a `GET` or a `HEAD`.
    pub(super) is_read: bool,
    pub(super) includes_credentials: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn of(case: &'a Case) -> Self {
        let last = case.exchanges.last();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let origin = last
            .and_then(|last| last.sent.header("origin"))
            .map_or_else(|| case.request.page().to_string(), text);
        let preflight = case.exchanges.iter().rev().find(|exchanged| exchanged.sent.is_preflight);
        let requested = |name| preflight.and_then(|preflight| preflight.sent.header(name));
        let method = requested("access-control-request-method").map(text);
        let method = method.or_else(|| last.map(|last| last.sent.method.clone()));
        let method = method.unwrap_or_else(|| case.request.method().to_ascii_uppercase());
        let mut unsafe_headers: Vec<String> = requested("access-control-request-headers")
            .map(text)
            .unwrap_or_default()
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        unsafe_headers.dedup();
        Self {
            case,
            last,
            origin,
            is_read: matches!(method.as_str(), "GET" | "HEAD"),
            method,
            unsafe_headers,
            includes_credentials: case.request.credentials_mode() == Credentials::Include,
        }
    }

    pub(super) fn blocked(&self) -> Option<&'a Blocked> {
        self.case.verdict.as_ref().and_then(|verdict| verdict.blocked())
    }

    /// The last response, by which the request was blocked or allowed.
    pub(super) fn response(&self) -> Option<Seen<'a>> {
        self.last.and_then(|last| Seen::of(&last.sent, &last.received))
    }

    /// The URL that was requested last.
    pub(super) fn url(&self) -> Option<&'a Url> {
        self.last.map(|last| &last.sent.url)
    }

    /// All responses of the server that responded last.
    fn responses(&self) -> impl Iterator<Item = Seen<'a>> {
        let server = self.url().map(Url::origin);
        let exchanges = self.case.exchanges.iter().map(|exchanged| (&exchanged.sent, &exchanged.received));
        let probes = self.case.probes.iter().map(|probed| (&probed.probe.sent, &probed.received));
        exchanges
            .chain(probes)
            .filter(move |(sent, _)| server.as_ref() == Some(&sent.url.origin()))
            .filter_map(|(sent, received)| Seen::of(sent, received))
    }

    /// The responses that allow the page's origin.
    pub(super) fn allowing(&self) -> impl Iterator<Item = Seen<'a>> {
        let origin = self.origin.clone();
        self.responses().filter(move |seen| {
            seen.sent.header("origin").is_some_and(|sent| sent == origin.as_bytes()) && seen.allows(&origin)
        })
    }

    /// Whether any response of the server allows the page's origin. Whatever is wrong, it is not the list of origins.
    pub(super) fn is_origin_allowed(&self) -> bool {
        self.allowing().next().is_some()
    }

    pub(super) fn is_origin_allowed_by_preflight(&self) -> bool {
        self.allowing().any(|seen| seen.sent.method == "OPTIONS" && seen.is_ok())
    }

    /// Whether `Access-Control-Allow-Headers` lets this header through, by its name in lower case. `*` never covers
    /// `Authorization`, and with credentials it is a name like others.
    pub(super) fn is_header_listed(&self, seen: Seen<'_>, name: &str) -> bool {
        let has_star_effect = !self.includes_credentials && name != "authorization";
        let listed = seen.list("access-control-allow-headers");
        listed.iter().any(|listed| listed == name || listed == "*" && has_star_effect)
    }

    pub(super) fn told(&self, purpose: &Purpose) -> Told<'a> {
        match self.case.probes.iter().find(|probed| probed.probe.purpose == *purpose) {
            Some(probed) => Seen::of(&probed.probe.sent, &probed.received).map_or(Told::Unknown, Told::Seen),
            // It is what the browser itself sent.
            None if *purpose == Purpose::PlainGet && self.is_plain() => {
                self.response().filter(|seen| seen.sent.is_preflight).map_or(Told::Unasked, Told::Seen)
            }
            None => Told::Unasked,
        }
    }

    /// The response to the request itself at a URL that no cache has seen. Some caches ignore the query.
    pub(super) fn fresh(&self) -> Option<Seen<'a>> {
        self.told(&Purpose::Actual).seen().filter(|seen| !seen.is_from_cache())
    }

    /// The response from which a near miss differs only in the origin: the plain preflight's, or the actual request's.
    pub(super) fn plain_response(&self, response: Seen<'a>) -> Option<Seen<'a>> {
        if response.sent.is_preflight { self.told(&Purpose::PlainGet).seen() } else { Some(response) }
    }

    /// Whether the preflight asks for no more than a plain `GET`.
    fn is_plain(&self) -> bool {
        self.method == "GET" && self.unsafe_headers.is_empty()
    }

    /// An allowed origin that is easily confused with the page's, if a probe found one.
    pub(super) fn near_miss(&self) -> Option<String> {
        self.case.probes.iter().find_map(|probed| {
            let Purpose::NearMiss { origin } = &probed.probe.purpose else { return None };
            let seen = Seen::of(&probed.probe.sent, &probed.received)?;
            (seen.allow_origin().as_ref() == Some(origin)).then(|| origin.clone())
        })
    }

    /// The origins that are easily confused with the page's.
    pub(super) fn near_misses(&self) -> Vec<Purpose> {
        let near = near_misses(&self.origin).into_iter().take(MAX_NEAR_MISSES);
        near.map(|origin| Purpose::NearMiss { origin }).collect()
    }

    /// Whether the script's request has something that must not go to strangers.
    pub(super) fn has_secrets(&self) -> bool {
        self.includes_credentials || self.authorization().is_some()
    }

    fn authorization(&self) -> Option<&'a [u8]> {
        let mut headers = self.case.request.headers();
        headers.find(|(name, _)| name.eq_ignore_ascii_case(b"authorization")).map(|(_, value)| value)
    }

    /// Whether the last URL is of the server that the script named, to which its secrets belong.
    fn is_first_server(&self) -> bool {
        let first = self.case.exchanges.first().map(|first| first.sent.url.origin());
        first.is_some() && first == self.url().map(Url::origin)
    }

    /// Whether no probe may be sent to this URL.
    pub(super) fn looks_signed(&self) -> bool {
        self.case.exchanges.iter().any(|exchanged| looks_signed(&exchanged.sent.url))
    }

    /// The probe for this purpose; none if it was sent or declined already, if the budget is spent, if the URL looks signed,
    /// or if it can't be built.
    pub(super) fn probe(&self, purpose: Purpose) -> Option<Probe> {
        let url = self.url().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        if self.looks_signed() || !self.told(&purpose).is_unasked() {
            return None;
        }
        // Of near misses, no more are made than may be tried.
        let is_near = |purpose: &Purpose| matches!(purpose, Purpose::NearMiss { .. });
        let used = self.case.probes.iter().filter(|probed| !is_near(&probed.probe.purpose)).count();
        if !is_near(&purpose) && used >= self.unsafe_headers.len().min(MAX_PROBED_HEADERS) + 4 {
            return None;
        }
        let read = if self.method == "HEAD" { "HEAD" } else { "GET" };
        // Where the actual response is the one in question, a preflight would say nothing about it.
        let asks_by_read = self.is_read && self.last.is_some_and(|last| !last.sent.is_preflight);
        let preflight = |origin: &str, method: &str, header: Option<&str>| {
            let mut headers = vec![("accept", "*/*"), ("access-control-request-method", method)];
            headers.extend(header.map(|name| ("access-control-request-headers", name)));
            headers.push(("origin", origin));
            ("OPTIONS", owned(&headers))
        };
        let from = |origin: &str| {
            if asks_by_read { (read, owned(&[("origin", origin)])) } else { preflight(origin, "GET", None) }
        };
        let mut carries_secrets = false;
        let mut includes_credentials = false;
        let (method, headers) = match &purpose {
            Purpose::PlainGet => preflight(&self.origin, "GET", None),
            Purpose::Method => preflight(&self.origin, &self.method, None),
            Purpose::Header { name } => preflight(&self.origin, "GET", Some(name)),
            Purpose::UnlistedOrigin => from(UNLISTED_ORIGIN),
            Purpose::NearMiss { origin } => from(origin),
            Purpose::NoOrigin => ("OPTIONS", owned(&[("accept", "*/*")])),
            Purpose::Actual | Purpose::OpenPath => (read, owned(&[("origin", &self.origin)])),
            Purpose::ActualWithSecrets => {
                if !self.is_first_server() || !self.has_secrets() {
                    return None;
                }
                carries_secrets = true;
                includes_credentials = self.includes_credentials;
                let mut headers = owned(&[("origin", &self.origin)]);
                headers
                    .extend(self.authorization().map(|value| ("authorization".to_owned(), value.to_vec())));
                (read, headers)
            }
        };
        let url = match &purpose {
            Purpose::OpenPath => {
                self.case.hints.open_url.as_ref().filter(|open| open.origin() == url.origin())?
            }
            _ => url,
        };
        let mut url = url.clone();
        let number = self.case.probes.len();
        url.query_pairs_mut().append_pair("cors-probe", &format!("{}-{number}", self.case.hints.nonce));
        let sent = Sent {
            method: method.to_owned(),
            url,
            headers,
            is_preflight: method == "OPTIONS" && purpose != Purpose::NoOrigin,
            has_body: false,
            includes_credentials,
        };
        let may_send_unasked = method == "OPTIONS" || self.is_read;
        Some(Probe { purpose, sent, may_send_unasked, carries_secrets })
    }
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

/// The origins that people confuse with this one, those that differ least first.
fn near_misses(origin: &str) -> Vec<String> {
    let Some((scheme, authority)) = origin.split_once("://") else { return Vec::new() };
    let other = match scheme {
        "http" => "https",
        "https" => "http",
        _ => return Vec::new(),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let with_port = |host: &str| port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut near = Vec::new();
    match host {
        "localhost" => near.push(format!("{scheme}://{}", with_port("127.0.0.1"))),
        "127.0.0.1" | "[::1]" => near.push(format!("{scheme}://{}", with_port("localhost"))),
        _ => match host.strip_prefix("www.") {
            Some(bare) => near.push(format!("{scheme}://{}", with_port(bare))),
            None if host.parse::<std::net::Ipv4Addr>().is_err() && !host.starts_with('[') => {
                near.push(format!("{scheme}://www.{}", with_port(host)));
            }
            None => {}
        },
    }
    near.push(format!("{other}://{authority}"));
    near.push(format!("{origin}/"));
    if port.is_some() {
        near.push(format!("{scheme}://{host}"));
        near.push(format!("{other}://{host}"));
    }
    if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        let ports = ["3000", "5173", "8080", "4200"].into_iter().filter(|other| Some(*other) != port);
        near.extend(ports.map(|port| format!("{scheme}://{host}:{port}")));
    }
    near
}
