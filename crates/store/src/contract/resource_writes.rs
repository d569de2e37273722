//! The laws of writing resources ([`Write`]): what conflicts, what becomes of the rest of the
//! record, and who wins when several write at once.

use bytes::Bytes;
use herald_domain::{
    exact_json::{Object, Value},
    id::ResourceId,
    resource::{
        Kind, Resource, client,
        document::{SMALLEST_IMAGE, Side},
    },
};

use super::{
    Backend,
    fixtures::{Scene, together, whole},
    fixtures_resources::{by, picture, update},
};
use crate::{
    EventFilter, History, Listed, Record, Recorded, Recording, ResourceFilter, Resources, Stored,
    Write,
};

pub async fn of_a_conflict_nothing_is_recorded<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["*"]).await;
    let stale = scene.create(scene.new_client("{}")).await;
    let current = scene.update(&stale, r#"{"externalId": "1"}"#).await;
    let other = scene.new_client("{}");
    let after = scene.updated(&current.resource, r#"{"externalId": "2"}"#);
    let record = Record {
        writes: vec![Write::Create(other.clone()), update(&stale, &after)],
        ..scene.keyed_record("key", 1)
    };
    let books = scene.store.books(Some(scene.environment)).await.unwrap();
    scene.conflicting(record.clone()).await;
    scene.conflicting(record.clone()).await;
    assert_eq!(scene.stored(&other).await, None);
    assert_eq!(scene.stored(&stale.resource).await.as_ref(), Some(&current));
    let event = record.events[0].id;
    assert_eq!(scene.store.event(scene.environment, event).await.unwrap(), None);
    assert_eq!(scene.store.books(Some(scene.environment)).await.unwrap(), books);

    let decided_anew = vec![Write::Create(other.clone()), update(&current, &after)];
    let accepted = scene.record(Record { writes: decided_anew, ..record }).await;
    assert_eq!(accepted.receipt.events[0].0, event, "neither its key nor its event was kept");
    assert!(scene.stored(&other).await.is_some());
}

pub async fn a_write_by_an_old_version_conflicts_and_changes_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let address = scene.create(scene.new_address(client.resource.id, "{}")).await;
    let document = scene.create(scene.new_document(client.resource.id, "{}")).await;
    let check = scene.create(scene.new_check(client.resource.id, "{}")).await;
    let set = |stored: &Stored, field: &str, text: &str| {
        scene.updated(&stored.resource, &format!(r#"{{"{field}": "{text}"}}"#))
    };
    let choices = [
        (&client, ["1", "2"].map(|text| set(&client, "externalId", text))),
        (&address, ["other", "alternative"].map(|text| set(&address, "type", text))),
        (&document, ["visa", "other"].map(|text| set(&document, "type", text))),
        (&check, ["clear", "attention"].map(|outcome| scene.completed(&check.resource, outcome))),
    ];
    for (old, [one, other]) in choices {
        let current = scene.revise(old, one).await;
        let ahead = Stored { version: current.version + 1, ..current.clone() };
        for wrong in [old.clone(), ahead] {
            scene.conflict([update(&wrong, &other)]).await;
            scene.conflict([Write::Delete(wrong)]).await;
        }
        assert_eq!(scene.stored(&other).await.as_ref(), Some(&current));
        scene.revise(&current, other).await;
    }
}

pub async fn what_a_record_rests_on_has_to_be_as_it_was_read<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let read = scene.create(scene.new_document(client.resource.id, "{}")).await;
    let resting = |on: &Stored| {
        let check = scene.new_check(client.resource.id, "{}");
        (check.clone(), [Write::Create(check), Write::Rest(on.clone())])
    };
    let (check, writes) = resting(&read);
    let record = Record { writes: writes.into(), ..scene.new_record("check.pending") };
    scene.record(record).await;
    assert!(scene.stored(&check).await.is_some());
    assert_eq!(scene.stored(&read.resource).await.as_ref(), Some(&read), "it is not changed");

    let after = scene.updated(&read.resource, r#"{"type": "visa"}"#);
    let current = scene.revise(&read, after).await;
    let (check, writes) = resting(&read);
    scene.conflict(writes).await;
    assert_eq!(scene.stored(&check).await, None);
    scene.conflict([Write::Delete(current.clone()), Write::Rest(current.clone())]).await;
    assert_eq!(scene.stored(&current.resource).await.as_ref(), Some(&current));
}

pub async fn of_many_updates_by_one_version_one_is_accepted<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let before = scene.create(scene.new_client("{}")).await;
    let updates = (0..50).map(|number| {
        let request = format!(r#"{{"externalId": "{number}"}}"#);
        let after = scene.updated(&before.resource, &request);
        (scene.record_of_writes([update(&before, &after)]), after)
    });
    let outcomes = together(updates.map(|(record, after)| {
        let store = scene.store.clone();
        async move { (store.record(record).await.unwrap(), after) }
    }))
    .await;
    let mut accepted = Vec::new();
    for (recorded, after) in outcomes {
        match recorded {
            Recorded::Accepted { .. } => accepted.push(Stored { resource: after, version: 2 }),
            Recorded::Conflict => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(accepted.len(), 1);
    assert_eq!(scene.stored(&before.resource).await, accepted.pop());
    assert_eq!(events(&scene).await, 2, "its creation and one update");
}

pub async fn no_update_is_lost_if_the_loser_decides_anew<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource;
    let environment = scene.environment;
    let writers = (0..8).map(|writer| (format!("writer {writer}"), scene.tick()));
    together(writers.map(|(writer, at)| {
        let (store, id) = (scene.store.clone(), client.id);
        async move {
            loop {
                let read = store.resource(environment, Kind::Client, id).await.unwrap();
                let before = read.expect("nobody deletes it");
                let request = Object::from_iter([("metadata".into(), signed(&before, &writer))]);
                let after = client::update(&before.resource, request, at).unwrap().unwrap();
                let writes = vec![update(&before, &after)];
                let (events, idempotency) = (Vec::new(), None);
                let record = Record { environment, writes, events, idempotency, only: None, at };
                match store.record(record).await.unwrap() {
                    Recorded::Accepted { .. } => return,
                    Recorded::Conflict => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }))
    .await;
    let stored = scene.stored(&client).await.unwrap();
    let signatures = stored.resource.object.get("metadata").and_then(Value::as_object).unwrap();
    assert_eq!((signatures.len(), stored.version), (8, 9));
}

/// A client's metadata, with one more entry.
fn signed(before: &Stored, writer: &str) -> Value {
    let metadata = before.resource.object.get("metadata").and_then(Value::as_object);
    let mut metadata = metadata.cloned().unwrap_or_default();
    metadata.insert(writer.to_owned(), "was here".into());
    metadata.into()
}

pub async fn nothing_is_made_for_a_client_that_is_not_there<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [environment, _] = scene.strangers().await;
    let never_made = scene.new_client("{}").id;
    let deleted = scene.create(scene.new_client("{}")).await;
    scene.remove(&deleted).await;
    let elsewhere = scene.create_in(environment, scene.new_client("{}")).await.resource.id;
    let no_client = scene.create_of_client(|client| scene.new_document(client, "{}")).await;
    for client in [never_made, deleted.resource.id, elsewhere, no_client.resource.id] {
        for resource in all_of(&scene, client) {
            scene.conflict([Write::Create(resource.clone())]).await;
            assert_eq!(scene.stored(&resource).await, None);
        }
        let belongings = scene.store.belongings(scene.environment, client).await.unwrap();
        assert_eq!(belongings, []);
    }
    for resource in all_of(&scene, elsewhere) {
        scene.create_in(environment, resource).await;
    }
}

pub async fn a_client_stays_while_an_address_or_document_of_it_is_left<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let address = scene.create(scene.new_address(client.resource.id, "{}")).await;
    let document = scene.create(scene.new_document(client.resource.id, "{}")).await;
    let delete = |stored: &Stored| Write::Delete(stored.clone());
    scene.conflict([delete(&client)]).await;
    scene.conflict([delete(&address), delete(&client)]).await;
    scene.conflict([delete(&client), delete(&document)]).await;
    let late = scene.new_address(client.resource.id, "{}");
    let with_a_late_one =
        [Write::Create(late), delete(&address), delete(&document), delete(&client)];
    scene.conflict(with_a_late_one).await;
    for stored in [&client, &address, &document] {
        assert_eq!(scene.stored(&stored.resource).await.as_ref(), Some(stored));
    }
    scene.remove(&document).await;
    scene.conflict([delete(&client)]).await;
    scene.remove(&address).await;
    scene.remove(&client).await;
    assert_eq!(scene.stored(&client.resource).await, None);
}

pub async fn a_client_is_deleted_with_its_belongings_in_any_order<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for place in 0..3 {
        let client = scene.create(scene.new_client("{}")).await;
        let address = scene.create(scene.new_address(client.resource.id, "{}")).await;
        let document = scene.create(scene.new_document(client.resource.id, "{}")).await;
        let mut deleted = vec![address, document];
        deleted.insert(place, client.clone());
        let writes: Vec<_> = deleted.iter().cloned().map(Write::Delete).collect();
        scene.write(writes).await;
        for stored in &deleted {
            assert_eq!(scene.stored(&stored.resource).await, None);
        }
        let belongings = scene.store.belongings(scene.environment, client.resource.id).await;
        assert_eq!(belongings.unwrap(), []);
    }
}

pub async fn the_checks_of_a_deleted_client_stay<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let check = scene.create(scene.new_check(client.resource.id, "{}")).await;
    scene.remove(&client).await;
    assert_eq!(scene.stored(&check.resource).await.as_ref(), Some(&check));
    let of_client = by(&[("clientId", &client.resource.id.to_string())]);
    assert_eq!(scene.found(Kind::Check, &of_client).await, [check.resource.id]);
    let check = scene.revise(&check, scene.completed(&check.resource, "clear")).await;
    assert_eq!(scene.stored(&check.resource).await.as_ref(), Some(&check));
    scene.remove(&check).await;
}

pub async fn a_record_is_written_as_a_whole_or_not_at_all<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let id = client.resource.id;
    let address = scene.create(scene.new_address(id, "{}")).await;
    let document = scene.create(scene.new_document(id, "{}")).await;
    scene.write(scene.upload(&document, Side::Back, &picture(1, SMALLEST_IMAGE))).await;
    let document = scene.stored(&document.resource).await.unwrap();
    let stale = scene.create(scene.new_client("{}")).await;
    scene.update(&stale, r#"{"externalId": "1"}"#).await;

    let sound: Vec<Write> = [
        Write::Create(scene.new_client("{}")),
        update(&client, &scene.updated(&client.resource, r#"{"externalId": "2"}"#)),
        Write::Delete(address),
        Write::Create(scene.new_check(id, "{}")),
    ]
    .into_iter()
    .chain(scene.upload(&document, Side::Front, &picture(2, SMALLEST_IMAGE)))
    .chain([Write::DropImage { document: document.resource.id, side: Side::Back }])
    .collect();
    let before = everything(&scene, document.resource.id).await;
    for place in 0..=sound.len() {
        let mut writes = sound.clone();
        writes.insert(place, Write::Delete(stale.clone()));
        scene.conflict(writes).await;
        let left = everything(&scene, document.resource.id).await;
        assert!(left == before, "the write at {place} conflicts, but others were done");
    }
    scene.write(sound).await;
    let (lists, images) = everything(&scene, document.resource.id).await;
    assert_eq!(lists.map(|list| list.total), [3, 0, 1, 1]);
    assert_eq!(images, [Some(picture(2, SMALLEST_IMAGE)), None]);
}

pub async fn writes_are_done_in_their_order<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.new_client("{}");
    let [second, third] =
        ["2", "3"].map(|text| scene.updated(&client, &format!(r#"{{"externalId": "{text}"}}"#)));
    let address = scene.new_address(client.id, "{}");
    let at = |version, resource: &Resource| Stored { resource: resource.clone(), version };
    let create = |resource: &Resource| Write::Create(resource.clone());

    scene.conflict([create(&address), create(&client)]).await;
    let both_by_one_version = [update(&at(1, &client), &second), update(&at(1, &client), &third)];
    scene.conflict([vec![create(&client)], both_by_one_version.to_vec()].concat()).await;
    scene.conflict([update(&at(1, &client), &second), create(&client)]).await;
    assert_eq!(scene.stored(&client).await, None);

    scene
        .write([
            create(&client),
            create(&address),
            update(&at(1, &client), &second),
            Write::Delete(at(1, &address)),
            update(&at(2, &second), &third),
        ])
        .await;
    assert_eq!(scene.stored(&client).await, Some(at(3, &third)));
    assert_eq!(scene.stored(&address).await, None);
    scene.conflict([Write::Delete(at(3, &third)), create(&address)]).await;
}

pub async fn an_id_is_not_used_again<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let other = Resource { id: client.resource.id, ..scene.client_called("other") };
    let record = scene.record_of_writes([Write::Create(other)]);
    assert!(scene.store.record(record).await.is_err());
    assert_eq!(scene.stored(&client.resource).await.as_ref(), Some(&client));
    assert_eq!(scene.found(Kind::Client, &by(&[("externalId", "other")])).await, []);
    assert_eq!((scene.clients().await.total, events(&scene).await), (1, 1));
}

pub async fn a_record_that_conflicts_or_fails_harms_no_neighbour<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let stale = scene.create(scene.new_client("{}")).await;
    scene.update(&stale, r#"{"externalId": "1"}"#).await;
    let used = scene.new_record("client.created");
    scene.record(used.clone()).await;

    let create = |name: &str| Write::Create(scene.client_called(name));
    let sound = (0..20).map(|_| scene.record_of_writes([create("kept")])).collect::<Vec<_>>();
    let conflicting = (0..10).map(|_| {
        scene.record_of_writes([create("lost"), Write::Delete(stale.clone()), create("lost")])
    });
    let failing = (0..3).map(|_| Record {
        events: used.events.clone(),
        ..scene.record_of_writes([create("lost"), create("lost")])
    });
    let records: Vec<_> = failing.chain(conflicting).chain(sound).collect();
    let outcomes = together(records.into_iter().map(|record| {
        let store = scene.store.clone();
        async move { store.record(record).await }
    }))
    .await;
    let count = |is: fn(&crate::Result<Recorded>) -> bool| {
        outcomes.iter().filter(|outcome| is(outcome)).count()
    };
    assert_eq!(count(|outcome| matches!(outcome, Ok(Recorded::Accepted { .. }))), 20);
    assert_eq!(count(|outcome| matches!(outcome, Ok(Recorded::Conflict))), 10);
    assert_eq!(count(Result::is_err), 3);
    assert_eq!(scene.found(Kind::Client, &by(&[("externalId", "kept")])).await.len(), 20);
    assert_eq!(scene.found(Kind::Client, &by(&[("externalId", "lost")])).await, []);
    assert_eq!(scene.found(Kind::Client, &by(&[("type", "person")])).await.len(), 21);
    assert_eq!((scene.clients().await.total, events(&scene).await), (21, 23));
}

pub async fn a_client_that_is_deleted_meanwhile_leaves_nothing_behind<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for _ in 0..10 {
        let client = scene.create(scene.new_client("{}")).await;
        let id = client.resource.id;
        let made = (0..4).map(|_| Write::Create(scene.new_address(id, "{}")));
        let writes: Vec<_> = made.chain([Write::Delete(client.clone())]).collect();
        let outcomes = together(writes.into_iter().map(|write| {
            let (store, is_made) = (scene.store.clone(), matches!(write, Write::Create(_)));
            let record = scene.record_of_writes([write]);
            async move {
                let recorded = store.record(record).await.unwrap();
                (matches!(recorded, Recorded::Accepted { .. }), is_made)
            }
        }))
        .await;
        let made = outcomes.iter().filter(|outcome| **outcome == (true, true)).count();
        let deleted = outcomes.contains(&(true, false));
        assert_eq!(made, if deleted { 0 } else { 4 });
        assert_eq!(scene.stored(&client.resource).await.is_none(), deleted);
        let belongings = scene.store.belongings(scene.environment, id).await.unwrap();
        assert_eq!(belongings.len(), made);
    }
}

pub async fn a_record_that_is_repeated_is_written_once<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.new_client("{}");
    let first = Stored { resource: client.clone(), version: 1 };
    let after = scene.updated(&client, r#"{"externalId": "1"}"#);
    let second = Stored { resource: after.clone(), version: 2 };
    let steps = [
        ("create", Write::Create(client.clone()), Some(first.clone())),
        ("update", update(&first, &after), Some(second.clone())),
        ("delete", Write::Delete(second), None),
    ];
    for (key, write, expected) in steps {
        let record = |fingerprint| Record {
            writes: vec![write.clone()],
            ..scene.keyed_record(key, fingerprint)
        };
        let accepted = scene.record(record(1)).await;
        for _ in 0..2 {
            match scene.store.record(record(1)).await.unwrap() {
                Recorded::Replayed(receipt) => assert_eq!(receipt, accepted.receipt),
                other => panic!("not replayed: {other:?}"),
            }
            let reused = scene.store.record(record(2)).await.unwrap();
            assert!(matches!(reused, Recorded::KeyReused), "{reused:?}");
            assert_eq!(scene.stored(&client).await, expected);
        }
        assert_eq!(scene.clients().await.total, u64::from(expected.is_some()));
    }
    assert_eq!(events(&scene).await, 3);
}

pub async fn a_key_used_for_something_else_writes_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.record(scene.keyed_record("key", 1)).await;
    let client = scene.new_client("{}");
    let create = || vec![Write::Create(client.clone())];
    let other = Record { writes: create(), ..scene.keyed_record("key", 2) };
    let refused = scene.store.record(other).await.unwrap();
    assert!(matches!(refused, Recorded::KeyReused), "{refused:?}");
    assert_eq!(scene.stored(&client).await, None);
    scene.record(Record { writes: create(), ..scene.keyed_record("another key", 2) }).await;
    assert!(scene.stored(&client).await.is_some());
}

impl<B: Backend> Scene<B> {
    async fn clients(&self) -> Listed<Bytes> {
        self.list(Kind::Client, &ResourceFilter::default()).await
    }
}

/// One of each kind that a client may have, none of them in the store.
fn all_of<B: Backend>(scene: &Scene<B>, client: ResourceId) -> [Resource; 3] {
    [
        scene.new_address(client, "{}"),
        scene.new_document(client, "{}"),
        scene.new_check(client, "{}"),
    ]
}

/// All lists of the scene's environment, and the images of a document.
async fn everything<B: Backend>(
    scene: &Scene<B>,
    document: ResourceId,
) -> ([Listed<Bytes>; 4], [Option<Bytes>; 2]) {
    let any = ResourceFilter::default();
    let [client, address, of_document, check] = Kind::ALL.map(|kind| scene.list(kind, &any));
    (
        [client.await, address.await, of_document.await, check.await],
        [scene.image(document, Side::Front).await, scene.image(document, Side::Back).await],
    )
}

/// How many events the scene's environment has.
async fn events<B: Backend>(scene: &Scene<B>) -> u64 {
    let filter = EventFilter::default();
    scene.store.list_events(scene.environment, filter, whole()).await.unwrap().total
}
