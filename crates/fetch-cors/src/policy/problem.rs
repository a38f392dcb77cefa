//! What is wrong with a policy, as data. The rules are where each setting is read, the words in `messages`.

use std::{error::Error, fmt, io};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::masked::{masked, masked_origin};

/// A setting of a policy, by the name it has in [`PolicyConfig`](crate::PolicyConfig) and in the builder.
///
/// ```
/// use fetch_cors::Setting;
///
/// assert_eq!(Setting::AllowOrigins.name(), "allow_origins");
/// assert_eq!(Setting::MaxAge.to_string(), "max_age");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `allow_origins`
    AllowOrigins,
    /// `danger_allow_origins`
    DangerAllowOrigins,
    /// `allow_methods`
    AllowMethods,
    /// `allow_headers`
    AllowHeaders,
    /// `expose_headers`
    ExposeHeaders,
    /// `allow_credentials`
    AllowCredentials,
    /// `max_age`
    MaxAge,
    /// `allow_unusual_names`
    AllowUnusualNames,
}

impl Setting {
    /// The setting's name in configuration files and in the builder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllowOrigins => "allow_origins",
            Self::DangerAllowOrigins => "danger_allow_origins",
            Self::AllowMethods => "allow_methods",
            Self::AllowHeaders => "allow_headers",
            Self::ExposeHeaders => "expose_headers",
            Self::AllowCredentials => "allow_credentials",
            Self::MaxAge => "max_age",
            Self::AllowUnusualNames => "allow_unusual_names",
        }
    }
}

/// By its name.
impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of mistake a [`Problem`] is.
///
/// Serialized in `snake_case`. New kinds may be added in minor releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An empty string instead of an origin.
    EmptyOrigin,
    /// Spaces or other white space around or inside an origin.
    Whitespace,
    /// Several origins in one string, as in `https://a.example, https://b.example`.
    SeveralOrigins,
    /// An origin without its scheme, as in `app.example.com`.
    MissingScheme,
    /// `null`: browsers send it for sandboxed frames, local files and some redirects, so any site can send it.
    NullOrigin,
    /// A scheme whose origin is sent as `null`, such as `data:`, or an address of a local file. (`file://` alone is an origin
    /// that some apps send.)
    OpaqueScheme,
    /// A scheme that no page has, as in `wss://example.com`.
    NotAPageScheme,
    /// An invalid scheme: empty, misspelled, or with a character that schemes can't contain.
    InvalidScheme,
    /// Upper-case letters: browsers send origins in lower case.
    UpperCase,
    /// A path, a query or a fragment, even if it is only a trailing slash.
    Path,
    /// A user name or password before the host.
    Userinfo,
    /// A host outside ASCII: browsers send its Punycode form.
    UnicodeHost,
    /// A host that no browser would send.
    InvalidHost,
    /// An IPv4 or IPv6 address not written the way browsers send it.
    IpAddressForm,
    /// A port that is not a number from 1 to 65535 without leading zeros.
    InvalidPort,
    /// The scheme's default port, which browsers leave out.
    DefaultPort,
    /// A `*` where a pattern can't have one.
    MisplacedWildcard,
    /// A `*` inside the name that people register, as in `https://*example.com`: strangers can register names that match.
    WildcardInRegisteredName,
    /// More patterns with a `*` inside a label, for the same parent, scheme and port, than a policy may have.
    TooManyPatterns,
    /// A regular expression. Patterns are not regular expressions, because in those an unescaped dot is easily missed, and
    /// opens an API to look-alike hosts.
    RegularExpression,
    /// A variable that nobody filled in, as in `https://${APP_HOST}`.
    UnfilledVariable,
    /// A header line or an assignment, as in `Access-Control-Allow-Origin: *`.
    HeaderLine,
    /// Quotation marks, brackets or commas of a list that became part of an entry.
    ListSyntax,
    /// A word that means something elsewhere, as in `all` and `'self'`.
    Keyword,
    /// A range of IP addresses, as in `192.168.1.0/24` and `192.168.1.x`.
    AddressRange,
    /// `*` among the origins of a policy with credentials.
    AnyOriginWithCredentials,
    /// A plain-http origin that is not loopback, in a policy with credentials.
    InsecureOriginWithCredentials,
    /// A wildcard under a public suffix, in a policy with credentials.
    PublicSuffixWithCredentials,
    /// Octets of a private address that is not loopback, in a policy with credentials.
    PrivateAddressesWithCredentials,
    /// `file://` in a policy with credentials.
    LocalFilesWithCredentials,
    /// Any host of an extension's scheme.
    AnyExtension,
    /// An entry of `danger_allow_origins` that belongs to `allow_origins`.
    NeedsNoOptIn,
    /// A method that is not a token (RFC 9110, section 9.1).
    InvalidMethod,
    /// A [method that browsers forbid](https://fetch.spec.whatwg.org/#forbidden-method).
    ForbiddenMethod,
    /// A method in a case that servers don't handle, as in `patch`.
    MethodCase,
    /// Several methods or header names in one string, as in `GET|POST`.
    SeveralNames,
    /// A `*` inside a method or a header name, as in `x-amz-*`.
    NamePattern,
    /// A method or a header name that looks like a typo, as in `OPTION` and `content_type`.
    UnusualName,
    /// A header name that is not a token (RFC 9110, section 5.1).
    InvalidHeaderName,
    /// A [request header that scripts can't set](https://fetch.spec.whatwg.org/#forbidden-request-header).
    ForbiddenRequestHeader,
    /// A response header among the request headers.
    ResponseHeaderAmongAllowed,
    /// A [response header that scripts can never read](https://fetch.spec.whatwg.org/#forbidden-response-header-name).
    ForbiddenResponseHeader,
    /// A request header among the exposed ones.
    RequestHeaderAmongExposed,
    /// A response header that only responses to preflights have, among the exposed ones.
    PreflightHeaderAmongExposed,
    /// A max-age above 86 400 s.
    MaxAgeTooLong,
    /// A max-age with a fraction of a second.
    MaxAgeFraction,
}

