//! What is wrong with a policy, as data and as text. Every sentence a person reads about a mistake stands in this file;
//! no rule does: the rules are where the setting is parsed.

use std::{error::Error, fmt};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::{names, pattern};

/// A setting of a policy, by the name it has in [`PolicyConfig`](crate::PolicyConfig) and in the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Setting {
    /// `allow_origins`
    AllowOrigins,
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
}

impl Setting {
    /// The setting's name in configuration files and in the builder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllowOrigins => "allow_origins",
            Self::AllowMethods => "allow_methods",
            Self::AllowHeaders => "allow_headers",
            Self::ExposeHeaders => "expose_headers",
            Self::AllowCredentials => "allow_credentials",
            Self::MaxAge => "max_age",
        }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// An origin that is the empty string.
    EmptyOrigin,
    /// Spaces or other white space around or inside an origin.
    Whitespace,
    /// Several origins in one string, as in `https://a.example, https://b.example`.
    SeveralOrigins,
    /// An origin without its scheme, as in `app.example.com`.
    MissingScheme,
    /// `null`: what browsers send for sandboxed frames, local files and some redirects, so that anyone can send it.
    NullOrigin,
    /// `file:` and other schemes whose origin is always sent as `null`.
    OpaqueScheme,
    /// A scheme that no page has, as in `wss://example.com`.
    NotAPageScheme,
    /// A scheme that is not one (a bad character, or an empty one).
    InvalidScheme,
    /// Upper-case letters: browsers send origins in lower case.
    UpperCase,
    /// A path, a query or a fragment, be it only a trailing slash.
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
    /// A `*` where patterns have none.
    MisplacedWildcard,
    /// A regular expression. Patterns are none: a dot too many in one has opened many an API.
    RegularExpression,
    /// `*` among the origins of a policy with credentials.
    AnyOriginWithCredentials,
    /// A plain-http origin that is not loopback, in a policy with credentials.
    InsecureOriginWithCredentials,
    /// A wildcard under a public suffix, in a policy with credentials.
    PublicSuffixWithCredentials,
    /// A method that is not a token (RFC 9110, section 9.1).
    InvalidMethod,
    /// A method that browsers forbid. <https://fetch.spec.whatwg.org/#forbidden-method>
    ForbiddenMethod,
    /// A method in a case that the server would never see, as in `patch`.
    MethodCase,
    /// A header name that is not a token (RFC 9110, section 5.1).
    InvalidHeaderName,
    /// A request header that script can't set. <https://fetch.spec.whatwg.org/#forbidden-request-header>
    ForbiddenRequestHeader,
    /// A response header among the request headers.
    ResponseHeaderAmongAllowed,
    /// A response header that script can never read.
    /// <https://fetch.spec.whatwg.org/#forbidden-response-header-name>
    ForbiddenResponseHeader,
    /// A request header among the exposed ones.
    RequestHeaderAmongExposed,
    /// `*` among the exposed headers of a policy with credentials.
    AnyExposedHeaderWithCredentials,
    /// A max-age above 86 400 s.
    MaxAgeTooLong,
    /// A max-age with a fraction of a second.
    MaxAgeFraction,
}

