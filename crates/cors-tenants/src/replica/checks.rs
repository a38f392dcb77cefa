//! Checks: what changed is read, and by that, what did not change is confirmed.

use super::{Changes, Check, Checked, RETRY, Replica, State, Tenant, Time, Version};

impl<P: Clone> Replica<P> {
    /// The check that is due, if one is: then send it. There is one at a time; one whose result is not here when patience is
    /// over is given up.
    pub fn check(&mut self, now: Time) -> Option<Check> {
        let now = self.latest(now);
        if now < self.wakes() {
            return None;
        }
        if self.checks.current.take().is_some() {
            self.failed();
        }
        let id = self.next_id();
        self.checks.current = Some((id, now));
        self.checks.last = Some(now);
        // A notification that comes from now on may tell of what this check does not see.
        self.checks.is_wanted = false;
        let mut compare = self.known.turn(self.settings.compared);
        compare.extend(self.unknown.turn(self.settings.compared - compare.len()));
        let after = self.seen.map(|(_, version)| version);
        Some(Check { id, started: now, after, at_most: self.settings.changes, compare })
    }

    /// When [`check`](Self::check) has one, if nothing else happens.
    pub fn wakes(&self) -> Time {
        if let Some((_, started)) = self.checks.current {
            return started + self.settings.patience;
        }
        let pause = if self.checks.is_wanted && !self.checks.has_failed {
            self.settings.gap
        } else if self.checks.has_failed {
            RETRY.min(self.settings.interval)
        } else {
            self.settings.interval
        };
        self.checks.last.map_or(Time::default(), |last| last + pause)
    }

    /// The database says that a tenant has a new version. Whether that concerns what is held: then [`wakes`](Self::wakes)
    /// may be earlier than it was.
    pub fn notified(&mut self, tenant: &str, version: Version) -> bool {
        let is_news = self.seen.is_none_or(|(_, seen)| version > seen) && self.holds(tenant);
        self.checks.is_wanted |= is_news;
        is_news
    }

    /// Something may have changed, and nobody knows what: notifications come again after a time without them, or a file was
    /// written to.
    pub fn notified_of_anything(&mut self) {
        self.checks.is_wanted = true;
    }

    /// What came of a check.
    #[allow(clippy::needless_pass_by_value, reason = "it is used once")]
    pub fn checked(&mut self, check: Check, changes: Changes<P>, now: Time) -> Checked {
        let Check { id, started, .. } = check;
        self.latest(now);
        if self.checks.current.is_none_or(|(current, _)| current != id) {
            return Checked { is_refused: true, ..Checked::default() };
        }
        self.checks.current = None;
        self.checks.has_failed = false;
        if self.seen.is_none_or(|(history, seen)| history != changes.history || changes.as_of < seen) {
            let is_reset = self.seen.is_some();
            self.forget();
            self.resets += u64::from(is_reset);
            self.seen = Some((changes.history, changes.as_of));
            self.confirmed = Some(started);
            return Checked { is_reset, ..Checked::default() };
        }
        let last = changes.rows.iter().map(|row| row.version).max();
        let mut checked = Checked::default();
        for row in changes.rows {
            checked.changed += usize::from(self.change(row.tenant, row.version, row.state, started));
        }
        if changes.more {
            self.seen = last.map(|last| (changes.history, last)).or(self.seen);
            self.checks.is_wanted = true;
            return checked;
        }
        self.seen = Some((changes.history, last.unwrap_or_default().max(changes.as_of)));
        self.confirmed = Some(started);
        for (tenant, found) in changes.compared {
            checked.healed += usize::from(self.compare(&tenant, found, changes.as_of));
        }
        self.healed += checked.healed as u64;
        checked
    }

    /// A check came to nothing.
    pub fn check_failed(&mut self, check: &Check) {
        if self.checks.current.is_some_and(|(id, _)| id == check.id) {
            self.checks.current = None;
            self.failed();
        }
    }

    fn failed(&mut self) {
        self.checks.has_failed = true;
        self.checks.failed += 1;
    }

    fn forget(&mut self) {
        self.known.clear();
        self.unknown.clear();
        self.loads.clear();
    }

    /// Applies a change; whether it changed anything that is held.
    fn change(&mut self, tenant: Tenant, version: Version, state: State<P>, read: Time) -> bool {
        if let Some(load) = self.loads.get_mut(&tenant)
            && load.newest.as_ref().is_none_or(|(newest, _)| *newest < version)
        {
            load.newest = Some((version, state.clone()));
        }
        if self.version(&tenant).is_none_or(|held| held >= version) {
            return false;
        }
        match state {
            State::Policy(policy) => self.hold(tenant, version, Some(policy), read),
            State::Removed => self.hold(tenant, version, None, read),
            State::Unread => self.drop_held(&tenant),
        }
        true
    }

    /// Compares what is held with what was found as of a version; whether it differed, and was dropped.
    fn compare(&mut self, tenant: &str, found: Option<Version>, as_of: Version) -> bool {
        let is_known = self.known.contains(tenant);
        // What is newer than the comparison can't be compared.
        let Some(held) = self.version(tenant).filter(|held| *held <= as_of) else { return false };
        let agrees = if is_known { found == Some(held) } else { found.is_none() };
        if !agrees {
            self.drop_held(tenant);
        }
        !agrees
    }

    fn drop_held(&mut self, tenant: &str) {
        self.known.remove(tenant);
        self.unknown.remove(tenant);
    }
}
