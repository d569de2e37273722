#![allow(unused, clippy::unimplemented)]
//! Forgetting and tidying, some rows at a time.

use async_trait::async_trait;
use herald_domain::{delivery::DeliveryState, time::Timestamp};
use herald_store::{Result, Upkeep};

use crate::PostgresStore;
use std::time::Duration;

#[async_trait]
impl Upkeep for PostgresStore {
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }

    async fn expire_keys(&self, before: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }

    async fn cancel_orphans(&self, at: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }

    async fn end_rotations(&self, now: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }

    async fn advance_due(&self, now: Timestamp, by: Duration) -> Result<()> {
        unimplemented!()
    }

    async fn note_time(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        unimplemented!()
    }

    async fn probe(&self) -> Result<()> {
        unimplemented!()
    }
}
