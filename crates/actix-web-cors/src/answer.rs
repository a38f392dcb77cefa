//! From a decision to header lines: a policy's constant fields as `http` values, and the one function that writes an
//! answer into a response, whoever made that response.

use std::{cell::Cell, rc::Rc};

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use fetch_cors::{
    Policy,
    server::{Decision, Field, Lines, RequestField, RequestHead},
};

use crate::{cors::Settings, log};

/// A policy with its constant fields as header values: made once for each policy and worker, so that no worker touches
/// another's reference counts.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) policy: Policy,
    actual: Fields,
    preflight: Fields,
}

/// The constant fields of one kind of answer.
#[derive(Debug)]
struct Fields {
    allowed: Vec<(HeaderName, HeaderValue)>,
    vary: Option<HeaderValue>,
}

impl Prepared {
    /// `reads` are the request headers that the choice of this policy depended on.
    pub(crate) fn new(policy: Policy, reads: &[HeaderName], settings: &Settings) -> Self {
        let fields = |decision: Decision| {
            let mut vary = decision.vary(&policy).to_vec();
            if settings.reject_disallowed_origins && decision == Decision::Allowed {
                vary.push(RequestField::SecFetchSite);
            }
            Fields {
                allowed: decision.constant_fields(&policy).iter().map(to_header).collect(),
                vary: to_vary(&vary, reads),
            }
        };
        let actual = if policy.allows_any_origin() { Decision::AnyOrigin } else { Decision::Allowed };
        let preflight = Decision::PreflightGranted { echo_method: false, echo_headers: false };
        Self { actual: fields(actual), preflight: fields(preflight), policy }
    }
}

fn to_header(field: &Field) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(field.name().name()), to_value(field.value()))
}

/// A value that costs little to clone: for free where its text is one of a few, else by a reference count.
fn to_value(text: &str) -> HeaderValue {
    const FREE: [&str; 5] =
        ["*", "true", "origin", "origin, access-control-request-method", "*, authorization"];
    match FREE.into_iter().find(|&free| free == text) {
        Some(free) => HeaderValue::from_static(free),
        None => HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes()))
            .expect("policies and header names are visible ASCII"),
    }
}

pub(crate) fn to_vary(fields: &[RequestField], reads: &[HeaderName]) -> Option<HeaderValue> {
    let mut names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    for name in reads {
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(to_value(&names.join(", ")))
}

/// What to write into the response to one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) prepared: Rc<Prepared>,
    pub(crate) decision: Decision,
    /// The request's, to be sent back.
    origin: Option<HeaderValue>,
    /// What else is to be sent back, if the application answers a preflight itself.
    echoes: Option<Box<Echoes>>,
}

/// What a preflight asks for, where it has to be sent back.
#[derive(Debug)]
pub(crate) struct Echoes {
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
}

impl Echoes {
    #[inline]
    pub(crate) fn new(decision: Decision, head: &Head<'_>) -> Self {
        let Decision::PreflightGranted { echo_method, echo_headers } = decision else {
            return Self { methods: None, headers: None };
        };
        Self {
            methods: if echo_method { head.echo(RequestField::AccessControlRequestMethod) } else { None },
            headers: if echo_headers { head.echo(RequestField::AccessControlRequestHeaders) } else { None },
        }
    }

    #[inline]
    pub(crate) fn write(&self, response: &mut HeaderMap) {
        if let Some(value) = &self.methods {
            response.append(header::ACCESS_CONTROL_ALLOW_METHODS, value.clone());
        }
        if let Some(value) = &self.headers {
            response.append(header::ACCESS_CONTROL_ALLOW_HEADERS, value.clone());
        }
    }
}

impl Answer {
    /// Decides on the request, and takes from it the origin that is to be sent back.
    #[inline(always)]
    pub(crate) fn new(prepared: Rc<Prepared>, head: &Head<'_>) -> Self {
        let decision = prepared.policy.decide(head);
        let origin = if decision.echoes_origin(&prepared.policy) {
            head.look_up_origin().first.cloned()
        } else {
            None
        };
        Self { prepared, decision, origin, echoes: None }
    }

    /// Takes from a preflight what is to be sent back, because the request goes on to the application.
    #[inline(always)]
    pub(crate) fn keep_echoes(&mut self, head: &Head<'_>) {
        if self.decision.echoes_request() {
            self.echoes = Some(Box::new(Echoes::new(self.decision, head)));
        }
    }

    /// Writes the answer into the headers of a response, whoever made it: whatever CORS header stands there is replaced,
    /// `Vary` is merged.
    #[inline(always)]
    pub(crate) fn write(&self, response: &mut HeaderMap) {
        if response.is_empty() {
            self.write_new(response);
        } else {
            self.write_among(response);
        }
    }

    /// Writes the answer where no header stands yet.
    #[inline(always)]
    pub(crate) fn write_new(&self, response: &mut HeaderMap) {
        self.write_cors(response);
        if let Some(vary) = &self.fields().vary {
            response.append(header::VARY, vary.clone());
        }
    }

    #[inline(never)]
    fn write_among(&self, response: &mut HeaderMap) {
        let vary = make_room(response, self.fields().vary.as_ref());
        self.write_cors(response);
        if let Some(vary) = vary {
            response.append(header::VARY, vary);
        }
    }

    #[inline(always)]
    fn fields(&self) -> &Fields {
        if self.decision.is_preflight() { &self.prepared.preflight } else { &self.prepared.actual }
    }

