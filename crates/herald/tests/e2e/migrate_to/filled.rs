//! An SQLite file with something of every kind in it: made through the API of the real program, by
//! its own kill, and where only other circumstances bring something about, through its store.

use std::{sync::Arc, time::Duration};

use herald_domain::{
    account::{EnvironmentId, Mode},
    attempt::{Answer, Attempt, ErrorClass, Failure},
    delivery::DeliveryState,
    event::Event,
    id::{EventId, IdSequence, RecoveryId, WebhookId},
    notice::Warning,
    session::{NewSession, PortalLink, Role},
    time::Timestamp,
};
use herald_engine::{Clock as _, SystemClock};
use herald_store::{
    After, Claimed, Missed, Queue as _, Record, Recorded, Recording as _, Recoveries as _,
    Recovery, RecoveryCreated, RecoveryStatus, Sessions as _, Settlement, Upkeep as _,
};
use herald_store_sqlite::SqliteStore;
use herald_testkit::receiver::{Gate, Received, Receiver, Reply};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{
    api::{Api, text},
    eventually,
    world::{Keys, Running, World},
};

/// Where nothing listens; Herald believes that it is reached there.
const ADDRESS: &str = "http://127.0.0.1:9";

/// More than are read at once.
pub(super) const HELD: usize = 6_000;

/// An installation that was killed in the middle of its work.
pub(super) struct Filled {
    pub(super) world: World,
    pub(super) keys: Keys,
    /// Of the event that was published with an `Idempotency-Key`: what was asked and answered.
    pub(super) idempotent: (Value, Value),
    /// The receiver of what was in flight when it was killed answers once this is open.
    pub(super) gate: Gate,
    /// The webhook of what was in flight.
    pub(super) hanging: String,
    /// The event that was accepted last, of which nothing was sent.
    pub(super) fresh: String,
    pub(super) receiver: Receiver,
}

/// The `Idempotency-Key` of that event.
pub(super) const KEY: &str = "only-once";

/// The SHA-256 of a portal link's and of a session's token.
pub(super) const LINK: [u8; 32] = [1; 32];
pub(super) const SESSION: [u8; 32] = [2; 32];

