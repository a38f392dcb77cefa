//! Trials in each engine, whether the engine is here or not.

use std::{
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{Engine, Installed, required_engines};

/// Runs one test for each engine, `NAME_in_chromium` and so on, and others, and ends the program. Where the
/// engine is missing its test is ignored, with the line that installs it, or fails if `REQUIRE_BROWSERS` lists it. Where that
/// list is not valid, the program says so and ends with 2.
pub fn run_in_each_engine(
    arguments: &Arguments,
    name: &str,
    run: impl Fn(&Installed) -> Result<(), Failed> + Send + Sync + 'static,
    others: Vec<Trial>,
) -> ! {
    let run = Arc::new(run);
    let mut trials: Vec<_> = engines_or_exit()
        .into_iter()
        .map(|engine| {
            let run = Arc::clone(&run);
            engine.trial(format!("{name}_in_{}", engine.engine), move |installed| run(installed))
        })
        .collect();
    trials.extend(others);
    let conclusion = libtest_mimic::run(arguments, trials);
    // What it holds, such as a temporary folder, would otherwise stay behind.
    drop(run);
    conclusion.exit();
}

/// The trials of each engine that is here. In place of those of an engine that is missing there is one, `NAME_in_chromium` and
/// so on, which is ignored or fails. Where `REQUIRE_BROWSERS` is not valid, the program says so and ends with 2.
pub fn trials_in_each_engine(name: &str, trials: impl Fn(Installed) -> Vec<Trial>) -> Vec<Trial> {
    trials_where(|_| true, name, &trials)
}

/// The same for one engine only.
pub fn trials_in_engine(engine: Engine, name: &str, trials: impl Fn(Installed) -> Vec<Trial>) -> Vec<Trial> {
    trials_where(|other| other == engine, name, &trials)
}

fn trials_where(
    is_wanted: impl Fn(Engine) -> bool,
    name: &str,
    trials: &dyn Fn(Installed) -> Vec<Trial>,
) -> Vec<Trial> {
    let trials_in = |engine: Prepared| match &engine.installed {
        Ok(installed) => trials(installed.clone()),
        Err(_) => vec![engine.trial(format!("{name}_in_{}", engine.engine), |_| Ok(()))],
    };
    engines_or_exit().into_iter().filter(|engine| is_wanted(engine.engine)).flat_map(trials_in).collect()
}

/// What the trials of one engine share, one trial at a time: a browser, say, and what was seen in it.
pub trait Shared: Sized + Send + 'static {
    /// Called for the first trial that runs, and for the one after a panic.
    ///
    /// # Errors
    ///
    /// If it can't be made; then the trial fails, and the next one tries again.
    fn start(installed: &Installed) -> Result<Self, Failed>;

    /// Called once all trials are done.
    ///
    /// # Errors
    ///
    /// If something stays behind; then the program fails.
    fn end(self) -> Result<(), Failed>;
}

/// A trial that each engine runs with what its trials share.
pub struct Check<S> {
    name: String,
    /// None for each of them.
    only_in: Option<Engine>,
    run: Arc<Run<S>>,
}

type Run<S> = dyn Fn(&mut S) -> Result<(), Failed> + Send + Sync;

impl<S> Check<S> {
    /// Its name comes after the engine's.
    pub fn new(
        name: impl Into<String>,
        run: impl Fn(&mut S) -> Result<(), Failed> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), only_in: None, run: Arc::new(run) }
    }

    /// The same for one engine: for what no engine has a part in, and for what takes long.
    #[must_use]
    pub fn only_in(self, engine: Engine) -> Self {
        Self { only_in: Some(engine), ..self }
    }
}

