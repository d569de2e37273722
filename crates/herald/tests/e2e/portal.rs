//! The portal in a real browser: somebody signs in by a link, adds a webhook, and sees what becomes
//! of an event; every page, in both themes, without a breach of its policy, without a serious
//! finding of the checker of accessibility, and as a picture for people to look at
//! (`target/screenshots`).

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use herald_testkit::receiver::{Receiver, Reply};

use crate::support::{
    eventually,
    scene::{Scene, root},
};

#[test]
fn the_script_library_is_the_one_of_its_package() {
    for (ours, theirs) in [
        ("htmx.min.js", "dist/htmx.min.js"),
        ("hx-sse.min.js", "dist/ext/hx-sse.min.js"),
        ("LICENSE", "LICENSE"),
    ] {
        let read =
            |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let vendored = read(root().join("crates/web/src/portal/assets/vendor").join(ours));
        let published = read(root().join("tests/browser/node_modules/htmx.org").join(theirs));
        assert!(vendored == published, "{ours} is not that of the package in tests/browser");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_adds_a_webhook_and_sees_what_becomes_of_an_event() {
    let mut scene = Scene::new().await;
    let good = Receiver::start_tls(&scene.world.receiver, &["h2"], |_| Reply::ok()).await;
    let bad = Receiver::start_tls(&scene.world.receiver, &["h2"], |_| {
        Reply::status(503).with_header("retry-after", "120").with_body("<script>alert(1)</script>")
    })
    .await;
    sign_in(&mut scene).await;
    add_webhooks(&mut scene, &good.url("/hooks"), &bad.url("/broken")).await;
    follow_an_event(&mut scene).await;
    change_webhooks(&mut scene).await;
    see_the_rest(&mut scene).await;
    scene.assert_well().await;
    drop(scene.browser);
    assert!(scene.running.server.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_close_to_being_disabled_is_seen_and_mended() {
    let mut scene = Scene::with(&[("HERALD_DELIVERY__RETRY_SCHEDULE", "1s,1h")]).await;
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = broken.clone();
    let receiver = Receiver::start_tls(&scene.world.receiver, &["h2"], move |_| {
        Reply::status(if is_broken.load(Ordering::SeqCst) { 503 } else { 200 })
    })
    .await;
    let (webhook, _) = scene.running.api().create_webhook(&receiver.url("/")).await;
    scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb2"}"#).await;
    let link = scene.link("manager").await;
    scene.browser.open(&link).await;
    scene.browser.follow("button[type=submit]").await;
    eventually("the second attempt has failed", async || {
        scene.open("/portal/test").await;
        scene.browser.reads().await.contains("failing").then_some(())
    })
    .await;
    scene.look("overview-failing").await;
    scene.open(&format!("/portal/test/webhooks/{webhook}")).await;
    scene.browser.shows("close to being disabled").await;
    scene.look("webhook-failing").await;
    broken.store(false, Ordering::SeqCst);
    scene.browser.follow(".alert a[href*='/deliveries/']").await;
    scene.browser.follow("form[action$='/resend'] button").await;
    scene.open("/portal/test").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("Every webhook is well"), "{page}");
    scene.assert_well().await;
    drop(scene.browser);
    assert!(scene.running.server.terminate().await.success());
}

async fn sign_in(scene: &mut Scene) {
    let link = scene.link("manager").await;
    scene.open("/portal").await;
    assert!(scene.browser.reads().await.contains("You are signed out"));
    // A page that is refused is one of the browser's complaints; nothing else may be.
    let complaints = scene.browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("401")), "{complaints:?}");
    scene.look("signed-out").await;
    scene.browser.open(&link).await;
    scene.look("sign-in").await;
    scene.browser.follow("button[type=submit]").await;
    assert_eq!(scene.browser.url().await, scene.url("/portal/test"));
    scene.look("overview-empty").await;
}

async fn add_webhooks(scene: &mut Scene, good: &str, bad: &str) {
    scene.open("/portal/test/webhooks").await;
    scene.look("webhooks-empty").await;
    scene.open("/portal/test/webhooks/new").await;
    scene.look("webhook-new").await;
    scene.browser.fill("#url", "https://10.0.0.1/hooks").await;
    scene.browser.follow("main button[type=submit]").await;
    assert!(scene.browser.reads().await.contains("Not saved"));
    let refused = scene.browser.complaints().await;
    assert!(refused.iter().all(|complaint| complaint.contains("400")), "{refused:?}");
    scene.look("webhook-new-refused").await;
    scene.add_webhook(bad, "A receiver that is down").await;
    scene.add_webhook(good, "Orders service").await;
    assert!(scene.browser.has("button[aria-label='Copy Signing secret']").await);
    scene.look("webhook-added").await;
    scene.open("/portal/test/webhooks").await;
    let page = scene.browser.reads().await;
    assert!(page.contains(good) && page.contains("Orders service") && page.contains("enabled"));
    scene.look("webhooks").await;
}

async fn follow_an_event(scene: &mut Scene) {
    let client = r#"{"id":"5eb04fcd0f3e360008035eb2","type":"person","email":"zoe@example.com",
        "personDetails":{"firstName":"Zoë","lastName":"<script>alert(1)</script>"},"metadata":{}}"#;
    let event = scene.running.publish(client).await;
    let api = scene.running.api();
    eventually("one is delivered and one has failed", async || {
        let list = api.get("/v1/deliveries").await.good();
        let ended = list["items"].as_array()?.iter().all(|d| d["attemptCount"] == 1);
        (ended && api.count("delivered").await == 1).then_some(())
    })
    .await;
    scene.open("/portal/test/events").await;
    scene.browser.follow(&format!("a[href$='{event}']")).await;
    let page = scene.browser.reads().await;
    assert!(page.contains("Zoë") && page.contains("<script>alert(1)</script>"), "{page}");
    assert!(page.contains("delivered") && page.contains("pending"), "{page}");
    scene.look("event").await;
    for (state, answer) in [("delivered", "200"), ("pending", "503")] {
        scene.open(&format!("/portal/test/deliveries?state={state}")).await;
        scene.browser.follow("td.go a").await;
        scene.browser.click("summary").await;
        let page = scene.browser.reads().await;
        assert!(page.contains("Complycube-Signature") && page.contains(answer), "{page}");
        scene.look(&format!("delivery-{state}")).await;
    }
    assert!(scene.browser.reads().await.contains("Next attempt"));
}

