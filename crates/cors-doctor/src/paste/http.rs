//! Response heads as `curl -i` and `curl -v` print them, several one after another.

use super::{PasteError, PastedRequest, curl, excerpt};

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

/// The request that the first response is to, if the command was pasted, too, or `curl -v` printed what it sent.
///
/// ```
/// let text = "$ curl -i https://api.example/ -H 'Origin: https://app.example'\nHTTP/2 200 \nvary: Origin\n\n";
/// let request = cors_doctor::paste::http::request(text).unwrap();
/// assert_eq!(request.page.unwrap().to_string(), "https://app.example");
/// ```
pub fn request(text: &str) -> Option<PastedRequest> {
    let before: Vec<&str> =
        text.lines().take_while(|line| status_line(without_marker(line)).is_none()).collect();
    let bare =
        |line: &str| line.trim_start_matches(|c: char| "$>#%".contains(c) || c.is_whitespace()).to_owned();
    let command = before.iter().position(|line| bare(line).starts_with("curl"));
    let command = command.and_then(|start| {
        // What curl -v prints about itself is not the command's.
        let lines = before[start..]
            .iter()
            .take_while(|line| !line.starts_with(['*', '>']) || bare(line).starts_with("curl"));
        curl::parse(&bare(&lines.copied().collect::<Vec<_>>().join("\n"))).ok()
    });
    command.or_else(|| printed_request(&before))
}

/// What `curl -v` printed of its request.
fn printed_request(lines: &[&str]) -> Option<PastedRequest> {
    let is_tls = lines.iter().any(|line| line.starts_with("* SSL connection") || line.contains("port 443"));
    let mut lines = lines.iter().filter_map(|line| line.strip_prefix("> "));
    let (method, target) = lines.find_map(|line| {
        let mut words = line.split_whitespace();
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        version.starts_with("HTTP/").then_some((method, target))
    })?;
    let headers = lines.filter_map(|line| line.split_once(':')).filter(|(name, _)| is_name(name));
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    let host =
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.as_str());
    let scheme = if is_tls { "https" } else { "http" };
    let mut request = PastedRequest::new(method, format!("{scheme}://{}{target}", host?));
    request.headers = headers;
    request.settle();
    Some(request)
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

    #[test]
    fn the_request_is_read_with_its_response() {
        /// The method, the URL, the page's origin, and whether the response is a preflight's.
        type Read = Option<(&'static str, &'static str, &'static str, bool)>;
        let preflight = "-X OPTIONS -H 'Origin: http://b' -H 'Access-Control-Request-Method: PUT'";
        let rows: &[(String, Read)] = &[
            ("HTTP/1.1 200 OK\na: 1\n".to_owned(), None),
            ("$ curl -i http://a/\nHTTP/1.1 200 OK\n".to_owned(), Some(("GET", "http://a/", "", false))),
            (
                format!("$ curl -i http://a/x {preflight}\nHTTP/1.1 204 No Content\n"),
                Some(("PUT", "http://a/x", "http://b", true)),
            ),
            (
                format!("curl -v \\\n  http://a/x \\\n  {preflight}\n* Connected to a\n> OPTIONS /x HTTP/1.1\n< HTTP/1.1 204\n"),
                Some(("PUT", "http://a/x", "http://b", true)),
            ),
            (
                "* Connected to a (1.2.3.4) port 443\n> POST /x?y=1 HTTP/2\n> Host: a\n> Origin: https://b\n>\n< HTTP/2 200 \n".to_owned(),
                Some(("POST", "https://a/x?y=1", "https://b", false)),
            ),
            ("> OPTIONS /x HTTP/1.1\n> Host: a:80\n>\n< HTTP/1.1 200 OK\n".to_owned(), Some(("OPTIONS", "http://a:80/x", "", true))),
            ("> GET / HTTP/1.1\n>\n< HTTP/1.1 200 OK\n".to_owned(), None),
            ("$ curl --no-such-option\nHTTP/1.1 200 OK\n".to_owned(), None),
            ("HTTP/1.1 200 OK\na: 1\n\n$ curl http://a/".to_owned(), None),
            ("HTTP/1.1 200 OK\n\n> GET / HTTP/1.1\n> Host: a\n".to_owned(), None),
        ];
        for (text, expected) in rows {
            let read = request(text);
            let read = read.as_ref().map(|read| {
                let page = read.page.as_ref().map(ToString::to_string).unwrap_or_default();
                (read.method.clone(), read.url.clone(), page, read.is_preflight)
            });
            let expected = expected.map(|(method, url, page, is_preflight)| {
                (method.to_owned(), url.to_owned(), page.to_owned(), is_preflight)
            });
            assert_eq!(read, expected, "{text}");
        }
    }
}
