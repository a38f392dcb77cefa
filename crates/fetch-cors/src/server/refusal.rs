//! Why a request is refused, by the policy or by the browser that reads the response, in words for a log. Nothing here
//! affects the decision, and an adapter calls it only if the message will be logged.

use std::{fmt, mem};

use super::{Decision, RequestField, RequestHead, escape, is_same_origin};
use crate::{
    origin_set::wildcard::MAX_ORIGIN,
    policy::{
        Policy, PolicyConfig, ProblemKind, Setting,
        escape::MAX_SHOWN,
        names::{self, MAX_ECHOED_HEADERS, MAX_ECHOED_METHOD, Names},
        problem::Fault,
    },
};

/// The rule by which a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The origin is not among the allowed ones.
    OriginNotAllowed,
    /// The request has more than one `Origin`, which no browser sends.
    SeveralOrigins,
    /// A preflight requests a method that is not among the allowed ones, so the browser won't send the request.
    MethodNotAllowed,
    /// A preflight requests headers that are not all among the allowed ones, so the browser won't send the request.
    HeadersNotAllowed,
    /// A preflight requests a method that can't be echoed: it is not valid, or too long.
    MethodNotEchoed,
    /// A preflight requests headers that can't be echoed: the list is not valid, or too long.
    HeadersNotEchoed,
    /// The request carries cookies, which the policy does not allow, so the browser withholds the response.
    CredentialsNotAllowed,
}

/// Why a request is refused: the rule, the value that broke it, and the setting that would allow it.
///
/// `Display` writes one line of visible characters, whatever a client sent: the value is escaped and cut to 200 bytes.
///
/// ```
/// use fetch_cors::{
///     Policy,
///     server::{RequestField, RequestHead, decide, refusal},
/// };
///
/// struct Get;
///
/// impl RequestHead for Get {
///     fn is_options(&self) -> bool {
///         false
///     }
///
///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
///         (field == RequestField::Origin).then_some(&b"https://b.example"[..]).into_iter()
///     }
/// }
///
/// let policy = Policy::allow_origin("https://a.example")?;
/// let refusal = refusal(&policy, &Get, decide(&policy, &Get)).unwrap();
/// assert_eq!(
///     refusal.to_string(),
///     r#"the origin "https://b.example" is not allowed; to allow it, add it to allow_origins"#
/// );
/// # Ok::<(), fetch_cors::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    rule: Rule,
    value: String,
    advice: String,
}

impl Refusal {
    fn new(rule: Rule, value: &[u8], advice: String) -> Self {
        Self { rule, value: escape(value), advice }
    }

    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The value that broke it, escaped and cut to 200 bytes.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The setting that the rule belongs to.
    pub fn setting(&self) -> Setting {
        match self.rule {
            Rule::OriginNotAllowed | Rule::SeveralOrigins => Setting::AllowOrigins,
            Rule::MethodNotAllowed | Rule::MethodNotEchoed => Setting::AllowMethods,
            Rule::HeadersNotAllowed | Rule::HeadersNotEchoed => Setting::AllowHeaders,
            Rule::CredentialsNotAllowed => Setting::AllowCredentials,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, advice) = (&self.value, &self.advice);
        match self.rule {
            Rule::OriginNotAllowed => write!(f, "the origin \"{value}\" is not allowed; {advice}"),
            Rule::SeveralOrigins => {
                write!(f, "the request has more than one Origin header (the first is \"{value}\"); {advice}")
            }
            Rule::MethodNotAllowed => {
                write!(
                    f,
                    "the method \"{value}\" is not allowed, so the browser won't send the request; {advice}"
                )
            }
            Rule::HeadersNotAllowed => {
                write!(
                    f,
                    "the headers \"{value}\" are not allowed, so the browser won't send the request; {advice}"
                )
            }
            Rule::MethodNotEchoed => {
                write!(
                    f,
                    "the method \"{value}\" is not echoed, so the browser won't send the request; {advice}"
                )
            }
            Rule::HeadersNotEchoed => {
                write!(
                    f,
                    "the headers \"{value}\" are not echoed, so the browser won't send the request; {advice}"
                )
            }
            Rule::CredentialsNotAllowed => {
                write!(
                    f,
                    "the request carries cookies, which the policy does not allow, so the browser withholds the response; {advice}"
                )
            }
        }
    }
}

/// Why the policy refuses a request, or why a browser will refuse to send it or withhold the response; none if neither does.
/// `decision` is what [`decide`](super::decide) returned for the same request.
pub fn refusal(policy: &Policy, request: &impl RequestHead, decision: Decision) -> Option<Refusal> {
    match decision {
        Decision::NoOrigin => None,
        Decision::NotAllowed if is_same_origin(request) => None,
        Decision::NotAllowed | Decision::PreflightRefused => Some(refused_origin(policy, request)),
        Decision::AnyOrigin | Decision::Allowed => refused_credentials(policy, request),
        Decision::PreflightGranted { echo_method, echo_headers } => {
            refused_method(policy, request, echo_method)
                .or_else(|| refused_headers(policy, request, echo_headers))
        }
    }
}

