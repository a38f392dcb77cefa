//! `cargo run --release -p cors-bench -- report | guard [--write] | adoption [PATH] | soak [MINUTES]`
//!
//! - `report` measures everything and writes `docs/benchmarks.md`.
//! - `guard` fails when our instructions, as a ratio to the floor's, have grown beyond `ratios.txt`; with `--write` it
//!   writes that file.
//! - `adoption` prints what adopting costs; a path names another copy of the workspace.
//! - `soak` sends a mixed load over loopback for 15 minutes, or as many as you say, and prints memory and descriptors.

use std::{env, path::PathBuf, process::ExitCode};

use cors_bench::{adoption, guard, instructions, report, soak};

fn main() -> ExitCode {
    // Cargo runs this program in place of the compiler while adoption is measured.
    if let Some(code) = adoption::compile() {
        return code;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["report"] => report::main(),
        ["guard"] => return guard::main(false),
        ["guard", "--write"] => return guard::main(true),
        ["adoption"] => println!("{}", adoption::section(&report::workspace())),
        ["adoption", path] => println!("{}", adoption::section(&PathBuf::from(path))),
        ["soak"] => return soak::main(15),
        ["soak", minutes] => {
            let Ok(minutes @ 1..) = minutes.parse() else {
                eprintln!("soak {minutes:?}: write whole minutes, 1 or more");
                return ExitCode::FAILURE;
            };
            return soak::main(minutes);
        }
        [soak::SERVER, kind] => {
            if let Err(error) = soak::serve(kind) {
                eprintln!("{kind}: {error}");
                return ExitCode::FAILURE;
            }
        }
        [instructions::COUNTED, who, ref case @ ..] => instructions::run(who, case),
        _ => {
            eprintln!(
                "write `report`, `guard`, `guard --write`, `adoption`, `adoption PATH`, `soak` or `soak MINUTES`"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
