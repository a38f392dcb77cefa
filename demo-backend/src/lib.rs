//! CORS Lab's servers in one process: an API on one port, wrapped in [`actix_web_cors::Cors`], a page on another that sends
//! requests to it, and on a third the page of an attacker. The binary only reads the command line; everything else is here, so
//! that tests start what people start.
//!
//! - [`session`]: the state. Each session has a policy, notes, a log, a shared cache and remembered preflights.
//! - [`api`]: the API's server, from the log that sees every exchange to the routes, which know nothing of CORS.
//! - [`page`]: what the page gets from its own server: control of a session, and predictions.
//! - [`api_path`]: how the API's paths are built and read. [`origins`]: where the three servers are.
//! - [`output`]: what is printed, which nothing ever waits for.
//! - [`demo`] puts them together, and starts and stops them.
//!
//! `api` and `page` use `session`, and `page` uses the part of `api` that says what would be responded; nothing points the
//! other way.

pub mod api;
pub mod api_path;
pub mod demo;
mod json_error;
mod listeners;
pub mod origins;
pub mod output;
mod own_name;
pub mod page;
pub mod session;
mod start_error;
mod whole_body;

pub use demo::{Demo, Options, Running};
pub use origins::Origins;
pub use output::Output;
pub use start_error::StartError;
