//! Every sentence that a person reads about a mistake in a policy: what is wrong, where, why, and what to write instead. The
//! checks are made where a setting is read; here their results only become words.

use std::fmt;

use super::{
    escape::escape_text,
    pattern,
    problem::{Fact, Fault, InvalidOrigin, InvalidPolicy, Problem, ProblemKind, Setting},
};

impl ProblemKind {
    /// What is wrong, in one clause that fits after a colon.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::EmptyOrigin => "an origin can't be empty",
            Self::Whitespace => "an origin can't contain white space or control characters",
            Self::SeveralOrigins => "this is more than one origin in one string",
            Self::MissingScheme => "an origin starts with a scheme such as \"https://\"",
            Self::NullOrigin => {
                "browsers send \"null\" for sandboxed frames, local files and data: URLs, which any site can create, so allowing it would allow every site"
            }
            Self::OpaqueScheme => {
                "pages with this scheme have no origin of their own: browsers send \"null\" for them, which any site can send too"
            }
            Self::NotAPageScheme => "no page has this scheme, so browsers never send it in an Origin header",
            Self::InvalidScheme => "this does not start with a valid scheme and \"://\"",
            Self::UpperCase => "browsers send origins in lower case, and origins are compared byte by byte",
            Self::Path => "an origin has no path",
            Self::Userinfo => "an origin has no user name or password",
            Self::UnicodeHost => "browsers send international names in their ASCII form (Punycode)",
            Self::InvalidHost => {
                "the host must be labels of a-z, 0-9, \"-\" and \"_\" joined by dots, or an IP address"
            }
            Self::IpAddressForm => "browsers send this IP address in another form",
            Self::InvalidPort => "a port is a number from 1 to 65535, without leading zeros",
            Self::DefaultPort => "browsers leave out the default port",
            Self::MisplacedWildcard => {
                "a \"*\" can only stand for whole labels at the front of an http or https domain, for a part of its first label, for its port, or for the last octets of a private IPv4 address"
            }
            Self::WildcardInRegisteredName => {
                "the \"*\" is part of the name that people register, so strangers could register one that matches"
            }
            Self::TooManyPatterns => {
                "at most 64 patterns may have a \"*\" inside the label in front of the same domain, with the same scheme and port"
            }
            Self::RegularExpression => "origin patterns are neither regular expressions nor shell globs",
            Self::UnfilledVariable => "this is a variable that was not filled in",
            Self::HeaderLine => "this is a whole line, not a value from it",
            Self::ListSyntax => "quotation marks, brackets or commas of a list are part of this entry",
            Self::Keyword => "this word has no meaning here",
            Self::AddressRange => "this is a range of addresses; an origin names one host",
            Self::AnyOriginWithCredentials => {
                "with credentials, this would let every site on the web act as the signed-in user, and browsers reject it"
            }
            Self::InsecureOriginWithCredentials => {
                "with credentials, anyone on the network between the user and this plain-http site could read what the user can"
            }
            Self::PublicSuffixWithCredentials => {
                "with credentials, what the user can read could also be read by anyone who can register a name under the public suffix"
            }
            Self::PrivateAddressesWithCredentials => {
                "with credentials, any device with such an address could read what the user can, in every network that the user joins"
            }
            Self::LocalFilesWithCredentials => {
                "with credentials, any local file that is opened in an app which sends this origin could read what the user can"
            }
            Self::AnyExtension => {
                "any installed extension, even one without permissions, could read the responses"
            }
            Self::NeedsNoOptIn => "this needs no opt-in",
            Self::InvalidMethod => "this is not a valid HTTP method",
            Self::ForbiddenMethod => "browsers forbid this method, so no page can ever send it",
            Self::MethodCase => {
                "methods are case-sensitive; browsers send this one exactly as written, and servers expect upper case"
            }
            Self::SeveralNames => "this is more than one name in one string",
            Self::NamePattern => "names are compared as a whole, so a \"*\" inside one matches nothing",
            Self::UnusualName => "this is not a usual name, so it is likely a typo",
            Self::InvalidHeaderName => "this is not a valid header name",
            Self::ForbiddenRequestHeader => {
                "browsers set this header themselves; scripts can't, so it doesn't have to be allowed"
            }
            Self::ResponseHeaderAmongAllowed => {
                "this is a response header; allow_headers lists request headers that scripts may send"
            }
            Self::ForbiddenResponseHeader => "browsers never show this response header to scripts",
            Self::RequestHeaderAmongExposed => {
                "this is a request header; expose_headers lists response headers that scripts may read"
            }
            Self::PreflightHeaderAmongExposed => {
                "only responses to preflights have this header, and scripts never see those"
            }
            Self::MaxAgeTooLong => "browsers cache a preflight response for at most 86400 seconds (24 hours)",
            Self::MaxAgeFraction => "Access-Control-Max-Age is in whole seconds",
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
            Explanation {
                fault: self.fault(),
                value: self.value(),
                is_origin: matches!(self.setting(), Setting::AllowOrigins | Setting::DangerAllowOrigins),
                in_file: self.line().is_some(),
            }
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
        let explanation =
            Explanation { fault: self.fault(), value: self.value(), is_origin: true, in_file: false };
        write!(f, "{}: {explanation}", Quoted(self.value()))
    }
}

