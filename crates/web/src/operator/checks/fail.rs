//! `POST /operator/v1/checks/{id}/fail`: reports that a check has failed.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::account::Mode;
use herald_engine::Engine;
use utoipa::ToSchema;

use super::read;
use crate::{
    error::Result,
    input::{Body, CheckId, OperatorKey, PathId, SMALL},
    resource::Shown,
    v1::checks::Check,
};

/// Where a check has failed.
#[derive(ToSchema)]
#[schema(as = CheckFailure, rename_all = "camelCase", example = json!({
    "accountId": "5eb04fcd0f3e360008035ea0",
    "environment": "live",
}))]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// Whose.
    account_id: String,
    /// `test` or `live`.
    #[schema(value_type = String)]
    environment: Mode,
}

/// Report that a check has failed
///
/// Only a pending check can be reported on. The same report again changes nothing.
#[utoipa::path(
    post,
    path = "/operator/v1/checks/{id}/fail",
    tag = "Checks (engine)",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    request_body = Request,
    responses((status = 200, description = "The check as it is now", body = Check)),
)]
pub(crate) async fn fail_check(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(CheckId(id)): PathId<CheckId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let (environment, _) = read(&body)?;
    Ok(engine.fail_check(environment, id).await?.into())
}
