//! The checks of the test environment complete by themselves, and those of the live environment do
//! not: with the server in the test's process and the clock in its hand. What is pending when the
//! program is killed is the real program's to tell.

use std::time::Duration;

use herald_domain::time::Timestamp;
use herald_engine::{Clock as _, SystemClock};
use herald_testkit::{
    clock::ManualClock,
    server::{BEGINNING, OPERATOR_KEY},
};
use serde_json::{Value, json};

use crate::support::{
    api::{Api, text},
    eventually,
    inside::{self, api},
    ledger::{self, Ledger, events},
    world::World,
};

/// How long a check of the test environment is pending.
const DELAY: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Last names, and what a screening of their client comes to: the status, the outcome, the events.
#[rustfmt::skip]
const TRIGGERS: [(&str, &str, Option<&str>, &[&str]); 7] = [
    ("Doe", "complete", Some("clear"), &["check.completed", "check.completed.clear"]),
    ("attention", "complete", Some("attention"), &["check.completed", "check.completed.attention"]),
    ("Attention", "complete", Some("attention"), &["check.completed", "check.completed.attention"]),
    ("attentive", "complete", Some("clear"), &["check.completed", "check.completed.clear"]),
    ("rejected", "complete", Some("rejected"), &["check.completed", "check.completed.rejected"]),
    ("failed", "complete", Some("not_processed"), &["check.completed"]),
    ("error", "failed", None, &["check.failed"]),
];

async fn create_client(api: &Api, last_name: &str) -> String {
    let client = json!({
        "type": "person",
        "email": "jane@example.com",
        "personDetails": { "firstName": "Jane", "lastName": last_name },
    });
    text(&api.post("/v1/clients", &client).await.good()["id"])
}

/// Makes a screening of the client; answers its id.
async fn screen(api: &Api, client: &str) -> String {
    let check = json!({ "clientId": client, "type": "standard_screening_check" });
    let check = api.post("/v1/checks", &check).await.good();
    assert_eq!((&check["status"], &check["result"]), (&json!("pending"), &Value::Null));
    text(&check["id"])
}

async fn check(api: &Api, id: &str) -> Value {
    api.get(&format!("/v1/checks/{id}")).await.good()
}

/// The check, once it is not pending any more.
async fn ended(api: &Api, id: &str) -> Value {
    eventually("the check ends", async || {
        let check = check(api, id).await;
        (check["status"] != "pending").then_some(check)
    })
    .await
}

/// The events of this check, oldest first.
async fn events_of(api: &Api, id: &str) -> Vec<Value> {
    let events = events(api).await;
    events.into_iter().filter(|event| event["payload"]["id"] == id).collect()
}

