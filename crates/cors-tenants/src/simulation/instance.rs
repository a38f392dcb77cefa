//! An instance: a replica, the clocks of its machine, and what it has asked of the database.

use std::{collections::HashMap, time::Duration};

use super::{Mask, Micros, Planted};
use crate::replica::{Check, Clock, Load, LoadId, Replica, Settings, Time};

/// A request that waits for a tenant to be loaded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) tenant: u32,
    pub(super) origin: u8,
}

#[derive(Debug)]
pub(super) struct Instance {
    pub(super) replica: Replica<Mask>,
    /// Which start it is. What was meant for an earlier one is not for this one.
    pub(super) start: u32,
    started: Micros,
    clock: Clock,
    /// How far the wall clock is wrong.
    set_by: i64,
    /// How long the machine was suspended since the start.
    suspended: Micros,
    /// Until when it does nothing.
    pub(super) stopped_until: Micros,
    /// Until when the network is cut, and whether messages are held back rather than lost.
    pub(super) cut: Option<(Micros, bool)>,
    pub(super) checks: Vec<Check>,
    pub(super) loads: HashMap<LoadId, (Load, Vec<Request>)>,
    /// The last load before everything was forgotten.
    pub(super) forgot: Option<u64>,
    /// When it wakes.
    pub(super) wakes: Option<Micros>,
    planted: Option<Planted>,
}

/// The wall clock's time at the start of a run, far from its own start.
const EPOCH: Micros = 1_800_000_000_000_000;

impl Instance {
    pub(super) fn new(settings: &Settings, start: u32, now: Micros, planted: Option<Planted>) -> Self {
        let mut settings = settings.clone();
        match planted {
            Some(Planted::NoLease) => settings.max_stale = Duration::MAX,
            Some(Planted::NoBound) => (settings.known, settings.unknown) = (usize::MAX, usize::MAX),
            _ => {}
        }
        Self {
            replica: Replica::new(settings),
            start,
            started: now,
            clock: Clock::new(Duration::ZERO, Duration::from_micros(EPOCH + now)),
            set_by: 0,
            suspended: 0,
            stopped_until: 0,
            cut: None,
            checks: Vec::new(),
            loads: HashMap::new(),
            forgot: None,
            wakes: None,
            planted,
        }
    }

    /// Killed and started again at `now`, with nothing left of what it knew.
    pub(super) fn restarted(&self, settings: &Settings, now: Micros) -> Self {
        Self { cut: self.cut, ..Self::new(settings, self.start + 1, now, self.planted) }
    }

    /// What its clocks make of the time.
    pub(super) fn time(&self, now: Micros) -> Time {
        let monotonic = Duration::from_micros(now - self.started - self.suspended);
        let wall = if self.planted == Some(Planted::MonotonicClock) {
            Duration::from_micros(EPOCH) + monotonic
        } else {
            Duration::from_micros((EPOCH + now).saturating_add_signed(self.set_by))
        };
        self.clock.time(monotonic, wall)
    }

    pub(super) fn stop(&mut self, now: Micros, until: Micros, machine: bool) {
        let until = until.max(self.stopped_until);
        if machine {
            self.suspended += until - now.max(self.stopped_until);
        }
        self.stopped_until = until;
    }

    pub(super) fn set_clock(&mut self, by: i64, now: Micros) {
        self.set_by += by;
        // Somebody reads it before the machine is suspended: a clock that is set back at the very moment would hide it.
        self.time(now);
    }
}
