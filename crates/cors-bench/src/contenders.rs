//! Who is measured: the bare service, the floor, and the middleware of this project and of its peers, each around the same
//! service and with the same policy.

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, fn_service},
    http::header,
};
use futures_util::{FutureExt as _, future::ready};

use crate::{
    cases::{ORIGIN, listed},
    floor::Floor,
};

/// A middleware, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The service alone.
    Bare,
    /// [`Floor`].
    Floor,
    /// `actix-web-cors`.
    Ours,
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
    pub const ALL: [Self; 4] = [Self::Bare, Self::Floor, Self::Ours, Self::ActixCors];

    /// What tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Floor => "floor",
            Self::Ours => "actix-web-cors",
            Self::ActixCors => "actix-cors",
        }
    }

    /// A number for the command line.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|&contender| contender == self).unwrap_or_default()
    }

    /// Makes the contender's service and hands it over.
    pub fn make(self, user: impl Use) {
        let service = fn_service(|request: ServiceRequest| {
            ready(Ok::<_, Error>(request.into_response(HttpResponse::Ok().finish())))
        });
        match self {
            Self::Bare => user.with(new_service(&service)),
            Self::Floor => user.with(Floor::new(new_service(&service))),
            Self::Ours => user.with(wrap(&actix_web_cors::Cors::new(listed()), new_service(&service))),
            Self::ActixCors => user.with(wrap(&actix_cors(), new_service(&service))),
        }
    }
}

fn actix_cors() -> actix_cors::Cors {
    actix_cors::Cors::default()
        .allowed_origin(ORIGIN)
        .allowed_methods(["PUT", "DELETE", "PATCH"])
        .allowed_headers([header::CONTENT_TYPE, header::HeaderName::from_static("x-request-id")])
        .expose_headers([header::ETAG])
        .supports_credentials()
        .max_age(3600)
}

/// `fn_service` is a factory, too; its service is ready at once.
fn new_service<F>(factory: &F) -> F::Service
where
    F: actix_web::dev::ServiceFactory<ServiceRequest, Config = (), InitError = ()>,
{
    match factory.new_service(()).now_or_never() {
        Some(Ok(service)) => service,
        _ => unreachable!("a service made of a function is ready at once"),
    }
}

fn wrap<T, S>(middleware: &T, service: S) -> T::Transform
where
    T: Transform<S, ServiceRequest, InitError = ()>,
    S: Service<ServiceRequest>,
{
    match middleware.new_transform(service).now_or_never() {
        Some(Ok(service)) => service,
        _ => unreachable!("these middleware are ready at once"),
    }
}
