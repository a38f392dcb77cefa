//! What people write by mistake, and what the policy takes it for. A suggestion is what was certainly meant, or there is none.

use fetch_cors::{Policy, PolicyBuilder};

/// A value, the kind of the first problem (empty if there is none), and what to write instead.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// Values of the issue that asked for these rules.
const ORIGINS: &[Row] = &[
    ("http://::1:3000", "IpAddressForm", &["http://[::1]:3000"]),
    ("all", "Keyword", &[]),
    ("any", "Keyword", &[]),
    ("'self'", "Keyword", &[]),
    ("undefined", "UnfilledVariable", &[]),
    ("http[s]://localhost:3000", "RegularExpression", &["http://localhost:3000", "https://localhost:3000"]),
    ("http://localhost:30??", "RegularExpression", &[]),
    ("Access-Control-Allow-Origin: *", "HeaderLine", &[]),
    ("https://exa*mple.com", "WildcardInRegisteredName", &[]),
    ("\"*\"", "ListSyntax", &[]),
    ("https://${APP_HOST}", "UnfilledVariable", &[]),
    (r"https:\\acme.example", "InvalidScheme", &["https://acme.example"]),
    ("['http://a.example']", "ListSyntax", &["http://a.example"]),
    ("http://localhost:3000,", "ListSyntax", &["http://localhost:3000"]),
    (
        "http://localhost:3000-3002",
        "InvalidPort",
        &["http://localhost:3000", "http://localhost:3001", "http://localhost:3002"],
    ),
    ("gopher://example.com", "NotAPageScheme", &[]),
];
const METHODS: &[Row] = &[
    ("ALL", "Keyword", &[]),
    ("GET|POST", "SeveralNames", &["GET", "POST"]),
    ("OPTION", "UnusualName", &["OPTIONS"]),
    ("DELET", "UnusualName", &["DELETE"]),
];
const HEADERS: &[Row] = &[
    ("x-amz-*", "NamePattern", &[]),
    ("any", "Keyword", &[]),
    ("content_type", "UnusualName", &["content-type"]),
];
const EXPOSED: &[Row] = &[("access-control-max-age", "PreflightHeaderAmongExposed", &[])];

