//! What people ask for beside the schedule: resends, and recoveries of what a webhook missed.

use std::{collections::HashSet, time::Duration};

use herald_domain::{delivery::DeliveryState, id::DeliveryId};
use herald_testkit::{
    receiver::{Gate, Received, Receiver, Reply},
    server::{BEGINNING, TestServer, settings},
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    PATIENCE,
    api::{Api, text},
    eventually,
    inside::{self, api, books, books_say, publish, publish_many, quiet, wake_upkeep},
    world::World,
};

/// How many resends go on at once.
const AT_ONCE: usize = 32;

/// A receiver that answers 200 once the gate is open.
async fn gated(gate: &Gate) -> Receiver {
    let behind = gate.clone();
    Receiver::start(move |_| Reply::ok().behind(&behind)).await
}

/// A server whose attempts wait as long as a test does.
async fn patient_server() -> TestServer {
    let mut settings = settings();
    settings.client.deadline = PATIENCE;
    inside::start_with(settings).await
}

/// The ids of the deliveries in a state.
async fn deliveries(api: &Api, state: &str) -> Vec<String> {
    let list = api.get(&format!("/v1/deliveries?pageSize=1000&state={state}")).await.good();
    let items = list["items"].as_array().expect("a list has items");
    items.iter().map(|delivery| text(&delivery["id"])).collect()
}

fn resend(delivery: &str) -> String {
    format!("/v1/deliveries/{delivery}/resend")
}

/// Waits until the recovery has ended; answers it.
async fn ended(api: &Api, recovery: &Value) -> Value {
    let path = format!("/v1/recoveries/{}", text(&recovery["id"]));
    eventually("the recovery has ended", async || {
        let recovery = api.get(&path).await.good();
        (recovery["status"] != "running").then_some(recovery)
    })
    .await
}

