//! What each engine writes to its console when it blocks a request, captured from the running engine; the conformance test
//! compares each message with what the engine writes today. There is no message where an engine writes nothing, or only what
//! it writes for other failures, too.

use url::Url;

use super::{
    headers,
    origin::PageOrigin,
    profile::Engine,
    reason::Reason,
    response::is_redirect_status,
    verdict::{Blocked, Step},
};
use crate::masked::masked;

impl Blocked {
    /// The message that the engine writes to its console; none if it writes none for this reason at this step. WebKit writes
    /// well-known header names in their usual case, others as the script wrote them.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::browser::{Browser, Engine, Next, PageOrigin, Profile, Request, Response};
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let mut browser = Browser::new(Profile::STANDARD);
    /// let get = Request::new(page, "GET", "https://api.example/");
    /// let Next::Send(exchange) = browser.fetch(get, Duration::ZERO) else { panic!("it is not sent") };
    /// let Next::Done(verdict) = exchange.receive(&mut browser, &Response::new(200), Duration::ZERO) else {
    ///     panic!("it goes on")
    /// };
    ///
    /// let blocked = verdict.blocked().unwrap();
    /// assert_eq!(
    ///     blocked.console(Engine::Chromium).unwrap(),
    ///     "Access to fetch at 'https://api.example/' from origin 'https://app.example' has been blocked by CORS \
    ///      policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."
    /// );
    /// ```
    pub fn console(&self, engine: Engine) -> Option<String> {
        // A redirect within an origin may lead to a URL with a password.
        let urls = [&self.url, &self.first_url].into_iter().flatten();
        let message = message(self, engine)?;
        Some(urls.fold(message, |message, url| message.replace(url.as_str(), &masked(url.as_str()))))
    }
}

fn message(blocked: &Blocked, engine: Engine) -> Option<String> {
    match &blocked.reason {
        // Each engine shows such values in its own way.
        Reason::AllowOriginMismatch { value }
        | Reason::AllowOriginMultiple { value, .. }
        | Reason::AllowMethodsInvalid { value }
        | Reason::AllowHeadersInvalid { value }
            if value.contains('\\') || !value.is_ascii() =>
        {
            return None;
        }
        // Of several headers, each engine names a different one.
        Reason::HeaderNotAllowed { names, .. } if names.len() > 1 => return None,
        _ => {}
    }
    match engine {
        Engine::Chromium => chromium(blocked),
        Engine::Firefox => firefox(blocked),
        Engine::WebKit => webkit(blocked),
    }
}

fn chromium(blocked: &Blocked) -> Option<String> {
    let url = blocked.url.as_ref()?;
    let why = match &blocked.reason {
        // It looks at a preflight's redirect first, whatever the headers say.
        Reason::AllowOriginMissing
        | Reason::AllowOriginWildcard
        | Reason::AllowOriginMultiple { .. }
        | Reason::AllowOriginMismatch { .. }
        | Reason::AllowCredentialsNotTrue { .. }
        | Reason::PreflightStatus { .. }
            if blocked.step == Step::Preflight && blocked.status.is_some_and(is_redirect_status) =>
        {
            "Redirect is not allowed for a preflight request.".to_owned()
        }
        Reason::AllowOriginMissing => {
            "No 'Access-Control-Allow-Origin' header is present on the requested resource.".to_owned()
        }
        Reason::AllowOriginWildcard => {
            "The value of the 'Access-Control-Allow-Origin' header in the response must not \
                                        be the wildcard '*' when the request's credentials mode is 'include'."
                .to_owned()
        }
        Reason::AllowOriginMultiple { value, .. } | Reason::AllowOriginMismatch { value } => {
            let what = if value.contains([',', ' ']) {
                format!("contains multiple values '{value}', but only one is allowed")
            } else if value == "null" || value.contains("://") && Url::parse(value).is_ok() {
                format!("has a value '{value}' that is not equal to the supplied origin")
            } else {
                format!("contains the invalid value '{value}'")
            };
            format!(
                "The 'Access-Control-Allow-Origin' header {what}. Have the server send the header with a valid value."
            )
        }
        Reason::AllowCredentialsNotTrue { value } => format!(
            "The value of the 'Access-Control-Allow-Credentials' header in the response is '{}' which must be 'true' \
             when the request's credentials mode is 'include'.",
            value.as_deref().unwrap_or_default()
        ),
        Reason::PreflightStatus { .. } => "It does not have HTTP ok status.".to_owned(),
        Reason::AllowMethodsInvalid { .. } => {
            "Cannot parse Access-Control-Allow-Methods response header field in preflight response."
                .to_owned()
        }
        Reason::AllowHeadersInvalid { .. } => {
            "Cannot parse Access-Control-Allow-Headers response header field in preflight response."
                .to_owned()
        }
        Reason::MethodNotAllowed { method, .. } => {
            format!("Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.")
        }
        Reason::HeaderNotAllowed { names, .. } => {
            format!(
                "Request header field {} is not allowed by Access-Control-Allow-Headers in preflight response.",
                names.join(", ")
            )
        }
        // Whether a sandboxed frame is a secure context depends on where it was loaded from.
        Reason::LocalNetworkAccess { .. } if blocked.page == PageOrigin::Opaque => return None,
        Reason::LocalNetworkAccess { space } if !blocked.page.is_potentially_trustworthy() => format!(
            "The request client is not a secure context and the resource is in more-private address space `{space}`."
        ),
        Reason::LocalNetworkAccess { space } => {
            format!("Permission was denied for this request to access the `{space}` address space.")
        }
        Reason::OtherOrigin if blocked.redirects == 0 => {
            return Some(format!(
                "Fetch API cannot load {url}. Request mode is \"same-origin\" but the URL's origin is not same as the \
                 request origin {}.",
                blocked.page
            ));
        }
        Reason::RedirectModeInNoCors => {
            return Some(format!(
                "Fetch API cannot load {url}. Request mode is \"no-cors\" but the redirect mode is not \"follow\"."
            ));
        }
        Reason::SchemeNotHttp { scheme } => {
            return Some(format!("Fetch API cannot load {url}. URL scheme \"{scheme}\" is not supported."));
        }
        _ => return None,
    };
    let is_check = !matches!(
        blocked.reason,
        Reason::AllowMethodsInvalid { .. }
            | Reason::AllowHeadersInvalid { .. }
            | Reason::MethodNotAllowed { .. }
            | Reason::HeaderNotAllowed { .. }
    );
    let preflight = if blocked.step == Step::Preflight && is_check {
        "Response to preflight request doesn't pass access control check: "
    } else {
        ""
    };
    let initiator = if blocked.by_xhr { "XMLHttpRequest" } else { "fetch" };
    let redirected = match &blocked.first_url {
        Some(first) if blocked.redirects > 0 => format!(" (redirected from '{first}')"),
        _ => String::new(),
    };
    Some(format!(
        "Access to {initiator} at '{url}'{redirected} from origin '{}' has been blocked by CORS policy: {preflight}{why}",
        blocked.page
    ))
}

