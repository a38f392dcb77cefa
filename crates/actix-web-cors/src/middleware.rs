//! The service between an application and the network, and its future: builder in `cors`, then this, from top to bottom.

use std::{
    cell::{OnceCell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{StatusCode, header::HeaderName},
};
use fetch_cors::{
    Policy,
    server::{Decision, RequestHead as _, is_same_origin},
};
use pin_project_lite::pin_project;

use crate::{
    Lookup, PolicySource, SourceError,
    head::Head,
    log,
    predicate::{self, Asked},
    response::{Echoes, Found, Headers, Prepared},
    settings::Settings,
};

/// An application wrapped in [`Cors`](crate::Cors), whose example makes one.
#[derive(Debug)]
pub struct CorsMiddleware<S, P> {
    shared: Rc<Shared<S>>,
    source: Arc<P>,
    /// The policy, if it is the same for every request.
    always: Option<Rc<Prepared>>,
}

/// What lives as long as a worker's application.
#[derive(Debug)]
struct Shared<S> {
    service: S,
    settings: Settings,
    /// The request headers that the choice of a policy depends on, as the source and the application say.
    reads: Vec<HeaderName>,
    /// How many policies are kept prepared.
    keeps: usize,
    /// The policies used last, that of the last request first.
    kept: RefCell<Vec<Rc<Prepared>>>,
    /// A policy that allows nothing, for requests for which the source found none.
    nothing: OnceCell<Rc<Prepared>>,
}

impl<S> Shared<S> {
    fn prepare(&self, policy: &Policy) -> Rc<Prepared> {
        let position = self.kept.borrow().iter().position(|prepared| prepared.policy.is_same(policy));
        let other = if position.is_none() { Some(self.prepare_new(policy.clone())) } else { None };
        let mut kept = self.kept.borrow_mut();
        if let Some(other) = other {
            kept.truncate(self.keeps.saturating_sub(1));
            kept.insert(0, other);
        } else if let Some(position) = position {
            kept[..=position].rotate_right(1);
        }
        Rc::clone(&kept[0])
    }

    #[cold]
    fn nothing(&self) -> Rc<Prepared> {
        Rc::clone(self.nothing.get_or_init(|| self.prepare_new(Policy::deny_all())))
    }

    fn prepare_new(&self, policy: Policy) -> Rc<Prepared> {
        log::empty_policy(&policy);
        Rc::new(Prepared::new(policy, &self.reads, &self.settings))
    }
}

impl<S, P: PolicySource> CorsMiddleware<S, P> {
    pub(crate) fn new(service: S, source: Arc<P>, settings: Settings) -> Self {
        let (mut reads, keeps) = (Vec::new(), source.keeps());
        for name in source.reads().iter().chain(&settings.reads) {
            if !reads.contains(name) {
                reads.push(name.clone());
            }
        }
        let (kept, nothing) = (RefCell::default(), OnceCell::new());
        let shared = Shared { service, settings, reads, keeps, kept, nothing };
        let always = source.always().map(|policy| shared.prepare_new(policy.clone()));
        Self { shared: Rc::new(shared), source, always }
    }
}

impl<S, B, P> Service<ServiceRequest> for CorsMiddleware<S, P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    P: PolicySource,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = CorsFuture<S, P::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.service.poll_ready(cx)
    }

    #[inline(always)]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let shared = &self.shared;
        if let Some(prepared) = &self.always {
            return respond(shared, Rc::clone(prepared), request);
        }
        match self.source.lookup(&request) {
            Lookup::Found(policy) => respond(shared, shared.prepare(policy), request),
            Lookup::Ready(found) => go_on(shared, Ok(found), request),
            Lookup::Failed(error) => go_on(shared, Err(error), request),
            Lookup::Later(lookup) => {
                let held = Some((request, Rc::clone(shared)));
                CorsFuture { state: State::Lookup { lookup, held } }
            }
        }
    }
}

/// Goes on with a request when the source has said which policy applies, that none does, or why it doesn't know.
fn go_on<S, L>(
    shared: &Shared<S>,
    found: Result<Option<Policy>, SourceError>,
    request: ServiceRequest,
) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    match found {
        Ok(Some(policy)) => respond(shared, shared.prepare(&policy), request),
        Ok(None) => {
            log::no_policy(Head(&request));
            pass(shared, request)
        }
        Err(error) => {
            log::failed_source(&error, &shared.settings.failures, Head(&request));
            // Nothing that the source made outlives it.
            drop(error);
            respond_without_source(shared, request)
        }
    }
}

/// Decides, and asks the predicates where the policy says no.
#[inline(always)]
fn respond<S, L>(shared: &Shared<S>, prepared: Rc<Prepared>, request: ServiceRequest) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let (decision, origin) = Head(&request).decide(&prepared.policy);
    if decision.is_refused() && !shared.settings.predicates.is_empty() {
        return respond_as_predicates_say(shared, prepared, decision, request);
    }
    let echoes = Echoes::new(decision, origin, Head(&request));
    conclude(shared, prepared, decision, Found::Policy, echoes, request)
}

#[cold]
#[inline(never)]
fn respond_as_predicates_say<S, L>(
    shared: &Shared<S>,
    prepared: Rc<Prepared>,
    mut decision: Decision,
    request: ServiceRequest,
) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let head = Head(&request);
    let asked = predicate::ask(&shared.settings.predicates, &prepared.policy, head);
    if asked.as_ref().is_some_and(Asked::is_allowed) {
        decision = decision.with_origin_allowed(&prepared.policy, &head);
    }
    let echoes = Echoes::new(decision, head.origin(), head);
    let (found, echoes) = match asked {
        Some(asked) => (Found::Asked, echoes.with(asked)),
        None => (Found::Policy, echoes),
    };
    conclude(shared, prepared, decision, found, echoes, request)
}

