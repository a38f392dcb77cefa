//! Why a request is refused, by the policy or by the browser that reads the response, in words for a log. Nothing here
//! affects the decision, and an adapter calls it only if the message will be logged.

use std::fmt;

use super::{Decision, RequestField, RequestHead, escape, is_same_origin};
use crate::policy::{
    Change, Policy, Setting, Wanted,
    escape::MAX_SHOWN,
    names::{self, MAX_ECHOED_HEADERS, Names},
};

/// A longer name of a method or a header is not compared with those that are well-known: a client must not make the log cost
/// much.
const MAX_NAME: usize = 1024;

const _: () = assert!(MAX_NAME < MAX_ECHOED_HEADERS);

/// The rule by which a request is refused: part of a [`Refusal`].
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

/// Why a request is refused: the rule, the value that broke it, and what to change, as far as the request shows.
///
/// `Display` writes one line of visible characters, whatever a client sent: the value is escaped and cut to 200 bytes.
///
/// ```
/// use fetch_cors::{
///     Policy, Setting,
///     server::{RequestField, RequestHead, Rule, decide, refusal},
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
/// fn main() -> Result<(), fetch_cors::InvalidPolicy> {
///     let policy = Policy::allow_origin("https://a.example")?;
///     let refusal = refusal(&policy, &Get, decide(&policy, &Get)).unwrap();
///     assert_eq!(
///         refusal.to_string(),
///         "the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to \
///          allow_origins"
///     );
///     assert_eq!((refusal.rule(), refusal.setting()), (Rule::OriginNotAllowed, Setting::AllowOrigins));
///     assert_eq!(refusal.value(), "https://b.example");
///     assert!(refusal.advice().contains("add \"https://b.example\" to allow_origins"));
///     assert!(refusal.change().is_some());
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    rule: Rule,
    value: String,
    advice: String,
    change: Option<Change>,
}

