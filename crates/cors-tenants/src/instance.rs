//! One of the instances: it joins the [`replica`](crate::replica), which does no I/O, to the database and the machine's clocks.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use fetch_cors::Policy;
use tokio::sync::{Notify, watch};

use crate::{
    origins,
    replica::{
        Change, Changes, Check, Clock, Failed, Flight, Health, InvalidSettings, Load, LoadId, Loaded, Looked,
        Replica, Settings, Source, State, Tenant, Time, Version,
    },
    store::{Store, StoreError, policies::Origins, watch::News},
};

/// How long to wait after the connection for news could not be made.
const RETRY: Duration = Duration::from_secs(1);
/// How often a tenant is loaded again because it changed meanwhile.
const LOADS: usize = 3;
/// The longest sleep: the wall clock may jump meanwhile, which no timer notices.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// An instance. Clones are the same one.
#[derive(Clone)]
pub struct Instance(Arc<Inner>);

struct Inner {
    name: String,
    store: Store,
    settings: Settings,
    replica: RwLock<Replica<Policy>>,
    clock: Clock,
    started: Instant,
    /// Those who wait for a load. Locked only while the replica is.
    flights: Mutex<HashMap<LoadId, watch::Receiver<Option<Looked<Policy>>>>>,
    /// A check may be due earlier than it was.
    is_due: Notify,
    /// The connection for news may be dead, without having been told.
    is_doubtful: Notify,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").field("name", &self.0.name).finish_non_exhaustive()
    }
}

/// The settings of an instance whose policies are good for so long: with less time, it reads more often.
///
/// # Errors
///
/// If it is so short that no read could be in time.
pub fn settings(max_stale: Duration) -> Result<Settings, InvalidSettings> {
    let default = Settings::default();
    let settings = Settings {
        max_stale,
        interval: default.interval.min(max_stale / 12),
        patience: default.patience.min(max_stale / 4),
        ..default
    };
    settings.validate().map(|()| settings)
}

