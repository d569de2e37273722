//! Resending: what it answers, and that a failed one changes nothing. Nothing can be reached here,
//! since no name resolves; what a success does is told by the end-to-end tests.

use serde_json::{Value, json};

use crate::{
    objects::NOBODY,
    support::{Herald, Tenant},
};

/// An account with an enabled webhook, and one event for it; answers its only delivery too.
async fn stage(herald: &Herald) -> (Tenant, Value, Value) {
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    herald.client_created(&tenant, "c1").await;
    let delivery = only_delivery(herald, &tenant).await;
    (tenant, webhook, delivery)
}

async fn only_delivery(herald: &Herald, tenant: &Tenant) -> Value {
    let list = herald.get("/v1/deliveries", &tenant.test).await.ok();
    assert_eq!(list["totalItems"], 1);
    list["items"][0].clone()
}

/// The path of an object and what is to be done with it.
fn path(list: &str, id: &Value, action: &str) -> String {
    format!("/v1/{list}/{}{action}", id.as_str().unwrap())
}

#[tokio::test]
async fn a_failed_resend_is_shown_among_the_attempts_and_changes_nothing_else() {
    let herald = Herald::new();
    let (tenant, webhook, delivery) = stage(&herald).await;
    for number in 1..=2 {
        let resend = path("deliveries", &delivery["id"], "/resend");
        let resent = herald.call("POST", &resend, &tenant.test, "").await.ok();
        let attempt = &resent["attempt"];
        assert_eq!((&attempt["number"], &attempt["manual"]), (&json!(number), &json!(true)));
        assert_eq!(attempt["error"]["class"], "dns_not_found");
        assert_eq!(attempt["url"], webhook["url"]);
        let shown = path("deliveries", &delivery["id"], "");
        assert_eq!(herald.get(&shown, &tenant.test).await.ok(), resent["delivery"]);
        assert_eq!(resent["delivery"]["attempts"][number - 1], *attempt);
        assert_eq!(only_delivery(&herald, &tenant).await, delivery);
    }
    let shown = herald.get(&path("webhooks", &webhook["id"], ""), &tenant.test).await.ok();
    assert_eq!(shown["enabled"], true);
}

#[tokio::test]
async fn a_held_delivery_of_a_disabled_webhook_is_tried_and_one_of_a_deleted_webhook_is_not() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let webhook = path("webhooks", &webhook["id"], "");
    herald.post(&webhook, &tenant.test, json!({ "enabled": false })).await.ok();
    herald.client_created(&tenant, "c1").await;
    let delivery = only_delivery(&herald, &tenant).await;
    assert_eq!(delivery["state"], "held");
    let resend = path("deliveries", &delivery["id"], "/resend");
    let resent = herald.call("POST", &resend, &tenant.test, "").await.ok();
    assert_eq!(resent["delivery"]["state"], "held");

    herald.call("DELETE", &webhook, &tenant.test, "").await;
    let refused = herald.call("POST", &resend, &tenant.test, "").await;
    assert_eq!(refused.refusal(), (422, "webhook_deleted".into(), None));
    let event = path("events", &delivery["eventId"], "/resend");
    let all = herald.post(&event, &tenant.test, json!({})).await.ok();
    assert_eq!(all, json!({ "items": [] }));
    let one = json!({ "webhookId": delivery["webhookId"] });
    let refused = herald.post(&event, &tenant.test, one).await;
    assert_eq!(refused.refusal(), (422, "webhook_deleted".into(), None));
}

#[tokio::test]
async fn an_event_is_resent_to_all_that_it_matched_or_to_one() {
    let herald = Herald::new();
    let (tenant, webhook, delivery) = stage(&herald).await;
    let late = herald.webhook(&tenant.test).await;
    herald.client_created(&tenant, "c2").await;
    let newest = herald.get("/v1/events?pageSize=1", &tenant.test).await.ok();
    let newest = path("events", &newest["items"][0]["id"], "/resend");
    let all = herald.post(&newest, &tenant.test, json!({})).await.ok();
    let webhooks: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    assert_eq!(webhooks.len(), 2, "{all}");
    for item in webhooks {
        assert_eq!(item["attempt"]["manual"], true);
        assert_eq!(item["delivery"]["attempts"].as_array().unwrap().len(), 1);
    }

    let event = path("events", &delivery["eventId"], "/resend");
    let resend = async |webhook: &Value| {
        herald.post(&event, &tenant.test, json!({ "webhookId": webhook })).await
    };
    let one = resend(&webhook["id"]).await.ok();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(one["items"][0]["delivery"]["id"], delivery["id"]);
    let param = Some("webhookId".to_owned());
    let unmatched = resend(&late["id"]).await;
    assert_eq!(unmatched.refusal(), (422, "not_matched".into(), param.clone()));
    let unknown = resend(&NOBODY.into()).await;
    assert_eq!(unknown.refusal(), (404, "resource_not_found".into(), param.clone()));
    for malformed in [json!("x"), json!(7), json!([])] {
        let refused = resend(&malformed).await;
        assert_eq!(refused.refusal(), (400, "invalid_request".into(), param.clone()));
    }
}
