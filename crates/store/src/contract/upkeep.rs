//! The laws of [`Upkeep`]: what is forgotten, what is kept, and in how many steps.

use std::time::Duration;

use herald_domain::{delivery::DeliveryState, resource::Resource, time::Timestamp};

use super::{
    Backend,
    fixtures::{Scene, answered, retry, settlement, whole},
};
use crate::{
    After, Books, Claimed, DeliveryFilter, Due, DueResources, EventFilter, History, Queue,
    Recorded, Recording, Resources, Stored, Upkeep,
};

pub async fn an_event_whose_deliveries_have_ended_expires_with_them<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.deliver(&claimed).await;
    let view = scene.view(&claimed).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);

    assert_eq!(scene.store.event(scene.environment, claimed.event).await.unwrap(), None);
    assert_eq!(scene.store.delivery(scene.environment, view.id).await.unwrap(), None);
    assert_eq!(scene.store.attempts(scene.environment, view.id).await.unwrap(), []);
    assert_eq!(scene.views(DeliveryFilter::default()).await, []);
    assert_eq!(remaining(&scene).await, 0);
}

pub async fn only_what_was_created_before_the_time_expires<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let record = scene.new_record("client.created");
    let created_at = record.at;
    scene.record(record).await;
    assert_eq!(scene.store.expire(created_at, 10).await.unwrap(), 0);
    let later = created_at.after(Duration::from_millis(1));
    assert_eq!(scene.store.expire(later, 10).await.unwrap(), 1, "though nobody asked for it");
}

pub async fn a_pending_or_held_delivery_keeps_its_event_and_the_others_of_it<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    scene.webhook(&["client.created"]).await;
    scene.disabled_webhook(&["check.failed"]).await;
    let mut claimed = scene.record(scene.new_record("client.created")).await.claimed;
    claimed.sort_by_key(|one| one.key.webhook != webhook.id);
    scene.deliver(&claimed[0]).await;
    scene.record(scene.new_record("check.failed")).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 0);
    assert_eq!(scene.views(DeliveryFilter::default()).await.len(), 3);

    scene.deliver(&claimed[1]).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
    let left = scene.views(DeliveryFilter::default()).await;
    assert_eq!(left.iter().map(|view| view.state).collect::<Vec<_>>(), [DeliveryState::Held]);
}

pub async fn expiry_takes_no_more_events_than_its_limit_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    scene.webhook(&["*"]).await;
    for _ in 0..5 {
        for claimed in scene.record(scene.new_record("client.created")).await.claimed {
            scene.deliver(&claimed).await;
        }
    }
    let before = scene.tick();
    for (removed, left) in [(2, 3), (2, 1), (1, 0), (0, 0)] {
        assert_eq!(scene.store.expire(before, 2).await.unwrap(), removed);
        assert_eq!(remaining(&scene).await, left);
    }
}

pub async fn what_may_not_expire_does_not_hide_what_may<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    for _ in 0..5 {
        scene.in_flight("client.created").await;
    }
    for _ in 0..3 {
        let claimed = scene.in_flight("client.created").await;
        scene.deliver(&claimed).await;
    }
    let before = scene.tick();
    assert_eq!(scene.store.expire(before, 2).await.unwrap(), 2);
    assert_eq!(scene.store.expire(before, 2).await.unwrap(), 1);
    assert_eq!(remaining(&scene).await, 5);
}

pub async fn the_books_go_on_counting_what_expired<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let doomed = scene.webhook(&["check.failed"]).await;
    scene.in_flight("check.failed").await;
    scene.delete(&doomed).await;
    scene.store.cancel_orphans(scene.tick(), 10).await.unwrap();
    scene.webhook(&["client.created"]).await;
    let delivered = scene.in_flight("client.created").await;
    scene.deliver(&delivered).await;
    let exhausted = scene.in_flight("client.created").await;
    let after = After::Exhausted { disable: None };
    scene.settle(settlement(&exhausted, answered(500, scene.tick()), after)).await;
    scene.in_flight("client.created").await;

    let expected =
        Books { accepted: 4, pending: 1, delivered: 1, exhausted: 1, held: 0, cancelled: 1 };
    for environment in [Some(scene.environment), None] {
        assert_eq!(scene.store.books(environment).await.unwrap(), expected);
    }
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 3);
    let scene = scene.reopened().await;
    for environment in [Some(scene.environment), None] {
        assert_eq!(scene.store.books(environment).await.unwrap(), expected);
    }
}

