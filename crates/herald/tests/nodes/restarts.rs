//! The database is restarted under three nodes that are delivering: in order, as by a crash, and after
//! having been away for longer than any lease. It is away from all of them, so nobody takes over, and
//! nothing is sent twice.

use std::time::Instant;

use herald_testpg::{Cluster, Shutdown};
use tokio::task::block_in_place;

use crate::{
    fleet::{Fleet, LEASE},
    flow::{Flow, create_webhooks, wanted},
    inbox::Inbox,
    support::eventually,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_database_loses_nothing_and_everything_goes_on_by_itself() {
    let cluster = block_in_place(|| Cluster::start(&[]));
    let fleet = Fleet::on(cluster.database().await, &[], 3, |_, _| ()).await;
    let inbox = Inbox::start(&fleet.world).await;
    create_webhooks(&fleet, |path| inbox.url(path)).await;
    let flow = Flow::start(&fleet);
    let short = LEASE / 8;
    let restarts =
        [(Shutdown::Fast, short), (Shutdown::Immediate, short), (Shutdown::Immediate, 2 * LEASE)];
    for (how, away) in restarts {
        flow.accepted_more(30).await;
        inbox.hold("/all");
        inbox.holds(4).await;
        block_in_place(|| cluster.stop(how));
        let stopped = Instant::now();
        // What is answered now cannot be recorded yet.
        inbox.hold_no_more().open();
        eventually("it was away for long enough", async || {
            (stopped.elapsed() >= away).then_some(())
        })
        .await;
        let metrics = fleet.metrics(0).await;
        let told = ["herald_store_up", "herald_deliveries"].map(|name| metrics.sum(name));
        assert_eq!(told, [0, 0], "what is counted in the database is not there");
        assert!(metrics.sum("herald_attempts_total") > 0, "what is counted in the process is");
        block_in_place(|| cluster.begin());
        flow.accepted_more(30).await;
    }
    let mut accepted = wanted(&flow.stop().await);
    inbox.has("everything has come", &accepted).await;
    for place in 0..fleet.size() {
        let event = fleet.node(place).publish(r#"{"id":"the-last"}"#).await;
        accepted.extend([("/all", event.clone()), ("/created", event)]);
        assert_eq!(fleet.node(place).api().get("/readyz").await.good()["status"], "ok");
        assert_eq!(fleet.metrics(place).await.of("herald_store_up"), 1);
    }
    inbox.has("every node serves again", &accepted).await;
    fleet.has_delivered(accepted.len()).await;
    let came = inbox.all();
    assert_eq!(came.len(), accepted.len(), "what was accepted, and nothing else");
    let twice: Vec<_> = came.iter().filter(|(_, times)| times.len() > 1).collect();
    assert!(twice.is_empty(), "every node has kept its lease: {twice:?}");
}
