//! The audit log, a page at a time.

use actix_web::{
    HttpResponse,
    web::{self, Data, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{ApiError, Service, session::Manager};

/// How many entries a page has.
const PAGE: u32 = 50;

/// Below `manage`.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/audit").route(web::get().to(list)));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Only changes before this version.
    before: Option<i64>,
}

async fn list(
    service: Data<Service>,
    Manager(session): Manager,
    Query(page): Query<Page>,
) -> Result<HttpResponse, ApiError> {
    let before = page.before.unwrap_or(i64::MAX);
    let entries = service.instance().store().audit(&session.tenant, before, PAGE).await?;
    let next = entries.last().filter(|_| entries.len() >= PAGE as usize).map(|entry| entry.version);
    Ok(HttpResponse::Ok().json(json!({ "entries": entries, "next": next })))
}
