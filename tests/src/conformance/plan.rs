//! Which vectors a run plays, and why it can't play the others; the scripts of the servers and the plan of the page.

use std::{collections::BTreeMap, io};

use cors_vectors::{BrowserVector, Expected, Fetch, Outcome, Request, Response, Sent};
use serde_json::{Value, json};
use url::Url;

use super::{
    names::Names,
    server::{Item, Pages, response_of},
};

/// The longest that a vector may wait, in seconds.
const LONGEST_WAIT: u64 = 8;

const AGENT: &str = include_str!("agent.js");
const RUNNER: &str = include_str!("runner.js");

/// What is played in one browser.
#[derive(Debug)]
pub(super) struct Plan {
    /// The origin of the page itself.
    top: String,
    /// The origins of the pages in frames.
    frames: Vec<String>,
    /// First the vectors that wait, in parallel; then all others, so that these don't evict what a waiting vector made the
    /// browser remember (Firefox remembers 100 preflights). The others are played one by one: it takes no longer, and keeps
    /// the console in their order.
    waiting: Vec<Value>,
    others: Vec<Value>,
    pub(super) scripts: BTreeMap<usize, Vec<Vec<Item>>>,
}

/// Why a vector can't be played in this engine; `None` if it can.
pub(super) fn obstacle(vector: &BrowserVector, engine: &str) -> Option<String> {
    let of_engine = vector.engines.get(engine).and_then(|differs| differs.unexpressed.as_ref());
    if let Some(reason) = vector.unexpressed.as_ref().or(of_engine) {
        return Some(reason.clone());
    }
    if vector.fetches.iter().map(|fetch| fetch.after).sum::<u64>() > LONGEST_WAIT {
        return Some("would take too long".to_owned());
    }
    if vector.page_address_space().is_some() && engine != "chromium" {
        return Some("only Chromium can be told where a page is".to_owned());
    }
    let expected = vector.expected(Some(engine));
    let sent = || expected.iter().flat_map(|expected| &expected.wire);
    for fetch in &vector.fetches {
        match scheme(&fetch.page) {
            Some("http") => {}
            Some("https") => return Some("needs TLS".to_owned()),
            _ if fetch.page == "null" => {}
            scheme => return Some(format!("needs a page of the scheme {}", scheme.unwrap_or_default())),
        }
        if let Some(reason) = fetch.request.body.as_deref().and_then(inexpressible_body) {
            return Some(reason.to_owned());
        }
    }
    let urls = vector.fetches.iter().zip(&expected).flat_map(|(fetch, Expected { wire, .. })| {
        wire.iter().map(|sent| sent.url.as_ref().unwrap_or(&fetch.request.url))
    });
    if urls.into_iter().any(|url| scheme(url) == Some("https")) {
        return Some("needs TLS".to_owned());
    }
    if sent().filter_map(|sent| sent.response.as_ref()).any(|response| !is_expressible(response)) {
        return Some("no HTTP/1.1 response can carry it".to_owned());
    }
    None
}

fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)).then_some(scheme)
}

/// Any type but those of strings and `URLSearchParams` has to be a `Blob`'s, which is in lower case.
fn inexpressible_body(content_type: &str) -> Option<&'static str> {
    let is_known = matches!(
        content_type,
        "text/plain;charset=UTF-8" | "application/x-www-form-urlencoded;charset=UTF-8"
    );
    let is_type_of_blob =
        content_type.bytes().all(|byte| (0x20..=0x7e).contains(&byte) && !byte.is_ascii_uppercase());
    (!is_known && !is_type_of_blob).then_some("no body has this type")
}

fn is_expressible(response: &Response) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (200..=599).contains(&response.status)
        && response.headers.iter().all(|(name, value)| {
            !name.is_empty() && name.bytes().all(is_token) && !value.contains(['\0', '\r', '\n'])
        })
}

/// Makes sure that each URL of a vector leads to a port of ours.
pub(super) fn name_hosts(names: &mut Names, vector: &BrowserVector) -> io::Result<()> {
    // Other vectors don't depend on their ports, so any free port will do.
    let keeps_port = vector
        .fetches
        .iter()
        .any(|fetch| matches!(&fetch.outcome, Outcome::Blocked(blocked) if blocked.reason == "bad-port"));
    let differing = vector.engines.values().filter_map(|differs| differs.fetches.as_ref()).flatten();
    let sent: Vec<&Sent> = vector
        .fetches
        .iter()
        .flat_map(|fetch| &fetch.wire)
        .chain(differing.flat_map(|expected| &expected.wire))
        .collect();
    for fetch in &vector.fetches {
        names.add(&fetch.page, false)?;
        names.add(&fetch.request.url, keeps_port)?;
    }
    for sent in sent {
        if let Some(url) = &sent.url {
            names.add(url, keeps_port)?;
        }
        for (name, value) in sent.response.iter().flat_map(|response| &response.headers) {
            if name.eq_ignore_ascii_case("location") {
                let absolute = if value.starts_with("//") { format!("http:{value}") } else { value.clone() };
                names.add(&absolute, keeps_port)?;
            }
        }
    }
    Ok(())
}

