//! What a manager can change, and what is shown of it.

use herald_domain::{
    account::{EnvironmentId, Mode},
    session::Role,
};
use herald_store::{Page, WebhookFilter};

use crate::support::Herald;

#[tokio::test]
async fn a_webhook_is_added_with_its_secret_shown_once_then_edited_stopped_and_deleted() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let browser = herald.sign_in(account, Role::Manager).await;
    let fields = "url=https%3A%2F%2Fexample.com%2Fhooks&description=Orders&event=client.created\
                  &event=check.failed&enabled=on";
    let made = browser.post("/portal/test/webhooks", fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let secret = made.text.split_once("id=\"secret\" type=\"text\" value=\"").unwrap().1;
    let secret = &secret[..32];
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");

    let listed =
        herald.engine.list_webhooks(environment, WebhookFilter::default(), Page::default());
    let webhook = listed.await.unwrap().items.pop().unwrap();
    assert_eq!(webhook.events.names(), ["client.created", "check.failed"]);
    assert_eq!(webhook.description.as_deref(), Some("Orders"));
    let page = format!("/portal/test/webhooks/{}", webhook.id);
    for path in [&page, &format!("{page}/edit"), "/portal/test/webhooks"] {
        assert!(!browser.get(path).await.text.contains(secret), "{path}");
    }

    let fields = "url=https%3A%2F%2Fexample.com%2Fnew&description=&event=*";
    let saved = browser.post(&format!("{page}/edit"), fields).await;
    assert_eq!((saved.status.as_u16(), saved.location()), (303, &*format!("{page}?done=saved")));
    let webhook = herald.engine.webhook(environment, webhook.id).await.unwrap();
    assert_eq!(webhook.url, "https://example.com/new");
    assert_eq!((webhook.description, webhook.enabled), (None, false));

    browser.post(&format!("{page}/enabled"), "enabled=true").await;
    assert!(herald.engine.webhook(environment, webhook.id).await.unwrap().enabled);
    browser.post(&format!("{page}/enabled"), "enabled=false").await;
    assert!(!herald.engine.webhook(environment, webhook.id).await.unwrap().enabled);

    let deleted = browser.post(&format!("{page}/delete"), "").await;
    assert_eq!(deleted.location(), "/portal/test/webhooks?done=deleted");
    assert_eq!(browser.get(&page).await.status, 404);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_is_explained_and_what_was_entered_stays() {
    let herald = Herald::new();
    let browser = herald.sign_in(herald.account("Acme").await, Role::Manager).await;
    for (fields, reason) in [
        ("url=http%3A%2F%2Fexample.com&event=*&description=kept", "HTTPS"),
        ("url=https%3A%2F%2F10.0.0.1&event=*&description=kept", "url"),
        ("url=https%3A%2F%2Fexample.com&description=kept", "at least one event type"),
        ("url=https%3A%2F%2Fexample.com&event=no.such&description=kept", "unknown event types"),
    ] {
        let answer = browser.post("/portal/test/webhooks", fields).await;
        assert_eq!(answer.status, 400, "{fields}");
        assert!(answer.text.contains("Not saved") && answer.text.contains(reason), "{fields}");
        assert!(answer.text.contains("value=\"kept\""), "{fields}");
    }
}

#[tokio::test]
async fn a_key_is_made_for_its_environment_shown_once_and_revoked() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let made = browser.post("/portal/live/keys", "").await;
    let key = made.text.split_once("id=\"key\" type=\"text\" value=\"").unwrap().1;
    let key = key.split_once('"').unwrap().0;
    assert!(key.starts_with("live_") && key.len() == 37, "{key}");
    assert!(herald.engine.authenticate(key).await.unwrap().is_some());

    let list = browser.get("/portal/live/keys").await.text;
    assert!(list.contains(&key[..9]) && !list.contains(key));
    let id = herald.engine.list_keys(account).await.unwrap()[0].id;
    // Not from the other environment.
    let other = browser.post(&format!("/portal/test/keys/{id}/revoke"), "").await;
    assert_eq!(other.status, 404);
    assert!(herald.engine.authenticate(key).await.unwrap().is_some());
    browser.post(&format!("/portal/live/keys/{id}/revoke"), "").await;
    assert!(herald.engine.authenticate(key).await.unwrap().is_none());
}

#[tokio::test]
async fn a_theme_is_kept_by_the_browser_and_leads_back_to_the_page() {
    let herald = Herald::new();
    let browser = herald.sign_in(herald.account("Acme").await, Role::Viewer).await;
    let fields = "theme=dark&back=%2Fportal%2Ftest%2Fevents%3Fpage%3D1";
    let answer = browser.post("/portal/theme", fields).await;
    assert_eq!(answer.location(), "/portal/test/events?page=1");
    assert!(answer.cookie().starts_with("herald-theme=dark;"), "{}", answer.cookie());
    let cookie = format!("{}; herald-theme=dark", browser.cookie);
    let page = herald.browse("GET", "/portal/test", &cookie, "").await;
    assert!(page.text.contains("data-theme=\"dark\""));
    for hostile in ["\"><script>", "dark\r\nX: y"] {
        let cookie = format!("{}; herald-theme=a", browser.cookie);
        let page = herald.browse("GET", "/portal/test", &cookie, "").await;
        assert!(page.text.contains("data-theme=\"auto\"") && !page.text.contains(hostile));
    }
}
