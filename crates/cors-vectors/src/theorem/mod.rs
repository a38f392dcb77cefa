//! The world of the theorem: policies and requests that are generated, what a policy means, what stands between a browser
//! and a handler, and the properties that hold whatever serves.

#![allow(clippy::missing_panics_doc, reason = "a property that does not hold is a panic")]
#![allow(missing_docs, reason = "each module's own comments say what matters")]

mod checks;
pub mod meaning;
pub mod network;
pub mod world;

pub use checks::{
    Counted, Serve, Steps, cases, check_cold, check_noisy, check_shared_cache, check_steps, steps,
};
