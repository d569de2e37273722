//! Test events: what is accepted, to whom it goes, and what is refused.

use serde_json::{Value, json};

use crate::{
    made::at,
    objects::NOBODY,
    support::{Herald, new_webhook},
};

async fn types(herald: &Herald, key: &str) -> Vec<Value> {
    let list = herald.get("/v1/eventTypes", key).await.ok();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_test_event_of_each_type_is_the_sample_of_it_and_goes_to_one_webhook() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut body = new_webhook();
    body["events"] = json!(["client.deleted"]);
    let webhook = herald.post("/v1/webhooks", &tenant.test, body).await.ok();
    herald.webhook(&tenant.test).await;
    let path = format!("{}/test", at("webhooks", &webhook));
    let types = types(&herald, &tenant.test).await;
    assert_eq!(types.len(), 21, "the platform's own type too");
    for event_type in &types {
        let answer = herald.post(&path, &tenant.test, json!({ "type": event_type["type"] })).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let sent = answer.ok();
        let event = at("events", &json!({ "id": sent["eventId"] }));
        let event = herald.get(&event, &tenant.test).await.ok();
        let sample = &event_type["sample"];
        for field in ["type", "resourceType", "payload"] {
            assert_eq!(event[field], sample[field], "{}", event_type["type"]);
        }
        assert_ne!(event["id"], sample["id"]);
        let delivery = json!({ "id": sent["deliveryId"] });
        let delivery = herald.get(&at("deliveries", &delivery), &tenant.test).await.ok();
        assert_eq!(delivery["eventId"], sent["eventId"]);
        assert_eq!(delivery["webhookId"], webhook["id"]);
        assert_eq!(delivery["state"], "pending");
    }
    let deliveries = herald.get("/v1/deliveries", &tenant.test).await.ok();
    assert_eq!(deliveries["totalItems"], types.len(), "one each");
}

#[tokio::test]
async fn a_test_event_is_told_from_others_and_is_nothing_that_another_webhook_missed() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (webhook, other) = (herald.webhook(&tenant.test).await, herald.webhook(&tenant.test).await);
    let path = format!("{}/test", at("webhooks", &webhook));
    let sent = herald.post(&path, &tenant.test, json!({ "type": "client.created" })).await.ok();
    let event = json!({ "id": sent["eventId"] });
    let later = herald.webhook(&tenant.test).await;
    let why = herald.get(&format!("{}/why", at("events", &event)), &tenant.test).await.ok();
    let told = |webhook: &Value| {
        let items = why["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["webhookId"] == webhook["id"]).unwrap();
        (item["reason"].clone(), item["matched"].clone(), item["explanation"].clone())
    };
    assert_eq!((told(&webhook).0, told(&webhook).1), (json!("due"), json!(true)));
    for another in [&other, &later] {
        let sentence = json!("This is a test event for another webhook.");
        assert_eq!(told(another), (json!("test_event"), json!(false), sentence));
    }
    let header = async |event: &Value| {
        let answer = herald.get(&at("events", event), &tenant.test).await;
        assert_eq!(answer.json()["id"], event["id"], "the body stays what is sent");
        answer.headers.get("herald-test-for").map(|id| id.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&event).await.as_deref(), webhook["id"].as_str());
    let ordinary = herald.client_created(&tenant, "c1").await["events"][0].clone();
    assert_eq!(header(&ordinary).await, None);
}

#[tokio::test]
async fn the_sample_of_an_own_type_says_that_it_is_one() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let types = types(&herald, &tenant.test).await;
    let own = types.iter().find(|one| one["type"] == "order.paid").unwrap();
    let payload = json!({ "id": "5eb04fcd0f3e360008035eb1", "sample": true });
    assert_eq!(own["sample"]["payload"], payload);
    assert_eq!(own["sample"]["resourceType"], "order");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_nothing_is_recorded() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let path = at("webhooks", &webhook);
    let test = async |path: &str, body: Value| {
        herald.post(&format!("{path}/test"), &tenant.test, body).await
    };
    let invalid = (400, "invalid_request".to_owned(), Some("type".to_owned()));
    for body in [json!({}), json!({ "type": null }), json!({ "type": 1 }), json!({ "type": "*" })] {
        assert_eq!(test(&path, body.clone()).await.refusal(), invalid, "{body}");
    }
    let unknown = test(&path, json!({ "type": "client.exploded" })).await;
    assert!(unknown.message().contains("'client.exploded'"), "{unknown:?}");
    let nobody = test(&format!("/v1/webhooks/{NOBODY}"), json!({ "type": "client.created" })).await;
    assert_eq!(nobody.refusal(), (404, "resource_not_found".into(), None));

    herald.post(&path, &tenant.test, json!({ "enabled": false })).await.ok();
    let disabled = test(&path, json!({ "type": "client.created" })).await;
    assert_eq!(disabled.refusal(), (422, "webhook_disabled".into(), None));
    assert_eq!(herald.get("/v1/events", &tenant.test).await.ok()["totalItems"], 0);
}
