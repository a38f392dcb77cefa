//! All words of a diagnosis.

use std::fmt;

use super::{
    case::Failure,
    cause::{Cause, RedirectKind},
    facts::Facts,
    probe::{Probe, Purpose},
    report::{Certainty, Diagnosis, Evidence, Note, Remedy},
};
use crate::{
    browser::{PageOrigin, Verdict, readable},
    masked::{masked, masked_bytes},
};

pub(super) const PATCH_IN_UPPER_CASE: &str = "in the page, write the method as \"PATCH\": methods are case-sensitive, and browsers don't correct this one";

/// The most rivals that a summary names; the others are data.
const MAX_NAMED: usize = 2;

/// What is wrong: certain in one sentence, else the symptom, the likeliest cause, and its rivals.
pub(super) fn summary(facts: &Facts<'_>, cause: &Cause, rivals: &[Cause]) -> String {
    let blocked = match &facts.case.verdict {
        None => return format!("Undecided: {}.", clause(facts, cause)),
        Some(Verdict::Allowed(_)) if !facts.case.hints.is_blocked_in_browser => "Allowed",
        Some(_) if is_not_cors(cause) && rivals.iter().all(is_not_cors) => "Blocked, but not by CORS",
        Some(_) => "Blocked",
    };
    let clause_of = |cause: &Cause| clause(facts, cause);
    if rivals.is_empty() {
        let also = match cause {
            Cause::OptionsNotRouted { .. }
            | Cause::OptionsAnsweredElsewhere
            | Cause::AuthenticationInFront { .. }
                if facts.is_origin_allowed() =>
            {
                " The origin is allowed."
            }
            _ => "",
        };
        return format!("{blocked}: {}.{also}", clause_of(cause));
    }
    let named: Vec<String> = rivals.iter().take(MAX_NAMED).map(clause_of).collect();
    let more = match rivals.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        1 => ", or there is one other cause".to_owned(),
        more => format!(", or there is one of {more} other causes"),
    };
    format!(
        "{blocked}: {}. Likely {}. It is also possible that {}{more}.",
        symptom(facts),
        clause_of(cause),
        named.join(", or that ")
    )
}

fn is_not_cors(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::HiddenError { .. }
            | Cause::ServerDown
            | Cause::ConnectionClosed
            | Cause::HostNotFound
            | Cause::TlsFailed
            | Cause::ClientCertificate
            | Cause::Hang
            | Cause::NotHttp
            | Cause::MixedContent
            | Cause::LocalNetworkAccess
            | Cause::UrlWithoutScheme
            | Cause::RequestRefused
            | Cause::RateLimit
            | Cause::Firewall { .. }
            | Cause::ResourcePolicy
    )
}

/// What was seen, without a conclusion.
fn symptom(facts: &Facts<'_>) -> String {
    match &facts.case.verdict {
        Some(Verdict::Blocked(blocked)) => match blocked.status {
            Some(status) if !blocked.why().contains(&status.to_string()) => {
                format!("{} (status {status})", blocked.why())
            }
            _ => blocked.why(),
        },
        Some(Verdict::Allowed(allowed)) if facts.case.hints.is_blocked_in_browser => {
            format!("the server allows it, by a response with status {}", allowed.status)
        }
        Some(Verdict::Allowed(allowed)) => {
            format!("the script reads the response, with status {}", allowed.status)
        }
        None => "a request was not sent".to_owned(),
    }
}

/// Whether a redirect between two origins that are not the page's made the request's origin opaque.
fn became_null(facts: &Facts<'_>) -> bool {
    facts.origin == "null" && *facts.case.request.page() != PageOrigin::Opaque
}

fn has_allow_origin(facts: &Facts<'_>) -> bool {
    facts.response().is_some_and(|response| response.allow_origin().is_some())
}