pub async fn a_late_settlement_of_an_expired_delivery_is_stale<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.delete(&webhook).await;
    scene.store.cancel_orphans(scene.tick(), 10).await.unwrap();
    scene.store.expire(scene.tick(), 10).await.unwrap();
    let before = scene.store.books(None).await.unwrap();
    assert_eq!(scene.deliver(&claimed).await.stale, 1);
    assert_eq!(scene.store.books(None).await.unwrap(), before);
}

pub async fn a_key_outlives_its_expired_event_and_is_forgotten_apart<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let first = scene.record(scene.keyed_record("key", 1)).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
    match scene.store.record(scene.keyed_record("key", 1)).await.unwrap() {
        Recorded::Replayed(receipt) => assert_eq!(receipt, first.receipt),
        other => panic!("not replayed: {other:?}"),
    }
    assert_eq!(scene.store.expire_keys(scene.tick(), 10).await.unwrap(), 1);
    scene.record(scene.keyed_record("key", 2)).await;
}

pub async fn only_keys_used_before_the_time_expire<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let record = scene.keyed_record("key", 1);
    let used_at = record.at;
    let event = record.events[0].id;
    scene.record(record).await;
    assert_eq!(scene.store.expire_keys(used_at, 10).await.unwrap(), 0);
    let later = used_at.after(Duration::from_millis(1));
    assert_eq!(scene.store.expire_keys(later, 10).await.unwrap(), 1);
    let kept = scene.store.event(scene.environment, event).await.unwrap();
    assert!(kept.is_some(), "a key does not take its event with it");
}

pub async fn keys_expire_no_more_than_the_limit_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for number in 0..5 {
        scene.record(scene.keyed_record(&format!("key {number}"), 1)).await;
    }
    let before = scene.tick();
    for removed in [2, 2, 1, 0] {
        assert_eq!(scene.store.expire_keys(before, 2).await.unwrap(), removed);
    }
}

pub async fn orphans_are_cancelled_no_more_than_the_limit_at_a_time<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let doomed = scene.webhook(&["*"]).await;
    let spared = scene.webhook(&["check.failed"]).await;
    let in_flight = scene.in_flight("client.created").await;
    let waiting = scene.waiting("client.created").await;
    let retried = scene.in_flight("client.created").await;
    scene.settle(retry(&retried, scene.tick(), scene.tick())).await;
    let delivered = scene.in_flight("client.created").await;
    scene.deliver(&delivered).await;
    scene.enable(&doomed, false).await;
    scene.record(scene.new_record("client.created")).await;
    scene.record(scene.new_record("check.failed")).await;
    assert_eq!(scene.store.cancel_orphans(scene.tick(), 10).await.unwrap(), 0, "no orphan yet");
    scene.delete(&doomed).await;

    let at = scene.tick();
    for (done, total) in [(2, 2), (2, 4), (1, 5), (0, 5)] {
        assert_eq!(scene.store.cancel_orphans(at, 2).await.unwrap(), done);
        let books = scene.store.books(Some(scene.environment)).await.unwrap();
        assert_eq!((books.cancelled, books.balance()), (total, true));
    }
    for claimed in [&in_flight, &waiting, &retried] {
        let view = scene.view(claimed).await;
        assert_eq!((view.state, view.due_at), (DeliveryState::Cancelled, None));
        assert_eq!(view.updated_at, at);
    }
    assert_eq!(scene.view(&retried).await.attempts, 1);
    assert_eq!(scene.view(&delivered).await.state, DeliveryState::Delivered);
    let to_spared = DeliveryFilter { webhook: Some(spared.id), ..DeliveryFilter::default() };
    assert_eq!(scene.views(to_spared).await[0].state, DeliveryState::Pending);
}

