//! A node that is halted for longer than its lease, as by a debugger or a machine that is moved, and
//! then goes on where it was.

use std::time::Instant;

use herald_testkit::receiver::{Gate, Reply};
use rustix::process::Signal;
use serde_json::Value;

use crate::{
    fleet::{Fleet, LEASE, NOTICING, name},
    inbox::Inbox,
    support::{
        api::{Api, text},
        eventually,
    },
};

/// What the halted node has accepted for a receiver that others deliver to at once.
const QUICK: usize = 20;

/// What it has in flight of that when it is halted: its share of what may be.
const IN_FLIGHT: usize = 4;

/// What it has in flight to a receiver that answers others too only when the halted one is back.
const SLOW: usize = 3;

/// Every delivery, with its attempts.
async fn deliveries(api: &Api) -> Vec<Value> {
    let list = api.get("/v1/deliveries?pageSize=1000").await.good();
    let mut deliveries = Vec::new();
    for delivery in list["items"].as_array().expect("a list") {
        let id = text(&delivery["id"]);
        deliveries.push(api.get(&format!("/v1/deliveries/{id}")).await.good());
    }
    deliveries
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_halted_for_two_leases_changes_nothing_that_others_have_done() {
    let limit = (3 * IN_FLIGHT).to_string();
    let fleet = Fleet::with(&[("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", &limit)]).await;
    let again = Gate::new();
    let others_wait = again.clone();
    let inbox = Inbox::answering(&fleet.world, move |came| {
        let to_others = came.path == "/slow" && came.before > 0;
        if to_others { Reply::ok().behind(&others_wait) } else { Reply::ok() }
    })
    .await;
    for (path, event_type) in [("/quick", "client.created"), ("/slow", "client.deleted")] {
        fleet.node(0).api().create_webhook_for(&inbox.url(path), event_type, true).await;
    }
    fleet.know_each_other().await;
    let old_lease = lease(&fleet).await;
    inbox.hold("/");
    fleet.publish(0, "client.created", QUICK).await;
    fleet.publish(0, "client.deleted", SLOW).await;
    inbox.holds(IN_FLIGHT + SLOW).await;
    let gate = inbox.hold_no_more();
    fleet.node(0).server.signal(Signal::STOP);
    let halted = Instant::now();

    let others = fleet.node(1).api();
    let sent = QUICK + IN_FLIGHT + 2 * SLOW;
    eventually("others have taken over", async || {
        let delivered = others.count("delivered").await;
        (delivered == QUICK as u64 && inbox.count() == sent).then_some(())
    })
    .await;
    let took = halted.elapsed();
    assert!(took <= LEASE + NOTICING, "it took {took:?}");
    eventually("two leases are over", async || (halted.elapsed() > 2 * LEASE).then_some(())).await;
    let before = deliveries(&others).await;
    gate.open();
    fleet.node(0).server.signal(Signal::CONT);

    fleet.is_quiet(0).await;
    let metrics = fleet.metrics(0).await;
    let names = ["herald_attempts_total", "herald_deliveries_let_go_total"];
    let counts = names.map(|name| metrics.sum(name));
    let expected = [IN_FLIGHT + SLOW, QUICK - IN_FLIGHT].map(|count| count as u64);
    assert_eq!(counts, expected, "it began nothing of what it had");
    assert_eq!(deliveries(&others).await, before, "what it was too late for is as it was");
    assert_eq!(inbox.count(), sent, "and nothing was sent again");
    again.open();
    goes_on(&fleet, &inbox, &old_lease).await;
}

/// The node that was halted works like any other, under a new lease.
async fn goes_on(fleet: &Fleet, inbox: &Inbox, old_lease: &str) {
    eventually("it has another lease", async || (lease(fleet).await != old_lease).then_some(()))
        .await;
    let before = inbox.count();
    let event = fleet.node(0).publish(r#"{"id":"the-last"}"#).await;
    inbox.has("it delivers what it accepts", &[("/quick", event)]).await;
    fleet.has_delivered(QUICK + SLOW + 1).await;
    let attempts = fleet.metrics(0).await.sum("herald_attempts_total");
    assert_eq!(attempts, (IN_FLIGHT + SLOW + 1) as u64);
    assert_eq!(inbox.count(), before + 1, "nothing else was sent");
}

/// The lease of the node that is halted; empty, if it has none.
async fn lease(fleet: &Fleet) -> String {
    let client = fleet.database.connect().await;
    let sql = "SELECT coalesce(string_agg(lease::text, ','), '') FROM node WHERE name = $1";
    client.query_one(sql, &[&name(0)]).await.expect("the database answers").get(0)
}
