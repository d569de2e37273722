//! `POST /v1/webhooks/{id}/switchSecret`: the new secret signs in both headers from now on.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::WebhookId;
use herald_engine::Engine;

use super::Webhook;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// Switch to a webhook's new secret
///
/// From now on `Complycube-Signature` is made with the new secret. `Webhook-Signature` carries both
/// until the overlap ends. If there is nothing to switch, nothing changes.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/switchSecret",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
)]
pub(crate) async fn switch_secret(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
) -> Result<Json<Webhook>> {
    Ok(Json(engine.switch_secret(environment, id).await?.into()))
}
