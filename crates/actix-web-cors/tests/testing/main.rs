//! The browser of `actix_web_cors::testing`, before applications in memory.

mod cookies;
mod fetching;
mod texts;
