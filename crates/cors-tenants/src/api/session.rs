//! Who makes a request: by the session's token, in a cookie or in `Authorization: Bearer`.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::{StatusCode, header},
    web::Data,
};

use super::{
    ApiError, Service,
    place::{IsHost, Tenant},
};
use crate::{
    names::TenantName,
    password,
    replica::Looked,
    store::accounts::{SESSION_SECONDS, SignedIn},
};

/// What a page sends with a change, in addition to the cookie.
const CSRF_HEADER: &str = "x-csrf-token";

/// A session with the tenant that the path names.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) tenant: TenantName,
    pub(crate) signed_in: SignedIn,
    pub(crate) token: String,
    is_cookie: bool,
}

/// A session that may manage the tenant, and whose request no other page could have made.
#[derive(Debug)]
pub(crate) struct Manager(pub(crate) Session);

impl FromRequest for Session {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { find(&request).await })
    }
}

impl FromRequest for Manager {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let session = find(&request).await?;
            if !session.signed_in.manages {
                return Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "this session may use the tenant's data, but not manage it; sign in at the tenant's own page",
                ));
            }
            // A browser sends a cookie whatever page makes the request; it never sends `Authorization` on its own.
            if session.is_cookie && !request.method().is_safe() && !has_csrf_token(&request, &session.token) {
                return Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "the header X-CSRF-Token is missing, or is not this session's; GET manage/session says it",
                ));
            }
            Ok(Self(session))
        })
    }
}

fn has_csrf_token(request: &HttpRequest, token: &str) -> bool {
    let sent = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    sent.is_some_and(|sent| password::is_equal(sent, &password::csrf_token(token)))
}

async fn find(request: &HttpRequest) -> Result<Session, ApiError> {
    let Tenant(tenant) = Tenant::extract(request).await?;
    let service = Data::<Service>::extract(request).await.map_err(|_| ApiError::not_found())?;
    let token = match bearer(request) {
        Some(token) => Some((token.to_owned(), false)),
        None => request
            .cookie(&cookie_name(&tenant, service.site().is_https()))
            .map(|cookie| (cookie.value().to_owned(), true)),
    };
    if let Some((token, is_cookie)) = token {
        let hash = password::token_hash(&token);
        if let Some(signed_in) = service.instance().store().session(&hash, &tenant).await? {
            return Ok(Session { tenant, signed_in, token, is_cookie });
        }
    }
    Err(match service.instance().lookup(&tenant) {
        Looked::Unknown => ApiError::no_tenant(),
        _ => ApiError::not_signed_in(),
    })
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Each tenant's has a name of its own, because `__Host-` leaves no way to keep cookies apart by path.
fn cookie_name(tenant: &str, is_https: bool) -> String {
    let prefix = if is_https { "__Host-" } else { "" };
    format!("{prefix}session-{tenant}")
}

/// The cookie of a session. Pages of other sites never make a browser send it: their front ends use a token.
pub(crate) fn cookie(request: &HttpRequest, service: &Service, tenant: &str, token: &str) -> Cookie<'static> {
    let is_https = service.site().is_https();
    let is_host = request.extensions().get::<IsHost>().is_some();
    // `__Host-` wants this path, and so does a host of the tenant's own.
    let path = if is_https || is_host { "/".to_owned() } else { format!("/t/{tenant}") };
    let lasts = if token.is_empty() { Duration::ZERO } else { Duration::seconds(SESSION_SECONDS) };
    Cookie::build(cookie_name(tenant, is_https), token.to_owned())
        .path(path)
        .http_only(true)
        .secure(is_https)
        .same_site(SameSite::Strict)
        .max_age(lasts)
        .finish()
}
