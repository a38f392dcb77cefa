//! Tells that somebody changed something: by `LISTEN` on PostgreSQL, by `PRAGMA data_version` on SQLite. News may be lost, and
//! nothing rests on them: they only make a check happen earlier.

use std::time::Duration;

use sqlx::{AnyConnection, Connection as _, Row as _, postgres::PgListener};

use super::{Kind, PATIENCE, Store, StoreError, changes::CHANNEL};

/// How often SQLite is looked at. It is a look at a counter in shared memory.
const POLL: Duration = Duration::from_millis(50);

/// A connection of its own, by which news come.
#[derive(Debug)]
pub struct Watch(Source);

#[derive(Debug)]
enum Source {
    Sqlite { connection: AnyConnection, seen: i64 },
    Postgres(Box<PgListener>),
}

/// A change that somebody committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This tenant's, with this version.
    Of {
        /// The tenant.
        tenant: String,
        /// Its version.
        version: i64,
    },
    /// Some.
    Some,
}

impl Store {
    /// Begins to watch. What was committed before is no news.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn watch(&self) -> Result<Watch, StoreError> {
        // Elsewhere the tables would be missing, and a file would not be there.
        self.pool().await?;
        let connect = async {
            Ok::<_, sqlx::Error>(match self.kind() {
                Kind::Sqlite => {
                    let mut connection = AnyConnection::connect(self.url.as_driver_url()).await?;
                    let seen = data_version(&mut connection).await?;
                    Source::Sqlite { connection, seen }
                }
                Kind::Postgres => {
                    let mut listener = PgListener::connect(self.url.as_driver_url()).await?;
                    listener.eager_reconnect(false);
                    listener.listen(CHANNEL).await?;
                    Source::Postgres(Box::new(listener))
                }
            })
        };
        match tokio::time::timeout(PATIENCE, connect).await {
            Ok(source) => Ok(Watch(source?)),
            Err(_) => Err(StoreError::new("no connection for news in time")),
        }
    }
}

impl Watch {
    /// Waits for news.
    ///
    /// # Errors
    ///
    /// If the connection is lost. Then watch again, and check for what was missed.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        match &mut self.0 {
            Source::Sqlite { connection, seen } => loop {
                tokio::time::sleep(POLL).await;
                let version = data_version(connection).await?;
                if version != *seen {
                    *seen = version;
                    return Ok(News::Some);
                }
            },
            Source::Postgres(listener) => {
                let notification = listener.try_recv().await?;
                let notification =
                    notification.ok_or_else(|| StoreError::new("the connection for news is lost"))?;
                Ok(read(notification.payload()))
            }
        }
    }
}

/// Counts the commits of other connections.
async fn data_version(connection: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query("PRAGMA data_version").fetch_one(connection).await?.try_get(0)
}

/// Whatever somebody else sent there, it is a reason to look.
fn read(payload: &str) -> News {
    let parts = payload.split_once(' ').and_then(|(version, tenant)| Some((version.parse().ok()?, tenant)));
    match parts {
        Some((version, tenant)) => News::Of { tenant: tenant.to_owned(), version },
        None => News::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_says_nothing_is_still_a_reason_to_look() {
        assert_eq!(read("7 acme"), News::Of { tenant: "acme".to_owned(), version: 7 });
        for payload in ["", "7", "x acme", "acme 7", "99999999999999999999 acme"] {
            assert_eq!(read(payload), News::Some, "{payload:?}");
        }
    }
}
