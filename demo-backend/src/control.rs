//! What the page may ask of its own server: sessions, their policies, predictions, and what came over the wire.
//!
//! It is of the page's own origin, so that it works whatever the policy says, and it is for that page alone:
//!
//! - Every call carries a header that no page of another origin can add without a preflight, and preflights are refused
//!   like everything else that does not carry it. So nobody else can make it do anything, or see what it answers.
//! - A site that points its own name at this machine (DNS rebinding) is stopped by the `Host` that its requests carry.
//! - A `GET` changes nothing. What changes something has a JSON body, which no form can send.
//! - Bodies, sessions and logs are bounded.

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, CacheControl, CacheDirective},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, Path, Query, ServiceConfig},
};
use actix_web_cors::PolicyConfig;
use fetch_cors::browser::Engine;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    api::ApiError,
    origins::Origins,
    place::is_run,
    policy_view::PolicyView,
    prediction::{self, Question},
    session::{Session, Sessions},
};

/// The header that every call carries.
const MARK: &str = "x-cors-lab";
/// The longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// How many entries a policy has at most, all settings together, and how many bytes they have.
const MAX_POLICY: (usize, usize) = (64, 2048);
/// How many origins can be asked about at once.
const MAX_ORIGINS: usize = 32;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Control {
    /// Where the Lab's parts are.
    pub origins: Origins,
    /// The `Host` values under which the page is served.
    pub hosts: Vec<String>,
    /// Everybody's session.
    pub sessions: Data<Sessions>,
}

impl Control {
    fn session(&self, id: &str) -> Result<Arc<Session>, ApiError> {
        let unknown = || ApiError::new(StatusCode::NOT_FOUND, "there is no such session; make a new one");
        self.sessions.find(id).ok_or_else(unknown)
    }
}

type Answered = Result<HttpResponse, ApiError>;
/// A body, or why there is none: who names no length may send too much.
type Body = Result<Bytes, Error>;

/// The routes, all below `/control/`.
pub fn routes(control: Control) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.service(
            web::scope("/control")
                .app_data(Data::new(control))
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .app_data(web::QueryConfig::default().error_handler(|error, _| {
                    ApiError::new(StatusCode::BAD_REQUEST, error.to_string()).into()
                }))
                .wrap(from_fn(guard))
                .route("/config", web::get().to(config_of))
                .route("/sessions", web::post().to(create))
                .route("/s/{session}/reset", web::post().to(reset))
                .route("/s/{session}/policy", web::get().to(policy))
                .route("/s/{session}/policy", web::put().to(replace_policy))
                .route("/s/{session}/allows", web::post().to(allows))
                .route("/s/{session}/predict", web::post().to(predict))
                .route("/s/{session}/exchanges", web::get().to(exchanges))
                .route("/s/{session}/notes", web::get().to(notes))
                .default_service(web::to(async || {
                    ApiError::new(StatusCode::NOT_FOUND, "there is no such thing to ask for")
                })),
        );
    }
}

