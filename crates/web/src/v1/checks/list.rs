//! `GET /v1/checks`: the environment's checks, page by page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Check, CheckFilters};
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
    resource::filters,
};

/// List checks
///
/// Filters are exact, and all of them hold together.
#[utoipa::path(
    get,
    path = "/v1/checks",
    tag = "Checks",
    security(("accountKey" = [])),
    params(PageParams, CheckFilters, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of checks", body = List<Check>)),
)]
pub(crate) async fn list_checks(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    query: Query,
) -> Result<Response> {
    filters::list(&engine, environment, Kind::Check, query).await
}
