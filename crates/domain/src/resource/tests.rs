//! Resources as stories: from requests to objects, byte by byte, and to what events tell of them.

use proptest::prelude::*;

use super::{
    check::{Grounds, NewCheck},
    document::{NewImage, Side, Upload},
    *,
};
use crate::{
    catalogue::Catalogue,
    exact_json,
    id::ObjectId,
    problem::{Problem, ProblemKind},
    raise::raise,
};

mod checks;

const T1: Timestamp = Timestamp::from_millis(1_769_851_800_000);
const T2: Timestamp = Timestamp::from_millis(1_769_851_801_000);

fn id(number: u8) -> ResourceId {
    ResourceId::from_bytes([number; 12])
}

fn object(text: &str) -> Object {
    match exact_json::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{text}: {other:?}"),
    }
}

fn text(object: &Object) -> String {
    String::from_utf8(Value::from(object.clone()).to_bytes()).unwrap()
}

fn person(last_name: &str) -> Resource {
    let request = format!(
        r#"{{"type":"person","email":"jo@example.com","personDetails":{{"firstName":"Jo","lastName":"{last_name}"}}}}"#
    );
    client::create(object(&request), id(1), T1).unwrap()
}

fn company() -> Resource {
    let request = r#"{"type":"company","email":"x@y.z","companyDetails":{"name":"Acme"}}"#;
    client::create(object(request), id(2), T1).unwrap()
}

fn passport() -> Resource {
    let request = r#"{"clientId":"010101010101010101010101","type":"passport"}"#;
    document::create(object(request), id(3), T1).unwrap()
}

fn new_check(request: &str, document: Option<&Resource>) -> Result<Resource, Problem> {
    let new = NewCheck::read(object(request))?;
    let client = person("Doe");
    check::create(new, Grounds { client: &client, document, due_at: Some(T2) }, id(4), T1)
}

fn screening() -> Resource {
    let request = r#"{"clientId":"010101010101010101010101","type":"extensive_screening_check"}"#;
    new_check(request, None).unwrap()
}

fn ids() -> impl FnMut() -> ObjectId {
    let mut last = 0xa0;
    move || {
        last += 1;
        ObjectId::from_bytes([last; 12])
    }
}

fn complete(check: &Resource, report: &str) -> Resource {
    check::complete(check, object(report), ids(), T2).unwrap().unwrap()
}

fn matched(matches: &str) -> Resource {
    let report = format!(r#"{{"outcome":"attention","breakdown":{{"matches":{matches}}}}}"#);
    complete(&screening(), &report)
}

fn kind_of(problem: &Problem) -> &'static str {
    match problem.kind {
        ProblemKind::Unprocessable(kind) => kind,
        ProblemKind::InvalidRequest => "invalid_request",
        ProblemKind::NotFound => "resource_not_found",
        _ => "another",
    }
}

#[test]
fn a_client_has_its_documented_order_and_is_named_after_its_details() {
    let request = r#"{"metadata":{"b":"2","a":"1"},"personDetails":{"lastName":"Doe","middleName":"von","firstName":"Jo","dob":"1990-12-31"},"externalId":"E-1","companyDetails":7,"type":"person","email":"jo@example.com","id":"mine"}"#;
    let client = client::create(object(request), id(1), T1).unwrap();
    assert_eq!(
        text(&client.object),
        r#"{"id":"010101010101010101010101","type":"person","entityName":"Jo von Doe","email":"jo@example.com","externalId":"E-1","personDetails":{"firstName":"Jo","middleName":"von","lastName":"Doe","dob":"1990-12-31"},"metadata":{"b":"2","a":"1"},"createdAt":"2026-01-31T09:30:00.000Z","updatedAt":"2026-01-31T09:30:00.000Z"}"#
    );
    assert_eq!(company().text("entityName"), Some("Acme"));
}

