//! Public threads: what a person showed of a request that a browser blocked, and the cause that turned out in the end.
//!
//! The rows are in `threads.json`. They hold facts only: methods, statuses, headers, and which message a browser wrote. Names are
//! replaced by reserved ones, unless they are what matters. The fields that need a word:
//!
//! - `shown`: who saw it (`chromium`, `firefox`, `webkit`, `browser` if nobody says which, or `curl`) and, where a message was
//!   shown, the reason that it gives. The browser model must block it by the same reason.
//! - `wire`: what came of each request that the browser sent, in order. First a status, or one of
//!   - `passes`: a preflight that must have passed, because the browser sent the actual request;
//!   - `fails`: no response;
//!   - `unseen`: a response of which only the message is known. A status and headers are then what the message implies.
//!
//!   Then the header lines, and the start of the body in a line `body`. What nobody showed, because the message is about a later
//!   step, is as that step needs it.
//! - `probes`: other requests that the person tried, by the name of the probe that is the same.
//! - `cause`: what turned out.
//! - `found`: `right` if the diagnosis puts it first, `likely-right` if it is among the rivals.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use fetch_cors::{
    browser::{Browser, Credentials, Mode, PageOrigin, Request, Response, Verdict},
    diagnosis::{Cause, Diagnosis, Examination, Failure, Received, Sent},
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    thread: String,
    shown: String,
    #[serde(default = "page")]
    page: String,
    /// Method and URL.
    request: String,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    credentials: bool,
    #[serde(default)]
    kind: Kind,
    /// The wire allows it, and a browser blocks it.
    #[serde(default)]
    blocked_in_browser: bool,
    wire: Vec<Vec<String>>,
    #[serde(default)]
    probes: BTreeMap<String, Vec<String>>,
    cause: String,
    found: Found,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Fetch,
    NoCors,
    /// `XMLHttpRequest` with a listener of the upload.
    Upload,
}

