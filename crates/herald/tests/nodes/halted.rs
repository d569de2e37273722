//! A node that is halted for longer than its lease, as by a debugger or a machine that is moved, and
//! then goes on where it was.

use std::time::Instant;

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

/// What the halted node has accepted.
const EVENTS: usize = 20;

/// What it has in flight of that when it is halted: its share of what may be.
const IN_FLIGHT: usize = 4;

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
    let inbox = Inbox::start(&fleet.world).await;
    fleet.node(0).api().create_webhook(&inbox.url("/")).await;
    fleet.know_each_other().await;
    let old_lease = lease(&fleet).await;
    inbox.hold("/");
    for number in 0..EVENTS {
        fleet.node(0).publish(&format!(r#"{{"id":"client-{number}"}}"#)).await;
    }
    inbox.holds(IN_FLIGHT).await;
    let gate = inbox.hold_no_more();
    fleet.node(0).server.signal(Signal::STOP);
    let halted = Instant::now();

    let others = fleet.node(1).api();
    eventually("others have delivered it", async || {
        (others.count("delivered").await == EVENTS as u64).then_some(())
    })
    .await;
    let took = halted.elapsed();
    assert!(took <= LEASE + NOTICING, "it took {took:?}");
    eventually("two leases are over", async || (halted.elapsed() > 2 * LEASE).then_some(())).await;
    let before = deliveries(&others).await;
    assert_eq!(inbox.count(), EVENTS + IN_FLIGHT);
    gate.open();
    fleet.node(0).server.signal(Signal::CONT);

    fleet.is_quiet(0).await;
    let metrics = fleet.metrics(0).await;
    let counts =
        [metrics.sum("herald_attempts_total"), metrics.sum("herald_deliveries_let_go_total")];
    let waiting = EVENTS - IN_FLIGHT;
    assert_eq!(counts, [IN_FLIGHT as u64, waiting as u64], "it began nothing of what it had");
    assert_eq!(deliveries(&others).await, before, "what it was too late for is as it was");
    assert_eq!(inbox.count(), EVENTS + IN_FLIGHT, "and nothing was sent again");
    goes_on(&fleet, &inbox, &old_lease).await;
}

/// The node that was halted works like any other, under a new lease.
async fn goes_on(fleet: &Fleet, inbox: &Inbox, old_lease: &str) {
    eventually("it has another lease", async || (lease(fleet).await != old_lease).then_some(()))
        .await;
    let event = fleet.node(0).publish(r#"{"id":"the-last"}"#).await;
    inbox.has("it delivers what it accepts", &[("/", event)]).await;
    fleet.has_delivered(EVENTS + 1).await;
    assert_eq!(fleet.metrics(0).await.sum("herald_attempts_total"), IN_FLIGHT as u64 + 1);
}

/// The lease of the node that is halted; empty, if it has none.
async fn lease(fleet: &Fleet) -> String {
    let client = fleet.database.connect().await;
    let sql = "SELECT coalesce(string_agg(lease::text, ','), '') FROM node WHERE name = $1";
    client.query_one(sql, &[&name(0)]).await.expect("the database answers").get(0)
}
