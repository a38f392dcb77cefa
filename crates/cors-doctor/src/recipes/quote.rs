//! Values as string literals. Whatever a value holds, it stays inside of its quotation marks.

use crate::terminal::is_obeyed_in_a_line;

/// In double quotation marks, as in Rust, Java, C# and Caddyfiles.
pub(super) fn double(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in visible(text) {
        if character == '"' || character == '\\' {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted + "\""
}

/// In single quotation marks, as in JavaScript.
pub(super) fn single(text: &str) -> String {
    let mut quoted = String::from("'");
    for character in visible(text) {
        if character == '\'' || character == '\\' {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted + "'"
}

/// Separated by commas.
pub(super) fn list(values: &[String], quote: fn(&str) -> String) -> String {
    values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(", ")
}

fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|character| !is_obeyed_in_a_line(*character))
}
