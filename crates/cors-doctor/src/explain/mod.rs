//! What a browser's console message means: a pasted text, whole or in part, with the causes that produce it, those that it
//! rules out, and the command that would settle which one it is.

mod document;
mod kinds;
mod matching;
mod messages;
mod response;
mod ruled_out;

use fetch_cors::browser::Engine;

use crate::command::CheckCommand;

pub use document::document;
pub use kinds::{KINDS, Kind, Message, Source};
pub use response::{Finding, findings};

/// The longest text that is searched for messages, in bytes.
pub const MAX_TEXT: usize = 64 << 10;

/// A message in a pasted text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognized {
    /// What it says, likeliest first; more than one if the text is too short to tell.
    pub kinds: Vec<&'static Kind>,
    /// The engine that writes it so; none if several do.
    pub engine: Option<Engine>,
    /// Whether the text has all of the message that tells why.
    pub is_whole: bool,
    /// What the text says about the request.
    pub facts: Facts,
}

/// A cause of a message that the text doesn't rule out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FittingCause {
    /// The names of the [causes](fetch_cors::diagnosis::Cause::NAMES) of a diagnosis that it stands for; none if it stands for
    /// all of them.
    pub names: Vec<&'static str>,
    /// What is wrong, in a sentence.
    pub what: &'static str,
    /// What to do, in a sentence.
    pub fix: &'static str,
}

/// What a message says about the request; what is not known is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The URL of the blocked request.
    pub url: Option<String>,
    /// The URL that was redirected to it.
    pub first_url: Option<String>,
    /// The page's origin; `null` for a page that has none of its own.
    pub page: Option<String>,
    /// What loads, in Chromium's words: `fetch`, `XMLHttpRequest`, `font`, …
    pub initiator: Option<String>,
    /// The status of the response.
    pub status: Option<u16>,
    /// The request's method.
    pub method: Option<String>,
    /// The name of the request header that is not allowed.
    pub header: Option<String>,
    /// The value of the response header.
    pub value: Option<String>,
    /// Whether the response to the preflight is meant.
    pub is_preflight: bool,
}

impl Recognized {
    /// What it most likely says.
    pub fn kind(&self) -> &'static Kind {
        self.kinds.first().copied().unwrap_or(&KINDS[0])
    }

    /// The command that would settle which cause it is.
    pub fn check(&self) -> CheckCommand {
        let mut command = CheckCommand {
            url: self.facts.first_url.clone().or_else(|| self.facts.url.clone()),
            origin: self.facts.page.clone(),
            method: self.facts.method.clone(),
            includes_credentials: self.kinds.iter().all(|kind| kind.needs_credentials),
            ..CheckCommand::default()
        };
        if let Some(name) = &self.facts.header {
            command.headers.push((name.clone(), "1".to_owned()));
        }
        if command.method.is_none() && self.facts.header.is_none() && self.facts.is_preflight {
            command.is_method_unknown = true;
        }
        command
    }

    /// The facts that the status adds, if there is one.
    pub fn status_hint(&self) -> Option<&'static str> {
        Some(match self.facts.status? {
            200..=299 => {
                "The server responded with success, so the request arrived, and only the CORS headers are lacking."
            }
            301 | 302 | 303 | 307 | 308 => {
                "It is a redirect: to https, with or without a slash, or to a login page."
            }
            401 | 407 => {
                "Authentication responded, and it comes before CORS or has no CORS headers of its own."
            }
            403 => {
                "Something refused the request: CORS middleware that is strict, a firewall, or authorization."
            }
            404 => {
                "Nothing is found at this URL, or nothing handles OPTIONS there. Error pages often lack CORS headers."
            }
            405 => "The URL exists, but not for this method: nothing handles OPTIONS there.",
            413 => "The request is too large for a proxy, whose error page has no CORS headers.",
            429 => "A rate limit responded, whose error has no CORS headers.",
            500..=599 => {
                "The server or a proxy failed; CORS is not the problem, but the error page has no CORS headers."
            }
            _ => return None,
        })
    }
}

/// The messages in a text, in order; nothing if it has none.
///
/// ```
/// let text = "app.js:7 Access to fetch at 'https://api.example/' from origin 'https://app.example' has been blocked by CORS \
///             policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.";
/// let messages = cors_doctor::explain::recognize(text);
/// assert_eq!(messages[0].kind().id, "allow-origin-missing");
/// assert_eq!(messages[0].facts.page.as_deref(), Some("https://app.example"));
/// ```
pub fn recognize(text: &str) -> Vec<Recognized> {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    matching::recognize(&text[..end])
}
