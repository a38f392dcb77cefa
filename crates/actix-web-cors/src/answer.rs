//! From a decision to header lines: a policy's constant fields as `http` values, and the one function that writes an
//! answer into a response, whoever made that response.

use std::{cell::RefCell, rc::Rc};

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
    server::{Decision, FieldName, Lines, RequestField, RequestHead, is_same_origin},
};

use crate::{cors::Settings, log};

/// A policy with its constant fields as header values: made once for each policy and worker, so that no worker touches
/// another's reference counts.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) policy: Policy,
    any_origin: bool,
    /// Whether requests of origins that are not allowed are not to be handled.
    rejects: bool,
    credentials: bool,
    exposed: Option<HeaderValue>,
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    actual_vary: Vary,
    /// The same for an `OPTIONS` that is no preflight.
    options_vary: Vary,
    preflight_vary: Vary,
    merged: Merged,
}

impl Prepared {
    /// `reads` are the request headers that the choice of this policy depended on.
    pub(crate) fn new(policy: Policy, reads: &[HeaderName], settings: &Settings) -> Self {
        let actual = if policy.allows_any_origin() { Decision::AnyOrigin } else { Decision::Allowed };
        let preflight = Decision::PreflightGranted { echo_method: false, echo_headers: false };
        let value = |decision: Decision, name: FieldName| {
            let mut fields = decision.constant_fields(&policy).iter();
            fields.find(|field| field.name() == name).map(|field| to_value(field.value()))
        };
        let vary = |decision: Decision, is_options| {
            let mut vary = decision.vary(&policy, is_options).to_vec();
            if settings.reject_disallowed_origins && decision == Decision::Allowed {
                vary.push(RequestField::SecFetchSite);
            }
            Vary::new(&vary, reads)
        };
        Self {
            any_origin: policy.allows_any_origin(),
            rejects: settings.reject_disallowed_origins,
            credentials: policy.allows_credentials(),
            exposed: value(actual, FieldName::AccessControlExposeHeaders),
            methods: value(preflight, FieldName::AccessControlAllowMethods),
            headers: value(preflight, FieldName::AccessControlAllowHeaders),
            max_age: value(preflight, FieldName::AccessControlMaxAge),
            actual_vary: vary(actual, false),
            options_vary: vary(actual, true),
            preflight_vary: vary(preflight, true),
            merged: Merged::default(),
            policy,
        }
    }
}

/// A value whose clones share its text.
fn to_value(text: &str) -> HeaderValue {
    // The first clone makes the text shared; what is kept is a value that already is.
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes()).clone())
        .expect("policies and header names are visible ASCII")
}

const ORIGIN_VARY: &str = "origin";
const PREFLIGHT_VARY: &str = "origin, access-control-request-method";

/// What an answer varies by. The two that most answers have are constants: nothing has to be counted for them.
#[derive(Clone, Debug)]
pub(crate) enum Vary {
    Nothing,
    Origin,
    Preflight,
    Other(HeaderValue),
}

