//! The run: events in the order of their time, each of which may cause others.

use std::{cmp::Reverse, collections::BinaryHeap, ops::AddAssign};

use super::{
    Mask, Micros, Planted, Promise, SECOND, Scale, Violation,
    database::{CommitTimes, Committed, Database},
    instance::{Instance, Request},
    name, number,
    plan::{Fault, Plan, micros},
    random::Random,
    truth::Truth,
};
use crate::replica::{Changes, Failed, Flight, Load, LoadId, Loaded, Looked, Source, Tenant, Version};

/// How much happened.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Instances, of all runs.
    pub instances: u64,
    /// The most instances of one run.
    pub most_instances: u64,
    /// Faults.
    pub faults: u64,
    /// Changes that were committed.
    pub commits: u64,
    /// Requests that were let in, and found to be rightly so.
    pub allowed: u64,
    /// Requests that a policy refused, or that were for no tenant.
    pub refused: u64,
    /// Requests that found nothing they could use.
    pub failed: u64,
    /// Requests that were let in by a policy that was revoked by then, within the lease.
    pub stale: u64,
    /// How stale the stalest of them was, in microseconds.
    pub stalest: u64,
    /// Checks that arrived at the database.
    pub checks: u64,
    /// Loads that arrived at the database.
    pub loads: u64,
    /// Rows that checks returned.
    pub rows: u64,
    /// From each commit to the moment when an instance that held the tenant had it, in microseconds. Only at scale.
    pub delays: Vec<u64>,
    /// How long the database was busy, over all that it can do at the same time, in microseconds. Only at scale.
    pub busy: u64,
    /// How long the runs were, in microseconds.
    pub simulated: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.instances += other.instances;
        self.most_instances = self.most_instances.max(other.most_instances);
        self.faults += other.faults;
        self.commits += other.commits;
        self.allowed += other.allowed;
        self.refused += other.refused;
        self.failed += other.failed;
        self.stale += other.stale;
        self.stalest = self.stalest.max(other.stalest);
        self.checks += other.checks;
        self.loads += other.loads;
        self.rows += other.rows;
        self.delays.extend(other.delays);
        self.busy += other.busy;
        self.simulated += other.simulated;
    }
}

/// Runs what the seed says, with a bug if one is given.
///
/// # Errors
///
/// The first promise that was broken.
pub fn run(seed: u64, planted: Option<Planted>) -> Result<Tally, Violation> {
    World::new(seed, Plan::of(seed, planted), planted).run()
}

/// Runs without faults, with as many instances and tenants as it says, and tells what that comes to.
///
/// # Errors
///
/// The first promise that was broken.
pub fn run_at_scale(seed: u64, scale: &Scale) -> Result<Tally, Violation> {
    World::new(seed, scale.plan(), None).run()
}

#[derive(Debug)]
enum Event {
    /// An instance may have something to do.
    Wake {
        instance: usize,
        start: u32,
        at: Micros,
    },
    /// Somebody sends a request, and then another one.
    Requests {
        instance: usize,
    },
    /// Somebody sends this request.
    Request {
        instance: usize,
        request: Request,
    },
    /// A read arrives at the database.
    Read {
        instance: usize,
        start: u32,
        read: Read,
    },
    /// The database has the clock, too: only for the bug of that name.
    ReadClock {
        instance: usize,
        start: u32,
        id: u64,
        changes: Changes<Mask>,
    },
    /// A response arrives.
    Response {
        instance: usize,
        start: u32,
        response: Response,
    },
    Notification {
        instance: usize,
        start: u32,
        tenant: u32,
        version: Version,
    },
    /// Somebody changes a tenant.
    Write,
    /// A transaction ends.
    End {
        transaction: u64,
    },
    Fault(Fault),
    /// The database is there again.
    Recover,
}

#[derive(Debug)]
enum Read {
    Check { id: u64, after: Option<Version>, at_most: usize, compare: Vec<Tenant> },
    Load { id: LoadId, tenant: u32 },
}

