//! The vectors as they are in their files. Nothing here runs one.

#![allow(missing_docs, reason = "the README describes each member")]
#![allow(clippy::option_option, reason = "a null member and a missing one mean different things")]

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

/// A file of vectors.
#[derive(Debug, Deserialize)]
#[serde(tag = "end", rename_all = "lowercase", deny_unknown_fields)]
pub enum Section {
    Browser { section: String, spec: String, vectors: Vec<BrowserVector> },
    Server { section: String, spec: String, vectors: Vec<ServerVector> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserVector {
    pub name: String,
    pub fetches: Vec<Fetch>,
    /// By the engine's name; from the files of the engines.
    #[serde(skip)]
    pub engines: BTreeMap<String, Differs>,
    pub unexpressed: Option<String>,
}

/// A file of an engine's differences from the standard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    engine: String,
    differs: Vec<Differs>,
}

/// How one engine differs from the standard in one vector.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    file: String,
    vector: String,
    pub because: Option<String>,
    pub fetches: Option<Vec<Expected>>,
    pub unexpressed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    #[serde(default = "page")]
    pub page: String,
    pub page_address_space: Option<String>,
    #[serde(default)]
    pub after: u64,
    #[serde(default)]
    pub request: Request,
    #[serde(default)]
    pub wire: Vec<Sent>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    #[serde(default)]
    pub wire: Vec<Sent>,
    pub outcome: Outcome,
}

pub type Headers = Vec<(String, String)>;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Headers,
    pub body: Option<String>,
    pub mode: Option<String>,
    pub credentials: Option<String>,
    pub redirect: Option<String>,
    pub upload_listener: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            url: "http://api.site.test/".to_owned(),
            headers: Headers::new(),
            body: None,
            mode: None,
            credentials: None,
            redirect: None,
            upload_listener: false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    pub preflight: Option<Preflight>,
    pub method: Option<String>,
    pub url: Option<String>,
    /// `None` if the member is missing: the page's origin. `Some(None)` if there must be no `Origin`.
    #[serde(default, deserialize_with = "said")]
    pub origin: Option<Option<String>>,
    #[serde(default)]
    pub credentials: bool,
    pub body: Option<bool>,
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// `None` if the connection closes.
    #[serde(default = "a_response")]
    pub response: Option<Response>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    pub method: String,
    pub headers: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Response {
    pub status: u16,
    pub headers: Headers,
}

impl Default for Response {
    fn default() -> Self {
        Self { status: 200, headers: Headers::new() }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Allowed(Allowed),
    Blocked(Blocked),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    pub r#type: String,
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default)]
    pub readable: BTreeMap<String, String>,
    pub withheld: Option<Vec<String>>,
    pub url: Option<String>,
    #[serde(default)]
    pub redirected: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    pub step: String,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerVector {
    pub name: String,
    pub policy: serde_json::Value,
    pub request: Option<ServerRequest>,
    pub response: Option<ServerResponse>,
    pub refused: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRequest {
    pub method: String,
    #[serde(default)]
    pub headers: Headers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerResponse {
    pub handler: bool,
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: Headers,
}

impl BrowserVector {
    /// Where its page is, if the vector states it; all fetches of a vector are of the same page then.
    pub fn page_address_space(&self) -> Option<&str> {
        self.fetches.iter().find_map(|fetch| fetch.page_address_space.as_deref())
    }

    /// What an engine must do; none for the standard.
    pub fn expected(&self, engine: Option<&str>) -> Vec<Expected> {
        let differs =
            engine.and_then(|engine| self.engines.get(engine)).and_then(|differs| differs.fetches.clone());
        differs.unwrap_or_else(|| {
            let expected =
                |fetch: &Fetch| Expected { wire: fetch.wire.clone(), outcome: fetch.outcome.clone() };
            self.fetches.iter().map(expected).collect()
        })
    }
}

/// All sections of a folder, by the names of their files, in order.
pub(crate) fn read(folder: &Path) -> Vec<(String, Section)> {
    let mut sections: Vec<(String, Section)> = read_files(folder);
    let engines: Vec<(String, EngineFile)> = read_files(&folder.join("engines"));
    for (name, EngineFile { engine, differs }) in engines {
        assert_eq!(name, engine, "engines/{name}.json is about another engine");
        for differs in differs {
            let vector =
                sections.iter_mut().filter(|(file, _)| *file == differs.file).find_map(|(_, section)| {
                    let Section::Browser { vectors, .. } = section else { return None };
                    vectors.iter_mut().find(|vector| vector.name == differs.vector)
                });
            let Differs { file, vector: wanted, .. } = &differs;
            let vector =
                vector.unwrap_or_else(|| panic!("engines/{name}.json: {file} has no vector {wanted:?}"));
            let before = vector.engines.insert(engine.clone(), differs.clone());
            assert!(before.is_none(), "engines/{name}.json: {:?} is there twice", vector.name);
        }
    }
    sections
}

/// Each file of the folder, with its name.
pub(crate) fn read_files<T: serde::de::DeserializeOwned>(folder: &Path) -> Vec<(String, T)> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let file =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, file)
        })
        .collect()
}

/// Text of code points up to U+00FF as bytes.
///
/// # Panics
///
/// If the text has another code point.
pub fn isomorphic_encode(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| {
            u8::try_from(character).unwrap_or_else(|_| panic!("{text:?} has a character beyond U+00FF"))
        })
        .collect()
}

/// Bytes as text of code points up to U+00FF.
pub fn isomorphic_decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn page() -> String {
    "http://site.test".to_owned()
}

fn ok() -> u16 {
    200
}

#[allow(clippy::unnecessary_wraps, reason = "serde's default for an optional member")]
fn a_response() -> Option<Response> {
    Some(Response::default())
}

/// Distinguishes a null member from a missing one.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}
