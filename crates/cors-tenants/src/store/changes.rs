//! Changes of policies. Each is one transaction: the version first, then the limits, the policy, the audit log, and the news.

use std::fmt;

use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::{Kind, Store, StoreError, policies, within};

/// The most origins of one tenant.
pub const MAX_ORIGINS: usize = 50;
/// The most changes of one tenant within [`WINDOW_SECONDS`].
pub const MAX_CHANGES: i64 = 30;
/// What the rate of changes is counted over.
pub const WINDOW_SECONDS: i64 = 60;

/// Where PostgreSQL tells of changes. The payload is the version and the tenant, with a space in between.
pub const CHANNEL: &str = "cors_tenants";

/// Who changes something, for the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// The account.
    pub account: &'a str,
    /// The instance that it spoke to.
    pub instance: &'a str,
}

/// A change of one tenant's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Makes the tenant, with an account that has this password hash.
    Create {
        /// See [`crate::password`].
        password_hash: &'a str,
    },
    /// Lets pages of an origin in. It is stored as it is: whoever calls this has validated it.
    Register(&'a str),
    /// Lets them in no longer.
    Revoke(&'a str),
    /// Ends the tenant: its policy, accounts, sessions and notes. The name stays taken, and the audit log stays.
    Remove,
}

impl<'a> Change<'a> {
    /// As the audit log has it.
    fn words(self) -> (&'static str, Option<&'a str>) {
        match self {
            Self::Create { .. } => ("create", None),
            Self::Register(origin) => ("register", Some(origin)),
            Self::Revoke(origin) => ("revoke", Some(origin)),
            Self::Remove => ("remove", None),
        }
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug)]
pub enum NotChanged {
    /// Somebody has the name, or had it.
    NameTaken,
    /// There is no such tenant, or no longer.
    NoTenant,
    /// The origin is registered already.
    Registered,
    /// The origin is not registered.
    NotRegistered,
    /// There are [`MAX_ORIGINS`].
    TooManyOrigins,
    /// There were [`MAX_CHANGES`] within [`WINDOW_SECONDS`].
    TooManyChanges,
    /// The database can't be used. The change may have been made all the same, if the connection was lost at the end.
    Store(StoreError),
}

impl fmt::Display for NotChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken => f.write_str("this name is taken; choose another"),
            Self::NoTenant => f.write_str("there is no such tenant"),
            Self::Registered => f.write_str("this origin is registered already"),
            Self::NotRegistered => {
                f.write_str("this origin is not registered; write it exactly as the list of origins shows it")
            }
            Self::TooManyOrigins => write!(
                f,
                "a tenant has at most {MAX_ORIGINS} origins; revoke one, or register a pattern such as https://*.example.com"
            ),
            Self::TooManyChanges => {
                write!(f, "a tenant makes at most {MAX_CHANGES} changes in {WINDOW_SECONDS} s; wait a minute")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotChanged {}

impl From<StoreError> for NotChanged {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for NotChanged {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Changes a tenant's policy, and returns the version that the change has.
    ///
    /// # Errors
    ///
    /// If it can't be made, and why.
    pub async fn change(
        &self,
        tenant: &str,
        change: Change<'_>,
        actor: Actor<'_>,
    ) -> Result<i64, NotChanged> {
        within(async {
            let mut transaction = self.begin().await?;
            // First, and under the lock that this takes until the end: so whoever has a later version commits later.
            let row = sqlx::query("UPDATE clock SET version = version + 1 RETURNING version")
                .fetch_one(&mut *transaction)
                .await?;
            let version: i64 = row.try_get(0)?;
            self.apply(&mut transaction, version, tenant, change, actor).await?;
            if self.kind() == Kind::Postgres {
                // Sent when this is committed, or never.
                sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(CHANNEL)
                    .bind(format!("{version} {tenant}"))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(version)
        })
        .await
    }

    async fn apply(
        &self,
        transaction: &mut Transaction<'static, Any>,
        version: i64,
        tenant: &str,
        change: Change<'_>,
        actor: Actor<'_>,
    ) -> Result<(), NotChanged> {
        let connection = &mut **transaction;
        if let Change::Create { password_hash } = change {
            let inserted = sqlx::query(
                "INSERT INTO tenants (name, version, origins) VALUES ($1, $2, '') ON CONFLICT (name) DO NOTHING",
            )
            .bind(tenant)
            .bind(version)
            .execute(&mut *connection)
            .await?;
            if inserted.rows_affected() == 0 {
                return Err(NotChanged::NameTaken);
            }
            sqlx::query("INSERT INTO accounts (tenant, name, password) VALUES ($1, $2, $3)")
                .bind(tenant)
                .bind(actor.account)
                .bind(password_hash)
                .execute(&mut *connection)
                .await?;
        } else {
            self.check_rate(connection, tenant, change).await?;
            let origins = origins(connection, tenant).await?.ok_or(NotChanged::NoTenant)?;
            let origins = changed(origins, change)?;
            if origins.is_none() {
                for table in ["sessions", "accounts", "notes"] {
                    sqlx::query(&format!("DELETE FROM {table} WHERE tenant = $1"))
                        .bind(tenant)
                        .execute(&mut *connection)
                        .await?;
                }
            }
            sqlx::query("UPDATE tenants SET version = $1, origins = $2 WHERE name = $3")
                .bind(version)
                .bind(origins.map(|origins| origins.join("\n")))
                .bind(tenant)
                .execute(&mut *connection)
                .await?;
        }
        let (what, origin) = change.words();
        let insert = format!(
            "INSERT INTO audit (version, tenant, at, who, what, origin, instance) VALUES ($1, $2, {}, $3, $4, $5, $6)",
            self.kind().now()
        );
        sqlx::query(&insert)
            .bind(version)
            .bind(tenant)
            .bind(actor.account)
            .bind(what)
            .bind(origin)
            .bind(actor.instance)
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// Under the lock, so that instances count together. Nobody is ever kept from letting less in.
    async fn check_rate(
        &self,
        connection: &mut AnyConnection,
        tenant: &str,
        change: Change<'_>,
    ) -> Result<(), NotChanged> {
        if !matches!(change, Change::Register(_)) {
            return Ok(());
        }
        let count = format!(
            "SELECT COUNT(*) FROM audit WHERE tenant = $1 AND at > {} - $2 AND what <> 'create'",
            self.kind().now()
        );
        let row = sqlx::query(&count).bind(tenant).bind(WINDOW_SECONDS).fetch_one(&mut *connection).await?;
        if row.try_get::<i64, _>(0)? >= MAX_CHANGES { Err(NotChanged::TooManyChanges) } else { Ok(()) }
    }
}

/// None if there is no such tenant, or no longer.
async fn origins(connection: &mut AnyConnection, tenant: &str) -> Result<Option<Vec<String>>, StoreError> {
    let row = sqlx::query("SELECT origins FROM tenants WHERE name = $1")
        .bind(tenant)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(row.try_get::<Option<String>, _>(0)?.map(|lines| policies::lines(&lines)))
}

/// The origins after the change; none if there is no tenant any more.
fn changed(mut origins: Vec<String>, change: Change<'_>) -> Result<Option<Vec<String>>, NotChanged> {
    match change {
        Change::Register(origin) if origins.iter().any(|other| other == origin) => {
            return Err(NotChanged::Registered);
        }
        Change::Register(_) if origins.len() >= MAX_ORIGINS => return Err(NotChanged::TooManyOrigins),
        Change::Register(origin) => origins.push(origin.to_owned()),
        Change::Revoke(origin) => {
            let position = origins.iter().position(|other| other == origin);
            origins.remove(position.ok_or(NotChanged::NotRegistered)?);
        }
        Change::Create { .. } => {}
        Change::Remove => return Ok(None),
    }
    Ok(Some(origins))
}
