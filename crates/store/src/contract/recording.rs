//! The laws of [`Recording`].

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use herald_domain::{delivery::DeliveryState, event::Event, webhook::Webhook};

use super::{
    Backend,
    fixtures::{AMPLE, Accepted, Scene, answered, settlement, together, whole},
};
use crate::{
    After, Claimed, DeliveryFilter, EventFilter, History, Queue, Receipt, Record, Recorded,
    Recording, Upkeep, Webhooks,
};

pub async fn events_and_their_fan_out_are_recorded_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["document.updated.image_uploaded", "document.updated"]).await;
    let events =
        ["document.updated", "document.updated.image_uploaded"].map(|name| scene.new_event(name));
    let accepted = scene.record(record_of(&scene, &events)).await;

    let names: Vec<_> = events.iter().map(|e| (e.id, e.event_type.clone())).collect();
    assert_eq!(accepted.receipt.events, names);
    assert_eq!(accepted.receipt.deliveries, 2);
    for event in &events {
        let found = scene.store.event(scene.environment, event.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(event));
        let filter = DeliveryFilter { event: Some(event.id), ..DeliveryFilter::default() };
        let views = scene.views(filter).await;
        assert_eq!(views.len(), 1);
        assert_eq!((views[0].webhook, views[0].state), (webhook.id, DeliveryState::Pending));
    }
}

pub async fn a_fresh_delivery_is_pending_and_due_from_its_acceptance<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    let record = scene.new_record("client.created");
    let (event, at) = (record.events[0].clone(), record.at);
    let accepted = scene.record(record).await;

    let [claimed] = accepted.claimed.as_slice() else { panic!("{:?}", accepted.claimed) };
    assert_eq!(claimed.key.environment, scene.environment);
    assert_eq!((claimed.key.webhook, claimed.event), (webhook.id, event.id));
    assert_eq!((claimed.attempts, claimed.first_attempt_at, claimed.due_at), (0, None, at));
    assert_eq!(claimed.body, event.body);

    let view = scene.view(claimed).await;
    assert_eq!((view.event, view.event_type.as_str()), (event.id, "client.created"));
    assert_eq!((view.webhook, view.state, view.attempts), (webhook.id, DeliveryState::Pending, 0));
    assert_eq!((view.due_at, view.created_at, view.updated_at), (Some(at), at, at));
    assert_eq!((view.last_status, view.last_error), (None, None));
    let by_id = scene.store.delivery(scene.environment, view.id).await.unwrap();
    assert_eq!(by_id, Some(view));
}

pub async fn fresh_deliveries_are_claimed_by_the_recorder<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let claim = scene.claim(webhook.id, 10).await;
    assert!(claim.deliveries.is_empty() && claim.next_due.is_none(), "{claim:?}");
    assert_eq!(scene.store.due(None, 10).await.unwrap(), []);

    scene.store.release(vec![claimed.key]).await.unwrap();
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries[0].key, claimed.key);
}

pub async fn a_match_of_a_disabled_webhook_is_held<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.disabled_webhook(&["*"]).await;
    let record = scene.new_record("client.created");
    let at = record.at;
    let accepted = scene.record(record).await;
    assert_eq!((accepted.receipt.deliveries, accepted.claimed.len()), (1, 0));
    assert!(accepted.destinations.is_empty());

    let view = scene.views(DeliveryFilter::default()).await.remove(0);
    assert_eq!((view.webhook, view.state, view.due_at), (webhook.id, DeliveryState::Held, None));
    assert_eq!((view.created_at, view.attempts), (at, 0));
    scene.enable(&webhook, true).await;
    let claim = scene.claim(webhook.id, 10).await;
    assert!(claim.deliveries.is_empty(), "enabling alone does not send what is held");
}

