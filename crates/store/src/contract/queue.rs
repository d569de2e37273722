//! The laws of [`Queue`]'s handing out: claiming, releasing, and what is due.

use std::{collections::HashSet, time::Duration};

use herald_domain::{id::WebhookId, time::Timestamp, webhook::Webhook};

use super::{
    Backend,
    fixtures::{Scene, answered, retry, settlement, together},
};
use crate::{After, Claimed, DeliveryKey, Due, Queue, Record};

pub async fn the_oldest_due_is_claimed_first<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let mut flights = Vec::new();
    for _ in 0..3 {
        flights.push(scene.in_flight("client.created").await);
    }
    let now = scene.tick();
    let seconds = [30, 10, 20].map(|s| now.after(Duration::from_secs(s)));
    let retries = flights.iter().zip(seconds).map(|(claimed, due)| retry(claimed, now, due));
    scene.store.settle(retries.collect()).await.unwrap();

    let claim = scene.store.claim(webhook.id, seconds[0], 10).await.unwrap();
    let order: Vec<_> = claim.deliveries.iter().map(|c| (c.key, c.due_at)).collect();
    let expected = [1, 2, 0].map(|index: usize| (flights[index].key, seconds[index]));
    assert_eq!(order, expected);
}

pub async fn what_is_due_at_the_same_time_is_claimed_in_order_of_commit<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let mut flights = Vec::new();
    for _ in 0..3 {
        flights.push(scene.in_flight("client.created").await);
    }
    let now = scene.tick();
    for claimed in flights.iter().rev() {
        scene.settle(retry(claimed, now, now)).await;
    }
    let claim = scene.claim(webhook.id, 10).await;
    assert_eq!(keys(&claim.deliveries), keys(&flights));
}

pub async fn a_claim_takes_no_more_than_its_limit_and_says_what_is_next<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let waiting = [
        scene.waiting("client.created").await,
        scene.waiting("client.created").await,
        scene.waiting("client.created").await,
    ];
    let first = scene.claim(webhook.id, 2).await;
    assert_eq!(keys(&first.deliveries), keys(&waiting[..2]));
    assert_eq!(first.next_due, Some(waiting[2].due_at), "overdue, and left for the next claim");
    let second = scene.claim(webhook.id, 2).await;
    assert_eq!(keys(&second.deliveries), keys(&waiting[2..]));
    assert_eq!(second.next_due, None);
    let third = scene.claim(webhook.id, 2).await;
    assert_eq!((third.deliveries.len(), third.next_due), (0, None));
}

pub async fn nothing_is_claimed_before_it_is_due<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let (claimed, due_at) = retried(&scene, Duration::from_secs(60)).await;
    let millisecond = Duration::from_millis(1);
    let early = scene.store.claim(webhook.id, due_at.before(millisecond), 10).await.unwrap();
    assert_eq!((early.deliveries.len(), early.next_due), (0, Some(due_at)));
    let on_time = scene.store.claim(webhook.id, due_at, 10).await.unwrap();
    assert_eq!(keys(&on_time.deliveries), [claimed.key]);
}

pub async fn a_claimed_delivery_carries_what_the_next_attempt_needs<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let mut claimed = scene.in_flight("client.created").await;
    let (event, body) = (claimed.event, claimed.body.clone());
    let mut first_attempt_at = None;
    for attempts in 1..=3 {
        let started_at = scene.tick();
        let due_at = scene.tick();
        scene.settle(retry(&claimed, started_at, due_at)).await;
        first_attempt_at = first_attempt_at.or(Some(started_at));

        claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
        assert_eq!((claimed.event, &claimed.body), (event, &body));
        assert_eq!((claimed.attempts, claimed.due_at), (attempts, due_at));
        assert_eq!(claimed.first_attempt_at, first_attempt_at);
    }
}

