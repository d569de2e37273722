//! `DELETE /operator/v1/accounts/{id}/keys/{keyId}`: from now on the key opens nothing.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::id::{AccountId, KeyId};
use herald_engine::Engine;
use http::StatusCode;

use crate::{
    error::Result,
    input::{OperatorKey, PathId},
};

/// Revoke a key
///
/// From now on it opens nothing. Revoking it again changes nothing.
#[utoipa::path(
    delete,
    path = "/operator/v1/accounts/{id}/keys/{keyId}",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(
        ("id" = String, Path, description = "The account's id"),
        ("keyId" = String, Path, description = "The key's id"),
    ),
    responses((status = 204, description = "It is revoked")),
)]
pub(crate) async fn revoke_key(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(account): PathId<AccountId>,
    PathId(key): PathId<KeyId>,
) -> Result<StatusCode> {
    engine.revoke_key(account, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
