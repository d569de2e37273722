//! What the nodes share: what is due, and what may be in flight to a webhook.

use herald_testkit::receiver::{Gate, Reply};

use crate::{fleet::Fleet, inbox::Inbox, support::eventually};

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_are_due_at_once_are_made_by_all_nodes() {
    /// More than two nodes take into memory for one webhook, about 550 each.
    const EVENTS: usize = 1_400;
    let fleet = Fleet::with(&[
        ("HERALD_DELIVERY__RETRY_SCHEDULE", "4s,4s,4s"),
        ("HERALD_DELIVERY__RETRY_JITTER", "0.0"),
    ])
    .await;
    // Each is refused once, and nobody is through with its retries before all have some.
    let gate = Gate::new();
    let behind = gate.clone();
    let inbox = Inbox::answering(&fleet.world, move |came| match came.before {
        0 => Reply::status(500),
        _ => Reply::ok().behind(&behind),
    })
    .await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    for _ in 0..2 {
        fleet.publish(0, "client.created", EVENTS / 2).await;
    }
    for place in 0..fleet.size() {
        eventually("a node makes some of the retries", async || {
            let in_hand = fleet.metrics(place).await.sum("herald_attempts_in_hand");
            (inbox.count() > EVENTS && in_hand > 0).then_some(())
        })
        .await;
    }
    gate.open();
    fleet.has_delivered(EVENTS).await;
    assert_eq!(inbox.count(), 2 * EVENTS, "each retry is made by one of them");
    let mut retries = Vec::new();
    for place in 0..fleet.size() {
        let metrics = fleet.metrics(place).await;
        retries.push(metrics.of("herald_attempts_total{result=\"success\"}"));
    }
    assert_eq!(retries.iter().sum::<u64>(), EVENTS as u64);
    assert!(retries.iter().all(|made| *made > 0), "{retries:?}");
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
        fleet.publish(place, "client.created", EVENTS).await;
    }
    let size = fleet.size();
    fleet.has_delivered(size * EVENTS).await;
    inbox.hold("/");
    for place in 0..size {
        fleet.publish(place, "client.created", EVENTS).await;
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
