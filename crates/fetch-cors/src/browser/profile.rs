//! Where engines are known to differ from the standard, and from each other. Each difference was seen in the running engine
//! and is pinned by a vector that is replayed in it; what would take hours to see cites the engine's source.

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
/// use fetch_cors::browser::{Difference, Engine, Profile};
///
/// assert_eq!(Profile::STANDARD.max_age_limit, None);
/// assert_eq!(Profile::of(Engine::Chromium).max_age_limit, Some(7200));
/// assert!(Profile::of(Engine::Firefox).has(Difference::WildcardCoversAuthorization));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The longest that a preflight is kept, in seconds; none for no limit. The standard leaves it to the browser.
    pub max_age_limit: Option<u64>,
    /// What else is otherwise than the standard says.
    pub differences: &'static [Difference],
}

impl Profile {
    /// The Fetch Standard, to the letter.
    pub const STANDARD: Self = Self { max_age_limit: None, differences: &[] };
    /// Chromium's rules. The limit of max-age is `kMaxTimeoutSeconds` in
    /// `services/network/public/cpp/cors/preflight_result.cc`.
    pub const CHROMIUM: Self = Self {
        max_age_limit: Some(7200),
        differences: &[
            Difference::ClientHintsAreSafelisted,
            Difference::EmptyLocationIsNone,
            Difference::FailureForgetsNothing,
            Difference::InvalidLocationIsAlwaysAnError,
            Difference::LinesAreCombinedFirst,
            Difference::LocationMayNotHaveCredentials,
            Difference::MaxAgeIsSigned,
            Difference::OpaqueOriginsAreNotRemembered,
            Difference::OpaquePagesAreSameSite,
            Difference::PreflightReplacesEntry,
            Difference::RangeIsNormalized,
            Difference::RangeOf64Bits,
            Difference::RedirectNeedsLocation,
            Difference::SameLocationsAreOne,
            Difference::SomeBadPortsAreNot,
            Difference::UploadListenerGrantsNoMethod,
            Difference::UploadListenerNeedsBody,
            Difference::UploadListenerNeedsNoEntry,
            Difference::UserAgentIsForbidden,
            Difference::WildcardCoversAuthorization,
        ],
    };
    /// Firefox's rules. The limit of max-age stands in `netwerk/protocol/http/nsCORSListenerProxy.cpp`.
    pub const FIREFOX: Self = Self {
        max_age_limit: Some(86_400),
        differences: &[
            Difference::ContentTypeIsReadOtherwise,
            Difference::CredentialsHaveEntriesOfTheirOwn,
            Difference::EmptyLinesAreSkipped,
            Difference::EveryFailureForgets,
            Difference::InvalidMaxAgeIsZero,
            Difference::WildcardExposesBesideInvalidNames,
            Difference::NamesAreRepeated,
            Difference::NonAsciiIsUnsafe,
            Difference::NoLimitForAllSafelisted,
            Difference::OverridesAreSplitInQuotes,
            Difference::PreflightAfterRedirectNamesPage,
            Difference::RangeOf64Bits,
            Difference::RedirectErrorForgetsNothing,
            Difference::RedirectKeepsNeedForPreflight,
            Difference::RepeatedContentTypeIsOne,
            Difference::SameLocationsAreOne,
            Difference::UploadListenerGrantsNoMethod,
            Difference::UploadListenerNeedsNoEntry,
            Difference::WildcardCoversAuthorization,
            Difference::WildcardIsRememberedAsName,
            Difference::ZeroMaxAgeChangesNothing,
        ],
    };
    /// WebKit's rules. The limit of max-age is `maxPreflightCacheTimeout` in `CrossOriginPreflightResultCache.cpp`.
    pub const WEBKIT: Self = Self {
        max_age_limit: Some(600),
        differences: &[
            Difference::CredentialsFollowOpaqueRedirects,
            Difference::EmptyLocationIsInvalid,
            Difference::FailureForgetsNothing,
            Difference::HeadersAreUtf8,
            Difference::LinesAreCombinedFirst,
            Difference::LocationsAreCombined,
            Difference::MaxAgeIsSigned,
            Difference::NoWayBackHome,
            Difference::OpaqueRequestKeepsBodyType,
            Difference::OriginStaysAfterRedirect,
            Difference::OverridesAreSplitInQuotes,
            Difference::PreflightReplacesEntry,
            Difference::RangeIsReadLoosely,
            Difference::RangeOf64Bits,
            Difference::RedirectKeepsNamesToAskFor,
            Difference::RedirectKeepsNeedForPreflight,
            Difference::RedirectNeedsLocation,
            Difference::RefusedPreflightIsRemembered,
            Difference::RememberedWildcardCoversAuthorization,
            Difference::UploadListenerGrantsNoMethod,
            Difference::UploadListenerNeedsNoEntry,
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

/// Makes the enumeration, its names and its descriptions from one list.
macro_rules! differences {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// Something that an engine does otherwise than the standard says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Difference {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Difference {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As the vectors name it.
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
    /// `Save-Data`, `DPR`, `Viewport-Width` and other client hints need no preflight.
    ClientHintsAreSafelisted = "client-hints-are-safelisted",
    /// A comma or an empty parameter in `Content-Type` needs a preflight.
    ContentTypeIsReadOtherwise = "content-type-is-read-otherwise",
    /// A `no-cors` request that a redirect takes to another origin keeps the cookies of credentials mode `same-origin`.
    CredentialsFollowOpaqueRedirects = "credentials-follow-opaque-redirects",
    /// What a preflight allowed a request with credentials is remembered for requests with credentials alone.
    CredentialsHaveEntriesOfTheirOwn = "credentials-have-entries-of-their-own",
    /// Of several lines of a response header, those without a value do not count.
    EmptyLinesAreSkipped = "empty-lines-are-skipped",
    /// A redirect with an empty `Location` is an error.
    EmptyLocationIsInvalid = "empty-location-is-invalid",
    /// A redirect with an empty `Location` is an ordinary answer.
    EmptyLocationIsNone = "empty-location-is-none",
    /// A failed CORS check makes preflights of the URL forgotten even where the request needed none.
    EveryFailureForgets = "every-failure-forgets",
    /// A request that fails after its preflight leaves the preflight remembered.
    FailureForgetsNothing = "failure-forgets-nothing",
    /// Header values with bytes beyond ASCII are sent as UTF-8, and read as UTF-8.
    HeadersAreUtf8 = "headers-are-utf8",
    /// A redirect whose `Location` is no URL is an error in redirect mode `manual`, too.
    InvalidLocationIsAlwaysAnError = "invalid-location-is-always-an-error",
    /// An `Access-Control-Max-Age` that is no number means zero seconds, not five.
    InvalidMaxAgeIsZero = "invalid-max-age-is-zero",
    /// `Access-Control-Expose-Headers: *` exposes all even where something else in the list is no name.
    WildcardExposesBesideInvalidNames = "wildcard-exposes-beside-invalid-names",
    /// Several lines of a request header are combined before they are looked at, so that limits apply to the whole.
    LinesAreCombinedFirst = "lines-are-combined-first",
    /// A redirect to a URL with a user name or a password is always an error.
    LocationMayNotHaveCredentials = "location-may-not-have-credentials",
    /// Several `Location` lines are one, with a comma in it.
    LocationsAreCombined = "locations-are-combined",
    /// `Access-Control-Max-Age` may have a sign, a negative one means zero, and one of more than 64 bits means five seconds.
    MaxAgeIsSigned = "max-age-is-signed",
    /// A header name that stands twice is asked for twice.
    NamesAreRepeated = "names-are-repeated",
    /// Bytes beyond ASCII in `Accept` and `Content-Type` need a preflight.
    NonAsciiIsUnsafe = "non-ascii-is-unsafe",
    /// Safelisted headers need no preflight however long they are together.
    NoLimitForAllSafelisted = "no-limit-for-all-safelisted",
    /// A request that a redirect took away from the page's own origin can't come back to it.
    NoWayBackHome = "no-way-back-home",
    /// Preflights of pages whose origin is `null` are not remembered.
    OpaqueOriginsAreNotRemembered = "opaque-origins-are-not-remembered",
    /// A page of an opaque origin passes `Cross-Origin-Resource-Policy: same-site` where the page that holds it would.
    OpaquePagesAreSameSite = "opaque-pages-are-same-site",
    /// A `no-cors` request keeps the `Content-Type` of its body, whatever it is.
    OpaqueRequestKeepsBodyType = "opaque-request-keeps-body-type",
    /// An `Origin` that was sent to the page's own origin stays when a redirect there makes the request a `GET`.
    OriginStaysAfterRedirect = "origin-stays-after-redirect",
    /// A comma in quotation marks separates the methods of `X-HTTP-Method-Override`.
    OverridesAreSplitInQuotes = "overrides-are-split-in-quotes",
    /// A preflight after redirects from one foreign origin to another names the page's origin, not `null`.
    PreflightAfterRedirectNamesPage = "preflight-after-redirect-names-page",
    /// A preflight replaces all that is remembered for its origin and URL, with and without credentials.
    PreflightReplacesEntry = "preflight-replaces-entry",
    /// The numbers of a `Range` are sent without zeros before them.
    RangeIsNormalized = "range-is-normalized",
    /// The unit of a `Range` may be `Bytes`, too, and its numbers may have a sign.
    RangeIsReadLoosely = "range-is-read-loosely",
    /// A `Range` whose numbers do not fit into 64 bits needs a preflight.
    RangeOf64Bits = "range-of-64-bits",
    /// In redirect mode `error`, a redirect that is not followed leaves the preflight remembered.
    RedirectErrorForgetsNothing = "redirect-error-forgets-nothing",
    /// After a redirect, a preflight asks for the headers that script set, those that the redirect took away among them.
    RedirectKeepsNamesToAskFor = "redirect-keeps-names-to-ask-for",
    /// A request that needed a preflight needs one after each redirect, even where nothing is left to ask for.
    RedirectKeepsNeedForPreflight = "redirect-keeps-need-for-preflight",
    /// A redirect status without a `Location` is an ordinary answer in redirect mode `error`, too.
    RedirectNeedsLocation = "redirect-needs-location",
    /// A preflight whose answer does not allow its method or headers is remembered for what it does allow.
    RefusedPreflightIsRemembered = "refused-preflight-is-remembered",
    /// A remembered `*` covers `Authorization`, too.
    RememberedWildcardCoversAuthorization = "remembered-wildcard-covers-authorization",
    /// Of several `Content-Type` lines of a request, one is sent.
    RepeatedContentTypeIsOne = "repeated-content-type-is-one",
    /// Several `Location` lines with the same value are one.
    SameLocationsAreOne = "same-locations-are-one",
    /// The ports 4190 and 6679 are not blocked.
    SomeBadPortsAreNot = "some-bad-ports-are-not",
    /// With an upload listener, an answer without `Access-Control-Allow-Methods` does not allow the method.
    UploadListenerGrantsNoMethod = "upload-listener-grants-no-method",
    /// An upload listener asks for a preflight only where there is a body.
    UploadListenerNeedsBody = "upload-listener-needs-body",
    /// With an upload listener, a preflight is remembered though it did not list the method.
    UploadListenerNeedsNoEntry = "upload-listener-needs-no-entry",
    /// Script can't set `User-Agent`.
    UserAgentIsForbidden = "user-agent-is-forbidden",
    /// `Access-Control-Allow-Headers: *` covers `Authorization`. <https://github.com/whatwg/fetch/issues/1919>
    WildcardCoversAuthorization = "wildcard-covers-authorization",
    /// A remembered `*` serves no other method or header than those that were asked for.
    WildcardIsRememberedAsName = "wildcard-is-remembered-as-name",
    /// A preflight with a max-age of zero leaves alone what is remembered.
    ZeroMaxAgeChangesNothing = "zero-max-age-changes-nothing",
}
