//! An API whose customers register the origins of their own front ends, on one machine or on many.
//!
//! The tenants' policies are in a database. Each instance of the API holds a copy of those that it needs, the
//! [`replica`]: a state machine that does no I/O, so that a simulation can drive it through every fault.

#![allow(clippy::doc_markdown, reason = "PostgreSQL and SQLite are names, not code")]

pub mod api;
pub mod config;
pub mod instance;
pub mod listen;
pub mod names;
pub mod origins;
mod pages;
pub mod password;
pub mod replica;
pub mod simulation;
pub mod site;
pub mod store;
