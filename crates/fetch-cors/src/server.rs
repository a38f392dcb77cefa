//! The server's end: what to do with one request. The decision reads as little of the request as it needs, allocates
//! nothing, and says what to write by pointing at fields that the policy wrote out when it was built. It knows no HTTP
//! library: an adapter implements [`RequestHead`] and writes the [`Decision`] down.

use std::borrow::Cow;

use crate::{Policy, names};

/// A request header that a decision may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestField {
    /// <https://fetch.spec.whatwg.org/#origin-header>
    Origin,
    /// <https://fetch.spec.whatwg.org/#http-access-control-request-method>
    AccessControlRequestMethod,
    /// <https://fetch.spec.whatwg.org/#http-access-control-request-headers>
    AccessControlRequestHeaders,
    /// <https://httpwg.org/specs/rfc9110.html#field.host>; in HTTP/2 and later `:authority`. Read only to tell whether a
    /// request is same-origin.
    Host,
    /// <https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header>. Read only to tell whether a request is
    /// same-origin.
    SecFetchSite,
    /// <https://httpwg.org/specs/rfc6265.html#cookie>. Read only to say why a browser will withhold an answer.
    Cookie,
}

impl RequestField {
    /// The header's name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::AccessControlRequestMethod => "access-control-request-method",
            Self::AccessControlRequestHeaders => "access-control-request-headers",
            Self::Host => "host",
            Self::SecFetchSite => "sec-fetch-site",
            Self::Cookie => "cookie",
        }
    }
}

/// What a decision needs to know of a request.
///
/// ```
/// use fetch_cors::server::{RequestField, RequestHead};
///
/// /// A request as some HTTP library might hold it.
/// struct Request {
///     method: String,
///     headers: Vec<(String, Vec<u8>)>,
/// }
///
/// impl RequestHead for Request {
///     fn is_options(&self) -> bool {
///         self.method == "OPTIONS"
///     }
///
///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
///         self.headers
///             .iter()
///             .filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()))
///             .map(|(_, value)| value.as_slice())
///     }
/// }
/// ```
pub trait RequestHead {
    /// Whether the method is `OPTIONS`.
    fn is_options(&self) -> bool;

    /// The values of a header, one for each line of that name, without the white space around them.
    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]>;

    /// Whether a header is there.
    #[inline]
    fn has(&self, field: RequestField) -> bool {
        self.lines(field).next().is_some()
    }
}

/// The lines of a header that may stand in a request once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines<'a> {
    /// It does not stand there.
    None,
    /// It stands there once.
    One(&'a [u8]),
    /// It stands there more than once, and means nothing.
    Several,
}

impl<'a> Lines<'a> {
    /// Looks at two lines at most.
    #[inline]
    fn of(mut lines: impl Iterator<Item = &'a [u8]>) -> Self {
        match lines.next() {
            None => Self::None,
            Some(line) if lines.next().is_none() => Self::One(line),
            Some(_) => Self::Several,
        }
    }
}

/// A response header that a policy may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FieldName {
    /// <https://fetch.spec.whatwg.org/#http-access-control-allow-origin>
    AccessControlAllowOrigin,
    /// <https://fetch.spec.whatwg.org/#http-access-control-allow-credentials>
    AccessControlAllowCredentials,
    /// <https://fetch.spec.whatwg.org/#http-access-control-expose-headers>
    AccessControlExposeHeaders,
    /// <https://fetch.spec.whatwg.org/#http-access-control-allow-methods>
    AccessControlAllowMethods,
    /// <https://fetch.spec.whatwg.org/#http-access-control-allow-headers>
    AccessControlAllowHeaders,
    /// <https://fetch.spec.whatwg.org/#http-access-control-max-age>
    AccessControlMaxAge,
    /// <https://httpwg.org/specs/rfc9110.html#field.vary>
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

/// A response header whose value is the same for every request that gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: FieldName,
    value: Box<str>,
}

impl Field {
    pub(crate) fn new(name: FieldName, value: &str) -> Self {
        Self { name, value: value.into() }
    }

    /// Which header.
    pub fn name(&self) -> FieldName {
        self.name
    }

    /// Its value, visible ASCII and spaces.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// What to do with a request.
///
/// | decision | the handler | the answer |
/// |---|---|---|
/// | `AnyOrigin` | runs | the policy's fields, `*` among them; no `Vary`, unless it is an `OPTIONS` |
/// | `NoOrigin`, `NotAllowed` | runs | no `Access-Control-*`; `Vary` |
/// | `Allowed` | runs | the request's origin, the policy's fields; `Vary` |
/// | `PreflightGranted` | does not run | 204; origin, the policy's fields, what must be echoed; `Vary` |
/// | `PreflightRefused` | does not run | 403; no `Access-Control-*`; `Vary` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// An ordinary request, and any origin is allowed: the answer is the same for all.
    AnyOrigin,
    /// An ordinary request without an `Origin`.
    NoOrigin,
    /// An ordinary request from an allowed origin.
    Allowed,
    /// An ordinary request from an origin that is not allowed. Its handler runs all the same: CORS is no access control.
    NotAllowed,
    /// A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) from an allowed origin. Whether
    /// its method and headers are allowed is for the browser to compare: the answer is the whole policy.
    PreflightGranted {
        /// `Access-Control-Request-Method` is to be sent back as `Access-Control-Allow-Methods`.
        echo_method: bool,
        /// `Access-Control-Request-Headers` is to be sent back as `Access-Control-Allow-Headers`.
        echo_headers: bool,
    },
    /// A CORS-preflight request from an origin that is not allowed.
    PreflightRefused,
}

