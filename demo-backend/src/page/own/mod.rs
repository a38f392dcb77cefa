//! *Your own API*: the page sends a real request to a server that isn't the Lab's, and next to it the Lab plays the browser over
//! a socket of its own, so that what the browser hides is shown, and the cause is named.
//!
//! Whoever can make the Lab send could reach what only this machine reaches. So:
//!
//! - It is on only while all of the Lab's servers listen on loopback addresses, and it is part of the control API, with that
//!   API's rules: no page of another origin can use it.
//! - `target` decides where anything is sent: to loopback addresses, never to the Lab itself, and elsewhere only if the
//!   person who started the Lab said so. Each redirect is checked as the first target is, and the address that was checked is
//!   the one that is connected to.
//! - `client` bounds each exchange in time and in size. It sends no credentials but those that were typed.
//! - `play` sends `GET`, `HEAD` and `OPTIONS`, and another method only after the person confirmed it. Probes are sent
//!   one at a time, each after the person chose it.

mod client;
mod play;
mod routes;
mod target;
mod view;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use client::Limits;
use play::Play;
use target::{Gate, by_system};

pub use routes::routes;
#[cfg(test)]
pub(super) use {
    play::{OwnRequest, ProbeChoice},
    routes::OwnState,
    view::OwnView,
};

/// The most fetches that are kept, for their probes.
const MAX_PLAYS: usize = 16;
/// The most that are under way at once.
const MAX_BUSY: usize = 4;

/// What *Your own API* needs, and what it keeps.
#[derive(Debug)]
pub struct OwnApis {
    is_on: bool,
    gate: Gate,
    limits: Limits,
    /// The latest at the end.
    plays: Mutex<VecDeque<(String, Arc<tokio::sync::Mutex<Play>>)>>,
    busy: Semaphore,
}

impl OwnApis {
    /// For a Lab that listens at these ports. It is on only if all its addresses are loopback addresses.
    pub fn new(is_on: bool, own_ports: Vec<u16>, allows_remote: bool) -> Self {
        Self {
            is_on,
            gate: Gate { own_ports, allows_remote, resolve: by_system() },
            limits: Limits::default(),
            plays: Mutex::default(),
            busy: Semaphore::new(MAX_BUSY),
        }
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    fn keep(&self, id: String, play: Play) -> Arc<tokio::sync::Mutex<Play>> {
        let play = Arc::new(tokio::sync::Mutex::new(play));
        let mut plays = self.plays.lock().unwrap_or_else(PoisonError::into_inner);
        if plays.len() >= MAX_PLAYS {
            plays.pop_front();
        }
        plays.push_back((id, Arc::clone(&play)));
        play
    }

    fn find(&self, id: &str) -> Option<Arc<tokio::sync::Mutex<Play>>> {
        let plays = self.plays.lock().unwrap_or_else(PoisonError::into_inner);
        plays.iter().find(|(other, _)| other == id).map(|(_, play)| Arc::clone(play))
    }
}