fn firefox(blocked: &Blocked) -> Option<String> {
    let url = blocked.url.as_ref()?;
    let status = blocked.status.unwrap_or_default();
    let mut shown = url.to_string();
    let why = match &blocked.reason {
        Reason::AllowOriginMissing => {
            format!("(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}.")
        }
        Reason::AllowOriginWildcard => {
            shown = format!("‘{url}’");
            "(Reason: Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’)."
                .to_owned()
        }
        Reason::AllowOriginMultiple { is_repeated: true, .. } => {
            "(Reason: Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed).".to_owned()
        }
        Reason::AllowOriginMultiple { value, .. } | Reason::AllowOriginMismatch { value } => {
            format!("(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’).")
        }
        Reason::AllowCredentialsNotTrue { .. } => {
            "(Reason: expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).".to_owned()
        }
        Reason::PreflightStatus { status } if is_redirect_status(*status) => return None,
        Reason::PreflightStatus { status } => {
            format!("(Reason: CORS preflight response did not succeed). Status code: {status}.")
        }
        Reason::AllowMethodsInvalid { value } => {
            format!(
                "(Reason: invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Methods’).",
                no_token(value)?
            )
        }
        Reason::AllowHeadersInvalid { value } => {
            format!(
                "(Reason: invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Headers’).",
                no_token(value)?
            )
        }
        Reason::MethodNotAllowed { .. } => {
            "(Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’).".to_owned()
        }
        Reason::HeaderNotAllowed { names, .. } => format!(
            "(Reason: header ‘{}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS \
             preflight response).",
            names.join(", ")
        ),
        Reason::ResourcePolicy { .. } => {
            return Some(format!(
                "The resource at “{url}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof)."
            ));
        }
        _ => return None,
    };
    Some(format!(
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {shown}. {why}"
    ))
}

/// The first element of a list that is not a token.
fn no_token(value: &str) -> Option<&str> {
    value
        .split(',')
        .map(str::trim)
        .find(|element| !element.is_empty() && headers::token(element.as_bytes()).is_none())
}

fn webkit(blocked: &Blocked) -> Option<String> {
    let url = blocked.url.as_ref()?;
    let status = blocked.status.unwrap_or_default();
    Some(match &blocked.reason {
        // Its messages about redirects begin differently.
        _ if blocked.step != Step::Preflight
            && blocked.step != Step::Redirect
            && (300..400).contains(&status) =>
        {
            return None;
        }
        // It looks at the status first.
        Reason::AllowOriginMissing
        | Reason::AllowOriginMismatch { .. }
        | Reason::AllowOriginMultiple { .. }
        | Reason::AllowOriginWildcard
        | Reason::AllowCredentialsNotTrue { .. }
            if blocked.step == Step::Preflight && !(200..300).contains(&status) =>
        {
            format!("Preflight response is not successful. Status code: {status}")
        }
        Reason::AllowOriginMissing | Reason::AllowOriginMismatch { .. } => {
            format!(
                "Origin {} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
                blocked.origin
            )
        }
        Reason::AllowOriginMultiple { .. } => {
            "Access-Control-Allow-Origin cannot contain more than one origin.".to_owned()
        }
        Reason::AllowOriginWildcard => {
            "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.".to_owned()
        }
        Reason::AllowCredentialsNotTrue { .. } => {
            "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\".".to_owned()
        }
        Reason::PreflightStatus { status } => {
            format!("Preflight response is not successful. Status code: {status}")
        }
        Reason::AllowMethodsInvalid { value } => {
            format!("Header Access-Control-Allow-Methods has an invalid value: {value}")
        }
        Reason::AllowHeadersInvalid { value } => {
            format!("Header Access-Control-Allow-Headers has an invalid value: {value}")
        }
        Reason::MethodNotAllowed { method, .. } => {
            format!("Method {method} is not allowed by Access-Control-Allow-Methods.")
        }
        Reason::HeaderNotAllowed { names, .. } => {
            format!(
                "Request header field {} is not allowed by Access-Control-Allow-Headers.",
                names.join(", ")
            )
        }
        Reason::RedirectIsError => format!("Not allowed to follow a redirection while loading {url}"),
        Reason::ResourcePolicy { .. } if blocked.redirects == 0 => format!(
            "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header."
        ),
        _ => return None,
    })
}
