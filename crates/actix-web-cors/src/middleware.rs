//! The service between an application and the network, and its future. It moves requests and responses along; what to
//! decide is `fetch-cors`'s matter, and what to write is [`answer`](crate::answer)'s.

use std::{
    cell::RefCell,
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
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use fetch_cors::{
    Policy,
    server::{Decision, is_same_origin},
};
use pin_project_lite::pin_project;

use crate::{
    Lookup, PolicySource, SourceError,
    answer::{self, Answer, Echoes, Head, Prepared},
    cors::Settings,
    log,
};

/// An application wrapped in [`Cors`](crate::Cors).
#[derive(Debug)]
pub struct CorsMiddleware<S, P> {
    service: Rc<S>,
    source: Arc<P>,
    shared: Rc<Shared>,
}

/// What lives as long as a worker's application.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    /// The request headers that the choice of a policy depends on, as the source and the application say.
    reads: Vec<HeaderName>,
    /// The same as a value of `Vary`, for requests to which no policy applies.
    vary: Option<HeaderValue>,
    /// How many policies are kept prepared.
    keeps: usize,
    /// The policies used last, that of the last request first.
    kept: RefCell<Vec<Rc<Prepared>>>,
}

impl Shared {
    #[inline]
    fn prepare(&self, policy: &Policy) -> Rc<Prepared> {
        match self.kept.borrow().first() {
            Some(prepared) if prepared.policy.is_same(policy) => return Rc::clone(prepared),
            _ => {}
        }
        self.prepare_other(policy)
    }

    /// Another policy than that of the last request.
    fn prepare_other(&self, policy: &Policy) -> Rc<Prepared> {
        let position = self.kept.borrow().iter().position(|prepared| prepared.policy.is_same(policy));
        let prepared = if let Some(position) = position {
            self.kept.borrow_mut().remove(position)
        } else {
            log::empty_policy(policy);
            Rc::new(Prepared::new(policy.clone(), &self.reads, &self.settings))
        };
        let mut kept = self.kept.borrow_mut();
        kept.truncate(self.keeps.saturating_sub(1));
        kept.insert(0, Rc::clone(&prepared));
        prepared
    }
}

impl<S, P: PolicySource> CorsMiddleware<S, P> {
    pub(crate) fn new(service: S, source: Arc<P>, settings: Settings) -> Self {
        let (mut reads, keeps) = (source.reads(), source.keeps());
        reads.extend_from_slice(&settings.reads);
        let vary = answer::to_vary(&[], &reads);
        let shared = Shared { settings, reads, vary, keeps, kept: RefCell::default() };
        Self { service: Rc::new(service), source, shared: Rc::new(shared) }
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
        self.service.poll_ready(cx)
    }

    #[inline]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let prepared = match self.source.lookup(&request) {
            Lookup::Found(policy) => self.shared.prepare(policy),
            Lookup::Ready(Some(policy)) => self.shared.prepare(&policy),
            Lookup::Ready(None) => return leave(&*self.service, &self.shared, request).into(),
            Lookup::Failed(error) => return fail(&*self.service, &self.shared, request, error).into(),
            Lookup::Later(lookup) => {
                let held = Some((request, Rc::clone(&self.service), Rc::clone(&self.shared)));
                return State::Lookup { lookup, held }.into();
            }
        };
        apply(&*self.service, &self.shared, prepared, request).into()
    }
}

impl<S: Service<ServiceRequest>, L> From<State<S, L>> for CorsFuture<S, L> {
    #[inline]
    fn from(state: State<S, L>) -> Self {
        Self { state }
    }
}

/// Goes on with a request whose policy is known.
#[inline(always)]
fn apply<S, L>(service: &S, shared: &Shared, prepared: Rc<Prepared>, request: ServiceRequest) -> State<S, L>
where
    S: Service<ServiceRequest>,
{
    let head = Head::new(&request);
    let mut answer = Answer::new(prepared, &head);
    log::refusal(&answer.prepared.policy, &head, answer.decision);
    if let Some(status) = status_without_handler(&shared.settings, &head, answer.decision) {
        return State::Answered { held: Some((request, answer)), status };
    }
    answer.keep_echoes(&head);
    State::Handler { future: service.call(request), answer: Some(answer) }
}

/// The status to answer with, if the handler is not to run.
#[inline(always)]
fn status_without_handler(settings: &Settings, head: &Head<'_>, decision: Decision) -> Option<StatusCode> {
    match decision {
        Decision::AnyOrigin | Decision::NoOrigin | Decision::Allowed => None,
        Decision::NotAllowed => {
            let rejected = settings.reject_disallowed_origins && !is_same_origin(head);
            rejected.then_some(StatusCode::FORBIDDEN)
        }
        Decision::PreflightGranted { .. } => {
            (!settings.forward_preflights).then_some(settings.preflight_status)
        }
        Decision::PreflightRefused => Some(StatusCode::FORBIDDEN),
    }
}

/// Goes on with a request to which no policy applies. That none does may depend on its headers, and a cache must know.
#[inline(never)]
fn leave<S, L>(service: &S, shared: &Shared, request: ServiceRequest) -> State<S, L>
where
    S: Service<ServiceRequest>,
{
    State::Untouched { future: service.call(request), vary: shared.vary.clone() }
}

