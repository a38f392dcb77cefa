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

/// The middle one of some values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Checks a contender's answer to a case.
///
/// # Panics
///
/// When it is wrong: when a CORS header has another value than the case says, or, but for the peers, the status or `Vary`.
pub fn check(contender: Contender, case: &Case) {
    if contender != Contender::Floor || case.has_floor() {
        contender.make(&case.setup, case.handler, Check { contender, case });
    }
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
        let lines: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        match contender {
            Contender::Bare => {}
            Contender::ActixCors => check_peer(contender.name(), case, &lines),
            _ => {
                let vary: Vec<&[u8]> =
                    lines.iter().filter(|(name, _)| *name == "vary").map(|(_, value)| *value).collect();
                let right: Vec<&[u8]> = case.right.vary.iter().map(|vary| vary.as_bytes()).collect();
                let all = (status.as_u16(), cors_lines(&lines), vary);
                let right = (case.right.status, bytes(case.right_lines()), right);
                assert_eq!(all, right, "{}, {}: {headers:?}", contender.name(), case.name);
            }
        }
    }
}

fn bytes<'a>(lines: Vec<(&'a str, &'a str)>) -> Vec<(&'a str, &'a [u8])> {
    lines.into_iter().map(|(name, value)| (name, value.as_bytes())).collect()
}

fn cors_lines<'a>(lines: &[(&'a str, &'a [u8])]) -> Vec<(&'a str, &'a [u8])> {
    let mut lines: Vec<_> =
        lines.iter().copied().filter(|(name, _)| name.starts_with("access-control-")).collect();
    lines.sort_unstable();
    lines
}

/// What a peer answers otherwise than is right, for whoever reads its figures.
pub const PEERS_DIFFER: &str = "`actix-cors` refuses a preflight that names a header which is not allowed, and so both \
    long ones. Peers are given a predicate in place of a pattern, which an `Origin` of 8 KB satisfies. What they vary by \
    differs, and the status of a preflight.";

/// Peers may write lists in another order, vary by more, answer preflights with another status, and to an ordinary request
/// allow methods. All that is allowed to them beside is what [`PEERS_DIFFER`] says.
fn check_peer(name: &str, case: &Case, lines: &[(&str, &[u8])]) {
    let value = |wanted: &str| -> Option<String> {
        let (_, value) = lines.iter().find(|(name, _)| *name == wanted)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let names = case.asked.preflight.as_ref().map_or(0, |names| names.split(',').count());
    let refuses_names = name == Contender::ActixCors.name() && names > 2;
    let is_too_long = case.asked.origin.as_ref().is_some_and(|origin| origin.len() > 512);
    let allowed = value("access-control-allow-origin");
    if refuses_names || is_too_long && case.setup.pattern_suffix().is_some() {
        assert_eq!(allowed.is_some(), !refuses_names, "{name}, {}: {lines:?}", case.name);
        return;
    }
    assert_eq!(allowed.as_deref(), case.right_origin(), "{name}, {}: {lines:?}", case.name);
    let sorted = |list: &str| {
        let mut items: Vec<_> = list.split(',').map(|item| item.trim().to_ascii_lowercase()).collect();
        items.sort_unstable();
        items
    };
    for (header, right) in case.right_lines() {
        let there = value(header).unwrap_or_default();
        assert_eq!(sorted(&there), sorted(right), "{name}, {}: {header}: {lines:?}", case.name);
    }
}

/// Checks the answer of `tower-http`, as that of a peer.
///
/// # Panics
///
/// When it is wrong.
pub fn check_tower(case: &Case) {
    let response = tower_answer(&mut tower_cors(&case.setup), tower_request(&case.asked));
    let lines: Vec<(&str, &[u8])> =
        response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    check_peer("tower-http", case, &lines);
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
    log_errors_alone();
    if bare {
        run_tower_service(&mut TowerBare, &case.asked, requests);
    } else {
        run_tower_service(&mut tower_cors(&case.setup), &case.asked, requests);
    }
}

fn run_tower_service<S>(service: &mut S, asked: &Asked, requests: usize)
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    for _ in 0..3 {
        drop(tower_answer(service, tower_request(asked)));
    }
    tower_measured_loop(service, (0..requests).map(|_| tower_request(asked)).collect());
}

/// Answers the requests. Callgrind counts between the first instruction of this function and its last.
#[inline(never)]
pub fn measured_loop<S, B>(service: &S, requests: Vec<ServiceRequest>)
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    for request in requests {
        answer_whole(service, request);
    }
}

/// Answers one request, and drops the response. An error is turned into one first, as the dispatcher does: that is part of
/// what it costs.
#[inline(always)]
pub fn answer_whole<S, B>(service: &S, request: ServiceRequest)
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    match black_box(answer(service, request)) {
        Ok(response) => drop(response),
        Err(error) => drop(black_box(error.error_response())),
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
pub fn tower_measured_loop<S>(service: &mut S, requests: Vec<TowerRequest>)
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = std::convert::Infallible>,
{
    for request in requests {
        drop(black_box(tower_answer(service, request)));
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

/// The request for Tower's services.
///
/// # Panics
///
/// Never: every value is one.
pub fn tower_request(asked: &Asked) -> TowerRequest {
    let mut request = http1::Request::builder().method(asked.method()).uri("/api/notes");
    for (name, value) in asked.shared_lines() {
        let value = HeaderValue::from_maybe_shared(value).expect("a header's value");
        request = request.header(HeaderName::from_static(name), value);
    }
    request.body(()).expect("a request")
}