fn refused_credentials(policy: &Policy, request: &impl RequestHead) -> Option<Refusal> {
    let has = |field| request.lines(field).next().is_some();
    // CORS doesn't apply to requests without an origin, nor to same-origin requests.
    let refused = !policy.allows_credentials()
        && has(RequestField::Cookie)
        && has(RequestField::Origin)
        && !is_same_origin(request);
    refused.then(|| {
        let list = if policy.allows_any_origin() { "list the origins and " } else { "" };
        let advice = format!("to allow them, {list}turn on allow_credentials");
        Refusal::new(Rule::CredentialsNotAllowed, b"", advice)
    })
}

fn refused_method(policy: &Policy, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
    let methods = &policy.parts().methods;
    let mut lines = request.lines(RequestField::AccessControlRequestMethod);
    let method = lines.next().unwrap_or_default();
    if policy.parts().echoes(methods) {
        let advice = || format!("only method names of up to {MAX_ECHOED_METHOD} bytes are echoed");
        return (!echoed).then(|| Refusal::new(Rule::MethodNotEchoed, method, advice()));
    }
    let allowed = match methods {
        Names::Any => true,
        Names::Listed(listed) => {
            let is = |name: &str| name.as_bytes() == method;
            listed.iter().any(|name| is(name)) || names::SAFELISTED_METHODS.iter().any(|name| is(name))
        }
    };
    (!allowed).then(|| Refusal::new(Rule::MethodNotAllowed, method, advice_on_method(method)))
}

fn refused_headers(policy: &Policy, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
    let headers = &policy.parts().headers;
    let lines = || request.lines(RequestField::AccessControlRequestHeaders);
    if policy.parts().echoes(headers) {
        let line = lines().next()?;
        let advice = || format!("only lists of header names of up to {MAX_ECHOED_HEADERS} bytes are echoed");
        return (!echoed).then(|| Refusal::new(Rule::HeadersNotEchoed, line, advice()));
    }
    let Names::Listed(listed) = headers else { return None };
    let (mut refused, mut read) = (Vec::new(), 0);
    for name in lines().flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
        let is_listed = listed.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(name));
        if !name.is_empty() && !is_listed {
            if !refused.is_empty() {
                refused.extend_from_slice(b", ");
            }
            refused.extend_from_slice(&name[..name.len().min(MAX_SHOWN + 1)]);
        }
        // `Refusal` shows no more, and a longer list is not a browser's: a client must not make the log cost much.
        read += name.len() + 1;
        if refused.len() > MAX_SHOWN || read > MAX_ECHOED_HEADERS {
            break;
        }
    }
    (!refused.is_empty())
        .then(|| Refusal::new(Rule::HeadersNotAllowed, &refused, advice_on_headers(&refused)))
}

fn refused_origin(policy: &Policy, request: &impl RequestHead) -> Refusal {
    let mut lines = request.lines(RequestField::Origin);
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() {
        let advice = "no browser does that, so check the proxies in between".to_owned();
        return Refusal::new(Rule::SeveralOrigins, first, advice);
    }
    Refusal::new(Rule::OriginNotAllowed, first, advice_on_origin(policy, first))
}

/// Whether the origin could be added to this policy, by the policy's own validation.
fn advice_on_origin(policy: &Policy, origin: &[u8]) -> String {
    let text = str::from_utf8(origin).unwrap_or_default();
    if text.len() > MAX_ORIGIN || text.contains('*') {
        return "no browser sends such an origin".to_owned();
    }
    let parts = policy.parts();
    let config = PolicyConfig {
        allow_origins: vec![text.to_owned()],
        allow_credentials: parts.credentials,
        ..PolicyConfig::default()
    };
    let mut opt_in = config.clone();
    opt_in.danger_allow_origins = mem::take(&mut opt_in.allow_origins);
    match Policy::try_from(config) {
        Ok(_) => "to allow it, add it to allow_origins".to_owned(),
        Err(invalid) => {
            let why = invalid.problems().first().map_or("", |problem| problem.kind().why());
            if Policy::try_from(opt_in).is_ok() {
                format!("to allow it, add it to danger_allow_origins, but {why}")
            } else {
                format!("it can't be added to allow_origins: {why}")
            }
        }
    }
}

fn advice_on_method(method: &[u8]) -> String {
    match str::from_utf8(method)
        .map_or(Err(ProblemKind::InvalidMethod.into()), |method| names::method(method, true))
    {
        Ok(name) if name.as_bytes() == method => "to allow it, add it to allow_methods".to_owned(),
        // A browser would have sent `name`, so something else sent this.
        Ok(name) => format!("methods are case-sensitive: the page must write \"{name}\""),
        Err(Fault { kind: ProblemKind::MethodCase, suggestion: Some(name), .. }) => {
            format!("methods are case-sensitive: the page must write \"{name}\"")
        }
        Err(fault) => format!("it can't be added to allow_methods: {}", fault.kind.why()),
    }
}

fn advice_on_headers(names: &[u8]) -> String {
    for name in names.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
        let checked = str::from_utf8(name)
            .map_or(Err(ProblemKind::InvalidHeaderName.into()), |name| names::request_header(name, true));
        if let Err(fault) = checked {
            return format!("\"{}\" can't be added to allow_headers: {}", escape(name), fault.kind.why());
        }
    }
    "to allow them, add them to allow_headers".to_owned()
}
