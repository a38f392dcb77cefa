//! Building a policy: what is accepted, what is merged, what is rejected in combination, and its serialized form.

use std::time::Duration;

use fetch_cors::{Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind as Kind, Setting};

fn origins<const N: usize>(origins: [&str; N]) -> PolicyBuilder {
    Policy::builder().allow_origins(origins)
}

/// Duplicates, and entries that another one covers, are accepted and left out.
#[test]
fn redundant_origins_are_left_out() {
    for (name, given, kept) in [
        ("a duplicate", &["https://a.example", "https://a.example"][..], &["https://a.example"][..]),
        ("a duplicate pattern", &["https://*.a.example", "https://*.a.example"], &["https://*.a.example"]),
        ("`*` covers all", &["https://a.example", "*", "https://*.b.example"], &["*"]),
        (
            "a pattern covers an origin",
            &["https://x.a.example", "https://*.a.example"],
            &["https://*.a.example"],
        ),
        (
            "but not its apex",
            &["https://*.a.example", "https://a.example"],
            &["https://a.example", "https://*.a.example"],
        ),
        (
            "nor another scheme",
            &["https://*.a.example", "http://x.a.example"],
            &["http://x.a.example", "https://*.a.example"],
        ),
        (
            "nor another port",
            &["https://*.a.example", "https://x.a.example:1"],
            &["https://x.a.example:1", "https://*.a.example"],
        ),
        (
            "any port covers one",
            &["http://localhost:3000", "http://localhost:*", "http://localhost"],
            &["http://localhost:*"],
        ),
        (
            "a wider pattern covers a narrower",
            &["https://*.x.a.example", "https://*.a.example"],
            &["https://*.a.example"],
        ),
        (
            "a wider pattern, two levels up",
            &["https://*.y.x.a.example", "https://*.a.example"],
            &["https://*.a.example"],
        ),
        (
            "any port covers a pattern's port",
            &["https://*.a.example:1", "https://*.a.example:*", "https://*.a.example"],
            &["https://*.a.example:*"],
        ),
        ("both wider", &["https://*.x.a.example:1", "https://*.a.example:*"], &["https://*.a.example:*"]),
        (
            "any port of a subdomain",
            &["https://x.a.example:*", "https://*.a.example:*"],
            &["https://*.a.example:*"],
        ),
        (
            "one port does not cover any",
            &["https://*.x.a.example:*", "https://*.a.example"],
            &["https://*.x.a.example:*", "https://*.a.example"],
        ),
        (
            "a suffix that is not a parent",
            &["https://*.xa.example", "https://*.a.example"],
            &["https://*.xa.example", "https://*.a.example"],
        ),
    ] {
        let policy = Policy::builder().allow_origins(given.iter().copied()).build().expect(name);
        let config = policy.to_config();
        assert_eq!(config.allow_origins, kept, "{name}");
        // Normalizing the normalized form doesn't change it.
        assert_eq!(Policy::try_from(config.clone()).expect(name).to_config(), config, "{name}");
    }
}

#[test]
fn names_are_normalized_without_duplicates() {
    let policy = origins(["https://a.example"])
        .allow_methods(["put", "PUT", "PATCH", "get"])
        .allow_headers(["Content-Type", "content-type", "X-A"])
        .expose_headers(["ETag", "etag"])
        .max_age(Duration::from_secs(0))
        .build()
        .unwrap();
    let config = policy.to_config();
    assert_eq!(config.allow_methods, ["PUT", "PATCH", "GET"]);
    assert_eq!(config.allow_headers, ["content-type", "x-a"]);
    assert_eq!(config.expose_headers, ["etag"]);
    assert_eq!(config.max_age, Some(0));
    let any = origins(["*"])
        .allow_methods(["*", "PUT"])
        .allow_headers(["x-a", "*", "authorization"])
        .build()
        .unwrap();
    assert_eq!(any.to_config().allow_methods, ["*"]);
    assert_eq!(any.to_config().allow_headers, ["*"]);
}

