//! A read-only hash table of short strings, laid out so that a lookup touches one cold cache line.
//!
//! All texts are in one arena, those of a bucket next to each other, so a lookup follows no pointer per text. A compact
//! array says where each bucket starts. The hash that picks the bucket is keyed by random numbers, so that nobody can choose
//! texts that share a bucket.

use std::{
    hash::{BuildHasher as _, RandomState},
    mem,
    ops::Range,
};

use super::bytes::are_same;

/// The longest text, in bytes.
pub(super) const MAX_TEXT: usize = LENGTH as usize;

/// How many texts a bucket has on average. More of them save memory in `starts`, but a lookup compares more headers.
const BUCKET: usize = 3;

/// Entry header: 10 bits length, 2 bits class, 4 bits hash tag. The tag rejects most entries without comparing bytes.
type Header = u16;

/// The arena's unit, two bytes. A header is one unit, and a text is padded to whole units; so a header is read as one
/// element, and 32-bit offsets reach 8 GiB.
type Unit = [u8; size_of::<Header>()];

const LENGTH: Header = (1 << 10) - 1;
const CLASS: u32 = LENGTH.count_ones();
const TAG: u32 = CLASS + 2;

/// An offset at which no text starts.
const DUPLICATE: usize = usize::MAX;

/// Texts, each with a class, without duplicates.
#[derive(Debug)]
pub(super) struct Table {
    /// The buckets, one after another. A bucket's texts are sorted by header, so that a lookup can stop at a greater one.
    arena: Box<[Unit]>,
    /// The arena offset where each bucket starts, and where the last one ends.
    starts: Offsets,
    /// The arena offset of each text, in the original order. Only iteration needs it.
    order: Offsets,
    keys: Keys,
}

/// An entry from which a [`Table`] is built.
pub(super) trait Item {
    /// The class, a number below 4, and the text, which may be written to the buffer first.
    fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> (u8, &'a [u8]);
}

impl Table {
    /// A table of these entries; duplicates are left out.
    ///
    /// # Panics
    ///
    /// If a text is longer than [`MAX_TEXT`].
    pub(super) fn new(items: &[impl Item]) -> Self {
        Self::with_narrow_offsets_up_to(u32::MAX, items)
    }

