//! The tables. The statements are the same on both databases.

use sqlx::{AnyConnection, AnyPool, Row as _};

use super::{Kind, StoreError, within};

/// Raised when a table changes in a way that an older program can't live with.
const SCHEMA: i64 = 1;

/// What PostgreSQL locks while the tables are made, because two instances may start together.
const LOCK: i64 = 0x636f_7273;

/// - `clock` has one row, which each change takes for itself until it is committed. So versions become visible in their order,
///   and whoever has seen version 7 has nothing to expect below it. `history` is a random number, so that two databases are
///   told apart.
/// - A policy is one row, because it is changed, sent and replaced as a whole; `origins` has one in each line. Without a list,
///   the row is a tombstone: it says *removed* to every instance that knew the tenant, and keeps the name from being taken by
///   somebody else, whom the front ends of the first owner would then trust.
/// - The audit log has no key of its own: each change has a version.
const TABLES: &str = "
CREATE TABLE clock (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    schema BIGINT NOT NULL,
    history BIGINT NOT NULL
);
CREATE TABLE tenants (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    origins TEXT
);
CREATE UNIQUE INDEX tenants_by_version ON tenants (version);
CREATE TABLE audit (
    version BIGINT PRIMARY KEY,
    tenant TEXT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    origin TEXT,
    instance TEXT NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant, version);
CREATE TABLE accounts (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);
CREATE TABLE sessions (
    token TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    manages BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    FOREIGN KEY (tenant, account) REFERENCES accounts (tenant, name)
);
CREATE INDEX sessions_by_account ON sessions (tenant, account);
CREATE INDEX sessions_by_end ON sessions (ends);
CREATE TABLE notes (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    id BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
";

/// Makes the tables if they are not there.
pub(super) async fn prepare(pool: &AnyPool, kind: Kind) -> Result<(), StoreError> {
    within(async {
        if kind == Kind::Sqlite {
            // Readers then go on while somebody writes. The file remembers it; a transaction can't change it.
            sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await?;
        }
        // The statements below lock tables, even those that exist, which must not stop instances that run already.
        if !has_tables(&mut *pool.acquire().await?, kind).await? {
            make(pool, kind).await?;
        }
        let row = sqlx::query("SELECT schema FROM clock").fetch_one(pool).await?;
        let found: i64 = row.try_get(0)?;
        if found == SCHEMA {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "its tables are of schema {found}, and this program knows schema {SCHEMA}; start the program that made them, or name another database"
        )))
    })
    .await
}

async fn make(pool: &AnyPool, kind: Kind) -> Result<(), StoreError> {
    let mut transaction = pool.begin_with(kind.begin()).await?;
    if kind == Kind::Postgres {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    }
    // Another instance may have been quicker.
    if !has_tables(&mut transaction, kind).await? {
        sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO clock (id, version, schema, history) VALUES (1, 0, $1, $2)")
            .bind(SCHEMA)
            .bind(history()?)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether the last of the tables is there; they are made in one transaction.
async fn has_tables(connection: &mut AnyConnection, kind: Kind) -> Result<bool, StoreError> {
    let count = match kind {
        Kind::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'notes'",
        Kind::Postgres => "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('notes')",
    };
    Ok(sqlx::query(count).fetch_one(connection).await?.try_get::<i64, _>(0)? > 0)
}

/// A number that no other database has.
fn history() -> Result<i64, StoreError> {
    let random = getrandom::u64().map_err(|error| StoreError::new(error.to_string()))?;
    Ok(i64::from_ne_bytes(random.to_ne_bytes()))
}
