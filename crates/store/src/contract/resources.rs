//! The laws of [`Resources`]: what is read is what was written, in its own environment, under its
//! own kind; with its images, and with when it is due.

use std::time::Duration;

use bytes::Bytes;
use herald_domain::{
    account::EnvironmentId,
    id::ResourceId,
    resource::{
        Kind, Resource,
        check::fail,
        document::{LARGEST_IMAGE, SMALLEST_IMAGE, Side},
    },
    time::Timestamp,
};

use super::{
    Backend,
    fixtures::{Scene, whole},
    fixtures_resources::{by, picture, update},
};
use crate::{
    DueResources, History, Record, Recorded, Recording, ResourceFilter, Resources, Stored, Upkeep,
    Write,
};

pub async fn a_resource_is_read_as_it_was_written_with_its_version<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let fields = r#"{"externalId": "№ 1 “🦉” / \\ \"", "metadata": {"b": "\n\u001f", "10": "",
        "9": "é", "a.b=c": "e\u0301"}, "personDetails": {"lastName": "X", "firstName": "Y"}}"#;
    let client = scene.new_client(fields);
    let address = scene.new_address(client.id, "{}");
    let document = scene.new_document(client.id, "{}");
    let check = Resource { due_at: Some(scene.tick()), ..scene.new_check(client.id, "{}") };
    let completed = scene.completed(&check, "attention");
    let histories = [
        [client.clone(), scene.updated(&client, r#"{"metadata": {"z": "1", "a": "2"}}"#)],
        [address.clone(), scene.updated(&address, r#"{"type": null, "city": "São Tomé"}"#)],
        [document.clone(), scene.updated(&document, r#"{"classification": "other"}"#)],
        [check, completed.clone()],
    ];
    for history in &histories {
        let mut stored = scene.create(history[0].clone()).await;
        assert_eq!(scene.stored(&stored.resource).await.as_ref(), Some(&stored));
        stored = scene.revise(&stored, history[1].clone()).await;
        assert_eq!(stored.version, 2);
        assert_eq!(scene.stored(&stored.resource).await.as_ref(), Some(&stored));
    }
    let second = scene.stored(&completed).await.unwrap();
    let third = scene.update(&second, r#"{"enableMonitoring": true}"#).await;
    assert_eq!((scene.stored(&completed).await, third.version), (Some(third.clone()), 3));
}

pub async fn a_resource_that_was_never_made_is_not_found<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.new_client("{}");
    for resource in [
        scene.new_address(client.id, "{}"),
        scene.new_document(client.id, "{}"),
        scene.new_check(client.id, "{}"),
        client,
    ] {
        assert_eq!(scene.stored(&resource).await, None);
        assert_eq!(scene.found(resource.kind, &ResourceFilter::default()).await, []);
        let belongings = scene.store.belongings(scene.environment, resource.id).await;
        assert_eq!(belongings.unwrap(), []);
        assert_eq!(scene.image(resource.id, Side::Front).await, None);
    }
}

pub async fn a_resource_is_written_together_with_its_events<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    scene.webhook(&["client.updated"]).await;
    let client = scene.new_client("{}");
    let renamed = scene.updated(&client, r#"{"externalId": "1"}"#);
    let made = Stored { resource: client.clone(), version: 1 };
    let updated = Stored { resource: renamed.clone(), version: 2 };
    let steps = [
        (Write::Create(client.clone()), Some(made.clone())),
        (update(&made, &renamed), Some(updated.clone())),
        (Write::Delete(updated), None),
    ];
    for (write, expected) in steps {
        let record = scene.record_of_writes([write]);
        let event = record.events[0].clone();
        let accepted = scene.record(record).await;
        assert_eq!((accepted.receipt.deliveries, accepted.claimed.len()), (1, 1));
        let found = scene.store.event(scene.environment, event.id).await.unwrap();
        assert_eq!(found, Some(event));
        assert_eq!(scene.stored(&client).await, expected);
    }
}

pub async fn a_deleted_resource_is_gone_and_can_be_changed_no_more<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let id = client.resource.id;
    let address = scene.create(scene.new_address(id, "{}")).await;
    let document = scene.create(scene.new_document(id, "{}")).await;
    let check = scene.create(scene.new_check(id, "{}")).await;
    let changes = [
        scene.updated(&address.resource, r#"{"city": "Odense"}"#),
        scene.updated(&document.resource, r#"{"type": "visa"}"#),
        scene.completed(&check.resource, "clear"),
        scene.updated(&client.resource, r#"{"externalId": "1"}"#),
    ];
    for (stored, after) in [address, document, check, client].iter().zip(&changes) {
        scene.remove(stored).await;
        assert_eq!(scene.stored(&stored.resource).await, None);
        assert_eq!(scene.found(stored.resource.kind, &ResourceFilter::default()).await, []);
        scene.conflict([update(stored, after)]).await;
        scene.conflict([Write::Delete(stored.clone())]).await;
        assert_eq!(scene.stored(&stored.resource).await, None);
    }
}

pub async fn nothing_is_written_for_an_unknown_account<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let account = scene.new_account().id;
    let environment = EnvironmentId { account, ..scene.environment };
    let client = scene.new_client("{}");
    let record = scene.record_of_writes([Write::Create(client.clone())]);
    let recorded = scene.store.record(Record { environment, ..record }).await.unwrap();
    assert!(matches!(recorded, Recorded::UnknownAccount), "{recorded:?}");
    let found = scene.store.resource(environment, Kind::Client, client.id).await.unwrap();
    assert_eq!(found, None);
}

pub async fn another_environment_sees_and_touches_no_resource<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let address = scene.create(scene.new_address(client.resource.id, "{}")).await;
    let document = scene.create(scene.new_document(client.resource.id, "{}")).await;
    let front = picture(1, SMALLEST_IMAGE);
    let upload = scene.upload(&document, Side::Front, &front);
    scene.write(upload).await;
    let document = scene.stored(&document.resource).await.unwrap();
    let check = scene.create(scene.new_check(client.resource.id, "{}")).await;
    let all = [&client, &address, &document, &check];
    let attempts = [
        vec![update(&client, &scene.updated(&client.resource, r#"{"externalId": "1"}"#))],
        vec![Write::Delete(address.clone())],
        scene.upload(&document, Side::Front, &picture(2, SMALLEST_IMAGE)).into(),
        scene.drop_image(&document, Side::Front).into(),
        vec![Write::Delete(check.clone())],
    ];
    for environment in scene.strangers().await {
        for Stored { resource: Resource { kind, id, .. }, .. } in all {
            assert_unseen(&scene, environment, *kind, *id).await;
        }
        for writes in &attempts {
            let record = scene.record_of_writes(writes.clone());
            scene.conflicting(Record { environment, ..record }).await;
        }
    }
    for stored in all {
        assert_eq!(scene.stored(&stored.resource).await.as_ref(), Some(stored));
    }
    assert_eq!(scene.image(document.resource.id, Side::Front).await, Some(front));
}

async fn assert_unseen<B: Backend>(
    scene: &Scene<B>,
    environment: EnvironmentId,
    kind: Kind,
    id: ResourceId,
) {
    let store = &scene.store;
    assert_eq!(store.resource(environment, kind, id).await.unwrap(), None);
    for filter in [ResourceFilter::default(), by(&[("type", "person")])] {
        let listed = store.list_resources(environment, kind, filter, whole()).await.unwrap();
        assert_eq!((listed.items.len(), listed.total), (0, 0));
    }
    assert_eq!(store.belongings(environment, id).await.unwrap(), []);
    for side in [Side::Front, Side::Back] {
        assert_eq!(store.image(environment, id, side).await.unwrap(), None);
    }
}

pub async fn the_kinds_do_not_mix<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource;
    let address = scene.create(scene.new_address(client.id, "{}")).await.resource;
    let document = scene.create(scene.new_document(client.id, "{}")).await.resource;
    let check = scene.create(scene.new_check(client.id, "{}")).await.resource;
    let all = [client, address, document, check];
    for resource in &all {
        for kind in Kind::ALL {
            let found = scene.store.resource(scene.environment, kind, resource.id).await.unwrap();
            assert_eq!(found.is_some(), kind == resource.kind, "{kind:?} of {resource:?}");
        }
        assert_eq!(scene.found(resource.kind, &ResourceFilter::default()).await, [resource.id]);
    }
    let of_client = by(&[("clientId", &all[0].id.to_string())]);
    for (resource, word) in all.iter().zip(["person", "main", "passport", "clear"]) {
        let expected = if resource.kind == Kind::Client { vec![] } else { vec![resource.id] };
        assert_eq!(scene.found(resource.kind, &of_client).await, expected);
        let of_type = by(&[("type", word)]);
        for kind in Kind::ALL {
            let only = kind == resource.kind && kind != Kind::Check;
            let expected = if only { vec![resource.id] } else { vec![] };
            assert_eq!(scene.found(kind, &of_type).await, expected, "{word} of {kind:?}");
        }
    }
}

pub async fn belongings_are_addresses_and_documents_in_order_of_recording<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let other = scene.create(scene.new_client("{}")).await.resource.id;
    let document = scene.create(scene.new_document(client, "{}")).await;
    scene.create(scene.new_check(client, "{}")).await;
    // Made earlier than what is recorded before it.
    let [third, second] = [scene.new_address(client, "{}"), scene.new_address(client, "{}")];
    scene.write([second.clone(), third.clone()].map(Write::Create)).await;
    scene.create(scene.new_address(other, "{}")).await;
    let last = scene.create(scene.new_document(client, "{}")).await;
    let document = scene.update(&document, r#"{"type": "visa"}"#).await;

    let new = |resource| Stored { resource, version: 1 };
    let expected = [document, new(second), new(third), last];
    let belongings = |id| scene.store.belongings(scene.environment, id);
    assert_eq!(belongings(client).await.unwrap(), expected);
    scene.remove(&expected[1]).await;
    let left = [0, 2, 3].map(|place| expected[place].clone());
    assert_eq!(belongings(client).await.unwrap(), left);
    assert_eq!(belongings(other).await.unwrap().len(), 1);
    assert_eq!(belongings(expected[0].resource.id).await.unwrap(), [], "no client at all");
}

pub async fn images_are_kept_byte_for_byte_up_to_their_greatest_length<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut document = scene.create_of_client(|client| scene.new_document(client, "{}")).await;
    let id = document.resource.id;
    let zeros = Bytes::from(vec![0; SMALLEST_IMAGE]);
    for data in [zeros, picture(1, LARGEST_IMAGE - 1), picture(2, LARGEST_IMAGE)] {
        let back = picture(3, data.len() / 2);
        for (side, data) in [(Side::Front, &data), (Side::Back, &back)] {
            scene.write(scene.upload(&document, side, data)).await;
            document = scene.stored(&document.resource).await.unwrap();
        }
        for (side, expected) in [(Side::Front, data), (Side::Back, back)] {
            let found = scene.image(id, side).await;
            assert!(found == Some(expected), "the {side} of {document:?}");
        }
    }
}

pub async fn an_image_is_replaced_and_dropped_for_its_side_only<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [one, other] = [1, 2].map(|seed| picture(seed, SMALLEST_IMAGE));
    let document = scene.create_of_client(|client| scene.new_document(client, "{}")).await;
    let neighbour = scene.create_of_client(|client| scene.new_document(client, "{}")).await;
    scene.write(scene.upload(&neighbour, Side::Front, &one)).await;
    let resource = document.resource;
    let sides = async || {
        [scene.image(resource.id, Side::Front).await, scene.image(resource.id, Side::Back).await]
    };
    let now = async || scene.stored(&resource).await.unwrap();
    assert_eq!(sides().await, [None, None]);
    scene.write(scene.upload(&now().await, Side::Back, &one)).await;
    assert_eq!(sides().await, [None, Some(one.clone())]);
    scene.write(scene.upload(&now().await, Side::Front, &one)).await;
    scene.write(scene.upload(&now().await, Side::Back, &other)).await;
    assert_eq!(sides().await, [Some(one.clone()), Some(other.clone())]);
    scene.write(scene.drop_image(&now().await, Side::Front)).await;
    assert_eq!(sides().await, [None, Some(other.clone())]);
    let unseen = Write::DropImage { document: resource.id, side: Side::Front };
    let retyped = scene.updated(&now().await.resource, r#"{"type": "visa"}"#);
    scene.write([update(&now().await, &retyped), unseen]).await;
    assert_eq!(sides().await, [None, Some(other)], "dropping what is not there is no conflict");
    assert_eq!(scene.image(neighbour.resource.id, Side::Front).await, Some(one));
}

pub async fn the_images_of_a_document_go_with_it<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let before = scene.create(scene.new_document(client, "{}")).await;
    let document = before.resource.clone();
    for side in [Side::Front, Side::Back] {
        let now = scene.stored(&document).await.unwrap();
        scene.write(scene.upload(&now, side, &picture(1, SMALLEST_IMAGE))).await;
    }
    scene.conflict([Write::Delete(before)]).await;
    assert!(scene.image(document.id, Side::Back).await.is_some(), "a conflict drops nothing");
    scene.remove(&scene.stored(&document).await.unwrap()).await;
    let next = scene.create(scene.new_document(client, "{}")).await.resource;
    for id in [document.id, next.id] {
        for side in [Side::Front, Side::Back] {
            assert_eq!(scene.image(id, side).await, None, "the {side} of {id}");
        }
    }
}

pub async fn the_longest_due_comes_first_of_all_environments<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    assert_eq!(due(&scene, scene.tick(), 10).await, (vec![], None));
    let [stranger, other] = scene.strangers().await;
    let at = scene.tick();
    let minute = |n: u64| at.after(Duration::from_secs(n * 60));
    let mut made = Vec::new();
    for (environment, minutes) in
        [(scene.environment, 3), (stranger, 1), (other, 4), (scene.environment, 2)]
    {
        let client = scene.create_in(environment, scene.new_client("{}")).await.resource.id;
        let check = scene.new_check(client, "{}");
        let check = Resource { due_at: Some(minute(minutes)), ..check };
        scene.create_in(environment, scene.new_check(client, "{}")).await;
        made.push((environment, scene.create_in(environment, check).await));
    }
    let [third, first, fourth, second] = made.try_into().expect("four were made");
    let just_before = minute(1).before(Duration::from_millis(1));
    let all = [&first, &second, &third, &fourth].map(Clone::clone);
    assert_eq!(due(&scene, just_before, 10).await, (vec![], Some(minute(1))));
    assert_eq!(due(&scene, minute(1), 10).await, (all[..1].to_vec(), Some(minute(2))));
    assert_eq!(due(&scene, minute(3), 10).await, (all[..3].to_vec(), Some(minute(4))));
    assert_eq!(due(&scene, minute(9), 10).await, (all.to_vec(), None));
    assert_eq!(due(&scene, minute(9), 4).await, (all.to_vec(), None));
    assert_eq!(due(&scene, minute(9), 3).await, (all[..3].to_vec(), Some(minute(4))), "overdue");
    assert_eq!(due(&scene, minute(2), 1).await, (all[..1].to_vec(), Some(minute(2))));
    let scene = scene.reopened().await;
    assert_eq!(due(&scene, minute(3), 10).await, (all[..3].to_vec(), Some(minute(4))));
}

pub async fn what_is_due_at_the_same_time_comes_in_order_of_recording<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let at = scene.tick();
    let [later, earlier] = [scene.new_check(client, "{}"), scene.new_check(client, "{}")];
    let at_once = |check| Resource { due_at: Some(at), ..check };
    scene.write([at_once(earlier), at_once(later)].map(Write::Create)).await;
    let (found, next) = due(&scene, at, 10).await;
    let listed = scene.found(Kind::Check, &ResourceFilter::default()).await;
    let ids: Vec<_> = found.iter().rev().map(|(_, stored)| stored.resource.id).collect();
    assert_eq!((ids, next), (listed, None));
    assert_eq!(due(&scene, at, 1).await, (found[..1].to_vec(), Some(at)));
}

pub async fn a_resource_is_due_as_its_last_update_says_until_it_is_deleted<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    let [early, late] = [scene.tick(), scene.tick()];
    let check = |due_at| Resource { due_at, ..scene.new_check(client.resource.id, "{}") };
    let [completed, postponed, deleted, added] =
        [Some(early), Some(early), Some(early), None].map(check);
    let [completed, postponed, deleted, added] = [
        scene.create(completed).await,
        scene.create(postponed).await,
        scene.create(deleted).await,
        scene.create(added).await,
    ];
    scene.revise(&completed, scene.completed(&completed.resource, "clear")).await;
    let due_then = |stored: &Stored| Resource { due_at: Some(late), ..stored.resource.clone() };
    let postponed = scene.revise(&postponed, due_then(&postponed)).await;
    scene.remove(&deleted).await;
    let added = scene.revise(&added, due_then(&added)).await;
    scene.remove(&client).await;

    assert_eq!(due(&scene, early, 10).await, (vec![], Some(late)));
    let expected = [postponed, added].map(|stored| (scene.environment, stored));
    assert_eq!(due(&scene, late, 10).await, (expected.to_vec(), None), "its client is gone");
    for (_, stored) in &expected {
        let failed = fail(&stored.resource, scene.tick()).unwrap().expect("it was pending");
        scene.revise(stored, failed).await;
    }
    assert_eq!(due(&scene, scene.tick(), 10).await, (vec![], None));
}

pub async fn resources_survive_reopening<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client(r#"{"metadata": {"plan": "gold"}}"#)).await;
    let id = client.resource.id;
    let address = scene.create(scene.new_address(id, "{}")).await;
    let document = scene.create(scene.new_document(id, "{}")).await;
    let front = picture(1, SMALLEST_IMAGE);
    scene.write(scene.upload(&document, Side::Front, &front)).await;
    let check = scene.create(scene.new_check(id, "{}")).await;
    let gone = scene.create(scene.new_client(r#"{"metadata": {"plan": "gold"}}"#)).await;
    scene.remove(&gone).await;
    let updated = scene.update(&client, r#"{"externalId": "1"}"#).await;
    let document = scene.stored(&document.resource).await.unwrap();

    let scene = scene.reopened().await;
    for stored in [&updated, &address, &document, &check] {
        assert_eq!(scene.stored(&stored.resource).await.as_ref(), Some(stored));
        let all = scene.found(stored.resource.kind, &ResourceFilter::default()).await;
        assert_eq!(all, [stored.resource.id]);
    }
    assert_eq!(scene.found(Kind::Client, &by(&[("metadata.plan", "gold")])).await, [id]);
    assert_eq!(scene.found(Kind::Client, &by(&[("type", "person")])).await, [id]);
    assert_eq!(scene.image(document.resource.id, Side::Front).await, Some(front));
    let belongings = scene.store.belongings(scene.environment, id).await.unwrap();
    assert_eq!(belongings, [address, document]);
    let stale = scene.updated(&client.resource, r#"{"externalId": "2"}"#);
    scene.conflict([update(&client, &stale)]).await;
    scene.update(&updated, r#"{"externalId": "2"}"#).await;
}

pub async fn a_resource_outlives_its_events<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await;
    assert_eq!(scene.store.expire(scene.tick(), 10).await.unwrap(), 1);
    assert_eq!(scene.stored(&client.resource).await, Some(client));
}

/// What of all environments is due, and when the next one is.
async fn due<B: Backend>(
    scene: &Scene<B>,
    now: Timestamp,
    limit: usize,
) -> (Vec<(EnvironmentId, Stored)>, Option<Timestamp>) {
    let DueResources { due, next } = scene.store.due_resources(now, limit).await.unwrap();
    (due, next)
}