#[derive(Debug)]
enum Response {
    Checked { id: u64, changes: Option<Changes<Mask>> },
    Loaded { id: LoadId, loaded: Option<Loaded<Mask>> },
}

/// In the order of time, and of creation at the same time.
#[derive(Debug)]
struct Scheduled(Micros, u64, Event);

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

struct World {
    seed: u64,
    plan: Plan,
    planted: Option<Planted>,
    random: Random,
    now: Micros,
    events: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    instances: Vec<Instance>,
    database: Database,
    truth: Truth,
    commit_times: CommitTimes,
    /// When each of the reads that the database serves at the same time is done.
    slots: BinaryHeap<Reverse<Micros>>,
    /// The tenant that was changed last.
    changed: u32,
    tally: Tally,
}

type Outcome = Result<(), Violation>;

impl World {
    fn new(seed: u64, plan: Plan, planted: Option<Planted>) -> Self {
        let instances = (0..plan.instances).map(|_| Instance::new(&plan.settings, 0, 0, planted)).collect();
        Self {
            seed,
            planted,
            // Another stream than the plan's.
            random: Random::new(!seed),
            now: 0,
            events: BinaryHeap::new(),
            scheduled: 0,
            instances,
            database: Database::new(plan.from_start, planted),
            truth: Truth::new(plan.from_start),
            commit_times: CommitTimes::default(),
            slots: (0..plan.service.map_or(0, |(slots, _)| slots)).map(|_| Reverse(0)).collect(),
            changed: 0,
            tally: Tally {
                runs: 1,
                instances: plan.instances as u64,
                most_instances: plan.instances as u64,
                simulated: plan.end,
                ..Tally::default()
            },
            plan,
        }
    }

    fn run(mut self) -> Result<Tally, Violation> {
        for instance in 0..self.instances.len() {
            let at = self.random.below(micros(self.plan.settings.interval));
            self.at(at, Event::Wake { instance, start: 0, at });
            self.instances[instance].wakes = Some(at);
            let first = self.random.below(self.plan.request_every * 2);
            self.at(first, Event::Requests { instance });
        }
        for (at, fault) in std::mem::take(&mut self.plan.faults) {
            self.at(at, Event::Fault(fault));
        }
        self.at(0, Event::Write);
        while let Some(Reverse(Scheduled(at, _, event))) = self.events.pop() {
            if at > self.plan.end {
                break;
            }
            self.now = at;
            self.happen(event)?;
        }
        self.now = self.plan.end;
        if !self.is_at_scale() {
            // There is a quiet time at the end.
            self.agree()?;
        }
        Ok(self.tally)
    }

