//! Every built-in type with its payload rule, as tables; "updated fields" as properties.

use proptest::prelude::*;

use super::*;
use crate::exact_json;

fn object(text: &str) -> Object {
    match exact_json::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{text}: {other:?}"),
    }
}

fn raised(event_type: &str, current: &str, previous: Option<&str>) -> Vec<(String, String)> {
    let subject = Subject::Resource { current: object(current), previous: previous.map(object) };
    let change = Change { event_type: event_type.into(), subject };
    raise(&Catalogue::built_in(), &change)
        .unwrap()
        .into_iter()
        .map(|event| (event.event_type, String::from_utf8(event.payload.to_bytes()).unwrap()))
        .collect()
}

fn refusal(catalogue: &Catalogue, event_type: &str, subject: Subject) -> (String, String) {
    let problem = raise(catalogue, &Change { event_type: event_type.into(), subject }).unwrap_err();
    (problem.param.unwrap_or_default(), problem.message)
}

fn expect(events: &[(String, String)], expected: &[(&str, &str)]) {
    let events: Vec<_> = events.iter().map(|(t, p)| (t.as_str(), p.as_str())).collect();
    assert_eq!(events, expected);
}

#[test]
fn a_created_resource_is_sent_in_full() {
    let client = r#"{"id":"a","type":"person","email":"j@x.org"}"#;
    expect(&raised("client.created", client, None), &[("client.created", client)]);
    expect(&raised("check.pending", client, None), &[("check.pending", client)]);
}

#[test]
fn a_deleted_resource_is_sent_as_its_id() {
    let events = raised("document.deleted", r#"{"id":"a","type":"visa"}"#, None);
    expect(&events, &[("document.deleted", r#"{"id":"a"}"#)]);
}

#[test]
fn an_updated_resource_is_sent_as_its_changed_fields() {
    let before =
        r#"{"id":"a","email":"old","mobile":"1","metadata":{"x":"1","y":"2"},"updatedAt":"t1"}"#;
    let after = r#"{"id":"a","email":"new","metadata":{"x":"1","y":"3"},"updatedAt":"t2"}"#;
    expect(
        &raised("client.updated", after, Some(before)),
        &[(
            "client.updated",
            r#"{"id":"a","email":"new","metadata":{"x":"1","y":"3"},"updatedAt":"t2","mobile":null}"#,
        )],
    );
}

#[test]
fn an_update_that_changes_nothing_raises_nothing() {
    let before = r#"{"id":"a","email":"x","updatedAt":"t1"}"#;
    let after = r#"{"id":"a","email":"x","updatedAt":"t2"}"#;
    expect(&raised("client.updated", after, Some(before)), &[]);
}

#[test]
fn an_image_upload_is_an_update_too() {
    let before = r#"{"id":"a","type":"visa","updatedAt":"t1"}"#;
    let after = r#"{"id":"a","type":"visa","images":[{"id":"i"}],"updatedAt":"t2"}"#;
    let payload = r#"{"id":"a","images":[{"id":"i"}],"updatedAt":"t2"}"#;
    expect(
        &raised("document.updated.image_uploaded", after, Some(before)),
        &[("document.updated", payload), ("document.updated.image_uploaded", payload)],
    );
}

#[test]
fn a_completed_check_raises_the_pair_of_its_outcome() {
    for outcome in ["clear", "attention", "rejected", "match_confirmed", "not_processed"] {
        let check = format!(
            r#"{{"id":"a","clientId":"c","status":"complete","result":{{"outcome":"{outcome}"}},"createdAt":"t1","updatedAt":"t2"}}"#
        );
        let payload = format!(
            r#"{{"id":"a","status":"complete","outcome":"{outcome}","createdAt":"t1","updatedAt":"t2"}}"#
        );
        let specific = format!("check.completed.{outcome}");
        let mut expected = vec![("check.completed", payload.as_str())];
        if outcome != "not_processed" {
            expected.push((&specific, &payload));
        }
        expect(&raised("check.completed", &check, None), &expected);
        if outcome != "not_processed" {
            expect(&raised(&specific, &check, None), &expected);
        }
    }
}

#[test]
fn a_check_that_is_not_complete_has_no_outcome() {
    let check =
        r#"{"id":"a","status":"failed","outcome":"clear","createdAt":"t1","updatedAt":"t2"}"#;
    let payload = r#"{"id":"a","status":"failed","createdAt":"t1","updatedAt":"t2"}"#;
    expect(&raised("check.failed", check, None), &[("check.failed", payload)]);
}

#[test]
fn what_cannot_be_derived_is_refused_by_name() {
    let built_in = Catalogue::built_in();
    let own = "[[type]]\nname = \"order.paid\"\nresource = \"order\"\ndescription = \"Paid\"\n";
    let extended = Catalogue::built_in().extended(own).unwrap();
    let resource = |text| Subject::Resource { current: object(text), previous: None };
    let update = |current, previous| Subject::Resource {
        current: object(current),
        previous: Some(object(previous)),
    };
    for (catalogue, event_type, subject, param) in [
        (&built_in, "client.exploded", resource("{}"), "type"),
        (&built_in, "client.created", resource("{}"), "resource.id"),
        (&built_in, "client.created", resource(r#"{"id":7}"#), "resource.id"),
        (&built_in, "client.created", Subject::Payload(Value::Null), "payload"),
        (&built_in, "client.updated", resource(r#"{"id":"a"}"#), "previous"),
        (&built_in, "client.updated", update(r#"{"id":"a"}"#, r#"{"id":"b"}"#), "previous.id"),
        (&built_in, "check.completed.clear", resource(r#"{"id":"a","status":"complete"}"#), "type"),
        (&extended, "order.paid", resource(r#"{"id":"a"}"#), "payload"),
    ] {
        let (blamed, message) = refusal(catalogue, event_type, subject);
        assert_eq!(blamed, param, "{event_type}: {message}");
    }
    let change = Change { event_type: "order.paid".into(), subject: Subject::Payload(Value::Null) };
    assert_eq!(raise(&extended, &change).unwrap()[0].payload, Value::Null);
}

fn resources() -> impl Strategy<Value = Object> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        "[a-c]{0,2}".prop_map(Value::String),
        any::<i32>().prop_map(|n| Value::Number(n.into())),
    ];
    let fields = proptest::collection::btree_map("[a-f]", value, 0..6);
    (fields, "t[0-9]").prop_map(|(fields, time)| {
        let mut object = Object::from_iter([("id".to_owned(), Value::String("x".into()))]);
        for (name, value) in fields {
            object.insert(name, value);
        }
        object.insert("updatedAt".into(), Value::String(time));
        object
    })
}

proptest! {
    #[test]
    fn applying_the_changed_fields_to_the_old_object_gives_the_new_one(
        before in resources(),
        after in resources(),
    ) {
        let changes = changed_fields(&before, &after);
        let mut applied = before.clone();
        for (name, value) in changes.iter().flat_map(Object::iter) {
            // A field that is null now and one that is gone look alike, as decided.
            if *value == Value::Null && after.get(name).is_none() {
                applied.remove(name);
            } else {
                applied.insert(name.to_owned(), value.clone());
            }
        }
        applied.insert("updatedAt".into(), after.get("updatedAt").cloned().unwrap());
        let sorted = |object: &Object| {
            let mut fields: Vec<_> =
                object.iter().map(|(n, v)| (n.to_owned(), v.to_bytes())).collect();
            fields.sort();
            fields
        };
        prop_assert_eq!(sorted(&applied), sorted(&after));
    }
}
