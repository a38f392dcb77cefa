//! `audit`: says what a server's CORS lets others do.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use cors_doctor::{
    audit::{Audit, Finding, Probe, Received as Answer, Report, Severity, Target},
    command::quoted,
    paste::PastedRequest,
    probe::Secrets,
    report::wrap,
    terminal::visible,
};
use fetch_cors::{
    browser::Url,
    diagnosis::{Received, Sent},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cli::{arguments, error::Fault, net::Net, output, spinner};

/// Between two requests, so that nobody's server is bothered by more than two a second.
const PAUSE: Duration = Duration::from_millis(500);
/// The server wants fewer requests: no more are sent.
const TOO_MANY_REQUESTS: u16 = 429;

/// Nothing above `info` was found.
const STATUS_FOUND: u8 = 1;
const STATUS_NO_CONNECTION: u8 = 3;
const STATUS_STOPPED: u8 = 4;

pub(crate) fn run(arguments: &arguments::Audit) -> Result<ExitCode, Fault> {
    let (target, secrets) = target(arguments)?;
    let audit = Audit::new(target.clone()).map_err(Fault)?;
    if arguments.dry_run {
        plan(arguments, &target, &audit, &secrets);
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.json {
        output::print(&announcement(&target, &audit));
    }
    let net = Net::new(&arguments.network, false)?;
    let (received, stop) = actix_rt::System::new().block_on(send(&net, &target, audit.probes()));
    let failure = match stop {
        Some(Stop::Failed(failure)) if received.is_empty() => {
            output::complain(&failure);
            return Ok(ExitCode::from(STATUS_NO_CONNECTION));
        }
        Some(Stop::Failed(failure)) => Some(failure),
        Some(Stop::TooMany) => Some("the server responded with 429, so the rest was not sent".to_owned()),
        None => None,
    };
    let report = audit.report(&received);
    if arguments.json {
        output::print_json(&as_json(&audit, &report, failure.as_deref(), &secrets));
    } else {
        output::print(&secrets.mask(&text(&audit, &report, failure.as_deref())));
    }
    Ok(match report.worst() {
        Some(severity) if severity < Severity::Info => ExitCode::from(STATUS_FOUND),
        _ if failure.is_some() => ExitCode::from(STATUS_STOPPED),
        _ => ExitCode::SUCCESS,
    })
}

fn target(arguments: &arguments::Audit) -> Result<(Target, Secrets), Fault> {
    let url = |option: &str, text: &str| {
        Url::parse(text).map_err(|_| {
            Fault(format!(
                "{option}{text}: not a URL. Write one with its scheme, such as https://api.example/me"
            ))
        })
    };
    let mut target = Target::of(url("", &arguments.url)?);
    if let Some(origin) = &arguments.origin {
        target.trusted = url("--origin ", origin)?;
    }
    let mut request = PastedRequest::new("GET", target.url.as_str());
    for line in &arguments.headers {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            Fault(format!("-H '{line}': a header has a colon, such as 'Authorization: Bearer …'"))
        })?;
        request.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    target.session.clone_from(&request.headers);
    if let Some(cookies) = &arguments.cookie {
        request.cookies = Some(cookies.clone());
        target.session.push(("Cookie".to_owned(), cookies.clone()));
    }
    target.is_filtered = arguments.filtered;
    Ok((target, Secrets::of(&request)))
}

/// Why the rest was not sent.
enum Stop {
    /// The server wants fewer requests.
    TooMany,
    /// There was no response.
    Failed(String),
}

/// What came back, and why the rest was not sent.
async fn send(net: &Net, target: &Target, probes: &[Probe]) -> (Vec<Answer>, Option<Stop>) {
    let mut received = Vec::new();
    for (index, probe) in probes.iter().enumerate() {
        // This machine's own servers need no protection.
        if index > 0 && !target.is_on_this_machine() {
            sleep(PAUSE).await;
        }
        let sent = Sent {
            method: probe.method.to_owned(),
            url: probe.url.clone(),
            headers: probe
                .headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes()))
                .collect(),
            is_preflight: probe.method == "OPTIONS",
            has_body: false,
            includes_credentials: false,
        };
        let what = format!("{} of {}", index + 1, probes.len());
        match spinner::spin(&what, net.send(&sent, b"", &Secrets::default())).await {
            Received::Response { head, .. } if head.status() == TOO_MANY_REQUESTS => {
                return (received, Some(Stop::TooMany));
            }
            Received::Response { head, body } => received.push(Answer::new(head, &body)),
            Received::Failed(failure) => return (received, Some(Stop::Failed(failure.to_string()))),
            Received::NotSent => return (received, Some(Stop::Failed("a request was not sent".to_owned()))),
        }
    }
    (received, None)
}

