//! The theorem, for the worlds of its tests: what a browser makes of the server's responses is what the policy means. Without a
//! cache, behind a noisy proxy, with a preflight cache while the policy changes, and behind a shared cache.

#![no_main]

use cors_vectors::theorem::{
    Steps, check_cold, check_noisy, check_shared_cache, check_steps,
    meaning::{PageRequest, Server},
    network::{Handler, Incoming, Noise, serve},
    steps,
    world::{
        Invitation, Rules, handler, invitation, page_request, page_request_of_any_length, rules, rules_and,
        rules_and_their_successors,
    },
};
use fetch_cors::Policy;
use fuzz::{draw::draw, world};
use libfuzzer_sys::fuzz_target;
use proptest::{collection, prelude::any, sample::select};

world!(COLD: ((Rules, PageRequest), Handler) = (rules_and(page_request_of_any_length()), handler()));
world!(NOISY: ((Rules, PageRequest), Handler, Vec<u8>) =
    (rules_and(page_request()), handler(), collection::vec(any::<u8>(), 0..80)));
world!(STEPS: ((Rules, Rules), usize, Steps, Invitation, Handler) =
    (rules_and_their_successors(), 1..9_usize, steps(), invitation(), handler()));
world!(SHARED: (Rules, Vec<(PageRequest, Invitation)>, &'static str, Handler) = (
    rules(),
    collection::vec((page_request(), invitation()), 2..6),
    select(&["https://api.test", "https://example.com"][..]),
    handler(),
));

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which % 4 {
        0 => {
            let Some(((rules, page_request), handler)) = draw(&COLD, data) else { return };
            check_cold(&rules, &page_request, server(&handler));
        }
        1 => {
            let Some(((rules, page_request), handler, noise)) = draw(&NOISY, data) else { return };
            check_noisy(&rules, &page_request, &Noise::new(noise), server(&handler));
        }
        2 => {
            let Some(((before, after), swapped_at, steps, invitation, handler)) = draw(&STEPS, data) else {
                return;
            };
            let steps = steps.invite(&before, invitation);
            check_steps([&before, &after], swapped_at, &steps, server(&handler));
        }
        _ => {
            let Some((rules, page_requests, origin, handler)) = draw(&SHARED, data) else { return };
            check_shared_cache(&rules, page_requests, Server { origin, path: "/" }, server(&handler));
        }
    }
});

fn server(handler: &Handler) -> impl Fn(&Policy, &Incoming) -> cors_vectors::theorem::network::ServerResponse {
    move |policy, request| serve(policy, handler, request)
}
