//! The theorem: for every valid policy and every request that a page can make, a browser gives the page's script exactly
//! what the policy's plain meaning allows. The server's end of the library responds, its browser's end decides, and
//! [`meaning`] says what the outcome must be; each of the three is written without the others.
//!
//! The theorem is tested first with an empty cache and without redirects, in the standard's profile. Then come a preflight
//! cache over time, a policy that changes while browsers cache the old one, a noisy proxy, a shared cache, and finally
//! arbitrary servers and pages.
//!
//! `PROPTEST_CASES` sets the number of cases per property. Counter-examples are stored in `theorem.regressions`.

use std::{collections::BTreeMap, time::Duration};

use cors_vectors::theorem::{
    Counted, Lack, any_fetch, any_value, cases, check_any_fetch, check_change, check_cold, check_noisy,
    check_shared_cache, check_steps,
    meaning::{self, Outcome, PageRequest, Server, may_set, may_use_method},
    network::{Handler, Incoming, Noise, serve},
    steps,
    world::{
        handler, invitation, page_request, page_request_of_any_length, patterns_and_pages, rules, rules_and,
        rules_and_their_successors,
    },
};
use fetch_cors::{
    Policy, PolicyConfig,
    browser::{Browser, Credentials, Next, PageOrigin, Profile, Request},
    server::{decide, fields},
};
use proptest::{collection, prelude::*, sample::select, strategy::ValueTree as _, test_runner::TestRunner};

proptest! {
    #![proptest_config(cases(1200))]

    /// The theorem itself.
    #[test]
    fn a_browser_allows_what_the_policy_means(
        (rules, page_request) in rules_and(page_request_of_any_length()),
        handler in handler(),
    ) {
        check_cold(&rules, &page_request, |policy: &Policy, request: &Incoming| serve(policy, &handler, request));
    }

    /// A proxy may rewrite all headers, as long as they mean the same.
    #[test]
    fn a_noisy_proxy_changes_nothing(
        (rules, page_request) in rules_and(page_request()),
        handler in handler(),
        noise in collection::vec(any::<u8>(), 0..80),
    ) {
        let server = |policy: &Policy, request: &Incoming| serve(policy, &handler, request);
        check_noisy(&rules, &page_request, &Noise::new(noise), server);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// Advice is complete, valid and no more than needed.
    #[test]
    fn a_change_lets_the_request_through(
        (rules, page_request) in rules_and(page_request_of_any_length()),
        handler in handler(),
    ) {
        check_change(&rules, &page_request, |policy: &Policy, request: &Incoming| serve(policy, &handler, request));
    }

    /// A preflight cache saves preflights but changes no verdict.
    #[test]
    fn a_preflight_cache_changes_nothing(
        rules in rules(),
        steps in steps(),
        invitation in invitation(),
        handler in handler(),
    ) {
        let steps = steps.invite(&rules, invitation);
        let server = |policy: &Policy, request: &Incoming| serve(policy, &handler, request);
        check_steps([&rules, &rules], usize::MAX, &steps, server);
    }

    /// A policy that replaces another applies at once to every response, and to preflights as soon as browsers no longer
    /// cache the old one.
    #[test]
    fn a_new_policy_is_obeyed(
        (before, after) in rules_and_their_successors(),
        swapped_at in 1..5_usize,
        steps in steps(),
        invitation in invitation(),
        handler in handler(),
    ) {
        let steps = steps.invite(&before, invitation);
        let server = |policy: &Policy, request: &Incoming| serve(policy, &handler, request);
        check_steps([&before, &after], swapped_at, &steps, server);
    }

    /// Responses cached for other pages equal those that these pages would have got from the server.
    #[test]
    fn a_shared_cache_changes_nothing(
        rules in rules(),
        page_requests in collection::vec((page_request(), invitation()), 2..6),
        origin in select(&["https://api.test", "https://example.com"][..]),
        handler in handler(),
    ) {
        let server = |policy: &Policy, request: &Incoming| serve(policy, &handler, request);
        check_shared_cache(&rules, page_requests, Server { origin, path: "/" }, server);
    }

    /// Whatever a page requests and a server responds, a fetch ends.
    #[test]
    fn no_server_confuses_a_browser(fetch in any_fetch()) {
        let mut browser = Browser::new(fetch.profile);
        check_any_fetch(&mut browser, &fetch);
        // Again, with what the first fetch left in the cache.
        check_any_fetch(&mut browser, &fetch);
    }

    /// Whatever a client sends, a server decides.
    #[test]
    fn no_client_confuses_a_server(
        rules in rules(),
        method in select(&["OPTIONS", "GET", ""][..]),
        lines in collection::vec((select(&REQUEST_HEADERS[..]), any_value()), 0..6),
    ) {
        let headers = lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = Incoming { method: method.to_owned(), headers };
        let decision = decide(&rules.policy, &request);
        let fields = fields(&rules.policy, &request, decision, Some(&["etag"]));
        let mut names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), fields.len(), "a header twice");
        // An echo contains no line break, and its length is bounded.
        for (_, value) in &fields {
            prop_assert!(!value.contains(&b'\n') && value.len() < 8192, "{:?}", value);
        }
    }
}