    fn with_narrow_offsets_up_to(narrow: u32, items: &[impl Item]) -> Self {
        let keys = Keys::random();
        let buckets = items.len().div_ceil(BUCKET).clamp(1, u32::MAX as usize);
        let mut buffer = Vec::new();
        let mut size = 0;
        // Counting sort by bucket.
        let mut places = vec![0; buckets];
        let mut hashes = Vec::with_capacity(items.len());
        for item in items {
            let (_, text) = item.read(&mut buffer);
            assert!(text.len() <= MAX_TEXT, "validation limits the length of an origin");
            size += 1 + text.len().div_ceil(size_of::<Unit>());
            let hash = keys.hash(text);
            places[bucket(hash, buckets)] += 1;
            hashes.push(hash);
        }
        let mut sum = 0;
        for place in &mut places {
            sum += mem::replace(place, sum);
        }
        let mut sorted = vec![0; items.len()];
        for (index, &hash) in hashes.iter().enumerate() {
            let place = &mut places[bucket(hash, buckets)];
            sorted[*place] = index;
            *place += 1;
        }

        let mut arena = Vec::with_capacity(size);
        let mut starts = Vec::with_capacity(buckets + 1);
        let mut order = vec![DUPLICATE; items.len()];
        let (mut members, mut next) = (Vec::new(), 0);
        for end in places {
            let start = arena.len();
            starts.push(start);
            members.clear();
            members.extend(sorted[next..end].iter().map(|&index| {
                let (class, text) = items[index].read(&mut buffer);
                (header(class, text.len(), hashes[index]), index)
            }));
            members.sort_unstable();
            for &(header, index) in &members {
                let (_, text) = items[index].read(&mut buffer);
                if !holds(&arena[start..], header, text) {
                    order[index] = arena.len();
                    let (full, last) = text.as_chunks();
                    arena.push(header.to_le_bytes());
                    arena.extend_from_slice(full);
                    arena.extend(last.first().map(|&last| [last, 0]));
                }
            }
            next = end;
        }
        starts.push(arena.len());
        let wide = arena.len() > narrow as usize;
        Self {
            arena: arena.into_boxed_slice(),
            starts: Offsets::new(wide, starts.into_iter()),
            order: Offsets::new(wide, order.into_iter().filter(|&offset| offset != DUPLICATE)),
            keys,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The class and the text at an index, in the original order.
    pub(super) fn get(&self, index: usize) -> (u8, &[u8]) {
        let (header, rest) = self.arena[self.order.get(index)..].split_first().unwrap_or((&[0; 2], &[]));
        let header = Header::from_le_bytes(*header);
        #[allow(clippy::cast_possible_truncation, reason = "two bits")]
        let class = (header >> CLASS & 3) as u8;
        (class, &rest.as_flattened()[..usize::from(header & LENGTH)])
    }

    #[inline(always)]
    pub(super) fn find(&self, class: u8, text: &[u8]) -> bool {
        text.len() <= MAX_TEXT && self.find_hashed(class, text, self.keys.hash(text))
    }

    /// Prepares lookups of several suffixes of a text, in a single pass.
    #[inline(always)]
    pub(super) fn suffixes<'a>(&'a self, class: u8, text: &'a [u8]) -> Suffixes<'a> {
        Suffixes { table: self, class, hasher: self.keys.hasher(), rest: text, hashed: 0 }
    }

    #[inline(always)]
    fn find_hashed(&self, class: u8, text: &[u8], hash: u64) -> bool {
        let range = self.starts.bucket(hash);
        let Some(bucket) = self.arena.get(range) else { return false };
        holds(bucket, header(class, text.len(), hash), text)
    }
}

/// Whether a bucket contains this text.
#[inline(always)]
fn holds(bucket: &[Unit], wanted: Header, text: &[u8]) -> bool {
    let mut index = 0;
    while let Some(&header) = bucket.get(index) {
        let header = Header::from_le_bytes(header);
        index += 1;
        if header >= wanted {
            if header > wanted {
                return false;
            }
            if bucket.get(index..).is_some_and(|rest| starts_with(rest, text)) {
                return true;
            }
        }
        index += units(header);
    }
    false
}

#[inline(always)]
fn starts_with(rest: &[Unit], text: &[u8]) -> bool {
    rest.as_flattened().get(..text.len()).is_some_and(|other| are_same(other, text))
}

/// How many units the text after a header has.
#[inline(always)]
fn units(header: Header) -> usize {
    // Half the length, rounded up; `div_ceil` takes two more instructions per entry.
    (usize::from(header & LENGTH) + 1) >> 1
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the length of a text that fits, and some bits of a hash")]
fn header(class: u8, length: usize, hash: u64) -> Header {
    length as Header | Header::from(class) << CLASS | (hash as Header) << TAG
}

/// The bucket that a hash picks, of fewer than 2^32. The highest bits pick it, because the tag already uses the lowest; a
/// multiplication scales them, which is cheaper than a division.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the result is less than the number of buckets")]
pub(super) fn bucket(hash: u64, buckets: usize) -> usize {
    ((hash >> 32).wrapping_mul(buckets as u64) >> 32) as usize
}

/// Offsets in an arena, of four bytes each where those are enough, which halves their memory.
#[derive(Debug)]
enum Offsets {
    Narrow(Box<[u32]>),
    /// More than 8 GiB of text.
    Wide(Box<[usize]>),
}

impl Offsets {
    fn new(wide: bool, offsets: impl Iterator<Item = usize>) -> Self {
        if wide {
            return Self::Wide(offsets.collect());
        }
        let narrow = |offset| u32::try_from(offset).expect("offsets are wide where the arena is large");
        Self::Narrow(offsets.map(narrow).collect())
    }

    fn len(&self) -> usize {
        match self {
            Self::Narrow(offsets) => offsets.len(),
            Self::Wide(offsets) => offsets.len(),
        }
    }

    fn get(&self, index: usize) -> usize {
        match self {
            Self::Narrow(offsets) => offsets[index] as usize,
            Self::Wide(offsets) => offsets[index],
        }
    }

    /// The arena range of the bucket that a hash picks.
    #[inline(always)]
    fn bucket(&self, hash: u64) -> Range<usize> {
        match self {
            Self::Narrow(offsets) => {
                let [start, end] = pair(offsets, hash);
                start as usize..end as usize
            }
            Self::Wide(offsets) => {
                let [start, end] = pair(offsets, hash);
                start..end
            }
        }
    }
}

#[inline(always)]
fn pair<T: Copy + Default>(offsets: &[T], hash: u64) -> [T; 2] {
    let index = bucket(hash, offsets.len() - 1);
    match offsets.get(index + 1) {
        Some(&end) => [offsets[index], end],
        None => Default::default(),
    }
}

/// Looks up several suffixes of one text in a single pass from its end: each continues the hash of the one before.
#[derive(Debug)]
pub(super) struct Suffixes<'a> {
    table: &'a Table,
    class: u8,
    hasher: Hasher,
    /// The bytes that are not hashed yet.
    rest: &'a [u8],
    /// How many bytes are hashed.
    hashed: usize,
}

impl Suffixes<'_> {
    /// Whether these last bytes are in the table. Call with suffixes of increasing length.
    #[inline(always)]
    pub(super) fn find(&mut self, suffix: &[u8]) -> bool {
        while let Some((rest, step)) = self.rest.split_last_chunk()
            && self.hashed + STEP <= suffix.len()
        {
            self.hasher.add(*step);
            self.rest = rest;
            self.hashed += STEP;
        }
        suffix.len() <= MAX_TEXT && self.table.find_hashed(self.class, suffix, self.hasher.finish(suffix))
    }
}

/// The random keys of the hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys([u64; 2]);

/// How many bytes are hashed at once.
const STEP: usize = 16;

impl Keys {
    pub(super) fn random() -> Self {
        let random = RandomState::new();
        Self([0, 1].map(|number: u64| random.hash_one(number)))
    }

