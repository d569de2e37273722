//! `GET /v1/deliveries`: the environment's deliveries, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_engine::Engine;
use herald_store::{DeliveryFilter, Listed};
use utoipa::IntoParams;

use super::Delivery;
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
};

/// Which deliveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `filter` reads")]
pub(crate) struct Params {
    /// Only to this webhook.
    webhook_id: Option<String>,
    /// Only of this event.
    event_id: Option<String>,
    /// Only in this state: `pending`, `delivered`, `exhausted`, `held` or `cancelled`.
    state: Option<String>,
    /// Only of events of this type.
    #[param(rename = "type")]
    event_type: Option<String>,
}

fn filter(query: &mut Query) -> DeliveryFilter {
    DeliveryFilter {
        webhook: query.parsed("webhookId"),
        event: query.parsed("eventId"),
        state: query.parsed("state"),
        event_type: query.text("type"),
        created: query.created(),
        updated: query.updated(),
    }
}

/// List deliveries
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    tag = "Deliveries",
    security(("accountKey" = [])),
    params(PageParams, Params, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of deliveries", body = List<Delivery>)),
)]
pub(crate) async fn list_deliveries(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    mut query: Query,
) -> Result<Json<List<Delivery>>> {
    let (page, filter) = (query.page()?, filter(&mut query));
    if query.is_unanswerable() {
        return Ok(Json(List::new(page, Listed::empty())));
    }
    let listed = engine.list_deliveries(environment, filter, page).await?;
    Ok(Json(List::new(page, listed.map(Delivery::from))))
}
