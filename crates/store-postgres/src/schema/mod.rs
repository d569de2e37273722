//! The schema and its migrations.
//!
//! # To change the schema
//!
//! 1. Add `NNNN_what.sql` beside this file; never edit one that was released.
//! 2. Append it to [`MIGRATIONS`], with the oldest version whose programs can go on working on the
//!    result. Nodes of the version before are still running when it is applied, and must not notice:
//!    add columns that may be NULL or have a default, tables and indexes; remove in a later version
//!    what this one no longer uses; never rename. A statement that waits for a lock gives up after
//!    [`PATIENCE`], so that nobody queues up behind it, and the migration is tried again.
//! 3. An index of a large table is made `CONCURRENTLY`, by hand, before the upgrade, under the name
//!    that the migration then finds with `IF NOT EXISTS`.

use std::time::Duration;

use herald_store::{Result, StoreError};

use crate::{
    connecting::Pool,
    failure::{Failed, Outcome},
    transaction::{Ended, Tx, transact},
};

/// A step from one version to the next.
struct Migration {
    sql: &'static str,
    /// Programs that know at least this version go on working after it.
    works_with: i64,
}

/// Every migration, in order; the schema's version is how many have been applied.
const MIGRATIONS: &[Migration] =
    &[Migration { sql: include_str!("0001_begin.sql"), works_with: 1 }];

/// The version that this program brings a database to.
#[expect(clippy::cast_possible_wrap, reason = "there are few")]
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// How long a migration waits for a lock.
const PATIENCE: &str = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = 0";

/// How often a migration is tried whose locks others hold.
const TRIES: usize = 30;

/// The versions of a database: its own, and the oldest that programs may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub found: i64,
    pub works_with: i64,
}

/// The versions of the database; zero, if nothing is there yet.
pub(crate) async fn versions(tx: &Tx) -> Outcome<Versions> {
    let there = tx.query_one("SELECT to_regclass('herald_schema') IS NOT NULL", &[]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(Versions { found: 0, works_with: 0 });
    }
    let row = tx.query_opt("SELECT version, works_with FROM herald_schema", &[]).await?;
    let row = row.ok_or_else(|| Failed::corrupt("herald_schema has no row"))?;
    Ok(Versions { found: row.try_get(0)?, works_with: row.try_get(1)? })
}

/// Refuses a database that a newer Herald has brought to where this program cannot work.
pub(crate) fn check(versions: Versions) -> Result<()> {
    if versions.works_with > VERSION {
        return Err(StoreError::Unavailable(format!(
            "the database has schema version {}, and programs have to know version {} to work on \
             it; this one knows {VERSION}: run the newer Herald",
            versions.found, versions.works_with
        )));
    }
    Ok(())
}

/// Brings the schema up to date; answers the versions before and after. Of several nodes that start
/// at once, one does it and the others wait.
pub(crate) async fn prepare(pool: &Pool) -> Result<(i64, i64)> {
    let mut tried = 0;
    loop {
        tried += 1;
        match transact(pool, migrate).await {
            Ended::Known(Ok(Ok(versions))) => return Ok(versions),
            Ended::Known(Ok(Err(refused))) => return Err(refused),
            Ended::Known(Err(StoreError::Unavailable(reason))) if tried < TRIES => {
                tracing::info!(reason, "the migration waits for its locks");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ended::Known(Err(error)) => return Err(error),
            Ended::Unknown(..) => {}
        }
    }
}

async fn migrate(tx: Tx) -> Outcome<Result<(i64, i64)>> {
    tx.batch(PATIENCE).await?;
    // Held until the end: one at a time.
    tx.batch("SELECT pg_advisory_xact_lock(4850476442151241)").await?;
    let found = versions(&tx).await?;
    if let Err(refused) = check(found) {
        return Ok(Err(refused));
    }
    let done = usize::try_from(found.found).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(done..).filter(|missing| !missing.is_empty()) else {
        return Ok(Ok((found.found, found.found)));
    };
    if found.found == 0 {
        let begin = "CREATE TABLE herald_schema (
                         only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                         version bigint NOT NULL,
                         works_with bigint NOT NULL -- programs have to know at least this version
                     );
                     INSERT INTO herald_schema (version, works_with) VALUES (0, 0)";
        tx.batch(begin).await?;
    }
    let mut works_with = found.works_with;
    for migration in missing {
        tx.batch(migration.sql).await?;
        works_with = works_with.max(migration.works_with);
    }
    let sql = "UPDATE herald_schema SET version = $1, works_with = $2";
    tx.execute(sql, &[&VERSION, &works_with]).await?;
    Ok(Ok((found.found, VERSION)))
}
