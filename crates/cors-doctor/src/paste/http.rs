//! Response heads as `curl -i` and `curl -v` print them, several one after another.

use super::{PasteError, excerpt};

/// A response as it was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PastedResponse {
    /// The status code.
    pub status: u16,
    /// The header lines, in order.
    pub headers: Vec<(String, String)>,
    /// What follows the head, up to the next head; empty if nothing was printed.
    pub body: String,
}

impl PastedResponse {
    /// The values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter();
        lines.filter(move |(listed, _)| listed.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads the responses; those that only announce another one (1xx, and a proxy's to `CONNECT`) are left out.
///
/// ```
/// let responses = cors_doctor::paste::http::parse("HTTP/2 204 \r\nvary: Origin\r\n\r\n").unwrap();
/// assert_eq!((responses[0].status, responses[0].headers.len()), (204, 1));
/// ```
///
/// # Errors
///
/// If there is no status line.
pub fn parse(text: &str) -> Result<Vec<PastedResponse>, PasteError> {
    let mut responses: Vec<PastedResponse> = Vec::new();
    let mut is_head = false;
    for line in text.lines() {
        let line = without_marker(line);
        if let Some(status) = status_line(line) {
            let is_interim = |response: &PastedResponse| {
                (100..200).contains(&response.status)
                    || response.headers.is_empty() && response.body.is_empty()
            };
            if responses.last().is_some_and(is_interim) {
                responses.pop();
            }
            responses.push(PastedResponse { status, headers: Vec::new(), body: String::new() });
            is_head = true;
            continue;
        }
        let Some(response) = responses.last_mut() else { continue };
        if !is_head {
            if !response.body.is_empty() {
                response.body.push('\n');
            }
            response.body.push_str(line);
        } else if line.trim().is_empty() {
            is_head = false;
        } else if let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_name(name)) {
            response.headers.push((name.to_owned(), value.trim().to_owned()));
        } else if let Some((_, value)) = response.headers.last_mut().filter(|_| line.starts_with([' ', '\t']))
        {
            // A terminal breaks long lines.
            value.push_str(line.trim());
        } else {
            is_head = false;
            line.clone_into(&mut response.body);
        }
    }
    if responses.is_empty() {
        return Err(PasteError::new(format!(
            "\"{}\" has no status line such as HTTP/1.1 200 OK. Paste what curl -i prints, from its first line",
            excerpt(text)
        )));
    }
    Ok(responses)
}

/// `curl -v` marks the lines of the response.
fn without_marker(line: &str) -> &str {
    line.strip_prefix("< ").unwrap_or(if line == "<" { "" } else { line })
}

pub(super) fn status_line(line: &str) -> Option<u16> {
    let rest = line.trim().strip_prefix("HTTP/")?;
    let (version, rest) = rest.split_once(' ')?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let status = rest.trim_start().get(..3)?;
    let ends = rest.trim_start().as_bytes().get(3).is_none_or(u8::is_ascii_whitespace);
    status.parse().ok().filter(|status| is_version && ends && (100..1000).contains(status))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_responses_are_read() {
        /// The status, how many headers, the body.
        type Read = (u16, usize, &'static str);
        let rows: &[(&str, &[Read])] = &[
            ("HTTP/1.1 200 OK\r\na: 1\r\n\r\nhello\nyou", &[(200, 1, "hello\nyou")]),
            ("HTTP/1.1 100 Continue\n\nHTTP/1.1 201 Created\na: 1\nb: 2", &[(201, 2, "")]),
            ("HTTP/1.1 200 Connection established\n\nHTTP/2 404 \na: 1\n\n", &[(404, 1, "")]),
            ("HTTP/1.1 301 Moved\nlocation: /b\n\nHTTP/1.1 200 OK\na: 1\n", &[(301, 1, ""), (200, 1, "")]),
            ("> GET / HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 200 OK\n< a: 1\n<\nx", &[(200, 1, "x")]),
            ("$ curl -i http://a\nHTTP/1.1 500\n", &[(500, 0, "")]),
            ("HTTP/1.1 200 OK\na: 1,\n  2\n", &[(200, 1, "")]),
            ("HTTP/1.1 200 OK\n<html>", &[(200, 0, "<html>")]),
        ];
        for (text, expected) in rows {
            let responses = parse(text).expect("responses");
            let found: Vec<_> =
                responses.iter().map(|one| (one.status, one.headers.len(), one.body.as_str())).collect();
            assert_eq!(found, *expected, "{text}");
        }
        for text in ["", "hello", "HTTP/1.1 abc", "HTTP/1.1 2000 OK", "HTTP/ 200"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
