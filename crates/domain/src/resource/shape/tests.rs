//! What each rule takes and refuses, and in which words.

use super::*;
use crate::{
    exact_json,
    resource::{Kind, document::DOCUMENT},
};

const INNER: Shape = Shape(&[
    field("word", Rule::Word(&["one", "two"]), Origin::Required),
    field("note", Rule::Text, Origin::Optional),
]);

const OUTER: Shape = Shape(&[
    field("fixed", Rule::Text, Origin::Fixed),
    field("text", Rule::Text, Origin::Required),
    field("email", Rule::Email, Origin::Optional),
    field("day", Rule::Date, Origin::Optional),
    field("country", Rule::Country, Origin::Optional),
    field("flag", Rule::Flag, Origin::Optional),
    field("inner", Rule::Details(&INNER), Origin::Optional),
    field("metadata", Rule::Metadata, Origin::Optional),
    field("options", Rule::Anything, Origin::Optional),
    field("made", Rule::Text, Origin::Own),
]);

const fn field(name: &'static str, rule: Rule, origin: Origin) -> Field {
    Field { name, rule, origin, filter: true, about: "" }
}

fn object(text: &str) -> Object {
    match exact_json::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{text}: {other:?}"),
    }
}

fn text(object: Object) -> String {
    String::from_utf8(Value::from(object).to_bytes()).unwrap()
}

