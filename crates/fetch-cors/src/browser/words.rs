//! Verdicts in words that tell people what to change. Nothing here affects the decision.

use std::fmt;

use super::{
    address_space::AddressSpace,
    check::readable,
    origin::PageOrigin,
    reason::Reason,
    response::is_redirect_status,
    verdict::{Blocked, Step, Verdict},
};

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(allowed) => {
                write!(f, "allowed: the script gets a response of type {}", allowed.response_type.name())?;
                if allowed.status == 0 { Ok(()) } else { write!(f, ", with status {}", allowed.status) }
            }
            Self::Blocked(blocked) => blocked.fmt(f),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "by fetch() itself, before anything was sent",
            Self::MainFetch => "before the request was sent",
            Self::Preflight => "at the preflight, so the actual request was never sent",
            Self::CorsCheck => "at the CORS check, after the server handled the request",
            Self::ResourcePolicy => "by the response's Cross-Origin-Resource-Policy",
            Self::Redirect => "at a redirect",
            Self::Network => "by the network, not by CORS",
        })
    }
}

impl Blocked {
    /// How to let the request pass: what the server should respond with, or what the page should request, as an instruction.
    ///
    /// Which setting of a policy makes a server do so is not said here, because the browser's end knows no policy.
    /// [`Policy::change_for`](crate::Policy::change_for) says it to whoever holds one.
    pub fn fix(&self) -> String {
        self.reason.fix(self)
    }

    /// The section of the standard by which the browser blocks the request.
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
            Reason::LocalNetworkAccess { .. } => "https://wicg.github.io/local-network-access/",
            Reason::OtherOrigin | Reason::RedirectModeInNoCors | Reason::SchemeNotHttp { .. } => {
                "https://fetch.spec.whatwg.org/#main-fetch"
            }
            Reason::InvalidDataUrl => "https://fetch.spec.whatwg.org/#data-url-processor",
            Reason::NoResponse => "https://fetch.spec.whatwg.org/#concept-network-error",
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
            | Reason::RedirectBackToPage => "https://fetch.spec.whatwg.org/#http-redirect-fetch",
            Reason::ResourcePolicy { .. } => {
                "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header"
            }
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocked {}: {}", self.step, self.reason.in_words(self))?;
        write!(f, "\n  fix: {}", self.fix())?;
        write!(f, "\n  see {}", self.spec())
    }
}

impl Blocked {
    /// The reason in one sentence.
    pub fn why(&self) -> String {
        self.reason.in_words(self)
    }

    /// Which response a header is missing or wrong in.
    fn response(&self) -> &'static str {
        if self.step == Step::Preflight { "the preflight response" } else { "the response" }
    }
}