/// Goes on with a request whose policy could not be found: nothing is allowed, and nobody may remember that. Whoever needs
/// no CORS is served as ever.
#[cold]
#[inline(never)]
fn fail<S, L>(service: &S, shared: &Shared, request: ServiceRequest, error: SourceError) -> State<S, L>
where
    S: Service<ServiceRequest>,
{
    log::failed_source(&error);
    // Nothing of what the source made outlives it.
    drop(error);
    let prepared = Rc::new(Prepared::new(Policy::deny_all(), &shared.reads, &shared.settings));
    let head = Head::new(&request);
    let answer = Answer::new(prepared, &head);
    match status_without_handler(&shared.settings, &head, answer.decision) {
        Some(_) => State::Answered { held: Some((request, answer)), status: StatusCode::SERVICE_UNAVAILABLE },
        None => State::Handler { future: service.call(request), answer: Some(answer) },
    }
}

pin_project! {
    /// The future of [`CorsMiddleware`].
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
        Lookup { #[pin] lookup: L, held: Option<(ServiceRequest, Rc<S>, Rc<Shared>)> },
        /// The handler is at work.
        Handler { #[pin] future: S::Future, answer: Option<Answer> },
        /// No policy applies.
        Untouched { #[pin] future: S::Future, vary: Option<HeaderValue> },
        /// The handler does not run.
        Answered { held: Option<(ServiceRequest, Answer)>, status: StatusCode },
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
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Handler { future, answer } => {
                    return Poll::Ready(match ready!(future.poll(cx)) {
                        Ok(mut response) => {
                            answer.as_ref().expect(POLLED_AFTER_COMPLETION).write(response.headers_mut());
                            // Cheaper than `map_into_left_body`, which moves the whole response.
                            let (request, response) = response.into_parts();
                            let (response, body) = response.into_parts();
                            Ok(ServiceResponse::new(request, response.set_body(EitherBody::left(body))))
                        }
                        Err(error) => Err(with_answer(error, answer.take().expect(POLLED_AFTER_COMPLETION))),
                    });
                }
                StateProjection::Answered { held, status } => {
                    let (request, answer) = held.take().expect(POLLED_AFTER_COMPLETION);
                    return Poll::Ready(Ok(respond(request, &answer, *status)));
                }
                StateProjection::Untouched { future, vary } => {
                    let result = ready!(future.poll(cx));
                    return Poll::Ready(finish_untouched(result, vary.take()));
                }
                StateProjection::Lookup { .. } => ready!(resume(state.as_mut(), cx)),
            }
        }
    }
}

/// Goes on with a request whose policy had to be waited for. Apart, so that who needn't wait doesn't pay for it.
#[inline(never)]
fn resume<S, L>(mut state: Pin<&mut State<S, L>>, cx: &mut Context<'_>) -> Poll<()>
where
    S: Service<ServiceRequest>,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    let StateProjection::Lookup { lookup, held } = state.as_mut().project() else { return Poll::Ready(()) };
    let found = ready!(lookup.poll(cx));
    let (request, service, shared) = held.take().expect(POLLED_AFTER_COMPLETION);
    // The lookup is dropped with the old state before the request goes on.
    state.set(State::Answered { held: None, status: StatusCode::OK });
    state.set(match found {
        Ok(Some(policy)) => apply(&*service, &shared, shared.prepare(&policy), request),
        Ok(None) => leave(&*service, &shared, request),
        Err(error) => fail(&*service, &shared, request, error),
    });
    Poll::Ready(())
}

const POLLED_AFTER_COMPLETION: &str = "a future is not polled after it was ready";

/// Has the answer written into the response that will be made of an error.
#[cold]
fn with_answer(mut error: Error, answer: Answer) -> Error {
    error.add_response_mapper(move |mut response| {
        answer.write(response.headers_mut());
        response
    });
    error
}

/// Adds to the handler's response or error what the choice of no policy depended on, if on anything.
fn finish_untouched<B>(
    result: Result<ServiceResponse<B>, Error>,
    vary: Option<HeaderValue>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match (result, vary) {
        (Ok(mut response), vary) => {
            if let Some(vary) = vary {
                answer::add_vary(response.headers_mut(), &vary);
            }
            Ok(response.map_into_left_body())
        }
        (Err(mut error), Some(vary)) => {
            error.add_response_mapper(move |mut response| {
                answer::add_vary(response.headers_mut(), &vary);
                response
            });
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}

/// Answers in the handler's place.
#[inline]
fn respond<B>(
    request: ServiceRequest,
    answer: &Answer,
    status: StatusCode,
) -> ServiceResponse<EitherBody<B>> {
    let mut response = HttpResponse::<BoxBody>::new(status);
    let headers = response.headers_mut();
    answer.write_new(headers);
    if answer.decision.echoes_request() {
        Echoes::new(answer.decision, &Head::new(&request)).write(headers);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.append(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let (response, body) = response.into_parts();
    request.into_response(response.set_body(EitherBody::right(body)))
}
