//! What came of a fetch: the browser's verdict, what went over the wire, and what script can read. And the text that a
//! failed assertion prints.

use std::fmt;

use actix_web::{http::StatusCode, web::Bytes};
use fetch_cors::browser::{Allowed, Blocked, PageOrigin, Reason, ResponseType, Url, Verdict, readable};
use serde::de::DeserializeOwned;

/// What came of a fetch.
///
/// `Display` tells the whole story: the verdict, the reason and the fix if script is given nothing, and every request and
/// answer with its headers. [`assert_allowed!`](crate::assert_allowed) and [`assert_blocked!`](crate::assert_blocked) fail
/// with this text.
#[derive(Clone, Debug)]
#[must_use = "look at it, with assert_allowed! or assert_blocked! for instance"]
pub struct Outcome {
    pub(super) asked: String,
    pub(super) page: PageOrigin,
    pub(super) verdict: Verdict,
    pub(super) exchanges: Vec<Exchange>,
}

/// A request that left the browser, and its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Whether the browser asks on its own whether it may send the request that script wants.
    pub is_preflight: bool,
    /// The method.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty if there is none.
    pub body: Bytes,
    /// None if there is no server at this URL's origin; see [`Browser::also_at`](super::Browser::also_at).
    pub answer: Option<Answer>,
    /// What else a person should know, in sentences: cookies that were not sent or not stored and why, and why there is no
    /// answer.
    pub notes: Vec<String>,
}

/// What the application answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header lines, names in lower case and sorted.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as far as it was sent.
    pub body: Bytes,
    /// What the body's stream failed with, if it did. Script is given the answer, and an error when it reads the body.
    pub body_error: Option<String>,
}

/// Script can't read the body. Both `Display` and `Debug` say why and tell the whole story, so that a failed `unwrap` in a
/// test does.
#[derive(Clone)]
pub struct BodyError {
    text: String,
}

impl Outcome {
    /// What the browser does in the end.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Every request that left the browser, with its answer, in order: preflights, redirects, the last. None where the
    /// browser did not send any.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Whether script is given an answer, if only an opaque one.
    pub fn is_allowed(&self) -> bool {
        self.verdict.is_allowed()
    }

    /// What script is given, if anything.
    pub fn allowed(&self) -> Option<&Allowed> {
        self.verdict.allowed()
    }

    /// Why script is given nothing, if so.
    pub fn blocked(&self) -> Option<&Blocked> {
        self.verdict.blocked()
    }

    /// The status that script reads: 0 where the answer is opaque, none where the browser blocks.
    pub fn status(&self) -> Option<u16> {
        self.allowed().map(|allowed| allowed.status)
    }

    /// The header that script reads, by a name in any case: none if the answer has no such header, or doesn't expose it.
    /// Several lines are one, with `, ` in between. As in script, each byte is a character.
    pub fn header(&self, name: &str) -> Option<String> {
        Some(latin1(self.allowed()?.header(&name.to_ascii_lowercase())?))
    }

    /// The body that script reads, which is empty where the answer is opaque.
    ///
    /// # Errors
    ///
    /// If the browser blocks, or the body's stream failed.
    pub fn body(&self) -> Result<&[u8], BodyError> {
        let error = |why: &str| BodyError { text: format!("script can't read the body: {why}\n\n{self}") };
        let Some(allowed) = self.allowed() else { return Err(error("the browser blocks the answer")) };
        if matches!(allowed.response_type, ResponseType::Opaque | ResponseType::OpaqueRedirect) {
            return Ok(b"");
        }
        // Only a `data:` URL is allowed without one.
        let Some(answer) = self.exchanges.last().and_then(|last| last.answer.as_ref()) else {
            return Err(error("it came from no server"));
        };
        match &answer.body_error {
            None => Ok(&answer.body),
            Some(broken) => {
                Err(error(&format!("the application broke it off, with {}", shown(broken.as_bytes()))))
            }
        }
    }

