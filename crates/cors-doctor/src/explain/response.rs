//! What a printed response says to browsers, without knowing the request: what any page gets, and what is never right.

use crate::paste::http::PastedResponse;

/// Something about a response that browsers read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is a mistake, whatever the request was.
    pub is_mistake: bool,
    /// A sentence.
    pub text: String,
}

/// What browsers read in a response.
///
/// ```
/// let responses = cors_doctor::paste::http::parse("HTTP/1.1 200 OK\naccess-control-allow-origin: *\n\n").unwrap();
/// let findings = cors_doctor::explain::findings(&responses[0]);
/// assert_eq!(findings[0].text, "Every origin may read it, without credentials.");
/// ```
pub fn findings(response: &PastedResponse) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |is_mistake, text: String| found.push(Finding { is_mistake, text });
    let joined = |name| {
        let values: Vec<&str> = response.values(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let origin = joined("access-control-allow-origin");
    let credentials = joined("access-control-allow-credentials");
    match origin.as_deref() {
        None => add(false, "It has no Access-Control-Allow-Origin: no page of another origin can read it, or it was not allowed for the origin that was sent. Send it again with -H 'Origin: …'.".to_owned()),
        Some("*") => {
            add(false, "Every origin may read it, without credentials.".to_owned());
            if credentials.as_deref() == Some("true") {
                add(true, "Access-Control-Allow-Credentials: true has no effect next to *; name the origin instead.".to_owned());
            }
        }
        Some("null") => add(true, "It allows the origin null, which any site can have: a sandboxed frame is enough. Name an origin.".to_owned()),
        Some(value) if value.contains(',') => add(true, format!("Access-Control-Allow-Origin has several values ({value}), and a browser accepts exactly one: two writers, or a list. Send one.")),
        Some(value) if value.contains("://") && !value.ends_with('/') && !value.contains('*') => {
            let with = if credentials.as_deref() == Some("true") { ", with credentials" } else { ", without credentials" };
            add(false, format!("Pages of {value} may read it{with}."));
            let varies = joined("vary").is_some_and(|vary| {
                vary.split(',').any(|name| name.trim().eq_ignore_ascii_case("origin") || name.trim() == "*")
            });
            if !varies {
                add(true, "Vary: Origin is missing: a cache may give this response to another origin.".to_owned());
            }
        }
        Some(value) => add(true, format!("Access-Control-Allow-Origin: {value} matches no page: an origin is a scheme, a host and a port, without a slash and without patterns.")),
    }
    if let Some(value) = credentials.filter(|value| value != "true") {
        add(
            true,
            format!(
                "Access-Control-Allow-Credentials: {value} counts as false; only true in lower case is valid."
            ),
        );
    }
    for (name, what) in
        [("access-control-allow-methods", "methods"), ("access-control-allow-headers", "request headers")]
    {
        if let Some(value) = joined(name) {
            let is_list = value.split(',').all(|entry| !entry.trim().contains([' ', ';', '[', '"']));
            if is_list {
                add(false, format!("As a preflight's response, it allows the {what} {value}."));
            } else {
                add(true, format!("{name}: {value} is not a comma-separated list of names."));
            }
        }
    }
    if let Some(value) = joined("cross-origin-resource-policy").filter(|value| value != "cross-origin") {
        add(false, format!("Cross-Origin-Resource-Policy: {value} keeps pages of others from embedding it."));
    }
    match response.status {
        300..=399 => add(
            false,
            format!(
                "The status is {}: as the response to a preflight, a browser does not follow it.",
                response.status
            ),
        ),
        400..=599 => add(
            false,
            format!(
                "The status is {}: as the response to a preflight, it blocks the request whatever the headers say.",
                response.status
            ),
        ),
        _ => {}
    }
    found
}
