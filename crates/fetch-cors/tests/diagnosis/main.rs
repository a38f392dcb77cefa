//! The diagnosis against servers that know what is wrong with them.

mod limits;
mod policy;
mod property;
mod threads;
mod unseen;
mod words;
mod world;
