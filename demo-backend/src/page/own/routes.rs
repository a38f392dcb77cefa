//! The endpoints below `/control/own`. The control API's rules hold for them, because they are part of it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::HOST},
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;

use super::{
    OwnApis,
    play::{OwnRequest, Play, ProbeChoice},
    target,
    view::OwnView,
};
use crate::{
    page::control::{BodyResult, ControlContext, ControlResult, Refused, read},
    session::random_id,
};

const OFF: &str = "Your own API is off, because not all of the Lab's servers listen on loopback addresses alone. \
                   Start the Lab without --api, --page and --attacker, or with localhost in them.";

/// The routes, for the control API's scope.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/own", web::get().to(state))
        .route("/own/play", web::post().to(play))
        .route("/own/probe", web::post().to(probe));
}

/// Whether it is on, and what it allows.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::page) struct OwnState {
    /// Why it is off; null if it is on.
    off: Option<&'static str>,
    /// Whether targets may be on other machines.
    remote: bool,
}

async fn state(control: Data<ControlContext>) -> HttpResponse {
    let own = &control.own;
    HttpResponse::Ok().json(OwnState { off: (!own.is_on).then_some(OFF), remote: own.gate.allows_remote })
}

async fn play(control: Data<ControlContext>, request: HttpRequest, body: BodyResult) -> ControlResult {
    let own = on(&control.own)?;
    let wanted: OwnRequest = read(&body)?;
    let _busy = own.busy.try_acquire().map_err(|_| busy())?;
    // The page has more than one name; the guard has checked that this is one of them.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let mut origins = control.origins.clone();
    origins.page = format!("http://{host}");
    let play = Play::start(&own.gate, &own.limits, wanted, &origins).await.map_err(refused)?;
    let id =
        random_id().map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let view = OwnView::masked(&id, &play);
    own.keep(id, play);
    Ok(HttpResponse::Ok().json(view))
}

async fn probe(control: Data<ControlContext>, body: BodyResult) -> ControlResult {
    let own = on(&control.own)?;
    let choice: ProbeChoice = read(&body)?;
    let _busy = own.busy.try_acquire().map_err(|_| busy())?;
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "no such fetch; send the request again");
    let play = own.find(&choice.id).ok_or_else(unknown)?;
    let mut play = play.lock().await;
    play.probe(&own.gate, &own.limits, &choice).await.map_err(refused)?;
    Ok(HttpResponse::Ok().json(OwnView::masked(&choice.id, &play)))
}

fn on(own: &OwnApis) -> Result<&OwnApis, Refused> {
    if own.is_on { Ok(own) } else { Err(Refused::new(StatusCode::FORBIDDEN, OFF)) }
}

fn refused(target::Refused(why): target::Refused) -> Refused {
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

fn busy() -> Refused {
    Refused::new(StatusCode::TOO_MANY_REQUESTS, "other requests are under way; wait for them to end")
}
