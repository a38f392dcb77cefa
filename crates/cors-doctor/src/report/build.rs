//! From a case and its diagnosis to a report.

use fetch_cors::{
    browser::{Credentials, Mode, Reason, Url, Verdict as BrowserVerdict},
    diagnosis::{Case, Cause, Diagnosis, Evidence, Place, Purpose, Received, Remedy},
};

use super::{CheckedRequest, ConsoleMessage, EvidenceLine, NeededResponse, Report, ServerRecipe, Verdict};
use crate::{
    probe::in_engines,
    recipes::{Checked, Grant, Server, Task},
    words,
};

/// What to say about a case.
pub fn report(case: &Case, diagnosis: &Diagnosis) -> Report {
    let verdict = verdict(case);
    let grant = grant(case);
    // A server can't do what has to change in the page.
    let is_page = matches!(diagnosis.remedy, Remedy::Elsewhere { place: Place::Page | Place::Browser, .. });
    let task = task(&diagnosis.cause).filter(|_| verdict != Verdict::Allowed && !is_page);
    let servers = task.map(|task| servers(task, &diagnosis.cause, &grant)).unwrap_or_default();
    let fix = match &diagnosis.remedy {
        Remedy::Nothing => None,
        // What to do about it is said as what would settle it.
        _ if diagnosis.cause == Cause::NotSent => None,
        remedy => Some(remedy.to_string()),
    };
    Report {
        version: 1,
        verdict,
        request: request(case),
        cause: diagnosis.cause.name().to_owned(),
        certain: diagnosis.is_certain(),
        rivals: diagnosis.rivals().iter().map(|cause| cause.name().to_owned()).collect(),
        summary: diagnosis.summary.clone(),
        fix,
        remedy: diagnosis.remedy.name().to_owned(),
        response: needed(case, diagnosis, &grant, task),
        servers,
        evidence: diagnosis.evidence.iter().map(evidence).collect(),
        console: console(case),
        notes: diagnosis.notes.iter().map(ToString::to_string).collect(),
        to_settle: to_settle(case, diagnosis),
        rule: case
            .verdict
            .as_ref()
            .and_then(BrowserVerdict::blocked)
            .map(|blocked| blocked.spec().to_owned()),
    }
}

fn verdict(case: &Case) -> Verdict {
    match &case.verdict {
        None if case.hints.is_blocked_in_browser => Verdict::Blocked,
        None => Verdict::Undecided,
        Some(BrowserVerdict::Allowed(_)) => Verdict::Allowed,
        Some(BrowserVerdict::Blocked(blocked)) if blocked.reason == Reason::NoResponse => {
            Verdict::Unreachable
        }
        Some(BrowserVerdict::Blocked(_)) => Verdict::Blocked,
    }
}

fn request(case: &Case) -> CheckedRequest {
    let request = &case.request;
    CheckedRequest {
        origin: request.page().to_string(),
        method: request.method().to_owned(),
        url: Url::parse(request.url()).map_or_else(|_| request.url().to_owned(), String::from),
        mode: mode(request.fetch_mode()).to_owned(),
        credentials: match request.credentials_mode() {
            Credentials::Omit => "omit",
            Credentials::SameOrigin => "same-origin",
            Credentials::Include => "include",
        }
        .to_owned(),
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Cors => "cors",
        Mode::NoCors => "no-cors",
        Mode::SameOrigin => "same-origin",
    }
}

/// What the server would have to allow.
fn grant(case: &Case) -> Grant {
    let mut grant = Grant {
        origin: case.request.page().to_string(),
        credentials: case.request.credentials_mode() == Credentials::Include,
        ..Grant::default()
    };
    let preflight = case.exchanges.iter().find(|exchange| exchange.sent.is_preflight);
    if let Some(preflight) = preflight {
        let asked = |name| {
            let value = preflight.sent.header(name).unwrap_or_default();
            let entries =
                value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty());
            entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect::<Vec<_>>()
        };
        grant.methods = asked("access-control-request-method");
        grant.headers = asked("access-control-request-headers");
    }
    grant
}

/// What is to be done in the server; none if nothing is.
fn task(cause: &Cause) -> Option<Task> {
    Some(match cause {
        Cause::NoCors { .. }
        | Cause::OriginNotListed { .. }
        | Cause::ListOfOrigins { .. }
        | Cause::NotAnOrigin { .. }
        | Cause::WildcardWithCredentials
        | Cause::CredentialsNotAllowed
        | Cause::MethodNotListed { .. }
        | Cause::HeadersNotListed { .. }
        | Cause::NotAList { .. }
        | Cause::WildcardWithoutEffect { .. } => Task::Allow,
        Cause::AuthenticationInFront { .. } | Cause::RateLimit | Cause::Firewall { .. } => Task::BeforeOthers,
        Cause::OptionsNotRouted { .. } | Cause::OptionsAnsweredElsewhere => Task::RespondToOptions,
        Cause::HiddenError { .. } | Cause::OnlyPreflightCovered => Task::OnErrors,
        Cause::TwoWriters { .. } | Cause::Overridden { .. } => Task::OneWriter,
        _ => return None,
    })
}

