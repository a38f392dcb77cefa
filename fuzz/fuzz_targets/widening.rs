//! `widening` against enumeration: what it names, the other policy allows and this one does not; where it names nothing, nobody in
//! a small world is allowed by the other policy alone.

#![no_main]

use arbitrary::Arbitrary;
use fetch_cors::{Origin, Policy, PolicyConfig, Widening};
use fuzz::{config::valid, naive};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Side {
    entries: Vec<Entry>,
    methods: u8,
    headers: u8,
    exposed: u8,
    credentials: bool,
}

#[derive(Arbitrary, Debug)]
enum Entry {
    Host { scheme: bool, subdomains: bool, labels: u8, port: u8 },
    InLabel { prefix: u8, suffix: u8, parent: u8, port: u8 },
    Address { stars: u8, octets: u8, port: u8 },
    Other(u8),
    Any,
}

const HOSTS: [&str; 16] = [
    "a",
    "b",
    "a.a",
    "a.b",
    "b.a",
    "b.b",
    "a.a.b",
    "b.a.b",
    "aa.a.b",
    "ab.a.b",
    "_a.a.b",
    "a-.a.b",
    "ba.b.b",
    "evil.a.b",
    "www.a.b",
    "xn--tda.a.b",
];
const PREFIXES: [&str; 8] = ["", "a", "b", "aa", "_", "-", "xn--", "xn--t"];
const SUFFIXES: [&str; 8] = ["", "a", "b", "ab", "_", "-", "da", "il"];
const PARENTS: [&str; 4] = ["a.b", "b.b", "a.a.b", "b.a.b"];
const PORTS: [&str; 4] = ["", ":1", ":*", ":8443"];
const OTHERS: [&str; 8] = [
    "file://",
    "moz-extension://*",
    "moz-extension://00000000-0000-4000-8000-000000000000",
    "chrome-extension://*",
    "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "vscode-webview://*",
    "vscode-webview://x",
    "com.a.b://b",
];
const METHODS: [&str; 8] = ["PUT", "DELETE", "PATCH", "*", "GET", "X", "OPTIONS", "x-0"];
const HEADERS: [&str; 8] = ["x-a", "authorization", "content-type", "*", "x-b", "x-0", "accept", "x-1"];
const EXPOSED: [&str; 8] = ["etag", "location", "x-a", "*", "content-type", "x-0", "vary", "x-1"];

fn choose<'a>(choices: &[&'a str], choice: u8) -> &'a str {
    choices[usize::from(choice) % choices.len()]
}

impl Entry {
    fn text(&self) -> String {
        match self {
            Self::Host { scheme, subdomains, labels, port } => {
                let (scheme, star) =
                    (["https", "http"][usize::from(*scheme)], ["", "*."][usize::from(*subdomains)]);
                format!("{scheme}://{star}{}{}", choose(&HOSTS, *labels), choose(&PORTS, *port))
            }
            Self::InLabel { prefix, suffix, parent, port } => {
                let (prefix, suffix) = (choose(&PREFIXES, *prefix), choose(&SUFFIXES, *suffix));
                format!("https://{prefix}*{suffix}.{}{}", choose(&PARENTS, *parent), choose(&PORTS, *port))
            }
            Self::Address { stars, octets, port } => {
                let octet = |place: u8| choose(&["0", "1", "255", "7"], octets >> (2 * place));
                let mut host = ["10", octet(0), octet(1), octet(2)];
                host[4 - usize::from(stars % 4)..].fill("*");
                format!("https://{}{}", host.join("."), choose(&PORTS, *port))
            }
            Self::Other(choice) => choose(&OTHERS, *choice).to_owned(),
            Self::Any => "*".to_owned(),
        }
    }
}

impl Side {
    fn policy(&self) -> (PolicyConfig, Policy) {
        let some = |names: &[&str], chosen: u8| {
            let chosen = names.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            chosen.map(|(_, name)| (*name).to_owned()).collect()
        };
        let mut config = PolicyConfig::default();
        config.allow_origins = self.entries.iter().take(12).map(Entry::text).collect();
        config.allow_methods = some(&METHODS, self.methods);
        config.allow_headers = some(&HEADERS, self.headers);
        config.expose_headers = some(&EXPOSED, self.exposed);
        config.allow_credentials = self.credentials;
        valid(config)
    }
}

std::thread_local! {
    static WORLD: Vec<Origin> = world();
}

