//! What the doctor says, as data: the JSON that is documented in `docs/doctor.md`, from which the text is written, too.

mod build;
mod paint;
mod text;
mod wrap;

use serde::{Deserialize, Serialize};

use crate::probe::Secrets;

pub use build::report;
pub use paint::Paint;
pub use text::{Layout, text};
pub use wrap::wrap;

/// The result of a check. Fields are added, but not changed or removed, as long as `version` stays the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// 1
    pub version: u32,
    /// Whether the script gets the response.
    pub verdict: Verdict,
    /// What was checked.
    pub request: CheckedRequest,
    /// The name of the cause, or of the likeliest one.
    pub cause: String,
    /// Whether nothing else explains what was seen.
    pub certain: bool,
    /// The names of the causes that could not be ruled out.
    pub rivals: Vec<String>,
    /// What is wrong, in one or two sentences.
    pub summary: String,
    /// What to do; none if nothing has to be done.
    pub fix: Option<String>,
    /// What kind of change it is: `policy`, `headers`, `server`, `order`, `front`, `page`, `browser` or `nothing`.
    pub remedy: String,
    /// The response that the browser needs, if headers are what is lacking.
    pub response: Option<NeededResponse>,
    /// What to do in each server, if there is something to do.
    pub servers: Vec<ServerRecipe>,
    /// The requests that were sent, in order.
    pub evidence: Vec<EvidenceLine>,
    /// What each browser writes to its console.
    pub console: Vec<ConsoleMessage>,
    /// What else is worth knowing, in sentences.
    pub notes: Vec<String>,
    /// What would settle it, in sentences; empty if it is settled.
    pub to_settle: Vec<String>,
    /// The section of the standard by which the request is blocked.
    pub rule: Option<String>,
}

/// Whether the script gets the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does.
    Allowed,
    /// The browser blocks the request or its response.
    Blocked,
    /// There was no response at all.
    Unreachable,
    /// A request was not sent, so nobody knows.
    Undecided,
}

/// What was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedRequest {
    /// The page's origin.
    pub origin: String,
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// `cors`, `no-cors` or `same-origin`.
    pub mode: String,
    /// `omit`, `same-origin` or `include`.
    pub credentials: String,
}

/// The response that the browser needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededResponse {
    /// Whether it is the response to the preflight.
    pub preflight: bool,
    /// Its header lines, as pairs of name and value.
    pub headers: Vec<(String, String)>,
}

/// What to do in a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRecipe {
    /// The name in the command line.
    pub name: String,
    /// The name as people write it.
    pub title: String,
    /// What to do, in one line.
    pub line: String,
    /// The setting in full.
    pub code: String,
    /// What goes wrong with this server.
    pub traps: Vec<String>,
    /// Whether it was checked against the running server, and not only against its documentation.
    pub checked: bool,
}

/// A request that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// What it is for, in words.
    pub purpose: String,
    /// Whether it is in addition to what a browser sends.
    pub probe: bool,
    /// The status of the response; none if there was no response.
    pub status: Option<u16>,
    /// Why there was no response.
    pub error: Option<String>,
    /// The header line that decided, as a pair of name and value; none if there is no CORS header.
    pub header: Option<(String, String)>,
}

/// What a browser writes to its console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleMessage {
    /// `Chrome`, `Firefox` or `Safari`.
    pub browser: String,
    /// Whether this browser allows the request; none if it would send something else.
    pub allowed: Option<bool>,
    /// The message; none if there is none, or it is not known.
    pub message: Option<String>,
}

impl Report {
    /// The exit status of a program that prints it: 0 allowed, 1 blocked, 3 no connection, 4 undecided.
    pub fn exit_status(&self) -> u8 {
        match self.verdict {
            Verdict::Allowed => 0,
            Verdict::Blocked => 1,
            Verdict::Unreachable => 3,
            Verdict::Undecided => 4,
        }
    }

    /// The same without secrets. Names that are the doctor's own stay, even if a secret is such a word.
    #[must_use]
    pub fn masked(&self, secrets: &Secrets) -> Self {
        let mask = |text: &String| secrets.mask(text);
        let pair = |(name, value): &(String, String)| (mask(name), mask(value));
        let each = |texts: &[String]| texts.iter().map(mask).collect();
        Self {
            version: self.version,
            verdict: self.verdict,
            request: CheckedRequest {
                origin: mask(&self.request.origin),
                method: mask(&self.request.method),
                url: mask(&self.request.url),
                mode: self.request.mode.clone(),
                credentials: self.request.credentials.clone(),
            },
            cause: self.cause.clone(),
            certain: self.certain,
            rivals: self.rivals.clone(),
            summary: mask(&self.summary),
            fix: self.fix.as_ref().map(mask),
            remedy: self.remedy.clone(),
            response: self.response.as_ref().map(|needed| NeededResponse {
                preflight: needed.preflight,
                headers: needed.headers.iter().map(pair).collect(),
            }),
            servers: self
                .servers
                .iter()
                .map(|server| ServerRecipe {
                    name: server.name.clone(),
                    title: server.title.clone(),
                    line: mask(&server.line),
                    code: mask(&server.code),
                    traps: each(&server.traps),
                    checked: server.checked,
                })
                .collect(),
            evidence: self
                .evidence
                .iter()
                .map(|line| EvidenceLine {
                    method: mask(&line.method),
                    url: mask(&line.url),
                    purpose: mask(&line.purpose),
                    probe: line.probe,
                    status: line.status,
                    error: line.error.as_ref().map(mask),
                    header: line.header.as_ref().map(pair),
                })
                .collect(),
            console: self
                .console
                .iter()
                .map(|console| ConsoleMessage {
                    browser: console.browser.clone(),
                    allowed: console.allowed,
                    message: console.message.as_ref().map(mask),
                })
                .collect(),
            notes: each(&self.notes),
            to_settle: each(&self.to_settle),
            rule: self.rule.clone(),
        }
    }
}
