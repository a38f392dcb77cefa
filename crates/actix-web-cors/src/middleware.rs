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
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
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
    response::{Echoes, Headers, Prepared, to_value},
    settings::Settings,
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
    vary: Option<HeaderValue>,
    /// How many policies are kept prepared.
    keeps: usize,
    /// The policies used last, that of the last request first.
    kept: RefCell<Vec<Rc<Prepared>>>,
    /// The policy that allows nothing, for when the source fails. Made once, because a source may fail often.
    nothing: OnceCell<Rc<Prepared>>,
}

/// Which policy applies to a request.
enum Found {
    Policy(Rc<Prepared>),
    /// None does.
    None,
    /// Nobody knows: the source failed.
    Failed(SourceError),
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
        let names: Vec<&str> = reads.iter().map(HeaderName::as_str).collect();
        let vary = if names.is_empty() { None } else { Some(to_value(&names.join(", "))) };
        let (kept, nothing) = (RefCell::default(), OnceCell::new());
        let shared = Shared { service, settings, reads, vary, keeps, kept, nothing };
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

    #[inline]
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let shared = &self.shared;
        let found = match &self.always {
            Some(prepared) => Found::Policy(Rc::clone(prepared)),
            None => match self.source.lookup(&request) {
                Lookup::Found(policy) => Found::Policy(shared.prepare(policy)),
                Lookup::Ready(Some(policy)) => Found::Policy(shared.prepare(&policy)),
                Lookup::Ready(None) => Found::None,
                Lookup::Failed(error) => Found::Failed(error),
                Lookup::Later(lookup) => {
                    let held = Some((request, Rc::clone(shared)));
                    return CorsFuture { state: State::Lookup { lookup, held } };
                }
            },
        };
        CorsFuture { state: respond(shared, found, request) }
    }
}

/// Logs, decides, and either lets the application handle the request or responds in its place.
#[inline(always)]
fn respond<S, L>(shared: &Shared<S>, found: Found, request: ServiceRequest) -> State<S, L>
where
    S: Service<ServiceRequest>,
{
    let (prepared, is_stopgap) = match found {
        Found::Policy(prepared) => (prepared, false),
        Found::None => {
            let headers = Headers::Vary(shared.vary.clone());
            return State::Handler { future: shared.service.call(request), headers };
        }
        Found::Failed(error) => (nothing(shared, error), true),
    };
    let head = Head(&request);
    let (decision, origin) = head.decide(&prepared.policy);
    if !is_stopgap {
        log::refusal(&prepared.policy, head, decision);
    }
    let refused = if is_stopgap { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
    let Settings { reject_disallowed_origins, forward_preflights, preflight_status, .. } = shared.settings;
    let status = match decision {
        Decision::PreflightGranted { .. } if !forward_preflights => Some(preflight_status),
        Decision::PreflightRefused => Some(refused),
        Decision::NotAllowed if reject_disallowed_origins && !is_same_origin(&head) => Some(refused),
        _ => None,
    };
    let (is_options, echoes) = (head.is_options(), Echoes::new(decision, origin, head));
    let mut headers = Headers::Policy { prepared, decision, is_options, echoes, is_stopgap };
    match status {
        None => State::Handler { future: shared.service.call(request), headers },
        Some(status) => {
            let mut response = HttpResponse::with_body(status, ());
            headers.write(response.headers_mut());
            State::Responded { response: Some(ServiceResponse::new(request.into_parts().0, response)) }
        }
    }
}

/// The policy for when the source failed: it allows nothing.
#[cold]
fn nothing<S>(shared: &Shared<S>, error: SourceError) -> Rc<Prepared> {
    log::failed_source(&error);
    // Nothing that the source made outlives it.
    drop(error);
    Rc::clone(shared.nothing.get_or_init(|| shared.prepare_new(Policy::deny_all())))
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
        Lookup { #[pin] lookup: L, held: Option<(ServiceRequest, Rc<Shared<S>>)> },
        /// The policy is found, and nothing has been done with it yet.
        Found,
        /// The application is handling the request.
        Handler { #[pin] future: S::Future, headers: Headers },
        /// The middleware responded in the application's place.
        Responded { response: Option<ServiceResponse<()>> },
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
                    headers.write(response.headers_mut());
                    Ok(with_body(response, EitherBody::left))
                }
                Err(error) => Err(with_headers(error, headers.clone())),
            },
            StateProjection::Responded { response } => {
                let response = response.take().expect(POLLED_AFTER_COMPLETION);
                Ok(with_body(response, |()| EitherBody::right(BoxBody::new(()))))
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
    let mut state = future.as_mut().project().state;
    if let StateProjection::Lookup { lookup, held } = state.as_mut().project() {
        let found = ready!(lookup.poll(cx));
        let (request, shared) = held.take().expect(POLLED_AFTER_COMPLETION);
        // The lookup is dropped with the old state before the request goes on.
        state.set(State::Found);
        let found = match found {
            Ok(Some(policy)) => Found::Policy(shared.prepare(&policy)),
            Ok(None) => Found::None,
            Err(error) => Found::Failed(error),
        };
        state.set(respond(&shared, found, request));
    }
    Poll::Ready(())
}

const POLLED_AFTER_COMPLETION: &str = "a future is not polled after it was ready";

/// Has the headers written into the response that will be made of an error.
#[cold]
fn with_headers(mut error: Error, headers: Headers) -> Error {
    error.add_response_mapper(move |mut response| {
        headers.clone().write(response.headers_mut());
        response
    });
    error
}

/// Puts a response's body into another type. Cheaper than `map_body`, which moves the whole response.
#[inline(always)]
fn with_body<A, B>(response: ServiceResponse<A>, change: impl FnOnce(A) -> B) -> ServiceResponse<B> {
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    ServiceResponse::new(request, response.set_body(change(body)))
}
