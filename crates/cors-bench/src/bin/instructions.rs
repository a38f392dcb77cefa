//! Instructions per request, over the bare service. `cargo run --release -p cors-bench --bin instructions` runs itself
//! under callgrind for every contender and case, several times, as hash seeds differ, and prints medians.

use std::{
    env,
    process::{Command, ExitCode},
};

use cors_bench::{cases::Case, contenders::Contender, measure::Run};

/// How many requests are counted.
const REQUESTS: usize = 100;
/// How many runs, each with hash seeds of its own.
const SEEDS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let numbers: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if let [contender, case] = numbers[..] {
        let (contender, case) = (Contender::ALL[contender], Case::ALL[case]);
        let check = matches!(contender, Contender::Floor | Contender::Ours);
        contender.make(Run { case, requests: REQUESTS, check });
        return ExitCode::SUCCESS;
    }
    println!(
        "{:<32} {:>8} {:>15} {:>11}   {:>7} {:>12}",
        "request", "floor", "actix-web-cors", "actix-cors", "x floor", "x actix-cors"
    );
    for case in Case::ALL {
        let [bare, floor, ours, actix_cors] = Contender::ALL.map(|contender| median(contender, case));
        let over = |count: f64| count - bare;
        println!(
            "{:<32} {:>8.0} {:>15.0} {:>11.0}   {:>7.2} {:>12.4}",
            case.name(),
            over(floor),
            over(ours),
            over(actix_cors),
            over(ours) / over(floor),
            over(ours) / over(actix_cors)
        );
    }
    ExitCode::SUCCESS
}

/// The median of instructions per request.
fn median(contender: Contender, case: Case) -> f64 {
    let mut counts: Vec<u64> = (0..SEEDS).map(|_| count(contender, case)).collect();
    counts.sort_unstable();
    let total = u32::try_from(counts[SEEDS / 2]).unwrap_or(u32::MAX);
    f64::from(total) / f64::from(u32::try_from(REQUESTS).unwrap_or(1))
}

fn count(contender: Contender, case: Case) -> u64 {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured_loop*"])
        .arg(program)
        .args([contender.index().to_string(), case.index().to_string()])
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {}: {said}", contender.name(), case.name());
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind says how much it collected: {said}"))
}
