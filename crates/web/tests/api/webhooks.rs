//! Webhooks: made, shown, changed, deleted.

use serde_json::{Value, json};

use crate::support::{Herald, new_webhook};

#[tokio::test]
async fn a_webhook_is_answered_in_its_documented_order_and_its_secret_only_once() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut body = new_webhook();
    body["description"] = "Orders".into();
    let made = herald.post("/v1/webhooks", &tenant.test, body).await.ok();
    let keys: Vec<_> = made.as_object().unwrap().keys().cloned().collect();
    let documented =
        ["id", "description", "url", "enabled", "events", "secret", "createdAt", "updatedAt"];
    assert_eq!(keys, documented);
    assert_eq!(made["secret"].as_str().unwrap().len(), 32);

    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().shift_remove("secret");
    assert_eq!(herald.get(&path, &tenant.test).await.ok(), shown);
    assert_eq!(herald.get("/v1/webhooks", &tenant.test).await.ok()["items"], json!([shown]));
    let updated = herald.post(&path, &tenant.test, json!({})).await.ok();
    assert_eq!(updated.get("secret"), None);
}

#[tokio::test]
async fn a_webhook_without_a_description_has_none_and_no_null() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.webhook(&tenant.test).await;
    assert_eq!(made.get("description"), None);
    assert!(made.as_object().unwrap().values().all(|value| !value.is_null()), "{made}");
}

#[tokio::test]
async fn a_wrong_field_is_refused_by_name_one_at_a_time() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let without = |name: &str| {
        let mut body = new_webhook();
        body.as_object_mut().unwrap().shift_remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = new_webhook();
        body[name] = value;
        body
    };
    for (body, message) in [
        (json!({}), "'url' is required"),
        (without("url"), "'url' is required"),
        (with("url", json!(null)), "'url' is required"),
        (with("url", json!(7)), "'url' should be an HTTPS URL"),
        (with("url", json!("http://example.com")), "'url' should be an HTTPS URL"),
        (with("url", json!("example")), "'url' should be an HTTPS URL"),
        (
            with("url", json!("https://127.0.0.1/")),
            "'url' should point to an address that is allowed",
        ),
        (without("enabled"), "'enabled' is required"),
        (with("enabled", json!("true")), "'enabled' should be a boolean"),
        (without("events"), "'events' is required"),
        (with("events", json!("*")), "'events' should be an array of strings"),
        (with("events", json!(["*", 1])), "'events' should be an array of strings"),
        (with("events", json!([])), "'events' should name at least one event type"),
        (with("description", json!(["x"])), "'description' should be a string"),
    ] {
        let answer = herald.post("/v1/webhooks", &tenant.test, body.clone()).await;
        assert_eq!(answer.message(), message, "{body}");
        let param = message.split('\'').nth(1).map(str::to_owned);
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), param), "{body}");
    }
    let listed = herald.get("/v1/webhooks", &tenant.test).await.ok();
    assert_eq!(listed["totalItems"], 0);
}

#[tokio::test]
async fn unknown_event_types_are_named() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut body = new_webhook();
    body["events"] = json!(["client.created", "client.exploded"]);
    let answer = herald.post("/v1/webhooks", &tenant.test, body).await;
    assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("events".into())));
    assert!(answer.message().contains("client.exploded"), "{answer:?}");
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_null_removes_the_description() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let update = async |body| herald.post(&path, &tenant.test, body).await.ok();

    let described = update(json!({ "description": "Orders" })).await;
    assert_eq!(described["description"], "Orders");
    assert_eq!(described["url"], made["url"]);
    assert_ne!(described["updatedAt"], made["updatedAt"]);
    let moved = update(json!({ "url": "https://example.org/", "enabled": false })).await;
    assert_eq!((&moved["url"], &moved["enabled"]), (&json!("https://example.org/"), &json!(false)));
    assert_eq!(moved["description"], "Orders");
    assert_eq!(update(json!({ "description": null })).await.get("description"), None);
    assert_eq!(
        update(json!({ "events": ["check.failed"] })).await["events"],
        json!(["check.failed"])
    );
}

#[tokio::test]
async fn a_whole_webhook_can_be_sent_back_with_fields_that_nobody_knows() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut made = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    made["colour"] = json!({ "red": [1, null] });
    made["enabled"] = json!(false);
    let updated = herald.post(&path, &tenant.test, made.clone()).await.ok();
    assert_eq!((&updated["enabled"], &updated["id"]), (&json!(false), &made["id"]));
    assert_eq!(updated.get("colour"), None);
}

#[tokio::test]
async fn a_deleted_webhook_is_gone_and_the_answer_has_no_body() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.webhook(&tenant.test).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/webhooks/{id}");
    let deleted = herald.call("DELETE", &path, &tenant.test, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    for method in ["GET", "DELETE", "POST"] {
        let gone = herald.call(method, &path, &tenant.test, "{}").await;
        assert_eq!(gone.refusal(), (404, "resource_not_found".into(), None));
        assert_eq!(gone.message(), format!("Invalid webhook id '{id}'"));
    }
}

#[tokio::test]
async fn an_environment_has_no_more_webhooks_than_it_may() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for _ in 0..5 {
        herald.webhook(&tenant.test).await;
    }
    let answer = herald.post("/v1/webhooks", &tenant.test, new_webhook()).await;
    assert_eq!(answer.refusal(), (400, "invalid_request".into(), None));
    herald.webhook(&tenant.live).await;
}

#[tokio::test]
async fn webhooks_are_filtered_by_what_they_are() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let first = herald.webhook(&tenant.test).await;
    let mut body = new_webhook();
    body["url"] = "https://example.org/a?b=c".into();
    body["enabled"] = false.into();
    body["events"] = json!(["check.failed", "client.created"]);
    let second = herald.post("/v1/webhooks", &tenant.test, body).await.ok();
    let (first_at, second_at) = (&first["createdAt"], &second["createdAt"]);
    let time = |value: &Value| value.as_str().unwrap().to_owned();

    for (query, expected) in [
        (String::new(), vec![&second, &first]),
        ("enabled=true".into(), vec![&first]),
        ("enabled=True".into(), vec![&first]),
        ("enabled=1".into(), vec![&first]),
        ("enabled=False".into(), vec![&second]),
        ("enabled=0".into(), vec![&second]),
        ("enabled=yes".into(), vec![]),
        ("url=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc".into(), vec![&second]),
        ("url=https://example.org".into(), vec![]),
        ("events=check.failed".into(), vec![&second]),
        ("events=*".into(), vec![&first]),
        ("events=check".into(), vec![]),
        ("enabled=false&events=*".into(), vec![]),
        (format!("createdAfter={}", time(first_at)), vec![&second]),
        (format!("createdBefore={}", time(second_at)), vec![&first]),
        (format!("updatedAfter={}", time(second_at)), vec![]),
        ("updatedBefore=2026-01-31".into(), vec![]),
        ("createdAfter=2026-01-31&colour=red".into(), vec![&second, &first]),
        ("createdAfter=soon".into(), vec![]),
    ] {
        let list = herald.get(&format!("/v1/webhooks?{query}"), &tenant.test).await.ok();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|w| &w["id"]).collect();
        assert_eq!(ids, expected.iter().map(|w| &w["id"]).collect::<Vec<_>>(), "{query}");
        assert_eq!(list["totalItems"], expected.len(), "{query}");
    }
}
