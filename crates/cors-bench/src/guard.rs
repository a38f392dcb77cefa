//! Keeps the speed: the ratios of our instructions to the floor's, measured now, next to those that are committed. No time
//! is looked at, so a busy machine says the same as an idle one.

use std::{fmt::Write as _, fs, path::PathBuf, process::ExitCode};

use crate::instructions;

/// By how much a ratio may differ from the committed one and still count as the same.
const TOLERANCE: f64 = 0.05;

/// What a ratio says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Kept,
    /// To be committed, or it could be lost unseen.
    Better,
    Worse,
    NotCommitted,
    NotMeasured,
}

/// Compares; with `write` it commits what it measures instead.
///
/// # Panics
///
/// When valgrind is not installed, or the committed ratios can't be read or written.
pub fn main(write: bool) -> ExitCode {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ratios.txt");
    let measured = instructions::ratios_to_floor();
    if write {
        fs::write(file, written(&measured)).expect("the committed ratios can be written");
        return ExitCode::SUCCESS;
    }
    let committed = read(&fs::read_to_string(file).expect("the committed ratios can be read"));
    let verdicts = compare(&measured, &committed);
    for (name, verdict) in &verdicts {
        let of = |ratios: &[(String, f64)]| {
            let ratio = ratios.iter().find(|(known, _)| known == name);
            ratio.map_or_else(|| "none".to_owned(), |(_, ratio)| format!("{ratio:.3}"))
        };
        println!("{verdict:?}: {name}: {} × floor, committed {}", of(&measured), of(&committed));
    }
    let any = |wanted: &[Verdict]| verdicts.iter().any(|(_, verdict)| wanted.contains(verdict));
    if any(&[Verdict::Better]) {
        println!("commit the better ones: cargo run --release -p cors-bench -- guard --write");
    }
    if any(&[Verdict::Worse, Verdict::NotCommitted, Verdict::NotMeasured]) {
        println!("if the change is meant: cargo run --release -p cors-bench -- guard --write");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn compare(measured: &[(String, f64)], committed: &[(String, f64)]) -> Vec<(String, Verdict)> {
    let ratio_of = |name: &str| committed.iter().find(|(known, _)| known == name).map(|(_, ratio)| *ratio);
    let verdict = |(name, ratio): &(String, f64)| {
        let verdict = match ratio_of(name).map(|committed| ratio / committed - 1.0) {
            None => Verdict::NotCommitted,
            Some(growth) if growth < -TOLERANCE => Verdict::Better,
            Some(growth) if growth <= TOLERANCE => Verdict::Kept,
            // What is not a number is worse, too.
            Some(_) => Verdict::Worse,
        };
        (name.clone(), verdict)
    };
    let is_measured = |name: &str| measured.iter().any(|(known, _)| known == name);
    let missing = committed.iter().filter(|(name, _)| !is_measured(name));
    let missing = missing.map(|(name, _)| (name.clone(), Verdict::NotMeasured));
    measured.iter().map(verdict).chain(missing).collect()
}

fn written(ratios: &[(String, f64)]) -> String {
    ratios.iter().fold(String::new(), |mut text, (name, ratio)| {
        let _ = writeln!(text, "{ratio:.3} {name}");
        text
    })
}

fn read(text: &str) -> Vec<(String, f64)> {
    let line = |line: &str| {
        let (ratio, name) = line.split_once(' ')?;
        Some((name.to_owned(), ratio.parse().ok()?))
    };
    text.lines().map(|text| line(text).unwrap_or_else(|| panic!("a ratio and a case in {text:?}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_grew_or_is_missing_fails() {
        let committed = read("1.100 kept\n1.100 better\n1.100 worse\n1.000 gone\n");
        let measured = [("kept", 1.154), ("better", 1.044), ("worse", 1.156), ("new", 1.0)]
            .map(|(name, ratio)| (name.to_owned(), ratio));
        let verdicts = [
            ("kept", Verdict::Kept),
            ("better", Verdict::Better),
            ("worse", Verdict::Worse),
            ("new", Verdict::NotCommitted),
            ("gone", Verdict::NotMeasured),
        ];
        assert_eq!(
            compare(&measured, &committed),
            verdicts.map(|(name, verdict)| (name.to_owned(), verdict))
        );
    }

    #[test]
    fn a_ratio_that_is_not_a_number_is_worse() {
        let [committed, measured] = [1.0, f64::NAN].map(|ratio| [("case".to_owned(), ratio)]);
        assert_eq!(compare(&measured, &committed), [("case".to_owned(), Verdict::Worse)]);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let ratios = [("a case, with words".to_owned(), 1.25), ("another".to_owned(), 1.5)];
        assert_eq!(read(&written(&ratios)), ratios);
    }
}