/// Others of the same kinds.
const MORE_ORIGINS: &[Row] = &[
    // variables
    ("https://$APP_HOST", "UnfilledVariable", &[]),
    ("$CORS_ORIGIN", "UnfilledVariable", &[]),
    ("${CORS_ORIGIN:-https://a.example}", "UnfilledVariable", &[]),
    ("https://{{ host }}", "UnfilledVariable", &[]),
    ("{{ .Values.origin }}", "UnfilledVariable", &[]),
    ("https://{host}.example.com", "UnfilledVariable", &[]),
    ("%CORS_ORIGIN%", "UnfilledVariable", &[]),
    ("https://<your-domain>", "UnfilledVariable", &[]),
    ("<your-domain>.com", "UnfilledVariable", &[]),
    ("process.env.CORS_ORIGIN", "UnfilledVariable", &[]),
    ("https://APP_HOST", "UnfilledVariable", &[]),
    ("[object Object]", "UnfilledVariable", &[]),
    ("http://undefined:undefined", "UnfilledVariable", &[]),
    ("NaN", "UnfilledVariable", &[]),
    ("nil", "UnfilledVariable", &[]),
    // words
    ("none", "Keyword", &[]),
    ("'none'", "Keyword", &[]),
    ("true", "Keyword", &[]),
    ("same-origin", "Keyword", &[]),
    ("\"all\"", "Keyword", &[]),
    ("Everyone", "Keyword", &[]),
    // lines
    ("Access-Control-Allow-Origin: https://a.example", "HeaderLine", &["https://a.example"]),
    ("access-control-allow-origin *", "HeaderLine", &[]),
    ("add_header Access-Control-Allow-Origin https://a.example;", "HeaderLine", &["https://a.example"]),
    ("Header set Access-Control-Allow-Origin \"*\"", "HeaderLine", &[]),
    ("Origin: https://a.example", "HeaderLine", &["https://a.example"]),
    ("Origin:https://a.example", "HeaderLine", &["https://a.example"]),
    ("CORS_ORIGIN=https://a.example", "HeaderLine", &["https://a.example"]),
    ("export CORS_ORIGIN=\"https://a.example\"", "HeaderLine", &["https://a.example"]),
    ("allow_origins = \"a.example\"", "HeaderLine", &["https://a.example"]),
    ("Access-Control-Allow-Origin: null", "HeaderLine", &[]),
    // lists
    ("https://a.example;", "ListSyntax", &["https://a.example"]),
    ("https://a.example,", "ListSyntax", &["https://a.example"]),
    ("[\"https://a.example\"", "ListSyntax", &["https://a.example"]),
    ("\"https://b.example\"]", "ListSyntax", &["https://b.example"]),
    ("[https://a.example]", "ListSyntax", &["https://a.example"]),
    ("“https://a.example”", "ListSyntax", &["https://a.example"]),
    ("`https://a.example`", "ListSyntax", &["https://a.example"]),
    ("<https://a.example>", "ListSyntax", &["https://a.example"]),
    ("[\"*\"]", "ListSyntax", &[]),
    ("[http://[::1]:3000]", "ListSyntax", &[]),
    (
        "[\"https://a.example\", \"https://b.example\"]",
        "ListSyntax",
        &["https://a.example", "https://b.example"],
    ),
    ("https://a.example, https://b.example", "SeveralOrigins", &["https://a.example", "https://b.example"]),
    ("https://a.example https://b.example", "SeveralOrigins", &["https://a.example", "https://b.example"]),
    ("https://a.example|https://b.example", "SeveralOrigins", &["https://a.example", "https://b.example"]),
    ("https://a.example,http://b.example", "SeveralOrigins", &[]),
    ("*, https://a.example", "SeveralOrigins", &[]),
    ("https://a.example,*", "SeveralOrigins", &[]),
    // regular expressions and globs
    ("https?://localhost:3000", "RegularExpression", &["http://localhost:3000", "https://localhost:3000"]),
    ("https?://app.example.com", "RegularExpression", &[]),
    ("^http(s)?://localhost$", "RegularExpression", &["http://localhost", "https://localhost"]),
    (
        "(http|https)://127.0.0.1:8080",
        "RegularExpression",
        &["http://127.0.0.1:8080", "https://127.0.0.1:8080"],
    ),
    (r"https://[a-z]+\.example\.com", "RegularExpression", &[]),
    ("https://[a-z0-9-]+.example.com", "RegularExpression", &[]),
    ("https://.+.example.com", "RegularExpression", &[]),
    ("https://{a,b}.example.com", "RegularExpression", &[]),
    ("/example\\.com$/", "RegularExpression", &[]),
    ("http://localhost:300?", "RegularExpression", &[]),
    ("https://a.example?x", "Path", &["https://a.example"]),
    // ranges
    ("192.168.1.0/24", "AddressRange", &[]),
    ("http://192.168.1.0/24", "AddressRange", &[]),
    ("http://10.0.0.0/8:3000", "AddressRange", &[]),
    ("fd00::/8", "AddressRange", &[]),
    ("http://[fd00::]/8", "AddressRange", &[]),
    ("192.168.1.1-192.168.1.50", "AddressRange", &[]),
    ("192.168.1.1-50", "AddressRange", &[]),
    ("http://localhost:3000-3016", "InvalidPort", &[]),
    ("http://localhost:3010-3000", "InvalidPort", &[]),
    ("http://192.168.1.5:3000-3001", "InvalidPort", &[]),
    ("https://a.example:8443-8444", "InvalidPort", &["https://a.example:8443", "https://a.example:8444"]),
    // addresses and URLs
    ("::1:3000", "MissingScheme", &["http://[::1]:3000"]),
    ("http://::1", "IpAddressForm", &["http://[::1]"]),
    ("http://::1:30000", "IpAddressForm", &["http://[::1]:30000"]),
    ("http://2001:db8::1:8080", "IpAddressForm", &[]),
    ("http://2001:db8:0:0:0:0:0:1:8080", "IpAddressForm", &["http://[2001:db8::1]:8080"]),
    ("http://::1:3000/login", "IpAddressForm", &["http://[::1]:3000"]),
    (r"https:\/\/acme.example", "InvalidScheme", &["https://acme.example"]),
    (r"http:\localhost:3000", "InvalidScheme", &["http://localhost:3000"]),
    (r"C:\Users\me\index.html", "OpaqueScheme", &[]),
    ("192.168.1.5:3000", "MissingScheme", &[]),
    ("frontend:3000", "MissingScheme", &[]),
    ("intranet", "MissingScheme", &[]),
    ("localhost", "MissingScheme", &["http://localhost"]),
    ("app.example.com:8443", "MissingScheme", &["https://app.example.com:8443"]),
    ("https://*github.io", "WildcardInRegisteredName", &[]),
    ("https://app.*.co.uk", "MisplacedWildcard", &[]),
    // other protocols
    ("sftp://a.example", "NotAPageScheme", &[]),
    ("ssh://a.example", "NotAPageScheme", &[]),
    ("redis://localhost:6379", "NotAPageScheme", &[]),
    ("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", "", &[]),
];
const MORE_METHODS: &[Row] = &[
    ("any", "Keyword", &[]),
    ("none", "Keyword", &[]),
    ("PUT,DELETE", "SeveralNames", &["PUT", "DELETE"]),
    ("PUT; DELETE", "SeveralNames", &["PUT", "DELETE"]),
    ("PUT, TRACE", "SeveralNames", &[]),
    ("GET, *", "SeveralNames", &[]),
    ("'PUT'", "ListSyntax", &["PUT"]),
    ("\"PUT\"", "ListSyntax", &["PUT"]),
    ("['PUT']", "ListSyntax", &["PUT"]),
    ("PUT,", "ListSyntax", &["PUT"]),
    ("'*'", "ListSyntax", &[]),
    ("PU*", "NamePattern", &[]),
    ("**", "NamePattern", &[]),
    ("$METHODS", "UnfilledVariable", &[]),
    ("undefined", "UnfilledVariable", &[]),
    ("Access-Control-Allow-Methods: PUT", "HeaderLine", &["PUT"]),
    ("Access-Control-Allow-Methods: PUT, DELETE", "HeaderLine", &["PUT", "DELETE"]),
    ("PSOT", "UnusualName", &["POST"]),
    ("GETT", "UnusualName", &["GET"]),
    ("PACTH", "UnusualName", &["PATCH"]),
    ("PTCH", "UnusualName", &["PATCH"]),
    ("delte", "UnusualName", &["DELETE"]),
    ("PROPFINDS", "UnusualName", &["PROPFIND"]),
    ("PUT!", "UnusualName", &["PUT"]),
    ("P+T+X", "UnusualName", &[]),
    ("PU@T", "InvalidMethod", &[]),
    // methods of one's own
    ("SET", "", &[]),
    ("PURGE", "", &[]),
    ("SUBSCRIBE", "", &[]),
    ("M-SEARCH", "", &[]),
    ("Custom", "", &[]),
];
const MORE_HEADERS: &[Row] = &[
    ("all", "Keyword", &[]),
    ("true", "Keyword", &[]),
    ("Authorisation", "UnusualName", &["authorization"]),
    ("autorization", "UnusualName", &["authorization"]),
    ("contenttype", "UnusualName", &["content-type"]),
    ("Content-Tpye", "UnusualName", &["content-type"]),
    ("x_requested_with", "UnusualName", &["x-requested-with"]),
    ("cookei", "UnusualName", &[]),
    ("x-a!", "UnusualName", &[]),
    ("x-a|x-b", "SeveralNames", &["x-a", "x-b"]),
    ("content-type, x-a", "SeveralNames", &["content-type", "x-a"]),
    ("content-type, cookie", "SeveralNames", &[]),
    ("'content-type'", "ListSyntax", &["content-type"]),
    ("[\"content-type\"]", "ListSyntax", &["content-type"]),
    ("content-type,", "ListSyntax", &["content-type"]),
    ("\"*\"", "ListSyntax", &[]),
    ("x-*", "NamePattern", &[]),
    ("Content-Type: application/json", "HeaderLine", &["content-type"]),
    ("Access-Control-Allow-Headers: x-a", "HeaderLine", &["x-a"]),
    ("Cookie: a=b", "HeaderLine", &[]),
    ("${HEADERS}", "UnfilledVariable", &[]),
    ("undefined", "UnfilledVariable", &[]),
    // names of one's own
    ("api_key", "", &[]),
    ("x_api_key", "", &[]),
    ("x-csrf-token", "", &[]),
    ("x-request-ids", "", &[]),
    ("my.header", "", &[]),
    ("authorization", "", &[]),
];
const MORE_EXPOSED: &[Row] = &[
    ("access-control-allow-methods", "PreflightHeaderAmongExposed", &[]),
    ("Access-Control-Allow-Headers", "PreflightHeaderAmongExposed", &[]),
    ("access-control-allow-origin", "", &[]),
    ("content_length", "UnusualName", &["content-length"]),
    ("etag, x-a", "SeveralNames", &["etag", "x-a"]),
    ("x-ratelimit-*", "NamePattern", &[]),
    ("all", "Keyword", &[]),
    ("x-total-count", "", &[]),
];

