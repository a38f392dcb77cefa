//! What a request costs as the list of allowed origins grows: instructions, time where the caches don't hold the policy, and
//! the time that building the policy takes. Times are printed and never asserted.

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    time::Instant,
};

use crate::{
    cases::{BrowserRequest, Handler},
    check::check,
    contenders::Contender,
    instructions::{Job, medians},
    many_origins::{Kind, case, words},
    service::{Contestant, log_errors_alone},
    times::{TURN, take_turns, to_usize},
};

/// The numbers of origins.
const SIZES: [u32; 4] = [1, 1_000, 100_000, 1_000_000];
/// Up to how many callgrind watches being built: more would take it minutes.
const MOST_COUNTED: u32 = 100_000;
/// A number that no list reaches, with as many digits as the others.
const UNLISTED: u32 = 9_999_999;
/// The answers are checked with fewer, because one is like another.
const CHECKED: u32 = 1_000;

/// Who stands in a column, and what its lists are made of.
const COLUMNS: [(Contender, Kind); 4] = [
    (Contender::Ours, Kind::Exact),
    (Contender::Ours, Kind::Patterns),
    (Contender::ActixCors, Kind::Exact),
    (Contender::TowerHttp, Kind::Exact),
];

/// The tables, in Markdown.
///
/// # Panics
///
/// When a contender responds wrongly, or valgrind is not installed.
pub fn section() -> String {
    log_errors_alone();
    for (who, kind) in COLUMNS {
        for case in [case(kind, CHECKED, CHECKED - 1), case(kind, CHECKED, UNLISTED)] {
            check(who, &*who.make(&case.setup, case.handler), &case);
        }
    }
    let mut text = String::from(
        "## Cost by number of origins\n\n\
         Instructions per request beyond the bare service, for the last origin of the list and for one that is not in it. \
         Patterns are `https://*.tenant-0000001.example.com` and so on; the peers have none.\n\n\
         | origins | actix-web-cors, exact | | actix-web-cors, patterns | | actix-cors | | tower-http | |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
         | | last | refused | last | refused | last | refused | last | refused |\n",
    );
    for row in count_instructions().chunks(2 * COLUMNS.len() + 1) {
        let [size, costs @ ..] = row else { break };
        let cells: Vec<String> = costs.iter().copied().map(grouped).collect();
        let _ = writeln!(text, "| {} | {} |", grouped(*size), cells.join(" | "));
    }
    text.push_str(
        "\nNanoseconds: of a request beyond the bare service, for a random origin of the list each time, so that memory \
         has to be waited for; and milliseconds in which `Policy::builder()` builds the policy.\n\n\
         | origins | actix-web-cors, exact, ns | actix-web-cors, patterns, ns | actix-cors, ns | build, exact, ms | build, \
         patterns, ms |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    for size in SIZES {
        let [exact, patterns, peer] = time(size);
        let [build_exact, build_patterns] = [Kind::Exact, Kind::Patterns].map(|kind| time_build(kind, size));
        let _ = writeln!(
            text,
            "| {} | {exact:.0} | {patterns:.0} | {peer:.0} | {build_exact:.2} | {build_patterns:.2} |",
            grouped(f64::from(size))
        );
    }
    text
}

/// Row by row: the number of origins, and for each column the costs of the last origin and of one that is not listed.
fn count_instructions() -> Vec<f64> {
    let sizes = SIZES.into_iter().filter(|&size| size <= MOST_COUNTED);
    let mut jobs: Vec<Job> = Vec::new();
    for size in sizes.clone() {
        for (who, kind) in COLUMNS {
            for number in [size - 1, UNLISTED] {
                jobs.push((who, words(kind, size, number)));
            }
        }
    }
    // To the bare service the number of origins is nothing.
    let bare =
        medians(&[Contender::Bare, Contender::TowerBare].map(|who| (who, words(Kind::Exact, 1, 0))), 3);
    // The largest take longest, so they come first.
    jobs.reverse();
    let mut counts = medians(&jobs, 3).into_iter().zip(jobs).rev();
    let mut rows = Vec::new();
    for size in sizes {
        rows.push(f64::from(size));
        for (count, (who, _)) in counts.by_ref().take(2 * COLUMNS.len()) {
            rows.push(count - bare[usize::from(who == Contender::TowerHttp)]);
        }
    }
    rows
}

/// The nanoseconds that a request takes beyond bare: ours among exact origins, among patterns, and `actix-cors`.
fn time(size: u32) -> [f64; 3] {
    let mut timed: Vec<(Contender, Kind, Box<dyn Contestant>)> = Vec::new();
    for (who, kind) in [(Contender::Bare, Kind::Exact)].iter().chain(&COLUMNS[..3]).copied() {
        timed.push((who, kind, who.make(&kind.setup(size), Handler::Plain)));
    }
    let kinds: Vec<Kind> = timed.iter().map(|(_, kind, _)| *kind).collect();
    let contestants: Vec<_> = timed.into_iter().map(|(_, _, contestant)| contestant).collect();
    let (random, mut drawn) = (RandomState::new(), 0_u64);
    let mut draw = || {
        drawn += 1;
        u32::try_from(random.hash_one(drawn) % u64::from(size)).expect("less than a u32")
    };
    let nanoseconds = take_turns(&contestants, &mut |index| {
        let origin = |number| BrowserRequest::get(Some(&kinds[index].origin(number)));
        (0..to_usize(TURN)).map(|_| origin(draw())).collect()
    });
    [nanoseconds[1], nanoseconds[2], nanoseconds[3]]
}

/// In milliseconds, the fastest of three, which is the least disturbed one.
fn time_build(kind: Kind, size: u32) -> f64 {
    let setup = kind.setup(size);
    let build = |_| {
        let start = Instant::now();
        let policy = setup.policy();
        let took = start.elapsed();
        drop(policy);
        took.as_secs_f64() * 1e3
    };
    (0..3).map(build).fold(f64::INFINITY, f64::min)
}

/// A whole number with spaces between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([1.0, 999.4, 1000.0, 1_234_567.0].map(grouped), ["1", "999", "1 000", "1 234 567"]);
    }
}
