//! A tenant's data: what its front ends are for. Notes will do.

use serde::Serialize;
use sqlx::Row as _;

use super::{Store, StoreError, within};

/// The most notes of one tenant.
pub const MAX_NOTES: i64 = 100;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its number, among this tenant's.
    pub id: i64,
    /// What it says.
    pub text: String,
}

impl Store {
    /// A tenant's notes, the oldest first.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn notes(&self, tenant: &str) -> Result<Vec<Note>, StoreError> {
        within(async {
            let rows = sqlx::query("SELECT id, text FROM notes WHERE tenant = $1 ORDER BY id")
                .bind(tenant)
                .fetch_all(self.pool().await?)
                .await?;
            let note = |row: &sqlx::any::AnyRow| Ok(Note { id: row.try_get(0)?, text: row.try_get(1)? });
            Ok(rows.iter().map(note).collect::<Result<_, sqlx::Error>>()?)
        })
        .await
    }

    /// Adds a note and returns its number; none if there are [`MAX_NOTES`].
    ///
    /// # Errors
    ///
    /// If the database can't be used, or somebody added one at the same moment.
    pub async fn add_note(&self, tenant: &str, text: &str) -> Result<Option<i64>, StoreError> {
        within(async {
            let row = sqlx::query(
                "INSERT INTO notes (tenant, id, text)
                 SELECT $1, COALESCE(MAX(id), 0) + 1, $2 FROM notes WHERE tenant = $1
                 HAVING COUNT(*) < $3 RETURNING id",
            )
            .bind(tenant)
            .bind(text)
            .bind(MAX_NOTES)
            .fetch_optional(self.pool().await?)
            .await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
        .await
    }

    /// Deletes a note; whether there was one.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn delete_note(&self, tenant: &str, id: i64) -> Result<bool, StoreError> {
        within(async {
            let deleted = sqlx::query("DELETE FROM notes WHERE tenant = $1 AND id = $2")
                .bind(tenant)
                .bind(id)
                .execute(self.pool().await?)
                .await?;
            Ok(deleted.rows_affected() > 0)
        })
        .await
    }
}
