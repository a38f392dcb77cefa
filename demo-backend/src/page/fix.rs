//! What a session's policy lacks for a request. The policy itself says it; here it is asked.

use actix_web_cors::PolicyConfig;
use fetch_cors::{
    Change, Wanted,
    browser::{Blocked, Next},
};

use super::{lab_request::LabRequest, servers::text};
use crate::origins::Origins;

/// What the policy must let through, seen from the first message of a browser that remembers no preflight.
pub fn wanted(request: &LabRequest, first: &Next, origins: &Origins) -> Wanted {
    let wanted = Wanted::from_origin(request.page_origin(origins).to_string())
        .credentials(request.includes_credentials())
        .server(&origins.api);
    let Next::Send(exchange) = first else { return wanted };
    let value = |name| exchange.headers().get(name).map(|value| text(&value));
    let headers = value("access-control-request-headers").unwrap_or_default();
    let wanted = wanted.headers(headers.split(',').map(str::trim).filter(|name| !name.is_empty()));
    match value("access-control-request-method") {
        Some(method) => wanted.method_as_sent(method),
        None => wanted,
    }
}

/// Everything to change in the policy so that the request gets through; none if the policy is not at fault, or none helps.
pub fn change(blocked: &Blocked, wanted: &Wanted, config: &PolicyConfig) -> Option<Change> {
    let is_by_policy = blocked.reason.header().is_some_and(|header| header.starts_with("access-control-"));
    // After redirects, the origin may be another than the page's.
    let mut wanted = wanted.clone();
    wanted.origin.clone_from(&blocked.origin);
    let change = is_by_policy.then(|| config.change_for(&wanted).ok()).flatten();
    change.filter(|change| !change.is_empty())
}
