//! Servers as people write them, in memory.

use fetch_cors::browser::{Response, Url};

use super::*;

/// What a server responds to a probe.
type Server = fn(&Probe) -> Response;

fn origin(probe: &Probe) -> &str {
    let header = probe.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("origin"));
    header.map_or("", |(_, value)| value)
}

fn allow(probe: &Probe, is_allowed: bool) -> Response {
    let response = Response::new(200).header("vary", "origin");
    if !is_allowed {
        return response;
    }
    response
        .header("access-control-allow-origin", origin(probe))
        .header("access-control-allow-credentials", "true")
        .header("access-control-allow-methods", "PUT")
        .header("access-control-allow-headers", "content-type")
}

fn audited(target: Target, server: Server, body: fn(&Probe) -> &'static [u8]) -> Report {
    let audit = Audit::new(target).unwrap();
    let received: Vec<_> =
        audit.probes().iter().map(|probe| Received::new(server(probe), body(probe))).collect();
    audit.report(&received)
}

fn target(url: &str) -> Target {
    Target::of(Url::parse(url).unwrap())
}

fn with_session(url: &str, name: &str, value: &str) -> Target {
    Target { session: vec![(name.to_owned(), value.to_owned())], ..target(url) }
}

/// What it is, the address, the server, and what is found.
type Row = (&'static str, &'static str, Server, &'static [(&'static str, Severity)]);

/// The name and the severity of what is found.
fn found(report: &Report) -> Vec<(&'static str, Severity)> {
    report.findings.iter().map(|finding| (finding.name, finding.severity)).collect()
}

const API: &str = "https://api.shop.example/me";

#[test]
fn each_kind_of_mistake_is_found_and_nothing_else() {
    use Severity::{High, Info, Medium};
    let rows: &[Row] = &[
        ("a right one", API, |probe| allow(probe, origin(probe) == "https://api.shop.example"), &[]),
        ("no CORS at all", API, |_| Response::new(200), &[]),
        ("reflects everybody", API, |probe| allow(probe, true), &[("any-site", High)]),
        ("allows null", API, |probe| allow(probe, origin(probe) == "null"), &[("null", High)]),
        (
            "compares the beginning",
            API,
            |probe| allow(probe, origin(probe).starts_with("https://api.shop.example")),
            &[("prefix", High), ("other-port", Medium)],
        ),
        (
            "compares the end",
            API,
            |probe| allow(probe, origin(probe).ends_with("shop.example")),
            &[("suffix", High), ("look-alike-dot", High), ("plain-http", Medium), ("subdomain", Info)],
        ),
        (
            "a dot that matches any letter",
            API,
            |probe| allow(probe, origin(probe) == "https://apixshop.example"),
            &[("look-alike-dot", High)],
        ),
        (
            "plain http as well",
            API,
            |probe| allow(probe, origin(probe) == "http://api.shop.example"),
            &[("plain-http", Medium)],
        ),
        (
            "any port",
            API,
            |probe| allow(probe, origin(probe) == "https://api.shop.example:8443"),
            &[("other-port", Medium)],
        ),
        (
            "any subdomain",
            API,
            |probe| {
                allow(probe, origin(probe).ends_with(".shop.example") && origin(probe).starts_with("https:"))
            },
            &[("subdomain", Info)],
        ),
        ("only the preflight", API, |probe| allow(probe, probe.method == "OPTIONS"), &[("any-site", High)]),
        ("only errors", API, |probe| allow(probe, probe.kind == Kind::ReadError), &[("any-site", High)]),
        ("public data", API, |_| star(), &[("any-site", Info)]),
        ("an API on this machine", "http://127.0.0.1:8080/", |_| star(), &[("any-site", High)]),
        ("in a private network", "http://192.168.1.4/", |_| star(), &[("any-site", High)]),
        (
            "reflects without credentials",
            API,
            |probe| reflect(probe, "origin", "no-store"),
            &[("any-site", Info)],
        ),
        (
            "kept by caches for all",
            API,
            |probe| reflect(probe, "accept", "public, max-age=60"),
            &[("cached-without-vary", Medium), ("any-site", Info)],
        ),
        ("kept by nobody", API, |probe| reflect(probe, "accept", "no-store"), &[("any-site", Info)]),
        (
            "star with credentials, which browsers refuse",
            API,
            |_| star_with_credentials(),
            &[("any-site", Info)],
        ),
    ];
    for (name, url, server, expected) in rows {
        let report = audited(target(url), *server, |_| b"");
        assert_eq!(found(&report), *expected, "{name}");
    }
}

