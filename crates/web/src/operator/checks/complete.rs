//! `POST /operator/v1/checks/{id}/complete`: reports the result of a check.

use std::sync::Arc;

use axum::extract::State;
use herald_domain::{account::Mode, exact_json::Object, resource::check::OUTCOMES};
use herald_engine::Engine;
use utoipa::{ToSchema, openapi::ObjectBuilder};

use super::read;
use crate::{
    error::Result,
    input::{Body, CheckId, OperatorKey, PathId, SMALL},
    resource::{Shown, schema::word},
    v1::checks::Check,
};

/// The result of a check.
#[derive(ToSchema)]
#[schema(as = CheckResult, rename_all = "camelCase", example = json!({
    "accountId": "5eb04fcd0f3e360008035ea0",
    "environment": "live",
    "outcome": "attention",
    "breakdown": {
        "summary": { "watchlist": "attention" },
        "matches": [{ "entityName": "Jane M. Doe", "score": 92 }],
    },
}))]
#[expect(dead_code, reason = "describes what `read` and the domain read")]
pub(crate) struct Request {
    /// Whose.
    account_id: String,
    /// `test` or `live`.
    #[schema(value_type = String)]
    environment: Mode,
    #[schema(schema_with = outcome)]
    outcome: String,
    /// What it rests on. Of a screening, `summary` and `matches`, each of which gets an `id` unless
    /// it has one.
    #[schema(value_type = Option<Object>)]
    breakdown: Option<Object>,
}

fn outcome() -> ObjectBuilder {
    word(OUTCOMES).description(Some("The outcome of all."))
}

/// Report the result of a check
///
/// Only a pending check can be reported on. The same report again changes nothing.
#[utoipa::path(
    post,
    path = "/operator/v1/checks/{id}/complete",
    tag = "Checks (engine)",
    security(("operatorKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    request_body = Request,
    responses((status = 200, description = "The check as it is now", body = Check)),
)]
pub(crate) async fn complete_check(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    PathId(CheckId(id)): PathId<CheckId>,
    Body(body): Body<SMALL>,
) -> Result<Shown> {
    let (environment, report) = read(&body)?;
    Ok(engine.complete_check(environment, id, report).await?.into())
}
