//! The laws of [`History`]: lists, filters, pages, and the books.

use herald_domain::{
    delivery::DeliveryState,
    id::{DeliveryId, EventId},
    time::Timestamp,
    webhook::Webhook,
};

use super::{
    Backend,
    fixtures::{Accepted, Scene, answered, settlement, whole},
};
use crate::{
    After, Books, Claimed, DeliveryFilter, EventFilter, History, Page, Queue, Record, TimeRange,
    Upkeep,
};

pub async fn events_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        let record = scene.new_record("client.created");
        made.insert(0, record.events[0].clone());
        scene.record(record).await;
    }
    for (number, items) in (1..).zip([&made[..2], &made[2..4], &made[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let filter = EventFilter::default();
        let listed = scene.store.list_events(scene.environment, filter, page).await.unwrap();
        assert_eq!((listed.items.as_slice(), listed.total), (items, 5), "page {number}");
    }
}

pub async fn each_filter_of_events_holds_and_all_hold_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made: Vec<(EventId, Timestamp)> = Vec::new();
    for name in ["client.created", "check.failed", "client.created"] {
        let record = scene.new_record(name);
        made.push((record.events[0].id, record.at));
        scene.record(record).await;
    }
    let [a, b, c] = made.as_slice() else { panic!("three were made") };
    let any = EventFilter::default();
    let range = |after, before| TimeRange { after, before };
    let cases = [
        (any.clone(), vec![c.0, b.0, a.0]),
        (EventFilter { event_type: Some("client.created".into()), ..any.clone() }, vec![c.0, a.0]),
        (EventFilter { event_type: Some("client".into()), ..any.clone() }, vec![]),
        (EventFilter { resource_type: Some("check".into()), ..any.clone() }, vec![b.0]),
        (EventFilter { created: range(Some(a.1), None), ..any.clone() }, vec![c.0, b.0]),
        (EventFilter { created: range(None, Some(c.1)), ..any.clone() }, vec![b.0, a.0]),
        (EventFilter { created: range(Some(a.1), Some(c.1)), ..any.clone() }, vec![b.0]),
        (
            EventFilter {
                event_type: Some("client.created".into()),
                resource_type: Some("client".into()),
                created: range(Some(a.1), None),
            },
            vec![c.0],
        ),
        (
            EventFilter {
                event_type: Some("client.created".into()),
                resource_type: Some("check".into()),
                ..any.clone()
            },
            vec![],
        ),
    ];
    for (filter, ids) in cases {
        let listed = scene.store.list_events(scene.environment, filter.clone(), whole()).await;
        let listed = listed.unwrap();
        let found: Vec<_> = listed.items.iter().map(|event| event.id).collect();
        assert_eq!((&found, listed.total), (&ids, ids.len() as u64), "{filter:?}");
    }
}

pub async fn events_are_filtered_by_when_they_were_created<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let record = scene.new_record("client.created");
    let created_at = record.at;
    let accepted_at = scene.tick();
    scene.record(Record { at: accepted_at, ..record }).await;
    let found = |after, before| {
        let filter = EventFilter { created: TimeRange { after, before }, ..EventFilter::default() };
        scene.store.list_events(scene.environment, filter, whole())
    };
    assert_eq!(found(None, Some(accepted_at)).await.unwrap().total, 1, "not by its acceptance");
    assert_eq!(found(Some(created_at), None).await.unwrap().total, 0, "strictly after");
    assert_eq!(found(None, Some(created_at)).await.unwrap().total, 0, "strictly before");
}

pub async fn deliveries_are_listed_newest_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, scene.in_flight("client.created").await.event);
    }
    for (number, events) in (1..).zip([&made[..2], &made[2..4], &made[4..], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let filter = DeliveryFilter::default();
        let listed = scene.store.list_deliveries(scene.environment, filter, page).await.unwrap();
        let found: Vec<_> = listed.items.iter().map(|view| view.event).collect();
        assert_eq!((found.as_slice(), listed.total), (events, 5), "page {number}");
    }
}

pub async fn pages_part_the_deliveries_of_one_event_without_gap_or_overlap<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for _ in 0..5 {
        scene.webhook(&["*"]).await;
    }
    let claimed = scene.record(scene.new_record("client.created")).await.claimed;
    let mut found = Vec::new();
    for number in 1..=3 {
        let page = Page::new(number, 2).unwrap();
        let filter = DeliveryFilter::default();
        let listed = scene.store.list_deliveries(scene.environment, filter, page).await.unwrap();
        assert_eq!(listed.total, 5);
        found.extend(listed.items.iter().map(|view| view.webhook));
    }
    let mut expected: Vec<_> = claimed.iter().map(|claimed| claimed.key.webhook).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