impl Refusal {
    /// With everything that the policy lacks for this request.
    fn new(rule: Rule, value: &[u8], policy: &Policy, wanted: &Wanted) -> Self {
        let value = escape(value);
        if wanted.method.iter().chain(&wanted.headers).any(|name| name.len() > MAX_NAME) {
            let advice = format!("a name is longer than {MAX_NAME} bytes, so check what sent it");
            return Self { rule, value, advice, change: None };
        }
        match policy.change_for_log(wanted) {
            // The policy lists what is wanted, but a browser would have sent it otherwise, on one line for example.
            Ok(change) if change.is_empty() => {
                Self { rule, value, advice: "no browser sends such a request".to_owned(), change: None }
            }
            Ok(change) => Self { rule, value, advice: change.to_string(), change: Some(change) },
            Err(no_change) => Self { rule, value, advice: no_change.to_string(), change: None },
        }
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

    /// The same as data: everything that the policy lacks for this request, as far as it shows; none if no policy helps. Of
    /// the entries of a large policy only some are looked at.
    pub fn change(&self) -> Option<&Change> {
        self.change.as_ref()
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
/// `decision` is what [`decide`](super::decide) returned for the same request. [`Refusal`] has an example.
pub fn refusal(policy: &Policy, request: &impl RequestHead, decision: Decision) -> Option<Refusal> {
    match decision {
        Decision::NoOrigin => None,
        Decision::NotAllowed if is_same_origin(request) => None,
        Decision::NotAllowed => Some(refused_origin(policy, request, false)),
        Decision::PreflightRefused => Some(refused_origin(policy, request, true)),
        Decision::AnyOrigin | Decision::Allowed => refused_credentials(policy, request),
        Decision::PreflightGranted { echo_method, echo_headers } => {
            refused_method(policy, request, echo_method)
                .or_else(|| refused_headers(policy, request, echo_headers))
        }
    }
}

fn refused_credentials(policy: &Policy, request: &impl RequestHead) -> Option<Refusal> {
    // CORS doesn't apply to requests without an origin, nor to same-origin requests.
    let refused = !policy.allows_credentials()
        && request.has(RequestField::Cookie)
        && request.has(RequestField::Origin)
        && !is_same_origin(request);
    refused.then(|| Refusal::new(Rule::CredentialsNotAllowed, b"", policy, &wanted(request)))
}

fn refused_method(policy: &Policy, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
    let methods = &policy.parts().methods;
    let mut lines = request.lines(RequestField::AccessControlRequestMethod);
    let method = lines.next().unwrap_or_default();
    let rule = if policy.parts().echoes(methods) { Rule::MethodNotEchoed } else { Rule::MethodNotAllowed };
    let is = |name: &str| name.as_bytes() == method;
    let is_allowed = match methods {
        Names::Any => echoed || !policy.parts().echoes(methods),
        Names::Listed(listed) => {
            listed.iter().any(|name| is(name)) || names::SAFELISTED_METHODS.iter().any(|name| is(name))
        }
    };
    (!is_allowed).then(|| Refusal::new(rule, method, policy, &wanted_of_preflight(policy, request)))
}

fn refused_headers(policy: &Policy, request: &impl RequestHead, echoed: bool) -> Option<Refusal> {
    if policy.parts().echoes(&policy.parts().headers) {
        let line = request.lines(RequestField::AccessControlRequestHeaders).next()?;
        let refusal =
            || Refusal::new(Rule::HeadersNotEchoed, line, policy, &wanted_of_preflight(policy, request));
        return (!echoed).then(refusal);
    }
    if policy.parts().headers == Names::Any {
        return None;
    }
    let refused = lacking_headers(policy, request);
    (!refused.is_empty()).then(|| {
        let value = refused.join(&b", "[..]);
        Refusal::new(Rule::HeadersNotAllowed, &value, policy, &wanted_of_preflight(policy, request))
    })
}

/// The requested header names that the policy doesn't list, until there are more than a log shows. If it allows every name,
/// those that are too many for an echo.
fn lacking_headers<'a>(policy: &Policy, request: &'a impl RequestHead) -> Vec<&'a [u8]> {
    let (listed, most) = match &policy.parts().headers {
        Names::Any => (&[][..], MAX_ECHOED_HEADERS),
        Names::Listed(listed) => (&listed[..], MAX_SHOWN),
    };
    // Long enough that the last name that is looked at is whole, or longer than any that is advised on.
    let start = |line: &'a [u8]| &line[..line.len().min(2 * MAX_ECHOED_HEADERS)];
    let lines = request.lines(RequestField::AccessControlRequestHeaders).map(start);
    let names = lines.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    let is_listed = |name: &[u8]| listed.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(name));
    let (mut lacking, mut length, mut read) = (Vec::new(), 0, 0);
    for name in names {
        if !name.is_empty() && !is_listed(name) {
            lacking.push(name);
            length += name.len();
        }
        // A longer list is not a browser's, and a client must not make the log cost much.
        read += name.len() + 1;
        if length > most || read > MAX_ECHOED_HEADERS {
            break;
        }
    }
    lacking
}

fn refused_origin(policy: &Policy, request: &impl RequestHead, is_preflight: bool) -> Refusal {
    let mut lines = request.lines(RequestField::Origin);
    let first = lines.next().unwrap_or_default();
    if lines.next().is_some() {
        let advice = "no browser does that, so check the proxies in between".to_owned();
        return Refusal { rule: Rule::SeveralOrigins, value: escape(first), advice, change: None };
    }
    let wanted = if is_preflight { wanted_of_preflight(policy, request) } else { wanted(request) };
    Refusal::new(Rule::OriginNotAllowed, first, policy, &wanted)
}

/// What the request shows. Whether it will have credentials is not known of a request without cookies.
fn wanted(request: &impl RequestHead) -> Wanted {
    let origin = request.lines(RequestField::Origin).next().unwrap_or_default();
    let wanted = Wanted::from_origin(String::from_utf8_lossy(origin));
    if request.has(RequestField::Cookie) { wanted.credentials(true) } else { wanted }
}

/// What a preflight shows of the actual request.
fn wanted_of_preflight(policy: &Policy, request: &impl RequestHead) -> Wanted {
    let method = request.lines(RequestField::AccessControlRequestMethod).next().unwrap_or_default();
    let headers = lacking_headers(policy, request);
    wanted(request)
        .method_as_sent(String::from_utf8_lossy(method))
        .headers(headers.into_iter().map(String::from_utf8_lossy))
}
