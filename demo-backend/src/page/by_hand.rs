//! What the Lab says of a server written by hand in addition to the diagnosis: the server with the fix applied, and what is
//! wrong with it although it lets the request pass.

use fetch_cors::{browser::Verdict, diagnosis::Cause};

use super::{
    hand_danger::{Danger, dangers},
    hand_fix::{self, Wanted},
    lab_request::LabRequest,
    message::{Message, MessageKind},
};
use crate::{
    api_path::{ApiPath, ServerKind},
    origins::Origins,
    session::hand_written::HandWritten,
};

/// What happened at a server written by hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation<'a> {
    pub(super) hand: &'a HandWritten,
    pub(super) request: &'a LabRequest,
    pub(super) messages: &'a [Message],
    pub(super) origins: &'a Origins,
    pub(super) session: &'a str,
}

/// What there is to say of it.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// The server with the fix applied; none if no change of it would help, or should be made.
    pub(super) fixed: Option<HandWritten>,
    /// What changes with it, in words.
    pub(super) changes: String,
    /// What strangers can do, in sentences.
    pub(super) dangers: Vec<String>,
    /// What to write instead.
    pub(super) remedy: Option<&'static str>,
}

/// What to say. `passes` tells whether the request passes at another server.
pub(super) fn advice(
    situation: &Situation<'_>,
    verdict: &Verdict,
    cause: &Cause,
    passes: impl Fn(&HandWritten) -> bool,
) -> Advice {
    let Situation { hand, origins, .. } = *situation;
    match verdict {
        Verdict::Blocked(_) => {
            let fixed = allowing(situation, cause).filter(|fixed| fixed != hand && passes(fixed));
            let changes = fixed.as_ref().map(|fixed| hand_fix::changes(hand, fixed)).unwrap_or_default();
            Advice { fixed, changes, ..Advice::default() }
        }
        Verdict::Allowed(_) => {
            let found = |hand: &HandWritten| {
                let Situation { request, session, .. } = *situation;
                let route = &request.path;
                let path = ApiPath { session, is_cached: request.cached, server: ServerKind::Hand, route };
                dangers(hand, path, origins)
            };
            let found_here = found(hand);
            let is_of_cache = |dangers: &[Danger]| dangers.iter().all(|danger| danger.is_of_cache);
            let fixed = if is_of_cache(&found_here) {
                hand_fix::varying(hand)
            } else {
                hand_fix::restricted(hand, &origins.page)
            };
            let remedy = found_here.first().map(|danger| danger.remedy);
            let fixed = (remedy.is_some() && found(&fixed).is_empty()).then_some(fixed);
            let changes = fixed.as_ref().map(|fixed| hand_fix::changes(hand, fixed)).unwrap_or_default();
            let dangers = found_here.into_iter().map(|danger| danger.sentence).collect();
            Advice { fixed, changes, dangers, remedy }
        }
    }
}

/// The server with the request allowed. Nobody should allow `null`; and headers that only a response can use belong to the page.
fn allowing(situation: &Situation<'_>, cause: &Cause) -> Option<HandWritten> {
    let Situation { hand, request, messages, origins, .. } = *situation;
    if matches!(cause, Cause::OpaqueOrigin | Cause::ResponseHeaderOnRequest { .. }) {
        return None;
    }
    let origin = request.page_origin(origins).to_string();
    let preflight = messages.iter().find(|message| message.kind == MessageKind::Preflight).map(|message| {
        let value = |name: &str| {
            let line = message.request_headers.iter().find(|(listed, _)| listed == name);
            line.map_or("", |(_, value)| value.as_str())
        };
        let names = value("access-control-request-headers");
        (value("access-control-request-method"), names.split(',').filter(|name| !name.is_empty()).collect())
    });
    let needs_login = matches!(cause, Cause::LoginRedirect { .. });
    let wanted =
        Wanted { origin: &origin, credentials: request.includes_credentials(), preflight, needs_login };
    Some(hand_fix::allowing(hand, &wanted))
}
