//! What lists tell: whole, and by each filter and several, from the first page to the last.

use herald_domain::{
    account::EnvironmentId,
    delivery::DeliveryState,
    id::{EventId, WebhookId},
};

use super::{
    super::{Backend, fixtures::whole},
    Walk,
};
use crate::{DeliveryCounts, DeliveryFilter, DeliveryView, EventFilter, Page, Store, TimeRange};

/// Items of a page: few, so that lists have several.
const SIZE: u32 = 7;

/// A delivery by what it is, since each store numbers its own.
type Named = (EventId, WebhookId);

impl<B: Backend> Walk<B> {
    /// Holds what lists tell against the model.
    pub(super) async fn compare_history(&self) {
        for environment in self.environments {
            let expected = Lists::of(&self.model, environment).await;
            assert_eq!(Lists::of(&*self.scene.store, environment).await, expected);
        }
    }
}

/// What all lists of an environment tell.
#[derive(Debug, PartialEq)]
struct Lists {
    deliveries: Vec<(DeliveryFilter, Vec<Named>)>,
    events: Vec<(EventFilter, Vec<EventId>)>,
    /// Of each webhook, what is attempted next.
    next: Vec<Vec<Named>>,
    counts: Vec<DeliveryCounts>,
}

impl Lists {
    async fn of(store: &impl Store, environment: EnvironmentId) -> Self {
        let all = DeliveryFilter::default();
        let all = store.list_deliveries(environment, all, whole()).await.unwrap().items;
        // Some of the oldest, some in the middle.
        let one = all.get(all.len() * 2 / 3);
        let mut deliveries = Vec::new();
        for filter in one.map(deliveries_like).unwrap_or_default() {
            let found = list_deliveries(store, environment, &filter).await;
            deliveries.push((filter, found));
        }
        let mut events = Vec::new();
        for filter in one.map(events_like).unwrap_or_default() {
            let found = list_events(store, environment, &filter).await;
            events.push((filter, found));
        }
        let counts = store.delivery_counts(environment).await.unwrap();
        let mut next = Vec::new();
        for count in &counts {
            let soonest = store.next_attempts(environment, count.webhook, 3).await.unwrap();
            next.push(soonest.iter().map(named).collect());
        }
        Self { deliveries, events, next, counts }
    }
}

fn named(view: &DeliveryView) -> Named {
    (view.event, view.webhook)
}

/// Filters that keep this one, and some that may not.
fn deliveries_like(one: &DeliveryView) -> Vec<DeliveryFilter> {
    let any = DeliveryFilter::default;
    let (webhook, event_type) = (Some(one.webhook), Some(one.event_type.clone()));
    let since = |after| TimeRange { after: Some(after), before: None };
    let until = |before| TimeRange { after: None, before: Some(before) };
    let mut filters = vec![
        any(),
        DeliveryFilter { webhook, ..any() },
        DeliveryFilter { event_type: event_type.clone(), ..any() },
        DeliveryFilter { webhook, event_type: event_type.clone(), ..any() },
        DeliveryFilter { event: Some(one.event), ..any() },
        DeliveryFilter { created: since(one.created_at), ..any() },
        DeliveryFilter { created: until(one.created_at), webhook, ..any() },
        DeliveryFilter { updated: since(one.updated_at), ..any() },
        DeliveryFilter { updated: until(one.updated_at), event_type, ..any() },
    ];
    for state in DeliveryState::ALL.map(Some) {
        let (created, updated) = (until(one.created_at), since(one.updated_at));
        filters.extend([
            DeliveryFilter { state, ..any() },
            DeliveryFilter { webhook, state, ..any() },
            DeliveryFilter { state, created, ..any() },
            DeliveryFilter { webhook, state, updated, ..any() },
        ]);
    }
    filters
}

fn events_like(one: &DeliveryView) -> Vec<EventFilter> {
    let any = EventFilter::default;
    let event_type = Some(one.event_type.clone());
    let created = TimeRange { after: Some(one.created_at), before: None };
    let earlier = TimeRange { after: None, before: Some(one.created_at) };
    vec![
        any(),
        EventFilter { event_type: event_type.clone(), ..any() },
        EventFilter { resource_type: Some("client".into()), ..any() },
        EventFilter { created, ..any() },
        EventFilter { created: earlier, event_type, ..any() },
    ]
}

async fn list_deliveries(
    store: &impl Store,
    environment: EnvironmentId,
    filter: &DeliveryFilter,
) -> Vec<Named> {
    let mut found = Vec::new();
    for number in 1.. {
        let page = Page::new(number, SIZE).unwrap();
        let listed = store.list_deliveries(environment, filter.clone(), page).await.unwrap();
        found.extend(listed.items.iter().map(named));
        if listed.items.len() < SIZE as usize {
            assert_eq!(found.len() as u64, listed.total, "{filter:?}");
            break;
        }
    }
    found
}

async fn list_events(
    store: &impl Store,
    environment: EnvironmentId,
    filter: &EventFilter,
) -> Vec<EventId> {
    let mut found = Vec::new();
    for number in 1.. {
        let page = Page::new(number, SIZE).unwrap();
        let listed = store.list_events(environment, filter.clone(), page).await.unwrap();
        found.extend(listed.items.iter().map(|event| event.id));
        if listed.items.len() < SIZE as usize {
            assert_eq!(found.len() as u64, listed.total, "{filter:?}");
            break;
        }
    }
    found
}
