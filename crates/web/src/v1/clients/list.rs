//! `GET /v1/clients`: the environment's clients, page by page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Client, ClientFilters};
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
    resource::filters,
};

/// List clients
///
/// Filters are exact, and all of them hold together. Details are asked for with dots, metadata
/// by its keys.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "Clients",
    security(("accountKey" = [])),
    params(PageParams, ClientFilters, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of clients", body = List<Client>)),
)]
pub(crate) async fn list_clients(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    query: Query,
) -> Result<Response> {
    filters::list(&engine, environment, Kind::Client, query).await
}
