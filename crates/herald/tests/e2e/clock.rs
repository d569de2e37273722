//! The clock jumps, as clocks of machines do that sleep, migrate, or find their time server at
//! last: no retry is later than its step (promise 4), and nothing panics or bursts.
//!
//! Herald notices that the clock has gone back when upkeep comes round, at most seconds later.
//! Until then it can't know, and what is due is due by a clock that went wrong.

use std::time::Duration;

use herald_domain::time::Timestamp;
use herald_engine::Clock as _;
use herald_testkit::{
    receiver::{Gate, Received, Receiver, Reply},
    server::{BEGINNING, TestServer, settings},
};
use serde_json::json;

use crate::support::{
    api::{Api, text},
    eventually,
    inside::{self, api, books, books_say, publish, publish_many, quiet, wake_upkeep},
};

const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const TICK: Duration = Duration::from_millis(1);

/// The first step of the schedule.
const STEP: Duration = Duration::from_secs(60);

/// When the only delivery is due, once it has been attempted so often.
async fn due(api: &Api, attempts: u64) -> Timestamp {
    eventually("the attempt is recorded", async || {
        let delivery = api.only_delivery().await;
        let recorded = delivery["attemptCount"] == attempts && delivery["state"] == "pending";
        recorded.then(|| text(&delivery["nextAttemptAt"]).parse().expect("a time"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_clock_went_back_a_retry_comes_no_later_than_its_step() {
    for back in [HOUR, 3 * YEAR] {
        let server = inside::start().await;
        let receiver = Receiver::start(|_| Reply::status(500)).await;
        let api = api(&server);
        api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
        publish(&server, "client.created").await;
        let before = due(&api, 1).await;
        assert!(before >= BEGINNING.after(STEP));
        server.clock.asleep_until(before).await;

        server.clock.set(BEGINNING.before(back));
        wake_upkeep(&server).await;
        let next = before.before(back);
        server.clock.asleep_until(next).await;
        assert_eq!(due(&api, 1).await, next, "as long from now as it was");
        server.clock.set(next.before(TICK));
        server.clock.asleep_until(next).await;
        assert_eq!(receiver.received().len(), 1, "nor is it earlier");
        server.clock.set(next);
        receiver.wait_for(2).await;
        assert!(due(&api, 2).await >= next.after(2 * STEP), "the schedule goes on");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_clock_went_back_what_waits_for_a_disabled_webhook_comes_no_later_either() {
    let server = inside::start().await;
    let receiver = Receiver::start(|_| Reply::status(500)).await;
    let api = api(&server);
    let webhook = api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    let before = due(&api, 1).await;
    api.update_webhook(&webhook, &json!({ "enabled": false })).await;
    server.clock.set(BEGINNING.before(YEAR));
    wake_upkeep(&server).await;
    let next = before.before(YEAR);
    eventually("it is due as long from now as it was", async || {
        (due(&api, 1).await == next).then_some(())
    })
    .await;
    api.update_webhook(&webhook, &json!({ "enabled": true })).await;
    server.clock.asleep_until(next).await;
    server.clock.set(next);
    receiver.wait_for(2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn years_forward_all_retries_come_and_no_more_at_once_than_the_window_allows() {
    const WINDOW: usize = 8;
    const RETRIES: usize = 300;
    let mut settings = settings();
    settings.concurrency.in_flight_per_webhook = WINDOW;
    let server = inside::start_with(settings).await;
    let gate = Gate::new();
    let behind = gate.clone();
    let clock = server.clock.clone();
    let receiver = Receiver::start(move |_: &Received| {
        if clock.now() < BEGINNING.after(YEAR) {
            Reply::status(500)
        } else {
            Reply::ok().behind(&behind)
        }
    })
    .await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish_many(&server, RETRIES).await;
    receiver.wait_for(RETRIES).await;
    quiet(&server).await;
    assert_eq!(books(&server).await, [RETRIES as u64, 0, 0, 0, 0]);

    server.clock.advance(5 * YEAR);
    receiver.wait_for(RETRIES + 1).await;
    served_beside(&server).await;
    let at_once = receiver.received().len() - RETRIES;
    assert!(at_once <= WINDOW, "{at_once} came at once");
    gate.open();
    books_say(&server, [0, RETRIES as u64 + 1, 0, 0, 0]).await;
    assert_eq!(receiver.received().len(), 2 * RETRIES, "each is retried once");
    server.stop().await;
}

/// Another webhook is served meanwhile: the dispatcher has taken its turns.
async fn served_beside(server: &TestServer) {
    let other = Receiver::start(|_| Reply::ok()).await;
    api(server).create_webhook_for(&other.url("/"), "address.created", true).await;
    publish(server, "address.created").await;
    other.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_goes_on_after_the_clock_went_back() {
    const BACKLOG: usize = 3_000;
    let server = inside::start().await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver = Receiver::start(move |_| Reply::ok().behind(&behind)).await;
    api(&server).create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish_many(&server, BACKLOG).await;
    receiver.wait_for(1).await;
    server.clock.set(BEGINNING.before(3 * YEAR));
    wake_upkeep(&server).await;
    gate.open();
    books_say(&server, [0, BACKLOG as u64, 0, 0, 0]).await;
    assert_eq!(receiver.received().len(), BACKLOG, "each came once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_during_which_the_clock_goes_back_is_retried_no_later_than_its_step() {
    let server = inside::start().await;
    let gate = Gate::new();
    let behind = gate.clone();
    let receiver = Receiver::start(move |_| Reply::status(500).behind(&behind)).await;
    let api = api(&server);
    api.create_webhook_for(&receiver.url("/"), "client.created", true).await;
    publish(&server, "client.created").await;
    receiver.wait_for(1).await;
    let now = BEGINNING.before(YEAR);
    server.clock.set(now);
    wake_upkeep(&server).await;
    // A second round of upkeep begins only after the first has ended.
    wake_upkeep(&server).await;
    gate.open();
    let next = due(&api, 1).await;
    assert!(next <= now.after(STEP + HOUR), "it is {now}, and the retry comes at {next}");
    server.stop().await;
}
