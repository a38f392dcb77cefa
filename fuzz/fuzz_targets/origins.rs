//! Origins and patterns: what is accepted is read back as it was written and is what the browser's end and the crate `url`
//! would serialize; a suggestion is valid; a pattern matches what a naive matcher says, for origins and for any bytes.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use cors_vectors::theorem::network::Incoming;
use fetch_cors::{
    Origin, Policy, PolicyConfig,
    browser::{PageOrigin, Url},
    server::{Decision, candidate, decide},
};
use fuzz::{
    naive,
    origins::{Entry, Instance},
    vector::{self, vector},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    entry: Entry,
    origins: Vec<Instance>,
}

fuzz_target!(|data: &[u8]| {
    if let Some(vector) = vector(data) {
        let origins: Vec<Vec<u8>> =
            vector::incoming(&vector).headers.into_iter().map(|(_, value)| value).collect();
        for text in vector::policy(&vector).allow_origins {
            check(&text, &origins);
        }
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        let text = input.entry.text();
        let origins: Vec<Vec<u8>> =
            input.origins.iter().take(8).map(|instance| instance.of(std::slice::from_ref(&text))).collect();
        check(&text, &origins);
    }
});

fn check(text: &str, origins: &[Vec<u8>]) {
    origin(text);
    let Some((config, policy)) = entry(text) else { return };
    for value in origins {
        matches(&config, &policy, value);
        if let Ok(value) = str::from_utf8(value) {
            origin(value);
        }
    }
}

/// An origin that is accepted is what a browser serializes.
fn origin(text: &str) {
    match text.parse::<Origin>() {
        Ok(origin) => {
            assert_eq!(origin.as_str(), text);
            assert_eq!(origin.to_string(), text);
            let port = origin.port().map_or(String::new(), |port| format!(":{port}"));
            assert_eq!(format!("{}://{}{port}", origin.scheme(), origin.host()), text);
            let json = serde_json::to_string(&origin).expect("JSON");
            assert_eq!(serde_json::from_str::<Origin>(&json).expect("an origin"), origin);
            if matches!(origin.scheme(), "http" | "https") {
                let Some(url) = url(text) else { return };
                assert_eq!(url.origin().ascii_serialization(), text);
                assert_eq!(Origin::of_url(&format!("{text}/a?b#c")), Ok(origin));
                assert_eq!(PageOrigin::of(text).map(|page| page.to_string()).as_deref(), Some(text));
            }
        }
        Err(invalid) => {
            assert!(!invalid.to_string().contains(|c: char| c.is_control()), "{invalid}");
            if let Some(suggestion) = invalid.suggestion() {
                assert!(suggestion.parse::<Origin>().is_ok(), "{invalid}");
            }
        }
    }
    if let Ok(origin) = Origin::of_url(text)
        && matches!(origin.scheme(), "http" | "https")
    {
        let Some(url) = url(text) else { return };
        assert_eq!(url.origin().ascii_serialization(), origin.as_str(), "{text}");
    }
}

/// The URL; none if only its Punycode is not valid. The server's end has no table of all characters, so it accepts names that no
/// browser sends (`policy/idn.rs`).
fn url(text: &str) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) => Some(url),
        Err(_) if text.to_ascii_lowercase().contains("xn--") => None,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// An entry that is accepted is read back; what is suggested in the place of another is accepted.
fn entry(text: &str) -> Option<(PolicyConfig, Policy)> {
    let of = |entry: &str, opted_in: bool, credentials: bool| {
        let mut config = PolicyConfig::default();
        let list = if opted_in { &mut config.danger_allow_origins } else { &mut config.allow_origins };
        list.push(entry.to_owned());
        config.allow_credentials = credentials;
        Policy::try_from(config.clone()).map(|policy| (config, policy))
    };
    let mut last = None;
    for (opted_in, credentials) in [(true, true), (true, false), (false, true), (false, false)] {
        match of(text, opted_in, credentials) {
            Ok((config, policy)) => {
                assert_eq!(policy.to_config(), config, "one entry is normal already");
                last = Some((config, policy));
            }
            Err(invalid) => {
                assert!(!invalid.to_string().contains(|c: char| c.is_control() && c != '\n'), "{invalid}");
                for problem in invalid.problems() {
                    assert!(problem.suggestion().is_none() || !problem.suggestions().is_empty(), "{invalid}");
                    for suggestion in problem.suggestions() {
                        let is_valid = [(false, credentials), (true, credentials)]
                            .iter()
                            .any(|(opted_in, credentials)| of(suggestion, *opted_in, *credentials).is_ok());
                        assert!(is_valid, "{suggestion:?} is suggested: {invalid}");
                    }
                }
            }
        }
    }
    last
}

fn matches(config: &PolicyConfig, policy: &Policy, value: &[u8]) {
    let expected = naive::lists(config, value);
    let headers = vec![("origin".to_owned(), value.to_vec())];
    let decision = decide(policy, &Incoming { method: "GET".to_owned(), headers });
    assert_eq!(decision.is_allowed(), expected, "{config:?} {:?}", String::from_utf8_lossy(value));
    if let Some(origin) = str::from_utf8(value).ok().and_then(|text| text.parse::<Origin>().ok()) {
        assert_eq!(policy.allows(&origin), expected, "{config:?} {origin}");
        assert!(candidate(policy, value).is_none_or(|candidate| !expected && candidate == origin));
    } else {
        assert!(decision == Decision::AnyOrigin || candidate(policy, value).is_none());
    }
}
