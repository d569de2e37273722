//! The server is restarted while events flow.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use herald_domain::id::EventId;
use herald_store::{
    After, Queue as _, Recorded, Recording as _, StoreError,
    contract::fixtures::{Scene, answered, settlement},
};
use herald_testpg::{Cluster, Shutdown};

use crate::support::Nodes;

/// Records and settles one event after another; answers those that were accepted.
async fn flow(scene: Arc<Scene<Nodes>>, ends: Arc<AtomicBool>) -> Vec<EventId> {
    let mut accepted = Vec::new();
    while !ends.load(Ordering::Relaxed) {
        let record = scene.new_record("client.created");
        let id = record.events[0].id;
        match scene.store.record(record).await {
            Ok(Recorded::Accepted { claimed, .. }) => {
                accepted.push(id);
                let done = settlement(&claimed[0], answered(200, scene.tick()), After::Delivered);
                // Tried until the store has an answer, as the dispatcher does.
                while let Err(error) = scene.store.settle([done.clone()].into()).await {
                    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
                    tokio::task::yield_now().await;
                }
            }
            Ok(other) => panic!("{other:?}"),
            Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    accepted
}

/// Waits until some more events are there.
async fn more(nodes: &Nodes) {
    let events = "SELECT count(*) FROM event";
    let before = nodes.number(events).await;
    while nodes.number(events).await < before + 50 {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_accepted_is_lost_when_the_server_is_restarted() {
    let cluster = Cluster::start(&[]);
    let nodes = Nodes::on(cluster.database().await);
    let scene = Arc::new(Scene::new(nodes.clone()).await);
    scene.webhook(&["*"]).await;
    let ends = Arc::new(AtomicBool::new(false));
    let flows: Vec<_> = (0..4).map(|_| tokio::spawn(flow(scene.clone(), ends.clone()))).collect();
    for how in [Shutdown::Fast, Shutdown::Immediate, Shutdown::Immediate] {
        more(&nodes).await;
        tokio::task::block_in_place(|| {
            cluster.stop(how);
            cluster.begin();
        });
    }
    more(&nodes).await;
    ends.store(true, Ordering::Relaxed);
    let mut accepted = Vec::new();
    for flow in flows {
        accepted.extend(flow.await.expect("it goes on"));
    }
    assert!(accepted.len() >= 150, "{} were accepted", accepted.len());
    let count = |sql: &'static str| nodes.number(sql);
    let events = count("SELECT count(*) FROM event").await;
    assert!(events >= i64::try_from(accepted.len()).unwrap(), "each that was accepted is there");
    let client = nodes.database().await.connect().await;
    for id in &accepted {
        let id = &id.as_bytes()[..];
        let row = client.query_opt("SELECT 1 FROM event WHERE id = $1", &[&id]).await;
        assert!(row.unwrap().is_some(), "{id:?} was accepted");
    }
    assert_eq!(count("SELECT count(*) FROM delivery").await, events, "nothing is half");
    let books = "SELECT sum(accepted)::bigint FROM tally";
    assert_eq!(count(books).await, events);
    let differ = "SELECT abs(sum(delivered) - (SELECT count(*) FROM attempt))::bigint FROM tally";
    assert_eq!(count(differ).await, 0);
}
