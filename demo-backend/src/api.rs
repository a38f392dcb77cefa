//! A small notes API, kept in memory, as anyone might have it before they ever heard of CORS, with a few routes more for
//! what pages load. Nothing in it knows where a request came from; what other origins may do is the policy's matter alone.
//!
//! What each route answers is said once more, as a table, in [`route_table`](crate::route_table), for predictions.

use std::{fmt, sync::Arc};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, Resource, ResponseError, Route, Scope,
    body::MessageBody,
    cookie::{Cookie, SameSite},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Path, ReqData, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    exchange_log,
    notes::{self, NoText, Note},
    origins::Origins,
    place::{self, Place, session_prefix},
    redirect,
    session::Session,
    shared_cache::CDN_CACHE_CONTROL,
};

/// The cookie by which the API knows a visitor. Cookies ignore ports: the page's server gets it as well.
pub const COOKIE: &str = "lab_session";
/// What a font, two images and a script are: made for the Lab, by `tools/lab-assets.py`.
const FONT: &[u8] = include_bytes!("../assets/lab.woff2");
const PNG: &[u8] = include_bytes!("../assets/lab.png");
const SVG: &[u8] = include_bytes!("../assets/lab.svg");
const MODULE: &[u8] = b"export const greeting = \"Hello from another origin\";\nexport default greeting;\n";
const EVENTS: &[u8] = b"data: the first event\n\nevent: last\ndata: the last event\n\n";

type Of = ReqData<Arc<Session>>;

/// The routes, all below `/api/`, for every session and with and without the cache.
pub fn routes(origins: Data<Origins>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(origins)
            .app_data(
                web::PathConfig::default().error_handler(|_, _| {
                    ApiError::new(StatusCode::NOT_FOUND, "a note's id is a number").into()
                }),
            )
            .app_data(web::PayloadConfig::new(16 * 1024));
        for prefix in ["/api", "/cached/api", "/s/{session}/api", "/s/{session}/cached/api"] {
            config.service(scope(prefix));
        }
        config.default_service(web::to(not_found));
    }
}

fn scope(prefix: &str) -> Scope {
    web::scope(prefix)
        .service(resource("/notes").route(noted(get().to(list))).route(noted(web::post().to(create))))
        .service(
            resource("/notes/{id}")
                .route(noted(get().to(read)))
                .route(noted(web::put().to(replace)))
                .route(noted(web::patch().to(change)))
                .route(noted(web::delete().to(delete))),
        )
        .service(resource("/session").route(noted(get().to(session))))
        .service(resource("/fail").route(noted(get().to(fail))))
        .service(resource("/guarded").route(noted(get().to(guarded))).wrap(from_fn(require_key)))
        .service(resource("/redirect").route(noted(web::to(redirect))))
        .service(file("/font", "font/woff2", FONT))
        .service(file("/image.png", "image/png", PNG))
        .service(file("/image.svg", "image/svg+xml", SVG))
        .service(file("/module.js", "text/javascript", MODULE))
        .service(file("/events", "text/event-stream", EVENTS))
        .service(resource("/headers").route(noted(get().to(headers))))
        .default_service(web::to(not_found))
}

fn file(path: &str, content_type: &'static str, bytes: &'static [u8]) -> Resource {
    let answer = move || async move {
        HttpResponse::Ok().insert_header((header::CONTENT_TYPE, content_type)).body(bytes)
    };
    resource(path).route(noted(get().to(answer)))
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(wrong_method))
}

/// `GET`, and `HEAD`, which is answered alike and without a body.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A route whose handler leaves a mark in the exchange log when it runs.
fn noted(route: Route) -> Route {
    route.wrap(from_fn(exchange_log::note_handler))
}

/// `GET /api/notes`, with an `ETag`.
async fn list(session: Of) -> HttpResponse {
    let state = session.state();
    HttpResponse::Ok().insert_header((header::ETAG, state.notes.tag())).json(state.notes.list())
}

/// `POST /api/notes` with a text in any form that [`notes::read_text`] reads.
async fn create(session: Of, request: HttpRequest, body: Bytes) -> Result<HttpResponse, ApiError> {
    let text = text_of(&request, &body)?;
    let notes = &mut session.state().notes;
    if notes.is_full() {
        return Err(ApiError::full());
    }
    let id = notes.next_id();
    notes.put(id, text.clone());
    let prefix = Place::of(request.path()).map(|place| place.prefix()).unwrap_or_default();
    let location = (header::LOCATION, format!("{prefix}/api/notes/{id}"));
    Ok(HttpResponse::Created().insert_header(location).json(Note { id, text }))
}

#[derive(Clone, Copy, Deserialize)]
struct NoteId {
    id: u32,
}

/// `GET /api/notes/{id}`
async fn read(session: Of, path: Path<NoteId>) -> Result<HttpResponse, ApiError> {
    let id = path.id;
    match session.state().notes.get(id) {
        Some(text) => Ok(HttpResponse::Ok().json(Note { id, text: text.to_owned() })),
        None => Err(ApiError::no_note(id)),
    }
}

/// `PUT /api/notes/{id}`. A note that was not there is made.
async fn replace(
    session: Of,
    path: Path<NoteId>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let (id, text) = (path.id, text_of(&request, &body)?);
    let notes = &mut session.state().notes;
    let status = match notes.get(id) {
        Some(_) => StatusCode::OK,
        None if notes.is_full() => return Err(ApiError::full()),
        None => StatusCode::CREATED,
    };
    notes.put(id, text.clone());
    Ok(HttpResponse::build(status).json(Note { id, text }))
}