/// The rows whose outcome is another one, and every suggestion that is not valid.
fn differences(rows: &[Row], add: impl Fn(PolicyBuilder, &str) -> PolicyBuilder) -> Vec<String> {
    let mut differences = Vec::new();
    for (value, kind, suggestions) in rows {
        let built = add(Policy::builder(), value).build();
        let (seen, suggested) = match &built {
            Ok(_) => (String::new(), Vec::new()),
            Err(invalid) => {
                let problem = &invalid.problems()[0];
                (format!("{:?}", problem.kind()), problem.suggestions().to_vec())
            }
        };
        if seen != *kind || suggested != *suggestions {
            differences.push(format!("{value}: {seen} {suggested:?}, not {kind} {suggestions:?}"));
        }
        for suggestion in suggested {
            if add(Policy::builder(), &suggestion).build().is_err() || suggestion == "*" {
                differences.push(format!("{value}: {suggestion} is not valid"));
            }
        }
    }
    differences
}

fn all(origins: &[Row], methods: &[Row], headers: &[Row], exposed: &[Row]) -> Vec<String> {
    [
        differences(origins, |builder, value| builder.allow_origins([value])),
        differences(methods, |builder, value| builder.allow_methods([value])),
        differences(headers, |builder, value| builder.allow_headers([value])),
        differences(exposed, |builder, value| builder.expose_headers([value])),
    ]
    .concat()
}

