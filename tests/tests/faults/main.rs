//! Real servers on loopback, each with one classic fault or with what only looks like one, and what the doctor says of them.
//!
//! Each row has the true cause, as who built the server knows it. For all rows: what the doctor is certain of is the truth, and
//! otherwise the truth is among what it could not rule out; and it never proposes to allow an origin that a response of the
//! server allows already.
//!
//! ```text
//! cargo test -p end-to-end --test faults                  # all
//! cargo test -p end-to-end --test faults doctor::         # without a browser
//! cargo test -p end-to-end --test faults two_writers      # the rows of one cause
//! ```
//!
//! Chromium requests the same servers, and is blocked and allowed as the doctor says. Where it is not installed, its trial is
//! ignored; `REQUIRE_BROWSERS` turns that into a failure.

#![allow(clippy::too_many_lines, reason = "a table has as many rows as there are faults")]

mod apps;
mod browser;
mod coverage;
mod doctor;
mod fault;
mod front;
mod http;
mod layers;
mod network;
mod page;
mod redirects;
mod values;

use std::{collections::HashSet, sync::Arc};

use cors_doctor::report::Report;
use end_to_end::Engine;
use fetch_cors::diagnosis::Cause;
use libtest_mimic::{Arguments, Failed, Trial};

use fault::{Fault, Running};

/// The page's origin, where no browser has one.
const PAGE: &str = "http://localhost:3000";

fn faults() -> Vec<Fault> {
    [
        network::faults(),
        coverage::faults(),
        front::faults(),
        redirects::faults(),
        values::faults(),
        page::faults(),
        apps::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() {
    let faults: Vec<Arc<Fault>> = faults().into_iter().map(Arc::new).collect();
    let mut trials: Vec<Trial> = faults
        .iter()
        .map(|fault| {
            let fault = fault.clone();
            let name = format!("doctor::{}::{}", word(fault.truth), word(fault.name));
            Trial::test(name, move || judge(&fault).map_err(Failed::from))
        })
        .collect();
    let all = faults.clone();
    trials.push(Trial::test("doctor::each_cause_that_the_wire_shows_has_a_row", move || each_cause(&all)));
    trials.extend(end_to_end::trials_in_engine(Engine::Chromium, "faults", move |installed| {
        browser::play(installed, &faults)
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// As Rust names a test.
fn word(text: &str) -> String {
    text.replace([' ', '-'], "_").replace([',', '\''], "")
}

/// What the doctor says of one server.
fn judge(fault: &Fault) -> Result<(), String> {
    let server = fault.start(PAGE);
    let report = doctor::check(fault, &server)?;
    let expected = &fault.expected;
    let verdict = serde_json::to_value(report.verdict).unwrap_or_default();
    let shown = (verdict.as_str().unwrap_or_default(), &*report.cause, report.certain, &*report.remedy);
    let wanted = (expected.verdict, expected.cause, expected.is_certain, expected.remedy);
    let mut wrong = Vec::new();
    if shown != wanted {
        wrong.push(format!("it says {shown:?}, and it should say {wanted:?}"));
    }
    let words = format!(
        "{} {} {}",
        report.summary,
        report.fix.as_deref().unwrap_or_default(),
        report.notes.join(" ")
    );
    for piece in expected.says.iter().filter(|piece| !words.contains(**piece)) {
        wrong.push(format!("its words lack {piece:?}"));
    }
    wrong.extend(never(fault, &server, &report));
    if wrong.is_empty() {
        return Ok(());
    }
    let evidence: Vec<String> = report
        .evidence
        .iter()
        .map(|line| {
            format!("    {} {} {:?} {:?} ({})", line.method, line.url, line.status, line.header, line.purpose)
        })
        .collect();
    Err(format!("{}\n  {words}\n  rivals: {:?}\n{}", wrong.join("\n"), report.rivals, evidence.join("\n")))
}

/// What no diagnosis may do, whatever the row says.
fn never(fault: &Fault, server: &Running, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    if report.certain && report.cause != fault.truth {
        wrong.push(format!("it is certain of {}, and the truth is {}", report.cause, fault.truth));
    }
    if report.cause != fault.truth && !report.rivals.iter().any(|rival| rival == fault.truth) {
        wrong.push(format!("it rules out {}, which is the truth", fault.truth));
    }
    if report.certain != report.rivals.is_empty() {
        wrong.push("it is certain and has rivals, or the reverse".to_owned());
    }
    // With credentials, `*` allows nobody.
    let allows = |line: &String| *line == server.page || line == "*" && !fault.request.includes_credentials;
    let is_allowed =
        server.told().iter().any(|told| told.origin == server.page && told.lines.iter().any(allows));
    let adds = report.response.iter().flat_map(|response| &response.headers).any(|(name, value)| {
        name.eq_ignore_ascii_case("access-control-allow-origin") && *value == server.page
    });
    let advises = report.fix.as_deref().is_some_and(|fix| {
        fix.contains("allow_origins")
            || fix.contains(&format!("Access-Control-Allow-Origin: {}", server.page))
    });
    if is_allowed && (adds || advises || report.cause == "origin-not-listed") {
        wrong.push(format!("it proposes to allow {}, which a response allowed already", server.page));
    }
    wrong
}

/// What the wire can't show has no row, and no trial notices if it is never named.
fn each_cause(faults: &[Arc<Fault>]) -> Result<(), Failed> {
    const NOT_ON_THE_WIRE: [&str; 4] = [
        "preflight-remembered",
        "content-security-policy",
        "service-worker-or-extension",
        "local-network-access",
    ];
    let shown: HashSet<&str> = faults.iter().map(|fault| fault.truth).collect();
    let lacking: Vec<_> = Cause::NAMES
        .iter()
        .filter(|name| !shown.contains(*name) && !NOT_ON_THE_WIRE.contains(name))
        .collect();
    if lacking.is_empty() { Ok(()) } else { Err(format!("no server has {lacking:?}").into()) }
}