    #[inline(always)]
    fn hasher(self) -> Hasher {
        Hasher { state: self.0[0], key: self.0[1] }
    }

    /// The hash of a text, read from its end, so that it continues the hash of each suffix. Keyed: safe against someone who
    /// doesn't know the keys, not against someone who sees hash values.
    #[inline(always)]
    pub(super) fn hash(self, text: &[u8]) -> u64 {
        let (mut hasher, mut rest) = (self.hasher(), text);
        while let Some((before, step)) = rest.split_last_chunk() {
            hasher.add(*step);
            rest = before;
        }
        hasher.finish(text)
    }
}

#[derive(Clone, Copy, Debug)]
struct Hasher {
    state: u64,
    key: u64,
}

impl Hasher {
    #[inline(always)]
    fn add(&mut self, step: [u8; STEP]) {
        let [low, high] = halves(step);
        self.state = fold(self.state ^ low, self.key ^ high);
    }

    /// The hash of a text whose last steps were added: mixes in the remaining bytes and the length. The remainder is read as
    /// the text's first 16 bytes, even if some were added already; that saves a copy.
    #[inline(always)]
    fn finish(self, text: &[u8]) -> u64 {
        let [low, high] = match text.first_chunk::<STEP>() {
            Some(first) => halves(*first),
            None => short(text),
        };
        // The length rotates the state; mixed in with the text, it could be cancelled by a chosen byte.
        #[allow(clippy::cast_possible_truncation, reason = "the lowest bits of a length are enough")]
        let length = text.len() as u32;
        fold(self.state.rotate_left(length) ^ low, self.key ^ high)
    }
}

#[inline(always)]
fn halves(step: [u8; STEP]) -> [u64; 2] {
    let step = u128::from_le_bytes(step);
    #[allow(clippy::cast_possible_truncation, reason = "each half")]
    [step as u64, (step >> 64) as u64]
}

/// All bytes of a text that is shorter than a step, in two words.
#[inline(always)]
fn short(text: &[u8]) -> [u64; 2] {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last)];
    }
    [text.iter().fold(0, |bytes, &byte| bytes << 8 | u64::from(byte)), 0]
}

