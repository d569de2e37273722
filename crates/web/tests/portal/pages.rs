//! Every page: its headers, and that nothing of a stranger's is markup in it.

use std::time::Duration;

use axum::body::Body;
use herald_domain::{
    account::{EnvironmentId, Mode},
    session::Role,
};
use herald_engine::WebhookChanges;
use http::{Request, header};

use crate::support::{Answer, Herald, pages};

/// What strangers may write: into payloads, descriptions, responses, headers, names.
const HOSTILE: &str = "</code></pre><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\
                       {{7*7}}\u{202e}gnp.exe\r\nSet-Cookie: a=b&lt;&#60;\u{7f}";

/// Asserts that a page says to the browser what it has to.
#[track_caller]
fn assert_policy(page: &Answer, path: &str) {
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    for part in [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.split(';').any(|given| given.trim() == part), "{path}: {policy}");
    }
    assert_eq!(policy.split(';').count(), 8, "{policy}");
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        assert_eq!(page.headers[&name], value, "{path}");
    }
    // Nothing that the policy would have to stop.
    assert_eq!(page.text.matches("<script").count(), 1, "{path}");
    assert!(page.text.contains("<script src=\"/portal/assets/portal."), "{path}");
    for inline in ["<style", " style=", " onclick=", "javascript:"] {
        assert!(!page.text.contains(inline), "{path} {inline}");
    }
}

#[tokio::test]
async fn every_page_keeps_the_policy_and_shows_hostile_texts_as_texts() {
    let herald = Herald::new();
    let account = herald.account(HOSTILE).await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let things = herald.things(environment, HOSTILE).await;
    let browser = herald.sign_in(account, Role::Manager).await;
    let mut seen = 0;
    for path in pages(Mode::Test, &things) {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path} {}", page.text);
        assert_policy(&page, &path);
        assert!(!page.text.contains("<img") && !page.text.contains("alert(1)</script>"), "{path}");
        let stray = ['\u{202e}', '\r', '\u{7f}'];
        // A field has what is to be edited as it is.
        assert!(path.ends_with("/edit") || !page.text.contains(stray), "{path}");
        seen += page.text.matches("&lt;script&gt;").count();
    }
    assert!(seen >= 20, "{seen}");
}

#[tokio::test]
async fn what_is_no_page_keeps_the_policy_too() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let browser = herald.sign_in(account, Role::Viewer).await;
    let link = herald.link(account, Role::Viewer).await;
    for (method, path, cookie, status) in [
        ("GET", link.as_str(), "", 200),
        ("GET", "/portal/link/unknown", "", 410),
        ("GET", "/portal", "", 401),
        ("GET", "/portal/test", "", 401),
        ("GET", "/portal/test/nothing", browser.cookie.as_str(), 404),
        ("GET", "/portal/nowhere", &browser.cookie, 404),
        ("GET", "/portal/test/webhooks/zz", &browser.cookie, 404),
        ("GET", "/portal/test/webhooks/new", &browser.cookie, 403),
        ("GET", "/portal/test/events?page=0", &browser.cookie, 400),
        ("POST", "/portal/test/keys", "", 401),
        ("POST", "/portal/theme", &browser.cookie, 403),
        ("POST", &link, "", 303),
        ("GET", "/portal/sign-out", "", 405),
        ("GET", "/portal/sign-out", &browser.cookie, 405),
        ("GET", "/portal/theme/", &browser.cookie, 405),
        ("GET", "/portal/test/webhooks/5eb04fcd0f3e360008035eb2/enabled", &browser.cookie, 405),
        ("POST", "/portal", &browser.cookie, 405),
        ("DELETE", "/portal/test/keys", &browser.cookie, 405),
    ] {
        let page = herald.browse(method, path, cookie, "").await;
        assert_eq!(page.status, status, "{method} {path}");
        let allowed = page.headers.get(header::ALLOW).map(|allowed| allowed.to_str().unwrap());
        assert_eq!(allowed.is_some(), status == 405, "{method} {path}");
        assert!(allowed.is_none_or(|allowed| !allowed.split(',').any(|one| one == method)));
        if status == 303 {
            assert!(page.headers.contains_key(header::CONTENT_SECURITY_POLICY));
        } else {
            assert_policy(&page, path);
        }
    }
}

#[tokio::test]
async fn the_portals_own_files_may_be_kept_for_ever_and_change_their_names_instead() {
    let herald = Herald::new();
    let page = herald.browse("GET", "/portal", "", "").await.text;
    for (attribute, kind) in
        [("rel=\"stylesheet\" href=\"", "text/css"), ("<script src=\"", "text/javascript")]
    {
        let (address, _) = page.split_once(attribute).unwrap().1.split_once('"').unwrap();
        let file = herald.browse("GET", address, "", "").await;
        assert_eq!(file.status, 200, "{address}");
        assert!(file.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind));
        assert!(file.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    }
    for name in ["portal.css", "..%2fCargo.toml", "x"] {
        let request = Request::get(format!("/portal/assets/{name}")).body(Body::empty()).unwrap();
        assert_eq!(herald.send(request).await.status, 404);
    }
}