/// For an upload with a listener, a preflight response without a list of methods would allow any:
/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>, "if methods is null".
#[test]
fn an_upload_listener_allows_no_other_method() {
    let listed = Policy::builder().allow_origins(["https://a.example"]);
    let echoing = listed.clone().allow_methods(["*"]).allow_credentials().build().unwrap();
    let listed = listed.build().unwrap();
    let handler = Handler { status: 200, headers: Vec::new() };
    let page = PageOrigin::of("https://a.example").unwrap();
    let (short, long) = ("X".repeat(64), "X".repeat(65));
    for (policy, method, is_allowed) in [
        (&listed, "DELETE", false),
        (&listed, "POST", true),
        (&echoing, "POST", true),
        (&echoing, &short, true),
        (&echoing, &long, false),
    ] {
        let mut browser = Browser::new(Profile::STANDARD);
        let request = Request::new(page.clone(), method, "https://api.example/").upload_listener();
        let mut next = browser.fetch(request, Duration::ZERO);
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let response = serve(policy, &handler, &Incoming::of(&exchange)).response();
                    next = exchange.receive(&mut browser, &response, Duration::ZERO);
                }
            }
        };
        assert_eq!(verdict.is_allowed(), is_allowed, "{method}: {verdict}");
    }
}

/// The one exception to [`check_steps`], step by step: in a browser that sends preflights often enough, a policy without `*`
/// keeps renewing the cached `*` of its predecessor.
#[test]
fn new_preflights_renew_an_old_wildcard() {
    let before = Policy::builder().allow_origins(["https://a.example"]).allow_methods(["*"]).build().unwrap();
    let after =
        Policy::builder().allow_origins(["https://a.example"]).allow_methods(["PUT"]).allow_headers(["x-a"]);
    let after = after.build().unwrap();
    let handler = Handler { status: 200, headers: Vec::new() };
    let mut browser = Browser::new(Profile::STANDARD);
    let mut preflights = |policy, request: Request, seconds| {
        let (mut sent, now) = (0, Duration::from_secs(seconds));
        let mut next = browser.fetch(request, now);
        loop {
            match next {
                Next::Done(verdict) => break (sent, verdict.is_allowed()),
                Next::Send(exchange) => {
                    sent += usize::from(exchange.is_preflight());
                    let response = serve(policy, &handler, &Incoming::of(&exchange)).response();
                    next = exchange.receive(&mut browser, &response, now);
                }
            }
        }
    };
    let request =
        |method| Request::new(PageOrigin::of("https://a.example").unwrap(), method, "https://api.example/");
    assert_eq!(preflights(&before, request("DELETE"), 0), (1, true));
    assert_eq!(preflights(&after, request("DELETE"), 4), (0, true), "it is cached for five seconds");
    // The header needs a preflight; its response lists `PUT`, which renews the `*` that covers it.
    assert_eq!(preflights(&after, request("PUT").header("x-a", "1"), 4), (1, true));
    assert_eq!(
        preflights(&after, request("DELETE"), 8),
        (0, true),
        "eight seconds after the first, but renewed at four"
    );
    assert_eq!(preflights(&after, request("DELETE"), 9), (1, false));
}

const REQUEST_HEADERS: [&str; 5] =
    ["origin", "access-control-request-method", "access-control-request-headers", "sec-fetch-site", "host"];

