//! One interface to every contender, and the loops that are measured.

use std::{
    convert::Infallible,
    hint::black_box,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};

use crate::cases::{BrowserRequest, TowerRequest};

/// A response's status, and its header lines.
pub type Head = (u16, Vec<(String, String)>);

/// A service with a middleware around it, or none.
pub trait Contestant {
    /// The response to a request.
    fn response(&self, request: &BrowserRequest) -> Head;

    /// Makes these requests, so that the function returned only handles them. That one returns how long it took.
    fn prepare<'a>(&'a self, requests: &[BrowserRequest]) -> Box<dyn FnOnce() -> Duration + 'a>;
}

/// A response as they give it.
pub type TowerResponse = http1::Response<()>;

/// A service of Actix Web.
#[derive(Debug)]
pub struct Actix<S>(pub S);

impl<S, B> Contestant for Actix<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn response(&self, request: &BrowserRequest) -> Head {
        let (status, headers) = match finish(self.0.call(request.for_actix())) {
            Ok(response) => (response.status(), response.headers().clone()),
            Err(error) => (error.error_response().status(), error.error_response().headers().clone()),
        };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let lines = headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        (status.as_u16(), lines.collect())
    }

    fn prepare<'a>(&'a self, requests: &[BrowserRequest]) -> Box<dyn FnOnce() -> Duration + 'a> {
        let requests: Vec<ServiceRequest> = requests.iter().map(BrowserRequest::for_actix).collect();
        // A server reuses a request's memory; here it is kept until the measurement is over.
        let kept: Vec<HttpRequest> = requests.iter().map(|request| request.request().clone()).collect();
        Box::new(move || {
            let start = Instant::now();
            measured_loop(&self.0, requests);
            let took = start.elapsed();
            drop(kept);
            took
        })
    }
}

/// A service at Tower's interface. It is cloned for each loop, because calling one takes it by `&mut`.
#[derive(Debug)]
pub struct Tower<S>(pub S);

impl<S> Contestant for Tower<S>
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = Infallible> + Clone,
{
    fn response(&self, request: &BrowserRequest) -> Head {
        let Ok(response) = finish(self.0.clone().call(request.for_tower()));
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let lines = response.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        (response.status().as_u16(), lines.collect())
    }

    fn prepare<'a>(&'a self, requests: &[BrowserRequest]) -> Box<dyn FnOnce() -> Duration + 'a> {
        let requests: Vec<TowerRequest> = requests.iter().map(BrowserRequest::for_tower).collect();
        let mut service = self.0.clone();
        Box::new(move || {
            let start = Instant::now();
            tower_measured_loop(&mut service, requests);
            start.elapsed()
        })
    }
}

/// Handles the requests. Callgrind counts between the first instruction of this function and its last. An error is turned
/// into a response, as the dispatcher does: that is part of what it costs.
#[inline(never)]
fn measured_loop<S, B>(service: &S, requests: Vec<ServiceRequest>)
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    for request in requests {
        match black_box(finish(service.call(request))) {
            Ok(response) => drop(response),
            Err(error) => drop(black_box(error.error_response())),
        }
    }
}

/// [`measured_loop`] for Tower's services.
#[inline(never)]
fn tower_measured_loop<S>(service: &mut S, requests: Vec<TowerRequest>)
where
    S: tower_service::Service<TowerRequest, Response = TowerResponse, Error = Infallible>,
{
    for request in requests {
        drop(black_box(finish(service.call(request))));
    }
}

/// The output of a future that is ready at once, as in all cases.
#[inline]
fn finish<F: Future>(future: F) -> F::Output {
    let future: Pin<&mut F> = pin!(future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("no case waits"),
    }
}

/// Has errors alone logged, as a server in production may. Without it the compiler finds out that nobody listens at all, and
/// removes the question from the path of each request.
pub fn log_errors_alone() {
    log::set_max_level(black_box(log::LevelFilter::Error));
    // Fails where it was set before.
    let _ =
        tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(io::stderr).try_init();
}
