//! What a policy means in words, and how two policies differ; differences are checked against all origins of a small world.

use fetch_cors::{Origin, Policy, PolicyBuilder, Widening};
use proptest::prelude::*;

fn policy(origins: &[&str]) -> Policy {
    builder(origins).build().unwrap()
}

fn builder(origins: &[&str]) -> PolicyBuilder {
    Policy::builder().allow_origins(origins.iter().copied())
}

fn widened_origin(before: &Policy, after: &Policy) -> Option<String> {
    before.widening(after).into_iter().find_map(|widening| match widening {
        Widening::Origin { origin } => Some(origin),
        _ => None,
    })
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn origins_that_widen() {
    for (name, before, after, witness) in [
        ("the same", &["https://a.example"][..], &["https://a.example"][..], None),
        ("nothing after", &["https://a.example"], &[], None),
        ("nothing before", &[], &["https://a.example"], Some("https://a.example")),
        (
            "one more",
            &["https://a.example"],
            &["https://a.example", "https://b.example"],
            Some("https://b.example"),
        ),
        ("one less", &["https://a.example", "https://b.example"], &["https://b.example"], None),
        (
            "any origin covers all",
            &["*"],
            &["https://a.example", "http://*.b.example:*", "tauri://localhost"],
            None,
        ),
        ("any origin", &["https://a.example"], &["*"], Some("https://evil.example")),
        (
            "any origin, though the first guess is covered",
            &["https://evil.example"],
            &["*"],
            Some("https://host-0"),
        ),
        (
            "any origin, though more guesses are",
            &["https://*.example", "https://host-0", "https://host-1:*"],
            &["*"],
            Some("https://host-2"),
        ),
        ("an origin of a pattern", &["https://*.a.example"], &["https://x.a.example"], None),
        (
            "a pattern for an origin",
            &["https://evil.a.example"],
            &["https://*.a.example"],
            Some("https://www.a.example"),
        ),
        (
            "a pattern for its usual labels",
            &["https://evil.a.example", "https://www.a.example"],
            &["https://*.a.example"],
            Some("https://a.a.example"),
        ),
        ("a narrower pattern", &["https://*.a.example"], &["https://*.b.a.example"], None),
        (
            "a wider pattern",
            &["https://*.b.a.example"],
            &["https://*.a.example"],
            Some("https://evil.a.example"),
        ),
        (
            "another scheme",
            &["https://*.a.example:*"],
            &["http://*.a.example"],
            Some("http://evil.a.example"),
        ),
        (
            "any port",
            &["https://*.a.example"],
            &["https://*.a.example:*"],
            Some("https://evil.a.example:8443"),
        ),
        (
            "any port, though one is covered",
            &["https://*.a.example", "https://*.a.example:8443"],
            &["https://*.a.example:*"],
            Some("https://evil.a.example:8080"),
        ),
        (
            "any port except the default",
            &["https://a.example"],
            &["https://a.example:*"],
            Some("https://a.example:8443"),
        ),
        ("any port of one host of a pattern", &["https://*.a.example:*"], &["https://b.a.example:*"], None),
        (
            "any port of one host of a pattern with one",
            &["https://*.a.example:1"],
            &["https://b.a.example:*"],
            Some("https://b.a.example"),
        ),
        ("the apex", &["https://*.a.example:*"], &["https://a.example"], Some("https://a.example")),
        (
            "a narrower pattern inside a label",
            &["https://pr-*.a.example"],
            &["https://pr-a*-b.a.example"],
            None,
        ),
        (
            "a wider pattern inside a label",
            &["https://pr-a*-b.a.example"],
            &["https://pr-*.a.example"],
            Some("https://pr-evil.a.example"),
        ),
        (
            "an underscore, which the * doesn't match",
            &["https://a*.a.example"],
            &["https://a_*.a.example"],
            Some("https://a_evil.a.example"),
        ),
        (
            "a pattern for whole labels",
            &["https://*.a.example"],
            &["https://a_*.a.example", "https://xn--tda*.a.example"],
            None,
        ),
        (
            "all subdomains",
            &["https://a*.a.example"],
            &["https://*.a.example"],
            Some("https://evil.a.example"),
        ),
        (
            "a label, though the first guesses are covered, and the other scheme covers all of them",
            &[
                "https://pr-e*.a.example",
                "https://pr-w*.a.example",
                "http://pr-*.a.example",
                "https://pr-*.a.example:8443",
                "https://pr-*.b.example",
            ],
            &["https://pr-*.a.example"],
            Some("https://pr-a.a.example"),
        ),
        ("a smaller subnet", &["http://10.*.*.*:*"], &["http://10.1.*.*:8080", "http://10.1.2.3:*"], None),
        ("a larger subnet", &["http://10.0.*.*"], &["http://10.*.*.*"], Some("http://10.1.0.0")),
        ("a local file", &["https://a.example"], &["file://"], Some("file://")),
        (
            "the apex on any port",
            &["https://*.a.example:*"],
            &["https://a.example:*"],
            Some("https://a.example"),
        ),
    ] {
        assert_eq!(widened_origin(&policy(before), &policy(after)).as_deref(), witness, "{name}");
    }
}

#[test]
fn extensions_that_widen() {
    let policy = |schemes: &[&str]| {
        let entries = schemes.iter().map(|scheme| format!("{scheme}-extension://*"));
        Policy::builder().danger_allow_origins(entries).build().expect("a valid policy")
    };
    for (before, after, scheme) in [
        (&["moz"][..], &["moz"][..], None),
        (&["moz", "chrome"], &["chrome"], None),
        (&["chrome"], &["moz"], Some("moz")),
        (&["moz"], &["moz", "chrome"], Some("chrome")),
    ] {
        let witness = widened_origin(&policy(before), &policy(after));
        let found = witness.as_deref().and_then(|origin| origin.split_once("-extension://"));
        assert_eq!(found.map(|(scheme, _)| scheme), scheme, "{before:?}, {after:?}");
    }
}

/// A list of every port of a host covers `:*`; if one port is missing, it does not.
#[test]
fn a_union_may_cover_a_pattern() {
    let mut ports: Vec<String> =
        (1..=65535).filter(|&port| port != 80).map(|port| format!("http://localhost:{port}")).collect();
    ports.push("http://localhost".to_owned());
    let after = policy(&["http://localhost:*"]);
    let before = Policy::builder().allow_origins(ports.iter().map(String::as_str)).build().unwrap();
    assert_eq!(before.widening(&after), []);
    ports.remove(54_320);
    let before = Policy::builder().allow_origins(ports).build().unwrap();
    assert_eq!(widened_origin(&before, &after).as_deref(), Some("http://localhost:54322"));
}

/// If the base is so long that a label has only one byte, all subdomains can be listed.
#[test]
fn a_union_may_cover_all_subdomains_of_a_long_base() {
    let base = ["a".repeat(62), "b".repeat(62), "c".repeat(62), "d".repeat(62)].join(".");
    assert_eq!(base.len(), 251);
    let labels = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut all: Vec<String> = labels.chars().map(|label| format!("https://{label}.{base}")).collect();
    let after = policy(&[&format!("https://*.{base}")]);
    let before = Policy::builder().allow_origins(all.iter().map(String::as_str)).build().unwrap();
    assert_eq!(before.widening(&after), []);
    all.remove(20);
    let before = Policy::builder().allow_origins(all).build().unwrap();
    assert_eq!(widened_origin(&before, &after), Some(format!("https://u.{base}")));
}

/// If every host that has room is listed, each on any port, there is nothing to find, and the search must still end.
#[test]
fn a_search_among_many_hosts_and_ports_ends() {
    let base = ["a".repeat(62), "b".repeat(62), "c".repeat(62), "d".repeat(61)].join(".");
    assert_eq!(base.len(), 250);
    let labels: Vec<char> = "abcdefghijklmnopqrstuvwxyz0123456789-_".chars().collect();
    let two = labels.iter().flat_map(|a| labels.iter().map(move |b| format!("{a}{b}")));
    let hosts = labels.iter().map(ToString::to_string).chain(two);
    let all = hosts.map(|label| format!("https://{label}.{base}:*"));
    let after = policy(&[&format!("https://*.{base}:*")]);
    let before = Policy::builder().allow_origins(all).build().unwrap();
    assert_eq!(before.widening(&after), []);
}

/// With room for three bytes, two labels with a dot between them fit too.
#[test]
fn several_labels_are_found_where_single_ones_are_covered() {
    let base = ["a".repeat(62), "b".repeat(62), "c".repeat(62), "d".repeat(60)].join(".");
    assert_eq!(base.len(), 249);
    let labels: Vec<char> = "abcdefghijklmnopqrstuvwxyz0123456789-_".chars().collect();
    let mut all = Vec::new();
    for &a in &labels {
        all.push(format!("https://{a}.{base}"));
        for &b in &labels {
            all.push(format!("https://{a}{b}.{base}"));
            all.extend(labels.iter().map(|c| format!("https://{a}{b}{c}.{base}")));
        }
    }
    let after = policy(&[&format!("https://*.{base}")]);
    let before = Policy::builder().allow_origins(all).build().unwrap();
    assert_eq!(widened_origin(&before, &after), Some(format!("https://a.a.{base}")));
}

#[test]
fn names_and_credentials_that_widen() {
    let a = || builder(&["https://a.example"]);
    let origin = || "https://a.example".to_owned();
    let method = |method: &str| Widening::Method { origin: origin(), method: method.to_owned() };
    let header = |name: &str| Widening::Header { origin: origin(), name: name.to_owned() };
    let exposed = |name: &str| Widening::ExposedHeader { origin: origin(), name: name.to_owned() };
    for (name, before, after, expected) in [
        ("a method", a(), a().allow_methods(["PUT"]), vec![method("PUT")]),
        ("a safelisted method", a(), a().allow_methods(["GET", "HEAD", "POST"]), vec![]),
        (
            "one method more",
            a().allow_methods(["PUT"]),
            a().allow_methods(["PUT", "LOCK"]),
            vec![method("LOCK")],
        ),
        ("any method", a().allow_methods(["PUT"]), a().allow_methods(["*"]), vec![method("DELETE")]),
        (
            "any method, though the usual ones are listed",
            a().allow_methods(["PUT", "DELETE", "PATCH", "x-0"]),
            a().allow_methods(["*"]),
            vec![method("x-1")],
        ),
        ("fewer methods", a().allow_methods(["*"]), a().allow_methods(["PUT"]), vec![]),
        ("a header", a(), a().allow_headers(["x-a"]), vec![header("x-a")]),
        ("any header", a(), a().allow_headers(["*"]), vec![header("authorization")]),
        (
            "any header, though the usual ones are listed",
            a().allow_headers(["authorization", "content-type"]),
            a().allow_headers(["*"]),
            vec![header("x-0")],
        ),
        ("fewer headers", a().allow_headers(["*"]), a().allow_headers(["x-a"]), vec![]),
        ("an exposed header", a(), a().expose_headers(["x-a"]), vec![exposed("x-a")]),
        ("a safelisted response header", a(), a().expose_headers(["content-type", "cache-control"]), vec![]),
        (
            "any exposed header",
            a().expose_headers(["etag"]),
            a().expose_headers(["*"]),
            vec![exposed("location")],
        ),
        ("credentials", a(), a().allow_credentials(), vec![Widening::Credentials { origin: origin() }]),
        ("no credentials any more", a().allow_credentials(), a(), vec![]),
        ("max-age is not compared", a(), a().max_age(std::time::Duration::from_secs(600)), vec![]),
        (
            "everything, to no origin",
            a(),
            Policy::builder().allow_methods(["*"]).allow_headers(["*"]).allow_credentials(),
            vec![],
        ),
        (
            "to a pattern",
            builder(&["https://*.b.example"]),
            builder(&["https://*.b.example"]).allow_credentials(),
            vec![Widening::Credentials { origin: "https://evil.b.example".to_owned() }],
        ),
        (
            "to any origin",
            builder(&["*"]),
            builder(&["*"]).allow_methods(["PUT"]),
            vec![Widening::Method { origin: "https://evil.example".to_owned(), method: "PUT".to_owned() }],
        ),
    ] {
        assert_eq!(before.build().unwrap().widening(&after.build().unwrap()), expected, "{name}");
    }
    // If a policy allows no origin, the methods that it lists are allowed to no one.
    let to_nobody =
        Policy::builder().allow_methods(["*"]).allow_headers(["*"]).allow_credentials().build().unwrap();
    let nothing = Policy::deny_all();
    let full = a()
        .allow_methods(["PUT"])
        .allow_headers(["x-a"])
        .expose_headers(["x-b"])
        .allow_credentials()
        .build()
        .unwrap();
    let said: Vec<String> = nothing.widening(&full).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "it allows the origin https://a.example",
            "it allows the method PUT, e.g. to https://a.example",
            "it allows the request header x-a, e.g. to https://a.example",
            "it exposes the response header x-b, e.g. to https://a.example",
            "it allows credentials, e.g. to https://a.example",
        ]
    );
    assert_eq!(to_nobody.widening(&full), nothing.widening(&full));
    assert_eq!(full.widening(&nothing), []);
    assert_eq!(nothing.widening(&nothing), []);
    assert_eq!(Policy::any_origin().widening(&Policy::any_origin()), []);
}

