//! `POST /v1/webhooks/{id}/recover`: sends again what a webhook missed since a time.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Json, extract::State};
use herald_domain::{delivery::DeliveryState, id::WebhookId, problem::Problem, time::Timestamp};
use herald_engine::{Engine, RECOVERABLE};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    input::{BOOLEAN, Body, EnvironmentKey, Fields, PathId, SMALL, TEXTS, TIME},
    v1::recoveries::Recovery,
};

/// What to send again.
#[derive(ToSchema)]
#[schema(as = RecoveryRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// Deliveries that were made then or later.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    since: String,
    /// Which of them: `held`, `exhausted`, or both, which is the default.
    #[schema(example = json!(["held", "exhausted"]))]
    states: Option<Vec<String>>,
    /// Whether only to count them.
    #[schema(example = false)]
    dry_run: Option<bool>,
}

struct Asked {
    since: Timestamp,
    states: BTreeSet<DeliveryState>,
    dry_run: bool,
}

fn read(body: &[u8]) -> Result<Asked, Problem> {
    let mut fields = Fields::parse(body)?;
    let since = fields.required("since", TIME)?;
    let states = fields.optional("states", TEXTS)?.map(|words| states(&words)).transpose()?;
    let dry_run = fields.optional("dryRun", BOOLEAN)?.unwrap_or(false);
    Ok(Asked { since, states: states.unwrap_or_else(|| RECOVERABLE.into()), dry_run })
}

fn states(words: &[String]) -> Result<BTreeSet<DeliveryState>, Problem> {
    let known = |word: &String| RECOVERABLE.into_iter().find(|state| state.as_str() == word);
    let states: Option<BTreeSet<_>> = words.iter().map(known).collect();
    states.filter(|states| !states.is_empty()).ok_or_else(|| {
        Problem::invalid("states", "'states' should be of 'held' and 'exhausted', one at least")
    })
}

/// A recovery that has begun, or how many deliveries it would be of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryAnswer)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// It has begun.
    Begun(Recovery),
    /// It was to be counted only.
    Counted(Counted),
}

/// How many deliveries there are to recover.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryCount)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    /// That nothing was done.
    #[schema(example = true)]
    dry_run: bool,
    /// How many there are.
    #[schema(example = 1000)]
    total: u64,
}

/// Recover what a webhook missed
///
/// Its held and exhausted deliveries become pending again, each with a fresh schedule, in the
/// background. What is under way tells `GET /v1/recoveries/{id}`; one at a time for each webhook.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/recover",
    tag = "Recoveries",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = Request,
    responses((status = 200, description = "The recovery, or the count", body = Answer)),
)]
pub(crate) async fn recover_webhook(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Answer>> {
    let Asked { since, states, dry_run } = read(&body)?;
    if dry_run {
        let total = engine.count_missed(environment, id, since, states).await?;
        return Ok(Json(Answer::Counted(Counted { dry_run, total })));
    }
    Ok(Json(Answer::Begun(engine.recover(environment, id, since, states).await?.into())))
}
