//! Temporary endpoints, and the requests that they keep.
//!
//! An endpoint that has expired is as if it were not there, whether or not it has been removed yet:
//! whoever asks says what time it is.

use async_trait::async_trait;
use herald_domain::{
    account::EnvironmentId,
    endpoint::{Endpoint, EndpointPatch, KeptRequest},
    id::{EndpointId, RequestId},
    time::Timestamp,
};

use crate::{Created, Listed, Page, Result};

/// How much one endpoint keeps at most. The oldest is forgotten first; the newest always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Requests.
    pub requests: u64,
    /// Bytes of their bodies and headers together ([`KeptRequest::size`]).
    pub bytes: u64,
}

/// Temporary endpoints, and the requests that they keep.
#[async_trait]
pub trait Endpoints: Send + Sync + 'static {
    /// Makes an endpoint, which has got nothing yet, if its environment then has at most `limit`
    /// that live when it is made.
    async fn create_endpoint(&self, endpoint: Endpoint, limit: u32) -> Result<Created>;

    /// The endpoint with this id in this environment, if it lives at `at`.
    async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<Option<Endpoint>>;

    /// The endpoint of any environment whose token has this SHA-256, if it lives at `at`.
    async fn endpoint_by_token(
        &self,
        token_hash: [u8; 32],
        at: Timestamp,
    ) -> Result<Option<Endpoint>>;

    /// A page of the environment's endpoints that live at `at`, newest first.
    async fn list_endpoints(
        &self,
        environment: EnvironmentId,
        at: Timestamp,
        page: Page,
    ) -> Result<Listed<Endpoint>>;

    /// Applies a patch; answers the endpoint as it is then. `None` if there is none at `at`.
    async fn update_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        patch: EndpointPatch,
        at: Timestamp,
    ) -> Result<Option<Endpoint>>;

    /// Deletes it with all that it keeps. `false` if there is none, or if it has expired by `at`.
    async fn delete_endpoint(
        &self,
        environment: EnvironmentId,
        id: EndpointId,
        at: Timestamp,
    ) -> Result<bool>;

    /// Keeps a request under the endpoint's next number, whatever its `number` says, as answered
    /// with what the endpoint answers now; forgets the oldest ones beyond `bounds`. Answers the
    /// request as it is kept; `None` if the endpoint is gone, or has expired when it was received.
    async fn keep_request(
        &self,
        endpoint: EndpointId,
        request: KeptRequest,
        bounds: Bounds,
    ) -> Result<Option<KeptRequest>>;

    /// A page of the requests that an endpoint keeps, newest first.
    async fn list_requests(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        page: Page,
    ) -> Result<Listed<KeptRequest>>;

    /// The request with this id, if this endpoint keeps it.
    async fn kept_request(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        id: RequestId,
    ) -> Result<Option<KeptRequest>>;

    /// Up to `limit` requests with greater numbers than `after`, the oldest first.
    async fn requests_after(
        &self,
        environment: EnvironmentId,
        endpoint: EndpointId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<KeptRequest>>;

    /// Removes endpoints that have expired by `at`, with all that they keep: at most `limit` of
    /// them. Answers how many; fewer than `limit` means that nothing is left.
    async fn expire_endpoints(&self, at: Timestamp, limit: usize) -> Result<usize>;
}