fn world() -> Vec<Origin> {
    let mut hosts: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
    hosts.extend(HOSTS.iter().flat_map(|host| ["a", "b", "evil"].map(|label| format!("{label}.{host}"))));
    for prefix in PREFIXES {
        for middle in ["", "a", "t", "0", "-", "aa", "tda", "evil"] {
            for suffix in SUFFIXES {
                let label = format!("{prefix}{middle}{suffix}");
                if !label.is_empty() && !label.starts_with("xn--") || label == "xn--tda" {
                    hosts.extend(PARENTS.map(|parent| format!("{label}.{parent}")));
                }
            }
        }
    }
    for second in ["0", "1", "255", "7", "2"] {
        for third in ["0", "1", "255", "7", "2"] {
            hosts.extend(["0", "1", "255", "7", "2"].map(|fourth| format!("10.{second}.{third}.{fourth}")));
        }
    }
    hosts.sort();
    hosts.dedup();
    let web = hosts
        .iter()
        .flat_map(|host| ["", ":1", ":8443", ":8080"].map(|port| format!("https://{host}{port}")));
    let plain = hosts.iter().filter(|host| host.len() < 6).map(|host| format!("http://{host}"));
    let others = [
        "moz-extension://10000000-0000-4000-8000-000000000000",
        "chrome-extension://paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "vscode-webview://y",
        "tauri://localhost",
    ];
    let named = OTHERS.into_iter().filter(|other| !other.contains('*')).chain(others);
    let all: Vec<String> = web.chain(plain).chain(named.map(ToOwned::to_owned)).collect();
    // Hosts such as `-.a.b` are ones that no browser sends.
    all.into_iter().filter_map(|origin| origin.parse().ok()).collect()
}

fuzz_target!(|sides: (Side, Side)| {
    let ((before_config, before), (after_config, after)) = (sides.0.policy(), sides.1.policy());
    let widenings = before.widening(&after);
    let allows = |policy: &Policy, origin: &str| {
        policy.allows(&origin.parse().unwrap_or_else(|error| panic!("{error}")))
    };
    for (policy, config) in [(&before, &before_config), (&after, &after_config)] {
        assert_eq!(policy.widening(policy), []);
        // Compared with the matcher only now and then, which `lookup` does all the time.
        WORLD.with(|world| {
            for origin in world.iter().step_by(37) {
                assert_eq!(
                    policy.allows(origin),
                    naive::lists(config, origin.as_str().as_bytes()),
                    "{config:?} {origin}"
                );
            }
        });
    }
    let (mut origin, mut method, mut header, mut exposed, mut credentials) =
        (false, false, false, false, false);
    let is_listed = |list: &[String], name: &str| {
        list.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(name))
    };
    let denies = before.denies_all();
    for widening in &widenings {
        match widening {
            Widening::Origin { origin: witness } => {
                origin = true;
                assert!(allows(&after, witness), "{witness}");
                assert!(!allows(&before, witness), "{witness}");
            }
            Widening::Method { origin, method: name } => {
                method = true;
                assert!(allows(&after, origin), "{widening}");
                assert!(is_listed(&after_config.allow_methods, name), "{widening}");
                assert!(
                    denies || !is_listed(&before_config.allow_methods, name) || name.len() > 64,
                    "{widening}"
                );
            }
            Widening::Header { origin, name } => {
                header = true;
                assert!(allows(&after, origin), "{widening}");
                assert!(is_listed(&after_config.allow_headers, name), "{widening}");
                assert!(
                    denies || !is_listed(&before_config.allow_headers, name) || name.len() > 4096,
                    "{widening}"
                );
            }
            Widening::ExposedHeader { origin, name } => {
                exposed = true;
                assert!(allows(&after, origin), "{widening}");
                assert!(is_listed(&after_config.expose_headers, name), "{widening}");
                assert!(denies || !is_listed(&before_config.expose_headers, name), "{widening}");
            }
            Widening::Credentials { origin } => {
                credentials = true;
                assert!(allows(&after, origin) && after.allows_credentials());
                assert!(denies || !before.allows_credentials());
            }
            _ => {}
        }
    }
    if after.denies_all() {
        assert_eq!(widenings, []);
        return;
    }
    if !origin {
        WORLD.with(|world| {
            for witness in world {
                assert!(
                    before.allows(witness) || !after.allows(witness),
                    "{witness} is new in {after_config:?} after {before_config:?}"
                );
            }
        });
    }
    let is_new = |before: &[String], after: &[String], safelisted: &[&str], names: &[&str]| {
        names.iter().any(|name| {
            *name != "*"
                && !safelisted.contains(name)
                && is_listed(after, name)
                && (denies || !is_listed(before, name))
        })
    };
    let (b, a) = (&before_config, &after_config);
    assert!(method || !is_new(&b.allow_methods, &a.allow_methods, &["GET"], &METHODS), "{b:?} {a:?}");
    assert!(header || !is_new(&b.allow_headers, &a.allow_headers, &[], &HEADERS), "{b:?} {a:?}");
    assert!(
        exposed || !is_new(&b.expose_headers, &a.expose_headers, &["content-type"], &EXPOSED),
        "{b:?} {a:?}"
    );
    assert!(credentials || !a.allow_credentials || b.allow_credentials && !denies, "{b:?} {a:?}");
});
