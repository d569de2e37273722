//! The laws of [`ResourceFilter`]: what it keeps, and that no value or path is taken for another.

use std::{collections::BTreeSet, time::Duration};

use herald_domain::{
    exact_json::Object,
    resource::{Kind, Resource},
};

use super::{Backend, fixtures::Scene, fixtures_resources::by};
use crate::{ResourceFilter, TimeRange, Write};

pub async fn each_filter_of_clients_holds_and_all_hold_together<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let company = r#"{"type": "company", "email": "c@example.com", "joinedDate": "2020-02-29",
        "companyDetails": {"name": "Ærø A/S", "incorporationCountry": "DK"}}"#;
    let person = r#"{"externalId": "1", "mobile": "+45 1", "metadata": {"plan": "gold", "x": "y"},
        "personDetails": {"firstName": "Zoë", "lastName": "Ærø", "dob": "1990-12-31",
            "gender": "other", "nationality": "DK", "ssn": "1"}}"#;
    let other = r#"{"externalId": "2", "telephone": "+45 1", "metadata": {"plan": "y", "x": "gold"},
        "personDetails": {"firstName": "Ærø", "lastName": "Zoë", "nationality": "SE"}}"#;
    let mut made = Vec::new();
    for fields in [company, person, other] {
        made.push(scene.create(scene.new_client(fields)).await.resource.id);
    }
    let [a, b, c] = made.try_into().expect("three were made");
    let cases = [
        (vec![("type", "company")], vec![a]),
        (vec![("type", "person")], vec![c, b]),
        (vec![("email", "c@example.com")], vec![a]),
        (vec![("joinedDate", "2020-02-29")], vec![a]),
        (vec![("companyDetails.name", "Ærø A/S")], vec![a]),
        (vec![("companyDetails.incorporationCountry", "DK")], vec![a]),
        (vec![("externalId", "1")], vec![b]),
        (vec![("mobile", "+45 1")], vec![b]),
        (vec![("telephone", "+45 1")], vec![c]),
        (vec![("personDetails.lastName", "Ærø")], vec![b]),
        (vec![("personDetails.firstName", "Ærø")], vec![c]),
        (vec![("personDetails.dob", "1990-12-31")], vec![b]),
        (vec![("personDetails.nationality", "DK")], vec![b]),
        (vec![("personDetails.gender", "other")], vec![b]),
        (vec![("personDetails.ssn", "1")], vec![b]),
        (vec![("metadata.plan", "gold")], vec![b]),
        (vec![("metadata.x", "gold")], vec![c]),
        (vec![("metadata.plan", "gold"), ("metadata.x", "y"), ("type", "person")], vec![b]),
        (vec![("metadata.plan", "y"), ("metadata.x", "y")], vec![]),
        (vec![("type", "person"), ("personDetails.nationality", "SE")], vec![c]),
        (vec![("type", "company"), ("personDetails.nationality", "SE")], vec![]),
        (vec![("type", "person"), ("type", "person")], vec![c, b]),
        (vec![("type", "person"), ("type", "company")], vec![]),
        (vec![("externalId", "1"), ("externalId", "2")], vec![]),
        (vec![("type", "nobody")], vec![]),
        (vec![("metadata.plan", "silver")], vec![]),
    ];
    for (attributes, expected) in cases {
        let filter = by(&attributes);
        assert_eq!(scene.found(Kind::Client, &filter).await, expected, "{filter:?}");
    }
}

pub async fn a_filter_by_what_is_no_attribute_keeps_nothing<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let fields = r#"{"metadata": {"plan": "gold"}}"#;
    let client = scene.create(scene.new_client(fields)).await.resource;
    let id = client.id.to_string();
    let created_at = client.created_at.to_string();
    let filters = [
        ("entityName", "Zoë Ærø"),
        ("id", &id),
        ("createdAt", &created_at),
        ("lastName", "Ærø"),
        ("personDetails", "Ærø"),
        ("PersonDetails.lastName", "Ærø"),
        ("personDetails.lastName.", "Ærø"),
        ("metadata", "gold"),
        ("plan", "gold"),
        ("metadata.Plan", "gold"),
        ("metadata.plan.", "gold"),
        ("", "gold"),
        ("", ""),
        ("type", ""),
    ];
    for filter in filters.map(|one| by(&[one])) {
        assert_eq!(scene.found(Kind::Client, &filter).await, [], "{filter:?}");
    }
}

