//! `POST /v1/webhooks/{id}`: changes what is given, keeps the rest.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{id::WebhookId, problem::Problem};
use herald_engine::{Engine, WebhookChanges};
use utoipa::ToSchema;

use super::Webhook;
use crate::{
    error::Result,
    input::{BOOLEAN, Body, EnvironmentKey, Fields, PathId, SMALL, TEXT, TEXTS, URL},
};

/// What to change; what is absent stays. Other fields are ignored, so a whole webhook can be sent
/// back.
#[derive(ToSchema)]
#[schema(as = WebhookUpdate)]
#[expect(dead_code, reason = "describes what `read` reads straight into changes")]
pub(crate) struct Request {
    /// A new description; `null` removes it.
    description: Option<String>,
    /// A new URL. Retries that are scheduled go there too.
    #[schema(example = "https://example.com/hooks")]
    url: Option<String>,
    /// Starts or stops the flow.
    #[schema(example = true)]
    enabled: Option<bool>,
    /// New event types, instead of the old ones.
    #[schema(example = json!(["client.created"]))]
    events: Option<Vec<String>>,
}

fn read(body: &[u8]) -> Result<WebhookChanges, Problem> {
    let mut fields = Fields::parse(body)?;
    let removes_description = fields.is_null("description");
    let description = fields.optional("description", TEXT)?;
    Ok(WebhookChanges {
        description: (removes_description || description.is_some()).then_some(description),
        url: fields.optional("url", URL)?,
        enabled: fields.optional("enabled", BOOLEAN)?,
        events: fields.optional("events", TEXTS)?,
    })
}

/// Update a webhook
///
/// What is scheduled stays scheduled, and uses the new URL.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = Request,
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
)]
pub(crate) async fn update_webhook(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Webhook>> {
    Ok(Json(engine.update_webhook(environment, id, read(&body)?).await?.into()))
}
