//! A webhook is changed while ten thousand deliveries are pending for it and some are in flight:
//! what is in flight is recorded, and not one of the others is dropped, repeated or sent where it
//! should not go (promises 2 and 4).

use std::collections::HashSet;

use herald_domain::signature::complycube_signature;
use herald_engine::WebhookChanges;
use herald_testkit::{
    receiver::{Gate, Received, Receiver, Reply},
    server::{TestServer, settings},
};
use serde_json::json;

use crate::support::{
    PATIENCE,
    api::text,
    eventually,
    inside::{self, api, books, books_say, publish, publish_many, quiet},
};

/// More than there is room for in memory: most of them wait in the store.
const PENDING: usize = 10_000;

/// As the books count.
const ALL: u64 = PENDING as u64;

/// Ten thousand deliveries pending for a webhook, whose receiver has taken the first few and does
/// not answer before the gate is open.
struct Stage {
    server: TestServer,
    receiver: Receiver,
    gate: Gate,
    webhook: String,
    in_flight: usize,
}

impl Stage {
    /// `status` is what the receiver answers once the gate is open.
    async fn new(status: u16) -> Self {
        let mut settings = settings();
        // Publishing ten thousand events takes a while, and nothing should time out meanwhile.
        settings.client.deadline = PATIENCE;
        let server = inside::start_with(settings).await;
        let gate = Gate::new();
        let behind = gate.clone();
        let receiver = Receiver::start(move |_| Reply::status(status).behind(&behind)).await;
        let webhook =
            api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
        publish_many(&server, PENDING).await;
        receiver.wait_for(1).await;
        Self { server, receiver, gate, webhook, in_flight: 0 }
    }

    /// Changes the webhook by `change`. Then nothing more is started for it as it was; what is in
    /// flight by then is counted, and answered.
    async fn change(&mut self, change: impl AsyncFnOnce(&TestServer, &str)) {
        change(&self.server, &self.webhook).await;
        self.in_flight = self.receiver.received().len();
        assert!(0 < self.in_flight && self.in_flight < PENDING);
    }

    /// A delivery to another webhook, accepted now, is made: the dispatcher goes on, and has taken
    /// its turns.
    async fn another_webhook_is_served(&self) {
        self.serve_another_webhook().await;
        quiet(&self.server).await;
    }

    async fn serve_another_webhook(&self) {
        let other = Receiver::start(|_| Reply::ok()).await;
        api(&self.server).create_webhook_for(&other.url("/"), "client.deleted", true).await;
        publish(&self.server, "client.deleted").await;
        other.wait_for(1).await;
    }
}

