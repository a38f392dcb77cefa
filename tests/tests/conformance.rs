//! The conformance vectors of the browser's end in the real engines, a trial for each: `firefox::preflight::NAME`.
//! `docs/conformance.md` has the results as a table.
//!
//! One run of an engine plays all vectors that were chosen, when the first of its trials starts; so the first takes the time of
//! all. An engine that is not installed is reported as ignored, with the line that installs it. `REQUIRE_BROWSERS`, a list such
//! as `chromium,firefox,webkit`, turns that into a failure.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use end_to_end::{
    Installed,
    conformance::{Status, Suite},
    trials_in_each_engine,
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // Some vectors need a port that can't be chosen.
    arguments.test_threads = Some(1);
    let mut trials = trials_in_each_engine("vectors", |installed| trials(&arguments, &installed));
    trials.push(Trial::test("the_published_results_list_the_vectors", published));
    libtest_mimic::run(&arguments, trials).exit();
}

/// What one run of an engine led to: each vector that disagrees, by its trial's name, and how; or why there was no run.
type Results = Result<HashMap<String, String>, String>;

fn trials(arguments: &Arguments, installed: &Installed) -> Vec<Trial> {
    let engine = installed.engine();
    let name = move |file: &str, vector: &str| format!("{engine}::{file}::{vector}");
    let suite = Suite::read();
    let listed: Vec<_> =
        suite.list(engine).map(|(file, vector, obstacle)| (name(file, vector), obstacle)).collect();
    let chosen: HashMap<String, bool> = listed
        .iter()
        .map(|(name, obstacle)| {
            let is_chosen = !arguments.is_filtered_out(&Trial::test(name, || Ok(())));
            (name.clone(), is_chosen && obstacle.is_none())
        })
        .collect();
    let suite = suite.only(|file, vector| chosen[&name(file, vector)]);
    let run = Arc::new((installed.clone(), suite, OnceLock::<Results>::new()));
    let trials = listed.into_iter().map(|(trial, obstacle)| {
        if let Some(reason) = obstacle {
            return Trial::test(trial, || Ok(())).with_kind(reason).with_ignored_flag(true);
        }
        let (run, name) = (Arc::clone(&run), trial.clone());
        Trial::test(trial, move || {
            let (installed, suite, results) = &*run;
            match results.get_or_init(|| play(installed, suite)) {
                Err(error) => Err(Failed::from(error)),
                Ok(disagreements) => disagreements.get(&name).map_or(Ok(()), |how| Err(Failed::from(how))),
            }
        })
    });
    trials.collect()
}

fn play(installed: &Installed, suite: &Suite) -> Results {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let report = runtime.block_on(suite.play(installed)).map_err(|error| error.to_string())?;
    let disagreements = report.played.into_iter().filter_map(|played| match played.status {
        Status::Disagrees { how } => {
            Some((format!("{}::{}::{}", report.engine, played.file, played.vector), how))
        }
        _ => None,
    });
    Ok(disagreements.collect())
}

/// What an engine did may change with its version; that the page lists the vectors of today may not.
fn published() -> Result<(), Failed> {
    let path = Suite::document_path();
    let page = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Suite::read().check_document(&page).map_err(|difference| {
        format!("docs/conformance.md is stale: {difference}. Run `cargo run -p end-to-end --bin conformance`")
            .into()
    })
}
