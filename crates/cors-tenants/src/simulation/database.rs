//! A database with transactions: what is committed becomes visible at once and whole, and what is not, never.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::Bound::{Excluded, Unbounded},
};

use super::{Mask, Micros, Planted, name, number};
use crate::replica::{Change, Changes, Loaded, State, Tenant, Version};

#[derive(Debug)]
pub(super) struct Database {
    planted: Option<Planted>,
    pub(super) is_up: bool,
    history: u64,
    clock: i64,
    rows: HashMap<u32, Row>,
    by_version: BTreeMap<i64, u32>,
    /// Tenants below this number have a row from the start, with version 0.
    from_start: u32,
    /// The last commits, with what was there before: a standby that takes over may not have them.
    log: VecDeque<(u32, Row, i64)>,
    /// Who holds the clock's row, and who waits for it.
    holder: Option<u64>,
    waiting: VecDeque<u64>,
    open: HashMap<u64, Write>,
    transactions: u64,
    /// Numbers that were given out without the lock.
    sequence: i64,
}

/// A tenant without a policy is a tombstone, or was never there: then its version is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    version: i64,
    mask: Option<Mask>,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    tenant: u32,
    flip: u8,
    removes: bool,
    version: Option<i64>,
}

/// What was committed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Committed {
    pub(super) tenant: u32,
    pub(super) version: Version,
    pub(super) before: Mask,
    pub(super) mask: Mask,
}

impl Database {
    pub(super) fn new(from_start: u32, planted: Option<Planted>) -> Self {
        Self {
            planted,
            is_up: true,
            history: 1,
            clock: 0,
            rows: HashMap::new(),
            by_version: BTreeMap::new(),
            from_start,
            log: VecDeque::new(),
            holder: None,
            waiting: VecDeque::new(),
            open: HashMap::new(),
            transactions: 0,
            sequence: 0,
        }
    }

    fn row(&self, tenant: u32) -> Row {
        let first = Row { version: 0, mask: (tenant < self.from_start).then_some(Mask::FIRST) };
        self.rows.get(&tenant).copied().unwrap_or(first)
    }

    pub(super) fn mask(&self, tenant: u32) -> Option<Mask> {
        self.row(tenant).mask
    }

    /// Begins a change of a tenant: one origin more or less, or none at all. Returns the transactions that go on to their
    /// commit now: none while another one has the lock.
    pub(super) fn begin(&mut self, tenant: u32, flip: u8, removes: bool) -> Option<u64> {
        if !self.is_up {
            return None;
        }
        self.transactions += 1;
        let id = self.transactions;
        self.open.insert(id, Write { tenant, flip, removes, version: None });
        if self.planted == Some(Planted::LostCommit) {
            // The number first, and no lock: whoever commits later may have a lower one.
            self.sequence += 1;
            let version = self.sequence;
            self.open.entry(id).and_modify(|write| write.version = Some(version));
            return Some(id);
        }
        self.waiting.push_back(id);
        self.next()
    }

    /// Gives the lock to who waited longest, if it is free.
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.holder.is_some() {
            return None;
        }
        let id = self.waiting.pop_front()?;
        self.holder = Some(id);
        let version = self.clock + 1;
        self.open.entry(id).and_modify(|write| write.version = Some(version));
        Some(id)
    }

    /// Ends a transaction that has its version. None if it was rolled back, by itself or because the database was killed.
    pub(super) fn end(&mut self, id: u64, commits: bool) -> Option<Committed> {
        let write = self.open.remove(&id)?;
        if self.holder == Some(id) {
            self.holder = None;
        }
        let version = write.version.filter(|_| commits)?;
        let old = self.row(write.tenant);
        let mask = if write.removes { None } else { Some(old.mask.unwrap_or_default().flipped(write.flip)) };
        self.put(write.tenant, Row { version, mask });
        self.log.push_back((write.tenant, old, self.clock));
        if self.log.len() > 5 {
            self.log.pop_front();
        }
        self.clock = self.clock.max(version);
        Some(Committed {
            tenant: write.tenant,
            version: Version(version),
            before: old.mask.unwrap_or_default(),
            mask: mask.unwrap_or_default(),
        })
    }

    fn put(&mut self, tenant: u32, row: Row) {
        self.by_version.remove(&self.row(tenant).version);
        if row.version > 0 {
            self.by_version.insert(row.version, tenant);
        }
        self.rows.insert(tenant, row);
    }

    /// Ends it without notice. What was not committed never was.
    pub(super) fn kill(&mut self) {
        self.is_up = false;
        self.open.clear();
        self.waiting.clear();
        self.holder = None;
    }

    /// Another one takes its place, which does not have the last commits. Returns what tenants have then.
    pub(super) fn fail_over(&mut self, lost: usize) -> BTreeMap<u32, Mask> {
        let mut restored = BTreeMap::new();
        for _ in 0..lost {
            let Some((tenant, old, clock)) = self.log.pop_back() else { break };
            self.put(tenant, old);
            self.clock = clock;
            restored.insert(tenant, old.mask.unwrap_or_default());
        }
        self.history += u64::from(self.planted != Some(Planted::SameHistory));
        restored
    }

    pub(super) fn clock(&self) -> Version {
        Version(self.clock)
    }

    /// What a check reads.
    pub(super) fn changes(
        &self,
        after: Option<Version>,
        at_most: usize,
        compare: &[Tenant],
    ) -> Changes<Mask> {
        let mut rows = Vec::new();
        if let Some(Version(after)) = after {
            let changed = self.by_version.range((Excluded(after), Unbounded)).take(at_most);
            rows.extend(changed.filter_map(|(&version, &tenant)| {
                let state = match self.row(tenant).mask {
                    Some(mask) => State::Policy(mask),
                    None if self.planted == Some(Planted::NoTombstones) => return None,
                    None => State::Removed,
                };
                Some(Change { tenant: name(tenant), version: Version(version), state })
            }));
        }
        let compared = compare.iter().map(|tenant| {
            let row = self.row(number(tenant));
            (Tenant::clone(tenant), row.mask.map(|_| Version(row.version)))
        });
        Changes {
            history: self.history,
            as_of: self.clock(),
            more: rows.len() == at_most,
            compared: compared.collect(),
            rows,
        }
    }

    /// What a load reads.
    pub(super) fn load(&self, tenant: u32) -> Loaded<Mask> {
        let row = self.row(tenant);
        Loaded { as_of: self.clock(), found: row.mask.map(|mask| (Version(row.version), mask)) }
    }
}

/// When each commit was made, to tell how long it took to reach an instance.
#[derive(Debug, Default)]
pub(super) struct CommitTimes(HashMap<i64, Micros>);

impl CommitTimes {
    pub(super) fn add(&mut self, version: Version, now: Micros) {
        self.0.insert(version.0, now);
    }

    pub(super) fn of(&self, version: Version) -> Option<Micros> {
        self.0.get(&version.0).copied()
    }
}
