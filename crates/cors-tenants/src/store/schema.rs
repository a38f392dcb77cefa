//! The tables. The statements are the same on both databases.

use sqlx::{AnyPool, Row as _};

use super::{Kind, StoreError, within};

/// Raised when a table changes in a way that an older program can't live with.
const SCHEMA: i64 = 1;

/// What PostgreSQL locks while the tables are made: `CREATE TABLE IF NOT EXISTS` alone fails when two instances start together.
const LOCK: i64 = 0x636f_7273;

/// - `clock` has one row, which each change takes for itself until it is committed. So versions become visible in their order,
///   and whoever has seen version 7 has nothing to expect below it. `history` is a random number, so that two databases are
///   told apart.
/// - A policy is one row, because it is changed, sent and replaced as a whole; `origins` has one in each line. Without a list,
///   the row is a tombstone: it says *removed* to every instance that knew the tenant, and keeps the name from being taken by
///   somebody else, whom the front ends of the first owner would then trust.
/// - The audit log has no key of its own: each change has a version.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS clock (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    schema BIGINT NOT NULL,
    history BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS tenants (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    origins TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS tenants_by_version ON tenants (version);
CREATE TABLE IF NOT EXISTS audit (
    version BIGINT PRIMARY KEY,
    tenant TEXT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    origin TEXT,
    instance TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_by_tenant ON audit (tenant, version);
CREATE TABLE IF NOT EXISTS accounts (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    manages BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    FOREIGN KEY (tenant, account) REFERENCES accounts (tenant, name)
);
CREATE INDEX IF NOT EXISTS sessions_by_account ON sessions (tenant, account);
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (ends);
CREATE TABLE IF NOT EXISTS notes (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    id BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
";

fn history() -> Result<i64, StoreError> {
    let random = getrandom::u64().map_err(|error| StoreError::new(error.to_string()))?;
    Ok(i64::from_ne_bytes(random.to_ne_bytes()))
}

/// Makes the tables if they are not there.
pub(super) async fn prepare(pool: &AnyPool, kind: Kind) -> Result<(), StoreError> {
    within(async {
        if kind == Kind::Sqlite {
            // Readers then go on while somebody writes. The file remembers it; a transaction can't change it.
            sqlx::query("PRAGMA journal_mode = WAL").execute(pool).await?;
        }
        let mut transaction = pool.begin_with(kind.begin()).await?;
        if kind == Kind::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
        }
        sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
        sqlx::query(
            "INSERT INTO clock (id, version, schema, history) VALUES (1, 0, $1, $2) ON CONFLICT (id) DO NOTHING",
        )
        .bind(SCHEMA)
        .bind(history()?)
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query("SELECT schema FROM clock").fetch_one(&mut *transaction).await?;
        let found: i64 = row.try_get(0)?;
        if found != SCHEMA {
            return Err(StoreError::new(format!(
                "its tables are of schema {found}, and this program knows schema {SCHEMA}; start the program that made them, or name another database"
            )));
        }
        transaction.commit().await?;
        Ok(())
    })
    .await
}
