//! `audit`, against servers as people write them.

use serde_json::Value;

use crate::{
    run,
    server::{Came, Server, response},
};

fn server(is_allowed: fn(&str) -> bool) -> Server {
    Server::start(move |request| reflect(request, is_allowed))
}

fn reflect(request: &Came, is_allowed: fn(&str) -> bool) -> String {
    let origin = request.header("origin").unwrap_or_default();
    if !is_allowed(origin) {
        return response(200, &[("Vary", "Origin")]);
    }
    response(
        200,
        &[
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Allow-Methods", "PUT"),
            ("Access-Control-Allow-Headers", "content-type"),
            ("Vary", "Origin"),
        ],
    )
}

/// What is found, with its severity, and the exit status.
fn audited(server: &Server, more: &[&str]) -> (Vec<(String, String)>, i32, Value) {
    let url = server.url("/me");
    let run = run(&[&["audit", &url, "--json"], more].concat());
    let report = run.json();
    let of = |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let found = findings.iter().map(|finding| (of(finding, "name"), of(finding, "severity"))).collect();
    (found, run.status, report)
}

fn owned(found: &[(&str, &str)]) -> Vec<(String, String)> {
    found.iter().map(|(name, severity)| ((*name).to_owned(), (*severity).to_owned())).collect()
}

#[test]
fn who_could_do_what_is_said() {
    const TRUSTED: [&str; 2] = ["--origin", "https://app.shop.example"];
    type Row = (&'static str, fn(&str) -> bool, &'static [(&'static str, &'static str)], i32);
    let rows: &[Row] = &[
        ("a right one", |origin| origin == "https://app.shop.example", &[], 0),
        ("one that reflects", |_| true, &[("any-site", "high")], 1),
        ("one that allows null", |origin| origin == "null", &[("null", "high")], 1),
        (
            "one that compares the end",
            |origin| origin.ends_with("shop.example"),
            &[
                ("suffix", "high"),
                ("look-alike-dot", "high"),
                ("plain-http", "medium"),
                ("subdomain", "info"),
            ],
            1,
        ),
        (
            "one that compares the beginning",
            |origin| origin.starts_with("https://app.shop.example"),
            &[("prefix", "high"), ("other-port", "medium")],
            1,
        ),
    ];
    for (name, is_allowed, expected, status) in rows {
        let server = server(*is_allowed);
        let (found, exit, report) = audited(&server, &TRUSTED);
        assert_eq!(found, owned(expected), "{name}: {report:#}");
        assert_eq!(exit, *status, "{name}");
        assert_eq!(report["sent"], report["planned"], "{name}");
        let methods = server.methods();
        assert!(methods.iter().all(|method| method == "GET" || method == "OPTIONS"), "{name}: {methods:?}");
    }
}

#[test]
fn a_star_on_a_loopback_host_is_dangerous() {
    let server = Server::start(|_| response(200, &[("Access-Control-Allow-Origin", "*")]));
    let (found, exit, _) = audited(&server, &[]);
    assert_eq!((found, exit), (owned(&[("any-site", "high")]), 1));
}

#[test]
fn a_session_makes_it_critical_if_the_response_shows_it_and_is_never_printed() {
    let server = Server::start(|request| {
        let head = reflect(request, |_| true);
        let is_signed_in = request.header("cookie").is_some_and(|cookies| cookies.contains("secret-7f3a"));
        if is_signed_in { head.replace("{}", "[]") } else { head }
    });
    let (found, exit, report) = audited(&server, &["-b", "sid=secret-7f3a"]);
    assert_eq!((found, exit), (owned(&[("any-site", "critical")]), 1));
    assert!(!report.to_string().contains("secret-7f3a"));
    let shown = run(&["audit", &server.url("/me"), "-b", "sid=secret-7f3a"]);
    assert!(shown.out.contains("critical: a page of any site"), "{}", shown.out);
    assert!(!shown.out.contains("secret-7f3a") && !shown.err.contains("secret-7f3a"));
    let listed = run(&["audit", &server.url("/me"), "-b", "sid=secret-7f3a", "--dry-run"]);
    assert!(!listed.out.contains("secret-7f3a"), "{}", listed.out);
}

#[test]
fn a_dry_run_sends_nothing_and_lists_everything() {
    let server = server(|_| true);
    let listed = run(&["audit", &server.url("/me"), "--dry-run"]);
    assert_eq!((listed.status, server.came().len()), (0, 0));
    let lines = listed.out.lines().filter(|line| line.trim_start().starts_with("curl -gi")).count();
    run(&["audit", &server.url("/me"), "--json"]);
    assert_eq!(lines, server.came().len(), "{}", listed.out);
}

#[test]
fn it_names_itself_and_asks_each_address_once() {
    let server = server(|_| false);
    run(&["audit", &server.url("/me"), "--json"]);
    let came = server.came();
    assert!(came.iter().all(|request| {
        request.header("user-agent").is_some_and(|agent| agent.starts_with("cors-doctor/"))
    }));
    let mut lines: Vec<_> = came.iter().map(|request| request.line.clone()).collect();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), came.len(), "each has a query of its own");
}

#[test]
fn a_server_that_wants_fewer_requests_gets_no_more() {
    let server = Server::start(|_| response(429, &[("Retry-After", "60")]));
    let run = run(&["audit", &server.url("/me"), "--json"]);
    assert_eq!((run.status, server.came().len()), (4, 1));
    assert!(run.json()["stopped"].as_str().is_some_and(|why| why.contains("429")));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = server(|_| true);
    let url = other.url("/");
    let server = Server::start(move |_| response(302, &[("Location", &url)]));
    let (found, exit, _) = audited(&server, &[]);
    assert_eq!((found, exit, other.came().len()), (Vec::new(), 0, 0));
}

#[test]
fn what_can_t_be_audited_is_said() {
    let run_of = |arguments: &[&str]| {
        let run = run(arguments);
        (run.status, run.err)
    };
    let (status, said) = run_of(&["audit", "api.example/me"]);
    assert_eq!(status, 2);
    assert!(said.contains("api.example/me: not a URL. Write one with its scheme"), "{said}");
    let (status, said) = run_of(&["audit", "ftp://api.example/"]);
    assert_eq!(status, 2);
    assert!(said.contains("is not an http or https address"), "{said}");
    let (status, said) = run_of(&["audit", "http://127.0.0.1:9/"]);
    assert_eq!(status, 2);
    assert!(said.contains("its port belongs to another protocol"), "{said}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it");
    let (status, said) = run_of(&["audit", &format!("http://{closed}/")]);
    assert_eq!(status, 3, "{said}");
}
