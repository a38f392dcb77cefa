//! Writes `docs/benchmarks.md` and its plot, every figure of them measured in this run.

use std::{env, fs, path::PathBuf, process::Command, thread};

use crate::{instructions, plot, scale::Scale, throughput, times};

const LOCK: &str = include_str!("../../../Cargo.lock");

/// Measures everything, and writes both files; with `quick` without the largest policies, and in fewer rounds where that can
/// be said.
///
/// # Panics
///
/// When a contender answers wrongly, valgrind or `wrk` is not installed, or the files can't be written.
pub fn main(quick: bool) {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::create_dir_all(&docs).expect("docs can be made");
    let mut text = head(quick);
    // Times first: what callgrind does later heats the machine.
    let throughput = if quick { throughput::section_of(6, 2) } else { throughput::section() };
    let times = times::section();
    let scale = Scale::measure(quick);
    for (program, section) in [
        ("instructions", instructions::section()),
        ("times", times),
        ("scale", with_plot(&scale.section())),
        // Its allocator counts, which would slow all others.
        ("large-policies", output_of("large-policies")),
        ("throughput", throughput),
    ] {
        text.push('\n');
        text.push_str(&with_command(section.trim_end(), program));
    }
    fs::write(docs.join("benchmarks.md"), text).expect("the report can be written");
    fs::write(docs.join("benchmarks.svg"), plot::svg(&scale.lines)).expect("the plot can be written");
}

/// A section with the command that prints it under its heading.
fn with_command(section: &str, program: &str) -> String {
    let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
    format!("{heading}\n\n`cargo run --release -p cors-bench --bin {program}`\n{rest}\n")
}

fn with_plot(section: &str) -> String {
    let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
    format!(
        "{heading}\n\n![Instructions per request against number of allowed origins, both logarithmic](benchmarks.svg)\n{rest}"
    )
}

fn head(quick: bool) -> String {
    let versions = ["actix-web-cors", "actix-web", "actix-cors", "tower-http"]
        .map(|name| format!("{name} {}", version_in(LOCK, name).unwrap_or("unknown")))
        .join(", ");
    let rustc = Command::new("rustc").arg("--version").output().ok();
    let rustc = rustc.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    format!(
        "# Benchmarks\n\n\
         Written by `cargo build --release -p cors-bench && cargo run --release -p cors-bench --bin report`, which measures \
         all of it in one run, in half an hour or less; no figure is copied by hand. It needs `valgrind` and `wrk`. Every contender's \
         answer to every case is checked first, header by header. Instructions hardly depend on the machine; of times, look \
         at ratios. Built with link-time optimization over all crates, in one codegen unit.{}\n\n\
         - machine: {}\n\
         - versions: {}, {versions}\n",
        if quick { " **Measured quickly:** without the largest policies, and in few rounds." } else { "" },
        machine(),
        rustc.trim(),
    )
}

/// What a file says of a name, as those below `/proc` do, each on a line of its own.
pub(crate) fn value_in(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([':', ' ', '\t']).trim().to_owned())
}

fn machine() -> String {
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kilobytes = value_in("/proc/meminfo", "MemTotal")
        .and_then(|memory| memory.strip_suffix(" kB").and_then(|number| number.parse::<u32>().ok()));
    format!(
        "{}, {cores} cores, {:.0} GiB of memory",
        value_in("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned()),
        f64::from(kilobytes.unwrap_or_default()) / f64::from(1 << 20),
    )
}

/// The version of a package that a `Cargo.lock` holds, the first if there are several.
fn version_in<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines =
        lock.lines().skip_while(|line| line.strip_prefix("name = ") != Some(&format!("\"{name}\"")));
    lines.nth(1)?.strip_prefix("version = ").map(|version| version.trim_matches('"'))
}

fn output_of(program: &str) -> String {
    let path = env::current_exe().expect("a running program has a path").with_file_name(program);
    let output = Command::new(&path).output().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Markdown is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock() {
        let lock = "[[package]]\nname = \"a-b\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a\"\nversion = \"0.7.0\"\n";
        assert_eq!(version_in(lock, "a"), Some("0.7.0"));
        assert_eq!(version_in(lock, "b"), None);
        assert_eq!(version_in(LOCK, "actix-web-cors"), Some(env!("CARGO_PKG_VERSION")));
    }
}
