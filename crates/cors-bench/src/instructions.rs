//! Instructions, counted by callgrind: the same on a busy machine as on an idle one.

use std::{env, fmt::Write as _, process::Command};

use crate::{
    cases::{Case, MAIN_CASES, cases},
    contenders::Contender,
    measure,
};

/// How many requests are counted in a run.
const REQUESTS: u32 = 100;
/// How many runs for a table, each with hash seeds of its own.
const SEEDS: usize = 5;
/// How many where only the size of a number matters.
const FEW_SEEDS: usize = 1;
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
        matches!(self, Self::Actix(Contender::Bare) | Self::TowerBare)
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
    let mut text = String::from(
        "## Instructions\n\n\
         Per request, beyond the bare service; the median of five hash seeds. The *floor* is the smallest middleware that \
         decides and emits the same headers for this one policy, with constants, and does nothing else.\n\n\
         | request | floor | actix-web-cors | actix-cors | ours ÷ floor | ours ÷ actix-cors |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for case in &cases[..MAIN_CASES] {
        let [floor, ours, peer] =
            beyond_bare([Contender::Floor, Contender::Ours, Contender::ActixCors], case, SEEDS);
        let _ = writeln!(
            text,
            "| {} | {floor:.0} | {ours:.0} | {peer:.0} | {:.2} | {:.4} |",
            case.name,
            ours / floor,
            ours / peer
        );
    }
    text.push_str(
        "\nFurther cases, and the other sources of a policy. `tower-http` is measured at its own interface, beyond the bare \
         service there, so its numbers say how it grows, not how it compares.\n\n\
         | request | `Policy` | `LivePolicy` | `per_request` | `per_request_async` | actix-cors | tower-http |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for case in &cases {
        let contenders = [
            Contender::Ours,
            Contender::OursLive,
            Contender::OursPerRequest,
            Contender::OursPerRequestAsync,
            Contender::ActixCors,
        ];
        let actix = beyond_bare(contenders, case, FEW_SEEDS).map(|count| format!("{count:.0}"));
        let tower = if case.handler == crate::cases::Handler::Plain {
            format!(
                "{:.0}",
                median(Counted::TowerHttp, case, FEW_SEEDS) - median(Counted::TowerBare, case, FEW_SEEDS)
            )
        } else {
            "–".to_owned()
        };
        let _ = writeln!(text, "| {} | {} | {tower} |", case.name, actix.join(" | "));
    }
    text
}

/// The ratios of ours to the floor, by case.
///
/// # Panics
///
/// When valgrind is not installed.
pub fn ratios_to_floor() -> Vec<(&'static str, f64)> {
    let ratio = |case: &Case| {
        let [floor, ours] = beyond_bare([Contender::Floor, Contender::Ours], case, SEEDS_OF_RATIOS);
        ours / floor
    };
    cases()[..MAIN_CASES].iter().map(|case| (case.name, ratio(case))).collect()
}

fn check(case: &Case) {
    for contender in Contender::ALL {
        if contender != Contender::Floor
            || case.setup == crate::cases::Setup::listed() && case.handler == crate::cases::Handler::Plain
        {
            measure::check(contender, case);
        }
    }
    if case.handler == crate::cases::Handler::Plain {
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
    let mut counts: Vec<u32> = (0..seeds).map(|_| count(counted, case)).collect();
    counts.sort_unstable();
    f64::from(counts[seeds / 2]) / f64::from(REQUESTS)
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
