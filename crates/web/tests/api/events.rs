//! Events: shown in the very bytes that are stored, and found by what they are.

use serde_json::{Value, json};

use crate::support::{Herald, OPERATOR};

#[tokio::test]
async fn an_event_is_answered_byte_for_byte_and_so_is_each_of_a_list() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = format!(
        r#"{{"accountId":"{}","environment":"test","type":"order.paid",
            "payload":{{"z":1.0,"10":1e21,"2":"\u00e9\/","a":[ ]}}}}"#,
        tenant.id
    );
    let receipt = herald.call("POST", "/operator/v1/events", OPERATOR, body).await.ok();
    let id = receipt["events"][0]["id"].as_str().unwrap();
    let shown = herald.get(&format!("/v1/events/{id}"), &tenant.test).await;
    assert_eq!(shown.headers["content-type"], "application/json");
    let start = format!(
        "{{\"id\":\"{id}\",\"type\":\"order.paid\",\"resourceType\":\"order\",\
         \"payload\":{{\"2\":\"é/\",\"10\":1e+21,\"z\":1,\"a\":[]}},\"createdAt\":\"2026-"
    );
    assert!(shown.text.starts_with(&start), "{}", shown.text);
    let listed = herald.get("/v1/events", &tenant.test).await;
    assert!(listed.text.ends_with(&format!("\"items\":[{}]}}", shown.text)), "{}", listed.text);
}

#[tokio::test]
async fn events_are_filtered_by_what_they_are() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    herald.client_created(&tenant, "c1").await;
    let paid = json!({
        "accountId": tenant.id, "environment": "test", "type": "order.paid", "payload": {},
    });
    herald.post("/operator/v1/events", OPERATOR, paid).await.ok();
    let all = herald.get("/v1/events", &tenant.test).await.ok();
    let [newer, older] = [&all["items"][0], &all["items"][1]];
    assert_eq!((&newer["type"], &older["type"]), (&json!("order.paid"), &json!("client.created")));
    let time = |event: &Value| event["createdAt"].as_str().unwrap().to_owned();

    for (query, expected) in [
        ("type=order.paid".into(), vec![newer]),
        ("type=order".into(), vec![]),
        ("resourceType=client".into(), vec![older]),
        ("resourceType=client&type=order.paid".into(), vec![]),
        (format!("createdAfter={}", time(older)), vec![newer]),
        (format!("createdBefore={}", time(newer)), vec![older]),
        (format!("updatedAfter={}", time(older)), vec![newer]),
        (format!("createdAfter={}&updatedBefore={}", time(older), time(newer)), vec![]),
        ("createdAfter=31.01.2026".into(), vec![]),
    ] {
        let list = herald.get(&format!("/v1/events?{query}"), &tenant.test).await.ok();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|e| &e["id"]).collect();
        assert_eq!(ids, expected.iter().map(|e| &e["id"]).collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn the_catalogue_lists_the_types_with_what_their_payloads_are_made_of() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let list = herald.get("/v1/eventTypes", &tenant.live).await.ok();
    assert_eq!((&list["totalItems"], &list["pages"]), (&json!(21), &json!(1)));
    let of = |name: &str| {
        let items = list["items"].as_array().unwrap();
        items.iter().find(|item| item["type"] == name).unwrap().clone()
    };
    assert_eq!(
        of("client.created"),
        json!({
            "type": "client.created",
            "resourceType": "client",
            "description": "A client has been created",
            "payload": { "rule": "full" },
            "sample": {
                "id": "5eb04fcd0f3e360008035eb2",
                "type": "client.created",
                "resourceType": "client",
                "payload": of("client.created")["sample"]["payload"],
                "createdAt": "2026-01-31T09:31:00.000Z",
            },
        })
    );
    assert_eq!(
        of("check.completed")["payload"],
        json!({
            "rule": "summary",
            "fields": ["id", "status", "outcome", "createdAt", "updatedAt"],
        })
    );
    assert_eq!(of("order.paid")["payload"], json!({ "rule": "given" }));
}
