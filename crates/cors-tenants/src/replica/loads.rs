//! Loads: one for each tenant that somebody needs, however many wait for it.

use super::{Failed, Flight, InFlight, Load, LoadId, Loaded, Looked, Replica, State, Tenant, Time};

impl<P: Clone> Replica<P> {
    /// For a tenant that [`lookup`](Self::lookup) does not know: who loads it.
    pub fn load(&mut self, tenant: &str, now: Time) -> Flight<P> {
        let now = self.latest(now);
        let looked = self.lookup(tenant, now);
        // It is loaded only after the first check, which has the version that a load is compared with.
        let (Looked::Load, Some((_, seen))) = (&looked, self.seen) else { return Flight::Landed(looked) };
        let patience = self.settings.patience;
        if let Some(load) = self.loads.get(tenant).filter(|load| now.since(load.started) < patience) {
            return Flight::Wait(load.id);
        }
        if self.loads.len() >= self.settings.loads {
            self.loads.retain(|_, load| now.since(load.started) < patience);
            if self.loads.len() >= self.settings.loads {
                return Flight::Landed(Looked::Failed(Failed::Busy));
            }
        }
        let id = LoadId(self.next_id());
        let tenant = Tenant::from(tenant);
        self.loads.insert(Tenant::clone(&tenant), InFlight { id, started: now, seen, newest: None });
        Flight::Start(Load { id, started: now, tenant })
    }

    /// What came of a load, for whoever waits for it. It is [`Looked::Load`] if the tenant changed meanwhile and has to be
    /// loaded again.
    pub fn loaded(&mut self, load: Load, loaded: Loaded<P>, now: Time) -> Looked<P> {
        let Some(flight) = self.land(&load) else { return Looked::Failed(Failed::NotLoaded) };
        if loaded.as_of < flight.seen {
            // The database has gone back. The next check finds out.
            self.checks.is_wanted = true;
            return Looked::Failed(Failed::NotLoaded);
        }
        let (mut version, mut policy) = match loaded.found {
            Some((version, policy)) => (version, Some(policy)),
            None => (loaded.as_of, None),
        };
        if let Some((newest, state)) = flight.newest.filter(|(newest, _)| *newest > version) {
            version = newest;
            policy = match state {
                State::Policy(policy) => Some(policy),
                State::Removed => None,
                State::Unread => return Looked::Load,
            };
        }
        let looked = policy.clone().map_or(Looked::Unknown, Looked::Policy);
        self.hold(load.tenant, version, policy, load.started);
        self.lapsed(load.started, self.latest(now)).map_or(looked, Looked::Failed)
    }

    /// A load came to nothing; what those get who wait for it.
    pub fn load_failed(&mut self, load: &Load) -> Looked<P> {
        self.land(load);
        Looked::Failed(Failed::NotLoaded)
    }

    /// Ends a load. None if another one has taken its place, or everything was forgotten meanwhile.
    fn land(&mut self, load: &Load) -> Option<InFlight<P>> {
        if self.loads.get(&load.tenant)?.id == load.id { self.loads.remove(&load.tenant) } else { None }
    }
}
