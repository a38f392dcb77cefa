//! [`Cors`], the builder that an application passes to `wrap`.

use std::{
    fmt,
    future::{Future, Ready, ready},
    io,
    sync::Arc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};

use crate::{
    BoxedSource, CorsMiddleware, IntoPolicy, Origin, PerRequest, PerRequestAsync, Policy, PolicySource,
    RequestView, Summary, Widening, predicate::Predicate, settings::Settings, source::WithBoxedFuture,
};

/// The middleware: responds to preflights and writes the CORS headers that a policy decides on.
///
/// Wrap an [`App`](actix_web::App), a [`Scope`](actix_web::Scope) or a [`Resource`](actix_web::Resource) in it, never a
/// single route: see [where to put it](crate#where-to-put-it).
///
/// ```
/// use actix_web::{App, web};
/// use actix_web_cors::{Cors, Policy};
///
/// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
///     let policy = Policy::builder()
///         .allow_origins(["https://app.example.com"])
///         .allow_methods(["PUT", "DELETE"])
///         .allow_credentials()
///         .build()?;
///
///     let app = App::new()
///         .wrap(Cors::new(policy))
///         .route("/notes", web::get().to(|| async { "[]" }));
///     Ok(())
/// }
/// ```
///
/// # What it does with a request
///
/// | request | response |
/// |---|---|
/// | a preflight, from an allowed origin | 204 with the whole policy; the handler does not run |
/// | a preflight, from another origin | 403 without any CORS header; the handler does not run |
/// | any other request, from an allowed origin | the handler's response *or error* with the CORS headers |
/// | any other request | the handler's response without any CORS header |
///
/// `Access-Control-*` headers that a handler set by hand are replaced. `Vary` is merged into the handler's, and names
/// `Origin` wherever the response depends on it.
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

impl<S> Cors<S> {
    /// Takes the source of the policy: a [`Policy`], a [`LivePolicy`](crate::LivePolicy), or your own [`PolicySource`]. For
    /// closures, use [`per_request`](Cors::per_request) or [`per_request_async`](Cors::per_request_async).
    ///
    /// To share one among workers, clone it: the clones share the source.
    pub fn new(source: S) -> Self
    where
        S: PolicySource,
    {
        Self { source: Arc::new(source), settings: Settings::default() }
    }

    /// Names request headers that the source's choice depends on, for the response's `Vary`, in addition to those that the
    /// source [names itself](PolicySource::reads). You don't have to name the path, the method or `Host`: caches distinguish
    /// requests by them anyway.
    ///
    /// ```
    /// use actix_web::{App, http::header::HeaderName};
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// // Set by the proxy, which strips it from what clients send.
    /// const ZONE: HeaderName = HeaderName::from_static("x-zone");
    ///
    /// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
    ///     let intranet = Policy::allow_origin("https://wiki.corp.example")?;
    ///     let cors = Cors::per_request(move |request| {
    ///         let is_inside = request.headers().get(ZONE).is_some_and(|zone| zone == "inside");
    ///         is_inside.then(|| intranet.clone())
    ///     });
    ///     let app = App::new().wrap(cors.reads([ZONE]));
    ///     Ok(())
    /// }
    /// ```
    pub fn reads(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.reads.extend(names);
        self
    }

    /// Says that the closure of [`per_request`](Cors::per_request) or [`per_request_async`](Cors::per_request_async) does
    /// not read `Origin`. Responses under a policy that allows any origin, or under none, then don't vary by it, and shared
    /// caches keep one for all.
    ///
    /// If the closure does read it, a cache may give one site's response to another. [`per_request`](Cors::per_request) has
    /// an example.
    pub fn ignores_origin(mut self) -> Self {
        self.settings.reads.retain(|name| name != header::ORIGIN);
        self
    }

