//! Herald as one of several nodes on one database: what it hears of others, what it leaves to them,
//! and what it does not do any more once its lease has ended. What the others do is in the test's
//! hand; with a database of several nodes, they are real elsewhere.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use herald_domain::{
    id::{EventId, WebhookId},
    notice::{NOTICE_WEBHOOK, OPERATOR},
    signature::Secret,
    time::Timestamp,
    webhook::WebhookPatch,
};
use herald_engine::{Incoming, NewEndpoint, NoticeHook, RECOVERABLE, Role, Settings};
use herald_store::{Page, Signal, WebhookFilter};
use herald_testkit::{
    receiver::{Gate, Receiver, Reply},
    server::{BEGINNING, TestServer, settings},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    PATIENCE,
    api::text,
    eventually,
    inside::{self, api, books_say, measured, metrics, publish, publish_many, quiet},
};

/// Sooner than any loop comes round by itself.
const PROMPT: Duration = Duration::from_secs(4);

/// Long enough to find that there is nothing, and to wait for what comes.
const MOMENT: Duration = Duration::from_millis(200);

fn of_role(role: Role) -> Settings {
    Settings { role, ..settings() }
}

/// What the metrics of a server count as let go.
async fn let_go(server: &TestServer) -> u64 {
    measured(&metrics(server).await, "herald_deliveries_let_go_total")
}

