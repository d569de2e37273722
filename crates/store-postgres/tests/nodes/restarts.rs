//! The server is restarted, or a standby takes over from it, while events flow.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use herald_domain::id::EventId;
use herald_store::{
    After, Queue as _, Recorded, Recording as _, StoreError,
    contract::{
        Backend,
        fixtures::{Scene, answered, settlement},
    },
};
use herald_store_postgres::{Options, PostgresStore};
use herald_testpg::{Cluster, Shutdown};
use tokio::task::JoinHandle;

use crate::support::{LONG, Nodes};

/// Records and settles one event after another; answers those that were accepted.
async fn flow<B: Backend>(scene: Arc<Scene<B>>, ends: Arc<AtomicBool>) -> Vec<EventId> {
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
    let accepted = all(flows).await;
    assert!(accepted.len() >= 150, "{} were accepted", accepted.len());
    judge(&nodes, &accepted).await;
}

async fn all(flows: Vec<JoinHandle<Vec<EventId>>>) -> Vec<EventId> {
    let mut accepted = Vec::new();
    for flow in flows {
        accepted.extend(flow.await.expect("it goes on"));
    }
    accepted
}

/// Everything that was accepted is there, and nothing is half.
async fn judge(nodes: &Nodes, accepted: &[EventId]) {
    let count = |sql: &'static str| nodes.number(sql);
    let events = count("SELECT count(*) FROM event").await;
    assert!(
        events >= i64::try_from(accepted.len()).expect("few"),
        "each that was accepted is there"
    );
    let client = nodes.database().await.connect().await;
    for id in accepted {
        let id = &id.as_bytes()[..];
        let row = client.query_opt("SELECT 1 FROM event WHERE id = $1", &[&id]).await;
        assert!(row.expect("an answer").is_some(), "{id:?} was accepted");
    }
    assert_eq!(count("SELECT count(*) FROM delivery").await, events, "nothing is half");
    let books = "SELECT sum(accepted)::bigint FROM tally";
    assert_eq!(count(books).await, events);
    let differ = "SELECT abs(sum(delivered) - (SELECT count(*) FROM attempt))::bigint FROM tally";
    assert_eq!(count(differ).await, 0);
}

/// Nodes that know the servers of a primary and its standby.
struct Either {
    nodes: Nodes,
    url: String,
}

impl Backend for Either {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        self.nodes.open_at(Options { lease: LONG, ..Options::new(self.url.clone()) }).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_accepted_is_lost_when_a_synchronous_standby_takes_over() {
    let primary = Cluster::start(&[]);
    let database = primary.database().await;
    let standby = tokio::task::block_in_place(|| primary.standby());
    let client = database.connect().await;
    client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let before = Nodes::on(database);
    let synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    let following = async { while before.number(synchronous).await == 0 {} };
    tokio::time::timeout(Duration::from_secs(30), following).await.expect("a standby that follows");

    let url = before.database().await.url();
    let (begin, end) = url.split_once("127.0.0.1:").expect("a port");
    let url = format!("{begin}127.0.0.1:{},127.0.0.1:{end}", standby.port());
    let after = Nodes::on(before.database().await.at_another(&standby));
    let scene = Arc::new(Scene::new(Either { nodes: after.clone(), url }).await);
    scene.webhook(&["*"]).await;
    let ends = Arc::new(AtomicBool::new(false));
    let flows: Vec<_> = (0..4).map(|_| tokio::spawn(flow(scene.clone(), ends.clone()))).collect();
    more(&after).await;
    tokio::task::block_in_place(|| {
        primary.stop(Shutdown::Immediate);
        standby.promote();
    });
    more(&after).await;
    ends.store(true, Ordering::Relaxed);
    let accepted = all(flows).await;
    assert!(accepted.len() >= 100, "{} were accepted", accepted.len());
    judge(&after, &accepted).await;
}
