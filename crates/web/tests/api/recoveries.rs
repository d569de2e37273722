//! Recoveries: what is asked and answered. Nothing goes on with them here; what they come to is
//! told by the laws of the store and the end-to-end tests.

use serde_json::{Value, json};

use crate::{
    objects::NOBODY,
    support::{Herald, Tenant},
};

/// An account with a webhook that missed so many events.
async fn stage(herald: &Herald, missed: usize) -> (Tenant, Value, String) {
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    herald.post(&path, &tenant.test, json!({ "enabled": false })).await.ok();
    for number in 0..missed {
        herald.client_created(&tenant, &format!("c{number}")).await;
    }
    let recover = format!("{path}/recover");
    let refused = herald.post(&recover, &tenant.test, json!({ "since": "2026-01-01" })).await;
    assert_eq!(refused.refusal(), (422, "webhook_disabled".into(), None));
    herald.post(&path, &tenant.test, json!({ "enabled": true })).await.ok();
    (tenant, webhook, recover)
}

#[tokio::test]
async fn a_dry_run_counts_what_was_missed_and_begins_nothing() {
    let herald = Herald::new();
    let (tenant, _, recover) = stage(&herald, 3).await;
    let held = herald.get("/v1/deliveries?state=held", &tenant.test).await.ok();
    let second = &held["items"][1]["createdAt"];
    for (asked, total) in [
        (json!({ "since": "2026-01-01" }), 3),
        (json!({ "since": second }), 2),
        (json!({ "since": second, "states": ["held", "held"] }), 2),
        (json!({ "since": "2026-01-01", "states": ["exhausted"] }), 0),
        (json!({ "since": "2030-01-01T00:00:00Z" }), 0),
    ] {
        let mut dry = asked.clone();
        dry["dryRun"] = true.into();
        let counted = herald.post(&recover, &tenant.test, dry).await.ok();
        assert_eq!(counted, json!({ "dryRun": true, "total": total }), "{asked}");
    }
    assert_eq!(herald.get("/v1/recoveries", &tenant.test).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn a_recovery_is_found_listed_and_cancelled_and_there_is_one_at_a_time() {
    let herald = Herald::new();
    let (tenant, webhook, recover) = stage(&herald, 2).await;
    let asked = json!({ "since": "2026-01-31T00:00:00.000Z" });
    let begun = herald.post(&recover, &tenant.test, asked.clone()).await.ok();
    assert_eq!(begun["webhookId"], webhook["id"]);
    assert_eq!(begun["since"], asked["since"]);
    assert_eq!(begun["states"], json!(["held", "exhausted"]));
    assert_eq!((&begun["status"], &begun["total"]), (&json!("running"), &json!(2)));
    assert_eq!(begun["recovered"], 0);
    assert_eq!(begun["createdAt"], begun["updatedAt"]);
    let refused = herald.post(&recover, &tenant.test, asked.clone()).await;
    assert_eq!(refused.refusal(), (422, "recovery_running".into(), None));

    let one = format!("/v1/recoveries/{}", begun["id"].as_str().unwrap());
    assert_eq!(herald.get(&one, &tenant.test).await.ok(), begun);
    let cancel = format!("{one}/cancel");
    let cancelled = herald.call("POST", &cancel, &tenant.test, "").await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert!(cancelled["updatedAt"].as_str() > begun["updatedAt"].as_str());
    assert_eq!(herald.call("POST", &cancel, &tenant.test, "").await.ok(), cancelled);
    let second = herald.post(&recover, &tenant.test, asked).await.ok();

    let id = webhook["id"].as_str().unwrap();
    for (query, expected) in [
        (String::new(), vec![&second, &cancelled]),
        ("status=running".into(), vec![&second]),
        (format!("status=cancelled&webhookId={id}"), vec![&cancelled]),
        ("status=done".into(), vec![]),
        (format!("webhookId={NOBODY}"), vec![]),
        ("status=lost".into(), vec![]),
    ] {
        let list = herald.get(&format!("/v1/recoveries?{query}"), &tenant.test).await.ok();
        let items: Vec<_> = list["items"].as_array().unwrap().iter().collect();
        assert_eq!(items, expected, "{query}");
    }
}

#[tokio::test]
async fn what_to_recover_has_to_be_said_and_a_wrong_field_is_blamed() {
    let herald = Herald::new();
    let (tenant, _, recover) = stage(&herald, 0).await;
    for (asked, param) in [
        (json!({}), "since"),
        (json!({ "since": null }), "since"),
        (json!({ "since": "yesterday" }), "since"),
        (json!({ "since": 1_769_851_800 }), "since"),
        (json!({ "since": "2026-01-01", "states": [] }), "states"),
        (json!({ "since": "2026-01-01", "states": "held" }), "states"),
        (json!({ "since": "2026-01-01", "states": ["held", "pending"] }), "states"),
        (json!({ "since": "2026-01-01", "dryRun": "yes" }), "dryRun"),
    ] {
        let refused = herald.post(&recover, &tenant.test, asked.clone()).await;
        let expected = (400, "invalid_request".into(), Some(param.to_owned()));
        assert_eq!(refused.refusal(), expected, "{asked}");
    }
}
