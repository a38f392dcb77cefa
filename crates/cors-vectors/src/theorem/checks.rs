//! The properties, for any implementation of the server's end: the bare decision and the writer, or a framework's
//! middleware.

use std::{collections::HashMap, time::Duration};

use fetch_cors::{
    ChangeStep, NoChange, Obstacle, Policy, PolicyConfig, Setting, Wanted,
    browser::{Browser, Credentials, Profile},
};
use proptest::{collection, prelude::*, test_runner::FileFailurePersistence};

use super::{
    meaning::{Outcome, PageRequest, Server, may_read, may_set, may_use_method, meaning},
    network::{Incoming, Noise, ServerResponse, SharedCache, browse, parsed},
    world::{Invitation, Rules, page_request, pause},
};

/// The default number of cases is small enough for every test run; `PROPTEST_CASES` overrides it.
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
pub fn check_cold(rules: &Rules, page_request: &PageRequest, serve: impl Serve) -> Outcome {
    let mut browser = Browser::new(Profile::STANDARD);
    let seen = browse(&mut browser, page_request, Duration::ZERO, |exchange| {
        serve(&rules.policy, &Incoming::of(exchange))
    });
    assert_eq!(
        seen.preflights == 1,
        page_request.needs_preflight(),
        "a preflight is sent where one is needed, and nowhere else"
    );
    assert_eq!(seen.outcome, meaning(&rules.config, page_request, seen.status, &seen.response));
    seen.outcome
}

/// What a policy lacks for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Nothing.
    Nothing,
    /// Something, and a change adds it.
    Something {
        /// How many settings' entries the change adds, removes or sets.
        steps: usize,
        /// Whether it needs an opt-in.
        needs_opt_in: bool,
    },
    /// Something that no policy can give.
    Impossible,
}

/// A change lets the request through and is never refused. It is empty exactly where the browser allows the request already,
/// and no step of it is superfluous. Where there is none, no policy helps.
pub fn check_change(rules: &Rules, page_request: &PageRequest, serve: impl Serve) -> Lack {
    let wanted = Wanted::from_origin(&page_request.page.origin)
        .method(&page_request.method)
        .headers(page_request.unsafe_names())
        .credentials(page_request.credentials == Credentials::Include)
        .server(page_request.server.origin);
    let reads = |policy: &Policy| {
        let mut browser = Browser::new(Profile::STANDARD);
        let seen = browse(&mut browser, page_request, Duration::ZERO, |exchange| {
            serve(policy, &Incoming::of(exchange))
        });
        matches!(seen.outcome, Outcome::Readable(_))
    };
    let normalized = rules.policy.to_config();
    let changes = [
        (&normalized, rules.policy.change_for(&wanted)),
        (&rules.config, rules.config.change_for(&wanted)),
        (&normalized, normalized.change_for(&wanted)),
    ];
    let lacks = changes.map(|(before, change)| {
        let change = match change {
            Ok(change) => change,
            Err(no_change) => {
                assert!(!no_change.obstacles().is_empty() && !no_change.to_string().is_empty());
                assert!(is_beyond_every_policy(&no_change, page_request), "{no_change:?}");
                return Lack::Impossible;
            }
        };
        assert_eq!(change.is_empty(), reads(&rules.policy), "{change:?}");
        let mut after = before.clone();
        let is_refused = change.apply(&mut after).is_err();
        assert_eq!(is_refused, !change.opt_ins().is_empty(), "{change:?}");
        if is_refused {
            assert_eq!(after, *before, "nothing is done without the opt-in");
            change.danger_apply_with_opt_ins(&mut after);
            // Without the opt-in, the builder refuses.
            let mut silent = after.clone();
            silent.allow_origins.append(&mut silent.danger_allow_origins);
            assert!(Policy::try_from(silent).is_err(), "{change:?}");
        }
        let policy =
            Policy::try_from(after.clone()).unwrap_or_else(|invalid| panic!("{change:?}: {invalid}"));
        assert!(reads(&policy), "{change:?}");
        assert!(
            change.is_empty() || policy.change_for(&wanted).is_ok_and(|rest| rest.is_empty()),
            "one round is enough"
        );
        for left_out in 0..change.steps().len() {
            // That other origins are still allowed may not be needed by this request.
            let is_moved = matches!(&change.steps()[left_out], ChangeStep::Add { setting, entry }
                if *setting == Setting::DangerAllowOrigins && *entry != wanted.origin);
            let mut partly = before.clone();
            for (_, step) in change.steps().iter().enumerate().filter(|(index, _)| *index != left_out) {
                step.apply(&mut partly);
            }
            let helps = Policy::try_from(partly).is_ok_and(|policy| reads(&policy));
            assert!(is_moved || !helps, "{left_out} of {change:?}");
        }
        if change.is_empty() {
            Lack::Nothing
        } else {
            Lack::Something { steps: change.steps().len(), needs_opt_in: !change.opt_ins().is_empty() }
        }
    });
    lacks[1]
}

