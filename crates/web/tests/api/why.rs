//! "Why was this not delivered?", asked of the API. What each answer means is a table in the domain.

use serde_json::{Value, json};

use crate::support::{Herald, new_webhook};

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[tokio::test]
async fn every_webhook_is_told_of_and_one_can_be_asked_for() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let asked = herald.webhook(&tenant.test).await;
    let mut other = new_webhook();
    other["events"] = json!(["check.failed"]);
    let other = herald.post("/v1/webhooks", &tenant.test, other).await.ok();
    let mut disabled = new_webhook();
    disabled["enabled"] = json!(false);
    let disabled = herald.post("/v1/webhooks", &tenant.test, disabled).await.ok();
    let event = herald.client_created(&tenant, "c1").await["events"][0]["id"].clone();
    let later = herald.webhook(&tenant.test).await;
    let path = format!("/v1/events/{}/why", event.as_str().unwrap());

    let found = herald.get(&path, &tenant.test).await.ok();
    let items = found["items"].as_array().unwrap();
    let reason = |webhook: &Value| {
        let item = items.iter().find(|item| item["webhookId"] == webhook["id"]).unwrap();
        assert!(!item["explanation"].as_str().unwrap().is_empty());
        assert_eq!(item["matched"].as_bool().unwrap(), item.get("deliveryId").is_some());
        (item["reason"].as_str().unwrap(), item["rule"].as_str())
    };
    assert_eq!(items.len(), 4);
    assert_eq!(reason(&asked), ("due", Some("*")));
    assert_eq!(reason(&other), ("not_asked_for", None));
    assert_eq!(reason(&disabled), ("held", Some("*")));
    assert_eq!(reason(&later), ("webhook_made_later", Some("*")));

    let one = format!("{path}?webhookId={}", id(&disabled));
    let one = herald.get(&one, &tenant.test).await.ok();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["items"][0]["reason"], "held");
}

#[tokio::test]
async fn a_deleted_webhook_is_told_of_if_the_event_was_meant_for_it() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let event = herald.client_created(&tenant, "c1").await["events"][0]["id"].clone();
    let path = format!("/v1/webhooks/{}", id(&webhook));
    herald.call("DELETE", &path, &tenant.test, "").await;
    let path = format!("/v1/events/{}/why", event.as_str().unwrap());
    let found = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(found["items"][0]["reason"], "webhook_deleted");
    assert_eq!(found["items"][0].get("url"), None);
    for (webhook, refusal) in [
        ("5eb04fcd0f3e360008035eb2", (404, "resource_not_found")),
        ("zz", (400, "invalid_request")),
    ] {
        let answer = herald.get(&format!("{path}?webhookId={webhook}"), &tenant.test).await;
        let expected = (refusal.0, refusal.1.to_owned(), Some("webhookId".to_owned()));
        assert_eq!(answer.refusal(), expected);
    }
}
