//! Publishing: what is accepted, what is refused, and where the blame is put.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Herald, OPERATOR, Tenant};

const ONE: &str = "/operator/v1/events";
const MANY: &str = "/operator/v1/events/batch";

/// A change of the tenant's test environment.
fn change(tenant: &Tenant, event_type: &str, more: &Value) -> Value {
    let mut change = json!({ "accountId": tenant.id, "environment": "test", "type": event_type });
    change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    change
}

async fn with_key(herald: &Herald, path: &str, key: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("Authorization", OPERATOR)
        .header("Idempotency-Key", key)
        .body(Body::from(body.to_string()));
    herald.send(request.unwrap()).await
}

#[tokio::test]
async fn a_change_raises_its_events_and_is_accepted_with_their_ids() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    herald.webhook(&tenant.test).await;
    let resource = json!({ "id": "c1", "status": "complete", "result": { "outcome": "clear" } });
    let body = change(&tenant, "check.completed", &json!({ "resource": resource }));
    let answer = herald.post(ONE, OPERATOR, body).await;
    assert_eq!(answer.status, 202);
    let receipt = answer.ok();
    let types: Vec<_> = receipt["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["check.completed", "check.completed.clear"]);
    assert_eq!(receipt["deliveries"], 2);
    let listed = herald.get("/v1/events", &tenant.test).await.ok();
    assert_eq!(listed["totalItems"], 2);
    let live = herald.get("/v1/events", &tenant.live).await.ok();
    assert_eq!(live["totalItems"], 0);
}

#[tokio::test]
async fn an_update_that_changed_nothing_is_accepted_and_raises_nothing() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let same = json!({ "resource": { "id": "c1" }, "previous": { "id": "c1" } });
    let receipt = herald.post(ONE, OPERATOR, change(&tenant, "client.updated", &same)).await.ok();
    assert_eq!(receipt, json!({ "events": [], "deliveries": 0 }));
}

