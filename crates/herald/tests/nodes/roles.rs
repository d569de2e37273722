//! A node that answers requests, and one that dispatches.

use std::time::{Duration, Instant};

use herald_testpg::Database;

use crate::{
    fleet::{Fleet, ask},
    inbox::Inbox,
    support::eventually,
};

/// The node that answers requests, and after it the one that dispatches.
const API: usize = 0;
const DISPATCH: usize = 1;

/// With the usual lease nodes look around every other second.
const USUAL_LEASE: (&str, &str) = ("HERALD_NODE_LEASE", "10s");

const EVENTS: usize = 20;

async fn fleet() -> Fleet {
    let role = |place: usize| ["api", "dispatch"][place];
    let database = Database::fresh().await;
    Fleet::on(database, &[USUAL_LEASE], 2, move |place, command| {
        command.env("HERALD_ROLE", role(place));
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_api_node_accepts_is_delivered_by_a_dispatch_node_at_once() {
    let fleet = fleet().await;
    let inbox = Inbox::start(&fleet.world).await;
    fleet.node(API).api().create_webhook(&inbox.url("/")).await;
    let mut took = Vec::new();
    for number in 0..EVENTS {
        let event = fleet.node(API).publish(&format!(r#"{{"id":"client-{number}"}}"#)).await;
        let accepted = Instant::now();
        let came = inbox.has("it has come", &[("/", event)]).await;
        took.push(came.saturating_duration_since(accepted));
    }
    took.sort();
    let median = took[EVENTS / 2];
    assert!(median < Duration::from_millis(500), "by looking around it would be 1 s: {took:?}");
    fleet.has_delivered(EVENTS).await;
    let attempts = |place| fleet.metrics(place);
    assert_eq!(attempts(API).await.sum("herald_attempts_total"), 0);
    assert_eq!(attempts(DISPATCH).await.sum("herald_attempts_total"), EVENTS as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_node_alone_accepts_and_leaves_everything_to_whoever_comes() {
    let mut fleet = fleet().await;
    assert!(fleet.take(DISPATCH).terminate().await.success());
    let inbox = Inbox::start(&fleet.world).await;
    let api = fleet.node(API).api();
    api.create_webhook(&inbox.url("/")).await;
    fleet.publish(API, "client.created", EVENTS).await;
    assert_eq!(api.count("pending").await, EVENTS as u64);
    assert!(ask(fleet.node(API).server.address, "/readyz").await.contains("\"ok\""));
    assert_eq!(inbox.count(), 0);
    fleet.begin(DISPATCH).await;
    eventually("it is delivered", async || {
        (api.count("delivered").await == EVENTS as u64).then_some(())
    })
    .await;
    assert_eq!(fleet.metrics(API).await.sum("herald_attempts_total"), 0);
    assert_eq!(inbox.count(), EVENTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_node_answers_only_whether_it_is_well() {
    let fleet = fleet().await;
    let status = async |place: usize, path: &str| {
        let answer = ask(fleet.node(place).server.address, path).await;
        answer.split(' ').nth(1).map(ToOwned::to_owned)
    };
    for path in ["/healthz", "/readyz", "/metrics"] {
        for place in [API, DISPATCH] {
            assert_eq!(status(place, path).await.as_deref(), Some("200"), "{path}");
        }
    }
    for path in ["/", "/v1/webhooks", "/operator/v1/accounts", "/docs", "/portal", "/e/x"] {
        assert_eq!(status(DISPATCH, path).await.as_deref(), Some("404"), "{path}");
    }
    assert_eq!(status(API, "/v1/webhooks").await.as_deref(), Some("401"));
    let publishing = fleet.node(DISPATCH).operator();
    let event = serde_json::json!({});
    assert_eq!(publishing.post("/operator/v1/events", &event).await.status, 404);
}
