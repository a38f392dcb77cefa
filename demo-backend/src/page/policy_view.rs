//! A policy as the page shows it: as a file, as code and as JSON, each with only what is set, and in sentences.

use actix_web_cors::PolicyConfig;
use serde::Serialize;
use serde_json::{Value, json};

use crate::session::{Session, policy_file::PolicyFileStatus};

/// The settings that are lists, in the order in which they are shown.
pub(super) const LISTS: [&str; 5] =
    ["allow_origins", "danger_allow_origins", "allow_methods", "allow_headers", "expose_headers"];

/// A session's policy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PolicyView {
    /// As its author wrote it.
    #[cfg_attr(test, ts(as = "super::mirrors::PolicyConfig"))]
    pub config: PolicyConfig,
    /// As `cors.toml`.
    pub toml: String,
    /// As Rust.
    pub rust: String,
    /// As JSON.
    pub json: String,
    /// Which pages may do what.
    pub sentences: Vec<String>,
    /// What could go wrong with it.
    pub risks: Vec<String>,
    /// Goes up with each policy put in force.
    pub generation: u64,
    /// The file that governs it; null if the page does.
    pub file: Option<GoverningFile>,
}

/// The file that governs a policy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GoverningFile {
    /// Its path, relative where it can be.
    pub name: String,
    /// Why the last save was refused; null if it was not.
    pub problem: Option<String>,
}

impl PolicyView {
    /// Of a session's policy.
    pub fn of(session: &Session) -> Self {
        let in_force = session.policy_in_force();
        let summary = in_force.policy.summary();
        let settings = settings(&in_force.config);
        Self {
            toml: to_toml(&settings),
            rust: to_rust(&settings),
            json: to_json(&settings),
            sentences: summary.sentences().to_vec(),
            risks: summary.risks().to_vec(),
            generation: in_force.generation,
            file: session.policy_file().map(|file| {
                let PolicyFileStatus { file: name, problem, .. } = file.status();
                GoverningFile { name, problem }
            }),
            config: in_force.config,
        }
    }
}

/// The lists themselves, in that order.
pub(super) fn lists(config: &PolicyConfig) -> [&Vec<String>; LISTS.len()] {
    [
        &config.allow_origins,
        &config.danger_allow_origins,
        &config.allow_methods,
        &config.allow_headers,
        &config.expose_headers,
    ]
}

/// The settings that are set, in order.
fn settings(config: &PolicyConfig) -> Vec<(&'static str, Value)> {
    let lists = LISTS.into_iter().zip(lists(config)).filter(|(_, list)| !list.is_empty());
    let lists = lists.map(|(name, list)| (name, json!(list)));
    let flags = [
        ("allow_credentials", config.allow_credentials),
        ("allow_unusual_names", config.allow_unusual_names),
    ];
    let flags = flags.into_iter().filter(|(_, flag)| *flag).map(|(name, _)| (name, json!(true)));
    let max_age = config.max_age.map(|seconds| ("max_age", json!(seconds)));
    lists.chain(flags).chain(max_age).collect()
}

/// A string or a list of strings. Both TOML and Rust read what a valid policy has in it, visible ASCII, as JSON does.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

fn to_toml(settings: &[(&str, Value)]) -> String {
    if settings.is_empty() {
        return "# Nothing is set: no other origin may read the API's responses.\n".to_owned();
    }
    let lines = settings.iter().map(|(name, value)| format!("{name} = {}", literal(value)));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn to_rust(settings: &[(&str, Value)]) -> String {
    if settings.is_empty() {
        return "let policy = Policy::deny_all();\n".to_owned();
    }
    let calls = settings.iter().map(|(name, value)| match value {
        Value::Bool(_) => format!("    .{name}()"),
        Value::Number(seconds) => format!("    .{name}(Duration::from_secs({seconds}))"),
        list => format!("    .{name}({})", literal(list)),
    });
    format!("let policy = Policy::builder()\n{}\n    .build()?;\n", calls.collect::<Vec<_>>().join("\n"))
}

fn to_json(settings: &[(&str, Value)]) -> String {
    let lines = settings.iter().map(|(name, value)| format!("  \"{name}\": {}", literal(value)));
    let lines = lines.collect::<Vec<_>>().join(",\n");
    if lines.is_empty() { "{}\n".to_owned() } else { format!("{{\n{lines}\n}}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web_cors::Policy;

    #[test]
    fn only_what_is_set_is_said() {
        let mut everything = PolicyConfig::default();
        everything.allow_origins =
            vec!["http://localhost:3000".to_owned(), "https://*.example.com".to_owned()];
        everything.allow_methods = vec!["PUT".to_owned()];
        everything.allow_headers = vec!["content-type".to_owned()];
        everything.expose_headers = vec!["etag".to_owned()];
        everything.allow_credentials = true;
        everything.allow_unusual_names = true;
        everything.max_age = Some(600);
        let set = settings(&everything);
        assert_eq!(
            to_toml(&set),
            "allow_origins = [\"http://localhost:3000\", \"https://*.example.com\"]\nallow_methods = [\"PUT\"]\n\
             allow_headers = [\"content-type\"]\nexpose_headers = [\"etag\"]\nallow_credentials = true\nallow_unusual_names = true\nmax_age = 600\n"
        );
        assert_eq!(
            to_rust(&set),
            "let policy = Policy::builder()\n    .allow_origins([\"http://localhost:3000\", \"https://*.example.com\"])\n    \
             .allow_methods([\"PUT\"])\n    .allow_headers([\"content-type\"])\n    .expose_headers([\"etag\"])\n    \
             .allow_credentials()\n    .allow_unusual_names()\n    .max_age(Duration::from_secs(600))\n    .build()?;\n"
        );
        // What is shown is what is meant.
        let from_toml = Policy::from_toml(&to_toml(&set)).expect("the file is valid").to_config();
        let from_json: PolicyConfig = serde_json::from_str(&to_json(&set)).expect("it is JSON");
        assert_eq!((from_toml, from_json), (everything.clone(), everything));

        let nothing = settings(&PolicyConfig::default());
        assert!(Policy::from_toml(&to_toml(&nothing)).expect("the file is valid").denies_all());
        assert_eq!(
            (to_rust(&nothing).as_str(), to_json(&nothing).as_str()),
            ("let policy = Policy::deny_all();\n", "{}\n")
        );
    }
}
