//! Tells pastes apart.

use super::{
    MAX_PASTE, PasteError, PastedRequest, curl, excerpt, fetch,
    har::{self, Recording},
    http::{self, PastedResponse},
};
use crate::explain::{self, Recognized};

/// What was pasted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Paste {
    /// A request, as a command line or as a call.
    Request(Box<PastedRequest>),
    /// The requests of a HAR file.
    Recordings(Vec<Recording>),
    /// What `curl -i` printed.
    Responses(Vec<PastedResponse>),
    /// Messages of a browser's console.
    Messages(Vec<Recognized>),
}

/// Finds out what a text is, and reads it.
///
/// ```
/// use cors_doctor::paste::{Paste, recognize};
///
/// assert!(matches!(recognize(b"curl https://api.example/").unwrap(), Paste::Request(_)));
/// let message = b"(Reason: CORS header 'Access-Control-Allow-Origin' missing). Status code: 404.";
/// assert!(matches!(recognize(message).unwrap(), Paste::Messages(_)));
/// ```
///
/// # Errors
///
/// If it is nothing that is read here, or is cut off.
pub fn recognize(paste: &[u8]) -> Result<Paste, PasteError> {
    let text = String::from_utf8_lossy(paste);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(PasteError::new(format!("nothing was pasted. {EXPECTED}")));
    }
    if text.starts_with('{') {
        return har::parse(text).map(Paste::Recordings);
    }
    if text.len() > MAX_PASTE {
        return Err(PasteError::new(format!("the paste is longer than {} MB. {EXPECTED}", MAX_PASTE >> 20)));
    }
    if text.lines().any(|line| http::status_line(line.trim_start_matches("< ")).is_some()) {
        return http::parse(text).map(Paste::Responses);
    }
    // A prompt may stand before the command.
    let command =
        text.trim_start_matches(|character: char| "$>#%".contains(character) || character.is_whitespace());
    let first = command.split_whitespace().next().unwrap_or_default();
    if ["curl", "curl.exe"]
        .iter()
        .any(|name| first.eq_ignore_ascii_case(name) || first.ends_with(&format!("/{name}")))
    {
        return curl::parse(command).map(|request| Paste::Request(Box::new(request)));
    }
    let messages = explain::recognize(text);
    if !messages.is_empty() {
        return Ok(Paste::Messages(messages));
    }
    if fetch::find_call(text).is_some() {
        return fetch::parse(text).map(|request| Paste::Request(Box::new(request)));
    }
    Err(PasteError::new(format!("\"{}\" is nothing that is read here. {EXPECTED}", excerpt(text))))
}

const EXPECTED: &str = "Paste a curl command, a fetch() call, the text of a HAR file, what curl -i prints, or the message in the \
                        browser's console";
