//! CORS Lab's two servers in one process: an API on one port, wrapped in [`actix_web_cors::Cors`], and on another port the
//! page that sends requests to it. The binary only reads the command line; everything else is here, so that tests start
//! the same thing that people do.
//!
//! - [`api`]: a notes API like anybody's. It knows nothing of CORS.
//! - [`exchange_log`]: what came over the wire to the API and what went back.
//! - [`policy_file`]: the policy, read from `cors.toml` again whenever that is saved.
//! - [`control`]: what the page may ask of its own server: the log, and the policy in force.
//! - [`demo`]: puts them together, and starts and stops them.

pub mod api;
pub mod control;
pub mod demo;
pub mod exchange_log;
pub mod policy_file;

pub use demo::{Demo, Options, Running, StartError};