pub async fn the_destinations_are_the_webhooks_of_what_is_claimed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let exact = scene.webhook(&["check.failed", "client.created"]).await;
    let all = scene.webhook(&["*"]).await;
    scene.webhook(&["client.deleted"]).await;
    scene.disabled_webhook(&["*"]).await;
    let exact = scene.enable(&exact, true).await;

    let events = ["client.created", "client.created"].map(|name| scene.new_event(name));
    let accepted = scene.record(record_of(&scene, &events)).await;
    assert_eq!(accepted.receipt.deliveries, 6, "two held ones included");
    assert_eq!(accepted.claimed.len(), 4);
    let mut destinations: Vec<Webhook> =
        accepted.destinations.iter().map(|one| (*one.webhook).clone()).collect();
    destinations.sort_by_key(|webhook| webhook.id);
    assert_eq!(destinations, [exact, all], "each once, as it is at this commit");
    assert!(accepted.destinations.iter().all(|one| one.succeeded_at.is_none()));
}

pub async fn a_destination_says_when_anything_was_last_delivered_to_it<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let attempt = answered(200, scene.tick());
    let delivered_at = attempt.ended_at();
    scene.settle(settlement(&claimed, attempt, After::Delivered)).await;
    let accepted = scene.record(scene.new_record("client.created")).await;
    assert_eq!(accepted.destinations[0].succeeded_at, Some(delivered_at));
    let scene = scene.reopened().await;
    let accepted = scene.record(scene.new_record("client.created")).await;
    assert_eq!(accepted.destinations[0].succeeded_at, Some(delivered_at), "after reopening");
}

pub async fn an_event_goes_to_its_own_environment_only<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let ours = scene.webhook(&["*"]).await;
    for environment in scene.strangers().await {
        scene.add(Webhook { environment, ..scene.new_webhook(&["*"]) }).await;
    }
    let accepted = scene.record(scene.new_record("client.created")).await;
    let webhooks: Vec<_> = accepted.claimed.iter().map(|claimed| claimed.key.webhook).collect();
    assert_eq!(webhooks, [ours.id]);
}

pub async fn a_body_comes_back_byte_for_byte<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for body in [Bytes::new(), Bytes::from_static(b"{}"), Bytes::from(bytes)] {
        let event = Event { body, ..scene.new_event("client.created") };
        let accepted = scene.record(record_of(&scene, std::slice::from_ref(&event))).await;
        assert_eq!(accepted.claimed[0].body, event.body);
        scene.store.release(vec![accepted.claimed[0].key]).await.unwrap();
        let claim = scene.claim(webhook.id, 1).await;
        assert_eq!(claim.deliveries[0].body, event.body);
        let found = scene.store.event(scene.environment, event.id).await.unwrap();
        assert_eq!(found, Some(event));
    }
}

pub async fn events_are_numbered_in_the_order_given_and_of_commit<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let mut sequences = Vec::new();
    for _ in 0..3 {
        let events: Vec<_> = (0..3).map(|_| scene.new_event("client.created")).collect();
        let accepted = scene.record(record_of(&scene, &events)).await;
        for event in &events {
            let of = |claimed: &&Claimed| claimed.event == event.id;
            sequences.push(accepted.claimed.iter().find(of).unwrap().key.sequence);
        }
    }
    assert!(sequences.is_sorted_by(|earlier, later| earlier < later), "{sequences:?}");
}

pub async fn concurrent_events_have_each_their_own_number<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let records = (0..40).map(|_| scene.new_record("client.created"));
    let outcomes = together(records.map(|record| {
        let store = scene.store.clone();
        async move { store.record(record).await.unwrap() }
    }))
    .await;
    let sequences: HashSet<u64> = outcomes.into_iter().map(|one| only(one).key.sequence).collect();
    assert_eq!(sequences.len(), 40);
}

pub async fn a_number_is_not_given_again_after_expiry_and_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let first = scene.in_flight("client.created").await;
    scene.deliver(&first).await;
    let removed = scene.store.expire(scene.tick(), 10).await.unwrap();
    assert_eq!(removed, 1);
    let scene = scene.reopened().await;
    let second = scene.in_flight("client.created").await;
    assert!(second.key.sequence > first.key.sequence, "{} again", second.key.sequence);
}

