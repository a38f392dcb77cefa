//! The policy's file: read when the Lab starts, and again whenever it is saved. A text that is not a valid policy changes
//! nothing but the status, which says why.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use actix_web_cors::{LivePolicy, Policy, PolicyConfig, TomlError};

use super::policy_text::read_text;
use crate::output::Output;

/// How often the file is looked at. It is read, and not watched: many network drives and containers' mounts report no changes,
/// a report says nothing of a link or a folder further up the path, and reading a small file takes microseconds.
const PERIOD: Duration = Duration::from_millis(100);
/// Editors write a file in several steps; it counts when it has stayed the same for this long.
const QUIET: Duration = Duration::from_millis(80);
/// The same for what is likely to be a save under way: a file that is not there, or is the beginning of what it was, such as an
/// empty one.
const SETTLE: Duration = Duration::from_millis(1500);
/// The most origins that a line names.
const MAX_NAMED: usize = 20;

/// Why the Lab can't start with this file.
#[derive(Debug)]
pub enum PolicyFileError {
    /// The file can't be read.
    Unreadable(PathBuf, String),
    /// It doesn't hold a valid policy.
    Invalid(PathBuf, TomlError),
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, why) => {
                write!(f, "the policy file {} can't be read: {why}", shorten(path))
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

/// Follows the policy's file for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    _until_dropped: mpsc::Sender<()>,
}

/// What the file held, or why it couldn't be read.
type Sighting = Result<String, String>;

/// What was seen of the file last.
#[derive(Debug)]
struct LastSighting {
    seen: Sighting,
    since: Instant,
    counts: bool,
}

impl PolicyFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`] when it can't be read or doesn't hold a valid policy.
    pub fn open(path: &Path) -> Result<Self, PolicyFileError> {
        let text = read_text(path).map_err(|why| PolicyFileError::Unreadable(path.to_owned(), why))?;
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
            origins if origins.len() > MAX_NAMED => {
                let (named, others) = origins.split_at(MAX_NAMED);
                format!("The policy in force allows {}, and {} more.", named.join(", "), others.len())
            }
            origins => format!("The policy in force allows {}.", origins.join(", ")),
        }
    }

    /// Reads the file again whenever it is saved, until what this returns is dropped, and announces what came of it.
    pub fn watch(&self, output: Output) -> Watch {
        let (until_dropped, dropped) = mpsc::channel();
        let file = self.clone();
        thread::spawn(move || {
            let mut last = None;
            while dropped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                let seen = read_text(&file.path);
                let Some(seen) = settled(&mut last, seen, &file.lock().text, Instant::now()) else {
                    continue;
                };
                match file.reload(seen) {
                    Ok(None) => {}
                    Ok(Some(message)) => output.lines().say(message),
                    Err(message) => output.errors().say(message),
                }
            }
        });
        Watch { _until_dropped: until_dropped }
    }

    /// Puts the policy that was read in force if it is valid. Says what is new, if anything is.
    fn reload(&self, seen: Sighting) -> Result<Option<String>, String> {
        let text = seen.map_err(|why| self.refuse(&PolicyFileError::Unreadable(self.path.clone(), why)))?;
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
            PolicyFileError::Unreadable(_, why) => format!("the file can't be read: {why}"),
        };
        self.lock().problem = Some(message);
        format!("{error}\nThe previous policy stays in force.")
    }

    fn lock(&self) -> MutexGuard<'_, PolicyFileStatus> {
        // The status is replaced whole, so a panic elsewhere can't leave half of one.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was seen, at the moment from which on it counts.
fn settled(
    last: &mut Option<LastSighting>,
    seen: Sighting,
    in_force: &str,
    now: Instant,
) -> Option<Sighting> {
    let Some(same) = last.as_mut().filter(|last| last.seen == seen) else {
        *last = Some(LastSighting { seen, since: now, counts: false });
        return None;
    };
    let is_under_way = seen.as_ref().map_or(true, |text| text != in_force && in_force.starts_with(text));
    let needed = if is_under_way { SETTLE } else { QUIET };
    if same.counts || now.saturating_duration_since(same.since) < needed {
        return None;
    }
    same.counts = true;
    Some(seen)
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

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "allow_origins = [\"https://a.example\"]\nallow_credentials = true\n";

    const MISSING: Result<&str, &str> = Err("No such file or directory");

    /// Each sighting stands for a time in milliseconds from the last one; then what counts of it.
    type Look = (u64, Result<&'static str, &'static str>, bool);

    #[test]
    fn a_save_under_way_does_not_count() {
        let open = "allow_origins = \"*\"";
        let rows: [(&str, Vec<Look>); 9] = [
            ("nothing changed", vec![(0, Ok(FULL), false), (100, Ok(FULL), true), (100, Ok(FULL), false)]),
            ("another text", vec![(0, Ok(open), false), (100, Ok(open), true), (9000, Ok(open), false)]),
            (
                "truncated, and written again",
                vec![
                    (0, Ok(""), false),
                    (100, Ok(""), false),
                    (1300, Ok(""), false),
                    (100, Ok(open), false),
                    (100, Ok(open), true),
                ],
            ),
            ("empty, and meant so", vec![(0, Ok(""), false), (1400, Ok(""), false), (100, Ok(""), true)]),
            (
                "written in parts",
                vec![
                    (0, Ok(""), false),
                    (100, Ok(&FULL[..40]), false),
                    (100, Ok(&FULL[..40]), false),
                    (100, Ok(FULL), false),
                    (100, Ok(FULL), true),
                ],
            ),
            ("shortened, and meant so", vec![(0, Ok(&FULL[..40]), false), (1500, Ok(&FULL[..40]), true)]),
            (
                "replaced by way of nothing",
                vec![
                    (0, MISSING, false),
                    (1000, MISSING, false),
                    (100, Ok(open), false),
                    (100, Ok(open), true),
                ],
            ),
            ("gone", vec![(0, MISSING, false), (1500, MISSING, true), (9000, MISSING, false)]),
            (
                "truncated twice",
                vec![(0, Ok(""), false), (1400, Ok(open), false), (10, Ok(""), false), (1400, Ok(""), false)],
            ),
        ];
        for (name, looks) in rows {
            let (mut last, mut now) = (None, Instant::now());
            for (number, (after, seen, counts)) in looks.into_iter().enumerate() {
                now += Duration::from_millis(after);
                let seen = seen.map(str::to_owned).map_err(str::to_owned);
                let expected = counts.then(|| seen.clone());
                assert_eq!(settled(&mut last, seen, FULL, now), expected, "{name}, look {number}");
            }
        }
    }

    #[test]
    fn a_long_list_is_not_named_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("cors.toml");
        let origins: Vec<_> = (0..1000).map(|n| format!("https://a{n}.example")).collect();
        std::fs::write(&path, format!("allow_origins = {origins:?}")).expect("the file can be written");
        let line = PolicyFile::open(&path).expect("a valid policy").in_force();
        assert!(line.ends_with(", https://a19.example, and 980 more."), "{line}");
    }
}
