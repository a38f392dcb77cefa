//! The audit log, as its tenant reads it. It is written with each change, in [`changes`](super::changes).

use serde::Serialize;
use sqlx::Row as _;

use super::{Store, StoreError, within};

/// A change, and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The version that the change has; no two changes of any tenant have the same.
    pub version: i64,
    /// When, in seconds since 1970, by the database's clock.
    pub at: i64,
    /// The account.
    pub who: String,
    /// `create`, `register`, `revoke` or `remove`.
    pub what: String,
    /// The origin, if it is about one.
    pub origin: Option<String>,
    /// The instance that made it.
    pub instance: String,
}

impl Store {
    /// A tenant's changes before a version, the latest first, at most so many.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn audit(&self, tenant: &str, before: i64, at_most: u32) -> Result<Vec<Entry>, StoreError> {
        within(async {
            let rows = sqlx::query(
                "SELECT version, at, who, what, origin, instance FROM audit
                 WHERE tenant = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
            )
            .bind(tenant)
            .bind(before)
            .bind(i64::from(at_most))
            .fetch_all(self.pool().await?)
            .await?;
            let entry = |row: &sqlx::any::AnyRow| {
                Ok(Entry {
                    version: row.try_get(0)?,
                    at: row.try_get(1)?,
                    who: row.try_get(2)?,
                    what: row.try_get(3)?,
                    origin: row.try_get(4)?,
                    instance: row.try_get(5)?,
                })
            };
            Ok(rows.iter().map(entry).collect::<Result<_, sqlx::Error>>()?)
        })
        .await
    }
}
