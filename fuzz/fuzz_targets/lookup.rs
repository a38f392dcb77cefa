//! Look-ups among many origins and patterns find what a linear list finds, also after folding entries into patterns that cover
//! them.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use cors_vectors::theorem::network::Incoming;
use fetch_cors::{Policy, PolicyConfig, server::decide};
use fuzz::{
    config::valid,
    naive,
    origins::{Entry, Instance},
    vector::{self, vector},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    entries: Vec<Entry>,
    /// Numbered origins, so that tables grow.
    crowd: u16,
    origins: Vec<Instance>,
}

fuzz_target!(|data: &[u8]| {
    if let Some(vector) = vector(data) {
        let origins = vector::incoming(&vector).headers.into_iter().map(|(_, value)| value).collect();
        check(vector::policy(&vector), |_| origins);
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        any_crowd(&input);
    }
});

fn any_crowd(input: &Input) {
    let mut config = PolicyConfig::default();
    config.allow_origins =
        input.entries.iter().filter(|entry| !matches!(entry, Entry::Any)).map(Entry::text).collect();
    config
        .allow_origins
        .extend((0..input.crowd % 100).map(|number| format!("https://host-{number}.example")));
    check(config, |entries| input.origins.iter().take(24).map(|instance| instance.of(entries)).collect());
}

fn check(config: PolicyConfig, origins: impl FnOnce(&[String]) -> Vec<Vec<u8>>) {
    let (config, policy) = valid(config);
    let normal = policy.to_config();
    let again = Policy::try_from(normal.clone()).expect("what was valid stays valid");
    assert_eq!(again.to_config(), normal);
    let entries = [config.allow_origins.as_slice(), &config.danger_allow_origins].concat();
    let numbered = (0..16).map(|step| format!("https://host-{}.example", step * 23).into_bytes());
    // Each exact entry must be found, too; the last ones are those of a grown table.
    let listed = entries.iter().rev().take(24).map(|entry| entry.clone().into_bytes());
    for value in origins(&entries).into_iter().chain(numbered).chain(listed) {
        let expected = naive::lists(&config, &value);
        let shown = String::from_utf8_lossy(&value).into_owned();
        let headers = vec![("origin".to_owned(), value.clone())];
        let request = Incoming { method: "GET".to_owned(), headers };
        assert_eq!(decide(&policy, &request).is_allowed(), expected, "{config:?} {shown:?}");
        assert_eq!(naive::lists(&normal, &value), expected, "{config:?} {shown:?}");
        assert_eq!(decide(&again, &request).is_allowed(), expected, "{config:?} {shown:?}");
    }
}