/// Whether each obstacle is one for a policy that is made for this request alone.
fn is_beyond_every_policy(no_change: &NoChange, page_request: &PageRequest) -> bool {
    let allows = |change: &dyn Fn(&mut PolicyConfig)| {
        let mut config = PolicyConfig::default();
        change(&mut config);
        Policy::try_from(config).is_ok()
    };
    let origin = &page_request.page.origin;
    no_change.obstacles().iter().all(|obstacle| match obstacle {
        Obstacle::NullOrigin | Obstacle::NoOrigin { .. } | Obstacle::Origin { .. } => {
            !allows(&|config| config.allow_origins = vec![origin.clone()])
        }
        Obstacle::MethodCase { .. } | Obstacle::Method { .. } => {
            !allows(&|config| config.allow_methods = vec![page_request.method.clone()])
        }
        Obstacle::Header { name, .. } => !allows(&|config| config.allow_headers = vec![name.clone()]),
        Obstacle::Star { .. } => {
            page_request.method == "*" || page_request.headers.iter().any(|header| header.name == "*")
        }
        Obstacle::TooLongToEcho { .. } => {
            let names = page_request.unsafe_names();
            page_request.method.len() > 64 || names.iter().map(|name| name.len() + 1).sum::<usize>() > 4097
        }
        _ => false,
    })
}

/// A proxy may rewrite all headers, in requests and in responses, as long as they mean the same.
pub fn check_noisy(rules: &Rules, page_request: &PageRequest, noise: &Noise, serve: impl Serve) {
    let mut browser = Browser::new(Profile::STANDARD);
    let seen = browse(&mut browser, page_request, Duration::ZERO, |exchange| {
        let mut request = Incoming::of(exchange);
        request.headers = parsed(&noise.scatter(&request.headers));
        let ServerResponse { status, headers } = serve(&rules.policy, &request);
        ServerResponse { status, headers: noise.scatter(&headers) }
    });
    assert_eq!(seen.outcome, meaning(&rules.config, page_request, seen.status, &seen.response));
}

/// Responses cached for other pages equal those that these pages would have got from the server.
pub fn check_shared_cache(
    rules: &Rules,
    page_requests: Vec<(PageRequest, Invitation)>,
    server: Server,
    serve: impl Serve,
) {
    let mut cache = SharedCache::default();
    for (mut page_request, invitation) in page_requests {
        page_request.invite(&rules.config, invitation);
        page_request.server = server;
        let mut browser = Browser::new(Profile::STANDARD);
        let seen = browse(&mut browser, &page_request, Duration::ZERO, |exchange| {
            cache.respond(exchange, |request| serve(&rules.policy, request))
        });
        assert_eq!(seen.outcome, meaning(&rules.config, &page_request, seen.status, &seen.response));
    }
}

/// Some requests, and an order in which they are sent, again and again.
#[derive(Clone, Debug)]
pub struct Steps {
    page_requests: Vec<PageRequest>,
    /// The time since the last request, and the index of the request.
    order: Vec<(Duration, usize)>,
}

pub fn steps() -> impl Strategy<Value = Steps> {
    (
        collection::vec(page_request(), 1..4),
        collection::vec((pause(), 0..8_usize), 2..8),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(mut page_requests, order, of_one_page)| {
            let first = page_requests[0].clone();
            for page_request in page_requests.iter_mut().filter(|_| of_one_page) {
                page_request.page = first.page.clone();
                page_request.server = first.server;
            }
            Steps { page_requests, order }
        })
}

impl Steps {
    #[must_use]
    pub fn invite(mut self, rules: &Rules, invitation: Invitation) -> Self {
        for page_request in &mut self.page_requests {
            page_request.invite(&rules.config, invitation);
        }
        self
    }
}