/// In `snake_case`.
impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        serializer.serialize_str(&name)
    }
}

/// One mistake in a policy: what, where, why, and what to write instead.
///
/// `Display` says it in a sentence or two; serialized, it is an object with the fields `setting`, `index`, `line`,
/// `value`, `kind`, `suggestions` and `message`.
///
/// ```
/// use fetch_cors::{Policy, ProblemKind, Setting};
///
/// let invalid = Policy::allow_origin("https://app.example.com/login").unwrap_err();
/// let problem = &invalid.problems()[0];
/// assert_eq!(problem.kind(), ProblemKind::Path);
/// assert_eq!(problem.setting(), Setting::AllowOrigins);
/// assert_eq!((problem.index(), problem.line()), (Some(0), None));
/// assert_eq!(problem.value(), "https://app.example.com/login");
/// assert_eq!(problem.suggestion(), Some("https://app.example.com"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    setting: Setting,
    index: Option<usize>,
    line: Option<usize>,
    value: String,
    fault: Fault,
}

impl Problem {
    pub(crate) fn new(setting: Setting, index: Option<usize>, value: &str, fault: Fault) -> Self {
        let value = match setting {
            Setting::AllowOrigins => masked_origin(value),
            _ => masked(value).into_owned(),
        };
        Self { setting, index, line: None, value, fault }
    }

    /// The setting that contains the mistake.
    pub fn setting(&self) -> Setting {
        self.setting
    }

    /// The index in the setting's list, from 0; none for a setting that is not a list.
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// The line of the file, from 1, if the policy was read from text.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The offending value as written, but with passwords and other secrets masked.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> ProblemKind {
        self.fault.kind
    }

    /// What to write instead, if it is clear what was likely meant. A suggestion is always valid itself.
    pub fn suggestion(&self) -> Option<&str> {
        self.fault.suggestion.as_deref()
    }

    /// What to write instead, as several entries, if one entry stands for several; else the
    /// [`suggestion`](Self::suggestion), if there is one.
    ///
    /// ```
    /// use fetch_cors::Policy;
    ///
    /// let invalid = Policy::allow_origin("http://localhost:3000-3001").unwrap_err();
    /// assert_eq!(invalid.problems()[0].suggestions(), ["http://localhost:3000", "http://localhost:3001"]);
    /// ```
    pub fn suggestions(&self) -> &[String] {
        match &self.fault.fact {
            Some(Fact::SuggestedList(list)) => list,
            _ => self.fault.suggestion.as_slice(),
        }
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }

    #[cfg(feature = "toml")]
    pub(crate) fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 7)?;
        object.serialize_field("setting", &self.setting)?;
        object.serialize_field("index", &self.index)?;
        object.serialize_field("line", &self.line)?;
        object.serialize_field("value", &self.value)?;
        object.serialize_field("kind", &self.kind())?;
        object.serialize_field("suggestions", self.suggestions())?;
        object.serialize_field("message", &self.to_string())?;
        object.end()
    }
}