pub async fn what_belongs_to_a_client_is_filtered_too<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let client = scene.create(scene.new_client("{}")).await.resource.id;
    let other = scene.create(scene.new_client("{}")).await.resource.id;
    let there = r#"{"city": "Malmö", "country": "SE", "type": null}"#;
    let [here, there] = [
        scene.create(scene.new_address(client, "{}")).await.resource.id,
        scene.create(scene.new_address(other, there)).await.resource.id,
    ];
    let visa = r#"{"type": "visa", "issuingCountry": null, "classification": "other"}"#;
    let [passport, visa] = [
        scene.create(scene.new_document(client, "{}")).await.resource.id,
        scene.create(scene.new_document(client, visa)).await.resource.id,
    ];
    let paper = format!(r#"{{"type": "identity_check", "documentId": "{passport}"}}"#);
    let pending = scene.create(scene.new_check(client, &paper)).await.resource.id;
    let complete = scene.create(scene.new_check(client, "{}")).await;
    scene.revise(&complete, scene.completed(&complete.resource, "attention")).await;
    let (of_client, of_other) = (client.to_string(), other.to_string());
    let (of_paper, complete) = (passport.to_string(), complete.resource.id);
    let cases = [
        (Kind::Address, vec![("clientId", of_client.as_str())], vec![here]),
        (Kind::Address, vec![("clientId", &of_other), ("country", "SE")], vec![there]),
        (Kind::Address, vec![("clientId", &of_client), ("country", "SE")], vec![]),
        (Kind::Address, vec![("city", "Malmö")], vec![there]),
        (Kind::Address, vec![("type", "main")], vec![here]),
        (Kind::Document, vec![("clientId", &of_client)], vec![visa, passport]),
        (Kind::Document, vec![("clientId", &of_other)], vec![]),
        (Kind::Document, vec![("issuingCountry", "DK")], vec![passport]),
        (Kind::Document, vec![("classification", "other")], vec![visa]),
        (Kind::Check, vec![("clientId", &of_client)], vec![complete, pending]),
        (Kind::Check, vec![("status", "pending")], vec![pending]),
        (Kind::Check, vec![("status", "complete")], vec![complete]),
        (Kind::Check, vec![("documentId", &of_paper)], vec![pending]),
        (Kind::Check, vec![("type", "standard_screening_check")], vec![complete]),
        (Kind::Check, vec![("result.outcome", "attention")], vec![complete]),
        (Kind::Check, vec![("result.outcome", "clear")], vec![]),
        (Kind::Check, vec![("result.outcome", "attention"), ("status", "pending")], vec![]),
    ];
    for (kind, attributes, expected) in cases {
        let filter = by(&attributes);
        assert_eq!(scene.found(kind, &filter).await, expected, "{kind:?} {filter:?}");
    }
}

pub async fn a_filter_finds_what_is_and_not_what_was<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let gold = r#"{"externalId": "old", "metadata": {"plan": "gold", "old": "1"}}"#;
    let client = scene.create(scene.new_client(gold)).await;
    let id = client.resource.id;
    let found = async |attributes: &[(&str, &str)]| {
        let found = scene.found(Kind::Client, &by(attributes)).await;
        assert!(found.is_empty() || found == [id], "{found:?}");
        !found.is_empty()
    };
    assert!(found(&[("externalId", "old"), ("metadata.plan", "gold")]).await);
    let news = r#"{"externalId": "new", "metadata": {"plan": "lead", "new": "1"}, "mobile": "1",
        "personDetails": {"nationality": "DK"}}"#;
    let client = scene.update(&client, news).await;
    for (path, old, new) in [
        ("externalId", "old", "new"),
        ("metadata.plan", "gold", "lead"),
        ("metadata.old", "1", "2"),
    ] {
        assert!(!found(&[(path, old)]).await, "{path}");
        assert_eq!(found(&[(path, new)]).await, path != "metadata.old", "{path}");
    }
    assert!(found(&[("metadata.new", "1"), ("mobile", "1"), ("type", "person")]).await);
    assert!(found(&[("personDetails.nationality", "DK")]).await);

    let removals = r#"{"externalId": null, "metadata": null, "mobile": null,
        "personDetails": {"nationality": null}}"#;
    let client = scene.update(&client, removals).await;
    for (path, old) in [
        ("externalId", "new"),
        ("metadata.plan", "lead"),
        ("mobile", "1"),
        ("personDetails.nationality", "DK"),
    ] {
        assert!(!found(&[(path, old)]).await, "{path}");
    }
    assert!(found(&[("type", "person"), ("personDetails.lastName", "Ærø")]).await);
    scene.remove(&client).await;
    let last = scene.create(scene.client_called("another")).await.resource.id;
    for attribute in [("type", "person"), ("personDetails.lastName", "Ærø")] {
        let found = scene.found(Kind::Client, &by(&[attribute])).await;
        assert_eq!(found, [last], "the deleted one is not found");
    }
}

