//! A JSON body, bounded in size and in time. It must be declared as JSON: a page of another origin can then send it only after
//! a preflight.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::StatusCode};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::error::ApiError;

const MAX_BODY: usize = 16 * 1024;
/// Actix bounds the time of a request's head, but not of its body.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a request's body says.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json {
                return Err(ApiError::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "the body must be JSON, with the header Content-Type: application/json",
                ));
            }
            let read = tokio::time::timeout(PATIENCE, read(&mut payload)).await;
            let body = read.unwrap_or_else(|_| {
                Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive within 5 seconds"))
            })?;
            let body = serde_json::from_slice(&body).map_err(|error| {
                ApiError::bad_request(format!("the body is not what is expected here: {error}"))
            })?;
            Ok(Self(body))
        })
    }
}

async fn read(payload: &mut Payload) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::bad_request(error.to_string()))?;
        if body.len() + chunk.len() > MAX_BODY {
            let message = format!("a body has at most {MAX_BODY} bytes");
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix_web::{ResponseError as _, error::PayloadError, test::TestRequest, web::Bytes};
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let request =
            TestRequest::post().insert_header(("content-type", "application/json")).to_http_request();
        // A byte every second resets no clock.
        let drops = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, PayloadError>(Bytes::from_static(b" ")), ()))
        });
        for stream in [Box::pin(stream::pending()) as Pin<Box<dyn stream::Stream<Item = _>>>, Box::pin(drops)]
        {
            let mut payload = Payload::Stream { payload: stream };
            let begin = Instant::now();
            let read =
                tokio::time::timeout(2 * PATIENCE, Body::<()>::from_request(&request, &mut payload)).await;
            let error = read.expect("it is given up").expect_err("nothing came");
            assert_eq!(error.status_code(), StatusCode::REQUEST_TIMEOUT, "after {:?}", begin.elapsed());
        }
    }
}