pub async fn a_webhook_made_before_an_event_always_matches_it<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let pairs = (0..20).map(|_| (scene.new_webhook(&["*"]), scene.new_record("client.created")));
    let missed = together(pairs.map(|(webhook, record)| {
        let store = scene.store.clone();
        async move {
            let id = webhook.id;
            store.create_webhook(webhook, AMPLE).await.unwrap();
            let Recorded::Accepted { claimed, .. } = store.record(record).await.unwrap() else {
                panic!("there is no key");
            };
            claimed.iter().all(|claimed| claimed.key.webhook != id)
        }
    }))
    .await;
    assert!(!missed.contains(&true));
}

pub async fn a_patch_made_before_an_event_holds_for_it<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    for enabled in [false, true, false, true] {
        scene.enable(&webhook, enabled).await;
        let accepted = scene.record(scene.new_record("client.created")).await;
        assert_eq!(accepted.claimed.len(), usize::from(enabled));
        assert!(accepted.destinations.iter().all(|one| one.webhook.enabled));
    }
}

pub async fn a_record_that_fails_leaves_nothing_and_harms_no_neighbour<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let earlier = scene.new_event("client.created");
    let kept = scene.record(record_of(&scene, std::slice::from_ref(&earlier))).await.claimed;
    scene.deliver(&kept[0]).await;

    let lost = scene.new_event("client.created");
    let id_used_before = [lost.clone(), Event { id: earlier.id, ..lost.clone() }];
    let failing =
        Record { events: id_used_before.to_vec(), ..scene.keyed_record("of what failed", 1) };
    let sound = (0..20).map(|_| scene.new_record("client.created"));
    let records: Vec<Record> = sound.chain([failing.clone()]).collect();
    let outcomes = together(records.into_iter().rev().map(|record| {
        let store = scene.store.clone();
        async move { store.record(record).await }
    }))
    .await;
    let (recorded, failed): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((recorded.len(), failed.len()), (20, 1));

    assert_eq!(scene.store.event(scene.environment, lost.id).await.unwrap(), None);
    assert_eq!(
        (events(&scene).await, scene.views(DeliveryFilter::default()).await.len()),
        (21, 21)
    );
    let books = scene.store.books(Some(scene.environment)).await.unwrap();
    assert_eq!((books.accepted, books.pending, books.delivered), (21, 20, 1));
    let sound: Vec<_> = recorded.into_iter().map(|one| only(one.unwrap()).key).collect();
    scene.store.release(sound).await.unwrap();
    assert_eq!(scene.claim(webhook.id, 100).await.deliveries.len(), 20);
    let again = Record { events: vec![lost], ..failing };
    assert_eq!(scene.record(again).await.claimed.len(), 1, "its key was not kept");
    scene.waiting("client.created").await;
    assert_eq!(scene.claim(webhook.id, 100).await.deliveries.len(), 1);
}

pub async fn an_event_that_nobody_asked_for_is_recorded_all_the_same<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["check.failed"]).await;
    let record = scene.new_record("client.created");
    let event = record.events[0].clone();
    let accepted = scene.record(record).await;
    assert_eq!((accepted.receipt.deliveries, accepted.claimed.len()), (0, 0));
    let found = scene.store.event(scene.environment, event.id).await.unwrap();
    assert_eq!(found, Some(event));
}

pub async fn nothing_is_recorded_for_an_unknown_account<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut record = scene.keyed_record("key", 1);
    record.environment.account = scene.new_account().id;
    let event = record.events[0].id;
    let recorded = scene.store.record(record.clone()).await.unwrap();
    assert!(matches!(recorded, Recorded::UnknownAccount), "{recorded:?}");
    assert_eq!(scene.store.event(record.environment, event).await.unwrap(), None);
    let again = scene.store.record(record).await.unwrap();
    assert!(matches!(again, Recorded::UnknownAccount), "its key was not kept: {again:?}");
}

