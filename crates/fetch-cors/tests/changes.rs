//! What to change in a policy so that a request gets through, row by row: the change in words, the opt-ins it needs, and the
//! reasons why no policy helps. That a change works is part of the theorem.

use fetch_cors::{
    Change, ChangeStep, NoChange, Obstacle, OriginDifference, Policy, PolicyConfig, ProblemKind, Setting,
    Wanted,
};

fn config(text: &str) -> PolicyConfig {
    toml::from_str(text).unwrap()
}

fn said(change: &Result<Change, NoChange>) -> String {
    match change {
        Ok(change) => change.to_string(),
        Err(no_change) => no_change.to_string(),
    }
}

const APP: &str = "https://app.example";

fn app() -> Wanted {
    Wanted::from_origin(APP)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn all_that_is_lacking_is_said_at_once() {
    for (name, policy, wanted, expected) in [
        ("nothing", "allow_origins = ['https://app.example']", app(), "nothing is lacking"),
        (
            "nothing, for a page of the server's own",
            "",
            app().method("PUT").credentials(true).server(APP),
            "nothing is lacking",
        ),
        (
            "an origin",
            "",
            app(),
            r#"if this is a front end of yours, add "https://app.example" to allow_origins"#,
        ),
        (
            "a PUT with JSON, Authorization and cookies",
            "",
            app().method("PUT").headers(["authorization", "content-type"]).credentials(true),
            r#"if this is a front end of yours, add "https://app.example" to allow_origins, turn on allow_credentials, add "PUT" to allow_methods and add "authorization", "content-type" to allow_headers"#,
        ),
        (
            "a star with credentials becomes the origin",
            "allow_origins = ['*']",
            app().credentials(true),
            r#"if this is a front end of yours, replace "*" in allow_origins with "https://app.example" and turn on allow_credentials"#,
        ),
        (
            "a star next to the origin",
            "allow_origins = ['*', 'https://app.example']",
            app().credentials(true),
            r#"to allow it, remove "*" from allow_origins and turn on allow_credentials"#,
        ),
        (
            "any exposed header, with credentials",
            "allow_origins = ['https://app.example']\nexpose_headers = ['*']",
            app().credentials(true),
            "to allow it, turn on allow_credentials",
        ),
        (
            "credentials that nobody knows of stay as they are",
            "allow_origins = ['*']",
            app().method("PUT"),
            r#"to allow it, add "PUT" to allow_methods"#,
        ),
        (
            "methods and headers without credentials",
            "allow_origins = ['https://app.example']\nallow_credentials = true",
            app().method("delete").headers(["X-A"]).credentials(false),
            r#"to allow it, add "DELETE" to allow_methods and add "x-a" to allow_headers"#,
        ),
        (
            "safelisted methods",
            "allow_origins = ['https://app.example']",
            app().method("post"),
            "nothing is lacking",
        ),
        (
            "names in another case, and twice",
            "allow_origins = ['https://app.example']\nallow_headers = ['X-A']",
            app().headers(["x-a", "X-B", "x-b"]),
            r#"to allow it, add "x-b" to allow_headers"#,
        ),
        (
            "response headers that the script reads",
            "allow_origins = ['https://app.example']\nexpose_headers = ['etag']",
            app().response_headers(["ETag", "Content-Type", "X-Total-Count", "x-total-count"]),
            r#"to allow it, add "x-total-count" to expose_headers"#,
        ),
        (
            "any response header is exposed already",
            "allow_origins = ['https://app.example']\nexpose_headers = ['*']\nallow_credentials = true",
            app().response_headers(["x-total-count"]).credentials(true),
            "nothing is lacking",
        ),
        (
            "a response header whose name looks like a typo",
            "allow_origins = ['https://app.example']",
            app().response_headers(["content_disposition"]),
            r#"to allow it, add "content_disposition" to expose_headers and turn on allow_unusual_names"#,
        ),
        (
            "a custom scheme",
            "",
            Wanted::from_origin("capacitor://localhost"),
            r#"if this is a front end of yours, add "capacitor://localhost" to allow_origins"#,
        ),
    ] {
        assert_eq!(said(&config(policy).change_for(&wanted)), expected, "{name}");
    }
}

#[test]
fn a_risk_is_named_and_never_taken_in_silence() {
    let lan = Wanted::from_origin("http://192.168.1.20:5173").credentials(true);
    for (name, policy, wanted, opt_ins, expected) in [
        (
            "a LAN origin with credentials",
            "",
            lan.clone(),
            &["http://192.168.1.20:5173"][..],
            r#"if this is a front end of yours, add "http://192.168.1.20:5173" to danger_allow_origins and turn on allow_credentials; "http://192.168.1.20:5173" needs an opt-in: with credentials, anyone on the network between the user and this plain-http site could read what the user can"#,
        ),
        (
            "origins that were listed without credentials",
            "allow_origins = ['https://app.example', 'http://old.example', 'https://*.github.io']",
            app().credentials(true),
            &["http://old.example", "https://*.github.io"],
            r#"to allow it, turn on allow_credentials and move "http://old.example", "https://*.github.io" from allow_origins to danger_allow_origins; "http://old.example" needs an opt-in: with credentials, anyone on the network between the user and this plain-http site could read what the user can; "https://*.github.io" needs an opt-in: with credentials, what the user can read could also be read by anyone who can register a name under the public suffix"#,
        ),
        (
            "origins next to a star",
            "allow_origins = ['*', 'http://old.example']",
            app().credentials(true),
            &["http://old.example"],
            r#"if this is a front end of yours, replace "*" in allow_origins with "https://app.example", turn on allow_credentials and move "http://old.example" from allow_origins to danger_allow_origins; "http://old.example" needs an opt-in: with credentials, anyone on the network between the user and this plain-http site could read what the user can"#,
        ),
    ] {
        let before = config(policy);
        let change = before.change_for(&wanted).expect(name);
        assert_eq!(change.to_string(), expected, "{name}");
        let entries: Vec<_> = change.opt_ins().iter().map(|opt_in| opt_in.entry.as_str()).collect();
        assert_eq!(entries, opt_ins, "{name}");
        let mut after = before.clone();
        let refused = change.apply(&mut after).expect_err(name);
        assert_eq!(refused.opt_ins(), change.opt_ins(), "{name}");
        assert_eq!(after, before, "{name}: nothing is done");
        change.danger_apply_with_opt_ins(&mut after);
        assert!(Policy::try_from(after).is_ok(), "{name}");
    }
    // Loopback needs none.
    let loopback = Wanted::from_origin("http://127.0.0.1:5173").credentials(true);
    assert!(Policy::deny_all().change_for(&loopback).unwrap().opt_ins().is_empty());
    // An opt-in for one origin is not one for another.
    let taken = "danger_allow_origins = ['http://old.example']\nallow_credentials = true";
    assert_eq!(config(taken).change_for(&lan).unwrap().opt_ins().len(), 1);
    assert!(config(taken).change_for(&Wanted::from_origin("http://old.example")).unwrap().is_empty());
    // What is printed is what is applied.
    let before = config("allow_origins = ['http://old.example']");
    let change = before.change_for(&lan).unwrap();
    assert_eq!(
        change.to_toml(&before),
        "danger_allow_origins = [\"http://192.168.1.20:5173\", \"http://old.example\"]\nallow_credentials = true\nallow_origins = []\n"
    );
    assert_eq!(
        change.to_rust(),
        "// Remove \"http://old.example\" from allow_origins.\n.danger_allow_origins([\"http://192.168.1.20:5173\", \"http://old.example\"])\n.allow_credentials()\n"
    );
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn where_no_policy_helps_the_reason_is_said() {
    let long = "M".repeat(65);
    let many = "x".repeat(4097);
    let echoing = "allow_origins = ['https://app.example']\nallow_methods = ['*']\nallow_headers = ['*']\nallow_credentials = true";
    let endless = format!("https://{}.example", "a.".repeat(300));
    for (name, policy, wanted, obstacle, expected) in [
        (
            "null",
            "",
            Wanted::from_origin("null"),
            Obstacle::NullOrigin,
            "\"null\" can't be added to allow_origins: browsers send \"null\" for sandboxed frames",
        ),
        (
            "null, with credentials under a star",
            "allow_origins = ['*']",
            Wanted::from_origin("null").credentials(true),
            Obstacle::NullOrigin,
            "\"null\" can't be added",
        ),
        (
            "TRACE",
            "allow_origins = ['*']\nallow_methods = ['*']",
            app().method("TRACE"),
            Obstacle::Method { method: "TRACE".to_owned(), kind: ProblemKind::ForbiddenMethod },
            "\"TRACE\" can't be added to allow_methods: browsers forbid this method",
        ),
        (
            "patch, as the page writes it",
            "allow_origins = ['*']\nallow_methods = ['PATCH']",
            app().method("patch"),
            Obstacle::MethodCase { method: "patch".to_owned(), meant: "PATCH".to_owned() },
            "methods are case-sensitive: the page must write \"PATCH\", not \"patch\"",
        ),
        (
            "put, sent by something else than a browser",
            "allow_origins = ['*']\nallow_methods = ['PUT']",
            app().method_as_sent("put"),
            Obstacle::MethodCase { method: "put".to_owned(), meant: "PUT".to_owned() },
            "the page must write \"PUT\", not \"put\"",
        ),
        (
            "not a method",
            "allow_origins = ['*']\nallow_methods = ['*']",
            app().method("PUT, DELETE"),
            Obstacle::Method { method: "PUT, DELETE".to_owned(), kind: ProblemKind::InvalidMethod },
            "this is not a valid HTTP method",
        ),
        (
            "a path",
            "",
            Wanted::from_origin("https://app.example/"),
            Obstacle::Origin { origin: "https://app.example/".to_owned(), kind: ProblemKind::Path },
            "\"https://app.example/\" can't be added to allow_origins: an origin has no path",
        ),
        (
            "a pattern",
            "",
            Wanted::from_origin("https://*.example"),
            Obstacle::NoOrigin { origin: "https://*.example".to_owned() },
            "no browser sends such an origin",
        ),
        (
            "a star as the origin opens nothing",
            "",
            Wanted::from_origin("*"),
            Obstacle::NoOrigin { origin: "*".to_owned() },
            "no browser sends such an origin",
        ),
        (
            "an endless origin",
            "",
            Wanted::from_origin(endless.as_str()),
            Obstacle::NoOrigin { origin: endless.clone() },
            "no browser sends such an origin",
        ),
        (
            "a method named star opens nothing",
            "allow_origins = ['*']",
            app().method("*"),
            Obstacle::Star { setting: Setting::AllowMethods },
            "\"*\" can't be added to allow_methods: there it would mean every method; give the method another name",
        ),
        (
            "a header named star opens nothing",
            "allow_origins = ['*']",
            app().headers(["*"]),
            Obstacle::Star { setting: Setting::AllowHeaders },
            "\"*\" can't be added to allow_headers: there it would mean every header; give the header another name",
        ),
        (
            "a header that browsers set",
            "allow_origins = ['*']",
            app().headers(["x-a", "Cookie"]),
            Obstacle::Header { name: "cookie".to_owned(), kind: ProblemKind::ForbiddenRequestHeader },
            "\"cookie\" can't be added to allow_headers: browsers set this header themselves",
        ),
        (
            "a response header",
            "allow_origins = ['*']",
            app().headers(["access-control-allow-origin"]),
            Obstacle::Header {
                name: "access-control-allow-origin".to_owned(),
                kind: ProblemKind::ResponseHeaderAmongAllowed,
            },
            "in the page, remove \"access-control-allow-origin\" from the request's headers",
        ),
        (
            "not a header",
            "allow_origins = ['*']\nallow_headers = ['*']",
            app().headers(["x a"]),
            Obstacle::Header { name: "x a".to_owned(), kind: ProblemKind::InvalidHeaderName },
            "this is not a valid header name",
        ),
        (
            "a method too long to echo",
            echoing,
            app().method(long.as_str()),
            Obstacle::TooLongToEcho { setting: Setting::AllowMethods },
            "only method names of up to 64 bytes are echoed",
        ),
        (
            "names too long to echo",
            echoing,
            app().headers([many.as_str()]),
            Obstacle::TooLongToEcho { setting: Setting::AllowHeaders },
            "only lists of header names of up to 4096 bytes are echoed",
        ),
        (
            "a response header that no script reads",
            "allow_origins = ['*']\nexpose_headers = ['*']",
            app().response_headers(["Set-Cookie"]),
            Obstacle::ResponseHeader {
                name: "set-cookie".to_owned(),
                kind: ProblemKind::ForbiddenResponseHeader,
            },
            "\"set-cookie\" can't be added to expose_headers: ",
        ),
        (
            "a response header named star",
            "allow_origins = ['*']",
            app().response_headers(["*"]),
            Obstacle::Star { setting: Setting::ExposeHeaders },
            "\"*\" can't be added to expose_headers: there it would mean every header; give the header another name",
        ),
        (
            "mixed content",
            "allow_origins = ['*']",
            app().server("http://api.example"),
            Obstacle::MixedContent,
            "a page loaded over https can't send requests over plain http; serve the API over https",
        ),
    ] {
        let no_change = config(policy).change_for(&wanted).expect_err(name);
        assert_eq!(no_change.obstacles(), [obstacle], "{name}");
        assert!(no_change.to_string().contains(expected), "{name}: {no_change}");
    }
    // Browsers send these, or some of them do.
    for server in [
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://[::1]:1",
        "http://192.168.1.5",
        "http://printer.local",
    ] {
        assert!(
            config("allow_origins = ['*']").change_for(&app().server(server)).unwrap().is_empty(),
            "{server}"
        );
    }
    let two = Wanted::from_origin("null").method("TRACE");
    assert_eq!(Policy::deny_all().change_for(&two).unwrap_err().obstacles().len(), 2);
    let invalid = config("allow_origins = ['https://app.example/']").change_for(&app()).unwrap_err();
    assert!(matches!(invalid.obstacles(), [Obstacle::InvalidPolicy(_)]));
    assert!(invalid.to_string().starts_with("correct the policy first: the CORS policy has 1 problem"));
}

#[test]
fn near_misses_are_named() {
    use OriginDifference::{LoopbackName, Port, Scheme, SchemeAndPort, TrailingDot, Www};

    for (listed, origin, near) in [
        ("http://localhost:5173", "https://localhost:5173", &[("http://localhost:5173", Scheme)][..]),
        ("http://app.example", "https://app.example", &[("http://app.example", Scheme)]),
        ("http://localhost:3000", "http://localhost:5173", &[("http://localhost:3000", Port)]),
        ("http://localhost", "http://localhost:5173", &[("http://localhost", Port)]),
        ("https://app.example:8443", "https://app.example", &[("https://app.example:8443", Port)]),
        ("http://localhost:3000", "https://localhost", &[("http://localhost:3000", SchemeAndPort)]),
        ("https://shop.example", "https://www.shop.example", &[("https://shop.example", Www)]),
        ("https://www.shop.example", "https://shop.example", &[("https://www.shop.example", Www)]),
        ("https://*.shop.example", "https://shop.example", &[("https://www.shop.example", Www)]),
        ("http://localhost:3000", "http://127.0.0.1:3000", &[("http://localhost:3000", LoopbackName)]),
        ("http://[::1]:3000", "http://localhost:3000", &[("http://[::1]:3000", LoopbackName)]),
        ("https://app.example", "https://app.example.", &[("https://app.example", TrailingDot)]),
        (
            "https://app.example.:8443",
            "https://app.example:8443",
            &[("https://app.example.:8443", TrailingDot)],
        ),
        // A stranger is not a near miss.
        ("https://app.example", "https://app.example.evil.test", &[]),
        ("https://app.example", "https://app-example.test", &[]),
        ("tauri://localhost", "capacitor://localhost", &[]),
        ("https://app.example", "null", &[]),
    ] {
        let policy = Policy::builder().allow_origins([listed]).build().unwrap();
        let change = policy.change_for(&Wanted::from_origin(origin));
        let found: Vec<_> = change.as_ref().map_or(Vec::new(), |change| {
            change.near_misses().iter().map(|near| (near.allowed.as_str(), near.difference)).collect()
        });
        assert_eq!(found, near, "{listed} {origin}");
    }
    let policy =
        Policy::builder().allow_origins(["http://localhost:3000", "http://app.example.:1"]).build().unwrap();
    for (origin, end) in [
        (
            "http://127.0.0.1:3000",
            "; already allowed: \"http://localhost:3000\" (another name for this machine)",
        ),
        ("http://localhost:3001", "; already allowed: \"http://localhost:3000\" (another port)"),
        ("http://app.example:1", "; already allowed: \"http://app.example.:1\" (with a trailing dot)"),
    ] {
        let change = policy.change_for(&Wanted::from_origin(origin)).unwrap();
        assert!(change.to_string().ends_with(end), "{change}");
    }
}

#[test]
fn near_misses_are_named_next_to_what_stands_in_the_way() {
    let allowed = config("allow_origins = ['http://localhost:3000']");
    let wanted = Wanted::from_origin("http://localhost:5173").method("TRACE");
    let no_change = allowed.change_for(&wanted).unwrap_err();
    assert_eq!(no_change.near_misses().len(), 1);
    assert_eq!(no_change.near_misses()[0].allowed, "http://localhost:3000");
    let said = no_change.to_string();
    assert!(said.ends_with(r#"; already allowed: "http://localhost:3000" (another port)"#), "{said}");
}

/// Applied, a change for response headers makes a browser expose them, and no change where none is needed.
#[test]
fn the_browser_exposes_what_a_change_adds() {
    use fetch_cors::{
        browser::{Browser, Credentials, Next, PageOrigin, Profile, Request, Response},
        server::{RequestField, RequestHead, decide, fields},
    };
    use std::time::Duration;

    struct Get;

    impl RequestHead for Get {
        fn is_options(&self) -> bool {
            false
        }

        fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
            (field == RequestField::Origin).then_some(APP.as_bytes()).into_iter()
        }
    }

    let is_readable = |config: &PolicyConfig, name: &str, credentials: bool| {
        let policy = Policy::try_from(config.clone()).unwrap();
        let own = [name];
        let mut response = Response::new(200).header(name, "1");
        for (field, value) in fields(&policy, &Get, decide(&policy, &Get), Some(&own)) {
            response = response.header(field.name(), value);
        }
        let mode = if credentials { Credentials::Include } else { Credentials::Omit };
        let request = Request::new(PageOrigin::of(APP).unwrap(), "GET", "https://api.example/");
        let mut browser = Browser::new(Profile::STANDARD);
        let Next::Send(exchange) = browser.fetch(request.credentials(mode), Duration::ZERO) else {
            panic!("it is sent")
        };
        let Next::Done(verdict) = exchange.receive(&mut browser, &response, Duration::ZERO) else {
            panic!("it is done")
        };
        verdict.allowed().is_some_and(|allowed| allowed.header(name).is_some())
    };
    for policy in [
        "",
        "allow_origins = ['https://app.example']",
        "allow_origins = ['*']",
        "allow_origins = ['*']\nexpose_headers = ['*']",
        "allow_origins = ['https://app.example']\nexpose_headers = ['*']\nallow_credentials = true",
        "allow_origins = ['https://app.example']\nexpose_headers = ['etag']\nallow_credentials = true",
    ] {
        for name in ["etag", "x-total-count", "content-type", "content_disposition", "set-cookie", "*"] {
            for credentials in [false, true] {
                let row = format!("{policy:?} {name} {credentials}");
                let mut config = config(policy);
                let before = is_readable(&config, name, credentials);
                let wanted = app().response_headers([name]).credentials(credentials);
                match config.change_for(&wanted) {
                    Ok(change) => {
                        assert_eq!(change.is_empty(), before, "{row}");
                        change.apply(&mut config).expect(&row);
                        assert!(is_readable(&config, name, credentials), "{row}");
                    }
                    Err(no_change) => {
                        let obstacles = no_change.obstacles();
                        let is_named =
                            matches!(obstacles, [Obstacle::ResponseHeader { .. } | Obstacle::Star { .. }]);
                        assert!(is_named && ["set-cookie", "*"].contains(&name), "{row}: {no_change}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_change_is_data() {
    let before = config("allow_origins = ['*']\nallow_methods = ['put']\nexpose_headers = ['etag']");
    let wanted = app().method("DELETE").headers(["x-a"]).credentials(true);
    let change = before.change_for(&wanted).unwrap();
    let add = |setting, entry: &str| ChangeStep::Add { setting, entry: entry.to_owned() };
    assert_eq!(
        change.steps(),
        [
            ChangeStep::Remove { setting: Setting::AllowOrigins, entry: "*".to_owned() },
            add(Setting::AllowOrigins, APP),
            ChangeStep::TurnOn { setting: Setting::AllowCredentials },
            add(Setting::AllowMethods, "DELETE"),
            add(Setting::AllowHeaders, "x-a"),
        ]
    );
    assert_eq!(
        serde_json::to_string(change.steps()).unwrap(),
        r#"[{"setting":"allow_origins","remove":"*"},{"setting":"allow_origins","add":"https://app.example"},{"setting":"allow_credentials","set":true},{"setting":"allow_methods","add":"DELETE"},{"setting":"allow_headers","add":"x-a"}]"#
    );
    let mut after = before.clone();
    change.apply(&mut after).unwrap();
    let twice = after.clone();
    change.apply(&mut after).unwrap();
    assert_eq!(after, twice, "once is enough");
    // What is printed is what is applied.
    let toml = change.to_toml(&before);
    assert_eq!(
        toml,
        "allow_origins = [\"https://app.example\"]\nallow_credentials = true\nallow_methods = [\"put\", \"DELETE\"]\nallow_headers = [\"x-a\"]\n"
    );
    let read = config(&format!("{toml}expose_headers = ['etag']"));
    assert_eq!(read, after);
    assert_eq!(
        change.to_rust(),
        "// Remove \"*\" from allow_origins.\n.allow_origins([\"https://app.example\"])\n.allow_credentials()\n.allow_methods([\"DELETE\"])\n.allow_headers([\"x-a\"])\n"
    );
}

#[test]
fn a_client_can_neither_forge_nor_flood_a_log() {
    let names: Vec<String> = (0..1000).map(|number| format!("x-{number}")).collect();
    let forged =
        Wanted::from_origin("https://a.example\r\nINFO all is well \u{1b}[31m").method_as_sent("P\u{1b}T");
    for wanted in [
        app().method("m".repeat(5000)),
        app().headers(&names),
        forged.headers(["x\n", "y\"", "z\u{202e}", "a b"]),
    ] {
        let said = said(&Policy::deny_all().change_for(&wanted));
        assert!(said.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{said}");
        assert!(said.len() < 1000, "{said}");
    }
}
