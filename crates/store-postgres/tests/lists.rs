//! Lists whose pages and totals are found in several ways, depending on how many there are of what is
//! asked for: the answers have to be those of going through everything.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which are not seen as tests")]

use std::sync::Arc;

use herald_domain::{
    account::{Account, EnvironmentId, Mode},
    delivery::DeliveryState,
    id::{AccountId, DeliveryId, EventId, IdSequence, WebhookId},
    time::Timestamp,
};
use herald_store::{Accounts, DeliveryFilter, EventFilter, History, NewAccount, Page, TimeRange};
use herald_store_postgres::{Options, PostgresStore};
use herald_testpg::Database;
use tokio_postgres::Row;

/// Deliveries of 300 events to up to four webhooks, of which `$1` in 100 are pending, a tenth of them
/// fresh, and `$2` in 100 delivered; the books are made from them. What is made a minute later has a
/// larger number, but for some.
const FILL: [&str; 4] = [
    "INSERT INTO webhook (num, id, env, url, enabled, events, secret, created_at, updated_at)
     SELECT n, decode(lpad(to_hex(n), 24, '0'), 'hex'), 2, '', true, '[\"*\"]', '', 0, 0
     FROM generate_series(1, 4) AS n",
    "INSERT INTO event (env, seq, id, type, resource, created_at, body)
     SELECT 2, n, decode(lpad(to_hex(n), 24, '0'), 'hex'), kind || '.' || n % 3 , kind,
         60000 * (n - n % 11), ''
     FROM generate_series(1, 300) AS n, LATERAL (
         SELECT CASE WHEN n % 3 = 0 THEN 'check' ELSE 'client' END AS kind) AS k",
    "INSERT INTO delivery (env, seq, webhook, due_at, created_at, updated_at, state, attempts, id, type)
     SELECT 2, e.seq, w.num, CASE WHEN r < $1 AND r % 10 > 0 THEN r * 1000 END,
         e.created_at + 5, e.created_at + 5 + r * 3600000,
         CASE WHEN r < $1 THEN 0 WHEN r < $1 + $2 THEN 1 ELSE 2 + r % 3 END, 0,
         decode(lpad(to_hex(e.seq * 8 + w.num), 24, '0'), 'hex'), e.type
     FROM event AS e JOIN webhook AS w ON (e.seq + w.num) % 5 > 0,
         LATERAL (SELECT (e.seq * 7919 + w.num * 104729) % 101 % 100 AS r) AS chance",
    "INSERT INTO tally (env, webhook, slot, accepted, pending, delivered, exhausted, held, cancelled)
     SELECT env, webhook, seq % 2, count(*), count(*) FILTER (WHERE state = 0),
         count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2),
         count(*) FILTER (WHERE state = 3), count(*) FILTER (WHERE state = 4)
     FROM delivery GROUP BY env, webhook, seq % 2",
];

const FILL_EVENT_TALLY: &str = "
    INSERT INTO event_tally (env, type, resource, slot, count)
    SELECT env, type, resource, seq % 2, count(*) FROM event
    GROUP BY env, type, resource, seq % 2";

/// A store, and what is in it, newest first.
struct Scene {
    store: PostgresStore,
    environment: EnvironmentId,
    deliveries: Vec<Kept>,
    events: Vec<(EventId, EventFilter)>,
    _database: Database,
}

/// A delivery, and what filters see of it: each time is the only one within the range.
struct Kept {
    id: DeliveryId,
    filter: DeliveryFilter,
}

impl Scene {
    async fn new(pending: i64, delivered: i64) -> Self {
        let database = Database::fresh().await;
        let ids = Arc::new(IdSequence::new([1; 5]));
        let store = PostgresStore::open(Options::new(database.url()), ids).await.unwrap();
        let account = AccountId::from_bytes([1; 12]);
        let environment = EnvironmentId { account, mode: Mode::Test };
        let account = Account { id: account, name: "a".into(), created_at: millis(0) };
        store.create_account(NewAccount { account, keys: Vec::new() }).await.unwrap();
        let client = database.connect().await;
        for sql in FILL {
            let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&pending, &delivered];
            let values = if sql.contains("$1") { values } else { &[] };
            client.execute(sql, values).await.unwrap();
        }
        client.execute(FILL_EVENT_TALLY, &[]).await.unwrap();
        let sql = "SELECT d.*, w.id AS hook, e.id AS event FROM delivery AS d
                   JOIN webhook AS w ON w.num = d.webhook JOIN event AS e ON e.seq = d.seq
                   ORDER BY d.seq DESC, d.webhook DESC";
        let deliveries = client.query(sql, &[]).await.unwrap().iter().map(kept).collect();
        let events = client.query("SELECT * FROM event ORDER BY seq DESC", &[]).await.unwrap();
        let events = events.iter().map(kept_event).collect();
        Self { store, environment, deliveries, events, _database: database }
    }

    /// Holds every page of a list against what should be on it.
    async fn lists(&self, filter: DeliveryFilter) {
        let all = self.deliveries.iter().filter(|kept| matches(&filter, &kept.filter));
        let expected: Vec<DeliveryId> = all.map(|kept| kept.id).collect();
        for size in [7, 100] {
            for (page, items) in pages(&expected, size) {
                let listed = self
                    .store
                    .list_deliveries(self.environment, filter.clone(), page)
                    .await
                    .unwrap();
                let found: Vec<_> = listed.items.iter().map(|view| view.id).collect();
                assert_eq!(listed.total, expected.len() as u64, "{filter:?}");
                assert_eq!(found, items, "{page:?} of {filter:?}");
            }
        }
    }

    async fn lists_events(&self, filter: EventFilter) {
        let of_type =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let all = self.events.iter().filter(|(_, kept)| {
            of_type(&filter.event_type, &kept.event_type)
                && of_type(&filter.resource_type, &kept.resource_type)
                && within(filter.created, kept.created)
        });
        let expected: Vec<EventId> = all.map(|(id, _)| *id).collect();
        for (page, items) in pages(&expected, 7) {
            let listed =
                self.store.list_events(self.environment, filter.clone(), page).await.unwrap();
            let found: Vec<_> = listed.items.iter().map(|event| event.id).collect();
            assert_eq!(listed.total, expected.len() as u64, "{filter:?}");
            assert_eq!(found, items, "{page:?} of {filter:?}");
        }
    }
}

