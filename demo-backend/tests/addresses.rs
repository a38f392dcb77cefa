//! The Lab's origins are what browsers make of the addresses that were typed, the page is used at its own origin alone, and
//! may load from the Lab's servers whichever name they have.

mod lab;

use std::collections::HashMap;

use demo_backend::{Options, Origins, Output, Running};
use lab::{WireResponse, send};
use serde_json::json;

struct At {
    running: Running,
    _folder: tempfile::TempDir,
}

impl At {
    fn start(api: &str, page: &str, attacker: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let policy = folder.path().join("cors.toml");
        std::fs::write(&policy, "").expect("the file can be written");
        let options = Options {
            api: api.to_owned(),
            page: page.to_owned(),
            attacker: attacker.to_owned(),
            policy: Some(policy),
            allow_remote_apis: false,
            output: Output::silent(),
        };
        Self { running: Running::start(&options).expect("free ports"), _folder: folder }
    }

    fn origins(&self) -> &Origins {
        self.running.origins()
    }
}

fn port(origin: &str) -> &str {
    origin.rsplit(':').next().expect("a port")
}

#[test]
fn predictions_are_for_the_origins_that_browsers_have() {
    for (api, page) in [
        ("localhost:0", "localhost:0"),
        ("LOCALHOST:0", "LocalHost:0"),
        ("127.1:0", "0x7f.0.0.1:0"),
        ("[0:0:0:0:0:0:0:1]:0", "[::1]:0"),
        ("0.0.0.0:0", "[::]:0"),
        ("api.localhost:0", "PAGE.localhost:0"),
    ] {
        let at = At::start(api, page, "localhost:0");
        let Origins { api: api_origin, page: page_origin, .. } = at.origins();
        // The system may not know the name; `Host` says it anyway, as a browser would.
        let call = |method: &str, path: &str, body: &str| {
            let host = page_origin.trim_start_matches("http://");
            let by_name = host.replace("page.localhost", "localhost");
            let headers = [("host", host), ("x-cors-lab", "1"), ("content-type", "application/json")];
            send(&format!("http://{by_name}"), method, path, &headers, body.as_bytes())
        };
        let made = call("POST", "/control/sessions", "{}").json();
        let session = format!("/control/s/{}", made["id"].as_str().expect("an id"));
        // What the browser will send, as its URL parser writes it.
        let policy = json!({ "allow_origins": [page_origin] });
        assert_eq!(call("PUT", &format!("{session}/policy"), &policy.to_string()).status, 200, "{page}");
        let wanted = json!({ "request": { "path": "notes" }, "run": "a1", "engine": "chromium" });
        let predicted = call("POST", &format!("{session}/predict"), &wanted.to_string());
        assert_eq!(predicted.status, 200, "{api}, {page}: {predicted:?}");
        let prediction = predicted.json();
        assert_eq!(prediction["verdict"]["allowed"], true, "{api}, {page}: {prediction}");
        let url = prediction["messages"][0]["url"].as_str().expect("a URL");
        let parsed = url::Url::parse(url).expect("a valid URL");
        assert_eq!(parsed.as_str(), url, "{api}: it is as browsers write it");
        assert_eq!(parsed.origin().ascii_serialization(), *api_origin, "{api}");
    }
}

/// The directives of a document's policy.
fn directives(response: &WireResponse) -> HashMap<String, Vec<String>> {
    let policy = response.header("content-security-policy").expect("a policy");
    let words = |directive: &str| directive.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    policy
        .split(';')
        .filter_map(|directive| {
            let mut words = words(directive).into_iter();
            Some((words.next()?, words.collect()))
        })
        .collect()
}

