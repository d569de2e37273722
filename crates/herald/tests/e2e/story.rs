//! The account's whole story, told with the official SDKs: what they are answered is what their
//! users know, each change raises exactly its events, and a receiver verifies every notification.
//!
//! The scripts `story` tell the same story in both languages, and say what they expect of every
//! answer. Deliveries run at once, so the order in which notifications come says nothing; the list
//! of events has the order in which they happened.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{
    api::text,
    eventually,
    ledger::{Ledger, all, events},
    script::{Language, ScriptedReceiver},
    world::World,
};

/// Every event of the story, in order; a line for each call that raises some.
#[rustfmt::skip]
const STORY: &[&[&str]] = &[
    // A client, its address, its document.
    &["client.created"],
    &["client.updated"],
    &["address.created"],
    &["address.updated"],
    &["document.created"],
    &["document.updated"],
    // An image of the front, one of the back, another one of the front.
    &["document.updated", "document.updated.image_uploaded"],
    &["document.updated", "document.updated.image_uploaded"],
    &["document.updated", "document.updated.image_uploaded"],
    // A check of the document, which is rejected afterwards.
    &["check.pending"],
    &["check.completed", "check.completed.clear"],
    &["check.updated", "check.completed", "check.completed.rejected"],
    // A screening.
    &["check.pending"],
    &["check.completed", "check.completed.clear"],
    // A client who needs attention: its match is rejected, and then it is watched.
    &["client.created"],
    &["check.pending"],
    &["check.completed", "check.completed.attention"],
    &["check.updated", "check.completed", "check.completed.clear"],
    &["check.updated"],
    // A company.
    &["client.created"],
    &["client.updated"],
    &["address.created"],
    &["document.created"],
    // Everything is deleted; with the company, its address and its document.
    &["document.updated", "document.updated.image_deleted"],
    &["document.deleted"],
    &["address.deleted"],
    &["client.deleted"],
    &["client.deleted"],
    &["address.deleted", "document.deleted", "client.deleted"],
];

#[tokio::test(flavor = "multi_thread")]
async fn the_story_with_the_node_sdk_raises_exactly_its_events_and_each_is_verified() {
    tells_the_story(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_with_the_python_sdk_raises_exactly_its_events_and_each_is_verified() {
    tells_the_story(Language::Python).await;
}

async fn tells_the_story(language: Language) {
    let world = World::new().await;
    let running = world.first_start().await;
    let api = running.api();
    let (certificate, key) = world.receiver_files();
    let mut receiver = ScriptedReceiver::start(language, &certificate, &key).await;
    let (_, secret) = api.create_webhook(&receiver.url).await;
    receiver.tell(&secret).await;

    let url = format!("http://{}/v1", running.server.address);
    let key = running.keys.test.as_str();
    language.succeed("story", &[("HERALD_BASE_URL", &url), ("API_KEY", key)]).await;

    let happened: Vec<_> =
        events(&api).await.iter().map(|event| (text(&event["id"]), text(&event["type"]))).collect();
    let types: Vec<_> = happened.iter().map(|(_, event_type)| event_type.as_str()).collect();
    assert_eq!(types, STORY.concat(), "{language:?}");

    let mut verified = BTreeMap::new();
    for _ in &happened {
        let report = receiver.report().await;
        assert_eq!(report["problem"], Value::Null, "{language:?}: {report}");
        let before = verified.insert(text(&report["id"]), text(&report["type"]));
        assert_eq!(before, None, "{language:?} got this twice: {report}");
    }
    assert_eq!(verified, happened.iter().cloned().collect(), "{language:?}");
    eventually("all are delivered", async || {
        (api.count("delivered").await == happened.len() as u64).then_some(())
    })
    .await;
    let deliveries = all(&api, "deliveries").await;
    assert!(deliveries.iter().all(|delivery| delivery["attemptCount"] == 1), "{deliveries:?}");
    Ledger::read(&api).await.is_what_the_api_shows(&api).await;
}
