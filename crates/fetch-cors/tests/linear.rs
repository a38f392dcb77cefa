//! Work that an outsider chooses grows no faster than what they send. Each input here is so large that nobody would see the end of
//! work that grows with its square, and each is read on a small stack.

use std::{sync::mpsc, thread, time::Duration};

use fetch_cors::{
    Origin, Policy, Wanted,
    browser::{Browser, PageOrigin, Request, Response},
    diagnosis::{Cause, Examination, Received},
    server::candidate,
};

/// The result of work that ends, and needs no deep stack.
#[track_caller]
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    const STACK: usize = 256 * 1024;
    let (sender, receiver) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || sender.send(work()));
    worker.expect("a thread starts");
    receiver.recv_timeout(Duration::from_secs(120)).expect("it neither panics nor goes on for ever")
}

/// What is left of a name without what stands around it was trimmed again, one colon at a time.
#[test]
fn colons_and_spaces_around_a_name_are_trimmed_at_once() {
    for end in [" :", ": ", ":\t", "\u{a0}:", " : :"] {
        let problems = ends(move || {
            let value = format!("x-request-id{}", end.repeat(300_000));
            let built = Policy::builder().allow_origin("https://a.example").allow_headers([&value]);
            built.expose_headers([&value]).build().unwrap_err()
        });
        for problem in problems.problems() {
            assert_eq!(problem.suggestion(), Some("x-request-id"), "{end:?} {}", problem.setting());
        }
    }
    // Short enough to be looked at as a paste, and not one.
    for start in ["é", "\u{1}", "/"] {
        let value = format!("{start}{}", " :".repeat(500));
        assert!(ends(move || Policy::builder().allow_headers([&value; 2000]).build()).is_err());
    }
}

/// A client may write a pattern into its `Origin`, and to find out whether one in Punycode matches anything takes long.
#[test]
fn a_pattern_in_punycode_is_not_searched_for_a_client() {
    let policy = Policy::allow_origin("https://a.example").unwrap();
    for form in [
        "https://xn--99999999*.{}.example",
        "HTTPS://XN--99999999*.{}.example",
        "https:\\\\xn--99999999*.{}.example",
    ] {
        let policy = policy.clone();
        let found = ends(move || {
            let origins = (0..3000).map(|number| form.replace("{}", &number.to_string()));
            origins
                .filter_map(|origin| candidate(&policy, origin.as_bytes()).or(origin.parse::<Origin>().ok()))
                .count()
        });
        assert_eq!(found, 0);
    }
    // What may stand in a URL is still an origin's.
    assert_eq!(
        Origin::of_url("https://xn--bcher-kva.example/*").unwrap().as_str(),
        "https://xn--bcher-kva.example"
    );
}

/// Punycode takes the square of a label's length, and a label has at most 63 letters.
#[test]
fn a_long_international_name_is_not_encoded() {
    let name: String = ('一'..='鿿').cycle().take(1_000_000).collect();
    let invalid = ends(move || Origin::of_url(&format!("https://{name}.example")).unwrap_err());
    assert_eq!(invalid.suggestion(), None);
    assert!("https://bücher.example".parse::<Origin>().unwrap_err().suggestion().is_some());
}

/// A request with a cookie makes every plain-http origin of the policy move.
#[test]
fn a_change_of_many_entries() {
    const COUNT: usize = 100_000;
    let (text, config) = ends(|| {
        let origins = (0..COUNT).map(|number| format!("http://{number}.example"));
        let policy = Policy::allow_origins(origins).unwrap();
        let wanted = Wanted::from_origin("https://new.example").credentials(true);
        let change = policy.change_for(&wanted).unwrap();
        let mut config = policy.to_config();
        change.danger_apply_with_opt_ins(&mut config);
        assert_eq!(change.opt_ins().len(), COUNT);
        (change.to_string(), config)
    });
    assert!(text.contains("from allow_origins to danger_allow_origins"), "{text}");
    assert!(text.len() < 2000, "{text}");
    assert_eq!(config.allow_origins, ["https://new.example"]);
    assert_eq!(config.danger_allow_origins.len(), COUNT);
    assert!(config.allow_credentials);
}

/// Each header was probed by a request, and each probe was looked for among all others, for each diagnosis.
#[test]
fn a_request_with_many_headers_is_not_a_flood_of_probes() {
    for count in [30, 33, 20_000] {
        let (sent, diagnosis) = ends(move || {
            let page = PageOrigin::of("https://app.example").unwrap();
            let request = (0..count)
                .fold(Request::new(page, "PUT", "https://api.example/"), |request, number| {
                    request.header(format!("x-{number}"), "1")
                });
            let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
            let mut sent = 0;
            while let Some(wanted) = examination.wanted() {
                sent += 1;
                let is_plain = wanted.sent.header("access-control-request-headers").is_none()
                    && wanted.sent.header("access-control-request-method") == Some(b"GET");
                let status = if is_plain { 204 } else { 403 };
                let head = Response::new(status).header("access-control-allow-origin", "https://app.example");
                let head = if is_plain { head } else { Response::new(status) };
                examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
            }
            (sent, examination.diagnosis())
        });
        assert!(sent <= 1 + 36 + 8, "{count} headers, {sent} requests");
        // Every one of them is refused, and the method is, too.
        assert!(matches!(diagnosis.cause, Cause::MethodNotListed { .. }), "{count}: {diagnosis}");
        assert_eq!(diagnosis.is_certain(), count <= 32, "{count}: {diagnosis}");
    }
}
