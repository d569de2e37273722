//! Processes that come to a database on a server: which key they need, who greets, and what the
//! commands of an operator say of it.

use tokio::task::JoinSet;

use crate::support::{
    program::{Said, Server, herald, run},
    world::World,
};

/// `herald`, on the world's database, in a folder of its own with keys of its own.
fn elsewhere(
    world: &World,
    folder: &std::path::Path,
    arguments: &[&str],
) -> tokio::process::Command {
    let mut command = herald(arguments);
    command.env("HERALD_LISTEN", "127.0.0.1:0").envs(world.home.variables()).current_dir(folder);
    command
}

async fn refused(command: tokio::process::Command) -> Said {
    let said = run(command).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_the_sealing_key_of_the_others_is_refused_until_it_has_it() {
    let world = World::new().await;
    let running = world.first_start().await;
    let folder = tempfile::tempdir().unwrap();
    let own_keys = folder.path().join("herald-data");
    for _ in 0..2 {
        let said = refused(elsewhere(&world, folder.path(), &["serve"])).await;
        assert!(said.err.contains("secret_key is not the key"), "{said:?}");
        assert!(said.err.contains("Copy secret.key"), "{said:?}");
        assert_eq!(said.out, "");
        for name in ["secret.key", "operator.key"] {
            assert!(!own_keys.join(name).exists(), "{name}, which it had made, is gone again");
        }
    }
    let doctor = refused(elsewhere(&world, folder.path(), &["doctor"])).await;
    assert!(doctor.out.contains("sealing key: this database has one already"), "{doctor:?}");
    let there = doctor.out.lines().find(|line| line.contains("processes: ")).unwrap();
    assert_eq!(there.matches("(version ").count(), 1, "who was refused is not there: {there}");

    std::fs::copy(world.home.data().join("secret.key"), own_keys.join("secret.key")).unwrap();
    let joined = Server::start(elsewhere(&world, folder.path(), &["serve"])).await;
    assert_eq!(joined.greeting, "");
    assert!(joined.terminate().await.success());
    assert!(running.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_first_starts_at_once_one_makes_the_account() {
    const STARTS: usize = 5;
    let key = "5e".repeat(32);
    let world = World::with(&[
        ("HERALD_SECRET_KEY", &key),
        ("HERALD_NOTICE_URL", "https://127.0.0.1:9/notices"),
        ("HERALD_NOTICE_SECRET", "abcdefghijklmnopqrstuvwxyz012345"),
    ])
    .await;
    let starting: JoinSet<Server> =
        (0..STARTS).map(|_| Server::start(world.herald(&["serve"]))).collect();
    let servers = starting.join_all().await;
    let greetings = servers.iter().filter(|server| !server.greeting.is_empty());
    assert_eq!(greetings.count(), 1);
    let operator =
        crate::support::api::Api::new(servers[0].address, crate::support::world::OPERATOR_KEY);
    let accounts = operator.get("/operator/v1/accounts").await.good();
    let named = accounts["items"].as_array().unwrap().iter().map(|account| &account["name"]);
    assert_eq!(named.filter(|name| **name == "default").count(), 1, "{accounts}");
    for server in servers {
        assert!(server.terminate().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_migrated_and_the_doctor_tells_of_it_before_and_after() {
    let world = World::new().await;
    let before = run(world.herald(&["doctor"])).await;
    assert!(before.status.success() && before.out.contains("nothing is there yet"), "{before:?}");
    for said in ["was brought from schema version 0 to", "is up to date: schema version"] {
        let migrated = run(world.herald(&["migrate"])).await;
        assert!(migrated.status.success() && migrated.out.contains(said), "{migrated:?}");
    }
    let mut command = world.herald(&["serve"]);
    command.env("HERALD_NODE_NAME", "the first");
    let server = Server::start(command).await;
    let beside = run(world.herald(&["doctor"])).await;
    assert!(beside.out.contains("processes: the first (version "), "{beside:?}");
    assert!(beside.out.contains("sealing key: it is the one"), "{beside:?}");
    assert!(beside.out.ends_with("all is well\n"), "{beside:?}");
    assert!(server.terminate().await.success());
    let after = run(world.herald(&["doctor"])).await;
    assert!(after.out.contains("processes: none works on this database"), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_left_to_the_servers_own_tools() {
    let world = World::new().await;
    let said = refused(world.herald(&["backup", "copy.db"])).await;
    assert!(said.err.contains("pg_dump") && said.err.contains("pg_basebackup"), "{said:?}");
    assert!(!world.folder.path().join("copy.db").exists());
}
