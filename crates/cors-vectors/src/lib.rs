//! The conformance vectors as data, for every test that plays them: `fetch-cors` against the model and the decision,
//! `actix-web-cors` through the middleware, `end-to-end` in real browsers. The README describes the files.
//!
//! With the feature `theorem`, the world in which both ends are searched for a disagreement lives here too.

mod diagnosis;
mod format;
mod server;
#[cfg(feature = "theorem")]
pub mod theorem;
mod translate;
mod trials;

use std::path::{Path, PathBuf};

pub use diagnosis::{DiagnosisSection, DiagnosisVector, Reply, diagnosis_sections};
pub use format::{
    Allowed, Blocked, BrowserVector, Differs, Expected, Fetch, Headers, Outcome, Preflight, Request,
    Response, Section, Sent, ServerRequest, ServerResponse, ServerVector, isomorphic_decode,
    isomorphic_encode,
};
pub use server::Served;
pub use translate::{address_space, request, response};
pub use trials::{browser_trials, diagnosis_trials, name_of, server_trials};

/// Where the files are, whichever package reads them.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// What writes the files `grid-*.json`.
pub fn generator() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/vector-grids.py")
}

/// All sections, by the names of their files, in order.
///
/// # Panics
///
/// If a file can't be read, or is not as the README says.
pub fn sections() -> Vec<(String, Section)> {
    format::read(&folder())
}
