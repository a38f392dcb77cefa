//! Writes the table and compares what is read from it with the crate `psl`.
//!
//! When `psl` has a newer list, the first test here fails; write the table again with
//!
//! ```text
//! UPDATE_SUFFIXES=1 cargo test -p fetch-cors --lib suffixes
//! ```

use std::{
    collections::{BTreeMap, HashSet},
    env, fs,
    path::Path,
    process::Command,
    sync::LazyLock,
};

use proptest::prelude::*;
use psl::Psl as _;

use super::{HEADER, Key, LETTERS, MAX_RULE, PAIR_COUNT, PRIVATE_HEADER, Section, TABLE};

/// After so many rules, one shares nothing with the one before it, so that a search need not read all.
const STRIDE: usize = 16;

/// The list that `psl` was made from, and its version.
struct Source {
    version: String,
    /// In Punycode.
    rules: Vec<String>,
}

static SOURCE: LazyLock<Source> = LazyLock::new(|| {
    let version = Command::new(env!("CARGO")).arg("-vV").output().expect("cargo runs").stdout;
    let version = String::from_utf8(version).expect("UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo knows its host");
    // What only other platforms need has perhaps never been downloaded.
    let arguments = ["metadata", "--format-version=1", "--offline", "--filter-platform", host];
    let metadata = Command::new(env!("CARGO")).args(arguments).output();
    let metadata = metadata.expect("cargo runs").stdout;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let package = packages.iter().find(|package| package["name"] == "psl").expect("psl is a dependency");
    let text = |name: &str| package[name].as_str().expect("a text").to_owned();
    let path = Path::new(&text("manifest_path")).with_file_name("data/rules.txt");
    let rules = fs::read_to_string(path).expect("psl comes with its list");
    let to_ascii = |rule: &str| {
        let (mark, name) = rule.split_at(rule.len() - rule.trim_start_matches(['!', '*', '.']).len());
        format!("{mark}{}", idna::domain_to_ascii(name).expect("a valid name"))
    };
    Source { version: text("version"), rules: rules.lines().map(to_ascii).collect() }
});

/// The name that a rule is about, or right below which its `*` stands.
fn name_of(rule: &str) -> &str {
    rule.trim_start_matches('!').trim_start_matches("*.")
}

/// The section of the suffix that `psl` finds, if the list knows it and it is the whole name.
///
/// Of `*.futurecms.at` and `*.ex.futurecms.at` it applies only the second to `ex.futurecms.at`. The list means both, so such
/// a name is asked about by another that only the first applies to.
fn oracle(name: &str) -> Option<Section> {
    static BELOW_WILDCARDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let names = SOURCE.rules.iter().filter_map(|rule| rule.strip_prefix("*."));
        let has_wildcard_above = |name: &&str| {
            let parent = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
            parent.is_some_and(|wildcard| SOURCE.rules.contains(&wildcard))
        };
        names.filter(has_wildcard_above).collect()
    });
    if BELOW_WILDCARDS.contains(name) {
        return oracle(&format!("any-{name}"));
    }
    let suffix = psl::List.suffix(name.as_bytes())?;
    let section = match suffix.typ()? {
        psl::Type::Icann => Section::Icann,
        psl::Type::Private => Section::Private,
    };
    (suffix == name.as_bytes()).then_some(section)
}

/// The section of a rule, by a name that it is about.
fn section_of(rule: &str) -> Section {
    let name = rule.trim_start_matches('!').replace('*', "any");
    match psl::List.suffix(name.as_bytes()).and_then(|suffix| suffix.typ()) {
        Some(psl::Type::Icann) => Section::Icann,
        Some(psl::Type::Private) => Section::Private,
        None => panic!("psl doesn't know of {rule}"),
    }
}

fn write() -> Vec<u8> {
    let Source { version, rules } = &*SOURCE;
    let letter = |byte| LETTERS.binary_search(&byte).expect("a letter");
    let sorted: BTreeMap<Vec<u8>, Section> = rules
        .iter()
        .map(|rule| {
            let (mark, name) = (if rule.starts_with('!') { "!" } else { "" }, rule.trim_start_matches('!'));
            let mut labels: Vec<String> = name.rsplit('.').map(str::to_owned).collect();
            labels.last_mut().expect("a rule has labels").insert_str(0, mark);
            let text = labels.join(".");
            assert!(text.len() < MAX_RULE, "{rule} is too long");
            (text.into_bytes(), section_of(rule))
        })
        .collect();
    assert_eq!(sorted.len(), rules.len());

    let mut headers = Vec::new();
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut before: &[u8] = b"";
    for (index, (text, section)) in sorted.iter().enumerate() {
        let most = if index % STRIDE == 0 { 0 } else { usize::from((u8::MAX - PRIVATE_HEADER) / 2) };
        let shared = text.iter().zip(before).take_while(|(one, other)| one == other).count().min(most);
        let first = if *section == Section::Private { PRIVATE_HEADER } else { HEADER };
        headers.push(first + 2 * u8::try_from(shared).unwrap());
        texts.push(text[shared..].iter().map(|&byte| u8::try_from(letter(byte)).unwrap()).collect());
        before = text;
    }
    // The pair that is most frequent becomes a code of its own, again and again.
    let mut pairs = Vec::new();
    for code in (u8::try_from(LETTERS.len()).unwrap()..).take(PAIR_COUNT) {
        let mut counts = BTreeMap::<[u8; 2], usize>::new();
        for pair in texts.iter().flat_map(|text| text.windows(2)) {
            *counts.entry([pair[0], pair[1]]).or_default() += 1;
        }
        let (pair, _) = counts.into_iter().max_by_key(|&(_, count)| count).expect("there are texts");
        pairs.push(pair);
        for text in &mut texts {
            let mut rest = std::mem::take(text).into_iter().peekable();
            while let Some(byte) = rest.next() {
                let is_pair = byte == pair[0] && rest.next_if_eq(&pair[1]).is_some();
                text.push(if is_pair { code } else { byte });
            }
        }
    }
    let mut table = format!("The Public Suffix List of the crate psl {version}, see mod.rs\n").into_bytes();
    table.extend_from_slice(pairs.as_flattened());
    for (header, text) in headers.into_iter().zip(&texts) {
        table.push(header);
        table.extend_from_slice(text);
    }
    table
}

