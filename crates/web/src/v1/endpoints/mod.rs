//! Temporary endpoints: a URL of Herald's own that keeps what is sent to it.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
mod kept;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod update;

use herald_domain::{id::EndpointId, time::Timestamp};
use herald_engine::OpenEndpoint;
use serde::Serialize;
use utoipa::ToSchema;

use kept::KeptRequest;

/// A temporary endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    /// Its id.
    #[schema(value_type = String, example = "5eb04fcd0f3e360008035eb6")]
    id: EndpointId,
    /// Where it takes requests of any method. Whoever knows it can send to it.
    #[schema(example = "https://hooks.example.com/e/q7Zc1kUvBnX0aYtWm4RjLs9DfGhKpE2o")]
    url: String,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "My laptop")]
    description: Option<String>,
    /// The status that it answers.
    #[schema(example = 200)]
    respond_with: u16,
    /// How many requests it keeps: the last 500, at most 16 MiB of them.
    #[schema(example = 0)]
    requests: u64,
    /// When it goes, with all that it keeps.
    #[schema(value_type = String, format = DateTime, example = "2026-02-01T09:30:00.000Z")]
    expires_at: Timestamp,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
}

impl From<OpenEndpoint> for Endpoint {
    fn from(OpenEndpoint { endpoint, url }: OpenEndpoint) -> Self {
        Self {
            id: endpoint.id,
            url,
            description: endpoint.description,
            respond_with: endpoint.respond_with,
            requests: endpoint.requests,
            expires_at: endpoint.expires_at,
            created_at: endpoint.created_at,
        }
    }
}
