//! Messages of a browser's console. A message names the rule that blocked the request, and sometimes a value; everything else
//! about the request and its responses is not known.

use cors_doctor::{
    explain::{Facts, Recognized},
    paste::PastedRequest,
    words,
};
use fetch_cors::browser::{Credentials, Engine, Mode, PageOrigin, Redirect};

use super::{
    PasteKind,
    request::say_request,
    shown,
    situation::{ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN, Situation},
};
use crate::{
    api::redirect::is_redirect,
    page::kinds::RequestKind,
    session::hand_written::{HandResponse, HandWritten},
};

/// A method that needs a preflight, where the message doesn't name one.
const SOME_METHOD: &str = "PUT";
/// A header that needs a preflight, where the message doesn't name one.
const SOME_HEADER: &str = "x-example";
/// Where a redirect leads to, if the message doesn't say it.
const SOMEWHERE: &str = "elsewhere";

/// What the first of the messages comes to.
pub(super) fn situation(found: &[Recognized]) -> Option<Situation> {
    let message = found.first()?;
    let (kind, facts) = (message.kind(), &message.facts);
    let mut situation = Situation::new(PasteKind::Message, PastedRequest::new("GET", ""));
    let who = message.engine.map_or("A browser", words::browser);
    situation.title = format!("{who} says: {}", kind.meaning);
    situation.loads = loads(facts.initiator.as_deref());
    read_facts(&mut situation, message);
    set_servers(&mut situation, message);
    say_request(&mut situation);
    say_facts(&mut situation, message);
    if found.len() > 1 {
        situation.unknown.push(format!(
            "The paste has {} messages. This is about the first; paste another one alone to see it.",
            found.len()
        ));
    }
    situation.causes = message.causes().into_iter().map(Into::into).collect();
    // Those that stand for all causes say nothing.
    situation.causes.retain(|cause| !cause.names.is_empty());
    situation.certain = message.is_certain();
    situation.excludes = kind.excludes.iter().map(|&text| text.to_owned()).collect();
    if situation.not_here.is_none() {
        situation.take_probes_of_message();
    }
    Some(situation)
}

/// What Chromium calls what loads.
fn loads(initiator: Option<&str>) -> RequestKind {
    match initiator {
        Some("XMLHttpRequest") => RequestKind::Xhr,
        Some("font") => RequestKind::Font,
        Some("image") => RequestKind::ImageCors,
        Some("script") => RequestKind::Module,
        Some("resource") => RequestKind::Events,
        _ => RequestKind::Fetch,
    }
}

/// Whether only a preflight's response is blocked in this way.
fn is_of_preflight(kind: &str) -> bool {
    matches!(
        kind,
        "preflight-redirect"
            | "preflight-status"
            | "methods-invalid"
            | "headers-invalid"
            | "method-not-allowed"
            | "header-not-allowed"
            | "authorization-wildcard"
    )
}

