//! The schedule is completed, whatever happens to the webhook meanwhile (promise 4): with the
//! server in the test's process and the clock in its hand, since it takes days.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use herald_domain::time::Timestamp;
use herald_testkit::{
    clock::ManualClock,
    receiver::{Receiver, Reply},
    server::{BEGINNING, OPERATOR_KEY, TestServer},
};
use serde_json::{Value, json};

use crate::support::{
    api::{Api, text},
    eventually, inside,
};

/// The documented delays after each failed attempt, seconds.
const STEPS: [u64; 10] = [60, 120, 480, 1_920, 7_680, 30_720, 86_400, 86_400, 86_400, 86_400];

/// Nobody panics while holding a lock.
const UNHELD: &str = "nobody panics while holding it";

/// A server, a receiver that notes when each request came, and one event for it.
struct Stage {
    server: TestServer,
    receiver: Receiver,
    /// What the clock showed at each request, and the bytes that came.
    arrivals: Arc<Mutex<Vec<(Timestamp, Bytes)>>>,
    /// When each attempt so far was due, and the next one is.
    due: Mutex<Vec<Timestamp>>,
    webhook: String,
}

impl Stage {
    /// `status` says what the receiver answers to the request of this number, from 1.
    async fn new(status: impl Fn(usize) -> u16 + Send + Sync + 'static) -> Self {
        let server = inside::start().await;
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let receiver = noting(server.clock.clone(), arrivals.clone(), status).await;
        let (webhook, _) = api(&server).create_webhook(&receiver.url("/")).await;
        let due = Mutex::new(vec![BEGINNING]);
        let stage = Self { server, receiver, arrivals, due, webhook };
        stage.publish("the-client").await;
        stage
    }

    fn api(&self) -> Api {
        api(&self.server)
    }

    async fn publish(&self, client: &str) {
        let operator = Api::new(self.server.address(), OPERATOR_KEY);
        let event = json!({
            "accountId": self.server.account.account.id,
            "environment": "test",
            "type": "client.created",
            "resource": { "id": client },
        });
        operator.post("/operator/v1/events", &event).await.good();
    }

    /// Waits until attempt `number` has failed, and sees when the next one is due: exactly one
    /// step after this one has ended. An attempt takes real time, some milliseconds, while the
    /// clock stands still.
    async fn failed(&self, number: usize) {
        self.receiver.wait_for(number).await;
        let delivery = eventually("the attempt is recorded", async || {
            let delivery = self.api().only_delivery().await;
            (delivery["attemptCount"] == number).then_some(delivery)
        })
        .await;
        assert_eq!(delivery["state"], "pending");
        let next = time(&delivery["nextAttemptAt"]);
        let ended = self.ended(number, &delivery).await;
        // After eleven attempts it may have been recovered: the steps begin anew.
        assert_eq!(next, ended.after(Duration::from_secs(STEPS[(number - 1) % 11])));
        self.due.lock().expect(UNHELD).insert(number, next);
        self.server.clock.asleep_until(next).await;
    }

    /// When attempt `number` has ended; it has to have begun when it was due, not before or after.
    async fn ended(&self, number: usize, delivery: &Value) -> Timestamp {
        let path = format!("/v1/deliveries/{}", text(&delivery["id"]));
        let shown = self.api().get(&path).await.good();
        let mut scheduled = shown["attempts"].as_array().expect("attempts").iter();
        let attempt = scheduled.find(|one| one["number"] == number && one.get("manual").is_none());
        let attempt = attempt.expect("the attempt is shown");
        assert_eq!(time(&attempt["startedAt"]), self.due(number));
        let took = Duration::from_millis(attempt["durationMs"].as_u64().expect("milliseconds"));
        self.due(number).after(took)
    }

    /// When attempt `number` (from 1) was due, or is.
    fn due(&self, number: usize) -> Timestamp {
        self.due.lock().expect(UNHELD)[number - 1]
    }

    /// Moves the clock from attempt `number` to the next: first to just before it.
    async fn on_to_the_next(&self, number: usize) {
        let next = self.due(number + 1);
        self.server.clock.set(next.before(Duration::from_millis(1)));
        self.server.clock.asleep_until(next).await;
        self.server.clock.set(next);
    }

    /// Plays attempts `from` to `to`, each failing; ends when the one after `to` is waited for.
    async fn play(&self, from: usize, to: usize) {
        for number in from..=to {
            self.failed(number).await;
            if number < to {
                self.on_to_the_next(number).await;
            }
        }
    }

