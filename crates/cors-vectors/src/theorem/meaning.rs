//! What a policy means, as its author reads it: a request and lists of strings, compared in the most naive way. Both ends of
//! the library are checked against it, so it shares no code with either, and is short enough to be checked by eye.

use std::collections::{BTreeMap, BTreeSet};

use fetch_cors::{
    PolicyConfig,
    browser::{Credentials, PageOrigin, Request},
};

/// A request of a page. Each generated header says what the standard makes of it.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub page: Page,
    pub server: Server,
    pub method: String,
    pub headers: Vec<Header>,
    /// The header that comes with the body unless the script sets it.
    pub body: Option<Header>,
    pub credentials: Credentials,
    pub upload_listener: bool,
}

/// A page: its address, and its origin as browsers serialize it.
#[derive(Clone, Debug)]
pub struct Page {
    pub address: String,
    pub origin: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    pub origin: &'static str,
    pub path: &'static str,
}

#[derive(Clone, Debug)]
pub struct Header {
    pub name: String,
    pub value: String,
    pub kind: Kind,
}

/// What the standard says about a single request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// CORS-safelisted, unless all such headers together are too long.
    Safelisted,
    /// It needs a preflight, and the policy must allow it.
    Unsafe,
    /// Forbidden: the browser ignores that the script sets it.
    Ignored,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The preflight response did not allow it.
    NeverSent,
    /// The server handled it, but the script doesn't get the response.
    Withheld,
    /// The script gets the response with these headers.
    Readable(BTreeMap<String, Vec<u8>>),
}

/// The headers of a response: names in lower case, values without surrounding white space.
pub type Headers = Vec<(String, Vec<u8>)>;

/// The plain meaning of a policy for one request and the headers of its response.
pub fn meaning(
    policy: &PolicyConfig,
    page_request: &PageRequest,
    status: u16,
    response: &Headers,
) -> Outcome {
    let may_read = may_read(policy, page_request);
    let may_send = may_read
        && may_use_method(policy, &page_request.method)
        && page_request.unsafe_names().iter().all(|name| may_set(policy, name))
        && fits_an_echo(policy, page_request);
    if page_request.is_same_origin() {
        Outcome::Readable(only(response, |_| true))
    } else if page_request.needs_preflight() && !may_send {
        Outcome::NeverSent
    } else if !may_read {
        Outcome::Withheld
    } else {
        Outcome::Readable(only(response, |name| is_exposed(policy, status, name)))
    }
}

/// Whether the page's origin is allowed, and with credentials if it uses them.
pub fn may_read(policy: &PolicyConfig, page_request: &PageRequest) -> bool {
    allows(policy, &page_request.page.origin)
        && (page_request.credentials != Credentials::Include || policy.allow_credentials)
}

/// Whether one of the two lists of origins has it.
pub fn allows(policy: &PolicyConfig, origin: &str) -> bool {
    policy.allow_origins.iter().chain(&policy.danger_allow_origins).any(|pattern| matches(pattern, origin))
}

pub fn may_use_method(policy: &PolicyConfig, method: &str) -> bool {
    let always = ["GET", "HEAD", "POST"].contains(&normal(method).as_str());
    always || policy.allow_methods.iter().any(|listed| listed == "*" || normal(listed) == normal(method))
}

pub fn may_set(policy: &PolicyConfig, header: &str) -> bool {
    policy.allow_headers.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(header))
}

fn is_exposed(policy: &PolicyConfig, status: u16, header: &str) -> bool {
    const ALWAYS: [&str; 7] = [
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    ];
    let exposes_all = policy.expose_headers.iter().any(|listed| listed == "*");
    ALWAYS.contains(&header)
        || if exposes_all && policy.allow_credentials {
            // By name, which caches would remember from a 304.
            status != 304 && !header.starts_with("access-control-")
        } else {
            exposes_all || policy.expose_headers.iter().any(|listed| listed.eq_ignore_ascii_case(header))
        }
}

/// The one limit on a `*`: with credentials it is an echo of the requested names, which may not be too long.
fn fits_an_echo(policy: &PolicyConfig, page_request: &PageRequest) -> bool {
    let is_any = |list: &[String]| policy.allow_credentials && list.iter().any(|listed| listed == "*");
    let names: usize = page_request.unsafe_names().iter().map(|name| name.len() + 1).sum();
    (!is_any(&policy.allow_methods) || page_request.method.len() <= 64)
        && (!is_any(&policy.allow_headers) || names <= 4097)
}

