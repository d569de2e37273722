//! The laws of [`Resources::list_resources`]: what is in which order on which page, and how much
//! there is.

use herald_domain::resource::{Kind, Resource};

use super::{
    Backend,
    fixtures::{Scene, whole},
    fixtures_resources::{by, ids, json, update},
    model::keeps,
};
use crate::{Page, Record, Recording, ResourceFilter, Resources, Stored, TimeRange, Write};

pub async fn resources_are_listed_as_json_last_recorded_first_in_pages<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for fields in ["{}", r#"{"externalId": "Æ\"\\"}"#, "{}", r#"{"metadata": {"2": "\u001f"}}"#] {
        made.insert(0, json(&scene.create(scene.new_client(fields)).await.resource));
    }
    let last = [scene.new_client("{}"), scene.new_client("{}"), scene.new_client("{}")];
    scene.write(last.clone().map(Write::Create)).await;
    for client in &last {
        made.insert(0, json(client));
    }
    for (number, items) in (1..).zip([&made[..2], &made[2..4], &made[4..6], &made[6..], &[], &[]]) {
        let page = Page::new(number, 2).unwrap();
        let filter = ResourceFilter::default();
        let listed = scene.store.list_resources(scene.environment, Kind::Client, filter, page);
        let listed = listed.await.unwrap();
        assert_eq!((listed.items.as_slice(), listed.total), (items, 7), "page {number}");
    }
    let beyond = Page::new(u32::MAX, 1000).unwrap();
    let filter = by(&[("type", "person")]);
    let listed = scene.store.list_resources(scene.environment, Kind::Client, filter, beyond).await;
    let listed = listed.unwrap();
    assert_eq!((listed.items.len(), listed.total), (0, 7));
}

pub async fn the_order_is_of_recording_and_not_of_making_or_updating<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [third, second, first] = ["a", "b", "a"].map(|name| scene.client_called(name));
    let mut made = Vec::new();
    for client in [first, second, third] {
        made.push(scene.create(client).await);
    }
    let [first, second, third] = [0, 1, 2].map(|place: usize| made[place].resource.id);
    let any = ResourceFilter::default();
    assert_eq!(scene.found(Kind::Client, &any).await, [third, second, first]);
    scene.update(&made[0], r#"{"email": "first@example.com"}"#).await;
    scene.update(&made[1], r#"{"externalId": "a"}"#).await;
    assert_eq!(scene.found(Kind::Client, &any).await, [third, second, first]);
    assert_eq!(
        scene.found(Kind::Client, &by(&[("externalId", "a")])).await,
        [third, second, first]
    );
    let created = TimeRange { before: Some(scene.tick()), after: None };
    let updated = created;
    let timed = ResourceFilter { created, updated, ..any };
    assert_eq!(scene.found(Kind::Client, &timed).await, [third, second, first]);
}

pub async fn pages_part_what_a_filter_keeps_without_gap_or_overlap<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        let clients: Vec<_> = (0..50).map(|number| numbered(&scene, number)).collect();
        scene.write(clients.iter().cloned().map(Write::Create).collect::<Vec<_>>()).await;
        made.extend(clients);
    }
    let deleted: Vec<_> = made.extract_if(.., |client| is(client, "externalId", "7")).collect();
    let delete = |resource| Write::Delete(Stored { resource, version: 1 });
    scene.write(deleted.into_iter().map(delete).collect::<Vec<_>>()).await;
    made.reverse();

    let middle = TimeRange { after: Some(made[200].created_at), before: Some(made[20].created_at) };
    let filters = [
        ResourceFilter::default(),
        by(&[("type", "person")]),
        by(&[("type", "person"), ("personDetails.nationality", "DK")]),
        by(&[("externalId", "3")]),
        by(&[("externalId", "4"), ("metadata.plan", "gold")]),
        ResourceFilter { created: middle, ..by(&[("metadata.plan", "gold")]) },
        ResourceFilter { updated: middle, ..ResourceFilter::default() },
        by(&[("externalId", "7")]),
    ];
    for filter in filters {
        let kept: Vec<_> = made.iter().filter(|client| keeps(&filter, client)).collect();
        let expected: Vec<_> = kept.into_iter().map(|client| client.id).collect();
        for size in [9, 100] {
            let mut found = Vec::new();
            for number in 1..=(250 / size + 2) {
                let page = Page::new(number, size).unwrap();
                let store = &scene.store;
                let listed =
                    store.list_resources(scene.environment, Kind::Client, filter.clone(), page);
                let listed = listed.await.unwrap();
                assert_eq!(listed.total, expected.len() as u64, "{filter:?}");
                found.extend(ids(&listed.items));
            }
            assert_eq!(found, expected, "{size} of {filter:?}");
        }
    }
}

