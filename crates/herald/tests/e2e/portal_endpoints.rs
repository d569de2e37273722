//! The portal's pages of temporary endpoints in a real browser: somebody makes one, and watches what
//! comes in on a page that is never loaded again.

use serde_json::json;

use crate::support::{
    api::{Api, text},
    scene::Scene,
};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_watches_what_a_temporary_endpoint_gets() {
    let mut scene = Scene::new().await;
    let link = scene.link("manager").await;
    scene.browser.open(&link).await;
    scene.browser.follow("button[type=submit]").await;
    let (page, url) = make_an_endpoint(&mut scene).await;
    add_a_webhook(&mut scene, &url).await;
    scene.browser.open(&page).await;
    watch(&mut scene, &url).await;
    break_it(&mut scene, &page, &url).await;
    delete_it(&mut scene, &page).await;
    lose_it(&mut scene).await;
    scene.assert_well().await;
    drop(scene.browser);
    assert!(scene.running.server.terminate().await.success());
}

/// Makes one by the form; answers its page and its URL.
async fn make_an_endpoint(scene: &mut Scene) -> (String, String) {
    scene.open("/portal/test/endpoints").await;
    scene.look("endpoints-empty").await;
    scene.browser.fill("#description", "My laptop").await;
    scene.browser.follow("main button[type=submit]").await;
    is_live(scene).await;
    let page = scene.browser.reads().await;
    assert!(page.contains("Nothing has come yet") && page.contains("curl"), "{page}");
    scene.look("endpoint-empty").await;
    let url = text(&scene.browser.run("return document.querySelector('#url').value").await);
    (scene.browser.url().await, url)
}

/// Adds a webhook by the form to which the endpoint's page leads, with the URL in it.
async fn add_a_webhook(scene: &mut Scene, url: &str) {
    scene.browser.follow(".place a.button").await;
    let field = scene.browser.run("return document.querySelector('#url').value").await;
    assert_eq!(field, url);
    scene.browser.click("input[value='*']").await;
    scene.browser.follow("main button[type=submit]").await;
    assert!(scene.browser.reads().await.contains("Copy the signing secret now"));
}

/// Requests appear on the open page, each with the verdict on its signatures.
async fn watch(scene: &mut Scene, url: &str) {
    is_live(scene).await;
    scene.browser.run("window.isTheVeryPage = true").await;
    scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb2","email":"zoe@example.com"}"#).await;
    scene.browser.appears(".requests li:first-child .badge.good").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("signature verified") && page.contains("client.created"), "{page}");
    assert!(!page.contains("Nothing has come yet"), "{page}");

    send(scene, url, "/?<script>alert(1)</script>").await;
    scene.browser.appears(".requests li:first-child .badge.calm").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("no signature") && page.contains("is not signed"), "{page}");
    scene.browser.click(".requests li:first-child summary").await;
    scene.browser.click(".requests li:last-child summary").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("<script>alert(1)</script>") && page.contains("webhook-signature"));
    assert_eq!(scene.browser.run("return window.isTheVeryPage").await, true);
    scene.look("endpoint").await;
}

/// Makes it answer a failure, which the next request is answered.
async fn break_it(scene: &mut Scene, page: &str, url: &str) {
    let choose = "document.querySelector('#respond-with').value = '503'";
    scene.browser.run(choose).await;
    scene.browser.follow("form[action*='/endpoints/'] button").await;
    is_live(scene).await;
    assert!(scene.browser.reads().await.contains("Saved."));
    send(scene, url, "again").await;
    scene.browser.appears(".requests li:nth-child(3)").await;
    let first = scene.browser.run("return document.querySelector('.requests li').innerText").await;
    assert!(text(&first).contains("answered 503"), "{first}");
    scene.browser.open(page).await;
    let kept = scene.browser.run("return document.querySelectorAll('.requests li').length").await;
    assert_eq!(kept, 3, "the list has what the page was told");
    scene.look("endpoint-broken").await;
}

async fn delete_it(scene: &mut Scene, page: &str) {
    scene.open("/portal/test/endpoints").await;
    assert!(scene.browser.reads().await.contains("My laptop"));
    scene.look("endpoints").await;
    scene.browser.open(&format!("{page}/delete")).await;
    scene.look("endpoint-delete").await;
    scene.browser.follow("main button[type=submit]").await;
    assert!(scene.browser.reads().await.contains("The endpoint was deleted"));
}

/// Deletes one by the API under the eyes of its page, which says that it is told nothing more.
async fn lose_it(scene: &mut Scene) {
    let api = scene.running.api();
    let endpoint = api.post("/v1/endpoints", &json!({})).await.good();
    let id = text(&endpoint["id"]);
    scene.open(&format!("/portal/test/endpoints/{id}")).await;
    is_live(scene).await;
    api.delete(&format!("/v1/endpoints/{id}")).await;
    // It asks again once, is refused, and leaves it at that.
    scene.browser.appears("[data-connection=off] .connection").await;
    scene.browser.shows("Requests\n\nReload the page").await;
    scene.open("/portal/test/endpoints").await;
    // To have asked again, in vain, is one of the browser's complaints; nothing else may be.
    let complaints = scene.browser.complaints().await;
    assert!(complaints.iter().all(|complaint| complaint.contains("404")), "{complaints:?}");
}

/// Waits until the page says that it is told what comes.
async fn is_live(scene: &Scene) {
    scene.browser.appears("[data-connection=on] .connection").await;
}

/// Sends something that nobody has signed.
async fn send(scene: &Scene, url: &str, what: &str) {
    let anybody = Api::new(scene.running.server.address, "none");
    let (_, path) = url.split_once("/e/").expect("it is an endpoint's");
    anybody.post(&format!("/e/{path}"), &json!({ "said": what })).await;
}
