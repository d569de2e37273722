//! The description tells the truth: what it shows as a body is taken, and what is answered is as it
//! says, field by field and in its order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    objects::Objects,
    support::{Herald, OPERATOR, Operation, operations},
};

/// What is wrong with a value by a schema of the description, with the path to it.
fn problems(description: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    if let Some(place) = schema["$ref"].as_str() {
        let schema = description.pointer(place.trim_start_matches('#')).unwrap();
        return problems(description, schema, value, path);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |one: &Value| problems(description, one, value, path).is_empty();
        let fit = choices.iter().any(fits);
        return if fit { Vec::new() } else { vec![format!("{path}: fits no choice")] };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let mut found = Vec::new();
    let fits = |allowed: &Value| {
        let is_whole_number = kind == "integer" && allowed == "number";
        allowed.is_null() || *allowed == kind || is_whole_number
    };
    if !schema["type"].as_array().map_or(fits(&schema["type"]), |all| all.iter().any(fits)) {
        found.push(format!("{path}: is of type {kind}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{path}: {value} is none of its words"));
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(problems(description, &schema["items"], item, &format!("{path}[{place}]")));
    }
    if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    {
        let described = properties.keys().filter(|name| fields.contains_key(*name));
        if !described.eq(fields.keys()) {
            found.push(format!("{path}: unknown fields, or in another order"));
        }
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required.filter(|name| !fields.contains_key(name.as_str().unwrap()));
        found.extend(missing.map(|name| format!("{path}: misses {name}")));
        for (name, field) in fields {
            let property = properties.get(name).unwrap_or(&Value::Null);
            found.extend(problems(description, property, field, &format!("{path}.{name}")));
        }
    }
    found
}

#[test]
fn what_does_not_conform_is_noticed() {
    let schema = json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": { "type": ["string", "null"], "enum": ["x", null] },
            "b": { "type": "array", "items": { "type": "integer" } },
        },
    });
    for (value, wrong) in [
        (json!({ "a": "x", "b": [1] }), 0),
        (json!({ "a": null }), 0),
        (json!({ "a": "y" }), 1),
        (json!({ "a": 1 }), 2),
        (json!({ "b": [] }), 1),
        (json!({ "b": ["1"], "a": "x" }), 2),
        (json!({ "a": "x", "c": 1 }), 1),
        (json!([]), 1),
    ] {
        assert_eq!(problems(&Value::Null, &schema, &value, "").len(), wrong, "{value}");
    }
}

#[tokio::test]
async fn bodies_like_the_examples_are_taken_and_every_answer_is_as_described() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let objects = Objects::new(&herald, &tenant).await;
    let description = serde_json::to_value(herald_web::openapi()).unwrap();
    let mut answered = BTreeSet::new();
    let of_accounts = |o: &&Operation| o.takes("accountKey");
    for operation in operations().iter().filter(of_accounts).filter(|o| o.method != "DELETE") {
        let (path, body) = (objects.path(operation), objects.body(operation));
        let responses = &operation.details["responses"];
        if responses["200"]["content"].get("text/event-stream").is_some() {
            // Events that come one by one are tried by tests of their own.
            assert!(path.ends_with("/live"), "{path}");
            continue;
        }
        let answer = herald.call(&operation.method, &path, &tenant.test, body).await;
        let status = answer.status.as_u16().to_string();
        let answer = answer.ok();
        let described = &responses[status];
        assert!(described.is_object(), "{} {path}", operation.method);
        let content = &described["content"]["application/json"];
        let problems = problems(&description, &content["schema"], &answer, "");
        assert!(problems.is_empty(), "{} {path} {problems:?}", operation.method);
        answered.insert(format!("{} {}", operation.method, operation.path));
    }
    assert!(answered.len() >= 28, "{answered:?}");
}

#[tokio::test]
async fn reports_like_the_examples_are_taken_and_answered_as_described() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.live).await;
    let description = serde_json::to_value(herald_web::openapi()).unwrap();
    let all = operations();
    let report = async |what: &str, check: &Value| {
        let path = format!("/operator/v1/checks/{{id}}/{what}");
        let operation = all.iter().find(|operation| operation.path == path).unwrap();
        let mut body = operation.example.clone();
        body["accountId"] = tenant.id.clone().into();
        let path = path.replace("{id}", check["id"].as_str().unwrap());
        let answer = herald.post(&path, OPERATOR, body).await.ok();
        let content = &operation.details["responses"]["200"]["content"]["application/json"];
        assert_eq!(problems(&description, &content["schema"], &answer, ""), [""; 0], "{what}");
    };
    let (one, two) = (
        herald.screening(&tenant.live, &client).await,
        herald.screening(&tenant.live, &client).await,
    );
    report("complete", &one).await;
    report("monitoringHit", &one).await;
    report("fail", &two).await;
}

#[test]
fn the_examples_of_answers_are_as_described() {
    let description = serde_json::to_value(herald_web::openapi()).unwrap();
    let mut examined = 0;
    for (name, schema) in description["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(problems(&description, schema, example, name), [""; 0]);
            examined += 1;
        }
    }
    assert!(examined >= 12, "{examined}");
}
