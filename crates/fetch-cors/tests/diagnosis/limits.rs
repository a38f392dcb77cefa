//! What no diagnosis may do: panic, send more than its budget, probe a signed URL, or carry a secret to another origin.

use std::time::Duration;

use fetch_cors::{
    browser::{AddressSpace, Browser, Credentials, PageOrigin, Profile, Request, Response},
    diagnosis::{Examination, Failure, Note, Purpose, Received},
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
