//! `DELETE /v1/webhooks/{id}`: deletes a webhook; what is pending or held for it is cancelled.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::id::WebhookId;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Delete a webhook
///
/// What is pending or held for it is cancelled, and stays visible among the deliveries.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is deleted")),
)]
pub(crate) async fn delete_webhook(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
) -> Result<StatusCode> {
    engine.delete_webhook(environment, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
