//! A webhook is changed at one node while another has deliveries to it in memory.

use serde_json::json;

use crate::{fleet::Fleet, inbox::Inbox};

const EVENTS: usize = 20;

/// What a node has in flight of that: its share of what may be.
const IN_FLIGHT: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_one_node_goes_to_the_url_that_another_was_told() {
    let limit = (3 * IN_FLIGHT).to_string();
    let fleet = Fleet::with(&[("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", &limit)]).await;
    let inbox = Inbox::start(&fleet.world).await;
    let elsewhere = fleet.node(1).api();
    let (webhook, _) = elsewhere.create_webhook(&inbox.url("/old")).await;
    fleet.know_each_other().await;
    inbox.hold("/old");
    fleet.publish(0, "client.created", EVENTS).await;
    inbox.holds(IN_FLIGHT).await;
    let waiting = fleet.metrics(0).await.sum("herald_deliveries_in_memory");
    assert_eq!(waiting, (EVENTS - IN_FLIGHT) as u64, "they wait behind a slow receiver");

    let change = json!({ "url": inbox.url("/new") });
    elsewhere.update_webhook(&webhook, &change).await;
    // Whoever has room claims what the first one gave back: another node, which sends it at once, or the
    // first again, which sends it behind what it has in flight. That ends when all have heard.
    fleet.know_each_other().await;
    assert_eq!(inbox.held(), IN_FLIGHT, "nothing more went to the old one");
    inbox.hold_no_more().open();
    fleet.has_delivered(EVENTS).await;
    assert_eq!(inbox.count(), EVENTS, "and nothing came twice");
    let to_old = inbox.all().into_keys().filter(|(path, _)| path == "/old").count();
    assert_eq!(to_old, IN_FLIGHT, "the rest went to the new URL");
}
