//! Deliveries: was it sent, what was answered, why not?

use std::time::Duration;

use bytes::Bytes;
use herald_domain::{
    attempt::{Answer, Attempt, ErrorClass, Failure, Response},
    event::{Event, Raised},
    exact_json::Value as Exact,
    id::{EventId, IdSequence},
    signature::{Secret, Signer},
    time::Timestamp,
};
use herald_store::{After, Claimed, ManualAttempt, Queue, Record, Recorded, Recording, Settlement};
use serde_json::{Value, json};

use crate::support::{Herald, Tenant};

/// When the attempts of these tests began.
const AT: Timestamp = Timestamp::from_millis(1_769_860_000_000);

/// Records an event straight in the store, where the claim of its delivery can be had.
async fn claimed(herald: &Herald, tenant: &Tenant) -> Claimed {
    let environment = herald_domain::account::EnvironmentId {
        account: tenant.id.parse().unwrap(),
        mode: herald_domain::account::Mode::Test,
    };
    let raised = Raised {
        event_type: "client.created".into(),
        resource_type: "client".into(),
        payload: Exact::from("x"),
        size_hint: 1,
    };
    let id = EventId(IdSequence::new([9; 5]).next(AT));
    let events = vec![Event::new(id, &raised, AT)];
    let record =
        Record { environment, writes: Vec::new(), events, idempotency: None, only: None, at: AT };
    let Recorded::Accepted { mut claimed, .. } = herald.store.record(record).await.unwrap() else {
        panic!("not accepted")
    };
    claimed.pop().unwrap()
}

async fn settle(herald: &Herald, claimed: &Claimed, number: u32, answer: Answer, after: After) {
    let attempt = attempt(claimed, answer);
    let settlement =
        Settlement { key: claimed.key, number, attempt, after, warning: None, notices: false };
    assert_eq!(herald.store.settle([settlement].into()).await.unwrap().stale, 0);
}

fn attempt(claimed: &Claimed, answer: Answer) -> Attempt {
    let secret = Secret::new("abcdefghijklmnopqrstuvwxyz012345").unwrap();
    let signed = matches!(answer, Answer::Response(_));
    let signer = Signer::new(&secret);
    Attempt {
        started_at: AT,
        duration: Duration::from_millis(84),
        url: "https://example.com/hooks".into(),
        address: signed.then(|| "192.0.2.1:443".parse().unwrap()),
        signatures: signed.then(|| signer.sign(claimed.event, AT.seconds(), &claimed.body)),
        answer,
    }
}

fn no_name() -> Answer {
    let detail = "the name does not exist".into();
    Answer::Failure(Failure { class: ErrorClass::DnsNotFound, detail })
}

fn response(status: u16, body: &'static [u8]) -> Answer {
    let headers = vec![("Server".to_owned(), Bytes::from_static(b"nginx"))];
    Answer::Response(Response { status, headers, body: Bytes::from_static(body), truncated: false })
}

#[tokio::test]
async fn what_was_acknowledged_on_request_is_not_said_to_have_been_on_schedule() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    herald.webhook(&tenant.test).await;
    let claimed = claimed(&herald, &tenant).await;
    let due_at = AT.after(Duration::from_secs(60));
    settle(&herald, &claimed, 1, response(503, b"busy"), After::Retry { due_at }).await;
    let list = herald.get("/v1/deliveries", &tenant.test).await.ok();
    let manual = ManualAttempt {
        environment: claimed.key.environment,
        delivery: list["items"][0]["id"].as_str().unwrap().parse().unwrap(),
        attempt: attempt(&claimed, response(200, b"")),
        delivered: true,
    };
    assert_eq!(herald.store.settle_manual(manual).await.unwrap(), Some(1));
    let path = format!("/v1/events/{}/why", claimed.event);
    let why = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(why["items"][0]["reason"], "delivered");
    let sentence = "It was acknowledged when it was sent on request, after 1 attempt of its \
                    schedule had failed.";
    assert_eq!(why["items"][0]["explanation"], sentence);
}

