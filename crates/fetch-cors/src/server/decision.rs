//! The decision for one request.

use super::{RequestField, RequestHead};
use crate::policy::{
    Policy,
    names::{self, MAX_ECHOED_HEADERS, MAX_ECHOED_METHOD},
};

/// What to do with a request; [`decide`] returns it.
///
/// | decision | the handler | the response |
/// |---|---|---|
/// | `AnyOrigin` | runs | the policy's fields, with `*`; no `Vary`, except for an `OPTIONS` request |
/// | `NoOrigin`, `NotAllowed` | runs | no `Access-Control-*`; `Vary` |
/// | `Allowed` | runs | the request's origin, the policy's fields; `Vary` |
/// | `PreflightGranted` | does not run | 204; the request's origin or `*`, the policy's fields, echoed names; `Vary` |
/// | `PreflightRefused` | does not run | 403; no `Access-Control-*`; `Vary` |
///
/// ```
/// use fetch_cors::server::Decision;
///
/// assert!(Decision::AnyOrigin.is_allowed() && !Decision::AnyOrigin.is_preflight());
/// assert!(Decision::PreflightRefused.is_refused() && Decision::PreflightRefused.is_preflight());
/// // A request without an origin is neither.
/// assert!(!Decision::NoOrigin.is_allowed() && !Decision::NoOrigin.is_refused());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Not a preflight, and every origin is allowed: the response is the same for all.
    AnyOrigin,
    /// Not a preflight; the origin is allowed.
    Allowed,
    /// A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) from an allowed origin. The
    /// response lists everything that is allowed; the browser compares the method and headers with it.
    PreflightGranted {
        /// Whether `Access-Control-Request-Method` is echoed in `Access-Control-Allow-Methods`.
        echo_method: bool,
        /// Whether `Access-Control-Request-Headers` is echoed in `Access-Control-Allow-Headers`.
        echo_headers: bool,
    },
    /// A CORS-preflight request from an origin that is not allowed.
    PreflightRefused,
    /// Not a preflight; the origin is not allowed. The handler still runs, because CORS is not access control.
    NotAllowed,
    /// Not a preflight; the request has no `Origin`.
    NoOrigin,
}

impl Decision {
    /// Whether the request is a preflight. Its handler must not run.
    #[inline]
    pub fn is_preflight(self) -> bool {
        matches!(self, Self::PreflightGranted { .. } | Self::PreflightRefused)
    }

    /// Whether the request has an origin that is not allowed.
    #[inline]
    pub fn is_refused(self) -> bool {
        matches!(self, Self::NotAllowed | Self::PreflightRefused)
    }

    /// The decision if the policy listed the request's origin, for an adapter that has a rule of its own in addition to the
    /// policy. The rule must be asked only about origins that [`candidate`](super::candidate) returns.
    ///
    /// ```
    /// use fetch_cors::{
    ///     Policy,
    ///     server::{Decision, RequestField, RequestHead, candidate, decide},
    /// };
    ///
    /// struct Get {
    ///     origin: &'static str,
    /// }
    ///
    /// impl RequestHead for Get {
    ///     fn is_options(&self) -> bool {
    ///         false
    ///     }
    ///
    ///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
    ///         (field == RequestField::Origin).then_some(self.origin.as_bytes()).into_iter()
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
    ///     let policy = Policy::allow_origin("https://app.example")?;
    ///     let request = Get { origin: "https://customer.example" };
    ///     let mut decision = decide(&policy, &request);
    ///     assert_eq!(decision, Decision::NotAllowed);
    ///
    ///     let is_customer = |host: &str| host == "customer.example";
    ///     if candidate(&policy, request.origin.as_bytes()).is_some_and(|origin| is_customer(origin.host())) {
    ///         decision = decision.with_origin_allowed(&policy, &request);
    ///     }
    ///     assert_eq!(decision, Decision::Allowed);
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn with_origin_allowed(self, policy: &Policy, request: &impl RequestHead) -> Self {
        match self {
            Self::NotAllowed => Self::Allowed,
            Self::PreflightRefused => grant_preflight(policy, request),
            _ => self,
        }
    }

    /// Whether the response allows the request's origin.
    #[inline]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::AnyOrigin | Self::Allowed | Self::PreflightGranted { .. })
    }
}

/// Decides what to do with one [request](https://fetch.spec.whatwg.org/#http-requests): whether it is a preflight, and whether
/// its origin is allowed. The example of [`server`](crate::server) is an adapter that calls it.
#[inline]
pub fn decide(policy: &Policy, request: &impl RequestHead) -> Decision {
    decide_with(policy, || Lines::of(request.lines(RequestField::Origin)), request)
}

