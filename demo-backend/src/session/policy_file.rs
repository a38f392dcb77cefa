//! The policy's file: read when the Lab starts, and again whenever it is saved. A text that is not a valid policy changes
//! nothing but the status, which says why.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use actix_web_cors::{LivePolicy, Policy, PolicyConfig, TomlError};
use notify::{Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// Editors write a file in several steps; it is read when nothing has happened for this long.
const QUIET: Duration = Duration::from_millis(80);
/// How often the file is read where the system can't report changes.
const POLL: Duration = Duration::from_secs(1);

/// Why the Lab can't start with this file.
#[derive(Debug)]
pub enum PolicyFileError {
    /// The file can't be read.
    Unreadable(PathBuf, io::Error),
    /// It doesn't hold a valid policy.
    Invalid(PathBuf, TomlError),
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(f, "the policy file {} can't be read: {error}", shorten(path))
            }
            Self::Invalid(path, error) => write!(f, "{}: {error}", shorten(path)),
        }
    }
}

impl std::error::Error for PolicyFileError {}

/// What the file said last, and what came of it.
#[derive(Clone, Debug)]
pub struct PolicyFileStatus {
    /// The file's path, relative where it can be.
    pub file: String,
    /// Its text when the policy in force was read from it.
    pub text: String,
    /// The policy in force, normalized.
    pub config: PolicyConfig,
    /// Goes up with each policy put in force.
    pub generation: u64,
    /// Why the last save was refused, if it was.
    pub problem: Option<String>,
}

/// The policy's file, and the policy that was read from it.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    path: PathBuf,
    live: LivePolicy,
    status: Arc<Mutex<PolicyFileStatus>>,
}

/// Called after every save, with what is allowed now, or with why the previous policy stays in force.
pub type Announce = fn(Result<&str, &str>);

impl PolicyFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`] when it can't be read or doesn't hold a valid policy.
    pub fn open(path: &Path) -> Result<Self, PolicyFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| PolicyFileError::Unreadable(path.to_owned(), error))?;
        let policy = read(&text).map_err(|error| PolicyFileError::Invalid(path.to_owned(), error))?;
        let status = PolicyFileStatus {
            file: shorten(path),
            text,
            config: policy.to_config(),
            generation: 1,
            problem: None,
        };
        Ok(Self {
            path: path.to_owned(),
            live: LivePolicy::new(policy),
            status: Arc::new(Mutex::new(status)),
        })
    }

    /// The policy in force, for the middleware.
    pub fn live(&self) -> &LivePolicy {
        &self.live
    }

    /// What the file said last, and what came of it.
    pub fn status(&self) -> PolicyFileStatus {
        self.lock().clone()
    }

    /// The file's path, relative where it can be.
    pub fn shown(&self) -> String {
        shorten(&self.path)
    }

    /// A line that says which origins are allowed now.
    pub fn in_force(&self) -> String {
        let config = self.status().config;
        match &config.allow_origins[..] {
            [] => "The policy in force allows no other origin.".to_owned(),
            [any] if any == "*" => "The policy in force allows any origin.".to_owned(),
            origins => format!("The policy in force allows {}.", origins.join(", ")),
        }
    }

    /// Reads the file again whenever it is saved, until the returned watcher is dropped, and announces what came of it.
    ///
    /// # Errors
    ///
    /// When the system can't watch the file's folder, not even by reading it once a second.
    pub fn watch(&self, announce: Announce) -> notify::Result<Box<dyn Watcher + Send>> {
        // The folder, because many editors replace the file with another one of the same name.
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().unwrap_or(Path::new("."));
        let (sender, saves) = mpsc::channel();
        let first = sender.clone();
        let name = path.file_name().map(ToOwned::to_owned);
        let tell = move |event: notify::Result<Event>| {
            let concerns_file = event.is_ok_and(|event| {
                !event.kind.is_access() && event.paths.iter().any(|path| path.file_name() == name.as_deref())
            });
            if concerns_file {
                // Fails only when the reading thread has ended, and then nothing has to be read.
                let _ = sender.send(());
            }
        };

        let watcher = RecommendedWatcher::new(tell.clone(), notify::Config::default())
            .and_then(|mut watcher| watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher));
        let watcher: Box<dyn Watcher + Send> = if let Ok(watcher) = watcher {
            Box::new(watcher)
        } else {
            let by_content = notify::Config::default().with_poll_interval(POLL).with_compare_contents(true);
            let mut watcher = PollWatcher::new(tell, by_content)?;
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Box::new(watcher)
        };

        // What was saved since the file was read for the first time.
        let _ = first.send(());
        let file = self.clone();
        thread::spawn(move || {
            while saves.recv().is_ok() {
                while saves.recv_timeout(QUIET).is_ok() {}
                match file.reload() {
                    Ok(None) => {}
                    Ok(Some(message)) => announce(Ok(&message)),
                    Err(message) => announce(Err(&message)),
                }
            }
        });
        Ok(watcher)
    }

    /// Reads the file, and puts its policy in force if it is valid. Says what is new, if anything is.
    fn reload(&self) -> Result<Option<String>, String> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|error| self.refuse(&PolicyFileError::Unreadable(self.path.clone(), error)))?;
        {
            let mut status = self.lock();
            if status.text == text {
                // Saved without a change, or back to what is in force.
                let was_refused = status.problem.take().is_some();
                return Ok(was_refused.then(|| format!("{} is again what is in force.", status.file)));
            }
        }
        let policy =
            read(&text).map_err(|error| self.refuse(&PolicyFileError::Invalid(self.path.clone(), error)))?;
        let config = policy.to_config();
        self.live.replace(policy);
        let mut status = self.lock();
        let generation = status.generation + 1;
        let file = status.file.clone();
        *status = PolicyFileStatus { file, text, config, generation, problem: None };
        drop(status);
        Ok(Some(format!("{} was saved. {}", self.shown(), self.in_force())))
    }

    fn refuse(&self, error: &PolicyFileError) -> String {
        let message = match error {
            PolicyFileError::Invalid(_, error) => error.to_string(),
            PolicyFileError::Unreadable(_, error) => format!("the file can't be read: {error}"),
        };
        self.lock().problem = Some(message);
        format!("{error}\nThe previous policy stays in force.")
    }

    fn lock(&self) -> MutexGuard<'_, PolicyFileStatus> {
        // The status is replaced whole, so a panic elsewhere can't leave half of one.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(text: &str) -> Result<Policy, TomlError> {
    Policy::from_toml(text).map(deny_all_if_empty)
}

/// In the Lab a policy without origins is where a lesson starts, not a mistake that the log should warn of.
pub(super) fn deny_all_if_empty(policy: Policy) -> Policy {
    if policy.lists_no_origin() { Policy::deny_all() } else { policy }
}

/// A path relative to the current directory, where it is below it.
fn shorten(path: &Path) -> String {
    let current = std::env::current_dir().ok();
    let short = current.and_then(|current| path.strip_prefix(current).ok());
    short.unwrap_or(path).display().to_string()
}