fn events(received: &[Received]) -> HashSet<String> {
    received.iter().map(|request| request.event_id().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_delivery_is_sent_on_request_while_its_webhook_stays_disabled() {
    let server = inside::start().await;
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let api = api(&server);
    let url = receiver.url("/");
    let webhook = api.create_webhook_for(&url, "client.created", false).await;
    let event = publish(&server, "client.created").await;
    let held = deliveries(&api, "held").await.remove(0);
    let resent = api.post(&resend(&held), &Value::Null).await.good();
    assert_eq!(resent["delivery"]["state"], "delivered");
    assert_eq!(
        (&resent["delivery"]["attemptCount"], &resent["attempt"]["status"]),
        (&json!(0), &json!(200))
    );
    assert_eq!(resent["attempt"]["request"]["headers"]["Webhook-Id"], json!(event));
    assert_eq!(api.webhook(&webhook).await["enabled"], false);
    books_say(&server, [0, 1, 0, 0, 0]).await;

    let again = format!("/v1/events/{event}/resend");
    let again = api.post(&again, &json!({ "webhookId": webhook })).await.good();
    assert_eq!(again["items"][0]["delivery"]["state"], "delivered");
    assert_eq!(again["items"][0]["attempt"]["number"], 2);
    let received = receiver.received();
    assert_eq!((received.len(), events(&received).len()), (2, 1));
    assert_eq!(received[0].body, received[1].body);
    books_say(&server, [0, 1, 0, 0, 0]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_resend_delivered_is_not_retried_and_goes_with_its_event() {
    let server = inside::start().await;
    let receiver = Receiver::start(|request: &Received| match request.index {
        0 => Reply::status(500),
        _ => Reply::ok(),
    })
    .await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    let event = publish(&server, "client.created").await;
    let due = BEGINNING.after(Duration::from_secs(60));
    let delivery = eventually("the first attempt is recorded", async || {
        let delivery = api.only_delivery().await;
        (delivery["attemptCount"] == 1).then_some(delivery)
    })
    .await;
    let resent = api.post(&resend(&text(&delivery["id"])), &Value::Null).await.good();
    assert_eq!(resent["delivery"]["state"], "delivered");
    assert_eq!(resent["delivery"].get("nextAttemptAt"), None);

    server.clock.set(due.after(Duration::from_secs(86_400)));
    // The dispatcher has looked at what is due by then, once something else has been delivered.
    publish(&server, "client.created").await;
    books_say(&server, [0, 2, 0, 0, 0]).await;
    quiet(&server).await;
    let received = receiver.received();
    assert_eq!((received.len(), events(&received).len()), (3, 2));

    server.clock.advance(Duration::from_secs(31 * 86_400));
    wake_upkeep(&server).await;
    let shown = format!("/v1/deliveries/{}", text(&delivery["id"]));
    eventually("it is forgotten", async || (api.get(&shown).await.status == 404).then_some(()))
        .await;
    assert_eq!(api.get(&format!("/v1/events/{event}")).await.status, 404);
    assert_eq!(books(&server).await, [0, 2, 0, 0, 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_and_a_scheduled_attempt_at_the_same_time_keep_the_books() {
    let server = patient_server().await;
    let gate = Gate::new();
    let receiver = gated(&gate).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    let delivery = text(&api.only_delivery().await["id"]);
    let (path, by_hand) = (resend(&delivery), api.clone());
    let resending = tokio::spawn(async move { by_hand.post(&path, &Value::Null).await.good() });
    receiver.wait_for(2).await;
    gate.open();
    assert_eq!(resending.await.expect("it answers")["delivery"]["state"], "delivered");
    quiet(&server).await;
    let shown = api.get(&format!("/v1/deliveries/{delivery}")).await.good();
    assert_eq!((&shown["state"], &shown["attemptCount"]), (&json!("delivered"), &json!(1)));
    let manual = shown["attempts"].as_array().expect("attempts").iter();
    assert_eq!(manual.map(|one| one.get("manual").is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!(books(&server).await, [0, 1, 0, 0, 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_memory_is_not_sent_again_after_a_resend_delivered_it() {
    let mut settings = settings();
    settings.client.deadline = PATIENCE;
    settings.concurrency.in_flight_per_webhook = 1;
    let server = inside::start_with(settings).await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver = Receiver::start(move |request: &Received| match request.index {
        0 => Reply::ok().behind(&behind),
        _ => Reply::ok(),
    })
    .await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    let event = publish(&server, "client.created").await;
    let answer = api.post(&format!("/v1/events/{event}/resend"), &json!({})).await.good();
    assert_eq!(answer["items"][0]["delivery"]["state"], "delivered");
    gate.open();
    books_say(&server, [0, 2, 0, 0, 0]).await;
    quiet(&server).await;
    let received = receiver.received();
    assert_eq!((received.len(), events(&received).len()), (2, 2), "each once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_32_resends_go_on_at_once() {
    let server = patient_server().await;
    let gate = Gate::new();
    let receiver = gated(&gate).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", false).await;
    publish_many(&server, AT_ONCE + 1).await;
    let mut held = deliveries(&api, "held").await;
    let last = held.pop().expect("one too many");
    let mut resending = tokio::task::JoinSet::new();
    for delivery in held {
        let api = api.clone();
        resending.spawn(async move { api.post(&resend(&delivery), &Value::Null).await.good() });
    }
    receiver.wait_for(AT_ONCE).await;
    let refused = api.post(&resend(&last), &Value::Null).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["type"]),
        (429, &json!("too_many_requests"))
    );
    gate.open();
    assert_eq!(resending.join_all().await.len(), AT_ONCE);
    api.post(&resend(&last), &Value::Null).await.good();
    books_say(&server, [0, AT_ONCE as u64 + 1, 0, 0, 0]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_is_recorded_though_its_client_hung_up_and_herald_was_told_to_stop() {
    let server = patient_server().await;
    let gate = Gate::new();
    let receiver = gated(&gate).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", false).await;
    publish(&server, "client.created").await;
    let held = deliveries(&api, "held").await.remove(0);
    let path = resend(&held);
    let client =
        tokio::spawn(async move { api.send(Method::POST, &path, "null".into()).await.map(drop) });
    receiver.wait_for(1).await;
    client.abort();
    let _hung_up = client.await;
    let (engine, environment) = (server.engine.clone(), server.environment());
    let stopping = tokio::spawn(server.stop());
    eventually("it takes nothing new", async || {
        (!engine.readiness().await.is_good()).then_some(())
    })
    .await;
    assert!(!stopping.is_finished(), "it waits for the resend");
    gate.open();
    let _remains = stopping.await.expect("it stops");
    let id: DeliveryId = held.parse().expect("an id");
    let (delivery, attempts) = engine.delivery(environment, id).await.expect("it is there");
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(attempts.iter().map(|one| one.manual).collect::<Vec<_>>(), [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_held_deliveries_are_recovered_and_arrive_once_each() {
    const HELD: usize = 1_000;
    let server = inside::start().await;
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let api = api(&server);
    let webhook = api.create_webhook_for(&receiver.url("/"), "client.created", false).await;
    publish_many(&server, HELD).await;
    books_say(&server, [0, 0, 0, HELD as u64, 0]).await;
    api.update_webhook(&webhook, &json!({ "enabled": true })).await;
    quiet(&server).await;
    assert_eq!(receiver.received().len(), 0, "enabling alone sends nothing");

    let recover = format!("/v1/webhooks/{webhook}/recover");
    let counted = json!({ "since": BEGINNING, "dryRun": true });
    let counted = api.post(&recover, &counted).await.good();
    assert_eq!(counted, json!({ "dryRun": true, "total": HELD }));
    let begun = api.post(&recover, &json!({ "since": BEGINNING })).await.good();
    books_say(&server, [0, HELD as u64, 0, 0, 0]).await;
    let recovery = ended(&api, &begun).await;
    assert_eq!((&recovery["status"], &recovery["recovered"]), (&json!("done"), &json!(HELD)));
    quiet(&server).await;
    let received = receiver.received();
    assert_eq!((received.len(), events(&received).len()), (HELD, HELD));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_a_kill_9_interrupts_goes_on_after_the_restart() {
    const HELD: usize = 3_000;
    let world = World::new().await;
    let receiver = Receiver::start_tls(&world.receiver, &["h2"], |_| Reply::ok()).await;
    let running = world.first_start().await;
    let api = running.api();
    let webhook = api.create_webhook_for(&receiver.url("/"), "client.created", false).await;
    let event = json!({
        "accountId": running.keys.account,
        "environment": "test",
        "type": "client.created",
        "resource": { "id": "the-client" },
    });
    for _ in 0..HELD / 1_000 {
        let batch = json!({ "events": vec![event.clone(); 1_000] });
        running.operator().post("/operator/v1/events/batch", &batch).await.good();
    }
    api.update_webhook(&webhook, &json!({ "enabled": true })).await;
    let recover = format!("/v1/webhooks/{webhook}/recover");
    let asked = json!({ "since": "2000-01-01" });
    let begun = api.post(&recover, &asked).await.good();
    assert_eq!(begun["total"], HELD);
    running.server.kill().await;

    let again = world.start(&running.keys).await;
    let api = again.api();
    let recovery = ended(&api, &begun).await;
    assert_eq!((&recovery["status"], &recovery["recovered"]), (&json!("done"), &json!(HELD)));
    eventually("all are delivered", async || {
        (api.count("delivered").await == HELD as u64).then_some(())
    })
    .await;
    assert_eq!(events(&receiver.received()).len(), HELD);
    assert!(again.server.terminate().await.success());
}
