//! What the page may ask of its own server: where the API is, which policy is in force, and what came over the wire.
//!
//! It is of the page's own origin, so that it works whatever the policy says, and it is for that page alone. Another site
//! can't read it, as there is no CORS header on it; a site that points its own name at this machine (DNS rebinding) is
//! stopped by the `Host` that its requests carry; and a header that no page can send to another origin without a preflight
//! is asked for on top.

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::{ErrorForbidden, ErrorMisdirectedRequest},
    http::header::{self, CacheControl, CacheDirective},
    middleware::{Next, from_fn},
    web::{self, Data, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    exchange_log::{self, ExchangeLog},
    policy_file::PolicyFile,
};

/// The header that every call carries.
const MARK: &str = "x-cors-lab";

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Control {
    /// The API's origin.
    pub api_url: String,
    /// The `Host` values under which the page is served.
    pub hosts: Vec<String>,
    /// The policy in force.
    pub policy_file: PolicyFile,
    /// What came over the wire.
    pub log: Data<ExchangeLog>,
}

/// The routes, all below `/control/`, all `GET`, all without side effect.
pub fn routes(control: Control) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.service(
            web::scope("/control")
                .app_data(Data::new(control))
                .wrap(from_fn(guard))
                .route("/config", web::get().to(config_of))
                .route("/policy", web::get().to(policy))
                .route("/exchanges", web::get().to(exchanges)),
        );
    }
}

async fn guard(
    control: Data<Control>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    if !control.hosts.iter().any(|expected| expected == host) {
        return Err(ErrorMisdirectedRequest("this server is not known by that name"));
    }
    if !request.headers().contains_key(MARK) {
        return Err(ErrorForbidden("this is for the Lab's own page, which sends the header x-cors-lab"));
    }
    next.call(request).await
}

async fn config_of(control: Data<Control>) -> HttpResponse {
    answer(&json!({ "api": control.api_url }))
}

async fn policy(control: Data<Control>) -> HttpResponse {
    answer(&json!(control.policy_file.report()))
}

#[derive(Debug, Deserialize)]
struct OfRun {
    run: String,
}

async fn exchanges(control: Data<Control>, query: Query<OfRun>) -> HttpResponse {
    if !exchange_log::is_run(&query.run) {
        return HttpResponse::BadRequest()
            .json(json!({ "error": "a run is named by up to 32 of a-z and 0-9" }));
    }
    answer(&json!({ "exchanges": control.log.of_run(&query.run) }))
}

fn answer(value: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok().insert_header(CacheControl(vec![CacheDirective::NoStore])).json(value)
}
