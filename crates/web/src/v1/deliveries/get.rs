//! `GET /v1/deliveries/{id}`: one delivery with all its attempts.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{event::Event, id::DeliveryId};
use herald_engine::Engine;
use herald_store::{DeliveryView, NumberedAttempt};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Delivery, attempt::Attempt};
use crate::{
    error::Result,
    input::{EnvironmentKey, PathId},
};

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryWithAttempts {
    #[serde(flatten)]
    delivery: Delivery,
    /// What was done, and what came back; the first attempt first.
    attempts: Vec<Attempt>,
}

impl DeliveryWithAttempts {
    /// A delivery of this event.
    pub(super) fn new(
        delivery: DeliveryView,
        attempts: Vec<NumberedAttempt>,
        event: &Event,
    ) -> Self {
        let attempts = attempts.into_iter().map(|attempt| Attempt::new(attempt, event)).collect();
        Self { delivery: delivery.into(), attempts }
    }
}

/// Get a delivery with its attempts
#[utoipa::path(
    get,
    path = "/v1/deliveries/{id}",
    tag = "Deliveries",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = DeliveryWithAttempts)),
)]
pub(crate) async fn get_delivery(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<DeliveryId>,
) -> Result<Json<DeliveryWithAttempts>> {
    let (delivery, attempts) = engine.delivery(environment, id).await?;
    let event = engine.event(environment, delivery.event).await?;
    Ok(Json(DeliveryWithAttempts::new(delivery, attempts, &event)))
}
