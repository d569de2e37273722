//! `GET /v1/endpoints`: the environment's temporary endpoints, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_engine::Engine;

use super::Endpoint;
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{List, PageParams},
};

/// List temporary endpoints
#[utoipa::path(
    get,
    path = "/v1/endpoints",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of endpoints", body = List<Endpoint>)),
)]
pub(crate) async fn list_endpoints(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    query: Query,
) -> Result<Json<List<Endpoint>>> {
    let page = query.page()?;
    let listed = engine.list_endpoints(environment, page).await?;
    Ok(Json(List::new(page, listed.map(Endpoint::from))))
}
