//! The conformance vectors of the browser's end, replayed in real engines.
//!
//! A [`Suite`] is the vectors in `crates/cors-vectors`, or a part of them; [`Suite::play`] replays it in one engine and
//! returns the result of each vector. The vectors' README says what they mean.

mod compare;
mod document;
mod messages;
mod model;
mod names;
mod plan;
mod server;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cors_vectors::{BrowserVector, Section, address_space};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet, time};

use crate::{Engine, Installed, Message, Session};

use self::{
    compare::{Observed, differences},
    names::Names,
    plan::{Plan, name_hosts, obstacle, origin_of},
    server::{Reported, Servers},
};

/// How long an engine may take for all vectors.
const PATIENCE: Duration = Duration::from_secs(240);
/// How long until the next vector ends: the wait of the longest one, plus a fetch that hangs.
const SILENCE: Duration = Duration::from_secs(30);
const LATE: Duration = Duration::from_millis(500);

/// Vectors of the browser's end.
#[derive(Debug)]
pub struct Suite {
    sections: Vec<(String, String, Vec<BrowserVector>)>,
}

/// The result of a vector in an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The engine does what the vector states.
    Agrees,
    /// The engine does what the vector states for it, and that is not what the standard says.
    Differs {
        /// The reason, as the vector states it.
        because: String,
    },
    /// It can't be played.
    Skipped {
        /// Why, in one of a few phrases.
        reason: String,
    },
    /// The engine does something else.
    Disagrees {
        /// What was expected, and all that the engine did.
        how: String,
    },
}

/// A vector and its result.
#[derive(Clone, Debug)]
pub struct Played {
    /// The name of its file, without `.json`.
    pub file: String,
    /// Its name.
    pub vector: String,
    /// Its result.
    pub status: Status,
    /// What the engine wrote to its console meanwhile, with the vectors' names of hosts.
    pub console: Vec<String>,
}

/// The vectors, in order, and their results in one engine.
#[derive(Debug)]
pub struct Report {
    /// The engine.
    pub engine: Engine,
    /// The engine's own name and version.
    pub version: String,
    /// Each vector.
    pub played: Vec<Played>,
    /// How long it took.
    pub took: Duration,
}

impl Suite {
    /// Reads all of them.
    ///
    /// # Panics
    ///
    /// If a file can't be read.
    pub fn read() -> Self {
        let sections = cors_vectors::sections()
            .into_iter()
            .filter_map(|(file, section)| match section {
                Section::Browser { section, vectors, .. } => Some((file, section, vectors)),
                Section::Server { .. } => None,
            })
            .collect();
        Self { sections }
    }

    /// Only the vectors that are chosen, by the name of their file and their own name.
    #[must_use]
    pub fn only(mut self, is_chosen: impl Fn(&str, &str) -> bool) -> Self {
        for (file, _, vectors) in &mut self.sections {
            vectors.retain(|vector| is_chosen(file, &vector.name));
        }
        self
    }

    /// The file and the name of each vector, in order, and why the engine can't play it, if it can't.
    pub fn list(&self, engine: Engine) -> impl Iterator<Item = (&str, &str, Option<String>)> {
        self.vectors()
            .map(move |(file, vector)| (file, vector.name.as_str(), obstacle(vector, engine.name())))
    }

    /// Where the results are published.
    pub fn document_path() -> PathBuf {
        root().join("docs/conformance.md")
    }

    /// What is published.
    pub fn document(&self, reports: &[Report]) -> String {
        document::document(self, reports)
    }

    /// Whether a published page lists the present vectors, whatever their results.
    ///
    /// # Errors
    ///
    /// The first vector that is missing, superfluous, or in another place.
    pub fn check_document(&self, page: &str) -> Result<(), String> {
        let (listed, expected) = (document::listed_by(page), document::listing(self));
        let at = listed.iter().zip(&expected).take_while(|(listed, expected)| listed == expected).count();
        match (listed.get(at), expected.get(at)) {
            (None, None) => Ok(()),
            (listed, expected) => Err(format!("it lists {listed:?} instead of {expected:?}")),
        }
    }

