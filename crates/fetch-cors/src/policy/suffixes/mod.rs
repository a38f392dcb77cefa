//! The [Public Suffix List](https://publicsuffix.org/list/): the names right below which strangers can register others.
//!
//! The list is compiled in as a table of some 50 kB that is read where it lies: nothing is allocated, prepared or kept.
//! The module `table`, which only tests have, writes it, from the data of the crate `psl`, and compares what is read here with that crate.

#[cfg(test)]
mod table;

use crate::origin_set::labels::MAX_HOST;

/// The table, after a line that says what it was made from: the pairs, then the rules.
///
/// A rule stands with its labels in reverse order, as in `com.amazonaws.s3`, `ck.*` or `ck.!www`, so that what is below a name
/// follows it; the rules are sorted by that text. Each starts with a byte of at least [`HEADER`], which says how many bytes
/// of text it shares with the rule before it, and whether it is a private one. Smaller bytes, the rest of its text, stand
/// for a letter of [`LETTERS`] or, if they are larger than that, for one of the pairs.
static TABLE: &[u8] = include_bytes!("table.bin");

/// What rules are spelled with.
const LETTERS: &[u8; 40] = b"!*-.0123456789abcdefghijklmnopqrstuvwxyz";

/// How many pairs there are of bytes that often follow each other. What they stand for are letters or earlier pairs.
const PAIR_COUNT: usize = 92;

/// What starts a rule of the ICANN section that shares nothing with the one before; for each byte that is shared, two more.
const HEADER: u8 = 132;
/// The same for private rules.
const PRIVATE_HEADER: u8 = HEADER + 1;

/// More bytes than the text of any rule has.
const MAX_RULE: usize = 64;

/// In which part of the list a suffix stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Registries of domains: top-level domains, `co.uk` and the like.
    Icann,
    /// Others that give names to strangers, such as `github.io`.
    Private,
}

/// The section in which a name is a public suffix, if it is one. The name is in lower case and in Punycode, without a
/// trailing dot.
pub(crate) fn section(name: &str) -> Option<Section> {
    let whole = Key::new(name)?;
    if let Some(section) = find(&whole) {
        return Some(section);
    }
    let (label, parent) = name.split_once('.')?;
    let parent = Key::new(parent)?;
    let section = find(&parent.below("*")?)?;
    let is_exception = find(&parent.below("!")?.then(label)?).is_some();
    (!is_exception).then_some(section)
}

/// The section of the rule by which every name right below this one is a public suffix, a few exceptions aside.
pub(crate) fn wildcard_section(name: &str) -> Option<Section> {
    find(&Key::new(name)?.below("*")?)
}

/// The shortest rule of the list below a name, with its `*` if it has one.
pub(crate) fn shortest_below(name: &str) -> Option<String> {
    let mut shortest: Option<Rules> = None;
    for_each_below(name, |rules, _| {
        if shortest.as_ref().is_none_or(|shortest| rules.length < shortest.length) {
            shortest = Some(rules.clone());
        }
    });
    shortest?.name()
}

/// A rule of the list for a single label below a name of which `is_wanted` says so, and its section; one of the ICANN
/// section if there is any.
pub(crate) fn right_below(name: &str, is_wanted: impl Fn(&[u8]) -> bool) -> Option<(String, Section)> {
    let mut found: Option<Rules> = None;
    for_each_below(name, |rules, label| {
        let is_better = found.as_ref().is_none_or(|found| found.section != Section::Icann);
        if is_better && !label.contains(&b'.') && is_wanted(label) {
            found = Some(rules.clone());
        }
    });
    let rules = found?;
    Some((rules.name()?, rules.section))
}

/// Shows every rule below a name, and what of its text is below it.
fn for_each_below(name: &str, mut show: impl FnMut(&Rules, &[u8])) {
    let key = Key::new(name).and_then(|key| key.below(""));
    let Some((key, mut rules)) = key.and_then(|key| Some((key, Rules::from(&key)?))) else { return };
    while let Some(below) = rules.text().strip_prefix(key.text()) {
        show(&rules, below);
        if !rules.advance() {
            break;
        }
    }
}

