//! The file itself: who may open it, what is refused and how, what damage costs.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use herald_domain::{
    account::{Account, EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Response},
    delivery::DeliveryState,
    event::Event,
    id::{AccountId, EventId, IdSequence, WebhookId},
    time::Timestamp,
    webhook::{SealedSecret, Subscription, Webhook},
};
use herald_store::{
    Accounts, After, Claimed, DeliveryFilter, History, NewAccount, Page, Queue, Record, Recorded,
    Recording, Settlement, StoreError, Upkeep, Webhooks,
};
use herald_store_sqlite::{SqliteStore, backup, examine};

struct Scene {
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    ids: Arc<IdSequence>,
    environment: EnvironmentId,
    webhook: WebhookId,
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn open(path: &std::path::Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Arc::new(IdSequence::new([1; 5])))
}

fn refusal(path: &std::path::Path) -> String {
    open(path).expect_err("should be refused").to_string()
}

impl Scene {
    /// A file with one account and one webhook on everything.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSequence::new([1; 5]));
        let store = SqliteStore::open(&folder.path().join("herald.db"), ids.clone()).unwrap();
        let account = AccountId(ids.next(NOW));
        let environment = EnvironmentId { account, mode: Mode::Test };
        let account = Account { id: account, name: "a".into(), created_at: NOW };
        store.create_account(NewAccount { account, keys: Vec::new() }).await.unwrap();
        let webhook = WebhookId(ids.next(NOW));
        let new = Webhook {
            id: webhook,
            environment,
            description: None,
            url: "https://example.com/".into(),
            enabled: true,
            events: Subscription::from_stored(vec!["*".into()]),
            secret: SealedSecret(vec![1]),
            rotation: None,
            disabled: None,
            failing: None,
            created_at: NOW,
            updated_at: NOW,
        };
        store.create_webhook(new, 20).await.unwrap();
        Self { folder, store: Some(store), ids, environment, webhook }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("herald.db")
    }

    fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }

    async fn record(&self) -> Result<Vec<Claimed>, StoreError> {
        let event = Event {
            id: EventId(self.ids.next(NOW)),
            event_type: "client.created".into(),
            resource_type: "client".into(),
            created_at: NOW,
            body: Bytes::from_static(b"{}"),
        };
        let (environment, events) = (self.environment, vec![event]);
        let record = Record {
            environment,
            writes: Vec::new(),
            events,
            idempotency: None,
            only: None,
            at: NOW,
        };
        match self.store().record(record).await? {
            Recorded::Accepted { claimed, .. } => Ok(claimed),
            other => panic!("{other:?}"),
        }
    }

    async fn deliver(&self, claimed: &Claimed) {
        let response =
            Response { status: 200, headers: Vec::new(), body: Bytes::new(), truncated: false };
        let attempt = Attempt {
            started_at: NOW,
            duration: std::time::Duration::ZERO,
            url: "https://example.com/".into(),
            address: None,
            signatures: None,
            answer: Answer::Response(response),
        };
        let (key, number) = (claimed.key, claimed.attempts + 1);
        let settlement = Settlement {
            key,
            number,
            attempt,
            after: After::Delivered,
            warning: None,
            notices: false,
        };
        self.store().settle([settlement].into()).await.unwrap();
    }

    /// Writes into the file behind the store's back.
    fn meddle(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

#[tokio::test]
async fn a_second_opener_of_the_same_file_is_refused() {
    let mut scene = Scene::new().await;
    assert!(refusal(&scene.path()).contains("another Herald has this database open"));
    scene.store = None;
    assert!(open(&scene.path()).is_ok(), "the lock ends with the store");
}

#[test]
fn a_file_that_is_not_heralds_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE birds (name)").unwrap();
    assert!(refusal(&foreign).contains("is not Herald's"));
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database at all, but long enough to be looked at".repeat(20))
        .unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(refusal(&text).contains("notes.txt"));
    assert_eq!(std::fs::read(&text).unwrap(), before);
}