#[test]
fn mistakes_are_told_apart() {
    let seen = all(ORIGINS, METHODS, HEADERS, EXPOSED);
    assert!(seen.is_empty(), "{}:\n{}", seen.len(), seen.join("\n"));
}

#[test]
fn more_mistakes_are_told_apart() {
    let seen = all(MORE_ORIGINS, MORE_METHODS, MORE_HEADERS, MORE_EXPOSED);
    assert!(seen.is_empty(), "{}:\n{}", seen.len(), seen.join("\n"));
}

/// What only looks odd passes with the opt-in; what can't be meant doesn't.
#[test]
fn unusual_names_can_be_allowed() {
    let kind = |builder: PolicyBuilder| {
        builder
            .allow_unusual_names()
            .build()
            .err()
            .map(|invalid| format!("{:?}", invalid.problems()[0].kind()))
    };
    let rows = |rows: &[&[Row]], add: &dyn Fn(PolicyBuilder, &str) -> PolicyBuilder| {
        for (value, refused, _) in rows.concat() {
            let expected = Some(refused).filter(|kind| !matches!(*kind, "" | "UnusualName"));
            assert_eq!(kind(add(Policy::builder(), value)).as_deref(), expected, "{value}");
        }
    };
    rows(&[METHODS, MORE_METHODS], &|builder, value| builder.allow_methods([value]));
    rows(&[HEADERS, MORE_HEADERS], &|builder, value| builder.allow_headers([value]));
    rows(&[EXPOSED, MORE_EXPOSED], &|builder, value| builder.expose_headers([value]));
    let policy = Policy::builder().allow_methods(["OPTION"]).allow_unusual_names().build().unwrap();
    assert_eq!(Policy::try_from(policy.to_config()).unwrap().to_config(), policy.to_config());
}

/// A list never hides an entry that needs an opt-in, and no suggestion is `*`.
#[test]
fn every_suggestion_is_valid_with_credentials() {
    let mut count = 0;
    for (value, ..) in ORIGINS.iter().chain(MORE_ORIGINS) {
        let Err(invalid) = Policy::builder().allow_origins([value]).allow_credentials().build() else {
            continue;
        };
        for suggestion in invalid.problems().iter().flat_map(fetch_cors::Problem::suggestions) {
            count += 1;
            let accepted = Policy::builder().allow_origins([suggestion]).allow_credentials().build();
            assert!(accepted.is_ok() && suggestion != "*", "{value}: {suggestion}");
        }
    }
    assert!(count > 40, "{count}");
}

/// No text makes the recognition panic, or take more than one reading of it per character.
#[test]
fn odd_texts() {
    let pieces = [
        "",
        "[",
        "]",
        "'",
        "\"",
        "a:",
        "a: ",
        "a=",
        "${",
        "$a",
        "<",
        ">",
        "{",
        "}",
        "%a%",
        ":",
        "::1",
        "://",
        "https://",
        "\\",
        "*",
        ",",
        "|",
        "-",
        "1",
        "1.2.3.4",
        "/",
        "?",
        "@",
        "ü",
        "“",
        "\u{0}",
        " ",
        "access-control-",
        "http",
        "(",
        ")",
        "xn--",
        "65535",
        ":3000-3010",
    ];
    for first in pieces {
        for second in pieces {
            let text = [first, second, first].concat();
            let _ = Policy::builder()
                .allow_origins([&text])
                .allow_methods([&text])
                .allow_headers([&text])
                .expose_headers([&text])
                .build()
                .map_err(|invalid| invalid.to_string());
        }
    }
    for piece in pieces {
        let text = piece.repeat(20_000);
        let builder = Policy::builder().allow_origins([&text]).allow_headers([&text]);
        let _ = builder.build().map_err(|invalid| invalid.to_string());
    }
}