pub async fn a_claim_brings_the_webhook_as_it_is_now<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let delivered = scene.in_flight("client.created").await;
    let attempt = answered(204, scene.tick());
    let ended_at = attempt.ended_at();
    let after = After::Delivered;
    scene.settle(settlement(&delivered, attempt, after)).await;
    let patched = scene.enable(&webhook, true).await;

    let destination = scene.claim(webhook.id, 10).await.destination.expect("it is there");
    assert_eq!(*destination.webhook, patched);
    assert_eq!(destination.succeeded_at, Some(ended_at));
}

pub async fn a_claim_of_an_unknown_webhook_brings_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let claim = scene.claim(WebhookId(scene.id()), 10).await;
    assert!(claim.destination.is_none() && claim.deliveries.is_empty() && claim.next_due.is_none());
}

pub async fn a_claim_brings_nothing_of_other_webhooks<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [ours, theirs] = [scene.webhook(&["*"]).await, scene.webhook(&["*"]).await];
    let accepted = scene.record(scene.new_record("client.created")).await;
    scene.store.release(keys(&accepted.claimed)).await.unwrap();
    for webhook in [ours, theirs] {
        let claim = scene.claim(webhook.id, 10).await;
        let webhooks: Vec<_> = claim.deliveries.iter().map(|one| one.key.webhook).collect();
        assert_eq!(webhooks, [webhook.id]);
    }
}

pub async fn a_disabled_webhook_keeps_its_pending_ones_and_their_schedule<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let overdue = scene.waiting("client.created").await;
    let (later, due_at) = retried(&scene, Duration::from_secs(60)).await;
    let before = [scene.view(&overdue).await, scene.view(&later).await];
    scene.enable(&webhook, false).await;

    let claim = scene.store.claim(webhook.id, due_at, 10).await.unwrap();
    assert!(claim.deliveries.is_empty());
    assert!(!claim.destination.expect("it is there").webhook.enabled);
    assert_eq!(scene.store.due(None, 10).await.unwrap(), []);
    assert_eq!([scene.view(&overdue).await, scene.view(&later).await], before);

    scene.enable(&webhook, true).await;
    let claim = scene.claim(webhook.id, 10).await;
    assert_eq!(keys(&claim.deliveries), [overdue.key]);
    assert_eq!(claim.next_due, Some(due_at));
    let claim = scene.store.claim(webhook.id, due_at, 10).await.unwrap();
    assert_eq!(keys(&claim.deliveries), [later.key]);
}

pub async fn what_is_released_can_be_claimed_at_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let (claimed, due_at) = retried(&scene, Duration::from_secs(5)).await;
    let kept = scene.in_flight("client.created").await;
    let again = scene.store.claim(webhook.id, due_at, 10).await.unwrap().deliveries;
    scene.store.release(keys(&again)).await.unwrap();
    let third = scene.store.claim(webhook.id, due_at, 10).await.unwrap().deliveries;
    assert_eq!(keys(&third), [claimed.key], "without {kept:?}");
    assert_eq!((third[0].attempts, third[0].due_at), (1, due_at), "the schedule is as it was");
}

pub async fn releasing_what_is_not_claimed_changes_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let delivered = scene.in_flight("client.created").await;
    scene.deliver(&delivered).await;
    let before = scene.view(&delivered).await;
    let unknown = DeliveryKey { sequence: delivered.key.sequence + 1000, ..delivered.key };
    scene.store.release(vec![delivered.key, unknown]).await.unwrap();
    scene.store.release(Vec::new()).await.unwrap();
    assert_eq!(scene.view(&delivered).await, before);
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 0);
}

