//! How long a copy is good for, and how much of it is kept.

use std::{error::Error, fmt, time::Duration};

/// The settings of a [`Replica`](super::Replica).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a policy stays in force after the start of the last read that confirmed it. By default 60 s.
    pub max_stale: Duration,
    /// The time from the start of one check to the start of the next. By default 5 s.
    pub interval: Duration,
    /// How long a read may take before it is given up. By default 5 s.
    pub patience: Duration,
    /// The least time from the start of one check to the start of the next, however many notifications come. By default
    /// 20 ms.
    pub gap: Duration,
    /// How many tenants' policies are kept. By default 100 000.
    pub known: usize,
    /// For how many tenants it is kept that they don't exist. By default 10 000.
    pub unknown: usize,
    /// How many tenants are loaded at the same time. By default 32.
    pub loads: usize,
    /// How many changes a check reads at most; the next one reads the rest. By default 10 000.
    pub changes: usize,
    /// How many tenants, of those that are kept, a check compares with the database in addition to the changes. By default
    /// 100.
    pub compared: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_stale: Duration::from_secs(60),
            interval: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            gap: Duration::from_millis(20),
            known: 100_000,
            unknown: 10_000,
            loads: 32,
            changes: 10_000,
            compared: 100,
        }
    }
}

impl Settings {
    /// What is wrong with them, if anything is.
    ///
    /// # Errors
    ///
    /// If policies would lapse although the database responds in time, or if there is no room for even one tenant.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        let least = self.interval.saturating_mul(2).saturating_add(self.patience);
        if self.interval.is_zero() || self.patience.is_zero() {
            let name = if self.interval.is_zero() { "interval" } else { "patience" };
            return Err(InvalidSettings(format!(
                "{name} is 0, so nothing would ever be read. Write at least 1 ms"
            )));
        }
        if self.max_stale < least {
            return Err(InvalidSettings(format!(
                "max_stale is {:?}, but one check that fails and one that takes as long as it may take {least:?} together \
                 (2 × interval + patience), so policies would lapse while the database responds. Write a max_stale of at \
                 least {least:?}, or a shorter interval or patience",
                self.max_stale
            )));
        }
        for (name, value) in [
            ("known", self.known),
            ("unknown", self.unknown),
            ("loads", self.loads),
            ("changes", self.changes),
        ] {
            if value == 0 {
                return Err(InvalidSettings(format!(
                    "{name} is 0, which leaves no room for a tenant. Write at least 1"
                )));
            }
        }
        Ok(())
    }
}

/// Why [`Settings`] are not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSettings(String);

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidSettings {}
