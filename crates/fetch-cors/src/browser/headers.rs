//! A header list as in the standard: names in any case, several lines of a name, unchecked values. This module gives no
//! header a meaning.

use std::{collections::BTreeMap, fmt};

use super::{names::Names, work};
use crate::masked::Lines;

/// A [header list](https://fetch.spec.whatwg.org/#concept-header-list): of a request that the browser sends, or of a response.
///
/// Names are read in lower case. Names that are not tokens are left out, as by HTTP parsers; values may be any bytes.
///
/// ```
/// use fetch_cors::browser::Response;
///
/// let response = Response::new(200).header("Vary", "origin").header("ETag", "\"1\"").header("vary", "accept");
/// let headers = response.headers();
/// assert_eq!(headers.get("vary").unwrap(), b"origin, accept");
///
/// let names: Vec<&str> = headers.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["vary", "etag", "vary"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HeaderList {
    list: Vec<Line>,
}

/// A text for each line, without passwords, and without what `Authorization` and cookies hold.
impl fmt::Debug for HeaderList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lines(self.list.iter().map(|line| (line.written.as_bytes(), line.value.as_slice()))).fmt(f)
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Line {
    /// In lower case.
    name: String,
    /// The name as it was sent. Firefox looks at that, too.
    written: String,
    value: Vec<u8>,
}

/// A header whose value does not match its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl HeaderList {
    /// The headers in order, one per line.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().map(|line| (line.name.as_str(), line.value.as_slice()))
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.list.iter().inspect(|_| work::step())
    }

    /// All values of a name, joined by `, `, as the standard
    /// [gets](https://fetch.spec.whatwg.org/#concept-header-list-get) them. `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.values(name).collect();
        (!values.is_empty()).then(|| values.join(&b", "[..]))
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>, with the value
    /// [normalized](https://fetch.spec.whatwg.org/#concept-header-value-normalize).
    pub(super) fn append(&mut self, name: &[u8], value: &[u8]) {
        if let Some(written) = token(name) {
            self.list.push(Line {
                name: written.to_ascii_lowercase(),
                written: written.to_owned(),
                value: trim(value, is_http_whitespace).to_vec(),
            });
        }
    }

    /// One header per name, in the order in which the names first occur.
    pub(super) fn combined(&self) -> Self {
        let mut list: Vec<Line> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for line in self.lines() {
            if let Some(&place) = places.get(line.name.as_str()) {
                list[place].value.extend([b", ", line.value.as_slice()].concat());
            } else {
                places.insert(&line.name, list.len());
                list.push(line.clone());
            }
        }
        Self { list }
    }

    /// The headers that `keep` returns `true` for.
    pub(super) fn filtered(&self, mut keep: impl FnMut(&str, &[u8]) -> bool) -> Self {
        Self { list: self.lines().filter(|line| keep(&line.name, &line.value)).cloned().collect() }
    }

    /// The same names, with changed values.
    pub(super) fn map_values(self, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Self {
        let change = |Line { name, written, value }| Line { value: change(&name, value), name, written };
        Self { list: self.list.into_iter().map(change).collect() }
    }

    pub(super) fn delete(&mut self, names: &[&str]) {
        self.list.retain(|line| !names.contains(&line.name.as_str()));
    }

    /// How many lines have exactly this name, in this case.
    pub(super) fn count_written(&self, written: &str) -> usize {
        self.lines().filter(|line| line.written == written).count()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(listed, _)| *listed == name).map(|(_, value)| value)
    }

    /// [Sorted and combined](https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine) headers of the
    /// names that `keep` returns `true` for.
    pub(super) fn sorted(&self, keep: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
        let mut lines: Vec<_> = self.iter().filter(|(name, _)| keep(name)).collect();
        // Stable, so that the values of a name stay in order.
        lines.sort_by(|(first, _), (second, _)| {
            work::step();
            first.cmp(second)
        });
        let combined = lines.chunk_by(|(first, _), (second, _)| first == second).map(|lines| {
            let values: Vec<&[u8]> = lines.iter().map(|(_, value)| *value).collect();
            (lines[0].0.to_owned(), values.join(&b", "[..]))
        });
        combined.collect()
    }

    /// The names of all headers.
    pub(super) fn names(&self) -> Names {
        self.iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// [Extracts](https://fetch.spec.whatwg.org/#extract-header-list-values) a list of tokens, `#method` or `#field-name`;
    /// none if the header is absent. Empty elements and white space are ignored (RFC 9110, section 5.6.1).
    pub(super) fn tokens(&self, name: &str) -> Result<Option<Names>, Malformed> {
        if !self.contains(name) {
            return Ok(None);
        }
        self.elements(name)
            .map(|element| token(element).map(ToOwned::to_owned).ok_or(Malformed))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The elements of a list that are tokens; the others are ignored.
    pub(super) fn valid_tokens(&self, name: &str) -> Vec<&str> {
        self.elements(name).filter_map(token).collect()
    }

    fn elements(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.values(name)
            .flat_map(|line| line.split(|&byte| byte == b','))
            .map(|element| trim(element, is_tab_or_space))
            .filter(|element| !element.is_empty())
    }
}

/// The text, if it is a token (RFC 9110, section 5.6.2).
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if bytes.is_empty() || !bytes.iter().all(is_token) {
        return None;
    }
    str::from_utf8(bytes).ok()
}

/// <https://fetch.spec.whatwg.org/#http-tab-or-space-byte>
pub(super) fn is_tab_or_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b' ')
}

/// <https://fetch.spec.whatwg.org/#http-whitespace-byte>
pub(super) fn is_http_whitespace(byte: u8) -> bool {
    matches!(byte, b'\t' | b' ' | b'\r' | b'\n')
}

pub(super) fn trim_start(mut bytes: &[u8], is_space: impl Fn(u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    bytes
}

pub(super) fn trim(bytes: &[u8], is_space: impl Fn(u8) -> bool) -> &[u8] {
    let mut bytes = trim_start(bytes, &is_space);
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}
