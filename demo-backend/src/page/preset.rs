//! What the classics among the servers written by hand are made of: the schema of `demo-frontend/servers/presets.json`. The page
//! reads that file itself, as it reads the lessons.

use std::path::PathBuf;

use serde::Deserialize;

#[cfg(test)]
use super::mirrors;
use super::{
    lab_request::LabRequest,
    lesson::{self, Ending},
};
use crate::{origins::Origins, session::hand_written::HandWritten};

/// A server with a classic mistake, and a request that meets it. In its texts `{page}`, `{api}` and `{attacker}` stand for this
/// Lab's origins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Preset {
    /// In the form.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it comes about, in a sentence or two.
    pub text: String,
    /// The server.
    #[cfg_attr(test, ts(as = "mirrors::PartOfHandWritten"))]
    pub hand: HandWritten,
    /// The request.
    #[cfg_attr(test, ts(as = "mirrors::PartOfRequest"))]
    pub request: LabRequest,
    /// What others send before.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<mirrors::PartOfRequest>>"))]
    pub before: Vec<LabRequest>,
    /// How the request ends.
    pub first: Ending,
    /// The name of the cause that the diagnosis finds.
    pub cause: String,
    /// How it ends with the fix applied; the same where blocked is what it should stay.
    pub fixed: Ending,
}

/// Where the presets are.
pub fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../demo-frontend/servers/presets.json")
}

/// Reads the presets, with the origins in place of `{page}`, `{api}` and `{attacker}`.
///
/// # Errors
///
/// When the text is not what presets are made of.
pub fn read(text: &str, origins: &Origins) -> serde_json::Result<Vec<Preset>> {
    serde_json::from_str(&lesson::with_origins(text, origins))
}
