//! A failure in the reader's own terms, and what the model of the browser and the diagnosis make of it.

use std::time::Duration;

use cors_doctor::{explain, paste::PastedRequest};
use fetch_cors::{
    browser::{Browser, Credentials, Engine, Next, PageOrigin, Response, Verdict},
    diagnosis::{Case, Cause, Diagnosis, Exchanged, Failure, Received, Sent, diagnose},
};

use super::{ImportedCause, PasteKind};
use crate::{
    api::redirect::is_redirect,
    page::kinds::RequestKind,
    session::hand_written::{HandResponse, HandWritten},
};

/// Stands for a page whose origin is not known.
pub(super) const SOME_PAGE: &str = "https://page.invalid";
/// Stands for a URL that is not known.
const SOME_URL: &str = "https://api.invalid/";

pub(super) const ALLOW_ORIGIN: &str = "access-control-allow-origin";
pub(super) const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
pub(super) const ALLOW_METHODS: &str = "access-control-allow-methods";
pub(super) const ALLOW_HEADERS: &str = "access-control-allow-headers";

/// A failure in the reader's own terms.
#[derive(Clone, Debug)]
pub(super) struct Situation {
    pub(super) kind: PasteKind,
    pub(super) title: String,
    /// What the page's script requested; its URL is empty, and its page none, if the paste doesn't say it.
    pub(super) request: PastedRequest,
    pub(super) is_method_known: bool,
    /// What loads.
    pub(super) loads: RequestKind,
    /// What the server responds with. The targets of redirects are as the server wrote them.
    pub(super) hand: HandWritten,
    pub(super) not_here: Option<String>,
    pub(super) known: Vec<String>,
    pub(super) unknown: Vec<String>,
    pub(super) causes: Vec<ImportedCause>,
    pub(super) certain: bool,
    pub(super) excludes: Vec<String>,
    pub(super) evidence: Vec<String>,
    pub(super) to_settle: Vec<String>,
}

impl Situation {
    /// Of this request, to a server that knows nothing of CORS.
    pub(super) fn new(kind: PasteKind, request: PastedRequest) -> Self {
        Self {
            kind,
            title: String::new(),
            is_method_known: true,
            loads: RequestKind::Fetch,
            request,
            hand: HandWritten::default(),
            not_here: None,
            known: Vec::new(),
            unknown: Vec::new(),
            causes: Vec::new(),
            certain: false,
            excludes: Vec::new(),
            evidence: Vec::new(),
            to_settle: Vec::new(),
        }
    }

    pub(super) fn includes_credentials(&self) -> bool {
        self.request.credentials == Credentials::Include
    }

    /// The page's origin, or what stands for it, as a response names it.
    pub(super) fn page(&self) -> String {
        self.request.page.as_ref().map_or_else(|| SOME_PAGE.to_owned(), ToString::to_string)
    }

    /// A response that allows the request, with this status.
    pub(super) fn allowing(&self, status: u16) -> HandResponse {
        let mut headers = vec![(ALLOW_ORIGIN.to_owned(), self.page())];
        if self.includes_credentials() {
            headers.push((ALLOW_CREDENTIALS.to_owned(), "true".to_owned()));
        }
        HandResponse { status, headers, ..HandResponse::default() }
    }

    /// A preflight response that allows all that the request needs.
    pub(super) fn granting(&self) -> HandResponse {
        let mut response = self.allowing(204);
        response.headers.push((ALLOW_METHODS.to_owned(), self.request.method.clone()));
        if let Some(names) = self.names() {
            response.headers.push((ALLOW_HEADERS.to_owned(), names));
        }
        response
    }

    /// A server with this response to the request itself. What it says to preflights is not known: it allows the one that the
    /// request needs; where it needs none, the server says the same to everything, as one without CORS does.
    pub(super) fn with_response(&self, response: HandResponse) -> HandWritten {
        let preflight = if self.preflight().is_some() { self.granting() } else { response.clone() };
        HandWritten { preflight, response }
    }

    /// The names of the headers that a preflight would have to allow.
    pub(super) fn names(&self) -> Option<String> {
        let preflight = self.preflight()?;
        let names = preflight.header("access-control-request-headers")?;
        Some(String::from_utf8_lossy(names).into_owned())
    }

    /// The preflight that a browser sends, if it sends one.
    pub(super) fn preflight(&self) -> Option<Sent> {
        match Browser::default().fetch(self.fetch(), Duration::ZERO) {
            Next::Send(exchange) if exchange.is_preflight() => Some(Sent::from(&exchange)),
            _ => None,
        }
    }