/// Which response is meant.
fn response(facts: &Facts<'_>) -> &'static str {
    if is_preflight(facts) { "the preflight" } else { "the request" }
}

fn is_preflight(facts: &Facts<'_>) -> bool {
    facts.last.is_some_and(|last| last.sent.is_preflight)
}

fn path(facts: &Facts<'_>) -> String {
    facts.url().map_or_else(|| "this URL".to_owned(), |url| readable(url.path().as_bytes(), 100))
}

fn host(facts: &Facts<'_>) -> String {
    facts.url().map_or_else(|| "the server".to_owned(), |url| url.origin().ascii_serialization())
}

fn shown(text: &str) -> String {
    readable(&masked_bytes(text.as_bytes()), 200)
}

/// The cause as a clause, so that it can stand after a colon, after "likely" and after "that".
#[allow(clippy::too_many_lines, reason = "a table")]
fn clause(facts: &Facts<'_>, cause: &Cause) -> String {
    let say = str::to_owned;
    let (response, path, host) = (response(facts), path(facts), host(facts));
    match cause {
        Cause::HiddenError { status } if has_allow_origin(facts) => {
            format!(
                "{response} gets the error {status}, and only a status from 200 to 299 lets the request pass"
            )
        }
        Cause::HiddenError { status } => format!(
            "{response} gets {}, which is made where no CORS headers are added, so browsers report CORS instead of \
             the error",
            if *status == 0 { say("an error") } else { format!("the error {status}") }
        ),
        Cause::ServerDown => format!("nothing listens at {host}"),
        Cause::ConnectionClosed => format!("{host} closes the connection without a response"),
        Cause::HostNotFound => format!("the host name of {host} has no address"),
        Cause::TlsFailed => format!("no TLS connection to {host} can be made{}", tls_reason(facts)),
        Cause::ClientCertificate => {
            format!("{host} requires a client certificate, and browsers send none with a preflight")
        }
        Cause::Hang => format!("{host} accepts the connection and does not respond in time"),
        Cause::NotHttp => format!("what {host} sends is not HTTP, as when https is spoken to an http port"),
        Cause::OnlyPreflightCovered => {
            say("the preflight is answered, but the response to the actual request has no CORS headers")
        }
        Cause::OptionsNotRouted { status } => {
            format!("nothing answers OPTIONS on {path}, so the preflight gets {}", error(*status))
        }
        Cause::OptionsAnsweredElsewhere => {
            format!("another layer answers OPTIONS on {path} before the code that adds CORS headers does")
        }
        Cause::NoCors { is_behind_authentication: false } => format!("{host} does not use CORS at all"),
        Cause::NoCors { is_behind_authentication: true } => {
            format!("{host} does not use CORS at all, in addition to requiring authentication")
        }
        Cause::NotFound => format!("nothing is at {path}"),
        Cause::AuthenticationInFront { status } => {
            format!("authentication stands in front of CORS, so {response} gets {}", error(*status))
        }
        Cause::RateLimit => format!("a rate limit stands in front of CORS, so {response} gets 429"),
        Cause::Firewall { status } => format!("a firewall refuses {response} with {}", error(*status)),
        Cause::LoginRedirect { location } => format!(
            "{response} is redirected to a login page{}: {}",
            if location.is_empty() { String::new() } else { format!(", {}", shown(location)) },
            if is_preflight(facts) {
                "preflights carry no cookies, so they never have a session"
            } else {
                "there is no session, or it is over"
            }
        ),
        Cause::Interstitial { by } => {
            format!("{by} shows a page of its own before it lets a request through")
        }
        Cause::Redirected { location, .. } if became_null(facts) => format!(
            "{response} is redirected to a third origin, {}, and from then on browsers send Origin: null",
            shown(location)
        ),
        Cause::Redirected { kind, location } => redirected(*kind, response, &shown(location)),
        Cause::HtmlPage => format!(
            "{path} gets an HTML page where data was expected, as single-page applications and login pages send it for any path"
        ),
        Cause::CachedForAnother => say(
            "a cache returns a response that was made for another origin, for a request without one, or before the server changed",
        ),
        Cause::Inconsistent => {
            say("the same request gets different responses, as when one instance has another configuration")
        }
        Cause::Overridden { header } => {
            format!("a layer in front of the application overrides {}", title(header))
        }
        Cause::OriginNotListed { origin, near_miss, fixed } => match (near_miss, fixed) {
            (Some(near), _) => {
                format!("the origin {origin} is not allowed, but {} is, which is another origin", shown(near))
            }
            (None, Some(fixed)) => {
                format!("the server always allows the origin {}, and not {origin}", shown(fixed))
            }
            (None, None) => format!("the origin {origin} is not among those that the server allows"),
        },
        Cause::OpaqueOrigin => say(
            "the page has no origin (it is a local file or a sandboxed frame), so browsers send Origin: null",
        ),
        Cause::TwoWriters { value } => format!(
            "two layers add Access-Control-Allow-Origin, so the response says \"{}\", and browsers accept one value only",
            shown(value)
        ),
        Cause::ListOfOrigins { value } => {
            format!(
                "Access-Control-Allow-Origin is a list, \"{}\", and browsers accept one origin only",
                shown(value)
            )
        }
        Cause::NotAnOrigin { value } => {
            format!("Access-Control-Allow-Origin says \"{}\", which is not an origin", shown(value))
        }
        Cause::WildcardWithCredentials => {
            say("the request has credentials, and Access-Control-Allow-Origin: * does not apply to those")
        }
        Cause::CredentialsNotAllowed => {
            say("the request has credentials, and the response has no Access-Control-Allow-Credentials: true")
        }
        Cause::MethodNotListed { method, headers } if headers.is_empty() => {
            format!("the method {} is not allowed", shown(method))
        }
        Cause::MethodNotListed { method, headers } => format!(
            "the method {} and the header{} {} are not allowed",
            shown(method),
            plural(headers),
            headers.join(", ")
        ),
        Cause::HeadersNotListed { names } => {
            let verb = if names.len() == 1 { "is" } else { "are" };
            format!("the header{} {} {verb} not allowed", plural(names), names.join(", "))
        }
        Cause::NotAList { header, value } => {
            format!("{} says \"{}\", which is not a comma-separated list", title(header), shown(value))
        }
        Cause::WildcardWithoutEffect { header, names } => {
            let why = if facts.includes_credentials {
                "apply to requests with credentials".to_owned()
            } else {
                format!("cover {}", names.join(", "))
            };
            format!("{}: * does not {why}, so {} must be listed by name", title(header), names.join(", "))
        }
        Cause::ResponseHeaderOnRequest { names } => {
            format!(
                "the page's script sends {} with its request, which only a response can use",
                names.join(", ")
            )
        }
        Cause::UrlWithoutScheme => {
            format!(
                "the URL \"{}\" has no scheme, so it does not lead to the server",
                shown(facts.case.request.url())
            )
        }
        Cause::RequestRefused => facts
            .blocked()
            .map_or_else(|| say("the browser refuses the request"), crate::browser::Blocked::why),
        Cause::MixedContent => say("a page loaded over https can't send requests over plain http"),
        Cause::NoCorsMode => say(
            "the mode is \"no-cors\", which hides the error and the response: the script can't read anything",
        ),
        Cause::CookiesNotSent => say("the request was sent without the cookies that the server expects"),
        Cause::ResourcePolicy => {
            say("the response's Cross-Origin-Resource-Policy forbids pages of other origins to embed it")
        }
        Cause::PreflightRemembered => {
            say("the browser still remembers a preflight response from before the server was changed")
        }
        Cause::ContentSecurityPolicy => say("the page's own Content Security Policy forbids the request"),
        Cause::ServiceWorkerOrExtension => say("a service worker or a browser extension changes the request"),
        Cause::LocalNetworkAccess => {
            say("the browser did not get the user's permission to reach the local network from this page")
        }
        Cause::NothingWrong { status: 0 } => say("nothing is wrong with CORS"),
        Cause::NothingWrong { status } if *status >= 400 => {
            format!("nothing is wrong with CORS, and the script reads the server's error {status}")
        }
        Cause::NothingWrong { status } => format!("the script reads the response ({status})"),
        Cause::NotSent => say("a request was not sent, so its response is not known"),
    }
}

fn error(status: u16) -> String {
    if status == 0 { "an error".to_owned() } else { status.to_string() }
}

fn redirected(kind: RedirectKind, response: &str, location: &str) -> String {
    let to = match kind {
        RedirectKind::Slash => "the same URL with another slash at its end",
        RedirectKind::Https => "https",
        RedirectKind::Http => "plain http",
        RedirectKind::Host => "another host",
        RedirectKind::Elsewhere => "another URL",
        RedirectKind::Broken if location.is_empty() => {
            return format!("{response} gets a redirect without a Location header");
        }
        RedirectKind::Broken => {
            return format!("{response} gets a redirect that leads nowhere, to \"{location}\"");
        }
        RedirectKind::Forbidden => {
            return format!(
                "{response} gets a redirect to {location}, and the script's redirect mode is \"error\""
            );
        }
    };
    let location = if location.is_empty() { String::new() } else { format!("{location}, ") };
    format!("{response} is redirected to {to}, {location}and can't follow")
}

fn tls_reason(facts: &Facts<'_>) -> String {
    match facts.last.map(|last| &last.received) {
        Some(super::case::Received::Failed(Failure::Tls { why, .. })) if !why.is_empty() => {
            format!(" ({})", shown(why))
        }
        _ => String::new(),
    }
}

fn plural(names: &[String]) -> &'static str {
    if names.len() == 1 { "" } else { "s" }
}