#[test]
fn pages_load_from_the_api_by_each_of_its_names() {
    for (api, page, attacker) in [
        ("localhost:0", "localhost:0", "localhost:0"),
        ("LOCALHOST:0", "localhost:0", "localhost:0"),
        ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"),
        ("[::1]:0", "[::1]:0", "[::1]:0"),
        ("[::1]:0", "localhost:0", "127.0.0.1:0"),
    ] {
        let at = At::start(api, page, attacker);
        let origins = at.origins();
        // No policy can write an IPv6 address.
        let source = |origin: &str| {
            if origin.contains('[') { format!("http://*:{}", port(origin)) } else { origin.to_owned() }
        };
        let names: Vec<String> = [Some(&origins.api), origins.api_alias.as_ref()]
            .into_iter()
            .flatten()
            .map(|name| source(name))
            .collect();
        let (page, attacker) = (source(&origins.page), source(&origins.attacker));
        let lab = directives(&send(&origins.page, "GET", "/", &[], b""));
        let other = directives(&send(&origins.attacker, "GET", "/", &[], b""));
        for (who, policy, directive, expected) in [
            ("the page", &lab, "script-src", [&["'self'".to_owned()], &names[..]].concat()),
            ("the page", &lab, "frame-src", vec![attacker.clone()]),
            ("the page", &lab, "frame-ancestors", vec!["'none'".to_owned()]),
            ("the attacker", &other, "frame-ancestors", vec![page.clone()]),
        ] {
            assert_eq!(policy[directive], expected, "{who}, {directive}, {api}");
        }
        for directive in ["script-src", "connect-src", "img-src", "font-src", "media-src"] {
            for name in &names {
                assert!(lab[directive].contains(name), "the page, {directive}: {lab:?}");
                assert!(other[directive].contains(name), "the attacker, {directive}: {other:?}");
            }
        }
        assert!(!lab["script-src"].contains(&attacker), "no script of the attacker's: {lab:?}");
        assert!(!lab["style-src"].contains(&attacker), "no style of the attacker's: {lab:?}");
        for (policy, who) in [(&lab, "the page"), (&other, "the attacker")] {
            let brackets = policy.values().flatten().find(|source| source.contains('['));
            assert_eq!(brackets, None, "{who}: browsers would ignore it");
        }
    }
}

#[test]
fn the_page_is_used_at_its_own_origin() {
    let at = At::start("localhost:0", "localhost:0", "localhost:0");
    let page = &at.origins().page;
    let port = port(page);
    let (own, attacker) =
        (format!("localhost:{port}"), format!("localhost:{}", self::port(&at.origins().attacker)));
    let get = |host: &str, method: &str, path: &str| send(page, method, path, &[("host", host)], b"");
    for host in [
        "127.0.0.1",
        "[::1]",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
        "127.0.0.2",
        "127.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
    ] {
        let host = format!("{host}:{port}");
        for path in ["/", "/?a=1&b=%2F", "/index.html", "/lab.js?x", "//evil.example/", "/%0d%0aa:b"] {
            for method in ["GET", "HEAD"] {
                let response = get(&host, method, path);
                assert_eq!(response.status, 307, "{host}{path}: {response:?}");
                let location = format!("{page}{path}");
                assert_eq!(response.header("location"), Some(&*location), "{host}");
                assert_eq!(response.header("cache-control"), Some("no-store"), "{host}");
            }
        }
        assert_eq!(get(&host, "POST", "/").status, 421, "{host}: nothing is posted to a page");
    }
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("localhost@evil.example:{port}"),
        format!("evillocalhost:{port}"),
        format!("192.168.1.20:{port}"),
        format!("[fe80::1]:{port}"),
        // Another server, or a tunnel whose other end is elsewhere.
        "localhost".to_owned(),
        attacker,
        "127.0.0.1:1".to_owned(),
        "not a host".to_owned(),
        "localhost:port".to_owned(),
    ] {
        let response = get(&host, "GET", "/");
        assert_eq!(response.status, 421, "{host}: {response:?}");
        assert_eq!(response.header("location"), None, "{host}");
        let text = String::from_utf8(response.body).expect("text");
        assert!(text.contains(page) && text.contains("--page"), "{host}: it says where the page is: {text}");
    }
    for path in ["/", "/lab.js", "/lessons/lessons.json"] {
        assert_eq!(get(&own, "GET", path).status, 200, "{path}");
    }
}
