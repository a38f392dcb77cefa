//! Who is measured: the bare service, the floor, and the middleware of this project and of its peers, each around the same
//! service and with the same policy.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform, fn_service},
    error::ErrorUnauthorized,
    http::header,
};
use actix_web_cors::{Cors, LivePolicy};
use futures_util::FutureExt as _;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_layer::Layer as _;

use crate::{
    cases::{Case, EXPOSED, HEADERS, Handler, MAX_AGE, METHODS, Setup, TowerRequest},
    floor::Floor,
    service::{Actix, Contestant, Tower, TowerResponse},
};

/// A middleware, or none.
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
    /// The service alone, at Tower's interface.
    TowerBare,
    /// `tower-http`, at Tower's interface.
    TowerHttp,
}

impl Contender {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Bare,
        Self::Floor,
        Self::Ours,
        Self::OursLive,
        Self::OursPerRequest,
        Self::OursPerRequestAsync,
        Self::ActixCors,
        Self::TowerBare,
        Self::TowerHttp,
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
            Self::TowerBare => "tower-bare",
            Self::TowerHttp => "tower-http",
        }
    }

    /// The bare service at the same interface.
    #[must_use]
    pub const fn bare(self) -> Self {
        if matches!(self, Self::TowerBare | Self::TowerHttp) { Self::TowerBare } else { Self::Bare }
    }

    /// Whether it is this project's.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursLive | Self::OursPerRequest | Self::OursPerRequestAsync)
    }

    /// Whether it can be given this case: the floor has one policy, and Tower's interface no errors and no `Vary` of handlers.
    pub fn takes(self, case: &Case) -> bool {
        match self {
            Self::Floor => case.setup == Setup::listed() && case.handler == Handler::Plain,
            Self::TowerBare | Self::TowerHttp => case.handler == Handler::Plain,
            _ => true,
        }
    }

    /// The contender's service.
    pub fn make(self, setup: &Setup, handler: Handler) -> Box<dyn Contestant> {
        match (self, handler) {
            (Self::TowerBare, _) => Box::new(Tower(TowerBare)),
            (Self::TowerHttp, _) => Box::new(Tower(tower_http(setup).layer(TowerBare))),
            (_, Handler::Plain) => self.around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    ready(Ok::<_, Error>(request.into_response(HttpResponse::Ok().finish())))
                }),
            ),
            (_, Handler::OwnHeaders) => self.around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    let response = HttpResponse::Ok()
                        .append_header((header::CONTENT_TYPE, "application/json"))
                        .append_header((header::CACHE_CONTROL, "no-cache"))
                        .append_header((header::VARY, "accept-encoding"))
                        .finish();
                    ready(Ok::<_, Error>(request.into_response(response)))
                }),
            ),
            (_, Handler::InnerError) => self.around(
                setup,
                &fn_service(|request: ServiceRequest| {
                    drop(request);
                    ready(Err::<ServiceResponse, Error>(ErrorUnauthorized("who are you?")))
                }),
            ),
        }
    }

    fn around<F, B>(self, setup: &Setup, factory: &F) -> Box<dyn Contestant>
    where
        F: ServiceFactory<
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
        let policy = || setup.policy();
        match self {
            Self::Floor => Box::new(Actix(Floor::new(service))),
            Self::Ours => wrap(&Cors::new(policy()), service),
            Self::OursLive => wrap(&Cors::new(LivePolicy::new(policy())), service),
            Self::OursPerRequest => {
                let policy = policy();
                wrap(&Cors::per_request(move |_| policy.clone()).ignores_origin(), service)
            }
            Self::OursPerRequestAsync => {
                let policy = policy();
                wrap(&Cors::per_request_async(move |_| ready(policy.clone())).ignores_origin(), service)
            }
            Self::ActixCors => wrap(&actix_cors(setup), service),
            Self::Bare | Self::TowerBare | Self::TowerHttp => Box::new(Actix(service)),
        }
    }
}

fn wrap<T, S, B>(middleware: &T, service: S) -> Box<dyn Contestant>
where
    T: Transform<S, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>,
    T::Transform: 'static,
    S: Service<ServiceRequest>,
    B: MessageBody,
{
    let Some(Ok(service)) = middleware.new_transform(service).now_or_never() else {
        unreachable!("these middleware are ready at once")
    };
    Box::new(Actix(service))
}

fn actix_cors(setup: &Setup) -> actix_cors::Cors {
    let cors = actix_cors::Cors::default()
        .allowed_methods(METHODS)
        .allowed_headers(HEADERS)
        .expose_headers(EXPOSED)
        .max_age(usize::try_from(MAX_AGE).ok());
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

fn tower_http(setup: &Setup) -> CorsLayer {
    use http1::{HeaderName, HeaderValue, Method};

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
        .allow_methods(METHODS.map(|method| Method::from_bytes(method.as_bytes()).expect("a method")))
        .allow_headers(HEADERS.map(HeaderName::from_static))
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .allow_credentials(setup.credentials)
        .max_age(Duration::from_secs(MAX_AGE))
}

/// What the peers, which know no patterns, are given in their place. It knows neither ports nor what a host is.
fn fits(origin: &[u8], suffix: &str) -> bool {
    origin.starts_with(b"https://") && origin.ends_with(suffix.as_bytes())
}

/// Responds 200 without any header.
#[derive(Clone, Debug)]
struct TowerBare;

impl tower_service::Service<TowerRequest> for TowerBare {
    type Response = TowerResponse;
    type Error = Infallible;
    type Future = Ready<Result<TowerResponse, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: TowerRequest) -> Self::Future {
        drop(request);
        ready(Ok(TowerResponse::new(())))
    }
}