impl Reason {
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn in_words(&self, blocked: &Blocked) -> String {
        let (response, origin) = (blocked.response(), &blocked.origin);
        match self {
            Self::InvalidUrl { url } => format!("\"{}\" is not a valid URL", visible(url)),
            Self::UrlHasCredentials { url } => {
                let url = visible(url);
                format!("\"{url}\" contains a user name or a password, which fetch() rejects")
            }
            Self::InvalidMethod { method } => {
                let method = visible(method);
                format!("\"{method}\" is not a valid method: a method can't contain spaces or separators")
            }
            Self::ForbiddenMethod { method } => format!("browsers don't let scripts send the method {method}"),
            Self::MethodNeedsCors { method } => {
                format!("a \"no-cors\" request can't have the method {method}, only GET, HEAD and POST")
            }
            Self::BodyNotAllowed { method } => format!("a {method} request can't have a body"),
            Self::InvalidHeaderName { name } => {
                format!("\"{}\" is not a valid header name", visible(name))
            }
            Self::InvalidHeaderValue { name } => {
                format!("the value of the header \"{name}\" contains a line break or a NUL")
            }
            Self::BadPort { port } => {
                format!("browsers never send HTTP requests to port {port}, because it belongs to another protocol")
            }
            Self::MixedContent => {
                "a page loaded over https can't send requests over plain http".to_owned()
            }
            Self::LocalNetworkAccess { space } => {
                let place = if *space == AddressSpace::Loopback { "this computer" } else { "the local network" };
                if blocked.page.is_potentially_trustworthy() {
                    format!("a page from a public address needs the user's permission to send requests to {place}")
                } else {
                    format!("a page that was loaded from a public address without https can't send requests to {place}")
                }
            }
            Self::OtherOrigin => {
                format!("the mode is \"same-origin\", but the URL's origin is not the page's, {origin}")
            }
            Self::RedirectModeInNoCors => {
                "a \"no-cors\" request to another origin must follow redirects".to_owned()
            }
            Self::SchemeNotHttp { scheme } => {
                format!("scripts can fetch from other origins only over http and https, not {scheme}:")
            }
            Self::InvalidDataUrl => {
                "the data: URL is not valid: it has no comma, or what should be Base64 is not".to_owned()
            }
            Self::NoResponse => {
                "no response arrived; either the server is not reachable, the connection broke, its certificate is not \
                 valid, or what it sent is not HTTP"
                    .to_owned()
            }
            Self::AllowOriginMissing => format!("{response} has no Access-Control-Allow-Origin header"),
            Self::AllowOriginMultiple { value, .. } => format!(
                "{response} says Access-Control-Allow-Origin: {value}, which is more than one value, but only one is allowed"
            ),
            Self::AllowOriginWildcard => format!(
                "{response} says Access-Control-Allow-Origin: *, which does not apply to requests with credentials"
            ),
            Self::AllowOriginMismatch { value } => format!(
                "{response} says Access-Control-Allow-Origin: {value}, but the origin is {origin}{}",
                mismatch_hint(value, origin)
            ),
            Self::AllowCredentialsNotTrue { value: None } => {
                format!(
                    "the request has credentials, but {response} has no Access-Control-Allow-Credentials: true"
                )
            }
            Self::AllowCredentialsNotTrue { value: Some(value) } => format!(
                "the request has credentials, but {response} says Access-Control-Allow-Credentials: {value}, and only \
                 true in lower case counts"
            ),
            Self::PreflightStatus { status } if is_redirect_status(*status) => {
                format!("the preflight response is a redirect ({status}), and preflights can't follow redirects")
            }
            Self::PreflightStatus { status } => {
                format!("the preflight response has status {status}, and only 200 to 299 lets the request pass")
            }
            Self::AllowMethodsInvalid { value } => format!(
                "the preflight response says Access-Control-Allow-Methods: {value}, which is not a comma-separated list \
                 of methods"
            ),
            Self::AllowHeadersInvalid { value } => format!(
                "the preflight response says Access-Control-Allow-Headers: {value}, which is not a comma-separated list \
                 of header names"
            ),
            Self::MethodNotAllowed { method, is_wildcard_literal: false } => {
                format!("the preflight response does not allow the method {method}")
            }
            Self::MethodNotAllowed { method, is_wildcard_literal: true } => format!(
                "the preflight response does not list the method {method}, and its * does not apply to requests with \
                 credentials"
            ),
            Self::HeaderNotAllowed { names, is_wildcard_literal } => {
                let plural = if names.len() == 1 { "" } else { "s" };
                let names = names.join(", ");
                if *is_wildcard_literal {
                    format!(
                        "the preflight response does not list the header{plural} {names}, and its * does not apply to \
                         requests with credentials"
                    )
                } else {
                    format!("the preflight response does not allow the header{plural} {names}")
                }
            }
            Self::AuthorizationNotListed => {
                "the preflight response does not list the header authorization, which * does not cover".to_owned()
            }
            Self::RedirectIsError => {
                "the response is a redirect, but the redirect mode is \"error\"".to_owned()
            }
            Self::LocationInvalid { location } => {
                format!("the redirect's Location, \"{location}\", is not a single valid URL")
            }
            Self::LocationNotHttp { scheme } => {
                format!("the redirect leads to {scheme}:, but browsers follow redirects only to http and https")
            }
            Self::TooManyRedirects => "there were more than 20 redirects, and browsers follow no more".to_owned(),
            Self::LocationHasCredentials => {
                "the redirect leads to a URL that contains a user name or a password".to_owned()
            }
            Self::RedirectBackToPage => {
                "the redirect leads from another origin back to the page's own, and WebKit does not follow it"
                    .to_owned()
            }
            Self::ResourcePolicy { policy } => {
                let place = if policy == "same-site" { "site" } else { "origin" };
                format!("the response says Cross-Origin-Resource-Policy: {policy}, but the page is of another {place}")
            }
        }
    }

