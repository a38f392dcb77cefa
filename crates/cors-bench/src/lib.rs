//! Benchmarks of `actix-web-cors` beside its peers: never published. Times are printed and never asserted.

pub mod cases;
pub mod contenders;
pub mod floor;
pub mod guard;
pub mod instructions;
pub mod measure;
pub mod memory;
pub mod plot;
pub mod report;
pub mod scale;
pub mod throughput;
pub mod times;
