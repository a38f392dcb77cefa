//! How a request will end, as the page shows it: what the script gets, or why not, by which rule, and what would fix it. Why,
//! and the fix, are the library's diagnosis.

use std::fmt::Write as _;

use fetch_cors::{
    ChangeStep,
    browser::{self, Allowed, Blocked, Engine, ResponseType},
    diagnosis::{Cause, Diagnosis, Note, Remedy},
};
use serde::Serialize;

use super::{
    by_hand::Advice, engine::EngineName, kinds::RequestKind, lab_request::LabRequest, message::Message,
    servers::text,
};
use crate::{
    api::files,
    api_path::{self, ServerKind},
    session::hand_written::HandWritten,
};

/// A diagnosis of a request in a session.
#[derive(Clone, Debug)]
pub struct Diagnosed<'a> {
    /// The session's id; none if it is a request to another server.
    pub session: Option<&'a str>,
    /// The run that the URL names; empty if none.
    pub run: &'a str,
    /// The diagnosis.
    pub diagnosis: Diagnosis,
    /// What there is to say of a server written by hand; nothing of another one.
    pub by_hand: Advice,
}

/// How a request will end.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Verdict {
    /// The script gets something.
    Allowed(AllowedVerdict),
    /// The script gets an error.
    Blocked(BlockedVerdict),
}

/// What the script gets.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AllowedVerdict {
    /// Tells it from a [`BlockedVerdict`].
    #[cfg_attr(test, ts(type = "true"))]
    pub allowed: bool,
    /// The response's type, as `Response.type` names it.
    #[serde(rename = "type")]
    pub response_type: &'static str,
    /// The status that the script sees.
    pub status: u16,
    /// The headers that the script can read.
    pub readable: Vec<(String, String)>,
    /// The names of the headers that are kept from the script.
    pub withheld: Vec<String>,
    /// What happens, in a sentence.
    pub sentence: String,
    /// The name of the diagnosis' cause.
    pub cause: &'static str,
    /// What is wrong although it is allowed: what strangers can do, in sentences.
    pub dangers: Vec<String>,
    /// What would give the script more, or strangers less; null if nothing should change.
    pub fix: Option<VerdictFix>,
    /// The address of the rule.
    pub spec: &'static str,
}

/// Why the script gets an error.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BlockedVerdict {
    /// Tells it from an [`AllowedVerdict`].
    #[cfg_attr(test, ts(type = "false"))]
    pub allowed: bool,
    /// The step at which it is blocked.
    pub step: &'static str,
    /// The name of the reason.
    pub reason: &'static str,
    /// The response header by which it is blocked, in lower case; null where no response header decides.
    pub header: Option<&'static str>,
    /// The reason, as the rest of a sentence; null where the cause says the same.
    pub rule: Option<String>,
    /// The name of the cause; null if it is none of the diagnosis', because CORS let the response through.
    pub cause: Option<&'static str>,
    /// Whether nothing else explains it.
    pub certain: bool,
    /// The cause in a sentence or two.
    pub sentence: String,
    /// A line for each request that shows it.
    pub evidence: Vec<String>,
    /// A line for each request that the browser doesn't send, by which other causes are ruled out.
    pub probes: Vec<String>,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
    /// What would help.
    pub fix: VerdictFix,
    /// The address of the rule.
    pub spec: &'static str,
    /// What each engine writes to its console.
    pub console: ConsoleMessages,
}

/// What would let a blocked request through.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VerdictFix {
    /// What has to change: `policy`, `headers`, `server`, `order`, `front`, `page` or `browser`.
    pub place: &'static str,
    /// How, in words.
    pub change: String,
    /// The same as data if it is the policy; empty where the change takes a risk that nobody should take with one click.
    #[cfg_attr(test, ts(as = "Vec<super::mirrors::PolicyChange>"))]
    pub patch: Vec<ChangeStep>,
    /// The server written by hand with the change made; null where it is another server, or no change of it would help.
    pub hand: Option<HandWritten>,
}

