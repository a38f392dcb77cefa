//! Reads what people paste: a `curl` command line, a `fetch()` call, a HAR file, the output of `curl -i`, a console message.
//! No I/O: a file that a command line names is not opened. Any text gives a result or an error that says what to paste
//! instead.

pub mod curl;
mod encode;
pub mod fetch;
pub mod har;
pub mod http;
mod js;
mod observed;
mod recognize;
mod shell;

use std::{error::Error, fmt};

use fetch_cors::browser::{Credentials, Mode, PageOrigin, Redirect};

use crate::terminal::is_obeyed_in_a_line;

pub use recognize::{Paste, recognize};

/// The longest paste that is read, in bytes. HAR files have a bound of their own.
pub const MAX_PASTE: usize = 1 << 20;

/// A request as somebody described it, before a browser looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastedRequest {
    /// As it was written; perhaps relative to the page.
    pub url: String,
    /// As it was written.
    pub method: String,
    /// The headers that the page's script sets, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Body>,
    /// The request's mode.
    pub mode: Mode,
    /// Its credentials mode.
    pub credentials: Credentials,
    /// Its redirect mode.
    pub redirect: Redirect,
    /// The cookies that were sent, as in `Cookie`.
    pub cookies: Option<String>,
    /// The page's origin, if the paste says it.
    pub page: Option<PageOrigin>,
    /// Whether a preflight was pasted; what is here is the request that it is for, as far as it says that.
    pub is_preflight: bool,
    /// Whether certificates are not to be checked.
    pub insecure: bool,
    /// What the paste does not say, or what was left out, each in a sentence.
    pub notes: Vec<String>,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// The type that this kind of body has unless the script sets one.
    pub content_type: Option<String>,
}

impl PastedRequest {
    /// `fetch(url, { method })`
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: method.into(),
            headers: Vec::new(),
            body: None,
            mode: Mode::Cors,
            credentials: Credentials::SameOrigin,
            redirect: Redirect::Follow,
            cookies: None,
            page: None,
            is_preflight: false,
            insecure: false,
            notes: Vec::new(),
        }
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name))
    }
}

/// Why a paste could not be read: what is wrong, and what to paste instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasteError(String);

impl PasteError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for PasteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for PasteError {}

/// The start of a text for an error message, with visible characters only.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if is_obeyed_in_a_line(character) {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
