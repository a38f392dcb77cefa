//! The API of the page's own server: sessions, their policies, predictions, and what came over the wire.
//!
//! It has the page's own origin, so that it works whatever the policy says, and it is for that page alone:
//!
//! - Every call carries a header that a page of another origin can't add without a preflight, and preflights are refused
//!   like everything else that doesn't carry it. So no other page can change anything here, or read a response.
//! - A site that points its own name at this machine (DNS rebinding) is stopped by the `Host` that its requests carry.
//! - A `GET` changes nothing. What changes something has a JSON body, which a form can't send.
//! - Bodies, sessions and logs are bounded.
//!
//! What the page's own calls can run into (a policy that is refused, a session that has ended) is said in the body of a 200:
//! browsers write every status of 400 and above to the console, and the console is where the lessons tell the reader to look.

use std::{fmt, iter, sync::Arc};

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
use actix_web_cors::{InvalidPolicy, Policy, PolicyConfig};
use serde::{
    Deserialize, Serialize,
    de::{
        DeserializeOwned,
        value::{self, MapDeserializer},
    },
};
use serde_json::{Value, json};

use super::{
    import::{self, Pasted},
    policy_view::{PolicyView, lists},
    prediction::{self, PredictionRequest},
};
use crate::{
    api::{hand, headers::NO_STORE},
    api_path::is_run,
    json_error::JsonError,
    origins::Origins,
    session::{
        Session, Sessions, cache::SharedCache, hand_written::HandWritten, log::LoggedExchange, notes::Note,
    },
};

/// The header that every call carries.
const MARK: &str = "x-cors-lab";
/// The longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;
/// The longest body with a paste: twice the text, because JSON escapes line breaks and quotation marks.
const MAX_PASTE_BODY: usize = 2 * import::MAX_TEXT;
/// The most entries of a policy, all settings together.
pub(super) const MAX_ENTRIES: usize = 64;
/// The most bytes of those entries.
pub(super) const MAX_ENTRY_BYTES: usize = 2048;
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
}

impl ControlContext {
    fn session(&self, id: &str) -> Result<Arc<Session>, Refused> {
        let unknown = || Refused::new(StatusCode::NOT_FOUND, "this session has ended; start a new one");
        self.sessions.find(id).ok_or_else(unknown)
    }
}

/// Why a call by the page itself is refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(super) struct Refused {
    /// The status that the response would have, were it not for the console.
    status: u16,
    /// Why, in words.
    error: String,
    /// What is wrong with a policy, or with a server written by hand; empty if it is something else.
    #[cfg_attr(test, ts(type = "Array<Problem | HandProblem>"))]
    problems: Vec<Value>,
}

impl Refused {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status: status.as_u16(), error: error.into(), problems: Vec::new() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::OK
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::Ok().json(json!({ "refused": self }))
    }
}

type ControlResult = Result<HttpResponse, Refused>;
/// Body bytes, or why they couldn't be read.
type BodyResult = Result<Bytes, Error>;

/// The routes, all below `/control/`.
pub fn routes(control: ControlContext) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.service(
            web::scope("/control")
                .app_data(Data::new(control))
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .app_data(web::QueryConfig::default().error_handler(|error, _| {
                    Refused::new(StatusCode::BAD_REQUEST, error.to_string()).into()
                }))
                .wrap(from_fn(guard))
                .route("/config", web::get().to(origins))
                .route("/sessions", web::post().to(create))
                .route("/s/{session}/reset", web::post().to(reset))
                .route("/s/{session}/policy", web::get().to(policy))
                .route("/s/{session}/policy", web::put().to(replace_policy))
                .route("/s/{session}/hand", web::get().to(read_hand))
                .route("/s/{session}/hand", web::put().to(replace_hand))
                .service(
                    web::resource("/s/{session}/import")
                        .app_data(web::PayloadConfig::new(MAX_PASTE_BODY))
                        .route(web::post().to(read_paste))
                        .default_service(web::to(no_such_endpoint)),
                )
                .route("/s/{session}/allows", web::post().to(allows))
                .route("/s/{session}/predict", web::post().to(predict))
                .route("/s/{session}/exchanges", web::get().to(exchanges))
                .route("/s/{session}/notes", web::get().to(notes))
                .default_service(web::to(no_such_endpoint)),
        );
    }
}

async fn no_such_endpoint() -> JsonError {
    JsonError::new(StatusCode::NOT_FOUND, "no such control endpoint")
}

async fn guard(
    control: Data<ControlContext>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let value =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let stranger = if !control.hosts.iter().any(|expected| expected == value("host")) {
        Some((StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name"))
    } else if value(MARK) != "1" {
        Some((StatusCode::FORBIDDEN, "this is for the Lab's own page, which sends the header x-cors-lab: 1"))
    } else if !matches!(value("sec-fetch-site"), "" | "same-origin" | "none") {
        Some((StatusCode::FORBIDDEN, "this is for the Lab's own page"))
    } else if *request.method() != Method::GET && !is_json(value("content-type")) {
        Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, with content-type: application/json"))
    } else {
        None
    };
    let most = longest_body(request.path());
    let is_long = value("content-length").parse().is_ok_and(|length: usize| length > most);
    let mut response = if let Some((status, why)) = stranger {
        request.into_response(JsonError::new(status, why).error_response()).map_into_boxed_body()
    } else if is_long {
        request.into_response(too_long(most).error_response()).map_into_boxed_body()
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    Ok(response)
}

/// The longest body that is read at a path.
pub(crate) fn longest_body(path: &str) -> usize {
    let is_paste = path.starts_with("/control/s/") && path.ends_with("/import");
    if is_paste { MAX_PASTE_BODY } else { MAX_BODY }
}

fn too_long(most: usize) -> Refused {
    let message = if most == MAX_PASTE_BODY {
        "a paste has at most 1 MB"
    } else {
        "the Lab's server reads at most 16 KiB at once"
    };
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body whose type the guard has checked.
fn read<T: DeserializeOwned>(body: &BodyResult) -> Result<T, Refused> {
    let body = body.as_ref().map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => too_long(MAX_BODY),
        status => Refused::new(status, error.to_string()),
    })?;
    serde_json::from_slice(body).map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))
}

