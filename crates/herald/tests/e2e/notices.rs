//! The operator is told when a webhook is close to being disabled, and when it is: once each,
//! signed and retried like any other event, whatever happens in between (promises 1 and 3).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use herald_domain::{
    account::EnvironmentId,
    attempt::{Answer, Attempt, ErrorClass, Failure},
    id::IdSequence,
    notice::{NOTICE_WEBHOOK, OPERATOR},
    schedule::RetrySchedule,
    signature::{Secret, complycube_signature},
    time::Timestamp,
};
use herald_engine::{NoticeHook, Settings};
use herald_store::{After, EventFilter, Page, Settlement};
use herald_testkit::{
    receiver::{Received, Receiver, Reply},
    server::{TestServer, settings},
};
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{
    api::{Api, text},
    eventually,
    inside::{self, measured, metrics},
    program::{Server, run},
    standard_signature,
    world::{Keys, OPERATOR_KEY, Running, World},
};

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz012345";
const OTHER_SECRET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Sooner than the loop comes round by itself.
const PROMPT: Duration = Duration::from_secs(7);

/// The notice that a request brings.
fn told(request: &Received) -> Value {
    serde_json::from_slice(&request.body).expect("a notice is JSON")
}

/// Notices by their ids, each with what came of it.
fn by_id(requests: &[Received]) -> BTreeMap<String, Vec<Received>> {
    let mut notices: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    for request in requests {
        notices.entry(request.event_id().to_owned()).or_default().push(request.clone());
    }
    notices
}

fn assert_signed(request: &Received, secret: &str) {
    let complycube = complycube_signature(secret, &request.body);
    assert_eq!(request.header("complycube-signature"), complycube);
    assert_eq!(request.header("webhook-signature"), standard_signature(request, secret));
}

/// The operator's own account, as a program sees it.
async fn operators(address: std::net::SocketAddr) -> Api {
    let operator = Api::new(address, OPERATOR_KEY);
    let keys = format!("/operator/v1/accounts/{}/keys", OPERATOR.account);
    let key = operator.post(&keys, &json!({ "environment": "live" })).await.good();
    Api::new(address, &text(&key["key"]))
}

/// An installation whose schedule is short, and where notices go.
struct Installation {
    world: World,
    notices: Receiver,
    customer: Receiver,
}

impl Installation {
    /// The receiver of notices answers by `notices`; the customer's always 500. Retries come after
    /// these delays.
    async fn new(
        delays: &str,
        notices: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let world = World::with(&[
            ("HERALD_DELIVERY__RETRY_SCHEDULE", delays),
            ("HERALD_DELIVERY__RETRY_JITTER", "0.0"),
        ])
        .await;
        let notices = Receiver::start_tls(&world.receiver, &["http/1.1"], notices).await;
        let failing = |_: &Received| Reply::status(500);
        let customer = Receiver::start_tls(&world.receiver, &["http/1.1"], failing).await;
        Self { world, notices, customer }
    }

    /// With notices, to this path and with this secret.
    fn told_at(&self, path: &str, secret: &'static str) -> impl FnOnce(Command) -> Command + use<> {
        let url = self.notices.url(path);
        move |mut command| {
            command.env("HERALD_NOTICE_URL", url).env("HERALD_NOTICE_SECRET", secret);
            command
        }
    }

    fn usual(&self) -> impl FnOnce(Command) -> Command + use<> {
        self.told_at("/notices", SECRET)
    }

    /// Kills it, and starts it again.
    async fn again(&self, running: Running, change: impl FnOnce(Command) -> Command) -> Running {
        let Running { server, keys } = running;
        server.kill().await;
        self.start(keys, change).await
    }

