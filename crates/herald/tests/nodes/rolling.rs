//! A rolling start, as of an upgrade: the nodes end in order and come back, one after the other,
//! while events flow.

use std::time::{Duration, Instant};

use crate::{
    fleet::Fleet,
    flow::{Flow, create_webhooks, wanted},
    inbox::Inbox,
};

/// The lease is longer than the test: what waited for it would be missed. And little may be in flight,
/// so that more waits in memory.
const SETTINGS: [(&str, &str); 2] =
    [("HERALD_NODE_LEASE", "10m"), ("HERALD_DELIVERY__MAX_IN_FLIGHT_PER_WEBHOOK", "6")];

/// What is handed over waits no longer than this, on a busy machine either.
const HANDED_OVER: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_start_loses_nothing_repeats_nothing_and_waits_for_nothing() {
    let mut fleet = Fleet::with(&SETTINGS).await;
    let inbox = Inbox::start(&fleet.world).await;
    create_webhooks(&fleet, |path| inbox.url(path)).await;
    let flow = Flow::start(&fleet);
    for place in [0, 1, 2, 0] {
        flow.accepted_more(20).await;
        inbox.hold("/all");
        // What waits behind what is in flight has to be handed over.
        fleet.has_waiting(place, 5).await;
        let leaving = fleet.take(place);
        leaving.signal(rustix::process::Signal::TERM);
        flow.accepted_more(10).await;
        inbox.hold_no_more().open();
        assert!(leaving.ended().await.success());
        let (at, before) = (Instant::now(), wanted(&flow.accepted()));
        let last = inbox.has("what was accepted before has come", &before).await;
        let took = last.saturating_duration_since(at);
        assert!(took <= HANDED_OVER, "it took {took:?}");
        fleet.begin(place).await;
        let client = fleet.database.connect().await;
        let row = client.query_one("SELECT count(*) FROM node", &[]).await;
        let nodes: i64 = row.expect("the database answers").get(0);
        assert_eq!(nodes, 3, "nobody counts on one that has left");
    }
    flow.accepted_more(20).await;
    let wanted = wanted(&flow.stop().await);
    inbox.has("everything has come", &wanted).await;
    fleet.has_delivered(wanted.len()).await;
    let came = inbox.all();
    assert_eq!(came.len(), wanted.len(), "what was accepted, and nothing else");
    let twice: Vec<_> = came.iter().filter(|(_, times)| times.len() > 1).collect();
    assert!(twice.is_empty(), "an ending in order repeats nothing: {twice:?}");
    for place in 0..fleet.size() {
        assert!(fleet.take(place).terminate().await.success());
    }
}