#[test]
fn a_client_without_what_its_type_needs_is_refused_by_name() {
    let email = r#""email":"a@b""#;
    for (request, param) in [
        ("{}".to_owned(), "type"),
        (format!(r#"{{"type":"person",{email}}}"#), "personDetails"),
        (format!(r#"{{"type":"person",{email},"personDetails":{{}}}}"#), "personDetails.firstName"),
        (
            format!(r#"{{"type":"person",{email},"personDetails":{{"firstName":"a"}}}}"#),
            "personDetails.lastName",
        ),
        (format!(r#"{{"type":"company",{email},"personDetails":{{}}}}"#), "companyDetails"),
        (r#"{"type":"person","personDetails":{"firstName":"a","lastName":"b"}}"#.into(), "email"),
    ] {
        let problem = client::create(object(&request), id(1), T1).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some(param), "{request}");
    }
    let problem = client::create(object(r#"{"type":"robot"}"#), id(1), T1).unwrap_err();
    assert_eq!(problem.message, "'type' should be one of person, company");
}

#[test]
fn an_update_of_a_client_merges_its_details_renames_it_and_ignores_the_other_types() {
    let client = person("Doe");
    let request = r#"{"type":"company","personDetails":{"lastName":"Roe"},"companyDetails":"?"}"#;
    let updated = client::update(&client, object(request), T2).unwrap().unwrap();
    assert_eq!(updated.text("entityName"), Some("Jo Roe"));
    assert_eq!(updated.text("personDetails.firstName"), Some("Jo"));
    assert_eq!(updated.text("type"), Some("person"));
    assert_eq!((updated.created_at, updated.updated_at), (T1, T2));
    let problem = client::update(&client, object(r#"{"personDetails":null}"#), T2).unwrap_err();
    assert_eq!(problem.param.as_deref(), Some("personDetails"));
}

#[test]
fn an_update_with_what_is_there_already_changes_nothing() {
    for client in [person("Doe"), company()] {
        let same = client::update(&client, client.object.clone(), T2).unwrap();
        assert_eq!(same, None);
    }
}

#[test]
fn an_update_by_a_clock_that_is_behind_is_not_earlier_than_the_last_one() {
    let client = person("Doe");
    let earlier = Timestamp::from_millis(T1.millis() - 1);
    let updated = client::update(&client, object(r#"{"mobile":"1"}"#), earlier).unwrap().unwrap();
    assert_eq!((updated.updated_at, updated.text("updatedAt")), (T1, client.text("createdAt")));
}

#[test]
fn an_image_of_each_side_stands_in_the_document_front_first() {
    let document = passport();
    let upload = |name: &str| {
        let data = "QUJD".repeat(document::SMALLEST_IMAGE / 3 + 1);
        Upload::read(object(&format!(r#"{{"fileName":"{name}","data":"{data}"}}"#))).unwrap()
    };
    let image = |document: &Resource, side, name, number| {
        let id = ObjectId::from_bytes([number; 12]);
        let new = NewImage { side, id, public_url: "https://h.example", at: T2 };
        document::with_image(document, &upload(name), new)
    };
    let back = image(&document, Side::Back, "back.PNG", 7);
    let both = image(&back, Side::Front, "front.jpg", 8);
    assert_eq!(
        text(document::image(&both, Side::Front).unwrap()),
        r#"{"id":"080808080808080808080808","fileName":"front.jpg","documentSide":"front","downloadLink":"https://h.example/v1/documents/030303030303030303030303/download/front","contentType":"image/jpg","size":34818,"createdAt":"2026-01-31T09:30:01.000Z","updatedAt":"2026-01-31T09:30:01.000Z"}"#
    );
    let sides = |document: &Resource| {
        let images = document.object.get("images").and_then(Value::as_array);
        let images = images.unwrap_or_default().iter();
        images
            .map(|image| image.get("id").unwrap().as_str().unwrap()[..2].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sides(&both), ["08", "07"].map(String::from).to_vec());
    let replaced = image(&both, Side::Back, "back.pdf", 9);
    assert_eq!(sides(&replaced), ["08", "09"].map(String::from).to_vec());
    let front = document::without_image(&replaced, Side::Back, T2).unwrap();
    assert_eq!(sides(&front), ["08".to_owned()].to_vec());
    assert_eq!(document::without_image(&front, Side::Back, T2), None);
    let none = document::without_image(&front, Side::Front, T2).unwrap();
    assert_eq!(none.object.get("images"), None);
}

#[test]
fn an_upload_is_an_image_of_34_kb_to_4_mb_in_base64_under_a_plain_name() {
    let read = |name: &str, bytes: usize| {
        let data = base64_of(bytes);
        Upload::read(object(&format!(r#"{{"fileName":{name},"data":"{data}"}}"#)))
    };
    let size = document::SMALLEST_IMAGE;
    for bytes in [size, document::LARGEST_IMAGE] {
        assert_eq!(read(r#""a.jpeg""#, bytes).unwrap().data.len(), bytes);
    }
    for bytes in [0, size - 1, document::LARGEST_IMAGE + 1] {
        assert_eq!(read(r#""a.jpeg""#, bytes).unwrap_err().param.as_deref(), Some("data"));
    }
    for name in ["7", r#""""#, r#""a.gif""#, r#""a""#, r#""../a.jpg""#, r#""a\r\n.jpg""#, "null"] {
        let problem = read(name, size).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some("fileName"), "{name}");
    }
    for data in [r#""data":"!!!!""#, r#""data":7"#, r#""data":null"#, r#""date":"""#] {
        let request = format!(r#"{{"fileName":"a.png",{data}}}"#);
        let problem = Upload::read(object(&request)).unwrap_err();
        assert_eq!(problem.param.as_deref(), Some("data"), "{data}");
    }
    let broken =
        format!(r#"{{"fileName":"a.png","data":"{}\n"}}"#, base64_of(size).replace('A', "\\nA"));
    assert_eq!(Upload::read(object(&broken)).unwrap().data.len(), size, "line breaks are allowed");
}

fn base64_of(bytes: usize) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(vec![0; bytes])
}

#[test]
fn attributes_are_the_filterable_texts_by_their_paths() {
    let request = r#"{"type":"person","email":"a@b","personDetails":{"firstName":"Jo","lastName":"Doe","gender":"other"},"metadata":{"plan.name":"x=y"}}"#;
    let client = client::create(object(request), id(1), T1).unwrap();
    let attributes = client.attributes();
    let found: Vec<_> =
        attributes.iter().map(|one| format!("{}={}", one.path, one.value)).collect();
    assert_eq!(
        found,
        [
            "type=person",
            "email=a@b",
            "personDetails.firstName=Jo",
            "personDetails.lastName=Doe",
            "personDetails.gender=other",
            "metadata.plan.name=x=y",
        ]
    );
    assert!(
        attributes.iter().all(|one| Kind::Client.shape().filter(&one.path) == shape::Filter::Known)
    );
}

#[test]
fn what_was_stored_is_the_same_resource() {
    for resource in [person("Doe"), company(), passport(), screening()] {
        let again = Resource::from_stored(resource.kind, resource.object.clone(), resource.due_at);
        assert_eq!(again, Some(resource));
    }
    assert_eq!(Resource::from_stored(Kind::Client, object("{}"), None), None);
}

/// An update of a client: each field is left, set or, where that may be, removed.
fn updates() -> impl Strategy<Value = Object> {
    let text =
        || proptest::option::of(prop_oneof![Just(Value::Null), "[a-c]{1,2}".prop_map(Value::from)]);
    let name = || proptest::option::of("[a-c]{1,2}".prop_map(Value::from));
    let entries = proptest::collection::btree_map("[a-c0-2]", "[a-b]{0,2}", 0..4);
    let metadata = proptest::option::of(prop_oneof![
        Just(Value::Null),
        entries.prop_map(|entries| {
            let entries = entries.into_iter().map(|(key, value)| (key, value.into()));
            Value::Object(entries.collect())
        }),
    ]);
    let details = (name(), text(), name());
    (text(), text(), details, metadata).prop_map(|(mobile, external, details, metadata)| {
        let object = |fields: Vec<(&str, Option<Value>)>| -> Object {
            let given = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
            given.collect()
        };
        let (first, middle, last) = details;
        let details =
            object(vec![("firstName", first), ("middleName", middle), ("lastName", last)]);
        let details = (!details.is_empty()).then(|| details.into());
        object(vec![
            ("mobile", mobile),
            ("externalId", external),
            ("personDetails", details),
            ("metadata", metadata),
        ])
    })
}

proptest! {
    #[test]
    fn the_updated_fields_of_any_updates_applied_to_the_created_object_give_the_final_one(
        requests in proptest::collection::vec(updates(), 1..8),
    ) {
        let catalogue = Catalogue::built_in();
        let mut client = person("Doe");
        let mut folded = client.object.clone();
        for request in requests {
            let Some(after) = client::update(&client, request, T2).unwrap() else { continue };
            let events = raise(&catalogue, &after.change("client.updated", Some(&client))).unwrap();
            prop_assert_eq!(events.len(), 1, "what changed raises its event");
            for (name, value) in events[0].payload.as_object().unwrap() {
                if value.is_null() {
                    folded.remove(name);
                } else {
                    folded.insert(name.to_owned(), value.clone());
                }
            }
            client = after;
        }
        prop_assert_eq!(text(&client::CLIENT.arrange(folded)), text(&client.object));
    }
}