fn events(received: &[Received]) -> HashSet<String> {
    received.iter().map(|request| request.event_id().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_url_the_rest_goes_there_and_what_is_in_flight_counts_where_it_went() {
    let mut stage = Stage::new(200).await;
    let moved = Receiver::start(|_| Reply::ok()).await;
    let url = moved.url("/new");
    stage
        .change(async |server, webhook| {
            api(server).update_webhook(webhook, &json!({ "url": url })).await;
        })
        .await;
    stage.gate.open();
    books_say(&stage.server, [0, ALL, 0, 0, 0]).await;
    let (there, here) = (moved.received(), stage.receiver.received());
    assert_eq!(here.len(), stage.in_flight, "nothing was sent to the old URL after the answer");
    assert_eq!(there.len(), PENDING - stage.in_flight, "nothing was sent twice");
    assert_eq!(events(&there).union(&events(&here)).count(), PENDING);
    let event = here[0].event_id();
    let of_event = format!("/v1/deliveries?eventId={event}");
    let delivery = api(&stage.server).get(&of_event).await.good()["items"][0].clone();
    let id = delivery["id"].as_str().expect("an id");
    let delivery = api(&stage.server).get(&format!("/v1/deliveries/{id}")).await.good();
    assert_eq!(delivery["attempts"][0]["url"], stage.receiver.url("/"));
    stage.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_also_if_its_client_hangs_up_before_the_answer() {
    let mut stage = Stage::new(200).await;
    let moved = Receiver::start(|_| Reply::ok()).await;
    let url = moved.url("/new");
    stage
        .change(async |server, webhook| {
            let id = webhook.parse().expect("an id");
            let changes = WebhookChanges { url: Some(url.clone()), ..WebhookChanges::default() };
            let updating = server.engine.update_webhook(server.environment(), id, changes);
            // It has begun and is dropped, as a server does when the connection is gone.
            tokio::select! {
                biased;
                updated = updating => panic!("a commit takes a while: {updated:?}"),
                () = std::future::ready(()) => {}
            }
            let path = format!("/v1/webhooks/{webhook}");
            eventually("it is changed", async || {
                (api(server).get(&path).await.good()["url"] == url.as_str()).then_some(())
            })
            .await;
        })
        .await;
    // The dispatcher may hear of it a moment later than the store.
    stage.serve_another_webhook().await;
    stage.in_flight = stage.receiver.received().len();
    stage.gate.open();
    books_say(&stage.server, [0, ALL + 1, 0, 0, 0]).await;
    assert_eq!(
        stage.receiver.received().len(),
        stage.in_flight,
        "nothing more went to the old URL"
    );
    assert_eq!(moved.received().len(), PENDING - stage.in_flight);
    stage.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_secret_the_rest_is_signed_with_it_and_what_is_in_flight_counts() {
    let mut stage = Stage::new(200).await;
    let mut secret = String::new();
    stage
        .change(async |server, webhook| {
            let path = format!("/v1/webhooks/{webhook}/rotateSecret");
            let rotated = api(server).post(&path, &json!({ "overlapSeconds": 0 })).await.good();
            secret = text(&rotated["secret"]);
        })
        .await;
    stage.gate.open();
    books_say(&stage.server, [0, ALL, 0, 0, 0]).await;
    let received = stage.receiver.received();
    assert_eq!((received.len(), events(&received).len()), (PENDING, PENDING), "each came once");
    let new = received.iter().filter(|request| {
        request.header("complycube-signature") == complycube_signature(&secret, &request.body)
    });
    assert_eq!(new.count(), PENDING - stage.in_flight);
    stage.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_webhook_is_disabled_the_rest_stays_pending_and_goes_on_afterwards() {
    let mut stage = Stage::new(200).await;
    let enable = async |server: &TestServer, webhook: &str, enabled: bool| {
        api(server).update_webhook(webhook, &json!({ "enabled": enabled })).await;
    };
    stage.change(async |server, webhook| enable(server, webhook, false).await).await;
    stage.gate.open();
    let in_flight = stage.in_flight as u64;
    books_say(&stage.server, [ALL - in_flight, in_flight, 0, 0, 0]).await;
    stage.another_webhook_is_served().await;
    assert_eq!(stage.receiver.received().len(), stage.in_flight, "nothing more was sent");
    assert_eq!(books(&stage.server).await, [ALL - in_flight, in_flight + 1, 0, 0, 0]);

    enable(&stage.server, &stage.webhook, true).await;
    books_say(&stage.server, [0, ALL + 1, 0, 0, 0]).await;
    let received = stage.receiver.received();
    assert_eq!((received.len(), events(&received).len()), (PENDING, PENDING), "each came once");
    stage.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhooks_deliveries_are_cancelled_and_what_is_in_flight_is_recorded() {
    for (status, books_after) in [
        (200, (|in_flight| [0, in_flight, 0, 0, ALL - in_flight]) as fn(u64) -> [u64; 5]),
        (500, |_| [0, 0, 0, 0, ALL]),
    ] {
        let mut stage = Stage::new(status).await;
        stage
            .change(async |server, webhook| {
                api(server).delete(&format!("/v1/webhooks/{webhook}")).await;
            })
            .await;
        let in_flight = stage.in_flight as u64;
        eventually("all that is not in flight is cancelled", async || {
            (books(&stage.server).await[4] >= ALL - in_flight).then_some(())
        })
        .await;
        stage.gate.open();
        quiet(&stage.server).await;
        assert_eq!(books(&stage.server).await, books_after(in_flight), "in flight: {in_flight}");
        let received = stage.receiver.received();
        assert_eq!(received.len(), stage.in_flight, "nothing more was sent");
        for request in received {
            let of_event = format!("/v1/deliveries?eventId={}", request.event_id());
            let list = api(&stage.server).get(&of_event).await.good();
            let delivery = &list["items"][0];
            assert_eq!(delivery["attemptCount"], 1, "its outcome is recorded: {delivery}");
        }
        stage.server.stop().await;
    }
}