#[test]
fn a_file_of_a_newer_herald_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("herald.db");
    drop(open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(refusal(&path).contains("schema version 99 is newer"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder.path().join("no/herald.db")).contains("no/herald.db"));
}

#[tokio::test]
async fn a_file_deleted_under_the_store_stops_acknowledgements() {
    let scene = Scene::new().await;
    std::fs::remove_file(scene.path()).unwrap();
    let error = scene.record().await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("was deleted")));
}

#[tokio::test]
async fn an_event_that_is_gone_costs_its_own_delivery_only() {
    let mut scene = Scene::new().await;
    let gone = scene.record().await.unwrap().remove(0);
    let sound = scene.record().await.unwrap().remove(0);
    scene.store = None;
    scene.meddle(&format!("DELETE FROM event WHERE seq = {}", gone.key.sequence));
    scene.store = Some(SqliteStore::open(&scene.path(), scene.ids.clone()).unwrap());

    let claim = scene.store().claim(scene.webhook, NOW, 10).await.unwrap();
    let keys: Vec<_> = claim.deliveries.iter().map(|claimed| claimed.key).collect();
    assert_eq!((keys, claim.next_due), (vec![sound.key], None));
    let books = scene.store().books(None).await.unwrap();
    assert!(books.balance(), "{books:?}");
    assert_eq!((books.pending, books.exhausted), (1, 1));
    let connection = rusqlite::Connection::open(scene.path()).unwrap();
    let (error, detail): (u8, String) = connection
        .query_row("SELECT error, detail FROM attempt", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(ErrorClass::from_code(error), Some(ErrorClass::Internal));
    assert!(detail.contains("cannot be read"), "{detail}");
}

#[tokio::test]
async fn closing_the_store_leaves_one_whole_file() {
    let mut scene = Scene::new().await;
    scene.record().await.unwrap();
    scene.store().books(None).await.unwrap();
    scene.store = None;
    let log = scene.folder.path().join("herald.db-wal");
    assert!(std::fs::metadata(&log).map_or(0, |log| log.len()) == 0, "the log was moved");
    assert_eq!(open(&scene.path()).unwrap().books(None).await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_failed_statement_hurts_only_its_own_job() {
    let scene = Arc::new(Scene::new().await);
    scene.meddle(
        "CREATE TRIGGER reject BEFORE INSERT ON event WHEN new.type = 2
         BEGIN SELECT raise(ABORT, 'rejected'); END;
         INSERT INTO event_type (num, name, resource) VALUES (2, 'client.deleted', 'client')",
    );
    let record = |event_type: &str| {
        let event = Event {
            id: EventId(scene.ids.next(NOW)),
            event_type: event_type.into(),
            resource_type: "client".into(),
            created_at: NOW,
            body: Bytes::from_static(b"{}"),
        };
        let environment = scene.environment;
        let record = Record {
            environment,
            writes: Vec::new(),
            events: vec![event],
            idempotency: None,
            only: None,
            at: NOW,
        };
        let scene = scene.clone();
        tokio::spawn(async move { scene.store().record(record).await.is_ok() })
    };
    let outcomes: Vec<_> = (0..200)
        .map(|n| record(if n % 10 == 0 { "client.deleted" } else { "client.created" }))
        .collect();
    let mut accepted = 0;
    for outcome in outcomes {
        accepted += u64::from(outcome.await.unwrap());
    }
    let books = scene.store().books(None).await.unwrap();
    assert_eq!((accepted, books.accepted, books.balance()), (180, 180, true));
}

#[tokio::test]
async fn a_backup_taken_while_the_store_works_opens_and_balances() {
    let scene = Scene::new().await;
    for _ in 0..20 {
        scene.record().await.unwrap();
    }
    let copy = scene.folder.path().join("copy.db");
    backup(&scene.path(), &copy).unwrap();
    scene.record().await.unwrap();

    let found = examine(&copy).unwrap();
    assert_eq!((found.damage.as_slice(), found.unbalanced), (&[][..], 0));
    let restored = open(&copy).unwrap();
    let books = restored.books(None).await.unwrap();
    assert_eq!((books.pending, books.balance()), (20, true));
    let filter = DeliveryFilter { state: Some(DeliveryState::Pending), ..Default::default() };
    let listed = restored.list_deliveries(scene.environment, filter, Page::default()).await;
    assert_eq!(listed.unwrap().items.len(), 20);
    let refused = backup(&scene.path(), &copy).unwrap_err().to_string();
    assert!(refused.contains("never overwrites"), "{refused}");
}

#[tokio::test]
async fn an_examination_notices_books_that_do_not_balance() {
    let scene = Scene::new().await;
    scene.record().await.unwrap();
    scene.store().probe().await.unwrap();
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 0);
    scene.meddle("UPDATE delivery SET state = 3, due_at = NULL");
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_examination_notices_resources_that_are_not_counted() {
    let scene = Scene::new().await;
    assert_eq!(examine(&scene.path()).unwrap().miscounted, 0);
    scene.meddle("INSERT INTO resource_tally (env, kind, word, count) VALUES (2, 0, '', 1)");
    assert_eq!(examine(&scene.path()).unwrap().miscounted, 1);
}

/// What lists tell of all deliveries, of the delivered ones, and of those of a type to a webhook.
async fn lists(scene: &Scene) -> [(u64, Vec<EventId>); 3] {
    let (environment, whole) = (scene.environment, Page::new(1, 1000).unwrap());
    let any = DeliveryFilter::default();
    let delivered = Some(DeliveryState::Delivered);
    let event_type = Some("client.created".to_owned());
    let filters = [
        any.clone(),
        DeliveryFilter { state: delivered, ..any.clone() },
        DeliveryFilter { event_type, webhook: Some(scene.webhook), ..any },
    ];
    let mut lists = Vec::new();
    for filter in filters {
        let listed = scene.store().list_deliveries(environment, filter, whole).await.unwrap();
        lists.push((listed.total, listed.items.iter().map(|view| view.event).collect()));
    }
    lists.try_into().unwrap()
}

fn totals(lists: &[(u64, Vec<EventId>); 3]) -> [u64; 3] {
    lists.each_ref().map(|(total, _)| *total)
}

#[tokio::test]
async fn a_file_from_before_stretches_is_counted_when_it_is_migrated() {
    let mut scene = Scene::new().await;
    for number in 0..23 {
        let claimed = scene.record().await.unwrap();
        if number % 3 == 0 {
            scene.deliver(&claimed[0]).await;
        }
    }
    let before = lists(&scene).await;
    assert_eq!(totals(&before), [23, 8, 23]);
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 0);

    scene.store = None;
    scene.meddle(
        "DROP TABLE event_stretch; DROP TABLE delivery_stretch; DROP TABLE agreed;
         ALTER TABLE event DROP COLUMN test_for; PRAGMA user_version = 9;",
    );
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 0, "nothing is held against nothing");
    scene.store = Some(SqliteStore::open(&scene.path(), scene.ids.clone()).unwrap());
    assert_eq!(lists(&scene).await, before);
    let claimed = scene.record().await.unwrap();
    scene.deliver(&claimed[0]).await;
    let after = lists(&scene).await;
    assert_eq!(totals(&after), [24, 9, 24]);
    assert_eq!(after[0].1[0], claimed[0].event);
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 0);

    scene.store = None;
    scene.meddle("UPDATE delivery_stretch SET pending = pending + 1, delivered = delivered - 1;");
    assert_eq!(examine(&scene.path()).unwrap().unbalanced, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_first_version_is_examined_migrated_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("herald.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../src/schema/0001_begin.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x48524c44; PRAGMA user_version = 1;
             INSERT INTO account VALUES (1, x'0102030405060708090a0b0c', 'old', 0);",
        )
        .unwrap();
    drop(connection);
    let before = examine(&path).unwrap();
    assert_eq!((before.version, before.miscounted), (1, 0));
    let store = open(&path).unwrap();
    let account = AccountId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(store.account(account).await.unwrap().unwrap().name, "old");
    let after = examine(&path).unwrap();
    assert_eq!(after.version, after.current);
    assert!(after.version > before.version);
}
