//! The conformance vectors of the browser's end in the real engines. `docs/conformance.md` has the results as a table.
//!
//! An engine that is not installed is reported as ignored, with the line that installs it. `REQUIRE_BROWSERS`, a list such
//! as `chromium,firefox,webkit`, turns that into a failure.

use end_to_end::{
    Installed,
    conformance::{Status, Suite},
    run_in_each_engine,
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // Some vectors need a port that can't be chosen.
    arguments.test_threads = Some(1);
    let others = vec![Trial::test("the_published_results_list_the_vectors", published)];
    run_in_each_engine(&arguments, "vectors", run, others);
}

fn run(engine: &Installed) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(Suite::read().play(engine)).map_err(|error| error.to_string())?;
    let disagreements: Vec<_> = report
        .played
        .iter()
        .filter_map(|played| match &played.status {
            Status::Disagrees { how } => Some(format!("{}: {}\n{how}", played.file, played.vector)),
            _ => None,
        })
        .collect();
    if disagreements.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} of {} vectors disagree in {}:\n{}",
        disagreements.len(),
        report.played.len(),
        report.version,
        disagreements.join("\n\n")
    )
    .into())
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
