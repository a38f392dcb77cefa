//! Benchmarks of `actix-web-cors` beside the peers: never published, and nothing here is asserted but right answers.

pub mod cases;
pub mod contenders;
pub mod floor;
pub mod measure;
