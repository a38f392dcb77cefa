//! The notes of one session: a bounded list.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::Serialize;

/// More than a lesson needs, and little enough to keep a thousand sessions in memory.
pub const MAX_NOTES: usize = 12;
/// The longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 300;

/// A note as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Note {
    /// Counts up from 1.
    pub id: u32,
    /// At most 300 bytes.
    pub text: String,
}

/// At most [`MAX_NOTES`] notes.
#[derive(Clone, Debug)]
pub struct Notes {
    by_id: BTreeMap<u32, String>,
}

impl Default for Notes {
    fn default() -> Self {
        let texts = ["Buy milk", "Learn what an origin is", "Find out why fetch() failed"];
        Self { by_id: (1..).zip(texts.map(str::to_owned)).collect() }
    }
}

impl Notes {
    /// All of them, by id.
    pub fn list(&self) -> Vec<Note> {
        self.by_id.iter().map(|(&id, text)| Note { id, text: text.clone() }).collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// An entity tag, which changes whenever the list does.
    pub fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.by_id.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    /// One of them.
    pub fn get(&self, id: u32) -> Option<&str> {
        self.by_id.get(&id).map(String::as_str)
    }

    /// Whether there is no room for another note.
    pub fn is_full(&self) -> bool {
        self.by_id.len() >= MAX_NOTES
    }

    /// The id of the next new note. The largest possible id is its own successor.
    pub fn next_id(&self) -> u32 {
        self.by_id.last_key_value().map_or(1, |(&last, _)| last.saturating_add(1))
    }

    /// Puts a note there, unless it is new and there is no room.
    pub fn put(&mut self, id: u32, text: String) {
        if !self.is_full() || self.by_id.contains_key(&id) {
            self.by_id.insert(id, text);
        }
    }

    /// Removes a note, if it is there.
    pub fn remove(&mut self, id: u32) {
        self.by_id.remove(&id);
    }
}