/// Whoever follows a suggestion lets in nobody whom the written text, read as a glob, would not have let in.
#[test]
fn no_suggestion_widens() {
    let labels = [
        "*", "**", "a*", "*a", "a*b", "*-a", "a-*-*", "a!*", "*!", "b\u{fc}*", "*b\u{fc}", "A*", "a", "10",
        "192", "x",
    ];
    let parents = ["", ".example.com", ".*.example.com", ".internal", ".localhost", ".168.*.*", ".com"];
    let ports = ["", ":*", ":**", ":30*", ":3000", ":[*]", "*"];
    let mut count = 0;
    for (scheme, label, parent) in
        combinations(&["https://", "http*://", "*://", "HTTP://", ""], &labels, &parents)
    {
        for port in ports {
            for end in ["", "/", "/*", ","] {
                let text = format!("{scheme}{label}{parent}{port}{end}");
                // A number is an address in another form.
                if label.parse::<u8>().is_ok() && !parent.contains('*') {
                    continue;
                }
                let Err(invalid) = Policy::builder().allow_origins([&text]).build() else { continue };
                let written = format!("{label}{parent}{port}").to_lowercase().replace(":[*]", ":*");
                for suggestion in invalid.problems().iter().flat_map(fetch_cors::Problem::suggestions) {
                    let rest = suggestion.split_once("://").unwrap().1.replace(":*", ":8443");
                    for star in ["evil", "evil.a"] {
                        let matched =
                            rest.replacen("*.", &format!("{star}."), usize::from(rest.starts_with("*.")));
                        let matched = matched.replace('*', "7");
                        count += 1;
                        assert!(is_match(&written, &matched), "{text}: {suggestion} matches {matched}");
                    }
                }
            }
        }
    }
    assert!(count > 500, "{count}");
}

fn combinations<'a>(
    first: &[&'a str],
    second: &[&'a str],
    third: &[&'a str],
) -> Vec<(&'a str, &'a str, &'a str)> {
    let pairs = |one: &'a str| second.iter().map(move |two| (one, *two));
    let all = first.iter().flat_map(|one| pairs(one));
    all.flat_map(|(one, two)| third.iter().map(move |three| (one, two, *three))).collect()
}

/// Whether a glob matches a text: a `*` stands for anything.
fn is_match(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((start, end)) => text
            .strip_prefix(start)
            .is_some_and(|rest| (0..=rest.len()).any(|length| is_match(end, &rest[length..]))),
    }
}

/// What is found inside of a paste may look like a paste again, and so on; each level is read once.
#[test]
fn pastes_in_pastes_take_no_time() {
    let texts = [
        "a=[",
        "a=\"",
        "a = ",
        "a=b, c=",
        "X-A: [",
        "a: ",
        "origin:",
        "Access-Control-Allow-Methods: ",
        "access-control-allow-origin=",
        "[a=['",
        "- a: ",
        "a=<",
        "a=b|",
        "a=b;",
        "a=[b= ",
        "add_header Access-Control-A: ",
    ];
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for text in texts {
            let value = format!("{}x", text.repeat(1000 / text.len()));
            let builders: [(&str, PolicyBuilder); 5] = [
                ("allow_origins", Policy::builder().allow_origins([&value])),
                ("danger_allow_origins", Policy::builder().danger_allow_origins([&value])),
                ("allow_methods", Policy::builder().allow_methods([&value])),
                ("allow_headers", Policy::builder().allow_headers([&value])),
                ("expose_headers", Policy::builder().expose_headers([&value])),
            ];
            for (setting, builder) in builders {
                let invalid = builder.allow_origin("https://a.example").build().expect_err(&value);
                sender.send(format!("{setting} {text:?}: {invalid}")).unwrap();
            }
        }
    });
    let mut last = String::new();
    for _ in 0..5 * texts.len() {
        let next = receiver.recv_timeout(std::time::Duration::from_secs(10));
        last = next.unwrap_or_else(|_| panic!("what follows this takes too long: {last}"));
    }
}