/// `PATCH /api/notes/{id}`. A note that is not there can't be changed.
async fn change(
    session: Of,
    path: Path<NoteId>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let (id, text) = (path.id, text_of(&request, &body)?);
    let notes = &mut session.state().notes;
    if notes.get(id).is_none() {
        return Err(ApiError::no_note(id));
    }
    notes.put(id, text.clone());
    Ok(HttpResponse::Ok().json(Note { id, text }))
}

/// `DELETE /api/notes/{id}`; a note that is gone already is as gone as can be.
async fn delete(session: Of, path: Path<NoteId>) -> HttpResponse {
    session.state().notes.remove(path.id);
    HttpResponse::NoContent().finish()
}

/// `GET /api/session`: counts the visits of whoever sends the cookie, and gives one to whoever doesn't.
async fn session(session: Of, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let known = request.cookie(COOKIE).and_then(|cookie| u64::from_str_radix(cookie.value(), 16).ok());
    let (id, visits) = session
        .state()
        .visitors
        .count(known)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    // Below the session's own paths, so that the sessions of one browser don't see each other's.
    let path = session_prefix(session.id()) + "/";
    let cookie =
        Cookie::build(COOKIE, format!("{id:016x}")).path(path).http_only(true).same_site(SameSite::Lax);
    Ok(HttpResponse::Ok().cookie(cookie.finish()).json(json!({ "visits": visits })))
}

/// `GET /api/fail`: errors are responses too.
async fn fail() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "this route always fails"))
}

/// `GET /api/guarded`, if [`require_key`] lets it through.
async fn guarded() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "secret": "CORS is no access control; this is" }))
}

/// A middleware inside of `Cors` that answers with an error instead of a response.
async fn require_key(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.headers().contains_key("x-api-key") {
        next.call(request).await
    } else {
        Err(ApiError::new(StatusCode::UNAUTHORIZED, "send any x-api-key header").into())
    }
}

/// `/api/redirect?to=…&status=…`, for any method; see [`redirect`](crate::redirect).
async fn redirect(origins: Data<Origins>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let place = Place::of(request.path()).ok_or_else(|| not_found_at(request.path()))?;
    let redirect = redirect::Redirect::read(&place.prefix(), request.query_string(), &origins)
        .map_err(|message| ApiError::new(StatusCode::BAD_REQUEST, message))?;
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    Ok(HttpResponse::build(status).insert_header((header::LOCATION, redirect.location)).finish())
}

/// `GET /api/headers`: an answer with headers of all kinds, most of which script may read only if they are exposed.
async fn headers(request: HttpRequest) -> HttpResponse {
    let run = place::run_of(request.query_string());
    HttpResponse::Ok()
        .insert_header((header::CONTENT_LANGUAGE, "en"))
        .insert_header((header::ETAG, "\"lab-1\""))
        .insert_header(("x-request-id", if run.is_empty() { "none" } else { run }.to_owned()))
        .insert_header(("x-total-count", "3"))
        .json(json!({ "look": "at the headers" }))
}

async fn wrong_method(request: HttpRequest) -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} can't be {}", request.path(), request.method()))
}

async fn not_found(request: HttpRequest) -> ApiError {
    not_found_at(request.path())
}

fn not_found_at(path: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        format!("there is no {path}; the API's routes begin at /api/notes, or at /s/<session>/api/notes"),
    )
}

/// 404 for paths of no session, before anything of a session is asked for; the innermost middleware of the API.
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

/// Says what caches may keep: nothing of it browsers, and shared caches what goes through ours. And leaves out `Vary` if it
/// is to be forgotten, as many a server forgets it that writes its CORS headers by hand.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn speak_to_caches<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_cached = Place::of(request.path()).is_some_and(|place| place.cached);
    let forgets_vary = forgets_vary(request.query_string());
    with_headers(next.call(request).await, move |headers| {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if is_cached {
            headers.insert(CDN_CACHE_CONTROL, HeaderValue::from_static("max-age=600"));
        }
        if forgets_vary {
            headers.remove(header::VARY);
        }
    })
}

/// Whether the query asks for an answer without `Vary`.
pub fn forgets_vary(query: &str) -> bool {
    query.split('&').any(|pair| pair == "vary=forgotten")
}

/// Changes the headers of an answer, or of the answer that will be made of an error.
pub(crate) fn with_headers<B>(
    result: Result<ServiceResponse<B>, Error>,
    change: impl Fn(&mut HeaderMap) + Send + 'static,
) -> Result<ServiceResponse<B>, Error> {
    match result {
        Ok(mut response) => {
            change(response.headers_mut());
            Ok(response)
        }
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                change(response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

fn text_of(request: &HttpRequest, body: &[u8]) -> Result<String, ApiError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    notes::read_text(content_type, body).map_err(|error| match error {
        NoText::Unreadable(why) => ApiError::new(StatusCode::BAD_REQUEST, why),
        NoText::TooLong(length) => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a note has at most {} bytes, this one has {length}", notes::MAX_NOTE_BYTES),
        ),
    })
}

/// An error as JSON: `{"error": "…"}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    fn full() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "there are enough notes; delete one")
    }

    fn no_note(id: u32) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no note {id}"))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "error": self.message }))
    }
}

impl actix_web::Responder for ApiError {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