    #[inline(always)]
    fn write_cors(&self, response: &mut HeaderMap) {
        if !self.decision.is_allowed() {
            return;
        }
        if let Some(value) = &self.origin {
            response.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
        }
        for (name, value) in &self.fields().allowed {
            response.append(name.clone(), value.clone());
        }
        if let Some(echoes) = &self.echoes {
            echoes.write(response);
        }
    }
}

/// Removes the CORS headers that somebody else set, and, if there is something to add to `Vary`, the old `Vary`. Returns
/// the `Vary` to write.
fn make_room(response: &mut HeaderMap, vary: Option<&HeaderValue>) -> Option<HeaderValue> {
    let is_cors = |name: &HeaderName| name.as_str().starts_with("access-control-");
    let (mut has_cors, mut has_vary) = (false, false);
    for name in response.keys() {
        has_cors |= is_cors(name);
        has_vary |= *name == header::VARY;
    }
    if has_cors {
        log::replaced_headers();
        response.retain(|name, _| !is_cors(name));
    }
    let vary = vary?;
    if has_vary { merge_vary(response, vary) } else { Some(vary.clone()) }
}

/// Adds to what the response varies by.
pub(crate) fn add_vary(response: &mut HeaderMap, vary: &HeaderValue) {
    if let Some(value) = merge_vary(response, vary) {
        response.append(header::VARY, value);
    }
}

/// All that the response varies by, as one line without repetitions; none if its `Vary` can stay as it is. A cache that
/// reads only the first line of a name then misses nothing.
fn merge_vary(response: &mut HeaderMap, vary: &HeaderValue) -> Option<HeaderValue> {
    let lines: Vec<&[u8]> = response.get_all(header::VARY).map(HeaderValue::as_bytes).collect();
    let has = |name: &[u8]| {
        let mut names = lines.iter().flat_map(|line| line.split(|&b| b == b',')).map(<[u8]>::trim_ascii);
        names.any(|listed| listed == b"*" || listed.eq_ignore_ascii_case(name))
    };
    let missing: Vec<&[u8]> =
        vary.as_bytes().split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return None;
    }
    let merged = lines
        .iter()
        .copied()
        .filter(|line| !line.is_empty())
        .chain(missing)
        .collect::<Vec<_>>()
        .join(&b", "[..]);
    let merged = HeaderValue::from_maybe_shared(Bytes::from(merged)).ok()?;
    response.remove(header::VARY);
    Some(merged)
}

/// A request as the decision reads it. Its `Origin` is looked up once at most, and not at all where nothing depends on it.
pub(crate) struct Head<'a> {
    request: &'a ServiceRequest,
    origin: Cell<Option<Origin<'a>>>,
}

/// The lines of `Origin`.
#[derive(Clone, Copy)]
struct Origin<'a> {
    first: Option<&'a HeaderValue>,
    is_only: bool,
}

impl<'a> Head<'a> {
    #[inline]
    pub(crate) fn new(request: &'a ServiceRequest) -> Self {
        Self { request, origin: Cell::new(None) }
    }

    #[inline(always)]
    fn look_up_origin(&self) -> Origin<'a> {
        if let Some(origin) = self.origin.get() {
            return origin;
        }
        let mut lines = self.request.headers().get_all(&ORIGIN);
        let first = lines.next();
        let origin = Origin { first, is_only: lines.len() == 0 };
        self.origin.set(Some(origin));
        origin
    }

    /// The header's value, to be sent back. Lines that a proxy split are joined again.
    fn echo(&self, field: RequestField) -> Option<HeaderValue> {
        let mut lines = self.request.headers().get_all(to_name(field));
        let first = lines.next()?;
        if lines.len() == 0 {
            return Some(first.clone());
        }
        let lines: Vec<&[u8]> = self.lines(field).collect();
        HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
    }

    /// The host that stands in the request's target: in HTTP/2 and later always, in HTTP/1.1 it may. Where a `Host`
    /// contradicts it, both count, so that nobody is taken for the one or the other.
    fn authority(&self) -> Option<&'a [u8]> {
        let authority = self.request.uri().authority()?.as_str().as_bytes();
        let host = self.request.headers().get(&HOST);
        host.is_none_or(|host| !host.as_bytes().eq_ignore_ascii_case(authority)).then_some(authority)
    }
}

impl std::ops::Deref for Head<'_> {
    type Target = ServiceRequest;

    fn deref(&self) -> &ServiceRequest {
        self.request
    }
}

impl RequestHead for Head<'_> {
    #[inline]
    fn is_options(&self) -> bool {
        *self.request.method() == Method::OPTIONS
    }

    #[inline]
    fn origin(&self) -> Lines<'_> {
        match self.look_up_origin() {
            Origin { first: None, .. } => Lines::None,
            Origin { first: Some(line), is_only: true } => Lines::One(line.as_bytes()),
            Origin { .. } => Lines::Several,
        }
    }

    #[inline]
    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        let authority = if field == RequestField::Host { self.authority() } else { None };
        self.request.headers().get_all(to_name(field)).map(HeaderValue::as_bytes).chain(authority)
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

// Constants would be made, and dropped, at each use.
static ORIGIN: HeaderName = header::ORIGIN;
static REQUEST_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;
static REQUEST_HEADERS: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;
static HOST: HeaderName = header::HOST;
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static COOKIE: HeaderName = header::COOKIE;
