//! What the targets share: how bytes become values, and the naive definitions that the library is compared with. A naive
//! definition shares no code with what it checks, and prefers being obvious to being fast.

pub mod config;
pub mod draw;
pub mod naive;
pub mod origins;
pub mod vector;
