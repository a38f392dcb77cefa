//! What a session's shared cache stores. The cache stands between browsers and the API, as a CDN or a reverse proxy does. Its
//! responses go to everyone who requests the URL with the same values in the headers that `Vary` names
//! ([RFC 9111, section 4.1](https://httpwg.org/specs/rfc9111.html#caching.negotiated.responses)).
//!
//! As CDNs can be told to, it ignores one parameter of the query, the `run`. The middleware that fills it is `api::cdn`.

use std::{collections::VecDeque, mem, time::Duration};

use serde::{Deserialize, Serialize};

use crate::api_path::without_run;

/// How long a response is kept: long enough to read a lesson meanwhile.
pub const MAX_AGE: Duration = Duration::from_secs(600);
/// The most bytes that a cache holds; the oldest response goes when there are more.
const MAX_HELD: usize = 5 * 1024;
/// What the cache did with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum CacheOutcome {
    /// It had a response.
    Hit,
    /// It passed the request on to the API.
    Miss,
}

impl CacheOutcome {
    /// As the header `x-lab-cache` says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// A response that is kept.
#[derive(Clone, Debug)]
pub struct CachedResponse {
    /// By what it is found: see [`key`].
    pub url: String,
    /// The request headers that its `Vary` names, with the values of the request that it was made for.
    pub vary: Vec<(String, Option<Vec<u8>>)>,
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
    /// When it was put there, counted from the Lab's start.
    pub since: Duration,
}

impl CachedResponse {
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

/// What a session's cache stores.
#[derive(Debug, Default)]
pub struct SharedCache {
    kept: VecDeque<CachedResponse>,
}

impl SharedCache {
    /// The response for a request, if there is one. `value` returns a request header.
    pub fn find(
        &self,
        url: &str,
        value: impl Fn(&str) -> Option<Vec<u8>>,
        now: Duration,
    ) -> Option<&CachedResponse> {
        self.kept
            .iter()
            .rev()
            .find(|kept| now.saturating_sub(kept.since) < MAX_AGE && kept.is_for(url, &value))
    }

    /// Adds a response, and drops what is too old or doesn't fit any more.
    pub fn keep(&mut self, kept: CachedResponse, now: Duration) {
        self.kept.retain(|old| now.saturating_sub(old.since) < MAX_AGE);
        self.kept.push_back(kept);
        let mut held: usize = self.kept.iter().map(CachedResponse::held).sum();
        while held > MAX_HELD
            && let Some(oldest) = self.kept.pop_front()
        {
            held -= oldest.held();
        }
    }
}

/// The cache key: the path, and the query without its run.
pub fn key(path: &str, query: &str) -> String {
    let query = without_run(query);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(url: &str, vary: &[(&str, Option<&str>)], since: u64) -> CachedResponse {
        let vary = vary
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(|value| value.as_bytes().to_vec())));
        CachedResponse {
            url: url.to_owned(),
            vary: vary.collect(),
            status: 200,
            headers: Vec::new(),
            body: vec![0; 500],
            since: Duration::from_secs(since),
        }
    }

    #[test]
    fn responses_differ_by_what_vary_names_and_by_nothing_else() {
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
    fn responses_expire_and_make_room() {
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
        assert!(cache.kept.iter().map(CachedResponse::held).sum::<usize>() <= MAX_HELD);
    }
}
