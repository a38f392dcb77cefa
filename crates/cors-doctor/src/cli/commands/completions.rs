//! `completions`: for a shell.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::{
    arguments::{Arguments, Completions},
    error::Fault,
    output,
};

#[allow(clippy::unnecessary_wraps, reason = "as every command")]
pub(crate) fn run(arguments: &Completions) -> Result<ExitCode, Fault> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "cors-doctor", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
