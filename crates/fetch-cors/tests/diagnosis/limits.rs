//! What no diagnosis may do: panic, send more than its budget, probe a signed URL, or carry a secret to another origin.

use std::time::Duration;

use fetch_cors::{
    browser::{AddressSpace, Browser, Credentials, PageOrigin, Profile, Request, Response},
    diagnosis::{Examination, Failure, Note, Purpose, Received, Sent},
};
use proptest::prelude::*;

fn page() -> PageOrigin {
    PageOrigin::of("https://app.example").expect("an origin")
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = prop::sample::select(vec![
        "access-control-allow-origin",
        "Access-Control-Allow-Origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-credentials",
        "access-control-max-age",
        "location",
        "vary",
        "age",
        "content-type",
        "cache-control",
        "www-authenticate",
    ]);
    let values = prop_oneof![
        prop::sample::select(vec![
            "*",
            "https://app.example",
            "https://app.example, *",
            "null",
            "true",
            "PUT",
            "x-a",
            "text/html",
            "Origin",
            "/login",
            "https://id.example/oauth?next=/",
            "https://",
            "1",
            "http://[",
            "https://ä.example/\u{0}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    (names.prop_map(ToOwned::to_owned), values)
}

fn received() -> impl Strategy<Value = Received> {
    let status = prop_oneof![4 => prop::sample::select(vec![200, 204, 301, 302, 400, 401, 403, 404, 405, 429, 500, 502]), 1 => any::<u16>()];
    let response = (status, prop::collection::vec(header(), 0..6), prop::collection::vec(any::<u8>(), 0..60))
        .prop_map(|(status, headers, body)| {
            let head =
                headers.iter().fold(Response::new(status), |head, (name, value)| head.header(name, value));
            Received::Response { head, body }
        });
    prop_oneof![
        12 => response,
        1 => Just(Received::NotSent),
        1 => prop::sample::select(vec![Failure::Closed, Failure::TimedOut, Failure::Unknown("ä\u{1b}[31m".to_owned())]).prop_map(Received::Failed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn any_server_gets_a_diagnosis(
        replies in prop::collection::vec(received(), 60),
        method in prop::sample::select(vec!["GET", "PUT", "patch", "T RACE"]),
        url in prop::sample::select(vec!["https://api.example/a", "http://api.example/", "/a", "localhost:1/a", "https://", "https://api.example:8443/a?b#c"]),
        names in prop::collection::vec("[a-z -]{0,8}", 0..4),
        include: bool,
    ) {
        let mut request = Request::new(page(), method, url);
        for name in &names {
            request = request.header(name, "1");
        }
        if include {
            request = request.credentials(Credentials::Include);
        }
        let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
        let mut replies = replies.into_iter();
        let mut count = 0;
        while let Some(wanted) = examination.wanted() {
            prop_assert!(!wanted.sent.url.scheme().is_empty());
            count += 1;
            prop_assert!(count <= 21 * 2 + names.len() + 4 + 8, "{count} requests");
            examination.receive(replies.next().unwrap_or(Received::NotSent), Duration::ZERO);
        }
        let diagnosis = examination.diagnosis();
        let lines: Vec<String> = diagnosis.evidence.iter().map(ToString::to_string).collect();
        let text = format!("{diagnosis}{}", lines.join(""));
        prop_assert!(!text.contains('\u{1b}'), "{text:?}");
        prop_assert!(diagnosis.to_string().lines().count() <= 2, "{diagnosis}");
    }
}

/// What is sent in addition to the browser's own requests, to a server that responds to all of them with this: method, purpose, and
/// whether a person must confirm it.
fn sent_to(request: Request, open_url: Option<&str>, respond: impl Fn(&Sent) -> Response) -> Vec<String> {
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    examination.case_mut().hints.open_url = open_url.map(|url| url.parse().expect("a URL"));
    let mut sent = Vec::new();
    while let Some(wanted) = examination.wanted() {
        if let Some(probe) = &wanted.probe {
            let confirmed = if wanted.may_send_unasked { "" } else { ", if confirmed" };
            sent.push(format!("{} {}{confirmed}", wanted.sent.method, probe.purpose.name()));
        }
        let received = Received::Response { head: respond(&wanted.sent), body: Vec::new() };
        examination.receive(received, Duration::ZERO);
    }
    sent
}

/// A script that writes: only `OPTIONS` is sent without asking. Four probes in addition to one for each header are the most.
#[test]
fn what_is_sent_about_a_request_that_writes() {
    let request =
        || Request::new(page(), "PUT", "https://api.example/orders/7").header("authorization", "Bearer 7");
    let sent = sent_to(request(), Some("https://api.example/health"), |_| Response::new(404));
    assert_eq!(
        sent,
        [
            "OPTIONS plain-get",
            "GET open-path, if confirmed",
            "OPTIONS no-origin",
            "GET actual, if confirmed",
            "OPTIONS unlisted-origin",
            "OPTIONS near-miss:https://www.app.example",
            "OPTIONS near-miss:http://app.example",
            "OPTIONS near-miss:https://app.example/",
        ]
    );
    let sent = sent_to(request(), Some("https://api.example/health"), |_| Response::new(403));
    assert_eq!(
        sent,
        [
            "OPTIONS plain-get",
            "GET actual-with-secrets, if confirmed",
            "GET open-path, if confirmed",
            "OPTIONS no-origin",
            "GET actual, if confirmed",
            "OPTIONS near-miss:https://www.app.example",
            "OPTIONS near-miss:http://app.example",
            "OPTIONS near-miss:https://app.example/",
        ]
    );
}

/// A script that reads: it sends the same request again, and the preflight that is in question is compared with preflights.
#[test]
fn what_is_sent_about_a_request_that_reads() {
    let request = Request::new(page(), "GET", "https://api.example/orders/7");
    assert_eq!(
        sent_to(request, None, |_| Response::new(404)),
        [
            "GET actual",
            "OPTIONS plain-get",
            "GET unlisted-origin",
            "GET near-miss:https://www.app.example",
            "GET near-miss:http://app.example",
            "GET near-miss:https://app.example/",
        ]
    );
    let request = Request::new(page(), "HEAD", "https://api.example/orders/7").header("x-a", "1");
    assert_eq!(
        sent_to(request, None, |_| Response::new(404)),
        [
            "OPTIONS plain-get",
            "OPTIONS no-origin",
            "HEAD actual",
            "OPTIONS unlisted-origin",
            "OPTIONS near-miss:https://www.app.example",
            "OPTIONS near-miss:http://app.example",
            "OPTIONS near-miss:https://app.example/",
        ]
    );
    let request = Request::new(page(), "GET", "https://api.example/orders/7").upload_listener();
    assert_eq!(
        sent_to(request, None, |_| Response::new(404)),
        [
            "OPTIONS no-origin",
            "GET actual",
            "OPTIONS unlisted-origin",
            "OPTIONS near-miss:https://www.app.example",
            "OPTIONS near-miss:http://app.example",
            "OPTIONS near-miss:https://app.example/",
        ]
    );
}

/// The origins that a person may have meant.
#[test]
fn origins_that_are_confused() {
    for (page, expected) in [
        ("https://app.example", "https://www.app.example http://app.example https://app.example/"),
        (
            "http://www.app.example:8080",
            "http://app.example:8080 https://www.app.example:8080 http://www.app.example:8080/ http://www.app.example \
             https://www.app.example",
        ),
        (
            "http://localhost:3000",
            "http://127.0.0.1:3000 https://localhost:3000 http://localhost:3000/ http://localhost https://localhost \
             http://localhost:5173 http://localhost:8080 http://localhost:4200",
        ),
        (
            "http://127.0.0.1",
            "http://localhost https://127.0.0.1 http://127.0.0.1/ http://127.0.0.1:3000 http://127.0.0.1:5173 \
             http://127.0.0.1:8080 http://127.0.0.1:4200",
        ),
        (
            "http://[::1]:5173",
            "http://localhost:5173 https://[::1]:5173 http://[::1]:5173/ http://[::1] https://[::1] http://[::1]:3000 \
             http://[::1]:8080 http://[::1]:4200",
        ),
        ("http://[2001:db8::1]", "https://[2001:db8::1] http://[2001:db8::1]/"),
        ("http://192.168.1.20", "https://192.168.1.20 http://192.168.1.20/"),
        ("null", ""),
    ] {
        let page = PageOrigin::of(page).unwrap_or_else(|| panic!("{page}"));
        let request = Request::new(page.clone(), "PUT", "https://api.example/orders");
        let sent = sent_to(request, None, |_| Response::new(204));
        let near: Vec<&str> =
            sent.iter().filter_map(|sent| sent.strip_prefix("OPTIONS near-miss:")).collect();
        assert_eq!(near.join(" "), expected, "{page}");
    }
}

#[test]
fn signed_and_one_time_urls_are_not_probed() {
    for url in [
        "https://files.example/7?X-Amz-Signature=a",
        "https://files.example/7?sv=1&sig=a",
        "https://api.example/confirm?token=a",
        "https://api.example/callback?code=a&state=b",
        "https://api.example/verify?otp=123456",
    ] {
        let mut examination =
            Examination::new(Browser::default(), Request::new(page(), "PUT", url), Duration::ZERO);
        let head = Response::new(403);
        examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
        assert!(examination.wanted().is_none(), "{url}");
        let diagnosis = examination.diagnosis();
        assert!(!diagnosis.is_certain(), "{url}: {diagnosis}");
        assert!(diagnosis.notes.contains(&Note::UrlLooksSigned), "{url}");
    }
}

/// A redirect leads from the page's own server to another one: what is probed there carries none of the script's secrets.
#[test]
fn secrets_stay_with_their_origin() {
    let request = Request::new(page(), "GET", "https://app.example/orders")
        .header("authorization", "Bearer 7")
        .credentials(Credentials::Include);
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    let mut to_other = 0;
    while let Some(wanted) = examination.wanted() {
        let is_other = wanted.sent.url.host_str() != Some("app.example");
        if let Some(probe) = &wanted.probe {
            to_other += u32::from(is_other);
            assert!(!probe.carries_secrets && !probe.sent.includes_credentials, "{probe}");
            assert_eq!(probe.sent.header("authorization"), None, "{probe}");
        }
        let redirect = Response::new(302).header("location", "https://other.example/orders");
        let head = if is_other { Response::new(401) } else { redirect };
        examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
    }
    assert!(to_other > 0, "{}", examination.diagnosis());
}

/// With a session, the one probe that carries it goes to the server that the script named, and a caller can see that it does.
#[test]
fn a_probe_with_secrets_says_so() {
    let request =
        Request::new(page(), "GET", "https://api.example/orders").header("authorization", "Bearer 7");
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    let mut with_secrets = Vec::new();
    while let Some(wanted) = examination.wanted() {
        if let Some(probe) = wanted.probe.filter(|probe| probe.carries_secrets) {
            with_secrets.push(probe.purpose);
        }
        examination
            .receive(Received::Response { head: Response::new(401), body: Vec::new() }, Duration::ZERO);
    }
    assert_eq!(with_secrets, [Purpose::ActualWithSecrets]);
}

/// Where the model knows where the page is, the permission is certain, and nothing is sent.
#[test]
fn local_network_access_in_the_model() {
    let request =
        Request::new(page(), "GET", "http://localhost:3000/").page_address_space(AddressSpace::Public);
    let examination = Examination::new(Browser::new(Profile::CHROMIUM), request, Duration::ZERO);
    assert!(examination.wanted().is_none());
    let diagnosis = examination.diagnosis();
    assert!(diagnosis.is_certain());
    assert_eq!(diagnosis.cause.name(), "local-network-access");
}
