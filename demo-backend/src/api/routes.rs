//! A small notes API, kept in memory, as anyone might have it before they ever heard of CORS, with a few more routes for what
//! pages load. Nothing in it knows where a request came from: what other origins may do is up to the policy alone.
//!
//! What each route responds stands once more, as a table, in [`route_table`](super::route_table), for predictions.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, Resource, Route, Scope,
    body::MessageBody,
    cookie::{Cookie, SameSite},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Path, ReqData, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    fetch_metadata,
    files::{EVENTS, FONT, MODULE, PNG, SVG},
    hand::by_hand,
    headers::{USER_COOKIE, VISITOR_COOKIE},
    login::CookieKind,
    note_text::{BadNoteText, read_note_text},
    record::mark_reached,
    redirect::Redirection,
};
use crate::{
    api_path::{ApiPath, run_of, session_prefix},
    json_error::JsonError,
    origins::Origins,
    session::{
        Session,
        account::{Account, USER},
        notes::{MAX_NOTE_BYTES, Note},
    },
};

type OfSession = ReqData<Arc<Session>>;

/// The routes, all below `/api/`, for every session and with and without the cache; and the server written by hand, for every
/// session but the default one.
pub fn routes(origins: Data<Origins>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(origins)
            .app_data(web::PathConfig::default().error_handler(|_, _| {
                JsonError::new(StatusCode::NOT_FOUND, "a note's id is a number").into()
            }))
            .app_data(web::PayloadConfig::new(16 * 1024));
        for prefix in ApiPath::scopes() {
            config.service(scope(&prefix));
        }
        for prefix in ApiPath::hand_scopes() {
            config.service(web::scope(&prefix).default_service(web::to(by_hand)));
        }
        config.default_service(web::to(not_found));
    }
}

fn scope(prefix: &str) -> Scope {
    web::scope(prefix)
        .service(resource("/notes").route(marked(get().to(list))).route(marked(web::post().to(create))))
        .service(
            resource("/notes/{id}")
                .route(marked(get().to(read)))
                .route(marked(web::put().to(replace)))
                .route(marked(web::patch().to(change)))
                .route(marked(web::delete().to(delete))),
        )
        .service(resource("/session").route(marked(get().to(session))))
        .service(resource("/login").route(marked(web::post().to(login))))
        .service(resource("/my-notes").route(marked(get().to(my_notes))))
        .service(resource("/transfer").route(marked(web::post().to(transfer))))
        .service(resource("/fail").route(marked(get().to(fail))))
        .service(resource("/guarded").route(marked(get().to(guarded))).wrap(from_fn(require_key)))
        .service(resource("/redirect").route(marked(web::to(redirect))))
        .service(file("/font", "font/woff2", FONT))
        .service(file("/image.png", "image/png", PNG))
        .service(file("/image.svg", "image/svg+xml", SVG))
        .service(file("/module.js", "text/javascript", MODULE))
        .service(file("/events", "text/event-stream", EVENTS))
        .service(resource("/headers").route(marked(get().to(headers))))
        .default_service(web::to(not_found))
}

fn file(path: &str, content_type: &'static str, bytes: &'static [u8]) -> Resource {
    let handler = move || async move {
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, content_type)).body(bytes)
    };
    resource(path).route(marked(get().to(handler)))
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(wrong_method))
}

/// `GET`, and `HEAD`, whose response is the same without a body.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A route whose handler leaves a mark in the exchange log when it runs.
fn marked(route: Route) -> Route {
    route.wrap(from_fn(mark_reached))
}

/// `GET /api/notes`, with an `ETag`.
async fn list(session: OfSession) -> HttpResponse {
    let state = session.state();
    HttpResponse::Ok().insert_header((header::ETAG, state.notes.tag())).json(state.notes.list())
}

/// `POST /api/notes` with a text in any form that [`read_note_text`] reads.
async fn create(session: OfSession, request: HttpRequest, body: Bytes) -> Result<HttpResponse, JsonError> {
    let text = text_of(&request, &body)?;
    let notes = &mut session.state().notes;
    if notes.is_full() {
        return Err(no_room());
    }
    let id = notes.next_id();
    notes.put(id, text.clone());
    let path = path_of(&request)?;
    let location = path.with_route(&format!("notes/{id}")).to_string();
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(Note { id, text }))
}