/// Why a policy is not valid: all its problems, in the order of the settings.
///
/// ```
/// use fetch_cors::Policy;
///
/// let invalid = Policy::builder()
///     .allow_origins(["https://app.example.com/", "https://*.github.io"])
///     .allow_methods(["CONNECT"])
///     .allow_credentials()
///     .build()
///     .unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     r#"the CORS policy has 3 problems:
///   1. allow_origins[0] "https://app.example.com/": an origin has no path. Write "https://app.example.com"
///   2. allow_origins[1] "https://*.github.io": with credentials, what the user can read could also be read by anyone who can register a name under the public suffix "github.io". Write the exact origins, decide with Cors::allow_origins_if, or move it to danger_allow_origins
///   3. allow_methods[0] "CONNECT": browsers forbid this method, so no page can ever send it. Remove it"#
/// );
/// assert_eq!(invalid.problems()[2].value(), "CONNECT");
/// ```
///
/// `Debug` writes the same as `Display`, so that `main` can return it and `?` prints the messages.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidPolicy {
    problems: Vec<Problem>,
}

impl InvalidPolicy {
    /// `Ok` if there is no problem, so that the list is never empty.
    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// All problems; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    #[cfg(feature = "toml")]
    pub(crate) fn map(self, change: impl FnMut(Problem) -> Problem) -> Self {
        Self { problems: self.problems.into_iter().map(change).collect() }
    }
}

/// As an object with the field `problems`.
impl Serialize for InvalidPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("InvalidPolicy", 1)?;
        object.serialize_field("problems", &self.problems)?;
        object.end()
    }
}

impl Error for InvalidPolicy {}

/// As its `Display`.
impl fmt::Debug for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidInput`, for a `main` that returns `io::Result`.
impl From<InvalidPolicy> for io::Error {
    fn from(invalid: InvalidPolicy) -> Self {
        Self::new(io::ErrorKind::InvalidInput, invalid)
    }
}

/// Why a string is not a serialized origin.
///
/// ```
/// use fetch_cors::{Origin, ProblemKind};
///
/// let invalid = "https://app.example.com:443".parse::<Origin>().unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     r#""https://app.example.com:443": browsers leave out the default port. Write "https://app.example.com""#
/// );
/// assert_eq!((invalid.value(), invalid.kind()), ("https://app.example.com:443", ProblemKind::DefaultPort));
/// assert_eq!(invalid.suggestion(), Some("https://app.example.com"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidOrigin {
    value: String,
    fault: Fault,
}

impl InvalidOrigin {
    pub(crate) fn new(value: &str, fault: Fault) -> Self {
        Self { value: masked_origin(value), fault }
    }

    /// The offending value as written, but with passwords and other secrets masked.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> ProblemKind {
        self.fault.kind
    }

    /// The origin that was likely meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.fault.suggestion.as_deref()
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl Error for InvalidOrigin {}

/// As its `Display`.
impl fmt::Debug for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidInput`, for a `main` that returns `io::Result`.
impl From<InvalidOrigin> for io::Error {
    fn from(invalid: InvalidOrigin) -> Self {
        Self::new(io::ErrorKind::InvalidInput, invalid)
    }
}

/// A mistake whose place is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ProblemKind,
    pub(crate) suggestion: Option<String>,
    /// What else a reader must know.
    pub(crate) fact: Option<Fact>,
}

/// What the rules know of a mistake beyond its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The pattern's subdomains fall under this public suffix.
    UnderPublicSuffix(String),
    /// This pattern, for octets of a private address, comes nearest to the range.
    Addresses(String),
    /// The entry stands for these.
    SuggestedList(Vec<String>),
    /// The entry stands for anything, which is written `*`.
    AnyMeant,
    /// The wildcard matches the whole host, as in `https://*`.
    AnyHost,
    /// The name can be listed under `allow_headers`.
    AllowableHeader,
}

impl Fault {
    pub(crate) fn with_suggestion(kind: ProblemKind, suggestion: Option<String>) -> Self {
        Self { suggestion, ..kind.into() }
    }
}

impl From<ProblemKind> for Fault {
    fn from(kind: ProblemKind) -> Self {
        Self { kind, suggestion: None, fact: None }
    }
}
