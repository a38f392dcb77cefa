//! The database: tenants with their policies, accounts, sessions, notes and the audit log, on SQLite or on PostgreSQL.
//!
//! One text of SQL serves both, by the `Any` driver; where they differ, [`Kind`] has the difference. Nothing here knows HTTP,
//! and nothing here caches: what requests look up is in the replica.

use std::{borrow::Cow, fmt, future::Future, time::Duration};

use sqlx::{
    Any, AnyPool, Transaction,
    any::{AnyPoolOptions, install_default_drivers},
};
use tokio::sync::OnceCell;

pub mod accounts;
pub mod audit;
pub mod changes;
pub mod notes;
pub mod policies;
mod schema;
mod url;
pub mod watch;

pub use url::{DatabaseUrl, InvalidDatabaseUrl};

/// How long one use of the database may take. Whoever waits longer is better served by an error.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may take to be had. Shorter than [`PATIENCE`], so that the error names the right thing.
const CONNECTION: Duration = Duration::from_secs(3);
/// Connections of one instance.
const CONNECTIONS: u32 = 8;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or memory.
    Sqlite,
    /// A server.
    Postgres,
}

impl Kind {
    /// Begins a transaction that will write. On SQLite it takes the lock at once: one that begins by reading could not.
    fn begin(self) -> Cow<'static, str> {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE".into(),
            Self::Postgres => "BEGIN".into(),
        }
    }

    /// A number for the versions' history, next to the one in the clock: on PostgreSQL the timeline, which another server begins
    /// when it takes over, and a restore that leaves the last commits out. On a standby it is an error, which keeps instances
    /// from reading there: it may lag without bound.
    fn timeline(self) -> &'static str {
        match self {
            Self::Sqlite => "0",
            Self::Postgres => {
                "CAST(CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS INTEGER) AS BIGINT)"
            }
        }
    }

    /// Begins a transaction that sees one moment, however many statements it has.
    fn snapshot(self) -> &'static str {
        match self {
            // In the journal mode that is set, a reader sees what was there when it first read.
            Self::Sqlite => "BEGIN DEFERRED",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Seconds since 1970, by the database's clock, which all instances share.
    fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "unixepoch()",
            Self::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)",
        }
    }
}

/// The database.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    url: DatabaseUrl,
    is_prepared: std::sync::Arc<OnceCell<()>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.url).finish()
    }
}

impl Store {
    /// Connects when it is first used, so that an instance starts without its database.
    ///
    /// # Errors
    ///
    /// If the URL has a parameter that the driver doesn't know.
    pub fn new(url: &DatabaseUrl) -> Result<Self, StoreError> {
        install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTION)
            .connect_lazy(url.as_driver_url())?;
        Ok(Self { pool, url: url.clone(), is_prepared: std::sync::Arc::default() })
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.url.kind()
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Moves all times into the past, for tests of what depends on time.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    #[doc(hidden)]
    pub async fn forget_times(&self) -> Result<(), StoreError> {
        for statement in ["UPDATE audit SET at = 0", "UPDATE sessions SET ends = 0"] {
            sqlx::query(statement).execute(self.pool().await?).await?;
        }
        Ok(())
    }

    /// The connections, with the tables made if they were not there.
    async fn pool(&self) -> Result<&AnyPool, StoreError> {
        self.is_prepared.get_or_try_init(|| schema::prepare(&self.pool, self.kind())).await?;
        Ok(&self.pool)
    }

    /// A transaction that will write.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool().await?.begin_with(self.kind().begin()).await?)
    }
}

/// Gives up on what takes longer than [`PATIENCE`], as on a machine that was cut off.
async fn within<T, E: From<StoreError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError(format!("no response for {} s", PATIENCE.as_secs())).into()),
    }
}

/// Why the database could not be used. It is for the log, not for a client.
#[derive(Clone, Debug)]
pub struct StoreError(String);

impl StoreError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database can't be used: {}", self.0)
    }
}

impl std::error::Error for StoreError {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}
