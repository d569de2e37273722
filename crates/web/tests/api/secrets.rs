//! Rotating a webhook's secret: what is shown of it, and what is refused.

use serde_json::{Value, json};

use crate::{
    made::{at, keys},
    support::{Herald, Tenant},
};

/// A webhook with its secret, and where to rotate and to switch it.
struct Scene {
    herald: Herald,
    tenant: Tenant,
    webhook: Value,
}

impl Scene {
    async fn new() -> Self {
        let herald = Herald::new();
        let tenant = herald.tenant("Acme").await;
        let webhook = herald.webhook(&tenant.test).await;
        Self { herald, tenant, webhook }
    }

    fn path(&self) -> String {
        at("webhooks", &self.webhook)
    }

    async fn rotate(&self, body: Value) -> crate::support::Answer {
        let path = format!("{}/rotateSecret", self.path());
        self.herald.post(&path, &self.tenant.test, body).await
    }

    async fn switch(&self) -> Value {
        let path = format!("{}/switchSecret", self.path());
        self.herald.call("POST", &path, &self.tenant.test, "").await.ok()
    }

    async fn shown(&self) -> Value {
        self.herald.get(&self.path(), &self.tenant.test).await.ok()
    }
}

#[tokio::test]
async fn a_rotation_shows_the_new_secret_once_and_how_long_both_count() {
    let scene = Scene::new().await;
    let rotated = scene.rotate(json!({})).await.ok();
    assert_eq!(
        keys(&rotated),
        ["id", "url", "enabled", "events", "secret", "secretRotation", "createdAt", "updatedAt"]
    );
    let (secret, first) = (rotated["secret"].as_str().unwrap(), &scene.webhook["secret"]);
    assert_eq!(secret.len(), 32);
    assert_ne!(secret, first);
    assert_eq!(rotated["secretRotation"]["switched"], false);
    // A day, by default; the test's clock moves by seconds.
    let until = rotated["secretRotation"]["overlapUntil"].as_str().unwrap();
    assert!(until.starts_with("2026-02-01T09:30:"), "{until}");
    assert!(rotated["updatedAt"].as_str() > scene.webhook["updatedAt"].as_str());

    let (url, list) = (json!({ "url": "https://example.org/" }), "/v1/webhooks");
    let updated = scene.herald.post(&scene.path(), &scene.tenant.test, url).await.ok();
    let list = scene.herald.get(list, &scene.tenant.test).await.ok();
    for answer in [&updated, &scene.shown().await, &list["items"][0], &scene.switch().await] {
        assert_eq!(answer.get("secret"), None, "{answer}");
        assert_eq!(answer["secretRotation"]["overlapUntil"], until);
        let text = answer.to_string();
        assert!(!text.contains(secret) && !text.contains(first.as_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_switch_is_made_once_and_with_nothing_to_switch_nothing_changes() {
    let scene = Scene::new().await;
    let untouched = scene.shown().await;
    assert_eq!(scene.switch().await, untouched, "no rotation runs");
    scene.rotate(json!({ "switch": "later" })).await.ok();
    let switched = scene.switch().await;
    assert_eq!(switched["secretRotation"]["switched"], true);
    assert_eq!(scene.switch().await, switched);
    assert_eq!(scene.shown().await, switched);
}

#[tokio::test]
async fn a_rotation_may_switch_at_once() {
    let scene = Scene::new().await;
    let rotated = scene.rotate(json!({ "switch": "now", "overlapSeconds": 604_800 })).await.ok();
    assert_eq!(rotated["secretRotation"]["switched"], true);
    let until = rotated["secretRotation"]["overlapUntil"].as_str().unwrap();
    assert!(until.starts_with("2026-02-07T09:30:"), "{until}");
}

#[tokio::test]
async fn without_an_overlap_one_secret_counts_at_once() {
    let scene = Scene::new().await;
    let rotated = scene.rotate(json!({ "overlapSeconds": 0 })).await.ok();
    assert_eq!(rotated.get("secretRotation"), None, "{rotated}");
    let again = scene.rotate(json!({ "overlapSeconds": 0 })).await.ok();
    assert_ne!(again["secret"], rotated["secret"]);
}

#[tokio::test]
async fn a_second_rotation_waits_until_the_first_is_over() {
    let scene = Scene::new().await;
    let first = scene.rotate(json!({ "overlapSeconds": 60 })).await.ok();
    let before = scene.shown().await;
    let refused = scene.rotate(json!({ "overlapSeconds": 0 })).await;
    assert_eq!(refused.refusal(), (422, "rotation_running".into(), None));
    let until = first["secretRotation"]["overlapUntil"].as_str().unwrap();
    assert!(refused.message().contains(until), "{}", refused.message());
    assert_eq!(scene.shown().await, before);
    // Each look at this clock takes a second.
    for _ in 0..60 {
        scene.shown().await;
    }
    assert_eq!(scene.shown().await.get("secretRotation"), None, "it is over");
    assert_ne!(scene.rotate(json!({})).await.ok()["secret"], first["secret"]);
}

#[tokio::test]
async fn a_wrong_overlap_or_switch_is_refused_by_name() {
    let scene = Scene::new().await;
    let overlap = ("overlapSeconds", "'overlapSeconds' should be a whole number from 0 to 604800");
    let switch = ("switch", "'switch' should be 'now' or 'later'");
    for (value, (field, message)) in [
        (json!(-1), overlap),
        (json!(604_801), overlap),
        (json!(1e300), overlap),
        (json!(0.5), overlap),
        (json!("60"), overlap),
        (json!(true), overlap),
        (json!("Now"), switch),
        (json!(true), switch),
        (json!(""), switch),
    ] {
        let answer = scene.rotate(json!({ field: value })).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into(), Some(field.into())));
        assert_eq!(answer.message(), message, "{value}");
    }
    assert_eq!(scene.shown().await.get("secretRotation"), None);
}