impl Filled {
    pub(super) async fn new() -> Self {
        let world = World::with(&[("HERALD_PUBLIC_URL", ADDRESS)]).await;
        let gate = Gate::new();
        let behind = gate.clone();
        let answers = move |request: &Received| match request.path.as_str() {
            "/good" => Reply::ok().with_header("x-odd", "caf\u{e9}").with_body(odd_bytes(200)),
            "/hanging" => Reply::ok().behind(&behind),
            _ => Reply::status(500).with_body(odd_bytes(40_000)),
        };
        let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], answers).await;
        let running = world.first_start_as(exhausted_soon).await;
        let keys = running.keys.clone();
        let forgotten = run_through_everything(&running, &receiver).await;
        let idempotent = publish_once(&running).await;
        running.server.terminate().await;

        let mut filled = Self {
            world,
            keys,
            idempotent,
            gate,
            hanging: String::new(),
            fresh: String::new(),
            receiver,
        };
        let late = filled.leave_something_pending().await;
        filled.kill_with_something_in_flight().await;
        filled.through_the_store(late, forgotten).await;
        filled.leave_something_fresh().await;
        filled
    }

    fn environment(&self) -> EnvironmentId {
        EnvironmentId { account: self.keys.account.parse().expect("an id"), mode: Mode::Test }
    }

    /// The file's store, while no Herald runs.
    pub(super) fn store(&self) -> SqliteStore {
        let ids = Arc::new(IdSequence::new([9; 5]));
        SqliteStore::open(&self.world.home.file(), ids).expect("nobody has it open")
    }

    /// Deliveries that have failed and wait for their next attempts; answers their webhooks.
    async fn leave_something_pending(&self) -> [WebhookId; 2] {
        let running = self.world.start(&self.keys).await;
        let api = running.api();
        let url = self.receiver.url("/bad");
        let first = api.create_webhook_for(&url, "document.created", true).await;
        let second = api.create_webhook_for(&url, "document.created", true).await;
        publish(&running, "document.created", 3).await;
        for webhook in [&first, &second] {
            let waiting = format!("/v1/deliveries?webhookId={webhook}&state=pending");
            eventually("all have failed once", async || {
                let list = api.get(&waiting).await.good();
                let items = list["items"].as_array()?;
                let failed = items.iter().filter(|one| one["attemptCount"] == 1);
                (failed.count() == 3).then_some(())
            })
            .await;
        }
        running.server.terminate().await;
        [first, second].map(|id| id.parse().expect("an id"))
    }

    /// What takes days, or happens between two answers: events that are forgotten, a warning, a webhook that is disabled, with
    /// what the operator is to be told of both; a recovery that runs; a link and a session.
    async fn through_the_store(&self, [warned, disabled]: [WebhookId; 2], forgotten: Timestamp) {
        let store = self.store();
        assert_eq!(store.expire(forgotten, 1_000).await.expect("it removes"), 2);
        let now = SystemClock.now();
        let later = now.after(Duration::from_secs(86_400));
        let claimed = store.claim(warned, later, 1).await.expect("it claims");
        let warning = Warning {
            attempts_left: 2,
            last_attempt_at: later,
            spared_from: Some(now),
            quiet_since: Timestamp::from_millis(0),
        };
        let retry = settlement(&claimed.deliveries[0], After::Retry { due_at: later }, now);
        let disable = Some("it never answers\0".to_owned());
        let claimed = store.claim(disabled, later, 1).await.expect("it claims");
        let exhausted = settlement(&claimed.deliveries[0], After::Exhausted { disable }, now);
        let warned = Settlement { warning: Some(warning), ..retry };
        let settled = store.settle([warned, exhausted].into()).await.expect("they are recorded");
        assert_eq!((settled.disabled.len(), settled.warned.len(), settled.stale), (1, 1, 0));

        let states = [DeliveryState::Held, DeliveryState::Exhausted].into();
        let since = Timestamp::from_millis(0);
        let missed = Missed { environment: self.environment(), webhook: disabled, since, states };
        let recovery = Recovery {
            id: RecoveryId("6b05d70b5998c81236000000".parse().expect("an id")),
            missed,
            status: RecoveryStatus::Running,
            total: 1,
            recovered: 0,
            created_at: now,
            updated_at: now,
        };
        let created = store.create_recovery(recovery).await.expect("it is made");
        assert_eq!(created, RecoveryCreated::Created);
        self.let_somebody_in(&store, now).await;
    }

    async fn let_somebody_in(&self, store: &SqliteStore, now: Timestamp) {
        let expires_at = now.after(Duration::from_secs(86_400));
        let used = PortalLink {
            hash: [3; 32],
            environment: self.environment(),
            role: Role::Manager,
            created_at: now,
            expires_at,
        };
        for link in [used, PortalLink { hash: LINK, role: Role::Viewer, ..used }] {
            assert!(store.create_link(link).await.expect("it is made"));
        }
        let session = NewSession { hash: SESSION, at: now };
        assert!(store.use_link(used.hash, session).await.expect("it is used").is_some());
    }

    /// An event that is accepted, and then the process is gone.
    async fn leave_something_fresh(&mut self) {
        let created_at = SystemClock.now();
        let id = EventId(IdSequence::new([6; 5]).next(created_at));
        let event = Event {
            id,
            event_type: "client.deleted".to_owned(),
            resource_type: "client".to_owned(),
            created_at,
            body: format!(r#"{{"id":"{id}","type":"client.deleted"}}"#).into(),
        };
        let record = Record {
            environment: self.environment(),
            writes: Vec::new(),
            events: vec![event],
            idempotency: None,
            only: None,
            at: created_at,
        };
        let recorded = self.store().record(record).await.expect("it is accepted");
        let Recorded::Accepted { claimed, .. } = recorded else { panic!("{recorded:?}") };
        assert!(!claimed.is_empty(), "it would be sent now");
        self.fresh = id.to_string();
    }

    /// Many that are held, and one that was just accepted and is being sent.
    async fn kill_with_something_in_flight(&mut self) {
        let running = self.world.start(&self.keys).await;
        let api = running.api();
        api.create_webhook_for(&self.receiver.url("/good"), "check.pending", false).await;
        publish(&running, "check.pending", HELD).await;
        let url = self.receiver.url("/hanging");
        self.hanging = api.create_webhook_for(&url, "client.deleted", true).await;
        publish(&running, "client.deleted", 2).await;
        eventually("something is in flight", async || {
            let received = self.receiver.received();
            received.iter().any(|request| request.path == "/hanging").then_some(())
        })
        .await;
        running.server.kill().await;
    }
}