#[test]
fn the_table_is_the_list_of_psl() {
    let table = write();
    if env::var_os("UPDATE_SUFFIXES").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/suffixes/table.bin");
        fs::write(path, table).expect("the table can be written");
    } else {
        assert!(table == TABLE, "psl {} has another list; see the top of this file", SOURCE.version);
    }
}

#[test]
fn the_format_has_room() {
    assert_eq!(usize::from(HEADER), LETTERS.len() + PAIR_COUNT);
    assert!(LETTERS.is_sorted());
    assert!(TABLE.len() < 60_000, "{}", TABLE.len());
}

/// Every rule, with what stands above and below it, and its neighbours.
#[test]
fn sections_are_those_of_psl() {
    let mut count = [0; 3];
    for rule in &SOURCE.rules {
        let name = name_of(rule);
        let mut names = vec![
            format!("any.{name}"),
            format!("any.other.{name}"),
            format!("a{name}"),
            format!("{name}a"),
            name[1..].to_owned(),
            name[..name.len() - 1].to_owned(),
        ];
        names.extend(name.match_indices('.').map(|(dot, _)| name[dot + 1..].to_owned()));
        names.push(name.to_owned());
        for name in names {
            let expected = oracle(&name);
            assert_eq!(super::section(&name), expected, "{name}");
            count[expected.map_or(0, |section| 1 + section as usize)] += 1;
        }
    }
    assert!(count.iter().all(|&count| count > 1000), "{count:?}");
}

#[test]
fn some_rules_by_kind() {
    use Section::{Icann, Private};

    for (name, expected) in [
        ("com", Some(Icann)),
        ("co.uk", Some(Icann)),
        ("github.io", Some(Private)),
        ("example.com", None),
        ("me.github.io", None),
        ("ck", None),
        ("any.ck", Some(Icann)),
        ("www.ck", None),
        ("any.www.ck", None),
        ("city.kawasaki.jp", None),
        ("any.kawasaki.jp", Some(Icann)),
        ("xn--55qx5d.cn", Some(Icann)),
        ("xn--p1ai", Some(Icann)),
        ("internal", None),
        ("", None),
        (".", None),
        ("com.", None),
        (".com", None),
        ("Com", None),
    ] {
        assert_eq!(super::section(name), expected, "{name}");
    }
    assert_eq!(super::section(&"a.".repeat(1000)), None);
    assert!(Key::new(&"a".repeat(1000)).is_none());
}

/// Each name above a rule has below it the shortest of all rules there.
#[test]
fn the_shortest_rule_below_a_name() {
    let mut shortest = BTreeMap::<&str, &str>::new();
    for rule in &SOURCE.rules {
        let name = rule.trim_start_matches('!');
        for (dot, _) in name.match_indices('.') {
            let known = shortest.entry(&name[dot + 1..]).or_insert(name);
            if name.len() < known.len() {
                *known = name;
            }
        }
    }
    assert!(shortest.len() > 1000);
    for (parent, expected) in shortest {
        let actual = super::shortest_below(parent).expect("there is one");
        assert_eq!(actual.len(), expected.len(), "{parent}: {actual} for {expected}");
        assert!(actual.ends_with(&format!(".{parent}")));
        assert!(SOURCE.rules.iter().any(|rule| rule.trim_start_matches('!') == actual), "{actual}");
        assert_eq!(
            super::wildcard_section(parent).is_some(),
            SOURCE.rules.contains(&format!("*.{parent}")),
            "{parent}"
        );
    }
    for name in ["example.com", "internal", "s3.amazonaws.co", "azonaws.com", ""] {
        assert_eq!(super::shortest_below(name), None, "{name}");
    }
}

proptest! {
    /// Names of labels that rules have, and of others.
    #[test]
    fn random_names(
        labels in prop::collection::vec(
            prop::sample::select(vec![
                "com", "ck", "jp", "kawasaki", "city", "www", "io", "github", "uk", "co", "amazonaws", "s3", "us-east-1",
                "rds", "no", "xn--p1ai", "xn--55qx5d", "cn", "a", "b", "-", "0", "z", "zz", "_", "",
            ]),
            0..6,
        ),
        text in "[a-z0-9.*!_-]{0,80}",
    ) {
        for name in [labels.join("."), text] {
            // `psl` reads past a trailing dot.
            if !name.ends_with('.') {
                prop_assert_eq!(super::section(&name), oracle(&name), "{}", name);
            }
        }
    }
}
