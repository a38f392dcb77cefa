//! Merging `Vary` with what a response varies by already.

use std::cell::RefCell;

use actix_web::{
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    web::Bytes,
};

/// Adds names to what a response varies by already: all of it on one line, without repetitions, because some caches read
/// only the first line.
pub(crate) fn merge(response: &mut HeaderMap, names: &HeaderValue, last: &LastMerge) {
    let mut lines = response.get_all(&VARY).map(HeaderValue::as_bytes);
    if let (Some(line), None) = (lines.next(), lines.next()) {
        let merged = last.merge(line, names);
        if let (Some(merged), Some(line)) = (merged, response.get_mut(&VARY)) {
            *line = merged;
        }
        return;
    }
    let lines: Vec<&[u8]> = response.get_all(&VARY).map(HeaderValue::as_bytes).collect();
    if let Some(merged) = merged(&lines, names) {
        response.insert(header::VARY, merged);
    }
}

// A static, because a constant `HeaderName` would be rebuilt and dropped at each use.
static VARY: HeaderName = header::VARY;

/// The line that was merged last, and the result. An application's handlers mostly set the same `Vary`; remembering it
/// saves the three allocations of putting the line together.
#[derive(Debug, Default)]
pub(crate) struct LastMerge {
    last: RefCell<Option<Last>>,
}

/// The new value; none if the line can stay as it is.
type Merged = Option<HeaderValue>;

#[derive(Debug)]
struct Last {
    line: Box<[u8]>,
    /// What was added to it: preflights vary by more than other requests.
    names: HeaderValue,
    merged: Merged,
}

impl LastMerge {
    fn merge(&self, line: &[u8], names: &HeaderValue) -> Merged {
        match &*self.last.borrow() {
            Some(last) if *last.line == *line && last.names == *names => return last.merged.clone(),
            _ => {}
        }
        let merged = merged(&[line], names);
        *self.last.borrow_mut() =
            Some(Last { line: line.into(), names: names.clone(), merged: merged.clone() });
        merged
    }
}

/// All that a response varies by, as one line. None if its lines say it all already, and stay as the application wrote them.
fn merged(lines: &[&[u8]], names: &HeaderValue) -> Merged {
    let has = |name: &[u8]| {
        let mut names =
            lines.iter().flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        names.any(|listed| listed == b"*" || listed.eq_ignore_ascii_case(name))
    };
    let names = names.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let missing: Vec<&[u8]> = names.filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return None;
    }
    let there = lines.iter().copied().filter(|line| !line.is_empty());
    let merged = there.chain(missing).collect::<Vec<_>>().join(&b", "[..]);
    HeaderValue::from_maybe_shared(Bytes::from(merged)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One after another, with one memory of what came last.
    #[test]
    fn merging_vary() {
        let last = LastMerge::default();
        #[rustfmt::skip]
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("another name", &["accept"], &["accept, origin"]),
            ("the same again", &["accept"], &["accept, origin"]),
            ("one that begins alike", &["accept-language"], &["accept-language, origin"]),
            ("the first once more", &["accept"], &["accept, origin"]),
            ("what is merged already", &["accept, origin"], &["accept, origin"]),
            ("in other letters", &["Accept,ORIGIN"], &["Accept,ORIGIN"]),
            ("everything", &["*"], &["*"]),
            ("an empty line", &[""], &["origin"]),
            ("several lines", &["accept", "cookie"], &["accept, cookie, origin"]),
            ("several that say it", &["accept", "origin"], &["accept", "origin"]),
            ("one line after several", &["accept"], &["accept, origin"]),
        ];
        for (name, lines, expected) in rows {
            let mut response = HeaderMap::new();
            for line in *lines {
                response.append(header::VARY, HeaderValue::from_static(line));
            }
            merge(&mut response, &HeaderValue::from_static("origin"), &last);
            let merged: Vec<&HeaderValue> = response.get_all(header::VARY).collect();
            assert_eq!(merged, *expected, "{name}");
        }
    }

    /// A preflight that the application responds to has the same `Vary` of its own as other responses, and gets more names.
    #[test]
    fn other_names_are_merged_into_the_same_line() {
        let last = LastMerge::default();
        for (names, expected) in [
            ("origin", "accept, origin"),
            ("origin, access-control-request-method", "accept, origin, access-control-request-method"),
            ("origin", "accept, origin"),
        ] {
            let mut response = HeaderMap::new();
            response.append(header::VARY, HeaderValue::from_static("accept"));
            merge(&mut response, &HeaderValue::from_static(names), &last);
            assert_eq!(response.get(header::VARY).unwrap(), expected);
        }
    }
}