pub async fn resources_are_filtered_by_when_they_were_made_and_last_changed<B: Backend>(
    backend: B,
) {
    let scene = Scene::new(backend).await;
    let [c, a, b] = ["x", "x", "y"].map(|name| scene.client_called(name));
    let a = scene.create(a).await;
    let (b, c) = (scene.create(b).await.resource, scene.create(c).await.resource);
    let a = scene.update(&a, r#"{"email": "a@example.com"}"#).await.resource;
    let millisecond = Duration::from_millis(1);
    let range = |after, before| TimeRange { after, before };
    let any = TimeRange::default();
    let cases = [
        (range(Some(a.created_at), None), any, vec![b.id]),
        (range(Some(a.created_at.before(millisecond)), None), any, vec![b.id, a.id]),
        (range(None, Some(a.created_at)), any, vec![c.id]),
        (range(None, Some(a.created_at.after(millisecond))), any, vec![c.id, a.id]),
        (range(Some(c.created_at), Some(b.created_at)), any, vec![a.id]),
        (range(Some(b.created_at), Some(c.created_at)), any, vec![]),
        (any, range(Some(a.updated_at), None), vec![]),
        (any, range(None, Some(a.updated_at)), vec![c.id, b.id]),
        (any, range(Some(b.updated_at), None), vec![a.id]),
        (any, range(Some(b.updated_at.before(millisecond)), None), vec![b.id, a.id]),
        (any, range(Some(a.created_at), Some(a.updated_at)), vec![b.id]),
        (range(None, Some(b.created_at)), range(Some(c.updated_at), None), vec![a.id]),
        (range(Some(c.created_at), None), range(None, Some(a.updated_at)), vec![b.id]),
    ];
    for (created, updated, expected) in cases {
        let filter = ResourceFilter { created, updated, attributes: Vec::new() };
        assert_eq!(scene.found(Kind::Client, &filter).await, expected, "{filter:?}");
        let narrowed =
            ResourceFilter { attributes: by(&[("externalId", "x")]).attributes, ..filter };
        let of_x: Vec<_> = expected.into_iter().filter(|id| *id != b.id).collect();
        assert_eq!(scene.found(Kind::Client, &narrowed).await, of_x, "{narrowed:?}");
    }
}

pub async fn a_value_is_found_exactly_whatever_is_in_it<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let long = "ø".repeat(499);
    let mut values: Vec<String> = TRICKY.iter().chain(LONGER).copied().map(String::from).collect();
    values.extend(["a", "b", ""].map(|end| format!("{long}{end}")));
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), values.len(), "all are different");
    let clients: Vec<_> = values.iter().map(|value| client_with(&scene, "k", value)).collect();
    scene.write(clients.iter().cloned().map(Write::Create).collect::<Vec<_>>()).await;
    for (value, client) in values.iter().zip(&clients) {
        let filter = by(&[("metadata.k", value)]);
        assert_eq!(scene.found(Kind::Client, &filter).await, [client.id], "{value:?}");
        let too_much = by(&[("metadata.k", value), ("metadata.k", "?!")]);
        assert_eq!(scene.found(Kind::Client, &too_much).await, [], "{value:?}");
    }
    for absent in ["B", "aa", "000", "k", "ø", "person", "metadata.k"] {
        let filter = by(&[("metadata.k", absent)]);
        assert_eq!(scene.found(Kind::Client, &filter).await, [], "{absent:?}");
    }
}