impl ProblemKind {
    /// Why it is one, in half a sentence.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::EmptyOrigin => "this is empty",
            Self::Whitespace => "an origin has no white space or control characters",
            Self::SeveralOrigins => "these are several origins in one string",
            Self::MissingScheme => "an origin starts with its scheme",
            Self::NullOrigin => {
                "browsers send this for sandboxed frames, local files and data: URLs, so allowing it would allow any site"
            }
            Self::OpaqueScheme => {
                "pages with this scheme have no origin of their own, browsers send \"null\" for them, which any site can send too"
            }
            Self::NotAPageScheme => "no page has this scheme, so browsers never send it as an origin",
            Self::InvalidScheme => "this does not start with a scheme and \"://\"",
            Self::UpperCase => "browsers send origins in lower case, and this is compared byte by byte",
            Self::Path => "an origin has no path",
            Self::Userinfo => "an origin has no user name or password",
            Self::UnicodeHost => "browsers send international names in their ASCII form (Punycode)",
            Self::InvalidHost => {
                "the host must be labels of a-z, 0-9, \"-\" and \"_\" joined by dots, or an IP address"
            }
            Self::IpAddressForm => "browsers send IP addresses in one standard form",
            Self::InvalidPort => "a port is a number from 1 to 65535, without leading zeros",
            Self::DefaultPort => "browsers leave out the default port",
            Self::MisplacedWildcard => {
                "a \"*\" stands only for whole labels at the front of an http or https domain, or for its port"
            }
            Self::RegularExpression => "origin patterns are no regular expressions",
            Self::AnyOriginWithCredentials => {
                "with credentials this would let every site on the web act as the signed-in user, and browsers refuse it"
            }
            Self::InsecureOriginWithCredentials => {
                "with credentials, anyone on the network between the user and this plain-http site could read what the user can"
            }
            Self::PublicSuffixWithCredentials => {
                "with credentials this would trust everyone who can register a name under the public suffix"
            }
            Self::InvalidMethod => "this is not an HTTP method",
            Self::ForbiddenMethod => "browsers forbid this method, so it can never be used",
            Self::MethodCase => {
                "methods are case-sensitive, and browsers send this one as script wrote it, which servers expect in upper case"
            }
            Self::InvalidHeaderName => "this is not the name of an HTTP header",
            Self::ForbiddenRequestHeader => {
                "browsers set this request header themselves and never let script set it, so it needs no allowing"
            }
            Self::ResponseHeaderAmongAllowed => {
                "this is a response header; allow_headers lists what script may send"
            }
            Self::ForbiddenResponseHeader => "browsers never show this response header to script",
            Self::RequestHeaderAmongExposed => {
                "this is a request header; expose_headers lists what script may read in a response"
            }
            Self::AnyExposedHeaderWithCredentials => {
                "with credentials browsers take \"*\" for a header of that name, so it would expose nothing"
            }
            Self::MaxAgeTooLong => "browsers keep a preflight for 86400 seconds (24 hours) at most",
            Self::MaxAgeFraction => "Access-Control-Max-Age counts whole seconds",
        }
    }
}

/// One mistake in a policy: what, where, why, and what to write instead.
///
/// `Display` says it in a sentence or two; serialized, it is an object with the fields `setting`, `index`, `line`,
/// `value`, `kind`, `suggestion` and `message`.
///
/// ```
/// use fetch_cors::{Policy, ProblemKind, Setting};
///
/// let invalid = Policy::allow_origin("https://app.example.com/login").unwrap_err();
/// let problem = &invalid.problems()[0];
/// assert_eq!(problem.kind(), ProblemKind::Path);
/// assert_eq!(problem.setting(), Setting::AllowOrigins);
/// assert_eq!(problem.index(), Some(0));
/// assert_eq!(problem.value(), "https://app.example.com/login");
/// assert_eq!(problem.suggestion(), Some("https://app.example.com"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    setting: Setting,
    index: Option<usize>,
    line: Option<usize>,
    value: String,
    kind: ProblemKind,
    suggestion: Option<String>,
}

impl Problem {
    pub(crate) fn new(setting: Setting, index: Option<usize>, value: &str, fault: Fault) -> Self {
        Self {
            setting,
            index,
            line: None,
            value: mask_password(value),
            kind: fault.kind,
            suggestion: fault.suggestion,
        }
    }

    /// The setting that holds the mistake.
    pub fn setting(&self) -> Setting {
        self.setting
    }