/// A header's name as people write it.
fn title(name: &str) -> String {
    let part = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}

/// What to do where a policy or a header is not what has to change.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn instruction(facts: &Facts<'_>, cause: &Cause) -> String {
    let say = str::to_owned;
    match cause {
        Cause::HiddenError { status: 413 } => say(
            "allow larger bodies where the limit is (a proxy's, such as client_max_body_size of nginx), or send less",
        ),
        Cause::HiddenError { status } if (502..=504).contains(status) || (520..=530).contains(status) => say(
            "find out why the application behind the proxy does not respond; until then browsers call it a CORS error",
        ),
        Cause::HiddenError { status: 500..=599 } => say(
            "read the server's log and repair the error; put CORS outside of what makes error responses, so that scripts can read them",
        ),
        Cause::HiddenError { .. } => say(
            "find out what the server rejects, with curl for example; put CORS outside of what makes error responses, so that scripts \
             can read them",
        ),
        Cause::ServerDown => say("start the server, or correct the host and port of the URL"),
        Cause::ConnectionClosed => {
            say("look for a crash in the server's log, and for a proxy that drops OPTIONS requests")
        }
        Cause::HostNotFound => say("correct the host name in the URL, or its DNS entry"),
        Cause::TlsFailed => say(
            "open the URL in the browser's address bar to see what is wrong with the certificate, and renew or trust it",
        ),
        Cause::ClientCertificate => say(
            "make the client certificate optional for OPTIONS, or require it behind a layer that answers preflights",
        ),
        Cause::Hang => {
            say("find out what the server waits for; let OPTIONS requests be answered before anything slow")
        }
        Cause::NotHttp => say("correct the scheme or the port of the URL"),
        Cause::OnlyPreflightCovered => say(
            "add the CORS headers to every response, not only to the preflight's: put CORS around the application",
        ),
        Cause::OptionsNotRouted { .. } => {
            say("put the CORS middleware around the application, not around the route")
        }
        Cause::OptionsAnsweredElsewhere => say(
            "let OPTIONS requests reach the CORS middleware, or add the CORS headers in the layer that answers them",
        ),
        Cause::NoCors { is_behind_authentication } => {
            let order = if *is_behind_authentication { ", outside of authentication" } else { "" };
            format!(
                "add CORS to the server{order}: respond with Access-Control-Allow-Origin: {}",
                allowed_origin(facts)
            )
        }
        Cause::NotFound => say("correct the path of the URL"),
        Cause::AuthenticationInFront { .. } if is_preflight(facts) => say(
            "put CORS outside of authentication, so that preflights pass: they carry neither cookies nor Authorization",
        ),
        Cause::AuthenticationInFront { .. } => say(
            "put CORS outside of authentication, so that the script can read its errors, and send valid credentials",
        ),
        Cause::RateLimit => {
            say("wait, and put CORS outside of the rate limit; let the limit not count preflights")
        }
        Cause::Firewall { .. } => say("let the firewall pass this request, with the method OPTIONS, too"),
        Cause::LoginRedirect { .. } if is_preflight(facts) => say(
            "let OPTIONS requests pass without a session, and let the API respond with 401 instead of a redirect",
        ),
        Cause::LoginRedirect { .. } => say(
            "sign in again; let the API respond with 401 instead of a redirect, and let preflights pass without a session",
        ),
        Cause::Interstitial { by: "ngrok" } => {
            say("in the page, send the header ngrok-skip-browser-warning, and allow it")
        }
        Cause::Interstitial { .. } => {
            say("open the URL once in a tab and confirm, or let the page send the header that skips the page")
        }
        Cause::Redirected { kind: RedirectKind::Broken, .. } => {
            say("correct the Location header of the redirect")
        }
        Cause::Redirected { kind: RedirectKind::Forbidden, .. } => {
            say("in the page, leave out the redirect mode, or use the URL that the redirect leads to")
        }
        Cause::Redirected { kind: RedirectKind::Http, location } => format!(
            "let the server make its redirects with https (behind a proxy that ends TLS it must trust X-Forwarded-Proto); until then, use \
             {} in the page",
            shown(&location.replacen("http:", "https:", 1))
        ),
        Cause::Redirected { kind: RedirectKind::Host, location } if location.is_empty() => {
            say("in the page, use the endpoint of the bucket's region, which the response's body names")
        }
        Cause::Redirected { location, .. } if location.is_empty() => {
            say("open the URL in a tab, and use the URL that it ends at in the page")
        }
        Cause::Redirected { location, .. } => {
            format!("in the page, use the URL that the redirect leads to: {}", shown(location))
        }
        Cause::HtmlPage => {
            say("in the page, correct the URL: it reaches the front end's server, not the API")
        }
        Cause::CachedForAnother => {
            let response = facts.response();
            let remedy = if response.is_some_and(|response| response.varies_by_origin()) {
                "clear the cache; if that does not last, the cache ignores Vary: Origin, and must have Origin in its key"
            } else {
                "let the server respond with Vary: Origin, also to requests without Origin, and clear the cache"
            };
            let content_type = response.and_then(|response| response.header("content-type"));
            let also = if content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("image/")) {
                "; in the page, write crossorigin on each <img> that shows it"
            } else {
                ""
            };
            format!("{remedy}{also}")
        }
        Cause::Inconsistent => {
            say("compare the instances of the server; restart those with an older configuration")
        }
        Cause::Overridden { header } => {
            format!(
                "look for {} in the settings of the proxy or the platform, and let only one layer write it",
                title(header)
            )
        }
        Cause::TwoWriters { .. } => say(
            "let only one layer add CORS headers: remove them from the proxy, or let the proxy hide the application's",
        ),
        Cause::ListOfOrigins { .. } => say(
            "compare the request's Origin with the list, and respond with that one origin and Vary: Origin",
        ),
        Cause::NotAnOrigin { .. } if facts.origin != "null" => format!(
            "respond with Access-Control-Allow-Origin: {} exactly (no path, no pattern, no quotation marks), and Vary: Origin",
            facts.origin
        ),
        Cause::OpaqueOrigin | Cause::NotAnOrigin { .. } => {
            say("serve the page over http or https; allowing null would allow any site")
        }
        Cause::NotAList { header, .. } => format!("write {} as a comma-separated list", title(header)),
        Cause::ResponseHeaderOnRequest { names } => {
            format!("in the page, remove {} from the request's headers", names.join(", "))
        }
        Cause::UrlWithoutScheme => say("in the page, write the URL with https:// or http:// in front"),
        Cause::RequestRefused => facts.blocked().map_or_else(String::new, crate::browser::Blocked::fix),
        Cause::MixedContent => say("serve the API over https"),
        Cause::NoCorsMode => {
            say("in the page, leave out the mode, and let the server allow the page's origin")
        }
        Cause::CookiesNotSent => say(
            "in the page, fetch with credentials: \"include\"; set the cookie with SameSite=None; Secure if the page is of another site",
        ),
        Cause::ResourcePolicy => say(
            "respond with Cross-Origin-Resource-Policy: cross-origin, or use CORS (the crossorigin attribute)",
        ),
        Cause::PreflightRemembered => say(
            "try again in a private window; respond with a smaller Access-Control-Max-Age while you change the server",
        ),
        Cause::ContentSecurityPolicy => {
            format!(
                "look into the browser's console, and add {} to connect-src of the page's Content-Security-Policy",
                host(facts)
            )
        }
        Cause::ServiceWorkerOrExtension => {
            say("try again in a private window without extensions, and unregister the service worker")
        }
        Cause::LocalNetworkAccess => facts.blocked().map_or_else(
            || say("in the browser, allow the page to reach the local network, or serve the API from a public address"),
            crate::browser::Blocked::fix,
        ),
        Cause::NotSent => say("send the request to learn more"),
        Cause::OriginNotListed { .. }
        | Cause::WildcardWithCredentials
        | Cause::CredentialsNotAllowed
        | Cause::MethodNotListed { .. }
        | Cause::HeadersNotListed { .. }
        | Cause::WildcardWithoutEffect { .. }
        | Cause::NothingWrong { .. } => String::new(),
    }
}

