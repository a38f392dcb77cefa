//! An instance's copy of the tenants' policies.
//!
//! It is a state machine: it neither reads a clock nor sends anything. Whoever drives it passes the [`Time`] in, sends the
//! reads that it wants, and hands back what came of them:
//!
//! ```text
//!   every request          lookup ─▶ Policy, Unknown, Failed
//!                             └────▶ Load ─▶ load ─▶ Start ──▶ the database ──▶ loaded / load_failed
//!                                                 ─▶ Wait for the same
//!   at wakes(), and        check ──▶ Some(Check) ──▶ the database ──▶ checked / check_failed
//!   after a notification
//! ```
//!
//! # What it promises
//!
//! **A policy that was revoked is not in force for longer than [`max_stale`](Settings::max_stale).** What a read returned was
//! true at some moment after the read was sent, and nobody knows when, because the response may have been on its way for long. So
//! everything is confirmed as of the *start* of the read that confirmed it, and is good for `max_stale` from then.
//!
//! - A check reads the changes after the version that was last seen, and by that confirms everything that is held. Versions become
//!   visible in their order, so no change is missed, however late it was committed.
//! - A notification only says that it is time for a check. So it may be lost, come twice, or be wrong.
//! - A load that started before a check may return what was true before it. The changes that checks return meanwhile are
//!   remembered for each load, and the newest version is kept.
//! - Everything is forgotten when the database has another history, as after a restore from a backup: its versions mean
//!   something else.
//! - In each check some tenants, in turn, are compared with the database. That would heal what no reasoning has foreseen, and tell of it.
//!
//! **It is bounded**, in known tenants, unknown tenants, and loads at the same time; and **each tenant is loaded once**, however
//! many requests wait for it.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

mod cache;
mod checks;
mod data;
mod loads;
mod settings;
mod time;

use cache::Cache;
pub use data::{
    Change, Changes, Check, Checked, Failed, Flight, Health, Load, LoadId, Loaded, Looked, Source, State,
    Tenant, Version,
};
pub use settings::{InvalidSettings, Settings};
pub use time::{Clock, Time};

/// How long after a check that failed the next one starts, at most.
const RETRY: Duration = Duration::from_secs(1);

/// An instance's copy of the tenants' policies, which are of the type `P`: one that is cheap to clone.
///
/// Put it behind an `RwLock`: look-ups share it, everything else is short and excludes them.
#[derive(Debug)]
pub struct Replica<P> {
    settings: Settings,
    /// The latest time that was passed in, in microseconds: a time that goes back makes no lease longer.
    latest: AtomicU64,
    known: Cache<Known<P>>,
    unknown: Cache<Unknown>,
    loads: HashMap<Tenant, InFlight<P>>,
    ids: u64,
    /// The history and the version that was last seen in it.
    seen: Option<(u64, Version)>,
    /// As of when everything is confirmed.
    confirmed: Option<Time>,
    checks: Checks,
    healed: u64,
    resets: u64,
}

#[derive(Debug)]
struct Known<P> {
    version: Version,
    policy: P,
    /// When the read started that it comes from.
    read: Time,
}

#[derive(Debug)]
struct Unknown {
    /// As of which version there was no such tenant.
    version: Version,
    read: Time,
}

#[derive(Debug)]
struct InFlight<P> {
    id: LoadId,
    started: Time,
    /// What was seen when it started.
    seen: Version,
    /// The newest change that a check returned since then.
    newest: Option<(Version, State<P>)>,
}

#[derive(Debug, Default)]
struct Checks {
    /// The one that the database has not responded to.
    current: Option<(u64, Time)>,
    /// When the last one started.
    last: Option<Time>,
    /// Whether the next one is due as soon as it may be.
    is_wanted: bool,
    /// Whether the last one failed.
    has_failed: bool,
    /// How many have.
    failed: u64,
}

