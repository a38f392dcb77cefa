//! Instructions, counted by callgrind: the same on a busy machine as on an idle one.
//!
//! Not by gungraun, which runs callgrind as well: its limits are absolute counts, or growth since its own last run, of one
//! benchmark each, while a ratio to the floor is one difference of benchmarks over another one, whatever Actix Web itself
//! costs, each count the median over several hash seeds.

use std::{
    env,
    fmt::Write as _,
    iter,
    num::NonZero,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    cases::{Case, MAIN_CASES, cases},
    check::{PEERS_DIFFER, check},
    contenders::Contender,
    many_origins,
    median::median,
    service,
};

/// What this program's first argument is when callgrind runs it.
pub const COUNTED: &str = "counted";
/// How many requests are counted in a run.
const REQUESTS: u32 = 100;
/// How many runs for a table, each with hash seeds of its own.
const SEEDS: usize = 3;
/// How many for the guard.
const SEEDS_OF_RATIOS: usize = 9;

/// What one run of callgrind counts: a contender, and what [`find`] makes a case of.
pub(crate) type Job = (Contender, Vec<String>);

/// Handles the requests that callgrind counts.
///
/// # Panics
///
/// When there is no such contender or case.
pub fn run(who: &str, case: &[&str]) {
    let who = Contender::ALL.into_iter().find(|known| known.name() == who).expect("a contender");
    let case = find(case).expect("a case");
    service::log_errors_alone();
    let contestant = who.make(&case.setup, case.handler);
    for _ in 0..3 {
        contestant.response(&case.request);
    }
    let requests: Vec<_> = iter::repeat_n(case.request, usize::try_from(REQUESTS).unwrap_or(1)).collect();
    contestant.prepare(&requests)();
}

/// The case of this name, or the one of [`scale`].
fn find(words: &[&str]) -> Option<Case> {
    match words {
        [name] => cases().into_iter().find(|case| case.name == *name),
        _ => many_origins::find(words),
    }
}

/// The tables, in Markdown.
///
/// # Panics
///
/// When a contender responds wrongly, or valgrind is not installed.
pub fn section() -> String {
    let cases = cases();
    let mut jobs = Vec::new();
    let sources = [Contender::OursLive, Contender::OursPerRequest, Contender::OursPerRequestAsync];
    for case in &cases {
        check_all(case);
        let compares = |who: &Contender| !sources.contains(who) || case.name == OF_SOURCES;
        let known = Contender::ALL.into_iter().filter(compares).filter(|who| who.takes(case));
        jobs.extend(known.map(|who| (who, vec![case.name.to_owned()])));
    }
    let medians = medians(&jobs, SEEDS);
    let beyond_bare = |who: Contender, case: &str| {
        let count = |wanted: Contender| {
            let job = |(who, words): &Job| *who == wanted && words[0] == case;
            jobs.iter().position(job).map(|index| medians[index])
        };
        Some(count(who)? - count(who.bare())?)
    };
    let or_dash = |number: Option<f64>, decimals: usize| {
        number.map_or_else(|| "–".to_owned(), |number| format!("{number:.decimals$}"))
    };

    let mut text = format!(
        "## Instructions\n\n\
         Per request, beyond the bare service; the median of {SEEDS} runs, because each run seeds its hash tables again. The \
         *floor* is the smallest middleware that decides and emits the same headers for this one policy, with constants, and \
         does nothing else. `tower-http` is measured at its own interface, beyond the bare service there, so its numbers \
         say how it grows, not how it compares. {PEERS_DIFFER}\n\n\
         | request | floor | actix-web-cors | actix-cors | ours ÷ floor | ours ÷ actix-cors | tower-http |\n\
         |---|---:|---:|---:|---:|---:|---:|\n"
    );
    for case in &cases {
        let [floor, ours, peer, tower] =
            [Contender::Floor, Contender::Ours, Contender::ActixCors, Contender::TowerHttp]
                .map(|who| beyond_bare(who, case.name));
        let over = |other: Option<f64>| Some(ours? / other?);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            case.name,
            or_dash(floor, 0),
            or_dash(ours, 0),
            or_dash(peer, 0),
            or_dash(over(floor), 2),
            or_dash(over(peer), 4),
            or_dash(tower, 0),
        );
    }
    let ours = beyond_bare(Contender::Ours, OF_SOURCES);
    let [live, per_request, per_request_async] =
        sources.map(|who| or_dash(beyond_bare(who, OF_SOURCES).zip(ours).map(|(who, ours)| who - ours), 0));
    let _ = writeln!(
        text,
        "\nOther sources of a policy take more for each request ({OF_SOURCES}): `LivePolicy`, which can be replaced while the \
         server runs, {live}; `Cors::per_request` {per_request}; `Cors::per_request_async` {per_request_async}."
    );
    text
}

/// The case for which the sources of a policy are compared: what they add is the same in all.
const OF_SOURCES: &str = "allowed origin, credentials";

/// The ratios of ours to the floor, by case.
///
/// # Panics
///
/// When a contender responds wrongly, or valgrind is not installed.
pub fn ratios_to_floor() -> Vec<(String, f64)> {
    let cases = &cases()[..MAIN_CASES];
    let mut jobs = Vec::new();
    for case in cases {
        check_all(case);
        jobs.extend(
            [Contender::Bare, Contender::Floor, Contender::Ours].map(|who| (who, vec![case.name.to_owned()])),
        );
    }
    let medians = medians(&jobs, SEEDS_OF_RATIOS);
    let ratio = |counts: &[f64]| (counts[2] - counts[0]) / (counts[1] - counts[0]);
    cases.iter().map(|case| case.name.to_owned()).zip(medians.chunks(3).map(ratio)).collect()
}

fn check_all(case: &Case) {
    for who in Contender::ALL.into_iter().filter(|who| who.takes(case)) {
        check(who, &*who.make(&case.setup, case.handler), case);
    }
}

/// For each job, the median of its instructions per request, in that order. Jobs run on all cores, which instructions don't
/// notice.
pub(crate) fn medians(jobs: &[Job], seeds: usize) -> Vec<f64> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(vec![f64::NAN; jobs.len()]));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let counts = (0..seeds).map(|_| f64::from(count(job)) / f64::from(REQUESTS)).collect();
                    results.lock().expect("no job panicked")[index] = median(counts);
                }
            });
        }
    });
    results.into_inner().expect("no job panicked")
}

/// How many instructions callgrind counts in the measured loop.
fn count((who, case): &Job) -> u32 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured_loop*"])
        .arg(env::current_exe().expect("a running program has a path"))
        .args([COUNTED, who.name()])
        .args(case)
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {case:?}: {said}", who.name());
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind says how much it collected: {said}"))
}