/// Multiplies, and folds the two halves of the product, so that every bit of the input affects every bit of the result.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "each half of the product")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The class of a text is its length modulo 4.
    fn class(text: &str) -> u8 {
        u8::try_from(text.len() % 4).unwrap()
    }

    impl Item for String {
        fn read<'a>(&'a self, _: &'a mut Vec<u8>) -> (u8, &'a [u8]) {
            (class(self), self.as_bytes())
        }
    }

    fn table(narrow: u32, texts: &[String]) -> Table {
        Table::with_narrow_offsets_up_to(narrow, texts)
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("https://host-{number}.example")).collect()
    }

    #[test]
    fn a_table_contains_its_texts_once_and_in_order() {
        let twice = |texts: Vec<String>| [texts.clone(), texts].concat();
        let of_length =
            |length: usize| format!("{}.{length}", "a".repeat(length.saturating_sub(2)))[..length].to_owned();
        let longest: Vec<String> = ["a", "b", "c"].map(|byte| byte.repeat(MAX_TEXT)).into();
        for (name, texts) in [
            ("nothing", vec![]),
            ("one text", numbered(1)),
            ("fewer texts than a bucket has", numbered(BUCKET - 1)),
            ("as many as a bucket has", numbered(BUCKET)),
            ("one more", numbered(BUCKET + 1)),
            ("many buckets", numbered(1000)),
            ("all twice", twice(numbered(1000))),
            ("one text a thousand times", vec!["https://a.example".to_owned(); 1000]),
            (
                "one after another twice",
                numbered(500).into_iter().flat_map(|text| [text.clone(), text]).collect(),
            ),
            ("every length", (0..=MAX_TEXT).map(of_length).collect()),
            ("the longest", longest),
            ("each a suffix of the next", (0..200).map(|length| "ab".repeat(length)).collect()),
            ("all of one length", (1000..2000).map(|number| number.to_string()).collect()),
        ] {
            let mut seen = HashSet::new();
            let unique: Vec<&str> =
                texts.iter().map(String::as_str).filter(|text| seen.insert(*text)).collect();
            // Narrow offsets, wide ones, and both sides of the limit.
            let size: usize = unique.iter().map(|text| 1 + text.len().div_ceil(2)).sum();
            let size = u32::try_from(size).unwrap();
            for (narrow, wide) in
                [(u32::MAX, false), (0, size > 0), (size, false), (size.saturating_sub(1), size > 0)]
            {
                let table = table(narrow, &texts);
                assert_eq!(matches!(table.starts, Offsets::Wide(_)), wide, "{name}, {narrow}");
                assert_eq!(table.len(), unique.len(), "{name}");
                for (index, &text) in unique.iter().enumerate() {
                    assert_eq!(table.get(index), (class(text), text.as_bytes()), "{name}, {index}");
                    assert!(table.find(class(text), text.as_bytes()), "{name}: {text}");
                    assert!(
                        !table.find((class(text) + 1) % 4, text.as_bytes()),
                        "{name}: {text}, another class"
                    );
                }
                for other in ["", "https://host-1000.example", "999", "2000", &"d".repeat(MAX_TEXT)] {
                    assert_eq!(
                        table.find(class(other), other.as_bytes()),
                        seen.contains(other),
                        "{name}: {other}"
                    );
                }
                assert!(!table.find(0, &[b'a'; MAX_TEXT + 1]), "{name}: too long");
                assert!(!table.find(3, &[b'a'; 2 * MAX_TEXT + 1]), "{name}: far too long");
            }
        }
    }

    #[test]
    fn some_buckets_are_empty_and_none_is_overfull() {
        let table = table(u32::MAX, &numbered(10_000));
        let buckets =
            (0..table.starts.len() - 1).map(|index| table.starts.get(index)..table.starts.get(index + 1));
        let sizes: Vec<usize> = buckets.map(|bucket| bucket.len()).collect();
        assert_eq!(sizes.len(), 10_000_usize.div_ceil(BUCKET));
        assert_eq!(sizes.iter().sum::<usize>(), table.arena.len());
        assert!(sizes.contains(&0));
        // One table in a thousand million has a bucket with more.
        let largest = sizes.iter().max().unwrap() / (1 + "https://host-1000.example".len().div_ceil(2));
        assert!((2 * BUCKET..8 * BUCKET).contains(&largest), "{largest}");
    }

    #[test]
    fn suffixes_are_found_by_their_lengths() {
        let texts: Vec<String> =
            (1..=300).map(|length| format!(".{}", "ab.".repeat(200))[..length].to_owned()).collect();
        let texts: Vec<String> =
            texts.into_iter().map(|text| text.bytes().rev().map(char::from).collect()).collect();
        let table = table(u32::MAX, &texts);
        let longest = texts.last().unwrap();
        for requested in 0..4 {
            for stride in [1, 2, 3, 7, 15, 16, 17, 33, 64] {
                let mut suffixes = table.suffixes(requested, longest.as_bytes());
                for length in (1..=300).step_by(stride) {
                    let expected = class(&texts[length - 1]) == requested;
                    let suffix = &longest.as_bytes()[longest.len() - length..];
                    assert_eq!(suffixes.find(suffix), expected, "{length}, by {stride}");
                }
            }
        }
    }

    /// At most nine bytes per origin in addition to its text: three for header and padding, four in `order`, and less
    /// than two for its share of `starts`.
    #[test]
    fn large_tables_are_small() {
        for count in [5, 1000, 1025, 5000] {
            let texts = numbered(count);
            let table = table(u32::MAX, &texts);
            assert_eq!(table.arena.len(), texts.iter().map(|text| 1 + text.len().div_ceil(2)).sum::<usize>());
            assert!(table.starts.len() * BUCKET <= count + 2 * BUCKET && table.order.len() == count);
        }
    }

    #[test]
    fn the_hash_depends_on_every_byte_and_on_the_keys() {
        let keys = Keys([7, 0x9e37_79b9_7f4a_7c15]);
        let text = b"https://a.rather.long.host.example:8443";
        for length in 1..=text.len() {
            let hash = keys.hash(&text[..length]);
            for index in 0..length {
                let mut other = *text;
                other[index] ^= 1;
                assert_ne!(keys.hash(&other[..length]), hash, "byte {index} of {length}");
            }
            assert_ne!(Keys([8, keys.0[1]]).hash(&text[..length]), hash, "{length}");
            assert_ne!(Keys([7, keys.0[1] + 1]).hash(&text[..length]), hash, "{length}");
            assert_ne!(keys.hash(&[&text[..length], b"\0"].concat()), hash, "{length}");
            assert_ne!(keys.hash(&[b"\0", &text[..length]].concat()), hash, "{length}");
        }
        // Texts that differ only in length have different hashes, even if one byte is chosen to cancel the length.
        let repeated: HashSet<u64> = (0..=MAX_TEXT)
            .flat_map(|length| {
                [&b"a"[..], b"`", b"c"].map(|first| keys.hash(&[first, &[b'a'; MAX_TEXT][..length]].concat()))
            })
            .collect();
        assert_eq!(repeated.len(), 3 * (MAX_TEXT + 1));
    }

    #[test]
    fn hashes_are_spread() {
        let keys = Keys::random();
        let hashes: Vec<u64> = numbered(4096).iter().map(|text| keys.hash(text.as_bytes())).collect();
        // 4096 random values take about 3223 of 8192 places.
        let places: HashSet<usize> = hashes.iter().map(|&hash| bucket(hash, 8192)).collect();
        assert!((3100..3350).contains(&places.len()), "{}", places.len());
        let tags: HashSet<u64> = hashes.iter().map(|&hash| hash % 8192).collect();
        assert!((3100..3350).contains(&tags.len()), "{}", tags.len());
    }
}
