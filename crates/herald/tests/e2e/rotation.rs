//! A secret is rotated while notifications flow: each request is signed with the secrets of its own
//! time, in each header, and nothing of the schedule moves (promises 4 and 8).

use std::time::Duration;

use herald_domain::{
    rotation::Rotation, signature::complycube_signature, time::Timestamp, webhook::Webhook,
};
use herald_engine::Clock as _;
use herald_testkit::{
    receiver::{Receiver, Reply},
    server::TestServer,
};
use serde_json::{Value, json};

use crate::support::{
    api::text,
    eventually,
    inside::{self, api, publish, wake_upkeep},
    standard_signature,
};

const MINUTE: Duration = Duration::from_secs(60);
const INSTANT: Duration = Duration::from_millis(1);

/// A webhook whose secret is rotated.
struct Stage {
    server: TestServer,
    receiver: Receiver,
    webhook: String,
    old: String,
    new: String,
}

/// Which secrets a request is signed with.
#[derive(Clone, Copy, Debug)]
enum By {
    Old,
    /// ComplyCube's header with the old one, the Standard Webhooks header with both.
    OldAndBoth,
    /// ComplyCube's header with the new one, the Standard Webhooks header with both.
    NewAndBoth,
    New,
}

impl Stage {
    /// The receiver answers this status.
    async fn new(status: u16) -> Self {
        let server = inside::start().await;
        let receiver = Receiver::start(move |_| Reply::status(status)).await;
        let (webhook, old) = api(&server).create_webhook(&receiver.url("/")).await;
        Self { server, receiver, webhook, old, new: String::new() }
    }

    async fn rotate(&mut self, how: Value) -> Timestamp {
        let path = format!("/v1/webhooks/{}/rotateSecret", self.webhook);
        let rotated = api(&self.server).post(&path, &how).await.good();
        self.new = text(&rotated["secret"]);
        text(&rotated["secretRotation"]["overlapUntil"]).parse().expect("a time")
    }

    async fn switch(&self) {
        let path = format!("/v1/webhooks/{}/switchSecret", self.webhook);
        api(&self.server).post(&path, &json!({})).await.good();
    }

    /// Request `number`, from 1, is signed like this.
    async fn is_signed(&self, number: usize, by: By) {
        let request = self.receiver.wait_for(number).await.remove(number - 1);
        let (old, new) = (self.old.as_str(), self.new.as_str());
        let (complycube, standard) = match by {
            By::Old => (old, vec![old]),
            By::OldAndBoth => (old, vec![new, old]),
            By::NewAndBoth => (new, vec![new, old]),
            By::New => (new, vec![new]),
        };
        let expected = complycube_signature(complycube, &request.body);
        assert_eq!(request.header("complycube-signature"), expected, "{number}: {by:?}");
        let expected: Vec<_> =
            standard.iter().map(|secret| standard_signature(&request, secret)).collect();
        let found = request.header("webhook-signature");
        assert_eq!(found, expected.join(" "), "{number}: {by:?}");
    }

    /// Publishes an event, which is signed like this; `number` were sent before.
    async fn publishes(&self, number: usize, by: By) {
        publish(&self.server, "client.deleted").await;
        self.is_signed(number + 1, by).await;
    }

    /// The delivery after attempt `number` has failed and was recorded.
    async fn failed(&self, number: usize) -> Value {
        eventually("the attempt is recorded", async || {
            let delivery = api(&self.server).only_delivery().await;
            (delivery["attemptCount"] == number).then_some(delivery)
        })
        .await
    }

    /// Moves the clock to when the delivery is due, which is not before anybody waits for it.
    async fn on_to_the_next(&self, delivery: &Value) {
        let next = text(&delivery["nextAttemptAt"]).parse().expect("a time");
        self.server.clock.asleep_until(next).await;
        self.server.clock.set(next);
    }

    /// The webhook as it is remembered.
    async fn remembered(&self) -> Webhook {
        let (environment, id) = (self.server.environment(), self.webhook.parse().expect("an id"));
        let found = self.server.store.webhook(environment, id).await.expect("the store answers");
        found.expect("the webhook is there")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_during_the_overlap_and_the_new_one_alone_from_its_very_end() {
    let mut stage = Stage::new(200).await;
    stage.publishes(0, By::Old).await;
    let until = stage.rotate(json!({ "overlapSeconds": 3_600 })).await;
    assert_eq!(until, stage.server.clock.now().after(60 * MINUTE));
    stage.publishes(1, By::OldAndBoth).await;
    stage.server.clock.set(until.before(INSTANT));
    stage.publishes(2, By::OldAndBoth).await;
    // What the dispatcher knows of the webhook dates from before.
    stage.server.clock.set(until);
    stage.publishes(3, By::New).await;
    let webhook = api(&stage.server).webhook(&stage.webhook).await;
    assert_eq!(webhook.get("secretRotation"), None, "{webhook}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_switch_both_headers_verify_with_the_new_secret() {
    let mut stage = Stage::new(200).await;
    let until = stage.rotate(json!({})).await;
    stage.publishes(0, By::OldAndBoth).await;
    stage.switch().await;
    stage.publishes(1, By::NewAndBoth).await;
    stage.server.clock.set(until.before(INSTANT));
    stage.publishes(2, By::NewAndBoth).await;
    stage.server.clock.set(until);
    stage.publishes(3, By::New).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_switches_at_once_or_has_no_overlap_uses_the_new_secret_at_once() {
    let mut stage = Stage::new(200).await;
    let until = stage.rotate(json!({ "overlapSeconds": 60, "switch": "now" })).await;
    stage.publishes(0, By::NewAndBoth).await;
    stage.server.clock.set(until);
    stage.publishes(1, By::New).await;
    let path = format!("/v1/webhooks/{}/rotateSecret", stage.webhook);
    let rotated = api(&stage.server).post(&path, &json!({ "overlapSeconds": 0 })).await.good();
    stage.new = text(&rotated["secret"]);
    stage.publishes(2, By::New).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_signed_with_the_secrets_of_their_own_time_and_stay_on_schedule() {
    let mut stage = Stage::new(500).await;
    stage.publishes(0, By::Old).await;
    let first = stage.failed(1).await;
    // The retries come after 1, 3 and 11 minutes.
    stage.rotate(json!({ "overlapSeconds": 600 })).await;
    assert_eq!(stage.failed(1).await, first, "nothing moves");
    stage.on_to_the_next(&first).await;
    stage.is_signed(2, By::OldAndBoth).await;
    let second = stage.failed(2).await;
    stage.switch().await;
    assert_eq!(stage.failed(2).await, second, "nothing moves");
    stage.on_to_the_next(&second).await;
    stage.is_signed(3, By::NewAndBoth).await;
    let third = stage.failed(3).await;
    stage.on_to_the_next(&third).await;
    stage.is_signed(4, By::New).await;
    let bodies: std::collections::HashSet<_> =
        stage.receiver.received().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 1, "the bytes are the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_before_is_remembered_no_longer_than_it_counts() {
    let mut stage = Stage::new(200).await;
    let first = stage.remembered().await.secret;
    let until = stage.rotate(json!({ "overlapSeconds": 60 })).await;
    let rotation = Rotation { previous: first, until, switched: false };
    stage.server.clock.set(until.before(INSTANT));
    wake_upkeep(&stage.server).await;
    assert_eq!(stage.remembered().await.rotation, Some(rotation));
    stage.server.clock.set(until);
    wake_upkeep(&stage.server).await;
    eventually("upkeep forgets it", async || {
        stage.remembered().await.rotation.is_none().then_some(())
    })
    .await;
    stage.publishes(0, By::New).await;
}
