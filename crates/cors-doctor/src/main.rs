//! `cors-doctor`: why a browser blocks a request, really.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
