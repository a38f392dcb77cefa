//! The theorem, for the worlds of its tests: what a browser makes of the server's responses is what the policy means. Without a
//! cache, behind a noisy proxy, with a preflight cache while the policy changes, and behind a shared cache.

#![no_main]

use cors_vectors::theorem::{
    Steps, check_cold, check_noisy, check_shared_cache, check_steps,
    meaning::{PageRequest, Server},
    network::{Handler, Incoming, Noise, ServerResponse, serve},
    steps,
    world::{
        Invitation, Rules, handler, invitation, page_request, page_request_of_any_length, rules,
        rules_and_their_successors,
    },
};
use fetch_cors::Policy;
use fuzz::{draw::Draws, world};
use libfuzzer_sys::fuzz_target;

world!(RULES: Rules = rules());
world!(SUCCESSORS: (Rules, Rules) = rules_and_their_successors());
world!(REQUEST: PageRequest = page_request());
world!(ANY_REQUEST: PageRequest = page_request_of_any_length());
world!(INVITATION: Invitation = invitation());
world!(HANDLER: Handler = handler());
world!(STEPS: Steps = steps());

fuzz_target!(|data: &[u8]| {
    let [which, swapped_at, data @ ..] = data else { return };
    let mut draws = Draws::new(data);
    let handler = draws.draw(&HANDLER);
    let server = |policy: &Policy, request: &Incoming| -> ServerResponse { serve(policy, &handler, request) };
    let invitation = draws.draw(&INVITATION);
    match which % 4 {
        0 => {
            let (rules, mut page_request) = (draws.draw(&RULES), draws.draw(&ANY_REQUEST));
            page_request.invite(&rules.config, invitation);
            check_cold(&rules, &page_request, server);
        }
        1 => {
            let (rules, mut page_request) = (draws.draw(&RULES), draws.draw(&REQUEST));
            page_request.invite(&rules.config, invitation);
            check_noisy(&rules, &page_request, &Noise::new(data.to_vec()), server);
        }
        2 => {
            let ((before, after), steps) = (draws.draw(&SUCCESSORS), draws.draw(&STEPS));
            let swapped_at = usize::from(swapped_at % 9);
            check_steps([&before, &after], swapped_at, &steps.invite(&before, invitation), server);
        }
        _ => {
            let rules = draws.draw(&RULES);
            let requests = (0..2 + swapped_at % 4).map(|_| (draws.draw(&REQUEST), draws.draw(&INVITATION)));
            let origin = ["https://api.test", "https://example.com"][usize::from(swapped_at >> 7)];
            check_shared_cache(&rules, requests.collect(), Server { origin, path: "/" }, server);
        }
    }
});
