//! Every case, as a table.

use DeliveryState::{Cancelled, Delivered, Exhausted, Held, Pending};

use super::*;
use crate::{
    account::{EnvironmentId, Mode},
    id::{AccountId, WebhookId},
    webhook::{Disabled, SealedSecret, Subscription},
};

const EVENT_AT: Timestamp = Timestamp::from_millis(1_000_000);
const NOW: Timestamp = Timestamp::from_millis(2_000_000);
const LATER: Timestamp = Timestamp::from_millis(3_000_000);

fn webhook(events: &[&str]) -> Webhook {
    Webhook {
        id: WebhookId::from_bytes([1; 12]),
        environment: EnvironmentId { account: AccountId::from_bytes([0; 12]), mode: Mode::Test },
        description: None,
        url: "https://example.com/".into(),
        enabled: true,
        events: Subscription::from_stored(events.iter().copied().map(String::from).collect()),
        secret: SealedSecret(Vec::new()),
        rotation: None,
        disabled: None,
        failing: None,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

fn asked(webhook: Option<&Webhook>, delivery: Option<Progress>) -> Explanation {
    explain(&Facts {
        event_type: "client.created",
        event_at: EVENT_AT,
        test_for: None,
        webhook,
        delivery,
        now: NOW,
    })
}

#[test]
fn what_became_of_a_delivery_is_told_by_its_state() {
    let everything = webhook(&["*"]);
    let disabled = Webhook { enabled: false, ..everything.clone() };
    let given_up = Webhook {
        disabled: Some(Disabled { reason: "r".into(), at: EVENT_AT }),
        ..disabled.clone()
    };
    let progress =
        |state, attempts, due_at| Some(Progress { state, attempts, due_at, on_request: false });
    let on_request =
        |attempts| Some(Progress { state: Delivered, attempts, due_at: None, on_request: true });
    for (webhook, delivery, reason, words, until) in [
        (Some(&everything), on_request(0), Reason::Delivered, "when it was sent on request.", None),
        (
            Some(&everything),
            on_request(1),
            Reason::Delivered,
            "on request, after 1 attempt of its schedule had failed.",
            None,
        ),
        (Some(&everything), on_request(3), Reason::Delivered, "after 3 attempts of", None),
        (
            Some(&everything),
            progress(Delivered, 1, None),
            Reason::Delivered,
            "took 1 attempt.",
            None,
        ),
        (
            Some(&everything),
            progress(Delivered, 3, None),
            Reason::Delivered,
            "took 3 attempts",
            None,
        ),
        (Some(&everything), progress(Pending, 0, Some(EVENT_AT)), Reason::Due, "room", None),
        (
            Some(&everything),
            progress(Pending, 2, Some(LATER)),
            Reason::WaitsForRetry,
            "2 attempts failed; the next one is due at 1970-01-01 00:50:00 UTC",
            Some(LATER),
        ),
        (Some(&everything), progress(Pending, 2, Some(EVENT_AT)), Reason::Due, "2 attempts", None),
        (
            Some(&disabled),
            progress(Pending, 2, Some(LATER)),
            Reason::WaitsForEnabling,
            "is disabled",
            None,
        ),
        (
            Some(&given_up),
            progress(Pending, 2, None),
            Reason::WaitsForEnabling,
            "Herald disabled",
            None,
        ),
        (
            Some(&everything),
            progress(Exhausted, 11, None),
            Reason::Exhausted,
            "All 11 attempts",
            None,
        ),
        (Some(&everything), progress(Held, 0, None), Reason::Held, "only on request", None),
        (None, progress(Cancelled, 1, None), Reason::WebhookDeleted, "deleted", None),
        (None, progress(Pending, 1, None), Reason::WebhookDeleted, "being cancelled", None),
        (None, progress(Delivered, 1, None), Reason::Delivered, "acknowledged", None),
    ] {
        let found = asked(webhook, delivery);
        assert_eq!((found.reason, found.until), (reason, until), "{delivery:?}");
        assert!(found.explanation.contains(words), "{found:?}");
        assert!(found.matched);
        assert_eq!(found.rule.as_deref(), webhook.map(|_| "*"));
    }
}

#[test]
fn why_there_is_no_delivery_is_told() {
    let other = webhook(&["check.failed", "check.pending"]);
    let made_later = Webhook { created_at: NOW, ..webhook(&["*"]) };
    let asks_now = webhook(&["*", "client.created"]);
    for (webhook, reason, words, rule) in [
        (None, Reason::WebhookDeleted, "deleted", None),
        (Some(&other), Reason::NotAskedFor, "check.failed, check.pending, and not", None),
        (Some(&made_later), Reason::WebhookMadeLater, "1970-01-01 00:33:20 UTC", Some("*")),
        (Some(&asks_now), Reason::AskedForLater, "and did not when", Some("client.created")),
    ] {
        let found = asked(webhook, None);
        assert_eq!((found.reason, found.rule.as_deref()), (reason, rule));
        assert!(found.explanation.contains(words), "{found:?}");
        assert!(!found.matched);
    }
}

#[test]
fn a_test_event_is_for_another_webhook_whatever_this_one_asks_for_and_since_when() {
    let (other, it) = (WebhookId::from_bytes([2; 12]), WebhookId::from_bytes([1; 12]));
    let asks = webhook(&["*"]);
    let made_later = Webhook { created_at: NOW, ..asks.clone() };
    let never_asked = webhook(&["check.failed"]);
    let told = |webhook, test_for, delivery| {
        let event_type = "client.created";
        explain(&Facts { event_type, event_at: EVENT_AT, test_for, webhook, delivery, now: NOW })
    };
    for (webhook, rule) in [(&asks, Some("*")), (&made_later, Some("*")), (&never_asked, None)] {
        let found = told(Some(webhook), Some(other), None);
        assert_eq!((found.reason, found.rule.as_deref()), (Reason::TestEvent, rule));
        assert!(!found.matched);
    }
    let progress = Progress { state: Delivered, attempts: 1, due_at: None, on_request: false };
    assert_eq!(told(Some(&asks), Some(it), Some(progress)).reason, Reason::Delivered);
    assert_eq!(told(None, Some(it), None).reason, Reason::WebhookDeleted);
}
