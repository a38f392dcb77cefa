//! Where engines are known to differ from the standard and from each other. Each difference was observed in the running
//! engine, and a vector that is replayed in the engine checks it; what would take hours to observe cites the engine's
//! source.

use std::fmt;

/// A browser engine.
///
/// ```
/// use fetch_cors::browser::{Engine, Profile};
///
/// assert_eq!(Engine::ALL.map(Engine::name), ["chromium", "firefox", "webkit"]);
/// assert_eq!(Engine::WebKit.to_string(), "WebKit");
/// assert_eq!(Profile::of(Engine::WebKit), Profile::WEBKIT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// Blink and Chromium's network stack: Chrome, Edge, Opera, Brave.
    Chromium,
    /// Gecko: Firefox.
    Firefox,
    /// WebKit: Safari, and every browser on an iPhone.
    WebKit,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// The name in the vectors and tests, in lower case.
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

/// Which rules a browser follows where engines differ from the standard.
///
/// ```
/// use fetch_cors::browser::{Difference, Engine, Profile};
///
/// assert_eq!(Profile::STANDARD.max_age_limit, None);
/// assert_eq!(Profile::CHROMIUM.max_age_limit, Some(7200));
/// assert!(Profile::FIREFOX.has(Difference::WildcardCoversAuthorization));
/// assert!(!Profile::WEBKIT.missing_same_site_is_lax);
/// assert_eq!(Profile::of(Engine::Chromium), Profile::CHROMIUM);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The longest time that a preflight response is cached, in seconds; none for no limit. The standard lets browsers
    /// choose.
    pub max_age_limit: Option<u64>,
    /// Whether a cookie without `SameSite` is treated as `Lax`, as
    /// [RFC 6265bis](https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html) says: of the three engines, only
    /// Chromium does so. The others send such a cookie to another site if they send any.
    pub missing_same_site_is_lax: bool,
    /// What else differs from the standard.
    pub differences: &'static [Difference],
}

