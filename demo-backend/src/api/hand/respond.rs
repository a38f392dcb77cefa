//! What a server written by hand responds with, to the handler and to predictions alike.

use crate::{
    api::{
        files,
        headers::cache_headers,
        redirect::{self, is_redirect},
    },
    api_path::{ApiPath, run_of},
    origins::Origins,
    session::hand_written::{HandResponse, HandWritten},
};

/// What stands for the request's `Origin` in a value.
pub(super) const ORIGIN: &str = "{origin}";

/// A request as the server written by hand reads it.
#[derive(Clone, Copy, Debug)]
pub struct HandRequest<'a> {
    /// Whether the method is `OPTIONS`.
    pub is_options: bool,
    /// The path.
    pub path: ApiPath<'a>,
    /// The query, without `?`.
    pub query: &'a str,
    /// `Origin`
    pub origin: Option<&'a [u8]>,
    /// Where redirects may lead.
    pub origins: &'a Origins,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandReply {
    /// The connection is closed without a response.
    Closed,
    /// A response.
    Response {
        /// The status.
        status: u16,
        /// All header lines, with those that the Lab adds.
        headers: Vec<(String, Vec<u8>)>,
        /// One of the Lab's own, whatever the reader writes.
        body: &'static [u8],
    },
}

/// The response that is written for such a request.
pub(super) fn chosen(hand: &HandWritten, is_options: bool) -> &HandResponse {
    if is_options { &hand.preflight } else { &hand.response }
}

/// What the server responds with.
pub fn respond(hand: &HandWritten, request: &HandRequest<'_>) -> HandReply {
    let written = chosen(hand, request.is_options);
    if written.close {
        return HandReply::Closed;
    }
    let status = written.status;
    let mut headers: Vec<_> =
        written.headers.iter().filter_map(|(name, value)| line(name, value, request.origin)).collect();
    // What it leads to was checked when the server was written.
    if let Some(to) = written.redirect.as_deref().filter(|_| is_redirect(status))
        && let Ok(location) = redirect::location(request.path, to, run_of(request.query), request.origins)
    {
        headers.push(("location".to_owned(), location.into_bytes()));
    }
    let has_body = !has_no_body(status);
    let content_type = headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    let file = content_type.as_deref().and_then(files::of_type);
    if content_type.is_none() && has_body {
        headers.push(("content-type".to_owned(), b"application/json".to_vec()));
    }
    headers.push(("x-content-type-options".to_owned(), b"nosniff".to_vec()));
    let cache = cache_headers(request.path.is_cached).into_iter();
    headers.extend(cache.map(|(name, value)| (name.as_str().to_owned(), value.into_bytes())));
    let body = if has_body { file.unwrap_or(files::BY_HAND) } else { b"" };
    HandReply::Response { status, headers, body }
}

/// Whether a response with this status has no body. <https://fetch.spec.whatwg.org/#null-body-status>
fn has_no_body(status: u16) -> bool {
    matches!(status, 204 | 205)
}

/// A line as it is sent; none if it repeats an origin that the request doesn't have.
fn line(name: &str, value: &str, origin: Option<&[u8]>) -> Option<(String, Vec<u8>)> {
    let value = value.trim_matches([' ', '\t']);
    let value = if value.contains(ORIGIN) {
        value.split(ORIGIN).map(str::as_bytes).collect::<Vec<_>>().join(origin?)
    } else {
        value.as_bytes().to_vec()
    };
    Some((name.to_ascii_lowercase(), value))
}
