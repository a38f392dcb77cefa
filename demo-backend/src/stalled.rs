//! A request whose body does not come. Actix bounds the time of a request's head and of an idle connection; a handler that
//! reads a body would wait for ever.

use std::{fmt, time::Duration};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, StatusCode},
    middleware::Next,
};

use crate::json_error::JsonError;

/// How long a body may take, however it trickles; as long as Actix gives the head.
const PATIENCE: Duration = Duration::from_secs(5);

/// The body did not arrive in time.
#[derive(Debug)]
struct Stalled;

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request's body did not arrive within {} seconds", PATIENCE.as_secs())
    }
}

impl ResponseError for Stalled {
    fn status_code(&self) -> StatusCode {
        StatusCode::REQUEST_TIMEOUT
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = JsonError::new(self.status_code(), self.to_string()).error_response();
        // The rest of the body would be read as the next request.
        response.head_mut().set_connection_type(ConnectionType::Close);
        response
    }
}

/// 408 for a request whose body does not arrive in time. Handlers take no time but for it.
///
/// # Errors
///
/// That 408.
pub(crate) async fn give_up(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    tokio::time::timeout(PATIENCE, next.call(request)).await.unwrap_or_else(|_| Err(Stalled.into()))
}