/// The same as [`decide`], for an adapter that looks [`Origin`](https://fetch.spec.whatwg.org/#origin-header) up itself because it
/// echoes the value later. `origin` is called at most once, and not at all if the decision doesn't depend on it.
///
/// ```
/// use fetch_cors::{
///     Policy,
///     server::{Decision, Lines, RequestField, RequestHead, decide_with},
/// };
///
/// struct Get;
///
/// impl RequestHead for Get {
///     fn is_options(&self) -> bool {
///         false
///     }
///
///     fn lines(&self, _: RequestField) -> impl Iterator<Item = &[u8]> {
///         std::iter::empty()
///     }
/// }
///
/// let mut is_read = false;
/// let origin = || {
///     is_read = true;
///     Lines::One(b"https://app.example")
/// };
/// // Every origin is allowed, so it doesn't matter which one this is.
/// assert_eq!(decide_with(&Policy::any_origin(), origin, &Get), Decision::AnyOrigin);
/// assert!(!is_read);
/// ```
#[inline(always)]
pub fn decide_with<'a>(
    policy: &Policy,
    origin: impl FnOnce() -> Lines<'a>,
    request: &impl RequestHead,
) -> Decision {
    let is_options = request.is_options();
    let any = policy.allows_any_origin();
    if any && !is_options {
        return Decision::AnyOrigin;
    }
    let origin = origin();
    let allowed = any || matches!(origin, Lines::One(origin) if policy.lists(origin));
    // A preflight is an `OPTIONS` with both headers. https://fetch.spec.whatwg.org/#cors-preflight-request
    if is_options && origin != Lines::None && request.has(RequestField::AccessControlRequestMethod) {
        return if allowed { grant_preflight(policy, request) } else { Decision::PreflightRefused };
    }
    if any {
        Decision::AnyOrigin
    } else if origin == Lines::None {
        Decision::NoOrigin
    } else if allowed {
        Decision::Allowed
    } else {
        Decision::NotAllowed
    }
}

#[inline(always)]
fn grant_preflight(policy: &Policy, request: &impl RequestHead) -> Decision {
    if policy.echoes_anything() {
        return grant_with_echoes(policy, request);
    }
    Decision::PreflightGranted { echo_method: false, echo_headers: false }
}

#[inline(never)]
fn grant_with_echoes(policy: &Policy, request: &impl RequestHead) -> Decision {
    let parts = policy.parts();
    Decision::PreflightGranted {
        echo_method: parts.echoes(&parts.methods) && is_echoable_method(request),
        echo_headers: parts.echoes(&parts.headers) && are_echoable_headers(request),
    }
}

/// The lines of a header that a request may have only once.
///
/// ```
/// use fetch_cors::server::Lines;
///
/// let origins = [&b"https://a.example"[..], b"https://b.example"];
/// assert_eq!(Lines::of(origins.into_iter().take(0)), Lines::None);
/// assert_eq!(Lines::of(origins.into_iter().take(1)), Lines::One(b"https://a.example"));
/// assert_eq!(Lines::of(origins.into_iter()), Lines::Several);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines<'a> {
    /// The request doesn't have the header.
    None,
    /// It has the header once: the value.
    One(&'a [u8]),
    /// It has the header more than once, so no value counts.
    Several,
}

impl<'a> Lines<'a> {
    /// Reads at most two lines.
    #[inline(always)]
    pub fn of(mut lines: impl Iterator<Item = &'a [u8]>) -> Self {
        match lines.next() {
            None => Self::None,
            Some(line) if lines.next().is_none() => Self::One(line),
            Some(_) => Self::Several,
        }
    }
}

fn is_echoable_method(request: &impl RequestHead) -> bool {
    matches!(
        Lines::of(request.lines(RequestField::AccessControlRequestMethod)),
        Lines::One(method) if method.len() <= MAX_ECHOED_METHOD && names::is_token(method)
    )
}

/// Trims spaces and tabs only (OWS, RFC 9110, section 5.6.3). CR and LF stay and fail the token check, so they are never
/// echoed.
fn trim_white_space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether there are requested header names, all valid, of at most [`MAX_ECHOED_HEADERS`] bytes. A proxy may have split the
/// list over several lines and padded it (RFC 9110, section 5.6.1), so empty elements and white space are accepted.
fn are_echoable_headers(request: &impl RequestHead) -> bool {
    let (mut any, mut length) = (false, 0);
    for (index, line) in request.lines(RequestField::AccessControlRequestHeaders).enumerate() {
        length += line.len() + if index > 0 { ", ".len() } else { 0 };
        if length > MAX_ECHOED_HEADERS {
            return false;
        }
        for name in line.split(|&byte| byte == b',').map(trim_white_space).filter(|name| !name.is_empty()) {
            if !names::is_token(name) {
                return false;
            }
            any = true;
        }
    }
    any
}