/// Every page of a list, and one more.
fn pages<T: Copy>(all: &[T], size: u32) -> impl Iterator<Item = (Page, Vec<T>)> {
    let count = u32::try_from(all.len()).unwrap().div_ceil(size) + 1;
    (1..=count).map(move |number| {
        let page = Page::new(number, size).unwrap();
        let before = usize::try_from(page.offset()).unwrap();
        (page, all.iter().skip(before).take(size as usize).copied().collect())
    })
}

fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn id(row: &Row, column: &str) -> [u8; 12] {
    row.get::<_, &[u8]>(column).try_into().unwrap()
}

fn only(row: &Row, column: &str) -> TimeRange {
    let at: i64 = row.get(column);
    TimeRange { after: Some(millis(at - 1)), before: Some(millis(at + 1)) }
}

fn kept(row: &Row) -> Kept {
    let state = u8::try_from(row.get::<_, i16>("state")).unwrap();
    let filter = DeliveryFilter {
        webhook: Some(WebhookId::from_bytes(id(row, "hook"))),
        event: Some(EventId::from_bytes(id(row, "event"))),
        state: DeliveryState::from_code(state),
        event_type: Some(row.get("type")),
        created: only(row, "created_at"),
        updated: only(row, "updated_at"),
    };
    Kept { id: DeliveryId::from_bytes(id(row, "id")), filter }
}

fn kept_event(row: &Row) -> (EventId, EventFilter) {
    let filter = EventFilter {
        event_type: Some(row.get("type")),
        resource_type: Some(row.get("resource")),
        created: only(row, "created_at"),
    };
    (EventId::from_bytes(id(row, "id")), filter)
}

fn matches(filter: &DeliveryFilter, kept: &DeliveryFilter) -> bool {
    filter.webhook.is_none_or(|wanted| kept.webhook == Some(wanted))
        && filter.event.is_none_or(|wanted| kept.event == Some(wanted))
        && filter.state.is_none_or(|wanted| kept.state == Some(wanted))
        && (filter.event_type.is_none() || filter.event_type == kept.event_type)
        && within(filter.created, kept.created)
        && within(filter.updated, kept.updated)
}

fn within(range: TimeRange, only: TimeRange) -> bool {
    let at = only.after.map(|before| millis(before.millis() + 1));
    at.is_none_or(|at| range.contains(at))
}

/// Every filter alone, and with a state, for a delivery in the middle.
fn filters(one: &DeliveryFilter) -> Vec<DeliveryFilter> {
    let any = DeliveryFilter::default;
    let since = |range: TimeRange| TimeRange { after: range.after, before: None };
    let until = |range: TimeRange| TimeRange { after: None, before: range.before };
    let mut alone = vec![
        any(),
        DeliveryFilter { webhook: one.webhook, ..any() },
        DeliveryFilter { event: one.event, ..any() },
        DeliveryFilter { event_type: one.event_type.clone(), ..any() },
        DeliveryFilter { event_type: Some("nothing.like".into()), ..any() },
        DeliveryFilter { webhook: one.webhook, event_type: one.event_type.clone(), ..any() },
    ];
    for range in [since, until, std::convert::identity] {
        alone.extend([
            DeliveryFilter { created: range(one.created), ..any() },
            DeliveryFilter { updated: range(one.updated), ..any() },
            DeliveryFilter { webhook: one.webhook, created: range(one.created), ..any() },
        ]);
    }
    let states = || [None].into_iter().chain(DeliveryState::ALL.map(Some));
    let with_state = |filter: &DeliveryFilter| {
        let filter = filter.clone();
        states().map(move |state| DeliveryFilter { state, ..filter.clone() })
    };
    alone.iter().flat_map(with_state).collect()
}

async fn all_lists(pending: i64, delivered: i64) {
    let scene = Scene::new(pending, delivered).await;
    let one = &scene.deliveries[scene.deliveries.len() * 2 / 3].filter;
    for filter in filters(one) {
        scene.lists(filter).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_deliveries_are_whole_where_few_are_pending() {
    all_lists(5, 70).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_deliveries_are_whole_where_most_are_pending() {
    all_lists(80, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_events_are_whole() {
    let scene = Scene::new(5, 70).await;
    let any = EventFilter::default;
    let (_, one) = &scene.events[scene.events.len() / 3];
    let (event_type, resource_type) = (one.event_type.clone(), one.resource_type.clone());
    let since = TimeRange { before: None, ..one.created };
    let until = TimeRange { after: None, ..one.created };
    for created in [TimeRange::default(), since, until, one.created] {
        for filter in [
            any(),
            EventFilter { event_type: event_type.clone(), ..any() },
            EventFilter { resource_type: resource_type.clone(), ..any() },
            EventFilter { resource_type: Some("document".into()), ..any() },
            EventFilter {
                event_type: event_type.clone(),
                resource_type: resource_type.clone(),
                ..any()
            },
            EventFilter {
                event_type: event_type.clone(),
                resource_type: Some("document".into()),
                ..any()
            },
        ] {
            scene.lists_events(EventFilter { created, ..filter }).await;
        }
    }
}
