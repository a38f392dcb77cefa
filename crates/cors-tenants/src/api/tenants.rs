//! Making and removing tenants.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Data, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{ApiError, Service, body::Body, session::Manager};
use crate::{
    names::{TenantName, check_account, check_password},
    password,
    store::changes::{Actor, Change},
};

/// Below `manage`.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/tenant").route(web::delete().to(remove)));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    tenant: String,
    account: String,
    password: String,
}

pub(super) async fn create(
    service: Data<Service>,
    Body(new): Body<NewTenant>,
) -> Result<HttpResponse, ApiError> {
    let tenant: TenantName = new.tenant.parse()?;
    check_account(&new.account)?;
    check_password(&new.password)?;
    if !service.0.new_tenants.one_more(String::new()) {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many tenants are made at this moment; wait a minute",
        ));
    }
    let instance = service.instance();
    let password_hash = password::hash(new.password).await?;
    let actor = Actor { account: &new.account, instance: instance.name() };
    let change = Change::Create { password_hash: &password_hash };
    let version = instance.store().change(&tenant, change, actor).await?;
    instance.changed(&tenant, version);
    let path = format!("/t/{tenant}/");
    Ok(HttpResponse::Created().insert_header(("Location", path.as_str())).json(json!({
        "tenant": &*tenant,
        "path": path,
        "origin": service.site().tenant_origin(&tenant),
    })))
}

async fn remove(service: Data<Service>, Manager(session): Manager) -> Result<HttpResponse, ApiError> {
    let instance = service.instance();
    let actor = Actor { account: &session.signed_in.account, instance: instance.name() };
    let version = instance.store().change(&session.tenant, Change::Remove, actor).await?;
    instance.changed(&session.tenant, version);
    Ok(HttpResponse::NoContent().finish())
}
