#![doc = include_str!("../README.md")]
//!
//! # Types of other crates
//!
//! The public API names few types of other crates:
//!
//! - `serde::Serialize` and `serde::Deserialize`, which policies and what is said about them implement;
//! - `url::Url`, which the browser's end takes and re-exports.
//!
//! # Versions
//!
//! Releases follow [Semantic Versioning](https://semver.org/spec/v2.0.0.html); before 1.0, a breaking change raises the second
//! number. So does a newer minimum version of Rust, which is never one of the last six months. The repository's `CONTRIBUTING.md`
//! says what counts as breaking: also a policy that comes to mean more or less than before.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "diagnosis")]
pub mod diagnosis;
#[cfg(any(feature = "browser", feature = "server"))]
mod masked;
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
    Change, ChangeStep, InvalidOrigin, InvalidPolicy, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn,
    Origin, OriginDifference, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting, Summary,
    Wanted, Widening,
};
