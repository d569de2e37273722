//! What the nodes share: what is due, and what may be in flight to a webhook.

use herald_testkit::receiver::Reply;

use crate::{fleet::Fleet, inbox::Inbox, support::eventually};

/// Publishes so many events at one node.
async fn publish(fleet: &Fleet, place: usize, count: usize) {
    let account = &fleet.keys.account;
    let event = |number| {
        serde_json::json!({
            "accountId": account,
            "environment": "test",
            "type": "client.created",
            "resource": { "id": format!("client-{number}") },
        })
    };
    let events: Vec<_> = (0..count).map(event).collect();
    let batch = serde_json::json!({ "events": events });
    fleet.node(place).operator().post("/operator/v1/events/batch", &batch).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_are_due_at_once_are_made_by_several_nodes() {
    const EVENTS: usize = 300;
    let fleet = Fleet::with(&[
        ("HERALD_DELIVERY__RETRY_SCHEDULE", "4s,4s,4s"),
        ("HERALD_DELIVERY__RETRY_JITTER", "0.0"),
    ])
    .await;
    // Each is refused once, at the node that has accepted all.
    let inbox = Inbox::answering(&fleet.world, |came| {
        Reply::status(if came.before == 0 { 500 } else { 200 })
    })
    .await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    publish(&fleet, 0, EVENTS).await;
    fleet.has_delivered(EVENTS).await;
    assert_eq!(inbox.count(), 2 * EVENTS, "each retry is made by one of them");
    let mut retries = Vec::new();
    for place in 0..fleet.size() {
        let metrics = fleet.metrics(place).await;
        retries.push(metrics.of("herald_attempts_total{result=\"success\"}"));
    }
    assert_eq!(retries.iter().sum::<u64>(), EVENTS as u64);
    // Who looks first claims a lane's worth: on a busy machine the last to look may find nothing left.
    assert!(retries.iter().filter(|made| **made > 0).count() > 1, "{retries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_sees_no_more_at_once_than_all_nodes_together_may_have_in_flight() {
    /// What may be in flight to the webhook; as much as that can be parted in three.
    const LIMIT: usize = 16;
    const SHARE: usize = LIMIT.div_ceil(3);
    const EVENTS: usize = 60;
    let limit = LIMIT.to_string();
    let fleet = Fleet::with(&[("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", &limit)]).await;
    let inbox = Inbox::start(&fleet.world).await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    fleet.know_each_other().await;
    // By what is delivered each learns how much the receiver takes.
    for place in 0..fleet.size() {
        publish(&fleet, place, EVENTS).await;
    }
    let size = fleet.size();
    fleet.has_delivered(size * EVENTS).await;
    inbox.hold("/");
    for place in 0..size {
        publish(&fleet, place, EVENTS).await;
    }
    inbox.holds(size * SHARE).await;
    for place in 0..size {
        eventually("every node has its share in flight, and more to do", async || {
            let metrics = fleet.metrics(place).await;
            let in_hand = metrics.sum("herald_attempts_in_hand");
            let waiting = metrics.sum("herald_deliveries_in_memory");
            (in_hand == SHARE as u64 && waiting > 0).then_some(())
        })
        .await;
    }
    assert_eq!(inbox.held(), size * SHARE);
    inbox.hold_no_more().open();
    fleet.has_delivered(2 * size * EVENTS).await;
    assert_eq!(inbox.count(), 2 * size * EVENTS, "nothing came twice");
}