async fn change_webhooks(scene: &mut Scene) {
    scene.open("/portal/test/webhooks").await;
    // The older one, which fails.
    scene.browser.follow("tbody tr:last-child a").await;
    let webhook = scene.browser.url().await;
    assert!(scene.browser.reads().await.contains("Next attempts"));
    scene.look("webhook").await;
    scene.browser.follow("form[action$='/enabled'] button").await;
    assert!(scene.browser.reads().await.contains("This webhook is disabled"));
    scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb3"}"#).await;
    scene.browser.open(&webhook).await;
    scene.look("webhook-disabled").await;
    scene.browser.open(&format!("{webhook}/edit")).await;
    scene.look("webhook-edit").await;
    scene.browser.open(&format!("{webhook}/delete")).await;
    scene.look("webhook-delete").await;
}

async fn see_the_rest(scene: &mut Scene) {
    for (page, name) in [
        ("", "overview"),
        ("/events", "events"),
        ("/events?type=client.deleted", "events-none"),
        ("/deliveries", "deliveries"),
        ("/event-types", "event-types"),
        ("/keys", "keys"),
    ] {
        scene.open(&format!("/portal/test{page}")).await;
        scene.look(name).await;
    }
    scene.browser.follow("main button[type=submit]").await;
    scene.look("key-created").await;
    scene.open("/portal/live/keys").await;
    scene.browser.follow("td.go a").await;
    scene.look("key-revoke").await;
    // The theme is chosen by a button, and kept.
    scene.browser.follow("button[value=dark]").await;
    let theme = scene.browser.run("return document.documentElement.dataset.theme").await;
    assert_eq!(theme, "dark");
    scene.browser.follow(".who button").await;
    assert!(scene.browser.reads().await.contains("You have signed out"));
}
