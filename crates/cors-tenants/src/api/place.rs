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

/// What every host has, even for a balancer that names none.
fn is_everywhere(path: &str) -> bool {
    path == "/health" || path.starts_with("/assets/")
}

/// Set on a request whose host names the tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsHost;

/// Puts the tenant of the host into the path, and refuses hosts that are not the service's.
pub(crate) async fn find<B: MessageBody>(
    service: Data<Service>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let refused = if is_everywhere(request.path()) {
        None
    } else {
        match only_host(&request).map(|host| (host, service.site().place(host))) {
            Err(refused) => Some(refused),
            Ok((_, Place::Path)) => None,
            Ok((_, Place::Host(tenant))) => put_in_path(&mut request, &tenant).err(),
            Ok((host, Place::Elsewhere)) => Some(ApiError::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "the host {host:?} is not this service, nor a tenant's; it is {}, and --public-url says so",
                    service.site()
                ),
            )),
        }
    };
    match refused {
        None => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Some(refused) => Ok(request.into_response(refused.error_response()).map_into_right_body()),
    }
}

/// The host, if the request names one only. Whatever stands in front may look at another line, or at the target: then it would
/// take the response for another tenant's.
fn only_host(request: &ServiceRequest) -> Result<&str, ApiError> {
    let mut lines = request.headers().get_all(header::HOST);
    let host = lines.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let target = request.uri().authority();
    if lines.next().is_some() || target.is_some_and(|target| !target.as_str().eq_ignore_ascii_case(host)) {
        return Err(ApiError::bad_request("the request names more than one host; send one line Host"));
    }
    Ok(host)
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
