#![allow(unused, clippy::unimplemented)]
//! What is read of the account's resources, beside the writer.
//!
//! Lists know their length from the tallies where they can; what is filtered further is counted,
//! along an index that has all that is asked for. A page near the end is read from there.

use async_trait::async_trait;
use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    exact_json::{self, Value},
    id::{AccountId, ResourceId},
    resource::{Kind, Resource, document::Side},
    time::Timestamp,
};
use herald_store::{
    DueResources, Listed, Page, ResourceFilter, Resources, Result, StoreError, Stored, TimeRange,
};

use crate::PostgresStore;

#[async_trait]
impl Resources for PostgresStore {
    async fn resource(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Option<Stored>> {
        unimplemented!()
    }

    async fn list_resources(
        &self,
        environment: EnvironmentId,
        kind: Kind,
        filter: ResourceFilter,
        page: Page,
    ) -> Result<Listed<Bytes>> {
        unimplemented!()
    }

    async fn belongings(
        &self,
        environment: EnvironmentId,
        client: ResourceId,
    ) -> Result<Vec<Stored>> {
        unimplemented!()
    }

    async fn image(
        &self,
        environment: EnvironmentId,
        document: ResourceId,
        side: Side,
    ) -> Result<Option<Bytes>> {
        unimplemented!()
    }

    async fn due_resources(&self, now: Timestamp, limit: usize) -> Result<DueResources> {
        unimplemented!()
    }
}
