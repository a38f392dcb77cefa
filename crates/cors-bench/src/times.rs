//! The time of the main cases. Times are printed and never asserted.
//!
//! All contenders take turns of microseconds, and each turn is compared with the bare service's just before it. Criterion
//! and divan finish one benchmark before the next, and in between a virtual machine's speed drifts by more than the 100 ns
//! that are to be told apart.

use std::{
    fmt::Write as _,
    iter,
    time::{Duration, Instant},
};

use crate::{
    cases::{BrowserRequest, MAIN_CASES, cases},
    contenders::Contender,
    median::median,
    service::{Contestant, log_errors_alone},
};

/// How many requests a turn has.
pub(crate) const TURN: u32 = 64;
/// How long all take turns at a case, and how often at least.
const PATIENCE: Duration = Duration::from_secs(3);
const LEAST: usize = 15;

/// The table, in Markdown.
pub fn section() -> String {
    log_errors_alone();
    let mut text = format!(
        "## Time\n\n\
         Nanoseconds per request beyond the bare service, which is the first column. All take turns of {TURN} requests, and a \
         turn is compared with the bare service's just before it; the medians of all turns.\n\n\
         | request | bare | floor | actix-web-cors | actix-cors |\n|---|---:|---:|---:|---:|\n"
    );
    for case in &cases()[..MAIN_CASES] {
        let contestants = [Contender::Bare, Contender::Floor, Contender::Ours, Contender::ActixCors]
            .map(|who| who.make(&case.setup, case.handler));
        let turn: Vec<BrowserRequest> = iter::repeat_n(case.request.clone(), to_usize(TURN)).collect();
        let times = take_turns(&contestants, &mut |_| turn.clone());
        let cells: Vec<String> = times.iter().map(|time| format!("{time:.0}")).collect();
        let _ = writeln!(text, "| {} | {} |", case.name, cells.join(" | "));
    }
    text
}

/// The nanoseconds per request of the first contestant, and what the others take beyond it. Each turn's requests are made by the
/// contestant's number.
pub(crate) fn take_turns(
    contestants: &[Box<dyn Contestant>],
    requests: &mut dyn FnMut(usize) -> Vec<BrowserRequest>,
) -> Vec<f64> {
    let mut times = vec![Vec::new(); contestants.len()];
    let start = Instant::now();
    while start.elapsed() < PATIENCE || times[0].len() < LEAST {
        let mut bare = 0.0;
        for (index, contestant) in contestants.iter().enumerate() {
            let requests = requests(index);
            let took = contestant.prepare(&requests)().as_secs_f64() * 1e9 / f64::from(TURN);
            if index == 0 {
                bare = took;
                times[0].push(took);
            } else {
                times[index].push(took - bare);
            }
        }
    }
    times.into_iter().map(median).collect()
}

pub(crate) fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("a number that fits")
}
