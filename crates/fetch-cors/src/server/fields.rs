//! From a decision to header lines: the one writer that servers, tests and the conformance vectors share.

use super::{Decision, RequestField, RequestHead, exposed::exposed_names};
use crate::policy::{
    Policy,
    names::{Names, SAFELISTED_METHODS},
};

/// A response header that a policy may write; the example of [`Fields`] prints some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FieldName {
    /// [`Access-Control-Allow-Origin`](https://fetch.spec.whatwg.org/#http-access-control-allow-origin).
    AccessControlAllowOrigin,
    /// [`Access-Control-Allow-Credentials`](https://fetch.spec.whatwg.org/#http-access-control-allow-credentials).
    AccessControlAllowCredentials,
    /// [`Access-Control-Expose-Headers`](https://fetch.spec.whatwg.org/#http-access-control-expose-headers).
    AccessControlExposeHeaders,
    /// [`Access-Control-Allow-Methods`](https://fetch.spec.whatwg.org/#http-access-control-allow-methods).
    AccessControlAllowMethods,
    /// [`Access-Control-Allow-Headers`](https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
    AccessControlAllowHeaders,
    /// [`Access-Control-Max-Age`](https://fetch.spec.whatwg.org/#http-access-control-max-age).
    AccessControlMaxAge,
    /// [`Vary`](https://httpwg.org/specs/rfc9110.html#field.vary).
    Vary,
}

impl FieldName {
    /// The header's name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessControlAllowOrigin => "access-control-allow-origin",
            Self::AccessControlAllowCredentials => "access-control-allow-credentials",
            Self::AccessControlExposeHeaders => "access-control-expose-headers",
            Self::AccessControlAllowMethods => "access-control-allow-methods",
            Self::AccessControlAllowHeaders => "access-control-allow-headers",
            Self::AccessControlMaxAge => "access-control-max-age",
            Self::Vary => "vary",
        }
    }
}

/// Where the fields of one response go. The example of [`Fields`] implements it.
pub trait Sink<V> {
    /// Writes a field whose value doesn't depend on the request.
    fn constant(&mut self, name: FieldName, value: &V);

    /// Writes a field with the value of a request header; if a proxy split that into several lines, they are joined by `, `.
    fn echo(&mut self, name: FieldName, from: RequestField);

    /// Adds these names, a comma-separated list, to the response's `Vary`.
    fn vary(&mut self, names: &V);

    /// Writes a field that lists the [`exposed_names`](super::exposed_names) of the response's own headers; nothing if the
    /// status is 304, because caches would overwrite the list of the response that they stored.
    fn own_names(&mut self, name: FieldName);
}

/// A policy's [field values](https://fetch.spec.whatwg.org/#http-responses) that don't depend on the request, in the form that an
/// adapter writes fastest.
///
/// ```
/// use fetch_cors::{
///     Policy,
///     server::{Decision, FieldName, Fields, RequestField, Sink},
/// };
///
/// /// Prints a response's header lines.
/// struct Print(String);
///
/// impl Sink<String> for Print {
///     fn constant(&mut self, name: FieldName, value: &String) {
///         self.0 += &format!("{}: {value}\n", name.name());
///     }
///
///     fn echo(&mut self, name: FieldName, from: RequestField) {
///         self.0 += &format!("{}: <the request's {}>\n", name.name(), from.name());
///     }
///
///     fn vary(&mut self, names: &String) {
///         self.constant(FieldName::Vary, names);
///     }
///
///     fn own_names(&mut self, name: FieldName) {
///         self.0 += &format!("{}: <the response's own names>\n", name.name());
///     }
/// }
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let fields = Fields::new(&Policy::allow_origin("https://abc.com")?, str::to_owned);
///     let mut response = Print(String::new());
///     fields.write(Decision::Allowed, false, &mut response);
///     assert_eq!(response.0, "access-control-allow-origin: <the request's origin>\nvary: origin\n");
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Fields<V> {
    /// `*` if every origin is allowed; otherwise the request's own origin is echoed.
    any_origin: Option<V>,
    allow_credentials: Option<V>,
    expose_headers: Exposed<V>,
    /// Written unless the requested method is echoed.
    allow_methods: Option<V>,
    allow_headers: Option<V>,
    max_age: Option<V>,
    vary: Vary<V>,
}

#[derive(Clone, Debug)]
enum Exposed<V> {
    Nothing,
    Constant(V),
    /// Every header that the response has: with credentials, browsers treat `*` as a literal name.
    OwnNames,
}

/// The request headers that a response depends on, by kind of request.
#[derive(Clone, Debug)]
struct Vary<V> {
    request: Option<V>,
    /// An `OPTIONS` that is not a preflight.
    options: Option<V>,
    refused_preflight: Option<V>,
    granted_preflight: Option<V>,
}

