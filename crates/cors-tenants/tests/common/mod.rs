//! Runs each test on SQLite, and on PostgreSQL where it is installed. `REQUIRE_PEERS=postgres` makes that mandatory.

use std::{future::Future, pin::Pin, time::Duration};

use cors_tenants::store::{DatabaseUrl, Store};
use end_to_end::{
    peer::{Runtime, required_peers_or_exit},
    postgres::Postgres,
    trial_of,
};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use tokio::task::LocalSet;

/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database of the test's own.
pub(crate) struct Database {
    url: DatabaseUrl,
    /// The folder of the file, if it is one.
    _folder: Option<TempDir>,
    /// The server, if it is one.
    #[allow(dead_code, reason = "not every test stops it")]
    pub(crate) server: Option<Postgres>,
}

impl Database {
    /// Opens it again and again, as instances do.
    pub(crate) fn open(&self) -> Store {
        Store::new(&self.url).expect("a store")
    }

    fn of_sqlite() -> std::io::Result<Self> {
        let folder = TempDir::new()?;
        let url =
            DatabaseUrl::of_file(&folder.path().join("tenants.sqlite")).map_err(std::io::Error::other)?;
        Ok(Self { url, _folder: Some(folder), server: None })
    }

    fn of_postgres() -> std::io::Result<Self> {
        let server = Postgres::start()?;
        let url = server.url().parse().map_err(std::io::Error::other)?;
        Ok(Self { url, _folder: None, server: Some(server) })
    }
}

/// A test, which is given a database of its own.
pub(crate) type Test = fn(Database) -> Pin<Box<dyn Future<Output = ()>>>;

/// A list of tests with their names.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        vec![$((stringify!($test), (|database| Box::pin($test(database))) as $crate::common::Test)),*]
    };
}

pub(crate) use tests;

/// Runs tests on both databases, and `on_postgres` only there, and ends the program.
pub(crate) fn run(on_both: Vec<(&'static str, Test)>, on_postgres: Vec<(&'static str, Test)>) -> ! {
    let arguments = Arguments::from_args();
    let is_required = required_peers_or_exit().contains(&Runtime::Postgres);
    let postgres_trial = |name: &str, test: Test| {
        let name = format!("postgres::{name}");
        trial_of(name, Runtime::Postgres.find(), is_required, move |_| {
            block_on(test(Database::of_postgres()?))
        })
    };
    let mut trials = Vec::new();
    for (name, test) in on_both {
        trials.push(Trial::test(format!("sqlite::{name}"), move || block_on(test(Database::of_sqlite()?))));
        trials.push(postgres_trial(name, test));
    }
    trials.extend(on_postgres.into_iter().map(|(name, test)| postgres_trial(name, test)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn block_on(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Dropped after the tasks, however the test ends: a connection goes back to its pool within a runtime only.
    let _entered = runtime.enter();
    // Handlers and loads are tasks of one thread, as with actix-web.
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let patient = tokio::time::timeout(PATIENCE, test);
        patient.await.map_err(|_| Failed::from("it takes longer than a minute"))
    })
}
