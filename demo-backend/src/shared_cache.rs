//! A small real cache between browsers and the API, as a CDN or a reverse proxy is one: shared by everyone who asks for a
//! URL, and told apart by what the answer's `Vary` names, and by nothing else
//! ([RFC 9111, section 4.1](https://httpwg.org/specs/rfc9111.html#caching.negotiated.responses)).
//!
//! It keeps what the API says that CDNs may keep, in `CDN-Cache-Control`
//! ([RFC 9213](https://httpwg.org/specs/rfc9213.html)), while `Cache-Control: no-store` keeps browsers' own caches out of
//! the picture. As CDNs can be told to, it leaves one parameter of the query, the `run`, out of what tells URLs apart. And
//! as most CDNs do, it does not let a browser's `Cache-Control` make it ask again.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use serde::Serialize;

use crate::{
    api::with_headers,
    place::{Place, without_run},
    session::{Session, Sessions},
};

/// How long an answer is kept: long enough to read a lesson in between.
pub const MAX_AGE: Duration = Duration::from_secs(600);
/// What a cache holds at most, in bytes; the oldest answer goes when there is more.
const MAX_HELD: usize = 5 * 1024;
/// Says what the cache did.
pub const OUTCOME: HeaderName = HeaderName::from_static("x-lab-cache");
/// What an API says to shared caches alone.
pub const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// What the cache did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It answered.
    Hit,
    /// It asked the API.
    Miss,
}

impl Outcome {
    /// As `x-lab-cache` says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// An answer that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    url: String,
    /// What its `Vary` names, with the request's values.
    vary: Vec<(String, Option<Vec<u8>>)>,
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    since: Duration,
}

impl Kept {
    fn is_for(&self, url: &str, value: impl Fn(&str) -> Option<Vec<u8>>) -> bool {
        self.url == url && self.vary.iter().all(|(name, kept)| value(name) == *kept)
    }

    fn held(&self) -> usize {
        let lines: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let vary: usize =
            self.vary.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len)).sum();
        let tables = mem::size_of_val(&self.headers[..]) + mem::size_of_val(&self.vary[..]);
        mem::size_of::<Self>() + self.url.len() + lines + vary + tables + self.body.len()
    }

    /// How long it has been kept, in seconds.
    pub fn age(&self, now: Duration) -> u64 {
        now.saturating_sub(self.since).as_secs()
    }
}

/// What a session's cache keeps.
#[derive(Debug, Default)]
pub struct SharedCache {
    kept: VecDeque<Kept>,
}

impl SharedCache {
    /// The answer to give out, if there is one. `value` tells the request's headers.
    pub fn find(&self, url: &str, value: impl Fn(&str) -> Option<Vec<u8>>, now: Duration) -> Option<&Kept> {
        self.kept
            .iter()
            .rev()
            .find(|kept| now.saturating_sub(kept.since) < MAX_AGE && kept.is_for(url, &value))
    }

    fn keep(&mut self, kept: Kept, now: Duration) {
        self.kept.retain(|old| now.saturating_sub(old.since) < MAX_AGE);
        self.kept.push_back(kept);
        let mut held: usize = self.kept.iter().map(Kept::held).sum();
        while held > MAX_HELD
            && let Some(oldest) = self.kept.pop_front()
        {
            held -= oldest.held();
        }
    }
}