    /// The body as `response.text()` gives it: UTF-8, with a replacement character for what isn't, and without a
    /// byte-order mark.
    ///
    /// # Errors
    ///
    /// As with [`body`](Self::body).
    pub fn text(&self) -> Result<String, BodyError> {
        let body = self.body()?;
        Ok(String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).into_owned())
    }

    /// The body as `response.json()` gives it.
    ///
    /// # Errors
    ///
    /// As with [`body`](Self::body), and if it is no JSON or none of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        serde_json::from_str(&self.text()?).map_err(|error| BodyError {
            text: format!("script can't make of the body what was asked for: {error}\n\n{self}"),
        })
    }

    #[doc(hidden)]
    #[track_caller]
    pub fn expect_allowed(&self) {
        assert!(
            self.is_allowed(),
            "expected the browser to give script the answer, and it does not\n\n{self}"
        );
    }

    #[doc(hidden)]
    #[track_caller]
    pub fn expect_blocked(&self, expected: &str, is_expected: impl FnOnce(&Reason) -> bool) {
        match self.blocked() {
            None => panic!("expected the browser to block the answer, and it does not\n\n{self}"),
            Some(blocked) if !is_expected(&blocked.reason) => panic!(
                "expected the browser to block by {expected}, and it does so by {:?}\n\n{self}",
                blocked.reason
            ),
            Some(_) => {}
        }
    }
}

impl Exchange {
    /// The request's header, by a name in any case; several lines are one, with `, ` in between. Each byte is a character.
    pub fn header(&self, name: &str) -> Option<String> {
        combined(&self.headers, name)
    }
}

impl Answer {
    /// The answer's header, by a name in any case, whether script can read it or not; several lines are one, with `, ` in
    /// between. Each byte is a character.
    pub fn header(&self, name: &str) -> Option<String> {
        combined(&self.headers, name)
    }
}

fn combined(headers: &[(String, Vec<u8>)], name: &str) -> Option<String> {
    let lines = headers.iter().filter(|(listed, _)| listed.eq_ignore_ascii_case(name));
    lines.map(|(_, value)| latin1(value)).reduce(|before, value| before + ", " + &value)
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} from a page of {}", shown(self.asked.as_bytes()), self.page)?;
        writeln!(f, "{}", self.verdict)?;
        if let Verdict::Allowed(allowed) = &self.verdict {
            let readable: Vec<&str> =
                allowed.readable_headers.iter().map(|(name, _)| name.as_str()).collect();
            writeln!(f, "  headers that script reads: {}", listed(&readable))?;
            let withheld: Vec<&str> = allowed.withheld_headers.iter().map(String::as_str).collect();
            writeln!(f, "  headers that it does not: {}", listed(&withheld))?;
        }
        if self.exchanges.is_empty() {
            writeln!(f, "\nnothing was sent")?;
        }
        for (at, exchange) in self.exchanges.iter().enumerate() {
            write!(f, "\n{}. {exchange}", at + 1)?;
        }
        Ok(())
    }
}

/// Somebody else's bytes for a person to read, cut to about 500 bytes.
pub(super) fn shown(bytes: &[u8]) -> String {
    readable(bytes, 500)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl fmt::Display for Exchange {
    /// One line a request line, header or body, `>` in front of what was sent and `<` in front of what came back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", if self.is_preflight { "preflight" } else { "request" })?;
        writeln!(f, "  > {} {}", self.method, self.url)?;
        write_message(f, '>', &self.headers, &self.body)?;
        match &self.answer {
            Some(answer) => answer.fmt(f)?,
            None => writeln!(f, "  < no answer")?,
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

impl fmt::Display for Answer {
    /// One line a status line, header or body, `<` in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        writeln!(f, "  < {} {}", self.status, reason.unwrap_or_default())?;
        write_message(f, '<', &self.headers, &self.body)?;
        match &self.body_error {
            Some(error) => writeln!(f, "  < the body broke off, with {}", shown(error.as_bytes())),
            None => Ok(()),
        }
    }
}

fn write_message(
    f: &mut fmt::Formatter<'_>,
    arrow: char,
    headers: &[(String, Vec<u8>)],
    body: &[u8],
) -> fmt::Result {
    for (name, value) in headers {
        writeln!(f, "  {arrow} {name}: {}", shown(value))?;
    }
    if body.is_empty() { Ok(()) } else { writeln!(f, "  {arrow} {} bytes: {}", body.len(), shown(body)) }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BodyError {}
