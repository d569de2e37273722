//! There is one process: it holds what it has claimed until it ends, and nobody tells it anything.

use crate::{Lease, Nodes, Result, Signal};
use async_trait::async_trait;

use super::Model;

#[async_trait]
impl Nodes for Model {
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
        Ok(self.data().agreed.entry(name).or_insert(proposed).clone())
    }

    async fn leave(&self) -> Result<()> {
        Ok(())
    }
}
