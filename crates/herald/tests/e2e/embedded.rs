//! What only the embedded store has: a file, which one process has open, which is copied by `herald
//! backup`, and which may be missing.

use crate::support::{program::run, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_database_refuses() {
    let world = World::new().await;
    let running = world.first_start().await;
    for subcommand in ["serve", "migrate"] {
        let said = run(world.herald(&[subcommand])).await;
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        assert!(said.err.contains("another Herald has this database open"), "{said:?}");
    }
    assert_eq!(running.api().get("/v1/webhooks").await.good()["totalItems"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_the_running_server_is_whole_and_serves() {
    let world = World::new().await;
    let running = world.first_start().await;
    let (webhook, _) = running.api().create_webhook("https://example.com/").await;
    let said = run(world.herald(&["backup", "copy.db"])).await;
    assert!(said.status.success(), "{said:?}");
    let again = run(world.herald(&["backup", "copy.db"])).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.err.contains("is there already"), "{again:?}");
    assert!(running.server.terminate().await.success());

    std::fs::rename(world.folder.path().join("copy.db"), world.home.file()).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _gone = std::fs::remove_file(format!("{}{suffix}", world.home.file().display()));
    }
    let restored = world.start(&running.keys).await;
    assert_eq!(restored.api().webhook(&webhook).await["url"], "https://example.com/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_not_made_by_migrating_it() {
    let world = World::new().await;
    let said = run(world.herald(&["migrate"])).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(said.err.contains("there is no database at herald-data/herald.db"), "{said:?}");
    assert!(!world.home.file().exists());
}
