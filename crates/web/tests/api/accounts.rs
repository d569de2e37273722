//! Accounts and their keys: made, listed, revoked.

use serde_json::json;

use crate::support::{Herald, OPERATOR};

#[tokio::test]
async fn an_account_shows_its_keys_once_and_they_open_its_environments() {
    let herald = Herald::new();
    let body = json!({ "name": "  Acme  " });
    let made = herald.post("/operator/v1/accounts", OPERATOR, body).await.ok();
    assert_eq!(made["name"], "Acme");
    for mode in ["test", "live"] {
        let key = made["keys"][mode].as_str().unwrap();
        assert!(key.starts_with(mode), "{key}");
        assert_eq!(herald.get("/v1/webhooks", key).await.status, 200);
        assert_eq!(herald.get("/v1/webhooks", &format!("Bearer {key}")).await.status, 200);
    }
    let shown = json!({ "id": made["id"], "name": "Acme", "createdAt": made["createdAt"] });
    let path = format!("/operator/v1/accounts/{}", made["id"].as_str().unwrap());
    assert_eq!(herald.get(&path, OPERATOR).await.ok(), shown);
    let listed = herald.get("/operator/v1/accounts", OPERATOR).await.ok();
    assert_eq!(listed["items"], json!([shown]));
}

#[tokio::test]
async fn an_account_needs_a_name() {
    let herald = Herald::new();
    for body in [
        json!({}),
        json!({ "name": " " }),
        json!({ "name": 7 }),
        json!({ "name": "x".repeat(201) }),
    ] {
        let answer = herald.post("/operator/v1/accounts", OPERATOR, body).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("name".into())));
    }
}

#[tokio::test]
async fn a_key_is_shown_once_opens_its_environment_and_nothing_once_revoked() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let keys = format!("/operator/v1/accounts/{}/keys", tenant.id);
    let made = herald.post(&keys, OPERATOR, json!({ "environment": "live" })).await.ok();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("live_") && key.starts_with(made["hint"].as_str().unwrap()));
    assert_eq!(herald.get("/v1/webhooks", key).await.status, 200);

    let listed = herald.get(&keys, OPERATOR).await.ok();
    assert_eq!(listed["totalItems"], 3);
    let text = listed.to_string();
    for secret in [key, &tenant.test, &tenant.live] {
        assert!(!text.contains(secret), "{text}");
    }

    let path = format!("{keys}/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        let revoked = herald.call("DELETE", &path, OPERATOR, "").await;
        assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
        assert_eq!(herald.get("/v1/webhooks", key).await.status, 401);
    }
    let listed = herald.get(&keys, OPERATOR).await.ok();
    let mut items = listed["items"].as_array().unwrap().iter();
    assert!(items.find(|k| k["id"] == made["id"]).unwrap()["revokedAt"].is_string());
    assert_eq!(herald.get("/v1/webhooks", &tenant.live).await.status, 200);
}

#[tokio::test]
async fn a_key_is_for_one_of_the_two_environments_of_an_account_that_exists() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let keys = format!("/operator/v1/accounts/{}/keys", tenant.id);
    for body in [json!({}), json!({ "environment": "prod" }), json!({ "environment": 1 })] {
        let answer = herald.post(&keys, OPERATOR, body).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some("environment".into())));
    }
    let nobody = "/operator/v1/accounts/5eb04fcd0f3e360008035eb2/keys";
    let answers = [
        herald.post(nobody, OPERATOR, json!({ "environment": "test" })).await,
        herald.get(nobody, OPERATOR).await,
        herald.get("/operator/v1/accounts/5eb04fcd0f3e360008035eb2", OPERATOR).await,
    ];
    for answer in answers {
        assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None));
    }
}

#[tokio::test]
async fn a_key_of_another_account_is_not_revoked() {
    let herald = Herald::new();
    let (acme, other) = (herald.tenant("Acme").await, herald.tenant("Other").await);
    let keys = herald.get(&format!("/operator/v1/accounts/{}/keys", acme.id), OPERATOR).await.ok();
    let id = keys["items"][0]["id"].as_str().unwrap();
    let path = format!("/operator/v1/accounts/{}/keys/{id}", other.id);
    let answer = herald.call("DELETE", &path, OPERATOR, "").await;
    assert_eq!(answer.message(), format!("Invalid key id '{id}'"));
    for key in [&acme.test, &acme.live] {
        assert_eq!(herald.get("/v1/webhooks", key).await.status, 200);
    }
}
