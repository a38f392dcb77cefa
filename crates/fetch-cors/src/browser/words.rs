//! Verdicts in words that somebody can act on. Nothing here takes part in the decision.

use std::fmt;

use super::{
    origin::PageOrigin,
    reason::Reason,
    verdict::{Blocked, Step, Verdict},
};

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(allowed) => {
                write!(f, "allowed: script reads a response of type {}", allowed.response_type.name())?;
                if allowed.status == 0 { Ok(()) } else { write!(f, ", with the status {}", allowed.status) }
            }
            Self::Blocked(blocked) => blocked.fmt(f),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "before it was sent, by the call itself",
            Self::MainFetch => "before it was sent",
            Self::Preflight => "at the preflight; the request itself was never sent",
            Self::CorsCheck => {
                "at the CORS check; the server handled the request, and its answer is withheld"
            }
            Self::ResourcePolicy => "by the answer's Cross-Origin-Resource-Policy",
            Self::Redirect => "at a redirect",
            Self::Network => "by the network, not by CORS",
        })
    }
}

/// A change that would let the request pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// What the server should answer, or what the page should ask for, as an instruction.
    pub change: String,
    /// The setting of this crate's policies that makes the server answer so, as an instruction; none where no policy can
    /// help.
    pub setting: Option<String>,
}

impl Blocked {
    /// What would let the request pass.
    pub fn fix(&self) -> Fix {
        self.reason.fix(self)
    }

    /// The section of the standard that the browser follows here.
    pub fn spec(&self) -> &'static str {
        match &self.reason {
            Reason::InvalidUrl { .. }
            | Reason::UrlHasCredentials { .. }
            | Reason::InvalidMethod { .. }
            | Reason::ForbiddenMethod { .. }
            | Reason::MethodNeedsCors { .. }
            | Reason::BodyNotAllowed { .. } => "https://fetch.spec.whatwg.org/#dom-request",
            Reason::InvalidHeaderName { .. } | Reason::InvalidHeaderValue { .. } => {
                "https://fetch.spec.whatwg.org/#headers-validate"
            }
            Reason::BadPort { .. } => "https://fetch.spec.whatwg.org/#port-blocking",
            Reason::MixedContent => "https://w3c.github.io/webappsec-mixed-content/#should-block-fetch",
            Reason::OtherOrigin | Reason::RedirectModeInNoCors | Reason::SchemeNotHttp { .. } => {
                "https://fetch.spec.whatwg.org/#main-fetch"
            }
            Reason::NoAnswer => "https://fetch.spec.whatwg.org/#concept-network-error",
            Reason::AllowOriginMissing
            | Reason::AllowOriginMultiple { .. }
            | Reason::AllowOriginWildcard
            | Reason::AllowOriginMismatch { .. }
            | Reason::AllowCredentialsNotTrue { .. } => "https://fetch.spec.whatwg.org/#cors-check",
            Reason::PreflightStatus { .. }
            | Reason::AllowMethodsInvalid { .. }
            | Reason::AllowHeadersInvalid { .. }
            | Reason::MethodNotAllowed { .. }
            | Reason::HeaderNotAllowed { .. } => "https://fetch.spec.whatwg.org/#cors-preflight-fetch-0",
            Reason::AuthorizationNotListed => {
                "https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name"
            }
            Reason::RedirectIsError => "https://fetch.spec.whatwg.org/#http-fetch",
            Reason::LocationInvalid { .. }
            | Reason::LocationNotHttp { .. }
            | Reason::TooManyRedirects
            | Reason::LocationHasCredentials
            | Reason::RedirectBackHome => "https://fetch.spec.whatwg.org/#http-redirect-fetch",
            Reason::ResourcePolicy { .. } => {
                "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header"
            }
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocked {}: {}", self.step, self.reason.in_words(self))?;
        let fix = self.fix();
        write!(f, "\n  fix: {}", fix.change)?;
        if let Some(setting) = fix.setting {
            write!(f, "; with a policy of this crate: {setting}")?;
        }
        write!(f, "\n  see {}", self.spec())
    }
}

