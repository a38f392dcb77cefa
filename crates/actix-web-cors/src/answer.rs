//! From a decision to header lines: a policy's constant fields as `http` values, and the one function that writes an
//! answer into a response, whoever made that response.

use std::rc::Rc;

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
    server::{Decision, Field, RequestField, RequestHead},
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
    let value = Bytes::copy_from_slice(field.value().as_bytes());
    let value = HeaderValue::from_maybe_shared(value).expect("a policy's fields are visible ASCII");
    (HeaderName::from_static(field.name().name()), value)
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
    let value = Bytes::from(names.join(", "));
    Some(HeaderValue::from_maybe_shared(value).expect("header names are visible ASCII"))
}

/// What to write into the response to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    prepared: Rc<Prepared>,
    pub(crate) decision: Decision,
    origin: Option<HeaderValue>,
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
}

impl Answer {
    /// Decides on the request, and takes from it what is to be echoed.
    #[inline]
    pub(crate) fn new(prepared: Rc<Prepared>, request: &ServiceRequest) -> Self {
        let head = Head(request);
        let decision = prepared.policy.decide(&head);
        let origin =
            if decision.echoes_origin(&prepared.policy) { head.echo(RequestField::Origin) } else { None };
        let (methods, headers) = match decision {
            Decision::PreflightGranted { echo_method, echo_headers } => (
                echo_method.then(|| head.echo(RequestField::AccessControlRequestMethod)).flatten(),
                echo_headers.then(|| head.echo(RequestField::AccessControlRequestHeaders)).flatten(),
            ),
            _ => (None, None),
        };
        Self { prepared, decision, origin, methods, headers }
    }

    /// Writes the answer into a response's headers: whatever CORS header stands there is replaced, `Vary` is merged.
    pub(crate) fn write(&self, response: &mut HeaderMap) {
        let fields =
            if self.decision.is_preflight() { &self.prepared.preflight } else { &self.prepared.actual };
        let vary = fields.vary.as_ref();
        let vary = if response.is_empty() { vary.cloned() } else { make_room(response, vary) };

        if let Some(value) = &self.origin {
            response.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
        }
        if let Some(value) = &self.methods {
            response.append(header::ACCESS_CONTROL_ALLOW_METHODS, value.clone());
        }
        if let Some(value) = &self.headers {
            response.append(header::ACCESS_CONTROL_ALLOW_HEADERS, value.clone());
        }
        if !self.decision.constant_fields(&self.prepared.policy).is_empty() {
            for (name, value) in &fields.allowed {
                response.append(name.clone(), value.clone());
            }
        }
        if let Some(value) = vary {
            response.append(header::VARY, value);
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

/// A request as the decision reads it.
pub(crate) struct Head<'a>(pub(crate) &'a ServiceRequest);

impl std::ops::Deref for Head<'_> {
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
    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.headers().get_all(to_name(field)).map(HeaderValue::as_bytes);
        // In HTTP/2 and later the host stands in the request's target, and in HTTP/1.1 it may. Where a `Host` contradicts
        // it, both count, so that nobody is taken for the one or the other.
        let authority = match field {
            RequestField::Host => self.0.uri().authority(),
            _ => None,
        };
        lines.chain(authority.map(|host| host.as_str().as_bytes()).filter(|host| {
            let line = self.0.headers().get(header::HOST);
            line.is_none_or(|line| !line.as_bytes().eq_ignore_ascii_case(host))
        }))
    }
}

impl Head<'_> {
    /// The header's value, to be sent back. Lines that a proxy split are joined again.
    fn echo(&self, field: RequestField) -> Option<HeaderValue> {
        let mut lines = self.0.headers().get_all(to_name(field));
        let first = lines.next()?;
        if lines.len() == 0 {
            return Some(first.clone());
        }
        let lines: Vec<&[u8]> = self.lines(field).collect();
        HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
    }
}

fn to_name(field: RequestField) -> HeaderName {
    match field {
        RequestField::Origin => header::ORIGIN,
        RequestField::AccessControlRequestMethod => header::ACCESS_CONTROL_REQUEST_METHOD,
        RequestField::AccessControlRequestHeaders => header::ACCESS_CONTROL_REQUEST_HEADERS,
        other => HeaderName::from_static(other.name()),
    }
}
