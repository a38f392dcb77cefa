//! Benchmarks of `actix-web-cors` next to its peers: never published.
//!
//! Instructions are counted by callgrind and guarded; times are printed and never asserted. No well-kept harness stands
//! in for the two loops here, because what counts is a *difference* between two services, divided by another one:
//! gungraun, criterion and divan compare a benchmark with its own past.

pub mod adoption;
pub mod cases;
pub mod check;
pub mod contenders;
pub mod floor;
pub mod guard;
pub mod instructions;
pub mod report;
pub mod scale;
pub mod service;
pub mod times;
