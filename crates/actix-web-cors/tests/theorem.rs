//! The theorem with the middleware as the server: whatever the handler does, however the response comes about and wherever the
//! policy comes from, a browser lets script have exactly what the policy's plain meaning allows. The same properties as those of
//! `fetch-cors`, which has the bare decision and writer in the middleware's place.
//!
//! `PROPTEST_CASES` sets the number of cases for each property. Counter-examples are kept in `theorem.regressions`.

mod site;

use actix_web::rt::Runtime;
use actix_web_cors::{Policy, PolicyConfig};
use cors_vectors::theorem::{
    cases, check_cold, check_noisy, check_shared_cache, check_steps,
    meaning::Server,
    network::{Incoming, Noise, ServerResponse},
    steps,
    world::{
        HANDLERS_HEADERS, Rules, invitation, page_request, page_request_of_any_length, rules, rules_and,
        rules_and_their_successors,
    },
};
use proptest::{collection, prelude::*, sample::select};
use site::{Behaviour, Ends, Site, SourceKind};

proptest! {
    #![proptest_config(cases(300))]

    /// The theorem itself.
    #[test]
    fn a_browser_allows_what_the_policy_means(
        (rules, page_request) in rules_and(page_request_of_any_length()),
        behaviour in behaviour(ANY_SOURCE),
    ) {
        check_cold(&rules, &page_request, server(&rules, behaviour));
    }

    /// A source that fails stands for a policy that allows nothing.
    #[test]
    fn a_source_that_fails_allows_nothing(
        (rules, page_request) in rules_and(page_request_of_any_length()),
        behaviour in behaviour(FAILING_SOURCE),
    ) {
        let nothing = Rules { config: PolicyConfig::default(), policy: rules.policy.clone() };
        check_cold(&nothing, &page_request, server(&nothing, behaviour));
    }

    /// A proxy may write all headers another way, as long as they mean the same.
    #[test]
    fn a_noisy_proxy_changes_nothing(
        (rules, page_request) in rules_and(page_request()),
        behaviour in behaviour(ANY_SOURCE),
        noise in collection::vec(any::<u8>(), 0..80),
    ) {
        check_noisy(&rules, &page_request, &Noise::new(noise), server(&rules, behaviour));
    }
}

proptest! {
    #![proptest_config(cases(100))]

    /// A preflight cache saves preflights, and changes no verdict.
    #[test]
    fn a_preflight_cache_changes_nothing(
        rules in rules(),
        steps in steps(),
        invitation in invitation(),
        behaviour in behaviour(ANY_SOURCE),
    ) {
        let steps = steps.invite(&rules, invitation);
        check_steps([&rules, &rules], usize::MAX, &steps, server(&rules, behaviour));
    }

    /// A policy that takes the place of another is obeyed at once by every response, and by preflights as soon as browsers
    /// may not remember the old one.
    #[test]
    fn a_new_policy_is_obeyed(
        (before, after) in rules_and_their_successors(),
        swapped_at in 1..5_usize,
        steps in steps(),
        invitation in invitation(),
        behaviour in behaviour(CHANGING_SOURCE),
    ) {
        let steps = steps.invite(&before, invitation);
        check_steps([&before, &after], swapped_at, &steps, server(&before, behaviour));
    }

    /// Responses that are kept for other pages are the ones that these pages would have got.
    #[test]
    fn a_shared_cache_changes_nothing(
        rules in rules(),
        page_requests in collection::vec((page_request(), invitation()), 2..6),
        origin in select(&["https://api.test", "https://example.com"][..]),
        behaviour in behaviour(ANY_SOURCE),
    ) {
        check_shared_cache(&rules, page_requests, Server { origin, path: "/" }, server(&rules, behaviour));
    }
}

const ANY_SOURCE: &[SourceKind] =
    &[SourceKind::Always, SourceKind::Live, SourceKind::PerRequest, SourceKind::Later];
const CHANGING_SOURCE: &[SourceKind] = &[SourceKind::Live, SourceKind::PerRequest, SourceKind::Later];
const FAILING_SOURCE: &[SourceKind] = &[SourceKind::Fails, SourceKind::FailsLater];

/// CORS headers that a handler sets by hand, which the policy replaces, and `Vary`, which it adds to.
const BY_HAND: [(&str, &str); 11] = [
    ("access-control-allow-origin", "*"),
    ("Access-Control-Allow-Origin", "https://example.com"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "*"),
    ("access-control-allow-headers", "*, authorization"),
    ("access-control-expose-headers", "*"),
    ("access-control-expose-headers", "etag, x-a, x-b"),
    ("access-control-max-age", "86400"),
    ("vary", "accept-encoding"),
    ("Vary", "accept, cookie"),
    ("vary", ""),
];

fn behaviour(sources: &'static [SourceKind]) -> impl Strategy<Value = Behaviour> {
    let line = prop_oneof![1 => select(&BY_HAND[..]), 1 => select(&HANDLERS_HEADERS[..])];
    let ends =
        prop_oneof![2 => Just(Ends::Response), 1 => Just(Ends::HandlersError), 2 => Just(Ends::InnerError)];
    (
        select(&[200, 201, 204, 304, 404, 500][..]),
        collection::vec(line, 0..8),
        ends,
        prop::bool::weighted(0.3),
        select(sources),
    )
        .prop_map(|(status, headers, ends, forward_preflights, source)| {
            // Browsers take another status for a refusal, so an application that responds to preflights has to succeed.
            let forward_preflights = forward_preflights && status < 300;
            Behaviour { status, headers, ends, forward_preflights, source }
        })
}

/// One application for all requests of a case, so that they meet what it keeps of those before.
fn server(rules: &Rules, behaviour: Behaviour) -> impl Fn(&Policy, &Incoming) -> ServerResponse {
    let runtime = Runtime::new().expect("a runtime starts");
    let forwards = behaviour.forward_preflights;
    let fails = FAILING_SOURCE.contains(&behaviour.source);
    let site = runtime.block_on(Site::new(&rules.policy, behaviour));
    move |policy, request| {
        site.replace(policy);
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let received = runtime.block_on(site.serve(&request.method, &headers));
        let is_preflight = request.headers.iter().any(|(name, _)| name == "access-control-request-method");
        let is_refused = received.status == if fails { 503 } else { 403 };
        assert_eq!(
            received.handler,
            !is_preflight || forwards && !is_refused,
            "the handler sees all requests but preflights, and these only if they are granted"
        );
        ServerResponse { status: received.status, headers: received.headers }
    }
}
