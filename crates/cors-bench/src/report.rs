//! Writes `docs/benchmarks.md`, every figure of it measured in this run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{
    adoption, instructions,
    lock::{LOCK, version_in},
    scale, times,
};

/// Where this workspace is.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Measures everything, and writes the file.
///
/// # Panics
///
/// When a contender responds wrongly, valgrind is not installed, or the file can't be written.
pub fn main() {
    // Times first: what callgrind and the compiler do later heats the machine.
    let times = times::section();
    let scale = scale::section();
    let instructions = instructions::section();
    let adoption = adoption::section(&workspace());
    let text = [head(), adoption, instructions, times, scale].join("\n");
    fs::write(workspace().join("docs/benchmarks.md"), text).expect("the report can be written");
}

fn head() -> String {
    let versions = ["actix-web-cors", "actix-web", "actix-cors", "tower-http"]
        .map(|name| format!("{name} {}", version_in(LOCK, name).unwrap_or("unknown")))
        .join(", ");
    let rustc = Command::new("rustc").arg("--version").output().ok();
    let rustc = rustc.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    format!(
        "# Benchmarks\n\n\
         Written by `cargo run --release -p cors-bench -- report`, which measures all of it in one run; no figure is copied \
         by hand. It needs `valgrind`. Every contender's response to every case is checked first, header by header. \
         Instructions hardly depend on the machine; of times, look at ratios. Built with link-time optimization over all \
         crates, in one codegen unit, except for what adopting costs.\n\n\
         - machine: {}\n\
         - versions: {}, {versions}\n",
        machine(),
        rustc.trim(),
    )
}

fn machine() -> String {
    let value_in = |file, name| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start_matches([':', ' ', '\t']).to_owned())
    };
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = value_in("/proc/cpuinfo", "model name");
    format!("{}, {cores} cores", processor.unwrap_or_else(|| "unknown processor".to_owned()))
}
