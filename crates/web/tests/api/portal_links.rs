//! Links into the portal, as the operator's side makes them; what they open is tested in
//! `tests/portal`.

use serde_json::{Value, json};

use crate::support::{Answer, Herald, OPERATOR};

async fn link(herald: &Herald, body: Value) -> Answer {
    herald.post("/operator/v1/portalLinks", OPERATOR, body).await
}

#[tokio::test]
async fn a_link_is_an_address_and_a_time() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = json!({ "accountId": tenant.id, "role": "viewer" });
    let made = link(&herald, body.clone()).await.ok();
    let url = made["url"].as_str().unwrap();
    let token = url.strip_prefix("/portal/link/").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{url}");
    assert!(made["expiresAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(made.as_object().unwrap().len(), 2);
    assert_ne!(link(&herald, body).await.ok()["url"], made["url"]);
}

#[tokio::test]
async fn a_link_that_cannot_be_is_refused_by_its_field() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let good = json!({ "accountId": tenant.id, "role": "manager" });
    for (field, value, status) in [
        ("accountId", json!("5eb04fcd0f3e360008035eb2"), 404),
        ("accountId", json!("zz"), 404),
        ("accountId", Value::Null, 400),
        ("role", json!("owner"), 400),
        ("role", Value::Null, 400),
        ("environment", json!("staging"), 400),
        ("minutes", json!(0), 400),
        ("minutes", json!(61), 400),
        ("minutes", json!(1.5), 400),
        ("minutes", json!("10"), 400),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = link(&herald, body.clone()).await;
        assert_eq!(answer.status, status, "{body} {answer:?}");
        if status == 400 {
            assert_eq!(answer.refusal().2.as_deref(), Some(field), "{body}");
        }
    }
    for minutes in [1, 60] {
        let mut body = good.clone();
        body["minutes"] = minutes.into();
        assert_eq!(link(&herald, body).await.status, 200);
    }
}
