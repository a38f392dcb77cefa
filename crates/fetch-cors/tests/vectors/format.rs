//! The conformance vectors as data; `vectors/README.md` describes each member. Nothing here runs one.

#![allow(
    clippy::option_option,
    reason = "a member that is null says something else than one that is missing"
)]
#![allow(dead_code, reason = "whoever plays vectors uses a part of this")]

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

/// A file of vectors.
#[derive(Debug, Deserialize)]
#[serde(tag = "end", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Section {
    Browser { section: String, spec: String, vectors: Vec<BrowserVector> },
    Server { section: String, spec: String, vectors: Vec<ServerVector> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrowserVector {
    pub(crate) name: String,
    pub(crate) fetches: Vec<Fetch>,
    /// By the engine's name; from the files of the engines.
    #[serde(skip)]
    pub(crate) engines: BTreeMap<String, Differs>,
    pub(crate) unexpressed: Option<String>,
}

/// A file of what an engine does otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    engine: String,
    differs: Vec<Differs>,
}

/// What one engine does otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differs {
    file: String,
    vector: String,
    pub(crate) because: Option<String>,
    pub(crate) fetches: Option<Vec<Expected>>,
    pub(crate) unexpressed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fetch {
    #[serde(default = "page")]
    pub(crate) page: String,
    #[serde(default)]
    pub(crate) after: u64,
    #[serde(default)]
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) wire: Vec<Sent>,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(default)]
    pub(crate) wire: Vec<Sent>,
    pub(crate) outcome: Outcome,
}

pub(crate) type Headers = Vec<(String, String)>;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: Option<String>,
    pub(crate) mode: Option<String>,
    pub(crate) credentials: Option<String>,
    pub(crate) redirect: Option<String>,
    pub(crate) upload_listener: bool,
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
pub(crate) struct Sent {
    pub(crate) preflight: Option<Preflight>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    /// None where it is not said, and is the page's; `Some(None)` where there must be none.
    #[serde(default, deserialize_with = "said")]
    pub(crate) origin: Option<Option<String>>,
    #[serde(default)]
    pub(crate) credentials: bool,
    pub(crate) body: Option<bool>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Option<String>>,
    /// None where the connection closes.
    #[serde(default = "an_answer")]
    pub(crate) answer: Option<Answer>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preflight {
    pub(crate) method: String,
    pub(crate) headers: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: 200, headers: Headers::new() }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Allowed(Allowed),
    Blocked(Blocked),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowed {
    pub(crate) r#type: String,
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) readable: BTreeMap<String, String>,
    pub(crate) withheld: Option<Vec<String>>,
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) redirected: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocked {
    pub(crate) step: String,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerVector {
    pub(crate) name: String,
    pub(crate) policy: serde_json::Value,
    pub(crate) request: Option<ServerRequest>,
    pub(crate) answer: Option<ServerAnswer>,
    pub(crate) refused: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerRequest {
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) headers: Headers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerAnswer {
    pub(crate) handler: bool,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: Headers,
}

impl BrowserVector {
    /// What an engine must do; none for the standard.
    pub(crate) fn expected(&self, engine: Option<&str>) -> Vec<Expected> {
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
            assert!(before.is_none(), "engines/{name}.json: {:?} stands there twice", vector.name);
        }
    }
    sections
}

/// Each file of the folder, with its name.
fn read_files<T: serde::de::DeserializeOwned>(folder: &Path) -> Vec<(String, T)> {
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
pub(crate) fn isomorphic_encode(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| {
            u8::try_from(character).unwrap_or_else(|_| panic!("{text:?} has a character beyond U+00FF"))
        })
        .collect()
}

/// Bytes as text of code points up to U+00FF.
pub(crate) fn isomorphic_decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn page() -> String {
    "http://site.test".to_owned()
}

fn ok() -> u16 {
    200
}

#[allow(clippy::unnecessary_wraps, reason = "serde's default for an optional member")]
fn an_answer() -> Option<Answer> {
    Some(Answer::default())
}

/// Tells a member that is null from one that is missing.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}
