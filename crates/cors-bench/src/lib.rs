//! Benchmarks of `actix-web-cors` next to its peers: never published.
//!
//! Instructions are counted by callgrind and guarded; times are printed and never asserted. [`instructions`] and [`times`]
//! say why each keeps a loop of its own instead of a well-kept harness.

pub mod adoption;
pub mod cases;
pub mod check;
pub mod contenders;
pub mod floor;
pub mod guard;
pub mod instructions;
mod lock;
mod many_origins;
mod median;
pub mod report;
pub mod scale;
pub mod service;
pub mod soak;
pub mod times;
