//! Replicas, a database and the network between them, in one thread, with all that goes wrong: what happens is decided by a
//! seed, so whatever is found is found again.
//!
//! The replica is the one that the server runs. Around it are a database with transactions (`database`), a network that
//! delays, loses, holds back and repeats messages, instances that are restarted and machines that are suspended (`instance`),
//! and clocks that are set. Each response is held against what was true when (`truth`): **nobody is let in by a policy that
//! was revoked more than `max_stale` ago.** Then all faults end, and all instances must agree with the database.
//!
//! A yardstick that never fails measures nothing: [`Planted`] has the bugs that it must find.

mod database;
mod instance;
mod plan;
mod random;
mod truth;
mod world;

use std::{error::Error, fmt, str::FromStr};

pub use plan::Scale;
pub use world::{Tally, run, run_at_scale};

/// A time in microseconds.
type Micros = u64;

const SECOND: Micros = 1_000_000;

/// A policy: which of a few origins it allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mask(u8);

impl Mask {
    const ORIGINS: u8 = 3;
    const FIRST: Self = Self(1);

    fn allows(self, origin: u8) -> bool {
        self.0 & (1 << origin) != 0
    }

    fn flipped(self, origin: u8) -> Self {
        Self(self.0 ^ (1 << origin))
    }
}

/// The name of a tenant.
fn name(number: u32) -> crate::replica::Tenant {
    number.to_string().into()
}

/// The tenant of a name.
fn number(name: &str) -> u32 {
    name.parse().unwrap_or(u32::MAX)
}

/// A bug that is put in on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The database gives out versions without a lock, as a sequence does: whoever commits late has a version that checks have
    /// passed.
    LostCommit,
    /// A check reads the rows first and then the clock.
    ClockAfterRows,
    /// Checks don't return that a tenant was removed.
    NoTombstones,
    /// A database that was restored is taken for the one before.
    SameHistory,
    /// What was confirmed once stays in force.
    NoLease,
    /// What a read confirms is good from when its response arrives.
    ConfirmedAtEnd,
    /// The time is that of the monotonic clock, which stands still while the machine is suspended.
    MonotonicClock,
    /// A load puts back what was true before a check that came first.
    LoadOverwrites,
    /// Whoever needs a tenant loads it.
    ManyLoads,
    /// The caches have no bound.
    NoBound,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::LostCommit,
        Self::ClockAfterRows,
        Self::NoTombstones,
        Self::SameHistory,
        Self::NoLease,
        Self::ConfirmedAtEnd,
        Self::MonotonicClock,
        Self::LoadOverwrites,
        Self::ManyLoads,
        Self::NoBound,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::LostCommit => "lost-commit",
            Self::ClockAfterRows => "clock-after-rows",
            Self::NoTombstones => "no-tombstones",
            Self::SameHistory => "same-history",
            Self::NoLease => "no-lease",
            Self::ConfirmedAtEnd => "confirmed-at-end",
            Self::MonotonicClock => "monotonic-clock",
            Self::LoadOverwrites => "load-overwrites",
            Self::ManyLoads => "many-loads",
            Self::NoBound => "no-bound",
        }
    }
}

impl FromStr for Planted {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|planted| planted.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("{name:?} is not a bug that can be planted. Write one of: {}", names.join(", "))
        })
    }
}

/// What must not happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed that shows it.
    pub seed: u64,
    /// When it happened, in microseconds of the simulation.
    pub at: u64,
    /// Which promise was broken.
    pub promise: Promise,
    /// What happened.
    pub what: String,
}

/// What the simulation asserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// Nobody is let in by a policy that was revoked more than `max_stale` ago.
    Lease,
    /// After the last fault, all instances agree with the database.
    Agreement,
    /// While nothing is wrong, no request fails.
    Availability,
    /// An instance has one load of a tenant under way at most.
    SingleFlight,
    /// The caches and the loads keep within their bounds.
    Bounds,
    /// No comparison finds what the changes missed.
    NothingHealed,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at / SECOND, self.at % SECOND);
        write!(f, "seed {}, after {seconds}.{micros:06} s: {:?}: {}", self.seed, self.promise, self.what)
    }
}

impl Error for Violation {}
