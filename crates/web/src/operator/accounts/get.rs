//! `GET /operator/v1/accounts/{id}`: one account.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::AccountId;
use herald_engine::Engine;

use super::Account;
use crate::{
    error::Result,
    input::{OperatorKey, PathId},
};

/// Get an account
#[utoipa::path(
    get,
    path = "/operator/v1/accounts/{id}",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = Account)),
)]
pub(crate) async fn get_account(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(id): PathId<AccountId>,
) -> Result<Json<Account>> {
    Ok(Json(engine.account(id).await?.into()))
}
