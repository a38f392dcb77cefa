//! The world of the theorem: generated policies and requests, what a policy means, what is between a browser and a handler,
//! and the properties that must hold for every implementation of the server's end.

#![allow(clippy::missing_panics_doc, reason = "a property that does not hold is a panic")]
#![allow(missing_docs, reason = "each module has its own comments")]

mod any;
mod checks;
pub mod meaning;
pub mod network;
pub mod world;

pub use any::{AnyFetch, AnyResponse, any_fetch, any_value, check_any_fetch};
pub use checks::{
    Counted, Lack, Serve, Steps, cases, check_change, check_cold, check_noisy, check_shared_cache,
    check_steps, steps,
};
