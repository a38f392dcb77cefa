//! A server that the reader writes by hand: what it responds with, to `OPTIONS` and to all other requests, line by line.
//! Nothing in it follows a policy, so it can have every mistake that a real server has. What may stand in it is checked in
//! `api::hand` before it gets here.

use serde::{Deserialize, Serialize};

/// A server written by hand. What is left out is as in [`HandWritten::default`], a server that knows nothing of CORS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HandWritten {
    /// What it responds with to `OPTIONS`, the method of preflights, whatever the path.
    pub preflight: HandResponse,
    /// What it responds with to every other request.
    pub response: HandResponse,
}

/// A response written by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HandResponse {
    /// The status.
    pub status: u16,
    /// The header lines, in this order. In a value, `{origin}` stands for the request's `Origin`; the line is left out if the
    /// request has none.
    pub headers: Vec<(String, String)>,
    /// Where a redirect leads, for `Location`: a path of the same server such as `notes/1`, or a URL of the Lab's own.
    pub redirect: Option<String>,
    /// How long it takes, in milliseconds; at most 5000.
    pub delay_ms: u16,
    /// Whether the connection is closed instead, without a response.
    pub close: bool,
}

impl Default for HandResponse {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), redirect: None, delay_ms: 0, close: false }
    }
}
