//! Where engines are known to differ from the standard, or from each other. Each difference was seen in the running engine
//! and is pinned by vectors that are replayed in it; what would take hours to see cites the engine's source.

use std::fmt;

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// Blink and Chromium's network stack: Chrome, Edge, Opera, Brave.
    Chromium,
    /// Gecko.
    Firefox,
    /// Safari's, and every browser's on an iPhone.
    WebKit,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// In lower case, as the vectors and the tests name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        })
    }
}

/// Which rules a browser follows where the standard and the engines part.
///
/// ```
/// use fetch_cors::browser::{Engine, Profile};
///
/// assert_eq!(Profile::STANDARD.max_age_limit, None);
/// assert_eq!(Profile::of(Engine::Chromium).max_age_limit, Some(7200));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Whether `Access-Control-Allow-Headers: *` covers `Authorization`. The standard says no.
    /// <https://github.com/whatwg/fetch/issues/1919>
    pub wildcard_covers_authorization: bool,
    /// The longest that a preflight is kept, in seconds; none for no limit. The standard leaves it to the browser.
    pub max_age_limit: Option<u64>,
}

impl Profile {
    /// The Fetch Standard, to the letter.
    pub const STANDARD: Self = Self { wildcard_covers_authorization: false, max_age_limit: None };
    /// `kMaxTimeoutSeconds` in `services/network/public/cpp/cors/preflight_result.cc` limits the max-age.
    pub const CHROMIUM: Self = Self { wildcard_covers_authorization: true, max_age_limit: Some(7200) };
    /// `nsCORSListenerProxy.cpp` limits the max-age.
    pub const FIREFOX: Self = Self { wildcard_covers_authorization: true, max_age_limit: Some(86_400) };
    /// `maxPreflightCacheTimeout` in `CrossOriginPreflightResultCache.cpp` limits the max-age.
    pub const WEBKIT: Self = Self { wildcard_covers_authorization: true, max_age_limit: Some(600) };

    /// The rules of an engine.
    pub const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Chromium => Self::CHROMIUM,
            Engine::Firefox => Self::FIREFOX,
            Engine::WebKit => Self::WEBKIT,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::STANDARD
    }
}