pub async fn the_same_key_and_fingerprint_get_the_same_receipt<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    scene.disabled_webhook(&["*"]).await;
    let first = scene.record(scene.keyed_record("clé/1", 1)).await;
    scene.webhook(&["*"]).await;
    assert_eq!(replayed(&scene, scene.keyed_record("clé/1", 1)).await, first.receipt);
    let scene = scene.reopened().await;
    assert_eq!(replayed(&scene, scene.keyed_record("clé/1", 1)).await, first.receipt);
    assert_eq!(first.receipt.deliveries, 2);
    assert_eq!(events(&scene).await, 1, "a replay records nothing");
}

pub async fn a_key_used_for_something_else_is_refused<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let first = scene.record(scene.keyed_record("key", 1)).await;
    let other = scene.store.record(scene.keyed_record("key", 2)).await.unwrap();
    assert!(matches!(other, Recorded::KeyReused), "{other:?}");
    assert_eq!(events(&scene).await, 1, "a refusal records nothing");
    assert_eq!(replayed(&scene, scene.keyed_record("key", 1)).await, first.receipt);
}

pub async fn a_key_belongs_to_its_environment<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.record(scene.keyed_record("key", 1)).await;
    for environment in scene.strangers().await {
        scene.record(Record { environment, ..scene.keyed_record("key", 2) }).await;
    }
    scene.record(scene.keyed_record("KEY", 3)).await;
}

pub async fn of_a_hundred_at_once_with_one_key_one_is_accepted<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let records = (0..100).map(|_| scene.keyed_record("key", 1));
    let outcomes = together(records.map(|record| {
        let store = scene.store.clone();
        async move { store.record(record).await.unwrap() }
    }))
    .await;
    let mut receipts = HashSet::new();
    let mut accepted = 0;
    for outcome in outcomes {
        match outcome {
            Recorded::Accepted { receipt, .. } => {
                accepted += 1;
                receipts.insert(receipt.events);
            }
            Recorded::Replayed(receipt) => {
                receipts.insert(receipt.events);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((accepted, receipts.len()), (1, 1));
    assert_eq!(events(&scene).await, 1);
}

pub async fn a_record_without_events_is_accepted_and_keeps_its_key<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let empty = || Record { events: Vec::new(), ..scene.keyed_record("key", 1) };
    let Accepted { receipt, claimed, .. } = scene.record(empty()).await;
    assert_eq!((receipt.events.len(), receipt.deliveries, claimed.len()), (0, 0, 0));
    assert_eq!(replayed(&scene, empty()).await, receipt);
}

pub async fn what_was_accepted_survives_reopening_and_is_due_again<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let mut in_flight = BTreeSet::new();
    for _ in 0..3 {
        in_flight.insert(scene.in_flight("client.created").await.event);
    }
    let before = scene.views(DeliveryFilter::default()).await;
    let scene = scene.reopened().await;
    assert_eq!(scene.views(DeliveryFilter::default()).await, before);
    let claim = scene.claim(webhook.id, 10).await;
    let again: BTreeSet<_> = claim.deliveries.iter().map(|claimed| claimed.event).collect();
    assert_eq!(again, in_flight);
}

/// A record of these events, accepted now.
fn record_of<B: Backend>(scene: &Scene<B>, events: &[Event]) -> Record {
    let (environment, at) = (scene.environment, scene.tick());
    Record {
        environment,
        writes: Vec::new(),
        events: events.to_vec(),
        idempotency: None,
        only: None,
        at,
    }
}

/// The one delivery of an accepted record.
fn only(recorded: Recorded) -> Claimed {
    match recorded {
        Recorded::Accepted { mut claimed, .. } if claimed.len() == 1 => claimed.remove(0),
        other => panic!("not one delivery: {other:?}"),
    }
}

/// The receipt of a record that repeats an earlier one.
async fn replayed<B: Backend>(scene: &Scene<B>, record: Record) -> Receipt {
    match scene.store.record(record).await.unwrap() {
        Recorded::Replayed(receipt) => receipt,
        other => panic!("not replayed: {other:?}"),
    }
}

/// How many events the scene's environment has.
async fn events<B: Backend>(scene: &Scene<B>) -> u64 {
    let filter = EventFilter::default();
    scene.store.list_events(scene.environment, filter, whole()).await.unwrap().total
}
