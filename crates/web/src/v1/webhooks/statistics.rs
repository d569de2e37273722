//! `GET /v1/webhooks/{id}/statistics`: how a webhook does, over time.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use herald_domain::{id::WebhookId, problem::Problem, statistics::AttemptTally, time::Timestamp};
use herald_engine::{DeliveryStatistics, Engine, StatisticsQuery};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    error::Result,
    input::{EnvironmentKey, PathId, Query},
};

/// Which statistics.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Params {
    /// From the hour (or day) of this time; unset, a day before `to`.
    #[param(example = "2026-01-30T09:30:00.000Z")]
    from: Option<String>,
    /// Up to this time; unset, now.
    to: Option<String>,
    /// What a point is: `hour` (usual) or `day` (UTC).
    by: Option<String>,
}

/// How a webhook did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookStatistics)]
pub(crate) struct Answer {
    /// When the first point begins.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// When the last point ends.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// All points together.
    total: Numbers,
    /// One for each hour or day, without gaps, oldest first.
    points: Vec<Point>,
}

/// What was counted of attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AttemptNumbers)]
struct Numbers {
    /// How many attempts ended.
    #[schema(example = 1_200)]
    attempts: u64,
    /// How many of them were acknowledged.
    #[schema(example = 1_188)]
    successes: u64,
    /// The share that was acknowledged, 0 to 1; absent without attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0.99)]
    success_rate: Option<f64>,
    /// How long attempts took; absent without attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latency: Option<Latency>,
}

/// How long attempts took, milliseconds; right to a class (1, 2, 5, 10, 20, 50, 100, 200, 500 ms …).
#[derive(Debug, Serialize, ToSchema)]
struct Latency {
    /// Half of them took at most so long.
    #[schema(example = 42.0)]
    p50: f64,
    /// Nine of ten.
    #[schema(example = 88.0)]
    p90: f64,
    /// 99 of 100.
    #[schema(example = 180.0)]
    p99: f64,
}

/// An hour, or a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatisticsPoint)]
struct Point {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    numbers: Numbers,
}

impl From<&AttemptTally> for Numbers {
    fn from(tally: &AttemptTally) -> Self {
        let millis = |share| tally.percentile(share).map(millis);
        let latency = millis(0.5).zip(millis(0.9)).zip(millis(0.99));
        Self {
            attempts: tally.attempts(),
            successes: tally.successes,
            success_rate: tally.success_rate(),
            latency: latency.map(|((p50, p90), p99)| Latency { p50, p90, p99 }),
        }
    }
}

/// Milliseconds, to a tenth.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}

impl From<DeliveryStatistics> for Answer {
    fn from(found: DeliveryStatistics) -> Self {
        let point = |one: &herald_store::HourTally| Point {
            at: one.hour,
            numbers: Numbers::from(&one.tally),
        };
        Self {
            from: found.from,
            to: found.to,
            total: Numbers::from(&found.total),
            points: found.points.iter().map(point).collect(),
        }
    }
}

fn read(query: &mut Query) -> Result<StatisticsQuery, Problem> {
    let time = |query: &mut Query, name| match query.parsed(name) {
        None if query.is_unanswerable() => {
            let message = format!("'{name}' should be a time such as 2026-01-31T09:30:00.000Z");
            Err(Problem::invalid(name, message))
        }
        time => Ok(time),
    };
    let (from, to) = (time(query, "from")?, time(query, "to")?);
    let by_day = match query.text("by").as_deref() {
        Some("day") => true,
        Some("hour") => false,
        None if !query.is_unanswerable() => false,
        _ => return Err(Problem::invalid("by", "'by' should be one of hour, day")),
    };
    Ok(StatisticsQuery { from, to, by_day })
}

/// Get a webhook's statistics
///
/// How many attempts there were, how many were acknowledged, and how long they took: hour by hour,
/// or day by day.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/statistics",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id"), Params),
    responses((status = 200, description = "The statistics", body = Answer)),
)]
pub(crate) async fn webhook_statistics(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
    mut query: Query,
) -> Result<Json<Answer>> {
    engine.webhook(environment, id).await?;
    let query = read(&mut query)?;
    Ok(Json(engine.webhook_statistics(environment, id, query).await?.into()))
}