pub async fn a_very_long_value_is_found_exactly<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let long = "🦉".repeat(3_999);
    for last in ["a", "A", ""] {
        let value = format!("{long}{last}");
        let client = scene.create(scene.client_called(&value)).await.resource.id;
        assert_eq!(scene.found(Kind::Client, &by(&[("externalId", &value)])).await, [client]);
    }
    assert_eq!(scene.found(Kind::Client, &by(&[("externalId", &format!("{long}b"))])).await, []);
}

pub async fn a_path_is_told_from_its_value_whatever_is_in_them<B: Backend>(backend: B) {
    let scene = Scene::new(backend).await;
    let entries = [
        ("a", "b=c"),
        ("a=b", "c"),
        ("a=", "b=c"),
        ("a", "=b=c"),
        ("a.b", "c"),
        ("a", "b.c"),
        ("a", ".b.c"),
        ("A", "b=c"),
        (" a", "b=c"),
        ("a ", "b=c"),
        ("a", " b=c"),
        ("ab", "c"),
        ("a", "bc"),
        ("abc", ""),
        ("a\u{1f}b", "c"),
        ("a", "\u{1f}b\u{1f}c"),
        ("a:b", "c"),
        ("a", "b:c"),
        ("\"", "'"),
        ("'", "\""),
        ("0", "1"),
        ("00", "1"),
        ("é", "1"),
        ("e\u{301}", "1"),
        ("type", "person"),
        ("metadata.a", "bc"),
    ];
    let clients = entries.map(|(key, value)| client_with(&scene, key, value));
    scene.write(clients.clone().map(Write::Create)).await;
    for ((key, value), client) in entries.iter().zip(&clients) {
        let filter = by(&[(&format!("metadata.{key}"), value)]);
        assert_eq!(scene.found(Kind::Client, &filter).await, [client.id], "{filter:?}");
    }
}

/// Values that an index may take for one another, or for something of its own.
const TRICKY: &[&str] = &[
    "", " ", "  ", "\t", "\n", "\u{1}", "\u{1f}", "\u{7f}", "\u{a0}", "\u{200b}", "\u{feff}", "0",
    "00", "0.0", "-0", "+0", "0x0", "false", "null", "NULL", "None", "1000", "1e3", "1E3", "1,000",
    " 1000", "1000 ", "1", "①", "a", "A", "a ", " a", "a\n", "á", "a\u{301}", "Á", "å", "ä", "ae",
    "æ", "fi", "\u{fb01}", "ss", "ß", "SS", "ẞ", "i", "I", "ı", "İ", "K", "\u{212a}", "Σ", "σ",
    "ς", "'", "''", "\"", "\"\"", "\"a\"", "'a'", "`", "\\", "\\\\", "\\'", "\\u0061", "%", "%61",
    "_", "*", "?", "a%", "a_", "a*", "^a", "a$", "[a]", "(a)", "{a}", "-a", "+a", "~a", "a b",
    "b a", "a  b", "a-b", "a.b", "a=b", "a=", "=a", "=", "==", ".", "..", ":", "a:b", "a,b", "a;b",
    "a|b", "a&b", "a/b", "a OR b", "a AND b", "NOT a", "abc", "cba", "🦉", "🦉🦉", "日本", "שלום",
];

/// The same, but longer.
const LONGER: &[&str] = &[
    "9007199254740992",
    "9007199254740993",
    "NEAR(a b)",
    "'; DROP TABLE resource; --",
    "metadata.k=a",
    "undefined",
    "日本語",
    "👩🔬",
    "👩\u{200d}🔬",
    "\u{10ffff}",
    "\u{200f}שלום",
];

fn client_with<B: Backend>(scene: &Scene<B>, key: &str, value: &str) -> Resource {
    let metadata = Object::from_iter([(key.to_owned(), value.into())]);
    scene.client_of(&Object::from_iter([("metadata".to_owned(), metadata.into())]))
}