    /// Waits until the delivery is in this state.
    async fn ends(&self, state: &str) -> Value {
        eventually(state, async || {
            let delivery = self.api().only_delivery().await;
            (delivery["state"] == state).then_some(delivery)
        })
        .await
    }

    fn times(&self) -> Vec<Timestamp> {
        self.arrivals.lock().expect(UNHELD).iter().map(|(at, _)| *at).collect()
    }

    /// When the first attempts were due.
    fn all_due(&self, to: usize) -> Vec<Timestamp> {
        self.due.lock().expect(UNHELD)[..to].to_vec()
    }

    fn bodies(&self) -> HashSet<Bytes> {
        self.arrivals.lock().expect(UNHELD).iter().map(|(_, body)| body.clone()).collect()
    }
}

fn api(server: &TestServer) -> Api {
    Api::new(server.address(), &server.account.test)
}

async fn noting(
    clock: Arc<ManualClock>,
    arrivals: Arc<Mutex<Vec<(Timestamp, Bytes)>>>,
    status: impl Fn(usize) -> u16 + Send + Sync + 'static,
) -> Receiver {
    Receiver::start(move |request| {
        use herald_engine::Clock as _;
        let mut arrivals = arrivals.lock().expect(UNHELD);
        arrivals.push((clock.now(), request.body.clone()));
        Reply::status(status(arrivals.len()))
    })
    .await
}

fn time(value: &Value) -> Timestamp {
    text(value).parse().expect("a time")
}

