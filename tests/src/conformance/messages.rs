//! Every distinct message that an engine writes to its console while it plays the vectors, for whoever has to recognize one.

use std::collections::BTreeSet;

use super::Report;

const SCHEME: &str = "http://";

/// One message per line, sorted. URLs and origins are placeholders, all else is as the engine wrote it.
pub(super) fn distinct(report: &Report) -> String {
    let messages: BTreeSet<String> = report
        .played
        .iter()
        .flat_map(|played| &played.console)
        // Our page completes a block of the console with spaces.
        .filter(|message| !message.trim_matches(['"', ' ']).is_empty())
        .map(|message| with_placeholders(message).replace('\n', "\\n"))
        .collect();
    messages.into_iter().flat_map(|message| [message, "\n".to_owned()]).collect()
}

fn with_placeholders(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(at) = rest.find(SCHEME) {
        let start = at + SCHEME.len();
        let is_end = |c: char| c.is_whitespace() || "'\"‘’“”".contains(c);
        let url = rest[start..].split(is_end).next().unwrap_or_default();
        // A full stop or a comma at the end is the sentence's or the list's.
        let url = url.trim_end_matches(['.', ',']);
        text.push_str(&rest[..at]);
        text.push_str(if url.contains(['/', '?', '#']) { "{url}" } else { "{origin}" });
        rest = &rest[start + url.len()..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        for (message, expected) in [
            (
                "Access to fetch at 'http://a.test/b' from origin 'http://c.test' has",
                "Access to fetch at '{url}' from origin '{origin}' has",
            ),
            ("remote resource at http://a.test/. (Reason", "remote resource at {url}. (Reason"),
            ("Origin http://c.test is not allowed", "Origin {origin} is not allowed"),
            ("at ‘http://a.test/’. (Reason", "at ‘{url}’. (Reason"),
            ("'http://a.test, http://b.test'", "'{origin}, {origin}'"),
            ("load http://a.test/,%20/b due to", "load {url} due to"),
            ("Origin null", "Origin null"),
        ] {
            assert_eq!(with_placeholders(message), expected);
        }
    }
}
