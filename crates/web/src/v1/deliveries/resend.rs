//! `POST /v1/deliveries/{id}/resend`: one attempt now, beside the schedule.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::id::DeliveryId;
use herald_engine::{Engine, Resent};
use serde::Serialize;
use utoipa::ToSchema;

use super::{attempt::Attempt, get::DeliveryWithAttempts};
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// A delivery that was resent, and the attempt that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resent)]
pub(crate) struct Answer {
    delivery: DeliveryWithAttempts,
    attempt: Attempt,
}

impl From<Resent> for Answer {
    fn from(Resent { event, delivery, attempts, attempt }: Resent) -> Self {
        let attempt = Attempt::new(attempt, &event);
        Self { delivery: DeliveryWithAttempts::new(delivery, attempts, &event), attempt }
    }
}

/// Resend a delivery
///
/// One attempt is made at once, in whatever state the delivery is, also while the webhook is
/// disabled; the answer comes when it has ended. If it is acknowledged, the delivery is delivered.
/// If it is not, nothing changes: what is scheduled stays scheduled.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{id}/resend",
    tag = "Deliveries",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "What came of it", body = Answer)),
)]
pub(crate) async fn resend_delivery(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<DeliveryId>,
) -> Result<Json<Answer>> {
    Ok(Json(engine.resend(environment, id).await?.into()))
}
