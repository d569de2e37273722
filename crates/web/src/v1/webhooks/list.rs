//! `GET /v1/webhooks`: the environment's webhooks, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_engine::Engine;
use herald_store::{Listed, WebhookFilter};
use utoipa::IntoParams;

use super::Webhook;
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
};

/// Which webhooks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` reads")]
pub(crate) struct Params {
    /// Only (not) enabled ones.
    enabled: Option<bool>,
    /// Only this exact URL.
    url: Option<String>,
    /// Only those whose `events` contain this name.
    events: Option<String>,
}

fn filter(query: &mut Query) -> WebhookFilter {
    WebhookFilter {
        enabled: query.boolean("enabled"),
        url: query.text("url"),
        event: query.text("events"),
        created: query.created(),
        updated: query.updated(),
    }
}

/// List webhooks
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(PageParams, Params, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of webhooks", body = List<Webhook>)),
)]
pub(crate) async fn list_webhooks(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    mut query: Query,
) -> Result<Json<List<Webhook>>> {
    let (page, filter) = (query.page()?, filter(&mut query));
    if query.is_unanswerable() {
        return Ok(Json(List::new(page, Listed::empty())));
    }
    let listed = engine.list_webhooks(environment, filter, page).await?;
    Ok(Json(List::new(page, listed.map(Webhook::from))))
}
