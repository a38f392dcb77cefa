//! The service between an application and the network, and its future. It moves requests and responses along; what to
//! decide is `fetch-cors`'s matter, and what to write is [`answer`](crate::answer)'s.

use std::{
    cell::{OnceCell, RefCell},
    future::Future,
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use fetch_cors::{
    Policy,
    server::{Decision, RequestHead as _},
};
use pin_project_lite::pin_project;

use crate::{
    Lookup, PolicySource, SourceError,
    answer::{self, Answer, Echoes, Head, Prepared, Vary},
    cors::Settings,
    log,
};

/// An application wrapped in [`Cors`](crate::Cors).
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
    /// The same for `Vary`, where no policy applies.
    vary: Vary,
    /// How many policies are kept prepared.
    keeps: usize,
    /// The policies used last, that of the last request first.
    kept: RefCell<Vec<Rc<Prepared>>>,
    /// The policy that allows nothing, once it was needed: when the source fails, it may well fail often.
    nothing: OnceCell<Rc<Prepared>>,
}

impl<S> Shared<S> {
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
            self.prepare_new(policy.clone())
        };
        let mut kept = self.kept.borrow_mut();
        kept.truncate(self.keeps.saturating_sub(1));
        kept.insert(0, Rc::clone(&prepared));
        prepared
    }

    fn prepare_new(&self, policy: Policy) -> Rc<Prepared> {
        log::empty_policy(&policy);
        Rc::new(Prepared::new(policy, &self.reads, &self.settings))
    }
}

impl<S: Service<ServiceRequest>, P: PolicySource> CorsMiddleware<S, P> {
    pub(crate) fn new(service: S, source: Arc<P>, settings: Settings) -> Self {
        let (mut reads, keeps) = (source.reads(), source.keeps());
        reads.extend_from_slice(&settings.reads);
        let vary = Vary::new(&[], &reads);
        let shared = Shared {
            service,
            settings,
            reads,
            vary,
            keeps,
            kept: RefCell::default(),
            nothing: OnceCell::new(),
        };
        let always = source.always().map(|policy| shared.prepare_new(policy.clone()));
        Self { shared: Rc::new(shared), source, always }
    }

    /// Finds the policy for a request where it isn't always the same, and goes on.
    #[inline(always)]
    fn look_up(&self, request: ServiceRequest) -> CorsFuture<S, P::Future> {
        let prepared = match self.source.lookup(&request) {
            Lookup::Found(policy) => self.shared.prepare(policy),
            Lookup::Ready(Some(policy)) => self.shared.prepare(&policy),
            Lookup::Ready(None) => return leave(&self.shared, request),
            Lookup::Failed(error) => return fail(&self.shared, request, error),
            Lookup::Later(lookup) => {
                return Rare::Lookup { lookup, held: Some((request, Rc::clone(&self.shared))) }.into();
            }
        };
        apply(&self.shared, prepared, request)
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

    #[inline]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        match &self.always {
            Some(prepared) => apply(&self.shared, Rc::clone(prepared), request),
            None => self.look_up(request),
        }
    }
}

/// Goes on with a request whose policy is known.
#[inline(always)]
fn apply<S, L>(shared: &Rc<Shared<S>>, prepared: Rc<Prepared>, request: ServiceRequest) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let head = Head::new(&request);
    if head.is_options() {
        let shared = Rc::clone(shared);
        return CorsFuture { state: State::Options { request: Some(request), shared, prepared } };
    }
    log::refusal(&prepared, &request);
    let (decision, origin) = answer::decide(&prepared, head);
    let answer = Answer::new(prepared, decision, origin);
    if answer.rejects(decision, head) {
        return Rare::Rejected { request: Some(request), answer }.into();
    }
    CorsFuture { state: State::Handler { future: shared.service.call(request), answer } }
}

/// Goes on with a request to which no policy applies. That none does may depend on its headers, and a cache must know.
#[inline(never)]
fn leave<S, L>(shared: &Shared<S>, request: ServiceRequest) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    Rare::Untouched { future: shared.service.call(request), vary: shared.vary.clone() }.into()
}

/// Goes on with a request whose policy could not be found: nothing is allowed, and nobody may remember that. Whoever needs
/// no CORS is served as ever.
#[cold]
#[inline(never)]
fn fail<S, L>(shared: &Shared<S>, request: ServiceRequest, error: SourceError) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    log::failed_source(&error);
    // Nothing of what the source made outlives it.
    drop(error);
    let prepared = Rc::clone(shared.nothing.get_or_init(|| shared.prepare_new(Policy::deny_all())));
    let head = Head::new(&request);
    let (decision, _) = answer::decide(&prepared, head);
    if decision.is_preflight() || prepared.rejects(decision, head) {
        return Rare::Unavailable { request: Some(request), prepared, decision }.into();
    }
    let write = how_to_write(head.is_options(), decision != Decision::NotAllowed);
    let answer = Answer::new(prepared, decision, None);
    Rare::Careful { future: shared.service.call(request), answer, write }.into()
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
        /// The handler is at work.
        Handler { #[pin] future: S::Future, answer: Answer },
        /// It may be a preflight; nothing has been decided yet.
        Options { request: Option<ServiceRequest>, shared: Rc<Shared<S>>, prepared: Rc<Prepared> },
        /// What happens to few requests. Apart, so that the others don't pay for telling so many states apart.
        Rare { #[pin] rare: Rare<S, L> },
    }
}

