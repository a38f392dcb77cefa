//! CORS Lab's servers in one process: an API on one port, wrapped in [`actix_web_cors::Cors`], on another the page that
//! sends requests to it, and on a third a page that should not be able to. The binary only reads the command line;
//! everything else is here, so that tests start the same thing that people do.
//!
//! The API, from the outside in:
//!
//! - [`exchange_log`]: what came over the wire and what went back; [`terminal`]: a line of it.
//! - [`shared_cache`]: a small cache in between, for the paths that ask for it.
//! - [`session`]: whose notes, policy and log a path is about. The middleware asks it for the policy.
//! - [`api`]: a notes API like anybody's, and a few things more that pages load. It knows nothing of CORS. [`notes`] is
//!   what it keeps, [`redirect`] where it leads, [`place`] how its paths are built.
//!
//! The page's server:
//!
//! - [`control`]: what the page may ask of it, and nobody else.
//! - [`prediction`]: what will happen to a request ([`lab_request`]), by the model of the browser and by what the API would
//!   answer ([`route_table`]).
//! - [`policy_file`]: the default session's policy, read from `cors.toml` again whenever that is saved; [`policy_view`]:
//!   any policy as file, code, JSON and sentences.
//!
//! [`demo`] puts them together, and starts and stops them.

pub mod api;
pub mod control;
pub mod demo;
pub mod exchange_log;
pub mod lab_request;
mod listeners;
pub mod notes;
pub mod origins;
pub mod place;
pub mod policy_file;
pub mod policy_view;
pub mod prediction;
pub mod redirect;
pub mod route_table;
pub mod session;
pub mod shared_cache;
pub mod terminal;

pub use demo::{Demo, Options, Running, StartError};
pub use origins::Origins;
