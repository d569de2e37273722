//! `POST /v1/endpoints/{id}`: changes what a temporary endpoint answers.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::{id::EndpointId, problem::Problem};
use herald_engine::{EndpointChanges, Engine};
use utoipa::ToSchema;

use super::Endpoint;
use crate::{
    error::Result,
    input::{Body, EnvironmentKey, Fields, PathId, SMALL, TEXT, WHOLE},
};

/// What to change; what is absent stays. Other fields are ignored, so a whole endpoint can be sent
/// back.
#[derive(ToSchema)]
#[schema(as = EndpointUpdate, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct Request {
    /// A new description; `null` removes it.
    #[schema(example = "My laptop")]
    description: Option<String>,
    /// The status to answer from now on, to see what a failure leads to.
    #[schema(example = 503, minimum = 200, maximum = 599)]
    respond_with: Option<u16>,
}

fn read(body: &[u8]) -> Result<EndpointChanges, Problem> {
    let mut fields = Fields::parse(body)?;
    let removes_description = fields.is_null("description");
    let description = fields.optional("description", TEXT)?;
    Ok(EndpointChanges {
        description: (removes_description || description.is_some()).then_some(description),
        respond_with: fields.optional("respondWith", WHOLE)?,
    })
}

/// Update a temporary endpoint
#[utoipa::path(
    post,
    path = "/v1/endpoints/{id}",
    tag = "Temporary endpoints",
    security(("accountKey" = [])),
    params(("id" = String, Path, description = "The endpoint's id")),
    request_body = Request,
    responses((status = 200, description = "The endpoint as it is now", body = Endpoint)),
)]
pub(crate) async fn update_endpoint(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    PathId(id): PathId<EndpointId>,
    Body(body): Body<SMALL>,
) -> Result<Json<Endpoint>> {
    Ok(Json(engine.update_endpoint(environment, id, read(&body)?).await?.into()))
}
