//! What is forgotten and what is kept: events 30 days after they came, unless something is still
//! to be done about them; an `Idempotency-Key` after a day. The books balance all along, and go on
//! counting what was forgotten.
//!
//! Upkeep judges everything by one time at each of its rounds. So a test that waits until
//! something just old enough is gone knows that what is still there was kept on purpose.

use std::time::Duration;

use herald_testkit::{
    receiver::{Received, Receiver, Reply},
    server::{BEGINNING, TestServer},
};

use crate::support::{
    api::text,
    eventually,
    inside::{self, api, books, books_say, event, operator, publish, wake_upkeep},
};

const DAY: Duration = Duration::from_secs(86_400);
const RETENTION: Duration = Duration::from_secs(30 * 86_400);
const TICK: Duration = Duration::from_millis(1);

/// The status of the answer to this path.
async fn status(server: &TestServer, path: &str) -> u16 {
    api(server).get(path).await.status.as_u16()
}

/// The ids of the deliveries of this event.
async fn deliveries(server: &TestServer, event: &str) -> Vec<String> {
    let list = api(server).get(&format!("/v1/deliveries?eventId={event}")).await.good();
    let items = list["items"].as_array().expect("a list has items");
    items.iter().map(|delivery| text(&delivery["id"])).collect()
}

/// Has upkeep come round until the event is gone.
async fn gone(server: &TestServer, event: &str) {
    wake_upkeep(server).await;
    eventually("the event is forgotten", async || {
        (status(server, &format!("/v1/events/{event}")).await == 404).then_some(())
    })
    .await;
}

async fn total(server: &TestServer, path: &str) -> u64 {
    let list = api(server).get(path).await.good();
    list["totalItems"].as_u64().expect("a list says how long it is")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_forgotten_30_days_later_unless_a_delivery_of_it_is_pending_or_held() {
    let server = inside::start().await;
    let receiver = Receiver::start(|request: &Received| match request.path.as_str() {
        "/good" => Reply::ok(),
        _ => Reply::status(500),
    })
    .await;
    let api = api(&server);
    let (good, bad) = (receiver.url("/good"), receiver.url("/bad"));
    api.create_webhook_for(&good, "client.created", true).await;
    api.create_webhook_for(&good, "document.created", true).await;
    api.create_webhook_for(&bad, "document.created", true).await;
    api.create_webhook_for(&good, "address.created", true).await;
    api.create_webhook_for(&good, "address.created", false).await;
    let delivered = publish(&server, "client.created").await;
    let pending = publish(&server, "document.created").await;
    let held = publish(&server, "address.created").await;
    let unmatched = publish(&server, "client.deleted").await;
    books_say(&server, [1, 3, 0, 1, 0]).await;
    let forgotten = deliveries(&server, &delivered).await;
    assert_eq!(forgotten.len(), 1);

    // What is older than 30 days goes; what is exactly so old stays.
    server.clock.advance(TICK);
    let younger = publish(&server, "client.created").await;
    books_say(&server, [1, 4, 0, 1, 0]).await;
    server.clock.set(BEGINNING.after(RETENTION).after(TICK));
    gone(&server, &delivered).await;
    assert_eq!(status(&server, &format!("/v1/deliveries/{}", forgotten[0])).await, 404);
    assert_eq!(deliveries(&server, &delivered).await, [""; 0]);
    assert_eq!(status(&server, &format!("/v1/events/{unmatched}")).await, 404);
    for event in [&pending, &held, &younger] {
        assert_eq!(status(&server, &format!("/v1/events/{event}")).await, 200);
    }
    assert_eq!(deliveries(&server, &pending).await.len(), 2, "both of it, the delivered one too");
    assert_eq!(deliveries(&server, &held).await.len(), 2);
    assert_eq!(total(&server, "/v1/events").await, 3);
    assert_eq!(total(&server, "/v1/deliveries").await, 5);
    assert_eq!(books(&server).await, [1, 4, 0, 1, 0]);

    server.clock.advance(DAY);
    gone(&server, &younger).await;
    assert_eq!(total(&server, "/v1/deliveries").await, 4);
    assert_eq!(books(&server).await, [1, 4, 0, 1, 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_kept_for_a_delivery_goes_when_that_has_ended() {
    let server = inside::start().await;
    let receiver = Receiver::start(|request: &Received| match request.index {
        0 => Reply::status(500),
        _ => Reply::ok(),
    })
    .await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    let event = publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    books_say(&server, [1, 0, 0, 0, 0]).await;
    server.clock.advance(RETENTION + DAY);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].body, received[1].body, "31 days later, the same bytes");
    eventually("the retry is recorded", async || (books(&server).await[0] == 0).then_some(()))
        .await;
    gone(&server, &event).await;
    assert_eq!(total(&server, "/v1/deliveries").await, 0);
    assert_eq!(books(&server).await, [0, 1, 0, 0, 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_remembered_for_a_day_and_no_longer() {
    let server = inside::start().await;
    let publish = async |key: &str| {
        let event = event(&server, "client.created", key);
        let operator = operator(&server).under_key(key);
        let accepted = operator.post("/operator/v1/events", &event).await.good();
        text(&accepted["events"][0]["id"])
    };
    let old = publish("old").await;
    server.clock.advance(TICK);
    let young = publish("young").await;
    server.clock.set(BEGINNING.after(DAY));
    wake_upkeep(&server).await;
    assert_eq!(publish("old").await, old);

    server.clock.advance(TICK);
    wake_upkeep(&server).await;
    eventually("the old key is forgotten", async || (publish("old").await != old).then_some(()))
        .await;
    assert_eq!(publish("young").await, young, "exactly a day old");
    assert_eq!(total(&server, "/v1/events").await, 3);
    server.stop().await;
}
