//! The CORS-preflight cache: what earlier preflights allowed, and for how long. The caller passes in the time.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use super::{Difference, Profile, names::Names, safelist::NON_WILDCARD_REQUEST_HEADER, work};

/// The [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache) of one network partition: the tabs of one
/// top-level site. What it keeps is bounded, whatever servers send.
#[derive(Clone, Debug, Default)]
pub(super) struct PreflightCache {
    preflights: BTreeMap<Place, Preflight>,
    /// The places in the order in which they were stored.
    by_age: BTreeMap<u64, Place>,
    /// The age of the next one.
    next_age: u64,
    /// The size of all of them.
    size: usize,
}

/// The most that is kept, in bytes.
const MAX_SIZE: usize = 4 * 1024 * 1024;
/// About what an entry takes in addition to its name.
const SIZE_OF_ENTRY: usize = 64;

/// What has cache entries of its own: an origin and a URL.
type Place = (String, String);

/// All [cache entries](https://fetch.spec.whatwg.org/#cache-entry) of an origin and a URL, each with the time at which it
/// expires.
#[derive(Clone, Debug, Default)]
struct Preflight {
    entries: BTreeMap<Entry, Duration>,
    age: u64,
    size: usize,
}

/// What a cache entry is for, in addition to its origin and URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    allows: Allows,
    credentials: bool,
}

/// The method or the header name of a cache entry; in the standard one of the two is null.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Allows {
    /// Only CORS-safelisted methods and headers; stored for engines that check whether there was a preflight at all.
    Safelisted,
    Method(String),
    /// In lower case.
    Header(String),
}

impl Allows {
    fn size(&self) -> usize {
        match self {
            Self::Safelisted => SIZE_OF_ENTRY,
            Self::Method(name) | Self::Header(name) => SIZE_OF_ENTRY + name.len(),
        }
    }

    /// The `*` that matches this, too, if one does.
    fn wildcard(&self, key: Key<'_>) -> Option<Self> {
        let profile = key.profile;
        if profile.has(Difference::WildcardIsCachedLiterally)
            || key.credentials && profile.has(Difference::PreflightReplacesCacheEntries)
        {
            return None;
        }
        match self {
            Self::Safelisted => None,
            Self::Method(_) => Some(Self::Method("*".to_owned())),
            Self::Header(name) => {
                let is_covered = name != NON_WILDCARD_REQUEST_HEADER
                    || profile.has(Difference::CachedWildcardCoversAuthorization);
                is_covered.then(|| Self::Header("*".to_owned()))
            }
        }
    }
}

/// What a request's cache entries are looked up by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    /// Serialized, with redirects taken into account.
    pub(super) origin: &'a str,
    pub(super) url: &'a Url,
    /// Whether the request's credentials mode is `include`.
    pub(super) credentials: bool,
    pub(super) profile: Profile,
}

impl Key<'_> {
    fn place(&self) -> Place {
        (self.origin.to_owned(), self.url.as_str().to_owned())
    }

    /// Whether an entry for requests with or without credentials may match.
    /// <https://fetch.spec.whatwg.org/#concept-cache-match>
    fn matches(&self, credentials: bool) -> bool {
        if self.profile.has(Difference::CredentialsAreCachedSeparately) {
            credentials == self.credentials
        } else {
            credentials || !self.credentials
        }
    }

    /// The entries that match what is requested: the same name, or `*`.
    fn matching(self, requested: &Allows) -> impl Iterator<Item = Entry> {
        let allows = [Some(requested.clone()), requested.wildcard(self).filter(|any| any != requested)];
        let all = allows.into_iter().flatten().flat_map(|allows| {
            [false, true].map(|credentials| Entry { allows: allows.clone(), credentials })
        });
        all.filter(move |entry| self.matches(entry.credentials))
    }
}

