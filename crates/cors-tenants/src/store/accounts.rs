//! Accounts and sessions. A session belongs to one tenant's account, and its token is stored as a hash: whoever reads the
//! table can't use it.

use sqlx::Row as _;

use super::{Store, StoreError, within};

/// How long a session lasts.
pub const SESSION_SECONDS: i64 = 12 * 60 * 60;
/// The most sessions of one account; one more ends the oldest.
const MAX_SESSIONS: i64 = 20;

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The account.
    pub account: String,
    /// Whether it may manage the tenant, in addition to using its data.
    pub manages: bool,
}

impl Store {
    /// The hash of an account's password.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn password_hash(&self, tenant: &str, account: &str) -> Result<Option<String>, StoreError> {
        within(async {
            let row = sqlx::query("SELECT password FROM accounts WHERE tenant = $1 AND name = $2")
                .bind(tenant)
                .bind(account)
                .fetch_optional(self.pool().await?)
                .await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
        .await
    }

    /// Begins a session with a token of this hash.
    ///
    /// # Errors
    ///
    /// If the database can't be used, or the account is gone.
    pub async fn begin_session(
        &self,
        token_hash: &str,
        tenant: &str,
        signed_in: &SignedIn,
    ) -> Result<(), StoreError> {
        let now = self.kind().now();
        within(async {
            let mut transaction = self.begin().await?;
            sqlx::query(&format!("DELETE FROM sessions WHERE ends <= {now}"))
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions
                 WHERE tenant = $1 AND account = $2 ORDER BY ends DESC, token LIMIT 1000 OFFSET $3)",
            )
            .bind(tenant)
            .bind(&signed_in.account)
            .bind(MAX_SESSIONS - 1)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(&format!(
                "INSERT INTO sessions (token, tenant, account, manages, ends) VALUES ($1, $2, $3, $4, {now} + $5)"
            ))
            .bind(token_hash)
            .bind(tenant)
            .bind(&signed_in.account)
            .bind(i64::from(signed_in.manages))
            .bind(SESSION_SECONDS)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Who has a session with this tenant. A session of another tenant is none.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn session(&self, token_hash: &str, tenant: &str) -> Result<Option<SignedIn>, StoreError> {
        within(async {
            let select = format!(
                "SELECT account, manages FROM sessions WHERE token = $1 AND tenant = $2 AND ends > {}",
                self.kind().now()
            );
            let row =
                sqlx::query(&select).bind(token_hash).bind(tenant).fetch_optional(self.pool().await?).await?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(SignedIn { account: row.try_get(0)?, manages: row.try_get::<i64, _>(1)? != 0 }))
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn end_session(&self, token_hash: &str, tenant: &str) -> Result<(), StoreError> {
        within(async {
            sqlx::query("DELETE FROM sessions WHERE token = $1 AND tenant = $2")
                .bind(token_hash)
                .bind(tenant)
                .execute(self.pool().await?)
                .await?;
            Ok(())
        })
        .await
    }
}
