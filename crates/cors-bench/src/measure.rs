//! The loop that is measured, and the check that comes before it: a wrong answer may be as fast as it likes.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};

use crate::{cases::Case, contenders::Use};

/// Answers a case once, checks the answer, and then answers it as often as was asked in [`measured_loop`].
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// What to answer.
    pub case: Case,
    /// How often.
    pub requests: usize,
    /// Whether only the answer's status and number of lines are checked by [`Case::right_answer`]: the bare service and a
    /// peer that answers differently have their own.
    pub check: bool,
}

impl Use for Run {
    fn with<S, B>(self, service: S)
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
        B: MessageBody,
    {
        for _ in 0..2 {
            let response = answer(&service, self.case.request());
            let seen = (response.status().as_u16(), response.headers().len());
            assert!(!self.check || seen == self.case.right_answer(), "{}: {seen:?}", self.case.name());
        }
        let requests = (0..self.requests).map(|_| self.case.request()).collect();
        measured_loop(&service, requests);
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
        drop(black_box(answer(service, request)));
    }
}

#[inline]
fn answer<S, B>(service: &S, request: ServiceRequest) -> ServiceResponse<B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(error)) => panic!("no case fails: {error}"),
        Poll::Pending => panic!("no case waits"),
    }
}