impl Blocked {
    /// The reason in one sentence.
    pub fn why(&self) -> String {
        self.reason.in_words(self)
    }

    /// What is to carry a header: "the preflight's answer" or "the answer".
    fn answer(&self) -> &'static str {
        if self.step == Step::Preflight { "the preflight's answer" } else { "the answer" }
    }
}

impl Reason {
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn in_words(&self, blocked: &Blocked) -> String {
        let (answer, origin) = (blocked.answer(), &blocked.origin);
        match self {
            Self::InvalidUrl { url } => format!("\"{url}\" is no URL"),
            Self::UrlHasCredentials { url } => {
                format!("\"{url}\" holds a user name or a password, which fetch() refuses")
            }
            Self::InvalidMethod { method } => {
                format!("\"{method}\" is no method: a method has no spaces or separators")
            }
            Self::ForbiddenMethod { method } => format!("browsers let no script send the method {method}"),
            Self::MethodNeedsCors { method } => {
                format!("a \"no-cors\" request can't have the method {method}, only GET, HEAD and POST")
            }
            Self::BodyNotAllowed { method } => format!("a {method} request has no body"),
            Self::InvalidHeaderName { name } => format!("\"{name}\" is no header name"),
            Self::InvalidHeaderValue { name } => {
                format!("the value of the header \"{name}\" holds a line break or a NUL")
            }
            Self::BadPort { port } => {
                format!("browsers never send HTTP to port {port}, which belongs to another protocol")
            }
            Self::MixedContent => {
                "a page that came over https may not send requests over plain http".to_owned()
            }
            Self::OtherOrigin => {
                format!("the mode is \"same-origin\", and the URL is not of the page's origin, {origin}")
            }
            Self::RedirectModeInNoCors => {
                "a \"no-cors\" request to another origin must follow redirects".to_owned()
            }
            Self::SchemeNotHttp { scheme } => {
                format!("script reads other origins over http and https alone, not {scheme}:")
            }
            Self::NoAnswer => {
                "no answer came: the server is not reachable, the connection broke, its certificate is \
                               not valid, or what it sent is not HTTP"
                    .to_owned()
            }
            Self::AllowOriginMissing => format!("{answer} has no Access-Control-Allow-Origin"),
            Self::AllowOriginMultiple { value } => format!(
                "{answer} says Access-Control-Allow-Origin: {value}, which is more than one value, and only one is allowed"
            ),
            Self::AllowOriginWildcard => format!(
                "{answer} says Access-Control-Allow-Origin: *, which does not hold for requests with credentials"
            ),
            Self::AllowOriginMismatch { value } => format!(
                "{answer} says Access-Control-Allow-Origin: {value}, and the origin is {origin}{}",
                mismatch_hint(value, origin)
            ),
            Self::AllowCredentialsNotTrue { value: None } => {
                format!(
                    "the request has credentials, and {answer} has no Access-Control-Allow-Credentials: true"
                )
            }
            Self::AllowCredentialsNotTrue { value: Some(value) } => format!(
                "the request has credentials, and {answer} says Access-Control-Allow-Credentials: {value}, where only \
                 true counts, in lower case"
            ),
            Self::PreflightStatus { status: status @ (301 | 302 | 303 | 307 | 308) } => {
                format!(
                    "the preflight was answered with a redirect ({status}), which a preflight may not follow"
                )
            }
            Self::PreflightStatus { status } => {
                format!("the preflight was answered with the status {status}, and only 200 to 299 is a yes")
            }
            Self::AllowMethodsInvalid { value } => format!(
                "the preflight's answer says Access-Control-Allow-Methods: {value}, which is no list of methods with \
                 commas in between"
            ),
            Self::AllowHeadersInvalid { value } => format!(
                "the preflight's answer says Access-Control-Allow-Headers: {value}, which is no list of header names \
                 with commas in between"
            ),
            Self::MethodNotAllowed { method, is_wildcard_literal: false } => {
                format!("the preflight's answer does not allow the method {method}")
            }
            Self::MethodNotAllowed { method, is_wildcard_literal: true } => format!(
                "the preflight's answer does not list the method {method}, and its * does not hold for requests with \
                 credentials"
            ),
            Self::HeaderNotAllowed { names, is_wildcard_literal } => {
                let plural = if names.len() == 1 { "" } else { "s" };
                let names = names.join(", ");
                if *is_wildcard_literal {
                    format!(
                        "the preflight's answer does not list the header{plural} {names}, and its * does not hold for \
                         requests with credentials"
                    )
                } else {
                    format!("the preflight's answer does not allow the header{plural} {names}")
                }
            }
            Self::AuthorizationNotListed => {
                "the preflight's answer does not list the header authorization, which * \
                                             does not cover"
                    .to_owned()
            }
            Self::RedirectIsError => {
                "the answer is a redirect, and the redirect mode is \"error\"".to_owned()
            }
            Self::LocationInvalid { location } => {
                format!("the redirect's Location, \"{location}\", is not one URL")
            }
            Self::LocationNotHttp { scheme } => {
                format!("the redirect leads to {scheme}:, and only http and https are followed")
            }
            Self::TooManyRedirects => "there were more than 20 redirects".to_owned(),
            Self::LocationHasCredentials => {
                "the redirect leads to a URL with a user name or a password in it, at another origin"
                    .to_owned()
            }
            Self::RedirectBackHome => {
                "the redirect leads from another origin back to the page's own, which WebKit does not follow"
                    .to_owned()
            }
            Self::ResourcePolicy { policy } => {
                format!("the answer says Cross-Origin-Resource-Policy: {policy}, and the page is elsewhere")
            }
        }
    }