pin_project! {
    #[project = RareProjection]
    enum Rare<S: Service<ServiceRequest>, L> {
        /// The source is looking for the policy. The request waits here, whole: a clone of it that outlived the lookup
        /// would make Actix's router panic.
        Lookup { #[pin] lookup: L, held: Option<(ServiceRequest, Rc<Shared<S>>)> },
        /// The policy is found, and nothing has been done with it yet.
        Found,
        /// No policy applies.
        Untouched { #[pin] future: S::Future, vary: Vary },
        /// The handler is at work, and its answer is written in another way than most. One variant for them all: with two
        /// as large as each other there would be a tag beside them, and it would be dearer to move what every request has.
        Careful { #[pin] future: S::Future, answer: Answer, write: Write },
        /// The handler does not run, because the origin is not allowed.
        Rejected { request: Option<ServiceRequest>, answer: Answer },
        /// The handler does not run, because nobody knows whether it may.
        Unavailable { request: Option<ServiceRequest>, prepared: Rc<Prepared>, decision: Decision },
    }
}

impl<S: Service<ServiceRequest>, L> From<Rare<S, L>> for CorsFuture<S, L> {
    fn from(rare: Rare<S, L>) -> Self {
        Self { state: State::Rare { rare } }
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
        match self.as_mut().project().state.project() {
            StateProjection::Handler { future, answer } => {
                let mut response = match ready!(future.poll(cx)) {
                    Ok(response) => response,
                    Err(error) => return Poll::Ready(Err(with_answer(error, answer))),
                };
                answer.write(response.headers_mut());
                Poll::Ready(Ok(left(response)))
            }
            StateProjection::Options { .. } => poll_options(self, cx),
            StateProjection::Rare { .. } => joined(poll_rare(self, cx)),
        }
    }
}

/// Answers what may be a preflight, or has the application answer it.
#[inline(always)]
fn poll_options<S, B, L>(
    mut future: Pin<&mut CorsFuture<S, L>>,
    cx: &mut Context<'_>,
) -> Poll<Result<ServiceResponse<EitherBody<B>>, Error>>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    let StateProjection::Options { request, shared, prepared } = future.as_mut().project().state.project()
    else {
        return joined(poll_again(future, cx));
    };
    let request = request.take().expect(POLLED_AFTER_COMPLETION);
    log::refusal(prepared, &request);
    let head = Head::options(&request);
    let (decision, origin) = answer::decide(prepared, head);
    match decision {
        Decision::PreflightRefused => {
            let mut response = HttpResponse::with_body(StatusCode::FORBIDDEN, ());
            prepared.write_refusal(response.headers_mut());
            Poll::Ready(Ok(right(request, response)))
        }
        Decision::PreflightGranted { .. } if !shared.settings.forward_preflights => {
            let mut response = HttpResponse::with_body(shared.settings.preflight_status, ());
            prepared.write_grant(origin, response.headers_mut());
            if decision.echoes_request() {
                Echoes::new(decision, head).write(response.headers_mut());
            }
            Poll::Ready(Ok(right(request, response)))
        }
        _ => {
            let answer = Answer::new(Rc::clone(prepared), decision, origin);
            let passed = pass_on(shared, request, decision, answer);
            future.set(passed);
            joined(poll_again(future, cx))
        }
    }
}

/// Polls a future whose state has changed. Apart, as what calls itself can't be inlined.
#[inline(never)]
fn poll_again<S, B, L>(future: Pin<&mut CorsFuture<S, L>>, cx: &mut Context<'_>) -> Apart<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    future.poll(cx).map_ok(ServiceResponse::into_parts)
}

/// Has the application answer an `OPTIONS`: a preflight that it wants to see, or no preflight at all.
#[inline(never)]
fn pass_on<S, L>(
    shared: &Shared<S>,
    request: ServiceRequest,
    decision: Decision,
    answer: Answer,
) -> CorsFuture<S, L>
where
    S: Service<ServiceRequest>,
{
    let head = Head::new(&request);
    if decision.is_preflight() {
        let echoes = Echoes::new(decision, head);
        let write: Write = Box::new(move |answer, headers| answer.write_forwarded(&echoes, headers));
        return Rare::Careful { future: shared.service.call(request), answer, write }.into();
    }
    if answer.rejects(decision, head) {
        return Rare::Rejected { request: Some(request), answer }.into();
    }
    let write = how_to_write(true, true);
    Rare::Careful { future: shared.service.call(request), answer, write }.into()
}

/// What a function gives that isn't inlined. Were it the response itself, the compiler would have every path write its
/// response to memory, as that function must, and copy it from there.
type Apart<B> = Poll<Result<(HttpRequest, HttpResponse<EitherBody<B>>), Error>>;

#[inline(always)]
fn joined<B>(apart: Apart<B>) -> Poll<Result<ServiceResponse<EitherBody<B>>, Error>> {
    apart.map_ok(|(request, response)| ServiceResponse::new(request, response))
}

/// Polls what is in a rare state.
#[inline(never)]
fn poll_rare<S, B, L>(mut future: Pin<&mut CorsFuture<S, L>>, cx: &mut Context<'_>) -> Apart<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    L: Future<Output = Result<Option<Policy>, SourceError>>,
{
    let StateProjection::Rare { rare } = future.as_mut().project().state.project() else {
        return poll_again(future, cx);
    };
    let response = match rare.project() {
        RareProjection::Lookup { lookup, held } => {
            let found = ready!(lookup.poll(cx));
            let (request, shared) = held.take().expect(POLLED_AFTER_COMPLETION);
            // The lookup is dropped with the old state before the request goes on.
            future.set(Rare::Found.into());
            future.set(match found {
                Ok(Some(policy)) => apply(&shared, shared.prepare(&policy), request),
                Ok(None) => leave(&shared, request),
                Err(error) => fail(&shared, request, error),
            });
            // From here on nothing looks a policy up again.
            return poll_again(future, cx);
        }
        RareProjection::Found => unreachable!("{POLLED_AFTER_COMPLETION}"),
        RareProjection::Untouched { future, vary } => match ready!(future.poll(cx)) {
            Ok(mut response) => {
                vary.add(response.headers_mut());
                Ok(left(response))
            }
            Err(error) if vary.is_nothing() => Err(error),
            Err(error) => {
                let vary = vary.clone();
                Err(with_headers(error, move |headers| vary.add(headers)))
            }
        },
        RareProjection::Careful { future, answer, write } => match ready!(future.poll(cx)) {
            Ok(mut response) => {
                write(answer, response.headers_mut());
                Ok(left(response))
            }
            Err(error) => {
                let (answer, write) = (answer.take(), mem::replace(write, Box::new(|_, _| ())));
                Err(with_headers(error, move |headers| write(&mut answer.clone(), headers)))
            }
        },
        RareProjection::Rejected { request, answer } => {
            let request = request.take().expect(POLLED_AFTER_COMPLETION);
            let mut response = HttpResponse::with_body(StatusCode::FORBIDDEN, ());
            how_to_write(Head::new(&request).is_options(), true)(answer, response.headers_mut());
            Ok(right(request, response))
        }
        RareProjection::Unavailable { request, prepared, decision } => {
            let request = request.take().expect(POLLED_AFTER_COMPLETION);
            let mut response = HttpResponse::with_body(StatusCode::SERVICE_UNAVAILABLE, ());
            let headers = response.headers_mut();
            if decision.is_preflight() {
                prepared.write_refusal(headers);
                headers.append(header::CACHE_CONTROL, NO_STORE);
            } else {
                let mut answer = Answer::new(Rc::clone(prepared), *decision, None);
                how_to_write(Head::new(&request).is_options(), false)(&mut answer, headers);
            }
            Ok(right(request, response))
        }
    };
    Poll::Ready(response.map(ServiceResponse::into_parts))
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// How an answer is written. A function that captures nothing takes no memory.
type Write = Box<dyn Fn(&mut Answer, &mut HeaderMap)>;

/// The way for an `OPTIONS` that is no preflight or another request, and for an answer that may be kept or one that may not,
/// which says so in place of what the handler says.
fn how_to_write(is_options: bool, may_be_kept: bool) -> Write {
    match (is_options, may_be_kept) {
        (false, true) => Box::new(Answer::write),
        (true, true) => Box::new(Answer::write_options),
        (false, false) => Box::new(|answer, headers| {
            answer.write(headers);
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }),
        (true, false) => Box::new(|answer, headers| {
            answer.write_options(headers);
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }),
    }
}

const POLLED_AFTER_COMPLETION: &str = "a future is not polled after it was ready";

/// Has the answer written into the response that will be made of an error.
#[cold]
fn with_answer(error: Error, answer: &mut Answer) -> Error {
    let answer = answer.take();
    with_headers(error, move |headers| answer.clone().write(headers))
}

/// Has headers written into the response that will be made of an error.
#[cold]
fn with_headers(mut error: Error, write: impl Fn(&mut HeaderMap) + 'static) -> Error {
    error.add_response_mapper(move |mut response| {
        write(response.headers_mut());
        response
    });
    error
}

/// The response of whoever handled the request. Cheaper than `map_into_left_body`, which moves the whole response.
#[inline(always)]
fn left<B>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    ServiceResponse::new(request, response.set_body(EitherBody::left(body)))
}

/// A response in the handler's place. It gets its body last: without it, it is small, and little is moved.
#[inline(always)]
fn right<B>(request: ServiceRequest, response: HttpResponse<()>) -> ServiceResponse<EitherBody<B>> {
    let response = response.set_body(EitherBody::right(BoxBody::new(())));
    ServiceResponse::new(request.into_parts().0, response)
}
