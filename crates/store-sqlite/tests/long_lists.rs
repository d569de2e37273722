//! Lists that are longer than what is read and sorted at once, where pages and totals are found in
//! other ways than in short ones: the answers have to be the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

use std::sync::Arc;

use herald_domain::{
    account::{Account, EnvironmentId, Mode},
    exact_json::{self, Value},
    id::{AccountId, IdSequence, ResourceId},
    resource::{Attribute, Kind, client},
    time::Timestamp,
};
use herald_store::{
    Accounts, NewAccount, Page, Record, Recording, ResourceFilter, Resources, TimeRange, Write,
};
use herald_store_sqlite::{SqliteStore, backup, examine};

const CLIENTS: i64 = 12_000;
const BEGINNING: i64 = 1_700_000_000_000;

struct Scene {
    store: SqliteStore,
    folder: tempfile::TempDir,
    environment: EnvironmentId,
}

/// When client `number` was made: a second after the one before.
fn made(number: i64) -> Timestamp {
    Timestamp::from_millis(BEGINNING + number * 1000)
}

impl Scene {
    /// A store with clients that are numbered by their external id; every second is in Iceland.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSequence::new([1; 5]));
        let store = SqliteStore::open(&folder.path().join("herald.db"), ids.clone()).unwrap();
        let account = AccountId(ids.next(made(0)));
        let environment = EnvironmentId { account, mode: Mode::Test };
        let account = Account { id: account, name: "a".into(), created_at: made(0) };
        store.create_account(NewAccount { account, keys: Vec::new() }).await.unwrap();
        let write = |number: i64| {
            let country = if number % 2 == 0 { "IS" } else { "NO" };
            let request = format!(
                r#"{{"type":"person","email":"a@b","externalId":"{number}","metadata":{{"plan":"gold"}},
                    "personDetails":{{"firstName":"a","lastName":"b","nationality":"{country}"}}}}"#
            );
            let Ok(Value::Object(request)) = exact_json::parse(request.as_bytes()) else {
                panic!("{request}");
            };
            let id = ResourceId(ids.next(made(number)));
            Write::Create(client::create(request, id, made(number)).unwrap())
        };
        let all: Vec<_> = (0..CLIENTS).map(write).collect();
        for writes in all.chunks(1_000) {
            let (writes, events, at) = (writes.to_vec(), Vec::new(), made(0));
            let record = Record { environment, writes, events, idempotency: None, only: None, at };
            store.record(record).await.unwrap();
        }
        Self { store, folder, environment }
    }

    /// Holds the pages of a list against the numbers that it should have, newest first.
    async fn lists(&self, filter: ResourceFilter, numbers: impl Iterator<Item = i64>) {
        let expected: Vec<i64> = numbers.collect();
        let pages = expected.len().div_ceil(70).max(1);
        for number in [1, 2, pages / 2, pages - 1, pages, pages + 1] {
            let page = Page::new(u32::try_from(number.max(1)).unwrap(), 70).unwrap();
            let listed = self
                .store
                .list_resources(self.environment, Kind::Client, filter.clone(), page)
                .await
                .unwrap();
            assert_eq!(listed.total, expected.len() as u64, "{filter:?}");
            let found: Vec<i64> = listed.items.iter().map(|item| number_of(item)).collect();
            let offset = usize::try_from(page.offset()).unwrap().min(expected.len());
            let end = (offset + 70).min(expected.len());
            assert_eq!(found, expected[offset..end], "page {number} of {filter:?}");
        }
    }
}

fn number_of(item: &[u8]) -> i64 {
    let item = exact_json::parse(item).unwrap();
    item.get("externalId").and_then(Value::as_str).unwrap().parse().unwrap()
}

fn attribute(path: &str, value: &str) -> Attribute<'static> {
    Attribute { path: path.to_owned().into(), value: value.to_owned().into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_totals_of_long_lists_are_those_of_all_that_matches() {
    let mut scene = Scene::new().await;
    let newest_first = || (0..CLIENTS).rev();
    scene.lists(ResourceFilter::default(), newest_first()).await;

    let ranges = [
        (None, None),
        (Some(-1), None),
        (Some(10), None),
        (Some(CLIENTS - 100), None),
        (Some(CLIENTS / 2), None),
        (Some(CLIENTS), None),
        (None, Some(0)),
        (None, Some(100)),
        (None, Some(CLIENTS + 1)),
        (Some(50), Some(CLIENTS - 50)),
        (Some(6_000), Some(6_100)),
        (Some(7_000), Some(5_000)),
    ];
    for (after, before) in ranges {
        let range = TimeRange { after: after.map(made), before: before.map(made) };
        let within = |number: &i64| range.contains(made(*number));
        let created = ResourceFilter { created: range, ..ResourceFilter::default() };
        scene.lists(created.clone(), newest_first().filter(within)).await;
        let updated = ResourceFilter { updated: range, ..ResourceFilter::default() };
        scene.lists(updated, newest_first().filter(within)).await;
        let both = ResourceFilter { updated: range, ..created.clone() };
        scene.lists(both, newest_first().filter(within)).await;
        let attributes = vec![attribute("personDetails.nationality", "IS")];
        let even = |number: &i64| within(number) && number % 2 == 0;
        scene.lists(ResourceFilter { attributes, ..created }, newest_first().filter(even)).await;
    }
    // A copy has the index too.
    let copy = scene.folder.path().join("copy.db");
    backup(&scene.folder.path().join("herald.db"), &copy).unwrap();
    assert_eq!(examine(&copy).unwrap().damage, [""; 0]);
    let store = SqliteStore::open(&copy, Arc::new(IdSequence::new([2; 5]))).unwrap();
    let copied = Scene { store, folder: scene.folder, environment: scene.environment };
    scene = copied;
    for attributes in [
        vec![attribute("personDetails.nationality", "IS")],
        vec![attribute("personDetails.nationality", "IS"), attribute("metadata.plan", "gold")],
    ] {
        let filter = ResourceFilter { attributes, ..ResourceFilter::default() };
        scene.lists(filter, newest_first().filter(|number| number % 2 == 0)).await;
    }
}
