//! The portal for people with little: only a keyboard, a browser without scripts, the role of a
//! viewer; and the pages of what went wrong.

use crate::support::{eventually, scene::Scene};

/// WebDriver's names of keys.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";

/// A scene with somebody in it.
async fn signed_in(role: &str) -> Scene {
    let scene = Scene::new().await;
    let link = scene.link(role).await;
    scene.browser.open(&link).await;
    scene.browser.follow("button[type=submit]").await;
    scene
}

/// Goes from field to field until one like this has the focus.
async fn tab_to(scene: &Scene, css: &str) {
    let question = format!("return document.activeElement.matches({css:?})");
    for _ in 0..60 {
        if scene.browser.run(&question).await == true {
            return;
        }
        scene.browser.press(TAB).await;
    }
    panic!("no way by the keyboard to {css}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_added_and_tested_by_the_keyboard_alone() {
    let scene = signed_in("manager").await;
    tab_to(&scene, ".skip").await;
    tab_to(&scene, ".areas a[href$='/webhooks']").await;
    scene.browser.follow_by(ENTER).await;
    tab_to(&scene, "main a[href$='/webhooks/new']").await;
    scene.browser.follow_by(ENTER).await;
    tab_to(&scene, "#url").await;
    scene.browser.press("https://127.0.0.1:9/hooks").await;
    tab_to(&scene, "input[value='*']").await;
    scene.browser.press(SPACE).await;
    tab_to(&scene, "main button[type=submit]").await;
    scene.browser.follow_by(ENTER).await;
    assert!(scene.browser.reads().await.contains("Copy the signing secret now"));
    tab_to(&scene, "main a.button.primary").await;
    scene.browser.follow_by(ENTER).await;
    tab_to(&scene, "a[href$='/test-event']").await;
    scene.browser.follow_by(ENTER).await;
    tab_to(&scene, "#sample form button").await;
    scene.browser.follow_by(ENTER).await;
    scene.browser.shows("the next one is due at").await;
    tab_to(&scene, "summary").await;
    scene.browser.press(ENTER).await;
    scene.browser.shows("Address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_without_scripts() {
    let scene = Scene::new().await;
    scene.browser.without_scripts().await;
    let link = scene.link("manager").await;
    scene.browser.open(&link).await;
    scene.browser.submit("button[type=submit]", "Needs attention").await;
    scene.open("/portal/test/endpoints").await;
    scene.browser.submit("main button[type=submit]", "Nothing has come yet").await;
    assert!(scene.browser.reads().await.contains("Reload the page to see what has come since"));
    let endpoint = scene.browser.url().await;
    scene.browser.submit(".place a.button", "Add a webhook").await;
    scene.browser.click("input[value='*']").await;
    scene.browser.submit("main button[type=submit]", "Copy the signing secret now").await;
    scene.browser.submit("main a.button.primary", "Next attempts").await;
    scene.browser.submit("a[href$='/test-event']", "Send this event").await;
    scene.browser.click("#type option[value='client.updated']").await;
    scene.browser.submit("form[method=get] button", "\"client.updated\"").await;
    scene.browser.submit("#sample form button", "Timeline").await;
    let delivery = scene.browser.url().await;
    eventually("it is acknowledged, as the page says when it is loaded again", async || {
        scene.browser.open(&delivery).await;
        scene.browser.reads().await.contains("It was acknowledged").then_some(())
    })
    .await;
    scene.browser.open(&endpoint).await;
    assert!(scene.browser.reads().await.contains("signature verified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_sees_and_who_went_wrong_can_go_on() {
    let mut scene = signed_in("viewer").await;
    let api = scene.running.api();
    let (webhook, _) = api.create_webhook("https://127.0.0.1:9/hooks").await;
    let event = scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb2"}"#).await;
    for (page, name) in [
        (format!("webhooks/{webhook}"), "viewer-webhook"),
        (format!("events/{event}"), "viewer-event"),
        ("endpoints".to_owned(), "viewer-endpoints"),
        ("keys".to_owned(), "viewer-keys"),
        ("recoveries".to_owned(), "recoveries-empty"),
    ] {
        scene.open(&format!("/portal/test/{page}")).await;
        assert!(!scene.browser.has("main form[method=post]").await, "{page}");
        scene.look(name).await;
    }
    for (page, name, text) in [
        (format!("webhooks/{webhook}/edit"), "fault-viewer", "You can look"),
        ("events/5eb04fcd0f3e360008035eb2".to_owned(), "fault-not-found", "There is nothing here"),
    ] {
        scene.open(&format!("/portal/test/{page}")).await;
        assert!(scene.browser.reads().await.contains(text));
        scene.look(name).await;
    }
    let complaints = scene.browser.complaints().await;
    let are_refusals = complaints.iter().all(|one| one.contains("403") || one.contains("404"));
    assert!(are_refusals, "{complaints:?}");
    scene.browser.follow("main a.button").await;
    assert_eq!(scene.browser.url().await, scene.url("/portal/test/events"));
    scene.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_session_has_ended_says_so_and_asks_no_more() {
    let scene = signed_in("viewer").await;
    let api = scene.running.api();
    api.create_webhook("https://127.0.0.1:9/hooks").await;
    scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb2"}"#).await;
    let delivery = api.get("/v1/deliveries").await.good();
    let id = crate::support::api::text(&delivery["items"][0]["id"]);
    scene.open(&format!("/portal/test/deliveries/{id}")).await;
    scene.browser.shows("the next one is due at").await;
    let sessions = format!("/operator/v1/accounts/{}/sessions", scene.running.keys.account);
    scene.running.operator().delete(&sessions).await;
    scene.browser.shows("This is no longer kept up to date").await;
    assert!(!scene.browser.has("[hx-trigger]").await, "it asks no more");
    assert!(scene.browser.reads().await.contains("Timeline"), "what was seen stays");
}
