//! What happens in a run: how many take part, and what goes wrong when.

use std::time::Duration;

use super::{Micros, Planted, SECOND, random::Random};
use crate::replica::Settings;

/// A run, as its seed has it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) instances: usize,
    /// Tenants are numbered; those below `from_start` exist from the start.
    pub(super) tenants: u32,
    pub(super) from_start: u32,
    pub(super) settings: Settings,
    /// The mean time between two requests to one instance.
    pub(super) request_every: Micros,
    /// The mean time between two changes.
    pub(super) write_every: Micros,
    /// How long a transaction may take.
    pub(super) write_takes: Micros,
    pub(super) network: Network,
    pub(super) faults: Vec<(Micros, Fault)>,
    /// When faults and changes end.
    pub(super) quiet_from: Micros,
    pub(super) end: Micros,
    /// Whether nothing goes wrong at all.
    pub(super) calm: bool,
    /// How many reads the database serves at the same time, and how long one takes. None if that does not matter.
    pub(super) service: Option<(usize, Micros)>,
}

/// How messages fare. Chances are in a million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    pub(super) delay: Micros,
    pub(super) late: u64,
    pub(super) late_delay: Micros,
    pub(super) lost: u64,
    pub(super) notification_lost: u64,
    pub(super) notification_twice: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// An instance and the database don't reach each other. What is sent meanwhile is lost, or arrives at the end.
    Cut { instance: usize, until: Micros, holds: bool },
    /// An instance does nothing; on a machine that is suspended, its monotonic clock stands still, too.
    Stop { instance: usize, until: Micros, machine: bool },
    /// The wall clock is set.
    SetClock { instance: usize, by: i64 },
    /// An instance is killed and started again.
    Restart { instance: usize, until: Micros },
    /// The database is killed and started again, or another one takes its place that does not have the last commits.
    Kill { until: Micros, fails_over: Option<usize> },
    /// Notifications come again, after a time without.
    Reconnect { instance: usize },
}

impl Plan {
    pub(super) fn of(seed: u64, planted: Option<Planted>) -> Self {
        let mut random = Random::new(seed);
        let random = &mut random;
        let instances = match random.below(100) {
            0..60 => random.between(1, 4),
            60..95 => random.between(5, 15),
            _ => random.between(16, 100),
        };
        let tenants = u32::try_from(random.between(1, 20)).unwrap_or(1);
        let settings = settings(random, planted);
        let lease = micros(settings.max_stale);
        let quiet_from = random.between(2, 4) * lease;
        let calm = random.chance(30_000);
        let network = network(random, lease, calm);
        let count = if calm { 0 } else { random.between(0, 6 + instances) };
        let faults = (0..count).map(|_| fault(random, instances, quiet_from, lease)).collect();
        let write_every = random.between(SECOND / 5, SECOND * 4);
        // Whatever was late when the faults ended is given up; then checks read all that was changed meanwhile.
        let reads = quiet_from / write_every / settings.changes as u64 + 1;
        let settles = (micros(settings.patience) + micros(settings.interval)) * 2
            + reads * (micros(settings.gap) + network.delay * 2);
        Self {
            instances: usize::try_from(instances).unwrap_or(1),
            tenants,
            from_start: tenants - u32::try_from(random.below(u64::from(tenants))).unwrap_or(0),
            request_every: random.between(SECOND / 20, SECOND / 2) * instances.min(8),
            write_every,
            write_takes: random.pick(&[SECOND / 100, SECOND / 2, 3 * SECOND]),
            network,
            faults,
            quiet_from,
            calm,
            end: quiet_from + settles,
            service: None,
            settings,
        }
    }
}

fn settings(random: &mut Random, planted: Option<Planted>) -> Settings {
    let interval = random.between(200, 3000);
    let patience = random.between(200, 3000);
    let least = interval * 2 + patience;
    let compares = random.chance(500_000) && planted.is_none();
    let most = |random: &mut Random| usize::try_from(random.between(1, 24)).unwrap_or(1);
    Settings {
        max_stale: Duration::from_millis(random.between(least, least + 10_000)),
        interval: Duration::from_millis(interval),
        patience: Duration::from_millis(patience),
        gap: Duration::from_millis(random.between(0, 100)),
        known: most(random),
        unknown: most(random),
        loads: most(random),
        changes: most(random) + 4,
        compared: if compares { most(random) } else { 0 },
    }
}

fn network(random: &mut Random, lease: Micros, calm: bool) -> Network {
    let late_delay = random.pick(&[SECOND / 2, SECOND * 3, lease, lease * 2]);
    let usual = Network {
        delay: random.between(100, 50_000),
        late: 0,
        late_delay,
        lost: 0,
        notification_lost: random.pick(&[0, 100_000, 1_000_000]),
        notification_twice: 100_000,
    };
    if calm {
        return usual;
    }
    Network { late: random.pick(&[0, 10_000, 200_000]), lost: random.pick(&[0, 10_000, 200_000]), ..usual }
}

fn fault(random: &mut Random, instances: u64, end: Micros, lease: Micros) -> (Micros, Fault) {
    let at = random.below(end);
    // Shorter than the lease as often as longer.
    let most = random.pick(&[lease / 4, lease, lease * 2]);
    let until = (at + random.between(1, most)).min(end);
    let instance = usize::try_from(random.below(instances)).unwrap_or(0);
    let fault = match random.below(100) {
        0..40 => Fault::Cut { instance, until, holds: random.chance(500_000) },
        40..60 => Fault::Stop { instance, until, machine: random.chance(500_000) },
        60..70 => {
            let by = i64::try_from(random.between(0, lease * 4)).unwrap_or(0);
            Fault::SetClock { instance, by: by - i64::try_from(lease * 2).unwrap_or(0) }
        }
        70..80 => Fault::Restart { instance, until },
        80..95 => {
            let lost = usize::try_from(random.between(0, 5)).unwrap_or(0);
            Fault::Kill { until, fails_over: random.chance(400_000).then_some(lost) }
        }
        _ => Fault::Reconnect { instance },
    };
    (at, fault)
}

/// A run without faults that shows how long a change takes to arrive, and what the database has to do.
#[derive(Clone, Debug)]
pub struct Scale {
    /// How many instances.
    pub instances: usize,
    /// How many tenants.
    pub tenants: u32,
    /// Changes in each second.
    pub writes: f64,
    /// Requests to each instance in each second.
    pub requests: f64,
    /// How long it runs.
    pub duration: Duration,
    /// How many reads the database serves at the same time.
    pub slots: usize,
    /// How long a read takes.
    pub read: Duration,
    /// Whether there are notifications.
    pub notifies: bool,
    /// The replicas' settings.
    pub settings: Settings,
}

impl Scale {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of less than one in 500 000 years"
    )]
    pub(super) fn plan(&self) -> Plan {
        let every = |rate: f64| (1e6 / rate.max(1e-9)) as Micros;
        let end = micros(self.duration);
        Plan {
            instances: self.instances,
            tenants: self.tenants,
            from_start: self.tenants,
            settings: self.settings.clone(),
            request_every: every(self.requests),
            write_every: every(self.writes),
            write_takes: 2000,
            network: Network {
                delay: 1000,
                late: 0,
                late_delay: SECOND,
                lost: 0,
                notification_lost: if self.notifies { 0 } else { 1_000_000 },
                notification_twice: 0,
            },
            faults: Vec::new(),
            quiet_from: end,
            end,
            calm: false,
            service: Some((self.slots, micros(self.read))),
        }
    }
}

pub(super) fn micros(duration: Duration) -> Micros {
    u64::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}