/// A value in quotation marks, [escaped](escape_text).
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escape_text(self.0))
    }
}

/// What is wrong, why, and what to write instead.
struct Explanation<'a> {
    fault: &'a Fault,
    value: &'a str,
    /// Whether the value was meant to be an origin.
    is_origin: bool,
    /// Whether the reader wrote the value in a file, not in Rust.
    in_file: bool,
}

impl Explanation<'_> {
    /// Whether the host is an address with a `*` in it.
    fn has_only_digits(&self) -> bool {
        let host = pattern::split_port(pattern::authority(self.value)).0;
        host.starts_with(|c: char| c.is_ascii_digit())
            && host.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'*'))
    }

    /// Whether a `*` stands for some digits of the port.
    fn is_part_of_port(&self) -> bool {
        let (host, port) = pattern::split_port(pattern::authority(self.value));
        !host.contains('*') && port.is_some_and(|port| port.contains('*'))
    }

    /// What to do where there is no suggestion.
    fn instead(&self) -> &'static str {
        let is_any = self.fault.fact == Some(Fact::AnyMeant);
        match self.fault.kind {
            ProblemKind::UnfilledVariable => "Give the variable a value, or write the value here",
            ProblemKind::SeveralOrigins if is_any => {
                "Write \"*\" alone if every site may read the responses, else only the others"
            }
            ProblemKind::Keyword | ProblemKind::HeaderLine | ProblemKind::ListSyntax if is_any => {
                if self.is_origin {
                    "Write \"*\" if every site may read the responses, else list the origins, or patterns such as \"https://*.example.com\""
                } else {
                    "Write \"*\" for any, or list the names"
                }
            }
            ProblemKind::Keyword if self.is_origin => {
                "Remove it: what is not listed is not allowed, and pages of the server's own origin need no CORS"
            }
            ProblemKind::Keyword => "Remove it: what is not listed is not allowed",
            ProblemKind::HeaderLine | ProblemKind::ListSyntax if !self.is_origin => {
                "Write one name per entry, without anything around it"
            }
            ProblemKind::ListSyntax => "Write one origin per entry, without anything around it",
            ProblemKind::InvalidPort
                if self.value.rsplit(':').next().is_some_and(|port| port.contains('-')) =>
            {
                "List the origins, write \":*\" if you mean every port, or decide with Cors::allow_origins_if"
            }
            ProblemKind::AddressRange => {
                "List the origins, each with its scheme, address and port, or decide with Cors::allow_origins_if"
            }
            ProblemKind::SeveralNames => "Write one name per entry",
            ProblemKind::NamePattern => "List the names, or write \"*\" alone for any",
            ProblemKind::InvalidMethod if self.value.is_empty() => {
                "Write a method such as \"PUT\", or leave it out"
            }
            ProblemKind::InvalidHeaderName if self.value.is_empty() => {
                "Write a name such as \"x-request-id\", or leave it out"
            }
            ProblemKind::EmptyOrigin => "Write an origin such as \"https://app.example.com\", or remove it",
            ProblemKind::SeveralOrigins => "Write one origin per entry",
            ProblemKind::NullOrigin | ProblemKind::OpaqueScheme => {
                "Serve the page from an origin of its own, e.g. \"http://localhost:3000\" during development"
            }
            ProblemKind::AnyOriginWithCredentials => {
                "List the origins, or patterns such as \"https://*.example.com\", or turn off credentials; Cors::allow_origins_if decides about what no pattern says"
            }
            ProblemKind::InsecureOriginWithCredentials => "Serve it over https",
            ProblemKind::PublicSuffixWithCredentials
            | ProblemKind::PrivateAddressesWithCredentials
            | ProblemKind::AnyExtension => "Write the exact origins, decide with Cors::allow_origins_if",
            ProblemKind::LocalFilesWithCredentials => "Give the app's pages an origin of their own",
            ProblemKind::TooManyPatterns => {
                "Write a pattern that covers some of them, such as \"https://*.preview.example.com\""
            }
            ProblemKind::NeedsNoOptIn => "Move it to allow_origins",
            ProblemKind::ForbiddenResponseHeader => {
                "Remove it: the browser stores the cookie anyway. Send anything the script needs in another header"
            }
            // Nobody exposes `access-control-*`: the library sends those itself.
            ProblemKind::ResponseHeaderAmongAllowed
                if !self.value.to_ascii_lowercase().starts_with("access-control-") =>
            {
                "Remove it, or list it under expose_headers if scripts should read it"
            }
            ProblemKind::RequestHeaderAmongExposed if self.fault.fact == Some(Fact::AllowableHeader) => {
                "Remove it, or list it under allow_headers if scripts should send it"
            }
            ProblemKind::ForbiddenMethod
            | ProblemKind::ForbiddenRequestHeader
            | ProblemKind::ResponseHeaderAmongAllowed
            | ProblemKind::PreflightHeaderAmongExposed
            | ProblemKind::RequestHeaderAmongExposed => "Remove it",
            ProblemKind::InvalidMethod => "Write one method per entry, such as \"PUT\"",
            ProblemKind::InvalidHeaderName => "Write one name per entry, such as \"x-request-id\"",
            ProblemKind::MisplacedWildcard if self.fault.fact == Some(Fact::AnyHost) => {
                "List the origins, or decide with Cors::allow_origins_if; the nearest pattern, \"*\", would allow every site"
            }
            ProblemKind::MisplacedWildcard if self.has_only_digits() => {
                "List the origins, or write whole octets of a private address, such as \"http://192.168.*.*\""
            }
            ProblemKind::MisplacedWildcard if self.is_part_of_port() => {
                "List the origins, or write \":*\" if you mean every port"
            }
            ProblemKind::WildcardInRegisteredName => {
                "List the origins, or decide with Cors::allow_origins_if"
            }
            ProblemKind::MisplacedWildcard | ProblemKind::RegularExpression => {
                "List the origins, write a pattern such as \"https://*.example.com\" or \"https://pr-*.example.com\", or decide with Cors::allow_origins_if"
            }
            _ => "Write an origin such as \"https://app.example.com\"",
        }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.kind.why())?;
        match (self.fault.kind, self.fault.suggestion.as_deref()) {
            (
                ProblemKind::InsecureOriginWithCredentials
                | ProblemKind::PublicSuffixWithCredentials
                | ProblemKind::PrivateAddressesWithCredentials
                | ProblemKind::LocalFilesWithCredentials
                | ProblemKind::AnyExtension,
                suggestion,
            ) => {
                if let Some(Fact::UnderPublicSuffix(suffix)) = &self.fault.fact {
                    write!(f, " {}", Quoted(suffix))?;
                }
                match suggestion {
                    Some(suggestion) => write!(f, ". Write {}", Quoted(suggestion))?,
                    None => write!(f, ". {}", self.instead())?,
                }
                f.write_str(", or move it to danger_allow_origins")
            }
            (ProblemKind::MisplacedWildcard | ProblemKind::WildcardInRegisteredName, Some(suggestion))
                if suggestion.contains("//*.") =>
            {
                write!(
                    f,
                    ". Write {} if you mean every subdomain, list the origins, or decide with Cors::allow_origins_if",
                    Quoted(suggestion)
                )
            }
            (ProblemKind::MaxAgeTooLong | ProblemKind::MaxAgeFraction, Some(suggestion)) => {
                write!(f, ". Write {suggestion}")
            }
            (ProblemKind::UnusualName, suggestion) => {
                let opt_in =
                    if self.in_file { "allow_unusual_names = true" } else { "allow_unusual_names()" };
                match suggestion {
                    Some(suggestion) => write!(f, ". Write {}, or keep it with {opt_in}", Quoted(suggestion)),
                    None => write!(f, ". Correct it, or keep it with {opt_in}"),
                }
            }
            (ProblemKind::AddressRange, None) if let Some(Fact::Addresses(pattern)) = &self.fault.fact => {
                write!(
                    f,
                    ". Write {} if every device with such an address may read the responses",
                    Quoted(pattern)
                )?;
                if !pattern.contains("://127.") {
                    f.write_str(" (with credentials, in danger_allow_origins)")?;
                }
                f.write_str(", list the origins, or decide with Cors::allow_origins_if")
            }
            (_, Some(suggestion)) => write!(f, ". Write {}", Quoted(suggestion)),
            (_, None) if let Some(Fact::SuggestedList(list)) = &self.fault.fact => {
                for (index, value) in list.iter().enumerate() {
                    write!(f, "{} {}", if index == 0 { ". Write" } else { "," }, Quoted(value))?;
                }
                f.write_str(", one per entry")
            }
            (_, None) => write!(f, ". {}", self.instead()),
        }
    }
}
