//! The builder that an application wraps itself in.

use std::{
    future::{Future, Ready, ready},
    sync::Arc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::{StatusCode, header::HeaderName},
};

use crate::{
    CorsMiddleware, IntoPolicy, PerRequest, PerRequestAsync, Policy, PolicySource, settings::Settings,
};

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
#[derive(Debug)]
#[must_use = "wrap an application in it: `App::new().wrap(cors)`"]
pub struct Cors<S = Policy> {
    source: Arc<S>,
    settings: Settings,
}

impl<S> Clone for Cors<S> {
    fn clone(&self) -> Self {
        Self { source: Arc::clone(&self.source), settings: self.settings.clone() }
    }
}

impl<S: PolicySource> Cors<S> {
    /// Takes what says which policy applies: a [`Policy`], a [`LivePolicy`](crate::LivePolicy), or your own
    /// [`PolicySource`]. For closures there are [`per_request`](Cors::per_request) and
    /// [`per_request_async`](Cors::per_request_async).
    pub fn new(source: S) -> Self {
        Self { source: Arc::new(source), settings: Settings::default() }
    }

    /// Names request headers that the source's choice depends on, for the answer's `Vary`, beside those that the source
    /// [names itself](PolicySource::reads). The path, the method and `Host` need no naming: caches tell requests apart by
    /// them anyway.
    pub fn reads(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.reads.extend(names);
        self
    }

    /// Answers 403 to requests from origins that are not allowed, instead of handling them and leaving it to the browser
    /// to withhold the answer.
    ///
    /// It keeps other sites' *simple* requests, such as a form's `POST`, and their WebSocket handshakes from having an
    /// effect. Requests without an
    /// `Origin` (curl, other servers, most same-origin `GET`s) and same-origin requests pass. What is same-origin is told
    /// by `Sec-Fetch-Site`, or, from browsers that don't send it, by comparing the origin's host and port with `Host`; so
    /// a proxy in between must leave `Host` as it is.
    ///
    /// It is a second line of defence and no replacement for CSRF tokens or `SameSite` cookies: `GET`s by which other
    /// sites embed or link to yours carry no `Origin`. And it refuses some requests that are meant well: those with
    /// `Origin: null` from browsers that don't say `Sec-Fetch-Site: same-origin` with it, as from a form on a page of yours
    /// with `Referrer-Policy: no-referrer`, and an OAuth provider's `form_post` to your callback. Put such routes outside of it.
    pub fn reject_disallowed_origins(mut self) -> Self {
        self.settings.reject_disallowed_origins = true;
        self
    }

    /// The status of the answer to a preflight that is granted: 204, unless you have clients so old that they take only a
    /// 200 for a success.
    ///
    /// # Panics
    ///
    /// If it is not from 200 to 299, as browsers take [no other status](https://fetch.spec.whatwg.org/#ok-status) for a
    /// success. It panics where the application is built, not on a request.
    pub fn preflight_status(mut self, status: u16) -> Self {
        assert!(
            (200..=299).contains(&status),
            "preflight_status({status}): browsers take only a status from 200 to 299 for a granted preflight; write 204 or 200"
        );
        // Every number in that range is a status.
        self.settings.preflight_status = StatusCode::from_u16(status).unwrap_or(StatusCode::NO_CONTENT);
        self
    }

    /// Lets the application answer preflights that are granted, and adds the policy's headers to what it answers. For
    /// applications that have something of their own to say to `OPTIONS`.
    ///
    /// The application must then answer every preflight with a status from 200 to 299: browsers take a 404 or 405 for a
    /// refusal, whatever its headers. Preflights of origins that are not allowed are still answered 403.
    pub fn forward_preflights(mut self) -> Self {
        self.settings.forward_preflights = true;
        self
    }
}

impl<F> Cors<PerRequest<F>> {
    /// A policy for each request, chosen by a closure: by path, by tenant, by time.
    ///
    /// The closure returns a [`Policy`], an [`Option`] of one (*none* leaves the request alone), or a [`Result`] of either
    /// (a failure allows nothing). Build the policies ahead and give out clones: they are cheap, and each worker keeps the
    /// last 16 prepared.
    ///
    /// A preflight has the method `OPTIONS` and the URL of the request that it asks for, but none of its headers and no
    /// cookies. So choose by the path, the query or the host, never by a header such as `Authorization` or `X-Tenant`.
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// let public = Policy::any_origin();
    /// let private = Policy::allow_origin("https://app.example.com")?;
    ///
    /// let app = App::new().wrap(Cors::per_request(move |request| {
    ///     if request.path().starts_with("/public/") { public.clone() } else { private.clone() }
    /// }));
    /// # drop(app);
    /// # Ok::<(), actix_web_cors::InvalidPolicy>(())
    /// ```
    pub fn per_request<R>(choose: F) -> Self
    where
        F: Fn(&ServiceRequest) -> R + 'static,
        R: IntoPolicy,
    {
        Self::new(PerRequest { choose })
    }
}

impl<F> Cors<PerRequestAsync<F>> {
    /// A policy for each request, chosen by a closure that may wait: for a database, say.
    ///
    /// Take what the future needs from the request before it starts. What it may return, and what a choice must not depend
    /// on, is said at [`per_request`](Cors::per_request).
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, InvalidPolicy, Origin, Policy};
    ///
    /// /// The front end that a tenant registered, from the database; none for a tenant that there isn't.
    /// async fn front_end_of(tenant: &str) -> Option<Origin> {
    ///     (tenant == "acme").then(|| "https://acme.example".parse().ok()).flatten()
    /// }
    ///
    /// let app = App::new().wrap(Cors::per_request_async(|request| {
    ///     let tenant = request.path().split('/').nth(1).unwrap_or_default().to_owned();
    ///     async move {
    ///         // From an `Origin`, not from a string: what a tenant wrote must not become a pattern.
    ///         match front_end_of(&tenant).await {
    ///             Some(front_end) => Policy::allow_origin(front_end),
    ///             None => Ok(Policy::deny_all()),
    ///         }
    ///     }
    /// }));
    /// # drop(app);
    /// ```
    pub fn per_request_async<Fut>(choose: F) -> Self
    where
        F: Fn(&ServiceRequest) -> Fut + 'static,
        Fut: Future + 'static,
        Fut::Output: IntoPolicy,
    {
        Self::new(PerRequestAsync { choose })
    }
}

impl<S, B, P> Transform<S, ServiceRequest> for Cors<P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    P: PolicySource,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CorsMiddleware<S, P>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(CorsMiddleware::new(service, Arc::clone(&self.source), self.settings.clone())))
    }
}
