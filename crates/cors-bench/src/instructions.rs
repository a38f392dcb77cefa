//! Instructions, counted by callgrind: the same on a busy machine as on an idle one.

use std::{
    env,
    fmt::Write as _,
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
    contenders::Contender,
    measure,
};

/// How many requests are counted in a run.
const REQUESTS: u32 = 100;
/// How many runs for a table, each with hash seeds of its own.
const SEEDS: usize = 5;
/// How many for a verdict.
const SEEDS_OF_RATIOS: usize = 9;

/// Who is counted: an Actix contender, or one at Tower's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Actix(Contender),
    TowerBare,
    TowerHttp,
}

impl Counted {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Actix(contender) => contender.name(),
            Self::TowerBare => "tower-bare",
            Self::TowerHttp => "tower-http",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        let actix = Contender::ALL.into_iter().map(Self::Actix);
        actix.chain([Self::TowerBare, Self::TowerHttp]).find(|counted| counted.name() == name)
    }

    pub(crate) fn is_bare(self) -> bool {
        self == self.bare()
    }

    /// The bare service at the same interface.
    pub(crate) fn bare(self) -> Self {
        match self {
            Self::Actix(_) => Self::Actix(Contender::Bare),
            Self::TowerBare | Self::TowerHttp => Self::TowerBare,
        }
    }

    /// Whether it can be asked.
    pub(crate) fn knows(self, case: &Case) -> bool {
        match self {
            Self::Actix(Contender::Floor) => case.has_floor(),
            Self::Actix(_) => true,
            Self::TowerBare | Self::TowerHttp => case.has_tower(),
        }
    }

    pub(crate) fn run(self, case: &Case, requests: usize) {
        match self {
            Self::Actix(contender) => measure::run(contender, case, requests),
            Self::TowerBare => measure::run_tower(case, true, requests),
            Self::TowerHttp => measure::run_tower(case, false, requests),
        }
    }
}

/// Prints the section, or, if told who and what by its own parent, answers the requests that callgrind counts.
///
/// # Panics
///
/// When a contender answers wrongly, or valgrind is not installed.
pub fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [who, case] = &arguments[..] {
        let counted = Counted::find(who).expect("a contender");
        let case = cases().into_iter().find(|known| known.name == case).expect("a case");
        counted.run(&case, usize::try_from(REQUESTS).unwrap_or(1));
        return;
    }
    println!("{}", section());
}

/// The tables, in Markdown.
///
/// # Panics
///
/// When a contender answers wrongly, or valgrind is not installed.
pub fn section() -> String {
    let cases = cases();
    for case in &cases {
        check(case);
    }
    let actix = Contender::ALL.map(Counted::Actix);
    let jobs: Vec<(Counted, usize)> = actix
        .into_iter()
        .chain([Counted::TowerBare, Counted::TowerHttp])
        .flat_map(|who| (0..cases.len()).map(move |index| (who, index)))
        .filter(|&(who, index)| who.knows(&cases[index]))
        .collect();
    let medians = in_parallel(&jobs, |&(who, index)| ((who, index), median(who, &cases[index], SEEDS)));
    let count = |who, index| medians.iter().find(|(job, _)| *job == (who, index)).map(|(_, median)| *median);
    let beyond_bare = |who: Counted, index| Some(count(who, index)? - count(who.bare(), index)?);
    let mut text = String::from(
        "## Instructions\n\n\
         Per request, beyond the bare service; the median of five runs, as each run seeds its hash tables anew. The *floor* is \
         the smallest middleware that decides and emits the same headers for this one policy, with constants, and does \
         nothing else.\n\n\
         | request | floor | actix-web-cors | actix-cors | ours ÷ floor | ours ÷ actix-cors |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for (index, case) in cases[..MAIN_CASES].iter().enumerate() {
        let [floor, ours, peer] = [Contender::Floor, Contender::Ours, Contender::ActixCors]
            .map(|who| beyond_bare(Counted::Actix(who), index).unwrap_or(f64::NAN));
        let _ = writeln!(
            text,
            "| {} | {floor:.0} | {ours:.0} | {peer:.0} | {:.2} | {:.4} |",
            case.name,
            ours / floor,
            ours / peer
        );
    }
    let _ = writeln!(
        text,
        "\nAll cases, and the other sources of a policy: one that can be replaced while the server runs (`LivePolicy`), a \
         closure that chooses for each request, and one that returns a future. `tower-http` is measured at its own \
         interface, beyond the bare service there, so its numbers say how it grows, not how it compares. {}\n\n\
         | request | {} |\n|---|{}",
        measure::PEERS_DIFFER,
        COLUMNS.map(|(name, _)| name).join(" | "),
        "---:|".repeat(COLUMNS.len())
    );
    for (index, case) in cases.iter().enumerate() {
        let cells = COLUMNS.map(|(_, who)| {
            beyond_bare(who, index).map_or_else(|| "–".to_owned(), |count| format!("{count:.0}"))
        });
        let _ = writeln!(text, "| {} | {} |", case.name, cells.join(" | "));
    }
    text
}

/// Who stands in a table of all cases, and under which name.
pub(crate) const COLUMNS: [(&str, Counted); 7] = [
    ("floor", Counted::Actix(Contender::Floor)),
    ("`Policy`", Counted::Actix(Contender::Ours)),
    ("`LivePolicy`", Counted::Actix(Contender::OursLive)),
    ("`per_request`", Counted::Actix(Contender::OursPerRequest)),
    ("`per_request_async`", Counted::Actix(Contender::OursPerRequestAsync)),
    ("actix-cors", Counted::Actix(Contender::ActixCors)),
    ("tower-http", Counted::TowerHttp),
];

/// Does jobs on all cores, which instructions don't notice.
pub(crate) fn in_parallel<T: Sync, R: Send>(jobs: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(job);
                    results.lock().expect("no job panicked").push(result);
                }
            });
        }
    });
    results.into_inner().expect("no job panicked")
}

/// The ratios of ours to the floor, by case.
///
/// # Panics
///
/// When valgrind is not installed.
pub fn ratios_to_floor() -> Vec<(&'static str, f64)> {
    let ratio = |case: &Case| {
        check(case);
        let [floor, ours] = beyond_bare([Contender::Floor, Contender::Ours], case, SEEDS_OF_RATIOS);
        ours / floor
    };
    cases()[..MAIN_CASES].iter().map(|case| (case.name, ratio(case))).collect()
}

fn check(case: &Case) {
    for contender in Contender::ALL {
        measure::check(contender, case);
    }
    if case.has_tower() {
        measure::check_tower(case);
    }
}

/// What each contender costs beyond the bare service.
fn beyond_bare<const N: usize>(contenders: [Contender; N], case: &Case, seeds: usize) -> [f64; N] {
    let bare = median(Counted::Actix(Contender::Bare), case, seeds);
    contenders.map(|contender| median(Counted::Actix(contender), case, seeds) - bare)
}

/// The median of instructions per request.
fn median(counted: Counted, case: &Case, seeds: usize) -> f64 {
    let counts = (0..seeds).map(|_| f64::from(count(counted, case))).collect();
    measure::median(counts) / f64::from(REQUESTS)
}

fn count(counted: Counted, case: &Case) -> u32 {
    collected("instructions", &[counted.name(), case.name])
}

/// How many instructions callgrind counts in the measured loop of a program of this package.
pub(crate) fn collected(program: &str, arguments: &[&str]) -> u32 {
    let path = env::current_exe().expect("a running program has a path").with_file_name(program);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured_loop*"])
        .arg(path)
        .args(arguments)
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind says how much it collected: {said}"))
}
