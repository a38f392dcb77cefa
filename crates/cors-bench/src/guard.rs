//! Keeps the speed: the ratios of our instructions to the floor's, measured now, beside those that are committed. No time
//! is looked at, so a busy machine says the same as an idle one.

use std::{fmt::Write as _, fs, path::PathBuf, process::ExitCode};

use crate::instructions;

/// How far a ratio may be from the committed one. A better one is to be committed, too, or it could be lost unseen.
const TOLERANCE: f64 = 0.05;

fn committed_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ratios.txt")
}

/// Compares; with `write` it commits what it measures instead.
///
/// # Panics
///
/// When valgrind is not installed, or the committed ratios can't be read or written.
pub fn main(write: bool) -> ExitCode {
    let measured = instructions::ratios_to_floor();
    if write {
        let mut text = String::new();
        for (name, ratio) in &measured {
            let _ = writeln!(text, "{ratio:.3} {name}");
        }
        fs::write(committed_file(), text).expect("the committed ratios can be written");
        return ExitCode::SUCCESS;
    }
    let text = fs::read_to_string(committed_file()).expect("the committed ratios can be read");
    let (mut passed, mut failed) = (0, 0);
    for (name, ratio) in measured {
        let committed = text.lines().find_map(|line| {
            let (ratio, case) = line.split_once(' ')?;
            (case == name).then(|| ratio.parse::<f64>().ok()).flatten()
        });
        let within = committed.is_some_and(|committed| (ratio / committed - 1.0).abs() <= TOLERANCE);
        let committed = committed.map_or_else(|| "none".to_owned(), |committed| format!("{committed:.3}"));
        println!(
            "{} {name}: {ratio:.3} x floor, committed {committed}",
            if within { "ok    " } else { "FAILED" }
        );
        if within {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        println!("if the change is meant: target/release/guard --write");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
