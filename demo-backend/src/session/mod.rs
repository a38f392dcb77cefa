//! The state of one person's or tab's Lab: a policy, notes, visitors, a log, a shared cache and remembered preflights, each in
//! its file, so that several people or tabs don't interfere. All of it is bounded, and an idle session is dropped.
//! Nothing here knows HTTP's server or the page; what does, in `api` and `page`, gets at the state through [`Sessions`].

pub mod account;
pub mod cache;
pub mod cookies;
pub mod forwarded;
pub mod hand_written;
pub mod log;
pub mod notes;
pub mod policy_file;
mod policy_text;
pub mod preflights;
pub mod visitors;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web_cors::{InvalidPolicy, Policy, PolicyConfig};

use self::{
    account::Account,
    cache::SharedCache,
    cookies::CookieJar,
    hand_written::HandWritten,
    log::ExchangeLog,
    notes::Notes,
    policy_file::{PolicyFile, deny_all_if_empty},
    preflights::RememberedPreflights,
    visitors::Visitors,
};
use crate::api_path::DEFAULT_SESSION;

/// The most sessions that the page has made; the one that was idle longest goes when there are more.
pub const MAX_SESSIONS: usize = 1000;
/// How long an idle session is kept.
pub const IDLE: Duration = Duration::from_secs(30 * 60);

/// One person's or tab's Lab.
pub struct Session {
    id: String,
    policy: PolicyOwner,
    /// In milliseconds since the Lab was started.
    used: AtomicU64,
    state: Mutex<State>,
}

/// Who may change the policy.
enum PolicyOwner {
    /// `cors.toml`, in the default session.
    File(PolicyFile),
    /// The page, in all other sessions.
    Page(Mutex<PolicyInForce>),
}

/// A policy in force, with what it was made from.
#[derive(Clone, Debug)]
pub struct PolicyInForce {
    /// As its author wrote it.
    pub config: PolicyConfig,
    /// The policy.
    pub policy: Policy,
    /// Goes up with each policy put in force.
    pub generation: u64,
}

/// What a session holds in addition to its policy.
#[derive(Default)]
pub struct State {
    /// What the API stores.
    pub notes: Notes,
    /// The server written by hand, next to the policy's.
    pub hand: HandWritten,
    /// Who is signed in to the API, and what is theirs.
    pub account: Account,
    /// Who visited the API, and how often.
    pub visitors: Visitors,
    /// What came over the wire.
    pub log: ExchangeLog,
    /// What the shared cache in front of the API stores.
    pub cache: SharedCache,
    /// The cookies that the browser should have.
    pub cookies: CookieJar,
    /// The preflights that the browser should remember.
    pub remembered: RememberedPreflights,
}

impl Session {
    fn new(id: String, policy: PolicyOwner, now: Duration) -> Self {
        Self { id, policy, used: AtomicU64::new(to_ms(now)), state: Mutex::default() }
    }

    /// Its name in paths.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        match &self.policy {
            PolicyOwner::File(file) => file.live().current(),
            PolicyOwner::Page(in_force) => lock(in_force).policy.clone(),
        }
    }

    /// The policy's file, if one governs it.
    pub fn policy_file(&self) -> Option<&PolicyFile> {
        match &self.policy {
            PolicyOwner::File(file) => Some(file),
            PolicyOwner::Page(_) => None,
        }
    }

    /// The policy in force, with what it was made from.
    pub fn policy_in_force(&self) -> PolicyInForce {
        match &self.policy {
            PolicyOwner::File(file) => {
                let status = file.status();
                let policy = file.live().current();
                PolicyInForce { config: status.config, policy, generation: status.generation }
            }
            PolicyOwner::Page(in_force) => lock(in_force).clone(),
        }
    }

    /// Puts another policy in force, unless a file governs the session.
    ///
    /// # Errors
    ///
    /// When it is not a valid policy. Then nothing changes.
    pub fn replace_policy(&self, config: PolicyConfig) -> Result<(), InvalidPolicy> {
        let policy = Policy::try_from(config.clone())?;
        if let PolicyOwner::Page(in_force) = &self.policy {
            let mut in_force = lock(in_force);
            let generation = in_force.generation + 1;
            *in_force = PolicyInForce { config, policy: deny_all_if_empty(policy), generation };
        }
        Ok(())
    }

    /// Makes everything as it was when the session was new.
    pub fn reset(&self) {
        if let PolicyOwner::Page(in_force) = &self.policy {
            let mut in_force = lock(in_force);
            let generation = in_force.generation + 1;
            *in_force = PolicyInForce { generation, ..PolicyInForce::nothing() };
        }
        *self.state() = State::default();
    }

    /// What it holds in addition to its policy.
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

impl PolicyInForce {
    fn nothing() -> Self {
        Self { config: PolicyConfig::default(), policy: Policy::deny_all(), generation: 1 }
    }
}

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    started: Instant,
    default: Arc<Session>,
    made: Mutex<HashMap<String, Arc<Session>>>,
}

impl Sessions {
    /// The default session alone, which the file governs and which is never dropped.
    pub fn new(policy_file: PolicyFile) -> Self {
        let default =
            Session::new(DEFAULT_SESSION.to_owned(), PolicyOwner::File(policy_file), Duration::ZERO);
        Self { started: Instant::now(), default: Arc::new(default), made: Mutex::default() }
    }

    /// The time since the Lab was started.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The same in milliseconds, as the page is told it.
    pub fn now_ms(&self) -> u64 {
        to_ms(self.now())
    }

    /// The session of this id, which counts as a use of it.
    pub fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.find_at(id, self.now())
    }

    fn find_at(&self, id: &str, now: Duration) -> Option<Arc<Session>> {
        if id == DEFAULT_SESSION {
            return Some(Arc::clone(&self.default));
        }
        let mut made = lock(&self.made);
        made.retain(|_, session| !session.is_idle(now));
        let session = made.get(id)?;
        session.used.store(to_ms(now), Ordering::Relaxed);
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
        let session = Session::new(id.clone(), PolicyOwner::Page(Mutex::new(PolicyInForce::nothing())), now);
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

    /// How many there are in addition to the default one.
    pub fn count(&self) -> usize {
        lock(&self.made).len()
    }
}

/// A hundred random bits, so that a session's id can't be guessed.
fn random_id() -> Result<String, getrandom::Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

fn to_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Locks aren't poisoned by partial writes: values are replaced whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert!(sessions.find_at(idle.id(), minutes(40)).is_none(), "it was idle for 40 minutes");
        assert_eq!(sessions.count(), 1);
        assert!(sessions.find_at(DEFAULT_SESSION, minutes(1_000_000)).is_some(), "the default one stays");
    }

    #[test]
    fn the_session_that_was_idle_longest_makes_room() {
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
    fn a_reset_makes_everything_new_and_leaves_other_sessions_alone() {
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
            state.account.sign_in().expect("random numbers");
            state.account.transfer();
        }
        let holds = |session: &Session| {
            let state = session.state();
            (
                session.policy().denies_all(),
                state.notes.count(),
                state.visitors.total(),
                state.account.balance(),
            )
        };
        one.reset();
        assert_eq!(holds(&one), (true, 3, 0, 100));
        assert_eq!(one.policy_in_force().generation, 3, "the page can tell that it changed");
        assert_eq!(holds(&other), (false, 2, 1, 90));
    }
}
