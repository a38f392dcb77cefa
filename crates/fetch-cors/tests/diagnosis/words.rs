//! Words that no vector shows, because they are about what a client tells.

use std::time::Duration;

use fetch_cors::{
    browser::{Browser, PageOrigin, Request},
    diagnosis::{Examination, Failure, Received},
};

fn examination() -> Examination {
    let page = PageOrigin::of("https://app.example").expect("an origin");
    Examination::new(
        Browser::default(),
        Request::new(page, "GET", "https://api.example/orders/7"),
        Duration::ZERO,
    )
}

/// What went wrong without a response, in a sentence and in the line of the request.
#[test]
fn failures() {
    let tls = |why: &str| Failure::Tls { why: why.to_owned(), wants_client_certificate: false };
    for (failure, line) in [
        (Failure::NameNotResolved, "the host name has no address"),
        (Failure::Refused, "connection refused"),
        (Failure::Closed, "the connection was closed"),
        (tls(""), "no TLS connection"),
        (tls("the certificate has expired"), "no TLS connection: the certificate has expired"),
        (Failure::TimedOut, "no response in time"),
        (Failure::NotHttp, "what came is not HTTP"),
        (Failure::Unknown(String::new()), "no response"),
        (Failure::Unknown("too many open files".to_owned()), "no response: too many open files"),
    ] {
        assert_eq!(failure.to_string(), line);
    }
    for (why, expected) in [("", false), ("the certificate has expired", true)] {
        let mut examination = examination();
        examination.receive(Received::Failed(tls(why)), Duration::ZERO);
        let text = examination.diagnosis().to_string();
        assert_eq!(text.contains("the certificate has expired"), expected, "{text}");
        assert_eq!(text.contains('('), expected, "{text}");
    }
}

/// What a person is asked to confirm.
#[test]
fn a_probe() {
    let mut examination = examination();
    let head = fetch_cors::browser::Response::new(404);
    examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
    let probe = examination.wanted().expect("a request").probe.expect("a probe");
    assert_eq!(
        probe.to_string(),
        "GET https://api.example/orders/7?cors-probe=0-0 without cookies and Authorization"
    );
}