impl Vary {
    /// By these headers, and those that a policy's choice depended on.
    pub(crate) fn new(fields: &[RequestField], reads: &[HeaderName]) -> Self {
        let mut names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        for name in reads {
            if !names.contains(&name.as_str()) {
                names.push(name.as_str());
            }
        }
        match &names[..] {
            [] => Self::Nothing,
            names => match &names.join(", ")[..] {
                ORIGIN_VARY => Self::Origin,
                PREFLIGHT_VARY => Self::Preflight,
                names => Self::Other(to_value(names)),
            },
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// As a header's value, if there is anything to say.
    fn value(&self) -> Option<HeaderValue> {
        Some(match self {
            Self::Nothing => return None,
            Self::Origin => HeaderValue::from_static(ORIGIN_VARY),
            Self::Preflight => HeaderValue::from_static(PREFLIGHT_VARY),
            Self::Other(value) => value.clone(),
        })
    }

    /// Writes it where none stands yet. `usual` is what it mostly is.
    #[inline(always)]
    fn write_new(&self, response: &mut HeaderMap, usual: &Self) {
        match (self, usual) {
            (Self::Origin, Self::Origin) => {
                response.append(header::VARY, const { HeaderValue::from_static(ORIGIN_VARY) });
            }
            (Self::Preflight, Self::Preflight) => {
                response.append(header::VARY, const { HeaderValue::from_static(PREFLIGHT_VARY) });
            }
            _ => self.write_unusual(response),
        }
    }

    #[inline(never)]
    fn write_unusual(&self, response: &mut HeaderMap) {
        if let Some(value) = self.value() {
            response.append(header::VARY, value);
        }
    }

    /// Adds it to what a response varies by already.
    fn merge(&self, response: &mut HeaderMap, known: &Merged) {
        let Some(vary) = self.value() else { return };
        let mut lines = response.get_all(&VARY).map(HeaderValue::as_bytes);
        if let (Some(line), None) = (lines.next(), lines.next()) {
            let merged = known.merge(line, &vary);
            if let (Some(merged), Some(line)) = (merged, response.get_mut(&VARY)) {
                *line = merged;
            }
            return;
        }
        let lines: Vec<&[u8]> = response.get_all(&VARY).map(HeaderValue::as_bytes).collect();
        if let Some(merged) = merge(&lines, &vary) {
            response.insert(header::VARY, merged);
        }
    }

    /// Adds it to what a response varies by, if by anything.
    pub(crate) fn add(&self, response: &mut HeaderMap) {
        if response.contains_key(&VARY) {
            self.merge(response, &Merged::default());
        } else {
            self.write_unusual(response);
        }
    }
}

/// The line of `Vary` that was merged with the policy's last, and what came of it: an application's handlers mostly say the
/// same, and then nothing has to be put together again.
#[derive(Debug, Default)]
struct Merged {
    last: RefCell<Option<(Box<[u8]>, Became)>>,
}

/// Another value; none if the line can stay as it is.
type Became = Option<HeaderValue>;

impl Merged {
    /// [`merge`]s one line.
    fn merge(&self, line: &[u8], vary: &HeaderValue) -> Became {
        match &*self.last.borrow() {
            Some((last, became)) if **last == *line => return became.clone(),
            _ => {}
        }
        let became = merge(&[line], vary);
        *self.last.borrow_mut() = Some((line.into(), became.clone()));
        became
    }
}

/// All that a response varies by, as one line without repetitions: a cache that reads only the first line of a name then
/// misses nothing of ours. None if its lines say it all already, and stay as the application wrote them.
fn merge(lines: &[&[u8]], vary: &HeaderValue) -> Became {
    let has = |name: &[u8]| {
        let mut names =
            lines.iter().flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        names.any(|listed| listed == b"*" || listed.eq_ignore_ascii_case(name))
    };
    let names = vary.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let missing: Vec<&[u8]> = names.filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return None;
    }
    let there = lines.iter().copied().filter(|line| !line.is_empty());
    let merged = there.chain(missing).collect::<Vec<_>>().join(&b", "[..]);
    HeaderValue::from_maybe_shared(Bytes::from(merged)).ok()
}

/// Decides on a request, and gives out its `Origin`, which may have to be sent back.
#[inline(always)]
pub(crate) fn decide<'a>(prepared: &Prepared, head: Head<'a>) -> (Decision, Option<&'a HeaderValue>) {
    let mut first = None;
    let look_up = || {
        let mut lines = head.request.headers().get_all(&ORIGIN);
        first = lines.next();
        match first {
            None => Lines::None,
            Some(line) if lines.next().is_none() => Lines::One(line.as_bytes()),
            Some(_) => Lines::Several,
        }
    };
    let decision = prepared.policy.decide_with(look_up, &head);
    (decision, first)
}

