//! Real browsers for end-to-end tests: finds an engine on this machine, starts it over WebDriver, and removes everything
//! that it left.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use end_to_end::Engine;
//! use serde_json::json;
//!
//! let session = Engine::Firefox.find()?.start().await?;
//! session.goto("http://localhost:3000/").await?;
//! session.wait_for("#send", Duration::from_secs(5)).await?.click().await?;
//! let status = session.eval_async("return (await fetch(arguments[0])).status", &[json!("/")]).await?;
//! assert_eq!(status, 200);
//! session.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Sessions share nothing (each has its own ports, profile and display), so tests may run in parallel. Assertions, servers
//! and pages are in the tests; only those of [`conformance`] are here.

#![allow(clippy::doc_markdown, reason = "WebKit and WebDriver are names, not code")]

pub mod conformance;
mod console;
mod driver;
mod engine;
pub mod kept;
pub mod peer;
pub mod postgres;
mod processes;
mod program;
mod session;
mod trials;

pub use fantoccini;

pub use console::Message;
pub use engine::{Engine, Installed, Missing, required_engines};
pub use program::Program;
pub use session::{Failed, Session, StartError};
pub use trials::{
    Check, Shared, run_checks_in_each_engine, run_in_each_engine, trial_of, trials_in_each_engine,
    trials_in_engine,
};

/// The front page's examples, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FrontPage;
