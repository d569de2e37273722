//! Leases: renewed, ended, taken over.

use std::time::Duration;

use herald_domain::{attempt::ErrorClass, id::DeliveryId, time::Timestamp};
use herald_store::{
    After, Claimed, DeliveryKey, Nodes as _, Queue as _, Recorded, Settled, Signal, StoreError,
    contract::fixtures::{Scene, answered, failed, settlement},
};

use crate::support::{LONG, Nodes};

/// A lease that ends within a test, and its heartbeats.
const SHORT: Duration = Duration::from_secs(1);

/// What a delivery is like, and its attempts: `state/attempts/kept attempts`.
const STATE: &str = "SELECT state * 100 + attempts * 10 + (SELECT count(*) FROM attempt)
                     FROM delivery";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_silent_node_settles_too_late_changes_nothing() {
    for retried in [false, true] {
        let nodes = Nodes::default();
        let scene = Scene::new(nodes.clone()).await;
        let webhook = scene.webhook(&["*"]).await;
        let mut claimed = scene.in_flight("client.created").await;
        if retried {
            let (now, again) = (scene.tick(), failed(ErrorClass::Timeout, scene.tick()));
            let retry = settlement(&claimed, again, After::Retry { due_at: now });
            scene.settle(retry).await;
            claimed = scene.claim(webhook.id, 1).await.deliveries.remove(0);
        }
        let before = nodes.number(STATE).await;
        nodes.end_leases().await;
        let other = nodes.node(LONG).await;
        let late = settlement(&claimed, answered(200, scene.tick()), After::Delivered);
        let settled: Settled = scene.store.settle([late.clone()].into()).await.unwrap();
        assert_eq!(settled.stale, 1, "its lease is gone");
        assert_eq!(nodes.number(STATE).await, before);

        let now = scene.tick();
        let taken = other.claim(webhook.id, now, 10).await.unwrap().deliveries;
        assert_eq!(taken.len(), 1, "the other node has taken over");
        assert_eq!(scene.store.settle([late].into()).await.unwrap().stale, 1);
        assert_eq!(nodes.number(STATE).await, before);
        let own = settlement(&taken[0], answered(200, scene.tick()), After::Delivered);
        assert_eq!(other.settle([own].into()).await.unwrap().stale, 0);
        assert_eq!(nodes.number(STATE).await, before + 111, "delivered, with one more attempt");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_given_again_does_not_take_one_delivery_for_another() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let before = nodes.number(STATE).await;
    // As it was held before a standby took over that did not have it.
    let delivery = DeliveryId(scene.id());
    let lost = Claimed { key: DeliveryKey { delivery, ..claimed.key }, ..claimed.clone() };
    for after in [After::Delivered, After::Exhausted { disable: None }] {
        let late = settlement(&lost, answered(200, scene.tick()), after);
        assert_eq!(scene.store.settle([late].into()).await.unwrap().stale, 1);
    }
    scene.store.release(vec![lost.key]).await.unwrap();
    assert_eq!(nodes.number(STATE).await, before);
    let own = settlement(&claimed, answered(200, scene.tick()), After::Delivered);
    assert_eq!(scene.store.settle([own].into()).await.unwrap().stale, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_lease_goes_on_with_another_one() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let old = scene.in_flight("client.created").await.key;
    assert!(scene.store.holds(old.lease));
    nodes.end_leases().await;
    let other = nodes.node(LONG).await;
    // It notices when it records, at the latest.
    let new = scene.in_flight("client.created").await.key;
    assert!(new.lease > old.lease && scene.store.holds(new.lease));
    assert!(
        !scene.store.holds(old.lease),
        "what was claimed under the old one is not its any more"
    );
    let taken = other.claim(webhook.id, scene.tick(), 10).await.unwrap().deliveries;
    assert_eq!(taken.len(), 1, "the old one; the new one is held");
    assert_eq!(taken[0].key.sequence, old.sequence);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_renew_a_lease_and_enter_what_lingers_in_the_queue() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    scene.webhook(&["*"]).await;
    let store = nodes.node(SHORT).await;
    let record = scene.new_record("client.created");
    herald_store::Recording::record(&store, record).await.unwrap();
    let (fresh, entered) = ("due_at IS NULL", "due_at IS NOT NULL AND claimed_by IS NOT NULL");
    let count = |what: &str| format!("SELECT count(*) FROM delivery WHERE state = 0 AND {what}");
    assert_eq!(nodes.number(&count(fresh)).await, 1);
    // Each look asks the server, so this does not spin.
    while nodes.number(&count(entered)).await == 0 {}
    let renewed = "SELECT count(*) FROM node WHERE until > started_at + interval '1 second'
                       AND until < clock_timestamp() + interval '2 seconds'";
    assert_eq!(nodes.number(renewed).await, 1, "and it was not taken over meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_records_nothing_has_nothing_fresh_before_what_others_record() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    scene.webhook(&["*"]).await;
    let _idle = nodes.node(SHORT).await;
    scene.in_flight("client.created").await;
    let behind = "SELECT count(*) FROM node WHERE until < clock_timestamp() + interval '1 minute'
                      AND fresh_from <= (SELECT max(seq) FROM event)";
    // Each look asks the server, so this does not spin.
    while nodes.number(behind).await > 0 {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_takes_over_from_one_that_is_gone_when_its_lease_ends() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let gone = nodes.node(SHORT).await;
    herald_store::Recording::record(&gone, scene.new_record("client.created")).await.unwrap();
    let other = nodes.node(SHORT).await;
    drop(gone);
    loop {
        if other.signal().await == Signal::LookAround {
            let due = other.due(None, 10).await.unwrap();
            if due.iter().any(|due| due.webhook == webhook.id) {
                break;
            }
        }
    }
    let claim = other.claim(webhook.id, Timestamp::from_millis(i64::MAX / 2), 10).await.unwrap();
    assert_eq!(claim.deliveries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_leaves_lets_go_of_everything_at_once() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let other = nodes.node(LONG).await;
    let claimed = scene.in_flight("client.created").await;
    scene.store.leave().await.unwrap();
    assert!(!scene.store.holds(claimed.key.lease));
    let taken = other.claim(webhook.id, scene.tick(), 10).await.unwrap().deliveries;
    assert_eq!(taken.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_renew_its_lease_claims_nothing_once_it_has_ended() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    scene.waiting("client.created").await;
    let store = nodes.node(SHORT).await;
    let record = scene.new_record("client.created");
    let recorded = herald_store::Recording::record(&store, record).await.unwrap();
    let Recorded::Accepted { claimed, .. } = recorded else { panic!("{recorded:?}") };
    let mut client = nodes.database().await.connect().await;
    let locked = client.transaction().await.unwrap();
    locked.execute("SELECT FROM node FOR UPDATE", &[]).await.unwrap();
    // Each look asks the server, so this does not spin.
    while store.holds(claimed[0].key.lease) {
        nodes.number("SELECT 1").await;
    }
    let claim = store.claim(webhook.id, scene.tick(), 10).await;
    assert!(matches!(claim, Err(StoreError::Unavailable(_))), "{claim:?}");
    locked.rollback().await.unwrap();
    let goes_on = async {
        while store.claim(webhook.id, scene.tick(), 10).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), goes_on).await.expect("it goes on");
}