/// The section of the rule with this text, if there is one.
fn find(key: &Key) -> Option<Section> {
    Rules::from(key).filter(|rules| rules.text() == key.text()).map(|rules| rules.section)
}

/// The text of a rule to look for.
#[derive(Clone, Copy)]
struct Key {
    text: [u8; MAX_HOST + 2],
    length: usize,
}

impl Key {
    /// None if the name is longer than any can be.
    fn new(name: &str) -> Option<Self> {
        let mut key = Self { text: [0; MAX_HOST + 2], length: 0 };
        for (index, label) in name.rsplit('.').enumerate() {
            key = if index == 0 { key.then(label)? } else { key.below(label)? };
        }
        Some(key)
    }

    fn below(self, label: &str) -> Option<Self> {
        self.then(".")?.then(label)
    }

    fn then(mut self, text: &str) -> Option<Self> {
        let end = self.length + text.len();
        self.text.get_mut(self.length..end)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Some(self)
    }

    fn text(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

/// One of the rules, and those after it.
#[derive(Clone)]
struct Rules {
    text: [u8; MAX_RULE],
    length: usize,
    section: Section,
    rest: &'static [u8],
    pairs: &'static [[u8; 2]],
}

impl Rules {
    /// The first rule that is not less than a text.
    fn from(key: &Key) -> Option<Self> {
        let line = TABLE.iter().position(|&byte| byte == b'\n')?;
        let (pairs, all) = TABLE.get(line + 1..)?.split_at_checked(2 * PAIR_COUNT)?;
        let pairs = pairs.as_chunks().0;
        let mut rules = Self { text: [0; MAX_RULE], length: 0, section: Section::Icann, rest: all, pairs };
        // A rule that shares nothing with the one before can be read without it. The last of these that is less than the
        // text starts right before `low`, if there is one.
        let (mut low, mut high) = (0, all.len());
        while low < high {
            let middle = low.midpoint(high);
            let shares_nothing = |byte: &u8| matches!(*byte, HEADER | PRIVATE_HEADER);
            let start = all.get(middle..high)?.iter().position(shares_nothing).map(|start| middle + start);
            if let Some(start) = start
                && rules.read(all.get(start..)?)
                && rules.text() < key.text()
            {
                low = start + 1;
            } else {
                high = middle;
            }
        }
        rules.rest = all.get(low.saturating_sub(1)..)?;
        while rules.advance() {
            if rules.text() >= key.text() {
                return Some(rules);
            }
        }
        None
    }

    /// Goes on to the next rule, unless there is none.
    fn advance(&mut self) -> bool {
        self.read(self.rest)
    }

    /// Reads the rule at the start of these bytes.
    fn read(&mut self, bytes: &'static [u8]) -> bool {
        let Some((&header, rest)) = bytes.split_first() else { return false };
        let header = header.saturating_sub(HEADER);
        let end = rest.iter().position(|&byte| byte >= HEADER).unwrap_or(rest.len());
        let (text, rest) = rest.split_at_checked(end).unwrap_or_default();
        self.section = if header % 2 == 0 { Section::Icann } else { Section::Private };
        self.length = usize::from(header / 2);
        for &code in text {
            self.spell(usize::from(code));
        }
        self.rest = rest;
        true
    }

    /// Appends what a byte stands for.
    fn spell(&mut self, code: usize) {
        if let Some(&letter) = LETTERS.get(code) {
            if let Some(end) = self.text.get_mut(self.length) {
                *end = letter;
                self.length += 1;
            }
        } else if let Some(pair) = self.pairs.get(code - LETTERS.len()) {
            for part in pair.map(usize::from) {
                // Were it not so, this would never end.
                if part < code {
                    self.spell(part);
                }
            }
        }
    }

    /// The rule's text.
    fn text(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }

    /// The rule as it is written in the list, without a `!`.
    fn name(&self) -> Option<String> {
        let name = self.text().rsplit(|&byte| byte == b'.').collect::<Vec<_>>().join(&b'.');
        String::from_utf8(name).ok().map(|name| name.trim_start_matches('!').to_owned())
    }
}
