//! Upkeep beside other work: what has to hold when both share a transaction.

use std::sync::mpsc;

use herald_store::{
    Queue,
    contract::{
        Backend,
        fixtures::{Scene, retry},
    },
};

use super::*;

/// A folder with a database.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Backend for Folder {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        let ids = std::sync::Arc::new(herald_domain::id::IdSequence::new([1; 5]));
        SqliteStore::open(&self.0.path().join("herald.db"), ids).unwrap()
    }
}

/// Keeps the writer busy until the answer is used: what is asked for meanwhile shares the next
/// transaction.
async fn occupy(scene: &Scene<Folder>) -> mpsc::Sender<()> {
    let (let_go, wait) = mpsc::channel::<()>();
    let (busy, is_busy) = tokio::sync::oneshot::channel();
    let store = scene.store.clone();
    let mut busy = Some(busy);
    tokio::spawn(async move {
        let occupation = move |_: &mut Session<'_>| {
            busy.take().map(|busy| busy.send(()));
            let _ = wait.recv();
            Ok(())
        };
        store.writer.write(occupation).await
    });
    is_busy.await.unwrap();
    let_go
}

#[tokio::test]
async fn what_is_settled_together_with_noting_the_time_is_due_again() {
    let scene = Scene::new(Folder::new()).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    scene.store.note_time(scene.tick()).await.unwrap();
    let [now, due_at] = [scene.tick(), scene.tick()];

    let let_go = occupy(&scene).await;
    let settlement = [retry(&claimed, now, due_at)].into();
    let (settled, noted, _) =
        tokio::join!(scene.store.settle(settlement), scene.store.note_time(now), async {
            let_go.send(())
        });
    assert_eq!((settled.unwrap().stale, noted.is_ok()), (0, true));
    let claim = scene.store.claim(webhook.id, due_at, 10).await.unwrap();
    assert_eq!(claim.deliveries.len(), 1, "nobody holds it");
}

#[tokio::test]
async fn what_lingers_is_held_until_it_is_given_back() {
    let scene = Scene::new(Folder::new()).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    for _ in 0..2 {
        scene.store.note_time(scene.tick()).await.unwrap();
    }
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 0);
    scene.store.release(vec![claimed.key]).await.unwrap();
    assert_eq!(scene.claim(webhook.id, 10).await.deliveries.len(), 1);
}
