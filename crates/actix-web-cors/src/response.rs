//! What the middleware writes into a response, whoever made that response.

use std::rc::Rc;

use actix_web::{
    dev::ResponseHead,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use fetch_cors::{
    Policy,
    server::{Decision, FieldName, Fields, RequestField, Sink, exposed_names},
};

use crate::{
    head::Head,
    log,
    predicate::Asked,
    settings::Settings,
    vary::{self, LastMerge},
};

/// A policy with its constant fields as header values: made once for each policy and worker, so that no worker touches
/// another's reference counts.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) policy: Policy,
    fields: Fields<HeaderValue>,
    /// The request headers that the choice of a policy depended on.
    chosen_by: Option<HeaderValue>,
    last_merge: LastMerge,
}

impl Prepared {
    /// `reads` are the request headers that the choice of this policy depended on.
    pub(crate) fn new(policy: Policy, reads: &[HeaderName], settings: &Settings) -> Self {
        let reads: Vec<&str> = reads.iter().map(HeaderName::as_str).collect();
        let handled_by = [RequestField::SecFetchSite.name()];
        let handled_by = if settings.reject_disallowed_origins { &handled_by[..] } else { &[] };
        let fields = Fields::with_dependencies(&policy, &reads, handled_by, to_value);
        let chosen_by = if reads.is_empty() { None } else { Some(to_value(&reads.join(", "))) };
        Self { policy, fields, chosen_by, last_merge: LastMerge::default() }
    }
}

/// A header value whose clones share its text.
fn to_value(text: &str) -> HeaderValue {
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
pub(crate) struct Headers {
    pub(crate) prepared: Rc<Prepared>,
    pub(crate) decision: Decision,
    pub(crate) is_options: bool,
    pub(crate) found: Found,
    pub(crate) echoes: Echoes,
}

/// What the source said of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This policy applies.
    Policy,
    /// None does.
    None,
    /// Nothing: it failed, and a policy that allows nothing stands in.
    Failure,
    /// This policy applies, and a predicate was asked about the origin.
    Asked,
}