impl<V> Fields<V> {
    /// Prepares a policy's field values. `value` makes a header value from text of visible ASCII and spaces.
    pub fn new(policy: &Policy, value: impl FnMut(&str) -> V) -> Self {
        Self::with_dependencies(policy, &[], &[], value)
    }

    /// The same for an adapter whose responses depend on more request headers. `chosen_by` names the headers by which the
    /// adapter chose this policy. `handled_by` names the headers by which it decides whether to run the handler of a request
    /// that is not a preflight, where the policy doesn't allow every origin.
    ///
    /// Here an adapter chose the policy by the header `X-Tenant`, so a cache must not give the response to another tenant:
    ///
    /// ```
    /// use fetch_cors::{
    ///     Policy,
    ///     server::{Decision, FieldName, Fields, RequestField, Sink},
    /// };
    ///
    /// #[derive(Default)]
    /// struct Vary(String);
    ///
    /// impl Sink<String> for Vary {
    ///     fn constant(&mut self, _: FieldName, _: &String) {}
    ///     fn echo(&mut self, _: FieldName, _: RequestField) {}
    ///     fn own_names(&mut self, _: FieldName) {}
    ///
    ///     fn vary(&mut self, names: &String) {
    ///         self.0 += names;
    ///     }
    /// }
    ///
    /// let fields = Fields::with_dependencies(&Policy::any_origin(), &["x-tenant"], &[], str::to_owned);
    /// let mut vary = Vary::default();
    /// fields.write(Decision::AnyOrigin, false, &mut vary);
    /// assert_eq!(vary.0, "x-tenant");
    /// ```
    pub fn with_dependencies(
        policy: &Policy,
        chosen_by: &[&str],
        handled_by: &[&str],
        mut value: impl FnMut(&str) -> V,
    ) -> Self {
        let parts = policy.parts();
        let any_origin = policy.allows_any_origin();
        let mut list = |names: &Names, any: Option<&str>, none: Option<&str>| match names {
            Names::Any => any.map(&mut value),
            Names::Listed(names) if names.is_empty() => none.map(&mut value),
            Names::Listed(names) => Some(value(&names.join(", "))),
        };
        // With credentials, browsers treat `*` as a literal name, so the requested names are echoed instead.
        let any_if_literal = |any| if parts.credentials { None } else { Some(any) };
        let expose_headers = if parts.echoes(&parts.exposed) {
            Exposed::OwnNames
        } else {
            list(&parts.exposed, Some("*"), None).map_or(Exposed::Nothing, Exposed::Constant)
        };
        // By the letter of the standard, if a preflight response doesn't have this header, an upload with a listener may use
        // any method: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0, "if methods is null". So if no method is
        // listed, or the requested one can't be echoed, the CORS-safelisted ones are sent.
        let safelisted = SAFELISTED_METHODS.join(", ");
        let any_method = any_if_literal("*").unwrap_or(&safelisted);
        let allow_methods = list(&parts.methods, Some(any_method), Some(&safelisted));
        // `*` never covers `Authorization`: https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
        let allow_headers = list(&parts.headers, any_if_literal("*, authorization"), None);
        let mut vary = |fields: &[RequestField], handled_by: &[&str]| {
            let mut names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
            for name in handled_by.iter().chain(chosen_by) {
                if !names.contains(name) {
                    names.push(name);
                }
            }
            if names.is_empty() { None } else { Some(value(&names.join(", "))) }
        };
        let handled_by = if any_origin { &[] } else { handled_by };
        let origin: &[_] = if any_origin { &[] } else { &[RequestField::Origin] };
        // These two headers make an `OPTIONS` request a preflight, so every response to `OPTIONS` depends on them. HTTP
        // doesn't allow caching it, but some CDNs can be configured to.
        let kind = [RequestField::Origin, RequestField::AccessControlRequestMethod];
        let echoed = [kind[0], kind[1], RequestField::AccessControlRequestHeaders];
        let vary = Vary {
            request: vary(origin, handled_by),
            options: vary(&kind, handled_by),
            refused_preflight: vary(&kind, &[]),
            granted_preflight: vary(if parts.echoes(&parts.headers) { &echoed } else { &kind }, &[]),
        };
        Self {
            any_origin: any_origin.then(|| value("*")),
            allow_credentials: parts.credentials.then(|| value("true")),
            expose_headers,
            allow_methods,
            allow_headers,
            max_age: parts.max_age.map(|seconds| value(&seconds.to_string())),
            vary,
        }
    }

