//! The diagnosis against servers that know what is wrong with them.

mod property;
mod threads;
mod world;
