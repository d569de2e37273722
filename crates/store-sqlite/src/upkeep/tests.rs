//! Upkeep beside other work: what has to hold when both share a transaction.

use std::{sync::mpsc, time::Duration};

use herald_store::{
    ManualAttempt, Queue,
    contract::{
        Backend,
        fixtures::{Scene, answered, retry},
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

#[tokio::test]
async fn the_search_for_old_events_ends_at_the_first_young_one() {
    let scene = Scene::new(Folder::new()).await;
    let [old, young] = [scene.new_record("a.b"), scene.new_record("a.b")];
    let limit = young.at;
    scene.record(young).await;
    scene.record(old).await;
    scene.store.note_time(scene.tick()).await.unwrap();
    assert_eq!(scene.store.expire(limit, 10).await.unwrap(), 0, "what is behind is not read");
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 2);
}

#[tokio::test]
async fn an_event_from_the_future_keeps_nothing_from_expiring() {
    let scene = Scene::new(Folder::new()).await;
    let mut future = scene.new_record("a.b");
    future.events[0].created_at = future.at.after(Duration::from_secs(86_400 * 3_650));
    scene.record(future).await;
    scene.record(scene.new_record("a.b")).await;
    let now = scene.tick();
    scene.store.note_time(now).await.unwrap();
    assert_eq!(scene.store.expire(now, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_given_back_after_the_clock_went_back_is_due_at_once() {
    let scene = Scene::new(Folder::new()).await;
    let webhook = scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let hour = Duration::from_secs(3_600);
    let now = scene.tick().before(hour);
    scene.store.advance_due(now, hour).await.unwrap();
    scene.store.release(vec![claimed.key]).await.unwrap();
    let claim = scene.store.claim(webhook.id, now, 10).await.unwrap();
    assert_eq!(claim.deliveries.len(), 1);
}

#[tokio::test]
async fn what_was_delivered_on_request_is_held_by_nobody_and_nothing_of_it_outlives_its_event() {
    let scene = Scene::new(Folder::new()).await;
    scene.webhook(&["*"]).await;
    let claimed = scene.in_flight("client.created").await;
    let (environment, delivery) = (scene.environment, scene.view(&claimed).await.id);
    let attempt = answered(200, scene.tick());
    let manual = ManualAttempt { environment, delivery, attempt, delivered: true };
    assert_eq!(scene.store.settle_manual(manual).await.unwrap(), Some(1));
    let left = async || {
        let count = |session: &mut Session<'_>| {
            let sql =
                "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM manual_attempt)";
            let rows = session.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
            Ok((session.claims.at_most(1), rows.map_err(explain)?))
        };
        scene.store.writer.write(count).await.unwrap()
    };
    assert_eq!(left().await, (0, (1, 1)));
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
    assert_eq!(left().await, (0, (0, 0)));
}