#[tokio::test]
async fn a_delivery_tells_each_attempt_with_what_was_sent_and_what_came_back() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let claimed = claimed(&herald, &tenant).await;
    let due_at = AT.after(Duration::from_secs(60));
    settle(&herald, &claimed, 1, no_name(), After::Retry { due_at }).await;

    let list = herald.get("/v1/deliveries", &tenant.test).await.ok();
    let delivery = &list["items"][0];
    assert_eq!(delivery["state"], "pending");
    assert_eq!(delivery["attemptCount"], 1);
    assert_eq!(delivery["nextAttemptAt"], due_at.to_string());
    assert_eq!(delivery["lastError"], "dns_not_found");
    assert_eq!(delivery["eventId"], claimed.event.to_string());
    assert_eq!(delivery["webhookId"], webhook["id"]);
    assert_eq!((delivery.get("lastStatus"), delivery.get("attempts")), (None, None));

    settle(&herald, &claimed, 2, response(204, b"\xff"), After::Delivered).await;
    let path = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let shown = herald.get(&path, &tenant.test).await.ok();
    assert_eq!((&shown["state"], &shown["attemptCount"]), (&json!("delivered"), &json!(2)));
    assert_eq!(shown["lastStatus"], 204);
    assert_eq!((shown.get("nextAttemptAt"), shown.get("lastError")), (None, None));
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["error"]["message"], "the name does not exist");
    assert_eq!((attempts[0].get("request"), attempts[0].get("response")), (None, None));
    let sent = &attempts[1]["request"]["headers"];
    assert_eq!(sent["Host"], "example.com");
    assert_eq!(sent["Webhook-Id"], claimed.event.to_string());
    assert_eq!(sent["Content-Length"], claimed.body.len().to_string());
    assert_eq!(
        attempts[1]["response"],
        json!({
            "status": 204,
            "headers": { "Server": "nginx" },
            "body": "/w==",
            "bodyEncoding": "base64",
            "truncated": false,
        })
    );
}

#[tokio::test]
async fn deliveries_are_filtered_by_what_they_are() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let first = claimed(&herald, &tenant).await;
    settle(&herald, &first, 1, response(200, b"ok"), After::Delivered).await;
    herald.client_created(&tenant, "c1").await;
    let all = herald.get("/v1/deliveries", &tenant.test).await.ok();
    assert_eq!(all["totalItems"], 2);
    let of = |state: &str| {
        let mut items = all["items"].as_array().unwrap().iter();
        items.find(|item| item["state"] == state).unwrap()
    };
    let (delivered, pending) = (of("delivered"), of("pending"));
    let webhook = webhook["id"].as_str().unwrap();
    let event = pending["eventId"].as_str().unwrap();

    for (query, expected) in [
        (format!("webhookId={webhook}&state=pending"), vec![pending]),
        ("state=delivered".into(), vec![delivered]),
        ("state=held".into(), vec![]),
        (format!("eventId={event}"), vec![pending]),
        (format!("eventId={webhook}"), vec![]),
        ("type=client.created&state=delivered".into(), vec![delivered]),
        ("type=client.deleted".into(), vec![]),
        (format!("createdBefore={AT}"), vec![pending]),
        ("state=lost".into(), vec![]),
        ("webhookId=7".into(), vec![]),
        ("eventId=5EB04FCD0F3E360008035EB2".into(), vec![]),
        ("createdBefore=never".into(), vec![]),
    ] {
        let list = herald.get(&format!("/v1/deliveries?{query}"), &tenant.test).await.ok();
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|d| &d["id"]).collect();
        assert_eq!(ids, expected.iter().map(|d| &d["id"]).collect::<Vec<_>>(), "{query}");
    }
}

#[tokio::test]
async fn a_webhook_that_herald_disabled_says_why_until_it_is_enabled_again() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    let claimed = claimed(&herald, &tenant).await;
    let disable = Some("all retries failed".to_owned());
    settle(&herald, &claimed, 1, no_name(), After::Exhausted { disable }).await;

    let disabled = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(disabled["enabled"], false);
    assert_eq!(disabled["disabledReason"], "all retries failed");
    assert!(disabled["disabledAt"].is_string());
    let enabled = herald.post(&path, &tenant.test, json!({ "enabled": true })).await.ok();
    assert_eq!((enabled.get("disabledReason"), enabled.get("disabledAt")), (None, None));
}
