//! International domain names, between what people read and what browsers send.
//!
//! A browser's URL parser holds tables of all characters (UTS 46): some 250 kB, which would be most of what this library adds
//! to a server. Here a Punycode label is refused only where it can be told without them, and a name gets a Punycode form
//! only where all of its characters are from scripts that need none: each character stands for itself, in lower case.
//! The crate `idna`, which has the tables, is asked in the tests alone; its Punycode is used.

use std::ops::RangeInclusive;

use idna::punycode;

use crate::origin_set::labels::MAX_LABEL;

/// Lower-case letters that UTS 46 and normalization leave as they are, whatever stands before or behind.
const LETTERS: [RangeInclusive<char>; 20] = [
    'ß'..='ö',
    'ø'..='ı',
    'ĸ'..='ľ',
    'ł'..='ň',
    'ŋ'..='ž',
    'ɐ'..='ʯ',
    'ά'..='ώ',
    'а'..='џ',
    'ґ'..='ӿ',
    'ա'..='ֆ',
    'ა'..='ჰ',
    'ẁ'..='ẙ',
    'Ạ'..='ỿ',
    'ぁ'..='ゖ',
    'ァ'..='ヺ',
    'ー'..='ー',
    '々'..='〇',
    '㐀'..='䶿',
    '一'..='鿿',
    '가'..='힣',
];

/// Whether the labels of a name, in lower case, that are in Punycode may be ones that a browser sends.
pub(super) fn is_punycode(name: &str) -> bool {
    name.split('.').all(|label| label.strip_prefix(PREFIX).is_none_or(is_encoded))
}

const PREFIX: &str = "xn--";

fn is_encoded(code: &str) -> bool {
    punycode::decode(code).is_some_and(|decoded| {
        let is_international = decoded.iter().any(|letter| !letter.is_ascii());
        let is_unchanged = |letter: &char| {
            !letter.is_control() && !letter.is_whitespace() && letter.to_lowercase().eq([*letter])
        };
        is_international
            && decoded.iter().all(is_unchanged)
            && punycode::encode(&decoded).is_some_and(|encoded| encoded == code)
    })
}

/// A name as a browser would send it, in lower case and in Punycode, if that can be told.
/// <https://url.spec.whatwg.org/#concept-domain-to-ascii>
pub(super) fn to_ascii(name: &str) -> Option<String> {
    let labels: Option<Vec<String>> = name.split(['.', '。', '．', '｡']).map(label_to_ascii).collect();
    Some(labels?.join("."))
}

fn label_to_ascii(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_ascii_lowercase());
    }
    let letters: Vec<char> = label.chars().flat_map(char::to_lowercase).collect();
    let is_known = |letter: &char| letter.is_ascii() || LETTERS.iter().any(|known| known.contains(letter));
    if letters.iter().all(char::is_ascii) {
        return Some(letters.into_iter().collect());
    }
    // Each letter becomes at least one byte. To encode a long text takes the square of its length.
    if letters.len() > MAX_LABEL || !letters.iter().all(is_known) {
        return None;
    }
    Some(format!("{PREFIX}{}", punycode::encode(&letters)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What browsers do with a name.
    fn oracle(name: &str) -> Option<String> {
        idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL).ok().map(Into::into)
    }

    #[test]
    fn every_letter_is_encoded_as_browsers_do() {
        let mut wrong = Vec::new();
        for letter in
            (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|letter| letter.is_alphanumeric())
        {
            for name in [format!("a{letter}"), format!("{letter}.example")] {
                if to_ascii(&name).is_some_and(|ascii| Some(ascii) != oracle(&name)) {
                    wrong.push(letter);
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_letter_of_the_ranges_is_encoded() {
        let is_lower_case = |letter: &char| letter.to_lowercase().eq([*letter]);
        let letters = LETTERS.into_iter().flatten().filter(is_lower_case);
        let mut count = 0;
        for letter in letters {
            assert!(to_ascii(&letter.to_string()).is_some(), "{letter}");
            count += 1;
        }
        assert!(count > 39_000, "{count}");
    }

    #[test]
    fn names() {
        for (name, expected) in [
            ("example.com", Some("example.com")),
            ("Example.COM", Some("example.com")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("straße.de", Some("xn--strae-oqa.de")),
            ("παράδειγμα.δοκιμή", Some("xn--hxajbheg2az3al.xn--jxalpdlp")),
            ("пример.рф", Some("xn--e1afmkfd.xn--p1ai")),
            ("例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("đồng.vn", Some("xn--ng-pma6851a.vn")),
            ("한국.kr", Some("xn--3e0b707e.kr")),
            // To be read from right to left, or with marks that combine: not without the tables.
            ("مثال.إختبار", None),
            ("उदाहरण.परीक्षा", None),
            ("bu\u{308}cher.example", None),
            ("ﬁ.example", None),
            ("１.example", None),
            ("a\u{ad}ü.example", None),
        ] {
            assert_eq!(to_ascii(name).as_deref(), expected, "{name}");
            assert!(expected.is_none_or(|ascii| oracle(name).as_deref() == Some(ascii)), "{name}");
        }
    }

    #[test]
    fn punycode_labels() {
        for (name, expected) in [
            ("xn--bcher-kva.example", true),
            ("a.xn--p1ai", true),
            ("xn--mgbh0fb.xn--kgbechtv", true),
            ("axn--a.example", true),
            ("xn--a.example", false),
            ("xn--.example", false),
            ("a.xn--", false),
            ("xn--a-.example", false),
            ("xn--99999999.example", false),
        ] {
            assert_eq!(is_punycode(name), expected, "{name}");
        }
        for (label, expected) in
            [("ü", true), ("Ü", false), ("a\u{a0}b", false), ("a\u{85}b", false), ("ab", false)]
        {
            let letters: Vec<char> = label.chars().collect();
            let name = format!("xn--{}.example", punycode::encode(&letters).unwrap());
            assert_eq!(is_punycode(&name), expected, "{label:?}");
        }
    }

    proptest! {
        /// What browsers send is never refused.
        #[test]
        fn what_browsers_send_passes(name in "[a-zß-ɏά-ώа-џא-ת؀-ۿऀ-ॿぁ-ヺ一-鿿가-힣0-9.-]{1,20}") {
            if let Some(ascii) = oracle(&name) {
                prop_assert!(is_punycode(&ascii), "{} {}", name, ascii);
                if let Some(own) = to_ascii(&name) {
                    prop_assert_eq!(own, ascii);
                }
            }
        }
    }
}