pub async fn two_claimers_never_share_a_delivery<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let events: Vec<_> = (0..100).map(|_| scene.new_event("client.created")).collect();
    let record = Record { events, ..scene.new_record("client.created") };
    let accepted = scene.record(record).await;
    scene.store.release(keys(&accepted.claimed)).await.unwrap();

    let now = scene.tick().after(Duration::from_secs(5 * 60));
    let hands = together((0..8).map(|_| {
        let store = scene.store.clone();
        async move {
            let mut hand = Vec::new();
            loop {
                let claim = store.claim(webhook.id, now, 3).await.unwrap();
                if claim.deliveries.is_empty() {
                    return hand;
                }
                hand.extend(keys(&claim.deliveries));
            }
        }
    }))
    .await;
    let claimed: Vec<_> = hands.concat();
    let distinct: HashSet<_> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (100, 100));
}

pub async fn due_names_the_enabled_webhooks_with_something_unclaimed<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let retried_later = scene.webhook(&["client.created"]).await;
    let (_, due_at) = retried(&scene, Duration::from_secs(3600)).await;
    let overdue = scene.webhook(&["client.updated"]).await;
    let first = scene.waiting("client.updated").await;
    scene.waiting("client.updated").await;
    scene.webhook(&["client.deleted"]).await;
    scene.in_flight("client.deleted").await;
    let disabled = scene.webhook(&["check.failed"]).await;
    scene.waiting("check.failed").await;
    scene.enable(&disabled, false).await;
    scene.webhook(&["check.created"]).await;
    let delivered = scene.in_flight("check.created").await;
    scene.deliver(&delivered).await;

    let due = scene.store.due(None, 10).await.unwrap();
    let expected = [
        Due { webhook: retried_later.id, at: due_at },
        Due { webhook: overdue.id, at: first.due_at },
    ];
    assert_eq!(due, expected);
}

pub async fn due_goes_on_after_an_id_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut webhooks: Vec<WebhookId> = Vec::new();
    for environment in [scene.environment, scene.live(), scene.environment, scene.live()] {
        let webhook = Webhook { environment, ..scene.new_webhook(&["*"]) };
        webhooks.push(scene.add(webhook).await.id);
    }
    let ours = scene.record(scene.new_record("client.created")).await;
    let record = Record { environment: scene.live(), ..scene.new_record("client.created") };
    let theirs = scene.record(record).await;
    scene.store.release([keys(&ours.claimed), keys(&theirs.claimed)].concat()).await.unwrap();

    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = scene.store.due(after, 3).await.unwrap();
        found.extend(page.iter().map(|due| due.webhook));
        if page.len() < 3 {
            break;
        }
        after = page.last().map(|due| due.webhook);
    }
    assert_eq!(found, webhooks, "all of them, of every environment, by id");
}

pub async fn after_reopening_what_was_in_flight_is_due_again_on_its_schedule<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let webhook = scene.webhook(&["*"]).await;
    let (retried, due_at) = retried(&scene, Duration::from_secs(2 * 60)).await;
    let claim = scene.store.claim(webhook.id, due_at, 10).await.unwrap();
    assert_eq!(keys(&claim.deliveries), [retried.key]);
    let scene = scene.reopened().await;
    let due = scene.store.due(None, 10).await.unwrap();
    assert_eq!(due, [Due { webhook: webhook.id, at: due_at }]);
    let again = scene.store.claim(webhook.id, due_at, 10).await.unwrap().deliveries;
    let lease = again[0].key.lease;
    assert_eq!(keys(&again), [DeliveryKey { lease, ..retried.key }]);
    assert_eq!(again[0].attempts, 1);
}

/// Records an event and fails its first attempt, so that it is due again after `delay`.
async fn retried<B: Backend>(scene: &Scene<B>, delay: Duration) -> (Claimed, Timestamp) {
    let claimed = scene.in_flight("client.created").await;
    let now = scene.tick();
    // Further than any clock of a scene ticks by itself.
    let due_at = now.after(Duration::from_secs(3600) + delay);
    scene.settle(retry(&claimed, now, due_at)).await;
    (claimed, due_at)
}

fn keys(deliveries: &[Claimed]) -> Vec<DeliveryKey> {
    deliveries.iter().map(|claimed| claimed.key).collect()
}
