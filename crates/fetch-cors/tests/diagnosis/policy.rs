//! Where the caller has the policy, and the policy is the cause, the remedy is a change of it that lets the request through.

use std::time::Duration;

use fetch_cors::{
    Policy, PolicyConfig,
    browser::{Browser, PageOrigin, Request, Response, Verdict},
    diagnosis::{Examination, Received, Remedy, Sent},
    server::{RequestField, RequestHead, decide, fields},
};
use proptest::prelude::*;

use crate::world::wish;

struct Head<'a>(&'a Sent);

impl RequestHead for Head<'_> {
    fn is_options(&self) -> bool {
        self.0.method == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.0.header(field.name()).into_iter()
    }
}

/// What a server with this policy responds with.
fn respond(policy: &Policy, sent: &Sent) -> Received {
    let head = Head(sent);
    let decision = decide(policy, &head);
    let status = match (decision.is_preflight(), decision.is_allowed()) {
        (true, true) => 204,
        (true, false) => 403,
        (false, _) => 200,
    };
    let fields = fields(policy, &head, decision, Some(&[""; 0]));
    let head =
        fields.iter().fold(Response::new(status), |head, (name, value)| head.header(name.name(), value));
    Received::Response { head, body: Vec::new() }
}

fn examine(config: &PolicyConfig, request: Request) -> Examination {
    let policy = Policy::try_from(config.clone()).expect("a valid policy");
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    examination.case_mut().policy = Some(config.clone());
    while let Some(wanted) = examination.wanted() {
        let received = respond(&policy, &wanted.sent);
        examination.receive(received, Duration::ZERO);
    }
    examination
}

fn config() -> impl Strategy<Value = PolicyConfig> {
    let origins = prop::sample::select(vec![
        vec!["https://app.example"],
        vec!["http://app.example", "https://other.example"],
        vec!["https://*.app.example"],
        vec!["*"],
        vec![],
    ]);
    let methods = prop::sample::select(vec![vec!["PUT", "DELETE"], vec!["PUT"], vec![], vec!["*"]]);
    let headers = prop::sample::select(vec![
        vec!["content-type", "authorization", "x-request-id"],
        vec!["content-type"],
        vec![],
        vec!["*"],
    ]);
    (origins, methods, headers, any::<bool>()).prop_filter_map(
        "a valid policy",
        |(origins, methods, headers, credentials)| {
            let owned = |list: Vec<&str>| list.into_iter().map(ToOwned::to_owned).collect();
            let mut config = PolicyConfig::default();
            config.allow_origins = owned(origins);
            config.allow_methods = owned(methods);
            config.allow_headers = owned(headers);
            config.allow_credentials = credentials;
            Policy::try_from(config.clone()).is_ok().then_some(config)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_change_lets_it_through(mut config in config(), wish in wish()) {
        let before = examine(&config, wish.request());
        let diagnosis = before.diagnosis();
        if before.case().verdict.as_ref().is_some_and(Verdict::is_allowed) {
            prop_assert_eq!(diagnosis.cause.name(), "nothing-wrong");
            return Ok(());
        }
        let Remedy::Policy(change) = &diagnosis.remedy else {
            return Err(TestCaseError::fail(format!("{config:?}: {diagnosis}\n{:#?}", diagnosis.evidence)));
        };
        let named = std::iter::once(&diagnosis.cause).chain(diagnosis.rivals());
        let of_policies = ["origin-not-listed", "wildcard-with-credentials", "credentials-not-allowed", "method-not-listed",
            "headers-not-listed", "wildcard-without-effect"];
        prop_assert!(named.clone().any(|cause| of_policies.contains(&cause.name())), "{}", diagnosis);
        change.danger_apply_with_opt_ins(&mut config);
        let after = examine(&config, wish.request());
        prop_assert!(after.case().verdict.as_ref().is_some_and(Verdict::is_allowed), "{}", after.diagnosis());
    }
}

/// The first line names the origin that is confused with the page's.
#[test]
fn a_near_miss_is_named() {
    let mut config = PolicyConfig::default();
    config.allow_origins = vec!["http://app.example".to_owned()];
    config.allow_methods = vec!["PUT".to_owned()];
    let page = PageOrigin::of("https://app.example").expect("an origin");
    let diagnosis = examine(&config, Request::new(page, "PUT", "https://api.example/orders/7")).diagnosis();
    assert!(diagnosis.is_certain(), "{diagnosis}");
    let Remedy::Policy(change) = &diagnosis.remedy else { panic!("{diagnosis}") };
    assert_eq!(change.near_misses()[0].allowed, "http://app.example");
    assert_eq!(
        diagnosis.to_string(),
        "Blocked: the origin https://app.example is not allowed, but http://app.example is, which is another origin.\n\
         Fix: add \"https://app.example\" to allow_origins; already allowed: \"http://app.example\" (another scheme)."
    );
}

/// The caller's policy is not the one that the server runs: a response allows an origin that it lacks.
#[test]
fn a_change_never_adds_what_a_response_allows() {
    let mut config = PolicyConfig::default();
    config.allow_origins = vec!["https://other.example".to_owned()];
    let page = PageOrigin::of("https://app.example").expect("an origin");
    let mut examination = Examination::new(
        Browser::default(),
        Request::new(page, "PUT", "https://api.example/orders/7"),
        Duration::ZERO,
    );
    examination.case_mut().policy = Some(config);
    let head = Response::new(204).header("access-control-allow-origin", "https://app.example");
    examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
    let diagnosis = examination.diagnosis();
    assert_eq!(diagnosis.cause.name(), "method-not-listed");
    assert_eq!(
        diagnosis.remedy.to_string(),
        "respond to the preflight with Access-Control-Allow-Methods: PUT"
    );
}
