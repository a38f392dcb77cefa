//! Writes every exchange into its session's log and reports it as a line. The outermost middleware of the API: it also finds
//! out whose session a request belongs to, for everything further in.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage as _,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    middleware::Next,
    web::{Bytes, Data},
};
use actix_web_cors::Policy;
use fetch_cors::server::{self, Decision};

use super::{
    closed::ClosedConnection,
    headers::lines,
    terminal::{ActixHead, PendingLine},
};
use crate::{
    api_path::{ApiPath, ServerKind, run_of},
    origins::{LabServer, Origins},
    output::Output,
    session::{
        Sessions,
        cache::CacheOutcome,
        forwarded::Forwarded,
        log::{ArrivedRequest, SentResponse},
    },
};

/// A mark on a request that its handler was reached.
#[derive(Clone, Copy)]
pub(super) struct Reached;

/// Finds the session, calls the rest of the application, and records what came and what went.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub async fn record(
    sessions: Data<Sessions>,
    origins: Data<Origins>,
    forwarded: Data<Forwarded>,
    output: Data<Output>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = ApiPath::parse(request.path());
    let session = path.and_then(|path| sessions.find(path.session));
    // What a preflight is doesn't depend on the policy; the server written by hand has none, and refuses nothing by it.
    let has_policy = path.is_some_and(|path| path.server == ServerKind::Policy);
    let policy =
        session.as_ref().map(|session| if has_policy { session.policy() } else { Policy::deny_all() });
    let decision = policy.as_ref().map(|policy| server::decide(policy, &ActixHead(&request)));
    let is_preflight = decision.is_some_and(Decision::is_preflight);
    let refusal = policy
        .as_ref()
        .filter(|_| has_policy)
        .zip(decision)
        .and_then(|(policy, decision)| server::refusal(policy, &ActixHead(&request), decision))
        .map(|refusal| refusal.to_string());
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let server =
        if forwarded.contains(request.peer_addr()) { LabServer::Proxy } else { origins.address_of(host) };
    let line = PendingLine::new(&request, session.as_deref(), is_preflight, refusal);
    let number = session.as_ref().map(|session| {
        session.state().log.begin(ArrivedRequest {
            at: sessions.now_ms(),
            run: run_of(request.query_string()),
            server,
            is_preflight,
            method: request.method().as_str(),
            target: &request.uri().to_string(),
            headers: lines(request.headers()),
        })
    });
    if let Some(session) = &session {
        request.extensions_mut().insert(Arc::clone(session));
    }
    let end = |response: SentResponse<'_, &HeaderMap>| {
        let SentResponse { reached_handler, through_cache, status, headers, body } = response;
        let line = line.finish(status, headers, through_cache);
        if let (Some(session), Some(number)) = (&session, number) {
            let headers = lines(headers);
            let response = SentResponse { reached_handler, through_cache, status, headers, body };
            session.state().log.end(number, response);
        }
        output.exchange(&line);
    };
    match next.call(request).await {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let reached_handler = request.extensions().get::<Reached>().is_some();
            let through_cache = request.extensions().get::<CacheOutcome>().copied();
            let (response, body) = response.into_parts();
            // The API's responses are small, so the whole body may be held in memory to show its beginning.
            let nothing = HeaderMap::new();
            let (body, status, headers, sent) = match body::to_bytes(body).await {
                Ok(body) => {
                    let status = Some(response.status().as_u16());
                    (body.clone(), status, response.headers(), body.boxed())
                }
                Err(_) => (Bytes::new(), None, &nothing, ClosedConnection.boxed()),
            };
            end(SentResponse { reached_handler, through_cache, status, headers, body: &body });
            Ok(ServiceResponse::new(request, response.set_body(sent)))
        }
        Err(error) => {
            // The response that Actix makes of the error after this middleware.
            let response = error.error_response();
            let (status, headers) = (Some(response.status().as_u16()), response.headers().clone());
            let body = body::to_bytes(response.into_body()).await.unwrap_or_else(|_| Bytes::new());
            // Handlers and the cache return responses, never errors.
            end(SentResponse {
                reached_handler: false,
                through_cache: None,
                status,
                headers: &headers,
                body: &body,
            });
            Err(error)
        }
    }
}

/// Leaves the mark that a handler was reached; the innermost middleware of a route.
///
/// # Errors
///
/// None of its own: what the handler returns goes on as it is.
pub async fn mark_reached(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extensions_mut().insert(Reached);
    next.call(request).await
}