    /// The place in the setting's list, from 0; none for a setting that is no list.
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// The line of the file, from 1, where the policy was read from text.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The offending value as it was given, save for a user name and password in it, which are masked.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What to write instead, where one answer is likely meant. A suggestion is itself always valid.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    #[cfg(feature = "toml")]
    pub(crate) fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(f, "{}", self.setting)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        if self.setting == Setting::MaxAge {
            write!(f, " {}", self.value)?;
        } else {
            write!(f, " {}", Quoted(&self.value))?;
        }
        write!(
            f,
            ": {}",
            Explanation {
                kind: self.kind,
                value: &self.value,
                suggestion: self.suggestion(),
                in_file: self.line.is_some(),
            }
        )
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 7)?;
        object.serialize_field("setting", &self.setting)?;
        object.serialize_field("index", &self.index)?;
        object.serialize_field("line", &self.line)?;
        object.serialize_field("value", &self.value)?;
        object.serialize_field("kind", &self.kind)?;
        object.serialize_field("suggestion", &self.suggestion)?;
        object.serialize_field("message", &self.to_string())?;
        object.end()
    }
}

/// Why a policy was refused: every problem it has, in the order of the settings.
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
///   2. allow_origins[1] "https://*.github.io": with credentials this would trust everyone who can register a name under the public suffix "github.io". Write the exact origins, or opt in with danger_allow_public_suffixes()
///   3. allow_methods[0] "CONNECT": browsers forbid this method, so it can never be used. Remove it"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvalidPolicy {
    problems: Vec<Problem>,
}

impl InvalidPolicy {
    /// `Ok` when there is no problem, so that the list is never empty.
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

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the CORS policy has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        for (number, problem) in self.problems.iter().enumerate() {
            write!(f, "\n  {}. {problem}", number + 1)?;
        }
        Ok(())
    }
}

impl Error for InvalidPolicy {}

/// Why a string is not a serialized origin.
///
/// ```
/// use fetch_cors::Origin;
///
/// let invalid = "https://app.example.com:443".parse::<Origin>().unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     r#""https://app.example.com:443": browsers leave out the default port. Write "https://app.example.com""#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin {
    value: String,
    fault: Fault,
}

impl InvalidOrigin {
    pub(crate) fn new(value: &str, fault: Fault) -> Self {
        Self { value: mask_password(value), fault }
    }

    /// The offending value as it was given, save for a user name and password in it, which are masked.
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
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explanation = Explanation {
            kind: self.kind(),
            value: &self.value,
            suggestion: self.suggestion(),
            in_file: false,
        };
        write!(f, "{}: {explanation}", Quoted(&self.value))
    }
}

impl Error for InvalidOrigin {}

/// A mistake before it is known where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ProblemKind,
    pub(crate) suggestion: Option<String>,
}

impl From<ProblemKind> for Fault {
    fn from(kind: ProblemKind) -> Self {
        Self { kind, suggestion: None }
    }
}

/// Messages end up in logs, and a password has no business there.
fn mask_password(value: &str) -> String {
    let start = value.find("://").map_or(0, |colon| colon + "://".len());
    let end = value[start..].find(['/', '?', '#']).map_or(value.len(), |slash| start + slash);
    match value[start..end].rfind('@') {
        Some(at) => format!("{}***{}", &value[..start], &value[start + at..]),
        None => value.to_owned(),
    }
}

/// A value in quotes on one line: what can't be seen is escaped, and what is too long to read is cut.
struct Quoted<'a>(&'a str);

/// How many bytes of a value a message shows.
const SHOWN: usize = 200;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = (0..=SHOWN.min(self.0.len())).rev().find(|&cut| self.0.is_char_boundary(cut)).unwrap_or(0);
        f.write_str("\"")?;
        for character in self.0[..cut].chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                _ if character.is_control() => write!(f, "{}", character.escape_debug())?,
                // White space of no width, marks that turn the text around, and the like.
                _ if !character.is_ascii() && !character.is_alphanumeric() => {
                    write!(f, "{}", character.escape_unicode())?;
                }
                _ => write!(f, "{character}")?,
            }
        }
        f.write_str(if cut < self.0.len() { "…\"" } else { "\"" })
    }
}

/// Why, and what to write instead.
struct Explanation<'a> {
    kind: ProblemKind,
    value: &'a str,
    suggestion: Option<&'a str>,
    /// Whether the reader wrote it in a file, and not in Rust.
    in_file: bool,
}

