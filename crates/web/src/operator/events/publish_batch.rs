//! `POST /operator/v1/events/batch`: accepts many changes of one environment, or none of them.

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
    aside::aside,
    error::Result,
    input::{Body, Fields, Kind, OBJECT, OperatorKey},
    operator::place::Place,
};

const ROUTE: &str = "/operator/v1/events/batch";

/// Room for a batch, bytes.
const LARGE: usize = 16 * 1024 * 1024;

/// The changes of a batch, each an object.
const ITEMS: Kind<Vec<Object>> = Kind::new("an array of objects", |value| {
    let Value::Array(items) = value else { return None };
    items.into_iter().map(OBJECT.reader()).collect()
});

/// Changes of one environment, which is named once for all, or the same in every item.
#[derive(ToSchema)]
#[schema(as = NewEvents, rename_all = "camelCase", example = json!({
    "accountId": "5eb04fcd0f3e360008035ea0",
    "environment": "test",
    "events": [
        { "type": "client.deleted", "resource": { "id": "5eb04fcd0f3e360008035eb1" } },
    ],
}))]
#[expect(dead_code, reason = "describes what `read` reads straight into a publication")]
pub(crate) struct Request {
    /// Whose.
    account_id: Option<String>,
    /// `test` or `live`.
    #[schema(value_type = Option<String>)]
    environment: Option<Mode>,
    /// At most 1,000, in the order in which they happened.
    events: Vec<Item>,
}

/// One change of a batch: as when it is published alone.
#[derive(ToSchema)]
#[schema(as = NewEventOfMany, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `read` reads straight into a publication")]
pub(crate) struct Item {
    /// The same in every item, if it is not named for all.
    account_id: Option<String>,
    /// The same in every item, if it is not named for all.
    #[schema(value_type = Option<String>)]
    environment: Option<Mode>,
    /// The most specific event type.
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

fn read(body: &[u8]) -> Result<(EnvironmentId, Vec<Change>), Problem> {
    let mut fields = Fields::parse(body)?;
    let for_all = Place::read(&mut fields)?;
    let items = fields.required("events", ITEMS)?;
    let mut environment = None;
    let mut changes = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let change = read_item(item, for_all, &mut environment);
        changes.push(change.map_err(|problem| problem.within(&format!("events[{index}]")))?);
    }
    let Some(environment) = environment else {
        return Err(Problem::invalid("events", "'events' should have at least one entry"));
    };
    Ok((environment, changes))
}

/// Reads one item; the first one decides the environment, and the others have to agree.
fn read_item(
    item: Object,
    for_all: Place,
    environment: &mut Option<EnvironmentId>,
) -> Result<Change, Problem> {
    let mut fields = Fields::of(item);
    let own = Place::read(&mut fields)?.or(for_all).environment()?;
    let first = Place::of(*environment.get_or_insert(own));
    let common = for_all.or(first).environment()?;
    if common != own {
        let param = if common.account == own.account { "environment" } else { "accountId" };
        let message = format!("'{param}' should be the same for the whole batch");
        return Err(Problem::invalid(param, message));
    }
    read_change(&mut fields)
}

/// Publish many events
///
/// All of them are accepted, or none. Everything else is as for one event.
#[utoipa::path(
    post,
    path = "/operator/v1/events/batch",
    tag = "Publishing",
    security(("operatorKey" = [])),
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Your own name for this request: 1 to 255 printable ASCII characters")),
    request_body = Request,
    responses((status = 202, description = "Accepted, durable", body = Accepted)),
)]
pub(crate) async fn publish_events(
    State(engine): State<Arc<Engine>>,
    _: OperatorKey,
    key: GivenKey,
    Body(body): Body<LARGE>,
) -> Result<(StatusCode, Json<Accepted>)> {
    let idempotency = key.of(ROUTE, &body);
    let (environment, changes) = aside(body.len(), move || read(&body)).await??;
    let publication = Publication { environment, changes, idempotency, batch: true };
    let receipt = engine.publish(publication).await?;
    Ok((StatusCode::ACCEPTED, Json(receipt.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = r#""accountId":"5eb04fcd0f3e360008035ea0""#;
    const B: &str = r#""accountId":"5eb04fcd0f3e360008035eb0""#;
    const TEST: &str = r#""environment":"test""#;
    const LIVE: &str = r#""environment":"live""#;
    const CHANGE: &str = r#""type":"t","payload":1"#;

    fn blamed(body: &str) -> Option<String> {
        read(body.as_bytes()).err().map(|problem| problem.param.unwrap())
    }

    #[test]
    fn a_batch_names_its_environment_once_or_the_same_in_every_item() {
        for (body, param) in [
            (format!("{{{A},{TEST},\"events\":[{{{CHANGE}}},{{{CHANGE}}}]}}"), None),
            (format!("{{{A},\"events\":[{{{TEST},{CHANGE}}},{{{TEST},{CHANGE}}}]}}"), None),
            (format!("{{\"events\":[{{{A},{TEST},{CHANGE}}},{{{A},{TEST},{CHANGE}}}]}}"), None),
            (
                format!("{{{A},{TEST},\"events\":[{{{A},{CHANGE}}},{{{B},{CHANGE}}}]}}"),
                Some("events[1].accountId"),
            ),
            (format!("{{{A},{TEST},\"events\":[{{{B},{CHANGE}}}]}}"), Some("events[0].accountId")),
            (
                format!("{{{A},\"events\":[{{{TEST},{CHANGE}}},{{{LIVE},{CHANGE}}}]}}"),
                Some("events[1].environment"),
            ),
            (
                format!("{{{A},\"events\":[{{{TEST},{CHANGE}}},{{{CHANGE}}}]}}"),
                Some("events[1].environment"),
            ),
            (format!("{{{A},{TEST},\"events\":[]}}"), Some("events")),
            (format!("{{{A},{TEST},\"events\":[1]}}"), Some("events")),
            (format!("{{{A},{TEST},\"events\":[{{}}]}}"), Some("events[0].type")),
        ] {
            assert_eq!(blamed(&body).as_deref(), param, "{body}");
        }
    }
}
