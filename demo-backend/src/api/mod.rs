//! The API: its routes, what stands between them and the wire, and what they would respond without being run. From the
//! outside in a request meets [`record`], [`cdn`], [`headers`], `Cors` with [`policy_source`], and then [`routes`], or [`hand`] at
//! the paths of the server written by hand.

pub mod cdn;
mod closed;
pub mod fetch_metadata;
pub mod files;
pub mod hand;
pub mod headers;
pub mod login;
pub mod note_text;
pub mod policy_source;
pub mod record;
pub mod redirect;
pub mod route_table;
pub mod routes;
pub mod terminal;
