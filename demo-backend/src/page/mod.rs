//! What the page gets from its own server: [`control`] is the API for that, [`policy_view`] a policy in other words, and
//! [`prediction`] what will happen to a [`lab_request`] in an [`engine`], out of [`servers`], [`message`],
//! [`dropped`] and [`verdict`]. [`import`] makes a request and a server of an error that the reader brought. [`kinds`] says
//! what each kind of request can carry, and [`lesson`] what a lesson is made of.
//!
//! The types that cross the wire are the source of what the page knows of them: `generated` writes them, and the constants
//! that both sides need, into `demo-frontend/generated/`.

mod by_hand;
pub mod control;
pub mod dropped;
pub mod engine;
#[cfg(test)]
mod generated;
mod hand_danger;
mod hand_fix;
pub mod import;
pub mod kinds;
pub mod lab_request;
pub mod lesson;
pub mod message;
#[cfg(test)]
mod mirrors;
pub(crate) mod own_address;
pub mod policy_view;
pub mod prediction;
pub mod preset;
pub mod proxy;
pub mod servers;
pub mod verdict;
