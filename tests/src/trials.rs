//! A test for each engine, whether the engine is here or not.

use std::{process, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Engine, Installed, required_engines};

/// Runs one test for each engine, `NAME_in_chromium` and so on, and others, and ends the program. Where the
/// engine is missing its test is ignored, with the line that installs it, or fails if `REQUIRE_BROWSERS` lists it. Where that
/// list is none, the program says so and ends with 2.
pub fn run_in_each_engine(
    arguments: &Arguments,
    name: &str,
    run: impl Fn(&Installed) -> Result<(), Failed> + Send + Sync + 'static,
    others: Vec<Trial>,
) -> ! {
    let mut trials = match in_each_engine(name, run) {
        Ok(trials) => trials,
        Err(message) => {
            eprintln!("{message}");
            process::exit(2);
        }
    };
    trials.extend(others);
    libtest_mimic::run(arguments, trials).exit();
}

fn in_each_engine(
    name: &str,
    run: impl Fn(&Installed) -> Result<(), Failed> + Send + Sync + 'static,
) -> Result<Vec<Trial>, String> {
    let run = Arc::new(run);
    trials_in_each_engine(name, |name, installed| {
        let run = Arc::clone(&run);
        vec![Trial::test(name, move || run(&installed))]
    })
}

/// The trials of each engine that is here. In place of those of an engine that is missing there is one, `NAME_in_chromium` and
/// so on, which is ignored or fails.
///
/// # Errors
///
/// If `REQUIRE_BROWSERS` is not a list of engines.
pub fn trials_in_each_engine(
    name: &str,
    trials: impl Fn(String, Installed) -> Vec<Trial>,
) -> Result<Vec<Trial>, String> {
    let required = required_engines()?;
    let trials_in = |engine: Engine| {
        let name = format!("{name}_in_{engine}");
        match engine.find() {
            Ok(installed) => trials(name, installed),
            Err(missing) if required.contains(&engine) => {
                let message = missing.to_string();
                vec![Trial::test(name, move || Err(Failed::from(message)))]
            }
            Err(missing) => {
                vec![Trial::test(name, || Ok(())).with_kind(missing.to_string()).with_ignored_flag(true)]
            }
        }
    };
    Ok(Engine::ALL.into_iter().flat_map(trials_in).collect())
}
