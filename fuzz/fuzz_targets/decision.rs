//! The server's decision and the lines of its response are those of the naive definition, for any lines of a request.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use cors_vectors::theorem::network::Incoming;
use fetch_cors::{
    Policy,
    server::{Decision, decide, exposed_names, fields, is_same_origin, refusal},
};
use fuzz::{
    config::{Config, Name, valid},
    naive::{self, Kind},
    origins::Instance,
    vector::{self, vector},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    config: Config,
    method: u8,
    lines: Vec<Line>,
    own: Option<Vec<Name>>,
}

#[derive(Arbitrary, Debug)]
enum Line {
    Origin(Instance),
    Method(Name),
    Headers(Vec<Name>, Separator),
    Raw(u8, Vec<u8>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Separator {
    Comma,
    Padded,
    Empty,
}

const NAMES: [&str; 6] = [
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "host",
    "sec-fetch-site",
    "cookie",
];

fuzz_target!(|data: &[u8]| {
    if let Some(vector) = vector(data) {
        let (_, policy) = valid(vector::policy(&vector));
        let own: Vec<String> = vector::lines(&vector["handler"]["headers"]).map(|(name, _)| name).collect();
        check(&policy, &vector::incoming(&vector), Some(own));
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        any_request(&input);
    }
});

fn any_request(input: &Input) {
    let (_, policy) = input.config.valid();
    let config = policy.to_config();
    let entries = [config.allow_origins.as_slice(), &config.danger_allow_origins].concat();
    let method = ["GET", "OPTIONS", "OPTIONS", "options"][usize::from(input.method % 4)].to_owned();
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in input.lines.iter().take(8) {
        let (name, value) = match line {
            Line::Origin(instance) => (0, instance.of(&entries)),
            Line::Method(name) => (1, name.method().into_bytes()),
            Line::Headers(names, separator) => {
                let separator = match separator {
                    Separator::Comma => ",",
                    Separator::Padded => "\t, ",
                    Separator::Empty => ", ,",
                };
                let names: Vec<String> = names.iter().map(Name::header).collect();
                (2, names.join(separator).into_bytes())
            }
            Line::Raw(name, value) => (usize::from(*name) % NAMES.len(), value.clone()),
        };
        headers.push((NAMES[name].to_owned(), value));
    }
    let own: Option<Vec<String>> =
        input.own.as_ref().map(|own| own.iter().take(40).map(Name::header).collect());
    check(&policy, &Incoming { method, headers }, own);
}

fn check(policy: &Policy, request: &Incoming, own: Option<Vec<String>>) {
    let config = policy.to_config();
    let exposed = own.as_ref().map(|own| exposed_names(own.iter().map(String::as_str)));

    let decision = decide(policy, request);
    let mut written: Vec<_> = fields(policy, request, decision, own.as_deref())
        .into_iter()
        .map(|(name, value)| (name.name(), value))
        .collect();
    written.sort();
    let (kind, expected) = naive::response(&config, request, exposed.as_deref());
    let decided = match decision {
        Decision::AnyOrigin | Decision::Allowed => Kind::Allowed,
        Decision::PreflightGranted { .. } => Kind::Granted,
        Decision::PreflightRefused => Kind::Refused,
        Decision::NotAllowed => Kind::NotAllowed,
        Decision::NoOrigin => Kind::NoOrigin,
    };
    assert_eq!(decided, kind, "{config:?} {:?}", request.headers);
    assert_eq!(written, expected, "{config:?} {:?}", request.headers);

    for (name, value) in &written {
        let is_echoed_origin = *name == "access-control-allow-origin";
        assert!(is_echoed_origin || value.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\t'));
        assert!(
            value.len() <= 8192
                || !name.starts_with("access-control-allow-h")
                || config.allow_headers.len() > 1
        );
    }
    let _ = is_same_origin(request);
    if let Some(refusal) = refusal(policy, request, decision) {
        let said = refusal.to_string();
        assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
        assert!(said.len() < 20_000, "{} bytes", said.len());
    }
    assert!(decision != Decision::PreflightRefused || refusal(policy, request, decision).is_some());
}