/// Whether a pattern matches an origin.
pub fn matches(pattern: &str, origin: &str) -> bool {
    if pattern == "*" || pattern == origin {
        return true;
    }
    let ((scheme, host, port), (any_scheme, any_host, any_port)) = (split(origin), split(pattern));
    let is_host = if any_host == "*" {
        is_extension(scheme, host)
    } else if let Some(end) = any_host.strip_prefix("*.") {
        // A `*` matches only what DNS allows.
        let is_label =
            |label: &str| (1..=63).contains(&label.len()) && label.chars().all(|c| is_letter(c) || c == '_');
        host.strip_suffix(end)
            .and_then(|start| start.strip_suffix('.'))
            .is_some_and(|start| start.split('.').all(is_label))
    } else if any_host.starts_with(|c: char| c.is_ascii_digit()) {
        let (octets, any_octets): (Vec<&str>, Vec<&str>) =
            (host.split('.').collect(), any_host.split('.').collect());
        let is_octet =
            |(octet, any): (&&str, &&str)| any == octet || *any == "*" && octet.parse::<u8>().is_ok();
        octets.len() == any_octets.len() && octets.iter().zip(&any_octets).all(is_octet)
    } else if let Some((start, end)) = any_host.split_once('*') {
        let star = host.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        star.is_some_and(|star| !star.is_empty() && star.chars().all(is_letter))
            && host.split('.').all(|label| label.len() <= 63)
            && (start.starts_with("xn--") || !host.starts_with("xn--"))
    } else {
        host == any_host
    };
    scheme == any_scheme
        && is_host
        && host.trim_end_matches('.').len() <= 253
        && (port == any_port || any_port == "*")
}

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

/// Whether browsers have extensions with such a host.
fn is_extension(scheme: &str, host: &str) -> bool {
    match scheme {
        "chrome-extension" => host.len() == 32 && host.chars().all(|c| ('a'..='p').contains(&c)),
        "moz-extension" => {
            host.len() == 36
                && host.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c) || c == '-')
        }
        "safari-web-extension" | "vscode-webview" => {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_~".contains(c))
        }
        _ => false,
    }
}

/// Scheme, host and port; an empty port is the scheme's default.
fn split(origin: &str) -> (&str, &str, &str) {
    let (scheme, authority) = origin.split_once("://").unwrap_or((origin, ""));
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (scheme, host, port),
        _ => (scheme, authority, ""),
    }
}

/// `put` is `PUT`, but `patch` is not `PATCH`.
fn normal(method: &str) -> String {
    let upper = method.to_uppercase();
    let is_normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].contains(&upper.as_str());
    if is_normalized { upper } else { method.to_owned() }
}

/// The exposed headers, without cookies. Lines of one name are combined.
fn only(response: &Headers, is_exposed: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    let mut readable = BTreeMap::<String, Vec<u8>>::new();
    for (name, value) in response {
        if is_exposed(name) && name != "set-cookie" && name != "set-cookie2" {
            readable
                .entry(name.clone())
                .and_modify(|before| before.extend([b", ", value.as_slice()].concat()))
                .or_insert_with(|| value.clone());
        }
    }
    readable
}

impl PageRequest {
    pub fn is_same_origin(&self) -> bool {
        self.page.origin == self.server.origin
    }

    /// Whether a browser must send a preflight, unless it has one cached.
    pub fn needs_preflight(&self) -> bool {
        let is_simple = ["GET", "HEAD", "POST"].contains(&normal(&self.method).as_str());
        !self.is_same_origin() && (self.upload_listener || !is_simple || !self.unsafe_names().is_empty())
    }

    /// The names of headers that the policy must allow.
    pub fn unsafe_names(&self) -> BTreeSet<String> {
        let sets_type = self.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type"));
        let brought = self.body.iter().filter(|_| !sets_type);
        let sent: Vec<&Header> = self.headers.iter().chain(brought).collect();
        let safelisted = sent.iter().filter(|header| header.kind == Kind::Safelisted);
        let too_long = safelisted.map(|header| header.value.trim().len()).sum::<usize>() > 1024;
        sent.iter()
            .filter(|header| header.kind == Kind::Unsafe || header.kind == Kind::Safelisted && too_long)
            .map(|header| header.name.to_lowercase())
            .collect()
    }

    pub fn url(&self) -> String {
        format!("{}{}", self.server.origin, self.server.path)
    }

    pub fn request(&self) -> Request {
        let page = PageOrigin::of(&self.page.address).unwrap_or_else(|| panic!("{}", self.page.address));
        let mut request = Request::new(page, &self.method, self.url()).credentials(self.credentials);
        for header in &self.headers {
            request = request.header(&header.name, &header.value);
        }
        if let Some(brought) = &self.body {
            request = request.body(Some(&brought.value));
        }
        if self.upload_listener { request.upload_listener() } else { request }
    }
}
