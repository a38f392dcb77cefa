//! What instances read of policies: the other side of the [`replica`](crate::replica)'s contract.

use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{Store, StoreError, within};
use crate::replica::{Change, Changes, Loaded, State, Tenant, Version};

/// A tenant's origins and patterns, as they are stored.
pub type Origins = Vec<String>;

/// The origins in a row.
pub(super) fn lines(text: &str) -> Origins {
    text.lines().map(str::to_owned).collect()
}

impl Store {
    /// What changed after a version, at most so many tenants, and the versions of the tenants in `compare`. Without a version,
    /// only the clock.
    ///
    /// # Errors
    ///
    /// If the database can't be used, or is a standby, which may lag behind without bound.
    pub async fn changes(
        &self,
        after: Option<Version>,
        at_most: usize,
        compare: &[Tenant],
    ) -> Result<Changes<Origins>, StoreError> {
        within(async {
            let mut transaction = self.pool().await?.begin_with(self.kind().snapshot()).await?;
            let clock = format!("SELECT version, history, {} FROM clock", self.kind().timeline());
            let clock = sqlx::query(&clock).fetch_one(&mut *transaction).await?;
            let as_of: i64 = clock.try_get(0)?;
            let (history, timeline): (i64, i64) = (clock.try_get(1)?, clock.try_get(2)?);
            let rows = match after {
                // Nothing to read, as in nearly every check.
                Some(Version(after)) if after != as_of => rows(&mut transaction, after, at_most).await?,
                _ => Vec::new(),
            };
            let more = rows.len() >= at_most;
            let compared = compared(&mut transaction, compare).await?;
            transaction.commit().await?;
            Ok(Changes {
                history: u64::from_ne_bytes((history ^ timeline).to_ne_bytes()),
                as_of: Version(as_of),
                rows,
                more,
                compared,
            })
        })
        .await
    }

    /// One tenant's policy, with the clock of the same moment.
    ///
    /// # Errors
    ///
    /// If the database can't be used.
    pub async fn load(&self, tenant: &str) -> Result<Loaded<Origins>, StoreError> {
        within(async {
            let row = sqlx::query(
                "SELECT clock.version, tenants.version, tenants.origins
                 FROM clock LEFT JOIN tenants ON tenants.name = $1",
            )
            .bind(tenant)
            .fetch_one(self.pool().await?)
            .await?;
            let origins: Option<String> = row.try_get(2)?;
            let found = match origins {
                Some(origins) => Some((Version(row.try_get(1)?), lines(&origins))),
                None => None,
            };
            Ok(Loaded { as_of: Version(row.try_get(0)?), found })
        })
        .await
    }
}

/// One statement, so what it returns was true at one moment.
async fn rows(
    connection: &mut AnyConnection,
    after: i64,
    at_most: usize,
) -> Result<Vec<Change<Origins>>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, version, origins FROM tenants WHERE version > $1 ORDER BY version LIMIT $2",
    )
    .bind(after)
    .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let change = |row: &AnyRow| {
        let name: String = row.try_get(0)?;
        let origins: Option<String> = row.try_get(2)?;
        let state = origins.map_or(State::Removed, |origins| State::Policy(lines(&origins)));
        Ok(Change { tenant: name.into(), version: Version(row.try_get(1)?), state })
    };
    Ok(rows.iter().map(change).collect::<Result<_, sqlx::Error>>()?)
}

async fn compared(
    connection: &mut AnyConnection,
    compare: &[Tenant],
) -> Result<Vec<(Tenant, Option<Version>)>, StoreError> {
    if compare.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=compare.len()).map(|number| format!("${number}")).collect();
    let select = format!(
        "SELECT name, version FROM tenants WHERE origins IS NOT NULL AND name IN ({})",
        places.join(", ")
    );
    let query = compare.iter().fold(sqlx::query(&select), |query, tenant| query.bind(&**tenant));
    let mut versions = std::collections::HashMap::new();
    for row in query.fetch_all(connection).await? {
        versions.insert(row.try_get::<String, _>(0)?, Version(row.try_get(1)?));
    }
    Ok(compare.iter().map(|tenant| (Tenant::clone(tenant), versions.get(&**tenant).copied())).collect())
}
