//! `GET /v1/documents`: the environment's documents, page by page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_domain::resource::Kind;
use herald_engine::Engine;

use super::{Document, DocumentFilters};
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{CreatedParams, List, PageParams, UpdatedParams},
    resource::filters,
};

/// List documents
///
/// Filters are exact, and all of them hold together.
#[utoipa::path(
    get,
    path = "/v1/documents",
    tag = "Documents",
    security(("accountKey" = [])),
    params(PageParams, DocumentFilters, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of documents", body = List<Document>)),
)]
pub(crate) async fn list_documents(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    query: Query,
) -> Result<Response> {
    filters::list(&engine, environment, Kind::Document, query).await
}