    /// The same with a source of a type that all kinds of sources share, for a choice that is made when the server starts.
    /// A policy that is the same for all requests stays as fast as it is.
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{BoxedSource, Cors, LivePolicy, Policy};
    ///
    /// let is_public = true;
    /// let cors: Cors<BoxedSource> = if is_public {
    ///     Cors::new(Policy::any_origin()).boxed()
    /// } else {
    ///     Cors::new(LivePolicy::new(Policy::deny_all())).boxed()
    /// };
    /// let app = App::new().wrap(cors.clone());
    /// ```
    pub fn boxed(self) -> Cors<BoxedSource>
    where
        S: PolicySource + Send + Sync,
    {
        let Self { source, settings } = self;
        Cors { source: Arc::new(Box::new(WithBoxedFuture(source))), settings }
    }

    /// Responds with 403 to requests from origins that are not allowed, instead of handling them and leaving it to the
    /// browser to withhold the response.
    ///
    /// It keeps other sites' *simple* requests, such as a form's `POST`, and their WebSocket handshakes from having an
    /// effect.
    ///
    /// ```
    /// use actix_web::{App, HttpResponse, web};
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
    ///     let policy = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials().build()?;
    ///     let app = App::new()
    ///         .wrap(Cors::new(policy).reject_disallowed_origins())
    ///         .route("/orders", web::post().to(HttpResponse::Created));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Requests without an `Origin` (curl, other servers, most same-origin `GET`s) and same-origin requests pass. A request is
    /// same-origin if its [`Sec-Fetch-Site`](https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header) says so or,
    /// from browsers that don't send that header, if the origin's host and port are those of `Host`; so a proxy in between must
    /// leave `Host` as it is.
    ///
    /// It is a second line of defence, not a replacement for CSRF tokens or `SameSite` cookies: `GET`s by which other
    /// sites embed or link to yours carry no `Origin`. Nor does it stop DNS rebinding: to the browser, such a request is
    /// same-origin. Against that, check `Host`.
    ///
    /// It refuses two kinds of legitimate requests, whose routes belong outside it. One is a request with `Origin: null` from
    /// a browser that doesn't send `Sec-Fetch-Site: same-origin` with it, such as a form on your own page with
    /// `Referrer-Policy: no-referrer`. The other is an OAuth provider's `form_post` to your callback.
    pub fn reject_disallowed_origins(mut self) -> Self {
        self.settings.reject_disallowed_origins = true;
        self
    }