    /// Writes the fields of the response to a request for which [`decide`](super::decide) returned `decision`.
    #[inline(always)]
    pub fn write(&self, decision: Decision, is_options: bool, response: &mut impl Sink<V>) {
        let vary = if let Decision::PreflightGranted { echo_method, echo_headers } = decision {
            self.write_granted_preflight(echo_method, echo_headers, response);
            &self.vary.granted_preflight
        } else if decision == Decision::PreflightRefused {
            &self.vary.refused_preflight
        } else {
            if decision.is_allowed() {
                self.write_allowed_request(response);
            }
            if is_options { &self.vary.options } else { &self.vary.request }
        };
        if let Some(names) = vary {
            response.vary(names);
        }
    }

    #[inline(always)]
    fn write_allowed_request(&self, response: &mut impl Sink<V>) {
        self.write_who(response);
        match &self.expose_headers {
            Exposed::Nothing => {}
            Exposed::Constant(names) => response.constant(FieldName::AccessControlExposeHeaders, names),
            Exposed::OwnNames => response.own_names(FieldName::AccessControlExposeHeaders),
        }
    }

    #[inline(always)]
    fn write_granted_preflight(&self, echo_method: bool, echo_headers: bool, response: &mut impl Sink<V>) {
        self.write_who(response);
        if echo_method {
            response.echo(FieldName::AccessControlAllowMethods, RequestField::AccessControlRequestMethod);
        } else {
            write_constant(FieldName::AccessControlAllowMethods, self.allow_methods.as_ref(), response);
        }
        write_constant(FieldName::AccessControlAllowHeaders, self.allow_headers.as_ref(), response);
        if echo_headers {
            response.echo(FieldName::AccessControlAllowHeaders, RequestField::AccessControlRequestHeaders);
        }
        write_constant(FieldName::AccessControlMaxAge, self.max_age.as_ref(), response);
    }

    /// Writes the origin that may read the response, and whether with credentials.
    #[inline(always)]
    fn write_who(&self, response: &mut impl Sink<V>) {
        match &self.any_origin {
            Some(any) => response.constant(FieldName::AccessControlAllowOrigin, any),
            None => response.echo(FieldName::AccessControlAllowOrigin, RequestField::Origin),
        }
        write_constant(FieldName::AccessControlAllowCredentials, self.allow_credentials.as_ref(), response);
    }
}

#[inline(always)]
fn write_constant<V>(name: FieldName, value: Option<&V>, response: &mut impl Sink<V>) {
    if let Some(value) = value {
        response.constant(name, value);
    }
}

/// All fields of the [response](https://fetch.spec.whatwg.org/#http-responses) to a request, for tools and for adapters with few
/// requests: it prepares [`Fields`] each time. `own_names` are the names of the headers that the response has already; none if
/// its status is 304.
///
/// ```
/// use fetch_cors::{
///     Policy,
///     server::{FieldName, RequestField, RequestHead, decide, fields},
/// };
///
/// struct Get {
///     origin: &'static [u8],
/// }
///
/// impl RequestHead for Get {
///     fn is_options(&self) -> bool {
///         false
///     }
///
///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
///         (field == RequestField::Origin).then_some(self.origin).into_iter()
///     }
/// }
///
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let policy = Policy::allow_origin("https://abc.com")?;
///     let request = Get { origin: b"https://abc.com" };
///     assert_eq!(
///         fields(&policy, &request, decide(&policy, &request), Some(&["etag"])),
///         [
///             (FieldName::AccessControlAllowOrigin, b"https://abc.com".to_vec()),
///             (FieldName::Vary, b"origin".to_vec()),
///         ]
///     );
///     Ok(())
/// }
/// ```
pub fn fields<N: AsRef<str>>(
    policy: &Policy,
    request: &impl RequestHead,
    decision: Decision,
    own_names: Option<&[N]>,
) -> Vec<(FieldName, Vec<u8>)> {
    let own_names = own_names.map(|names| exposed_names(names.iter().map(AsRef::as_ref)));
    let mut list = List { request, own_names, fields: Vec::new() };
    Fields::new(policy, |text| text.as_bytes().to_vec()).write(decision, request.is_options(), &mut list);
    list.fields
}

struct List<'a, R> {
    request: &'a R,
    own_names: Option<String>,
    fields: Vec<(FieldName, Vec<u8>)>,
}

impl<R: RequestHead> Sink<Vec<u8>> for List<'_, R> {
    fn constant(&mut self, name: FieldName, value: &Vec<u8>) {
        self.fields.push((name, value.clone()));
    }

    fn echo(&mut self, name: FieldName, from: RequestField) {
        let lines: Vec<&[u8]> = self.request.lines(from).collect();
        self.fields.push((name, lines.join(&b", "[..])));
    }

    fn vary(&mut self, names: &Vec<u8>) {
        self.constant(FieldName::Vary, names);
    }

    fn own_names(&mut self, name: FieldName) {
        if let Some(names) = self.own_names.take() {
            self.fields.push((name, names.into_bytes()));
        }
    }
}