/// The values of the request that are sent back, taken before the request goes on to the handler.
#[derive(Clone, Debug)]
pub(crate) enum Echoes {
    /// The origin, where it is allowed.
    Origin(Option<HeaderValue>),
    /// What few responses need. Boxed, because every request's future would be larger otherwise.
    More(Box<More>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct More {
    origin: Option<HeaderValue>,
    /// The method and the headers that a preflight requests, for policies that allow any with credentials.
    method: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    /// What became of asking a predicate.
    asked: Option<Asked>,
}

impl Echoes {
    #[inline(always)]
    pub(crate) fn new(decision: Decision, origin: Option<&HeaderValue>, head: Head<'_>) -> Self {
        match decision {
            Decision::PreflightGranted { echo_method, echo_headers } if echo_method || echo_headers => {
                Self::of_preflight(origin, head)
            }
            _ if decision.is_allowed() => Self::Origin(origin.cloned()),
            _ => Self::Origin(None),
        }
    }

    #[cold]
    fn of_preflight(origin: Option<&HeaderValue>, head: Head<'_>) -> Self {
        let method = head.echo(RequestField::AccessControlRequestMethod);
        let headers = head.echo(RequestField::AccessControlRequestHeaders);
        Self::More(Box::new(More { origin: origin.cloned(), method, headers, asked: None }))
    }

    #[cold]
    pub(crate) fn with(self, asked: Asked) -> Self {
        let mut more = match self {
            Self::Origin(origin) => Box::new(More { origin, ..More::default() }),
            Self::More(more) => more,
        };
        more.asked = Some(asked);
        Self::More(more)
    }

    #[inline(always)]
    fn take(&mut self, field: RequestField) -> Option<HeaderValue> {
        match (self, field) {
            (Self::Origin(origin), RequestField::Origin) => origin.take(),
            (Self::More(more), RequestField::Origin) => more.origin.take(),
            (Self::More(more), RequestField::AccessControlRequestMethod) => more.method.take(),
            (Self::More(more), RequestField::AccessControlRequestHeaders) => more.headers.take(),
            _ => None,
        }
    }
}

impl Headers {
    /// Writes them: whatever `Access-Control-*` header the response has is replaced. What is sent back is moved out, so they
    /// are written once.
    #[inline(always)]
    pub(crate) fn write(&mut self, response: &mut ResponseHead) {
        if self.found == Found::Policy {
            self.write_fields(response);
        } else {
            self.write_without_policy(response);
        }
    }

    #[inline(always)]
    fn write_fields(&mut self, head: &mut ResponseHead) {
        let Self { prepared, decision, is_options, echoes, .. } = self;
        let has_vary = !head.headers().is_empty() && make_room(head.headers_mut());
        let last_merge = has_vary.then_some(&prepared.last_merge);
        prepared.fields.write(*decision, *is_options, &mut Response { head, echoes, last_merge });
    }

    /// The same where no policy was found, or a predicate was asked: caches must know more then.
    #[cold]
    #[inline(never)]
    fn write_without_policy(&mut self, response: &mut ResponseHead) {
        if self.found != Found::None {
            self.write_fields(response);
        }
        let response = response.headers_mut();
        let is_refused = matches!(self.decision, Decision::NotAllowed | Decision::PreflightRefused);
        match (self.found, &self.echoes) {
            // That none applies may depend on the request's headers.
            (Found::None, _) => vary_by(self.prepared.chosen_by.as_ref(), response),
            // Nobody may remember that an origin was refused because the source failed.
            (Found::Failure, _) if is_refused => forbid_storing(response),
            (Found::Asked, Echoes::More(more)) => {
                let Some(asked) = &more.asked else { return };
                vary_by(asked.vary(), response);
                if asked.has_panicked() {
                    forbid_storing(response);
                }
            }
            _ => {}
        }
    }
}

fn vary_by(names: Option<&HeaderValue>, response: &mut HeaderMap) {
    match names {
        Some(names) if response.contains_key(header::VARY) => {
            vary::merge(response, names, &LastMerge::default());
        }
        Some(names) => response.append(header::VARY, names.clone()),
        None => {}
    }
}

/// Keeps the response out of every cache. Headers for certain caches only go, because these caches prefer them to
/// `Cache-Control`: [targeted ones](https://httpwg.org/specs/rfc9213.html#parsing) such as `CDN-Cache-Control`,
/// [`Surrogate-Control`](https://www.w3.org/TR/edge-arch/), Akamai's `Edge-Control` and nginx's `X-Accel-Expires`.
fn forbid_storing(response: &mut HeaderMap) {
    response.retain(|name, _| {
        let name = name.as_str();
        !(name.ends_with("-cache-control")
            || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires"))
    });
    response.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
    head: &'a mut ResponseHead,
    echoes: &'a mut Echoes,
    /// There if the response has a `Vary` already.
    last_merge: Option<&'a LastMerge>,
}

impl Sink<HeaderValue> for Response<'_> {
    #[inline(always)]
    fn constant(&mut self, name: FieldName, value: &HeaderValue) {
        self.head.headers_mut().append(to_name(name), value.clone());
    }

    #[inline(always)]
    fn echo(&mut self, name: FieldName, from: RequestField) {
        if let Some(value) = self.echoes.take(from) {
            self.head.headers_mut().append(to_name(name), value);
        }
    }

    #[inline(always)]
    fn vary(&mut self, names: &HeaderValue) {
        match self.last_merge {
            None => self.constant(FieldName::Vary, names),
            Some(last_merge) => vary::merge(self.head.headers_mut(), names, last_merge),
        }
    }

    #[cold]
    fn own_names(&mut self, name: FieldName) {
        if self.head.status == StatusCode::NOT_MODIFIED {
            return;
        }
        let names = exposed_names(self.head.headers().keys().map(HeaderName::as_str));
        if let Ok(names) = HeaderValue::from_maybe_shared(Bytes::from(names)) {
            self.head.headers_mut().append(to_name(name), names);
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
