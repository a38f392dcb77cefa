//! Values in messages: escaped, so that each stays on one line, and cut, so that none floods a log.

use crate::masked::{masked, masked_bytes};

/// The most that a message shows of a value, in bytes.
pub(crate) const MAX_SHOWN: usize = 200;

/// A client's bytes for a log: visible ASCII, quotes and backslashes escaped, cut to 200 bytes. A client can neither forge
/// nor flood a log line with them. Passwords in URLs, and what `Authorization` and cookies hold, are masked.
///
/// ```
/// use fetch_cors::server::escape;
///
/// assert_eq!(escape(b"https://a.example\n\xff"), r"https://a.example\n\xff");
/// assert_eq!(escape(b"no connection to postgres://app:secret@db/app"), "no connection to postgres://***@db/app");
/// ```
pub fn escape(value: &[u8]) -> String {
    cut(masked_bytes(value).iter(), |text, byte| text.extend(byte.escape_ascii().map(char::from)))
}

/// The same for what a person wrote in a policy: letters and digits of every script stay readable, so that people find
/// `bücher` in their file.
pub(crate) fn escape_text(value: &str) -> String {
    cut(masked(value).chars(), |text, character| match character {
        '"' | '\\' => text.extend(['\\', character]),
        _ if character.is_control() => text.extend(character.escape_debug()),
        // Zero-width spaces, marks that reverse the text's direction, and the like.
        _ if !character.is_ascii() && !character.is_alphanumeric() => text.extend(character.escape_unicode()),
        _ => text.push(character),
    })
}

/// Appends one element after another, and stops before the text is longer than [`MAX_SHOWN`].
fn cut<T>(elements: impl Iterator<Item = T>, append: impl Fn(&mut String, T)) -> String {
    let mut text = String::new();
    for element in elements {
        let length = text.len();
        append(&mut text, element);
        if text.len() > MAX_SHOWN {
            text.truncate(length);
            text.push_str("...");
            break;
        }
    }
    text
}
