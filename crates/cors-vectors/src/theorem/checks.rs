//! The properties, for whatever serves: the bare decision and the writer, or a framework's middleware.

use std::{collections::HashMap, time::Duration};

use fetch_cors::{
    Policy, PolicyConfig,
    browser::{Browser, Profile},
};
use proptest::{collection, prelude::*, test_runner::FileFailurePersistence};

use super::{
    meaning::{Ask, Outcome, Server, may_read, may_set, may_use_method, meaning},
    network::{Incoming, Noise, ServerResponse, SharedCache, browse, parsed},
    world::{Invitation, Rules, ask, pause},
};

/// By default few enough cases for every run of the tests; `PROPTEST_CASES` says otherwise.
pub fn cases(default: u32) -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = default;
    }
    config
}

/// What is under test: the response to a request under a policy.
pub trait Serve: Fn(&Policy, &Incoming) -> ServerResponse {}

impl<F: Fn(&Policy, &Incoming) -> ServerResponse> Serve for F {}

/// The theorem itself, for one request: nothing is cached, nothing is redirected.
pub fn check_cold(rules: &Rules, ask: &Ask, serve: impl Serve) -> Outcome {
    let mut browser = Browser::new(Profile::STANDARD);
    let seen =
        browse(&mut browser, ask, Duration::ZERO, |exchange| serve(&rules.policy, &Incoming::of(exchange)));
    assert_eq!(
        seen.preflights == 1,
        ask.asks_first(),
        "a preflight is sent where one is needed, and nowhere else"
    );
    assert_eq!(seen.outcome, meaning(&rules.config, ask, &seen.response));
    seen.outcome
}

/// A proxy may write all headers another way, on the way to the server and back, as long as they mean the same.
pub fn check_noisy(rules: &Rules, ask: &Ask, noise: &Noise, serve: impl Serve) {
    let mut browser = Browser::new(Profile::STANDARD);
    let seen = browse(&mut browser, ask, Duration::ZERO, |exchange| {
        let mut request = Incoming::of(exchange);
        request.headers = parsed(&noise.scatter(&request.headers));
        let ServerResponse { status, headers } = serve(&rules.policy, &request);
        ServerResponse { status, headers: noise.scatter(&headers) }
    });
    assert_eq!(seen.outcome, meaning(&rules.config, ask, &seen.response));
}

/// Responses that are kept for other pages are the ones that these pages would have got.
pub fn check_shared_cache(rules: &Rules, asks: Vec<(Ask, Invitation)>, server: Server, serve: impl Serve) {
    let mut cache = SharedCache::default();
    for (mut ask, invitation) in asks {
        ask.invite(&rules.config, invitation);
        ask.server = server;
        let mut browser = Browser::new(Profile::STANDARD);
        let seen = browse(&mut browser, &ask, Duration::ZERO, |exchange| {
            cache.respond(exchange, |request| serve(&rules.policy, request))
        });
        assert_eq!(seen.outcome, meaning(&rules.config, &ask, &seen.response));
    }
}

/// Some requests, and an order in which they are sent, again and again.
#[derive(Clone, Debug)]
pub struct Steps {
    asks: Vec<Ask>,
    /// How long after the last, and which.
    order: Vec<(Duration, usize)>,
}

pub fn steps() -> impl Strategy<Value = Steps> {
    (collection::vec(ask(), 1..4), collection::vec((pause(), 0..8_usize), 2..8), prop::bool::weighted(0.8))
        .prop_map(|(mut asks, order, of_one_page)| {
            let first = asks[0].clone();
            for ask in asks.iter_mut().filter(|_| of_one_page) {
                ask.page = first.page.clone();
                ask.server = first.server;
            }
            Steps { asks, order }
        })
}

impl Steps {
    #[must_use]
    pub fn invite(mut self, rules: &Rules, invitation: Invitation) -> Self {
        for ask in &mut self.asks {
            ask.invite(&rules.config, invitation);
        }
        self
    }
}

/// What a browser may have in its cache of one page and one URL, and what it must have.
#[derive(Default)]
struct Remembered {
    /// Until when it may remember anything.
    anything: Duration,
    /// Until when it may remember anything of the first policy.
    first: Duration,
    /// Until when it must remember a request, by its index.
    requests: HashMap<usize, Duration>,
}

