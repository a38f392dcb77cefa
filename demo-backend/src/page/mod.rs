//! What the page gets from its own server: [`control`] is the API for that, [`policy_view`] a policy in other words, and
//! [`prediction`] what will happen to a [`lab_request`] in an [`engine`], out of [`servers`], [`message`] and
//! [`verdict`]. [`kinds`] says what each kind of request can carry, and [`lesson`] what a lesson is made of. [`own`] sends
//! to a server that isn't the Lab's.
//!
//! The types that cross the wire are the source of what the page knows of them: `generated` writes them, and the constants
//! that both sides need, into `demo-frontend/generated/`.

pub mod control;
pub mod engine;
#[cfg(test)]
mod generated;
pub mod kinds;
pub mod lab_request;
pub mod lesson;
pub mod message;
#[cfg(test)]
mod mirrors;
pub mod own;
pub mod policy_view;
pub mod prediction;
pub mod servers;
pub mod verdict;
