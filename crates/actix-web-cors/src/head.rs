//! A request as the decision reads it.

use std::ops::Deref;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
};
use fetch_cors::{
    Policy,
    server::{Decision, Lines, RequestField, RequestHead, decide_with},
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a>(pub(crate) &'a ServiceRequest);

impl<'a> Head<'a> {
    /// Decides on the request, and gives out its `Origin`, which may have to be sent back.
    #[inline(always)]
    pub(crate) fn decide(self, policy: &Policy) -> (Decision, Option<&'a HeaderValue>) {
        let mut first = None;
        let origin = || {
            let mut lines = self.0.headers().get_all(&ORIGIN);
            first = lines.next();
            match first {
                None => Lines::None,
                Some(only) if lines.len() == 0 => Lines::One(only.as_bytes()),
                Some(_) => Lines::Several,
            }
        };
        let decision = decide_with(policy, origin, &self);
        (decision, first)
    }

    /// The first `Origin`.
    pub(crate) fn origin(self) -> Option<&'a HeaderValue> {
        self.0.headers().get(&ORIGIN)
    }

    /// A header's value, to be sent back. Lines that a proxy split are joined again.
    pub(crate) fn echo(self, field: RequestField) -> Option<HeaderValue> {
        let mut lines = self.0.headers().get_all(to_name(field));
        let first = lines.next()?;
        if lines.len() == 0 {
            return Some(first.clone());
        }
        let lines: Vec<&[u8]> = self.lines(field).collect();
        HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
    }

    /// The host in the request's target: always there in HTTP/2 and later, sometimes in HTTP/1.1. Where `Host` contradicts
    /// it, both count, so that the request is not mistaken for either.
    fn authority(self) -> Option<&'a [u8]> {
        let authority = self.0.uri().authority()?.as_str().as_bytes();
        let host = self.0.headers().get(&HOST);
        host.is_none_or(|host| !host.as_bytes().eq_ignore_ascii_case(authority)).then_some(authority)
    }
}

impl Deref for Head<'_> {
    type Target = ServiceRequest;

    fn deref(&self) -> &ServiceRequest {
        self.0
    }
}

impl RequestHead for Head<'_> {
    #[inline]
    fn is_options(&self) -> bool {
        *self.0.method() == Method::OPTIONS
    }

    #[inline]
    fn has(&self, field: RequestField) -> bool {
        self.0.headers().get(to_name(field)).is_some()
    }

    #[inline]
    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        let authority = if field == RequestField::Host { self.authority() } else { None };
        self.0.headers().get_all(to_name(field)).map(HeaderValue::as_bytes).chain(authority)
    }
}

fn to_name(field: RequestField) -> &'static HeaderName {
    match field {
        RequestField::Origin => &ORIGIN,
        RequestField::AccessControlRequestMethod => &REQUEST_METHOD,
        RequestField::AccessControlRequestHeaders => &REQUEST_HEADERS,
        RequestField::Host => &HOST,
        RequestField::SecFetchSite => &SEC_FETCH_SITE,
        RequestField::Cookie => &COOKIE,
    }
}

// Statics, because a constant `HeaderName` would be rebuilt and dropped at each use.
static ORIGIN: HeaderName = header::ORIGIN;
static REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;
static REQUEST_HEADERS: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;
static HOST: HeaderName = header::HOST;
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static COOKIE: HeaderName = header::COOKIE;
