//! An error that the reader brought: what was pasted becomes a request and a server written by hand, with which the Lab shows
//! the same failure. Nothing is sent, and nothing is changed: the page does both, when the reader wants it.
//!
//! The doctor's library reads the paste. `message`, `response` and `request` each make a `Situation` of it, in the
//! reader's own terms: their page, their URL, the headers as they were. `translate` puts it in the Lab's terms, and says
//! what is lost by that. What is said of causes never rests on what the Lab had to make up.

mod message;
mod request;
mod response;
mod situation;
mod translate;

use cors_doctor::{
    command::CheckCommand,
    explain::FittingCause,
    paste::{self, MAX_PASTE, Paste},
    probe::Secrets,
};
use serde::{Deserialize, Serialize};

use self::situation::Situation;
use super::lab_request::LabRequest;
use crate::{origins::Origins, session::hand_written::HandWritten};

/// The longest text, in bytes.
pub const MAX_TEXT: usize = MAX_PASTE;

/// What the reader has pasted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pasted {
    /// As it was pasted.
    pub text: String,
}

/// What a pasted text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PasteKind {
    /// A message of a browser's console.
    Message,
    /// What `curl -i` printed.
    Response,
    /// A request, as a command line or a call.
    Request,
    /// A HAR file.
    Recording,
}

/// What a paste comes to in the Lab.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Import {
    /// What it is.
    pub kind: PasteKind,
    /// What it says, in a sentence.
    pub title: String,
    /// The request to send here.
    pub request: LabRequest,
    /// The server to send it to.
    pub hand: HandWritten,
    /// Why the Lab can't show the same failure; null if it can.
    pub not_here: Option<String>,
    /// What the paste says, a sentence each.
    pub known: Vec<String>,
    /// What it doesn't say, and what stands for that here, a sentence each.
    pub unknown: Vec<String>,
    /// What can't be taken over, a sentence each.
    pub left_out: Vec<String>,
    /// The causes that the paste leaves, likeliest first; empty if it leaves all of them.
    pub causes: Vec<ImportedCause>,
    /// Whether the paste rules out all others.
    pub certain: bool,
    /// What it rules out, a sentence each.
    pub excludes: Vec<String>,
    /// A line for each request whose response was pasted.
    pub evidence: Vec<String>,
    /// A line for each request that would tell the causes apart.
    pub to_settle: Vec<String>,
    /// The command that sends them.
    pub command: String,
}

/// A cause that a paste leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ImportedCause {
    /// The names of the diagnosis' causes that it stands for.
    pub names: Vec<&'static str>,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do, in a sentence; empty if another one says it.
    pub fix: String,
}

impl From<FittingCause> for ImportedCause {
    fn from(cause: FittingCause) -> Self {
        Self { names: cause.names, what: cause.what.to_owned(), fix: cause.fix.to_owned() }
    }
}

/// Reads what was pasted, for this session.
///
/// # Errors
///
/// Why it can't be read, and what to paste instead.
pub fn import(text: &str, session: &str, origins: &Origins) -> Result<Import, String> {
    if text.len() > MAX_TEXT {
        return Err(format!(
            "The paste is longer than {} MB. Paste only the message, the command, or the first lines of the response.",
            MAX_TEXT >> 20
        ));
    }
    let refused = |error: paste::PasteError| Secrets::default().mask(&sentence(&error.to_string()));
    let situation = match paste::recognize(text.as_bytes()).map_err(refused)? {
        Paste::Messages(found) => message::situation(&found),
        Paste::Responses(found) => response::of_printed(&found, paste::http::request(text)),
        Paste::Recordings(found) => response::of_recorded(&found),
        Paste::Request(found) => Some(request::situation(*found)),
        _ => None,
    };
    let situation = situation.ok_or("This kind of paste can't be shown here.")?;
    Ok(finish(situation, session, origins))
}

fn finish(situation: Situation, session: &str, origins: &Origins) -> Import {
    let secrets = Secrets::of(&situation.request);
    let translated = translate::to_lab(&situation, &secrets, session, origins);
    let mask = |text: String| cut(&secrets.mask(&text), LONGEST_SENTENCE);
    let all = |texts: Vec<String>| texts.into_iter().map(mask).collect::<Vec<_>>();
    let command = secrets.mask(&situation.command().to_string());
    let causes = situation.causes.into_iter().map(|cause| ImportedCause {
        names: cause.names,
        what: mask(cause.what),
        fix: mask(cause.fix),
    });
    Import {
        kind: situation.kind,
        title: mask(situation.title),
        request: translated.request,
        hand: translated.hand,
        not_here: situation.not_here.map(mask),
        known: all(situation.known),
        unknown: all(situation.unknown),
        left_out: all(translated.left_out),
        causes: causes.collect(),
        certain: situation.certain,
        excludes: all(situation.excludes),
        evidence: all(situation.evidence),
        to_settle: all(situation.to_settle),
        command,
    }
}

impl Situation {
    /// The command that finds out what the reader's server really does.
    fn command(&self) -> CheckCommand {
        let request = &self.request;
        let method = self.is_method_known.then(|| request.method.clone());
        CheckCommand {
            url: Some(&request.url).filter(|url| !url.is_empty() && url.len() <= LONGEST_URL).cloned(),
            origin: request.page.as_ref().map(ToString::to_string),
            // Whoever sends a GET needs no -X.
            is_method_unknown: !self.is_method_known && request.method != "GET",
            method,
            headers: request
                .headers
                .iter()
                .filter(|line| is_short(line))
                .take(MOST_HEADERS)
                .cloned()
                .collect(),
            includes_credentials: self.includes_credentials(),
            mode: match request.mode {
                fetch_cors::browser::Mode::Cors => None,
                fetch_cors::browser::Mode::NoCors => Some("no-cors"),
                fetch_cors::browser::Mode::SameOrigin => Some("same-origin"),
            },
        }
    }
}

/// A sentence: capitalised, with a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A part of the paste as it is shown: visible, on one line, and not too long.
fn shown(text: &str) -> String {
    let visible: String = text.chars().filter(|letter| !letter.is_control()).collect();
    cut(&visible, 200)
}

/// The longest sentence, in characters.
const LONGEST_SENTENCE: usize = 800;

/// The longest URL of a command, in bytes.
const LONGEST_URL: usize = 4000;
/// The most headers of a request.
const MOST_HEADERS: usize = 32;

/// So many characters of a text.
fn cut(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        cut.push('…');
    }
    cut
}

/// Whether a header line is of a length that real ones have.
fn is_short((name, value): &(String, String)) -> bool {
    name.len() <= 100 && value.len() <= 4000
}
