//! What a report looks like, wide and narrow, with colours and without, and that its JSON is documented.

use std::{fmt::Write as _, time::Duration};

use cors_doctor::{
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