fn servers(task: Task, cause: &Cause, grant: &Grant) -> Vec<ServerRecipe> {
    // These errors are made by what stands in front of the application.
    let is_in_front = matches!(cause, Cause::HiddenError { status } if !matches!(status, 500 | 501))
        || matches!(cause, Cause::Overridden { .. });
    let concerns = |server: &&Server| !is_in_front || matches!(server, Server::Nginx | Server::Caddy);
    let recipe = |server: &Server| {
        let recipe = server.recipe(task, grant);
        ServerRecipe {
            name: server.name().to_owned(),
            title: server.title().to_owned(),
            line: recipe.line,
            code: recipe.code,
            traps: recipe.traps.iter().map(|&trap| trap.to_owned()).collect(),
            checked: server.checked() == Checked::Running,
        }
    };
    Server::ALL.iter().filter(concerns).map(recipe).collect()
}

fn needed(case: &Case, diagnosis: &Diagnosis, grant: &Grant, task: Option<Task>) -> Option<NeededResponse> {
    if let Remedy::Headers { on_preflight, lines } = &diagnosis.remedy {
        let headers = lines.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        return Some(NeededResponse { preflight: *on_preflight, headers });
    }
    task.filter(|task| *task == Task::Allow)?;
    let preflight = matches!(
        case.verdict.as_ref().and_then(BrowserVerdict::blocked),
        Some(blocked) if blocked.step == fetch_cors::browser::Step::Preflight
    );
    let mut headers = grant.response_headers(preflight);
    if let Cause::NotAList { header, .. } = &diagnosis.cause {
        headers.retain(|(name, _)| name.eq_ignore_ascii_case(header));
    }
    Some(NeededResponse {
        preflight,
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    })
}

fn evidence(line: &Evidence) -> EvidenceLine {
    let purpose = match &line.purpose {
        None if line.is_preflight => "as the browser sends it".to_owned(),
        None => "the request itself".to_owned(),
        Some(purpose) => words::purpose(purpose),
    };
    EvidenceLine {
        method: line.method.clone(),
        url: line.url.to_string(),
        purpose,
        probe: line.purpose.is_some(),
        status: line.result.as_ref().ok().copied(),
        error: line.result.as_ref().err().map(words::failure),
        header: line.decisive.clone(),
    }
}

fn console(case: &Case) -> Vec<ConsoleMessage> {
    in_engines(&case.request, &case.exchanges)
        .into_iter()
        .map(|replayed| ConsoleMessage {
            browser: words::browser(replayed.engine).to_owned(),
            allowed: replayed.verdict.as_ref().map(BrowserVerdict::is_allowed),
            message: replayed.message,
        })
        .collect()
}

/// What the person could do to make it certain.
fn to_settle(case: &Case, diagnosis: &Diagnosis) -> Vec<String> {
    let mut sentences = Vec::new();
    let method = case.exchanges.iter().rev().find(|exchange| exchange.received == Received::NotSent);
    if let Some(exchange) = method {
        sentences.push(format!(
            "The {} itself was not sent, because it may change something on the server. Add --send to send it.",
            exchange.sent.method
        ));
    } else if let Some(probed) = case
        .probes
        .iter()
        .find(|probed| probed.received == Received::NotSent && !probed.probe.may_send_unasked)
    {
        let option = if probed.probe.sent.method == "GET" { "--try-get" } else { "--send" };
        sentences
            .push(format!("Add {option} to send the {} that would settle it.", probed.probe.sent.method));
    }
    let needs_session =
        |cause: &Cause| matches!(cause, Cause::AuthenticationInFront { .. } | Cause::NoCors { .. });
    if !diagnosis.is_certain()
        && needs_session(&diagnosis.cause)
        && diagnosis.rivals().iter().any(needs_session)
        && !case.probes.iter().any(|probed| {
            matches!(probed.probe.purpose, Purpose::OpenPath | Purpose::ActualWithSecrets)
                && probed.received != Received::NotSent
        })
    {
        sentences.push(
            "To tell them apart, run it again with a session (-H 'Authorization: …' or -b COOKIES), or name a path that \
             needs none (--open-path /health)."
                .to_owned(),
        );
    }
    sentences
}
