//! What nodes tell each other, and what they find out by themselves.

use std::time::Duration;

use herald_store::{
    ManualAttempt, Nodes as _, Queue as _, Signal,
    contract::fixtures::{Scene, answered},
};

use crate::support::{LONG, Nodes};

/// Far longer than a notification takes, and far shorter than it takes until nodes look around.
const AT_ONCE: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_webhook_is_heard_by_the_others_at_once_and_not_by_who_made_it() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let other = nodes.node(LONG).await;
    let heard = async {
        loop {
            // The listening begins some moments after the node.
            scene.enable(&webhook, true).await;
            let next = tokio::time::timeout(AT_ONCE, other.signal()).await;
            if next == Ok(Signal::WebhookChanged(webhook.id)) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it is heard");
    let own = tokio::time::timeout(AT_ONCE, async {
        while scene.store.signal().await != Signal::WebhookChanged(webhook.id) {}
    });
    assert!(own.await.is_err(), "its own changes are no news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_tells_of_is_found_by_looking() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    // As if by a node whose notification was lost.
    nodes.run("UPDATE webhook SET changed_at = clock_timestamp(), changed_by = -1").await;
    let found = async { while scene.store.signal().await != Signal::WebhookChanged(webhook.id) {} };
    tokio::time::timeout(Duration::from_secs(10), found).await.expect("it is found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_what_was_delivered_on_request_hears_of_it() {
    let nodes = Nodes::default();
    let scene = Scene::new(nodes.clone()).await;
    let webhook = scene.webhook(&["*"]).await;
    let other = nodes.node(LONG).await;
    let heard = async {
        loop {
            // The listening begins some moments after the node.
            let held = scene.in_flight("client.created").await;
            let (environment, delivery) = (scene.environment, held.key.delivery);
            let attempt = answered(200, scene.tick());
            let resent = ManualAttempt { environment, delivery, attempt, delivered: true };
            other.settle_manual(resent).await.unwrap().expect("it is there");
            let signal = Signal::Delivered(webhook.id, held.event);
            let hears = async { while scene.store.signal().await != signal {} };
            if tokio::time::timeout(AT_ONCE, hears).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it is heard");
}
