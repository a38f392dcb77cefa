//! A configuration of any text: an error names a value that stands in it, and the line where it stands; what is accepted is the
//! same policy after it was written and read again, as TOML and as JSON.

#![no_main]

use fetch_cors::{InvalidPolicy, Policy, PolicyConfig, Setting, TomlError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let read = toml::from_str::<PolicyConfig>(text);
    match (Policy::from_toml(text), &read) {
        (Ok(policy), Ok(config)) => accepted(&policy, config),
        (Err(TomlError::Invalid(invalid)), Ok(config)) => refused(&invalid, config, Some(text)),
        (Err(error @ TomlError::Syntax { line, .. }), read) => {
            assert!(read.is_err(), "{error}: {read:?}");
            assert!(line.is_none_or(|line| (1..=text.split('\n').count()).contains(&line)), "{error}");
            one_line(&error.to_string());
        }
        (read, config) => panic!("{read:?}, {config:?}"),
    }
    for table in ["cors", "server.cors", ""] {
        match Policy::from_toml_at(text, table) {
            Ok(policy) => {
                let config = policy.to_config();
                accepted(&policy, &config);
            }
            Err(TomlError::Invalid(invalid)) => assert!(!invalid.problems().is_empty()),
            Err(error) => one_line(&error.to_string()),
        }
    }
    match serde_json::from_str::<PolicyConfig>(text) {
        Ok(config) => {
            // As a field of another configuration, it is the same.
            let nested = serde_json::from_str::<Policy>(text);
            match Policy::try_from(config.clone()) {
                Ok(policy) => {
                    accepted(&policy, &config);
                    assert_eq!(nested.expect("the same").to_config(), policy.to_config());
                }
                Err(invalid) => {
                    assert!(nested.is_err());
                    refused(&invalid, &config, None);
                }
            }
        }
        Err(error) => one_line(&error.to_string()),
    }
    variables(text);
});

fn one_line(message: &str) {
    assert!(!message.contains(|c: char| c.is_control()), "{message:?}");
}

fn accepted(policy: &Policy, config: &PolicyConfig) {
    let normal = policy.to_config();
    for config in [config, &normal] {
        let text = toml::to_string(config).expect("TOML");
        let again = Policy::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let json = serde_json::to_string(config).expect("JSON");
        let from_json: Policy = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}\n{json}"));
        for again in [again, from_json] {
            assert_eq!(again.to_config(), normal, "{text}");
            assert_eq!(policy.widening(&again), [], "{text}");
            assert_eq!(again.widening(policy), [], "{text}");
        }
    }
    let summary = policy.summary();
    for sentence in summary.sentences().iter().chain(summary.risks()) {
        one_line(sentence);
    }
}

/// Whether a value is named as it was written, but for secrets, which are masked.
fn is_as_written(value: &str, written: &str) -> bool {
    value == written || value.contains("***") && stands_in(value, written)
}

/// Whether a text contains a value: all its parts between the masks, in this order.
fn stands_in(value: &str, text: &str) -> bool {
    let mut rest = text;
    value.split("***").map(str::trim).all(|part| {
        let place = rest.find(part);
        rest = place.map_or(rest, |place| &rest[place + part.len()..]);
        place.is_some()
    })
}

fn refused(invalid: &InvalidPolicy, config: &PolicyConfig, text: Option<&str>) {
    assert!(!invalid.problems().is_empty());
    for line in invalid.to_string().lines() {
        one_line(line);
    }
    for problem in invalid.problems() {
        let list = match problem.setting() {
            Setting::AllowOrigins => Some(&config.allow_origins),
            Setting::DangerAllowOrigins => Some(&config.danger_allow_origins),
            Setting::AllowMethods => Some(&config.allow_methods),
            Setting::AllowHeaders => Some(&config.allow_headers),
            Setting::ExposeHeaders => Some(&config.expose_headers),
            _ => None,
        };
        if let (Some(list), Some(index)) = (list, problem.index()) {
            let written = list.get(index).unwrap_or_else(|| panic!("{index}: {invalid}"));
            assert!(is_as_written(problem.value(), written), "{written:?}: {invalid}");
        }
        let Some(text) = text else { continue };
        let line = problem.line().unwrap_or_else(|| panic!("without a line: {invalid}"));
        let shown = text.split('\n').nth(line - 1).unwrap_or_else(|| panic!("line {line}: {invalid}"));
        // Strings of several lines, and escapes, hide the value.
        let is_plain = !text.contains("\"\"\"") && !text.contains("'''") && !text.contains(['\\', '\r', '@']);
        if is_plain && problem.index().is_some() {
            assert!(stands_in(problem.value(), shown), "{shown:?}: {invalid}");
        }
    }
}

/// The same text as an environment variable.
fn variables(text: &str) {
    let builders = [
        Policy::builder().allow_origins_from(text),
        Policy::builder().allow_methods_from(text),
        Policy::builder().allow_headers_from(text),
        Policy::builder().expose_headers_from(text),
    ];
    for builder in builders {
        match builder.build() {
            Ok(policy) => accepted(&policy, &policy.to_config()),
            Err(invalid) => {
                for problem in invalid.problems() {
                    let value = problem.value();
                    assert!(value.is_empty() || stands_in(value, text), "{value:?} {text:?}");
                }
            }
        }
    }
}
