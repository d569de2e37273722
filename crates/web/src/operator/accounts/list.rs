//! `GET /operator/v1/accounts`: all accounts, page by page.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_engine::Engine;

use super::Account;
use crate::{
    error::Result,
    input::{OperatorKey, Query},
    list::{List, PageParams},
};

/// List accounts
#[utoipa::path(
    get,
    path = "/operator/v1/accounts",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of accounts", body = List<Account>)),
)]
pub(crate) async fn list_accounts(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    query: Query,
) -> Result<Json<List<Account>>> {
    let page = query.page()?;
    let listed = engine.list_accounts(page).await?;
    Ok(Json(List::new(page, listed.map(Account::from))))
}
