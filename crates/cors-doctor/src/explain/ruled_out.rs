//! Which causes of a message its own text rules out: by the value, the header, the page's origin or the status in it.
//!
//! A text rules out only what can't be, whatever the rest of the response is, so a cause is *certain* only if the text leaves
//! no other.

use fetch_cors::browser::PageOrigin;

use super::{Facts, FittingCause, Kind, Recognized};

impl Recognized {
    /// The causes that the text leaves, likeliest first.
    ///
    /// ```
    /// let text = "(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://app.example/’).";
    /// let message = &cors_doctor::explain::recognize(text)[0];
    /// assert_eq!(message.causes()[0].names, ["not-an-origin"]);
    /// assert!(message.is_certain());
    /// ```
    pub fn causes(&self) -> Vec<FittingCause> {
        let mut fitting: Vec<FittingCause> = Vec::new();
        for kind in &self.kinds {
            for cause in kind.causes {
                let names: Vec<_> = cause
                    .names
                    .iter()
                    .copied()
                    .filter(|name| !is_ruled_out(name, kind, &self.facts))
                    .collect();
                let is_left = cause.names.is_empty() || !names.is_empty();
                if is_left && !fitting.iter().any(|other| other.what == cause.what) {
                    fitting.push(FittingCause { names, what: cause.what, fix: cause.fix });
                }
            }
        }
        // The status says which of them is likely, but rules little out.
        if let Some(status) = self.facts.status {
            fitting.sort_by_key(|cause| !cause.names.iter().any(|name| is_likely(name, status)));
        }
        fitting
    }

    /// Whether the text rules out all causes but one.
    pub fn is_certain(&self) -> bool {
        let causes = self.causes();
        let first = causes.first().and_then(|cause| cause.names.first());
        let is_only = |cause: &FittingCause| cause.names.iter().all(|name| Some(name) == first);
        self.is_whole
            && first.is_some()
            && causes.iter().all(|cause| !cause.names.is_empty() && is_only(cause))
    }
}

fn is_ruled_out(name: &str, kind: &Kind, facts: &Facts) -> bool {
    let by_page = name == "opaque-origin" && facts.page.as_deref().is_some_and(|page| page != "null");
    let by_value = facts.value.as_deref().is_some_and(|value| match kind.id {
        "allow-origin-mismatch" => is_ruled_out_by_origin(name, value),
        "allow-origin-multiple" => is_ruled_out_by_list(name, value),
        _ => false,
    });
    let by_header = facts.header.as_deref().is_some_and(|header| is_ruled_out_by_header(name, header));
    // A redirect is told by its status, and by nothing else.
    let by_status = facts.status.is_some_and(|status| {
        let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        kind.id == "preflight-status" && is_redirect != matches!(name, "redirected" | "login-redirect")
    });
    by_page || by_value || by_header || by_status
}

/// By the value that is not the page's origin.
fn is_ruled_out_by_origin(name: &str, value: &str) -> bool {
    let is_origin =
        |text: &str| text == "null" || PageOrigin::of(text).is_some_and(|origin| origin.to_string() == text);
    let mut parts = value.split([',', ' ', ';', '|']).filter(|part| !part.is_empty()).peekable();
    let is_list = value.contains([',', ' ', ';', '|']) && parts.peek().is_some() && parts.all(is_origin);
    match name {
        "list-of-origins" => !is_list,
        "two-writers" => !is_list || !value.contains(','),
        "not-an-origin" => is_list || is_origin(value),
        _ => is_list || !is_origin(value),
    }
}

/// By a value with several origins: nobody lists the same one twice, and what an extension adds is a `*`.
fn is_ruled_out_by_list(name: &str, value: &str) -> bool {
    let mut parts: Vec<&str> = value.split(',').map(str::trim).collect();
    let count = parts.len();
    parts.sort_unstable();
    parts.dedup();
    match name {
        "list-of-origins" => parts.len() < count,
        "service-worker-or-extension" => !parts.contains(&"*"),
        _ => false,
    }
}

/// By the request header that is not allowed.
fn is_ruled_out_by_header(name: &str, header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let is_of_response =
        header.starts_with("access-control-") && !header.starts_with("access-control-request-");
    (name == "response-header-on-request") != is_of_response
}

fn is_likely(name: &str, status: u16) -> bool {
    match status {
        200..=299 => matches!(name, "origin-not-listed" | "no-cors"),
        300..=399 => matches!(name, "redirected" | "login-redirect"),
        401 | 407 => name == "authentication-in-front",
        403 => matches!(name, "authentication-in-front" | "firewall"),
        404 => matches!(name, "not-found" | "options-not-routed"),
        405 | 501 => name == "options-not-routed",
        429 => name == "rate-limit",
        500..=599 => name == "hidden-error",
        _ => false,
    }
}
