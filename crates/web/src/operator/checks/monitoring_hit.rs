//! `POST /operator/v1/checks/{id}/monitoringHit`: reports what monitoring has found.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::{account::Mode, exact_json::Object};
use herald_engine::Engine;
use utoipa::ToSchema;

use super::read;
use crate::{
    error::Result,
    input::{Body, CheckId, OperatorKey, PathId, SMALL},
    resource::Shown,
    v1::checks::Check,
};

/// What monitoring has found.
#[derive(ToSchema)]
#[schema(as = MonitoringHit, rename_all = "camelCase", example = json!({
    "accountId": "5eb04fcd0f3e360008035ea0",
    "environment": "live",
    "matches": [{ "id": "list-7-entry-42", "entityName": "Jane M. Doe", "score": 92 }],
}))]
#[expect(dead_code, reason = "describes what `read` and the domain read")]
pub(crate) struct Request {
    /// Whose.
    account_id: String,
    /// `test` or `live`.
    #[schema(value_type = String)]
    environment: Mode,
    /// At least one. Each gets an `id` unless it has one; with its own, a repeated report changes
    /// nothing.
    #[schema(value_type = Vec<Object>)]
    matches: Vec<Object>,
}

/// Report a monitoring hit
///
/// Only a complete screening with `enableMonitoring` is monitored. The matches are added to those
/// it has, and it needs attention.
#[utoipa::path(
    post,
    path = "/operator/v1/checks/{id}/monitoringHit",
    tag = "Checks (engine)",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    request_body = Request,
    responses((status = 200, description = "The check as it is now", body = Check)),
)]
pub(crate) async fn report_monitoring_hit(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(CheckId(id)): PathId<CheckId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let (environment, report) = read(&body)?;
    Ok(engine.report_monitoring_hit(environment, id, report).await?.into())
}
