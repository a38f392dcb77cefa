//! How a note's text is read from a request's body.

use std::borrow::Cow;

use serde::Deserialize;
use url::form_urlencoded;

use crate::session::notes::MAX_NOTE_BYTES;

/// Why a body doesn't hold a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadNoteText {
    /// It can't be read as what its type says.
    Unreadable(String),
    /// The note is longer than [`MAX_NOTE_BYTES`]: this long.
    TooLong(usize),
}

#[derive(Deserialize)]
struct NewNote<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// The text of the note in a body: JSON `{"text": "…"}`, a form with the field `text`, or the text itself.
///
/// # Errors
///
/// [`BadNoteText`]
pub fn read_note_text(content_type: Option<&str>, body: &[u8]) -> Result<String, BadNoteText> {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let text = match essence.to_ascii_lowercase().as_str() {
        "application/json" => serde_json::from_slice::<NewNote<'_>>(body)
            .map(|note| note.text)
            .map_err(|error| error.to_string()),
        "application/x-www-form-urlencoded" => form_urlencoded::parse(body)
            .find_map(|(name, value)| (name == "text").then_some(value))
            .ok_or_else(|| "the form has no field \"text\"".to_owned()),
        _ => str::from_utf8(body).map(Cow::Borrowed).map_err(|_| "a note is UTF-8 text".to_owned()),
    };
    let text = text.map_err(BadNoteText::Unreadable)?;
    if text.len() > MAX_NOTE_BYTES {
        Err(BadNoteText::TooLong(text.len()))
    } else {
        Ok(text.into_owned().into_boxed_str().into())
    }
}
