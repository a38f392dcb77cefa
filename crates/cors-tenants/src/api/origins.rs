//! The origins that a tenant's front ends have.

use actix_web::{
    HttpResponse,
    web::{self, Data, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{ApiError, Service, body::Body, session::Manager};
use crate::{
    origins,
    store::changes::{Actor, Change, MAX_ORIGINS},
};

/// Below `manage`.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/origins")
            .route(web::get().to(list))
            .route(web::post().to(register))
            .route(web::delete().to(revoke)),
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    origin: String,
}

async fn list(service: Data<Service>, Manager(session): Manager) -> Result<HttpResponse, ApiError> {
    let loaded = service.instance().store().load(&session.tenant).await?;
    let (version, origins) = loaded.found.ok_or_else(ApiError::no_tenant)?;
    Ok(HttpResponse::Ok().json(json!({
        "origins": origins,
        "version": version.0,
        "at_most": MAX_ORIGINS,
        "max_stale": service.instance().settings().max_stale.as_secs(),
    })))
}

async fn register(
    service: Data<Service>,
    Manager(session): Manager,
    Body(Entry { origin }): Body<Entry>,
) -> Result<HttpResponse, ApiError> {
    origins::check(&origin)?;
    let version = change(&service, &session, Change::Register(&origin)).await?;
    Ok(HttpResponse::Created().json(json!({ "origin": origin, "version": version })))
}

/// What is registered may be revoked, even if it is not valid any more.
async fn revoke(
    service: Data<Service>,
    Manager(session): Manager,
    Query(Entry { origin }): Query<Entry>,
) -> Result<HttpResponse, ApiError> {
    let version = change(&service, &session, Change::Revoke(&origin)).await?;
    Ok(HttpResponse::Ok().json(json!({ "origin": origin, "version": version })))
}

async fn change(
    service: &Service,
    session: &super::session::Session,
    change: Change<'_>,
) -> Result<i64, ApiError> {
    let instance = service.instance();
    let actor = Actor { account: &session.signed_in.account, instance: instance.name() };
    let version = instance.store().change(&session.tenant, change, actor).await?;
    instance.changed(&session.tenant, version);
    Ok(version)
}
