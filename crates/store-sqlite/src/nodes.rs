//! There is one process: it holds what it has claimed until it ends, and nobody tells it anything.

use async_trait::async_trait;
use herald_store::{Lease, Nodes, Result, Signal};

use crate::SqliteStore;

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

    async fn leave(&self) -> Result<()> {
        Ok(())
    }
}
