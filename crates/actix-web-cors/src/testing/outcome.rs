//! The outcome of a fetch: the browser's verdict, what went over the wire, what the script can read, and the text that a
//! failed assertion prints. The cause behind the verdict is in `diagnosed`.

use std::{fmt, io};

use actix_web::{http::StatusCode, web::Bytes};
use fetch_cors::{
    browser::{self, Allowed, Blocked, PageOrigin, Reason, ResponseType, Url, Verdict, readable},
    diagnosis::{self, Place, Remedy},
};
use serde::de::DeserializeOwned;

use super::browser::Network;

/// The outcome of a fetch.
///
/// Its `Display` shows everything: the verdict, the reason and the fix if the script is given nothing, and every request and
/// response with its headers. [`assert_allowed!`](crate::assert_allowed) and [`assert_blocked!`](crate::assert_blocked) fail
/// with this text.
///
/// ```
/// use actix_web::{App, HttpResponse, test, web};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, get, put},
/// };
/// use serde_json::{Value, json};
///
/// #[actix_web::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let policy = Policy::builder().allow_origins(["https://app.example"]).expose_headers(["etag"]).build()?;
///     let item = || async { HttpResponse::Ok().insert_header(("etag", "\"1\"")).json(json!({ "name": "lamp" })) };
///     let app = App::new().wrap(Cors::new(policy)).route("/items/1", web::get().to(item));
///     let browser = Browser::new(test::init_service(app).await);
///     let page = browser.page("https://app.example");
///
///     // What the script reads.
///     let read = page.fetch(get("/items/1")).await;
///     assert!(read.is_allowed());
///     assert_eq!((read.status(), read.header("ETag").as_deref()), (Some(200), Some("\"1\"")));
///     assert_eq!(read.json::<Value>()?["name"], "lamp");
///     assert_eq!(read.text()?, r#"{"name":"lamp"}"#);
///     assert_eq!(read.body()?.len(), 15);
///     assert!(read.allowed().is_some_and(|allowed| !allowed.is_redirected));
///
///     // What went over the wire.
///     let exchange = &read.exchanges()[0];
///     assert_eq!(exchange.header("origin").as_deref(), Some("https://app.example"));
///     let response = exchange.response.as_ref().unwrap();
///     assert_eq!(response.header("vary").as_deref(), Some("origin"));
///
///     // Why the script gets nothing.
///     let write = page.fetch(put("/items/1")).await;
///     assert_eq!(write.blocked().unwrap().why(), "the preflight response does not allow the method PUT");
///     assert!(!write.verdict().is_allowed());
///     assert!(write.text().is_err());
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "check it, with assert_allowed! or assert_blocked! for example"]
pub struct Outcome {
    pub(super) request: String,
    pub(super) page: PageOrigin,
    pub(super) verdict: Verdict,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) fetched: browser::Request,
    pub(super) network: Network,
}

/// A request that left the browser, and its response. The example of [`Outcome`] looks at one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Whether this is the browser's CORS-preflight request, not the request that the script made.
    pub is_preflight: bool,
    /// The method.
    pub method: String,
    /// Where the request went.
    pub url: Url,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty if there is none.
    pub body: Bytes,
    /// None if there is no server at this URL's origin; see [`Browser::also_at`](super::Browser::also_at).
    pub response: Option<Response>,
    /// What else a person should know, in sentences: cookies that were not sent or not stored and why, and why there is no
    /// response.
    pub notes: Vec<String>,
}

/// What the application sent back. The example of [`Outcome`] looks at one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header lines, names in lower case and sorted.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as far as it was sent.
    pub body: Bytes,
    /// The error of the body's stream, if it failed. The script is given the response, and an error when it reads the body.
    pub body_error: Option<String>,
}

/// The script can't read the body. Both `Display` and `Debug` say why and show the whole [`Outcome`], so that a failed
/// `unwrap` in a test does.
#[derive(Clone)]
pub struct BodyError {
    text: String,
}

impl Outcome {
    /// Whether the browser allows or blocks, and why.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Every request that left the browser, with its response, in order: preflights, redirects, the last one. Empty if the
    /// browser sent nothing.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Whether the script is given a response, even if only an opaque one.
    pub fn is_allowed(&self) -> bool {
        self.verdict.is_allowed()
    }

    /// What the script is given; `None` if the browser blocks.
    pub fn allowed(&self) -> Option<&Allowed> {
        self.verdict.allowed()
    }

    /// Why the script is given nothing; `None` if the browser allows.
    pub fn blocked(&self) -> Option<&Blocked> {
        self.verdict.blocked()
    }

    /// The status that the script reads: 0 if the response is opaque, `None` if the browser blocks.
    pub fn status(&self) -> Option<u16> {
        self.allowed().map(|allowed| allowed.status)
    }

    /// The header that the script reads, by its name in any case: `None` if the response doesn't have or doesn't expose it.
    /// Several lines are joined by `, `. As in JavaScript, each byte is a character.
    pub fn header(&self, name: &str) -> Option<String> {
        Some(latin1(self.allowed()?.header(&name.to_ascii_lowercase())?))
    }