/// What a browser may have in its preflight cache for one page and one URL, and what it must have.
#[derive(Default)]
struct Cached {
    /// Until when it may have any entry.
    anything: Duration,
    /// Until when it may have an entry of the first policy.
    first: Duration,
    /// Until when it must have the entries of a request, by its index.
    requests: HashMap<usize, Duration>,
}

/// How often the cases that matter occurred in a sequence.
#[derive(Debug, Default)]
pub struct Counted {
    pub steps: usize,
    /// A preflight was needed, and the cache saved it.
    pub saved: usize,
    /// The cache still allowed by the first policy what the second one does not allow.
    pub outdated: usize,
    /// The second policy blocked what the first one allowed.
    pub revoked: usize,
}

/// Sends requests through one browser, the first `swapped_at` under the first policy.
pub fn check_steps(policies: [&Rules; 2], swapped_at: usize, steps: &Steps, serve: impl Serve) -> Counted {
    let mut browser = Browser::new(Profile::STANDARD);
    let mut cached = HashMap::<(&str, Server), Cached>::new();
    let (mut now, mut counted) = (Duration::ZERO, Counted::default());
    let [first, _] = policies;
    for (step, &(pause, index)) in steps.order.iter().enumerate() {
        now += pause;
        let index = index % steps.page_requests.len();
        let (page_request, is_first) = (&steps.page_requests[index], step < swapped_at);
        let rules = policies[usize::from(!is_first)];
        let seen =
            browse(&mut browser, page_request, now, |exchange| serve(&rules.policy, &Incoming::of(exchange)));

        let known = cached.entry((page_request.page.origin.as_str(), page_request.server)).or_default();
        let is_saved = page_request.needs_preflight() && seen.preflights == 0;
        let expected = meaning(&rules.config, page_request, seen.status, &seen.response);
        counted.steps += 1;
        counted.saved += usize::from(is_saved);
        counted.revoked += usize::from(
            !is_first
                && seen.outcome == Outcome::NeverSent
                && meaning(&first.config, page_request, seen.status, &seen.response) != expected,
        );
        if is_saved {
            assert!(now < known.anything, "a preflight is cached for too long");
        } else {
            let must = known.requests.get(&index).is_some_and(|&until| now < until);
            // A preflight response need not list GET, HEAD or POST, and what is not listed is not cached.
            assert!(
                !must || page_request.upload_listener || !page_request.needs_preflight(),
                "a preflight is not cached for long enough"
            );
        }
        if is_saved && expected == Outcome::NeverSent && may_read(&rules.config, page_request) {
            // The method and each header may be allowed by either policy.
            assert!(now < known.first, "the old policy is cached for too long");
            let both = [&rules.config, &first.config];
            assert!(both.iter().any(|policy| may_use_method(policy, &page_request.method)));
            assert!(
                page_request
                    .unsafe_names()
                    .iter()
                    .all(|name| both.iter().any(|policy| may_set(policy, name)))
            );
            assert!(matches!(seen.outcome, Outcome::Readable(_)));
            let mut simple = page_request.clone();
            "GET".clone_into(&mut simple.method);
            simple.headers.clear();
            simple.body = None;
            simple.upload_listener = false;
            // The script reads what the current policy exposes.
            assert_eq!(seen.outcome, meaning(&rules.config, &simple, seen.status, &seen.response));
            counted.outdated += 1;
        } else if is_saved && !may_read(&rules.config, page_request) {
            // It was sent without a preflight, but the script reads nothing of the response.
            assert_eq!(seen.outcome, Outcome::Withheld);
            assert!(now < known.first);
        } else {
            assert_eq!(seen.outcome, expected);
        }

        let is_blocked = !matches!(seen.outcome, Outcome::Readable(_));
        if page_request.needs_preflight() && is_blocked {
            // A network error clears the cache entries.
            *known = Cached::default();
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

/// Whether preflight responses of this policy may contain a `*`. A cached `*` lives longer than other entries: by the
/// standard, a later preflight response that lists a method or header renews every entry that covers it, even `*`.
fn has_wildcard(config: &PolicyConfig) -> bool {
    config.allow_methods.iter().chain(&config.allow_headers).any(|listed| listed == "*")
}