/// By what an answer is found: the path and the query without its run.
pub fn key(path: &str, query: &str) -> String {
    let query = without_run(query);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Stands in between, for the paths that say so.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn serve(
    sessions: Data<Sessions>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_cached = Place::of(request.path()).is_some_and(|place| place.cached);
    let session = request.extensions().get::<Arc<Session>>().map(Arc::clone);
    let (Some(session), true, &Method::GET) = (session, is_cached, request.method()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let url = key(request.path(), request.query_string());
    let asked = request.headers().clone();
    let value = |name: &str| values(&asked, name);

    let now = sessions.now();
    let hit = session.state().cache.find(&url, value, now).cloned();
    if let Some(kept) = hit {
        request.extensions_mut().insert(Outcome::Hit);
        return Ok(request.into_response(give_out(kept, now)));
    }
    request.extensions_mut().insert(Outcome::Miss);
    let answer = with_headers(next.call(request).await, |headers| {
        headers.insert(OUTCOME, HeaderValue::from_static(Outcome::Miss.name()));
    });
    let (request, response) = answer?.into_parts();
    let (response, body) = response.into_parts();
    let body = body::to_bytes(body).await.unwrap_or_else(|_| Bytes::new());
    if may_keep(response.status(), response.headers()) {
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .filter(|(name, _)| **name != OUTCOME)
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        headers.shrink_to_fit();
        let status = response.status().as_u16();
        let vary = varied(response.headers()).into_iter().map(|name| (value(&name), name));
        let vary = vary.map(|(value, name)| (name, value)).collect();
        let kept = Kept { url, vary, status, headers, body: body.to_vec(), since: now };
        session.state().cache.keep(kept, now);
    }
    Ok(ServiceResponse::new(request, response.set_body(body).map_into_boxed_body()))
}

/// Whether an answer is for everyone: a success that sets no cookie, and that the API lets CDNs keep.
fn may_keep(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::OK
        && headers.contains_key(CDN_CACHE_CONTROL)
        && !headers.contains_key(header::SET_COOKIE)
        && !varied(headers).iter().any(|name| name == "*")
}

fn varied(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::VARY).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn values(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

fn give_out(kept: Kept, now: Duration) -> HttpResponse {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let age = kept.age(now);
    let mut response = HttpResponse::build(status);
    for (name, value) in kept.headers {
        response.append_header((name, value));
    }
    response.insert_header((OUTCOME, Outcome::Hit.name())).insert_header((header::AGE, age.to_string()));
    response.body(kept.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(url: &str, vary: &[(&str, Option<&str>)], since: u64) -> Kept {
        let vary = vary
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(|value| value.as_bytes().to_vec())));
        Kept {
            url: url.to_owned(),
            vary: vary.collect(),
            status: 200,
            headers: Vec::new(),
            body: vec![0; 500],
            since: Duration::from_secs(since),
        }
    }

    #[test]
    fn answers_are_told_apart_by_what_they_vary_by_and_by_nothing_else() {
        let mut cache = SharedCache::default();
        let now = Duration::from_secs(1);
        cache.keep(kept("/by-origin", &[("origin", Some("https://a.example"))], 0), now);
        cache.keep(kept("/by-none", &[("origin", None)], 0), now);
        cache.keep(kept("/for-all", &[], 0), now);
        for (url, origin, hit) in [
            ("/by-origin", Some("https://a.example"), true),
            ("/by-origin", Some("https://b.example"), false),
            ("/by-origin", None, false),
            ("/by-none", None, true),
            ("/by-none", Some("https://a.example"), false),
            ("/for-all", Some("https://b.example"), true),
            ("/elsewhere", None, false),
        ] {
            let value =
                |name: &str| origin.filter(|_| name == "origin").map(|origin| origin.as_bytes().to_vec());
            assert_eq!(cache.find(url, value, now).is_some(), hit, "{url} {origin:?}");
        }
    }

    #[test]
    fn answers_grow_old_and_make_room() {
        let mut cache = SharedCache::default();
        let at = Duration::from_secs;
        cache.keep(kept("/0", &[], 0), at(0));
        let find = |cache: &SharedCache, url: &str, now| cache.find(url, |_| None, at(now)).is_some();
        assert!(find(&cache, "/0", 599));
        assert!(!find(&cache, "/0", 600));
        for index in 1..20 {
            cache.keep(kept(&format!("/{index}"), &[], index), at(index));
        }
        assert!(find(&cache, "/19", 20));
        assert!(!find(&cache, "/0", 20), "the oldest went");
        assert!(cache.kept.iter().map(Kept::held).sum::<usize>() <= MAX_HELD);
    }
}
