//! Only a browser's message is known: what is named is what the message leaves possible, and it is never certain.

use std::time::Duration;

use fetch_cors::{
    browser::{Browser, Credentials, PageOrigin, Request, Response, Verdict},
    diagnosis::{Cause, Diagnosis, Examination, Received, diagnose},
};

const PAGE: &str = "https://app.example";

fn request(method: &str) -> Request {
    Request::new(PageOrigin::of(PAGE).expect("an origin"), method, "https://api.example/orders/7")
}

/// The reason in the message that the browser would write about these responses, and the diagnosis if nothing else than the message
/// is known.
fn diagnosis(request: Request, responses: &[Response]) -> (&'static str, Diagnosis) {
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    for head in responses {
        examination.receive(Received::Response { head: head.clone(), body: Vec::new() }, Duration::ZERO);
    }
    let mut case = examination.case().clone();
    case.exchanges.last_mut().expect("an exchange").received = Received::NotSent;
    let Some(Verdict::Blocked(blocked)) = &mut case.verdict else { panic!("{:?}", case.verdict) };
    blocked.status = None;
    let reason = blocked.reason.name();
    let diagnosis = diagnose(&case);
    assert!(!diagnosis.is_certain(), "{reason}: {diagnosis}");
    (reason, diagnosis)
}

/// The reason, and the causes that are named, the likeliest first.
fn named(request: Request, responses: &[Response]) -> (&'static str, String) {
    let (reason, diagnosis) = diagnosis(request, responses);
    let names: Vec<&str> =
        std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name).collect();
    (reason, names.join(" "))
}

#[test]
fn each_message_leaves_its_causes() {
    let allow = |origin: &str| Response::new(200).header("access-control-allow-origin", origin);
    let get = || request("GET");
    let include = || request("GET").credentials(Credentials::Include);
    for (request, responses, reason, causes) in [
        (
            get(),
            vec![Response::new(200)],
            "allow-origin-missing",
            "no-cors origin-not-listed hidden-error only-preflight-covered authentication-in-front rate-limit login-redirect \
             redirected firewall cached-for-another html-page not-found",
        ),
        (
            request("PUT"),
            vec![allow(PAGE).header("access-control-allow-methods", "PUT"), Response::new(200)],
            "allow-origin-missing",
            "hidden-error only-preflight-covered authentication-in-front rate-limit login-redirect redirected firewall not-found",
        ),
        (
            request("PUT"),
            vec![Response::new(200)],
            "allow-origin-missing",
            "origin-not-listed options-not-routed authentication-in-front no-cors hidden-error options-answered-elsewhere firewall \
             rate-limit login-redirect redirected not-found method-not-listed",
        ),
        (
            request("PUT"),
            vec![Response::new(404).header("access-control-allow-origin", PAGE)],
            "preflight-status",
            "origin-not-listed options-not-routed authentication-in-front no-cors hidden-error options-answered-elsewhere firewall \
             rate-limit login-redirect redirected not-found method-not-listed overridden",
        ),
        (
            request("PUT"),
            vec![Response::new(307).header("access-control-allow-origin", PAGE)],
            "preflight-status",
            "redirected login-redirect service-worker-or-extension",
        ),
        (
            get(),
            vec![allow("https://app.example, *")],
            "allow-origin-multiple",
            "two-writers list-of-origins service-worker-or-extension hidden-error",
        ),
        (
            include(),
            vec![allow("*")],
            "allow-origin-wildcard",
            "wildcard-with-credentials cached-for-another overridden service-worker-or-extension",
        ),
        (
            get(),
            vec![allow("https://other.example")],
            "allow-origin-mismatch",
            "origin-not-listed not-an-origin list-of-origins cached-for-another overridden",
        ),
        (
            include(),
            vec![allow(PAGE)],
            "allow-credentials-not-true",
            "credentials-not-allowed cached-for-another",
        ),
        (
            request("PUT"),
            vec![allow(PAGE)],
            "method-not-allowed",
            "method-not-listed options-answered-elsewhere",
        ),
        (
            get().header("x-a", "1"),
            vec![allow(PAGE)],
            "header-not-allowed",
            "headers-not-listed options-answered-elsewhere",
        ),
    ] {
        assert_eq!(named(request, &responses), (reason, causes.to_owned()));
    }
}

/// What a tunnel shows is known by its host.
#[test]
fn a_tunnel_is_known_by_its_host() {
    let page = PageOrigin::of(PAGE).expect("an origin");
    let request = Request::new(page, "GET", "https://a1b2.ngrok-free.app/orders/7");
    let (_, causes) = named(request, &[Response::new(200)]);
    assert!(causes.starts_with("interstitial "), "{causes}");
}

/// Browsers don't say where a redirect leads.
#[test]
fn a_redirect_whose_location_is_not_known() {
    let response = Response::new(307).header("access-control-allow-origin", PAGE);
    let (_, diagnosis) = diagnosis(request("PUT"), &[response]);
    let remedy = diagnosis.remedy.to_string();
    assert_eq!(remedy, "open the URL in a tab, and use the URL that it ends at in the page");
}