/// Scripts can read them whether they are exposed or not.
/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
#[test]
fn each_safelisted_response_header_widens_nothing() {
    let before = policy(&["https://a.example"]);
    for name in [
        "Cache-Control",
        "Content-Language",
        "Content-Length",
        "Content-Type",
        "Expires",
        "Last-Modified",
        "Pragma",
    ] {
        let after = builder(&["https://a.example"]).expose_headers([name]).build().unwrap();
        assert_eq!(before.widening(&after), [], "{name}");
    }
}

/// Entries over a world so small that what matters of it can be listed: patterns of all kinds, and origins that they match.
fn an_entry() -> impl Strategy<Value = String> {
    let labels = || prop::collection::vec(prop::sample::select(vec!["a", "b"]), 1..4);
    let port = || prop::sample::select(vec!["", ":1", ":*"]);
    let host = (prop::sample::select(vec!["", "*."]), labels(), port())
        .prop_map(|(subdomains, labels, port)| format!("https://{subdomains}{}{port}", labels.join(".")));
    let piece = || prop::sample::select(vec!["", "a", "b", "aa", "ab", "_", "x", "xn--", "-", "xn--tda"]);
    let parent = prop::sample::select(vec!["a.b", "b.b", "a.a.b"]);
    let in_label = (piece(), piece(), parent, port()).prop_map(|(prefix, suffix, parent, port)| {
        let star = if prefix.is_empty() && suffix.is_empty() { "*." } else { "*" };
        let dot = if star == "*" { "." } else { "" };
        format!("https://{prefix}{star}{suffix}{dot}{parent}{port}")
    });
    let octet = || prop::sample::select(vec!["0", "1", "255"]);
    let subnet = (octet(), octet(), 0..4_usize, port()).prop_map(|(third, fourth, stars, port)| {
        let octets = ["10", "0", third, fourth];
        let octets: Vec<&str> =
            (0..4).map(|place| if place + stars >= 4 { "*" } else { octets[place] }).collect();
        format!("https://{}{port}", octets.join("."))
    });
    let others = prop::sample::select(vec![
        "file://",
        "moz-extension://*",
        "moz-extension://00000000-0000-4000-8000-000000000000",
        "chrome-extension://*",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "vscode-webview://*",
        "com.a.b://b",
    ]);
    let label = prop::sample::select(vec!["evil", "aevil", "aa", "aaa", "ab", "aab", "a-", "xn--tda"]);
    let exact = (label, prop::sample::select(vec!["a.b", "b.b"]))
        .prop_map(|(label, parent)| format!("https://{label}.{parent}"));
    prop_oneof![4 => host, 8 => in_label, 4 => subnet, 1 => others.prop_map(ToOwned::to_owned), 2 => exact]
}