/// Reads a policy. A `max_age` that is not a number of seconds is a problem like any other, at its field.
fn read_policy(body: &BodyResult) -> Result<(PolicyConfig, Vec<Value>), Refused> {
    let mut whole: Value = read(body)?;
    let mut problems = Vec::new();
    if let Some(max_age) = whole.get("max_age").cloned()
        && let Err(why) = check_max_age(&max_age)
    {
        whole["max_age"] = Value::Null;
        let value = max_age.as_str().map_or_else(|| max_age.to_string(), str::to_owned);
        problems.push(json!({
            "setting": "max_age", "index": null, "line": null, "value": value, "kind": "max_age_not_seconds",
            "suggestions": [], "message": why,
        }));
    }
    let config = serde_json::from_value(whole)
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok((config, problems))
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
        session.map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
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
        let message = format!("the policy of this session comes from {}; edit the file", file.shown());
        return Err(Refused::new(StatusCode::CONFLICT, message));
    }
    let (config, mut problems) = read_policy(&body)?;
    let entries = lists(&config).into_iter().flatten();
    let (count, length) = entries.fold((0, 0), |(n, len), entry| (n + 1, len + entry.len()));
    if count > MAX_ENTRIES || length > MAX_ENTRY_BYTES {
        let message = format!(
            "the Lab keeps policies of at most {MAX_ENTRIES} entries and {MAX_ENTRY_BYTES} bytes; this one has {count} entries \
             and {length} bytes"
        );
        return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let invalid = if problems.is_empty() {
        session.replace_policy(config).err()
    } else {
        Policy::try_from(config).err()
    };
    problems.extend(invalid.iter().flat_map(InvalidPolicy::problems).map(|problem| json!(problem)));
    if problems.is_empty() {
        return Ok(HttpResponse::Ok().json(PolicyView::of(&session)));
    }
    Err(Refused { problems, ..Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "the policy is not valid") })
}

/// Whether it is a number of seconds; if not, why, in the library's words.
fn check_max_age(max_age: &Value) -> Result<(), String> {
    let read = match max_age.as_str() {
        // The library reads a text where a file has one; JSON's reader doesn't hand it over.
        Some(text) => {
            let field = MapDeserializer::<_, value::Error>::new(iter::once(("max_age", text)));
            PolicyConfig::deserialize(field).map_err(|error| error.to_string())
        }
        None => serde_json::from_value(json!({ "max_age": max_age })).map_err(|error| error.to_string()),
    };
    read.map(|_: PolicyConfig| ())
}

/// The session, unless it is the default one, which has no server written by hand.
fn session_of_page(control: &ControlContext, id: &str) -> Result<Arc<Session>, Refused> {
    let session = control.session(id)?;
    match session.policy_file() {
        None => Ok(session),
        Some(file) => {
            let message = format!(
                "the policy of this session comes from {}; it has no server written by hand",
                file.shown()
            );
            Err(Refused::new(StatusCode::CONFLICT, message))
        }
    }
}

async fn read_hand(control: Data<ControlContext>, id: Path<String>) -> ControlResult {
    let hand = session_of_page(&control, &id)?.state().hand.clone();
    Ok(HttpResponse::Ok().json(hand))
}

async fn replace_hand(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let session = session_of_page(&control, &id)?;
    let written: HandWritten = read(&body)?;
    let problems = hand::problems(&written, session.id(), &control.origins);
    if problems.is_empty() {
        let mut state = session.state();
        state.hand = written.clone();
        // Whoever puts another server up purges the cache in front of it.
        state.cache = SharedCache::default();
        Ok(HttpResponse::Ok().json(written))
    } else {
        let problems = problems.iter().map(|problem| json!(problem)).collect();
        let why = "the server written by hand is not valid";
        Err(Refused { problems, ..Refused::new(StatusCode::UNPROCESSABLE_ENTITY, why) })
    }
}

/// Reads a paste. Nothing is changed by it: the page does that.
async fn read_paste(control: Data<ControlContext>, id: Path<String>, body: BodyResult) -> ControlResult {
    let session = control.session(&id)?;
    let Pasted { text } = read(&body)?;
    match import::import(&text, session.id(), &control.origins) {
        Ok(import) => Ok(HttpResponse::Ok().json(import)),
        Err(why) => Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, why)),
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
        return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, message));
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
    let prediction = prediction.map_err(|message| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, message))?;
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
    /// What is on the account of the user who can sign in.
    balance: u32,
}

async fn notes(control: Data<ControlContext>, id: Path<String>) -> ControlResult {
    let session = control.session(&id)?;
    let state = session.state();
    Ok(HttpResponse::Ok().json(Holdings {
        notes: state.notes.list(),
        visits: state.visitors.total(),
        balance: state.account.balance(),
    }))
}

fn bad_run() -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, "a run's name has at most 32 characters of a-z and 0-9")
}
