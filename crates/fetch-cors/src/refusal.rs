//! Why a request is refused, by the policy or by the browser that reads its answer, in words for a log. Nothing here takes
//! part in the decision, and nothing is computed unless somebody listens.

use std::fmt;

use crate::{
    Policy, Setting,
    names::{self, Names},
    server::{Decision, MAX_SHOWN, RequestField, RequestHead, escape, is_same_origin},
};

/// The rule by which a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The origin is not among the allowed ones.
    OriginNotAllowed,
    /// There is more than one `Origin`, which no browser sends.
    SeveralOrigins,
    /// A preflight asks for a method that is not among the allowed ones, so the browser won't send the request.
    MethodNotAllowed,
    /// A preflight asks for headers that are not all among the allowed ones, so the browser won't send the request.
    HeadersNotAllowed,
    /// A preflight asks for a method or headers that can't be echoed: not names, or more than a browser sends.
    NotEchoed,
    /// The request carries cookies, which the policy does not allow, so the browser withholds the answer.
    CredentialsNotAllowed,
}

/// Why a request is refused: the rule, the value that broke it, and the setting that would allow it.
///
/// `Display` is one line of visible characters, whatever a client sent: the value is escaped, and cut to 200 bytes.
///
/// ```
/// use fetch_cors::{
///     Policy,
///     server::{RequestField, RequestHead},
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
/// let refusal = policy.refusal(&Get, policy.decide(&Get)).unwrap();
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
}

impl Refusal {
    fn new(rule: Rule, value: &[u8]) -> Self {
        Self { rule, value: escape(value) }
    }

    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The value that broke it, escaped and cut to 200 bytes.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The setting that would allow it, if one can.
    pub fn setting(&self) -> Option<&'static str> {
        match self.rule {
            Rule::OriginNotAllowed => Some(Setting::AllowOrigins.name()),
            Rule::MethodNotAllowed => Some(Setting::AllowMethods.name()),
            Rule::HeadersNotAllowed => Some(Setting::AllowHeaders.name()),
            Rule::CredentialsNotAllowed => Some("allow_credentials"),
            Rule::SeveralOrigins | Rule::NotEchoed => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = &self.value;
        match self.rule {
            Rule::OriginNotAllowed if value == "null" => f.write_str(
                "the origin \"null\" can't be allowed, as every sandboxed frame, local file and data: URL has it",
            ),
            Rule::OriginNotAllowed => {
                write!(f, "the origin \"{value}\" is not allowed; to allow it, add it to allow_origins")
            }
            Rule::SeveralOrigins => {
                write!(f, "there is more than one Origin (\"{value}\"), which no browser sends; look at what is in between")
            }
            Rule::MethodNotAllowed => {
                write!(f, "the method \"{value}\" is not allowed, so the browser won't send it; to allow it, add it to allow_methods")
            }
            Rule::HeadersNotAllowed => write!(
                f,
                "the headers \"{value}\" are not allowed, so the browser won't send the request; to allow them, add them to allow_headers"
            ),
            Rule::NotEchoed => write!(
                f,
                "the preflight asks for \"{value}\", which is no list of names or too long a one, so it is not echoed"
            ),
            Rule::CredentialsNotAllowed => f.write_str(
                "the request carries cookies, so the browser withholds the answer; to allow them, call allow_credentials",
            ),
        }
    }
}

impl Policy {
    /// Why the policy refuses a request, or why a browser will refuse to send it or to hand out the answer; none if all is
    /// well. `decision` is what [`decide`](Policy::decide) said of the same request.
    pub fn refusal(&self, request: &impl RequestHead, decision: Decision) -> Option<Refusal> {
        match decision {
            Decision::NoOrigin => None,
            Decision::NotAllowed if is_same_origin(request) => None,
            Decision::NotAllowed | Decision::PreflightRefused => Some(refused_origin(request)),
            Decision::AnyOrigin | Decision::Allowed => self.refused_credentials(request),
            Decision::PreflightGranted { echo_method, echo_headers } => self
                .refused_method(request, echo_method)
                .or_else(|| self.refused_headers(request, echo_headers)),
        }
    }

    fn refused_credentials(&self, request: &impl RequestHead) -> Option<Refusal> {
        let has = |field| request.lines(field).next().is_some();
        // Without an origin, or with its own, a page's cookies are no matter of CORS.
        let refused = !self.allows_credentials()
            && has(RequestField::Cookie)
            && has(RequestField::Origin)
            && !is_same_origin(request);
        refused.then(|| Refusal::new(Rule::CredentialsNotAllowed, b""))
    }

    fn refused_method(&self, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
        let methods = &self.parts().methods;
        let mut lines = request.lines(RequestField::AccessControlRequestMethod);
        let method = lines.next().unwrap_or_default();
        if self.parts().echoes(methods) {
            return (!echoed).then(|| Refusal::new(Rule::NotEchoed, method));
        }
        let allowed = match methods {
            Names::Any => true,
            Names::Listed(listed) => {
                let is = |name: &str| name.as_bytes() == method;
                listed.iter().any(|name| is(name)) || names::SAFELISTED_METHODS.iter().any(|name| is(name))
            }
        };
        (!allowed).then(|| Refusal::new(Rule::MethodNotAllowed, method))
    }

    fn refused_headers(&self, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
        let headers = &self.parts().headers;
        let lines = || request.lines(RequestField::AccessControlRequestHeaders);
        if self.parts().echoes(headers) {
            let line = lines().next()?;
            return (!echoed).then(|| Refusal::new(Rule::NotEchoed, line));
        }
        let Names::Listed(listed) = headers else { return None };
        let mut refused = Vec::new();
        for name in lines().flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
            let is_listed = listed.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(name));
            if !name.is_empty() && !is_listed {
                if !refused.is_empty() {
                    refused.extend_from_slice(b", ");
                }
                refused.extend_from_slice(name);
            }
            // More would not be shown.
            if refused.len() > MAX_SHOWN {
                break;
            }
        }
        (!refused.is_empty()).then(|| Refusal::new(Rule::HeadersNotAllowed, &refused))
    }
}

fn refused_origin(request: &impl RequestHead) -> Refusal {
    let mut lines = request.lines(RequestField::Origin);
    let first = lines.next().unwrap_or_default();
    let rule = if lines.next().is_some() { Rule::SeveralOrigins } else { Rule::OriginNotAllowed };
    Refusal::new(rule, first)
}
