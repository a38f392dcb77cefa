//! The bodies that never change, by their type. The font and the two images were made for the Lab by `tools/lab-assets.py`.

/// A font.
pub const FONT: &[u8] = include_bytes!("../../assets/lab.woff2");
/// An image.
pub const PNG: &[u8] = include_bytes!("../../assets/lab.png");
/// Another image.
pub const SVG: &[u8] = include_bytes!("../../assets/lab.svg");
/// A module script.
pub const MODULE: &[u8] =
    b"export const greeting = \"Hello from another origin\";\nexport default greeting;\n";
/// A stream of events.
pub const EVENTS: &[u8] = b"data: the first event\n\nevent: last\ndata: the last event\n\n";
/// What the server written by hand sends where none of the others fits.
pub const BY_HAND: &[u8] = b"{\"from\":\"the server written by hand\"}\n";

/// The type of each file.
pub const TYPES: [(&str, &[u8]); 5] = [
    ("font/woff2", FONT),
    ("image/png", PNG),
    ("image/svg+xml", SVG),
    ("text/javascript", MODULE),
    ("text/event-stream", EVENTS),
];

/// The file of this type, which may have parameters.
pub fn of_type(content_type: &str) -> Option<&'static [u8]> {
    let essence = essence(content_type);
    TYPES.iter().find(|(listed, _)| listed.eq_ignore_ascii_case(essence)).map(|(_, file)| *file)
}

/// A type without its parameters.
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim_matches([' ', '\t'])
}
