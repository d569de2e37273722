#![allow(unused, clippy::unimplemented)]
//! Temporary endpoints, and the requests that they keep.
//!
//! An endpoint counts what it keeps, so that the bounds cost nothing but the look at the oldest
//! rows that go.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{AccountId, EndpointId, RequestId},
    time::Timestamp,
    webhook::SealedSecret,
};
use herald_store::{
    Bounds, Created, Endpoints, Listed, Page, Result, StoreError,
    codec::{decode_headers, encode_headers},
};

use crate::PostgresStore;

#[async_trait]
impl Endpoints for PostgresStore {
    async fn create_endpoint(&self, endpoint: Endpoint, limit: u32) -> Result<Created> {
        unimplemented!()
    }

    async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        unimplemented!()
    }

    async fn endpoint_by_token(
        &self,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        unimplemented!()
    }

    async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        at: Timestamp,
        page: Page,
    ) -> Result<Listed<Endpoint>> {
        unimplemented!()
    }

    async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        patch: EndpointPatch,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        unimplemented!()
    }

    async fn delete_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<bool> {
        unimplemented!()
    }

    async fn keep_request(
        &self,
        endpoint: EndpointId,
        request: KeptRequest,
        bounds: Bounds,
    ) -> Result<Option<KeptRequest>> {
        unimplemented!()
    }

    async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<KeptRequest>> {
        unimplemented!()
    }

    async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Option<KeptRequest>> {
        unimplemented!()
    }

    async fn requests_after(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<KeptRequest>> {
        unimplemented!()
    }

    async fn expire_endpoints(&self, at: Timestamp, limit: usize) -> Result<usize> {
        unimplemented!()
    }
}
