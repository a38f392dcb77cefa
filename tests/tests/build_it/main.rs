//! `docs/build-it.md`, followed from nothing: its commands, its files and its changes make a project, which is built at the end
//! of each section; its test runs; and what the document says of page, console, terminal and wire is compared with
//! what a real browser shows.
//!
//! ```text
//! cargo test -p end-to-end --test build_it                # all
//! cargo test -p end-to-end --test build_it document::     # without a browser
//! cargo test -p end-to-end --test build_it in_firefox     # in one browser
//! ```
//!
//! The project is built with the workspace's `Cargo.lock`, in its `target` folder: whatever is compiled already is used.

mod document;
mod ports;
mod project;
mod walk;
mod wire;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use end_to_end::run_in_each_engine;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Builder;

use document::Section;
use project::Stages;

/// Built by whichever trial is the first to need them.
#[derive(Default)]
struct Built(OnceLock<Result<Stages, String>>);

impl Built {
    fn get(&self) -> Result<&Stages, Failed> {
        self.0.get_or_init(build).as_ref().map_err(Failed::from)
    }
}

fn build() -> Result<Stages, String> {
    let sections = document()?;
    document::read(&sections)?;
    Stages::build(sections)
}

fn document() -> Result<Vec<Section>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/build-it.md");
    let markdown = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    document::parse(&markdown)
}

fn main() {
    let built = Arc::new(Built::default());
    let here = Arc::clone(&built);
    let others = vec![
        Trial::test("document::is_read_as_a_reader_reads", || Ok(document::is_read_as_a_reader_reads()?)),
        Trial::test("document::ports_are_replaced", || Ok(ports::are_replaced_where_they_stand_alone()?)),
        Trial::test("document::its_parts_make_the_whole_files", || Ok(document::read(&document()?)?)),
        Trial::test("document::each_stage_compiles_and_its_test_passes", move || {
            here.get()?;
            Ok(())
        }),
    ];
    // One browser at a time, because the ports are part of the programs.
    let turn = Mutex::new(());
    let follow = move |installed: &end_to_end::Installed| {
        let stages = built.get()?;
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        Builder::new_current_thread().enable_all().build()?.block_on(walk::follow(installed, stages))
    };
    run_in_each_engine(&Arguments::from_args(), "follow_along", follow, others)
}