impl VerdictFix {
    fn new(remedy: &Remedy) -> Self {
        let patch = match remedy {
            Remedy::Policy(change) if change.opt_ins().is_empty() => change.steps().to_vec(),
            _ => Vec::new(),
        };
        Self { place: remedy.name(), change: sentence(&remedy.to_string()), patch, hand: None }
    }

    fn in_server(change: &str) -> Self {
        Self { place: "server", change: sentence(change), patch: Vec::new(), hand: None }
    }

    fn in_page(change: &str) -> Self {
        Self { place: "page", change: sentence(change), patch: Vec::new(), hand: None }
    }

    /// With what it means for a server written by hand.
    fn with_hand(mut self, advice: &Advice) -> Self {
        if advice.fixed.is_some() {
            let _ = write!(self.change, " Here: {}.", advice.changes);
        }
        self.hand.clone_from(&advice.fixed);
        self
    }
}

/// A message for each engine; null where it writes none.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConsoleMessages {
    /// In Chromium.
    pub chromium: Option<String>,
    /// In Firefox.
    pub firefox: Option<String>,
    /// In `WebKit`.
    pub webkit: Option<String>,
}

impl ConsoleMessages {
    /// As the engines write it for this kind of request. The model knows Chromium's words for `fetch()`; those of the others
    /// are the same for everything.
    fn new(blocked: &Blocked, kind: RequestKind) -> Self {
        let message = |engine| {
            let message = blocked.console(engine)?;
            let what = match kind {
                RequestKind::Fetch => return Some(message),
                RequestKind::Xhr => "XMLHttpRequest",
                RequestKind::Events => "resource",
                kind => kind.destination(),
            };
            Some(message.replacen("Access to fetch at", &format!("Access to {what} at"), 1))
        };
        Self {
            chromium: message(Engine::Chromium),
            firefox: message(Engine::Firefox),
            webkit: message(Engine::WebKit),
        }
    }
}

impl Verdict {
    /// Of a header whose value has a letter that no header can carry.
    pub fn unsendable(name: &str, letter: char) -> Self {
        let sentence = format!(
            "The call itself threw a TypeError: the value of the header `{name}` contains “{letter}”, and a header carries only \
             the characters of Latin-1. CORS has nothing to do with that."
        );
        let change = "in the page, encode the value, for example with encodeURIComponent()";
        let spec = "https://webidl.spec.whatwg.org/#es-ByteString";
        Self::Blocked(outside_of_cors("request", "header-not-bytes", sentence, change, spec))
    }

    /// Of what the model of the browser ended with, and its diagnosis, for the last message that was sent.
    pub fn new(
        verdict: &browser::Verdict,
        diagnosed: &Diagnosed<'_>,
        request: &LabRequest,
        engine: EngineName,
        last: Option<&Message>,
    ) -> Self {
        match verdict {
            browser::Verdict::Blocked(blocked) => {
                Self::Blocked(blocked_by_browser(blocked, diagnosed, request))
            }
            browser::Verdict::Allowed(allowed) => match fails_after_fetch(request, allowed, last) {
                Some(failure) => Self::Blocked(failure),
                None => Self::Allowed(allowed_verdict(request, engine, allowed, diagnosed)),
            },
        }
    }
}

/// What throws, or fails, without the browser's model: no cause of CORS explains it.
fn outside_of_cors(
    step: &'static str,
    reason: &'static str,
    sentence: String,
    change: &str,
    spec: &'static str,
) -> BlockedVerdict {
    BlockedVerdict {
        allowed: false,
        step,
        reason,
        header: None,
        rule: None,
        cause: None,
        certain: true,
        sentence,
        evidence: Vec::new(),
        probes: Vec::new(),
        notes: Vec::new(),
        fix: VerdictFix::in_page(change),
        spec,
        console: ConsoleMessages::default(),
    }
}