/// The most that is echoed of `Access-Control-Request-Headers`, in bytes, with what joins its lines. A browser's list is rarely over a hundred; without
/// a limit a client could make a server send as much as it likes.
const MAX_ECHOED_HEADERS: usize = 4096;
/// The longest method that is echoed, in bytes.
const MAX_ECHOED_METHOD: usize = 64;

impl Policy {
    /// Decides on one request.
    #[inline]
    pub fn decide(&self, request: &impl RequestHead) -> Decision {
        self.decide_with(|| Lines::of(request.lines(RequestField::Origin)), request)
    }

    /// The same for an adapter that looks `Origin` up itself, as it may have to send it back. It is asked once at most, and
    /// not at all where nothing depends on it.
    #[inline(always)]
    pub fn decide_with<'a>(
        &self,
        origin: impl FnOnce() -> Lines<'a>,
        request: &impl RequestHead,
    ) -> Decision {
        let is_options = request.is_options();
        let any = self.allows_any_origin();
        if any && !is_options {
            return Decision::AnyOrigin;
        }
        let origin = origin();
        let allowed = any || matches!(origin, Lines::One(origin) if self.lists(origin));
        // A preflight is an `OPTIONS` with both headers. https://fetch.spec.whatwg.org/#cors-preflight-request
        if is_options && origin != Lines::None && request.has(RequestField::AccessControlRequestMethod) {
            return if allowed { self.grant_preflight(request) } else { Decision::PreflightRefused };
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
    fn grant_preflight(&self, request: &impl RequestHead) -> Decision {
        if self.echoes_anything() {
            return self.grant_with_echoes(request);
        }
        Decision::PreflightGranted { echo_method: false, echo_headers: false }
    }

    #[inline(never)]
    fn grant_with_echoes(&self, request: &impl RequestHead) -> Decision {
        let parts = self.parts();
        Decision::PreflightGranted {
            echo_method: parts.echoes(&parts.methods) && is_echoable_method(request),
            echo_headers: parts.echoes(&parts.headers) && are_echoable_headers(request),
        }
    }
}

/// Whether a request comes from a page of the server's own origin, as far as a server can tell: browsers send `Origin` on
/// every same-origin `POST`, too.
///
/// Where the browser says `Sec-Fetch-Site`, that is the answer (`none` is the user's own doing). Where it doesn't, the
/// origin's host and port are compared with `Host`; the scheme is not, as TLS may end at a proxy.
pub fn is_same_origin(request: &impl RequestHead) -> bool {
    match Lines::of(request.lines(RequestField::SecFetchSite)) {
        Lines::One(site) => return matches!(site, b"same-origin" | b"none"),
        Lines::Several => return false,
        Lines::None => {}
    }
    let (Lines::One(origin), Lines::One(host)) =
        (Lines::of(request.lines(RequestField::Origin)), Lines::of(request.lines(RequestField::Host)))
    else {
        return false;
    };
    [(&b"https://"[..], &b":443"[..]), (b"http://", b":80")].iter().any(|(scheme, default_port)| {
        let Some(authority) = origin.strip_prefix(*scheme) else { return false };
        // A proxy may write the default port out; a browser never does.
        !authority.is_empty()
            && host.strip_suffix(*default_port).unwrap_or(host).eq_ignore_ascii_case(authority)
    })
}

/// The most that [`escape`] shows of a value, in bytes.
pub(crate) const MAX_SHOWN: usize = 200;

/// A client's bytes for a log: visible ASCII, quotes and backslashes escaped, cut to 200 bytes. A log line can be neither
/// forged nor flooded with them.
///
/// ```
/// assert_eq!(fetch_cors::server::escape(b"https://a.example\n\xff"), r"https://a.example\n\xff");
/// ```
pub fn escape(value: &[u8]) -> String {
    let mut text = String::new();
    for &byte in value {
        let escaped = byte.escape_ascii();
        if text.len() + escaped.len() > MAX_SHOWN {
            text.push_str("...");
            break;
        }
        text.extend(escaped.map(char::from));
    }
    text
}

fn is_echoable_method(request: &impl RequestHead) -> bool {
    matches!(
        Lines::of(request.lines(RequestField::AccessControlRequestMethod)),
        Lines::One(method) if method.len() <= MAX_ECHOED_METHOD && names::is_token(method)
    )
}

/// Without spaces and tabs at its ends: that is all the white space of a list (RFC 9110, section 5.6.3). A line's end among
/// it would be one in the answer, too.
fn trim_white_space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether the requested header names are there, are names, and are not too many. A proxy may have split them over lines
/// and padded them (RFC 9110, section 5.6.1), so empty elements and white space pass.
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

impl Decision {
    /// Whether the request is a preflight, which the handler must not see.
    #[inline]
    pub fn is_preflight(self) -> bool {
        matches!(self, Self::PreflightGranted { .. } | Self::PreflightRefused)
    }

    /// Whether the answer lets a page of the request's origin have what it asks for.
    #[inline]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::AnyOrigin | Self::Allowed | Self::PreflightGranted { .. })
    }

    /// The fields to write whatever the request says, [`Vary`](Self::vary) excepted.
    #[inline]
    pub fn constant_fields(self, policy: &Policy) -> &[Field] {
        match self {
            Self::AnyOrigin | Self::Allowed => policy.actual_fields(),
            Self::PreflightGranted { .. } => policy.preflight_fields(),
            Self::NoOrigin | Self::NotAllowed | Self::PreflightRefused => &[],
        }
    }

    /// Whether `Access-Control-Allow-Origin` is the request's own origin.
    #[inline]
    pub fn echoes_origin(self, policy: &Policy) -> bool {
        matches!(self, Self::Allowed | Self::PreflightGranted { .. }) && !policy.allows_any_origin()
    }

    /// Whether what a preflight asks for is to be sent back.
    #[inline]
    pub fn echoes_request(self) -> bool {
        matches!(
            self,
            Self::PreflightGranted { echo_method: true, .. }
                | Self::PreflightGranted { echo_headers: true, .. }
        )
    }

    /// The request headers that the answer depends on, to be named in
    /// [`Vary`](https://httpwg.org/specs/rfc9110.html#field.vary).
    ///
    /// The answer to an `OPTIONS` depends on what makes a request a preflight, too, whether this one is or not: `OPTIONS`
    /// can't be cached by the standard, but some CDNs can be told to cache it.
    #[inline]
    pub fn vary(self, policy: &Policy, is_options: bool) -> &'static [RequestField] {
        use RequestField::{AccessControlRequestHeaders, AccessControlRequestMethod, Origin};

        let parts = policy.parts();
        match self {
            Self::AnyOrigin if !is_options => &[],
            Self::NoOrigin | Self::Allowed | Self::NotAllowed if !is_options => &[Origin],
            Self::PreflightGranted { .. } if parts.echoes(&parts.headers) => {
                &[Origin, AccessControlRequestMethod, AccessControlRequestHeaders]
            }
            _ => &[Origin, AccessControlRequestMethod],
        }
    }

    /// All fields of the answer with their values, for adapters to which speed is no matter, and for tests.
    ///
    /// ```
    /// use fetch_cors::{
    ///     Policy,
    ///     server::{FieldName, RequestField, RequestHead},
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
    /// let policy = Policy::allow_origin("https://abc.com")?;
    /// let request = Get { origin: b"https://abc.com" };
    /// let fields = policy.decide(&request).fields(&policy, &request);
    /// assert_eq!(fields[0].0, FieldName::AccessControlAllowOrigin);
    /// assert_eq!(fields[0].1.as_ref(), b"https://abc.com");
    /// assert_eq!(fields[1].0, FieldName::Vary);
    /// assert_eq!(fields[1].1.as_ref(), b"origin");
    /// # Ok::<(), fetch_cors::InvalidPolicy>(())
    /// ```
    pub fn fields<'a>(
        self,
        policy: &'a Policy,
        request: &'a impl RequestHead,
    ) -> Vec<(FieldName, Cow<'a, [u8]>)> {
        let mut fields = Vec::new();
        let mut echo = |name, field| {
            let lines: Vec<&[u8]> = request.lines(field).collect();
            let value = match lines[..] {
                [line] => Cow::Borrowed(line),
                _ => Cow::Owned(lines.join(&b", "[..])),
            };
            fields.push((name, value));
        };
        if self.echoes_origin(policy) {
            echo(FieldName::AccessControlAllowOrigin, RequestField::Origin);
        }
        if let Self::PreflightGranted { echo_method: true, .. } = self {
            echo(FieldName::AccessControlAllowMethods, RequestField::AccessControlRequestMethod);
        }
        if let Self::PreflightGranted { echo_headers: true, .. } = self {
            echo(FieldName::AccessControlAllowHeaders, RequestField::AccessControlRequestHeaders);
        }
        let constant = self.constant_fields(policy).iter();
        fields.extend(constant.map(|field| (field.name, Cow::Borrowed(field.value.as_bytes()))));
        let vary =
            self.vary(policy, request.is_options()).iter().map(|field| field.name()).collect::<Vec<_>>();
        if !vary.is_empty() {
            fields.push((FieldName::Vary, Cow::Owned(vary.join(", ").into_bytes())));
        }
        fields
    }
}
