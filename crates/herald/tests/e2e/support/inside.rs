//! The server inside the test's process: its clients, and what it measures of itself.

use herald_engine::Settings;
use herald_testkit::server::{OPERATOR_KEY, TestServer, settings};
use serde_json::{Value, json};

use super::{
    api::{Api, text},
    eventually,
};

/// The most events that one request may publish.
const BATCH: usize = 1_000;

/// A server with the specified behaviour, without jitter, towards receivers on loopback.
pub(crate) async fn start() -> TestServer {
    start_with(settings()).await
}

/// A server with these settings.
pub(crate) async fn start_with(settings: Settings) -> TestServer {
    TestServer::start_with(crate::BACKEND, settings).await
}

/// The customer's API.
pub(crate) fn api(server: &TestServer) -> Api {
    Api::new(server.address(), &server.account.test)
}

/// The operator's API.
pub(crate) fn operator(server: &TestServer) -> Api {
    Api::new(server.address(), OPERATOR_KEY)
}

/// An event of this type about a client, as it is published.
pub(crate) fn event(server: &TestServer, event_type: &str, client: &str) -> Value {
    json!({
        "accountId": server.account.account.id,
        "environment": "test",
        "type": event_type,
        "resource": { "id": client },
    })
}

/// Publishes one event of this type; answers its id.
pub(crate) async fn publish(server: &TestServer, event_type: &str) -> String {
    let event = event(server, event_type, "the-client");
    let accepted = operator(server).post("/operator/v1/events", &event).await.good();
    text(&accepted["events"][0]["id"])
}

/// Publishes that so many clients were created, many to a request.
pub(crate) async fn publish_many(server: &TestServer, count: usize) {
    let operator = operator(server);
    let events: Vec<_> = (0..count)
        .map(|number| event(server, "client.created", &format!("client-{number}")))
        .collect();
    for batch in events.chunks(BATCH) {
        operator.post("/operator/v1/events/batch", &json!({ "events": batch })).await.good();
    }
}

/// What is measured.
pub(crate) async fn metrics(server: &TestServer) -> String {
    server.engine.metrics_text().await.expect("the store answers")
}

/// What the metrics say of this series.
pub(crate) fn measured(metrics: &str, series: &str) -> u64 {
    let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("no {series} in {metrics}"));
    value.parse().expect("a count")
}

/// What the books say: so many pending, delivered, exhausted, held and cancelled, in this order,
/// what was forgotten included. They have to balance whenever they are read, unless something is
/// being published.
pub(crate) async fn books(server: &TestServer) -> [u64; 5] {
    let metrics = metrics(server).await;
    let states = ["pending", "delivered", "exhausted", "held", "cancelled"];
    let books =
        states.map(|state| measured(&metrics, &format!("herald_deliveries{{state=\"{state}\"}}")));
    let accepted = measured(&metrics, "herald_deliveries_accepted_total");
    assert_eq!(books.iter().sum::<u64>(), accepted, "the books balance: {books:?}");
    books
}

/// Waits until the books say this.
pub(crate) async fn books_say(server: &TestServer, expected: [u64; 5]) {
    let expectation = format!("the books say {expected:?}");
    eventually(&expectation, async || (books(server).await == expected).then_some(())).await;
}

/// Waits until nothing is in flight, waiting in memory, or ended and not recorded.
pub(crate) async fn quiet(server: &TestServer) {
    eventually("the dispatcher has nothing in hand", async || {
        let metrics = metrics(server).await;
        let in_hand = measured(&metrics, "herald_attempts_in_hand");
        let waiting = measured(&metrics, "herald_deliveries_in_memory");
        (in_hand + waiting == 0).then_some(())
    })
    .await;
}

/// Has upkeep come round now: it does so every few seconds, or when a webhook is deleted.
pub(crate) async fn wake_upkeep(server: &TestServer) {
    let api = api(server);
    let url = "https://127.0.0.1:9/never-sent-to";
    let webhook = api.create_webhook_for(url, "client.deleted", false).await;
    api.delete(&format!("/v1/webhooks/{webhook}")).await;
}