/// What a preflight asks for, where it has to be sent back.
#[derive(Debug)]
pub(crate) struct Echoes {
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
}

impl Echoes {
    pub(crate) fn new(decision: Decision, head: Head<'_>) -> Self {
        let Decision::PreflightGranted { echo_method, echo_headers } = decision else {
            return Self { methods: None, headers: None };
        };
        Self {
            methods: if echo_method { head.echo(RequestField::AccessControlRequestMethod) } else { None },
            headers: if echo_headers { head.echo(RequestField::AccessControlRequestHeaders) } else { None },
        }
    }

    /// Writes them after the rest of the answer.
    pub(crate) fn write(&self, response: &mut HeaderMap) {
        if let Some(value) = &self.methods {
            response.append(header::ACCESS_CONTROL_ALLOW_METHODS, value.clone());
        }
        if let Some(value) = &self.headers {
            response.append(header::ACCESS_CONTROL_ALLOW_HEADERS, value.clone());
        }
    }
}

/// What to write into the response to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    prepared: Rc<Prepared>,
    /// Who is allowed: the request's own origin, or any; nobody, if that is not among those who are. It is written once, and
    /// is then gone.
    allowed: Option<HeaderValue>,
}

impl Answer {
    #[inline(always)]
    pub(crate) fn new(prepared: Rc<Prepared>, decision: Decision, origin: Option<&HeaderValue>) -> Self {
        let allowed = if decision.is_allowed() { prepared.allowed(origin) } else { None };
        Self { prepared, allowed }
    }

    #[inline(always)]
    pub(crate) fn rejects(&self, decision: Decision, head: Head<'_>) -> bool {
        self.prepared.rejects(decision, head)
    }

    /// Takes what there is to write. What is left is not to be written.
    pub(crate) fn take(&mut self) -> Self {
        Self { prepared: Rc::clone(&self.prepared), allowed: self.allowed.take() }
    }

    /// Writes the answer into the headers of what the handler answered: whatever CORS header stands there is replaced, `Vary`
    /// is merged.
    #[inline(always)]
    pub(crate) fn write(&mut self, response: &mut HeaderMap) {
        if response.is_empty() {
            self.prepared.write_actual(self.allowed.take(), response);
            self.prepared.actual_vary.write_new(response, &Vary::Origin);
        } else {
            self.write_among(response);
        }
    }

    #[inline(never)]
    fn write_among(&mut self, response: &mut HeaderMap) {
        let has_vary = make_room(response);
        self.prepared.write_actual(self.allowed.take(), response);
        if has_vary {
            self.prepared.actual_vary.merge(response, &self.prepared.merged);
        } else {
            self.prepared.actual_vary.write_new(response, &Vary::Origin);
        }
    }

    /// The same for an `OPTIONS` that is no preflight.
    pub(crate) fn write_options(&mut self, response: &mut HeaderMap) {
        make_room(response);
        self.prepared.write_actual(self.allowed.take(), response);
        self.prepared.options_vary.add(response);
    }

    /// Writes the answer to a preflight into the headers of what the application answered.
    pub(crate) fn write_forwarded(&mut self, echoes: &Echoes, response: &mut HeaderMap) {
        make_room(response);
        self.prepared.write_granted(self.allowed.take(), response);
        echoes.write(response);
        self.prepared.preflight_vary.add(response);
    }
}

impl Prepared {
    /// Whether a request is not to be handled because its origin is not allowed.
    #[inline(always)]
    pub(crate) fn rejects(&self, decision: Decision, head: Head<'_>) -> bool {
        decision == Decision::NotAllowed && self.rejects && !is_same_origin(&head)
    }

    /// Writes the answer to a preflight that is granted into a response that has no header yet.
    #[inline(always)]
    pub(crate) fn write_grant(&self, origin: Option<&HeaderValue>, response: &mut HeaderMap) {
        self.write_granted(self.allowed(origin), response);
        self.write_refusal(response);
    }