fn read_facts(situation: &mut Situation, message: &Recognized) {
    let (kind, facts) = (message.kind(), &message.facts);
    let request = &mut situation.request;
    request.page = facts.page.as_deref().and_then(PageOrigin::of);
    request.url = facts.first_url.clone().or_else(|| facts.url.clone()).unwrap_or_default();
    if message.kinds.iter().all(|kind| kind.needs_credentials) {
        request.credentials = Credentials::Include;
    }
    let header = match kind.id {
        "authorization-wildcard" => Some("authorization"),
        "headers-invalid" => Some(SOME_HEADER),
        _ => facts.header.as_deref(),
    };
    if let Some(name) = header {
        // None of these is safelisted with such a value.
        let value = match name.to_ascii_lowercase().as_str() {
            "content-type" => "application/json",
            "accept" | "accept-language" | "content-language" | "range" => "(1)",
            _ => "1",
        };
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    let needs_method = header.is_none() && (facts.is_preflight || is_of_preflight(kind.id));
    match &facts.method {
        Some(method) => request.method.clone_from(method),
        None if needs_method => SOME_METHOD.clone_into(&mut request.method),
        None => {}
    }
    // What loads a font or an image chooses no method.
    situation.is_method_known = facts.method.is_some() || !situation.loads.rules().payload;
    match kind.id {
        "same-origin-mode" => request.mode = Mode::SameOrigin,
        "redirect-mode-in-no-cors" => (request.mode, request.redirect) = (Mode::NoCors, Redirect::Error),
        "redirect-is-error" => request.redirect = Redirect::Error,
        "tainted-canvas" => (request.mode, situation.loads) = (Mode::NoCors, RequestKind::Canvas),
        _ => {}
    }
}

/// The header's value in the message. `WebKit` puts a list that is not valid at the end, where nobody knows how long it is: what was
/// read of it may be valid.
fn value_of(message: &Recognized) -> Option<&str> {
    let value = message.facts.value.as_deref()?;
    let is_cut = matches!(message.kind().id, "methods-invalid" | "headers-invalid")
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_|~".contains(&byte));
    (!is_cut).then_some(value)
}

fn set_servers(situation: &mut Situation, message: &Recognized) {
    let (kind, facts) = (message.kind(), &message.facts);
    let value = value_of(message);
    let of_origin = |value: &str| vec![(ALLOW_ORIGIN.to_owned(), value.to_owned())];
    let is_preflight = facts.is_preflight || is_of_preflight(kind.id);
    let success = if is_preflight { 204 } else { 200 };
    // As if nothing were wrong, with another header in place of one of these.
    let with = |name: &str, lines: &[&str]| {
        let mut response = if is_preflight { situation.granting() } else { situation.allowing(success) };
        response.headers.retain(|(listed, _)| listed != name);
        response.headers.extend(lines.iter().map(|line| (name.to_owned(), (*line).to_owned())));
        response
    };
    let (status, page) = (facts.status.unwrap_or(success), situation.page());
    let blocked = match kind.id {
        "allow-origin-missing" | "origin-not-allowed" => without_cors(status, facts),
        "allow-origin-multiple" => {
            // Firefox says it only of values that are repeated.
            let values = value.map_or_else(|| format!("{page}, {page}"), ToOwned::to_owned);
            with(ALLOW_ORIGIN, &lines_of(&values))
        }
        "allow-origin-mismatch" => {
            // Firefox prints several lines as one value, too.
            let values = value.unwrap_or("https://another.example");
            with(ALLOW_ORIGIN, &[values])
        }
        "allow-origin-invalid" => with(ALLOW_ORIGIN, &[value.unwrap_or("another.example")]),
        "wildcard-with-credentials" => with(ALLOW_ORIGIN, &["*"]),
        "credentials-not-true" => {
            let lines: Vec<_> = value.into_iter().filter(|value| !value.is_empty()).collect();
            with(ALLOW_CREDENTIALS, &lines)
        }
        "preflight-redirect" => redirecting(facts.status.unwrap_or(307), of_origin(&page), facts),
        "preflight-status" => {
            // WebKit looks at the status first, the others at Access-Control-Allow-Origin.
            let says_origin = message.engine != Some(Engine::WebKit);
            let headers = if says_origin { of_origin(&page) } else { Vec::new() };
            let status = facts.status.unwrap_or(404);
            if is_redirect(status) {
                redirecting(status, headers, facts)
            } else {
                HandResponse { status, headers, ..HandResponse::default() }
            }
        }
        "methods-invalid" => with(ALLOW_METHODS, &[value.unwrap_or("GET; PUT")]),
        "headers-invalid" => with(ALLOW_HEADERS, &[value.unwrap_or("x-example; x-other")]),
        "method-not-allowed" => with(ALLOW_METHODS, &["GET, POST"]),
        "header-not-allowed" => with(ALLOW_HEADERS, &[]),
        "authorization-wildcard" => with(ALLOW_HEADERS, &["*"]),
        "redirect-is-error" => redirecting(302, of_origin(&page), facts),
        "external-redirect" => HandResponse {
            redirect: Some("https://another.example/".to_owned()),
            ..redirecting(302, of_origin(&page), facts)
        },
        "too-many-redirects" => {
            HandResponse { redirect: Some(String::new()), ..redirecting(302, of_origin(&page), facts) }
        }
        "no-response" => HandResponse { close: true, ..HandResponse::default() },
        "tainted-canvas" => HandResponse {
            headers: vec![("content-type".to_owned(), "image/png".to_owned())],
            ..HandResponse::default()
        },
        _ => HandResponse::default(),
    };
    situation.not_here = not_here(kind.id).map(ToOwned::to_owned);
    situation.hand = if is_preflight {
        HandWritten { preflight: blocked, response: situation.allowing(200) }
    } else {
        situation.with_response(blocked)
    };
}

/// A response without CORS headers: that of the server, or that of where its redirect led to.
fn without_cors(status: u16, facts: &Facts) -> HandResponse {
    match (&facts.first_url, &facts.page) {
        (Some(_), page) if !facts.is_preflight => {
            let page = page.clone().unwrap_or_else(|| super::situation::SOME_PAGE.to_owned());
            redirecting(302, vec![(ALLOW_ORIGIN.to_owned(), page)], facts)
        }
        _ if is_redirect(status) => redirecting(status, Vec::new(), facts),
        _ => HandResponse { status, ..HandResponse::default() },
    }
}

fn redirecting(status: u16, headers: Vec<(String, String)>, facts: &Facts) -> HandResponse {
    let status = if is_redirect(status) { status } else { 302 };
    let to = if facts.first_url.is_some() { facts.url.clone() } else { None };
    HandResponse {
        status,
        headers,
        redirect: Some(to.unwrap_or_else(|| SOMEWHERE.to_owned())),
        ..HandResponse::default()
    }
}

/// Several values as the lines that they may have been: a list is one line, but nobody lists a `*`, or the same origin twice.
fn lines_of(values: &str) -> Vec<&str> {
    let parts: Vec<&str> = values.split(',').map(str::trim).collect();
    if parts.contains(&"") {
        return vec![values];
    }
    let mut distinct = parts.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < parts.len() || parts.contains(&"*") { parts } else { vec![values] }
}

/// What the Lab has nothing like.
fn not_here(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "scheme-not-http" | "invalid-url" | "restricted-port" => {
            "The URL itself is what the browser refuses. The Lab sends only to its own servers, whose URLs are valid."
        }
        "mixed-content" => "The Lab is served over http, and only a page over https has mixed content.",
        "content-security-policy" => {
            "The reader's own page forbids the request. The Lab's page permits requests to all of the Lab's servers."
        }
        "local-network" => {
            "The Lab's page and its servers are on the same machine, so no permission is needed."
        }
        "resource-policy" => {
            "The server written by hand can't send Cross-Origin-Resource-Policy, because other rules than those of CORS decide by it."
        }
        "redirect-location" | "redirect-scheme" | "redirect-credentials" => {
            "The server written by hand redirects only to the Lab's own servers, with a valid Location."
        }
        "failed" | "cors-policy" => {
            "The text doesn't say which rule blocked the request. Paste the other message from the console, the one that says why."
        }
        _ => return None,
    })
}

