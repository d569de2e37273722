//! `POST /v1/endpoints`: makes a temporary endpoint.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::problem::Problem;
use herald_engine::{Engine, NewEndpoint};
use utoipa::ToSchema;

use super::Endpoint;
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, Fields, SMALL, TEXT, WHOLE},
};

/// What it takes to make a temporary endpoint. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = NewEndpoint)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// What its owner says of it; at most 1,000 characters.
    #[schema(example = "My laptop")]
    description: Option<String>,
    /// How long it lives.
    #[schema(example = 24, minimum = 1, maximum = 168, default = 24)]
    hours: Option<u64>,
}

fn read(body: &[u8]) -> Result<NewEndpoint, Problem> {
    let mut fields = Fields::parse(body)?;
    Ok(NewEndpoint {
        description: fields.optional("description", TEXT)?,
        hours: fields.optional("hours", WHOLE)?,
    })
}

/// Create a temporary endpoint
///
/// It keeps whatever is sent to its URL, which also a webhook of the same environment may have.
#[utoipa::path(
    post,
    path = "/v1/endpoints",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    request_body = Request,
    responses((status = 200, description = "The endpoint", body = Endpoint)),
)]
pub(crate) async fn create_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    Body(body): Body<SMALL>,
) -> Result<Json<Endpoint>> {
    Ok(Json(engine.create_endpoint(environment, read(&body)?).await?.into()))
}