    /// Allows, in addition to the policy's origins, those for which `predicate` returns `true`: for what no pattern says,
    /// such as domains that customers register. They get what the policy gives its own origins, credentials included. The
    /// name stands in logs, in `Debug` and in the [summary](Cors::summary).
    ///
    /// Write a pattern in the policy if one will do: a predicate is code, so neither the validation nor a review of the
    /// configuration can tell which origins it allows. For subdomains use [`Origin::is_subdomain_of`], never `ends_with`, which
    /// `https://evilexample.com` passes, too.
    ///
    /// ```
    /// use std::{collections::HashSet, sync::{Arc, RwLock}};
    ///
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, Origin, Policy};
    ///
    /// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
    ///     let policy = Policy::allow_origin("https://app.example.com")?;
    ///     let registered: Arc<RwLock<HashSet<Origin>>> = Arc::default();
    ///
    ///     let cors = Cors::new(policy).allow_origins_if("registered by customers", move |origin, request| {
    ///         request.path().starts_with("/widget/")
    ///             && registered.read().is_ok_and(|registered| registered.contains(origin))
    ///     });
    ///     let app = App::new().wrap(cors);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// It is asked only about an origin that could be listed in the policy as it is (so never about `null`, and with
    /// credentials never about plain http beyond loopback), and only where a policy was found that lists other origins:
    /// never for [`Policy::deny_all`], a policy that allows any origin, no policy, or a source that failed. It is
    /// synchronous; if it has to wait, for a database for example, use [`per_request_async`](Cors::per_request_async).
    /// If it panics, the origin is not allowed. Of several predicates, one that returns `true` is enough.
    ///
    /// # Panics
    ///
    /// If the policy is the same for all requests and allows any origin: the predicate would never be asked. It panics
    /// while the application is built, not during a request.
    pub fn allow_origins_if(
        mut self,
        name: &str,
        predicate: impl Fn(&Origin, &RequestView<'_>) -> bool + Send + Sync + 'static,
    ) -> Self
    where
        S: PolicySource,
    {
        assert!(
            !self.source.always().is_some_and(Policy::allows_any_origin),
            "allow_origins_if({name:?}): the policy allows any origin already, so this would never be asked; list origins in the policy, or remove the predicate"
        );
        self.settings.predicates.push(Predicate::new(name, predicate));
        self
    }

    /// The status of the response to an allowed preflight, 204 by default. Set 200 if you have clients so old that they
    /// accept nothing else.
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// let app = App::new().wrap(Cors::new(Policy::any_origin()).preflight_status(200));
    /// ```
    ///
    /// # Panics
    ///
    /// If it is not from 200 to 299: browsers accept [no other status](https://fetch.spec.whatwg.org/#ok-status) from a
    /// preflight. It panics while the application is built, not during a request.
    pub fn preflight_status(mut self, status: u16) -> Self {
        assert!(
            (200..=299).contains(&status),
            "preflight_status({status}) is not from 200 to 299, so browsers would treat every preflight as refused; write 204 or 200"
        );
        // Every number in that range is a status.
        self.settings.preflight_status = StatusCode::from_u16(status).unwrap_or(StatusCode::NO_CONTENT);
        self
    }

    /// Passes allowed preflights on to the application, and adds the policy's headers to its responses. For applications
    /// that handle `OPTIONS` themselves.
    ///
    /// The application must then respond to every preflight with a status from 200 to 299: browsers treat a 404 or 405 as
    /// a refusal, whatever its headers. Preflights from origins that are not allowed still get a 403.
    ///
    /// ```
    /// use actix_web::{App, HttpResponse, http::Method, web};
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// let app = App::new().wrap(Cors::new(Policy::any_origin()).forward_preflights()).service(
    ///     web::resource("/notes")
    ///         .get(|| async { "[]" })
    ///         .route(web::method(Method::OPTIONS).to(|| async {
    ///             HttpResponse::NoContent().insert_header(("allow", "GET, OPTIONS")).finish()
    ///         })),
    /// );
    /// ```
    pub fn forward_preflights(mut self) -> Self {
        self.settings.forward_preflights = true;
        self
    }
}

impl Cors {
    /// What the policy and the predicates mean, in sentences, with the risks named.
    ///
    /// ```
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
    ///     let policy = Policy::allow_origin("https://app.example.com")?;
    ///     let cors = Cors::new(policy).allow_origins_if("customers", |_, _| false);
    ///     assert!(cors.summary().to_string().contains("the predicate \"customers\" allows"));
    ///     Ok(())
    /// }
    /// ```
    pub fn summary(&self) -> Summary {
        let summary = self.source.summary();
        if self.source.denies_all() {
            return summary;
        }
        self.settings.predicates.iter().fold(summary, |summary, predicate| {
            summary.with(
                format!("So may pages of every origin that the predicate {predicate:?} allows."),
                format!(
                    "the predicate {predicate:?} is code, so the origins that it allows are not known here"
                ),
            )
        })
    }

    /// What `other` allows that this one does not; see [`Policy::widening`].
    ///
    /// ```
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let before = Cors::new(Policy::allow_origin("https://app.example.com")?);
    ///     let after = Cors::new(Policy::allow_origins(["https://app.example.com", "https://admin.example.com"])?);
    ///     for widening in before.widening(&after)? {
    ///         assert_eq!(widening.to_string(), "it allows the origin https://admin.example.com");
    ///     }
    ///
    ///     let unknown = before.widening(&after.allow_origins_if("customers", |_, _| false)).unwrap_err();
    ///     assert_eq!(unknown.predicates(), ["customers"]);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// When one of them has a predicate: what that allows is unknown.
    pub fn widening(&self, other: &Self) -> Result<Vec<Widening>, UnknownWidening> {
        let predicates = self.settings.predicates.iter().chain(&other.settings.predicates);
        let mut predicates: Vec<String> = predicates.map(|predicate| predicate.name.to_string()).collect();
        predicates.dedup();
        if predicates.is_empty() {
            Ok(self.source.widening(&other.source))
        } else {
            Err(UnknownWidening { predicates })
        }
    }
}

