//! Which remedy a cause has: the policy where the caller has it and it is the cause, else the response headers, else another
//! place. The instructions are in `words`.

use super::{
    cause::{Cause, RedirectKind},
    facts::Facts,
    report::{Place, Remedy},
    rules::is_response_header,
    words,
};
use crate::{Change, ChangeStep, Setting, Wanted};

/// What a policy would have to let through. It can't allow response headers on a request, which a note tells to remove.
pub(super) fn wanted(facts: &Facts<'_>) -> Wanted {
    let wanted = Wanted::from_origin(&facts.origin)
        .method_as_sent(&facts.method)
        .headers(facts.unsafe_headers.iter().filter(|name| !is_response_header(name)))
        .credentials(facts.includes_credentials);
    match facts.url() {
        Some(url) => wanted.server(url.origin().ascii_serialization()),
        None => wanted,
    }
}

pub(super) fn remedy(facts: &Facts<'_>, cause: &Cause) -> Remedy {
    let place = match cause {
        Cause::OriginNotListed { .. }
        | Cause::WildcardWithCredentials
        | Cause::CredentialsNotAllowed
        | Cause::MethodNotListed { .. }
        | Cause::HeadersNotListed { .. }
        | Cause::WildcardWithoutEffect { .. } => return by_policy(facts, cause),
        Cause::NothingWrong { .. } => return Remedy::Nothing,
        Cause::HiddenError { .. }
        | Cause::ServerDown
        | Cause::ConnectionClosed
        | Cause::HostNotFound
        | Cause::TlsFailed
        | Cause::ClientCertificate
        | Cause::Hang
        | Cause::NotHttp
        | Cause::NoCors { .. }
        | Cause::Inconsistent
        | Cause::ListOfOrigins { .. }
        | Cause::NotAnOrigin { .. }
        | Cause::NotAList { .. }
        | Cause::Redirected { kind: RedirectKind::Broken | RedirectKind::Http, .. }
        | Cause::ResourcePolicy => Place::Server,
        Cause::OnlyPreflightCovered
        | Cause::OptionsNotRouted { .. }
        | Cause::OptionsAnsweredElsewhere
        | Cause::AuthenticationInFront { .. }
        | Cause::RateLimit => Place::Order,
        Cause::LoginRedirect { .. } if facts.last.is_some_and(|last| last.sent.is_preflight) => Place::Order,
        Cause::Firewall { .. }
        | Cause::CachedForAnother
        | Cause::Overridden { .. }
        | Cause::TwoWriters { .. } => Place::Front,
        Cause::NotFound
        | Cause::LoginRedirect { .. }
        | Cause::Interstitial { .. }
        | Cause::Redirected { .. }
        | Cause::HtmlPage
        | Cause::OpaqueOrigin
        | Cause::ResponseHeaderOnRequest { .. }
        | Cause::UrlWithoutScheme
        | Cause::RequestRefused
        | Cause::MixedContent
        | Cause::NoCorsMode
        | Cause::CookiesNotSent
        | Cause::ContentSecurityPolicy
        | Cause::NotSent => Place::Page,
        Cause::PreflightRemembered | Cause::ServiceWorkerOrExtension | Cause::LocalNetworkAccess => {
            Place::Browser
        }
    };
    Remedy::Elsewhere { place, instruction: words::instruction(facts, cause) }
}

fn by_policy(facts: &Facts<'_>, cause: &Cause) -> Remedy {
    if let Cause::MethodNotListed { method, .. } = cause
        && method.chars().any(|c| c.is_ascii_lowercase())
        && method.eq_ignore_ascii_case("PATCH")
    {
        let instruction = words::PATCH_IN_UPPER_CASE.to_owned();
        return Remedy::Elsewhere { place: Place::Page, instruction };
    }
    match facts.case.policy.as_ref().map(|policy| policy.change_for(&wanted(facts))) {
        Some(Ok(change)) if !change.is_empty() && !contradicts(facts, &change) => {
            return Remedy::Policy(change);
        }
        Some(Err(no_change)) => {
            // A diagnosis has two lines, and a policy's problems are a list.
            let text = no_change.to_string();
            let instruction = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            return Remedy::Elsewhere { place: Place::Server, instruction };
        }
        _ => {}
    }
    let on_preflight = facts.last.is_some_and(|last| last.sent.is_preflight);
    let mut lines: Vec<(&'static str, String)> = Vec::new();
    match cause {
        Cause::MethodNotListed { method, headers } => {
            lines.push(("Access-Control-Allow-Methods", method.clone()));
            if !headers.is_empty() {
                lines.push(("Access-Control-Allow-Headers", headers.join(", ")));
            }
        }
        Cause::HeadersNotListed { names } => lines.push(("Access-Control-Allow-Headers", names.join(", "))),
        Cause::WildcardWithoutEffect { header, names } => {
            let header = if header.ends_with("methods") {
                "Access-Control-Allow-Methods"
            } else {
                "Access-Control-Allow-Headers"
            };
            let star = if facts.includes_credentials { "" } else { "*, " };
            lines.push((header, format!("{star}{}", names.join(", "))));
        }
        Cause::CredentialsNotAllowed => lines.push(("Access-Control-Allow-Credentials", "true".to_owned())),
        _ => {
            lines.push(("Access-Control-Allow-Origin", facts.origin.clone()));
            if facts.includes_credentials {
                lines.push(("Access-Control-Allow-Credentials", "true".to_owned()));
            }
            lines.push(("Vary", "Origin".to_owned()));
        }
    }
    Remedy::Headers { on_preflight, lines }
}

/// Whether the change adds an origin that a response of this server allows already.
fn contradicts(facts: &Facts<'_>, change: &Change) -> bool {
    let adds_origin = change.steps().iter().any(|step| {
        matches!(step, ChangeStep::Add { setting: Setting::AllowOrigins | Setting::DangerAllowOrigins, entry } if *entry == facts.origin)
    });
    // `*` is replaced by the origin where there are credentials; then it is what the change says.
    let by_name = facts.allowing().any(|seen| seen.allow_origin().as_deref() == Some(facts.origin.as_str()));
    adds_origin && by_name
}