pub async fn each_filter_of_deliveries_holds_and_all_hold_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let first = scene.webhook(&["client.created"]).await;
    let second = scene.webhook(&["*"]).await;
    let a = scene.record(scene.new_record("client.created")).await;
    let b = scene.record(scene.new_record("check.failed")).await;
    let c = scene.record(scene.new_record("client.created")).await;
    let to_first = |from: &[Claimed]| {
        let mine = |claimed: &&Claimed| claimed.key.webhook == first.id;
        from.iter().find(mine).expect("the first webhook asked for it").clone()
    };
    scene.deliver(&to_first(&c.claimed)).await;
    let at = |accepted: &Accepted| accepted.claimed[0].due_at;
    let id = |accepted: &Accepted| accepted.claimed[0].event;
    let range = |after, before| TimeRange { after, before };

    let any = DeliveryFilter::default();
    let pending = Some(DeliveryState::Pending);
    let delivered = Some(DeliveryState::Delivered);
    let event_type = Some("client.created".to_owned());
    let combined = DeliveryFilter {
        webhook: Some(first.id),
        event: Some(id(&c)),
        state: delivered,
        event_type: event_type.clone(),
        created: range(Some(at(&b)), None),
        updated: range(Some(at(&c)), None),
    };
    let cases = [
        (any.clone(), vec![id(&c), id(&c), id(&b), id(&a), id(&a)]),
        (DeliveryFilter { webhook: Some(first.id), ..any.clone() }, vec![id(&c), id(&a)]),
        (DeliveryFilter { webhook: Some(second.id), ..any.clone() }, vec![id(&c), id(&b), id(&a)]),
        (DeliveryFilter { event: Some(id(&b)), ..any.clone() }, vec![id(&b)]),
        (DeliveryFilter { state: delivered, ..any.clone() }, vec![id(&c)]),
        (DeliveryFilter { state: pending, ..any.clone() }, vec![id(&c), id(&b), id(&a), id(&a)]),
        (DeliveryFilter { state: Some(DeliveryState::Held), ..any.clone() }, vec![]),
        (
            DeliveryFilter { event_type: event_type.clone(), ..any.clone() },
            vec![id(&c), id(&c), id(&a), id(&a)],
        ),
        (
            DeliveryFilter { created: range(Some(at(&a)), Some(at(&c))), ..any.clone() },
            vec![id(&b)],
        ),
        (DeliveryFilter { updated: range(Some(at(&c)), None), ..any.clone() }, vec![id(&c)]),
        (DeliveryFilter { webhook: Some(first.id), state: pending, ..any.clone() }, vec![id(&a)]),
        (DeliveryFilter { state: pending, ..combined.clone() }, vec![]),
        (DeliveryFilter { event: Some(id(&a)), ..combined.clone() }, vec![]),
        (combined, vec![id(&c)]),
    ];
    for (filter, events) in cases {
        let listed = scene.store.list_deliveries(scene.environment, filter.clone(), whole()).await;
        let listed = listed.unwrap();
        let found: Vec<_> = listed.items.iter().map(|view| view.event).collect();
        assert_eq!((&found, listed.total), (&events, events.len() as u64), "{filter:?}");
    }
}

pub async fn a_state_is_filtered_by_what_it_is_now<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let expected = one_of_each_state(&scene).await;
    for (state, event) in expected {
        let filter = DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
        let found: Vec<_> = scene.views(filter).await.iter().map(|view| view.event).collect();
        assert_eq!(found, [event], "{state}");
    }
}

pub async fn another_environment_sees_no_event_delivery_or_attempt<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.deliver(&claimed).await;
    let view = scene.view(&claimed).await;
    for environment in scene.strangers().await {
        let store = &scene.store;
        assert_eq!(store.event(environment, claimed.event).await.unwrap(), None);
        let events = store.list_events(environment, EventFilter::default(), whole()).await.unwrap();
        assert_eq!((events.items.len(), events.total), (0, 0));
        assert_eq!(store.delivery(environment, view.id).await.unwrap(), None);
        for filter in [
            DeliveryFilter::default(),
            DeliveryFilter { event: Some(view.event), ..DeliveryFilter::default() },
            DeliveryFilter { webhook: Some(view.webhook), ..DeliveryFilter::default() },
        ] {
            let listed = store.list_deliveries(environment, filter, whole()).await.unwrap();
            assert_eq!((listed.items.len(), listed.total), (0, 0));
        }
        assert_eq!(store.attempts(environment, view.id).await.unwrap(), []);
        assert_eq!(store.books(Some(environment)).await.unwrap(), Books::default());
    }
}

pub async fn what_was_never_made_is_not_found<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let (event, delivery) = (EventId(scene.id()), DeliveryId(scene.id()));
    assert_eq!(scene.store.event(scene.environment, event).await.unwrap(), None);
    assert_eq!(scene.store.delivery(scene.environment, delivery).await.unwrap(), None);
    assert_eq!(scene.store.attempts(scene.environment, delivery).await.unwrap(), []);
}

pub async fn a_delivery_to_a_deleted_webhook_is_still_seen<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.deliver(&claimed).await;
    let before = scene.view(&claimed).await;
    scene.delete(&webhook).await;
    assert_eq!(scene.view(&claimed).await, before);
    assert_eq!(scene.store.attempts(scene.environment, before.id).await.unwrap().len(), 1);
}