#[tokio::test]
async fn a_list_is_filtered_and_paged_by_its_address() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let things = herald.things(environment, "plain").await;
    let browser = herald.sign_in(account, Role::Viewer).await;
    let (event, delivery) = (things.event.to_string(), things.delivery.to_string());
    for (address, shown) in [
        ("events", Some(&event)),
        ("events?type=client.created&resourceType=&createdAfter=&createdBefore=", Some(&event)),
        ("events?type=client.deleted", None),
        ("events?resourceType=client&createdAfter=2027-01-15", Some(&event)),
        ("events?createdBefore=2027-01-15", None),
        ("events?createdAfter=yesterday", None),
        ("events?page=2", None),
        ("deliveries?state=pending", Some(&delivery)),
        ("deliveries?state=delivered", None),
        ("deliveries?state=%3Cscript%3E", None),
        (&format!("deliveries?webhookId={}", things.webhook), Some(&delivery)),
        (&format!("deliveries?webhookId={event}"), None),
    ] {
        let page = browser.get(&format!("/portal/test/{address}")).await;
        assert_eq!(page.status, 200, "{address}");
        let is_shown = [&event, &delivery].iter().any(|id| page.text.contains(&format!("/{id}\"")));
        assert_eq!(is_shown, shown.is_some(), "{address}");
    }
}

#[tokio::test]
async fn a_webhook_close_to_being_disabled_says_so_where_its_owner_looks() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let things = herald.things(environment, "plain").await;
    let browser = herald.sign_in(account, Role::Viewer).await;
    let own = format!("/portal/test/webhooks/{}", things.webhook);
    let texts = [
        (own.as_str(), "This webhook is close to being disabled"),
        (&own, "the last attempt is left"),
        (&own, &format!("href=\"/portal/test/deliveries/{}\"", things.delivery)),
        ("/portal/test", "Close to being disabled"),
        ("/portal/test/webhooks", ">failing<"),
    ];
    for (path, text) in texts {
        let page = browser.get(path).await.text;
        assert!(page.contains(text), "{path}: {text:?} is not in {page}");
    }
    // Nothing is sent to it any more, so nothing can fail.
    let changes = WebhookChanges { enabled: Some(false), ..WebhookChanges::default() };
    herald.engine.update_webhook(environment, things.webhook, changes).await.unwrap();
    for (path, text) in texts {
        let page = browser.get(path).await.text;
        assert!(path == own && text.contains("href") || !page.contains(text), "{path}: {text:?}");
    }
}

#[tokio::test]
async fn the_next_attempts_of_a_webhook_are_those_due_first_however_many_wait() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let environment = EnvironmentId { account, mode: Mode::Test };
    let things = herald.things(environment, "plain").await;
    herald.clock.advance(Duration::from_secs(30));
    let mut later = Vec::new();
    for _ in 0..201 {
        later.push(herald.delivered(environment, "plain").await.1);
    }
    let browser = herald.sign_in(account, Role::Viewer).await;
    let page = browser.get(&format!("/portal/test/webhooks/{}", things.webhook)).await;
    let (before, last) = page.text.split_once("Last deliveries").unwrap();
    let shown = |part: &str, id| part.contains(&format!("/deliveries/{id}\""));
    assert!(shown(before, things.delivery), "its retry is due before all others");
    let next = later.iter().filter(|id| shown(before, **id));
    assert_eq!(next.collect::<Vec<_>>(), later[..7].iter().collect::<Vec<_>>());
    assert!(shown(last, later[200]) && !shown(last, things.delivery));
}

#[tokio::test]
async fn who_is_signed_in_can_go_on_from_where_something_went_wrong() {
    let herald = Herald::new();
    let account = herald.account("Acme").await;
    let things = herald.things(EnvironmentId { account, mode: Mode::Test }, "plain").await;
    let manager = herald.sign_in(account, Role::Manager).await;
    let viewer = herald.sign_in(account, Role::Viewer).await;
    let webhook = format!("/portal/test/webhooks/{}", things.webhook);
    for (answer, status, text, way) in [
        (
            manager.get("/portal/live/events/none").await,
            404,
            "There is nothing here",
            "/live/events",
        ),
        (viewer.get(&format!("{webhook}/edit")).await, 403, "You can look", "/test/webhooks"),
        (manager.get(&format!("{webhook}/recover?since=x")).await, 400, "Since", "/test/webhooks"),
        (manager.post("/portal/test/endpoints", "hours=x").await, 400, "hours", "/test/endpoints"),
        (
            manager.post("/portal/test/recoveries/x/cancel", "").await,
            404,
            "nothing",
            "/test/webhooks",
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_policy(&answer, text);
        assert!(answer.text.contains(text), "{}", answer.text);
        assert!(answer.text.contains(&format!("class=\"button\" href=\"/portal{way}\"")), "{way}");
        assert!(answer.text.contains("aria-label=\"Main\""), "it has the navigation");
    }
    let nobody = herald.browse("GET", "/portal/test/events/none", "", "").await;
    assert!(nobody.status == 401 && !nobody.text.contains("aria-label=\"Main\""));
}