fn announcement(target: &Target, audit: &Audit) -> String {
    let host = target.url.host_str().unwrap_or_default();
    let width = output::layout(None).width;
    wrap(
        &format!(
            "{} requests, GET and OPTIONS only, without a body, all to {host}, at most two a second. --dry-run lists them.",
            audit.probes().len()
        ),
        "  ",
        "  ",
        width,
    ) + "\n"
}

fn plan(arguments: &arguments::Audit, target: &Target, audit: &Audit, secrets: &Secrets) {
    if arguments.json {
        let probes: Vec<Value> = audit.probes().iter().map(|probe| probe_json(probe, secrets)).collect();
        output::print_json(&json!({ "version": 1, "requests": probes }));
        return;
    }
    let mut text = announcement(target, audit);
    for probe in audit.probes() {
        let _ = writeln!(text, "  {}", secrets.mask(&curl(probe)));
    }
    output::print(&text);
}

fn text(audit: &Audit, report: &Report, failure: Option<&str>) -> String {
    let layout = output::layout(None);
    let (paint, width) = (layout.paint, layout.width);
    let mut text = String::new();
    let headline = match report.worst() {
        // What was not sent may be what is dangerous.
        None | Some(Severity::Info) if failure.is_some() => {
            paint.bold(&format!("Nothing dangerous in {} of {} requests.", report.sent, report.planned))
        }
        None => paint.good("Nothing found: pages of other origins can't read its responses."),
        Some(Severity::Info) => paint.good("Nothing dangerous found."),
        Some(severity) => paint.bad(&format!("Dangerous ({}).", severity.name())),
    };
    let _ = writeln!(text, "  {headline}");
    for finding in &report.findings {
        let name = format!("{}: ", finding.severity.name());
        let painted = if finding.severity == Severity::Info { paint.bold(&name) } else { paint.bad(&name) };
        let lines = wrap(&finding.sentence, &format!("  {name}"), "    ", width);
        let _ = write!(text, "\n{}", lines.replacen(&name, &painted, 1));
        text += &wrap(&format!("Fix: {}.", finding.remedy), "    ", "    ", width);
        let _ = writeln!(text, "    {}", paint.faint(&curl(&audit.probes()[finding.shown_by])));
        for (name, value) in &finding.headers {
            let _ = writeln!(text, "      {}", paint.faint(&visible(&format!("{name}: {value}"))));
        }
    }
    if trusted_is_allowed(report) == Some(false) {
        let note = "Your front end's own origin was not allowed here. Say --origin with its origin if it is another than the server's.";
        let _ = write!(text, "\n{}", wrap(note, "  ", "  ", width));
    }
    if let Some(failure) = failure {
        let sent = format!("Stopped after {} of {} requests: {failure}.", report.sent, report.planned);
        let _ = write!(text, "\n{}", wrap(&sent, "  ", "  ", width));
    }
    text
}

/// Whether the trusted origin was allowed; none if that was not tried, because its requests come last.
fn trusted_is_allowed(report: &Report) -> Option<bool> {
    (report.trusted_is_allowed || report.sent == report.planned).then_some(report.trusted_is_allowed)
}

/// What shows it, for a terminal.
fn curl(probe: &Probe) -> String {
    let mut command = String::from("curl -gi");
    if probe.method != "GET" {
        let _ = write!(command, " -X {}", probe.method);
    }
    // Browsers' own headers change nothing in most servers; those that do are read in the JSON.
    let headers =
        probe.headers.iter().filter(|(name, _)| !name.starts_with("sec-fetch-") && name != "accept");
    for (name, value) in headers {
        let _ = write!(command, " -H {}", quoted(&format!("{name}: {value}")));
    }
    format!("{command} {}", quoted(probe.url.as_str()))
}

fn as_json(audit: &Audit, report: &Report, failure: Option<&str>, secrets: &Secrets) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "severity": finding.severity.name(),
            "name": finding.name,
            "sentence": finding.sentence,
            "remedy": finding.remedy,
            "request": probe_json(&audit.probes()[finding.shown_by], secrets),
            "response_headers": finding.headers,
        })
    };
    json!({
        "version": 1,
        "worst": report.worst().map(Severity::name),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "sent": report.sent,
        "planned": report.planned,
        "stopped": failure,
        "trusted_is_allowed": trusted_is_allowed(report),
    })
}

fn probe_json(probe: &Probe, secrets: &Secrets) -> Value {
    let headers: Vec<_> =
        probe.headers.iter().map(|(name, value)| (name.clone(), secrets.mask(value))).collect();
    json!({ "method": probe.method, "url": secrets.mask(probe.url.as_str()), "headers": headers })
}
