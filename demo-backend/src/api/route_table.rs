//! What each route of the API responds, as a table: status and headers, without running a handler. Predictions are made from
//! it, and a test compares it with the real routes. The CORS headers are up to the policy, and not in it.

use actix_web_cors::Policy;

use super::{
    fetch_metadata,
    headers::{VISITOR_COOKIE, cache_headers},
    login::CookieKind,
    note_text::{BadNoteText, read_note_text},
    redirect::Redirection,
};
use crate::{
    api_path::{ApiPath, run_of, session_prefix},
    origins::Origins,
    session::{account::Account, notes::Notes},
};

/// A request as the routes read it.
#[derive(Clone, Copy, Debug)]
pub struct RouteRequest<'a> {
    /// The method, as it goes over the wire.
    pub method: &'a str,
    /// The path.
    pub path: ApiPath<'a>,
    /// The query, without `?`.
    pub query: &'a str,
    /// `Content-Type`
    pub content_type: Option<&'a str>,
    /// Whether it has an `X-Api-Key`.
    pub has_key: bool,
    /// `Sec-Fetch-Site`
    pub sec_fetch_site: Option<&'a str>,
    /// `Origin`
    pub origin: Option<&'a str>,
    /// Whether it has the cookie of the user who is signed in.
    pub is_signed_in: bool,
    /// The body.
    pub body: &'a [u8],
    /// What the API stores.
    pub notes: &'a Notes,
    /// Whose account it is.
    pub account: &'a Account,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Where redirects may lead.
    pub origins: &'a Origins,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteResponse {
    /// The status.
    pub status: u16,
    /// The headers, without those of CORS.
    pub headers: Vec<(String, String)>,
}

/// For such requests, this response.
struct Row {
    methods: Methods,
    route: &'static str,
    when: When,
    status: Value<u16>,
    headers: &'static [Header],
}

enum Methods {
    Any,
    These(&'static [&'static str]),
}