/// The origin of a page, `null` if it is opaque.
pub(super) fn origin_of(page: &str) -> String {
    Url::parse(page).map_or_else(|_| page.to_owned(), |url| url.origin().ascii_serialization())
}

impl Plan {
    /// An empty plan for a page of this origin.
    pub(super) fn new(top: &str) -> Self {
        Self {
            top: top.to_owned(),
            frames: Vec::new(),
            waiting: Vec::new(),
            others: Vec::new(),
            scripts: BTreeMap::new(),
        }
    }

    /// Adds a vector that can be played.
    pub(super) fn add(&mut self, names: &Names, number: usize, vector: &BrowserVector, engine: &str) {
        let expected = vector.expected(Some(engine));
        let scripts = vector
            .fetches
            .iter()
            .zip(&expected)
            .map(|(fetch, expected)| {
                expected.wire.iter().map(|sent| item(names, number, fetch, sent)).collect()
            })
            .collect();
        self.scripts.insert(number, scripts);
        let fetches: Vec<_> = vector
            .fetches
            .iter()
            .map(|fetch| {
                let page = self.frame(&origin_of(&fetch.page));
                json!({ "page": page, "after": fetch.after, "request": request(names, number, fetch) })
            })
            .collect();
        let waits = vector.fetches.iter().any(|fetch| fetch.after > 0);
        let stage = if waits { &mut self.waiting } else { &mut self.others };
        stage.push(json!({ "id": number, "fetches": fetches }));
    }

    /// The number of the frame with a page of this origin; none for the page itself.
    fn frame(&mut self, origin: &str) -> Option<usize> {
        if origin == self.top {
            return None;
        }
        Some(self.frames.iter().position(|known| known == origin).unwrap_or_else(|| {
            self.frames.push(origin.to_owned());
            self.frames.len() - 1
        }))
    }

    /// What the page is given, and its frames.
    pub(super) fn pages(&self, names: &Names) -> Pages {
        let page = |script: &str| {
            format!(
                "<!doctype html><meta charset=utf-8><title>Conformance</title><body><script>{script}</script>"
            )
        };
        let frames: Vec<_> = self
            .frames
            .iter()
            .map(|origin| match origin.as_str() {
                "null" => json!({ "srcdoc": page(AGENT) }),
                origin => json!({ "url": format!("{}/frame", names.origin(origin)) }),
            })
            .collect();
        let plan = json!({ "frames": frames, "stages": [
            { "lanes": self.waiting.len(), "vectors": self.waiting },
            { "lanes": 1, "vectors": self.others },
        ]});
        Pages { top: page(&format!("{AGENT}{RUNNER}")), frame: page(AGENT), plan: plan.to_string() }
    }
}

/// What the page's script has to send.
fn request(names: &Names, number: usize, fetch: &Fetch) -> Value {
    let Request { method, url, headers, body, mode, credentials, redirect, upload_listener } = &fetch.request;
    json!({
        "method": method, "url": names.url(number, url), "headers": headers, "body": body, "mode": mode,
        "credentials": credentials, "redirect": redirect, "upload_listener": upload_listener,
    })
}

fn item(names: &Names, number: usize, fetch: &Fetch, sent: &Sent) -> Item {
    Item {
        method: method(fetch, sent).to_owned(),
        url: url(names, number, fetch, sent),
        is_preflight: sent.preflight.is_some(),
        response: sent.response.as_ref().map(|response| {
            let headers: Vec<_> = response
                .headers
                .iter()
                .map(|(name, value)| {
                    let is_url = name.eq_ignore_ascii_case("location");
                    let value = if is_url { names.url(number, value) } else { names.value(value) };
                    (name.clone(), value)
                })
                .collect();
            response_of(response.status, &headers, &body(method(fetch, sent), response))
        }),
    }
}

/// As many bytes as the response says that there are.
fn body(method: &str, response: &Response) -> Vec<u8> {
    let length = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match length.and_then(|(_, length)| length.parse().ok()) {
        Some(length) if method != "HEAD" && !matches!(response.status, 204 | 304) => vec![b' '; length],
        _ => Vec::new(),
    }
}

pub(super) fn method<'a>(fetch: &'a Fetch, sent: &'a Sent) -> &'a str {
    let default = if sent.preflight.is_some() { "OPTIONS" } else { &fetch.request.method };
    sent.method.as_deref().unwrap_or(default)
}

/// Where a request is expected to go.
pub(super) fn url(names: &Names, number: usize, fetch: &Fetch, sent: &Sent) -> String {
    on_the_wire(&absolute(names, number, fetch, sent.url.as_deref()))
}

/// The URL, or the request's, as it is mapped.
pub(super) fn absolute(names: &Names, number: usize, fetch: &Fetch, url: Option<&str>) -> String {
    let mapped = names.url(number, url.unwrap_or(&fetch.request.url));
    let page = Url::parse(&names.origin(&origin_of(&fetch.page))).ok();
    Url::options().base_url(page.as_ref()).parse(&mapped).map_or(mapped, String::from)
}

/// Without what is not sent: the fragment, and a user's name and password.
pub(super) fn on_the_wire(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return url.to_owned() };
    url.set_fragment(None);
    // These fail only for URLs that can't have a user, and so have none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}
