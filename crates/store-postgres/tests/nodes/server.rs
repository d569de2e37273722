//! Servers and databases that a node does not work with.

use std::{sync::Arc, time::Duration};

use herald_domain::id::IdSequence;
use herald_store::{
    Accounts as _, After, Queue as _,
    contract::fixtures::{Scene, answered, settlement},
};
use herald_store_postgres::{Options, PostgresStore};
use herald_testpg::{Cluster, Database};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::{LONG, Nodes};

async fn refusal(url: String) -> String {
    let ids = Arc::new(IdSequence::new([9; 5]));
    let opened = PostgresStore::open(Options::new(url), ids).await;
    opened.expect_err("it is refused").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loses_what_it_commits_is_refused() {
    let cluster = Cluster::start(&["fsync=off"]);
    let problem = refusal(cluster.database().await.url()).await;
    assert!(problem.contains("fsync=off") && problem.contains("set fsync=on"), "{problem}");

    let database = Database::fresh().await;
    let client = database.connect().await;
    let off = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off',
                   current_database()); END $$";
    client.batch_execute(off).await.unwrap();
    let problem = refusal(database.url()).await;
    assert!(problem.contains("synchronous_commit=off"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lets_nobody_write_is_refused_as_a_standby_is() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let off =
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
                   current_database()); END $$";
    client.batch_execute(off).await.unwrap();
    let problem = refusal(database.url()).await;
    assert!(problem.contains("a standby") && problem.contains("the primary"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_servers_one_that_does_not_answer_is_passed_over() {
    // It lets one wait, and does not answer whoever comes after.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = socket.listen(0).unwrap();
    let address = silent.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        waiting.push(connected.unwrap());
    }
    let nodes = Nodes::default();
    let url = nodes.database().await.url();
    let (begin, end) = url.split_once("127.0.0.1:").unwrap();
    let url = format!("{begin}{address},127.0.0.1:{end}");
    for _ in 0..3 {
        drop(nodes.open_at(Options::new(url.clone())).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_a_newer_program_made_is_refused_only_if_this_one_cannot_work_with_it() {
    let nodes = Nodes::default();
    drop(nodes.node(LONG).await);
    nodes.run("UPDATE herald_schema SET version = 1000").await;
    drop(nodes.node(LONG).await);
    nodes.run("UPDATE herald_schema SET works_with = 1000").await;
    let problem = refusal(nodes.database().await.url()).await;
    assert!(problem.contains("version 1000") && problem.contains("newer Herald"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let problem = refusal("postgres://herald:hush@127.0.0.1:1/herald".to_owned()).await;
    assert!(!problem.contains("hush"), "{problem}");
    let problem = refusal("postgres://herald:hush@[/herald".to_owned()).await;
    assert!(problem.contains("database_url") && !problem.contains("hush"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_nodes_that_start_at_once_on_an_empty_database_one_makes_the_schema() {
    let nodes = Nodes::default();
    nodes.database().await;
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let nodes = nodes.clone();
            tokio::spawn(async move { nodes.node(LONG).await })
        })
        .collect();
    let mut stores = Vec::new();
    for opened in opening {
        stores.push(opened.await.expect("it opens"));
    }
    assert_eq!(nodes.number("SELECT count(DISTINCT slot) FROM node").await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_goes_on_while_a_newer_one_adds_columns() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let account = scene.environment.account;
    let work = async || {
        let claimed = scene.in_flight("client.created").await;
        scene.enable(&webhook, true).await;
        assert!(scene.store.account(account).await.unwrap().is_some());
        scene.store.release(vec![claimed.key]).await.unwrap();
        for claimed in &scene.claim(webhook.id, 10).await.deliveries {
            let done = settlement(claimed, answered(200, scene.tick()), After::Delivered);
            scene.settle(done).await;
        }
    };
    // From here on everything is prepared.
    work().await;
    for table in ["account", "webhook", "event", "delivery", "attempt", "node", "environment"] {
        nodes.run(&format!("ALTER TABLE {table} ADD COLUMN added_later text")).await;
        work().await;
    }
    assert_eq!(nodes.number("SELECT count(*) FROM delivery WHERE state = 1").await, 8);
}