fn say_facts(situation: &mut Situation, message: &Recognized) {
    let (kind, facts) = (message.kind(), &message.facts);
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let is_preflight = facts.is_preflight || is_of_preflight(kind.id);
    if is_preflight {
        known.push("The response to the preflight is what was blocked.".to_owned());
    }
    if let Some(value) = value_of(message) {
        known.push(format!("The header's value is \"{}\".", shown(value)));
    }
    if facts.first_url.is_some() {
        known.push("A redirect led there. Here the server written by hand redirects to one of the Lab's other servers.".to_owned());
    }
    if let (Some(status), Some(hint)) = (facts.status, message.status_hint()) {
        known.push(format!("The status is {status}. {hint}"));
    }
    if !situation.is_method_known && situation.not_here.is_none() {
        let method = &situation.request.method;
        unknown.push(format!("The method. Here it is {method}."));
    }
    let is_silent = facts.status.is_none() && situation.not_here.is_none();
    let response = if is_preflight { &situation.hand.preflight } else { &situation.hand.response };
    if response.close {
        unknown.push("Why there was no response. Here the server closes the connection.".to_owned());
    } else if is_silent && kind.id != "same-origin-mode" && kind.id != "redirect-mode-in-no-cors" {
        unknown.push(format!("The status. Here it is {}.", response.status));
    }
    if message.kinds.len() > 1 {
        let others: Vec<_> = message.kinds.iter().skip(1).map(|kind| kind.meaning).collect();
        unknown
            .push(format!("Whether the text, which is cut off, means something else: {}", others.join(" ")));
    }
    if situation.not_here.is_none() && !response.close {
        unknown.push(
            "All other headers of the responses. Here they have those that the rule looks at, and no others."
                .to_owned(),
        );
    }
    situation.known.extend(known);
    situation.unknown.extend(unknown);
}
