#![allow(unused, clippy::unimplemented)]
//! Yet to be written.
use std::sync::Arc;
use async_trait::async_trait;
use herald_store::{Record, Recorded, Recording, Result};
use crate::{PostgresStore, Shared};
pub(crate) struct Recorder;
impl Recorder { pub(crate) fn start(shared: Arc<Shared>) -> Self { Self } }
#[async_trait]
impl Recording for PostgresStore {
    async fn record(&self, record: Record) -> Result<Recorded> { unimplemented!() }
}
