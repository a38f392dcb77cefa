//! A small notes API, kept in memory, as anyone might have it before they ever heard of CORS. Nothing in it knows where a
//! request came from; what other origins may do is the policy's matter alone.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, Responder, ResponseError, Route,
    body::{BoxBody, MessageBody},
    cookie::{Cookie, SameSite},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, ContentType, ETag, EntityTag, IfNoneMatch},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Header, Json, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::exchange_log;

/// More than a demonstration needs, and little enough to keep in memory.
const MAX_NOTES: usize = 100;
const MAX_NOTE_BYTES: usize = 1000;
const MAX_SESSIONS: usize = 1000;
/// The cookie that names a session. Cookies ignore ports: the page's server gets it as well.
const SESSION_COOKIE: &str = "lab_session";

/// What the API remembers until it stops.
#[derive(Debug)]
pub struct Store {
    notes: Mutex<BTreeMap<u32, String>>,
    /// Visits by session.
    sessions: Mutex<HashMap<String, u32>>,
}

impl Default for Store {
    fn default() -> Self {
        let notes = ["Buy milk", "Learn what an origin is", "Find out why fetch() failed"];
        let notes = (1..).zip(notes.map(str::to_owned)).collect();
        Self { notes: Mutex::new(notes), sessions: Mutex::default() }
    }
}

impl Store {
    /// The text of a note.
    pub fn note(&self, id: u32) -> Option<String> {
        self.notes().get(&id).cloned()
    }

    fn notes(&self) -> MutexGuard<'_, BTreeMap<u32, String>> {
        // Nothing panics while it holds the lock; and if it did, whole notes are all there is to find.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes, all below `/api/`.
pub fn routes(store: Data<Store>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(store)
            .app_data(
                web::JsonConfig::default().limit(4 * MAX_NOTE_BYTES).error_handler(|error, _| {
                    ApiError::new(StatusCode::BAD_REQUEST, error.to_string()).into()
                }),
            )
            .app_data(
                web::PathConfig::default().error_handler(|_, _| {
                    ApiError::new(StatusCode::NOT_FOUND, "a note's id is a number").into()
                }),
            )
            .app_data(web::PayloadConfig::new(4 * MAX_NOTE_BYTES))
            .service(
                web::scope("/api")
                    .service(
                        web::resource("/notes")
                            .route(noted(web::get().to(list)))
                            .route(noted(web::post().to(create))),
                    )
                    .service(
                        web::resource("/notes/{id}")
                            .route(noted(web::get().to(read)))
                            .route(noted(web::put().to(replace)))
                            .route(noted(web::delete().to(delete))),
                    )
                    .service(web::resource("/session").route(noted(web::get().to(session))))
                    .service(web::resource("/fail").route(noted(web::get().to(fail))))
                    .service(
                        web::resource("/guarded")
                            .route(noted(web::get().to(guarded)))
                            .wrap(from_fn(require_key)),
                    )
                    .default_service(web::to(not_found)),
            )
            .default_service(web::to(not_found));
    }
}

/// A route whose handler leaves a mark in the exchange log when it runs.
fn noted(route: Route) -> Route {
    route.wrap(from_fn(exchange_log::note_handler))
}

/// A note as it goes over the wire.
#[derive(Debug, Serialize)]
struct Note<'a> {
    id: u32,
    text: &'a str,
}

#[derive(Debug, Deserialize)]
struct NewNote {
    text: String,
}

/// `GET /api/notes`, with an `ETag`, and 304 for who has it already.
async fn list(store: Data<Store>, known: Header<IfNoneMatch>) -> HttpResponse {
    let body = {
        let notes = store.notes();
        let notes: Vec<Note<'_>> = notes.iter().map(|(&id, text)| Note { id, text }).collect();
        json!(notes).to_string()
    };
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = EntityTag::new_strong(format!("{:016x}", hasher.finish()));
    let unchanged = match known.into_inner() {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    };
    if unchanged {
        return HttpResponse::NotModified().insert_header(ETag(tag)).finish();
    }
    HttpResponse::Ok().insert_header(ETag(tag)).content_type(ContentType::json()).body(body)
}