impl Profile {
    /// The Fetch Standard, to the letter.
    pub const STANDARD: Self = Self { max_age_limit: None, missing_same_site_is_lax: true, differences: &[] };
    /// Chromium's rules. The limit of max-age is `kMaxTimeoutSeconds` in
    /// `services/network/public/cpp/cors/preflight_result.cc`.
    pub const CHROMIUM: Self = Self {
        max_age_limit: Some(7200),
        missing_same_site_is_lax: true,
        differences: &[
            Difference::AboutBlankIsBlocked,
            Difference::ClientHintsAreSafelisted,
            Difference::EmptyLocationIsIgnored,
            Difference::EqualLocationsAreOne,
            Difference::FailureKeepsCache,
            Difference::InvalidLocationIsAlwaysAnError,
            Difference::LocalNetworkNeedsPermission,
            Difference::LocationCredentialsAreAlwaysAnError,
            Difference::MaxAgeIsSigned,
            Difference::OpaqueOriginsAreNotCached,
            Difference::OpaquePagesAreSameSite,
            Difference::Ports4190And6679Allowed,
            Difference::PreflightReplacesCacheEntries,
            Difference::PrivateMixedContentAllowed,
            Difference::RangeIsNormalized,
            Difference::RangeOver64BitsNeedsPreflight,
            Difference::RedirectNeedsLocation,
            Difference::RequestLinesAreCombinedFirst,
            Difference::UploadListenerAllowsNoMethod,
            Difference::UploadListenerNeedsBody,
            Difference::UploadListenerNeedsNoMethodEntry,
            Difference::UserAgentIsForbidden,
            Difference::WildcardCoversAuthorization,
        ],
    };
    /// Firefox's rules. The limit of max-age is in `netwerk/protocol/http/nsCORSListenerProxy.cpp`.
    pub const FIREFOX: Self = Self {
        max_age_limit: Some(86_400),
        missing_same_site_is_lax: false,
        differences: &[
            Difference::CredentialsAreCachedSeparately,
            Difference::EmptyResponseLinesAreIgnored,
            Difference::EqualLocationsAreOne,
            Difference::FailedCheckAlwaysClearsCache,
            Difference::InvalidMaxAgeIsZero,
            Difference::MethodOverrideIsSplitInQuotes,
            Difference::NonAsciiNeedsPreflight,
            Difference::OddContentTypeNeedsPreflight,
            Difference::PreflightAfterRedirectSendsPageOrigin,
            Difference::RangeOver64BitsNeedsPreflight,
            Difference::RedirectErrorKeepsCache,
            Difference::RedirectKeepsNeedForPreflight,
            Difference::RepeatedContentTypeIsSentOnce,
            Difference::RepeatedNamesAreListedTwice,
            Difference::SafelistedHeadersHaveNoTotalLimit,
            Difference::UploadListenerAllowsNoMethod,
            Difference::UploadListenerNeedsNoMethodEntry,
            Difference::WildcardCoversAuthorization,
            Difference::WildcardExposesDespiteInvalidNames,
            Difference::WildcardIsCachedLiterally,
            Difference::ZeroMaxAgeKeepsCache,
        ],
    };
    /// WebKit's rules. The limit of max-age is `maxPreflightCacheTimeout` in `CrossOriginPreflightResultCache.cpp`.
    pub const WEBKIT: Self = Self {
        max_age_limit: Some(600),
        missing_same_site_is_lax: false,
        differences: &[
            Difference::AboutBlankIsBlocked,
            Difference::CachedWildcardCoversAuthorization,
            Difference::EmptyLocationIsInvalid,
            Difference::FailureKeepsCache,
            Difference::HeaderValuesAreUtf8,
            Difference::LocationIsEncodedTwice,
            Difference::LocationsAreCombined,
            Difference::LooseRangeIsSafelisted,
            Difference::MaxAgeIsSigned,
            Difference::MethodOverrideIsSplitInQuotes,
            Difference::NoCorsKeepsBodyType,
            Difference::NoCorsRedirectKeepsCookies,
            Difference::NoCorsRedirectModeBlocksData,
            Difference::OriginStaysAfterRedirect,
            Difference::PreflightReplacesCacheEntries,
            Difference::RangeOver64BitsNeedsPreflight,
            Difference::RedirectBackToPageBlocked,
            Difference::RedirectKeepsNeedForPreflight,
            Difference::RedirectKeepsRequestedNames,
            Difference::RedirectNeedsLocation,
            Difference::RefusedPreflightIsCached,
            Difference::RequestLinesAreCombinedFirst,
            Difference::UploadListenerAllowsNoMethod,
            Difference::UploadListenerNeedsNoMethodEntry,
            Difference::WildcardCoversAuthorization,
        ],
    };

