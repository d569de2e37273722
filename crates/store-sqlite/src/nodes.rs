//! There is one process: it holds what it has claimed until it ends, and nobody tells it anything.

use async_trait::async_trait;
use herald_store::{Lease, Nodes, Result, Signal};
use rusqlite::params;

use crate::{SqliteStore, failure::explain};

#[async_trait]
impl Nodes for SqliteStore {
    fn holds(&self, _: Lease) -> bool {
        true
    }

    fn dispatchers(&self) -> usize {
        1
    }

    async fn signal(&self) -> Signal {
        std::future::pending().await
    }

    fn round_trips(&self) -> u64 {
        0
    }

    async fn agree(&self, name: &'static str, proposed: Vec<u8>) -> Result<Vec<u8>> {
        // One writes at a time, so that nothing comes between the two.
        self.writer
            .write(move |session| {
                let propose = "INSERT INTO agreed (name, value) VALUES (?1, ?2)
                               ON CONFLICT DO NOTHING";
                session.connection.execute(propose, params![name, proposed]).map_err(explain)?;
                let agreed = "SELECT value FROM agreed WHERE name = ?1";
                session.connection.query_row(agreed, [name], |row| row.get(0)).map_err(explain)
            })
            .await
    }

    async fn leave(&self) -> Result<()> {
        Ok(())
    }
}
