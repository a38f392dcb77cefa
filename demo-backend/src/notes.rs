//! The notes of one session: a bounded list, and how a note's text is read from a request's body. No HTTP answer is made
//! here.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::{Deserialize, Serialize};
use serde_json::json;

/// More than a lesson needs, and little enough to keep a thousand sessions in memory.
pub const MAX_NOTES: usize = 12;
/// The longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 300;

/// A note as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Counts up from 1.
    pub id: u32,
    /// At most [`MAX_NOTE_BYTES`].
    pub text: String,
}

/// At most [`MAX_NOTES`] of them.
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

    /// What changes whenever the list does.
    pub fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.by_id.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    /// One of them.
    pub fn get(&self, id: u32) -> Option<&str> {
        self.by_id.get(&id).map(String::as_str)
    }

    /// Whether another one fits.
    pub fn is_full(&self) -> bool {
        self.by_id.len() >= MAX_NOTES
    }

    /// The id that the next new note gets. There is none after the largest id that there can be, and the list was never
    /// that long.
    pub fn next_id(&self) -> u32 {
        self.by_id.last_key_value().map_or(1, |(&last, _)| last.saturating_add(1))
    }

    /// Puts a note there, unless it is new and there is no room.
    pub fn put(&mut self, id: u32, text: String) {
        if !self.is_full() || self.by_id.contains_key(&id) {
            self.by_id.insert(id, text);
        }
    }

    /// Takes a note away, if it is there.
    pub fn remove(&mut self, id: u32) {
        self.by_id.remove(&id);
    }
}

/// Why a body holds no note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoText {
    /// It can't be read as what its type says.
    Unreadable(String),
    /// The note is longer than [`MAX_NOTE_BYTES`].
    TooLong(usize),
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

/// The text of the note in a body: JSON `{"text": "…"}`, a form with the field `text`, or the text itself.
///
/// # Errors
///
/// [`NoText`]
pub fn read_text(content_type: Option<&str>, body: &[u8]) -> Result<String, NoText> {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let unreadable = |error: String| NoText::Unreadable(error);
    let text = match essence.to_ascii_lowercase().as_str() {
        "application/json" => {
            serde_json::from_slice::<NewNote>(body).map_err(|error| unreadable(error.to_string()))?.text
        }
        "application/x-www-form-urlencoded" => {
            actix_web::web::Query::<NewNote>::from_query(
                str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?,
            )
            .map_err(|_| unreadable("the form has no field \"text\"".to_owned()))?
            .into_inner()
            .text
        }
        _ => String::from_utf8(body.to_vec()).map_err(|_| unreadable("a note is UTF-8 text".to_owned()))?,
    };
    if text.len() > MAX_NOTE_BYTES {
        Err(NoText::TooLong(text.len()))
    } else {
        Ok(text.into_boxed_str().into())
    }
}

impl From<Note> for serde_json::Value {
    fn from(note: Note) -> Self {
        json!({ "id": note.id, "text": note.text })
    }
}