    /// Writes the answer to a preflight that is refused: what it depends on, and nothing else.
    #[inline(always)]
    pub(crate) fn write_refusal(&self, response: &mut HeaderMap) {
        self.preflight_vary.write_new(response, &Vary::Preflight);
    }

    /// Who is allowed, when the origin is.
    #[inline(always)]
    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        if self.any_origin { Some(HeaderValue::from_static("*")) } else { origin.cloned() }
    }

    #[inline(always)]
    fn write_granted(&self, allowed: Option<HeaderValue>, response: &mut HeaderMap) {
        if self.write_common(allowed, response) {
            write_value(response, header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.as_ref());
            write_value(response, header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.as_ref());
            write_value(response, header::ACCESS_CONTROL_MAX_AGE, self.max_age.as_ref());
        }
    }

    #[inline(always)]
    fn write_actual(&self, allowed: Option<HeaderValue>, response: &mut HeaderMap) {
        if self.write_common(allowed, response) {
            write_value(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.as_ref());
        }
    }

    /// Writes what every answer to an allowed origin has. Returns whether this is one.
    #[inline(always)]
    fn write_common(&self, allowed: Option<HeaderValue>, response: &mut HeaderMap) -> bool {
        let Some(allowed) = allowed else { return false };
        response.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            let yes = const { HeaderValue::from_static("true") };
            response.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        true
    }
}

#[inline(always)]
fn write_value(response: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value {
        response.append(name, value.clone());
    }
}

/// Removes the CORS headers that somebody else set. Returns whether there is a `Vary`.
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

/// A request as the decision reads it.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    request: &'a ServiceRequest,
    is_options: bool,
}

impl<'a> Head<'a> {
    #[inline]
    pub(crate) fn new(request: &'a ServiceRequest) -> Self {
        Self { request, is_options: *request.method() == Method::OPTIONS }
    }

    /// Of a request whose method is `OPTIONS`.
    #[inline]
    pub(crate) fn options(request: &'a ServiceRequest) -> Self {
        Self { request, is_options: true }
    }

    /// The header's value, to be sent back. Lines that a proxy split are joined again.
    fn echo(self, field: RequestField) -> Option<HeaderValue> {
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
    fn authority(self) -> Option<&'a [u8]> {
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
        self.is_options
    }

    #[inline]
    fn has(&self, field: RequestField) -> bool {
        self.request.headers().get(to_name(field)).is_some()
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
static VARY: HeaderName = header::VARY;

#[cfg(test)]
mod tests {
    use super::*;

    /// One after another, with one memory of what came last.
    #[test]
    fn merging_vary() {
        let known = Merged::default();
        #[rustfmt::skip]
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("another name", &["accept"], &["accept, origin"]),
            ("the same again", &["accept"], &["accept, origin"]),
            ("one that begins alike", &["accept-language"], &["accept-language, origin"]),
            ("the first once more", &["accept"], &["accept, origin"]),
            ("what is merged already", &["accept, origin"], &["accept, origin"]),
            ("in other letters", &["Accept,ORIGIN"], &["Accept,ORIGIN"]),
            ("everything", &["*"], &["*"]),
            ("an empty line", &[""], &["origin"]),
            ("several lines", &["accept", "cookie"], &["accept, cookie, origin"]),
            ("several that say it", &["accept", "origin"], &["accept", "origin"]),
            ("one line after several", &["accept"], &["accept, origin"]),
        ];
        for (name, lines, expected) in rows {
            let mut response = HeaderMap::new();
            for line in *lines {
                response.append(header::VARY, HeaderValue::from_static(line));
            }
            Vary::Origin.merge(&mut response, &known);
            let merged: Vec<&HeaderValue> = response.get_all(header::VARY).collect();
            assert_eq!(merged, *expected, "{name}");
        }
    }
}
