//! What servers, pages and pastes say is printed, and a terminal obeys more than escape sequences that begin with ESC.

/// Whether a terminal, or whatever lays text out in lines, obeys this character instead of showing it: control characters, of
/// which C1 begins escape sequences, too; marks that turn the direction of what follows; line separators. Not a line feed.
///
/// ```
/// use cors_doctor::terminal::is_obeyed;
///
/// assert!(['\x1b', '\u{9b}', '\r', '\u{202e}', '\u{2028}'].into_iter().all(is_obeyed));
/// assert!(!['a', 'ü', '\n'].into_iter().any(is_obeyed));
/// ```
pub fn is_obeyed(character: char) -> bool {
    character.is_control() && character != '\n'
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The same in a text that is one line, as the argument of a command or a literal: there a line feed is obeyed, too.
///
/// ```
/// use cors_doctor::terminal::is_obeyed_in_a_line;
///
/// assert!(is_obeyed_in_a_line('\n') && is_obeyed_in_a_line('\r') && !is_obeyed_in_a_line('a'));
/// ```
pub fn is_obeyed_in_a_line(character: char) -> bool {
    is_obeyed(character) || character == '\n'
}

/// The text without what a terminal would obey.
///
/// ```
/// use cors_doctor::terminal::visible;
///
/// assert_eq!(visible("vary: \x1b[2Ja\u{202e}b"), "vary: [2Jab");
/// ```
pub fn visible(text: &str) -> String {
    text.chars().filter(|character| !is_obeyed(*character)).collect()
}
