//! The deciding floor: the smallest middleware that decides and emits the same headers as one policy does, with constants.
//! It replaces nothing, merges nothing and leaves errors alone, so nothing that does could be faster.
//!
//! The policy is that of [`cases::listed`](crate::cases::listed).

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
        header::{self, HeaderMap, HeaderValue},
    },
    web::Bytes,
};
use pin_project_lite::pin_project;

use crate::cases::ORIGIN;

/// A service behind the floor.
#[derive(Debug)]
pub struct Floor<S> {
    service: S,
    constants: Constants,
}

/// Made of `Bytes`, as a policy's are: static ones would be cloned for less.
#[derive(Clone, Debug)]
struct Constants {
    credentials: HeaderValue,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: HeaderValue,
    max_age: HeaderValue,
    vary: HeaderValue,
    vary_preflight: HeaderValue,
}

impl<S> Floor<S> {
    /// Wraps a service.
    ///
    /// # Panics
    ///
    /// Never: the constants are header values.
    pub fn new(service: S) -> Self {
        let value = |text: &str| {
            HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes())).expect("a constant")
        };
        let constants = Constants {
            credentials: value("true"),
            methods: value("PUT, DELETE, PATCH"),
            headers: value("content-type, x-request-id"),
            exposed: value("etag"),
            max_age: value("3600"),
            vary: value("origin"),
            vary_preflight: value("origin, access-control-request-method"),
        };
        Self { service, constants }
    }
}

#[derive(Clone, Copy)]
enum Verdict {
    NotAllowed,
    Allowed,
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

    #[inline]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN);
        let verdict = match origin {
            Some(origin) if origin.as_bytes() == ORIGIN.as_bytes() => Verdict::Allowed,
            _ => Verdict::NotAllowed,
        };
        let echo = match verdict {
            Verdict::Allowed => origin.cloned(),
            Verdict::NotAllowed => None,
        };
        if *request.method() == Method::OPTIONS
            && origin.is_some()
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            let constants = self.constants.preflight(verdict);
            return FloorFuture { state: State::Preflight { held: Some((request, echo, constants)) } };
        }
        let constants = self.constants.actual(verdict);
        FloorFuture {
            state: State::Handler { future: self.service.call(request), held: Some((echo, constants)) },
        }
    }
}

impl Constants {
    fn actual(&self, verdict: Verdict) -> Actual {
        let allowed = match verdict {
            Verdict::Allowed => Some((self.credentials.clone(), self.exposed.clone())),
            Verdict::NotAllowed => None,
        };
        Actual { allowed, vary: self.vary.clone() }
    }

    fn preflight(&self, verdict: Verdict) -> Preflight {
        let allowed = match verdict {
            Verdict::Allowed => Some([
                self.credentials.clone(),
                self.methods.clone(),
                self.headers.clone(),
                self.max_age.clone(),
            ]),
            Verdict::NotAllowed => None,
        };
        Preflight { allowed, vary: self.vary_preflight.clone() }
    }
}

struct Actual {
    allowed: Option<(HeaderValue, HeaderValue)>,
    vary: HeaderValue,
}

impl Actual {
    fn write(self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if let (Some(origin), Some((credentials, exposed))) = (origin, self.allowed) {
            headers.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
            headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        headers.append(header::VARY, self.vary);
    }
}

struct Preflight {
    allowed: Option<[HeaderValue; 4]>,
    vary: HeaderValue,
}

impl Preflight {
    fn respond<B>(
        self,
        request: ServiceRequest,
        origin: Option<HeaderValue>,
    ) -> ServiceResponse<EitherBody<B>> {
        let status = if self.allowed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::FORBIDDEN };
        let mut response = HttpResponse::<BoxBody>::new(status);
        let headers = response.headers_mut();
        if let (Some(origin), Some([credentials, methods, allowed, max_age])) = (origin, self.allowed) {
            headers.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
            headers.append(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            headers.append(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            headers.append(header::ACCESS_CONTROL_MAX_AGE, max_age);
        }
        headers.append(header::VARY, self.vary);
        let (response, body) = response.into_parts();
        request.into_response(response.set_body(EitherBody::right(body)))
    }
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
        Handler { #[pin] future: S::Future, held: Option<(Option<HeaderValue>, Actual)> },
        Preflight { held: Option<(ServiceRequest, Option<HeaderValue>, Preflight)> },
    }
}

impl<S, B> Future for FloorFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Handler { future, held } => {
                let mut response = ready!(future.poll(cx))?;
                let (origin, constants) = held.take().expect("polled once");
                constants.write(origin, response.headers_mut());
                let (request, response) = response.into_parts();
                let (response, body) = response.into_parts();
                Poll::Ready(Ok(ServiceResponse::new(request, response.set_body(EitherBody::left(body)))))
            }
            StateProjection::Preflight { held } => {
                let (request, origin, constants) = held.take().expect("polled once");
                Poll::Ready(Ok(constants.respond(request, origin)))
            }
        }
    }
}
