//! The builder that an application wraps itself in.

use std::{
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};

use crate::{CorsMiddleware, Policy, PolicySource};

/// The middleware: answers preflights and writes the CORS headers that a policy asks for.
///
/// Wrap an [`App`](actix_web::App), a [`Scope`](actix_web::Scope) or a [`Resource`](actix_web::Resource) in it, never a
/// single route: see [where to put it](crate#where-to-put-it).
///
/// ```
/// use actix_web::{App, web};
/// use actix_web_cors::{Cors, Policy};
///
/// let policy = Policy::builder()
///     .allow_origins(["https://app.example.com"])
///     .allow_methods(["PUT", "DELETE"])
///     .allow_credentials()
///     .build()?;
///
/// let app = App::new()
///     .wrap(Cors::new(policy))
///     .route("/notes", web::get().to(|| async { "[]" }));
/// # drop(app);
/// # Ok::<(), actix_web_cors::InvalidPolicy>(())
/// ```
///
/// # What it does with a request
///
/// | request | answer |
/// |---|---|
/// | a preflight, from an allowed origin | 204 with the whole policy; the handler does not run |
/// | a preflight, from another origin | 403 without any CORS header; the handler does not run |
/// | any other request, from an allowed origin | the handler's response *or error* with the CORS headers |
/// | any other request | the handler's response without any CORS header |
///
/// `Access-Control-*` headers that a handler set by hand are replaced. `Vary` is merged into the handler's, and names
/// `Origin` wherever the answer depends on it.
#[derive(Clone, Debug)]
#[must_use = "wrap an application in it: `App::new().wrap(cors)`"]
pub struct Cors<S = Policy> {
    source: S,
}

impl<S: PolicySource> Cors<S> {
    /// Takes what says which policy applies: a [`Policy`], a [`LivePolicy`](crate::LivePolicy), or your own
    /// [`PolicySource`].
    pub fn new(source: S) -> Self {
        Self { source }
    }
}

impl<S, B, P> Transform<S, ServiceRequest> for Cors<P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    P: PolicySource + Clone,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CorsMiddleware<S, P>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(CorsMiddleware::new(Rc::new(service), self.source.clone())))
    }
}