/// `POST /api/notes` with `{"text": "…"}`.
async fn create(store: Data<Store>, note: Json<NewNote>) -> Result<HttpResponse, ApiError> {
    let text = check_text(note.into_inner().text)?;
    let mut notes = store.notes();
    if notes.len() >= MAX_NOTES {
        return Err(ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "there are enough notes; delete one"));
    }
    // At most the largest id there can be: then there is no next one, and the store was never that full.
    let id = notes.last_key_value().map_or(1, |(&last, _)| last.saturating_add(1));
    let body = json!(Note { id, text: &text });
    notes.insert(id, text);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, format!("/api/notes/{id}"))).json(body))
}

/// `GET /api/notes/{id}`
async fn read(store: Data<Store>, id: Path<u32>) -> Result<HttpResponse, ApiError> {
    match store.note(*id) {
        Some(text) => Ok(HttpResponse::Ok().json(Note { id: *id, text: &text })),
        None => Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no note {id}"))),
    }
}

/// `PUT /api/notes/{id}` with the text itself, or with `{"text": "…"}`. A note that was not there is made.
async fn replace(
    store: Data<Store>,
    id: Path<u32>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, ApiError> {
    let bad_request = |message: String| ApiError::new(StatusCode::BAD_REQUEST, message);
    let text = if request.content_type() == "application/json" {
        serde_json::from_slice::<NewNote>(&body).map_err(|error| bad_request(error.to_string()))?.text
    } else {
        String::from_utf8(body.to_vec()).map_err(|_| bad_request("a note is UTF-8 text".to_owned()))?
    };
    let text = check_text(text)?;
    let mut notes = store.notes();
    if notes.len() >= MAX_NOTES && !notes.contains_key(&*id) {
        return Err(ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "there are enough notes; delete one"));
    }
    let body = json!(Note { id: *id, text: &text });
    let status = if notes.insert(*id, text).is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(HttpResponse::build(status).json(body))
}

/// `DELETE /api/notes/{id}`; a note that is gone already is as gone as can be.
async fn delete(store: Data<Store>, id: Path<u32>) -> HttpResponse {
    store.notes().remove(&*id);
    HttpResponse::NoContent().finish()
}

/// `GET /api/session`: counts the visits of whoever sends the cookie, and gives one to whoever doesn't.
async fn session(store: Data<Store>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let mut sessions = store.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let known = request.cookie(SESSION_COOKIE).map(|cookie| cookie.value().to_owned());
    if let Some(visits) = known.and_then(|id| sessions.get_mut(&id)) {
        *visits = visits.saturating_add(1);
        return Ok(HttpResponse::Ok().json(json!({ "visits": *visits })));
    }
    if sessions.len() >= MAX_SESSIONS {
        sessions.clear();
    }
    let id = getrandom::u64()
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let id = format!("{id:016x}");
    let cookie =
        Cookie::build(SESSION_COOKIE, id.clone()).path("/").http_only(true).same_site(SameSite::Lax).finish();
    sessions.insert(id, 1);
    Ok(HttpResponse::Ok().cookie(cookie).json(json!({ "visits": 1 })))
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

async fn not_found(request: HttpRequest) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        format!("there is no {}; the API's routes begin at /api/notes", request.path()),
    )
}

fn check_text(text: String) -> Result<String, ApiError> {
    if text.len() > MAX_NOTE_BYTES {
        let message = format!("a note has at most {MAX_NOTE_BYTES} bytes, this one has {}", text.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(text)
}

/// An error as JSON: `{"error": "…"}`.
#[derive(Debug)]
struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
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

impl Responder for ApiError {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