/// How often a sequence came to what it is there for.
#[derive(Debug, Default)]
pub struct Counted {
    pub steps: usize,
    /// A preflight was needed, and saved.
    pub saved: usize,
    /// It was allowed by what was remembered of the first policy, and would not have been by the second.
    pub outdated: usize,
    /// The first policy had allowed it, and the second does not.
    pub revoked: usize,
}

/// Sends requests through one browser, the first `swapped_at` under the first policy.
pub fn check_steps(policies: [&Rules; 2], swapped_at: usize, steps: &Steps, serve: impl Serve) -> Counted {
    let mut browser = Browser::new(Profile::STANDARD);
    let mut remembered = HashMap::<(&str, Server), Remembered>::new();
    let (mut now, mut counted) = (Duration::ZERO, Counted::default());
    let [first, _] = policies;
    for (step, &(pause, index)) in steps.order.iter().enumerate() {
        now += pause;
        let index = index % steps.asks.len();
        let (ask, is_first) = (&steps.asks[index], step < swapped_at);
        let rules = policies[usize::from(!is_first)];
        let seen = browse(&mut browser, ask, now, |exchange| serve(&rules.policy, &Incoming::of(exchange)));

        let known = remembered.entry((ask.page.origin.as_str(), ask.server)).or_default();
        let is_saved = ask.asks_first() && seen.preflights == 0;
        let expected = meaning(&rules.config, ask, &seen.response);
        counted.steps += 1;
        counted.saved += usize::from(is_saved);
        counted.revoked += usize::from(
            !is_first
                && seen.outcome == Outcome::NeverSent
                && meaning(&first.config, ask, &seen.response) != expected,
        );
        if is_saved {
            assert!(now < known.anything, "it remembers a preflight for too long");
        } else {
            let must = known.requests.get(&index).is_some_and(|&until| now < until);
            // A preflight's response need not list GET, HEAD or POST, and what is not listed is not remembered.
            assert!(!must || ask.upload_listener || !ask.asks_first(), "it forgot a preflight too early");
        }
        if is_saved && expected == Outcome::NeverSent && may_read(&rules.config, ask) {
            // What must be allowed may be allowed now or before, each thing by itself.
            assert!(now < known.first, "it remembers the old policy for too long");
            let both = [&rules.config, &first.config];
            assert!(both.iter().any(|policy| may_use_method(policy, &ask.method)));
            assert!(ask.unsafe_names().iter().all(|name| both.iter().any(|policy| may_set(policy, name))));
            assert!(matches!(seen.outcome, Outcome::Readable(_)));
            let mut simple = ask.clone();
            "GET".clone_into(&mut simple.method);
            simple.headers.clear();
            simple.body = None;
            simple.upload_listener = false;
            // Of the response it reads what the policy of now exposes.
            assert_eq!(seen.outcome, meaning(&rules.config, &simple, &seen.response));
            counted.outdated += 1;
        } else if is_saved && !may_read(&rules.config, ask) {
            // It was sent without asking, but nothing of the response is given away.
            assert_eq!(seen.outcome, Outcome::Withheld);
            assert!(now < known.first);
        } else {
            assert_eq!(seen.outcome, expected);
        }

        let is_blocked = !matches!(seen.outcome, Outcome::Readable(_));
        if ask.asks_first() && is_blocked {
            // A network error makes a browser ask again.
            *known = Remembered::default();
        } else if seen.preflights == 1 {
            let until = now + rules.max_age();
            known.anything = known.anything.max(until);
            if is_first || now < known.first && has_wildcard(&first.config) {
                known.first = known.first.max(until);
            }
            for earlier in known.requests.values_mut() {
                *earlier = until.min(*earlier);
            }
            known.requests.insert(index, until);
        }
    }
    counted
}

/// Whether preflights under this policy may be granted with a `*`. In a cache it lives longer than the rest: by the
/// standard a later preflight that names a method or header prolongs what covers it, be it the name or `*`.
fn has_wildcard(config: &PolicyConfig) -> bool {
    config.allow_methods.iter().chain(&config.allow_headers).any(|listed| listed == "*")
}
