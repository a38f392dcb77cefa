//! After `cargo build --release -p cors-bench`, `target/release/guard` fails when our instructions, as a ratio to the floor's, are not within
//! 5 % of the committed ones; with `--write` it commits what it measures.

use std::process::ExitCode;

fn main() -> ExitCode {
    cors_bench::guard::main(std::env::args().any(|argument| argument == "--write"))
}