fn exhausted_soon(mut command: Command) -> Command {
    command.env("HERALD_DELIVERY__RETRY_SCHEDULE", "1ms");
    command
}

/// Everything that the API brings about within moments. Answers before when is what is to be
/// forgotten.
async fn run_through_everything(running: &Running, receiver: &Receiver) -> Timestamp {
    let (api, operator) = (running.api(), running.operator());
    let forgotten = to_be_forgotten(running, receiver).await;
    let good = api.create_webhook_for(&receiver.url("/good"), "*", true).await;
    api.update_webhook(&good, &json!({ "description": "odd: \u{1F980} é" })).await;
    let bad = api.create_webhook_for(&receiver.url("/bad"), "client.created", true).await;
    api.create_webhook_for("https://127.0.0.1:9/nobody", "client.created", true).await;
    let endpoint = api.post("/v1/endpoints", &json!({ "description": "a try" })).await.good();
    api.create_webhook_for(&text(&endpoint["url"]), "client.created", true).await;
    let gone = api.create_webhook_for(&receiver.url("/gone"), "client.created", false).await;
    resources(&api).await;
    eventually("both that fail are disabled", async || {
        (api.count("exhausted").await >= 2).then_some(())
    })
    .await;
    publish(running, "client.created", 3).await;
    api.delete(&format!("/v1/webhooks/{gone}")).await;
    eventually("what was held for it is cancelled", async || {
        (api.count("cancelled").await > 0).then_some(())
    })
    .await;
    on_request(&api, &bad).await;
    api.post(&format!("/v1/webhooks/{good}/rotateSecret"), &json!({})).await.good();
    let test = json!({ "type": "client.created" });
    api.post(&format!("/v1/webhooks/{good}/test"), &test).await.good();

    let other = operator.post("/operator/v1/accounts", &json!({ "name": "another" })).await.good();
    let keys = format!("/operator/v1/accounts/{}/keys", text(&other["id"]));
    let key = operator.post(&keys, &json!({ "environment": "live" })).await.good();
    operator.delete(&format!("{keys}/{}", text(&key["id"]))).await;
    let waiting = format!("/v1/deliveries?webhookId={good}&state=pending");
    eventually("the good one has got everything", async || {
        (api.get(&waiting).await.good()["totalItems"] == 0).then_some(())
    })
    .await;
    forgotten
}

/// Events that are delivered, and will be forgotten: the books still count them.
async fn to_be_forgotten(running: &Running, receiver: &Receiver) -> Timestamp {
    let api = running.api();
    let webhook = api.create_webhook_for(&receiver.url("/good"), "address.created", true).await;
    publish(running, "address.created", 2).await;
    eventually("they are delivered", async || (api.count("delivered").await == 2).then_some(()))
        .await;
    api.delete(&format!("/v1/webhooks/{webhook}")).await;
    SystemClock.now()
}

