//! What a message says: the data behind `explain` and `docs/console-messages.md`.

use fetch_cors::browser::Engine;

pub use super::messages::KINDS;

/// What one message of each engine says, in other words.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// A stable name.
    pub id: &'static str,
    /// What the browser found, in a sentence.
    pub meaning: &'static str,
    /// What produces it, likeliest first, each with what to do.
    pub causes: &'static [Cause],
    /// What the text rules out.
    pub excludes: &'static [&'static str],
    /// The exact words.
    pub messages: &'static [Message],
    /// Whether only requests with credentials are blocked so.
    pub needs_credentials: bool,
}

/// A cause, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// The names of the [causes](fetch_cors::diagnosis::Cause::NAMES) of a diagnosis that it stands for; none if it stands for
    /// all of them.
    pub names: &'static [&'static str],
    /// What is wrong, in a sentence.
    pub what: &'static str,
    /// What to do, in a sentence.
    pub fix: &'static str,
}

/// A message as an engine writes it. A name in braces stands for what differs from request to request.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Who writes it.
    pub engine: Engine,
    /// What comes first.
    pub lead: Lead,
    /// What tells why.
    pub why: &'static str,
    /// How it is known.
    pub source: Source,
}

/// How a message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// Nothing comes first.
    Nothing,
    /// Chromium's first words, perhaps about the preflight's response.
    Access,
    /// The same; what follows names the preflight.
    AccessOfPreflight,
    /// Firefox' first words.
    SameOriginPolicy,
    /// The same, with the URL in quotation marks.
    SameOriginPolicyQuoted,
}

/// How a message is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The conformance run captured it from the running engine, and compares it.
    Captured,
    /// From the engine's documentation or from public reports.
    Reported,
}

pub(super) const ACCESS: &str =
    "Access to {initiator} at '{url}' from origin '{page}' has been blocked by CORS policy: ";
pub(super) const ACCESS_REDIRECTED: &str = "Access to {initiator} at '{url}' (redirected from '{first}') from origin '{page}' has been blocked by CORS policy: ";
/// What is left of it if the beginning was not copied.
pub(super) const ACCESS_CUT_OFF: &str = "from origin '{page}' has been blocked by CORS policy: ";
/// What versions before 2018 wrote.
pub(super) const ACCESS_OLD: &str = "Failed to load {url}: ";
pub(super) const PREFLIGHT: &str = "Response to preflight request doesn't pass access control check: ";
pub(super) const SAME_ORIGIN_POLICY: &str =
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. ";

impl Message {
    /// The whole message.
    pub fn text(&self) -> String {
        let lead = match self.lead {
            Lead::Nothing => String::new(),
            Lead::Access | Lead::AccessOfPreflight => ACCESS.to_owned(),
            Lead::SameOriginPolicy => SAME_ORIGIN_POLICY.to_owned(),
            Lead::SameOriginPolicyQuoted => SAME_ORIGIN_POLICY.replace("{url}", "‘{url}’"),
        };
        lead + self.why
    }
}