/// A client that has some of its attributes in common with others.
fn numbered<B: Backend>(scene: &Scene<B>, number: usize) -> Resource {
    let details = match number % 4 {
        0 => r#""type": "company", "companyDetails": {"name": "Ærø"}"#,
        1 => r#""personDetails": {"firstName": "Z", "lastName": "Æ", "nationality": "DK"}"#,
        _ => r#""personDetails": {"firstName": "Z", "lastName": "Æ", "nationality": "SE"}"#,
    };
    let plan = if number.is_multiple_of(3) { "silver" } else { "gold" };
    scene.new_client(&format!(
        r#"{{{details}, "externalId": "{number}", "metadata": {{"plan": "{plan}"}}}}"#
    ))
}

pub async fn what_comes_after_a_deletion_has_nothing_of_what_was_deleted<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    for number in 0..3 {
        let client = scene.create(scene.client_called(&format!("former {number}"))).await;
        scene.remove(&client).await;
        let next = scene.create(scene.client_called("next")).await;
        for former in 0..=number {
            let filter = by(&[("externalId", &format!("former {former}"))]);
            assert_eq!(scene.found(Kind::Client, &filter).await, []);
        }
        let found = scene.found(Kind::Client, &by(&[("externalId", "next")])).await;
        assert_eq!(found, [next.resource.id]);
        let belongings = scene.store.belongings(scene.environment, next.resource.id).await;
        assert_eq!(belongings.unwrap(), []);
        scene.remove(&next).await;
    }
}

pub async fn what_environments_have_alike_is_listed_apart<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let [live, other] = scene.strangers().await;
    let mut made = Vec::new();
    for (environment, count) in [(live, 1), (scene.environment, 2), (other, 3)] {
        let mut clients = Vec::new();
        for _ in 0..count {
            let client = scene.create_in(environment, scene.client_called("alike")).await;
            clients.insert(0, client.resource.id);
        }
        made.push((environment, clients));
    }
    let already = TimeRange { after: None, before: Some(scene.tick()) };
    for filter in [
        by(&[]),
        by(&[("type", "person")]),
        by(&[("externalId", "alike")]),
        by(&[("externalId", "alike"), ("type", "person")]),
        ResourceFilter { created: already, ..by(&[]) },
        ResourceFilter { updated: already, ..by(&[("externalId", "alike")]) },
    ] {
        for (environment, expected) in &made {
            let store = &scene.store;
            let listed = store.list_resources(*environment, Kind::Client, filter.clone(), whole());
            let listed = listed.await.unwrap();
            let total = expected.len() as u64;
            assert_eq!((ids(&listed.items), listed.total), (expected.clone(), total), "{filter:?}");
        }
    }
}

