//! `GET /v1/endpoints/{id}/requests`: what a temporary endpoint keeps, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::EndpointId;
use herald_engine::Engine;

use super::KeptRequest;
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId, Query},
    list::{List, PageParams},
};

/// List what an endpoint keeps
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}/requests",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The endpoint's id"), PageParams),
    responses((status = 200, description = "A page of requests", body = List<KeptRequest>)),
)]
pub(crate) async fn list_requests(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
    query: Query,
) -> Result<Json<List<KeptRequest>>> {
    let page = query.page()?;
    let listed = engine.list_requests(environment, id, page).await?;
    Ok(Json(List::new(page, listed.map(KeptRequest::from))))
}