    fn vectors(&self) -> impl Iterator<Item = (&str, &BrowserVector)> {
        self.sections
            .iter()
            .flat_map(|(file, _, vectors)| vectors.iter().map(|vector| (file.as_str(), vector)))
    }

    /// Replays the vectors in an engine.
    ///
    /// # Errors
    ///
    /// If the browser or the page in it doesn't start.
    pub async fn play(&self, engine: &Installed) -> Result<Report, Box<dyn Error>> {
        let start = Instant::now();
        let (mut version, mut played) = (String::new(), BTreeMap::new());
        let settings: BTreeSet<_> =
            self.vectors().map(|(_, vector)| Setting::of(vector, engine.engine())).collect();
        for setting in settings {
            let run = Run::start(self, engine.engine(), &setting)?;
            let session = engine.with_arguments(run.names.arguments()).start().await?;
            version = version_of(&session);
            let outcome = self.play_in(&session, engine, run).await;
            session.close().await?;
            played.extend(outcome?);
        }
        let played = played.into_values().collect();
        Ok(Report { engine: engine.engine(), version, played, took: start.elapsed() })
    }

    /// The vectors of the run, by their numbers.
    async fn play_in(
        &self,
        session: &Session,
        engine: &Installed,
        mut run: Run,
    ) -> Result<BTreeMap<usize, Played>, Box<dyn Error>> {
        let name = session.engine().name();
        session.watch_console().await?;
        session.goto(&run.page()).await?;
        run.finish().await?;
        let Run { setting, names, servers, mut skipped, mut outcomes, .. } = run;
        let mut console = self.console(session, engine, &setting, &names).await?;
        let of_run = self
            .vectors()
            .enumerate()
            .filter(|(_, (_, vector))| Setting::of(vector, engine.engine()) == setting);
        let played = of_run.map(|(number, (file, vector))| {
            let outcomes = outcomes.remove(&number).unwrap_or(Value::Null);
            let console = console.as_mut().map(|console| console.remove(&number).unwrap_or_default());
            let observed = Observed { arrived: servers.arrived(number), outcomes, console };
            let status = if let Some(reason) = skipped.remove(&number) {
                Status::Skipped { reason }
            } else {
                status(differences(&names, number, vector, name, &observed), vector, name)
            };
            let console = observed.console.unwrap_or_default();
            (number, Played { file: file.to_owned(), vector: vector.name.clone(), status, console })
        });
        Ok(played.collect())
    }

    /// What the engine wrote to its console, by vector; `None` if that can't be known. `names` are those of the run in the
    /// session; if its driver doesn't report the console, the vectors are played once more.
    async fn console(
        &self,
        session: &Session,
        engine: &Installed,
        setting: &Setting,
        names: &Names,
    ) -> Result<Option<BTreeMap<usize, Vec<String>>>, Box<dyn Error>> {
        if session.engine() != Engine::WebKit {
            return Ok(Some(by_vector(names, &session.console().await?)));
        }
        let mut run = Run::start(self, session.engine(), setting)?;
        let page = run.page();
        let Some((finished, messages)) = engine.console_at(&page, run.finish()).await? else {
            return Ok(None);
        };
        finished?;
        Ok(Some(by_vector(&run.names, &messages)))
    }
}

/// What is the same for all vectors of a run: they share a browser, whose first page this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    /// `None` if no vector states one.
    space: Option<String>,
    page: String,
}

impl Setting {
    fn of(vector: &BrowserVector, engine: Engine) -> Self {
        let fetch = vector.fetches.first().filter(|_| engine == Engine::Chromium);
        match (fetch, vector.page_address_space()) {
            // A page in a frame is a secure context only if the page around it is one, so it is no frame.
            (Some(fetch), Some(space)) => {
                Self { space: Some(space.to_owned()), page: origin_of(&fetch.page) }
            }
            _ => Self { space: None, page: "http://site.test".to_owned() },
        }
    }

    fn names(&self) -> Result<Names, Box<dyn Error>> {
        let Some(space) = &self.space else { return Ok(Names::new()?) };
        let mut names = Names::with_address_spaces();
        names.add_page(&self.page, address_space(space)?)?;
        Ok(names)
    }
}

