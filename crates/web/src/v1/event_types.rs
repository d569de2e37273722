//! `GET /v1/eventTypes`: the catalogue, from which webhooks choose.

use std::sync::Arc;

use axum::{Json, extract::State};
use herald_domain::catalogue::{self, PayloadRule};
use herald_engine::Engine;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::events::Event;
use crate::{
    error::{Refusal, Result},
    input::{EnvironmentKey, Query},
    list::{List, PageParams},
};

/// An event type.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventType {
    /// Its name, as webhooks ask for it.
    #[serde(rename = "type")]
    #[schema(example = "client.created")]
    name: String,
    /// What kind of resource it is about.
    #[schema(example = "client")]
    resource_type: String,
    /// When it happens.
    #[schema(example = "A client has been created")]
    description: String,
    /// What its payload is made of.
    payload: Payload,
    /// Such an event as it would be sent, always with the same ids and times.
    #[schema(value_type = Event)]
    sample: Box<RawValue>,
}

/// What a payload is made of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    /// `full`: the whole object. `changed`: its `id`, `updatedAt` and what changed. `id`: its
    /// `id` alone. `summary`: the listed fields. `given`: whatever the platform sends.
    #[schema(example = "full")]
    rule: &'static str,
    /// The fields of a summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fields: Option<Vec<String>>,
}

impl From<&PayloadRule> for Payload {
    fn from(rule: &PayloadRule) -> Self {
        let (rule, fields) = match rule {
            PayloadRule::Full => ("full", None),
            PayloadRule::Changed => ("changed", None),
            PayloadRule::Id => ("id", None),
            PayloadRule::Given => ("given", None),
            PayloadRule::Summary(fields) => {
                ("summary", Some(fields.iter().map(|field| field.name.clone()).collect()))
            }
        };
        Self { rule, fields }
    }
}

impl EventType {
    fn of(event_type: &catalogue::EventType, engine: &Engine) -> Result<Self> {
        let sample = serde_json::from_slice(&engine.sample(event_type).body)
            .map_err(|error| Refusal::defect(&format!("a sample: {error}")))?;
        Ok(Self {
            name: event_type.name.clone(),
            resource_type: event_type.resource.clone(),
            description: event_type.description.clone(),
            payload: (&event_type.payload).into(),
            sample,
        })
    }
}

/// List event types
///
/// In the catalogue's order: those of the specification, then the platform's own.
#[utoipa::path(
    get,
    path = "/v1/eventTypes",
    tag = "Events",
    security(("accountKey" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of event types", body = List<EventType>)),
)]
pub(crate) async fn list_event_types(
    State(engine): State<Arc<Engine>>,
    _: EnvironmentKey,
    query: Query,
) -> Result<Json<List<EventType>>> {
    let types = engine.catalogue().iter().map(|event_type| EventType::of(event_type, &engine));
    Ok(Json(List::of_all(query.page()?, types.collect::<Result<_>>()?)))
}
