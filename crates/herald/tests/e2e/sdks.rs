//! The official SDKs work with only the base URL changed, and the official verifiers accept what
//! Herald sends (promise 10).

use serde_json::{Value, json};

use crate::support::{
    api::text,
    eventually,
    script::{Language, ScriptedReceiver},
    world::World,
};

/// JSON that a careless serialiser changes: each of these breaks a signature somewhere.
const TRICKY: &[&str] = &[
    r#"{"id":"5eb04fcd0f3e360008035eb2","name":"Zoë 😀 \u00e9\u4e2d","line":"a\u2028b\u2029c"}"#,
    r#"{"id":"x","one":1.0,"big":1e21,"tiny":0.0000001,"minus":-0,"half":0.50,"exact":9007199254740992}"#,
    r#"{"id":"x","10":"ten","9":"nine","b":1,"01":2,"a":{"2":1,"1":2},"__proto__":{"x":1}}"#,
    r#"{"id":"x","slash":"a\/b","quote":"\"\\","control":"\u0001\b\f\n\r\t\u007f","empty":["",{},[],null]}"#,
    r#"{"id":"x","html":"<script>&amp;</script>","ключ":"значение","\u0000":"\ud83d\ude00"}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn the_node_sdk_manages_webhooks_and_sees_the_documented_errors() {
    manages_webhooks(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_manages_webhooks_and_sees_the_documented_errors() {
    manages_webhooks(Language::Python).await;
}

async fn manages_webhooks(language: Language) {
    let herald = World::new().await;
    let running = herald.first_start().await;
    let url = format!("http://{}/v1", running.server.address);
    let key = running.keys.test.as_str();
    language.succeed("webhooks", &[("HERALD_BASE_URL", &url), ("API_KEY", key)]).await;
    assert_eq!(running.api().get("/v1/webhooks").await.good()["totalItems"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_verifies_every_notification_even_after_parsing_and_stringifying_it() {
    verifies_every_notification(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_verifies_every_notification() {
    verifies_every_notification(Language::Python).await;
}

async fn verifies_every_notification(language: Language) {
    let world = World::new().await;
    let running = world.first_start().await;
    let (certificate, key) = world.receiver_files();
    let mut receiver = ScriptedReceiver::start(language, &certificate, &key).await;
    let (_, secret) = running.api().create_webhook(&receiver.url).await;
    receiver.tell(&secret).await;
    for client in TRICKY {
        let event = running.publish(client).await;
        let report = receiver.report().await;
        assert_eq!(report["problem"], Value::Null, "{client}: {report}");
        assert_eq!(report["id"], json!(event));
    }
    let api = running.api();
    eventually("all are delivered", async || {
        (api.count("delivered").await == TRICKY.len() as u64).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_verifies_a_test_event_of_each_built_in_type() {
    verifies_test_events(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_verifies_a_test_event_of_each_built_in_type() {
    verifies_test_events(Language::Python).await;
}

async fn verifies_test_events(language: Language) {
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    let (certificate, key) = world.receiver_files();
    let mut receiver = ScriptedReceiver::start(language, &certificate, &key).await;
    let (webhook, secret) = api.create_webhook(&receiver.url).await;
    receiver.tell(&secret).await;
    // It asks for hardly any of them.
    api.update_webhook(&webhook, &json!({ "events": ["client.deleted"] })).await;
    let types = api.get("/v1/eventTypes").await.good();
    let types = types["items"].as_array().expect("a list");
    assert_eq!(types.len(), 20);
    let path = format!("/v1/webhooks/{webhook}/test");
    for event_type in types {
        let name = &event_type["type"];
        let sent = api.post(&path, &json!({ "type": name })).await.good();
        let report = receiver.report().await;
        assert_eq!(report["problem"], Value::Null, "{name}: {report}");
        assert_eq!((&report["type"], &report["id"]), (name, &sent["eventId"]));
    }
    eventually("all are delivered", async || (api.count("delivered").await == 20).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_verifiers_go_through_a_rotation_without_a_gap() {
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    let (certificate, key) = world.receiver_files();
    for language in [Language::Node, Language::Python] {
        let mut receiver = ScriptedReceiver::start(language, &certificate, &key).await;
        let (webhook, old) = api.create_webhook(&receiver.url).await;
        receiver.tell(&old).await;
        let path = |what| format!("/v1/webhooks/{webhook}/{what}");
        let rotated = api.post(&path("rotateSecret"), &json!({})).await.good();
        running.publish(TRICKY[0]).await;
        let report = receiver.report().await;
        assert_eq!(report["problem"], Value::Null, "{language:?}, the old secret: {report}");

        receiver.tell(&text(&rotated["secret"])).await;
        api.post(&path("switchSecret"), &json!({})).await.good();
        running.publish(TRICKY[0]).await;
        let report = receiver.report().await;
        assert_eq!(report["problem"], Value::Null, "{language:?}, the new secret: {report}");
        api.update_webhook(&webhook, &json!({ "enabled": false })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_with_another_secret_refuses_what_herald_sends() {
    let world = World::new().await;
    let running = world.first_start().await;
    let (certificate, key) = world.receiver_files();
    for language in [Language::Node, Language::Python] {
        let mut receiver = ScriptedReceiver::start(language, &certificate, &key).await;
        let (webhook, _) = running.api().create_webhook(&receiver.url).await;
        receiver.tell("anothersecretanothersecretanothe").await;
        running.publish(TRICKY[0]).await;
        let report = receiver.report().await;
        assert!(report["problem"].is_string(), "{language:?}: {report}");
        running.api().update_webhook(&webhook, &json!({ "enabled": false })).await;
    }
}