    #[allow(clippy::too_many_lines, reason = "a table")]
    fn fix(&self, blocked: &Blocked) -> Fix {
        let origin = &blocked.origin;
        let page = |change: &str| Fix { change: change.to_owned(), setting: None };
        let server = |change: String, setting: String| Fix { change, setting: Some(setting) };
        let to = if blocked.step == Step::Preflight { "answer the preflight with" } else { "answer with" };
        match self {
            Self::InvalidUrl { .. } => page("in the page, write an absolute URL such as https://api.example.com/"),
            Self::UrlHasCredentials { .. } => {
                page("in the page, take the user name and password out of the URL and send an Authorization header")
            }
            Self::InvalidMethod { .. } | Self::ForbiddenMethod { .. } => page("in the page, use another method"),
            Self::MethodNeedsCors { .. } | Self::OtherOrigin => page("in the page, leave out the mode, so that it is \"cors\""),
            Self::BodyNotAllowed { .. } => page("in the page, use POST or PUT, or put the data into the URL"),
            Self::InvalidHeaderName { .. } | Self::InvalidHeaderValue { .. } => page("in the page, correct the header"),
            Self::BadPort { .. } => page("let the server listen on another port, such as 8080"),
            Self::MixedContent => page("serve the API over https"),
            Self::RedirectModeInNoCors => page("in the page, leave out the redirect mode"),
            Self::SchemeNotHttp { .. } => page("serve it over https"),
            Self::NoAnswer => page("start the server, and open the URL in the browser's address bar to see what it says"),
            Self::AllowOriginMissing
            | Self::AllowOriginMultiple { .. }
            | Self::AllowOriginWildcard
            | Self::AllowOriginMismatch { .. } => fix_origin(blocked, to),
            Self::AllowCredentialsNotTrue { .. } => server(
                format!("{to} Access-Control-Allow-Credentials: true"),
                "turn on allow_credentials".to_owned(),
            ),
            Self::PreflightStatus { status: 301 | 302 | 303 | 307 | 308 } => page(
                "in the page, write the URL that the redirect leads to (often https, or with or without a slash at the end)",
            ),
            Self::PreflightStatus { .. } => server(
                "answer the preflight, an OPTIONS request that carries no cookies and no Authorization, with 204".to_owned(),
                "wrap the application or the scope, not a route, and put Cors outside of authentication".to_owned(),
            ),
            Self::AllowMethodsInvalid { .. } => server(
                "answer the preflight with a list such as Access-Control-Allow-Methods: PUT, DELETE".to_owned(),
                "list the methods in allow_methods".to_owned(),
            ),
            Self::AllowHeadersInvalid { .. } => server(
                "answer the preflight with a list such as Access-Control-Allow-Headers: content-type, x-request-id"
                    .to_owned(),
                "list the names in allow_headers".to_owned(),
            ),
            Self::MethodNotAllowed { method, .. } => match method.to_ascii_uppercase() {
                // No server handles `patch`; browsers send it as it is written.
                upper if upper == "PATCH" && *method != upper => {
                    page("in the page, write \"PATCH\": methods are case-sensitive, and browsers don't correct this one")
                }
                _ => server(
                    format!("answer the preflight with Access-Control-Allow-Methods: {method}"),
                    format!("add \"{method}\" to allow_methods"),
                ),
            },
            Self::HeaderNotAllowed { names, .. } => server(
                format!("answer the preflight with Access-Control-Allow-Headers: {}", names.join(", ")),
                format!("add \"{}\" to allow_headers", names.join("\", \"")),
            ),
            Self::AuthorizationNotListed => server(
                "answer the preflight with Access-Control-Allow-Headers: *, authorization".to_owned(),
                "add \"authorization\" to allow_headers (\"*\" covers it, too)".to_owned(),
            ),
            Self::RedirectIsError => page("in the page, leave out the redirect mode, or fetch the URL that it leads to"),
            Self::LocationInvalid { .. } => page("answer with one Location that is a URL"),
            Self::LocationNotHttp { .. } => page("redirect to https"),
            Self::TooManyRedirects => page("take the loop out of the server's redirects"),
            Self::LocationHasCredentials => page("redirect to a URL without a user name and password"),
            Self::RedirectBackHome => page("in the page, write the URL that the redirects lead to"),
            Self::ResourcePolicy { .. } if *origin == "null" => {
                page("answer with Cross-Origin-Resource-Policy: cross-origin")
            }
            Self::ResourcePolicy { .. } => page(
                "answer with Cross-Origin-Resource-Policy: cross-origin, or ask with CORS (crossorigin on the element)",
            ),
        }
    }
}