#[tokio::test(flavor = "multi_thread")]
async fn eleven_attempts_come_exactly_on_schedule_and_then_the_webhook_is_disabled() {
    let stage = Stage::new(|_| 500).await;
    stage.play(1, 10).await;
    stage.on_to_the_next(10).await;
    let delivery = stage.ends("exhausted").await;
    assert_eq!(delivery["attemptCount"], 11);
    assert_eq!(stage.times(), stage.all_due(11));
    assert_eq!(stage.bodies().len(), 1, "every attempt has the same bytes");

    let webhook = stage.api().webhook(&stage.webhook).await;
    assert_eq!(webhook["enabled"], false);
    assert!(text(&webhook["disabledReason"]).contains("11"), "{webhook}");
    assert_eq!(time(&webhook["disabledAt"]), stage.ended(11, &delivery).await);

    stage.server.clock.advance(Duration::from_secs(30 * 86_400));
    stage.publish("later").await;
    assert_eq!(stage.api().count("held").await, 1, "what comes now is held");
    assert_eq!(stage.receiver.received().len(), 11, "nothing is sent any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_recovers_at_the_last_attempt_is_not_disabled() {
    let stage = Stage::new(|number| if number == 11 { 204 } else { 503 }).await;
    stage.play(1, 10).await;
    stage.on_to_the_next(10).await;
    stage.ends("delivered").await;
    assert_eq!(stage.times(), stage.all_due(11));
    let webhook = stage.api().webhook(&stage.webhook).await;
    assert_eq!(webhook["enabled"], true, "{webhook}");
    assert_eq!(webhook["disabledReason"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn editing_a_webhook_neither_resets_nor_shortens_its_schedule() {
    let stage = Stage::new(|_| 500).await;
    stage.play(1, 3).await;
    let api = stage.api();
    let edits = json!({ "description": "edited", "events": ["client.created"] });
    api.update_webhook(&stage.webhook, &edits).await;
    stage.server.clock.asleep_until(stage.due(4)).await;
    stage.on_to_the_next(3).await;
    stage.play(4, 5).await;
    assert_eq!(stage.times(), stage.all_due(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_and_enabling_a_webhook_goes_on_with_its_schedule() {
    let stage = Stage::new(|_| 500).await;
    stage.play(1, 2).await;
    let api = stage.api();
    api.update_webhook(&stage.webhook, &json!({ "enabled": false })).await;
    api.update_webhook(&stage.webhook, &json!({ "enabled": true })).await;
    stage.server.clock.asleep_until(stage.due(3)).await;
    stage.on_to_the_next(2).await;
    stage.play(3, 4).await;
    assert_eq!(stage.times(), stage.all_due(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_due_while_the_webhook_was_disabled_is_sent_once_it_is_enabled() {
    let stage = Stage::new(|number| if number > 2 { 200 } else { 500 }).await;
    stage.play(1, 2).await;
    let api = stage.api();
    api.update_webhook(&stage.webhook, &json!({ "enabled": false })).await;
    let hour = Duration::from_secs(3_600);
    stage.server.clock.advance(hour);
    // Something else is sent meanwhile: the dispatcher has seen the time.
    let other = Receiver::start(|_| Reply::ok()).await;
    api.create_webhook(&other.url("/")).await;
    stage.publish("for-the-other").await;
    other.wait_for(1).await;
    assert_eq!(stage.receiver.received().len(), 2, "a disabled webhook is sent nothing");

    api.update_webhook(&stage.webhook, &json!({ "enabled": true })).await;
    eventually("it is sent, once the webhook is enabled", async || {
        (api.count("delivered").await == 2).then_some(())
    })
    .await;
    assert_eq!(stage.times()[2], stage.due(2).after(hour));
    assert_eq!(api.count("held").await, 1, "what came while it was disabled stays held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_goes_to_the_new_url_with_the_same_bytes_at_the_time_it_was_due() {
    let stage = Stage::new(|_| 500).await;
    stage.play(1, 2).await;
    let elsewhere = Arc::new(Mutex::new(Vec::new()));
    let moved = noting(stage.server.clock.clone(), elsewhere.clone(), |_| 200).await;
    let api = stage.api();
    api.update_webhook(&stage.webhook, &json!({ "url": moved.url("/new") })).await;
    stage.server.clock.asleep_until(stage.due(3)).await;
    stage.on_to_the_next(2).await;
    moved.wait_for(1).await;
    stage.ends("delivered").await;
    let (at, body) = elsewhere.lock().unwrap()[0].clone();
    assert_eq!(at, stage.due(3));
    assert_eq!(HashSet::from([body]), stage.bodies());
    assert_eq!(stage.receiver.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_resend_during_a_pending_retry_leaves_the_schedule_exactly_as_it_was() {
    let stage = Stage::new(|_| 500).await;
    stage.play(1, 3).await;
    let api = stage.api();
    let before = api.only_delivery().await;
    let resend = format!("/v1/deliveries/{}/resend", text(&before["id"]));
    let half = stage.due(3).after(Duration::from_secs(STEPS[2] / 2));
    stage.server.clock.set(half);
    for number in 1..=3 {
        let resent = api.post(&resend, &Value::Null).await.good();
        let attempt = &resent["attempt"];
        assert_eq!((&attempt["number"], &attempt["manual"]), (&json!(number), &json!(true)));
        assert_eq!((&attempt["status"], time(&attempt["startedAt"])), (&json!(500), half));
        assert_eq!(api.only_delivery().await, before, "state, count and next time");
    }
    stage.server.clock.asleep_until(stage.due(4)).await;
    stage.on_to_the_next(3).await;
    stage.play(4, 10).await;
    stage.on_to_the_next(10).await;
    let delivery = stage.ends("exhausted").await;
    assert_eq!(delivery["attemptCount"], 11, "not one retry less");
    let mut times = stage.all_due(11);
    times.splice(3..3, [half; 3]);
    assert_eq!(stage.times(), times);
    assert_eq!(stage.bodies().len(), 1, "a resend has the same bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_delivery_that_is_recovered_walks_the_whole_schedule_again() {
    let stage = Stage::new(|number| if number == 22 { 200 } else { 500 }).await;
    stage.play(1, 10).await;
    stage.on_to_the_next(10).await;
    stage.ends("exhausted").await;
    let api = stage.api();
    let recover = format!("/v1/webhooks/{}/recover", stage.webhook);
    let asked = json!({ "since": BEGINNING });
    assert_eq!(api.post(&recover, &asked).await.body["type"], "webhook_disabled");
    api.update_webhook(&stage.webhook, &json!({ "enabled": true })).await;
    stage.server.clock.advance(Duration::from_secs(5));
    let recovered_at = stage.due(11).after(Duration::from_secs(5));
    stage.due.lock().expect(UNHELD).push(recovered_at);
    assert_eq!(api.post(&recover, &asked).await.good()["total"], 1);
    stage.play(12, 21).await;
    stage.on_to_the_next(21).await;
    let delivery = stage.ends("delivered").await;
    assert_eq!(delivery["attemptCount"], 22, "the numbers go on");
    assert_eq!(stage.times(), stage.all_due(22));
    assert_eq!(stage.bodies().len(), 1);
    assert_eq!(api.webhook(&stage.webhook).await["enabled"], true);
}