fn blocked_by_browser(
    blocked: &Blocked,
    Diagnosed { session, run, diagnosis, by_hand }: &Diagnosed<'_>,
    request: &LabRequest,
) -> BlockedVerdict {
    // That it is blocked stands above it on the page; that it is not by CORS does not.
    let summary = &diagnosis.summary;
    let why = blocked.why();
    // These two are the rule in almost the same words; an uncertain summary begins with it.
    let says_rule = matches!(diagnosis.cause, Cause::CredentialsNotAllowed | Cause::WildcardWithCredentials)
        || summary.contains(&why);
    let mut fix = VerdictFix::new(&diagnosis.remedy).with_hand(by_hand);
    let is_cached = diagnosis.cause == Cause::CachedForAnother;
    if is_cached && session.is_some() && request.server == ServerKind::Policy {
        fix.change.push_str(if api_path::forgets_vary(&request.query) {
            " Here: remove vary=forgotten from the query."
        } else {
            " Here: start over, or change the query."
        });
    }
    let spec = if is_cached {
        "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches"
    } else {
        blocked.spec()
    };
    // Session and run are in each URL of the Lab, and say nothing.
    let lab = session.map(|session| {
        (
            format!("{}{session}/", api_path::SESSION),
            ["?", "&"].map(|mark| format!("{mark}{}{run}", api_path::RUN)),
        )
    });
    let short = |text: &str| match &lab {
        Some((prefix, runs)) => {
            runs.iter().fold(text.replace(prefix.as_str(), "/"), |text, run| text.replace(run.as_str(), ""))
        }
        None => text.to_owned(),
    };
    let lines = |are_probes| {
        let chosen = diagnosis.evidence.iter().filter(move |line| line.purpose.is_some() == are_probes);
        chosen.map(|line| short(&line.to_string())).collect()
    };
    // The diagram shows redirects, and everything here is on one machine.
    let notes = diagnosis
        .notes
        .iter()
        .filter(|note| matches!(note, Note::ResponseHeadersOnRequest { .. } | Note::OriginUnknown));
    fix.change = short(&fix.change);
    BlockedVerdict {
        allowed: false,
        step: blocked.step.name(),
        reason: blocked.reason.name(),
        header: blocked.reason.header(),
        rule: (!says_rule).then(|| short(&format!("{why}."))),
        cause: Some(diagnosis.cause.name()),
        certain: diagnosis.is_certain(),
        sentence: short(&sentence(summary.strip_prefix("Blocked: ").unwrap_or(summary))),
        evidence: lines(false),
        probes: lines(true),
        notes: notes.map(|note| sentence(&note.to_string())).collect(),
        fix,
        spec,
        console: ConsoleMessages::new(blocked, request.kind),
    }
}

