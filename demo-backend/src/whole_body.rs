//! Reads a request's body before anything else sees the request. Actix bounds the time of a head and of an idle connection, but
//! a body may stall for ever: where a handler reads it, and, if it has no length, also after the response, where Actix waits for
//! its end. So a body that is late or too long is refused here, and its connection closed.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Bytes,
};
use futures_util::StreamExt as _;

use crate::{json_error::JsonError, page::control};

/// How long a body may take, however it trickles; as long as Actix gives the head.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest body, but for what the page's control API takes more of. Handlers have lower limits of their own.
const MAX_BODY: usize = 64 * 1024;

/// Passes on requests whose body has arrived whole, and refuses others.
///
/// # Errors
///
/// None of its own: what the application returns goes on as it is.
pub(crate) async fn require<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut payload = request.take_payload();
    if !matches!(payload, Payload::None) {
        let most = MAX_BODY.max(control::longest_body(request.path()));
        let read = tokio::time::timeout(PATIENCE, read(&mut payload, most)).await;
        match read.unwrap_or_else(|_| Err(late())) {
            Ok(body) => request.set_payload(Payload::from(body)),
            Err(refusal) => {
                // While the rest of the body has an owner, Actix closes the connection instead of reading on.
                let response = request.into_response(refusal.error_response());
                return Ok(response.map_body(|_, body| BoxBody::new(WithUnread { body, _unread: payload })));
            }
        }
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

async fn read(payload: &mut Payload, most: usize) -> Result<Bytes, JsonError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| JsonError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        if body.len() + chunk.len() > most {
            let message = format!("a body has at most {most} bytes");
            return Err(JsonError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

fn late() -> JsonError {
    let message = format!("the request's body did not arrive within {} seconds", PATIENCE.as_secs());
    JsonError::new(StatusCode::REQUEST_TIMEOUT, message)
}

/// A response's body, with what was not read of its request's.
struct WithUnread {
    body: BoxBody,
    _unread: Payload,
}

impl MessageBody for WithUnread {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
