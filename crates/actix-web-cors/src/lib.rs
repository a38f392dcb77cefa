#![doc = include_str!("../README.md")]
//!
//! # Types of other crates
//!
//! The types of `fetch_cors` are re-exported here: where an example imports them from `fetch_cors`, write `actix_web_cors`,
//! and you need no dependency of your own. Besides them, the public API names few types of other crates:
//!
//! - to wrap an application: `actix_web::dev::Transform`, `actix_web::dev::Service`, `actix_web::dev::ServiceRequest`,
//!   `actix_web::dev::ServiceResponse`, `actix_web::body::MessageBody`, `actix_web::body::EitherBody`, `actix_web::Error`;
//! - for sources and predicates, which get a `ServiceRequest` too: `actix_web::http::header::HeaderName`;
//! - in [`testing`]: `actix_http::Request`, `actix_web::web::Bytes`, `actix_web::cookie::SameSite` (re-exported there),
//!   `serde::Serialize` and `serde::de::DeserializeOwned`.
//!
//! # Versions
//!
//! Releases follow [Semantic Versioning](https://semver.org/spec/v2.0.0.html); before 1.0, a breaking change raises the second
//! number. So does a newer minimum version of Rust, which is never one of the last six months. The repository's `CONTRIBUTING.md`
//! says what counts as breaking: also a policy that comes to mean more or less than before.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod cors;
mod head;
mod log;
mod middleware;
mod predicate;
mod response;
mod settings;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
mod vary;

pub use cors::{Cors, UnknownWidening};
#[cfg(feature = "toml")]
pub use fetch_cors::TomlError;
pub use fetch_cors::{
    Change, ChangeStep, InvalidOrigin, InvalidPolicy, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn,
    Origin, OriginDifference, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting, Summary,
    Wanted, Widening,
    server::{Refusal, Rule},
};
pub use middleware::{CorsFuture, CorsMiddleware};
pub use predicate::RequestView;
pub use source::{
    BoxedLookup, BoxedSource, Choosing, IntoPolicy, LivePolicy, Lookup, Never, PerRequest, PerRequestAsync,
    PolicySource, SourceError,
};
