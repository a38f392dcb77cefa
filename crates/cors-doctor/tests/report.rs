//! What a report looks like, wide and narrow, with colours and without, and that its JSON is documented.

use std::{fmt::Write as _, time::Duration};

use cors_doctor::{
    paste::PastedRequest,
    probe::Secrets,
    report::{Layout, Paint, Report, report, text},
};
use expect_test::expect_file;
use fetch_cors::{
    browser::{Browser, Credentials, PageOrigin, Request, Response},
    diagnosis::{Examination, Failure, Received},
};

/// What the server responds to each request, by its method and `Origin`.
fn examine(request: Request, respond: impl Fn(&str, &str) -> Received) -> Report {
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    while let Some(wanted) = examination.wanted() {
        let origin =
            wanted.sent.header("origin").map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let received =
            if wanted.may_send_unasked { respond(&wanted.sent.method, &origin) } else { Received::NotSent };
        examination.receive(received, Duration::ZERO);
    }
    report(examination.case(), &examination.diagnosis())
}

fn request(method: &str) -> Request {
    let page = PageOrigin::of("https://shop.example").expect("an origin");
    Request::new(page, method, "https://api.example/orders/7")
}

fn response(status: u16, lines: &[(&str, &str)]) -> Received {
    let head = lines.iter().fold(Response::new(status), |head, (name, value)| head.header(name, value));
    Received::Response { head, body: Vec::new() }
}

const ALLOWED: (&str, &str) = ("access-control-allow-origin", "https://shop.example");

fn reports() -> Vec<(&'static str, Report)> {
    vec![
        (
            "a preflight that nothing answers",
            examine(request("PUT").header("content-type", "application/json"), |_, _| response(404, &[])),
        ),
        (
            "another origin",
            examine(request("GET"), |_, _| {
                response(200, &[("access-control-allow-origin", "https://www.shop.example")])
            }),
        ),
        (
            "credentials that are not allowed",
            examine(request("GET").credentials(Credentials::Include), |_, _| response(200, &[ALLOWED])),
        ),
        ("a server that is down", examine(request("GET"), |_, _| Received::Failed(Failure::Refused))),
        ("a request that was not sent", examine(request("POST"), |_, _| response(204, &[ALLOWED]))),
        (
            "a request that is allowed",
            examine(request("GET"), |_, _| response(200, &[ALLOWED, ("etag", "1")])),
        ),
    ]
}

#[test]
fn reports_as_text() {
    let mut texts = String::new();
    for (name, report) in reports() {
        for width in [120, 80] {
            let layout = Layout { width, paint: Paint::default(), server: None };
            let shown = text(&report, layout);
            for line in shown.lines() {
                // Only what can't be broken is longer.
                let is_word = line.split_whitespace().count() <= 3;
                assert!(line.chars().count() <= width || is_word, "{line}");
                assert_eq!(line, line.trim_end());
            }
            let _ = write!(texts, "# {name}, {width} columns\n\n{shown}\n");
        }
    }
    expect_file!["reports.txt"].assert_eq(&texts);
}

#[test]
fn colours_change_nothing_else() {
    for (_, report) in reports() {
        let shown =
            |is_on| text(&report, Layout { width: 100, paint: Paint { is_on }, server: Some("nginx") });
        let mut coloured = shown(true);
        assert!(coloured.contains("\x1b["));
        for sequence in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;35m"] {
            coloured = coloured.replace(sequence, "");
        }
        assert_eq!(coloured, shown(false));
    }
}

#[test]
fn each_field_is_documented() {
    let document = include_str!("../../../docs/doctor.md");
    for (_, report) in reports() {
        let value = serde_json::to_value(&report).expect("JSON");
        for (name, member) in value.as_object().expect("an object") {
            assert!(document.contains(&format!("`{name}`")), "{name}");
            let first = member.as_array().and_then(|list| list.first()).unwrap_or(member);
            for name in first.as_object().into_iter().flatten().map(|(name, _)| name) {
                assert!(document.contains(&format!("`{name}`")), "{name}");
            }
        }
        assert_eq!(report.masked(&Secrets::default()), report);
    }
}

/// A cookie such as `consent=allowed` is a secret like others, and masks nothing that the report is made of.
#[test]
fn a_secret_that_is_a_word_of_the_reports_unmasks_nothing() {
    const WORDS: [&str; 16] = [
        "allowed",
        "blocked",
        "unreachable",
        "undecided",
        "policy",
        "headers",
        "server",
        "front",
        "nothing",
        "cors",
        "include",
        "same-origin",
        "Chrome",
        "nginx",
        "origin-not-listed",
        "null",
    ];
    let to_settle = "The response says session-of-alice.";
    for word in WORDS {
        let mut pasted = PastedRequest::new("GET", "https://api.example/orders/7?token=key-of-alice");
        pasted.cookies = Some(format!("consent={word}; session=session-of-alice"));
        let secrets = Secrets::of(&pasted);
        for (name, mut report) in reports() {
            report.request.url.clone_from(&pasted.url);
            report.to_settle.push(to_settle.to_owned());
            for line in &mut report.evidence {
                line.url.clone_from(&pasted.url);
            }
            let masked = report.masked(&secrets);
            let said = format!("{masked:?}");
            assert!(!said.contains("of-alice"), "{name}, {word}: {said}");
            let names = |report: &Report| {
                let servers: Vec<_> =
                    report.servers.iter().map(|server| (server.name.clone(), server.title.clone())).collect();
                let browsers: Vec<_> = report.console.iter().map(|message| message.browser.clone()).collect();
                let request = (report.request.mode.clone(), report.request.credentials.clone());
                let causes = (report.cause.clone(), report.rivals.clone(), report.remedy.clone());
                (report.verdict, request, causes, servers, browsers)
            };
            assert_eq!(names(&masked), names(&report), "{name}, {word}");
        }
    }
}
