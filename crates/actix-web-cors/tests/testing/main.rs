//! The browser of `actix_web_cors::testing`, in front of applications in memory.

mod cookies;
mod diagnoses;
mod fetching;
mod texts;
