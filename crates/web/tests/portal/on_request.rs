//! What a manager asks for: test events, resending, other secrets, recoveries.

use herald_domain::{
    account::{EnvironmentId, Mode},
    delivery::DeliveryState,
    session::Role,
};
use herald_engine::WebhookChanges;
use herald_store::{DeliveryFilter, Page};

use crate::support::{Browser, Herald, Things};

/// A manager, and one of everything.
async fn scene(herald: &Herald) -> (EnvironmentId, Things, Browser<'_>) {
    let account = herald.account("Acme").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let things = herald.things(environment, "plain").await;
    (environment, things, herald.sign_in(account, Role::Manager).await)
}

async fn attempts(herald: &Herald, environment: EnvironmentId, things: &Things) -> usize {
    herald.engine.delivery(environment, things.delivery).await.unwrap().1.len()
}

#[tokio::test]
async fn a_test_event_is_looked_at_sent_and_followed() {
    let herald = Herald::new();
    let (environment, things, browser) = scene(&herald).await;
    let page = format!("/portal/test/webhooks/{}/test-event", things.webhook);
    let shown = browser.get(&format!("{page}?type=check.completed.clear")).await.text;
    assert!(shown.contains("name=\"type\" value=\"check.completed.clear\""), "{shown}");
    assert!(shown.contains("&quot;outcome&quot;"), "{shown}");
    let sent = browser.post(&page, "type=check.completed.clear").await;
    let id = sent.location().strip_prefix("/portal/test/deliveries/").unwrap().parse().unwrap();
    let (delivery, _) = herald.engine.delivery(environment, id).await.unwrap();
    assert_eq!(delivery.event_type, "check.completed.clear");
    assert_eq!(delivery.webhook, things.webhook);
    assert_eq!(browser.post(&page, "type=no.such").await.status, 400);
}

#[tokio::test]
async fn a_delivery_and_an_event_are_sent_again_and_the_attempts_are_shown() {
    let herald = Herald::new();
    let (environment, things, browser) = scene(&herald).await;
    let page = format!("/portal/test/deliveries/{}", things.delivery);
    let again = browser.post(&format!("{page}/resend"), "").await;
    assert_eq!(again.location(), format!("{page}?sent=1&acknowledged=0"));
    assert_eq!(attempts(&herald, environment, &things).await, 2);
    let shown = browser.get(again.location()).await.text;
    assert!(
        shown.contains("It was sent again, and not acknowledged") && shown.contains("Resend "),
        "{shown}"
    );

    let event = format!("/portal/test/events/{}", things.event);
    for (fields, expected) in [(String::new(), 3), (format!("webhook={}", things.webhook), 4)] {
        let again = browser.post(&format!("{event}/resend"), &fields).await;
        assert_eq!(again.location(), format!("{event}?sent=1&acknowledged=0"), "{}", again.text);
        assert_eq!(attempts(&herald, environment, &things).await, expected);
    }
    let unknown = browser.post(&format!("{event}/resend"), "webhook=no-id").await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_secret_is_rotated_shown_once_and_switched_to() {
    let herald = Herald::new();
    let (environment, things, browser) = scene(&herald).await;
    let page = format!("/portal/test/webhooks/{}", things.webhook);
    for wrong in ["overlap=&switch=now", "overlap=604801&switch=now", "switch=now"] {
        let answer = browser.post(&format!("{page}/rotate-secret"), wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let made = browser.post(&format!("{page}/rotate-secret"), "overlap=3600&switch=later").await;
    assert_eq!(made.status, 200);
    let secret =
        made.text.split_once("id=\"secret\" type=\"text\" value=\"").unwrap().1[..32].to_owned();
    let rotation = async || {
        let webhook = herald.engine.webhook(environment, things.webhook).await.unwrap();
        webhook.rotation.map(|rotation| rotation.switched)
    };
    assert_eq!(rotation().await, Some(false));
    let shown = browser.get(&page).await.text;
    assert!(shown.contains("Switch to the new secret") && !shown.contains(&secret));
    let second = browser.post(&format!("{page}/rotate-secret"), "overlap=0&switch=now").await;
    assert_eq!(second.status, 422, "one at a time");
    let switched = browser.post(&format!("{page}/switch-secret"), "").await;
    assert_eq!(switched.location(), format!("{page}?done=switched"));
    assert_eq!(rotation().await, Some(true));
}

#[tokio::test]
async fn what_was_missed_is_counted_recovered_and_its_progress_shown() {
    let herald = Herald::new();
    let (environment, things, browser) = scene(&herald).await;
    let enable = async |enabled| {
        let changes = WebhookChanges { enabled: Some(enabled), ..WebhookChanges::default() };
        herald.engine.update_webhook(environment, things.webhook, changes).await.unwrap();
    };
    // That of the scene would be the only one that may run.
    herald.engine.cancel_recovery(environment, things.recovery).await.unwrap();
    enable(false).await;
    herald.publish(environment, "plain").await;
    let page = format!("/portal/test/webhooks/{}/recover", things.webhook);
    assert!(browser.get(&page).await.text.contains("enable the webhook"));
    enable(true).await;
    for (query, text) in [
        ("", "<strong>1</strong> delivery was missed"),
        ("?since=2027-01-15T07:59&of=held", "<strong>1</strong> delivery was missed"),
        ("?since=2027-01-15T08:01&of=both", "Nothing was missed"),
        ("?since=2027-01-15T07:59&of=exhausted", "Nothing was missed"),
    ] {
        let shown = browser.get(&format!("{page}{query}")).await.text;
        assert!(shown.contains(text), "{query} {shown}");
    }
    for wrong in ["?since=yesterday", "?of=delivered"] {
        assert_eq!(browser.get(&format!("{page}{wrong}")).await.status, 400, "{wrong}");
    }
    let begun = browser.post(&page, "since=2027-01-15T07:59&of=both").await;
    let shown = browser.get(begun.location()).await.text;
    assert!(shown.contains("Recovery <span class=\"badge busy\">running"), "{shown}");
    assert!(shown.contains("<strong>0</strong> of 1"), "{shown}");
    assert!(browser.get(&page).await.text.contains("Look at its progress"));
    let stopped = browser.post(&format!("{}/cancel", begun.location()), "").await;
    assert_eq!(stopped.location(), begun.location());
    assert!(browser.get(begun.location()).await.text.contains("cancelled"));
    let filter = DeliveryFilter { state: Some(DeliveryState::Held), ..DeliveryFilter::default() };
    let held = herald.engine.list_deliveries(environment, filter, Page::default()).await.unwrap();
    assert_eq!(held.total, 1, "nothing takes steps in this test");
}
