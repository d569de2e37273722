//! `POST /operator/v1/events`: accepts one change. The hot path of ingest.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{
    account::{EnvironmentId, Mode},
    exact_json::{Object, Value},
    problem::Problem,
    raise::Change,
};
use herald_engine::{Engine, Publication};
use http::StatusCode;
use utoipa::ToSchema;

use super::{Accepted, GivenKey, change::read_change};
use crate::{
    error::Result,
    input::{Body, Fields, OperatorKey, SMALL},
    operator::place::Place,
};

const ROUTE: &str = "/operator/v1/events";

/// A change to publish: `resource` (with `previous` for an update), from which the type's rule
/// makes the payload and the further events; or `payload`, for a platform's own types.
#[derive(ToSchema)]
#[schema(as = NewEvent, rename_all = "camelCase", example = json!({
    "accountId": "5eb04fcd0f3e360008035ea0",
    "environment": "test",
    "type": "client.updated",
    "resource": { "id": "5eb04fcd0f3e360008035eb1", "email": "new@example.com" },
    "previous": { "id": "5eb04fcd0f3e360008035eb1", "email": "old@example.com" },
}))]
#[expect(dead_code, reason = "describes what `read` reads straight into a publication")]
pub(crate) struct Request {
    /// Whose.
    account_id: String,
    /// `test` or `live`.
    #[schema(value_type = String)]
    environment: Mode,
    /// The most specific event type. Its ancestors and its specialisations are raised as well.
    #[schema(rename = "type")]
    event_type: String,
    /// What it happened to, as it is now.
    #[schema(value_type = Option<Object>)]
    resource: Option<Object>,
    /// As it was before an update.
    #[schema(value_type = Option<Object>)]
    previous: Option<Object>,
    /// What is to be sent as it is.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
}

fn read(body: &[u8]) -> Result<(EnvironmentId, Change), Problem> {
    let mut fields = Fields::parse(body)?;
    let environment = Place::read(&mut fields)?.environment()?;
    Ok((environment, read_change(&mut fields)?))
}

/// Publish an event
///
/// When it is answered, the event is durable and fanned out. Numbers that JavaScript would change
/// are refused, not rounded. With an `Idempotency-Key`, a repeated request gets the first one's
/// answer.
#[utoipa::path(
    post,
    path = "/operator/v1/events",
    tag = "Publishing",
    security(("operatorKey" = [])),
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Your own name for this request: 1 to 255 printable ASCII characters")),
    request_body = Request,
    responses((status = 202, description = "Accepted, durable", body = Accepted)),
)]
pub(crate) async fn publish_event(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    key: GivenKey,
    Body(body): Body<SMALL>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let idempotency = key.of(ROUTE, &body);
    let (environment, change) = read(&body)?;
    let publication = Publication { environment, changes: vec![change], idempotency, batch: false };
    let receipt = engine.publish(publication).await?;
    Ok((StatusCode::ACCEPTED, Json(receipt.into())))
}