pub async fn lists_and_totals_follow_every_change<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let person = |country: &str, fields: &str| {
        let details = r#""firstName": "Zoë", "lastName": "Ærø""#;
        scene.new_client(&format!(
            r#"{{"personDetails": {{{details}, "nationality": "{country}"}}{fields}}}"#
        ))
    };
    let nationality = |country: &str| {
        format!(r#"{{"personDetails": {{"nationality": {country}}}, "mobile": {country}}}"#)
    };
    let company = r#"{"type": "company", "companyDetails": {"name": "Ærø"}, "externalId": "x"}"#;

    let a = scene.create(person("GB", r#", "metadata": {"plan": "gold"}"#)).await;
    assert_lists(&scene, &[&a]).await;
    let b = scene.create(person("DE", r#", "externalId": "x""#)).await;
    let c = scene.create(scene.new_client(company)).await;
    assert_lists(&scene, &[&a, &b, &c]).await;
    let a2 = scene.update(&a, &nationality(r#""DE""#)).await;
    assert_lists(&scene, &[&a2, &b, &c]).await;
    let a3 = scene.update(&a2, r#"{"email": "a@example.com"}"#).await;
    assert_lists(&scene, &[&a3, &b, &c]).await;
    let b2 = scene.update(&b, &nationality("null")).await;
    assert_lists(&scene, &[&a3, &b2, &c]).await;

    let d = person("GB", "");
    let stale = scene.updated(&b.resource, &nationality(r#""GB""#));
    scene.conflict([Write::Create(d.clone()), update(&b, &stale)]).await;
    scene.conflict([Write::Delete(b)]).await;
    let used = scene.new_record("client.created");
    scene.record(used.clone()).await;
    let writes = vec![Write::Create(d.clone()), Write::Delete(c.clone())];
    let failing = Record { events: used.events, ..scene.record_of_writes(writes) };
    assert!(scene.store.record(failing).await.is_err());
    assert_lists(&scene, &[&a3, &b2, &c]).await;

    let new = |resource: &Resource| Stored { resource: resource.clone(), version: 1 };
    let gone = person("GB", "");
    let moved = scene.updated(&d, &nationality(r#""DE""#));
    scene
        .write([
            Write::Create(gone.clone()),
            Write::Create(d.clone()),
            Write::Delete(new(&gone)),
            update(&new(&d), &moved),
            Write::Delete(c),
        ])
        .await;
    let d = Stored { resource: moved, version: 2 };
    assert_lists(&scene, &[&a3, &b2, &d]).await;
    let scene = scene.reopened().await;
    assert_lists(&scene, &[&a3, &b2, &d]).await;
    for (stored, left) in [(&d, vec![&a3, &b2]), (&a3, vec![&b2]), (&b2, vec![])] {
        scene.remove(stored).await;
        assert_lists(&scene, &left).await;
    }
}

/// That these are the clients there are, in this order of recording, whatever the filter.
async fn assert_lists<B: Backend>(scene: &Scene<B>, clients: &[&Stored]) {
    let beginning = TimeRange { after: None, before: Some(scene.tick()) };
    for filter in [
        by(&[]),
        by(&[("type", "person")]),
        by(&[("type", "company")]),
        by(&[("personDetails.nationality", "GB")]),
        by(&[("personDetails.nationality", "DE")]),
        by(&[("type", "person"), ("personDetails.nationality", "DE")]),
        by(&[("mobile", "DE")]),
        by(&[("externalId", "x")]),
        by(&[("externalId", "x"), ("type", "person")]),
        by(&[("metadata.plan", "gold")]),
        ResourceFilter { created: beginning, ..by(&[]) },
        ResourceFilter { updated: beginning, ..by(&[("type", "person")]) },
    ] {
        let newest_first = clients.iter().rev().map(|stored| &stored.resource);
        let kept: Vec<_> = newest_first.filter(|client| keeps(&filter, client)).collect();
        let listed = scene.list(Kind::Client, &filter).await;
        let expected: Vec<_> = kept.into_iter().map(json).collect();
        assert_eq!((listed.total, listed.items), (expected.len() as u64, expected), "{filter:?}");
    }
}

pub async fn totals_of_checks_follow_their_status_and_outcome<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let check = || scene.new_check(client, r#"{"enableMonitoring": true}"#);
    let totals = async || {
        let mut totals = Vec::new();
        for attribute in [
            ("status", "pending"),
            ("status", "complete"),
            ("result.outcome", "attention"),
            ("result.outcome", "clear"),
        ] {
            totals.push(scene.found(Kind::Check, &by(&[attribute])).await.len());
        }
        totals
    };
    let first = scene.create(check()).await;
    let second = scene.create(check()).await;
    assert_eq!(totals().await, [2, 0, 0, 0]);
    let first = scene.revise(&first, scene.completed(&first.resource, "clear")).await;
    let second = scene.revise(&second, scene.completed(&second.resource, "attention")).await;
    assert_eq!(totals().await, [0, 2, 1, 1]);
    scene.update(&second, r#"{"enableMonitoring": false}"#).await;
    assert_eq!(totals().await, [0, 2, 1, 1]);
    scene.remove(&first).await;
    assert_eq!(totals().await, [0, 1, 1, 0]);
}

fn is(resource: &Resource, path: &str, value: &str) -> bool {
    keeps(&by(&[(path, value)]), resource)
}