impl Instance {
    /// One that knows nothing yet; [`run`](Self::run) makes it learn. Its name stands in the audit log.
    pub fn new(name: &str, store: Store, settings: Settings) -> Self {
        let started = Instant::now();
        Self(Arc::new(Inner {
            name: name.to_owned(),
            store,
            replica: RwLock::new(Replica::new(settings.clone())),
            settings,
            clock: Clock::new(Duration::ZERO, wall()),
            started,
            flights: Mutex::default(),
            is_due: Notify::new(),
            is_doubtful: Notify::new(),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The settings of its replica.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How it is.
    pub fn health(&self) -> Health {
        self.read().health(self.now())
    }

    /// What is known of a tenant now.
    pub fn lookup(&self, tenant: &str) -> Looked<Policy> {
        self.read().lookup(tenant, self.now())
    }

    /// The policy of a tenant, which is loaded if it is not known. None if there is no such tenant.
    ///
    /// # Errors
    ///
    /// If it can't be known.
    pub async fn policy(&self, tenant: &str) -> Result<Option<Policy>, Failed> {
        let mut looked = self.lookup(tenant);
        for _ in 0..LOADS {
            match looked {
                Looked::Policy(policy) => return Ok(Some(policy)),
                Looked::Unknown => return Ok(None),
                Looked::Failed(failed) => return Err(failed),
                Looked::Load => looked = self.load(tenant).await,
            }
        }
        Err(Failed::NotLoaded)
    }

    /// A change was made through this instance. Nobody has to be told by the database before it looks.
    pub fn changed(&self, tenant: &str, version: i64) {
        if self.write().notified(tenant, Version(version)) {
            self.0.is_due.notify_one();
        }
    }

    /// Keeps the replica up to date, for ever. It has to be polled on one thread, and by one task.
    pub async fn run(&self) {
        // Boxed, because they would make every future large that waits for this one.
        tokio::join!(Box::pin(self.run_checks()), Box::pin(self.run_news()));
    }

    async fn load(&self, tenant: &str) -> Looked<Policy> {
        let mut landing = {
            let mut replica = self.write();
            match replica.load(tenant, self.now()) {
                Flight::Landed(looked) => return looked,
                Flight::Wait(id) => match self.flights().get(&id) {
                    Some(landing) => landing.clone(),
                    // Its task has ended without a result.
                    None => return Looked::Failed(Failed::NotLoaded),
                },
                Flight::Start(load) => {
                    let (land, landing) = watch::channel(None);
                    self.flights().insert(load.id(), landing.clone());
                    let instance = self.clone();
                    // On its own, so that it goes on for the others when this request is given up.
                    actix_web::rt::spawn(async move {
                        let flight = InFlight { id: load.id(), instance: &instance };
                        let looked = instance.fetch(load).await;
                        // First nobody can begin to wait, then all who wait are told.
                        drop(flight);
                        let _ = land.send(Some(looked));
                    });
                    landing
                }
            }
        };
        match landing.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(looked)) => looked.clone(),
            _ => Looked::Failed(Failed::NotLoaded),
        }
    }

    async fn fetch(&self, load: Load) -> Looked<Policy> {
        let loaded = within(&self.0.settings, self.0.store.load(&load.tenant)).await;
        match loaded {
            Ok(Loaded { as_of, found }) => {
                let found = found.map(|(version, origins)| (version, self.build(&load.tenant, &origins)));
                let now = self.now();
                self.write().loaded(load, Loaded { as_of, found }, now)
            }
            Err(error) => {
                tracing::warn!("the policy of {:?} could not be loaded: {error}", load.tenant);
                self.write().load_failed(&load)
            }
        }
    }

    async fn run_checks(&self) {
        let mut was = Source::Starting;
        loop {
            let now = self.now();
            let check = self.write().check(now);
            if let Some(check) = check {
                let error = self.carry_out(check).await;
                let is = self.health().source;
                self.report(was, is, error.as_ref());
                was = is;
                continue;
            }
            let pause = self.read().wakes().since(now).min(LONGEST_SLEEP);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.0.is_due.notified() => {}
            }
        }
    }

    /// Sends a check, and hands back what comes of it.
    async fn carry_out(&self, check: Check) -> Option<StoreError> {
        let changes = self.0.store.changes(check.after, check.at_most, &check.compare);
        match within(&self.0.settings, changes).await {
            Ok(changes) => {
                let changes = self.build_all(changes);
                let now = self.now();
                let checked = self.write().checked(check, changes, now);
                if checked.healed > 0 {
                    tracing::error!(
                        "{} tenants differed from the database although no change was missed; they are loaded again",
                        checked.healed
                    );
                }
                if checked.is_reset {
                    tracing::warn!(
                        "the database has another history, as after a restore; all policies are loaded again"
                    );
                }
                None
            }
            Err(error) => {
                self.write().check_failed(&check);
                self.0.is_doubtful.notify_one();
                Some(error)
            }
        }
    }

    /// Says once what has become of the source.
    fn report(&self, was: Source, is: Source, error: Option<&StoreError>) {
        let error = error.map(ToString::to_string).unwrap_or_default();
        let max_stale = self.0.settings.max_stale.as_secs();
        match (was, is) {
            (Source::Starting, Source::Starting) if self.read().health(self.now()).failed_checks <= 1 => {
                tracing::warn!("{error}; until it can, no origin is allowed");
            }
            (Source::Fresh, Source::Stale(_)) => {
                tracing::warn!("{error}; the policies that are known stay in force for {max_stale} s");
            }
            (Source::Starting | Source::Fresh | Source::Stale(_), Source::Lapsed(_)) => tracing::error!(
                "{error}; nothing was confirmed for {max_stale} s, so no origin is allowed until it can be used again"
            ),
            (Source::Stale(_) | Source::Lapsed(_), Source::Fresh) => {
                tracing::info!("the database can be used again");
            }
            _ => {}
        }
    }

    /// Waits for news of other instances' changes. They only make a check happen earlier.
    async fn run_news(&self) {
        loop {
            if let Ok(mut watch) = self.0.store.watch().await {
                // What happened before nobody told.
                self.look();
                loop {
                    let news = tokio::select! {
                        news = watch.next() => news,
                        () = self.0.is_doubtful.notified() => break,
                    };
                    match news {
                        Ok(News::Of { tenant, version }) => self.changed(&tenant, version),
                        Ok(News::Some) => self.look(),
                        Err(_) => break,
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn look(&self) {
        self.write().notified_of_anything();
        self.0.is_due.notify_one();
    }

    /// Builds the policies of those tenants that are held; others are loaded when they are needed.
    fn build_all(&self, changes: Changes<Origins>) -> Changes<Policy> {
        let held: Vec<bool> = {
            let replica = self.read();
            changes.rows.iter().map(|row| replica.holds(&row.tenant)).collect()
        };
        let rows = changes.rows.into_iter().zip(held).map(|(row, is_held)| {
            let state = match row.state {
                State::Policy(origins) if is_held => State::Policy(self.build(&row.tenant, &origins)),
                State::Policy(_) | State::Unread => State::Unread,
                State::Removed => State::Removed,
            };
            Change { tenant: row.tenant, version: row.version, state }
        });
        Changes {
            history: changes.history,
            as_of: changes.as_of,
            rows: rows.collect(),
            more: changes.more,
            compared: changes.compared,
        }
    }

    /// The policy of a tenant, whose preflight responses browsers keep no longer than this instance would keep the policy.
    fn build(&self, tenant: &Tenant, origins: &[String]) -> Policy {
        let (policy, left_out) = origins::policy(origins, self.0.settings.max_stale);
        if !left_out.is_empty() {
            tracing::warn!("{tenant}: not valid any more, so not allowed: {left_out:?}");
        }
        policy
    }

    fn now(&self) -> Time {
        self.0.clock.time(self.0.started.elapsed(), wall())
    }

    /// Nothing that panics runs while it is locked.
    fn read(&self) -> RwLockReadGuard<'_, Replica<Policy>> {
        self.0.replica.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Replica<Policy>> {
        self.0.replica.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<LoadId, watch::Receiver<Option<Looked<Policy>>>>> {
        self.0.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a load however it ends.
struct InFlight<'a> {
    id: LoadId,
    instance: &'a Instance,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.instance.flights().remove(&self.id);
    }
}

/// A read is given up when the replica does so.
async fn within<T>(
    settings: &Settings,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let timeout = tokio::time::timeout(settings.patience, read).await;
    timeout.unwrap_or_else(|_| Err(StoreError::new(format!("no response for {:?}", settings.patience))))
}

fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