    #[allow(clippy::too_many_lines, reason = "a table")]
    fn fix(&self, blocked: &Blocked) -> String {
        let origin = &blocked.origin;
        let say = str::to_owned;
        let to =
            if blocked.step == Step::Preflight { "respond to the preflight with" } else { "respond with" };
        match self {
            Self::InvalidUrl { .. } => say("in the page, write an absolute URL such as https://api.example.com/"),
            Self::UrlHasCredentials { .. } => {
                say("in the page, take the user name and password out of the URL and send an Authorization header")
            }
            Self::InvalidMethod { .. } | Self::ForbiddenMethod { .. } => say("in the page, use another method"),
            Self::MethodNeedsCors { .. } | Self::OtherOrigin => say("in the page, leave out the mode, so that it is \"cors\""),
            Self::BodyNotAllowed { .. } => say("in the page, use POST or PUT, or put the data into the URL"),
            Self::InvalidHeaderName { .. } => say("in the page, correct the header's name"),
            Self::InvalidHeaderValue { .. } => say("in the page, remove line breaks and NUL from the header's value"),
            Self::BadPort { .. } => say("let the server listen on another port, such as 8080"),
            Self::MixedContent => say("serve the API over https"),
            Self::LocalNetworkAccess { .. } if blocked.page.is_potentially_trustworthy() => {
                say("in the browser, allow the page to reach the local network, or serve the API from a public address")
            }
            Self::LocalNetworkAccess { .. } => {
                say("serve the page over https, so that the browser can ask the user for permission, or serve the API from a public address")
            }
            Self::RedirectModeInNoCors => say("in the page, leave out the redirect mode"),
            Self::SchemeNotHttp { .. } => say("serve it over https"),
            Self::InvalidDataUrl => say("in the page, write data:[type],[text] or data:[type];base64,[Base64]"),
            Self::NoResponse => say("check that the server is running, and open the URL in the browser's address bar to see the error"),
            // Only a request with credentials is blocked for this reason, so the second header is needed, too.
            Self::AllowOriginWildcard => fix_origin(blocked, to, ", Access-Control-Allow-Credentials: true"),
            Self::AllowOriginMissing | Self::AllowOriginMultiple { .. } | Self::AllowOriginMismatch { .. } => {
                fix_origin(blocked, to, "")
            }
            Self::AllowCredentialsNotTrue { .. } => format!("{to} Access-Control-Allow-Credentials: true"),
            Self::PreflightStatus { status } if is_redirect_status(*status) => say(
                "in the page, use the URL that the redirect leads to (it often differs only in https or in a trailing slash)",
            ),
            Self::PreflightStatus { .. } => "respond with 204 to the preflight, an OPTIONS request that carries neither cookies nor Authorization".to_owned(),
            Self::AllowMethodsInvalid { .. } => "respond to the preflight with a list such as Access-Control-Allow-Methods: PUT, DELETE".to_owned(),
            Self::AllowHeadersInvalid { .. } => "respond to the preflight with a list such as Access-Control-Allow-Headers: content-type, x-request-id"
                    .to_owned(),
            Self::MethodNotAllowed { method, .. } => match method.to_ascii_uppercase() {
                // No server handles `patch`; browsers send it as it is written.
                upper if upper == "PATCH" && *method != upper => {
                    say("in the page, write \"PATCH\": methods are case-sensitive, and browsers don't correct this one")
                }
                _ => format!("respond to the preflight with Access-Control-Allow-Methods: {method}"),
            },
            Self::HeaderNotAllowed { names, .. } => format!("respond to the preflight with Access-Control-Allow-Headers: {}", names.join(", ")),
            Self::AuthorizationNotListed => "respond to the preflight with Access-Control-Allow-Headers: *, authorization".to_owned(),
            Self::RedirectIsError => say("in the page, leave out the redirect mode, or fetch the URL that the redirect leads to"),
            Self::LocationInvalid { .. } => say("respond with one Location header that contains a valid URL"),
            Self::LocationNotHttp { .. } => say("redirect to https"),
            Self::TooManyRedirects => say("remove the loop from the server's redirects"),
            Self::LocationHasCredentials => say("redirect to a URL without a user name and password"),
            Self::RedirectBackToPage => say("in the page, use the URL that the redirects lead to"),
            Self::ResourcePolicy { .. } if *origin == "null" => {
                say("respond with Cross-Origin-Resource-Policy: cross-origin")
            }
            Self::ResourcePolicy { .. } => say(
                "respond with Cross-Origin-Resource-Policy: cross-origin, or use CORS (the crossorigin attribute)",
            ),
        }
    }
}

fn fix_origin(blocked: &Blocked, to: &str, more: &str) -> String {
    if blocked.redirects > 0 && blocked.origin == "null" && blocked.page != PageOrigin::Opaque {
        return "in the page, use the URL that the redirect leads to: after a redirect between two origins that are not the \
                page's, browsers send Origin: null"
            .to_owned();
    }
    if blocked.origin == "null" {
        return "serve the page from an http or https origin; it has none now (a local file or a sandboxed frame), and \
                allowing null would allow any site"
            .to_owned();
    }
    format!("{to} Access-Control-Allow-Origin: {}{more} and Vary: Origin", blocked.origin)
}

/// What a page's script wrote, without control characters. It is not cut: whoever masks a secret must find all of it.
fn visible(text: &str) -> String {
    readable(text.as_bytes(), usize::MAX)
}

/// Points out mistakes that are easy to overlook.
fn mismatch_hint(value: &str, origin: &str) -> &'static str {
    let strip_scheme = |text: &str| text.split_once("://").map(|(_, rest)| rest.to_owned());
    if value.strip_suffix('/') == Some(origin) {
        " (an origin has no trailing slash)"
    } else if value.eq_ignore_ascii_case(origin) {
        " (browsers send origins in lower case)"
    } else if value.trim_matches(['"', '\'']) == origin {
        " (an origin has no quotation marks)"
    } else if strip_scheme(value).is_some() && strip_scheme(value) == strip_scheme(origin) {
        " (a different scheme makes a different origin)"
    } else if value.split_whitespace().any(|part| part == origin) {
        " (only one origin is allowed, not a list)"
    } else if value.contains('*') {
        " (browsers do not support patterns, only a single *)"
    } else {
        ""
    }
}
