//! Resources that several nodes write at once.

use std::sync::Arc;

use herald_store::{
    Recorded, Recording as _, Stored, Write,
    contract::fixtures::{Scene, together},
};

use crate::support::{LONG, Nodes};

const ROUNDS: usize = 20;

/// Addresses and documents without their client.
const LEFT_BEHIND: &str =
    "SELECT count(*) FROM resource AS r WHERE owner IS NOT NULL AND NOT EXISTS
                               (SELECT 1 FROM resource AS c WHERE c.kind = 0 AND c.num = r.owner)";

/// How many others are connected. What a connection has to tell of deadlocks is told when it ends.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";

const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

/// What several want to do with a client, its address and its document at once, in every order.
async fn wishes(scene: &Scene<Nodes>) -> Vec<Vec<Write>> {
    let client = scene.create(scene.new_client("{}")).await;
    let id = client.resource.id;
    let address = scene.create(scene.new_address(id, "{}")).await;
    let document = scene.create(scene.new_document(id, "{}")).await;
    let check = || Write::Create(scene.new_check(id, "{}"));
    let rest = |on: &Stored| Write::Rest(on.clone());
    let delete = |stored: &Stored| Write::Delete(stored.clone());
    vec![
        vec![rest(&document), rest(&address), check()],
        vec![delete(&address), delete(&document), delete(&client)],
        vec![check(), rest(&address), rest(&document)],
        vec![delete(&client), delete(&document), delete(&address)],
        vec![Write::Create(scene.new_address(id, "{}"))],
        vec![delete(&document), delete(&address), delete(&client)],
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_write_the_same_resources_never_wait_in_a_ring() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let second = Arc::new(nodes.node(LONG).await);
    for _ in 0..ROUNDS {
        let wishes = wishes(&scene).await;
        let stores = [scene.store.clone(), second.clone()].into_iter().cycle();
        let outcomes = together(wishes.into_iter().zip(stores).map(|(writes, store)| {
            let record = scene.record_of_writes(writes);
            async move { store.record(record).await.unwrap() }
        }))
        .await;
        let clear = |one: &Recorded| matches!(one, Recorded::Accepted { .. } | Recorded::Conflict);
        assert!(outcomes.iter().all(clear), "{outcomes:?}");
        assert_eq!(nodes.number(LEFT_BEHIND).await, 0);
    }
    drop((scene, second));
    while nodes.number(OTHERS).await > 0 {}
    assert_eq!(nodes.number(DEADLOCKS).await, 0);
}
