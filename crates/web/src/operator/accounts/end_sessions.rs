//! `DELETE /operator/v1/accounts/{id}/sessions`: signs everybody out of an account's portal.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::id::AccountId;
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{OperatorKey, PathId},
};

/// End an account's portal sessions
///
/// Everybody is signed out at once, and links that nobody has used open nothing any more.
#[utoipa::path(
    delete,
    path = "/operator/v1/accounts/{id}/sessions",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "Nobody is signed in")),
)]
pub(crate) async fn end_sessions(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(account): PathId<AccountId>,
) -> Result<StatusCode> {
    engine.end_sessions(account).await?;
    Ok(StatusCode::NO_CONTENT)
}
