//! Every sentence that a person reads about a mistake in a policy. What the mistake is was found out where the setting was
//! read; here it only becomes words.

use std::fmt;

use super::problem::{Fact, Fault, InvalidOrigin, InvalidPolicy, Problem, ProblemKind, Setting};

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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line() {
            write!(f, "line {line}, ")?;
        }
        write!(f, "{}", self.setting())?;
        if let Some(index) = self.index() {
            write!(f, "[{index}]")?;
        }
        if self.setting() == Setting::MaxAge {
            write!(f, " {}", self.value())?;
        } else {
            write!(f, " {}", Quoted(self.value()))?;
        }
        write!(
            f,
            ": {}",
            Explanation { fault: self.fault(), value: self.value(), in_file: self.line().is_some() }
        )
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems().len();
        write!(f, "the CORS policy has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        for (number, problem) in self.problems().iter().enumerate() {
            write!(f, "\n  {}. {problem}", number + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explanation = Explanation { fault: self.fault(), value: self.value(), in_file: false };
        write!(f, "{}: {explanation}", Quoted(self.value()))
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
    fault: &'a Fault,
    value: &'a str,
    /// Whether the reader wrote it in a file, and not in Rust.
    in_file: bool,
}

impl Explanation<'_> {
    /// What to do where no suggestion says it.
    fn instead(&self) -> &'static str {
        match self.fault.kind {
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
            ProblemKind::RequestHeaderAmongExposed if self.fault.fact == Some(Fact::AllowableHeader) => {
                "Remove it, or list it under allow_headers if script is to send it"
            }
            ProblemKind::ForbiddenMethod
            | ProblemKind::ForbiddenRequestHeader
            | ProblemKind::ResponseHeaderAmongAllowed
            | ProblemKind::RequestHeaderAmongExposed => "Remove it",
            ProblemKind::AnyExposedHeaderWithCredentials => "List the names",
            ProblemKind::InvalidMethod => "Write one method an entry, such as \"PUT\"",
            ProblemKind::InvalidHeaderName => "Write one name an entry, such as \"x-request-id\"",
            ProblemKind::MisplacedWildcard if self.fault.fact == Some(Fact::AnyHost) => {
                "List the origins; the nearest pattern, \"*\", would allow every site"
            }
            ProblemKind::MisplacedWildcard => "List the origins",
            ProblemKind::RegularExpression => {
                "List the origins, or write a pattern such as \"https://*.example.com\""
            }
            _ => "Write an origin such as \"https://app.example.com\"",
        }
    }

    fn opt_in(&self, setting: &str) -> String {
        if self.in_file { format!("{setting} = true") } else { format!("{setting}()") }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.kind.why())?;
        match (self.fault.kind, self.fault.suggestion.as_deref()) {
            (ProblemKind::PublicSuffixWithCredentials, _) => {
                if let Some(Fact::UnderPublicSuffix(suffix)) = &self.fault.fact {
                    write!(f, " {}", Quoted(suffix))?;
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
                if self.fault.fact == Some(Fact::SuggestionUnderPublicSuffix) =>
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