/// Settings that are valid alone and rejected with credentials, and how to opt in.
#[test]
fn credentials() {
    let kinds = |builder: PolicyBuilder| match builder.build() {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.problems().iter().map(Problem::kind).collect::<Vec<_>>(),
    };
    for (name, origin, refused) in [
        ("https", "https://a.example", None),
        ("any origin", "*", Some(Kind::AnyOriginWithCredentials)),
        ("plain http", "http://a.example", Some(Kind::InsecureOriginWithCredentials)),
        ("plain http on a port", "http://a.example:8080", Some(Kind::InsecureOriginWithCredentials)),
        ("plain http on any port", "http://a.example:*", Some(Kind::InsecureOriginWithCredentials)),
        ("plain http subdomains", "http://*.a.example", Some(Kind::InsecureOriginWithCredentials)),
        ("plain http by IPv4", "http://192.0.2.1", Some(Kind::InsecureOriginWithCredentials)),
        ("plain http by IPv6", "http://[2001:db8::1]:80800", Some(Kind::InvalidPort)),
        (
            "plain http by IPv6 on a port",
            "http://[2001:db8::1]:8080",
            Some(Kind::InsecureOriginWithCredentials),
        ),
        ("localhost", "http://localhost", None),
        ("localhost on a port", "http://localhost:3000", None),
        ("localhost on any port", "http://localhost:*", None),
        ("subdomains of localhost", "http://*.localhost", None),
        ("loopback IPv4", "http://127.0.0.1:3000", None),
        ("loopback IPv6", "http://[::1]:3000", None),
        ("loopback IPv6 without a port", "http://[::1]", None),
        ("a custom scheme", "tauri://localhost", None),
        ("under a top-level domain", "https://*.com", Some(Kind::PublicSuffixWithCredentials)),
        ("under a private suffix", "https://*.github.io", Some(Kind::PublicSuffixWithCredentials)),
        (
            "under a private suffix, any port",
            "https://*.github.io:*",
            Some(Kind::PublicSuffixWithCredentials),
        ),
        (
            "under a private suffix, trailing dot",
            "https://*.github.io.",
            Some(Kind::PublicSuffixWithCredentials),
        ),
        ("one name under a private suffix", "https://me.github.io", None),
        ("below one name under a private suffix", "https://*.me.github.io", None),
        ("under an unknown top label", "https://*.internal", None),
        ("above public suffixes", "https://*.amazonaws.com", Some(Kind::PublicSuffixWithCredentials)),
        ("inside a label", "https://pr-*.example.com", None),
        (
            "inside a label, under a private suffix",
            "https://deploy-preview-*--shop.netlify.app",
            Some(Kind::PublicSuffixWithCredentials),
        ),
        ("inside a label, below one name under a private suffix", "https://pr-*.me.github.io", None),
        (
            "inside a label, matching a public suffix",
            "https://s*.amazonaws.com",
            Some(Kind::PublicSuffixWithCredentials),
        ),
        ("inside a label, matching no public suffix", "https://app-*.amazonaws.com", None),
        (
            "inside a label, under a private wildcard rule",
            "https://pr-*.compute.amazonaws.com",
            Some(Kind::PublicSuffixWithCredentials),
        ),
        ("inside a label, plain http", "http://pr-*.example.com", Some(Kind::InsecureOriginWithCredentials)),
        ("private addresses", "http://192.168.*.*:5173", Some(Kind::PrivateAddressesWithCredentials)),
        ("private addresses over https", "https://10.*.*.*", Some(Kind::PrivateAddressesWithCredentials)),
        ("link-local addresses", "http://169.254.*.*", Some(Kind::PrivateAddressesWithCredentials)),
        ("loopback addresses", "http://127.*.*.*:*", None),
        ("local files", "file://", Some(Kind::LocalFilesWithCredentials)),
        ("one extension", "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c", None),
    ] {
        assert_eq!(kinds(origins([origin]).allow_credentials()), Vec::from_iter(refused), "{name}");
        if refused != Some(Kind::InvalidPort) {
            assert_eq!(kinds(origins([origin])), [], "{name}, without credentials");
        }
        let dangers = || Policy::builder().danger_allow_origins([origin]);
        let still = match refused {
            None => Some(Kind::NeedsNoOptIn),
            Some(Kind::AnyOriginWithCredentials | Kind::InvalidPort) => refused,
            Some(_) => None,
        };
        assert_eq!(kinds(dangers().allow_credentials()), Vec::from_iter(still), "{name}, opted in");
        let still = refused.filter(|&kind| kind == Kind::InvalidPort).unwrap_or(Kind::NeedsNoOptIn);
        assert_eq!(kinds(dangers()), [still], "{name}, opted in without credentials");
    }
    let exposed = origins(["https://a.example"]).expose_headers(["etag", "*"]);
    assert_eq!(kinds(exposed.clone()), []);
    assert_eq!(kinds(exposed.allow_credentials()), [], "it lists the response's own names");
}