#[test]
fn a_request_is_read_in_the_shapes_order_and_what_is_unknown_or_heralds_own_is_ignored() {
    let request =
        r#"{"made":"by me","colour":"red","text":"b","day":null,"fixed":"a","flag":true}"#;
    let read = OUTER.read(object(request)).unwrap();
    assert_eq!(text(read), r#"{"fixed":"a","text":"b","flag":true}"#);
}

#[test]
fn what_a_field_may_not_hold_is_refused_by_its_path_in_words() {
    let long = "x".repeat(4_001);
    let many: Vec<_> = (0..21).map(|number| format!(r#""k{number}":"v""#)).collect();
    let many = format!("{{{}}}", many.join(","));
    let long_key = format!(r#"{{"{}":"v"}}"#, "k".repeat(41));
    let long_value = format!(r#"{{"k":"{}"}}"#, "v".repeat(501));
    let nul = r#""a\u0000""#;
    let metadata = "each value of 'metadata' should be a string of at most 500 characters";
    for (name, value, message) in [
        ("text", "7", "'text' should be a string"),
        ("text", r#""""#, "'text' should be a non-empty string"),
        ("text", nul, "'text' should be a string without U+0000"),
        ("text", &format!("{long:?}"), "'text' should be a string of at most 4000 characters"),
        ("email", r#""jo""#, "'email' should be an email address"),
        ("email", r#""@example.com""#, "'email' should be an email address"),
        ("email", r#""jo @example.com""#, "'email' should be an email address"),
        ("day", r#""2026-02-29""#, "'day' should be a date such as 1990-12-31"),
        ("day", r#""2026-1-1""#, "'day' should be a date such as 1990-12-31"),
        ("day", r#""2026-01-01T00:00:00Z""#, "'day' should be a date such as 1990-12-31"),
        (
            "country",
            r#""gb""#,
            "'country' should be the ISO 3166-1 alpha-2 code of a country, in upper case",
        ),
        ("flag", r#""true""#, "'flag' should be a boolean"),
        ("inner", "[]", "'inner' should be an object"),
        ("inner", "{}", "'inner.word' is required"),
        ("inner", r#"{"word":"three"}"#, "'inner.word' should be one of one, two"),
        ("metadata", r#"["a"]"#, "'metadata' should be an object"),
        ("metadata", r#"{"k":1}"#, metadata),
        ("metadata", r#"{"k":null}"#, metadata),
        ("metadata", &long_value, metadata),
        ("metadata", &long_key, "each key of 'metadata' should have 1 to 40 characters"),
        ("metadata", &many, "'metadata' should have at most 20 entries"),
        ("options", r#""all""#, "'options' should be an object"),
    ] {
        let mut request = object(r#"{"fixed":"a","text":"b"}"#);
        request.insert(name.into(), exact_json::parse(value.as_bytes()).unwrap());
        let read = OUTER.read(request.clone()).unwrap_err();
        assert_eq!(read.message, message, "{name} {value:.40}");
        let path = message.split('\'').nth(1).unwrap();
        assert_eq!(read.param.as_deref(), Some(path), "{name} {value:.40}");
        let merged = OUTER.merge(&object(r#"{"fixed":"a","text":"b"}"#), request).unwrap_err();
        assert_eq!(merged, read);
    }
}

#[test]
fn what_is_required_is_missed_by_name_and_null_is_the_same_as_absent() {
    for (request, param) in
        [("{}", "fixed"), (r#"{"fixed":"a"}"#, "text"), (r#"{"fixed":"a","text":null}"#, "text")]
    {
        let problem = OUTER.read(object(request)).unwrap_err();
        assert_eq!(problem, missing(param));
    }
}

#[test]
fn an_update_merges_details_replaces_metadata_and_removes_by_null() {
    let current = r#"{"fixed":"a","text":"b","email":"a@b","inner":{"word":"one","note":"n"},"metadata":{"x":"1","y":"2"},"made":"m"}"#;
    for (update, expected) in [
        ("{}", current),
        (r#"{"fixed":"z","made":"z","colour":1}"#, current),
        (r#"{"inner":{"word":"two"}}"#, &current.replace(r#""word":"one""#, r#""word":"two""#)),
        (r#"{"inner":{"note":null}}"#, &current.replace(r#","note":"n""#, "")),
        (r#"{"inner":null}"#, &current.replace(r#""inner":{"word":"one","note":"n"},"#, "")),
        (r#"{"email":null}"#, &current.replace(r#""email":"a@b","#, "")),
        (r#"{"metadata":{"z":"3"}}"#, &current.replace(r#"{"x":"1","y":"2"}"#, r#"{"z":"3"}"#)),
        (r#"{"metadata":{}}"#, &current.replace(r#""metadata":{"x":"1","y":"2"},"#, "")),
        (
            r#"{"flag":false,"country":"XK"}"#,
            &current.replace(r#""inner""#, r#""country":"XK","flag":false,"inner""#),
        ),
    ] {
        let merged = OUTER.merge(&object(current), object(update)).unwrap();
        assert_eq!(text(merged), *expected, "{update}");
    }
    for (update, param) in
        [(r#"{"text":null}"#, "text"), (r#"{"inner":{"word":null}}"#, "inner.word")]
    {
        let problem = OUTER.merge(&object(current), object(update)).unwrap_err();
        assert_eq!(problem, missing(param), "{update}");
    }
}

#[test]
fn a_filter_is_known_unanswerable_or_none() {
    for (kind, path, meaning) in [
        (Kind::Client, "email", Filter::Known),
        (Kind::Client, "personDetails.lastName", Filter::Known),
        (Kind::Client, "metadata.any.thing", Filter::Known),
        (Kind::Client, "metadata", Filter::Unanswerable),
        (Kind::Client, "metadata.", Filter::Unanswerable),
        (Kind::Client, "personDetails", Filter::Unanswerable),
        (Kind::Client, "personDetails.shoeSize", Filter::Unanswerable),
        (Kind::Client, "email.host", Filter::Unanswerable),
        (Kind::Client, "entityName", Filter::Unknown),
        (Kind::Client, "page", Filter::Unknown),
        (Kind::Client, "", Filter::Unknown),
        (Kind::Check, "result.outcome", Filter::Known),
        (Kind::Check, "result.breakdown", Filter::Unanswerable),
        (Kind::Address, "clientId", Filter::Known),
    ] {
        assert_eq!(kind.shape().filter(path), meaning, "{path}");
    }
}

#[test]
fn only_what_has_few_values_is_counted() {
    for (path, counted) in [
        ("type", true),
        ("issuingCountry", true),
        ("clientId", false),
        ("type.of", false),
        ("colour", false),
    ] {
        assert_eq!(DOCUMENT.is_counted(path), counted, "{path}");
    }
    assert!(Kind::Client.shape().is_counted("personDetails.gender"));
    assert!(Kind::Check.shape().is_counted("result.outcome"));
    assert!(!Kind::Client.shape().is_counted("metadata.gender"));
}
