//! The shapes of types that have no TypeScript of their own, because they belong to `fetch-cors` or are parts of other types.
//! The test compares them with the library's.

use actix_web_cors::Policy;
use fetch_cors::Wanted;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

/// A policy as it stands in a configuration file; what is left out is not allowed.
#[derive(Debug, Default, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyConfig {
    /// Origins and origin patterns.
    allow_origins: Vec<String>,
    /// Origins and origin patterns that need an opt-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    danger_allow_origins: Option<Vec<String>>,
    /// Methods in addition to `GET`, `HEAD` and `POST`.
    allow_methods: Vec<String>,
    /// Request headers that a script may set.
    allow_headers: Vec<String>,
    /// Response headers that a script may read.
    expose_headers: Vec<String>,
    /// Whether cookies and other credentials may be used.
    allow_credentials: bool,
    /// How long a browser may keep a preflight's response, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    max_age: Option<u64>,
    /// Accepts methods and header names that look like a typo.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    allow_unusual_names: Option<bool>,
}

/// The settings of a policy that differ from the policy that allows nothing.
#[derive(TS)]
#[ts(type = "Partial<PolicyConfig>")]
pub(super) struct PartOfPolicy;

/// The fields of a request that differ from the default request.
#[derive(TS)]
#[ts(type = "Partial<LabRequest>")]
pub(super) struct PartOfRequest;

/// What a server written by hand responds with, as far as it differs from a status of 200 without headers.
#[derive(TS)]
#[ts(type = "{ preflight?: Partial<HandResponse>; response?: Partial<HandResponse> }")]
pub(super) struct PartOfHandWritten;

/// Members of an object with their values.
#[derive(TS)]
#[ts(type = "Record<string, unknown>")]
pub(super) struct Members;

/// A change of one setting: an entry to add to a list or to remove from it, or a value to set.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyChange {
    /// The setting.
    #[ts(type = "keyof PolicyConfig")]
    setting: String,
    /// An entry to add to the list, if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    add: Option<String>,
    /// An entry to remove from the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    remove: Option<String>,
    /// The value to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    set: Option<bool>,
}

/// Why a policy was refused.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub(super) struct InvalidPolicy {
    /// Every problem that it has.
    problems: Vec<Problem>,
}

/// A mistake in a policy.
#[derive(Debug, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub(super) struct Problem {
    /// The setting.
    #[ts(type = "keyof PolicyConfig")]
    setting: String,
    /// Of the entry in a list.
    index: Option<usize>,
    /// In the file, counted from 1.
    line: Option<usize>,
    /// What stands there.
    value: String,
    /// What kind of mistake it is.
    kind: String,
    /// What to write instead: one entry or more; none if it is not clear what was meant.
    suggestions: Vec<String>,
    /// All of that in words.
    message: String,
}

#[test]
fn the_mirrors_are_those_of_the_library() {
    // Both name all their fields in the error.
    let unknown = r#"{"?": 0}"#;
    let of_mirror = serde_json::from_str::<PolicyConfig>(unknown).unwrap_err().to_string();
    let of_library = serde_json::from_str::<actix_web_cors::PolicyConfig>(unknown).unwrap_err().to_string();
    assert_eq!(of_mirror, of_library);

    let whole = json!({
        "allow_origins": ["https://a.example"], "allow_methods": ["PUT"], "allow_headers": ["x-a"],
        "expose_headers": ["etag"], "allow_credentials": true, "max_age": 600,
        "allow_unusual_names": true,
        "danger_allow_origins": ["http://b.example"],
    });
    for written in [whole, json!({})] {
        let library: actix_web_cors::PolicyConfig =
            serde_json::from_value(written.clone()).expect("the library reads it");
        let mirror: PolicyConfig = serde_json::from_value(written).expect("the mirror reads it");
        assert_eq!(json!(mirror), json!(library));
    }

    let invalid = Policy::builder()
        .allow_origins(["https://app.example.com/"])
        .allow_methods(["CONNECT"])
        .max_age(std::time::Duration::from_secs(90_000))
        .build()
        .expect_err("the policy has problems");
    let said = json!(invalid);
    let mirror: InvalidPolicy = serde_json::from_value(said.clone()).expect("the mirror reads it");
    assert_eq!(json!(mirror), said);

    let wanted = Wanted::from_origin("https://a.example").method("PUT").credentials(true);
    let change = Policy::any_origin().change_for(&wanted).expect("a policy helps");
    let said = json!(change.steps());
    let mirror: Vec<PolicyChange> = serde_json::from_value(said.clone()).expect("the mirror reads it");
    assert_eq!(mirror.len(), 3);
    assert_eq!(json!(mirror), said);
}
