//! `GET /v1/webhooks/{id}`: one webhook.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::WebhookId;
use herald_engine::Engine;

use super::Webhook;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Get a webhook
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook", body = Webhook)),
)]
pub(crate) async fn get_webhook(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
) -> Result<Json<Webhook>> {
    Ok(Json(engine.webhook(environment, id).await?.into()))
}