fn allowed_origin(facts: &Facts<'_>) -> String {
    if facts.origin == "null" { "*".to_owned() } else { format!("{} and Vary: Origin", facts.origin) }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)?;
        match (&self.remedy, &self.certainty) {
            (Remedy::Nothing, _) => Ok(()),
            (remedy, Certainty::Certain) => write!(f, "\nFix: {remedy}."),
            (remedy, Certainty::Likely { .. }) => write!(f, "\nFix, if the first is right: {remedy}."),
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(change) => f.write_str(&change.instruction()),
            Self::Headers { on_preflight, lines } => {
                f.write_str(if *on_preflight { "respond to the preflight with " } else { "respond with " })?;
                for (index, (name, value)) in lines.iter().enumerate() {
                    let and = match index {
                        0 => "",
                        _ if index + 1 == lines.len() => " and ",
                        _ => ", ",
                    };
                    write!(f, "{and}{name}: {value}")?;
                }
                Ok(())
            }
            Self::Elsewhere { instruction, .. } => f.write_str(instruction),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = readable(self.url.path().as_bytes(), 100);
        write!(f, "{} {path}", self.method)?;
        match &self.purpose {
            Some(purpose) => write!(f, " {purpose}")?,
            None if self.is_preflight => f.write_str(" as the browser sends it")?,
            None => {}
        }
        match &self.result {
            Ok(status) => write!(f, ": {status}")?,
            Err(failure) => write!(f, ": {failure}")?,
        }
        match &self.decisive {
            Some((name, value)) => write!(f, ", {name}: {value}"),
            None if self.result.is_ok() => f.write_str(", no CORS header"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Purpose {
    /// As it stands after a method and a path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainGet => f.write_str("asking for GET"),
            Self::Method => f.write_str("asking for the method alone"),
            Self::Header { name } => write!(f, "asking for {name} alone"),
            Self::UnlistedOrigin => f.write_str("from an unlisted origin"),
            Self::NoOrigin => f.write_str("without Origin"),
            Self::NearMiss { origin } => write!(f, "from {origin}"),
            Self::Actual => f.write_str("without cookies and Authorization"),
            Self::ActualWithSecrets => f.write_str("with the session"),
            Self::OpenPath => f.write_str("which needs no session"),
        }
    }
}

impl fmt::Display for Probe {
    /// What would be sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.sent.method, masked(self.sent.url.as_str()), self.purpose)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameNotResolved => f.write_str("the host name has no address"),
            Self::Refused => f.write_str("connection refused"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::Tls { why, .. } if why.is_empty() => f.write_str("no TLS connection"),
            Self::Tls { why, .. } => write!(f, "no TLS connection: {}", shown(why)),
            Self::TimedOut => f.write_str("no response in time"),
            Self::NotHttp => f.write_str("what came is not HTTP"),
            Self::Unknown(why) if why.is_empty() => f.write_str("no response"),
            Self::Unknown(why) => write!(f, "no response: {}", shown(why)),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreflightIsRemembered { seconds } => write!(
                f,
                "browsers remember the preflight for up to {seconds} seconds; a policy that you tighten now takes effect after that"
            ),
            Self::HeadersWithheld { names } => write!(
                f,
                "the script can't read the response header{} {}; expose what it needs (Access-Control-Expose-Headers)",
                plural(names),
                names.join(", ")
            ),
            Self::ErrorStatus { status } => write!(f, "the server responds with the error {status}"),
            Self::UrlLooksSigned => f.write_str("no probe is sent, because the URL looks signed or good for one use only"),
            Self::OriginUnknown => {
                f.write_str("whether the origin is allowed will show when this is fixed; no response says so yet")
            }
            Self::AfterRedirect { from } => write!(f, "a redirect led here, from {}", shown(from)),
            Self::PrivateAddress => f.write_str(
                "the server has a private address; browsers may ask the user before a page from a public address reaches it",
            ),
            Self::ResponseHeadersOnRequest { names } => write!(
                f,
                "the page's script sends {} with its request; only responses can use that, so remove it",
                names.join(", ")
            ),
        }
    }
}
