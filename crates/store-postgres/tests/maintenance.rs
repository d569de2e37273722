//! What an operator does with a database: migrate, and examine it.

use std::sync::Arc;

use herald_domain::id::IdSequence;
use herald_store::Nodes as _;
use herald_store_postgres::{Options, PostgresStore, examine, migrate};
use herald_testpg::{Cluster, Database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_database_is_migrated_once() {
    let database = Database::fresh().await;
    let before = examine(&database.url()).await.unwrap();
    assert_eq!((before.version, before.content, before.refused), (0, None, None));
    assert_eq!(migrate(&database.url()).await.unwrap(), (0, before.current));
    assert_eq!(migrate(&database.url()).await.unwrap(), (before.current, before.current));
    let after = examine(&database.url()).await.unwrap();
    let content = after.content.unwrap();
    assert_eq!(after.version, before.current);
    assert_eq!((content.nodes, content.unbalanced, content.miscounted), (Vec::new(), 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_examination_tells_of_the_nodes_and_what_they_agreed_on() {
    let database = Database::fresh().await;
    let options = |name: &str| Options { name: name.to_owned(), ..Options::new(database.url()) };
    let open = |options| PostgresStore::open(options, Arc::new(IdSequence::new([1; 5])));
    let first = open(options("first")).await.unwrap();
    let second = open(Options { dispatches: false, ..options("second") }).await.unwrap();
    first.agree("a thing", vec![1, 2]).await.unwrap();
    let silence = "UPDATE node SET until = clock_timestamp() WHERE name = 'second'";
    database.connect().await.batch_execute(silence).await.unwrap();

    let content = examine(&database.url()).await.unwrap().content.unwrap();
    let seen = content.nodes.iter().map(|node| (node.name.as_str(), node.dispatches, node.silent));
    let seen: Vec<_> = seen.collect();
    assert_eq!(seen, [("first", true, false), ("second", false, true)]);
    assert_eq!(content.agreed, [("a thing".to_owned(), vec![1, 2])]);
    first.leave().await.unwrap();
    drop(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_examination_notices_books_that_do_not_balance() {
    let database = Database::fresh().await;
    migrate(&database.url()).await.unwrap();
    let meddle = "INSERT INTO tally (env, webhook, slot, accepted, held) VALUES (2, 1, 0, 3, 3);
                  INSERT INTO tally (env, webhook, slot, accepted, held) VALUES (2, 1, 1, -3, -3);
                  INSERT INTO tally (env, webhook, slot, accepted, held) VALUES (2, 2, 0, 1, 1);
                  INSERT INTO event_tally VALUES (2, 'client.created', 'client', 0, 1);
                  INSERT INTO resource_tally VALUES (2, 0, '', 0, 1);
                  INSERT INTO resource_tally VALUES (2, 0, 'a word', 0, 1);";
    database.connect().await.batch_execute(meddle).await.unwrap();
    let content = examine(&database.url()).await.unwrap().content.unwrap();
    assert_eq!((content.unbalanced, content.miscounted), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_herald_and_a_careless_server_are_refused() {
    let database = Database::fresh().await;
    migrate(&database.url()).await.unwrap();
    let newer = "UPDATE herald_schema SET version = 99, works_with = 98";
    database.connect().await.batch_execute(newer).await.unwrap();
    assert!(migrate(&database.url()).await.unwrap_err().to_string().contains("version 98"));
    let found = examine(&database.url()).await.unwrap();
    assert!(found.refused.unwrap().contains("run the newer Herald"));

    let careless = Cluster::start(&["fsync=off"]);
    let database = careless.database().await;
    let url = database.url();
    let found = examine(&url).await.unwrap();
    assert!(found.refused.unwrap().contains("fsync=off"));
    assert!(migrate(&url).await.unwrap_err().to_string().contains("fsync=off"));
}