    fn fetch(&self) -> fetch_cors::browser::Request {
        let page = self.request.page.clone().or_else(|| PageOrigin::of(SOME_PAGE));
        let mut request = self.request.clone();
        if request.url.is_empty() {
            SOME_URL.clone_into(&mut request.url);
        }
        request.to_request(page.unwrap_or(PageOrigin::Opaque))
    }

    /// What a browser makes of it. Where a redirect leads to is not known, and responds without CORS.
    pub(super) fn played(&self) -> Case {
        let fetch = self.fetch();
        let mut browser = Browser::default();
        let mut case = Case::new(fetch.clone());
        let mut next = browser.fetch(fetch, Duration::ZERO);
        let mut has_responded = false;
        loop {
            let exchange = match next {
                Next::Done(verdict) => {
                    case.verdict = Some(verdict);
                    return case;
                }
                Next::Send(exchange) => exchange,
            };
            let written = if exchange.is_preflight() { &self.hand.preflight } else { &self.hand.response };
            let head = if has_responded { Response::new(200) } else { head(written) };
            has_responded |= !exchange.is_preflight();
            let sent = Sent::from(&exchange);
            let received = if written.close {
                next = exchange.fail(&mut browser);
                Received::Failed(Failure::Closed)
            } else {
                next = exchange.receive(&mut browser, &head, Duration::ZERO);
                Received::Response { head, body: Vec::new() }
            };
            case.exchanges.push(Exchanged { sent, received });
        }
    }

    /// Takes over the causes of a diagnosis of responses that were pasted.
    pub(super) fn take_diagnosis(&mut self, played: &Case, diagnosis: &Diagnosis) {
        let named = std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name);
        let named: Vec<&'static str> = named.collect();
        // The same in the words of the message that a browser writes about it.
        let message = played.verdict.as_ref().and_then(Verdict::blocked);
        let message = message.and_then(|blocked| blocked.console(Engine::Chromium)).unwrap_or_default();
        let mut worded: Vec<ImportedCause> = Vec::new();
        for cause in explain::recognize(&message).iter().flat_map(explain::Recognized::causes) {
            let mut cause = ImportedCause::from(cause);
            cause.names.retain(|name| named.contains(name));
            if !cause.names.is_empty() {
                worded.push(cause);
            }
        }
        let place = |cause: &ImportedCause| {
            cause.names.iter().filter_map(|name| named.iter().position(|other| other == name)).min()
        };
        worded.sort_by_key(place);
        let first = diagnosis.cause.name();
        let likeliest = || ImportedCause {
            names: vec![first],
            what: super::sentence(diagnosis.summary.trim_start_matches("Blocked: ")),
            fix: super::sentence(&diagnosis.remedy.to_string()),
        };
        let is_worded = |name: &str| worded.iter().any(|cause| cause.names.contains(&name));
        let unworded: Vec<_> = named.iter().copied().filter(|name| !is_worded(name)).collect();
        if diagnosis.is_certain() {
            // The diagnosis says it with the values at hand.
            worded = vec![likeliest()];
        } else {
            // No message has them; the likeliest one's words name the next ones, too.
            let others = unworded.iter().copied().filter(|name| *name != first);
            worded.extend(others.map(|name| ImportedCause {
                names: vec![name],
                what: super::sentence(&name.replace('-', " ")),
                fix: String::new(),
            }));
            if unworded.contains(&first) {
                worded.insert(0, likeliest());
            }
        }
        self.causes = worded;
        self.evidence = diagnosis.evidence.iter().map(|line| without_stand_in(&line.to_string())).collect();
        self.take_probes(diagnosis);
    }

    /// Takes over the requests that would tell its causes apart.
    pub(super) fn take_probes(&mut self, diagnosis: &Diagnosis) {
        self.to_settle = diagnosis.probes.iter().map(|probe| without_stand_in(&probe.to_string())).collect();
    }

    /// What would settle a message's causes: of the response behind it, no more is known than what the message says.
    pub(super) fn take_probes_of_message(&mut self) {
        let mut case = self.played();
        if case.verdict.as_ref().is_none_or(Verdict::is_allowed) {
            return;
        }
        if let Some(last) = case.exchanges.last_mut() {
            last.received = Received::NotSent;
        }
        case.hints.is_seen_in_browser = true;
        let diagnosis = diagnose(&case);
        self.take_probes(&diagnosis);
    }
}

/// Lines about a URL that is not known.
fn without_stand_in(line: &str) -> String {
    line.replace(SOME_URL, "/").replace(SOME_PAGE, "the page's origin")
}

fn head(written: &HandResponse) -> Response {
    let head = Response::new(written.status);
    let head = written.headers.iter().fold(head, |head, (name, value)| head.header(name, value));
    match written.redirect.as_deref().filter(|_| is_redirect(written.status)) {
        Some(to) => head.header("location", to),
        None => head,
    }
}
