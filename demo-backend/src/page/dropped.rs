//! The headers that a script sets and the browser leaves out. No error tells the script, so the page does.

use std::collections::HashSet;

use fetch_cors::browser::{LeftOut, Profile, Request};
use serde::Serialize;

/// A header that the browser leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DroppedHeader {
    /// Its name, as the script writes it.
    pub name: String,
    /// Why: `forbidden`, or `no-cors`.
    pub why: &'static str,
    /// The same in a sentence.
    pub sentence: String,
}

/// Those of this request, each once.
pub fn dropped(request: &Request, profile: Profile) -> Vec<DroppedHeader> {
    let mut left_out = request.left_out(profile);
    let mut said = HashSet::new();
    left_out.retain(|(name, _)| said.insert(name.to_ascii_lowercase()));
    left_out
        .into_iter()
        .map(|(name, left_out)| {
            let (why, because) = match left_out {
                LeftOut::NoCors => (
                    "no-cors",
                    "with `mode: \"no-cors\"` it sends only headers such as `Accept` and simple values of `Content-Type`",
                ),
                _ => ("forbidden", what_it_sends(&name)),
            };
            let sentence =
                format!("The browser left out `{name}`, which the script sets, without an error: {because}.");
            DroppedHeader { name, why, sentence }
        })
        .collect()
}

/// Why scripts can't set it.
fn what_it_sends(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "cookie" | "cookie2" => "it sends its own cookies, if `credentials` lets it",
        "host" => "it sends the host of the URL",
        "origin" => "it sends the page's own origin",
        "referer" => "it sends the page's own address, as the referrer policy says",
        name if name.starts_with("sec-") => "headers that begin with `Sec-` are its own",
        name if name.starts_with("access-control-request-") => "it writes this one itself, into preflights",
        _ => "only the browser sets this header",
    }
}