fn page() -> String {
    "https://app.example".to_owned()
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Found {
    Right,
    LikelyRight,
    Wrong,
}

impl Row {
    fn request(&self) -> Request {
        let (method, url) = self.request.split_once(' ').expect("a method and a URL");
        let page = PageOrigin::of(&self.page).expect("a page");
        let mut request = Request::new(page, method, url);
        for (name, value) in self.headers.iter().map(|line| split(line)) {
            request = request.header(name, value);
        }
        if self.credentials {
            request = request.credentials(Credentials::Include);
        }
        match self.kind {
            Kind::Fetch => request,
            Kind::NoCors => request.mode(Mode::NoCors),
            Kind::Upload => request.upload_listener(),
        }
    }

    /// Who saw it, and the reason of the message.
    fn shown(&self) -> (&str, Option<&str>) {
        let (who, reason) = match self.shown.split_once(' ') {
            Some((who, reason)) => (who, Some(reason)),
            None => (self.shown.as_str(), None),
        };
        assert!(["chromium", "firefox", "webkit", "browser", "curl"].contains(&who), "{}: {who}", self.name);
        (who, reason)
    }

    /// What a person would be told who shows this.
    fn diagnose(&self) -> Diagnosis {
        let mut examination = Examination::new(Browser::default(), self.request(), Duration::ZERO);
        let hints = &mut examination.case_mut().hints;
        hints.is_blocked_in_browser = self.blocked_in_browser;
        hints.is_seen_in_browser = self.shown().0 != "curl";
        let mut wire = self.wire.iter();
        while let Some(wanted) = examination.wanted().filter(|wanted| wanted.probe.is_none()) {
            let lines = wire.next().unwrap_or_else(|| panic!("{}: nothing for {:?}", self.name, wanted.sent));
            examination.receive(received(lines, &wanted.sent), Duration::ZERO);
        }
        assert!(wire.next().is_none(), "{}: more than the browser would send", self.name);
        self.compare_reason(&examination);
        if self.wire.last().is_some_and(|lines| lines[0].starts_with("unseen")) {
            let mut case = examination.case().clone();
            case.exchanges.last_mut().expect("an exchange").received = Received::NotSent;
            if let Some(Verdict::Blocked(blocked)) = &mut case.verdict {
                blocked.status = None;
            }
            examination = Examination::of(case);
        }
        let mut asked = BTreeSet::new();
        while let Some(wanted) = examination.wanted() {
            let purpose = wanted.probe.expect("a probe").purpose.name();
            let received =
                self.probes.get(&purpose).map_or(Received::NotSent, |lines| received(lines, &wanted.sent));
            asked.insert(purpose);
            examination.receive(received, Duration::ZERO);
        }
        let diagnosis = examination.diagnosis();
        let unasked: Vec<&String> = self.probes.keys().filter(|purpose| !asked.contains(*purpose)).collect();
        assert!(unasked.is_empty() || diagnosis.is_certain(), "{}: {unasked:?} is not asked", self.name);
        diagnosis
    }

    /// The browser model must block it by the reason that the person's browser gave.
    fn compare_reason(&self, examination: &Examination) {
        let (_, Some(reason)) = self.shown() else { return };
        let blocked = examination.case().verdict.as_ref().and_then(|verdict| verdict.blocked());
        let modelled = blocked.map(|blocked| blocked.reason.name());
        assert_eq!(modelled, Some(reason), "{}", self.name);
    }
}

/// What came of a request.
fn received(lines: &[String], sent: &Sent) -> Received {
    let (first, headers) = lines.split_first().expect("a status");
    let status = match first.as_str() {
        "fails" => return Received::Failed(Failure::Unknown(String::new())),
        "passes" => return Received::Response { head: passing(sent), body: Vec::new() },
        "unseen" => 200,
        text => text.trim_start_matches("unseen ").parse().expect("a status"),
    };
    let mut head = Response::new(status);
    let mut body = Vec::new();
    for (name, value) in headers.iter().map(|line| split(line)) {
        match name {
            "body" => body = value.as_bytes().to_vec(),
            _ => head = head.header(name, value),
        }
    }
    Received::Response { head, body }
}

/// The response to a preflight that lets exactly this request pass.
fn passing(sent: &Sent) -> Response {
    let mut head = Response::new(204).header("Access-Control-Allow-Credentials", "true");
    for (ask, allow) in [
        ("origin", "Access-Control-Allow-Origin"),
        ("access-control-request-method", "Access-Control-Allow-Methods"),
        ("access-control-request-headers", "Access-Control-Allow-Headers"),
    ] {
        if let Some(value) = sent.header(ask) {
            head = head.header(allow, value);
        }
    }
    head
}

fn split(line: &str) -> (&str, &str) {
    line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is not a header line"))
}

#[test]
fn what_turned_out_is_what_is_named() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("threads.json")).expect("threads.json");
    let threads: BTreeSet<&str> = rows.iter().map(|row| row.thread.as_str()).collect();
    assert!(threads.len() >= 50, "{} threads", threads.len());
    let mut row_names = BTreeSet::new();
    let (mut right, mut likely_right, mut wrong) = (0, 0, 0);
    let mut differences = String::new();
    for row in &rows {
        assert!(row_names.insert(row.name.as_str()), "{:?} is there twice", row.name);
        assert!(Cause::NAMES.contains(&row.cause.as_str()), "{} is not a cause", row.cause);
        let diagnosis = row.diagnose();
        let named: Vec<&str> =
            std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name).collect();
        let found = match named.iter().position(|name| *name == row.cause) {
            Some(0) => Found::Right,
            Some(_) => Found::LikelyRight,
            None => Found::Wrong,
        };
        match found {
            Found::Right => right += 1,
            Found::LikelyRight => likely_right += 1,
            Found::Wrong => wrong += 1,
        }
        assert!(
            found == Found::Right || !diagnosis.is_certain(),
            "{}: certain and wrong\n{diagnosis}",
            row.name
        );
        if found != row.found {
            let certain = if diagnosis.is_certain() { " certain" } else { "" };
            writeln!(
                differences,
                "{}: {:?} is expected, {found:?} came out{certain}\n  true: {}, named: {named:?}\n  {diagnosis}",
                row.name, row.found, row.cause
            )
            .expect("a string");
        }
    }
    println!(
        "{} threads, {} rows: {right} right, {likely_right} likely right, {wrong} wrong",
        threads.len(),
        rows.len()
    );
    assert!(
        differences.is_empty(),
        "right {right}, likely right {likely_right}, wrong {wrong}\n{differences}"
    );
    assert_eq!((right, likely_right, wrong), (100, 22, 0));
}
