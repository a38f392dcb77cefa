//! What each route of the API answers, as a table: status and headers, without running a handler. Predictions are made
//! from it, and a test compares it with the real routes. The CORS headers are the policy's matter, and not in it.

use crate::{
    api::COOKIE,
    notes::{NoText, Notes, read_text},
    origins::Origins,
    place::{Place, run_of, session_prefix},
    redirect::Redirect,
};

/// A request as the routes read it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method, as it goes over the wire.
    pub method: &'a str,
    /// Where to.
    pub place: Place<'a>,
    /// The query, without `?`.
    pub query: &'a str,
    /// `Content-Type`
    pub content_type: Option<&'a str>,
    /// Whether it has an `X-Api-Key`.
    pub has_key: bool,
    /// The body.
    pub body: &'a [u8],
    /// What the API holds.
    pub notes: &'a Notes,
    /// Where redirects may lead.
    pub origins: &'a Origins,
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, without CORS's.
    pub headers: Vec<(&'static str, String)>,
}

/// A line of the table: for such requests, this answer.
struct Row {
    methods: Methods,
    route: &'static str,
    when: When,
    status: u16,
    headers: &'static [(&'static str, Value)],
}

enum Methods {
    Any,
    These(&'static [&'static str]),
}

/// What must be so for a line to count.
type When = fn(&Asked<'_>) -> bool;

/// A header's value.
enum Value {
    Is(&'static str),
    Of(fn(&Asked<'_>) -> String),
}

use Methods::{Any, These};
use Value::{Is, Of};

const GET: Methods = These(&["GET", "HEAD"]);
const POST: Methods = These(&["POST"]);
const PUT: Methods = These(&["PUT"]);
const PATCH: Methods = These(&["PATCH"]);
const DELETE: Methods = These(&["DELETE"]);
const PUT_OR_PATCH: Methods = These(&["PUT", "PATCH"]);
const JSON: (&str, Value) = ("content-type", Is("application/json"));
const LOCATION: (&str, Value) = ("location", Of(redirect));
const ALWAYS: When = |_| true;

const fn row(
    methods: Methods,
    route: &'static str,
    when: When,
    status: u16,
    headers: &'static [(&'static str, Value)],
) -> Row {
    Row { methods, route, when, status, headers }
}

/// The first line that fits counts.
const TABLE: &[Row] = &[
    row(GET, "notes", ALWAYS, 200, &[("etag", Of(|asked| asked.notes.tag())), JSON]),
    row(POST, "notes", is_unreadable, 400, &[JSON]),
    row(POST, "notes", is_too_long, 413, &[JSON]),
    row(POST, "notes", |asked| asked.notes.is_full(), 507, &[JSON]),
    row(POST, "notes", ALWAYS, 201, &[("location", Of(new_note)), JSON]),
    row(Any, "notes", ALWAYS, 405, &[JSON]),
    row(GET, "notes/{id}", has_note, 200, &[JSON]),
    row(GET, "notes/{id}", ALWAYS, 404, &[JSON]),
    row(DELETE, "notes/{id}", has_id, 204, &[]),
    row(DELETE, "notes/{id}", ALWAYS, 404, &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", |asked| !has_id(asked), 404, &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", is_unreadable, 400, &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", is_too_long, 413, &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", has_note, 200, &[JSON]),
    row(PATCH, "notes/{id}", ALWAYS, 404, &[JSON]),
    row(PUT, "notes/{id}", |asked| asked.notes.is_full(), 507, &[JSON]),
    row(PUT, "notes/{id}", ALWAYS, 201, &[JSON]),
    row(Any, "notes/{id}", ALWAYS, 405, &[JSON]),
    row(GET, "session", ALWAYS, 200, &[("set-cookie", Of(cookie)), JSON]),
    row(GET, "fail", ALWAYS, 500, &[JSON]),
    // The middleware stands before the methods.
    row(Any, "guarded", |asked| !asked.has_key, 401, &[JSON]),
    row(GET, "guarded", ALWAYS, 200, &[JSON]),
    row(Any, "redirect", |asked| redirects(asked, 301), 301, &[LOCATION]),
    row(Any, "redirect", |asked| redirects(asked, 302), 302, &[LOCATION]),
    row(Any, "redirect", |asked| redirects(asked, 303), 303, &[LOCATION]),
    row(Any, "redirect", |asked| redirects(asked, 307), 307, &[LOCATION]),
    row(Any, "redirect", |asked| redirects(asked, 308), 308, &[LOCATION]),
    row(Any, "redirect", ALWAYS, 400, &[JSON]),
    row(GET, "font", ALWAYS, 200, &[("content-type", Is("font/woff2"))]),
    row(GET, "image.png", ALWAYS, 200, &[("content-type", Is("image/png"))]),
    row(GET, "image.svg", ALWAYS, 200, &[("content-type", Is("image/svg+xml"))]),
    row(GET, "module.js", ALWAYS, 200, &[("content-type", Is("text/javascript"))]),
    row(GET, "events", ALWAYS, 200, &[("content-type", Is("text/event-stream"))]),
    row(
        GET,
        "headers",
        ALWAYS,
        200,
        &[
            ("content-language", Is("en")),
            ("etag", Is("\"lab-1\"")),
            ("x-request-id", Of(request_id)),
            ("x-total-count", Is("3")),
            JSON,
        ],
    ),
    row(Any, "session", ALWAYS, 405, &[JSON]),
    row(Any, "fail", ALWAYS, 405, &[JSON]),
    row(Any, "guarded", ALWAYS, 405, &[JSON]),
    row(Any, "font", ALWAYS, 405, &[JSON]),
    row(Any, "image.png", ALWAYS, 405, &[JSON]),
    row(Any, "image.svg", ALWAYS, 405, &[JSON]),
    row(Any, "module.js", ALWAYS, 405, &[JSON]),
    row(Any, "events", ALWAYS, 405, &[JSON]),
    row(Any, "headers", ALWAYS, 405, &[JSON]),
];

/// How many lines the table has.
pub const LINES: usize = TABLE.len();

/// The line that counts for a request, if there is one, so that a test can tell that it has seen all.
pub fn line(asked: &Asked<'_>) -> Option<usize> {
    TABLE.iter().position(|row| {
        let method_fits = match row.methods {
            Any => true,
            These(methods) => methods.contains(&asked.method),
        };
        let route_fits = match row.route.strip_suffix("{id}") {
            Some(before) => {
                let id = asked.place.route.strip_prefix(before);
                id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
            }
            None => asked.place.route == row.route,
        };
        method_fits && route_fits && (row.when)(asked)
    })
}

/// What the API will answer.
pub fn answer(asked: &Asked<'_>) -> Answer {
    let (status, headers) = match line(asked) {
        Some(line) => (TABLE[line].status, TABLE[line].headers),
        None => (404, &[JSON][..]),
    };
    let headers = headers.iter().map(|(name, value)| {
        let value = match value {
            Is(value) => (*value).to_owned(),
            Of(value) => value(asked),
        };
        (*name, value)
    });
    let mut headers: Vec<_> = headers.collect();
    headers.extend(for_caches(asked.place));
    Answer { status, headers }
}

/// What every answer at this place says to caches, a preflight's too.
pub fn for_caches(place: Place<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("cache-control", "no-store".to_owned())];
    if place.cached {
        headers.push(("cdn-cache-control", "max-age=600".to_owned()));
    }
    headers
}

fn id(asked: &Asked<'_>) -> Option<u32> {
    asked.place.route.strip_prefix("notes/")?.parse().ok()
}

fn has_id(asked: &Asked<'_>) -> bool {
    id(asked).is_some()
}

fn has_note(asked: &Asked<'_>) -> bool {
    id(asked).is_some_and(|id| asked.notes.get(id).is_some())
}

fn is_unreadable(asked: &Asked<'_>) -> bool {
    matches!(read_text(asked.content_type, asked.body), Err(NoText::Unreadable(_)))
}

fn is_too_long(asked: &Asked<'_>) -> bool {
    matches!(read_text(asked.content_type, asked.body), Err(NoText::TooLong(_)))
}

fn new_note(asked: &Asked<'_>) -> String {
    format!("{}/api/notes/{}", asked.place.prefix(), asked.notes.next_id())
}

fn read_redirect(asked: &Asked<'_>) -> Option<Redirect> {
    Redirect::read(&asked.place.prefix(), asked.query, asked.origins).ok()
}

fn redirects(asked: &Asked<'_>, status: u16) -> bool {
    read_redirect(asked).is_some_and(|redirect| redirect.status == status)
}

fn redirect(asked: &Asked<'_>) -> String {
    read_redirect(asked).map(|redirect| redirect.location).unwrap_or_default()
}

/// Whose value nobody can predict, and no script read.
fn cookie(asked: &Asked<'_>) -> String {
    format!("{COOKIE}=…; HttpOnly; SameSite=Lax; Path={}/", session_prefix(asked.place.session))
}

fn request_id(asked: &Asked<'_>) -> String {
    let run = run_of(asked.query);
    if run.is_empty() { "none" } else { run }.to_owned()
}
