//! The deciding floor: the smallest middleware that decides and emits the same headers as one policy does, with constants.
//! It replaces nothing, merges nothing and leaves errors alone. All that makes ours fast and has nothing to do with these is
//! here, too; where ours learns something of the kind, so must this.
//!
//! The policy is that of [`Setup::listed`](crate::cases::Setup::listed).

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use pin_project_lite::pin_project;

use crate::cases::ORIGIN;

/// A service behind the floor.
#[derive(Debug)]
pub struct Floor<S> {
    service: S,
}

impl<S> Floor<S> {
    /// Wraps a service.
    pub fn new(service: S) -> Self {
        Self { service }
    }
}

impl<S, B> Service<ServiceRequest> for Floor<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = FloorFuture<S>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let headers = request.headers();
        let origin = headers.get(&ORIGIN_NAME);
        if *request.method() == Method::OPTIONS && origin.is_some() && headers.contains_key(&REQUEST_METHOD) {
            let allowed = listed(origin);
            return FloorFuture { state: State::Preflight { request: Some(request), allowed } };
        }
        let allowed = listed(origin);
        FloorFuture { state: State::Handler { future: self.service.call(request), allowed } }
    }
}

// Constants would be made, and dropped, at each use.
static ORIGIN_NAME: HeaderName = header::ORIGIN;
static REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;

#[inline(always)]
fn listed(origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    origin.filter(|origin| origin.as_bytes() == ORIGIN.as_bytes()).cloned()
}

#[inline(always)]
fn write(headers: &mut HeaderMap, allowed: Option<HeaderValue>) {
    if let Some(origin) = allowed {
        headers.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, const { HeaderValue::from_static("true") });
        headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, const { HeaderValue::from_static("etag") });
    }
    headers.append(header::VARY, const { HeaderValue::from_static("origin") });
}

#[inline(always)]
fn write_preflight(headers: &mut HeaderMap, origin: HeaderValue) {
    let yes = const { HeaderValue::from_static("true") };
    let methods = const { HeaderValue::from_static("PUT, DELETE, PATCH") };
    let names = const { HeaderValue::from_static("content-type, x-request-id") };
    let max_age = const { HeaderValue::from_static("3600") };
    headers.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    headers.append(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.append(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.append(header::ACCESS_CONTROL_MAX_AGE, max_age);
}

pin_project! {
    /// The future of [`Floor`].
    pub struct FloorFuture<S: Service<ServiceRequest>> {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S: Service<ServiceRequest>> {
        Handler { #[pin] future: S::Future, allowed: Option<HeaderValue> },
        Preflight { request: Option<ServiceRequest>, allowed: Option<HeaderValue> },
    }
}

impl<S, B> Future for FloorFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Handler { future, allowed } => {
                let mut response = ready!(future.poll(cx))?;
                write(response.headers_mut(), allowed.take());
                let (request, response) = response.into_parts();
                let (response, body) = response.into_parts();
                Poll::Ready(Ok(ServiceResponse::new(request, response.set_body(EitherBody::left(body)))))
            }
            StateProjection::Preflight { request, allowed } => {
                let request = request.take().expect("polled once");
                let status = if allowed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::FORBIDDEN };
                let mut response = HttpResponse::with_body(status, ());
                let headers = response.headers_mut();
                if let Some(origin) = allowed.take() {
                    write_preflight(headers, origin);
                }
                let vary = const { HeaderValue::from_static("origin, access-control-request-method") };
                headers.append(header::VARY, vary);
                // It gets its body last: without it, it is small, and little is moved.
                let response = response.set_body(EitherBody::right(BoxBody::new(())));
                Poll::Ready(Ok(ServiceResponse::new(request.into_parts().0, response)))
            }
        }
    }
}
