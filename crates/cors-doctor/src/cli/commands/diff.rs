//! `diff`: what a new policy lets in that an old one does not.

use std::{fs, io::ErrorKind, process::ExitCode};

use cors_doctor::report::wrap;
use fetch_cors::Policy;
use serde_json::json;

use super::policy::read;
use crate::cli::{arguments::Diff, error::Fault, output};

/// What comes of the comparison.
enum Compared {
    /// What the new policy lets in, in sentences; empty if it lets in nothing new.
    Widens(Vec<String>),
    /// Which of the files can't be compared, and why.
    Unknown(String),
}

pub(crate) fn run(arguments: &Diff) -> Result<ExitCode, Fault> {
    let compared = compare(arguments)?;
    let is_same = matches!(&compared, Compared::Widens(sentences) if sentences.is_empty());
    if arguments.json {
        output::print_json(&match &compared {
            Compared::Widens(sentences) => {
                json!({ "version": 1, "widens": !sentences.is_empty(), "lets_in": sentences })
            }
            Compared::Unknown(why) => json!({ "version": 1, "widens": null, "error": why }),
        });
    } else {
        output::print(&text(&compared));
    }
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn compare(arguments: &Diff) -> Result<Compared, Fault> {
    let table = arguments.table.as_deref();
    // A policy that is new in a pull request is compared with none.
    let is_new = match fs::metadata(&arguments.old) {
        Ok(metadata) => metadata.is_file() && metadata.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    let old = if is_new { Ok(Policy::deny_all()) } else { read(&arguments.old, table)? };
    let new = read(&arguments.new, table)?;
    Ok(match (old, new) {
        (Ok(old), Ok(new)) => Compared::Widens(old.widening(&new).iter().map(ToString::to_string).collect()),
        (Err(why), _) => Compared::Unknown(format!("{} is not valid: {why}", arguments.old.display())),
        (_, Err(why)) => Compared::Unknown(format!("{} is not valid: {why}", arguments.new.display())),
    })
}

fn text(compared: &Compared) -> String {
    let layout = output::layout(None);
    let (paint, width) = (layout.paint, layout.width);
    match compared {
        Compared::Widens(sentences) if sentences.is_empty() => {
            format!("  {} the new policy lets in nothing new.\n", paint.good("The same or narrower:"))
        }
        Compared::Widens(sentences) => {
            let mut text = format!("  {} the new policy lets in more.\n\n", paint.bad("Wider:"));
            for sentence in sentences {
                text.push_str(&wrap(sentence, "  - ", "    ", width));
            }
            text
        }
        Compared::Unknown(why) => {
            let mut text = format!("  {} what is new can't be told.\n\n", paint.open("Unknown:"));
            for line in why.lines() {
                text.push_str(&wrap(line, "  ", "     ", width));
            }
            text
        }
    }
}
