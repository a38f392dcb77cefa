//! A test for each engine, whether the engine is here or not.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use crate::{Engine, Installed, required_engines};

/// One test for each engine, `NAME_in_chromium` and so on. Where the engine is missing it is ignored, with the line that
/// installs it, or fails if `REQUIRE_BROWSERS` lists it.
///
/// # Errors
///
/// Those of [`required_engines`].
pub fn in_each_engine(
    name: &str,
    run: impl Fn(&Installed) -> Result<(), Failed> + Send + Sync + 'static,
) -> Result<Vec<Trial>, String> {
    let required = required_engines()?;
    let run = Arc::new(run);
    let trial = |engine: Engine| {
        let name = format!("{name}_in_{engine}");
        match engine.find() {
            Ok(installed) => {
                let run = Arc::clone(&run);
                Trial::test(name, move || run(&installed))
            }
            Err(missing) if required.contains(&engine) => {
                let message = missing.to_string();
                Trial::test(name, move || Err(Failed::from(message)))
            }
            Err(missing) => {
                Trial::test(name, || Ok(())).with_kind(missing.to_string()).with_ignored_flag(true)
            }
        }
    };
    Ok(Engine::ALL.into_iter().map(trial).collect())
}
