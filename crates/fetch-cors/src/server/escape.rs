//! What clients sent, made fit for a log.

/// The most that [`escape`] shows of a value, in bytes.
pub(super) const MAX_SHOWN: usize = 200;

/// A client's bytes for a log: visible ASCII, quotes and backslashes escaped, cut to 200 bytes. A log line can be neither
/// forged nor flooded with them.
///
/// ```
/// assert_eq!(fetch_cors::server::escape(b"https://a.example\n\xff"), r"https://a.example\n\xff");
/// ```
pub fn escape(value: &[u8]) -> String {
    let mut text = String::new();
    for &byte in value {
        let escaped = byte.escape_ascii();
        if text.len() + escaped.len() > MAX_SHOWN {
            text.push_str("...");
            break;
        }
        text.extend(escaped.map(char::from));
    }
    text
}