impl PreflightCache {
    /// <https://fetch.spec.whatwg.org/#concept-cache-match-method>
    pub(super) fn has_method(&self, key: Key<'_>, method: &str, now: Duration) -> bool {
        self.has_all(key, [Allows::Method(method.to_owned())], now)
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-match-header> for each of the names, which are in lower case.
    pub(super) fn has_headers(&self, key: Key<'_>, names: &[String], now: Duration) -> bool {
        self.has_all(key, names.iter().map(|name| Allows::Header(name.clone())), now)
    }

    /// Whether it has any entry for the key.
    pub(super) fn has_any(&self, key: Key<'_>, now: Duration) -> bool {
        self.preflights.get(&key.place()).is_some_and(|preflight| {
            let mut entries = preflight.entries.iter().inspect(|_| work::step());
            entries.any(|(entry, expires)| now < *expires && key.matches(entry.credentials))
        })
    }

    fn has_all(&self, key: Key<'_>, requested: impl IntoIterator<Item = Allows>, now: Duration) -> bool {
        let preflight = self.preflights.get(&key.place());
        requested.into_iter().all(|requested| {
            let is_valid = |entry| {
                work::step();
                preflight
                    .and_then(|preflight| preflight.entries.get(&entry))
                    .is_some_and(|expires| now < *expires)
            };
            key.matching(&requested).any(is_valid)
        })
    }

    /// The last steps of a [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0): matching
    /// entries are renewed for `max_age`, others [created](https://fetch.spec.whatwg.org/#concept-cache-create-entry).
    /// The names of `headers` are in lower case.
    pub(super) fn store(
        &mut self,
        key: Key<'_>,
        methods: &Names,
        headers: &Names,
        max_age: Duration,
        now: Duration,
    ) {
        let profile = key.profile;
        if profile.has(Difference::OpaqueOriginsAreNotCached) && key.origin == "null"
            || profile.has(Difference::ZeroMaxAgeKeepsCache) && max_age.is_zero()
        {
            return;
        }
        let mut preflight = self.take(key).unwrap_or_default();
        if profile.has(Difference::PreflightReplacesCacheEntries) {
            preflight = Preflight::default();
        }
        let expires = now.saturating_add(max_age);
        let methods = methods.iter().map(|name| Allows::Method(name.to_owned()));
        let headers = headers.iter().map(|name| Allows::Header(name.to_owned()));
        let method_less =
            profile.has(Difference::UploadListenerNeedsNoMethodEntry).then_some(Allows::Safelisted);
        for allows in methods.chain(headers).chain(method_less) {
            preflight.renew(key, allows, expires, now);
        }
        self.insert(key.place(), preflight);
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-clear>
    pub(super) fn clear(&mut self, key: Key<'_>) {
        self.take(key);
    }

    fn take(&mut self, key: Key<'_>) -> Option<Preflight> {
        let preflight = self.preflights.remove(&key.place())?;
        self.by_age.remove(&preflight.age);
        self.size -= preflight.size;
        Some(preflight)
    }

    /// Inserts the youngest, and forgets the oldest until the rest is small enough.
    fn insert(&mut self, place: Place, mut preflight: Preflight) {
        preflight.age = self.next_age;
        self.next_age += 1;
        preflight.size = place.0.len() + place.1.len();
        preflight.size += preflight.entries.keys().map(|entry| entry.allows.size()).sum::<usize>();
        self.size += preflight.size;
        self.by_age.insert(preflight.age, place.clone());
        self.preflights.insert(place, preflight);
        while self.size > MAX_SIZE
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            work::step();
            let forgotten = self.preflights.remove(&oldest);
            self.size -= forgotten.map_or(0, |preflight| preflight.size);
        }
    }
}

impl Preflight {
    fn renew(&mut self, key: Key<'_>, allows: Allows, expires: Duration, now: Duration) {
        let mut is_known = false;
        for entry in key.matching(&allows) {
            work::step();
            if let Some(known) = self.entries.get_mut(&entry).filter(|known| now < **known) {
                *known = expires;
                is_known = true;
            }
        }
        if !is_known {
            self.entries.insert(Entry { allows, credentials: key.credentials }, expires);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(cache: &mut PreflightCache, url: &str, names: &Names, now: Duration) {
        let url = Url::parse(url).unwrap();
        let key =
            Key { origin: "https://app.example", url: &url, credentials: false, profile: Profile::STANDARD };
        cache.store(key, &Names::default(), names, Duration::from_secs(60), now);
    }

    fn has(cache: &PreflightCache, url: &str, name: &str) -> bool {
        let url = Url::parse(url).unwrap();
        let key =
            Key { origin: "https://app.example", url: &url, credentials: false, profile: Profile::STANDARD };
        cache.has_headers(key, &[name.to_owned()], Duration::ZERO)
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let mut cache = PreflightCache::default();
        let names: Names = ["x-7".to_owned(), "x".repeat(100_000)].into_iter().collect();
        let url = |index: usize| format!("https://api.example/{index}");
        for index in 0..100 {
            stored(&mut cache, &url(index), &names, Duration::ZERO);
            // One that is stored again stays.
            stored(&mut cache, &url(0), &names, Duration::ZERO);
            assert!(cache.size <= MAX_SIZE);
        }
        assert_eq!(cache.by_age.len(), cache.preflights.len());
        assert!(has(&cache, &url(0), "x-7") && has(&cache, &url(99), "x-7"));
        assert!(!has(&cache, &url(1), "x-7"));
        let sizes: usize = cache.preflights.values().map(|preflight| preflight.size).sum();
        assert_eq!(cache.size, sizes);
    }

    #[test]
    fn a_response_that_alone_is_too_large_is_not_kept() {
        let mut cache = PreflightCache::default();
        let names: Names = std::iter::once("x".repeat(MAX_SIZE)).collect();
        stored(&mut cache, "https://api.example/", &names, Duration::ZERO);
        assert!(cache.preflights.is_empty() && cache.by_age.is_empty() && cache.size == 0);
    }

    #[test]
    fn expired_entries_are_created_again_not_renewed() {
        let mut cache = PreflightCache::default();
        let url = Url::parse("https://api.example/").unwrap();
        let names: Names = ["x-a".to_owned()].into_iter().collect();
        let key = |credentials| Key {
            origin: "https://app.example",
            url: &url,
            credentials,
            profile: Profile::STANDARD,
        };
        let minute = Duration::from_secs(60);
        cache.store(key(true), &Names::default(), &names, minute, Duration::ZERO);
        // This would renew the entry of the request with credentials if that were still valid.
        cache.store(key(false), &Names::default(), &names, minute, minute);
        let name = ["x-a".to_owned()];
        assert!(cache.has_headers(key(false), &name, minute));
        assert!(!cache.has_headers(key(true), &name, minute));
    }
    /// A request whose upload is observed needs a preflight. One that is no longer valid doesn't count, and neither does one for
    /// requests without credentials where this one has them.
    #[test]
    fn a_preflight_that_does_not_count_is_sent_again() {
        use crate::browser::{Browser, Credentials, Next, PageOrigin, Profile, Request, Response};

        let page = || PageOrigin::of("https://app.example").unwrap();
        let request = |credentials| {
            Request::new(page(), "POST", "https://api.example/")
                .body(Some("text/plain"))
                .upload_listener()
                .credentials(credentials)
        };
        let preflight = Response::new(204)
            .header("access-control-allow-origin", "https://app.example")
            .header("access-control-allow-credentials", "true")
            .header("access-control-allow-methods", "POST")
            .header("access-control-max-age", "5");
        for profile in [Profile::STANDARD, Profile::CHROMIUM, Profile::FIREFOX, Profile::WEBKIT] {
            for (after, credentials, is_sent_again) in [
                (4, Credentials::SameOrigin, false),
                (5, Credentials::SameOrigin, true),
                (4, Credentials::Include, true),
            ] {
                let mut browser = Browser::new(profile);
                let fetch = browser.fetch(request(Credentials::SameOrigin), Duration::ZERO);
                let Next::Send(exchange) = fetch else { panic!("{fetch:?}") };
                assert!(exchange.is_preflight(), "{profile:?}");
                let next = exchange.receive(&mut browser, &preflight, Duration::ZERO);
                assert!(matches!(&next, Next::Send(exchange) if !exchange.is_preflight()), "{next:?}");
                let next = browser.fetch(request(credentials), Duration::from_secs(after));
                let Next::Send(exchange) = next else { panic!("{next:?}") };
                assert_eq!(exchange.is_preflight(), is_sent_again, "{profile:?}, {after}, {credentials:?}");
            }
        }
    }
}