/// Refuses what needs a policy when the source failed to say which.
#[cold]
fn respond_without_source<S, L>(shared: &Shared<S>, request: ServiceRequest) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let prepared = shared.nothing();
    let (decision, _) = Head(&request).decide(&prepared.policy);
    conclude(shared, prepared, decision, Found::Failure, Echoes::Origin(None), request)
}

/// Passes on a request that no policy applies to.
#[cold]
fn pass<S, L>(shared: &Shared<S>, request: ServiceRequest) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let is_options = Head(&request).is_options();
    let future = shared.service.call(request);
    let headers = Headers {
        prepared: shared.nothing(),
        decision: Decision::NoOrigin,
        is_options,
        found: Found::None,
        echoes: Echoes::Origin(None),
    };
    CorsFuture { state: State::Handler { future, headers } }
}

/// Logs, and either lets the application handle the request or responds in its place.
#[inline(always)]
fn conclude<S, L>(
    shared: &Shared<S>,
    prepared: Rc<Prepared>,
    decision: Decision,
    found: Found,
    echoes: Echoes,
    request: ServiceRequest,
) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let head = Head(&request);
    let status = status(decision, head, &shared.settings, found);
    if found != Found::Failure {
        log::refusal(&prepared.policy, &shared.settings.predicates, head, decision, status);
    }
    let is_options = head.is_options();
    if let Some(status) = status {
        let headers = Headers { prepared, decision, is_options, found, echoes };
        return CorsFuture { state: State::Respond { request: Some(request), status, headers } };
    }
    let future = shared.service.call(request);
    let headers = Headers { prepared, decision, is_options, found, echoes };
    CorsFuture { state: State::Handler { future, headers } }
}

/// The status of a response in the application's place; none if the application handles the request.
#[inline(always)]
fn status(decision: Decision, head: Head<'_>, settings: &Settings, found: Found) -> Option<StatusCode> {
    let refused =
        if found == Found::Failure { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
    match decision {
        Decision::PreflightRefused => Some(refused),
        Decision::PreflightGranted { .. } if settings.forward_preflights => None,
        Decision::PreflightGranted { .. } => Some(settings.preflight_status),
        Decision::NotAllowed if settings.reject_disallowed_origins && !is_same_origin(&head) => Some(refused),
        _ => None,
    }
}

pin_project! {
    /// The future of [`CorsMiddleware`]: a request on its way through [`Cors`](crate::Cors).
    pub struct CorsFuture<S: Service<ServiceRequest>, L> {
        #[pin]
        state: State<S, L>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S: Service<ServiceRequest>, L> {
        /// The source is looking for the policy. The request waits here, whole: a clone of it that outlived the lookup
        /// would make Actix's router panic.
        Lookup { #[pin] lookup: L, held: Option<(ServiceRequest, Rc<Shared<S>>)> },
        /// The policy is found, and nothing has been done with it yet.
        Found,
        /// The application is handling the request.
        Handler { #[pin] future: S::Future, headers: Headers },
        /// The middleware responds in the application's place.
        Respond { request: Option<ServiceRequest>, status: StatusCode, headers: Headers },
    }
}

impl<S, B, L> Future for CorsFuture<S, L>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let StateProjection::Lookup { .. } = self.as_mut().project().state.project() {
            ready!(finish_lookup(self.as_mut(), cx));
        }
        Poll::Ready(match self.project().state.project() {
            StateProjection::Handler { future, headers } => match ready!(future.poll(cx)) {
                Ok(mut response) => {
                    headers.write(response.response_mut().head_mut());
                    Ok(left(response))
                }
                Err(error) => Err(with_headers(error, headers.clone())),
            },
            StateProjection::Respond { request, status, headers } => {
                let request = request.take().expect(POLLED_AFTER_COMPLETION);
                let mut response = HttpResponse::with_body(*status, ());
                headers.write(response.head_mut());
                // The body comes last: without it the response is small, and little is moved.
                let response = response.set_body(EitherBody::right(BoxBody::new(())));
                Ok(ServiceResponse::new(request.into_parts().0, response))
            }
            StateProjection::Lookup { .. } | StateProjection::Found => {
                unreachable!("{POLLED_AFTER_COMPLETION}")
            }
        })
    }
}

/// Waits for the policy, and goes on to the next state.
#[inline(never)]
fn finish_lookup<S, B, L>(mut future: Pin<&mut CorsFuture<S, L>>, cx: &mut Context<'_>) -> Poll<()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    if let StateProjection::Lookup { lookup, held } = future.as_mut().project().state.project() {
        let found = ready!(lookup.poll(cx));
        let (request, shared) = held.take().expect(POLLED_AFTER_COMPLETION);
        // The lookup is dropped with the old state before the request goes on.
        future.set(CorsFuture { state: State::Found });
        future.set(go_on(&shared, found, request));
    }
    Poll::Ready(())
}

const POLLED_AFTER_COMPLETION: &str = "a future is not polled after it was ready";

/// Has the headers written into the response that will be made of an error.
#[cold]
fn with_headers(mut error: Error, headers: Headers) -> Error {
    error.add_response_mapper(move |mut response| {
        headers.clone().write(response.head_mut());
        response
    });
    error
}

/// The application's response. Cheaper than `map_into_left_body`, which moves the whole response.
#[inline(always)]
fn left<B>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    ServiceResponse::new(request, response.set_body(EitherBody::left(body)))
}
