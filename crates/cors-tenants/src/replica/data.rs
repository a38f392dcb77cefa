//! What a replica and the database tell each other. This is the contract that a store must keep.

use std::{fmt, sync::Arc, time::Duration};

use super::Time;

/// A tenant's name.
pub type Tenant = Arc<str>;

/// A number that each change takes for itself, under a lock that it holds until it is committed. So versions become visible
/// in their order: whoever has seen 7 has nothing to expect below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A read of what changed, which is to be sent to the database now; made by [`Replica::check`](super::Replica::check).
#[derive(Debug)]
#[must_use = "hand it back with the result, or the next one starts only when patience is over"]
pub struct Check {
    pub(crate) id: u64,
    pub(crate) started: Time,
    /// The version after which to read. At first none: then the clock is all that is to be read.
    pub after: Option<Version>,
    /// How many rows to read at most.
    pub at_most: usize,
    /// The tenants whose versions are to be read in addition.
    pub compare: Vec<Tenant>,
}

/// The result of a [`Check`]: all of it from one snapshot.
///
/// It must come from a database that takes writes, never from a standby that follows it: a standby may lag behind without
/// bound.
#[derive(Clone, Debug)]
pub struct Changes<P> {
    /// Which history the versions belong to. Another one, when the database was restored from a backup, or when a standby
    /// took over that may not have had the last commits.
    pub history: u64,
    /// The clock. Were it read after the rows, a change that was committed in between would be lost.
    pub as_of: Version,
    /// The tenants with a version above [`Check::after`], in the order of versions. No two have the same version.
    pub rows: Vec<Change<P>>,
    /// Whether there may be more rows: [`Check::at_most`] was reached.
    pub more: bool,
    /// The versions of the tenants in [`Check::compare`]: none for one that doesn't exist, or was removed.
    pub compared: Vec<(Tenant, Option<Version>)>,
}

/// A tenant that changed.
#[derive(Clone, Debug)]
pub struct Change<P> {
    /// The tenant.
    pub tenant: Tenant,
    /// The version of its last change.
    pub version: Version,
    /// What it has now.
    pub state: State<P>,
}

/// What a tenant has after a change.
#[derive(Clone, Debug)]
pub enum State<P> {
    /// This policy.
    Policy(P),
    /// Nothing: it was removed. The row stays as a tombstone, so that every instance hears of it.
    Removed,
    /// Nobody looked. Where the policy is held it is loaded again when somebody needs it.
    Unread,
}

/// A read of one tenant, which is to be sent to the database now; made by [`Replica::load`](super::Replica::load).
#[derive(Debug)]
#[must_use = "hand it back with the result, or nobody else loads this tenant until patience is over"]
pub struct Load {
    pub(crate) id: LoadId,
    pub(crate) started: Time,
    /// The tenant.
    pub tenant: Tenant,
}

impl Load {
    /// What those who [wait](Flight::Wait) for it know it by.
    pub fn id(&self) -> LoadId {
        self.id
    }
}

/// The number of a load. No two of a replica are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub(crate) u64);

/// The result of a [`Load`].
#[derive(Clone, Debug)]
pub struct Loaded<P> {
    /// The clock, from the same snapshot as the row.
    pub as_of: Version,
    /// The tenant's version and policy. None if it doesn't exist, or was removed.
    pub found: Option<(Version, P)>,
}

/// Who loads a tenant that somebody needs.
#[derive(Debug)]
pub enum Flight<P> {
    /// Whoever asked: send this, and give what comes of it to all who wait for it.
    Start(Load),
    /// Somebody else does already.
    Wait(LoadId),
    /// Nobody has to: this is known by now, or can't be known.
    Landed(Looked<P>),
}

/// What is known of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked<P> {
    /// It has this policy, and it is in force.
    Policy(P),
    /// It doesn't exist.
    Unknown,
    /// Nothing: it has to be loaded.
    Load,
    /// Nothing that may be used. It counts as a source that failed.
    Failed(Failed),
}

/// Why nothing is known of a tenant that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Since this instance was started, the database has not responded.
    Starting,
    /// What was known is not confirmed for so long, which is longer than it may be used.
    Lapsed(Duration),
    /// So many tenants are being loaded that this one must wait its turn.
    Busy,
    /// It could not be loaded.
    NotLoaded,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str(
                "the database has not responded since this instance was started, so nothing is allowed",
            ),
            Self::Lapsed(stale) => write!(
                f,
                "the policies are not confirmed for {} s, which is longer than they may be used",
                stale.as_secs()
            ),
            Self::Busy => f.write_str("too many tenants are being loaded"),
            Self::NotLoaded => f.write_str("the tenant's policy could not be loaded"),
        }
    }
}

impl std::error::Error for Failed {}

/// What a check came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Whether its result came too late, or was not one, and was not used.
    pub is_refused: bool,
    /// How many tenants that are held were changed.
    pub changed: usize,
    /// How many tenants differed from the database although no change was missed. Anything but 0 is a bug in the store, or
    /// a hand in the database; they are loaded again.
    pub healed: usize,
    /// Whether the database's history is another one, so that everything was forgotten and is loaded again.
    pub is_reset: bool,
}

/// How a replica is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether what it holds may be used.
    pub source: Source,
    /// How many tenants' policies it holds.
    pub known: usize,
    /// For how many tenants it holds that they don't exist.
    pub unknown: usize,
    /// How many tenants are being loaded.
    pub loading: usize,
    /// The version that it has seen.
    pub seen: Option<Version>,
    /// Checks that failed, since it was started.
    pub failed_checks: u64,
    /// The sum of [`Checked::healed`].
    pub healed: u64,
    /// How often everything was forgotten.
    pub resets: u64,
}

/// Whether what a replica holds may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The database has not responded yet: nothing may be.
    Starting,
    /// Yes.
    Fresh,
    /// Yes, but the last check is missing: this is for how long nothing was confirmed.
    Stale(Duration),
    /// Nothing was confirmed for so long that it may not.
    Lapsed(Duration),
}
