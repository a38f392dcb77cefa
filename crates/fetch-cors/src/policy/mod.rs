//! The policy itself: validated when it is built, immutable, and cheap to clone. What it means for one request is decided in
//! [`server`](crate::server).

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::origin_set::OriginSet;

mod builder;
mod change;
mod config;
pub(crate) mod escape;
mod host;
mod idn;
mod lists;
mod messages;
pub(crate) mod names;
mod opt_in;
mod origin;
mod pasted;
pub(crate) mod pattern;
pub(crate) mod problem;
mod suffixes;
mod summary;
#[cfg(feature = "toml")]
mod toml;
mod typos;
mod uncovered;
mod widening;

pub use builder::PolicyBuilder;
pub use change::{
    Change, ChangeStep, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn, OriginDifference, Wanted,
};
pub use config::PolicyConfig;
pub use origin::Origin;
pub use problem::{InvalidOrigin, InvalidPolicy, Problem, ProblemKind, Setting};
pub use summary::Summary;
#[cfg(feature = "toml")]
pub use toml::TomlError;
pub use widening::Widening;

use names::Names;
use opt_in::opt_in;
use pattern::Pattern;

/// A valid CORS policy: which origins may read a server's responses, and what they may send.
///
/// It is checked when it is built, never changes, and is cheap to clone (a reference count).
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::Policy;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let policy = Policy::builder()
///         .allow_origins(["https://app.example.com", "https://*.preview.example.com", "http://localhost:*"])
///         .allow_methods(["PUT", "DELETE"])
///         .allow_headers(["content-type", "x-request-id"])
///         .expose_headers(["etag"])
///         .allow_credentials()
///         .max_age(Duration::from_secs(3600))
///         .build()?;
///
///     assert!(policy.allows(&"https://pr-7.preview.example.com".parse()?));
///     assert!(!policy.allows(&"https://preview.example.com".parse()?));
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

/// As its configuration.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_config().fmt(f)
    }
}

/// Two policies are equal if their normalized configurations are, in whatever order their entries were written.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |policy: &Self| {
            let mut config = policy.to_config();
            config.allow_origins.sort_unstable();
            config.allow_methods.sort_unstable();
            config.allow_headers.sort_unstable();
            config.expose_headers.sort_unstable();
            config
        };
        self.is_same(other) || sorted(self) == sorted(other)
    }
}

impl Eq for Policy {}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    /// Whether a preflight's requested method or headers have to be echoed.
    echoes: bool,
}

/// What a policy allows, validated.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting with a name of its own")]
pub(crate) struct Parts {
    pub(crate) origins: AllowedOrigins,
    pub(crate) methods: Names,
    pub(crate) headers: Names,
    pub(crate) exposed: Names,
    pub(crate) credentials: bool,
    /// In seconds.
    pub(crate) max_age: Option<u32>,
    pub(crate) allow_unusual_names: bool,
}

#[derive(Debug)]
pub(crate) struct AllowedOrigins {
    /// Whether every origin is allowed.
    pub(crate) any: bool,
    /// Whether no origin is allowed on purpose ([`Policy::deny_all`]), not because none was listed.
    pub(crate) denied_on_purpose: bool,
    /// The listed origins; empty if every origin is allowed.
    pub(crate) listed: OriginSet,
}

impl Parts {
    /// Whether the request's own names are echoed: with credentials, browsers treat `*` as a literal name.
    pub(crate) fn echoes(&self, names: &Names) -> bool {
        self.credentials && *names == Names::Any
    }
}

impl Policy {
    /// Starts a policy that allows nothing yet: see [`PolicyBuilder`] for what it can allow.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Allows what one front end usually needs: its origin, any method, any request header, no credentials.
    ///
    /// ```
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = fetch_cors::Policy::allow_origin("https://abc.com")?;
    ///     assert!(policy.allows(&"https://abc.com".parse()?));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When `origin` is not an origin or an origin pattern; the error says what to write instead.
    pub fn allow_origin(origin: impl AsRef<str>) -> Result<Self, InvalidPolicy> {
        Self::allow_origins([origin])
    }