pub async fn what_is_due_later_is_moved_to_be_due_earlier<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["client.created"]).await;
    let paused = scene.webhook(&["check.failed"]).await;
    let now = scene.tick().after(Duration::from_secs(3600));
    let minutes = |n: u64| now.after(Duration::from_secs(n * 60));
    let overdue = retried(&scene, "client.created", now.before(Duration::from_secs(60))).await;
    let on_time = retried(&scene, "client.created", now).await;
    let later = retried(&scene, "client.created", minutes(10)).await;
    let of_paused = retried(&scene, "check.failed", minutes(11)).await;
    scene.enable(&paused, false).await;
    scene.store.advance_due(now, Duration::from_secs(4 * 60)).await.unwrap();

    let expected = [
        (overdue, now.before(Duration::from_secs(60))),
        (on_time, now),
        (later.clone(), minutes(6)),
        (of_paused, minutes(7)),
    ];
    for (claimed, due_at) in expected {
        assert_eq!(scene.view(&claimed).await.due_at, Some(due_at));
    }
    scene.store.claim(webhook.id, now, 10).await.unwrap();
    let due = scene.store.due(None, 10).await.unwrap();
    assert_eq!(due, [Due { webhook: webhook.id, at: minutes(6) }]);
    let claim = scene.store.claim(webhook.id, minutes(6), 10).await.unwrap();
    assert_eq!(claim.deliveries[0].key, later.key);
}

pub async fn what_is_moved_past_now_is_due_now<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let now = scene.tick().after(Duration::from_secs(3600));
    retried(&scene, "client.created", now.after(Duration::from_secs(10))).await;
    assert_eq!(scene.store.claim(webhook.id, now, 10).await.unwrap().deliveries.len(), 0);
    scene.store.advance_due(now, Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(scene.store.claim(webhook.id, now, 10).await.unwrap().deliveries.len(), 1);
}

pub async fn what_resources_are_due_later_is_moved_too<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let now = scene.tick().after(Duration::from_secs(3600));
    let minutes = |n: u64| now.after(Duration::from_secs(n * 60));
    let mut made = Vec::new();
    for due_at in [now.before(Duration::from_secs(60)), now, minutes(10), minutes(11)] {
        let check = Resource { due_at: Some(due_at), ..scene.new_check(client, "{}") };
        made.push(scene.create(check).await);
    }
    scene.create(scene.new_check(client, "{}")).await;
    scene.store.advance_due(now, Duration::from_secs(4 * 60)).await.unwrap();

    let moved = |stored: &Stored, due_at| {
        let resource = Resource { due_at: Some(due_at), ..stored.resource.clone() };
        Stored { resource, ..stored.clone() }
    };
    let expected = [
        made[0].clone(),
        made[1].clone(),
        moved(&made[2], minutes(6)),
        moved(&made[3], minutes(7)),
    ];
    let DueResources { due, next } = scene.store.due_resources(minutes(6), 10).await.unwrap();
    let due: Vec<_> = due.into_iter().map(|(_, stored)| stored).collect();
    assert_eq!((due.as_slice(), next), (&expected[..3], Some(minutes(7))));
    for (read_before, now) in made.iter().zip(&expected) {
        assert_eq!(scene.stored(&now.resource).await.as_ref(), Some(now));
        let completed = scene.completed(&read_before.resource, "clear");
        scene.revise(read_before, completed).await;
    }
}

pub async fn noting_the_time_answers_what_was_noted_before<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [early, middle, late] = [scene.tick(), scene.tick(), scene.tick()];
    assert_eq!(scene.store.note_time(middle).await.unwrap(), None);
    assert_eq!(scene.store.note_time(late).await.unwrap(), Some(middle));
    assert_eq!(scene.store.note_time(early).await.unwrap(), Some(late));
    let scene = scene.reopened().await;
    assert_eq!(
        scene.store.note_time(middle).await.unwrap(),
        Some(early),
        "a clock that went back is noticed once"
    );
}

pub async fn a_probe_of_a_working_store_succeeds<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.store.probe().await.unwrap();
}

/// A delivery whose first attempt failed, and that is due again then.
async fn retried<B: Backend>(scene: &Scene<B>, event_type: &str, due_at: Timestamp) -> Claimed {
    let claimed = scene.in_flight(event_type).await;
    scene.settle(retry(&claimed, scene.tick(), due_at)).await;
    claimed
}

/// How many events are left in the scene's environment.
async fn remaining<B: Backend>(scene: &Scene<B>) -> u64 {
    let filter = EventFilter::default();
    scene.store.list_events(scene.environment, filter, whole()).await.unwrap().total
}
