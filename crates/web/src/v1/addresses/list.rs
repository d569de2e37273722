//! `GET /v1/addresses`: the environment's addresses, page by page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Address, AddressFilters};
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
    resource::filters,
};

/// List addresses
///
/// Filters are exact, and all of them hold together.
#[utoipa::path(
    get,
    path = "/v1/addresses",
    tag = "Addresses",
    security(("accountKey" = [])),
    params(PageParams, AddressFilters, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of addresses", body = List<Address>)),
)]
pub(crate) async fn list_addresses(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    query: Query,
) -> Result<Response> {
    filters::list(&engine, environment, Kind::Address, query).await
}
