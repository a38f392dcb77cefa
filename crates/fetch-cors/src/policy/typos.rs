//! How far a text is from the one that was meant.

use std::mem;

/// How many letters must be put in, left out or replaced to make one text of another: the Levenshtein distance.
pub(super) fn typos(text: &str, meant: &str) -> usize {
    let meant: Vec<char> = meant.chars().collect();
    // The distances from the part of `text` that was read to what `meant` starts with.
    let mut distances: Vec<usize> = (0..=meant.len()).collect();
    for (index, letter) in text.chars().enumerate() {
        let mut diagonal = mem::replace(&mut distances[0], index + 1);
        for (place, &other) in meant.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = distances[place + 1];
            distances[place + 1] = replaced.min(diagonal + 1).min(distances[place] + 1);
        }
    }
    distances[meant.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_counted() {
        for (text, meant, expected) in [
            ("", "", 0),
            ("", "http", 4),
            ("http", "", 4),
            ("https", "https", 0),
            ("htttps", "https", 1),
            ("hhtp", "http", 1),
            ("htps", "https", 1),
            ("tp", "http", 2),
            ("htpt", "http", 2),
            ("xhttpx", "http", 2),
            ("shttp", "https", 2),
            ("sptth", "https", 4),
            ("ftp", "http", 2),
            ("kitten", "sitting", 3),
            ("tauri", "https", 5),
            ("\u{feff}https", "https", 1),
        ] {
            assert_eq!((typos(text, meant), typos(meant, text)), (expected, expected), "{text} {meant}");
        }
    }
}
