//! The ledger: what the events alone say of the account's resources, from the first event to the
//! last. A receiver can know no more than this, so it has to be what the API shows.
//!
//! While it is read it is held against the rules: nothing is told of a resource that is not there,
//! an update tells of what really changed, a client's deletion leaves nothing of it behind, and a
//! special event follows its general one with the same payload.

use std::collections::{BTreeMap, HashMap, btree_map};

use http::StatusCode;
use serde_json::{Map, Value};

use super::api::{Api, text};

/// The kinds of resources, with where each is listed.
pub(crate) const KINDS: [(&str, &str); 4] = [
    ("client", "clients"),
    ("address", "addresses"),
    ("document", "documents"),
    ("check", "checks"),
];

const PAGE: usize = 1_000;

/// What the events say.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Every resource that there ever was, by its id.
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// What the events say of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `client`, for example.
    pub(crate) kind: String,
    /// As it was made, and after each change that followed.
    pub(crate) states: Vec<Map<String, Value>>,
    /// A check's outcome, once it has one.
    pub(crate) outcome: Option<Value>,
    pub(crate) deleted: bool,
}

impl Entry {
    /// As it is now, or was when it was deleted.
    pub(crate) fn now(&self) -> &Map<String, Value> {
        self.states.last().expect("it begins with one")
    }

    /// Applies the fields of a change; null removes.
    fn apply(&mut self, fields: &Map<String, Value>) {
        let mut now = self.now().clone();
        for (name, value) in fields {
            if value.is_null() {
                now.remove(name);
            } else {
                now.insert(name.clone(), value.clone());
            }
        }
        self.states.push(now);
    }
}

/// Makes the webhook that [`events`] needs, for tests that have no receiver.
pub(crate) async fn keep(api: &Api) {
    api.create_webhook_for("https://127.0.0.1:9/never-sent-to", "*", false).await;
}

/// Every event of the environment, in the order in which they were committed. There has to be one
/// webhook, for everything, made before the first event; nothing may be happening meanwhile.
///
/// The order is that of the webhook's deliveries. Events are listed by their ids, which are given
/// before the commit.
pub(crate) async fn events(api: &Api) -> Vec<Value> {
    let events = all(api, "events").await.into_iter();
    let mut events: HashMap<_, _> = events.map(|event| (text(&event["id"]), event)).collect();
    let deliveries = all(api, "deliveries").await.into_iter().rev();
    let in_order = deliveries.map(|delivery| {
        let event = events.remove(&text(&delivery["eventId"]));
        event.unwrap_or_else(|| panic!("a second delivery of an event, or of none: {delivery}"))
    });
    let in_order = in_order.collect();
    assert!(events.is_empty(), "events without a delivery: {events:?}");
    in_order
}

/// Every item of a list, page by page.
pub(crate) async fn all(api: &Api, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    for page in 1.. {
        let path = format!("/v1/{path}?page={page}&pageSize={PAGE}");
        let Value::Object(mut list) = api.get(&path).await.good() else { panic!("{path}") };
        let Some(Value::Array(more)) = list.remove("items") else { panic!("{path}: {list:?}") };
        items.extend(more);
        if list["page"].as_u64() >= list["pages"].as_u64() {
            assert_eq!(Some(items.len() as u64), list["totalItems"].as_u64(), "{path}");
            break;
        }
    }
    items
}

impl Ledger {
    /// What all events say.
    pub(crate) async fn read(api: &Api) -> Self {
        let events = events(api).await;
        let mut ledger = Self::default();
        for (number, event) in events.iter().enumerate() {
            let before = number.checked_sub(1).map(|number| &events[number]);
            ledger.note(event, before);
        }
        ledger
    }

