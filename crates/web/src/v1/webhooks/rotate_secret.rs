//! `POST /v1/webhooks/{id}/rotateSecret`: gives a webhook another secret and shows it, once.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use herald_domain::{id::WebhookId, problem::Problem, rotation::LONGEST_OVERLAP};
use herald_engine::{Engine, SecretRotation};
use utoipa::ToSchema;

use super::Webhook;
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, Fields, Kind, PathId, SMALL},
};

/// Whole seconds, up to a week.
const OVERLAP: Kind<Duration> = Kind::new("a whole number from 0 to 604800", |value| {
    let seconds = value.as_number()?.as_f64();
    let whole = seconds.fract() == 0.0;
    let overlap = Duration::try_from_secs_f64(seconds).ok().filter(|_| whole)?;
    (overlap <= LONGEST_OVERLAP).then_some(overlap)
});

/// Whether ComplyCube's header goes over to the new secret at once.
const SWITCH: Kind<bool> = Kind::new("'now' or 'later'", |value| match value.as_str()? {
    "now" => Some(true),
    "later" => Some(false),
    _ => None,
});

/// How to replace the secret. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = SecretRotationRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// For how long the secret before counts beside the new one, seconds. 0: not at all.
    #[schema(required = false, minimum = 0, maximum = 604_800, default = 86_400, example = 86_400)]
    overlap_seconds: u32,
    /// When `Complycube-Signature` goes over to the new secret: `now`, or `later`, which is when
    /// you say so or when the overlap ends.
    #[schema(required = false, default = "later", example = "later")]
    switch: String,
}

fn read(body: &[u8]) -> Result<SecretRotation, Problem> {
    let mut fields = Fields::parse(body)?;
    let usual = SecretRotation::default();
    Ok(SecretRotation {
        overlap: fields.optional("overlapSeconds", OVERLAP)?.unwrap_or(usual.overlap),
        switched: fields.optional("switch", SWITCH)?.unwrap_or(usual.switched),
    })
}

/// Rotate a webhook's secret
///
/// The answer is the only one that shows the new secret. During the overlap `Webhook-Signature`
/// carries a signature with each secret, the new one's first; `Complycube-Signature` uses the old
/// secret until you switch, or until the overlap ends. Retries of earlier events are signed like
/// everything else that is sent then. A second rotation waits until the first is over (422
/// `rotation_running`).
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotateSecret",
    tag = "Webhooks",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = Request,
    responses((status = 200, description = "The webhook, with its new secret", body = Webhook)),
)]
pub(crate) async fn rotate_secret(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<WebhookId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Webhook>> {
    let (webhook, secret) = engine.rotate_secret(environment, id, read(&body)?).await?;
    Ok(Json(Webhook::from(webhook).with_secret(&secret)))
}
