//! Who works with the Lab: each session has notes, a policy, a log, a cache and remembered preflights of its own, so that
//! several people or tabs don't disturb each other. All of it is bounded, and what nobody uses is dropped.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{HttpMessage as _, dev::ServiceRequest};
use actix_web_cors::{InvalidPolicy, Lookup, Policy, PolicyConfig, PolicySource, SourceError};

use crate::{
    exchange_log::ExchangeLog, notes::Notes, place::DEFAULT, policy_file::PolicyFile, prediction::Remembered,
    shared_cache::SharedCache,
};

/// The one that was idle longest goes when there are more.
pub const MAX_SESSIONS: usize = 1000;
/// When a session that nobody uses is dropped.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// How many visitors a session tells apart. The oldest goes when there are more.
const MAX_VISITORS: usize = 16;

/// One person's or tab's Lab.
pub struct Session {
    id: String,
    policy: Governed,
    /// In milliseconds since the Lab was started.
    used: AtomicU64,
    state: Mutex<State>,
}

/// Who says what the policy is.
enum Governed {
    /// The default session's: `cors.toml`.
    ByFile(PolicyFile),
    /// Everyone else's: the page.
    ByPage(Mutex<Written>),
}

/// A policy as somebody wrote it.
#[derive(Clone, Debug)]
pub struct Written {
    /// As it was written.
    pub config: PolicyConfig,
    /// What is in force.
    pub policy: Policy,
    /// Goes up with each policy put in force.
    pub generation: u64,
}

/// What a session holds beside its policy.
#[derive(Default)]
pub struct State {
    /// What the API keeps.
    pub notes: Notes,
    /// Who came with which cookie, and how often.
    pub visitors: Visitors,
    /// What came over the wire.
    pub log: ExchangeLog,
    /// What the cache in between keeps.
    pub cache: SharedCache,
    /// The preflights that the browser should remember.
    pub remembered: Remembered,
}

/// The visits of a session's API, by the cookie.
#[derive(Debug, Default)]
pub struct Visitors {
    counts: Vec<(u64, u32)>,
    total: u32,
}

impl Visitors {
    /// Counts a visit of whoever has this cookie, or of somebody new, and says whose cookie and how many.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers for a new cookie.
    pub fn count(&mut self, cookie: Option<u64>) -> Result<(u64, u32), getrandom::Error> {
        let known = self.counts.iter().position(|(id, _)| Some(*id) == cookie);
        let at = if let Some(at) = known {
            at
        } else {
            if self.counts.len() >= MAX_VISITORS {
                self.counts.remove(0);
            }
            self.counts.push((getrandom::u64()?, 0));
            self.counts.len() - 1
        };
        self.total = self.total.saturating_add(1);
        let (id, visits) = &mut self.counts[at];
        *visits = visits.saturating_add(1);
        Ok((*id, *visits))
    }

    /// How many visits there were, whoever came.
    pub fn total(&self) -> u32 {
        self.total
    }
}

impl Session {
    fn new(id: String, policy: Governed, now: Duration) -> Self {
        Self { id, policy, used: AtomicU64::new(millis(now)), state: Mutex::default() }
    }