/// A property also holds if no case tests it, so each outcome, and each single cause of one, must occur in enough cases.
#[test]
fn the_cases_cover_every_outcome() {
    const CASES: usize = 2000;
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut runner = TestRunner::deterministic();
    let strategy = (rules_and(page_request_of_any_length()), handler());
    for _ in 0..CASES {
        let ((rules, page_request), handler) = strategy.new_tree(&mut runner).unwrap().current();
        let outcome = check_cold(&rules, &page_request, |policy: &Policy, request: &Incoming| {
            serve(policy, &handler, request)
        });
        for seen in what_matters(&rules.config, &page_request, &outcome) {
            *counts.entry(seen).or_default() += 1;
        }
    }
    println!("of {CASES}: {counts:#?}");
    for (what, at_least) in [
        ("never sent", 500),
        ("withheld", 100),
        ("readable, same-origin", 4),
        ("readable at once", 100),
        ("readable after a preflight", 250),
        ("by an exact origin", 100),
        ("by a wildcard", 150),
        ("by a wildcard inside a label", 30),
        ("by octets", 15),
        ("by any extension", 10),
        ("by an entry that needs an opt-in", 15),
        ("by any origin", 75),
        ("with credentials", 40),
        ("with a header exposed by name", 35),
        ("with a header that is not exposed", 250),
        ("with all headers exposed", 15),
        ("only the origin is refused", 200),
        ("only the credentials are refused", 30),
        ("only the method is refused", 100),
        ("only headers are refused", 60),
        ("an opaque origin", 15),
        ("many origins", 50),
        ("safelisted headers that are too long together", 10),
        ("too long for an echo", 1),
        ("any method, with credentials", 10),
        ("any header, with credentials", 4),
    ] {
        let seen = counts.get(what).copied().unwrap_or_default();
        assert!(seen >= at_least, "{what}: {seen} of {CASES}, not {at_least}");
    }
}

/// Each kind of pattern against each page, most of whose origins nearly match one: nothing is left to chance.
#[test]
fn each_pattern_matches_what_it_means() {
    let (all_rules, requests) = patterns_and_pages();
    let handler = Handler { status: 200, headers: Vec::new() };
    for rules in &all_rules {
        let outcomes = requests.iter().map(|page_request| {
            check_cold(rules, page_request, |policy: &Policy, request: &Incoming| {
                serve(policy, &handler, request)
            })
        });
        let readable = outcomes.filter(|outcome| matches!(outcome, Outcome::Readable(_))).count();
        // Local files have an opaque origin in the browser's model.
        let is_sent = rules.config.danger_allow_origins != ["file://"];
        assert_eq!(readable > 0, is_sent, "{rules:?}");
    }
}

/// The notable properties of a case.
fn what_matters(policy: &PolicyConfig, page_request: &PageRequest, outcome: &Outcome) -> Vec<&'static str> {
    let is_any = |list: &[String]| list.iter().any(|listed| listed == "*");
    let (mut all, origin) = (Vec::new(), &page_request.page.origin);
    let names = page_request.unsafe_names();
    if origin == "null" {
        all.push("an opaque origin");
    }
    if policy.allow_origins.len() > 8 {
        all.push("many origins");
    }
    if names.iter().any(|name| page_request.headers.iter().filter(|header| header.name == *name).count() > 7)
    {
        all.push("safelisted headers that are too long together");
    }
    if let Outcome::Readable(headers) = outcome
        && !page_request.is_same_origin()
    {
        all.push(if page_request.needs_preflight() {
            "readable after a preflight"
        } else {
            "readable at once"
        });
        if is_any(&policy.allow_origins) {
            all.push("by any origin");
        } else if policy.allow_origins.contains(origin) || policy.danger_allow_origins.contains(origin) {
            all.push("by an exact origin");
        } else {
            all.push("by a wildcard");
            let is_kind = |kind: fn(&str) -> bool| {
                let entries = policy.allow_origins.iter().chain(&policy.danger_allow_origins);
                entries.filter(|entry| meaning::matches(entry, origin)).all(|entry| kind(entry))
            };
            if is_kind(|entry| entry.contains("-extension://*") || entry.contains("-webview://*")) {
                all.push("by any extension");
            } else if is_kind(|entry| entry.contains(".*")) {
                all.push("by octets");
            } else if is_kind(|entry| entry.trim_end_matches(":*").contains('*') && !entry.contains("//*.")) {
                all.push("by a wildcard inside a label");
            }
        }
        if !policy.allow_origins.iter().any(|entry| meaning::matches(entry, origin)) {
            all.push("by an entry that needs an opt-in");
        }
        if page_request.credentials == Credentials::Include {
            all.push("with credentials");
        }
        if is_any(&policy.expose_headers) && headers.contains_key("etag") {
            all.push("with all headers exposed");
        } else if headers.contains_key("etag") || headers.contains_key("x-b") {
            all.push("with a header exposed by name");
        } else {
            all.push("with a header that is not exposed");
        }
        if policy.allow_credentials
            && is_any(&policy.allow_methods)
            && page_request.method.eq_ignore_ascii_case("put")
        {
            all.push("any method, with credentials");
        }
        if policy.allow_credentials && is_any(&policy.allow_headers) && names.contains("authorization") {
            all.push("any header, with credentials");
        }
        return all;
    }
    let may = [
        meaning::allows(policy, origin),
        page_request.credentials != Credentials::Include || policy.allow_credentials,
        may_use_method(policy, &page_request.method),
        names.iter().all(|name| may_set(policy, name)),
    ];
    all.push(match outcome {
        Outcome::NeverSent => "never sent",
        Outcome::Withheld => "withheld",
        Outcome::Readable(_) => return vec!["readable, same-origin"],
    });
    match may {
        [false, true, true, true] => all.push("only the origin is refused"),
        [true, false, true, true] => all.push("only the credentials are refused"),
        [true, true, false, true] => all.push("only the method is refused"),
        [true, true, true, false] => all.push("only headers are refused"),
        [true, true, true, true] => all.push("too long for an echo"),
        _ => {}
    }
    all
}

