//! The shared cache as a middleware: it stands between browsers and the API, for the paths that name it.
//!
//! It keeps what the API allows CDNs to keep, in `CDN-Cache-Control`, while `Cache-Control: no-store` keeps browsers' own
//! caches out of the picture. As most CDNs do, it ignores a browser's `Cache-Control`.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};

use super::{
    closed::ClosedConnection,
    headers::{CACHE_OUTCOME, CDN_CACHE_CONTROL, change_headers},
};
use crate::{
    api_path::ApiPath,
    session::{
        Session, Sessions,
        cache::{CacheOutcome, CachedResponse, key},
    },
};

const OUTCOME: HeaderName = HeaderName::from_static(CACHE_OUTCOME);

/// Responds from the cache where it can, and else keeps what the API responds where that is allowed.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn serve(
    sessions: Data<Sessions>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_cached = ApiPath::parse(request.path()).is_some_and(|path| path.is_cached);
    let session = request.extensions().get::<Arc<Session>>().map(Arc::clone);
    let (Some(session), true, &Method::GET) = (session, is_cached, request.method()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let url = key(request.path(), request.query_string());
    let request_headers = request.headers().clone();
    let value = |name: &str| joined(&request_headers, name);

    let now = sessions.now();
    let hit = session.state().cache.find(&url, value, now).cloned();
    if let Some(kept) = hit {
        request.extensions_mut().insert(CacheOutcome::Hit);
        return Ok(request.into_response(to_response(kept, now)));
    }
    request.extensions_mut().insert(CacheOutcome::Miss);
    let response = change_headers(next.call(request).await, |headers| {
        headers.insert(OUTCOME, HeaderValue::from_static(CacheOutcome::Miss.name()));
    });
    let (request, response) = response?.into_parts();
    let (response, body) = response.into_parts();
    let Ok(body) = body::to_bytes(body).await else {
        return Ok(ServiceResponse::new(request, response.set_body(ClosedConnection).map_into_boxed_body()));
    };
    if may_keep(response.status(), response.headers()) {
        let mut headers: Vec<_> = response
            .headers()
            .iter()
            .filter(|(name, _)| **name != OUTCOME)
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        headers.shrink_to_fit();
        let status = response.status().as_u16();
        let vary = vary_names(response.headers()).into_iter().map(|name| (value(&name), name));
        let vary = vary.map(|(value, name)| (name, value)).collect();
        let kept = CachedResponse { url, vary, status, headers, body: body.to_vec(), since: now };
        session.state().cache.keep(kept, now);
    }
    Ok(ServiceResponse::new(request, response.set_body(body).map_into_boxed_body()))
}

/// Whether a response is for everyone: a success that sets no cookie, and that the API allows CDNs to keep.
fn may_keep(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::OK
        && headers.contains_key(CDN_CACHE_CONTROL)
        && !headers.contains_key(header::SET_COOKIE)
        && !vary_names(headers).iter().any(|name| name == "*")
}

fn vary_names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::VARY).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn joined(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}

fn to_response(kept: CachedResponse, now: Duration) -> HttpResponse {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let age = kept.age(now);
    let mut response = HttpResponse::build(status);
    for (name, value) in kept.headers {
        response.append_header((name, value));
    }
    response.insert_header((OUTCOME, CacheOutcome::Hit.name())).insert_header((header::AGE, age.to_string()));
    response.body(kept.body)
}