impl<S> std::fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Like [`run_in_each_engine`], with a trial for each check in each engine: `chromium::NAME` and so on.
pub fn run_checks_in_each_engine<S: Shared>(arguments: &Arguments, checks: &[Check<S>]) -> ! {
    let engines: Vec<_> =
        engines_or_exit().into_iter().map(|engine| (engine, Arc::new(Mutex::new(None)))).collect();
    // Neighbours are of different engines, so that trials which run at the same time rarely wait for each other.
    let trials = checks.iter().flat_map(|check| {
        let engines =
            engines.iter().filter(|(engine, _)| check.only_in.is_none_or(|only| only == engine.engine));
        engines.map(|(engine, shared)| {
            let (run, shared) = (Arc::clone(&check.run), Arc::clone(shared));
            engine.trial(format!("{}::{}", engine.engine, check.name), move |installed| {
                with_shared(&shared, installed, &*run)
            })
        })
    });
    let conclusion = libtest_mimic::run(arguments, trials.collect());
    let mut is_clean = true;
    for (engine, shared) in engines {
        if let Some(shared) = lock(&shared).take()
            && let Err(failed) = shared.end()
        {
            eprintln!("{}: {}", engine.engine, failed.message().unwrap_or_default());
            is_clean = false;
        }
    }
    conclusion.exit_if_failed();
    process::exit(if is_clean { 0 } else { 101 })
}

fn with_shared<S: Shared>(
    slot: &Mutex<Option<S>>,
    installed: &Installed,
    run: &Run<S>,
) -> Result<(), Failed> {
    let mut slot = lock(slot);
    // Taken out: what a panic leaves behind is dropped, and the next trial starts with another.
    let mut shared = match slot.take() {
        Some(shared) => shared,
        None => S::start(installed)?,
    };
    let outcome = run(&mut shared);
    *slot = Some(shared);
    outcome
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An engine, and what becomes of its trials.
struct Prepared {
    engine: Engine,
    /// If it is missing: what to install, and whether that is a failure.
    installed: Result<Installed, (String, bool)>,
}

impl Prepared {
    fn trial(
        &self,
        name: String,
        run: impl FnOnce(&Installed) -> Result<(), Failed> + Send + 'static,
    ) -> Trial {
        let (found, is_required) = match self.installed.clone() {
            Ok(installed) => (Ok(installed), false),
            Err((missing, is_required)) => (Err(missing), is_required),
        };
        trial_of(name, found, is_required, move |installed| run(&installed))
    }
}

/// A trial of something that may be missing on this machine, with the line that installs it as the error. Where it is missing, the
/// trial is ignored and shows that line, or fails if it `is_required`.
pub fn trial_of<T: Send + 'static>(
    name: impl Into<String>,
    found: Result<T, String>,
    is_required: bool,
    run: impl FnOnce(T) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match found {
        Ok(found) => Trial::test(name, move || run(found)),
        Err(missing) if is_required => Trial::test(name, move || Err(Failed::from(missing))),
        Err(missing) => Trial::test(name, || Ok(())).with_kind(missing).with_ignored_flag(true),
    }
}

/// What a variable such as `REQUIRE_BROWSERS` lists. Where it is not valid, the program says so and ends with 2.
pub(crate) fn or_exit<T>(required: Result<T, String>) -> T {
    required.unwrap_or_else(|message| {
        eprintln!("{message}");
        process::exit(2)
    })
}

fn engines_or_exit() -> Vec<Prepared> {
    let required = or_exit(required_engines());
    let prepare = |engine: Engine| {
        let missing = |missing: crate::Missing| (missing.to_string(), required.contains(&engine));
        Prepared { engine, installed: engine.find().map_err(missing) }
    };
    Engine::ALL.into_iter().map(prepare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trial: Trial) -> (u64, u64, u64) {
        let arguments = Arguments { quiet: true, ..Arguments::default() };
        let conclusion = libtest_mimic::run(&arguments, vec![trial]);
        (conclusion.num_passed, conclusion.num_failed, conclusion.num_ignored)
    }

    #[test]
    fn what_is_missing_is_ignored_unless_it_is_required() {
        let missing = || Err::<(), _>("install it".to_owned());
        for is_required in [false, true] {
            assert_eq!(
                run(trial_of("here", Ok(7), is_required, |found| if found == 7 {
                    Ok(())
                } else {
                    Err("not what was found".into())
                })),
                (1, 0, 0)
            );
            assert_eq!(run(trial_of("fails", Ok(()), is_required, |()| Err("no".into()))), (0, 1, 0));
        }
        assert_eq!(run(trial_of("missing", missing(), true, |()| unreachable!())), (0, 1, 0));
        let ignored = trial_of("missing", missing(), false, |()| unreachable!());
        assert_eq!((ignored.kind(), ignored.has_ignored_flag()), ("install it", true));
        assert_eq!(run(ignored), (0, 0, 1));
    }
}
