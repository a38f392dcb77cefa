//! The time that leases are measured in.

use std::{
    ops::{Add, Sub},
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Release},
        },
    },
    time::Duration,
};

/// A moment, as the time since some start, in microseconds. Only the instance that made it can compare it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The moment that is so long after the start.
    #[allow(clippy::cast_possible_truncation, reason = "after 580 000 years")]
    pub const fn after_start(duration: Duration) -> Self {
        Self(duration.as_micros() as u64)
    }

    /// How long after the start it is.
    pub const fn since_start(self) -> Duration {
        Duration::from_micros(self.0)
    }

    pub(super) const fn micros(self) -> u64 {
        self.0
    }

    pub(super) const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// How long after `earlier` it is; nothing if it is not.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::after_start(duration).0))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(Self::after_start(duration).0))
    }
}

/// Makes a [`Time`] of the machine's two clocks, so that neither makes a lease longer.
///
/// The monotonic clock is never set back, but it stands still while the machine is suspended, or while its hypervisor stops
/// it: a policy that was confirmed before would seem fresh afterwards. The wall clock shows that time has passed, but it can
/// be set to anything. So the time goes with the monotonic clock, and when the wall clock jumps ahead of it, the time does,
/// too. When the wall clock is set back, nothing happens.
#[derive(Debug)]
pub struct Clock {
    /// How far the wall clock was ahead of the monotonic clock after its last jump, in microseconds.
    ahead: AtomicU64,
    /// The sum of all jumps ahead, in microseconds.
    jumped: AtomicU64,
    jump: Mutex<()>,
}

impl Clock {
    /// The two are not read at the same moment, and each goes a little wrong: less than this is not a jump.
    pub const DRIFT: Duration = Duration::from_millis(100);

    /// Starts with what the two clocks show: the time since the process started, and since 1970.
    pub fn new(monotonic: Duration, wall: Duration) -> Self {
        let ahead = AtomicU64::new(ahead(monotonic, wall));
        Self { ahead, jumped: AtomicU64::new(0), jump: Mutex::new(()) }
    }

    /// The time, from what the two clocks show now. Read them again for every request: whoever comes first after the machine
    /// was suspended must not find an old policy in force.
    pub fn time(&self, monotonic: Duration, wall: Duration) -> Time {
        let now = ahead(monotonic, wall);
        // A lock only when the wall clock has jumped, so look-ups on many threads share the cache line.
        if now.abs_diff(self.ahead.load(Acquire)) > DRIFT {
            let _jump = self.jump.lock().unwrap_or_else(PoisonError::into_inner);
            let before = self.ahead.load(Acquire);
            if now.abs_diff(before) > DRIFT {
                self.jumped.fetch_add(now.saturating_sub(before), Release);
                // Second: whoever sees that it is not a jump any more sees the sum.
                self.ahead.store(now, Release);
            }
        }
        Time::after_start(monotonic) + Duration::from_micros(self.jumped.load(Acquire))
    }
}

const DRIFT: u64 = Time::after_start(Clock::DRIFT).0;

fn ahead(monotonic: Duration, wall: Duration) -> u64 {
    Time::after_start(wall).0.saturating_sub(Time::after_start(monotonic).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_clock_makes_a_lease_longer() {
        // What the clocks show, and the time, in milliseconds.
        type Readings<'a> = &'a [(u64, u64, u64)];
        let rows: [(&str, Readings<'_>); 8] = [
            ("both go on", &[(1000, 101_000, 1000), (2000, 102_000, 2000)]),
            ("set back", &[(1000, 50_000, 1000), (2000, 51_000, 2000)]),
            ("set back to 1970", &[(1000, 0, 1000), (2000, 0, 2000)]),
            ("suspended for 60 s", &[(1000, 161_000, 61_000), (2000, 162_000, 62_000)]),
            ("set back, then suspended", &[(1000, 50_000, 1000), (2000, 111_000, 62_000)]),
            ("a drift is not a jump", &[(1000, 101_100, 1000), (2000, 101_900, 2000)]),
            ("a long drift is", &[(1000, 101_090, 1000), (2000, 102_180, 2180)]),
            ("set ahead, then right", &[(1000, 501_000, 401_000), (2000, 102_000, 402_000)]),
        ];
        for (name, readings) in rows {
            let clock = Clock::new(Duration::ZERO, Duration::from_secs(100));
            for &(monotonic, wall, expected) in readings {
                let time = clock.time(Duration::from_millis(monotonic), Duration::from_millis(wall));
                assert_eq!(time.since_start(), Duration::from_millis(expected), "{name}");
            }
        }
    }
}