/// The only webhook of the server's test environment.
async fn only_webhook(server: &TestServer) -> WebhookId {
    let (filter, page) = (WebhookFilter::default(), Page::default());
    let listed = server.store.list_webhooks(server.environment(), filter, page).await;
    listed.expect("the store answers").items[0].id
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_attempted_under_a_lease_that_has_ended_and_nothing_is_left_behind() {
    const EVENTS: usize = 20;
    let server = inside::start().await;
    let receiver = Receiver::start(|_| Reply::ok()).await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    server.nodes.hold(false);
    publish_many(&server, EVENTS).await;
    eventually("all are let go, claimed anew, and let go again", async || {
        (let_go(&server).await > EVENTS as u64).then_some(())
    })
    .await;
    assert_eq!(receiver.received().len(), 0);
    books_say(&server, [EVENTS as u64, 0, 0, 0, 0]).await;

    server.nodes.hold(true);
    receiver.wait_for(EVENTS).await;
    quiet(&server).await;
    assert_eq!(receiver.received().len(), EVENTS, "each once");
    books_say(&server, [0, EVENTS as u64, 0, 0, 0]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_began_before_its_lease_ended_goes_on_to_its_end() {
    let server = inside::start().await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver = Receiver::start(move |_| Reply::ok().behind(&behind)).await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    server.nodes.hold(false);
    gate.open();
    books_say(&server, [0, 1, 0, 0, 0]).await;
    assert_eq!(let_go(&server).await, 0);
    server.stop().await;
}

/// Another node changes a webhook, and tells this one.
async fn change(server: &TestServer, webhook: WebhookId, patch: WebhookPatch) {
    let environment = server.environment();
    let updated = server.store.update_webhook(environment, webhook, patch, BEGINNING).await;
    assert!(updated.expect("the store answers").is_some());
    server.nodes.tell(Signal::WebhookChanged(webhook));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_another_node_has_changed_a_webhook_nothing_begins_as_it_was() {
    let mut settings = settings();
    settings.concurrency.in_flight_per_webhook = 1;
    settings.client.deadline = PATIENCE;
    let server = inside::start_with(settings).await;
    let gate = Gate::new();
    let behind = gate.clone();
    let before = Receiver::start(move |_| Reply::ok().behind(&behind)).await;
    let after = Receiver::start(|_| Reply::ok()).await;
    api(&server).create_webhook_for(&before.url("/"), "client.created", true).await;
    publish_many(&server, 5).await;
    before.wait_for(1).await;

    let webhook = only_webhook(&server).await;
    let moved = WebhookPatch { url: Some(after.url("/")), enabled: Some(false), ..no_change() };
    change(&server, webhook, moved).await;
    eventually("what waited in memory is given back", async || {
        (measured(&metrics(&server).await, "herald_deliveries_in_memory") == 0).then_some(())
    })
    .await;
    gate.open();
    books_say(&server, [4, 1, 0, 0, 0]).await;
    change(&server, webhook, WebhookPatch { enabled: Some(true), ..no_change() }).await;
    books_say(&server, [0, 5, 0, 0, 0]).await;
    assert_eq!((before.received().len(), after.received().len()), (1, 4));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_has_delivered_on_request_is_not_sent_again() {
    let mut settings = settings();
    settings.concurrency.in_flight_per_webhook = 1;
    settings.client.deadline = PATIENCE;
    let server = inside::start_with(settings).await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver =
        Receiver::start(
            move |request| {
                if request.index == 0 { Reply::ok().behind(&behind) } else { Reply::ok() }
            },
        )
        .await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    let waiting = EventId(publish(&server, "client.created").await.parse().expect("an id"));

    let (other, _) = server.another_node(of_role(Role::Api));
    let environment = server.environment();
    let resent = other.resend_event(environment, waiting, None).await.expect("it is resent");
    assert_eq!(resent.len(), 1);
    server.nodes.tell(Signal::Delivered(only_webhook(&server).await, waiting));
    eventually("it does not wait any more", async || {
        (measured(&metrics(&server).await, "herald_deliveries_in_memory") == 0).then_some(())
    })
    .await;
    gate.open();
    quiet(&server).await;
    assert_eq!(receiver.received().len(), 2, "each once");
    books_say(&server, [0, 2, 0, 0, 0]).await;
    server.stop().await;
}

fn no_change() -> WebhookPatch {
    WebhookPatch::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_only_answers_leaves_delivering_to_others() {
    let server = inside::start_with(of_role(Role::Api)).await;
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    let delivery = api.only_delivery().await;
    assert_eq!((&delivery["state"], receiver.received().len()), (&Value::from("pending"), 0));
    assert!(server.engine.readiness().await.is_good(), "what is not started is no trouble");

    let (others, nodes) = server.another_node(of_role(Role::Dispatch));
    assert!(!others.health().is_good(), "what should be started, and is not, is trouble");
    others.start().await.expect("it starts");
    assert!(others.health().is_good());
    receiver.wait_for(1).await;

    let webhook = only_webhook(&server).await;
    for (number, signal) in [(2, Signal::Due(webhook)), (3, Signal::LookAround)] {
        publish(&server, "client.created").await;
        eventually("it is left to others", async || {
            let due = server.store.due(None, 1).await.expect("the store answers");
            (!due.is_empty()).then_some(())
        })
        .await;
        nodes.tell(signal);
        receiver.wait_for(number).await;
    }
    books_say(&server, [0, 3, 0, 0, 0]).await;
    others.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_only_answers_makes_attempts_on_request() {
    let server = inside::start_with(of_role(Role::Api)).await;
    let receiver = Receiver::start(|_| Reply::ok()).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    let delivery = text(&api.only_delivery().await["id"]);
    let resent = api.post(&format!("/v1/deliveries/{delivery}/resend"), &Value::Null).await.good();
    assert_eq!(resent["delivery"]["state"], "delivered");
    assert_eq!(receiver.received().len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_what_may_be_in_flight_to_a_webhook() {
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver = Receiver::start(move |_| Reply::ok().behind(&behind)).await;
    let server = inside::start_with(of_role(Role::Api)).await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish_many(&server, 8).await;
    let mut settings = settings();
    settings.concurrency.in_flight_per_webhook = 3;
    settings.client.deadline = PATIENCE;
    let (engine, nodes) = server.another_node(settings);
    nodes.dispatch_with(2);
    engine.start().await.expect("it starts");
    receiver.wait_for(2).await;
    eventually("the others wait", async || {
        let metrics = engine.metrics_text().await.expect("the store answers");
        let waiting = measured(&metrics, "herald_deliveries_in_memory");
        (waiting == 6 && measured(&metrics, "herald_attempts_in_hand") == 2).then_some(())
    })
    .await;
    gate.open();
    books_say(&server, [0, 8, 0, 0, 0]).await;
    engine.stop().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_an_endpoint_sees_what_another_node_has_kept() {
    let server = inside::start().await;
    let (other, _) = server.another_node(of_role(Role::Api));
    let environment = server.environment();
    let made = server.engine.create_endpoint(environment, NewEndpoint::default()).await;
    let endpoint = made.expect("an endpoint is made").endpoint.id;
    let mut viewing =
        server.engine.watch_endpoint(environment, endpoint, None).await.expect("it is watched");
    for signal in [Signal::RequestKept(endpoint, 1), Signal::LookAround] {
        let incoming = Incoming {
            method: "POST".to_owned(),
            query: None,
            headers: Vec::new(),
            body: Bytes::from_static(b"{}"),
        };
        let mut next = pin!(viewing.next());
        assert!(timeout(MOMENT, &mut next).await.is_err(), "there is nothing yet");
        other.receive(endpoint, incoming).await.expect("it is kept");
        server.nodes.tell(signal);
        let seen = timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("{signal:?}"));
        assert_eq!(seen.expect("the store answers").expect("it is there").len(), 1);
    }
    let mut next = pin!(viewing.next());
    assert!(timeout(MOMENT, &mut next).await.is_err(), "there is nothing more");
    other.delete_endpoint(environment, endpoint).await.expect("it is deleted");
    server.nodes.tell(Signal::EndpointGone(endpoint));
    let end = timeout(PATIENCE, next).await.expect("it is told that the endpoint is gone");
    assert!(end.expect("the store answers").is_none());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_leaves_to_be_done_is_begun_at_once() {
    for signal in [Signal::RecoveryMade, Signal::LookAround] {
        let server = inside::start().await;
        let receiver = Receiver::start(|_| Reply::ok()).await;
        let api = api(&server);
        let url = receiver.url("/");
        let id = api.create_webhook_for(&url, "client.created", false).await;
        publish(&server, "client.created").await;
        api.update_webhook(&id, &json!({ "enabled": true })).await;
        let (other, _) = server.another_node(of_role(Role::Api));
        let (environment, webhook) = (server.environment(), only_webhook(&server).await);
        let states = RECOVERABLE.into();
        let made = other.recover(environment, webhook, Timestamp::default(), states).await;
        assert_eq!(made.expect("a recovery is made").total, 1);
        server.nodes.tell(signal);
        let arrives = timeout(PROMPT, receiver.wait_for(1)).await;
        assert!(arrives.is_ok(), "{signal:?}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_in_order_leaves_the_others() {
    let server = inside::start().await;
    let nodes = server.nodes.clone();
    assert!(!nodes.has_left());
    server.stop().await;
    assert!(nodes.has_left());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_uses_any_more_does_not_go_on_listening() {
    let server = inside::start().await;
    let (engine, nodes) = server.another_node(of_role(Role::Api));
    engine.start().await.expect("it starts");
    assert!(Arc::strong_count(&nodes) > 1);
    drop(engine);
    eventually("its store is let go", async || (Arc::strong_count(&nodes) == 1).then_some(()))
        .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_make_one_notice_webhook() {
    // What the second one looks up before the first has made it: the webhook, and the account.
    for look_ups in [1, 2] {
        let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").expect("a secret");
        let url = "https://127.0.0.1:9/notices".to_owned();
        let settings = Settings { notice_hook: Some(NoticeHook { url, secret }), ..settings() };
        let server = inside::start_with(settings.clone()).await;
        let (second, nodes) = server.another_node(settings);
        nodes.come_before_the_others(look_ups);
        second.start().await.expect("it starts");
        let (filter, page) = (WebhookFilter::default(), Page::default());
        let webhooks = server.store.list_webhooks(OPERATOR, filter, page).await;
        let ids: Vec<_> = webhooks.expect("they are read").items.iter().map(|w| w.id).collect();
        assert_eq!(ids, [NOTICE_WEBHOOK], "{look_ups}");
        second.stop().await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_knows_of_a_jump_of_the_clock_first_shortens_no_schedule() {
    let server = inside::start().await;
    let receiver = Receiver::start(|_| Reply::status(500)).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    let witness = api.create_webhook_for(&receiver.url("/"), "client.created", false).await;
    publish(&server, "client.created").await;
    let due: Timestamp = eventually("the attempt is recorded", async || {
        let list = api.get("/v1/deliveries?state=pending").await.good();
        let delivery = &list["items"][0];
        (delivery["attemptCount"] == 1)
            .then(|| text(&delivery["nextAttemptAt"]).parse().expect("a time"))
    })
    .await;
    server.clock.asleep_until(due).await;
    let ahead = BEGINNING.after(Duration::from_secs(3_600));
    server.store.note_time(ahead).await.expect("the time is noted");
    // Upkeep looks at the clock first, and cancels what belongs to deleted webhooks then.
    api.delete(&format!("/v1/webhooks/{witness}")).await;
    books_say(&server, [1, 0, 0, 0, 1]).await;
    server.clock.set(due.before(Duration::from_millis(1)));
    server.clock.asleep_until(due).await;
    assert_eq!(receiver.received().len(), 1, "it is not due yet");
    server.clock.set(due);
    receiver.wait_for(2).await;
    server.stop().await;
}
