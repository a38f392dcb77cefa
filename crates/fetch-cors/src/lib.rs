#![doc = include_str!("../README.md")]
//!
//! # Types of other crates
//!
//! The public API names few types of other crates:
//!
//! - `serde::Serialize` and `serde::Deserialize`, which policies and what is said about them implement;
//! - `url::Url`, which the browser's end takes and re-exports.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "diagnosis")]
pub mod diagnosis;
#[cfg(feature = "server")]
mod origin_set;
#[cfg(feature = "server")]
mod policy;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "toml")]
pub use policy::TomlError;
#[cfg(feature = "server")]
pub use policy::{
    Change, Difference, InvalidOrigin, InvalidPolicy, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn,
    Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting, Step, Summary, Wanted,
    Widening,
};