    /// Allows several front ends what [`allow_origin`](Self::allow_origin) allows one: any method, any request header, no
    /// credentials.
    ///
    /// ```
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = fetch_cors::Policy::allow_origins(["https://abc.com", "http://localhost:*"])?;
    ///     assert!(policy.allows(&"http://localhost:5173".parse()?));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When one of them is not an origin or an origin pattern; the error says what to write instead.
    pub fn allow_origins<I>(origins: I) -> Result<Self, InvalidPolicy>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Self::builder().allow_origins(origins).allow_methods(["*"]).allow_headers(["*"]).build()
    }

    /// A public API's policy: any origin, any method, any request header, no credentials.
    ///
    /// Use it for data that anyone may read anyway. Do *not* use it for a server on a private network that trusts everyone
    /// who can reach it: every web page that someone on that network opens could read its responses.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let policy = Policy::any_origin();
    /// assert!(policy.allows_any_origin());
    /// assert!(!policy.allows_credentials());
    /// ```
    pub fn any_origin() -> Self {
        Self::from_parts(Parts {
            origins: AllowedOrigins { any: true, denied_on_purpose: false, listed: OriginSet::default() },
            methods: Names::Any,
            headers: Names::Any,
            ..Parts::nothing()
        })
    }

    /// The same policy with this max-age: how long browsers may remember a preflight response.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::Policy;
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
    ///     let policy = Policy::any_origin().with_max_age(Duration::from_secs(3600))?;
    ///     assert_eq!(policy.to_config().max_age, Some(3600));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`PolicyBuilder::max_age`] says: whole seconds, at most a day.
    pub fn with_max_age(self, max_age: Duration) -> Result<Self, InvalidPolicy> {
        let with = PolicyBuilder::from(self.to_config()).max_age(max_age).build()?;
        // There is nothing to remember for a policy that denies everything, and it stays denied on purpose.
        Ok(if self.denies_all() { self } else { with })
    }

    /// Allows nothing: browsers apply the same-origin policy, as they do without any CORS header.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let policy = Policy::deny_all();
    /// assert!(policy.denies_all());
    /// assert!(!policy.lists_no_origin(), "it denies on purpose");
    /// ```
    pub fn deny_all() -> Self {
        Self::from_parts(Parts::nothing())
    }

    pub(crate) fn from_parts(parts: Parts) -> Self {
        let echoes = parts.echoes(&parts.methods) || parts.echoes(&parts.headers);
        Self { inner: Arc::new(Inner { parts, echoes }) }
    }

    /// Whether pages of this origin may read responses.
    ///
    /// Browsers also check the method, the headers and credentials; for those see [`to_config`](Self::to_config).
    pub fn allows(&self, origin: &Origin) -> bool {
        self.allows_any_origin() || self.lists(origin.as_str().as_bytes())
    }

    /// Whether pages of every origin may read responses.
    #[inline]
    pub fn allows_any_origin(&self) -> bool {
        self.parts().origins.any
    }

    /// Whether requests may carry cookies and other credentials.
    pub fn allows_credentials(&self) -> bool {
        self.parts().credentials
    }

    /// Whether this policy allows nothing at all, like [`Policy::deny_all`] or the policy of an empty builder.
    pub fn denies_all(&self) -> bool {
        let AllowedOrigins { any, listed, .. } = &self.parts().origins;
        !any && listed.is_empty()
    }

    /// Whether nothing is allowed because no origin was listed, which is rarely intended. It is `false` for
    /// [`Policy::deny_all`], which denies on purpose.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
    ///     let policy = Policy::builder().allow_methods(["PUT"]).build()?;
    ///     assert!(policy.lists_no_origin(), "somebody forgot the front end");
    ///     Ok(())
    /// }
    /// ```
    pub fn lists_no_origin(&self) -> bool {
        self.denies_all() && !self.parts().origins.denied_on_purpose
    }

    /// The normalized form: exact origins before patterns, without duplicates and entries that another entry covers, methods
    /// and header names as browsers compare them.
    pub fn to_config(&self) -> PolicyConfig {
        let parts = self.parts();
        let (danger_allow_origins, allow_origins) = match &parts.origins {
            AllowedOrigins { any: true, .. } => (Vec::new(), vec!["*".to_owned()]),
            AllowedOrigins { listed, .. } => listed
                .exact()
                .map(Pattern::Exact)
                .chain(listed.wildcards().map(Pattern::Wildcard))
                .map(|pattern| (pattern.to_string(), opt_in(pattern, parts.credentials).is_some()))
                .fold((Vec::new(), Vec::new()), |(mut dangers, mut others), (entry, is_danger)| {
                    if is_danger { &mut dangers } else { &mut others }.push(entry);
                    (dangers, others)
                }),
        };
        PolicyConfig {
            allow_origins,
            danger_allow_origins,
            allow_methods: parts.methods.to_config(),
            allow_headers: parts.headers.to_config(),
            expose_headers: parts.exposed.to_config(),
            allow_credentials: parts.credentials,
            max_age: parts.max_age.map(u64::from),
            allow_unusual_names: parts.allow_unusual_names,
        }
    }

    /// Whether both are clones of one policy. Equal policies that were built separately are not. It takes no time, so it tells
    /// a cache whether what it prepared is still current.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let policy = Policy::any_origin();
    /// assert!(policy.is_same(&policy.clone()));
    /// assert!(!policy.is_same(&Policy::any_origin()));
    /// assert_eq!(policy, Policy::any_origin());
    /// ```
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    #[inline]
    pub(crate) fn echoes_anything(&self) -> bool {
        self.inner.echoes
    }

    #[inline]
    pub(crate) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// Whether the value of an `Origin` header is one of the listed origins.
    #[inline(always)]
    pub(crate) fn lists(&self, origin: &[u8]) -> bool {
        self.parts().origins.listed.contains(origin)
    }
}

impl Parts {
    fn nothing() -> Self {
        Self {
            origins: AllowedOrigins { any: false, denied_on_purpose: true, listed: OriginSet::default() },
            methods: Names::Listed(Vec::new()),
            headers: Names::Listed(Vec::new()),
            exposed: Names::Listed(Vec::new()),
            credentials: false,
            max_age: None,
            allow_unusual_names: false,
        }
    }
}

/// Serializes as the policy's [`PolicyConfig`].
impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_config().serialize(serializer)
    }
}

/// Deserializes a [`PolicyConfig`] and checks it, so that a policy can be a field of your own configuration. Don't flatten it:
/// with `#[serde(flatten)]`, unknown names pass in silence.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PolicyConfig::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl TryFrom<PolicyConfig> for Policy {
    type Error = InvalidPolicy;

    fn try_from(config: PolicyConfig) -> Result<Self, InvalidPolicy> {
        PolicyBuilder::from(config).build()
    }
}
