//! `cargo run --release -p cors-bench -- report | guard [--write] | adoption [PATH]`
//!
//! - `report` measures everything and writes `docs/benchmarks.md`.
//! - `guard` fails when our instructions, as a ratio to the floor's, have grown beyond `ratios.txt`; with `--write` it
//!   writes that file.
//! - `adoption` prints what adopting costs; a path names another copy of the workspace.

use std::{env, path::PathBuf, process::ExitCode};

use cors_bench::{adoption, guard, instructions, report};

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
        [instructions::COUNTED, who, ref case @ ..] => instructions::run(who, case),
        _ => {
            eprintln!("write `report`, `guard`, `guard --write`, `adoption` or `adoption PATH`");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