/// Moves the clock to when a check that was just made is due: first to just before it.
async fn until_due(clock: &ManualClock, look: impl AsyncFn()) {
    let due = BEGINNING.after(DELAY);
    clock.asleep_until(due).await;
    clock.set(due.before(TICK));
    clock.asleep_until(due).await;
    look().await;
    clock.set(due);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_pending_until_its_delay_has_passed_and_completes_then() {
    let server = inside::start().await;
    let api = api(&server);
    ledger::keep(&api).await;
    let client = create_client(&api, "Doe").await;
    let id = screen(&api, &client).await;
    until_due(&server.clock, async || {
        assert_eq!(check(&api, &id).await["status"], "pending", "a moment before");
        let change = json!({ "enableMonitoring": true });
        let refused = api.post(&format!("/v1/checks/{id}"), &change).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.body["type"], "pending_check_unmodifiable");
    })
    .await;
    let complete = ended(&api, &id).await;
    let due = BEGINNING.after(DELAY).to_string();
    assert_eq!((&complete["status"], &complete["updatedAt"]), (&json!("complete"), &json!(due)));
    assert_eq!(complete["createdAt"], BEGINNING.to_string());
    Ledger::read(&api).await.is_what_the_api_shows(&api).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_comes_to_follows_from_its_clients_last_name() {
    let server = inside::start().await;
    let api = api(&server);
    ledger::keep(&api).await;
    let mut checks = Vec::new();
    for (last_name, ..) in TRIGGERS {
        let client = create_client(&api, last_name).await;
        checks.push(screen(&api, &client).await);
    }
    until_due(&server.clock, async || {}).await;
    // All of them first: lists that are read page by page have to stand still.
    for id in &checks {
        ended(&api, id).await;
    }
    for (id, (last_name, status, outcome, types)) in checks.iter().zip(TRIGGERS) {
        let check = check(&api, id).await;
        assert_eq!(check["status"], status, "{last_name}");
        assert_eq!(check["result"]["outcome"].as_str(), outcome, "{last_name}");
        let matches = check["result"]["breakdown"]["matches"].as_array().map(Vec::len);
        let expected = outcome.map(|outcome| usize::from(outcome == "attention"));
        assert_eq!(matches, expected, "{last_name}: {check}");
        tells(&api, id, status, outcome, types).await;
    }
    Ledger::read(&api).await.is_what_the_api_shows(&api).await;
    server.stop().await;
}

/// After its creation, these are the events of this check, with exactly this payload.
async fn tells(api: &Api, id: &str, status: &str, outcome: Option<&str>, types: &[&str]) {
    let events = events_of(api, id).await;
    let told: Vec<_> = events.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(told, [&["check.pending"], types].concat());
    let outcome = outcome.map(|outcome| format!(r#""outcome":"{outcome}","#)).unwrap_or_default();
    let (made, due) = (BEGINNING, BEGINNING.after(DELAY));
    let payload = format!(
        r#"{{"id":"{id}","status":"{status}",{outcome}"createdAt":"{made}","updatedAt":"{due}"}}"#
    );
    for event in &events[1..] {
        assert_eq!(event["payload"].to_string(), payload);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_live_environment_stays_pending_until_an_engine_reports() {
    let server = inside::start().await;
    let live = Api::new(server.address(), &server.account.live);
    ledger::keep(&live).await;
    let client = create_client(&live, "attention").await;
    let id = screen(&live, &client).await;
    // Another year: what is due by then has ended when a check of the test environment has.
    server.clock.advance(365 * DAY);
    let test = api(&server);
    let other_client = create_client(&test, "Doe").await;
    let other = screen(&test, &other_client).await;
    server.clock.asleep_until(BEGINNING.after(365 * DAY + DELAY)).await;
    server.clock.advance(DELAY);
    ended(&test, &other).await;
    assert_eq!(check(&live, &id).await["status"], "pending");
    assert_eq!(events_of(&live, &id).await.len(), 1);

    let operator = Api::new(server.address(), OPERATOR_KEY);
    let report = json!({
        "accountId": server.account.account.id, "environment": "live", "outcome": "rejected",
    });
    let path = format!("/operator/v1/checks/{id}/complete");
    let complete = operator.post(&path, &report).await.good();
    assert_eq!(complete, check(&live, &id).await);
    assert_eq!(complete["result"]["outcome"], "rejected");
    let types: Vec<_> =
        events_of(&live, &id).await.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types, ["check.pending", "check.completed", "check.completed.rejected"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_fails_if_its_client_is_deleted_meanwhile() {
    let server = inside::start().await;
    let api = api(&server);
    ledger::keep(&api).await;
    let client = create_client(&api, "Doe").await;
    let id = screen(&api, &client).await;
    api.delete(&format!("/v1/clients/{client}")).await;
    assert_eq!(check(&api, &id).await["status"], "pending", "it stays");
    until_due(&server.clock, async || {}).await;
    let failed = ended(&api, &id).await;
    assert_eq!((&failed["status"], &failed["result"]), (&json!("failed"), &Value::Null));
    tells(&api, &id, "failed", None, &["check.failed"]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_was_pending_at_a_kill_9_completes_after_the_restart() {
    let world = World::new().await;
    let running = world.first_start().await;
    ledger::keep(&running.api()).await;
    let client = create_client(&running.api(), "attention").await;
    let id = screen(&running.api(), &client).await;
    running.server.kill().await;
    let killed = SystemClock.now();

    let again = world.start(&running.keys).await;
    let complete = ended(&again.api(), &id).await;
    let at: Timestamp = text(&complete["updatedAt"]).parse().expect("a time");
    assert!(at > killed, "it was pending then");
    assert_eq!(complete["result"]["outcome"], "attention");
    Ledger::read(&again.api()).await.is_what_the_api_shows(&again.api()).await;
    assert!(again.server.terminate().await.success());
}
