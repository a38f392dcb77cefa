//! `policy`: validates a file, and says what it allows.

use std::{fmt::Write as _, path::Path, process::ExitCode};

use cors_doctor::report::wrap;
use fetch_cors::Policy;
use serde_json::json;

use crate::cli::{arguments::PolicyFile, error::Fault, output};

/// The longest policy file that is read.
pub(super) const LONGEST: usize = 16 << 20;

/// The policy in a file, or why it is not valid.
pub(super) fn read(path: &Path, table: Option<&str>) -> Result<Result<Policy, String>, Fault> {
    let text = output::read_file(path, LONGEST)?;
    let policy = match table {
        Some(table) => Policy::from_toml_at(&text, table),
        None => Policy::from_toml(&text),
    };
    Ok(policy.map_err(|error| error.to_string()))
}

pub(crate) fn run(arguments: &PolicyFile) -> Result<ExitCode, Fault> {
    let policy = read(&arguments.file, arguments.table.as_deref())?;
    if arguments.json {
        output::print_json(&match &policy {
            Ok(policy) => {
                let summary = policy.summary();
                json!({ "version": 1, "valid": true, "sentences": summary.sentences(), "risks": summary.risks() })
            }
            Err(why) => json!({ "version": 1, "valid": false, "error": why }),
        });
    } else {
        output::print(&text(arguments, &policy));
    }
    Ok(if policy.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(arguments: &PolicyFile, policy: &Result<Policy, String>) -> String {
    let layout = output::layout(None);
    let (paint, width) = (layout.paint, layout.width);
    let name = arguments.file.display();
    match policy {
        Err(why) => {
            let mut text = format!("  {} {name}\n\n", paint.bad("Not valid:"));
            for line in why.lines() {
                text.push_str(&wrap(line, "  ", "     ", width));
            }
            text
        }
        Ok(policy) => {
            let summary = policy.summary();
            let mut text = format!("  {} {name}\n\n", paint.good("Valid:"));
            for sentence in summary.sentences() {
                text.push_str(&wrap(sentence, "  - ", "    ", width));
            }
            if !summary.risks().is_empty() {
                let _ = write!(text, "\n  {}\n", paint.bold("Risks"));
                for risk in summary.risks() {
                    text.push_str(&wrap(risk, "  - ", "    ", width));
                }
            }
            text
        }
    }
}
