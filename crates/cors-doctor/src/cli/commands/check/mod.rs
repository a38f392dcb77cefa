//! `check`: sends what a browser would send, and names the cause.

mod asked;
mod examine;

use std::process::ExitCode;

use cors_doctor::{
    paste::{
        Paste, PastedRequest, curl, fetch,
        har::{self, MAX_HAR, Recording},
        recognize,
    },
    probe::{Secrets, case_of},
    recipes::Server,
    report::{Report, report, text},
};
use fetch_cors::diagnosis::diagnose;

use crate::cli::{arguments::Check, error::Fault, output};

pub(crate) fn run(arguments: &Check) -> Result<ExitCode, Fault> {
    if let Some(command) = &arguments.curl {
        return check(arguments, curl::parse(command).map_err(Fault::new)?);
    }
    if let Some(call) = &arguments.fetch {
        return check(arguments, fetch::parse(call).map_err(Fault::new)?);
    }
    if let Some(file) = &arguments.har {
        let text = output::read_file(file, MAX_HAR)?;
        return recordings(arguments, &har::parse(&text).map_err(Fault::new)?);
    }
    if let Some(url) = &arguments.url {
        return check(arguments, PastedRequest::new("", url));
    }
    let pasted = output::pasted()?.ok_or_else(|| {
        Fault::new("nothing to check. Write a URL, or paste a curl command, a fetch() call or a HAR file on standard input")
    })?;
    paste(arguments, recognize(&pasted).map_err(Fault::new)?)
}

/// Checks what was pasted.
pub(crate) fn paste(arguments: &Check, paste: Paste) -> Result<ExitCode, Fault> {
    match paste {
        Paste::Request(request) => check(arguments, *request),
        Paste::Recordings(list) => recordings(arguments, &list),
        _ => {
            Err(Fault::new("this is a message or a response, not a request. Run cors-doctor explain with it"))
        }
    }
}

fn check(arguments: &Check, request: PastedRequest) -> Result<ExitCode, Fault> {
    server(arguments)?;
    let asked = asked::Asked::new(arguments, request)?;
    let case = examine::examine(arguments, &asked)?;
    let mut made = report(&case, &diagnose(&case));
    made.notes.extend(asked.request.notes.iter().cloned());
    print(arguments, &[made.masked(&asked.secrets)], false);
    Ok(ExitCode::from(made.exit_status()))
}

/// Judges what was recorded; nothing is sent. The exit status is that of the worst.
fn recordings(arguments: &Check, list: &[Recording]) -> Result<ExitCode, Fault> {
    server(arguments)?;
    let judge = |recording: &Recording| {
        let case = case_of(recording);
        report(&case, &diagnose(&case)).masked(&Secrets::of(&recording.request))
    };
    let reports: Vec<Report> = list.iter().map(judge).collect();
    print(arguments, &reports, true);
    let statuses: Vec<u8> = reports.iter().map(Report::exit_status).collect();
    let worst = [1, 3, 4].into_iter().find(|status| statuses.contains(status)).unwrap_or_default();
    Ok(ExitCode::from(worst))
}

fn server(arguments: &Check) -> Result<(), Fault> {
    match &arguments.server {
        Some(name) if Server::named(name).is_none() => {
            let names: Vec<&str> = Server::ALL.iter().map(|server| server.name()).collect();
            Err(Fault(format!("--server {name}: not known. Write one of {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}

fn print(arguments: &Check, reports: &[Report], is_list: bool) {
    if arguments.json {
        match reports {
            [one] if !is_list => output::print_json(one),
            _ => output::print_json(&reports),
        }
        return;
    }
    let layout = output::layout(arguments.server.as_deref());
    for report in reports {
        if is_list {
            let request = &report.request;
            output::print(&format!("{} {} from {}\n", request.method, request.url, request.origin));
        }
        output::print(&text(report, layout));
    }
}
