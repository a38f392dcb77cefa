//! The loops that are measured, and the check that comes before them: a wrong answer may be as fast as it likes.

use std::{
    hint::black_box,
    io,
    pin::pin,
    task::{Context, Poll, Waker},
};

use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use http1::{HeaderName, HeaderValue};

use crate::{
    cases::{Asked, Case},
    contenders::{Contender, TowerBare, TowerRequest, TowerResponse, Use, tower_cors},
};

/// Checks a contender's answer to a case.
///
/// # Panics
///
/// When it is wrong: our answers must have the lines that the case says, the peers' the right origin.
pub fn check(contender: Contender, case: &Case) {
    contender.make(&case.setup, case.handler, Check { contender, case });
}

struct Check<'a> {
    contender: Contender,
    case: &'a Case,
}

impl Use for Check<'_> {
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        let Self { contender, case } = self;
        let (status, headers) = match answer(&service, case.asked.request()) {
            Ok(response) => (response.status(), response.headers().clone()),
            Err(error) => (error.error_response().status(), error.error_response().headers().clone()),
        };
        let allowed = headers.get("access-control-allow-origin").map(|value| value.as_bytes().to_vec());
        let is_cors = |name: &str| name.starts_with("access-control-") || name == "vary";
        let lines = headers.keys().filter(|name| is_cors(name.as_str())).count();
        let who = || format!("{}, {}", contender.name(), case.name);
        match contender {
            Contender::Bare => {}
            // It knows nothing of an inner middleware's errors, and answers a refused preflight with another status.
            Contender::ActixCors => {
                // And it refuses a preflight that names a header which is not allowed.
                let names_two_at_most =
                    case.asked.preflight.as_ref().is_none_or(|names| names.split(',').count() <= 2);
                if case.right.1 > 1 && status != 401 && names_two_at_most {
                    assert!(allowed.is_some(), "{}: {headers:?}", who());
                }
            }
            _ => assert_eq!((status.as_u16(), lines), case.right, "{}: {headers:?}", who()),
        }
        if case.right.1 == 1 && (contender != Contender::ActixCors || case.asked.could_be_real()) {
            assert!(allowed.is_none(), "{}", who());
        }
    }
}

/// Checks the answer of `tower-http`.
///
/// # Panics
///
/// When an allowed origin is not, or one that is not is.
pub fn check_tower(case: &Case) {
    let response = tower_answer(&mut tower_cors(&case.setup), tower_request(&case.asked));
    let allowed = response.headers().contains_key("access-control-allow-origin");
    let right = allowed == (case.right.1 > 1);
    assert!(right || !case.asked.could_be_real(), "tower-http, {}: {:?}", case.name, response.headers());
}

/// Has errors alone logged, as a server in production may. Without it the compiler finds out that nobody listens at all, and
/// leaves the question out of whoever asks it for each request.
pub fn log_errors_alone() {
    log::set_max_level(black_box(log::LevelFilter::Error));
    // Who measures several contenders in one process sets it once.
    let _ =
        tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(io::stderr).try_init();
}

/// Makes a contender's service, warms it up, and answers a case as often as is asked.
pub fn run(contender: Contender, case: &Case, requests: usize) {
    log_errors_alone();
    contender.make(&case.setup, case.handler, Run { asked: &case.asked, requests });
}

struct Run<'a> {
    asked: &'a Asked,
    requests: usize,
}

impl Use for Run<'_> {
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        for _ in 0..3 {
            drop(answer(&service, self.asked.request()));
        }
        let requests: Vec<ServiceRequest> = (0..self.requests).map(|_| self.asked.request()).collect();
        // A server reuses a request's memory; here it is kept until the counting is over.
        let kept: Vec<HttpRequest> = requests.iter().map(|request| request.request().clone()).collect();
        measured_loop(&service, requests);
        drop(kept);
    }
}

/// The same for `tower-http`, or for the bare service at its interface.
pub fn run_tower(case: &Case, bare: bool, requests: usize) {
    let requests = (0..requests).map(|_| tower_request(&case.asked)).collect();
    if bare {
        tower_measured_loop(TowerBare, requests);
    } else {
        tower_measured_loop(tower_cors(&case.setup), requests);
    }
}

/// Answers the requests. Callgrind counts between the first instruction of this function and its last.
#[inline(never)]
pub fn measured_loop<S, B>(service: &S, requests: Vec<ServiceRequest>)
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    for request in requests {
        // An error is turned into a response by the dispatcher; that is part of what it costs.
        match black_box(answer(service, request)) {
            Ok(response) => drop(response),
            Err(error) => drop(black_box(error.error_response())),
        }
    }
}

/// Answers one request. No case waits.
///
/// # Errors
///
/// The service's own.
#[inline]
pub fn answer<S, B>(service: &S, request: ServiceRequest) -> Result<ServiceResponse<B>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("no case waits"),
    }
}

/// [`measured_loop`] for Tower's services.
#[inline(never)]
pub fn tower_measured_loop<S>(mut service: S, requests: Vec<TowerRequest>)
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    for request in requests {
        drop(black_box(tower_answer(&mut service, request)));
    }
}

/// [`answer`] for Tower's services.
#[inline]
pub fn tower_answer<S>(service: &mut S, request: TowerRequest) -> TowerResponse
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("no case waits"),
    }
}

/// The request for Tower's services, its values shared likewise.
///
/// # Panics
///
/// Never: every value is one.
pub fn tower_request(asked: &Asked) -> TowerRequest {
    let mut request = http1::Request::builder().method(asked.method()).uri("/api/notes");
    for (name, value) in asked.lines() {
        let value =
            HeaderValue::from_maybe_shared(actix_web::web::Bytes::from(value)).expect("a header's value");
        request = request.header(HeaderName::from_static(name), value);
    }
    request.body(()).expect("a request")
}