/// The servers of all vectors of a run, and what the page in a browser reports to them.
struct Run {
    setting: Setting,
    names: Names,
    servers: Arc<Servers>,
    reports: mpsc::UnboundedReceiver<Reported>,
    /// The servers stop listening when the run ends, because the next run needs the ports that can't be chosen.
    _tasks: JoinSet<()>,
    skipped: BTreeMap<usize, String>,
    outcomes: BTreeMap<usize, Value>,
}

impl Run {
    fn start(suite: &Suite, engine: Engine, setting: &Setting) -> Result<Self, Box<dyn Error>> {
        let mut names = setting.names()?;
        let mut skipped = BTreeMap::new();
        let of_run =
            || suite.vectors().enumerate().filter(|(_, (_, vector))| Setting::of(vector, engine) == *setting);
        for (number, (_, vector)) in of_run() {
            match obstacle(vector, engine.name()) {
                Some(reason) => drop(skipped.insert(number, reason)),
                None => name_hosts(&mut names, vector)?,
            }
        }
        let mut plan = Plan::new(&setting.page);
        for (number, (_, vector)) in of_run() {
            if !skipped.contains_key(&number) {
                plan.add(&names, number, vector, engine.name());
            }
        }
        let pages = plan.pages(&names);
        let (servers, reports, tasks) = Servers::start(names.take_listeners(), pages, plan.scripts)?;
        let setting = setting.clone();
        Ok(Self { setting, names, servers, reports, _tasks: tasks, skipped, outcomes: BTreeMap::new() })
    }

    /// The address of the page that plays the vectors.
    fn page(&self) -> String {
        format!("{}/top", self.names.origin(&self.setting.page))
    }

    /// Waits until the page is done, but not forever: what it has not reported by then counts as not played.
    async fn finish(&mut self) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Ok(Some(Some((number, outcome)))) = time::timeout(SILENCE, self.reports.recv()).await else {
                break;
            };
            self.outcomes.insert(number, outcome);
        }
        if self.outcomes.is_empty() {
            return Err("the page reports nothing".into());
        }
        // The last lines of the console come late, and so do requests that no page waits for.
        time::sleep(LATE).await;
        Ok(())
    }
}

/// The messages of each vector: those that name its path, and those that name no path and came while it was played.
fn by_vector(names: &Names, messages: &[Message]) -> BTreeMap<usize, Vec<String>> {
    const MARK: &str = "conformance vector ";
    let number = |text: &str, after: &str| {
        let (_, rest) = text.split_once(after)?;
        rest.split(|character: char| !character.is_ascii_digit()).next()?.parse::<usize>().ok()
    };
    let mut current = None;
    let mut by_vector: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for Message { place, text } in messages {
        if let Some(vector) = number(text, MARK) {
            current = Some(vector);
        } else if let Some(vector) = number(text, "/v/").or_else(|| number(place, "/v/")).or(current) {
            by_vector.entry(vector).or_default().push(names.unmap(text));
        }
    }
    by_vector
}

impl Report {
    /// Where the engine's console messages are published.
    pub fn messages_path(&self) -> PathBuf {
        root().join(format!("crates/cors-vectors/console/{}.txt", self.engine))
    }

    /// Every distinct message that the engine wrote to its console, one per line.
    pub fn messages(&self) -> String {
        messages::distinct(self)
    }

    fn of(&self, file: &str, vector: &str) -> Option<&Status> {
        let mut played = self.played.iter();
        played.find(|played| played.file == file && played.vector == vector).map(|played| &played.status)
    }
}

fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

fn status(differences: Option<String>, vector: &BrowserVector, engine: &str) -> Status {
    match (differences, vector.engines.get(engine).and_then(|differs| differs.because.clone())) {
        (Some(how), _) => Status::Disagrees { how },
        (None, Some(because)) => Status::Differs { because },
        (None, None) => Status::Agrees,
    }
}

fn version_of(session: &Session) -> String {
    let said = |name| {
        let capability = session.capabilities().and_then(|capabilities| capabilities.get(name));
        capability.and_then(Value::as_str).unwrap_or_default()
    };
    format!("{} {}", said("browserName"), said("browserVersion"))
}
