//! What is printed, and where to.

use std::{
    collections::BTreeSet,
    io::{IsTerminal as _, Read as _, Write as _, stderr, stdin, stdout},
};

use cors_doctor::{
    paste::har::MAX_HAR,
    probe::Secrets,
    report::{Layout, Paint},
    terminal::{is_obeyed, visible},
};
use serde::Serialize;

use super::error::Fault;

/// The width of the terminal, or of a page.
fn width() -> usize {
    const PAGE: usize = 100;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)).or(columns);
    width.unwrap_or(PAGE).clamp(40, 140)
}

/// How to print to standard output: in colour only on a terminal, and if nobody minds (<https://no-color.org>).
pub(crate) fn layout(server: Option<&str>) -> Layout<'_> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let is_on = stdout().is_terminal() && !set("NO_COLOR") && !is_dumb;
    Layout { width: width(), paint: Paint { is_on }, server }
}

/// Prints to standard output. That nobody reads it, such as `head`, is not an error.
pub(crate) fn print(text: &str) {
    let _ = stdout().write_all(text.as_bytes());
}

/// Prints JSON, on several lines.
pub(crate) fn print_json(value: &impl Serialize) {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    // Outside of strings, JSON has none of them.
    let obeyed: BTreeSet<char> = text.chars().filter(|character| is_obeyed(*character)).collect();
    for character in obeyed {
        text = text.replace(character, &format!("\\u{:04x}", u32::from(character)));
    }
    print(&(text + "\n"));
}

/// Prints an error, which may quote what was given.
pub(crate) fn complain(message: &str) {
    let message = Secrets::default().mask(message);
    let _ = writeln!(stderr(), "error: {}", visible(&message));
}

/// What is pasted on standard input; none if that is a terminal.
pub(crate) fn pasted() -> Result<Option<Vec<u8>>, Fault> {
    if stdin().is_terminal() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    stdin()
        .lock()
        .take(MAX_HAR as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault(format!("standard input can't be read: {error}")))?;
    Ok(Some(bytes))
}

/// A file, up to a bound.
pub(crate) fn read_file(path: &std::path::Path, longest: usize) -> Result<String, Fault> {
    let fault = |error: &dyn std::fmt::Display| Fault(format!("{} can't be read: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| fault(&error))?;
    let mut bytes = Vec::new();
    file.take(longest as u64 + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if bytes.len() > longest {
        return Err(fault(&format_args!("it is longer than {} MB", longest >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| fault(&"it is not UTF-8"))
}