    /// The resources of this kind that are there.
    pub(crate) fn living(&self, kind: &str) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().filter(move |(_, entry)| entry.kind == kind && !entry.deleted)
    }

    fn note(&mut self, event: &Value, before: Option<&Value>) {
        let (event_type, payload) = (text(&event["type"]), &event["payload"]);
        let fields = payload.as_object().unwrap_or_else(|| panic!("{event}"));
        let (kind, what) = event_type.split_once('.').expect("a type has two parts");
        assert_eq!(event["resourceType"], kind, "{event}");
        match what {
            "created" | "pending" => return self.create(kind, event, fields),
            "updated.image_uploaded"
            | "updated.image_deleted"
            | "completed.clear"
            | "completed.attention"
            | "completed.rejected"
            | "completed.match_confirmed" => return follows(event, before),
            _ => {}
        }
        let id = text(&payload["id"]);
        let entry = self.entries.get_mut(&id).unwrap_or_else(|| panic!("never made: {event}"));
        assert!(!entry.deleted, "deleted before: {event}");
        assert_eq!(entry.kind, kind, "{event}");
        match what {
            "updated" => update(entry, event, fields),
            "completed" | "failed" | "monitoring.attention" => report(entry, event, fields),
            "deleted" => {
                assert_eq!(fields.len(), 1, "only its id: {event}");
                entry.deleted = true;
                self.leaves_nothing_behind(event, &id);
            }
            _ => panic!("an unknown type: {event}"),
        }
    }

    fn create(&mut self, kind: &str, event: &Value, fields: &Map<String, Value>) {
        assert_eq!(event["createdAt"], fields["createdAt"], "{event}");
        assert_eq!(fields["updatedAt"], fields["createdAt"], "{event}");
        assert!(fields.values().all(|value| !value.is_null()), "absent is not null: {event}");
        if let Some(client) = fields.get("clientId").map(text) {
            let owner = self.entries.get(&client);
            assert!(owner.is_some_and(|owner| !owner.deleted), "of nobody: {event}");
        }
        let entry = Entry {
            kind: kind.to_owned(),
            states: vec![fields.clone()],
            outcome: None,
            deleted: false,
        };
        match self.entries.entry(text(&fields["id"])) {
            btree_map::Entry::Vacant(place) => place.insert(entry),
            btree_map::Entry::Occupied(_) => panic!("made twice: {event}"),
        };
    }

    /// A deleted client has no address and no document any more.
    fn leaves_nothing_behind(&self, event: &Value, client: &str) {
        let left = ["address", "document"]
            .map(|kind| self.living(kind).any(|(_, entry)| entry.now()["clientId"] == client));
        assert_eq!(left, [false, false], "of its addresses, of its documents: {event}");
    }

    /// Fails unless the API shows exactly this. Nothing may be happening meanwhile.
    pub(crate) async fn is_what_the_api_shows(&self, api: &Api) {
        for (kind, path) in KINDS {
            let mut listed = all(api, path).await;
            listed.sort_by_key(|one| text(&one["id"]));
            let ids: Vec<_> = listed.iter().map(|one| text(&one["id"])).collect();
            let living: Vec<_> = self.living(kind).map(|(id, _)| id.clone()).collect();
            assert_eq!(ids, living, "the list of {path} and the events");
            for ((id, entry), shown) in self.living(kind).zip(&listed) {
                assert_eq!(api.get(&format!("/v1/{path}/{id}")).await.good(), *shown);
                entry.is_shown_as(shown);
            }
            let gone = self.entries.iter().filter(|(_, one)| one.kind == kind && one.deleted);
            for (id, _) in gone {
                let answer = api.get(&format!("/v1/{path}/{id}")).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}/{id}: {}", answer.body);
            }
        }
    }
}

impl Entry {
    /// Of a check, the events tell the outcome; of its result they tell the rest only when that
    /// was updated.
    fn is_shown_as(&self, shown: &Value) {
        let mut told = self.now().clone();
        let mut shown = shown.as_object().expect("a resource is an object").clone();
        if self.kind == "check" {
            let result = shown.remove("result");
            let outcome = result.as_ref().and_then(|result| result.get("outcome"));
            assert_eq!(outcome, self.outcome.as_ref(), "{shown:?}");
            if let Some(told) = told.remove("result") {
                assert_eq!(result, Some(told), "{shown:?}");
            }
        }
        assert_eq!(shown, told, "what the API shows, and what the events add up to");
    }
}

/// A special event comes right after its general one, or after another special one of it, and says
/// the same.
fn follows(event: &Value, before: Option<&Value>) {
    let before = before.unwrap_or_else(|| panic!("nothing before {event}"));
    let (special, general) = (text(&event["type"]), text(&before["type"]));
    assert_eq!(special.rsplit_once('.').map(|(parent, _)| parent), Some(&*general), "{event}");
    assert_eq!(event["payload"], before["payload"], "{general} and {special}");
    assert_eq!(event["createdAt"], before["createdAt"], "{general} and {special}");
}

/// The fields of an update differ from what was, and time does not go back.
fn update(entry: &mut Entry, event: &Value, fields: &Map<String, Value>) {
    let before = entry.now();
    let changed = fields.iter().filter(|(name, _)| *name != "id" && *name != "updatedAt");
    let changed: Vec<_> = changed.collect();
    assert!(!changed.is_empty(), "an update that changes nothing: {event}");
    for (name, value) in changed {
        let same = before.get(name).unwrap_or(&Value::Null) == value;
        assert!(!same, "{name} has not changed: {event}, before {before:?}");
    }
    assert!(text(&fields["updatedAt"]) >= text(&before["updatedAt"]), "{event}, {before:?}");
    if let Some(result) = fields.get("result") {
        entry.outcome = result.get("outcome").cloned();
    }
    entry.apply(fields);
}

/// What is reported of a check: its status, and its outcome if it is complete.
fn report(entry: &mut Entry, event: &Value, fields: &Map<String, Value>) {
    let complete = event["type"] != "check.failed";
    let expected: &[&str] = if complete {
        &["id", "status", "outcome", "createdAt", "updatedAt"]
    } else {
        &["id", "status", "createdAt", "updatedAt"]
    };
    assert!(fields.keys().eq(expected), "{event} should have {expected:?}");
    assert_eq!(fields["status"], if complete { "complete" } else { "failed" }, "{event}");
    assert_eq!(fields["createdAt"], entry.now()["createdAt"], "{event}");
    let mut told = fields.clone();
    entry.outcome = told.remove("outcome");
    if event["type"] == "check.monitoring.attention" {
        told.insert("result".into(), Value::Null); // it has more matches now, which are not told
    }
    entry.apply(&told);
}
