//! `POST /operator/v1/accounts/{id}/keys`: makes another key and shows it, once.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{account::Mode, id::AccountId, problem::Problem};
use herald_engine::Engine;
use utoipa::ToSchema;

use super::ApiKey;
use crate::{
    error::Result,
    input::{Body, Fields, MODE, OperatorKey, PathId, SMALL},
};

/// What it takes to make a key.
#[derive(ToSchema)]
#[schema(as = NewKey)]
pub(crate) struct Request {
    /// What it is to open: `test` or `live`.
    #[schema(value_type = String, example = "test")]
    environment: Mode,
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        Ok(Self { environment: Fields::parse(body)?.required("environment", MODE)? })
    }
}

/// Create a key
///
/// The answer is the only one that shows it. To rotate a key, make another, then revoke the old
/// one.
#[utoipa::path(
    post,
    path = "/operator/v1/accounts/{id}/keys",
    tag = "Accounts",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The account's id")),
    request_body = Request,
    responses((
        status = 200,
        description = "The key",
        body = ApiKey,
        example = json!({
            "id": "5eb04fcd0f3e360008035ea1",
            "environment": "test",
            "key": "test_wyYuOLs3J5nGRZKFS8jEiPKcgbqYvT1d",
            "hint": "test_wyYu",
            "createdAt": "2026-01-31T09:30:00.000Z",
        }),
    )),
)]
pub(crate) async fn create_key(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(account): PathId<AccountId>,
    Body(body): Body<SMALL>,
) -> Result<Json<ApiKey>> {
    let Request { environment } = Request::read(&body)?;
    let (key, text) = engine.create_key(account, environment).await?;
    Ok(Json(ApiKey { key: Some(text), ..key.into() }))
}
