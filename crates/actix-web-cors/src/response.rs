//! What the middleware writes into a response, whoever made that response.

use std::rc::Rc;

use actix_web::{
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    web::Bytes,
};
use fetch_cors::{
    Policy,
    server::{Decision, FieldName, Fields, RequestField, Sink},
};

use crate::{
    head::Head,
    log,
    settings::Settings,
    vary::{self, LastMerge},
};

/// A policy with its constant fields as header values: made once for each policy and worker, so that no worker touches
/// another's reference counts.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) policy: Policy,
    fields: Fields<HeaderValue>,
    last_merge: LastMerge,
}

impl Prepared {
    /// `reads` are the request headers that the choice of this policy depended on.
    pub(crate) fn new(policy: Policy, reads: &[HeaderName], settings: &Settings) -> Self {
        let reads: Vec<&str> = reads.iter().map(HeaderName::as_str).collect();
        let handled_by = [RequestField::SecFetchSite.name()];
        let handled_by = if settings.reject_disallowed_origins { &handled_by[..] } else { &[] };
        let fields = Fields::with_dependencies(&policy, &reads, handled_by, to_value);
        Self { policy, fields, last_merge: LastMerge::default() }
    }
}

/// A header value whose clones share its text.
pub(crate) fn to_value(text: &str) -> HeaderValue {
    // Clones of a static text touch no reference count, and these are in nearly every response.
    let common = ["*", "true", "origin", "origin, access-control-request-method"];
    if let Some(common) = common.into_iter().find(|&common| common == text) {
        return HeaderValue::from_static(common);
    }
    // Cloning once makes the `Bytes` shared, so that later clones only count.
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes()).clone())
        .expect("policies and header names are visible ASCII")
}

/// What to write into the response to one request.
#[derive(Clone, Debug)]
pub(crate) enum Headers {
    /// What a policy says. Whatever `Access-Control-*` header the response has is replaced.
    Policy {
        prepared: Rc<Prepared>,
        decision: Decision,
        is_options: bool,
        echoes: Echoes,
        /// Whether the source failed and this policy stands in for the one that it didn't find.
        is_stopgap: bool,
    },
    /// No policy applies. That none does may depend on these headers of the request, and a cache must know.
    Vary(Option<HeaderValue>),
}

/// The values of the request that are sent back, taken before the request goes on to the handler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Echoes {
    origin: Option<HeaderValue>,
    /// The method and the headers that a preflight asks for. Boxed, because only policies that allow any with credentials
    /// echo them, and every request's future would be larger.
    requested: Option<Box<[Option<HeaderValue>; 2]>>,
}

impl Echoes {
    #[inline(always)]
    pub(crate) fn new(decision: Decision, origin: Option<&HeaderValue>, head: Head<'_>) -> Self {
        let origin = if decision.is_allowed() { origin.cloned() } else { None };
        let requested = match decision {
            Decision::PreflightGranted { echo_method, echo_headers } if echo_method || echo_headers => {
                Some(Box::new(Self::requested(head)))
            }
            _ => None,
        };
        Self { origin, requested }
    }

    #[cold]
    fn requested(head: Head<'_>) -> [Option<HeaderValue>; 2] {
        let fields = [RequestField::AccessControlRequestMethod, RequestField::AccessControlRequestHeaders];
        fields.map(|field| head.echo(field))
    }

    fn take(&mut self, field: RequestField) -> Option<HeaderValue> {
        match (field, &mut self.requested) {
            (RequestField::Origin, _) => self.origin.take(),
            (RequestField::AccessControlRequestMethod, Some(requested)) => requested[0].take(),
            (RequestField::AccessControlRequestHeaders, Some(requested)) => requested[1].take(),
            _ => None,
        }
    }
}

impl Headers {
    /// Writes them. What is sent back is moved out, so they are written once.
    #[inline(always)]
    pub(crate) fn write(&mut self, response: &mut HeaderMap) {
        match self {
            Self::Policy { prepared, decision, is_options, echoes, is_stopgap } => {
                let has_vary = !response.is_empty() && make_room(response);
                let last_merge = has_vary.then_some(&prepared.last_merge);
                let mut response = Response { headers: response, echoes, last_merge };
                prepared.fields.write(*decision, *is_options, &mut response);
                if *is_stopgap {
                    forbid_storing(*decision, response.headers);
                }
            }
            Self::Vary(None) => {}
            Self::Vary(Some(names)) => write_vary(response, names),
        }
    }
}

/// Nobody may remember that an origin was refused because the source failed.
#[cold]
fn forbid_storing(decision: Decision, response: &mut HeaderMap) {
    if matches!(decision, Decision::NotAllowed | Decision::PreflightRefused) {
        response.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cold]
fn write_vary(response: &mut HeaderMap, names: &HeaderValue) {
    if response.contains_key(header::VARY) {
        vary::merge(response, names, &LastMerge::default());
    } else {
        response.append(header::VARY, names.clone());
    }
}

/// Removes the CORS headers that somebody else set. Returns whether there is a `Vary`.
#[inline(never)]
fn make_room(response: &mut HeaderMap) -> bool {
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
    has_vary
}

/// A response without CORS headers, as the writer sees it.
struct Response<'a> {
    headers: &'a mut HeaderMap,
    echoes: &'a mut Echoes,
    /// There if the response has a `Vary` already.
    last_merge: Option<&'a LastMerge>,
}

impl Sink<HeaderValue> for Response<'_> {
    #[inline(always)]
    fn constant(&mut self, name: FieldName, value: &HeaderValue) {
        self.headers.append(to_name(name), value.clone());
    }

    #[inline(always)]
    fn echo(&mut self, name: FieldName, from: RequestField) {
        if let Some(value) = self.echoes.take(from) {
            self.headers.append(to_name(name), value);
        }
    }

    #[inline(always)]
    fn vary(&mut self, names: &HeaderValue) {
        match self.last_merge {
            None => self.constant(FieldName::Vary, names),
            Some(last_merge) => vary::merge(self.headers, names, last_merge),
        }
    }
}

#[inline(always)]
fn to_name(name: FieldName) -> HeaderName {
    match name {
        FieldName::AccessControlAllowOrigin => header::ACCESS_CONTROL_ALLOW_ORIGIN,
        FieldName::AccessControlAllowCredentials => header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        FieldName::AccessControlExposeHeaders => header::ACCESS_CONTROL_EXPOSE_HEADERS,
        FieldName::AccessControlAllowMethods => header::ACCESS_CONTROL_ALLOW_METHODS,
        FieldName::AccessControlAllowHeaders => header::ACCESS_CONTROL_ALLOW_HEADERS,
        FieldName::AccessControlMaxAge => header::ACCESS_CONTROL_MAX_AGE,
        FieldName::Vary => header::VARY,
        _ => HeaderName::from_static(name.name()),
    }
}
