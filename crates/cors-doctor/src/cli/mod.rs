//! The command line: reads arguments and standard input, sends, prints. What it prints is made by the library.

mod arguments;
mod commands;
mod error;
mod net;
mod output;
mod spinner;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use error::Fault;

/// Runs the command; its exit status is documented in `docs/doctor.md`.
pub(crate) fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Some(Command::Check(arguments)) => commands::check::run(&arguments),
        Some(Command::Audit(arguments)) => commands::audit::run(&arguments),
        Some(Command::Explain(arguments)) => commands::explain::run(&arguments),
        Some(Command::Policy(arguments)) => commands::policy::run(&arguments),
        Some(Command::Diff(arguments)) => commands::diff::run(&arguments),
        Some(Command::Completions(arguments)) => commands::completions::run(&arguments),
        None => commands::pasted::run(),
    };
    result.unwrap_or_else(|Fault(message)| {
        output::complain(&message);
        ExitCode::from(Fault::STATUS)
    })
}
