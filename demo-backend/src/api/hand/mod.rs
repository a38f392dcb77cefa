//! The server written by hand: what may stand in it, and what it responds with. The handler and the predictions both take it
//! from [`respond()`], so that they can't drift apart. It stands outside of the policy: `Cors` writes nothing here.
//!
//! It is as broken as its author likes, but it shares its host name with all that the visitor runs on `localhost`, and its
//! origin with the notes API. [`problems`] keeps both safe.

mod handler;
mod respond;
mod rules;

pub use handler::by_hand;
pub use respond::{HandReply, HandRequest, respond};
pub use rules::{HandProblem, problems};
