//! Signing in and out. A page gets a cookie, a program or a front end gets a token; front ends' tokens don't manage anything.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    ApiError, Service,
    body::Body,
    place::Tenant,
    session::{Manager, Session, cookie},
};
use crate::{
    names::{TenantName, check_account, check_password},
    password,
    store::accounts::{SESSION_SECONDS, SignedIn},
};

/// Below `manage`.
pub(super) fn session_routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/session")
                .route(web::post().to(sign_in))
                .route(web::get().to(show))
                .route(web::delete().to(sign_out)),
        )
        .service(
            web::resource("/token").route(web::post().to(manage_by_token)).route(web::delete().to(end_token)),
        );
}

/// Below `api`.
pub(super) fn token_routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/token").route(web::post().to(use_by_token)).route(web::delete().to(end_token)),
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    account: String,
    password: String,
}

async fn sign_in(
    request: HttpRequest,
    service: Data<Service>,
    Tenant(tenant): Tenant,
    Body(credentials): Body<Credentials>,
) -> Result<HttpResponse, ApiError> {
    let token = begin(&service, &tenant, &credentials, true).await?;
    Ok(HttpResponse::Ok()
        .cookie(cookie(&request, &service, &tenant, &token))
        .json(json!({ "account": credentials.account, "csrf": password::csrf_token(&token) })))
}

async fn show(Manager(session): Manager) -> HttpResponse {
    let csrf = password::csrf_token(&session.token);
    HttpResponse::Ok().json(json!({ "account": session.signed_in.account, "csrf": csrf }))
}

async fn sign_out(
    request: HttpRequest,
    service: Data<Service>,
    Manager(session): Manager,
) -> Result<HttpResponse, ApiError> {
    end(&service, &session).await?;
    Ok(HttpResponse::NoContent().cookie(cookie(&request, &service, &session.tenant, "")).finish())
}

async fn manage_by_token(
    service: Data<Service>,
    Tenant(tenant): Tenant,
    Body(credentials): Body<Credentials>,
) -> Result<HttpResponse, ApiError> {
    give_token(&service, &tenant, &credentials, true).await
}

async fn use_by_token(
    service: Data<Service>,
    Tenant(tenant): Tenant,
    Body(credentials): Body<Credentials>,
) -> Result<HttpResponse, ApiError> {
    give_token(&service, &tenant, &credentials, false).await
}

async fn give_token(
    service: &Service,
    tenant: &TenantName,
    credentials: &Credentials,
    manages: bool,
) -> Result<HttpResponse, ApiError> {
    let token = begin(service, tenant, credentials, manages).await?;
    Ok(HttpResponse::Ok().json(json!({ "token": token, "seconds": SESSION_SECONDS })))
}

async fn end_token(service: Data<Service>, session: Session) -> Result<HttpResponse, ApiError> {
    end(&service, &session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Compares the password and begins a session.
async fn begin(
    service: &Service,
    tenant: &TenantName,
    credentials: &Credentials,
    manages: bool,
) -> Result<String, ApiError> {
    let Credentials { account, password } = credentials;
    let wrong = || ApiError::new(StatusCode::UNAUTHORIZED, "the account or the password is wrong");
    // What no account can have costs nothing.
    if check_account(account).is_err() || check_password(password).is_err() {
        return Err(wrong());
    }
    let key = format!("{tenant} {account}");
    if !service.0.sign_ins.one_more(key.clone()) {
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many attempts to sign in to this account; wait a minute",
        ));
    }
    let store = service.instance().store();
    let hash = store.password_hash(tenant, account).await?;
    if !password::is_right(password.clone(), hash).await? {
        return Err(wrong());
    }
    service.0.sign_ins.forget(&key);
    let token = password::new_token()?;
    let signed_in = SignedIn { account: account.clone(), manages };
    store.begin_session(&password::token_hash(&token), tenant, &signed_in).await?;
    Ok(token)
}

async fn end(service: &Service, session: &Session) -> Result<(), ApiError> {
    let hash = password::token_hash(&session.token);
    Ok(service.instance().store().end_session(&hash, &session.tenant).await?)
}
