//! `POST /v1/checks/{id}/validate`: a person says what to make of what was found.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::resource::check;
use herald_engine::Engine;
use serde::Serialize;
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::{
    error::{Refusal, Result},
    input::{Body, CheckId, EnvironmentKey, PathId, SMALL, object_of},
    resource::schema::word,
};

/// What to make of a check, or of one match of a screening.
#[derive(ToSchema)]
#[schema(as = Validation, rename_all = "camelCase", example = json!({
    "outcome": "rejected",
    "matchId": "5eb04fcd0f3e360008035eb8",
    "comment": "Another Jane Doe",
}))]
#[expect(dead_code, reason = "describes what the domain reads")]
pub(crate) struct Request {
    #[schema(schema_with = said)]
    outcome: String,
    /// Which match of a screening, for which it is required.
    match_id: Option<String>,
    /// Why; at most 4,000 characters.
    comment: Option<String>,
}

fn said() -> ObjectBuilder {
    word(check::validation::WORDS).description(Some("What a person says of it."))
}

/// What the check comes to now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Validated, example = json!({ "outcome": "clear" }))]
pub(crate) struct Answer {
    #[schema(schema_with = outcome)]
    outcome: String,
}

fn outcome() -> ObjectBuilder {
    word(check::OUTCOMES).description(Some("The outcome of all."))
}

/// Validate a check
///
/// Each match of a screening is validated for itself: one that is confirmed is enough for
/// `match_confirmed`, all have to be rejected for `clear`. Another check is validated as a whole:
/// confirmed, it is `clear`.
#[utoipa::path(
    post,
    path = "/v1/checks/{id}/validate",
    tag = "Checks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The check's id")),
    request_body = Request,
    responses((status = 200, description = "What the check comes to", body = Answer)),
)]
pub(crate) async fn validate_check(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(CheckId(id)): PathId<CheckId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Answer>> {
    let check = engine.validate_check(environment, id, object_of(&body)?).await?;
    let outcome = check::outcome(&check).map(str::to_owned);
    let outcome = outcome.ok_or_else(|| Refusal::defect("a validated check has no outcome"))?;
    Ok(Json(Answer { outcome }))
}