fn entries() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(an_entry(), 0..6)
}

/// Without credentials, only wildcards for extensions need an opt-in. Patterns that can't match anything are left out.
fn of_entries(entries: Vec<String>) -> Policy {
    let (danger, others): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.contains("://*") && !entry.starts_with("https"));
    let is_valid = |entry: &String| builder(&[entry]).build().is_ok();
    Policy::builder()
        .allow_origins(others.into_iter().filter(is_valid))
        .danger_allow_origins(danger)
        .build()
        .unwrap()
}

fn world() -> Vec<Origin> {
    let mut hosts: Vec<String> = Vec::new();
    let mut parents = vec![String::new()];
    for _ in 0..4 {
        parents = parents
            .iter()
            .flat_map(|parent| ["a", "b", "evil"].map(|label| format!("{label}.{parent}")))
            .collect();
        hosts.extend(parents.iter().map(|host| host.trim_end_matches('.').to_owned()));
    }
    let bytes = ["a", "b", "x", "n", "-", "_", "aa", "evil", "xn--tda", "xn--wgv71a"];
    for one in bytes {
        for two in bytes {
            for three in ["", "a", "b", "_"] {
                hosts.extend(["a.b", "b.b", "a.a.b"].map(|parent| format!("{one}{two}{three}.{parent}")));
            }
        }
    }
    for second in [0, 1, 255] {
        for third in [0, 1, 2, 255] {
            hosts.extend([0, 1, 7, 255].map(|fourth| format!("10.{second}.{third}.{fourth}")));
        }
    }
    let web = hosts.iter().flat_map(|host| ["", ":1", ":8443"].map(|port| format!("https://{host}{port}")));
    let others = [
        "file://",
        "moz-extension://00000000-0000-4000-8000-000000000000",
        "moz-extension://10000000-0000-4000-8000-000000000000",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "chrome-extension://paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "vscode-webview://x",
        "com.a.b://b",
    ];
    // Labels such as `xn--a` are ones that no browser sends.
    web.chain(others.map(ToOwned::to_owned)).filter_map(|origin| origin.parse().ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn widening_is_exact(before in entries(), after in entries()) {
        let (before, after) = (of_entries(before), of_entries(after));
        match widened_origin(&before, &after) {
            Some(witness) => {
                let witness: Origin = witness.parse().unwrap();
                prop_assert!(after.allows(&witness) && !before.allows(&witness), "{}", witness);
            }
            None => WORLD.with(|world| {
                for origin in world {
                    prop_assert!(before.allows(origin) || !after.allows(origin), "{}", origin);
                }
                Ok(())
            })?,
        }
    }

    /// A summary leaves out nobody and adds nobody: read back, its first sentence is the same policy.
    #[test]
    fn a_summary_says_who(entries in entries()) {
        let policy = of_entries(entries);
        let summary = policy.summary();
        let again = of_entries(read_back(&summary.sentences()[0]));
        prop_assert_eq!(policy.widening(&again), [], "{}", summary);
        prop_assert_eq!(again.widening(&policy), [], "{}", summary);
        WORLD.with(|world| {
            for origin in world {
                prop_assert_eq!(policy.allows(origin), again.allows(origin), "{}: {}", origin, summary);
            }
            Ok(())
        })?;
    }

    /// Folding entries into patterns that cover them changes nothing.
    #[test]
    fn a_normalized_policy_allows_the_same(entries in entries()) {
        let policy = of_entries(entries.clone());
        let alone: Vec<Policy> = entries.into_iter().map(|entry| of_entries(vec![entry])).collect();
        let again = Policy::try_from(policy.to_config()).unwrap();
        prop_assert_eq!(again.to_config(), policy.to_config());
        prop_assert_eq!(again.widening(&policy), []);
        prop_assert_eq!(policy.widening(&again), []);
        WORLD.with(|world| {
            for origin in world {
                let expected = alone.iter().any(|policy| policy.allows(origin));
                prop_assert_eq!(policy.allows(origin), expected, "{}", origin);
            }
            Ok(())
        })?;
    }
}

/// Chance seldom finds two patterns of which one nearly covers the other, so all pairs of short ones are tried.
#[test]
fn widening_is_exact_for_each_pair_inside_a_label() {
    const PIECES: [&str; 8] = ["", "a", "ab", "_", "a_", "_a", "xn--", "-"];
    let patterns: Vec<(Policy, Vec<Origin>)> = PIECES
        .iter()
        .flat_map(|prefix| PIECES.map(|suffix| format!("https://{prefix}*{suffix}.a.b")))
        .filter_map(|pattern| {
            let policy = builder(&[&pattern]).build().ok()?;
            let matched: Vec<Origin> =
                WORLD.with(|world| world.iter().filter(|origin| policy.allows(origin)).cloned().collect());
            Some((policy, matched))
        })
        .collect();
    assert!(patterns.len() > 40, "{}", patterns.len());
    for (before, _) in &patterns {
        for (after, matched) in &patterns {
            if let Some(witness) = widened_origin(before, after) {
                let witness: Origin = witness.parse().unwrap();
                let is_new = after.allows(&witness) && !before.allows(&witness);
                assert!(is_new, "{before:?} {after:?}: {witness}");
            } else {
                let new = matched.iter().find(|origin| !before.allows(origin));
                assert_eq!(new, None, "{before:?} {after:?}");
            }
        }
    }
}

/// The entries that a summary describes.
fn read_back(sentence: &str) -> Vec<String> {
    let Some((who, _)) = sentence.strip_prefix("Pages of ").and_then(|rest| rest.split_once(" may read"))
    else {
        return Vec::new();
    };
    let entry = |described: &str| {
        let Some((who, rest)) = described.split_once(" over ") else {
            let extension = described.strip_prefix("any ").map(|scheme| format!("{scheme}://*"));
            return extension.unwrap_or_else(|| described.to_owned());
        };
        let (scheme, port) = rest.split_once(" on ").unwrap_or((rest, ""));
        let port = match port {
            "" => String::new(),
            "any port" => ":*".to_owned(),
            number => format!(":{}", number.trim_start_matches("port ")),
        };
        let host = who.strip_prefix("any host like ").or_else(|| who.strip_prefix("any address "));
        let host = host.unwrap_or(who).replace("any subdomain of ", "*.");
        format!("{scheme}://{host}{port}")
    };
    who.split(", ").map(entry).collect()
}

thread_local! {
    static WORLD: Vec<Origin> = world();
}

/// A pattern that doesn't say that it is in Punycode matches no label that is.
#[test]
fn a_pattern_in_punycode_is_covered_by_its_like_alone() {
    let after = policy(&["https://xn--tda*.a.example"]);
    assert_eq!(policy(&["https://xn--*.a.example"]).widening(&after), []);
    let witness: Origin =
        widened_origin(&policy(&["https://x*.a.example"]), &after).unwrap().parse().unwrap();
    assert!(after.allows(&witness));
}

/// Patterns inside a label may cover another one together, if single labels fill the gaps.
#[test]
fn a_union_may_cover_a_pattern_inside_a_label() {
    let bytes = "abcdefghijklmnopqrstuvwxyz0123456789-";
    let one_more = bytes.chars().map(|byte| format!("https://pr-{byte}*.a.example"));
    let exact = bytes.chars().map(|byte| format!("https://pr-{byte}.a.example"));
    let mut all: Vec<String> = one_more.chain(exact).collect();
    let after = policy(&["https://pr-*.a.example"]);
    let covers = |entries: &[String]| {
        let before = Policy::builder().allow_origins(entries).build().unwrap();
        widened_origin(&before, &after)
    };
    assert_eq!(covers(&all), None);
    let exact = all.pop().unwrap();
    assert_eq!(covers(&all).as_deref(), Some(exact.as_str()));
    all.push(exact);
    let removed = all.remove(3);
    assert_eq!(removed, "https://pr-d*.a.example");
    assert_eq!(covers(&all).as_deref(), Some("https://pr-da.a.example"));
    // By suffixes, too, and where the label has no room for more.
    let prefix = "p".repeat(60);
    let after = policy(&[&format!("https://{prefix}*.a.example")]);
    let mut all: Vec<String> =
        bytes.chars().map(|byte| format!("https://{prefix}*{byte}.a.example")).collect();
    all.extend(bytes.chars().map(|byte| format!("https://{prefix}{byte}.a.example")));
    let covers = |entries: &[String]| {
        let before = Policy::builder().allow_origins(entries).build().unwrap();
        widened_origin(&before, &after)
    };
    assert_eq!(covers(&all), None);
    let removed = all.remove(1);
    assert_eq!(covers(&all), Some(removed.replace('*', "a")));
}

/// Policies whose lists differ only by the bounds of an echo, or not at all, against what the browser model lets through.
#[test]
fn the_bounds_of_an_echo_widen() {
    let (long_method, long_name) = ("X".repeat(65), "x".repeat(4097));
    let many: Vec<String> = (0..50).map(|number| format!("{}-{number}", "n".repeat(90))).collect();
    let fits: Vec<String> = many[..40].to_vec();
    let a = || builder(&["https://a.example"]);
    let origin = || "https://a.example".to_owned();
    let method = |method: &str| Widening::Method { origin: origin(), method: method.to_owned() };
    let header = |name: &str| Widening::Header { origin: origin(), name: name.to_owned() };
    let names = |names: &[String]| Widening::HeaderNames { origin: origin(), names: names.to_vec() };
    let echo_methods = || a().allow_methods(["*"]).allow_credentials();
    let echo_headers = || a().allow_headers(["*"]).allow_credentials();
    for (name, before, after, expected) in [
        (
            "any method, without credentials",
            echo_methods(),
            a().allow_methods(["*"]),
            vec![method(&long_method)],
        ),
        (
            "any method, with credentials",
            a().allow_methods(["*"]),
            echo_methods(),
            vec![Widening::Credentials { origin: origin() }],
        ),
        ("the same", echo_methods(), echo_methods(), vec![]),
        ("a long method", echo_methods(), a().allow_methods([&long_method]), vec![method(&long_method)]),
        ("a method that is echoed", echo_methods(), a().allow_methods([&long_method[1..]]), vec![]),
        (
            "any header, without credentials",
            echo_headers(),
            a().allow_headers(["*"]),
            vec![header(&long_name)],
        ),
        ("a long name", echo_headers(), a().allow_headers([&long_name]), vec![header(&long_name)]),
        ("many names", echo_headers(), a().allow_headers(&many), vec![names(&many)]),
        ("names that are echoed", echo_headers(), a().allow_headers(&fits), vec![]),
        (
            "many names, with credentials",
            echo_headers(),
            a().allow_headers(&many).allow_credentials(),
            vec![names(&many)],
        ),
        (
            "any header instead of many",
            a().allow_headers(&many),
            echo_headers(),
            vec![header("authorization"), Widening::Credentials { origin: origin() }],
        ),
    ] {
        let (before, after) = (before.build().unwrap(), after.build().unwrap());
        let widenings = before.widening(&after);
        assert_eq!(widenings, expected, "{name}");
        // Each example is a request that a browser sends under the one policy and not under the other.
        for widening in widenings {
            assert!(widening.to_string().len() < 400, "{name}: {widening}");
            let (method, names, credentials) = match widening {
                Widening::Method { method, .. } => (method, vec![], false),
                Widening::Header { name, .. } => ("GET".to_owned(), vec![name], false),
                Widening::HeaderNames { names, .. } => ("GET".to_owned(), names, false),
                Widening::Credentials { .. } => ("GET".to_owned(), vec![], true),
                other => panic!("{name}: {other:?}"),
            };
            assert!(is_let_through(&after, &method, &names, credentials), "{name}");
            assert!(!is_let_through(&before, &method, &names, credentials), "{name}");
        }
    }
}

fn is_let_through(policy: &Policy, method: &str, names: &[String], credentials: bool) -> bool {
    use cors_vectors::theorem::network::{Handler, Incoming, serve};
    use fetch_cors::browser::{Browser, Credentials, Next, PageOrigin, Profile, Request};
    use std::time::Duration;

    let page = PageOrigin::of("https://a.example").unwrap();
    let credentials = if credentials { Credentials::Include } else { Credentials::SameOrigin };
    let request = Request::new(page, method, "https://api.example/").credentials(credentials);
    let request = names.iter().fold(request, |request, name| request.header(name, "1"));
    let mut browser = Browser::new(Profile::STANDARD);
    let handler = Handler { status: 200, headers: Vec::new() };
    let mut next = browser.fetch(request, Duration::ZERO);
    loop {
        match next {
            Next::Done(verdict) => break verdict.is_allowed(),
            Next::Send(exchange) => {
                let response = serve(policy, &handler, &Incoming::of(&exchange)).response();
                next = exchange.receive(&mut browser, &response, Duration::ZERO);
            }
        }
    }
}

#[test]
fn summaries() {
    for (name, policy, expected) in [
        ("nothing", Policy::deny_all(), "No page of another origin may read the server's responses."),
        ("nothing listed", policy(&[]), "No page of another origin may read the server's responses."),
        (
            "any origin",
            Policy::any_origin(),
            "Pages of any origin may read the server's responses, without the user's cookies.\n\
             They may send requests of any method, with any request header.\n\
             They may read only the safelisted response headers.\n\
             Browsers cache preflight responses for 5 seconds, their default.\n\
             Risk: every site on the web can read responses, even those of a server on a private network if someone on that network opens the site",
        ),
        (
            "one origin",
            builder(&["https://a.example"])
                .allow_methods(["PUT", "GET"])
                .allow_headers(["x-a", "x-b"])
                .expose_headers(["etag"])
                .allow_credentials()
                .max_age(std::time::Duration::from_secs(600))
                .build()
                .unwrap(),
            "Pages of https://a.example may read the server's responses, with the user's cookies.\n\
             They may send GET, HEAD, POST, PUT, with the request headers x-a, x-b.\n\
             They may read the response header etag.\n\
             Browsers cache preflight responses for up to 600 seconds.",
        ),
        (
            "wildcards and plain http",
            builder(&[
                "http://a.example",
                "http://localhost:3000",
                "https://*.b.example:8443",
                "http://localhost:*",
                "http://*.c.example",
                "https://d.example:*",
                "http://e.example:*",
            ])
            .expose_headers(["*"])
            .max_age(std::time::Duration::ZERO)
            .build()
            .unwrap(),
            "Pages of http://a.example, any subdomain of b.example over https on port 8443, localhost over http on any port, \
             any subdomain of c.example over http, d.example over https on any port, e.example over http on any port \
             may read the server's responses, without the user's cookies.\n\
             They may send GET, HEAD, POST, with only the safelisted request headers.\n\
             They may read any response header.\n\
             Browsers do not cache preflight responses.\n\
             Risk: anyone on any subdomain of b.example over https on port 8443 can read responses\n\
             Risk: any program on the user's machine that serves a page can read responses\n\
             Risk: anyone on any subdomain of c.example over http can read responses\n\
             Risk: anyone on the network between the user and http://*.c.example can read responses\n\
             Risk: anyone on the network between the user and http://e.example:* can read responses\n\
             Risk: anyone on the network between the user and http://a.example can read responses",
        ),
        (
            "patterns of all kinds",
            Policy::builder()
                .allow_origins([
                    "https://deploy-preview-*--shop.netlify.app",
                    "http://192.168.*.*:5173",
                    "http://127.*.*.*:*",
                    "file://",
                ])
                .danger_allow_origins(["moz-extension://*"])
                .build()
                .unwrap(),
            "Pages of file://, any host like deploy-preview-*--shop.netlify.app over https, any address 192.168.*.* over http on port 5173, \
             any address 127.*.*.* over http on any port, any moz-extension may read the server's responses, without the user's cookies.\n\
             They may send GET, HEAD, POST, with only the safelisted request headers.\n\
             They may read only the safelisted response headers.\n\
             Browsers cache preflight responses for 5 seconds, their default.\n\
             Risk: anyone on any host like deploy-preview-*--shop.netlify.app over https can read responses; if these are previews, anyone who may open a pull request is\n\
             Risk: anyone can register a name under the public suffix netlify.app\n\
             Risk: any device with such an address, 192.168.*.*, can read responses, in every network that the user joins\n\
             Risk: anyone on the network between the user and http://192.168.*.*:5173 can read responses\n\
             Risk: any program on the user's machine that serves a page can read responses\n\
             Risk: any installed moz-extension, even one without permissions, can read responses\n\
             Risk: any local file that is opened in an app which sends this origin can read responses",
        ),
        (
            "opt-ins",
            Policy::builder()
                .danger_allow_origins(["https://*.github.io", "http://a.example:8080"])
                .allow_credentials()
                .build()
                .unwrap(),
            "Pages of http://a.example:8080, any subdomain of github.io over https may read the server's responses, with the user's cookies.\n\
             They may send GET, HEAD, POST, with only the safelisted request headers.\n\
             They may read only the safelisted response headers.\n\
             Browsers cache preflight responses for 5 seconds, their default.\n\
             Risk: anyone on any subdomain of github.io over https can read responses with the user's cookies\n\
             Risk: anyone can register a name under the public suffix github.io\n\
             Risk: anyone on the network between the user and http://a.example:8080 can read responses with the user's cookies",
        ),
    ] {
        let summary = policy.summary();
        assert_eq!(summary.to_string(), expected, "{name}");
        assert_eq!(summary.sentences().len() + summary.risks().len(), expected.lines().count(), "{name}");
    }
}
