//! `GET /v1/recoveries`: the environment's recoveries, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_engine::Engine;
use herald_store::{Listed, RecoveryFilter};
use utoipa::IntoParams;

use super::Recovery;
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{List, PageParams},
};

/// Which recoveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `filter` reads")]
pub(crate) struct Params {
    /// Only of this webhook.
    webhook_id: Option<String>,
    /// Only in this status: `running`, `done` or `cancelled`.
    status: Option<String>,
}

fn filter(query: &mut Query) -> RecoveryFilter {
    RecoveryFilter { webhook: query.parsed("webhookId"), status: query.parsed("status") }
}

/// List recoveries
#[utoipa::path(
    get,
    path = "/v1/recoveries",
    tag = "Recoveries",
    security(("accountKey" = [])),
    params(PageParams, Params),
    responses((status = 200, description = "A page of recoveries", body = List<Recovery>)),
)]
pub(crate) async fn list_recoveries(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    mut query: Query,
) -> Result<Json<List<Recovery>>> {
    let (page, filter) = (query.page()?, filter(&mut query));
    if query.is_unanswerable() {
        return Ok(Json(List::new(page, Listed::empty())));
    }
    let listed = engine.list_recoveries(environment, filter, page).await?;
    Ok(Json(List::new(page, listed.map(Recovery::from))))
}