impl<P: Clone> Replica<P> {
    /// Starts with nothing, so nothing is allowed.
    pub fn new(settings: Settings) -> Self {
        Self {
            latest: AtomicU64::new(0),
            known: Cache::new(settings.known),
            unknown: Cache::new(settings.unknown),
            loads: HashMap::new(),
            ids: 0,
            seen: None,
            confirmed: None,
            checks: Checks::default(),
            healed: 0,
            resets: 0,
            settings,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is known of a tenant. For every request, so it only reads.
    pub fn lookup(&self, tenant: &str, now: Time) -> Looked<P> {
        let now = self.latest(now);
        let Some(confirmed) = self.confirmed else { return Looked::Failed(Failed::Starting) };
        if let Some(known) = self.known.get(tenant) {
            return match self.lapsed(known.read.max(confirmed), now) {
                None => Looked::Policy(known.policy.clone()),
                Some(failed) => Looked::Failed(failed),
            };
        }
        if let Some(unknown) = self.unknown.get(tenant) {
            return match self.lapsed(unknown.read.max(confirmed), now) {
                None => Looked::Unknown,
                Some(failed) => Looked::Failed(failed),
            };
        }
        // With the database gone for so long a load would only keep the request waiting.
        self.lapsed(confirmed, now).map_or(Looked::Load, Looked::Failed)
    }

    fn lapsed(&self, confirmed: Time, now: Time) -> Option<Failed> {
        let stale = now.since(confirmed);
        self.is_lapsed(stale).then_some(Failed::Lapsed(stale))
    }

    /// A little early, because what the clocks miss must not make it late.
    fn is_lapsed(&self, stale: Duration) -> bool {
        stale >= self.settings.max_stale.saturating_sub(Clock::DRIFT)
    }

    /// Time that goes back stands still instead.
    fn latest(&self, now: Time) -> Time {
        let latest = self.latest.load(Relaxed);
        let micros = now.micros();
        if micros <= latest {
            return Time::from_micros(latest);
        }
        // Not for every microsecond, so look-ups on many threads share the cache line.
        if micros - latest > 1000 {
            self.latest.fetch_max(micros, Relaxed);
        }
        now
    }

    /// Whether it is known of a tenant what it has, or somebody loads it. What changed elsewhere is of no concern here.
    pub fn holds(&self, tenant: &str) -> bool {
        self.known.contains(tenant) || self.unknown.contains(tenant) || self.loads.contains_key(tenant)
    }

    /// How it is.
    pub fn health(&self, now: Time) -> Health {
        let now = self.latest(now);
        let source = match self.confirmed.map(|confirmed| now.since(confirmed)) {
            None => Source::Starting,
            Some(stale) if self.is_lapsed(stale) => Source::Lapsed(stale),
            Some(stale) if self.checks.has_failed || stale > self.settings.interval * 2 => {
                Source::Stale(stale)
            }
            Some(_) => Source::Fresh,
        };
        Health {
            source,
            known: self.known.len(),
            unknown: self.unknown.len(),
            loading: self.loads.len(),
            seen: self.seen.map(|(_, version)| version),
            failed_checks: self.checks.failed,
            healed: self.healed,
            resets: self.resets,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Puts what was read at `read` in the place of what is held, if there is anything.
    fn hold(&mut self, tenant: Tenant, version: Version, policy: Option<P>, read: Time) {
        if let Some(policy) = policy {
            self.unknown.remove(&tenant);
            self.known.insert(tenant, Known { version, policy, read });
        } else {
            self.known.remove(&tenant);
            self.unknown.insert(tenant, Unknown { version, read });
        }
    }

    /// As of which version it is known what a tenant has.
    pub(crate) fn version(&mut self, tenant: &str) -> Option<Version> {
        let known = self.known.get_mut(tenant).map(|known| known.version);
        known.or_else(|| self.unknown.get_mut(tenant).map(|unknown| unknown.version))
    }
}
