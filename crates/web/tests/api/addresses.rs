//! Addresses: made, shown, changed, deleted.

use serde_json::json;

use crate::{
    made::{at, has_null, is_time, keys, new_address, with},
    support::Herald,
};

#[tokio::test]
async fn an_address_is_answered_in_the_documented_order_and_without_nulls() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let body = json!({
        "toDate": "2026-01-31",
        "fromDate": "2020-02-29",
        "country": "GB",
        "postalCode": "NW1 6XE",
        "state": "Greater London",
        "city": "London",
        "line": "Baker Street",
        "buildingName": "The Lodge",
        "propertyNumber": "221B",
        "type": "main",
        "clientId": client["id"],
        "id": "ignored",
    });
    let made = herald.post("/v1/addresses", &tenant.test, body.clone()).await;
    let path = at("addresses", &made.json());
    assert_eq!(herald.get(&path, &tenant.test).await.text, made.text);
    let made = made.ok();
    let documented = [
        "id",
        "clientId",
        "type",
        "propertyNumber",
        "buildingName",
        "line",
        "city",
        "state",
        "postalCode",
        "country",
        "fromDate",
        "toDate",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(keys(&made), documented);
    for field in &documented[1..12] {
        assert_eq!(made[field], body[field], "{field}");
    }
    assert!(is_time(&made["createdAt"]) && made["createdAt"] == made["updatedAt"]);
}

#[tokio::test]
async fn what_an_address_does_not_have_is_absent() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let body = with(new_address(&client), &json!({ "state": null }));
    let made = herald.post("/v1/addresses", &tenant.test, body).await.ok();
    let documented = ["id", "clientId", "line", "city", "country", "createdAt", "updatedAt"];
    assert_eq!(keys(&made), documented);
    assert!(!has_null(&made));
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let made = herald.address(&tenant.test, &client).await;
    for (changes, param) in [
        (json!({ "line": null }), "line"),
        (json!({ "line": "" }), "line"),
        (json!({ "line": 7 }), "line"),
        (json!({ "city": null }), "city"),
        (json!({ "city": ["London"] }), "city"),
        (json!({ "country": null }), "country"),
        (json!({ "country": "gb" }), "country"),
        (json!({ "country": "GBR" }), "country"),
        (json!({ "country": "NOTACOUNTRYCODE" }), "country"),
        (json!({ "country": "ZZ" }), "country"),
        (json!({ "type": "home" }), "type"),
        (json!({ "type": "Main" }), "type"),
        (json!({ "type": true }), "type"),
        (json!({ "propertyNumber": 221 }), "propertyNumber"),
        (json!({ "buildingName": "" }), "buildingName"),
        (json!({ "state": {} }), "state"),
        (json!({ "postalCode": 10001 }), "postalCode"),
        (json!({ "fromDate": "2026-02-29" }), "fromDate"),
        (json!({ "fromDate": "01/31/2026" }), "fromDate"),
        (json!({ "toDate": "today" }), "toDate"),
    ] {
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        let body = with(new_address(&client), &changes);
        let answer = herald.post("/v1/addresses", &tenant.test, body).await;
        assert_eq!(answer.refusal(), expected, "{changes}");
        let answer = herald.post(&at("addresses", &made), &tenant.test, changes.clone()).await;
        assert_eq!(answer.refusal(), expected, "{changes}");
    }
    let listed = herald.get("/v1/addresses", &tenant.test).await.ok();
    assert_eq!(listed["items"], json!([made]));
}

#[tokio::test]
async fn an_address_in_the_usa_needs_no_state() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let body = with(new_address(&client), &json!({ "country": "US", "city": "Waco" }));
    let made = herald.post("/v1/addresses", &tenant.test, body).await.ok();
    assert_eq!((&made["country"], made.get("state")), (&json!("US"), None));
}

#[tokio::test]
async fn an_address_is_of_a_client_that_exists() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for id in ["5eb04fcd0f3e360008035eb2", "jane", &"é".repeat(500)] {
        let body = new_address(&json!({ "id": id }));
        let answer = herald.post("/v1/addresses", &tenant.test, body).await;
        let expected = (404, "resource_not_found".into(), Some("clientId".into()));
        assert_eq!(answer.refusal(), expected);
        let shown: String = id.chars().take(100).collect();
        assert_eq!(answer.message(), format!("Invalid client id '{shown}'"));
    }
    for (id, expected) in
        [(json!(null), "'clientId' is required"), (json!(7), "'clientId' should be a string")]
    {
        let answer =
            herald.post("/v1/addresses", &tenant.test, new_address(&json!({ "id": id }))).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("clientId".into())));
        assert_eq!(answer.message(), expected);
    }
}

#[tokio::test]
async fn an_update_changes_what_is_given_null_removes_and_the_client_stays() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (client, other) = (herald.client(&tenant.test).await, herald.client(&tenant.test).await);
    let body = with(new_address(&client), &json!({ "type": "main", "state": "London" }));
    let made = herald.post("/v1/addresses", &tenant.test, body).await.ok();
    let changes = json!({
        "clientId": other["id"],
        "type": "alternative",
        "state": null,
        "toDate": "2026-01-31",
        "line": "Abbey Road",
    });
    let updated = herald.post(&at("addresses", &made), &tenant.test, changes).await.ok();
    let mut expected = json!({
        "id": made["id"],
        "clientId": client["id"],
        "type": "alternative",
        "line": "Abbey Road",
        "city": "London",
        "country": "GB",
        "toDate": "2026-01-31",
        "createdAt": made["createdAt"],
    });
    expected["updatedAt"] = updated["updatedAt"].clone();
    assert_eq!(updated.to_string(), expected.to_string());
    assert_ne!(updated["updatedAt"], made["updatedAt"]);
}

#[tokio::test]
async fn a_whole_address_can_be_sent_back() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let made = herald.address(&tenant.test, &client).await;
    let body = with(made.clone(), &json!({ "colour": "red" }));
    let back = herald.post(&at("addresses", &made), &tenant.test, body).await.ok();
    assert_eq!(back.to_string(), made.to_string());
}

#[tokio::test]
async fn a_deleted_address_is_gone_and_its_client_is_not() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let made = herald.address(&tenant.test, &client).await;
    let path = at("addresses", &made);
    let deleted = herald.call("DELETE", &path, &tenant.test, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    for method in ["GET", "POST", "DELETE"] {
        let gone = herald.call(method, &path, &tenant.test, "{}").await;
        assert_eq!(gone.refusal(), (404, "resource_not_found".into(), None));
        let id = made["id"].as_str().unwrap();
        assert_eq!(gone.message(), format!("Invalid address id '{id}'"));
    }
    assert_eq!(herald.get(&at("clients", &client), &tenant.test).await.status, 200);
}
