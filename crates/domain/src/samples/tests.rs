//! Samples are what they are samples of.

use super::*;
use crate::{
    catalogue::Catalogue,
    event::payload_of,
    exact_json::parse,
    raise::{holds, raise},
};

fn text(event_type: &EventType) -> String {
    String::from_utf8(sample(event_type).payload.to_bytes()).unwrap()
}

#[test]
fn a_sample_of_each_built_in_type_is_what_such_a_change_raises() {
    let catalogue = Catalogue::built_in();
    for event_type in catalogue.iter() {
        let name = &event_type.name;
        let change = resources::change(name).unwrap_or_else(|| panic!("no story of {name}"));
        let raised = raise(&catalogue, &change).unwrap();
        let found = raised.iter().find(|raised| raised.event_type == *name);
        assert_eq!(found, Some(&sample(event_type)), "{name}");
        assert_eq!(sample(event_type).resource_type, event_type.resource);
    }
}

#[test]
fn a_sample_of_each_outcome_has_that_outcome() {
    for event_type in Catalogue::built_in().iter() {
        let payload = sample(event_type).payload;
        if let Some(condition) = &event_type.raised_when {
            assert!(holds(condition, payload.as_object().unwrap()), "{}", event_type.name);
        }
    }
}

#[test]
fn samples_tell_what_happened() {
    let catalogue = Catalogue::built_in();
    for (name, expected) in [
        ("client.deleted", r#"{"id":"5eb04fcd0f3e360008035eb1"}"#),
        (
            "client.updated",
            r#"{"id":"5eb04fcd0f3e360008035eb1","mobile":"+447700900123","updatedAt":"2026-01-31T09:31:00.000Z"}"#,
        ),
        (
            "document.updated.image_deleted",
            r#"{"id":"5eb04fcd0f3e360008035eb3","updatedAt":"2026-01-31T09:31:00.000Z","images":null}"#,
        ),
        (
            "check.monitoring.attention",
            r#"{"id":"5eb04fcd0f3e360008035eb5","status":"complete","outcome":"attention","createdAt":"2026-01-31T09:30:00.000Z","updatedAt":"2026-01-31T09:31:00.000Z"}"#,
        ),
        (
            "check.failed",
            r#"{"id":"5eb04fcd0f3e360008035eb5","status":"failed","createdAt":"2026-01-31T09:30:00.000Z","updatedAt":"2026-01-31T09:31:00.000Z"}"#,
        ),
    ] {
        assert_eq!(text(catalogue.get(name).unwrap()), expected, "{name}");
    }
}

#[test]
fn what_is_shown_of_a_type_is_a_whole_event_and_always_the_same() {
    for event_type in Catalogue::built_in().iter() {
        let event = shown(event_type);
        assert_eq!(event, shown(event_type));
        assert_eq!(payload_of(&event.body), Some(sample(event_type).payload));
        assert_eq!(parse(&event.body).unwrap().to_bytes(), event.body, "{}", event_type.name);
    }
}

#[test]
fn a_platforms_own_type_has_a_sample_that_fits_its_rule() {
    let file = r#"
        [payload.short]
        fields = [
            { name = "id" },
            { name = "kind", only_if = { field = "state", equals = "paid" } },
            { name = "total", from = ["sums.total", "total"] },
            { name = "paidAt" },
        ]
    "#;
    let with = |more: &str| {
        let own = "[[type]]\nname = 'order.paid'\nresource = 'order'\ndescription = 'Paid'\n";
        let parent = own.replace("order.paid", "order");
        let file = format!("{file}{parent}{own}{more}\n");
        let catalogue = Catalogue::built_in().extended(&file).unwrap();
        text(catalogue.get("order.paid").unwrap())
    };
    let id = r#""id":"5eb04fcd0f3e360008035eb1""#;
    for (more, expected) in [
        ("", format!(r#"{{{id},"sample":true}}"#)),
        ("payload = 'full'", format!(r#"{{{id},"sample":true}}"#)),
        ("payload = 'changed'", format!(r#"{{{id},"sample":true}}"#)),
        ("payload = 'id'", format!("{{{id}}}")),
        (
            "payload = 'short'",
            format!(
                r#"{{{id},"kind":"kind","total":"total","paidAt":"2026-01-31T09:31:00.000Z"}}"#
            ),
        ),
        (
            "raised_when = { field = 'by.how', equals = 'card' }",
            format!(r#"{{{id},"sample":true,"by":{{"how":"card"}}}}"#),
        ),
        (
            "payload = 'changed'\nraised_when = { field = 'by', equals = 'card' }",
            format!(r#"{{{id},"sample":true,"by":"card"}}"#),
        ),
        ("example = { total = 1.50, by = 'card' }", r#"{"total":1.5,"by":"card"}"#.into()),
        (
            "example = { how = 'card' }\nraised_when = { field = 'how', equals = 'card' }",
            r#"{"how":"card"}"#.into(),
        ),
    ] {
        assert_eq!(with(more), expected, "{more}");
    }
}

#[test]
fn an_example_that_contradicts_what_raises_its_type_is_refused() {
    let file = "[[type]]\nname = 'a'\nresource = 'r'\ndescription = 'd'\n\
                [[type]]\nname = 'a.b'\nresource = 'r'\ndescription = 'd'\n\
                raised_when = { field = 'x', equals = 'y' }\nexample = { x = 'z' }\n";
    let problem = Catalogue::built_in().extended(file).unwrap_err().to_string();
    assert!(problem.contains("\"x\" should be \"y\""), "{problem}");
}