#[tokio::test]
async fn a_wrong_publication_is_refused_with_the_path_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let resource = json!({ "resource": { "id": "c1" } });
    for (body, param) in [
        (json!({}), "accountId"),
        (json!({ "accountId": tenant.id }), "environment"),
        (json!({ "accountId": 7 }), "accountId"),
        (json!({ "accountId": tenant.id, "environment": "prod" }), "environment"),
        (json!({ "accountId": tenant.id, "environment": "test" }), "type"),
        (change(&tenant, "client.exploded", &resource), "type"),
        (change(&tenant, "client.created", &json!({})), "resource"),
        (change(&tenant, "client.created", &json!({ "resource": [] })), "resource"),
        (change(&tenant, "client.created", &json!({ "resource": {} })), "resource.id"),
        (change(&tenant, "client.updated", &resource), "previous"),
        (change(&tenant, "client.created", &json!({ "payload": {} })), "payload"),
        (change(&tenant, "order.paid", &resource), "payload"),
        (change(&tenant, "order.paid", &json!({ "resource": {}, "payload": 1 })), "payload"),
    ] {
        let answer = herald.post(ONE, OPERATOR, body.clone()).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_number_that_javascript_would_change_is_refused_with_its_path() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for number in ["9007199254740993", "1e400", "1e-400"] {
        let change =
            format!(r#""type":"order.paid","payload":{{"items":[{{"amount":{number}}}]}}"#);
        let place = format!(r#""accountId":"{}","environment":"test""#, tenant.id);
        let one = herald.call("POST", ONE, OPERATOR, format!("{{{place},{change}}}")).await;
        let many = format!(r#"{{{place},"events":[{{{change}}}]}}"#);
        let many = herald.call("POST", MANY, OPERATOR, many).await;
        for (answer, param) in
            [(one, "payload.items[0].amount"), (many, "events[0].payload.items[0].amount")]
        {
            let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
            assert_eq!(answer.refusal(), expected, "{number}");
        }
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_a_404_however_its_id_is_spelt() {
    let herald = Herald::new();
    for id in ["5eb04fcd0f3e360008035eb2", "acme", &"é".repeat(500)] {
        let body = json!({
            "accountId": id, "environment": "live", "type": "order.paid", "payload": 1,
        });
        let answer = herald.post(ONE, OPERATOR, body).await;
        assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None));
        assert!(answer.message().starts_with("Invalid account id '"));
        assert!(answer.message().chars().count() < 150);
    }
}

#[tokio::test]
async fn an_idempotency_key_makes_a_repetition_the_same_event() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = change(&tenant, "order.paid", &json!({ "payload": { "n": 1 } }));
    let first = with_key(&herald, ONE, "k1", &body).await.ok();
    assert_eq!(with_key(&herald, ONE, "k1", &body).await.ok(), first);
    assert_ne!(with_key(&herald, ONE, "k2", &body).await.ok(), first);
    let other = change(&tenant, "order.paid", &json!({ "payload": { "n": 2 } }));
    let refused = with_key(&herald, ONE, "k1", &other).await;
    assert_eq!(refused.refusal(), (422, "idempotency_key_reused".into(), None));
    let listed = herald.get("/v1/events", &tenant.test).await.ok();
    assert_eq!(listed["totalItems"], 2);
    let unusable = with_key(&herald, ONE, &"k".repeat(256), &body).await;
    let expected = (400, "invalid_request".to_owned(), Some("Idempotency-Key".to_owned()));
    assert_eq!(unusable.refusal(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parallel_requests_with_one_idempotency_key_are_one_event() {
    let herald = Arc::new(Herald::new());
    let tenant = herald.tenant("Acme").await;
    let body = Arc::new(change(&tenant, "order.paid", &json!({ "payload": 1 })));
    let mut requests = JoinSet::new();
    for _ in 0..100 {
        let (herald, body) = (herald.clone(), body.clone());
        requests.spawn(async move { with_key(&herald, ONE, "k1", &body).await.ok() });
    }
    let receipts = requests.join_all().await;
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    let listed = herald.get("/v1/events", &tenant.test).await.ok();
    assert_eq!(listed["totalItems"], 1);
}

#[tokio::test]
async fn a_batch_is_accepted_in_order_or_not_at_all() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    herald.webhook(&tenant.test).await;
    let item = |n: i32| json!({ "type": "order.paid", "payload": { "n": n } });
    let batch = |items: Vec<Value>| json!({ "accountId": tenant.id, "environment": "test", "events": items });
    let items: Vec<Value> = (0..50).map(item).collect();
    let receipt = herald.post(MANY, OPERATOR, batch(items)).await.ok();
    assert_eq!(receipt["events"].as_array().unwrap().len(), 50);
    assert_eq!(receipt["deliveries"], 50);
    let listed = herald.get("/v1/events?pageSize=1", &tenant.test).await.ok();
    assert_eq!(listed["items"][0]["payload"]["n"], 49);

    let wrong = json!({ "type": "client.created", "payload": {} });
    let refused = herald.post(MANY, OPERATOR, batch(vec![item(0), wrong])).await;
    let expected = (400, "invalid_request".to_owned(), Some("events[1].payload".to_owned()));
    assert_eq!(refused.refusal(), expected);
    let listed = herald.get("/v1/events?pageSize=1", &tenant.test).await.ok();
    assert_eq!(listed["totalItems"], 50);
}

#[tokio::test]
async fn a_large_batch_is_read_aside_and_accepted_all_the_same() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let item = json!({ "type": "order.paid", "payload": "x".repeat(2_000) });
    let events = vec![item; 500];
    let body = json!({ "accountId": tenant.id, "environment": "test", "events": events });
    let receipt = herald.post(MANY, OPERATOR, body).await.ok();
    assert_eq!(receipt["events"].as_array().unwrap().len(), 500);
}