impl Explanation<'_> {
    /// What to do where no suggestion says it.
    fn instead(&self) -> &'static str {
        match self.kind {
            ProblemKind::EmptyOrigin => "Write an origin such as \"https://app.example.com\", or remove it",
            ProblemKind::SeveralOrigins => "Write each as an entry of its own",
            ProblemKind::NullOrigin | ProblemKind::OpaqueScheme => {
                "Serve the page from an origin of its own, e.g. \"http://localhost:3000\" while developing"
            }
            ProblemKind::AnyOriginWithCredentials => "List the origins, or do without credentials",
            ProblemKind::InsecureOriginWithCredentials => "Serve it over https",
            ProblemKind::PublicSuffixWithCredentials => "Write the exact origins",
            ProblemKind::ForbiddenResponseHeader => {
                "Remove it; a cookie is kept by the browser all the same, and what script must know goes in a header of another name"
            }
            // The policy itself writes those.
            ProblemKind::ResponseHeaderAmongAllowed
                if !self.value.to_ascii_lowercase().starts_with("access-control-") =>
            {
                "Remove it, or list it under expose_headers if script is to read it"
            }
            ProblemKind::RequestHeaderAmongExposed if names::request_header(self.value).is_ok() => {
                "Remove it, or list it under allow_headers if script is to send it"
            }
            ProblemKind::ForbiddenMethod
            | ProblemKind::ForbiddenRequestHeader
            | ProblemKind::ResponseHeaderAmongAllowed
            | ProblemKind::RequestHeaderAmongExposed => "Remove it",
            ProblemKind::AnyExposedHeaderWithCredentials => "List the names",
            ProblemKind::InvalidMethod => "Write one method an entry, such as \"PUT\"",
            ProblemKind::InvalidHeaderName => "Write one name an entry, such as \"x-request-id\"",
            ProblemKind::MisplacedWildcard if pattern::is_any_host(self.value) => {
                "List the origins; the nearest pattern, \"*\", would allow every site"
            }
            ProblemKind::MisplacedWildcard => "List the origins",
            ProblemKind::RegularExpression => {
                "List the origins, or write a pattern such as \"https://*.example.com\""
            }
            _ => "Write an origin such as \"https://app.example.com\"",
        }
    }
}

impl Explanation<'_> {
    fn opt_in(&self, setting: &str) -> String {
        if self.in_file { format!("{setting} = true") } else { format!("{setting}()") }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.why())?;
        match (self.kind, self.suggestion) {
            (ProblemKind::PublicSuffixWithCredentials, _) => {
                if let Some(suffix) = pattern::public_suffix_of_text(self.value) {
                    write!(f, " {}", Quoted(&suffix))?;
                }
                write!(
                    f,
                    ". {}, or opt in with {}",
                    self.instead(),
                    self.opt_in("danger_allow_public_suffixes")
                )
            }
            (ProblemKind::InsecureOriginWithCredentials, suggestion) => {
                match suggestion {
                    Some(suggestion) => write!(f, ". Write {}", Quoted(suggestion))?,
                    None => write!(f, ". {}", self.instead())?,
                }
                write!(f, ", or opt in with {}", self.opt_in("danger_allow_insecure_origins"))
            }
            (ProblemKind::MisplacedWildcard, Some(suggestion))
                if pattern::public_suffix_of_text(suggestion).is_some() =>
            {
                write!(
                    f,
                    ". List the origins; the nearest pattern, {}, would allow strangers' sites too",
                    Quoted(suggestion)
                )
            }
            (ProblemKind::MisplacedWildcard, Some(suggestion)) if suggestion.contains("//*.") => {
                write!(f, ". Write {} if every subdomain is meant, or list the origins", Quoted(suggestion))
            }
            (ProblemKind::MaxAgeTooLong | ProblemKind::MaxAgeFraction, Some(suggestion)) => {
                write!(f, ". Write {suggestion}")
            }
            (_, Some(suggestion)) => write!(f, ". Write {}", Quoted(suggestion)),
            (_, None) => write!(f, ". {}", self.instead()),
        }
    }
}
