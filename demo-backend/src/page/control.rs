//! The API of the page's own server: sessions, their policies, predictions, and what came over the wire.
//!
//! It has the page's own origin, so that it works whatever the policy says, and it is for that page alone:
//!
//! - Every call carries a header that a page of another origin can't add without a preflight, and preflights are refused
//!   like everything else that doesn't carry it. So no other page can change anything here, or read a response.
//! - A site that points its own name at this machine (DNS rebinding) is stopped by the `Host` that its requests carry.
//! - A `GET` changes nothing. What changes something has a JSON body, which a form can't send.
//! - Bodies, sessions and logs are bounded.

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Path, Query, ServiceConfig},
};
use actix_web_cors::PolicyConfig;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    own::{self, OwnApis},
    policy_view::PolicyView,
    prediction::{self, PredictionRequest},
};
use crate::{
    api::headers::NO_STORE,
    api_path::is_run,
    json_error::JsonError,
    origins::Origins,
    session::{Session, Sessions, log::LoggedExchange, notes::Note},
};

/// The header that every call carries.
const MARK: &str = "x-cors-lab";
/// The longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// The most entries of a policy, all settings together.
const MAX_ENTRIES: usize = 64;
/// The most bytes of those entries.
const MAX_ENTRY_BYTES: usize = 2048;
/// The most origins that can be checked at once.
const MAX_ORIGINS: usize = 32;

/// What the routes need.
#[derive(Clone, Debug)]
pub struct ControlContext {
    /// Where the Lab's servers are.
    pub origins: Origins,
    /// The `Host` values under which the page is served.
    pub hosts: Vec<String>,
    /// All sessions.
    pub sessions: Data<Sessions>,
    /// What *Your own API* needs.
    pub own: Data<OwnApis>,
}

impl ControlContext {
    fn session(&self, id: &str) -> Result<Arc<Session>, JsonError> {
        let unknown = || JsonError::new(StatusCode::NOT_FOUND, "no such session; make a new one");
        self.sessions.find(id).ok_or_else(unknown)
    }
}

pub(super) type ControlResult = Result<HttpResponse, JsonError>;
/// Body bytes, or why they couldn't be read.
pub(super) type BodyResult = Result<Bytes, Error>;

/// The routes, all below `/control/`.
pub fn routes(control: ControlContext) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.service(
            web::scope("/control")
                .app_data(Data::new(control))
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .app_data(web::QueryConfig::default().error_handler(|error, _| {
                    JsonError::new(StatusCode::BAD_REQUEST, error.to_string()).into()
                }))
                .wrap(from_fn(guard))
                .route("/config", web::get().to(origins))
                .route("/sessions", web::post().to(create))
                .route("/s/{session}/reset", web::post().to(reset))
                .route("/s/{session}/policy", web::get().to(policy))
                .route("/s/{session}/policy", web::put().to(replace_policy))
                .route("/s/{session}/allows", web::post().to(allows))
                .route("/s/{session}/predict", web::post().to(predict))
                .route("/s/{session}/exchanges", web::get().to(exchanges))
                .route("/s/{session}/notes", web::get().to(notes))
                .configure(own::routes)
                .default_service(web::to(async || {
                    JsonError::new(StatusCode::NOT_FOUND, "no such control endpoint")
                })),
        );
    }
}