async fn guard(
    control: Data<Control>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let value =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let refusal = if !control.hosts.iter().any(|expected| expected == value("host")) {
        Some((StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name"))
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
            request.into_response(ApiError::new(status, why).error_response()).map_into_boxed_body()
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let no_store = CacheControl(vec![CacheDirective::NoStore]);
    let no_store = actix_web::http::header::TryIntoHeaderValue::try_into_value(no_store)?;
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body whose type was looked at already.
fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ApiError> {
    let body = body
        .as_ref()
        .map_err(|error| ApiError::new(error.as_response_error().status_code(), error.to_string()))?;
    serde_json::from_slice(body).map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string()))
}

async fn config_of(control: Data<Control>) -> HttpResponse {
    let Origins { api, api_alias, page, attacker } = &control.origins;
    let engines = Engine::ALL.map(Engine::name);
    HttpResponse::Ok().json(
        json!({ "api": api, "api_alias": api_alias, "page": page, "attacker": attacker, "engines": engines }),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn create(control: Data<Control>, body: Body) -> Answered {
    let Nothing {} = read(&body)?;
    let session = control.sessions.create();
    let session =
        session.map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(HttpResponse::Created().json(json!({ "id": session.id() })))
}

async fn reset(control: Data<Control>, id: Path<String>, body: Body) -> Answered {
    let Nothing {} = read(&body)?;
    control.session(&id)?.reset();
    Ok(HttpResponse::NoContent().finish())
}

async fn policy(control: Data<Control>, id: Path<String>) -> Answered {
    Ok(HttpResponse::Ok().json(PolicyView::of(&*control.session(&id)?)))
}

async fn replace_policy(control: Data<Control>, id: Path<String>, body: Body) -> Answered {
    let session = control.session(&id)?;
    if let Some(file) = session.policy_file() {
        let message = format!("{} governs this session: edit the file", file.shown());
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    let config: PolicyConfig = read(&body)?;
    let entries =
        [&config.allow_origins, &config.allow_methods, &config.allow_headers, &config.expose_headers];
    let (count, length) =
        entries.into_iter().flatten().fold((0, 0), |(n, len), entry| (n + 1, len + entry.len()));
    if count > MAX_POLICY.0 || length > MAX_POLICY.1 {
        let message =
            format!("the Lab keeps policies of at most {} entries and {} bytes", MAX_POLICY.0, MAX_POLICY.1);
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    match session.replace_policy(config) {
        Ok(()) => Ok(HttpResponse::Ok().json(PolicyView::of(&session))),
        Err(invalid) => Ok(HttpResponse::UnprocessableEntity().json(invalid)),
    }
}

#[derive(Deserialize)]
struct OfOrigins {
    origins: Vec<String>,
}

async fn allows(control: Data<Control>, id: Path<String>, body: Body) -> Answered {
    let policy = control.session(&id)?.policy();
    let OfOrigins { origins } = read(&body)?;
    if origins.len() > MAX_ORIGINS {
        let message = format!("ask about at most {MAX_ORIGINS} origins at once");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let allowed = origins.iter().map(|text| text.parse().is_ok_and(|origin| policy.allows(&origin)));
    Ok(HttpResponse::Ok().json(json!({ "allowed": allowed.collect::<Vec<bool>>() })))
}

async fn predict(control: Data<Control>, id: Path<String>, body: Body) -> Answered {
    let session = control.session(&id)?;
    let question: Question = read(&body)?;
    if question.run.as_deref().is_some_and(|run| !is_run(run)) {
        return Err(bad_run());
    }
    let prediction = prediction::predict(&session, &question, &control.origins, &control.sessions);
    let prediction =
        prediction.map_err(|message| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message))?;
    Ok(HttpResponse::Ok().json(prediction))
}

#[derive(Deserialize, Serialize)]
struct Which {
    run: Option<String>,
    since: Option<u64>,
}

async fn exchanges(control: Data<Control>, id: Path<String>, which: Query<Which>) -> Answered {
    let session = control.session(&id)?;
    let Which { run, since } = which.into_inner();
    if run.as_deref().is_some_and(|run| !is_run(run)) {
        return Err(bad_run());
    }
    let mut exchanges = session.state().log.since(since.unwrap_or(0));
    exchanges.retain(|exchange| run.as_ref().is_none_or(|run| exchange.run == *run));
    let now = u64::try_from(control.sessions.now().as_millis()).unwrap_or(u64::MAX);
    Ok(HttpResponse::Ok().json(json!({ "exchanges": exchanges, "now": now })))
}

async fn notes(control: Data<Control>, id: Path<String>) -> Answered {
    let session = control.session(&id)?;
    let state = session.state();
    Ok(HttpResponse::Ok().json(json!({ "notes": state.notes.list(), "visits": state.visitors.total() })))
}

fn bad_run() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "a run is named by up to 32 of a-z and 0-9")
}
