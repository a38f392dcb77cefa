//! Finds out which tenant a request is for, so that there is one way to name it from here on: `acme.localhost:8090/x` becomes
//! `/t/acme/x`.

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{StatusCode, Uri, header, uri::PathAndQuery},
    middleware::Next,
    web::Data,
};
use std::future::{Ready, ready};

use super::{ApiError, Service};
use crate::{names::TenantName, site::Place};

/// What every host has.
const EVERYWHERE: [&str; 2] = ["/health", "/assets/"];

/// Set on a request whose host names the tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsHost;

/// Puts the tenant of the host into the path, and refuses hosts that are not the service's.
pub(crate) async fn find<B: MessageBody>(
    service: Data<Service>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_everywhere = EVERYWHERE.iter().any(|path| request.path().starts_with(path));
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let refused = match service.site().place(host) {
        _ if is_everywhere => None,
        Place::Path => None,
        Place::Host(tenant) => put_in_path(&mut request, &tenant).err(),
        Place::Elsewhere => Some(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "the host {host:?} is not this service, nor a tenant's; it is {}, and --public-url says so",
                service.site()
            ),
        )),
    };
    match refused {
        None => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Some(refused) => Ok(request.into_response(refused.error_response()).map_into_right_body()),
    }
}

fn put_in_path(request: &mut ServiceRequest, tenant: &str) -> Result<(), ApiError> {
    let of_tenant = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = request.uri().clone().into_parts();
    let path = format!("/t/{tenant}{of_tenant}").try_into();
    parts.path_and_query = Some(path.map_err(|_| ApiError::not_found())?);
    let uri = Uri::from_parts(parts).map_err(|_| ApiError::not_found())?;
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    request.extensions_mut().insert(IsHost);
    Ok(())
}

/// The tenant that the path names.
#[derive(Debug)]
pub(crate) struct Tenant(pub(crate) TenantName);

impl FromRequest for Tenant {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let tenant = request.match_info().get("tenant").and_then(|name| name.parse().ok());
        ready(tenant.map(Self).ok_or_else(ApiError::no_tenant))
    }
}