/// What must be so for a row to apply.
type When = fn(&RouteRequest<'_>) -> bool;

/// A status or a header's value: always the same, or computed from the request.
enum Value<T, U = T> {
    Is(T),
    Of(fn(&RouteRequest<'_>) -> U),
}

type Header = (&'static str, Value<&'static str, String>);

use Methods::{Any, These};
use Value::{Is, Of};

const GET: Methods = These(&["GET", "HEAD"]);
const POST: Methods = These(&["POST"]);
const PUT: Methods = These(&["PUT"]);
const PATCH: Methods = These(&["PATCH"]);
const DELETE: Methods = These(&["DELETE"]);
const PUT_OR_PATCH: Methods = These(&["PUT", "PATCH"]);
const JSON: Header = ("content-type", Is("application/json"));
const LOCATION: Header = ("location", Of(redirect_location));
const ALWAYS: When = |_| true;

const fn row(
    methods: Methods,
    route: &'static str,
    when: When,
    status: Value<u16>,
    headers: &'static [Header],
) -> Row {
    Row { methods, route, when, status, headers }
}

/// The first row that fits applies.
const TABLE: &[Row] = &[
    row(GET, "notes", ALWAYS, Is(200), &[("etag", Of(|request| request.notes.tag())), JSON]),
    row(POST, "notes", is_unreadable, Is(400), &[JSON]),
    row(POST, "notes", is_too_long, Is(413), &[JSON]),
    row(POST, "notes", |request| request.notes.is_full(), Is(507), &[JSON]),
    row(POST, "notes", ALWAYS, Is(201), &[("location", Of(new_note)), JSON]),
    row(Any, "notes", ALWAYS, Is(405), &[JSON]),
    row(GET, "notes/{id}", has_note, Is(200), &[JSON]),
    row(GET, "notes/{id}", ALWAYS, Is(404), &[JSON]),
    row(DELETE, "notes/{id}", has_id, Is(204), &[]),
    row(DELETE, "notes/{id}", ALWAYS, Is(404), &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", |request| !has_id(request), Is(404), &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", is_unreadable, Is(400), &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", is_too_long, Is(413), &[JSON]),
    row(PUT_OR_PATCH, "notes/{id}", has_note, Is(200), &[JSON]),
    row(PATCH, "notes/{id}", ALWAYS, Is(404), &[JSON]),
    row(PUT, "notes/{id}", |request| request.notes.is_full(), Is(507), &[JSON]),
    row(PUT, "notes/{id}", ALWAYS, Is(201), &[JSON]),
    row(Any, "notes/{id}", ALWAYS, Is(405), &[JSON]),
    row(GET, "session", ALWAYS, Is(200), &[("set-cookie", Of(cookie)), JSON]),
    row(
        POST,
        "login",
        |request| login_kind(request).is_some(),
        Is(200),
        &[("set-cookie", Of(user_cookie)), JSON],
    ),
    row(POST, "login", ALWAYS, Is(400), &[JSON]),
    row(GET, "my-notes", |request| request.is_signed_in, Is(200), &[JSON]),
    row(GET, "my-notes", ALWAYS, Is(401), &[JSON]),
    row(POST, "transfer", is_refused_as_foreign, Is(403), &[JSON]),
    row(POST, "transfer", |request| !request.is_signed_in, Is(401), &[JSON]),
    row(POST, "transfer", |request| request.account.is_empty(), Is(409), &[JSON]),
    row(POST, "transfer", ALWAYS, Is(200), &[JSON]),
    row(GET, "fail", ALWAYS, Is(500), &[JSON]),
    // The middleware runs before the method is looked at.
    row(Any, "guarded", |request| !request.has_key, Is(401), &[JSON]),
    row(GET, "guarded", ALWAYS, Is(200), &[JSON]),
    row(Any, "redirect", redirects, Of(redirect_status), &[LOCATION]),
    row(Any, "redirect", ALWAYS, Is(400), &[JSON]),
    row(GET, "font", ALWAYS, Is(200), &[("content-type", Is("font/woff2"))]),
    row(GET, "image.png", ALWAYS, Is(200), &[("content-type", Is("image/png"))]),
    row(GET, "image.svg", ALWAYS, Is(200), &[("content-type", Is("image/svg+xml"))]),
    row(GET, "module.js", ALWAYS, Is(200), &[("content-type", Is("text/javascript"))]),
    row(GET, "events", ALWAYS, Is(200), &[("content-type", Is("text/event-stream"))]),
    row(
        GET,
        "headers",
        ALWAYS,
        Is(200),
        &[
            ("content-language", Is("en")),
            ("etag", Is("\"lab-1\"")),
            ("x-request-id", Of(request_id)),
            ("x-total-count", Is("3")),
            JSON,
        ],
    ),
    row(Any, "session", ALWAYS, Is(405), &[JSON]),
    row(Any, "login", ALWAYS, Is(405), &[JSON]),
    row(Any, "my-notes", ALWAYS, Is(405), &[JSON]),
    row(Any, "transfer", ALWAYS, Is(405), &[JSON]),
    row(Any, "fail", ALWAYS, Is(405), &[JSON]),
    row(Any, "guarded", ALWAYS, Is(405), &[JSON]),
    row(Any, "font", ALWAYS, Is(405), &[JSON]),
    row(Any, "image.png", ALWAYS, Is(405), &[JSON]),
    row(Any, "image.svg", ALWAYS, Is(405), &[JSON]),
    row(Any, "module.js", ALWAYS, Is(405), &[JSON]),
    row(Any, "events", ALWAYS, Is(405), &[JSON]),
    row(Any, "headers", ALWAYS, Is(405), &[JSON]),
];

/// How many rows the table has.
pub const ROWS: usize = TABLE.len();

/// The row that applies to a request, if there is one. Public so that a test can tell whether it has met every row.
pub fn row_for(request: &RouteRequest<'_>) -> Option<usize> {
    TABLE.iter().position(|row| {
        let method_fits = match row.methods {
            Any => true,
            These(methods) => methods.contains(&request.method),
        };
        let route_fits = match row.route.strip_suffix("{id}") {
            Some(before) => {
                let id = request.path.route.strip_prefix(before);
                id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
            }
            None => request.path.route == row.route,
        };
        method_fits && route_fits && (row.when)(request)
    })
}

/// What the API will respond.
pub fn respond(request: &RouteRequest<'_>) -> RouteResponse {
    let (status, headers) = match row_for(request).map(|row| &TABLE[row]) {
        Some(Row { status: Is(status), headers, .. }) => (*status, *headers),
        Some(Row { status: Of(status), headers, .. }) => (status(request), *headers),
        None => (404, &[JSON][..]),
    };
    let headers = headers.iter().map(|(name, value)| {
        let value = match value {
            Is(value) => (*value).to_owned(),
            Of(value) => value(request),
        };
        ((*name).to_owned(), value)
    });
    RouteResponse { status, headers: headers.chain(cache_lines(request.path)).collect() }
}

/// What every response at this path says to caches, even a preflight's.
pub fn cache_lines(path: ApiPath<'_>) -> impl Iterator<Item = (String, String)> {
    cache_headers(path.is_cached).into_iter().map(|(name, value)| (name.as_str().to_owned(), value))
}

fn id(request: &RouteRequest<'_>) -> Option<u32> {
    request.path.route.strip_prefix("notes/")?.parse().ok()
}

fn has_id(request: &RouteRequest<'_>) -> bool {
    id(request).is_some()
}

fn has_note(request: &RouteRequest<'_>) -> bool {
    id(request).is_some_and(|id| request.notes.get(id).is_some())
}

fn is_unreadable(request: &RouteRequest<'_>) -> bool {
    matches!(read_note_text(request.content_type, request.body), Err(BadNoteText::Unreadable(_)))
}

fn is_too_long(request: &RouteRequest<'_>) -> bool {
    matches!(read_note_text(request.content_type, request.body), Err(BadNoteText::TooLong(_)))
}

fn new_note(request: &RouteRequest<'_>) -> String {
    request.path.with_route(&format!("notes/{}", request.notes.next_id())).to_string()
}

fn redirection(request: &RouteRequest<'_>) -> Option<Redirection> {
    Redirection::read(request.path, request.query, request.origins).ok()
}

fn redirects(request: &RouteRequest<'_>) -> bool {
    redirection(request).is_some()
}

fn redirect_status(request: &RouteRequest<'_>) -> u16 {
    redirection(request).map(|redirection| redirection.status).unwrap_or_default()
}

fn redirect_location(request: &RouteRequest<'_>) -> String {
    redirection(request).map(|redirection| redirection.location).unwrap_or_default()
}

/// Its value can't be predicted; scripts can't read it.
fn cookie(request: &RouteRequest<'_>) -> String {
    format!("{VISITOR_COOKIE}=…; HttpOnly; SameSite=Lax; Path={}/", session_prefix(request.path.session))
}

fn login_kind(request: &RouteRequest<'_>) -> Option<CookieKind> {
    CookieKind::read(request.query).ok()
}

fn user_cookie(request: &RouteRequest<'_>) -> String {
    let path = session_prefix(request.path.session) + "/";
    login_kind(request).unwrap_or_default().set_cookie("…", &path)
}

fn is_refused_as_foreign(request: &RouteRequest<'_>) -> bool {
    fetch_metadata::is_guarded(request.query)
        && fetch_metadata::is_foreign(request.sec_fetch_site, request.origin, request.policy)
}

fn request_id(request: &RouteRequest<'_>) -> String {
    let run = run_of(request.query);
    if run.is_empty() { "none" } else { run }.to_owned()
}