/// A client with all that belongs to it, some of it changed and deleted.
async fn resources(api: &Api) {
    for last_name in ["Doe", "O\u{2019}Neill", "attention", "gone"] {
        let client = json!({
            "type": "person",
            "email": "jo@example.com",
            "personDetails": { "firstName": "Jo", "lastName": last_name },
        });
        let client = text(&api.post("/v1/clients", &client).await.good()["id"]);
        let address = json!({
            "clientId": client, "line": "1 Main Street", "city": "London", "country": "GB",
        });
        api.post("/v1/addresses", &address).await.good();
        let document = json!({ "clientId": client, "type": "passport", "issuingCountry": "GB" });
        let document = text(&api.post("/v1/documents", &document).await.good()["id"]);
        for side in ["front", "back"] {
            let data = "QUJD".repeat(12_000);
            let image = json!({ "fileName": format!("{side}.png"), "data": data });
            api.post(&format!("/v1/documents/{document}/upload/{side}"), &image).await.good();
        }
        let check = json!({ "clientId": client, "type": "standard_screening_check" });
        api.post("/v1/checks", &check).await.good();
        let change = json!({ "mobile": "1234567" });
        api.post(&format!("/v1/clients/{client}"), &change).await.good();
        if last_name == "gone" {
            api.delete(&format!("/v1/clients/{client}")).await;
        }
    }
}

/// Attempts beside the schedule, and a recovery that goes through.
async fn on_request(api: &Api, webhook: &str) {
    for state in ["delivered", "held", "exhausted"] {
        let list = api.get(&format!("/v1/deliveries?pageSize=1&state={state}")).await.good();
        let resend = format!("/v1/deliveries/{}/resend", text(&list["items"][0]["id"]));
        api.post(&resend, &Value::Null).await.good();
    }
    api.update_webhook(webhook, &json!({ "enabled": true })).await;
    let recover = format!("/v1/webhooks/{webhook}/recover");
    let begun = api.post(&recover, &json!({ "since": "2000-01-01" })).await.good();
    let path = format!("/v1/recoveries/{}", text(&begun["id"]));
    eventually("the recovery has ended", async || {
        (api.get(&path).await.good()["status"] != "running").then_some(())
    })
    .await;
}

/// Publishes one event with a key; answers what was asked and what was answered.
async fn publish_once(running: &Running) -> (Value, Value) {
    let asked = event(running, "address.created");
    let operator = running.operator().under_key(KEY);
    let answered = operator.post("/operator/v1/events", &asked).await.good();
    (asked, answered)
}

/// Publishes so many events of a type.
pub(super) async fn publish(running: &Running, event_type: &str, count: usize) {
    let events = vec![event(running, event_type); count];
    for batch in events.chunks(1_000) {
        let batch = json!({ "events": batch });
        running.operator().post("/operator/v1/events/batch", &batch).await.good();
    }
}

fn event(running: &Running, event_type: &str) -> Value {
    json!({
        "accountId": running.keys.account,
        "environment": "test",
        "type": event_type,
        "resource": { "id": "the-client", "note": "caf\u{e9}" },
    })
}

fn settlement(claimed: &Claimed, after: After, at: Timestamp) -> Settlement {
    let failure = Failure { class: ErrorClass::Timeout, detail: "no answer\0".to_owned() };
    let attempt = Attempt {
        started_at: at,
        duration: Duration::from_nanos(1_234_567_891),
        url: "https://elsewhere.example/\u{e9}".to_owned(),
        address: None,
        signatures: None,
        answer: Answer::Failure(failure),
    };
    let number = claimed.attempts + 1;
    Settlement { key: claimed.key, number, attempt, after, warning: None, notices: true }
}

/// So many bytes, every one of them among them.
fn odd_bytes(count: usize) -> Vec<u8> {
    (0..=u8::MAX).rev().cycle().take(count).collect()
}