pub async fn the_books_count_each_state_of_an_environment_and_of_all<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    assert_eq!(scene.store.books(Some(scene.environment)).await.unwrap(), Books::default());
    one_of_each_state(&scene).await;
    let live = scene.live();
    scene.add(Webhook { environment: live, ..scene.new_webhook(&["*"]) }).await;
    scene.record(Record { environment: live, ..scene.new_record("client.created") }).await;

    let ours = Books { accepted: 5, pending: 1, delivered: 1, exhausted: 1, held: 1, cancelled: 1 };
    let theirs = Books { accepted: 1, pending: 1, ..Books::default() };
    let all = Books { accepted: 6, pending: 2, ..ours };
    assert_books(&scene, [ours, theirs, all]).await;
    let scene = scene.reopened().await;
    assert_books(&scene, [ours, theirs, all]).await;
}

async fn assert_books<B: Backend>(scene: &Scene<B>, expected: [Books; 3]) {
    let environments = [Some(scene.environment), Some(scene.live()), None];
    for (environment, books) in environments.into_iter().zip(expected) {
        assert_eq!(scene.store.books(environment).await.unwrap(), books, "{environment:?}");
        assert!(books.balance());
    }
}

pub async fn the_deliveries_of_each_webhook_are_counted_by_what_they_are_now<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    assert_eq!(scene.store.delivery_counts(scene.environment).await.unwrap(), []);
    one_of_each_state(&scene).await;
    let counts = scene.store.delivery_counts(scene.environment).await.unwrap();
    let told: Vec<_> = counts.iter().map(|of| DeliveryState::ALL.map(|s| of.in_state(s))).collect();
    assert_eq!(told, [[0, 0, 0, 1, 0], [1, 1, 1, 0, 0]], "the one that was deleted is not counted");
    assert!(counts.is_sorted_by_key(|of| of.webhook));
    for environment in scene.strangers().await {
        assert_eq!(scene.store.delivery_counts(environment).await.unwrap(), []);
    }
    let at = scene.tick();
    while scene.store.expire(at, 10).await.unwrap() > 0 {}
    let counts = scene.store.delivery_counts(scene.environment).await.unwrap();
    let told: Vec<_> = counts.iter().map(|of| DeliveryState::ALL.map(|s| of.in_state(s))).collect();
    assert_eq!(told, [[0, 0, 0, 1, 0], [1, 0, 0, 0, 0]], "nor is what retention removed");
}

pub async fn the_next_attempts_of_a_webhook_are_those_that_are_due_first<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(scene.in_flight("client.created").await);
    }
    scene.webhook(&["check.failed"]).await;
    scene.in_flight("check.failed").await;
    // The first is due last, the second before it at the same time as the third, the fourth before
    // them; the fifth is in flight, due since it was made.
    let now = scene.tick();
    for (claimed, minutes) in made.iter().zip([9_u64, 3, 3, 1]) {
        let due_at = now.after(std::time::Duration::from_secs(60 * minutes));
        let settlement = settlement(claimed, answered(500, now), After::Retry { due_at });
        scene.store.settle([settlement].into()).await.unwrap();
    }
    let expected = [4, 3, 1, 2, 0].map(|index: usize| made[index].event);
    for limit in 0..7 {
        let next = scene.store.next_attempts(scene.environment, webhook.id, limit).await.unwrap();
        let events: Vec<_> = next.iter().map(|view| view.event).collect();
        assert_eq!(events, expected[..limit.min(5)], "at most {limit}");
        assert!(next.iter().all(|view| view.due_at.is_some() && view.webhook == webhook.id));
    }
    scene.enable(&webhook, false).await;
    let paused = scene.store.next_attempts(scene.environment, webhook.id, 9).await.unwrap();
    assert_eq!(paused.len(), 5, "they wait, and are still the next");
    for environment in scene.strangers().await {
        let theirs = scene.store.next_attempts(environment, webhook.id, 9).await.unwrap();
        assert_eq!(theirs, []);
    }
}

/// Makes one delivery in each state; the event of each.
async fn one_of_each_state<B: Backend>(scene: &Scene<B>) -> [(DeliveryState, EventId); 5] {
    let held = scene.disabled_webhook(&["check.failed"]).await;
    let record = scene.new_record("check.failed");
    let held_event = record.events[0].id;
    scene.record(record).await;
    scene.enable(&held, true).await;

    let doomed = scene.webhook(&["client.deleted"]).await;
    let cancelled = scene.in_flight("client.deleted").await;
    scene.delete(&doomed).await;
    scene.store.cancel_orphans(scene.tick(), 10).await.unwrap();

    scene.webhook(&["client.created"]).await;
    let delivered = scene.in_flight("client.created").await;
    scene.deliver(&delivered).await;
    let exhausted = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: None };
    let attempt = answered(500, scene.tick());
    scene.store.settle([settlement(&exhausted, attempt, after)].into()).await.unwrap();
    let pending = scene.in_flight("client.created").await;
    [
        (DeliveryState::Pending, pending.event),
        (DeliveryState::Delivered, delivered.event),
        (DeliveryState::Exhausted, exhausted.event),
        (DeliveryState::Held, held_event),
        (DeliveryState::Cancelled, cancelled.event),
    ]
}
