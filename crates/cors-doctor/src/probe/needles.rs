//! Looks for many texts in another one at once. Whoever writes a request chooses how many secrets it has and how long they are,
//! so to look for one after the other would take the product of both. So would an automaton that reports each of them where one
//! ends in another, as libraries have it; this one keeps the longest.

use std::{collections::VecDeque, ops::Range};

/// Texts to look for, as a tree of their bytes, in which each node knows where to go on when its branch ends (Aho and Corasick,
/// 1975).
#[derive(Clone, Debug)]
pub(super) struct Needles {
    nodes: Vec<Node>,
}

/// What was read so far, in the tree. Nodes are named by their places in the list.
#[derive(Clone, Debug, Default)]
struct Node {
    byte: u8,
    first_child: Option<u32>,
    next_sibling: Option<u32>,
    /// The longest end of what was read here that is in the tree, too.
    fallback: u32,
    /// The length of the longest text that ends here; 0 if there is none.
    longest: u32,
}

const ROOT: u32 = 0;

impl Needles {
    pub(super) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = Self { nodes: vec![Node::default()] };
        for text in texts {
            needles.add(text.as_bytes());
        }
        needles.link();
        needles
    }

    fn add(&mut self, text: &[u8]) {
        let mut place = ROOT;
        for &byte in text {
            place = self.child(place, byte).unwrap_or_else(|| self.add_child(place, byte));
        }
        let end = &mut self.nodes[place as usize];
        end.longest = u32::try_from(text.len()).unwrap_or(u32::MAX);
    }

    fn add_child(&mut self, parent: u32, byte: u8) -> u32 {
        let child = u32::try_from(self.nodes.len()).expect("what is pasted is shorter than 4 GB");
        let next_sibling = self.nodes[parent as usize].first_child.replace(child);
        self.nodes.push(Node { byte, next_sibling, ..Node::default() });
        child
    }

    /// Sets what each node falls back to, those near the root first.
    fn link(&mut self) {
        let mut waiting = VecDeque::from([ROOT]);
        while let Some(parent) = waiting.pop_front() {
            let mut next = self.nodes[parent as usize].first_child;
            while let Some(child) = next {
                let byte = self.nodes[child as usize].byte;
                if parent != ROOT {
                    let fallback = self.step(self.nodes[parent as usize].fallback, byte);
                    let shorter = self.nodes[fallback as usize].longest;
                    let node = &mut self.nodes[child as usize];
                    node.fallback = fallback;
                    node.longest = node.longest.max(shorter);
                }
                waiting.push_back(child);
                next = self.nodes[child as usize].next_sibling;
            }
        }
    }

    fn child(&self, parent: u32, byte: u8) -> Option<u32> {
        let mut next = self.nodes[parent as usize].first_child;
        while let Some(child) = next {
            let node = &self.nodes[child as usize];
            if node.byte == byte {
                return Some(child);
            }
            next = node.next_sibling;
        }
        None
    }

    /// The node after one more byte. Each step back was paid for by a step forward.
    fn step(&self, mut place: u32, byte: u8) -> u32 {
        loop {
            match self.child(place, byte) {
                Some(child) => return child,
                None if place == ROOT => return ROOT,
                None => place = self.nodes[place as usize].fallback,
            }
        }
    }

    /// Where any of the texts is. What overlaps is one place.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut place = ROOT;
        for (index, &byte) in text.as_bytes().iter().enumerate() {
            place = self.step(place, byte);
            let longest = self.nodes[place as usize].longest as usize;
            if longest == 0 {
                continue;
            }
            let end = index + 1;
            let mut start = end - longest;
            while let Some(before) = places.pop_if(|before| before.end > start) {
                start = start.min(before.start);
            }
            places.push(start..end);
        }
        places
    }

    /// The text with something else in place of each of them.
    pub(super) fn replace(&self, text: &str, with: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = 0;
        for place in self.places(text) {
            replaced.push_str(text.get(rest..place.start).unwrap_or_default());
            replaced.push_str(with);
            rest = place.end;
        }
        replaced + text.get(rest..).unwrap_or_default()
    }
}

impl Default for Needles {
    fn default() -> Self {
        Self::new([])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_text_is_replaced_as_a_whole() {
        for (texts, text, expected) in [
            (&[][..], "abc", "abc"),
            (&["b"], "abc", "a*c"),
            (&["ab", "abcd"], "xabcdx abx", "x*x *x"),
            (&["bcd", "abc"], "abcd", "*"),
            (&["ab", "cd"], "abcd", "**"),
            (&["abcdefgh", "cde"], "abcdex", "ab*x"),
            (&["aaa"], "aaaaa", "*"),
            (&["ä", "漢字"], "äöü漢字漢", "*öü*漢"),
            (&["same", "same"], "same", "*"),
        ] {
            assert_eq!(
                Needles::new(texts.iter().copied()).replace(text, "*"),
                expected,
                "{texts:?} in {text}"
            );
        }
    }

    proptest! {
        /// What is left is what no text covers.
        #[test]
        fn as_by_looking_for_each(texts in prop::collection::vec("[abä]{1,4}", 0..6), text in "[abäc]{0,30}") {
            let mut is_covered = vec![false; text.len()];
            for needle in &texts {
                for start in 0..text.len() {
                    if text.as_bytes()[start..].starts_with(needle.as_bytes()) {
                        is_covered[start..start + needle.len()].fill(true);
                    }
                }
            }
            let left: Vec<u8> = text.bytes().zip(&is_covered).filter(|(_, covered)| !**covered).map(|(byte, _)| byte).collect();
            let replaced = Needles::new(texts.iter().map(String::as_str)).replace(&text, "");
            prop_assert_eq!(replaced.as_bytes(), left);
        }
    }
}
