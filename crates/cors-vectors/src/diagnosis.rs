//! The vectors of the diagnosis as they are in their files: what a page's script requests, what it and the probes get, and the
//! cause that this shows. Nothing here runs one.

#![allow(missing_docs, reason = "the README describes each member")]

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    Headers, Request, folder,
    format::{isomorphic_encode, read_files},
};

/// A file of vectors of the diagnosis.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiagnosisSection {
    pub section: String,
    pub vectors: Vec<DiagnosisVector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiagnosisVector {
    pub name: String,
    #[serde(default = "app")]
    pub page: String,
    #[serde(default = "orders")]
    pub request: Request,
    pub policy: Option<serde_json::Value>,
    #[serde(default)]
    pub blocked_in_browser: bool,
    pub open_url: Option<String>,
    /// What the browser's requests get, in order.
    #[serde(default)]
    pub wire: Vec<Reply>,
    /// What the probes get, by the name of their purpose. Others are declined.
    #[serde(default)]
    pub probes: BTreeMap<String, Reply>,
    pub cause: String,
    /// Empty if the cause is certain.
    #[serde(default)]
    pub rivals: Vec<String>,
    pub remedy: String,
    /// The causes that this looks like, and that it is not.
    #[serde(default)]
    pub resembles: Vec<String>,
}

/// What a request gets.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    pub status: u16,
    pub headers: Headers,
    pub body: String,
    /// Instead of a response: the name of a failure.
    pub failed: Option<String>,
    /// The caller does not send it.
    pub not_sent: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Self { status: 200, headers: Headers::new(), body: String::new(), failed: None, not_sent: false }
    }
}

impl Reply {
    /// The response.
    pub fn head(&self) -> fetch_cors::browser::Response {
        let head = fetch_cors::browser::Response::new(self.status);
        self.headers
            .iter()
            .fold(head, |head, (name, value)| head.header(isomorphic_encode(name), isomorphic_encode(value)))
    }
}

/// All sections of the diagnosis, by the names of their files, in order.
///
/// # Panics
///
/// If a file can't be read, or is not as the README says.
pub fn diagnosis_sections() -> Vec<(String, DiagnosisSection)> {
    read_files(&folder().join("diagnosis"))
}

fn app() -> String {
    "https://app.example".to_owned()
}

fn orders() -> Request {
    Request { url: "https://api.example/orders/7".to_owned(), ..Request::default() }
}