    /// Its name in paths.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        match &self.policy {
            Governed::ByFile(file) => file.live().current(),
            Governed::ByPage(written) => lock(written).policy.clone(),
        }
    }

    /// The policy's file, if one governs it.
    pub fn policy_file(&self) -> Option<&PolicyFile> {
        match &self.policy {
            Governed::ByFile(file) => Some(file),
            Governed::ByPage(_) => None,
        }
    }

    /// The policy in force as it was written.
    pub fn written(&self) -> Written {
        match &self.policy {
            Governed::ByFile(file) => {
                let report = file.report();
                let policy = file.live().current();
                Written { config: report.config, policy, generation: report.generation }
            }
            Governed::ByPage(written) => lock(written).clone(),
        }
    }

    /// Puts another policy in force; a file's policy is the file's matter, and stays.
    ///
    /// # Errors
    ///
    /// When it is no valid policy. Then nothing changes.
    pub fn replace_policy(&self, config: PolicyConfig) -> Result<(), InvalidPolicy> {
        let policy = Policy::try_from(config.clone())?;
        if let Governed::ByPage(written) = &self.policy {
            let mut written = lock(written);
            let generation = written.generation + 1;
            *written = Written { config, policy: or_nothing(policy), generation };
        }
        Ok(())
    }

    /// Everything as new.
    pub fn reset(&self) {
        if let Governed::ByPage(written) = &self.policy {
            let mut written = lock(written);
            let generation = written.generation + 1;
            *written = Written { generation, ..Written::nothing() };
        }
        *self.state() = State::default();
    }

    /// What it holds beside its policy.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn is_idle(&self, now: Duration) -> bool {
        now.saturating_sub(self.last_used()) > IDLE
    }

    fn last_used(&self) -> Duration {
        Duration::from_millis(self.used.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Written {
    fn nothing() -> Self {
        Self { config: PolicyConfig::default(), policy: Policy::deny_all(), generation: 1 }
    }
}

/// Here a policy without origins is the first step of a lesson, and no mistake to warn of.
pub(crate) fn or_nothing(policy: Policy) -> Policy {
    if policy.lists_no_origin() { Policy::deny_all() } else { policy }
}

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    started: Instant,
    default: Arc<Session>,
    made: Mutex<HashMap<String, Arc<Session>>>,
}

impl Sessions {
    /// With the default one, which the file governs and which is never dropped.
    pub fn new(policy_file: PolicyFile) -> Self {
        let default = Session::new(DEFAULT.to_owned(), Governed::ByFile(policy_file), Duration::ZERO);
        Self { started: Instant::now(), default: Arc::new(default), made: Mutex::default() }
    }

    /// The time since the Lab was started.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The one that the file governs.
    pub fn default_session(&self) -> &Arc<Session> {
        &self.default
    }

    /// The session of this id, which counts as a use of it.
    pub fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.find_at(id, self.now())
    }

    fn find_at(&self, id: &str, now: Duration) -> Option<Arc<Session>> {
        if id == DEFAULT {
            return Some(Arc::clone(&self.default));
        }
        let mut made = lock(&self.made);
        made.retain(|_, session| !session.is_idle(now));
        let session = made.get(id)?;
        session.used.store(millis(now), Ordering::Relaxed);
        Some(Arc::clone(session))
    }

    /// A new session with the first notes and a policy that allows nothing.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers for its id.
    pub fn create(&self) -> Result<Arc<Session>, getrandom::Error> {
        self.create_at(self.now())
    }

    fn create_at(&self, now: Duration) -> Result<Arc<Session>, getrandom::Error> {
        let id = random_id()?;
        let session = Session::new(id.clone(), Governed::ByPage(Mutex::new(Written::nothing())), now);
        let session = Arc::new(session);
        let mut made = lock(&self.made);
        made.retain(|_, session| !session.is_idle(now));
        if made.len() >= MAX_SESSIONS {
            let idlest = made.values().min_by_key(|session| session.last_used());
            if let Some(id) = idlest.map(|session| session.id.clone()) {
                made.remove(&id);
            }
        }
        made.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// How many there are beside the default one.
    pub fn count(&self) -> usize {
        lock(&self.made).len()
    }
}

/// A hundred random bits: who doesn't know the id can't get at the session.
fn random_id() -> Result<String, getrandom::Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds a lock; and if it did, whole values are all there is to find.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The policy of the session that a request's path names; see [`exchange_log::record`](crate::exchange_log::record).
///
/// It reads no header: the path decides, since a preflight carries neither cookies nor the headers of the request that it
/// asks for.
#[derive(Clone, Debug)]
pub struct BySession {
    /// For paths that name no session.
    nobody: Policy,
}

impl Default for BySession {
    fn default() -> Self {
        Self { nobody: Policy::deny_all() }
    }
}

impl PolicySource for BySession {
    type Future = std::future::Ready<Result<Option<Policy>, SourceError>>;

    fn lookup(&self, request: &ServiceRequest) -> Lookup<'_, Self::Future> {
        match request.extensions().get::<Arc<Session>>() {
            Some(session) => Lookup::Ready(Some(session.policy())),
            None => Lookup::Found(&self.nobody),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("cors.toml");
        std::fs::write(&path, "").expect("the file can be written");
        Sessions::new(PolicyFile::open(&path).expect("an empty policy is valid"))
    }

    #[test]
    fn idle_sessions_are_dropped_and_used_ones_are_not() {
        let sessions = sessions();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let used = sessions.create_at(minutes(0)).expect("random numbers");
        let idle = sessions.create_at(minutes(0)).expect("random numbers");
        assert!(sessions.find_at(used.id(), minutes(20)).is_some());
        assert!(sessions.find_at(used.id(), minutes(40)).is_some(), "it was used 20 minutes ago");
        assert!(sessions.find_at(idle.id(), minutes(40)).is_none(), "nobody used it for 40 minutes");
        assert_eq!(sessions.count(), 1);
        assert!(sessions.find_at(DEFAULT, minutes(1_000_000)).is_some(), "the default one stays");
    }

    #[test]
    fn the_idlest_makes_room() {
        let sessions = sessions();
        let at = |index| Duration::from_millis(index);
        let made: Vec<_> =
            (0..1000).map(|index| sessions.create_at(at(index)).expect("random numbers")).collect();
        assert!(sessions.find_at(made[0].id(), at(1000)).is_some());
        sessions.create_at(at(1001)).expect("random numbers");
        assert_eq!(sessions.count(), MAX_SESSIONS);
        assert!(sessions.find_at(made[0].id(), at(1002)).is_some(), "it was used");
        assert!(sessions.find_at(made[1].id(), at(1002)).is_none(), "it was idle longest");
    }

    #[test]
    fn a_reset_makes_everything_new_and_another_session_does_not_see_it() {
        let sessions = sessions();
        let one = sessions.create().expect("random numbers");
        let other = sessions.create().expect("random numbers");
        let mut config = PolicyConfig::default();
        config.allow_origins = vec!["http://localhost:3000".to_owned()];
        for session in [&one, &other] {
            session.replace_policy(config.clone()).expect("a valid policy");
            let mut state = session.state();
            state.notes.remove(1);
            state.visitors.count(None).expect("random numbers");
        }
        let holds = |session: &Session| {
            let state = session.state();
            (session.policy().denies_all(), state.notes.count(), state.visitors.total())
        };
        one.reset();
        assert_eq!(holds(&one), (true, 3, 0));
        assert_eq!(one.written().generation, 3, "who looks again sees that it changed");
        assert_eq!(holds(&other), (false, 2, 1));
    }

    #[test]
    fn visitors_are_bounded() {
        let mut visitors = Visitors::default();
        let (first, _) = visitors.count(None).expect("random numbers");
        assert_eq!(visitors.count(Some(first)), Ok((first, 2)));
        for _ in 0..MAX_VISITORS {
            visitors.count(None).expect("random numbers");
        }
        assert_ne!(visitors.count(Some(first)).map(|(id, _)| id), Ok(first), "the oldest went");
        assert_eq!(visitors.counts.len(), MAX_VISITORS);
    }
}
