//! Beyond the bare service, a request asks the heap for nothing. Alone in its program, because the allocator counts what all
//! threads do.

use std::{alloc::System, iter};

use cors_bench::{
    cases::{Case, Handler, cases},
    contenders::Contender,
    service::log_errors_alone,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 100;

#[test]
fn a_request_allocates_nothing_beyond_the_bare_service() {
    log_errors_alone();
    assert_eq!(allocations(Contender::ActixCors, &cases()[0]), REQUESTS, "the program counts");
    for case in cases() {
        // An error's response gets a mapper, in a list of such.
        let expected = if case.handler == Handler::InnerError { 2 * REQUESTS } else { 0 };
        let bare = allocations(Contender::Bare, &case);
        for who in Contender::ALL.into_iter().filter(|who| who.is_ours()) {
            assert_eq!(allocations(who, &case) - bare, expected, "{}, {}", who.name(), case.name);
        }
    }
}

/// How often the heap is asked while these requests are handled; the least of several times, because a test has a harness
/// around it.
fn allocations(who: Contender, case: &Case) -> usize {
    let contestant = who.make(&case.setup, case.handler);
    let requests: Vec<_> = iter::repeat_n(case.request.clone(), REQUESTS).collect();
    contestant.prepare(&requests)();
    let measure = || {
        let loop_ = contestant.prepare(&requests);
        let region = Region::new(HEAP);
        loop_();
        let change = region.change();
        change.allocations + change.reallocations
    };
    iter::repeat_with(measure).take(3).min().unwrap_or_default()
}