/// The same for changes: those of several steps, those that need an opt-in, and requests that no policy helps.
#[test]
fn the_cases_cover_every_change() {
    const CASES: usize = 800;
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut runner = TestRunner::deterministic();
    let strategy = (rules_and(page_request_of_any_length()), handler());
    for _ in 0..CASES {
        let ((rules, page_request), handler) = strategy.new_tree(&mut runner).unwrap().current();
        let lack = check_change(&rules, &page_request, |policy: &Policy, request: &Incoming| {
            serve(policy, &handler, request)
        });
        let mut count = |what| *counts.entry(what).or_default() += 1;
        match lack {
            Lack::Nothing => count("nothing"),
            Lack::Impossible => count("impossible"),
            Lack::Something { steps, needs_opt_in } => {
                count(["one step", "two steps", "more steps"][steps.min(3) - 1]);
                if needs_opt_in {
                    count("with an opt-in");
                }
            }
        }
    }
    println!("of {CASES}: {counts:#?}");
    for (what, at_least) in [
        ("nothing", 120),
        ("impossible", 25),
        ("one step", 120),
        ("two steps", 50),
        ("more steps", 20),
        ("with an opt-in", 8),
    ] {
        let seen = counts.get(what).copied().unwrap_or_default();
        assert!(seen >= at_least, "{what}: {seen} of {CASES}, not {at_least}");
    }
}

/// The same for sequences: preflights are saved, permissions revoked, and old policies still cached.
#[test]
fn the_sequences_cover_every_change() {
    const CASES: usize = 800;
    let mut all = Counted::default();
    let mut runner = TestRunner::deterministic();
    let strategy = (rules_and_their_successors(), 1..5_usize, steps(), invitation(), handler());
    for _ in 0..CASES {
        let ((before, after), swapped_at, steps, invitation, handler) =
            strategy.new_tree(&mut runner).unwrap().current();
        let steps = steps.invite(&before, invitation);
        let server = |policy: &Policy, request: &Incoming| serve(policy, &handler, request);
        let counted = check_steps([&before, &after], swapped_at, &steps, server);
        all.steps += counted.steps;
        all.saved += counted.saved;
        all.outdated += counted.outdated;
        all.revoked += counted.revoked;
    }
    println!("{all:?}");
    assert!(all.saved * 20 > all.steps, "{all:?}");
    assert!(all.outdated > 15 && all.revoked > 80, "{all:?}");
}

/// The same for arbitrary servers: some lead a browser through as many redirects as it follows.
#[test]
fn some_servers_redirect_to_the_limit() {
    let mut runner = TestRunner::deterministic();
    let strategy = any_fetch();
    let mut lengths = BTreeMap::<usize, usize>::new();
    for _ in 0..1500 {
        let fetch = strategy.new_tree(&mut runner).unwrap().current();
        *lengths.entry(check_any_fetch(&mut Browser::new(fetch.profile), &fetch)).or_default() += 1;
    }
    println!("{lengths:?}");
    assert!(lengths.range(2..21).map(|(_, count)| count).sum::<usize>() > 100, "{lengths:?}");
    assert!(lengths.range(21..).map(|(_, count)| count).sum::<usize>() > 15, "{lengths:?}");
}
