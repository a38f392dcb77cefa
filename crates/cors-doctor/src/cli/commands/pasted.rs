//! Without a command: what is pasted on standard input is told apart, and either checked or explained.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use cors_doctor::paste::{Paste, recognize};

use super::{check, explain};
use crate::cli::{
    arguments::{Arguments, Command},
    error::Fault,
    output,
};

pub(crate) fn run() -> Result<ExitCode, Fault> {
    let Some(bytes) = output::pasted()? else {
        output::print(&Arguments::command().render_help().to_string());
        return Ok(ExitCode::from(Fault::STATUS));
    };
    match recognize(&bytes).map_err(Fault::new)? {
        Paste::Messages(messages) => Ok(explain::messages(&messages, false)),
        Paste::Responses(responses) => Ok(explain::responses(&responses, false)),
        paste => match Arguments::parse_from(["cors-doctor", "check"]).command {
            Some(Command::Check(arguments)) => check::paste(&arguments, paste),
            _ => Ok(ExitCode::from(Fault::STATUS)),
        },
    }
}
