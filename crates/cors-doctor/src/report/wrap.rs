//! Text in lines of a terminal's width.

use crate::terminal::visible;

/// Breaks a text at spaces. The first line begins with `first`, the others with `rest`, which has no visible characters but
/// spaces. What a terminal would obey is left out.
pub fn wrap(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace().map(visible).filter(|word| !word.is_empty()) {
        let length = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && length > width {
            lines.push_str(line.trim_end());
            lines.push('\n');
            rest.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines + line.trim_end() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        assert_eq!(wrap("one two three", "- ", "  ", 9), "- one two\n  three\n");
        assert_eq!(wrap("unbreakable", "", "", 4), "unbreakable\n");
        assert_eq!(wrap("a \x1b[31mb\u{202e}", "", "", 80), "a [31mb\n");
        assert_eq!(wrap("", "  ", "  ", 80), "\n");
    }
}