    /// The body that the script reads, which is empty if the response is opaque.
    ///
    /// # Errors
    ///
    /// If the browser blocks, or the body's stream failed.
    pub fn body(&self) -> Result<&[u8], BodyError> {
        let error =
            |why: &str| BodyError { text: format!("the page's script can't read the body: {why}\n\n{self}") };
        let Some(allowed) = self.allowed() else { return Err(error("the browser blocks the response")) };
        if matches!(allowed.response_type, ResponseType::Opaque | ResponseType::OpaqueRedirect) {
            return Ok(b"");
        }
        // Only a `data:` URL is allowed without an exchange.
        let Some(response) = self.exchanges.last().and_then(|last| last.response.as_ref()) else {
            return Err(error("it did not come from a server"));
        };
        match &response.body_error {
            None => Ok(&response.body),
            Some(broken) => {
                Err(error(&format!("the application's stream failed: {}", shown(broken.as_bytes()))))
            }
        }
    }

    /// The body as `response.text()` gives it: UTF-8, with replacement characters for what isn't, and without a byte-order
    /// mark.
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
    /// As with [`body`](Self::body), and if it is not JSON or does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        serde_json::from_str(&self.text()?).map_err(|error| BodyError {
            text: format!("the body is not the JSON that the test expects: {error}\n\n{self}"),
        })
    }

    // Public because the macro assert_allowed! calls it, wherever that is written.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect_allowed(&self) {
        assert!(self.is_allowed(), "expected the browser to allow this request, but it blocks it\n\n{self}");
    }

    // Public because the macro assert_blocked! calls it.
    #[doc(hidden)]
    #[track_caller]
    pub fn expect_blocked(&self, expected: &str, is_expected: impl FnOnce(&Reason) -> bool) {
        match self.blocked() {
            None => panic!("expected the browser to block this request, but it allows it\n\n{self}"),
            Some(blocked) if !is_expected(&blocked.reason) => panic!(
                "expected the browser to block this request because of {expected}, but it does so because of {:?}\n\n{self}",
                blocked.reason
            ),
            Some(_) => {}
        }
    }
}

impl Exchange {
    /// The request's header, by its name in any case. Several lines are joined by `, `. Each byte is a character.
    pub fn header(&self, name: &str) -> Option<String> {
        combined(&self.headers, name)
    }
}

impl Response {
    /// The response's header, by its name in any case, whether or not the script can read it. Several lines are joined by
    /// `, `. Each byte is a character.
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
        writeln!(f, "{} from a page of {}", shown(self.request.as_bytes()), self.page)?;
        let Verdict::Blocked(blocked) = &self.verdict else { return self.write_allowed(f) };
        let diagnosis = diagnosis::diagnose(&self.case());
        writeln!(f, "{diagnosis}")?;
        // The diagnosis knows where CORS has to stand, but not what that means in this framework.
        if let Remedy::Elsewhere { place: Place::Order, .. } = diagnosis.remedy {
            writeln!(
                f,
                "In Actix: wrap the application or the scope, not a route, and put Cors outside of authentication."
            )?;
        }
        if !diagnosis.is_certain() {
            writeln!(f, "To find out more: print outcome.diagnose().await, which sends further requests.")?;
        }
        diagnosis.notes.iter().try_for_each(|note| writeln!(f, "Note: {note}"))?;
        writeln!(f, "The rule: {} ({})", blocked.why(), blocked.step)?;
        writeln!(f, "  see {}", blocked.spec())?;
        self.write_exchanges(f)
    }
}

impl Outcome {
    fn write_allowed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.verdict)?;
        if let Verdict::Allowed(allowed) = &self.verdict {
            let readable: Vec<&str> =
                allowed.readable_headers.iter().map(|(name, _)| name.as_str()).collect();
            writeln!(f, "  headers that the script can read: {}", listed(&readable))?;
            let withheld: Vec<&str> = allowed.withheld_headers.iter().map(String::as_str).collect();
            writeln!(f, "  headers that it can't: {}", listed(&withheld))?;
        }
        self.write_exchanges(f)
    }

    fn write_exchanges(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exchanges.is_empty() {
            writeln!(f, "\nnothing was sent")?;
        }
        for (at, exchange) in self.exchanges.iter().enumerate() {
            write!(f, "\n{}. {exchange}", at + 1)?;
        }
        Ok(())
    }
}

/// Untrusted bytes, made readable for a person and cut to about 500 bytes.
pub(super) fn shown(bytes: &[u8]) -> String {
    readable(bytes, 500)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl fmt::Display for Exchange {
    /// The request line, each header and the body on a line each: `>` marks what was sent, `<` what came back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", if self.is_preflight { "preflight" } else { "request" })?;
        writeln!(f, "  > {} {}", self.method, self.url)?;
        write_message(f, '>', &self.headers, &self.body)?;
        match &self.response {
            Some(response) => response.fmt(f)?,
            None => writeln!(f, "  < no response")?,
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

impl fmt::Display for Response {
    /// The status line, each header and the body on a line each, marked by `<`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        writeln!(f, "  < {} {}", self.status, reason.unwrap_or_default())?;
        write_message(f, '<', &self.headers, &self.body)?;
        match &self.body_error {
            Some(error) => writeln!(f, "  < the body's stream failed: {}", shown(error.as_bytes())),
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

/// Of the kind `InvalidData`, for a test that returns `io::Result`.
impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
