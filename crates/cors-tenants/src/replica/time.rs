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
    /// Clocks drift apart and are brought together again: less than this is not a jump.
    pub const DRIFT: Duration = Duration::from_secs(1);

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
        // What the clocks show, and the time, in seconds.
        type Readings<'a> = &'a [(u64, u64, u64)];
        let rows: [(&str, Readings<'_>); 8] = [
            ("both go on", &[(10, 1010, 10), (20, 1020, 20)]),
            ("set back", &[(10, 500, 10), (20, 510, 20)]),
            ("set back to 1970", &[(10, 0, 10), (20, 0, 20)]),
            ("suspended for 600 s", &[(10, 1610, 610), (20, 1620, 620)]),
            ("set back, then suspended", &[(10, 500, 10), (20, 1110, 620)]),
            ("a drift is not a jump", &[(10, 1011, 10), (20, 1019, 20)]),
            ("a long drift is", &[(10, 1011, 10), (20, 1022, 22)]),
            ("set ahead, then right again", &[(10, 5010, 4010), (20, 1020, 4020), (30, 1030, 4030)]),
        ];
        for (name, readings) in rows {
            let clock = Clock::new(Duration::ZERO, Duration::from_secs(1000));
            for &(monotonic, wall, expected) in readings {
                let time = clock.time(Duration::from_secs(monotonic), Duration::from_secs(wall));
                assert_eq!(time.since_start(), Duration::from_secs(expected), "{name}");
            }
        }
    }
}