#[derive(Clone, Copy, Deserialize)]
struct NoteId {
    id: u32,
}

/// `GET /api/notes/{id}`
async fn read(session: OfSession, path: Path<NoteId>) -> Result<HttpResponse, JsonError> {
    let id = path.id;
    match session.state().notes.get(id) {
        Some(text) => Ok(HttpResponse::Ok().json(Note { id, text: text.to_owned() })),
        None => Err(no_note(id)),
    }
}

/// `PUT /api/notes/{id}`. A note that was not there is created.
async fn replace(
    session: OfSession,
    path: Path<NoteId>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, JsonError> {
    let (id, text) = (path.id, text_of(&request, &body)?);
    let notes = &mut session.state().notes;
    let status = match notes.get(id) {
        Some(_) => StatusCode::OK,
        None if notes.is_full() => return Err(no_room()),
        None => StatusCode::CREATED,
    };
    notes.put(id, text.clone());
    Ok(HttpResponse::build(status).json(Note { id, text }))
}

/// `PATCH /api/notes/{id}`. A note that is not there can't be changed.
async fn change(
    session: OfSession,
    path: Path<NoteId>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, JsonError> {
    let (id, text) = (path.id, text_of(&request, &body)?);
    let notes = &mut session.state().notes;
    if notes.get(id).is_none() {
        return Err(no_note(id));
    }
    notes.put(id, text.clone());
    Ok(HttpResponse::Ok().json(Note { id, text }))
}

/// `DELETE /api/notes/{id}`; that the note is gone already is not an error.
async fn delete(session: OfSession, path: Path<NoteId>) -> HttpResponse {
    session.state().notes.remove(path.id);
    HttpResponse::NoContent().finish()
}

/// `GET /api/session`: counts the visits of the visitor whose cookie is sent, and gives new visitors a cookie.
async fn session(session: OfSession, request: HttpRequest) -> Result<HttpResponse, JsonError> {
    let known = cookie_of(&request, VISITOR_COOKIE);
    let (id, visits) = session
        .state()
        .visitors
        .count(known)
        .map_err(|error| JsonError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let cookie = Cookie::build(VISITOR_COOKIE, format!("{id:016x}"))
        .path(cookie_path(&session))
        .http_only(true)
        .same_site(SameSite::Lax);
    Ok(HttpResponse::Ok().cookie(cookie.finish()).json(json!({ "visits": visits })))
}

/// `POST /api/login?cookie=…`: signs the user in; see [`CookieKind`].
async fn login(session: OfSession, request: HttpRequest) -> Result<HttpResponse, JsonError> {
    let kind = CookieKind::read(request.query_string())
        .map_err(|message| JsonError::new(StatusCode::BAD_REQUEST, message))?;
    let token = session
        .state()
        .account
        .sign_in()
        .map_err(|error| JsonError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let cookie = kind.set_cookie(format_args!("{token:016x}"), &cookie_path(&session));
    Ok(HttpResponse::Ok().insert_header((header::SET_COOKIE, cookie)).json(json!({ "user": USER })))
}

/// `GET /api/my-notes`: the signed-in user's own notes, and nobody else's.
async fn my_notes(session: OfSession, request: HttpRequest) -> Result<HttpResponse, JsonError> {
    require_user(&session, &request)?;
    Ok(HttpResponse::Ok().json(Account::notes()))
}

/// `POST /api/transfer`: takes money from the signed-in user's account. A body is not read, so that a form of any page can
/// send it. With `?guard=fetch-metadata` it refuses other sites' requests.
async fn transfer(session: OfSession, request: HttpRequest) -> Result<HttpResponse, JsonError> {
    let value = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if fetch_metadata::is_guarded(request.query_string())
        && fetch_metadata::is_foreign(value("sec-fetch-site"), value("origin"), &session.policy())
    {
        return Err(JsonError::new(StatusCode::FORBIDDEN, "a page of another origin may not do that"));
    }
    require_user(&session, &request)?;
    let account = &mut session.state().account;
    if account.is_empty() {
        return Err(JsonError::new(StatusCode::CONFLICT, "the account is empty; start over"));
    }
    account.transfer();
    Ok(HttpResponse::Ok().json(json!({ "balance": account.balance() })))
}

/// 401 without the cookie of somebody who signed in.
fn require_user(session: &Session, request: &HttpRequest) -> Result<(), JsonError> {
    if session.state().account.is_signed_in(cookie_of(request, USER_COOKIE)) {
        Ok(())
    } else {
        Err(JsonError::new(StatusCode::UNAUTHORIZED, "sign in first: POST to login"))
    }
}

/// The number in a cookie.
fn cookie_of(request: &HttpRequest, name: &str) -> Option<u64> {
    request.cookie(name).and_then(|cookie| u64::from_str_radix(cookie.value(), 16).ok())
}

/// Below the session's own paths, so that the sessions of one browser don't see each other's cookies.
fn cookie_path(session: &Session) -> String {
    session_prefix(session.id()) + "/"
}

/// `GET /api/fail`: errors are responses too.
async fn fail() -> Result<HttpResponse, JsonError> {
    Err(JsonError::new(StatusCode::INTERNAL_SERVER_ERROR, "this route always fails"))
}

/// `GET /api/guarded`, if [`require_key`] lets it through.
async fn guarded() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "secret": "CORS is not access control; this is" }))
}