#[test]
fn all_problems_at_once_each_with_its_place() {
    let invalid = origins(["https://a.example/", "https://b.example", "c.example"])
        .allow_methods(["PUT", "TRACE"])
        .allow_headers(["cookie"])
        .expose_headers(["x-a", "set-cookie"])
        .max_age(Duration::from_millis(1500))
        .build()
        .unwrap_err();
    let places: Vec<_> = invalid.problems().iter().map(|p| (p.setting(), p.index(), p.value())).collect();
    assert_eq!(
        places,
        [
            (Setting::AllowOrigins, Some(0), "https://a.example/"),
            (Setting::AllowOrigins, Some(2), "c.example"),
            (Setting::AllowMethods, Some(1), "TRACE"),
            (Setting::AllowHeaders, Some(0), "cookie"),
            (Setting::ExposeHeaders, Some(1), "set-cookie"),
            (Setting::MaxAge, None, "1.5s"),
        ]
    );
}

#[test]
fn problems_are_data() {
    let invalid = Policy::allow_origin("https://a.example/").unwrap_err();
    assert_eq!(
        serde_json::to_value(&invalid).unwrap(),
        serde_json::json!({ "problems": [{
            "setting": "allow_origins",
            "index": 0,
            "line": null,
            "value": "https://a.example/",
            "kind": "path",
            "suggestions": ["https://a.example"],
            "message": "allow_origins[0] \"https://a.example/\": an origin has no path. Write \"https://a.example\"",
        }]})
    );
}

#[test]
fn max_age() {
    for (name, given, expected) in [
        ("none", None, Ok(None)),
        ("zero", Some(Duration::ZERO), Ok(Some(0))),
        ("a second", Some(Duration::from_secs(1)), Ok(Some(1))),
        ("a day", Some(Duration::from_secs(86_400)), Ok(Some(86_400))),
        ("a second more", Some(Duration::from_secs(86_401)), Err((Kind::MaxAgeTooLong, "86400"))),
        ("a nanosecond more", Some(Duration::new(86_400, 1)), Err((Kind::MaxAgeTooLong, "86400"))),
        ("the longest", Some(Duration::MAX), Err((Kind::MaxAgeTooLong, "86400"))),
        ("a fraction", Some(Duration::from_millis(500)), Err((Kind::MaxAgeFraction, "1"))),
        (
            "a nanosecond less than a day",
            Some(Duration::new(86_399, 999_999_999)),
            Err((Kind::MaxAgeFraction, "86400")),
        ),
    ] {
        let builder = given.into_iter().fold(Policy::builder(), PolicyBuilder::max_age);
        let built = builder.build();
        let seen = match &built {
            Ok(policy) => Ok(policy.to_config().max_age),
            Err(invalid) => {
                let problem = &invalid.problems()[0];
                Err((problem.kind(), problem.suggestion().unwrap()))
            }
        };
        assert_eq!(seen, expected, "{name}");
    }
}

fn full() -> PolicyConfig {
    let mut config = PolicyConfig::default();
    config.allow_origins = vec!["https://a.example".into(), "http://*.localhost:*".into()];
    config.allow_methods = vec!["PUT".into()];
    config.allow_headers = vec!["x-a".into()];
    config.expose_headers = vec!["etag".into()];
    config.allow_credentials = true;
    config.max_age = Some(600);
    config.allow_unusual_names = true;
    config.danger_allow_origins = vec!["http://b.example".into(), "moz-extension://*".into()];
    config
}

