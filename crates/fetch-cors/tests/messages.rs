//! Every message about a mistake, as the person who made it reads it. `messages.txt` contains them all: when it changes, read
//! it as if you had made the mistake at 2 a.m. `UPDATE_EXPECT=1 cargo test -p fetch-cors --test messages` writes it.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use expect_test::expect_file;
use fetch_cors::{Policy, PolicyBuilder};

/// Mistakes in single values, by setting.
const ORIGINS: &[&str] = &[
    "",
    " https://app.example.com",
    "https://app.example.com, https://admin.example.com",
    "app.example.com",
    "app.example.com/login",
    "localhost:3000",
    "//app.example.com",
    "https:/app.example.com",
    "null",
    "file:///home/me/index.html",
    "data:text/html;hello",
    "wss://app.example.com",
    "1http://app.example.com",
    "HTTPS://App.Example.com",
    "https://App.example.com",
    "https://app.example.com/",
    "https://app.example.com/login?x=1",
    "https://user:secret@app.example.com",
    "https://bücher.example",
    "https://app..example.com",
    "https://",
    "http://127.1:3000",
    "http://[0:0:0:0:0:0:0:1]:3000",
    "https://app.example.com:0",
    "https://app.example.com:70000",
    "https://app.example.com:443",
    "http://app.example.com:80",
    "https://*example.com",
    "https://app.*.example.com",
    "https://app.*.com",
    "https://*",
    "https://example.*",
    "http://localhost:30*",
    "tauri://*",
    r"https://.*\.example\.com",
    "https://*/",
    "https://*-preview.com",
    "https://app-*.netlify.app/",
    "https://*netlify.app",
    "http://172.*.*.*",
    "ipfs://*",
    "moz-extension://*",
    "htps://app.example.com",
    "https://https://app.example.com",
    "HTTPS://user:secret@app.example.com",
    "\u{feff}https://app.example.com",
    "https://a!b.example.com",
    "https://a\"b\\c\n.example.com\u{7f}",
];
const ORIGINS_WITH_CREDENTIALS: &[&str] = &[
    "*",
    "http://app.example.com",
    "http://app.example.com:8080",
    "http://*.example.com",
    "https://*.github.io",
    "https://*.github.io/",
    "http://*.github.io",
    "http://app.example.com/",
    "https://*.amazonaws.com",
    "https://*.co.uk",
    "https://*.kawasaki.jp",
    "https://deploy-preview-*--shop.netlify.app",
    "https://s*.amazonaws.com",
    "http://192.168.1.20:5173",
    "http://192.168.*.*:5173",
    "file://",
    "moz-extension://*",
];
const DANGERS_WITH_CREDENTIALS: &[&str] =
    &["*", "null", "https://app.example.com", "http://localhost:*", "http://app.example.com/"];
const METHODS: &[&str] = &["CONNECT", "patch", "PUT, DELETE", " PUT", ""];
const HEADERS: &[&str] =
    &["cookie", "sec-fetch-site", "x-a, x-b", "X-Request-Id:", "etag", "access-control-allow-origin"];
const EXPOSED: &[&str] = &["set-cookie", "x a", "origin", "if-none-match"];

#[test]
fn every_message() {
    let mut said = String::new();
    let mut kinds = BTreeSet::new();
    let mut say = |title: &str, values: &[&str], build: &dyn Fn(PolicyBuilder, &str) -> PolicyBuilder| {
        write!(said, "# {title}\n\n").unwrap();
        for value in values {
            let invalid = build(Policy::builder(), value).build().expect_err(value);
            for problem in invalid.problems() {
                writeln!(said, "{problem}").unwrap();
                kinds.insert(format!("{:?}", problem.kind()));
            }
        }
        said.push('\n');
    };
    say("origins", ORIGINS, &|builder, value| builder.allow_origins([value]));
    say("origins, with credentials", ORIGINS_WITH_CREDENTIALS, &|builder, value| {
        builder.allow_origins([value]).allow_credentials()
    });
    say("opt-ins", &["http://app.example.com"], &|builder, value| builder.danger_allow_origins([value]));
    say("opt-ins, with credentials", DANGERS_WITH_CREDENTIALS, &|builder, value| {
        builder.danger_allow_origins([value]).allow_credentials()
    });
    say("too many patterns", &["https://more-*.example.com"], &|builder, value| {
        builder
            .allow_origins((0..64).map(|number| format!("https://pr-{number}-*.example.com")))
            .allow_origins([value])
    });
    say("methods", METHODS, &|builder, value| builder.allow_methods([value]));
    say("request headers", HEADERS, &|builder, value| builder.allow_headers([value]));
    say("exposed headers", EXPOSED, &|builder, value| builder.expose_headers([value]));
    say("exposed headers, with credentials", &["*"], &|builder, value| {
        builder.expose_headers([value]).allow_credentials()
    });
    say("max-age", &["86401", "86400.5", "0.5", "600.25"], &|builder, value| {
        builder.max_age(Duration::from_secs_f64(value.parse().unwrap()))
    });
    let long = "a".repeat(1000);
    say(
        "long values are cut",
        &[&format!("https://{long}.example"), &format!("https://{}", "ü".repeat(200))],
        &|builder, value| builder.allow_origins([value]),
    );
    writeln!(said, "# kinds\n\n{}", kinds.into_iter().collect::<Vec<_>>().join("\n")).unwrap();
    expect_file!["./messages.txt"].assert_eq(&said);
}

/// Every suggested value is accepted.
#[test]
fn every_suggestion_is_valid() {
    let mut suggestions = 0;
    for value in ORIGINS.iter().chain(ORIGINS_WITH_CREDENTIALS) {
        let Err(invalid) = Policy::builder().allow_origins([*value]).allow_credentials().build() else {
            continue;
        };
        for suggestion in invalid.problems().iter().filter_map(|problem| problem.suggestion()) {
            suggestions += 1;
            // Even with credentials. And no suggestion is to allow every origin.
            let accepted = Policy::builder().allow_origins([suggestion]).allow_credentials().build();
            assert_ne!(suggestion, "*", "{value:?}");
            assert!(accepted.is_ok(), "{value:?} -> {suggestion:?}: {accepted:?}");
        }
    }
    assert!(suggestions > 20, "{suggestions}");
}