    fn at(&mut self, at: Micros, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse(Scheduled(at, self.scheduled, event)));
    }

    fn broken<T>(&self, promise: Promise, what: String) -> Result<T, Violation> {
        Err(Violation { seed: self.seed, at: self.now, promise, what })
    }

    fn happen(&mut self, event: Event) -> Outcome {
        // What happens to an instance that is stopped happens when it goes on; the first may be a request.
        if let Event::Wake { instance, .. }
        | Event::Requests { instance }
        | Event::Request { instance, .. }
        | Event::Response { instance, .. }
        | Event::Notification { instance, .. } = event
        {
            let until = self.instances[instance].stopped_until;
            if until > self.now {
                self.at(until, event);
                return Ok(());
            }
        }
        match event {
            Event::Wake { instance, start, at } => {
                if self.is(instance, start) && self.instances[instance].wakes == Some(at) {
                    self.instances[instance].wakes = None;
                    self.wake(instance);
                }
                Ok(())
            }
            Event::Requests { instance } => self.requests(instance),
            Event::Request { instance, request } => self.request(instance, request),
            Event::Read { instance, start, read } => {
                self.read(instance, start, read);
                Ok(())
            }
            Event::ReadClock { instance, start, id, changes } => {
                let changes = Changes { as_of: self.database.clock(), ..changes };
                self.respond(instance, start, Response::Checked { id, changes: Some(changes) });
                Ok(())
            }
            Event::Response { instance, start, response } if self.is(instance, start) => {
                self.response(instance, response)
            }
            Event::Notification { instance, start, tenant, version } if self.is(instance, start) => {
                self.instances[instance].replica.notified(&name(tenant), version);
                self.wake(instance);
                Ok(())
            }
            Event::Response { .. } | Event::Notification { .. } => Ok(()),
            Event::Write => {
                self.write();
                Ok(())
            }
            Event::End { transaction } => {
                self.end(transaction);
                Ok(())
            }
            Event::Fault(fault) => {
                self.tally.faults += 1;
                self.fault(fault);
                Ok(())
            }
            Event::Recover => {
                self.database.is_up = true;
                Ok(())
            }
        }
    }

    /// Whether an instance is the one that was meant, not one that was started after it.
    fn is(&self, instance: usize, start: u32) -> bool {
        self.instances[instance].start == start
    }

    // The network.

    /// When a message between an instance and the database arrives. None if it never does.
    fn arrives(&mut self, instance: usize) -> Option<Micros> {
        let network = self.plan.network;
        let mut delay = self.random.between(network.delay / 10, network.delay);
        if let Some((until, holds)) = self.instances[instance].cut
            && until > self.now
        {
            return holds.then_some(until + delay);
        }
        if self.now < self.plan.quiet_from {
            if self.random.chance(network.lost) {
                return None;
            }
            if self.random.chance(network.late) {
                delay = self.random.below(network.late_delay + 1);
            }
        }
        Some(self.now + delay)
    }

    fn send(&mut self, instance: usize, read: Read) {
        let start = self.instances[instance].start;
        if let Some(at) = self.arrives(instance) {
            self.at(at, Event::Read { instance, start, read });
        }
    }

    fn respond(&mut self, instance: usize, start: u32, response: Response) {
        if let Some(at) = self.arrives(instance) {
            self.at(at, Event::Response { instance, start, response });
        }
    }

    // An instance.

    /// Sends the check that is due, if one is, and sees to it that the next one is sent.
    fn wake(&mut self, number: usize) {
        let instance = &mut self.instances[number];
        let time = instance.time(self.now);
        let check = instance.replica.check(time);
        let wait = micros(instance.replica.wakes().since(time)).max(1);
        let (start, at) = (instance.start, self.now + wait);
        if instance.wakes.is_none_or(|wakes| at < wakes) {
            instance.wakes = Some(at);
            self.at(at, Event::Wake { instance: number, start, at });
        }
        let Some(check) = check else { return };
        let read = Read::Check {
            id: check.id,
            after: check.after,
            at_most: check.at_most,
            compare: check.compare.clone(),
        };
        self.instances[number].checks.push(check);
        self.send(number, read);
    }

    fn requests(&mut self, instance: usize) -> Outcome {
        let next = self.now + self.random.below(self.plan.request_every * 2 + 1);
        self.at(next, Event::Requests { instance });
        // What was changed last is asked for most, so that more goes wrong.
        let is_hot = !self.is_at_scale() && self.random.chance(400_000);
        let tenant = if is_hot { self.changed } else { self.tenant() };
        let origin = u8::try_from(self.random.below(u64::from(Mask::ORIGINS))).unwrap_or(0);
        self.request(instance, Request { tenant, origin })
    }

    /// Some tenant. At scale, half of them are of half the doublings: the first have most of the requests, as they have anywhere.
    fn tenant(&mut self) -> u32 {
        let tenants = u64::from(self.plan.tenants);
        let among = if self.is_at_scale() {
            let doublings = u64::from(u64::BITS - tenants.leading_zeros());
            tenants.min(1 << self.random.between(0, doublings))
        } else {
            tenants
        };
        u32::try_from(self.random.below(among)).unwrap_or(0)
    }

    fn is_at_scale(&self) -> bool {
        self.plan.service.is_some()
    }

    fn request(&mut self, instance: usize, request: Request) -> Outcome {
        let time = self.instances[instance].time(self.now);
        let tenant = name(request.tenant);
        let looked = self.instances[instance].replica.lookup(&tenant, time);
        if looked != Looked::Load {
            return self.responded(request, &looked);
        }
        match self.instances[instance].replica.load(&tenant, time) {
            Flight::Landed(looked) => return self.responded(request, &looked),
            Flight::Start(load) => self.start_load(instance, load, vec![request])?,
            Flight::Wait(id) => {
                if let Some((_, waiting)) = self.instances[instance].loads.get_mut(&id) {
                    waiting.push(request);
                }
                if self.planted == Some(Planted::ManyLoads) {
                    let load = Load { id, started: time, tenant };
                    self.start_load(instance, load, Vec::new())?;
                }
            }
        }
        self.bounds(instance)
    }

    fn start_load(&mut self, instance: usize, load: Load, waiting: Vec<Request>) -> Outcome {
        let here = &self.instances[instance];
        let patience = self.plan.settings.patience;
        // What was under way when everything was forgotten is of no use any more.
        let is_under_way = here.loads.values().any(|(other, _)| {
            other.tenant == load.tenant
                && load.started.since(other.started) < patience
                && here.forgot.is_none_or(|forgot| other.id.0 > forgot)
        });
        if is_under_way {
            return self.broken(
                Promise::SingleFlight,
                format!("instance {instance} loads tenant {} although it is being loaded", load.tenant),
            );
        }
        let read = Read::Load { id: load.id, tenant: number(&load.tenant) };
        self.instances[instance].loads.insert(load.id, (load, waiting));
        self.send(instance, read);
        Ok(())
    }

    fn response(&mut self, number: usize, response: Response) -> Outcome {
        let now = self.now;
        let instance = &mut self.instances[number];
        let time = instance.time(now);
        match response {
            Response::Checked { id, changes } => {
                let Some(position) = instance.checks.iter().position(|check| check.id == id) else {
                    return Ok(());
                };
                let mut check = instance.checks.swap_remove(position);
                // Those before were given up.
                instance.checks.retain(|other| other.id > id);
                let Some(changes) = changes else {
                    instance.replica.check_failed(&check);
                    self.wake(number);
                    return Ok(());
                };
                if self.planted == Some(Planted::ConfirmedAtEnd) {
                    check.started = time;
                }
                if self.plan.service.is_some() {
                    for row in &changes.rows {
                        if instance.replica.version(&row.tenant).is_some_and(|held| held < row.version) {
                            self.tally.delays.extend(self.commit_times.of(row.version).map(|at| now - at));
                        }
                    }
                }
                let checked = instance.replica.checked(check, changes, time);
                if checked.is_reset {
                    instance.forgot = instance.loads.keys().map(|id| id.0).max();
                }
                if checked.healed > 0 {
                    return self.broken(
                        Promise::NothingHealed,
                        format!("instance {number} had missed {} changes", checked.healed),
                    );
                }
                self.wake(number);
            }
            Response::Loaded { id, loaded } => {
                let Some((mut load, waiting)) = instance.loads.remove(&id) else { return Ok(()) };
                let looked = match loaded {
                    None => instance.replica.load_failed(&load),
                    Some(mut loaded) => {
                        match self.planted {
                            Some(Planted::ConfirmedAtEnd) => load.started = time,
                            Some(Planted::LoadOverwrites) => {
                                // As if it had seen all that the check has seen.
                                let seen = instance.replica.health(time).seen.unwrap_or_default();
                                loaded.as_of = loaded.as_of.max(seen);
                                if let Some((version, _)) = &mut loaded.found {
                                    *version = seen.max(*version);
                                }
                            }
                            _ => {}
                        }
                        instance.replica.loaded(load, loaded, time)
                    }
                };
                for request in waiting {
                    self.responded(request, &looked)?;
                }
            }
        }
        self.bounds(number)
    }

    /// Holds what a request came to against the truth.
    fn responded(&mut self, request: Request, looked: &Looked<Mask>) -> Outcome {
        let Request { tenant, origin } = request;
        match *looked {
            Looked::Failed(failed)
                if failed != Failed::Busy
                    && self.plan.calm
                    && self.now > micros(self.plan.settings.max_stale) =>
            {
                return self.broken(Promise::Availability, format!("a request fails: {failed}"));
            }
            Looked::Policy(mask) if mask.allows(origin) => {
                let lease = micros(self.plan.settings.max_stale);
                match self.truth.revoked_for(tenant, origin, self.now) {
                    None => self.tally.allowed += 1,
                    Some(stale) if stale <= lease => {
                        self.tally.stale += 1;
                        self.tally.stalest = self.tally.stalest.max(stale);
                    }
                    Some(Micros::MAX) => {
                        return self.broken(
                            Promise::Lease,
                            format!("tenant {tenant} never allowed origin {origin}"),
                        );
                    }
                    Some(stale) => {
                        return self.broken(
                            Promise::Lease,
                            format!(
                                "origin {origin} was let in by tenant {tenant}'s policy, which had revoked it {stale} µs before; max_stale is {lease} µs"
                            ),
                        );
                    }
                }
            }
            Looked::Policy(_) | Looked::Unknown => self.tally.refused += 1,
            Looked::Failed(_) | Looked::Load => self.tally.failed += 1,
        }
        Ok(())
    }

    fn bounds(&self, number: usize) -> Outcome {
        let settings = &self.plan.settings;
        let health = self.instances[number].replica.health(self.instances[number].time(self.now));
        for (name, value, most) in [
            ("known", health.known, settings.known),
            ("unknown", health.unknown, settings.unknown),
            ("loads", health.loading, settings.loads),
        ] {
            if value > most {
                return self.broken(
                    Promise::Bounds,
                    format!("instance {number} holds {value} {name}, at most {most}"),
                );
            }
        }
        Ok(())
    }

    // The database.

    fn read(&mut self, instance: usize, start: u32, read: Read) {
        match &read {
            Read::Check { .. } => self.tally.checks += 1,
            Read::Load { .. } => self.tally.loads += 1,
        }
        let response = if self.database.is_up {
            match read {
                Read::Check { id, after, at_most, compare } => {
                    let changes = self.database.changes(after, at_most, &compare);
                    self.tally.rows += changes.rows.len() as u64;
                    if self.planted == Some(Planted::ClockAfterRows) {
                        let at = self.now + self.random.below(SECOND / 10);
                        self.at(at, Event::ReadClock { instance, start, id, changes });
                        return;
                    }
                    Response::Checked { id, changes: Some(changes) }
                }
                Read::Load { id, tenant } => {
                    Response::Loaded { id, loaded: Some(self.database.load(tenant)) }
                }
            }
        } else if self.random.chance(500_000) {
            return;
        } else {
            match read {
                Read::Check { id, .. } => Response::Checked { id, changes: None },
                Read::Load { id, .. } => Response::Loaded { id, loaded: None },
            }
        };
        let Some((_, takes)) = self.plan.service else { return self.respond(instance, start, response) };
        // Served in turn. What it returns is as of its arrival, so it is staler than it would be.
        let Some(Reverse(free)) = self.slots.pop() else { return };
        let done = free.max(self.now) + takes;
        self.slots.push(Reverse(done));
        self.tally.busy += takes;
        let delay = self.plan.network.delay;
        self.at(done + delay, Event::Response { instance, start, response });
    }

    fn write(&mut self) {
        if self.now >= self.plan.quiet_from {
            return;
        }
        let next = self.now + self.random.below(self.plan.write_every * 2 + 1);
        self.at(next, Event::Write);
        let tenant = self.tenant();
        let flip = u8::try_from(self.random.below(u64::from(Mask::ORIGINS))).unwrap_or(0);
        let removes = self.random.chance(150_000);
        let goes_on = self.database.begin(tenant, flip, removes);
        self.go_on(goes_on);
    }

    fn go_on(&mut self, transaction: Option<u64>) {
        if let Some(transaction) = transaction {
            let at = self.now + self.random.below(self.plan.write_takes);
            self.at(at, Event::End { transaction });
        }
    }

    fn end(&mut self, transaction: u64) {
        let commits = self.now < self.plan.quiet_from && !self.random.chance(50_000);
        let committed = self.database.end(transaction, commits);
        if let Some(committed) = committed {
            self.tally.commits += 1;
            self.changed = committed.tenant;
            self.truth.set(committed.tenant, committed.mask, self.now);
            self.commit_times.add(committed.version, self.now);
            for instance in 0..self.instances.len() {
                self.notify(instance, committed.tenant, committed.version);
                if !self.is_at_scale() {
                    self.probe(instance, committed);
                }
            }
        }
        let goes_on = self.database.next();
        self.go_on(goes_on);
    }

    /// Requests of what was revoked at the worst time: as soon as the lease is over.
    fn probe(&mut self, instance: usize, committed: Committed) {
        let Committed { tenant, before, mask, .. } = committed;
        let revoked = (0..Mask::ORIGINS).filter(|&origin| before.allows(origin) && !mask.allows(origin));
        for origin in revoked {
            let lease = micros(self.plan.settings.max_stale);
            for after in [1, self.random.below(lease)] {
                let at = self.now + lease + after;
                self.at(at, Event::Request { instance, request: Request { tenant, origin } });
            }
        }
    }

    fn notify(&mut self, instance: usize, tenant: u32, version: Version) {
        let network = self.plan.network;
        let times = if self.random.chance(network.notification_lost) {
            0
        } else {
            1 + u64::from(self.random.chance(network.notification_twice))
        };
        for _ in 0..times {
            if let Some(at) = self.arrives(instance) {
                let start = self.instances[instance].start;
                self.at(at, Event::Notification { instance, start, tenant, version });
            }
        }
    }

    // Faults.

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Cut { instance, until, holds } => self.instances[instance].cut = Some((until, holds)),
            Fault::Stop { instance, until, machine } => {
                self.instances[instance].stop(self.now, until, machine);
            }
            Fault::SetClock { instance, by } => {
                if self.instances[instance].stopped_until <= self.now {
                    self.instances[instance].set_clock(by, self.now);
                }
            }
            Fault::Restart { instance, until } => {
                // It is down until then: nothing that is for the old one or the new one comes before.
                let mut restarted = self.instances[instance].restarted(&self.plan.settings, until);
                restarted.stopped_until = until;
                restarted.wakes = Some(until);
                let start = restarted.start;
                self.instances[instance] = restarted;
                self.at(until, Event::Wake { instance, start, at: until });
            }
            Fault::Kill { until, fails_over } => {
                self.database.kill();
                if let Some(lost) = fails_over {
                    for (tenant, mask) in self.database.fail_over(lost) {
                        self.truth.set(tenant, mask, self.now);
                    }
                }
                self.at(until, Event::Recover);
            }
            Fault::Reconnect { instance } => {
                if self.instances[instance].stopped_until <= self.now {
                    self.instances[instance].replica.notified_of_anything();
                    self.wake(instance);
                }
            }
        }
    }

    // The end.

    /// Long after the last fault, every instance has what the database has, and may use it.
    fn agree(&self) -> Outcome {
        for (number, instance) in self.instances.iter().enumerate() {
            let time = instance.time(self.now);
            let source = instance.replica.health(time).source;
            if source != Source::Fresh {
                return self.broken(Promise::Availability, format!("instance {number} is {source:?}"));
            }
            for tenant in 0..self.plan.tenants {
                let expected = self.database.mask(tenant);
                let looked = instance.replica.lookup(&name(tenant), time);
                let agrees = match looked {
                    Looked::Policy(mask) => expected == Some(mask),
                    Looked::Unknown => expected.is_none(),
                    Looked::Load => true,
                    Looked::Failed(_) => false,
                };
                if !agrees {
                    return self.broken(
                        Promise::Agreement,
                        format!(
                            "instance {number} has {looked:?} for tenant {tenant}, the database {expected:?}"
                        ),
                    );
                }
            }
        }
        Ok(())
    }
}