/// A middleware inside of `Cors` that returns an error instead of a response.
async fn require_key(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.headers().contains_key("x-api-key") {
        next.call(request).await
    } else {
        Err(JsonError::new(StatusCode::UNAUTHORIZED, "send any x-api-key header").into())
    }
}

/// `/api/redirect?to=…&status=…`, for any method; see [`Redirection`].
async fn redirect(origins: Data<Origins>, request: HttpRequest) -> Result<HttpResponse, JsonError> {
    let redirect = Redirection::read(path_of(&request)?, request.query_string(), &origins)
        .map_err(|message| JsonError::new(StatusCode::BAD_REQUEST, message))?;
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    Ok(HttpResponse::build(status).insert_header((header::LOCATION, redirect.location)).finish())
}

/// `GET /api/headers`: a response with headers of all kinds, most of which a script may read only if they are exposed.
async fn headers(request: HttpRequest) -> HttpResponse {
    let run = run_of(request.query_string());
    HttpResponse::Ok()
        .insert_header((header::CONTENT_LANGUAGE, "en"))
        .insert_header((header::ETAG, "\"lab-1\""))
        .insert_header(("x-request-id", if run.is_empty() { "none" } else { run }.to_owned()))
        .insert_header(("x-total-count", "3"))
        .json(json!({ "look": "at the headers" }))
}

async fn wrong_method(request: HttpRequest) -> JsonError {
    JsonError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} does not accept {}", request.path(), request.method()),
    )
}

async fn not_found(request: HttpRequest) -> JsonError {
    not_found_at(request.path())
}

fn not_found_at(path: &str) -> JsonError {
    JsonError::new(
        StatusCode::NOT_FOUND,
        format!("{path} is not a route; the API's routes begin at /api/notes, or at /s/<session>/api/notes"),
    )
}

/// 404 for paths of no session, before a handler needs the session; the innermost middleware of the API.
///
/// # Errors
///
/// That 404.
pub async fn require_session(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.extensions().get::<Arc<Session>>().is_none() {
        return Err(not_found_at(request.path()).into());
    }
    next.call(request).await
}

fn text_of(request: &HttpRequest, body: &[u8]) -> Result<String, JsonError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    read_note_text(content_type, body).map_err(|error| match error {
        BadNoteText::Unreadable(why) => JsonError::new(StatusCode::BAD_REQUEST, why),
        BadNoteText::TooLong(length) => JsonError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a note has at most {MAX_NOTE_BYTES} bytes, this one has {length}"),
        ),
    })
}

fn no_room() -> JsonError {
    JsonError::new(StatusCode::INSUFFICIENT_STORAGE, "the notes are full; delete one")
}

fn no_note(id: u32) -> JsonError {
    JsonError::new(StatusCode::NOT_FOUND, format!("note {id} does not exist"))
}

fn path_of(request: &HttpRequest) -> Result<ApiPath<'_>, JsonError> {
    ApiPath::parse(request.path()).ok_or_else(|| not_found_at(request.path()))
}
