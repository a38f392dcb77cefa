//! The CORS-preflight cache: what earlier preflights allowed, and for how long. The caller passes in the time.

use std::time::Duration;

use url::Url;

use super::{Difference, Profile, safelist::NON_WILDCARD_REQUEST_HEADER};

/// <https://fetch.spec.whatwg.org/#cors-preflight-cache>, of one network partition: the tabs of one top-level site.
#[derive(Clone, Debug, Default)]
pub struct PreflightCache {
    entries: Vec<Entry>,
}

/// <https://fetch.spec.whatwg.org/#cache-entry>
#[derive(Clone, Debug)]
struct Entry {
    origin: String,
    url: Url,
    credentials: bool,
    allows: Allows,
    expires: Duration,
}

/// The method or the header name of a cache entry; in the standard one of the two is null.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Allows {
    /// Only CORS-safelisted methods and headers; stored for engines that check whether there was a preflight at all.
    Safelisted,
    Method(String),
    /// In lower case.
    Header(String),
}

impl Allows {
    /// Whether this entry matches what is requested: the same name, or `*`.
    fn covers(&self, requested: &Self, key: Key<'_>) -> bool {
        let profile = key.profile;
        let is_wildcard = |name: &str| {
            name == "*"
                && !profile.has(Difference::WildcardIsCachedLiterally)
                && !(key.credentials && profile.has(Difference::PreflightReplacesCacheEntries))
        };
        match (self, requested) {
            (Self::Method(allowed), Self::Method(name)) => allowed == name || is_wildcard(allowed),
            (Self::Header(allowed), Self::Header(name)) => {
                let is_covered = name != NON_WILDCARD_REQUEST_HEADER
                    || profile.has(Difference::CachedWildcardCoversAuthorization);
                allowed == name || is_covered && is_wildcard(allowed)
            }
            _ => false,
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
    /// <https://fetch.spec.whatwg.org/#concept-cache-match>
    fn matches(&self, entry: &Entry) -> bool {
        let is_for_credentials = if self.profile.has(Difference::CredentialsAreCachedSeparately) {
            entry.credentials == self.credentials
        } else {
            entry.credentials || !self.credentials
        };
        self.is_for(entry) && is_for_credentials
    }

    fn is_for(&self, entry: &Entry) -> bool {
        entry.origin == self.origin && entry.url == *self.url
    }
}

impl PreflightCache {
    /// Whether it has no entry that is valid at this time.
    pub fn is_empty(&self, now: Duration) -> bool {
        !self.entries.iter().any(|entry| now < entry.expires)
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-match-method>
    pub(super) fn has_method(&self, key: Key<'_>, method: &str, now: Duration) -> bool {
        self.has(key, &Allows::Method(method.to_owned()), now)
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-match-header>; `name` is in lower case.
    pub(super) fn has_header(&self, key: Key<'_>, name: &str, now: Duration) -> bool {
        self.has(key, &Allows::Header(name.to_owned()), now)
    }

    /// Whether it has any entry for the key.
    pub(super) fn has_any(&self, key: Key<'_>, now: Duration) -> bool {
        self.entries.iter().any(|entry| now < entry.expires && key.matches(entry))
    }

    fn has(&self, key: Key<'_>, requested: &Allows, now: Duration) -> bool {
        self.entries
            .iter()
            .any(|entry| now < entry.expires && key.matches(entry) && entry.allows.covers(requested, key))
    }

    /// The last steps of a [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0): matching
    /// entries are renewed for `max_age`, others [created](https://fetch.spec.whatwg.org/#concept-cache-create-entry).
    pub(super) fn store(
        &mut self,
        key: Key<'_>,
        methods: &[String],
        headers: &[String],
        max_age: Duration,
        now: Duration,
    ) {
        let profile = key.profile;
        self.entries.retain(|entry| now < entry.expires);
        if profile.has(Difference::OpaqueOriginsAreNotCached) && key.origin == "null"
            || profile.has(Difference::ZeroMaxAgeKeepsCache) && max_age.is_zero()
        {
            return;
        }
        if profile.has(Difference::PreflightReplacesCacheEntries) {
            self.clear(key);
        }
        let expires = now.saturating_add(max_age);
        let methods = methods.iter().map(|name| Allows::Method(name.clone()));
        let headers = headers.iter().map(|name| Allows::Header(name.to_ascii_lowercase()));
        let method_less =
            profile.has(Difference::UploadListenerNeedsNoMethodEntry).then_some(Allows::Safelisted);
        for allows in methods.chain(headers).chain(method_less) {
            let mut known = false;
            for entry in &mut self.entries {
                if key.matches(entry) && entry.allows.covers(&allows, key) {
                    entry.expires = expires;
                    known = true;
                }
            }
            if !known {
                let Key { origin, url, credentials, .. } = key;
                self.entries.push(Entry {
                    origin: origin.to_owned(),
                    url: url.clone(),
                    credentials,
                    allows,
                    expires,
                });
            }
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-clear>
    pub(super) fn clear(&mut self, key: Key<'_>) {
        self.entries.retain(|entry| !key.is_for(entry));
    }
}