async fn guard(
    control: Data<ControlContext>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let value =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refusal = if !control.hosts.iter().any(|expected| expected == value("host")) {
        Some((StatusCode::MISDIRECTED_REQUEST, "this server doesn't have that name"))
    } else if value(MARK) != "1" {
        Some((StatusCode::FORBIDDEN, "this is for the Lab's own page, which sends the header x-cors-lab: 1"))
    } else if !matches!(value("sec-fetch-site"), "" | "same-origin" | "none") {
        Some((StatusCode::FORBIDDEN, "this is for the Lab's own page"))
    } else if *request.method() != Method::GET && !is_json(value("content-type")) {
        Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, with content-type: application/json"))
    } else if value("content-length").parse().is_ok_and(|length: usize| length > MAX_BODY) {
        Some((StatusCode::PAYLOAD_TOO_LARGE, "a body has at most 16 KiB"))
    } else {
        None
    };
    let mut response = match refusal {
        Some((status, why)) => {
            request.into_response(JsonError::new(status, why).error_response()).map_into_boxed_body()
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    Ok(response)
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body whose type the guard has checked.
pub(super) fn read<T: DeserializeOwned>(body: &BodyResult) -> Result<T, JsonError> {
    let body = body
        .as_ref()
        .map_err(|error| JsonError::new(error.as_response_error().status_code(), error.to_string()))?;
    serde_json::from_slice(body).map_err(|error| JsonError::new(StatusCode::BAD_REQUEST, error.to_string()))
}

async fn origins(control: Data<ControlContext>) -> HttpResponse {
    HttpResponse::Ok().json(&control.origins)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyObject {}

/// A session that was just made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct NewSession<'a> {
    /// Its name in paths.
    id: &'a str,
}

async fn create(control: Data<ControlContext>, body: BodyResult) -> ControlResult {
    let EmptyObject {} = read(&body)?;
    let session = control.sessions.create();
    let session =
        session.map_err(|error| JsonError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(HttpResponse::Created().json(NewSession { id: session.id() }))
}

async fn reset(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let EmptyObject {} = read(&body)?;
    control.session(&id)?.reset();
    Ok(HttpResponse::NoContent().finish())
}

async fn policy(control: Data<ControlContext>, id: Path<String>) -> ControlResult {
    Ok(HttpResponse::Ok().json(PolicyView::of(&*control.session(&id)?)))
}

async fn replace_policy(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let session = control.session(&id)?;
    if let Some(file) = session.policy_file() {
        let message = format!("{} governs this session: edit the file", file.shown());
        return Err(JsonError::new(StatusCode::CONFLICT, message));
    }
    let config: PolicyConfig = read(&body)?;
    let entries =
        [&config.allow_origins, &config.allow_methods, &config.allow_headers, &config.expose_headers];
    let (count, length) =
        entries.into_iter().flatten().fold((0, 0), |(n, len), entry| (n + 1, len + entry.len()));
    if count > MAX_ENTRIES || length > MAX_ENTRY_BYTES {
        let message =
            format!("the Lab keeps policies of at most {MAX_ENTRIES} entries and {MAX_ENTRY_BYTES} bytes");
        return Err(JsonError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    match session.replace_policy(config) {
        Ok(()) => Ok(HttpResponse::Ok().json(PolicyView::of(&session))),
        Err(invalid) => Ok(HttpResponse::UnprocessableEntity().json(invalid)),
    }
}

/// Origins of which the page wants to know whether the policy in force allows them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct OriginsToCheck {
    /// At most 32.
    origins: Vec<String>,
}

/// Which of those origins are allowed, in the same order.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct CheckedOrigins {
    /// For each of them.
    allowed: Vec<bool>,
}

async fn allows(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let policy = control.session(&id)?.policy();
    let OriginsToCheck { origins } = read(&body)?;
    if origins.len() > MAX_ORIGINS {
        let message = format!("check at most {MAX_ORIGINS} origins at once");
        return Err(JsonError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let allowed = origins.iter().map(|text| text.parse().is_ok_and(|origin| policy.allows(&origin)));
    Ok(HttpResponse::Ok().json(CheckedOrigins { allowed: allowed.collect() }))
}

async fn predict(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let session = control.session(&id)?;
    let wanted: PredictionRequest = read(&body)?;
    if wanted.run.as_deref().is_some_and(|run| !is_run(run)) {
        return Err(bad_run());
    }
    let prediction = prediction::predict(&session, &wanted, &control.origins, &control.sessions);
    let prediction =
        prediction.map_err(|message| JsonError::new(StatusCode::UNPROCESSABLE_ENTITY, message))?;
    Ok(HttpResponse::Ok().json(prediction))
}

/// Which exchanges the page wants to see.
#[derive(Debug, Deserialize)]
struct ExchangeFilter {
    /// Only those of this run.
    run: Option<String>,
    /// Only those that arrived at this time or later, in milliseconds since the Lab was started.
    since: Option<u64>,
}

/// What came over the wire.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Exchanges {
    /// In the order in which they arrived.
    exchanges: Vec<LoggedExchange>,
    /// In milliseconds since the Lab was started.
    now: u64,
}

async fn exchanges(
    control: Data<ControlContext>,
    id: Path<String>,
    filter: Query<ExchangeFilter>,
) -> ControlResult {
    let session = control.session(&id)?;
    let ExchangeFilter { run, since } = filter.into_inner();
    if run.as_deref().is_some_and(|run| !is_run(run)) {
        return Err(bad_run());
    }
    let mut exchanges = session.state().log.since(since.unwrap_or(0));
    exchanges.retain(|exchange| run.as_ref().is_none_or(|run| exchange.run == *run));
    Ok(HttpResponse::Ok().json(Exchanges { exchanges, now: control.sessions.now_ms() }))
}

/// What a session's API stores.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Holdings {
    /// By id.
    notes: Vec<Note>,
    /// The visits of all visitors.
    visits: u32,
}

async fn notes(control: Data<ControlContext>, id: Path<String>) -> ControlResult {
    let session = control.session(&id)?;
    let state = session.state();
    Ok(HttpResponse::Ok().json(Holdings { notes: state.notes.list(), visits: state.visitors.total() }))
}

fn bad_run() -> JsonError {
    JsonError::new(StatusCode::BAD_REQUEST, "a run's name has at most 32 characters of a-z and 0-9")
}