/// Two [`Cors`] can't be compared, because what their predicates allow is unknown. [`Cors::widening`] returns it, and has an
/// example.
///
/// `Debug` writes the same as `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownWidening {
    predicates: Vec<String>,
}

impl UnknownWidening {
    /// The names of the predicates.
    pub fn predicates(&self) -> &[String] {
        &self.predicates
    }
}

impl fmt::Display for UnknownWidening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.predicates.iter().map(|name| format!("{name:?}")).collect();
        write!(
            f,
            "what the predicate {} allows is unknown, so it has to be reviewed as code",
            names.join(" or ")
        )
    }
}

impl std::error::Error for UnknownWidening {}

/// As its `Display`.
impl fmt::Debug for UnknownWidening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of the kind `InvalidInput`, for a `main` that returns `io::Result`.
impl From<UnknownWidening> for io::Error {
    fn from(unknown: UnknownWidening) -> Self {
        Self::new(io::ErrorKind::InvalidInput, unknown)
    }
}

impl<F> Cors<PerRequest<F>> {
    /// A policy for each request, chosen by a closure: by path, by tenant, by time.
    ///
    /// The closure returns a [`Policy`], an [`Option`] of one (`None` leaves the request alone), or a [`Result`] of either
    /// (an error allows nothing). Build the policies in advance and return clones: they are cheap, and each worker keeps the
    /// last 16 prepared.
    ///
    /// The response's `Vary` names `Origin`, because the closure may read it; if it doesn't, say so by
    /// [`ignores_origin`](Cors::ignores_origin). Any other header that it reads you have to [name](Cors::reads).
    ///
    /// A preflight has the method `OPTIONS` and the URL of the actual request, but none of its headers and no cookies. So
    /// choose by the path, the query or the host, never by a header such as `Authorization` or `X-Tenant`.
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, Policy};
    ///
    /// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
    ///     let public = Policy::any_origin();
    ///     let private = Policy::allow_origin("https://app.example.com")?;
    ///
    ///     let cors = Cors::per_request(move |request| {
    ///         if request.path().starts_with("/public/") { public.clone() } else { private.clone() }
    ///     });
    ///     let app = App::new().wrap(cors.ignores_origin());
    ///     Ok(())
    /// }
    /// ```
    pub fn per_request<R>(choose: F) -> Self
    where
        F: Fn(&ServiceRequest) -> R + 'static,
        R: IntoPolicy,
    {
        Self::new(PerRequest { choose }).reads([header::ORIGIN])
    }
}

impl<F> Cors<PerRequestAsync<F>> {
    /// A policy for each request, chosen by an async closure, which may wait for a database, for example.
    ///
    /// Take what the future needs from the request before it starts. [`per_request`](Cors::per_request) says what it may
    /// return, and what the choice must not depend on.
    ///
    /// Bound how long it may take: while it waits, so does the request, even after its client has left.
    ///
    /// ```
    /// use actix_web::App;
    /// use actix_web_cors::{Cors, InvalidPolicy, Origin, Policy};
    ///
    /// /// The front end that a tenant registered, from the database; `None` if the tenant doesn't exist.
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
    /// ```
    pub fn per_request_async<Fut>(choose: F) -> Self
    where
        F: Fn(&ServiceRequest) -> Fut + 'static,
        Fut: Future + 'static,
        Fut::Output: IntoPolicy,
    {
        Self::new(PerRequestAsync { choose }).reads([header::ORIGIN])
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