fn fix_origin(blocked: &Blocked, to: &str) -> Fix {
    if blocked.redirects > 0 && blocked.origin == "null" && blocked.page != PageOrigin::Opaque {
        return Fix {
            change: "in the page, write the URL that the redirect leads to: after a redirect from one foreign origin \
                     to another the browser sends Origin: null"
                .to_owned(),
            setting: None,
        };
    }
    if blocked.origin == "null" {
        return Fix {
            change: "serve the page from an http or https origin: it has none (a local file, a sandboxed frame), and \
                     to allow null is to allow everyone's"
                .to_owned(),
            setting: None,
        };
    }
    Fix {
        change: format!("{to} Access-Control-Allow-Origin: {}, and with Vary: Origin", blocked.origin),
        setting: Some(format!("add \"{}\" to allow_origins", blocked.origin)),
    }
}

/// The mistakes that are hard to see.
fn mismatch_hint(value: &str, origin: &str) -> &'static str {
    let strip_scheme = |text: &str| text.split_once("://").map(|(_, rest)| rest.to_owned());
    if value.strip_suffix('/') == Some(origin) {
        " (an origin has no slash at the end)"
    } else if value.eq_ignore_ascii_case(origin) {
        " (an origin is in lower case)"
    } else if value.trim_matches(['"', '\'']) == origin {
        " (an origin has no quotation marks)"
    } else if strip_scheme(value).is_some() && strip_scheme(value) == strip_scheme(origin) {
        " (another scheme is another origin)"
    } else if value.split_whitespace().any(|part| part == origin) {
        " (a list of origins is not allowed)"
    } else if value.contains('*') {
        " (browsers know no patterns, only * alone)"
    } else {
        ""
    }
}
