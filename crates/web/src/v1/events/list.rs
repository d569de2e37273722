//! `GET /v1/events`: the environment's events, page by page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use herald_engine::Engine;
use herald_store::{EventFilter, Listed, TimeRange};
use utoipa::IntoParams;

use super::Event;
use crate::{
    error::Result,
    input::{EnvironmentKey, Query},
    list::{self, CreatedParams, List, PageParams, UpdatedParams},
};

/// Which events.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` reads")]
pub(crate) struct Params {
    /// Only this type.
    #[param(rename = "type")]
    event_type: Option<String>,
    /// Only about this kind of resource.
    #[param(rename = "resourceType")]
    resource_type: Option<String>,
}

fn filter(query: &mut Query) -> EventFilter {
    EventFilter {
        event_type: query.text("type"),
        resource_type: query.text("resourceType"),
        // An event never changes, so it was last updated when it was created.
        created: both(query.created(), query.updated()),
    }
}

/// The times that are within both ranges.
fn both(a: TimeRange, b: TimeRange) -> TimeRange {
    let before = match (a.before, b.before) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    TimeRange { after: a.after.max(b.after), before }
}

/// List events
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Events",
    security(("accountKey" = [])),
    params(PageParams, Params, CreatedParams, UpdatedParams),
    responses((status = 200, description = "A page of events", body = List<Event>)),
)]
pub(crate) async fn list_events(
    State(engine): State<Arc<Engine>>,
    EnvironmentKey(environment): EnvironmentKey,
    mut query: Query,
) -> Result<Response> {
    let (page, filter) = (query.page()?, filter(&mut query));
    let listed = if query.is_unanswerable() {
        Listed::empty()
    } else {
        engine.list_events(environment, filter, page).await?
    };
    list::stored(page, &listed.map(|event| event.body))
}

#[cfg(test)]
mod tests {
    use herald_domain::time::Timestamp;

    use super::*;

    #[test]
    fn two_ranges_together_are_what_is_within_both() {
        let at = |millis| Some(Timestamp::from_millis(millis));
        let range = |after, before| TimeRange { after, before };
        for (a, b, expected) in [
            (range(None, None), range(None, None), range(None, None)),
            (range(at(1), at(9)), range(None, None), range(at(1), at(9))),
            (range(None, None), range(at(1), at(9)), range(at(1), at(9))),
            (range(at(1), at(5)), range(at(3), at(9)), range(at(3), at(5))),
        ] {
            assert_eq!(both(a, b), expected);
        }
    }
}