    async fn start(&self, keys: Keys, change: impl FnOnce(Command) -> Command) -> Running {
        let server = Server::start(change(self.world.herald(&["serve"]))).await;
        Running { server, keys }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_notices_come_once_signed_and_retried_until_they_are_acknowledged() {
    let seen = std::sync::Mutex::new(std::collections::HashSet::new());
    let first_is_refused = move |request: &Received| {
        let is_first = seen.lock().expect("unheld").insert(request.event_id().to_owned());
        Reply::status(if is_first { 503 } else { 200 })
    };
    let place = Installation::new("50ms,50ms,50ms,50ms", first_is_refused).await;
    let running = place.world.first_start_as(place.usual()).await;
    let (webhook, secret) = running.api().create_webhook(&place.customer.url("/hook")).await;
    let event = running.publish(r#"{"id":"the-client","note":"never-told"}"#).await;

    let soon = tokio::time::timeout(PROMPT, place.notices.wait_for(1)).await;
    assert!(soon.is_ok(), "it is told when it happens, not when the loop comes round");
    let api = operators(running.server.address).await;
    eventually("both notices are acknowledged", async || {
        (api.count("delivered").await == 2).then_some(())
    })
    .await;
    let notices = by_id(&place.notices.received());
    let delivery = running.api().only_delivery().await;
    assert_eq!(notices.len(), 2, "{notices:?}");
    for (requests, kind) in notices.values().zip(["failing", "disabled"]) {
        assert_eq!(requests.len(), 2, "refused once");
        assert_eq!(requests[0].body, requests[1].body);
        for request in requests {
            assert_signed(request, SECRET);
        }
        let notice = told(&requests[0]);
        assert_eq!(notice["type"], format!("webhook.{kind}"));
        assert_eq!(notice["resourceType"], "webhook");
        let payload = &notice["payload"];
        assert_eq!(payload["id"], webhook);
        assert_eq!(payload["accountId"], running.keys.account);
        assert_eq!(payload["environment"], "test");
        assert_eq!(payload["url"], place.customer.url("/hook"));
        assert_eq!((&payload["deliveryId"], &payload["eventId"]), (&delivery["id"], &json!(event)));
        assert_eq!(
            (&payload["lastStatus"], &payload["lastError"]),
            (&json!(500), &json!("status"))
        );
        let counts = (&payload["attemptCount"], &payload["attemptsLeft"]);
        if kind == "failing" {
            assert_eq!(counts, (&json!(3), &json!(2)));
            assert!(payload["lastAttemptAt"].is_string(), "{payload}");
        } else {
            assert_eq!(counts, (&json!(5), &json!(0)));
            let shown = running.api().webhook(&webhook).await;
            assert_eq!(payload["disabledAt"], shown["disabledAt"]);
            assert_eq!(payload["disabledReason"], shown["disabledReason"]);
        }
        let body = std::str::from_utf8(&requests[0].body).expect("UTF-8");
        assert!(!body.contains(&secret) && !body.contains("never-told"), "{body}");
    }
    let types = running.api().get("/v1/eventTypes").await.good();
    assert!(!types.to_string().contains("webhook."), "customers cannot ask for them: {types}");
    assert!(running.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_before_a_crash_is_told_once_after_it() {
    let place = Installation::new("1h", |_| Reply::ok()).await;
    let running = place.world.first_start_as(place.usual()).await;
    let (webhook, _) = running.api().create_webhook(&place.customer.url("/hook")).await;
    running.publish(r#"{"id":"the-client"}"#).await;
    eventually("the first attempt is recorded", async || {
        (running.api().only_delivery().await["attemptCount"] == 1).then_some(())
    })
    .await;
    let Running { server, keys } = running;
    server.kill().await;
    give_up(&place.world, &webhook).await;

    let mut running = place.start(keys, place.usual()).await;
    for _ in 0..2 {
        let api = operators(running.server.address).await;
        eventually("it is acknowledged", async || {
            (api.count("delivered").await == 1).then_some(())
        })
        .await;
        assert_eq!(api.get("/v1/events").await.good()["totalItems"], 1);
        running = place.again(running, place.usual()).await;
    }
    let ids: Vec<_> = by_id(&place.notices.received()).into_keys().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(told(&place.notices.received()[0])["type"], "webhook.disabled");
}

/// Does what a process does that settles the last attempt of a webhook's delivery, and dies before
/// it tells of it.
async fn give_up(world: &World, webhook: &str) {
    let store = world.home.open(Arc::new(IdSequence::new([9; 5]))).await;
    let webhook = webhook.parse().expect("an id");
    let later = Timestamp::from_millis(4_000_000_000_000);
    // What a process had that was killed may have to wait for the end of its lease.
    let claimed = eventually("it is claimed", async || {
        store.claim(webhook, later, 1).await.expect("it claims").deliveries.pop()
    })
    .await;
    let failure = Failure { class: ErrorClass::Timeout, detail: "no answer".into() };
    let attempt = Attempt {
        started_at: claimed.due_at,
        duration: Duration::from_secs(15),
        url: "https://example.com/".into(),
        address: None,
        signatures: None,
        answer: Answer::Failure(failure),
    };
    let settlement = Settlement {
        key: claimed.key,
        number: claimed.attempts + 1,
        attempt,
        after: After::Exhausted { disable: Some("its retries are used up".into()) },
        warning: None,
        notices: true,
    };
    let settled = store.settle([settlement].into()).await.expect("it settles");
    assert_eq!(settled.disabled.len(), 1);
    assert_eq!(store.waiting_notices(10).await.expect("it reads").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_while_webhooks_are_disabled_tells_of_each_exactly_once() {
    const ROUNDS: usize = 6;
    const WEBHOOKS: usize = 3;
    let place = Installation::new("20ms", |_| Reply::ok()).await;
    let mut running = place.world.first_start_as(place.usual()).await;
    let mut sent = 0;
    for round in 0..ROUNDS {
        for _ in 0..WEBHOOKS {
            running.api().create_webhook(&place.customer.url("/hook")).await;
        }
        running.publish(r#"{"id":"the-client"}"#).await;
        // Each is tried twice; the last answer is what disables it.
        sent += 2 * WEBHOOKS;
        place.customer.wait_for(sent - round % 2).await;
        let told = round * WEBHOOKS;
        if round % 3 == 2 {
            place.notices.wait_for(told + 1).await;
        }
        running = place.again(running, place.usual()).await;
        let api = running.api();
        eventually("nothing is pending", async || (api.count("pending").await == 0).then_some(()))
            .await;
        sent = place.customer.received().len();
    }
    let api = operators(running.server.address).await;
    let all = u64::try_from(ROUNDS * WEBHOOKS).expect("it is small");
    eventually("each is told of", async || (api.count("delivered").await == all).then_some(()))
        .await;
    let events = api.get("/v1/events?pageSize=100").await.good();
    assert_eq!(events["totalItems"], all);
    let of = |notice: &Value| text(&notice["payload"]["id"]);
    let webhooks: std::collections::HashSet<_> =
        by_id(&place.notices.received()).values().map(|requests| of(&told(&requests[0]))).collect();
    assert_eq!(webhooks.len(), ROUNDS * WEBHOOKS, "each webhook has its own notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_counts_from_the_next_start_and_makes_no_second_webhook() {
    let place = Installation::new("20ms", |_| Reply::ok()).await;
    let mut running = place.world.first_start_as(place.usual()).await;
    let hook = format!("/v1/webhooks/{NOTICE_WEBHOOK}");
    let mut told = 0;
    for (path, secret) in [("/notices", SECRET), ("/moved", OTHER_SECRET), ("/moved", SECRET)] {
        running = place.again(running, place.told_at(path, secret)).await;
        running.api().create_webhook(&place.customer.url("/hook")).await;
        running.publish(r#"{"id":"the-client"}"#).await;
        told += 1;
        let request = place.notices.wait_for(told).await.remove(told - 1);
        assert_eq!(request.path, path);
        assert_signed(&request, secret);
        let api = operators(running.server.address).await;
        assert_eq!(api.get("/v1/webhooks").await.good()["totalItems"], 1);
        refuses_changes(&api, &hook).await;
        // Stopped by a person, it flows again with the next start: the configuration says so.
        let stopped = api.post(&hook, &json!({ "enabled": false })).await.good();
        assert_eq!(stopped["enabled"], false);
    }
    running = place.again(running, |command| command).await;
    let (webhook, _) = running.api().create_webhook(&place.customer.url("/hook")).await;
    running.publish(r#"{"id":"the-client"}"#).await;
    eventually("it is disabled", async || {
        (running.api().webhook(&webhook).await["enabled"] == false).then_some(())
    })
    .await;
    let api = operators(running.server.address).await;
    assert_eq!(api.get(&hook).await.good()["enabled"], false);
    assert_eq!(api.get("/v1/webhooks").await.good()["totalItems"], 1);
    assert_eq!(place.notices.received().len(), told, "nobody is told any more");
}

/// What the configuration says of the notice webhook is not changed by anybody else.
async fn refuses_changes(api: &Api, hook: &str) {
    let rotate = format!("{hook}/rotateSecret");
    for (path, body) in [
        (hook, json!({ "url": "https://example.com/" })),
        (hook, json!({ "events": ["client.created"] })),
        (&rotate, json!({})),
    ] {
        let refused = api.post(path, &body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["type"]),
            (422, &json!("webhook_configured"))
        );
    }
    let deleted = api.send(Method::DELETE, hook, String::new()).await.expect("it answers");
    assert_eq!(deleted.status.as_u16(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_whose_notices_could_not_be_sent_is_refused_with_what_to_do() {
    let world = World::new().await;
    for (url, secret, said) in [
        ("https://ops.example.com/", "", "openssl rand"),
        ("https://10.0.0.1/", SECRET, "delivery.allowed_networks"),
        ("http://ops.example.com/", SECRET, "should be an HTTPS URL"),
    ] {
        let mut command = world.herald(&["serve"]);
        command.env("HERALD_NOTICE_URL", url);
        if !secret.is_empty() {
            command.env("HERALD_NOTICE_SECRET", secret);
        }
        let refused = run(command).await;
        assert!(!refused.status.success());
        assert!(refused.err.contains("notice_url") && refused.err.contains(said), "{refused:?}");
        assert!(!refused.err.contains(SECRET), "{refused:?}");
    }
}

/// A server in this process, with the clock in the test's hand, that tells this URL.
async fn server(url: String, delays: Option<Vec<Duration>>) -> TestServer {
    let secret = Secret::new(SECRET).expect("a secret");
    let mut settings = Settings { notice_hook: Some(NoticeHook { url, secret }), ..settings() };
    if let Some(delays) = delays {
        settings.rules.schedule = RetrySchedule::new(delays, 0.0).expect("a schedule");
    }
    inside::start_with(settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_usual_schedule_the_last_days_are_counted_down_and_shown() {
    let notices = Receiver::start(|_| Reply::ok()).await;
    let customer = Receiver::start(|_| Reply::status(503)).await;
    let server = server(notices.url("/"), None).await;
    let api = inside::api(&server);
    let (webhook, _) = api.create_webhook(&customer.url("/")).await;
    inside::publish(&server, "client.created").await;
    for number in 1..=10 {
        let delivery = eventually("the attempt is recorded", async || {
            let delivery = api.only_delivery().await;
            (delivery["attemptCount"] == number).then_some(delivery)
        })
        .await;
        let shown = api.webhook(&webhook).await;
        if number < 8 {
            assert_eq!(shown["failing"], Value::Null, "{number}");
            assert_eq!(notices.received().len(), 0);
        } else {
            let left = 11 - number;
            let told = told(&notices.wait_for(number - 7).await[number - 8]);
            assert_eq!(told["type"], "webhook.failing");
            let (said, shown) = (&told["payload"], &shown["failing"]);
            assert_eq!(
                (&said["attemptsLeft"], &shown["attemptsLeft"]),
                (&json!(left), &json!(left))
            );
            assert_eq!(said["lastAttemptAt"], shown["lastAttemptAt"]);
            assert_eq!(shown["deliveryId"], delivery["id"]);
            if left == 1 {
                assert_eq!(shown["lastAttemptAt"], delivery["nextAttemptAt"]);
            }
        }
        let next = text(&delivery["nextAttemptAt"]).parse().expect("a time");
        server.clock.asleep_until(next).await;
        server.clock.set(next);
    }
    let last = told(&notices.wait_for(4).await[3]);
    assert_eq!(last["type"], "webhook.disabled");
    assert_eq!(api.webhook(&webhook).await["failing"], Value::Null);
    let metrics = metrics(&server).await;
    assert_eq!(measured(&metrics, "herald_notices_total{kind=\"failing\"}"), 3);
    assert_eq!(measured(&metrics, "herald_notices_total{kind=\"disabled\"}"), 1);
    assert_eq!(notices.received().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_notices_that_do_not_arrive_no_notice_is_made_but_a_metric() {
    let notices = Receiver::start(|_| Reply::status(500)).await;
    let customer = Receiver::start(|_| Reply::status(500)).await;
    let delays = vec![Duration::from_secs(1); 2];
    let server = server(notices.url("/"), Some(delays)).await;
    let (webhook, _) = inside::api(&server).create_webhook(&customer.url("/")).await;
    inside::publish(&server, "client.created").await;
    let troubles = |kind: &str| format!("herald_notice_webhook_troubles_total{{kind=\"{kind}\"}}");
    eventually("the notice webhook itself is disabled", async || {
        server.clock.advance(Duration::from_secs(1));
        (measured(&metrics(&server).await, &troubles("disabled")) == 1).then_some(())
    })
    .await;
    let metrics = metrics(&server).await;
    assert_eq!(measured(&metrics, &troubles("failing")), 1);
    for kind in ["failing", "disabled"] {
        assert_eq!(measured(&metrics, &format!("herald_notices_total{{kind=\"{kind}\"}}")), 1);
    }
    assert_eq!(server.store.waiting_notices(10).await.expect("it reads"), []);
    let listed = events_of(&server, OPERATOR).await;
    let about: Vec<_> = listed.iter().map(|event| text(&event["payload"]["id"])).collect();
    assert_eq!(about, [webhook.clone(), webhook]);
}

async fn events_of(server: &TestServer, environment: EnvironmentId) -> Vec<Value> {
    let all = server.store.list_events(environment, EventFilter::default(), Page::default()).await;
    let events = all.expect("it reads").items.into_iter();
    events.map(|event| serde_json::from_slice(&event.body).expect("JSON")).collect()
}
