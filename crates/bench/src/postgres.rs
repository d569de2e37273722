//! A PostgreSQL server of the benchmark's own, on the disk, and what it tells of its work.

use std::time::Duration;

use anyhow::{Context as _, Result};
use herald_testpg::{Cluster, Database};

use crate::{
    bench::{Bench, ServersCpu},
    measure::Process,
};

/// What is not as PostgreSQL comes: memory for a machine of this size, checkpoints that do not come
/// in the middle of a row, and the counting of statements.
const SETTINGS: &[&str] =
    &["shared_buffers=1GB", "max_wal_size=8GB", "shared_preload_libraries=pg_stat_statements"];

/// A server with one database.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// Dropped before its server.
    database: Database,
    cluster: Cluster,
    ended: ServersCpu,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.ended.add(self.cpu().unwrap_or_default());
    }
}

/// What a server has done so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    commits: i64,
    statements: i64,
}

/// The same, for each of many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) commits: f64,
    pub(crate) statements: f64,
}

impl Postgres {
    /// Starts a server with an empty database.
    pub(crate) async fn start(bench: &Bench) -> Result<Self> {
        let place = bench.data().to_owned();
        let cluster =
            tokio::task::spawn_blocking(move || Cluster::start_in(&place, SETTINGS)).await?;
        let database = cluster.database().await;
        let counting = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        database.connect().await.batch_execute(counting).await?;
        Ok(Self { database, cluster, ended: bench.servers.clone() })
    }

    /// Where the database is.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// The database, for statements of the benchmark's own.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// CPU time that all processes of the server have used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        Process(self.cluster.process_id()).cpu_of_family()
    }

    /// What it has done so far.
    pub(crate) async fn work(&self) -> Result<Work> {
        let sql = "SELECT (SELECT xact_commit FROM pg_stat_database
                           WHERE datname = current_database()) AS commits,
                       (SELECT sum(calls)::bigint FROM pg_stat_statements) AS statements";
        let client = self.database.connect().await;
        let row = client.query_one(sql, &[]).await.context("the server's statistics")?;
        Ok(Work { commits: row.try_get("commits")?, statements: row.try_get("statements")? })
    }
}

impl Work {
    /// What was done since `before`, for each of so many.
    pub(crate) fn for_each(self, before: Self, count: u64) -> Share {
        let each = |after: i64, before: i64| (after - before) as f64 / count as f64;
        Share {
            commits: each(self.commits, before.commits),
            statements: each(self.statements, before.statements),
        }
    }
}
