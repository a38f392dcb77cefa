//! Who is measured: the bare service, the floor, and the middleware of this project and of its peers, each around the same
//! service and with the same policy.

use std::{
    convert::Infallible,
    future::Ready,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, fn_service},
    error::ErrorUnauthorized,
    http::header,
};
use actix_web_cors::{Cors, LivePolicy};
use futures_util::{FutureExt as _, future::ready};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_layer::Layer as _;

use crate::{
    cases::{Handler, Setup},
    floor::Floor,
};

/// A middleware around an Actix service, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The service alone.
    Bare,
    /// [`Floor`]; it knows one policy only.
    Floor,
    /// `actix-web-cors` with a `Policy`.
    Ours,
    /// `actix-web-cors` with a `LivePolicy`.
    OursLive,
    /// `actix-web-cors` with a closure.
    OursPerRequest,
    /// `actix-web-cors` with a closure that returns a future.
    OursPerRequestAsync,
    /// `actix-cors`.
    ActixCors,
}

/// What is done with a contender's service.
pub trait Use {
    /// Is given the service.
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody;
}

impl Contender {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bare,
        Self::Floor,
        Self::Ours,
        Self::OursLive,
        Self::OursPerRequest,
        Self::OursPerRequestAsync,
        Self::ActixCors,
    ];

    /// What tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Floor => "floor",
            Self::Ours => "actix-web-cors",
            Self::OursLive => "LivePolicy",
            Self::OursPerRequest => "per_request",
            Self::OursPerRequestAsync => "per_request_async",
            Self::ActixCors => "actix-cors",
        }
    }

    /// Makes the contender's service and hands it over.
    pub fn make(self, setup: &Setup, handler: Handler, user: impl Use) {
        // Each arm has a service type of its own.
        match handler {
            Handler::Plain => self.make_around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    ready(Ok::<_, Error>(request.into_response(HttpResponse::Ok().finish())))
                }),
                user,
            ),
            Handler::OwnHeaders => self.make_around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    let response = HttpResponse::Ok()
                        .append_header((header::CONTENT_TYPE, "application/json"))
                        .append_header((header::CACHE_CONTROL, "no-cache"))
                        .append_header((header::VARY, "accept-encoding"))
                        .finish();
                    ready(Ok::<_, Error>(request.into_response(response)))
                }),
                user,
            ),
            Handler::InnerError => self.make_around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    drop(request);
                    ready(Err::<ServiceResponse, Error>(ErrorUnauthorized("who are you?")))
                }),
                user,
            ),
        }
    }

    fn make_around<F, B>(self, setup: &Setup, factory: &F, user: impl Use)
    where
        F: actix_web::dev::ServiceFactory<
                ServiceRequest,
                Config = (),
                InitError = (),
                Response = ServiceResponse<B>,
                Error = Error,
            >,
        F::Service: 'static,
        B: MessageBody + 'static,
    {
        let Some(Ok(service)) = factory.new_service(()).now_or_never() else {
            unreachable!("a service made of a function is ready at once")
        };
        match self {
            Self::Bare => user.with(service),
            Self::Floor => user.with(Floor::new(service)),
            Self::Ours => user.with(wrap(&Cors::new(setup.policy()), service)),
            Self::OursLive => user.with(wrap(&Cors::new(LivePolicy::new(setup.policy())), service)),
            Self::OursPerRequest => {
                let policy = setup.policy();
                user.with(wrap(&Cors::per_request(move |_| policy.clone()), service));
            }
            Self::OursPerRequestAsync => {
                let policy = setup.policy();
                user.with(wrap(
                    &Cors::per_request_async(move |_| std::future::ready(policy.clone())),
                    service,
                ));
            }
            Self::ActixCors => user.with(wrap(&actix_cors(setup), service)),
        }
    }
}

pub(crate) fn actix_cors(setup: &Setup) -> actix_cors::Cors {
    let cors = actix_cors::Cors::default()
        .allowed_methods(["PUT", "DELETE", "PATCH"])
        .allowed_headers([header::CONTENT_TYPE, header::HeaderName::from_static("x-request-id")])
        .expose_headers([header::ETAG])
        .max_age(3600);
    let cors = if setup.credentials { cors.supports_credentials() } else { cors };
    if setup.is_any() {
        return cors.allow_any_origin().send_wildcard();
    }
    if let Some(suffix) = setup.pattern_suffix() {
        let suffix = suffix.to_owned();
        return cors.allowed_origin_fn(move |origin, _| fits(origin.as_bytes(), &suffix));
    }
    setup.origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// What the peers, which know no patterns, are given in their place. It knows neither ports nor what a host is.
fn fits(origin: &[u8], suffix: &str) -> bool {
    origin.starts_with(b"https://") && origin.ends_with(suffix.as_bytes())
}

fn wrap<T, S>(middleware: &T, service: S) -> T::Transform
where
    T: Transform<S, ServiceRequest, InitError = ()>,
    S: Service<ServiceRequest>,
{
    let Some(Ok(service)) = middleware.new_transform(service).now_or_never() else {
        unreachable!("these middleware are ready at once")
    };
    service
}

/// A request as Tower's services take it.
pub type TowerRequest = http1::Request<()>;
/// A response as they give it.
pub type TowerResponse = http1::Response<()>;

/// Answers 200 without any header: the bare service at Tower's interface.
#[derive(Clone, Debug)]
pub struct TowerBare;

impl tower_service::Service<TowerRequest> for TowerBare {
    type Response = TowerResponse;
    type Error = Infallible;
    type Future = Ready<Result<TowerResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: TowerRequest) -> Self::Future {
        drop(request);
        std::future::ready(Ok(TowerResponse::new(())))
    }
}

/// `tower-http`'s middleware around [`TowerBare`].
///
/// # Panics
///
/// When the origins are no header values.
pub fn tower_cors(setup: &Setup) -> tower_http::cors::Cors<TowerBare> {
    use http1::{HeaderName, HeaderValue, Method, header};

    let origins = if setup.is_any() {
        AllowOrigin::any()
    } else if let Some(suffix) = setup.pattern_suffix() {
        let suffix = suffix.to_owned();
        AllowOrigin::predicate(move |origin, _| fits(origin.as_bytes(), &suffix))
    } else {
        AllowOrigin::list(setup.origins.iter().map(|origin| HeaderValue::from_str(origin).expect("a value")))
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::PUT, Method::DELETE, Method::PATCH])
        .allow_headers([header::CONTENT_TYPE, HeaderName::from_static("x-request-id")])
        .expose_headers([header::ETAG])
        .allow_credentials(setup.credentials)
        .max_age(std::time::Duration::from_secs(3600))
        .layer(TowerBare)
}