    /// The rules of an engine.
    pub const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Chromium => Self::CHROMIUM,
            Engine::Firefox => Self::FIREFOX,
            Engine::WebKit => Self::WEBKIT,
        }
    }

    /// Whether it differs from the standard in this.
    pub fn has(&self, difference: Difference) -> bool {
        self.differences.contains(&difference)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Generates the enum, its names and its descriptions from one list, which is sorted by variant.
macro_rules! differences {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Something that an engine does differently from the standard; a [`Profile`] lists what its engine does.
        ///
        /// ```
        /// use fetch_cors::browser::{Difference, Profile};
        ///
        /// for difference in Profile::WEBKIT.differences {
        ///     println!("{}: {}", difference.name(), difference.description());
        /// }
        /// assert!(Difference::ALL.len() > Profile::WEBKIT.differences.len());
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Difference {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Difference {
            /// All differences, sorted by variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in the vectors.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What the engine does, in a sentence.
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

differences! {
    /// Scripts can't request `about:blank` without CORS either.
    AboutBlankIsBlocked = "about-blank-is-blocked",
    /// A cached `*` covers `Authorization`, too.
    CachedWildcardCoversAuthorization = "cached-wildcard-covers-authorization",
    /// `Save-Data: on`, `DPR`, `Viewport-Width` and other client hints need no preflight if their value is one that the hint
    /// may have.
    ClientHintsAreSafelisted = "client-hints-are-safelisted",
    /// A preflight response for a request with credentials is cached only for requests with credentials.
    CredentialsAreCachedSeparately = "credentials-are-cached-separately",
    /// A redirect with an empty `Location` is an ordinary response.
    EmptyLocationIsIgnored = "empty-location-is-ignored",
    /// A redirect with an empty `Location` is an error.
    EmptyLocationIsInvalid = "empty-location-is-invalid",
    /// If a response has several lines of a header, those without a value are ignored, unless two of them are named
    /// `Access-Control-Allow-Origin` in exactly this case.
    EmptyResponseLinesAreIgnored = "empty-response-lines-are-ignored",
    /// Several `Location` lines with the same value count as one.
    EqualLocationsAreOne = "equal-locations-are-one",
    /// A failed CORS check clears the URL's preflight cache entries even if the request needed no preflight.
    FailedCheckAlwaysClearsCache = "failed-check-always-clears-cache",
    /// A request that fails after its preflight leaves the preflight cached.
    FailureKeepsCache = "failure-keeps-cache",
    /// Header values with bytes outside ASCII are sent and read as UTF-8.
    HeaderValuesAreUtf8 = "header-values-are-utf8",
    /// A redirect whose `Location` is not a valid URL is an error in redirect mode `manual`, too.
    InvalidLocationIsAlwaysAnError = "invalid-location-is-always-an-error",
    /// An `Access-Control-Max-Age` that is not a number means zero seconds, not five.
    InvalidMaxAgeIsZero = "invalid-max-age-is-zero",
    /// A page of a public address may send requests to loopback and to the local network only with the user's permission.
    LocalNetworkNeedsPermission = "local-network-needs-permission",
    /// A redirect to a URL with a user name or a password is an error even within one origin.
    LocationCredentialsAreAlwaysAnError = "location-credentials-are-always-an-error",
    /// Bytes of `Location` outside ASCII are encoded as UTF-8 twice, and those that are not UTF-8 are replaced before.
    LocationIsEncodedTwice = "location-is-encoded-twice",
    /// Several `Location` lines are joined with commas into one.
    LocationsAreCombined = "locations-are-combined",
    /// A `Range` needs no preflight even if its unit is written `Bytes` or its numbers have a sign.
    LooseRangeIsSafelisted = "loose-range-is-safelisted",
    /// `Access-Control-Max-Age` may have a sign, a negative one means zero, and one of more than 64 bits means five seconds.
    MaxAgeIsSigned = "max-age-is-signed",
    /// A comma inside quotation marks separates the methods of `X-HTTP-Method-Override`.
    MethodOverrideIsSplitInQuotes = "method-override-is-split-in-quotes",
    /// A `no-cors` request keeps the `Content-Type` of its body, whatever it is.
    NoCorsKeepsBodyType = "no-cors-keeps-body-type",
    /// A `no-cors` request in credentials mode `same-origin` keeps its cookies when a redirect takes it to another origin.
    NoCorsRedirectKeepsCookies = "no-cors-redirect-keeps-cookies",
    /// A `no-cors` request for a `data:` URL must follow redirects, too, though there are none.
    NoCorsRedirectModeBlocksData = "no-cors-redirect-mode-blocks-data",
    /// Bytes outside ASCII in `Accept` and `Content-Type` need a preflight.
    NonAsciiNeedsPreflight = "non-ascii-needs-preflight",
    /// A `Content-Type` with a comma, or with a semicolon after its last parameter, needs a preflight.
    OddContentTypeNeedsPreflight = "odd-content-type-needs-preflight",
    /// Preflights of pages whose origin is `null` are not cached.
    OpaqueOriginsAreNotCached = "opaque-origins-are-not-cached",
    /// `Cross-Origin-Resource-Policy: same-site` lets a page of an opaque origin pass if the page that embeds it is
    /// same-site.
    OpaquePagesAreSameSite = "opaque-pages-are-same-site",
    /// An `Origin` sent to the page's own origin is sent again when a redirect there makes the request a `GET`.
    OriginStaysAfterRedirect = "origin-stays-after-redirect",
    /// Requests to ports 4190 and 6679 are not blocked.
    Ports4190And6679Allowed = "ports-4190-and-6679-allowed",
    /// After a redirect between two origins that are not the page's, a preflight sends the page's origin, not `null`.
    PreflightAfterRedirectSendsPageOrigin = "preflight-after-redirect-sends-page-origin",
    /// A preflight replaces all cache entries of its origin and URL, with and without credentials.
    PreflightReplacesCacheEntries = "preflight-replaces-cache-entries",
    /// An https page may send requests over plain http to private addresses and to names under `local`.
    PrivateMixedContentAllowed = "private-mixed-content-allowed",
    /// The numbers of a `Range` are sent without leading zeros.
    RangeIsNormalized = "range-is-normalized",
    /// A `Range` whose numbers do not fit into 64 bits needs a preflight.
    RangeOver64BitsNeedsPreflight = "range-over-64-bits-needs-preflight",
    /// A request that was redirected from the page's own origin to another one can't be redirected back.
    RedirectBackToPageBlocked = "redirect-back-to-page-blocked",
    /// In redirect mode `error`, a redirect leaves the preflight cached.
    RedirectErrorKeepsCache = "redirect-error-keeps-cache",
    /// A request that needed a preflight needs one after each redirect, even if nothing is left that needs one.
    RedirectKeepsNeedForPreflight = "redirect-keeps-need-for-preflight",
    /// After a redirect, a preflight requests all headers that the script set, even those that the redirect removed.
    RedirectKeepsRequestedNames = "redirect-keeps-requested-names",
    /// A redirect status without a `Location` is an ordinary response in redirect mode `error`, too.
    RedirectNeedsLocation = "redirect-needs-location",
    /// A preflight response that does not allow the request's method or headers is cached for what it does allow.
    RefusedPreflightIsCached = "refused-preflight-is-cached",
    /// If a request has several `Content-Type` lines, only the first is sent.
    RepeatedContentTypeIsSentOnce = "repeated-content-type-is-sent-once",
    /// A preflight lists a request header once per line, not once per name.
    RepeatedNamesAreListedTwice = "repeated-names-are-listed-twice",
    /// Several lines of a request header are combined before they are checked, so that limits apply to all of them together.
    RequestLinesAreCombinedFirst = "request-lines-are-combined-first",
    /// The total length of all safelisted headers' values has no limit above which they need a preflight.
    SafelistedHeadersHaveNoTotalLimit = "safelisted-headers-have-no-total-limit",
    /// With an upload listener, a preflight response without `Access-Control-Allow-Methods` does not allow the method.
    UploadListenerAllowsNoMethod = "upload-listener-allows-no-method",
    /// An upload listener makes a preflight necessary only if there is a body.
    UploadListenerNeedsBody = "upload-listener-needs-body",
    /// With an upload listener, a preflight is cached even if its response did not list the method.
    UploadListenerNeedsNoMethodEntry = "upload-listener-needs-no-method-entry",
    /// Scripts can't set `User-Agent`.
    UserAgentIsForbidden = "user-agent-is-forbidden",
    /// `Access-Control-Allow-Headers: *` covers `Authorization`; see
    /// [issue 1919 of the Fetch Standard](https://github.com/whatwg/fetch/issues/1919).
    WildcardCoversAuthorization = "wildcard-covers-authorization",
    /// `Access-Control-Expose-Headers: *` exposes all headers even if the list also contains an invalid name.
    WildcardExposesDespiteInvalidNames = "wildcard-exposes-despite-invalid-names",
    /// A `*` is cached as a literal name, so it does not cover other methods or headers.
    WildcardIsCachedLiterally = "wildcard-is-cached-literally",
    /// A preflight response with a max-age of zero leaves the cache entries as they are.
    ZeroMaxAgeKeepsCache = "zero-max-age-keeps-cache",
}
