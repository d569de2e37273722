//! Connections that are lost at every moment of a transaction: what is accepted is there once, and
//! what is not is not there at all.

use std::time::Duration;

use herald_store::{
    After, Queue as _, Recorded, Recording as _,
    contract::fixtures::{Scene, answered, settlement},
};
use herald_store_postgres::{Options, PostgresStore};
use herald_testpg::{Cut, Proxy};

use crate::support::{LONG, Nodes};

/// The statement to its end: what a transaction begins with says `READ COMMITTED`.
const COMMIT: &str = "COMMIT\0";

/// A node behind a proxy, and the scene of another one that prepares and looks.
async fn behind_a_proxy(nodes: &Nodes, lease: Duration) -> (Proxy, PostgresStore) {
    let database = nodes.database().await;
    let port = database
        .url()
        .rsplit_once(':')
        .and_then(|(_, rest)| rest.split(['/', '?']).next().and_then(|port| port.parse().ok()));
    let proxy = Proxy::before(port.expect("a port")).await;
    let url = database.url_at(proxy.port());
    let store = nodes.open_at(Options { lease, ..Options::new(url) }).await;
    (proxy, store)
}

/// Events, deliveries that somebody holds, and what the books say was accepted.
const RECORDED: &str = "SELECT (SELECT count(*) FROM event) * 100 + (SELECT count(*) FROM delivery
                            WHERE claimed_by IS NOT NULL) * 10 + (SELECT sum(accepted) FROM tally)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_accepted_once_wherever_the_connection_is_cut() {
    for cut in [
        Cut::Before("BEGIN"),
        Cut::After("BEGIN"),
        Cut::Before("INSERT INTO event"),
        Cut::After("INSERT INTO event"),
        Cut::Before("INSERT INTO tally"),
        Cut::Before(COMMIT),
        Cut::After(COMMIT),
    ] {
        let nodes = Nodes::default();
        let scene = Scene::new(nodes.clone()).await;
        scene.webhook(&["*"]).await;
        let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
        proxy.cut(cut.clone());
        let recorded = store.record(scene.new_record("client.created")).await;
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        let Ok(Recorded::Accepted { claimed, .. }) = recorded else {
            panic!("{cut:?}: {recorded:?}");
        };
        assert_eq!(claimed.len(), 1);
        assert_eq!(nodes.number(RECORDED).await, 111, "{cut:?}");
        let done = settlement(&claimed[0], answered(200, scene.tick()), After::Delivered);
        assert_eq!(store.settle([done].into()).await.unwrap().stale, 0, "{cut:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_twice_what_became_of_a_commit_does_not_take_the_question_for_the_answer() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    scene.webhook(&["*"]).await;
    let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
    proxy.cut_each([Cut::Before(COMMIT), Cut::After("INSERT INTO commit_mark AS m")]);
    let recorded = store.record(scene.new_record("client.created")).await;
    assert!(matches!(recorded, Ok(Recorded::Accepted { .. })), "{recorded:?}");
    assert_eq!(proxy.cuts(), 2);
    assert_eq!(nodes.number(RECORDED).await, 111, "it was recorded after all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_have_been_claimed_while_the_database_was_lost_is_not_held_for_ever() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    scene.waiting("client.created").await;
    let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
    proxy.cut_each([Cut::After(COMMIT), Cut::Everything]);
    let claim = store.claim(webhook.id, scene.tick(), 10).await;
    assert!(matches!(claim, Err(herald_store::StoreError::Unavailable(_))), "{claim:?}");
    let held = "SELECT count(*) FROM delivery WHERE claimed_by IS NOT NULL";
    assert_eq!(nodes.number(held).await, 1, "it was claimed, and nobody knows");
    proxy.heal();
    until(&nodes, held, 0).await;
    let again = scene.store.claim(webhook.id, scene.tick(), 10).await.unwrap();
    assert_eq!(again.deliveries.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_is_settled_once_wherever_the_connection_is_cut() {
    for cut in [
        Cut::After("BEGIN"),
        Cut::Before("INSERT INTO attempt"),
        Cut::After("INSERT INTO attempt"),
        Cut::Before(COMMIT),
        Cut::After(COMMIT),
    ] {
        let nodes = Nodes::default();
        let scene = Scene::new(nodes.clone()).await;
        scene.webhook(&["*"]).await;
        let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
        let recorded = store.record(scene.new_record("client.created")).await.unwrap();
        let Recorded::Accepted { claimed, .. } = recorded else { panic!("{recorded:?}") };
        proxy.cut(cut.clone());
        let done = settlement(&claimed[0], answered(200, scene.tick()), After::Delivered);
        assert_eq!(store.settle([done].into()).await.unwrap().stale, 0, "{cut:?}");
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        let settled = "SELECT (SELECT count(*) FROM attempt) * 100 + (SELECT sum(delivered)
                           FROM tally) * 10 + (SELECT sum(pending) FROM tally)";
        assert_eq!(nodes.number(settled).await, 110, "{cut:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_claimed_is_told_wherever_the_connection_is_cut() {
    for cut in [Cut::After("FOR UPDATE SKIP LOCKED"), Cut::Before(COMMIT), Cut::After(COMMIT)] {
        let nodes = Nodes::default();
        let scene = Scene::new(nodes.clone()).await;
        let webhook = scene.webhook(&["*"]).await;
        scene.waiting("client.created").await;
        let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
        proxy.cut(cut.clone());
        let claim = store.claim(webhook.id, scene.tick(), 10).await.unwrap();
        assert_eq!((proxy.cuts(), claim.deliveries.len()), (1, 1), "{cut:?}");
        let again = scene.store.claim(webhook.id, scene.tick(), 10).await.unwrap();
        assert_eq!(again.deliveries.len(), 0, "{cut:?}: it is held");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_out_of_reach_nothing_is_accepted_and_then_it_goes_on() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    scene.webhook(&["*"]).await;
    let (proxy, store) = behind_a_proxy(&nodes, LONG).await;
    proxy.cut(Cut::Everything);
    let refused = store.record(scene.new_record("client.created")).await;
    assert!(matches!(refused, Err(herald_store::StoreError::Unavailable(_))), "{refused:?}");
    proxy.heal();
    let accepted = async {
        while store.record(scene.new_record("client.created")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), accepted).await.expect("it goes on");
    assert_eq!(nodes.number(RECORDED).await, 111);
}

/// Nodes whose leases have ended.
const SILENT: &str = "SELECT count(*) FROM node WHERE until < clock_timestamp()";

/// Waits until a query's answer is as it should be. Each look asks the server, so this does not spin.
async fn until_so(nodes: &Nodes, sql: &str, is_so: impl Fn(i64) -> bool) {
    let looking = async { while !is_so(nodes.number(sql).await) {} };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect(sql);
}

/// The same, for one answer.
async fn until(nodes: &Nodes, sql: &str, answer: i64) {
    until_so(nodes, sql, |found| found == answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_were_cut_off_together_go_on_as_before_and_who_stays_away_is_made_up_for() {
    let nodes = Nodes::default();
    let lease = Duration::from_millis(1_500);
    let (proxy, _store) = behind_a_proxy(&nodes, lease).await;
    let (others_proxy, _other) = behind_a_proxy(&nodes, lease).await;
    let leases = "SELECT sum(lease) FROM node";
    let before = nodes.number(leases).await;
    proxy.cut(Cut::Everything);
    others_proxy.cut(Cut::Everything);
    until(&nodes, SILENT, 2).await;

    proxy.heal();
    until(&nodes, SILENT, 1).await;
    // Whoever is back looks for silent nodes with every heartbeat.
    let renewed = "SELECT extract(epoch FROM max(until)) * 1000 FROM node";
    let first = nodes.number(renewed).await;
    until_so(&nodes, renewed, |found| found != first).await;
    others_proxy.heal();
    until(&nodes, SILENT, 0).await;
    assert_eq!(nodes.number(leases).await, before, "each has the lease that it had");

    others_proxy.cut(Cut::Everything);
    until(&nodes, "SELECT count(*) FROM node", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_gives_those_that_were_cut_off_time_to_come_back() {
    let nodes = Nodes::default();
    let lease = Duration::from_secs(4);
    let (proxy, _store) = behind_a_proxy(&nodes, lease).await;
    proxy.cut(Cut::Everything);
    until(&nodes, SILENT, 1).await;
    let old = nodes.number("SELECT min(lease) FROM node").await;
    let _new = nodes.node(lease).await;
    // It looks for silent nodes with every heartbeat.
    let renewed = "SELECT extract(epoch FROM max(until)) * 1000 FROM node";
    let first = nodes.number(renewed).await;
    until_so(&nodes, renewed, |found| found != first).await;
    proxy.heal();
    until(&nodes, SILENT, 0).await;
    assert_eq!(nodes.number("SELECT min(lease) FROM node").await, old, "it has its lease still");
}