#[test]
fn config_round_trips_through_toml_and_json() {
    for config in
        [full(), PolicyConfig::default(), Policy::any_origin().to_config(), Policy::deny_all().to_config()]
    {
        let policy = Policy::try_from(config.clone()).unwrap();
        assert_eq!(policy.to_config(), config);
        let toml: PolicyConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(toml, config);
        let json: PolicyConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!(json, config);
    }
}

/// Builder and config share one validation, so they report the same problems.
#[test]
fn builder_and_config_agree() {
    let mut config = full();
    config.allow_origins.push("https://b.example/".to_owned());
    config.max_age = Some(100_000);
    let from_config = Policy::try_from(config.clone()).unwrap_err();
    let from_builder = Policy::builder()
        .allow_origins(config.allow_origins)
        .allow_methods(config.allow_methods)
        .allow_headers(config.allow_headers)
        .expose_headers(config.expose_headers)
        .allow_credentials()
        .max_age(Duration::from_secs(100_000))
        .allow_unusual_names()
        .danger_allow_origins(config.danger_allow_origins)
        .build()
        .unwrap_err();
    assert_eq!(from_config, from_builder);
}

#[test]
fn config_is_strict() {
    for (name, json) in [
        ("an unknown field", r#"{"allow_orgins": []}"#),
        ("a number for a list", r#"{"allow_origins": 1}"#),
        ("a negative max-age", r#"{"max_age": -1}"#),
        ("a fraction", r#"{"max_age": 1.5}"#),
        ("a word for a boolean", r#"{"allow_credentials": "yes"}"#),
    ] {
        assert!(serde_json::from_str::<PolicyConfig>(json).is_err(), "{name}");
    }
}

/// A policy can be a field of an application's own configuration.
#[test]
fn a_policy_is_read_and_written_as_its_config() {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Application {
        cors: Policy,
    }
    let json = r#"{"cors":{"allow_origins":["https://a.example"],"allow_methods":[],"allow_headers":[],"expose_headers":[],"allow_credentials":false}}"#;
    let application: Application = serde_json::from_str(json).unwrap();
    assert!(application.cors.allows(&"https://a.example".parse().unwrap()));
    assert_eq!(serde_json::to_string(&application).unwrap(), json);
    let invalid =
        serde_json::from_str::<Application>(r#"{"cors":{"allow_origins":["a.example"]}}"#).err().unwrap();
    assert!(invalid.to_string().contains("Write \"https://a.example\""), "{invalid}");
}

/// An extension without any permission could read the responses of a server, with credentials or without.
#[test]
fn any_extension_always_needs_an_opt_in() {
    for scheme in ["chrome-extension", "moz-extension", "safari-web-extension", "vscode-webview"] {
        let pattern = format!("{scheme}://*");
        for credentials in [false, true] {
            let build = |builder: PolicyBuilder| {
                if credentials { builder.allow_credentials().build() } else { builder.build() }
            };
            let invalid = build(origins([pattern.as_str()])).unwrap_err();
            assert_eq!(invalid.problems()[0].kind(), Kind::AnyExtension, "{pattern}");
            let policy = build(Policy::builder().danger_allow_origins([&pattern])).unwrap();
            assert_eq!(policy.to_config().danger_allow_origins, [pattern.as_str()]);
            assert_eq!(policy.to_config().allow_origins, [""; 0]);
        }
    }
}

#[test]
fn no_opt_in_saves_null_or_any_origin_with_credentials() {
    let dangers = |origin| Policy::builder().danger_allow_origins([origin]);
    let kind = |builder: PolicyBuilder| builder.build().unwrap_err().problems()[0].kind();
    assert_eq!(kind(dangers("null")), Kind::NullOrigin);
    assert_eq!(kind(dangers("null").allow_credentials()), Kind::NullOrigin);
    assert_eq!(kind(dangers("*").allow_credentials()), Kind::AnyOriginWithCredentials);
    assert_eq!(kind(dangers("*")), Kind::NeedsNoOptIn);
    assert_eq!(kind(dangers("data:x").allow_credentials()), Kind::OpaqueScheme);
}

/// Comparing all patterns of one parent would otherwise make lookups as slow as the policy's author likes.
#[test]
fn more_than_64_patterns_inside_labels_of_one_parent_are_refused() {
    let numbered = |count: usize, end: &str| -> Vec<String> {
        (0..count).map(|number| format!("https://pr-{number}-*.{end}")).collect()
    };
    let mut many = numbered(64, "example.com");
    many.extend(numbered(64, "example.com:*"));
    many.extend(numbered(64, "example.com:8443"));
    many.extend(numbered(64, "b.example.com"));
    // Twice the same counts once.
    many.extend(numbered(64, "example.com"));
    assert!(Policy::builder().allow_origins(&many).build().is_ok());
    many.extend(["https://more-*.example.com".to_owned(), "https://other-*.example.com".to_owned()]);
    let invalid = Policy::builder().allow_origins(&many).build().unwrap_err();
    let places: Vec<_> = invalid.problems().iter().map(|p| (p.index().unwrap(), p.kind())).collect();
    assert_eq!(places, [(320, Kind::TooManyPatterns), (321, Kind::TooManyPatterns)]);
}

/// What would be wrong with a suggestion is reported, too.
#[test]
fn no_mistake_hides_behind_another() {
    let kinds = |origin: &str| {
        let invalid = origins([origin]).allow_credentials().build().unwrap_err();
        let seen = invalid.problems().iter().map(|p| (p.kind(), p.suggestion().map(str::to_owned)));
        seen.collect::<Vec<_>>()
    };
    let https = || Some("https://a.example".to_owned());
    assert_eq!(
        kinds("http://a.example/"),
        [(Kind::Path, https()), (Kind::InsecureOriginWithCredentials, https())]
    );
    assert_eq!(
        kinds("http://a.example:8080/"),
        [(Kind::Path, None), (Kind::InsecureOriginWithCredentials, None)]
    );
    assert_eq!(
        kinds("https://*.github.io/"),
        [(Kind::Path, None), (Kind::PublicSuffixWithCredentials, None)]
    );
    assert_eq!(
        kinds("http://*.github.io"),
        [(Kind::InsecureOriginWithCredentials, None), (Kind::PublicSuffixWithCredentials, None)]
    );
    let three = [
        (Kind::Path, None),
        (Kind::InsecureOriginWithCredentials, None),
        (Kind::PublicSuffixWithCredentials, None),
    ];
    assert_eq!(kinds("http://*.github.io/"), three);
    assert_eq!(kinds("https://a.example/"), [(Kind::Path, https())]);
}

#[test]
fn passwords_are_masked() {
    let invalid = Policy::allow_origin("HTTPS://me:secret@a.example/x@y").unwrap_err();
    assert_eq!(invalid.problems()[0].value(), "HTTPS://***@a.example/x@y");
    assert!(
        !invalid.to_string().contains("secret")
            && !serde_json::to_string(&invalid).unwrap().contains("secret")
    );
    let invalid = "https://me:secret@a.example".parse::<Origin>().unwrap_err();
    assert_eq!(invalid.value(), "https://***@a.example");
    for (value, shown) in [
        ("a.example/x@y", "a.example/x@y"),
        ("https://a.example/maps/@51.5,-0.1", "https://a.example/maps/@51.5,-0.1"),
        ("me:secret@a.example", "***@a.example"),
        ("https:/me:secret@a.example", "https:/***@a.example"),
        (r"https:\\me:secret@a.example", r"https:\\***@a.example"),
        ("https://a.example, https://me:secret@b.example", "https://a.example, https://***@b.example"),
        (
            "https://me:secret@a.example https://me:secret@b.example",
            "https://***@a.example https://***@b.example",
        ),
        ("a.example/?to=https://me:secret@b.example", "a.example/?to=https://***@b.example"),
        ("Origin: https://me:secret@a.example", "Origin: https://***@a.example"),
        ("https://me:sec:ret@a.example/", "https://***@a.example/"),
        ("@", "***@"),
        (":/", ":/"),
    ] {
        let invalid = Policy::allow_origin(value).unwrap_err();
        assert_eq!(invalid.problems()[0].value(), shown);
        assert!(!invalid.to_string().contains("secret"), "{invalid}");
    }
    // A method or a header name is not a URL.
    let names = Policy::builder()
        .allow_methods(["PU@T", "https://me:secret@a.example"])
        .allow_headers(["a@b"])
        .build()
        .unwrap_err();
    let shown: Vec<&str> = names.problems().iter().map(Problem::value).collect();
    assert_eq!(shown, ["PU@T", "https://***@a.example", "a@b"]);
}

#[cfg(feature = "toml")]
#[test]
fn toml_errors_name_the_line() {
    use fetch_cors::TomlError;

    for (name, text, said) in [
        (
            "problems on their lines",
            "# comment\nallow_origins = [\n  \"https://a.example\",\n\n  \"https://b.example/\", \"null\",\n]\nallow_methods = [\"TRACE\"]\nmax_age = 90000\n",
            &[
                "line 5, allow_origins[1]",
                "line 5, allow_origins[2]",
                "line 7, allow_methods[0]",
                "line 8, max_age 90000",
            ][..],
        ),
        (
            "how to opt in",
            "allow_credentials = true\nallow_origins = [\"https://*.github.io\"]\ndanger_allow_origins = [\n\"https://a.example\"]",
            &[
                "line 2, allow_origins[0] \"https://*.github.io\"",
                "or move it to danger_allow_origins",
                "line 4, danger_allow_origins[0] \"https://a.example\": this needs no opt-in. Move it to allow_origins",
            ],
        ),
        ("not TOML", "allow_origins = [\n\"a\"\nmax_age", &["line 3"]),
        (
            "an unknown field",
            "\nallow_origin = []",
            &["line 2: unknown field `allow_origin`, did you mean `allow_origins`?"],
        ),
        (
            "a wrong type",
            "\n\nmax_age = \"1h\"",
            &["line 3: max_age is a whole number of seconds, not \"1h\". Write 3600"],
        ),
        ("a negative number", "max_age = -1", &["line 1: max_age can't be negative, and is -1. Write 0"]),
        (
            "a word for a boolean",
            "allow_credentials = \"yes\"",
            &["line 1: allow_credentials is true or false, not \"yes\". Write true, without quotation marks"],
        ),
        ("a string with escapes", "max_age = \"\\u001b[31m\"", &["not \"\\u{1b}[31m\". Write 3600"]),
        ("a key with escapes", "\"\\u001b[31m\" = 1", &["line 1: unknown field `\\u{1b}[31m`"]),
        ("raw control characters", "max_age = \u{1b}[31m", &["line 1: "]),
        ("a raw control character in a key", "\u{1b}[31m = 1", &["line 1: "]),
        (
            "the table [cors]",
            "\n[cors]\nallow_origins = []",
            &["line 2: the policy is in the table [cors]. Read it with Policy::from_toml_at(text, \"cors\")"],
        ),
        (
            "a table in a table",
            "port = 80\n[server]\nport = 1\n[server.cors]\nmax_age = 1",
            &["line 4: the policy is in the table [server.cors]"],
        ),
        (
            "a setting next to the table",
            "max_age = 1\n[cors]\nmax_age = 1",
            &["line 2: unknown field `cors`"],
        ),
    ] {
        let error = Policy::from_toml(text).expect_err(name);
        for said in said {
            assert!(error.to_string().contains(said), "{name}: {said:?} should be in {error}");
        }
        let is_valid_toml = name.starts_with("problems") || name.starts_with("how to");
        assert_eq!(matches!(error, TomlError::Invalid(_)), is_valid_toml, "{name}");
    }
    assert!(Policy::from_toml("").unwrap().lists_no_origin());
}

/// A terminal obeys control characters, so no message about a file contains one of the file's.
#[cfg(feature = "toml")]
#[test]
fn toml_errors_contain_no_control_character() {
    for text in [
        "max_age = \"\\u001b]0;owned\\u0007\"",
        "\"\\u001b[2J\" = 1",
        "max_age = \u{1b}[2J",
        "\u{1b}[2J",
        "allow_origins = ['a\u{7f}']",
        "allow_origins = [\"https://a.example\\r\\nforged\"]",
        "allow_credentials = \"\\u009b2J\"",
        "a = 1\n\"a\" = \u{9b}2",
        "\"\\u001b[2J\".allow_origins = []",
    ] {
        let said = Policy::from_toml(text).expect_err(text).to_string();
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{text:?}: {said:?}");
        let said = Policy::from_toml_at(text, "a\u{1b}").expect_err(text).to_string();
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{text:?}: {said:?}");
    }
}

/// The text is read once for the lines of all mistakes: nobody would see the end of a text that is read once for each.
#[cfg(feature = "toml")]
#[test]
fn many_mistakes_in_a_long_file_have_their_lines() {
    const MISTAKES: usize = 5_000;
    const COMMENTS: usize = 400_000;
    let list = "  \"https://a.example/\",\n".repeat(MISTAKES);
    let text = format!("{}allow_origins = [\n{list}]", "# comment\n".repeat(COMMENTS));
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(Policy::from_toml(&text).unwrap_err().to_string()));
    let invalid = receiver.recv_timeout(std::time::Duration::from_secs(60)).expect("it ends");
    let place = format!("line {}, allow_origins[{}]", COMMENTS + MISTAKES + 1, MISTAKES - 1);
    assert!(invalid.lines().last().is_some_and(|line| line.contains(&place)), "{place}");
}

#[cfg(feature = "toml")]
#[test]
fn a_policy_in_a_table() {
    let file = "name = \"app\"\n[server]\nport = 80\n[server.cors]\nallow_origins = [\n  \"https://a.example\",\n  \"b.example\",\n]\n";
    let said = |text: &str, table: &str| Policy::from_toml_at(text, table).unwrap_err().to_string();
    assert!(said(file, "server.cors").contains("1. line 7, allow_origins[1] \"b.example\""));
    assert_eq!(said(file, "cors"), "there is no table [cors]");
    assert_eq!(said(file, "server.cors.more"), "there is no table [server.cors.more]");
    assert!(said(file, "server").starts_with("line 4: the policy is in the table [server.cors]"));
    assert!(said(file, "name").contains("invalid type"));
    let valid = file.replace("b.example", "https://b.example");
    let policy = Policy::from_toml_at(&valid, "server.cors").unwrap();
    assert!(policy.allows(&"https://b.example".parse().unwrap()));
    // One string is one place.
    let text = "[cors]\n\nallow_origins = \"https://a.example, b.example, c.example\"";
    assert!(said(text, "cors").contains("1. line 3, allow_origins[1] \"b.example\""));
    assert!(said(text, "cors").contains("2. line 3, allow_origins[2] \"c.example\""));
}

#[test]
fn ready_made_policies() {
    let a: Origin = "https://a.example".parse().unwrap();
    let one = Policy::allow_origin("https://a.example").unwrap();
    assert!(one.allows(&a) && !one.allows(&"https://b.example".parse().unwrap()));
    assert!(
        !one.allows_any_origin() && !one.allows_credentials() && !one.denies_all() && !one.lists_no_origin()
    );
    assert_eq!(one.to_config().allow_methods, ["*"]);
    assert_eq!(one.to_config().allow_headers, ["*"]);

    let any = Policy::any_origin();
    assert!(any.allows(&a) && any.allows_any_origin() && !any.denies_all() && !any.lists_no_origin());
    assert_eq!(any.to_config(), Policy::allow_origin("*").unwrap().to_config());

    let none = Policy::deny_all();
    assert!(!none.allows(&a) && none.denies_all() && !none.lists_no_origin());
    let empty = Policy::builder().build().unwrap();
    assert!(!empty.allows(&a) && empty.denies_all() && empty.lists_no_origin());
    assert!(origins(["https://a.example"]).allow_credentials().build().unwrap().allows_credentials());

    assert!(one.is_same(&one.clone()));
    assert!(!one.is_same(&Policy::allow_origin("https://a.example").unwrap()));
}

#[test]
fn a_ready_made_policy_with_a_max_age() {
    let public = Policy::any_origin().with_max_age(Duration::from_secs(600)).unwrap();
    assert_eq!(
        public,
        origins(["*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .max_age(Duration::from_secs(600))
            .build()
            .unwrap()
    );
    let said = |max_age| Policy::any_origin().with_max_age(max_age).unwrap_err().to_string();
    assert!(said(Duration::from_millis(1500)).contains("max_age"));
    assert!(said(Duration::from_secs(86_401)).contains("max_age"));
    let denied = Policy::deny_all().with_max_age(Duration::from_secs(600)).unwrap();
    assert!(denied.denies_all() && !denied.lists_no_origin(), "it stays denied on purpose");
}

#[test]
fn policies_are_equal_whatever_the_order() {
    let one = origins(["https://a.example", "https://*.b.example"]).allow_methods(["PUT", "DELETE"]);
    let other = origins(["https://*.b.example", "https://a.example", "https://x.b.example"]);
    let other = other.allow_methods(["DELETE", "put"]);
    let (one, other) = (one.build().unwrap(), other.build().unwrap());
    assert!(!one.is_same(&other));
    assert_eq!(one, other);
    assert_ne!(one, origins(["https://a.example"]).build().unwrap());
    assert_ne!(one, one.clone().with_max_age(Duration::from_secs(1)).unwrap());
}

/// What `dbg!` and a failed `assert_eq!` print is what a person wrote.
#[test]
fn the_debug_of_a_policy_is_its_configuration() {
    let policy = Policy::allow_origin("https://a.example").unwrap();
    assert_eq!(format!("{policy:?}"), format!("{:?}", policy.to_config()));
    assert!(format!("{policy:?}").contains(r#"allow_origins: ["https://a.example"]"#));
}

/// `fn main() -> Result<(), Box<dyn Error>>` prints the `Debug` of its error, and `fn main() -> io::Result<()>` that of an
/// `io::Error` around it.
#[test]
fn every_error_prints_its_message() {
    use std::{error::Error, io};

    fn check<E: Error + Into<io::Error> + Clone>(error: &E, kind: io::ErrorKind) {
        assert_eq!(format!("{error:?}"), error.to_string());
        let as_io: io::Error = error.clone().into();
        assert_eq!(as_io.kind(), kind);
        assert_eq!(as_io.to_string(), error.to_string());
        assert!(format!("{as_io:?}").contains(&error.to_string()), "{as_io:?}");
    }
    check(&Policy::allow_origin("a.example").unwrap_err(), io::ErrorKind::InvalidInput);
    check(&"a.example".parse::<Origin>().unwrap_err(), io::ErrorKind::InvalidInput);
    let lan = fetch_cors::Wanted::from_origin("http://192.168.1.20").credentials(true);
    check(
        &Policy::deny_all().change_for(&lan.clone().method("TRACE")).unwrap_err(),
        io::ErrorKind::InvalidInput,
    );
    let change = Policy::deny_all().change_for(&lan).unwrap();
    check(&change.apply(&mut PolicyConfig::default()).unwrap_err(), io::ErrorKind::InvalidInput);
    check(&Policy::from_toml("allow_origin = 1").unwrap_err(), io::ErrorKind::InvalidData);
    check(&Policy::from_toml("allow_origins = ['a.example']").unwrap_err(), io::ErrorKind::InvalidData);
}

#[test]
fn an_origin_is_parsed_strictly() {
    for (value, expected) in [
        ("https://a.example", Ok("https://a.example")),
        ("tauri://localhost", Ok("tauri://localhost")),
        ("https://a.example/", Err(Some("https://a.example"))),
        ("https://*.a.example", Err(None)),
        ("*", Err(None)),
        ("*.a.example", Err(None)),
        ("null", Err(None)),
        ("HTTPS://A.example", Err(Some("https://a.example"))),
    ] {
        let parsed = value.parse::<Origin>();
        let seen = parsed.as_ref().map(Origin::as_str).map_err(|invalid| invalid.suggestion());
        assert_eq!(seen, expected, "{value}");
        if let Err(invalid) = &parsed {
            assert_eq!(invalid.value(), value);
            assert!(invalid.to_string().starts_with(&format!("{value:?}: ")), "{invalid}");
        }
    }
    let kind = "*".parse::<Origin>().unwrap_err().kind();
    assert_eq!(kind, Kind::MisplacedWildcard);
    let origin: Origin = "https://a.example".parse().unwrap();
    assert_eq!((origin.to_string().as_str(), origin.as_ref()), ("https://a.example", "https://a.example"));
}
