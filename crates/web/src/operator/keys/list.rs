//! `GET /operator/v1/accounts/{id}/keys`: the account's keys, revoked ones included.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::AccountId;
use herald_engine::Engine;

use super::ApiKey;
use crate::{
    error::Result,
    input::{OperatorKey, PathId, Query},
    list::{List, PageParams},
};

/// List an account's keys
///
/// Revoked ones included; of each key only its first characters.
#[utoipa::path(
    get,
    path = "/operator/v1/accounts/{id}/keys",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The account's id"), PageParams),
    responses((status = 200, description = "A page of keys", body = List<ApiKey>)),
)]
pub(crate) async fn list_keys(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(account): PathId<AccountId>,
    query: Query,
) -> Result<Json<List<ApiKey>>> {
    let page = query.page()?;
    let keys = engine.list_keys(account).await?;
    Ok(Json(List::of_all(page, keys.into_iter().map(ApiKey::from).collect())))
}
