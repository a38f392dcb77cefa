//! What each engine writes to its console when it blocks, as it was captured from the running engine.

use super::{Blocked, Engine, Reason, Step};

pub(super) fn message(blocked: &Blocked, engine: Engine) -> Option<String> {
    let url = blocked.url.as_ref()?;
    match (engine, blocked.step, &blocked.reason) {
        (Engine::Chromium, Step::CorsCheck, Reason::AllowOriginMissing) => Some(format!(
            "Access to fetch at '{url}' from origin '{}' has been blocked by CORS policy: No \
             'Access-Control-Allow-Origin' header is present on the requested resource.",
            blocked.page
        )),
        _ => None,
    }
}
