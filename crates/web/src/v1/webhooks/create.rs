//! `POST /v1/webhooks`: makes a webhook and shows its secret, once.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::problem::Problem;
use herald_engine::{Engine, NewWebhook};
use utoipa::ToSchema;

use super::Webhook;
use crate::{
    error::Result,
    input::{BOOLEAN, Body, EnvironmentKey, Fields, SMALL, TEXT, TEXTS, URL},
};

/// What it takes to make a webhook. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = NewWebhook)]
pub(crate) struct Request {
    /// What its owner says of it; at most 1,000 characters.
    #[schema(example = "Orders service")]
    description: Option<String>,
    /// Where notifications are POSTed: HTTPS, and no address of an internal network.
    #[schema(example = "https://example.com/hooks")]
    url: String,
    /// Whether notifications flow at once.
    #[schema(example = true)]
    enabled: bool,
    /// Names of the catalogue, or `*` for all.
    #[schema(example = json!(["*"]))]
    events: Vec<String>,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        Ok(Self {
            url: fields.required("url", URL)?,
            enabled: fields.required("enabled", BOOLEAN)?,
            events: fields.required("events", TEXTS)?,
            description: fields.optional("description", TEXT)?,
        })
    }
}

/// Create a webhook
///
/// The answer is the only one that shows the signing secret.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("accountKey" = [])),
    request_body = Request,
    responses((
        status = 200,
        description = "The webhook, with its secret",
        body = Webhook,
        example = json!({
            "id": "5eb04fcd0f3e360008035eb2",
            "description": "Orders service",
            "url": "https://example.com/hooks",
            "enabled": true,
            "events": ["*"],
            "secret": "wyYuOLs3J5nGRZKFS8jEiPKcgbqYvT1d",
            "createdAt": "2026-01-31T09:30:00.000Z",
            "updatedAt": "2026-01-31T09:30:00.000Z",
        }),
    )),
)]
pub(crate) async fn create_webhook(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Json<Webhook>> {
    let Request { description, url, enabled, events } = Request::read(&body)?;
    let new = NewWebhook { description, url, enabled, events };
    let (webhook, secret) = engine.create_webhook(environment, new).await?;
    Ok(Json(Webhook::from(webhook).with_secret(&secret)))
}