fn allowed_verdict(
    request: &LabRequest,
    engine: EngineName,
    allowed: &Allowed,
    Diagnosed { diagnosis, by_hand, .. }: &Diagnosed<'_>,
) -> AllowedVerdict {
    let readable = allowed.readable_headers.iter().map(|(name, value)| (name.to_owned(), text(value)));
    let is_opaque = request.is_opaque(engine.engine());
    let what = match (request.kind, allowed.response_type) {
        (RequestKind::Image, _) => "the image is shown; the script can't look into it".to_owned(),
        (RequestKind::ImageCors, _) => "the image is shown, and the script may look into it".to_owned(),
        (RequestKind::Canvas, _) => "the image is drawn, and the script reads its pixels back".to_owned(),
        (RequestKind::Font, _) if is_opaque => {
            "the font is used: this engine loads fonts without CORS".to_owned()
        }
        (RequestKind::Font, _) => "the font is used".to_owned(),
        (RequestKind::Module, _) => "the module runs".to_owned(),
        (RequestKind::Events, _) => "the script gets the events".to_owned(),
        (_, ResponseType::Opaque) => {
            "the script gets an opaque response: status 0, no headers, an empty body".to_owned()
        }
        (_, ResponseType::OpaqueRedirect) => {
            "the script learns that there is a redirect, but not where it leads".to_owned()
        }
        (_, ResponseType::Basic) => format!(
            "the response is of the page's own origin, so CORS doesn't apply: the script reads it, with its status {}",
            allowed.status
        ),
        _ => format!("the script reads the response, with its status {}", allowed.status),
    };
    let spec = match (request.kind, allowed.response_type) {
        (RequestKind::Font, _) => "https://drafts.csswg.org/css-fonts/#font-fetching-requirements",
        (_, ResponseType::Opaque) => "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque",
        (_, ResponseType::OpaqueRedirect) => {
            "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque-redirect"
        }
        (_, ResponseType::Basic) => "https://fetch.spec.whatwg.org/#concept-filtered-response-basic",
        _ => "https://fetch.spec.whatwg.org/#cors-check",
    };
    // Images and fonts are not to be read; a script that fetches is.
    let wants_more = request.kind.rules().payload && diagnosis.cause == Cause::NoCorsMode;
    AllowedVerdict {
        allowed: true,
        response_type: allowed.response_type.name(),
        status: allowed.status,
        readable: readable.collect(),
        withheld: allowed.withheld_headers.clone(),
        sentence: sentence(&what),
        cause: diagnosis.cause.name(),
        dangers: by_hand.dangers.iter().map(|danger| sentence(danger)).collect(),
        fix: match by_hand.remedy {
            Some(remedy) => Some(VerdictFix::in_server(remedy).with_hand(by_hand)),
            None => wants_more.then(|| VerdictFix::new(&diagnosis.remedy)),
        },
        spec,
    }
}

/// What fails after the browser has let the response through, because of what the response is.
fn fails_after_fetch(
    request: &LabRequest,
    allowed: &Allowed,
    last: Option<&Message>,
) -> Option<BlockedVerdict> {
    let last = last?;
    let content_type = last.response_headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map_or("", |(_, value)| value.as_str());
    // Only the Lab's own files are what their types say.
    let file = files::of_type(content_type).filter(|_| !matches!(last.status, Some(204 | 205)));
    let is =
        |kind: &str| file.is_some() && files::essence(content_type).to_ascii_lowercase().starts_with(kind);
    let status = last.status?;
    let is_ok = (200..=299).contains(&status);
    let (is_usable, what, reason) = match request.kind {
        RequestKind::Fetch | RequestKind::Xhr => return None,
        RequestKind::Image | RequestKind::ImageCors | RequestKind::Canvas => {
            (is("image/"), "an image", "not-image")
        }
        RequestKind::Font => (is_ok && is("font/"), "a font", "not-font"),
        RequestKind::Module => (is_ok && is("text/javascript"), "a script", "not-module"),
        RequestKind::Events => (status == 200 && is("text/event-stream"), "a stream of events", "not-events"),
    };
    if !is_usable {
        let sentence = format!(
            "The response, of the type {content_type} with the status {status}, can't be used as {what}; CORS has \
             nothing to do with that."
        );
        let example = request.kind.rules().path;
        let change = format!("request a path that responds with {what}, such as {example}");
        let spec = "https://fetch.spec.whatwg.org/#concept-request-destination";
        return Some(outside_of_cors("use", reason, sentence, &change, spec));
    }
    (request.kind == RequestKind::Canvas && allowed.response_type == ResponseType::Opaque).then(|| {
        let sentence = "The image was loaded without CORS, so it can be drawn and seen, but the canvas is tainted: \
                        reading it back throws a SecurityError.";
        let change = "in the page, load the image with CORS: set its attribute crossorigin before its src";
        let spec = "https://html.spec.whatwg.org/multipage/canvas.html#security-with-canvas-elements";
        outside_of_cors("canvas", "tainted", sentence.to_owned(), change, spec)
    })
}

/// A sentence: capitalised, with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