fn star() -> Response {
    Response::new(200).header("access-control-allow-origin", "*")
}

fn star_with_credentials() -> Response {
    star().header("access-control-allow-credentials", "true")
}

fn reflect(probe: &Probe, vary: &str, cache: &str) -> Response {
    Response::new(200)
        .header("access-control-allow-origin", origin(probe))
        .header("vary", vary)
        .header("cache-control", cache)
}

#[test]
fn a_host_that_is_filtered_by_address_is_as_private_as_a_loopback_one() {
    let filtered = Target { is_filtered: true, ..target(API) };
    let report = audited(filtered, |_| star(), |_| b"");
    assert_eq!(found(&report), [("any-site", Severity::High)]);
}

#[test]
fn critical_is_only_what_the_session_shows() {
    let session = || with_session(API, "Cookie", "sid=1");
    let body = |probe: &Probe| -> &'static [u8] {
        if probe.kind == Kind::ReadWithSession { b"Ada" } else { b"nobody" }
    };
    let report = audited(session(), |probe| allow(probe, true), body);
    assert_eq!(found(&report), [("any-site", Severity::Critical)]);
    let report = audited(session(), |probe| allow(probe, true), |_| b"the same");
    assert_eq!(found(&report), [("any-site", Severity::High)]);
    // It reflects only with a session.
    let report = audited(session(), |probe| allow(probe, probe.kind == Kind::ReadWithSession), body);
    assert_eq!(found(&report), [("any-site", Severity::Critical)]);
}

#[test]
fn a_secret_that_no_page_knows_makes_it_info() {
    let bearer = with_session(API, "Authorization", "Bearer secret");
    assert_eq!(found(&audited(bearer, |probe| allow(probe, true), |_| b"")), [("any-site", Severity::Info)]);
    let basic = with_session(API, "Authorization", "Basic c2VjcmV0");
    assert_eq!(found(&audited(basic, |probe| allow(probe, true), |_| b"")), [("any-site", Severity::High)]);
}

#[test]
fn same_site_cookies_keep_other_sites_out() {
    let lax = |probe: &Probe| allow(probe, true).header("set-cookie", "sid=1; SameSite=Lax; Secure");
    assert_eq!(found(&audited(target(API), lax, |_| b"")), [("any-site", Severity::Medium)]);
    let none = |probe: &Probe| allow(probe, true).header("set-cookie", "sid=1; SameSite=None; Secure");
    assert_eq!(found(&audited(target(API), none, |_| b"")), [("any-site", Severity::High)]);
    let missing = |probe: &Probe| allow(probe, true).header("set-cookie", "sid=1; Secure");
    assert_eq!(found(&audited(target(API), missing, |_| b"")), [("any-site", Severity::High)]);
}

#[test]
fn an_audit_that_was_stopped_says_what_it_saw() {
    let audit = Audit::new(target(API)).unwrap();
    let first = Received::new(allow(&audit.probes()[0], true), b"");
    let report = audit.report(&[first]);
    assert_eq!((report.sent, report.planned), (1, audit.probes().len()));
    assert_eq!(found(&report), [("any-site", Severity::High)]);
    assert_eq!(audit.report(&[]).findings, []);
}

#[test]
fn other_schemes_are_refused() {
    let error = Audit::new(target("ftp://shop.example/")).unwrap_err();
    assert_eq!(error, "ftp://shop.example/ is not an http or https address");
}

/// What GitHub's API sends to everybody, with and without an `Origin`.
#[test]
fn a_public_api_is_no_more_than_info() {
    let public = |probe: &Probe| {
        let response = Response::new(if probe.method == "OPTIONS" { 204 } else { 200 })
            .header("access-control-allow-origin", "*")
            .header("cache-control", "public, max-age=60, s-maxage=60")
            .header("vary", "Accept,Accept-Encoding, Accept, X-Requested-With");
        if probe.method == "OPTIONS" {
            response
                .header("access-control-allow-methods", "GET, POST, PATCH, PUT, DELETE")
                .header(
                    "access-control-allow-headers",
                    "Authorization, Content-Type, If-Match, X-Requested-With",
                )
                .header("access-control-max-age", "86400")
        } else {
            response.header("access-control-expose-headers", "ETag, Link, Location, X-RateLimit-Limit")
        }
    };
    let report = audited(target("https://api.github.com/repos/rust-lang/rust"), public, |_| b"{}");
    assert_eq!(found(&report), [("any-site", Severity::Info)]);
}
