//! Texts of strangers in a real browser: in a tenant's name, descriptions, URLs, payloads, and what
//! receivers and senders say. Nothing in them runs, and the policy has nothing to stop.

use herald_testkit::receiver::{Receiver, Reply};
use serde_json::json;

use crate::support::{
    api::{Api, text},
    eventually,
    scene::Scene,
    world::Keys,
};

/// Tries to run in every place that a text may come to, by htmx's attributes too.
const HOSTILE: &str = "</code></pre></title></textarea><script>document.title='hacked'</script>\
    <img src=x onerror=document.title='hacked'><svg onload=document.title='hacked'>\
    <div hx-get='/hacked' hx-trigger=load hx-on:load=document.title='hacked'></div>\
    <style>body{display:none}</style><base href='//hacked.example/'>\" onfocus='hacked' autofocus x=\"";

/// As much of it as a tenant's name may have.
const NAME: &str =
    "<script>document.title='hacked'</script><img src=x onerror=document.title='hacked'>";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_stranger_wrote_runs_on_any_page() {
    let mut scene = Scene::new().await;
    let account = json!({ "name": NAME });
    let account = scene.running.operator().post("/operator/v1/accounts", &account).await.good();
    scene.running.keys =
        Keys { account: text(&account["id"]), test: text(&account["keys"]["test"]) };
    let receiver = Receiver::start_tls(&scene.world.receiver, &["h2"], |_| {
        Reply::status(500).with_header("x-note", HOSTILE).with_body(HOSTILE)
    })
    .await;
    let pages = fill(&scene, &receiver).await;

    let link = scene.link("manager").await;
    scene.browser.open(&link).await;
    is_tame(&scene, "sign in").await;
    scene.browser.follow("button[type=submit]").await;
    for page in &pages {
        scene.open(page).await;
        // What is folded away too.
        let open = "document.querySelectorAll('details').forEach(one => one.open = true)";
        scene.browser.run(open).await;
        is_tame(&scene, page).await;
    }
    // And what comes in on an open page.
    let endpoint = pages.iter().find(|page| page.contains("/endpoints/")).expect("it is there");
    scene.open(endpoint).await;
    scene.browser.appears("[data-connection=on] .connection").await;
    let url = text(&scene.browser.run("return document.querySelector('#url').value").await);
    send(&scene, &url).await;
    scene.browser.appears(".requests li:nth-child(2)").await;
    is_tame(&scene, "what came live").await;
    scene.assert_well().await;
    drop(scene.browser);
    assert!(scene.running.server.terminate().await.success());
}

/// Puts the text wherever one can be put; answers all pages.
async fn fill(scene: &Scene, receiver: &Receiver) -> Vec<String> {
    let api = scene.running.api();
    let new = json!({ "url": receiver.url("/?a='><script>document.title='hacked'</script>"),
        "description": HOSTILE, "enabled": true, "events": ["*"] });
    let webhook = text(&api.post("/v1/webhooks", &new).await.good()["id"]);
    let endpoint = api.post("/v1/endpoints", &json!({ "description": HOSTILE })).await.good();
    send(scene, &text(&endpoint["url"])).await;
    let client = json!({ "id": HOSTILE, "email": HOSTILE, HOSTILE: [HOSTILE] });
    let event = scene.running.publish(&client.to_string()).await;
    let delivery = eventually("it was attempted", async || {
        let list = api.get("/v1/deliveries").await.good();
        let delivery = &list["items"][0];
        (delivery["attemptCount"] == 1).then(|| text(&delivery["id"]))
    })
    .await;
    let webhook = format!("webhooks/{webhook}");
    let mut pages: Vec<String> =
        ["", "/edit", "/delete", "/test-event", "/rotate-secret", "/recover"]
            .map(|page| format!("{webhook}{page}"))
            .into();
    let endpoint = format!("endpoints/{}", text(&endpoint["id"]));
    pages.extend([
        format!("events/{event}"),
        format!("deliveries/{delivery}"),
        endpoint.clone(),
        format!("{endpoint}/delete"),
    ]);
    pages.extend(
        ["", "webhooks", "events", "deliveries", "endpoints", "event-types", "keys"]
            .map(str::to_owned),
    );
    pages.into_iter().map(|page| format!("/portal/test/{page}")).collect()
}

/// Sends the text to a temporary endpoint.
async fn send(scene: &Scene, url: &str) {
    let path = url.split_once("/e/").map(|(_, token)| format!("/e/{token}")).unwrap_or_default();
    let anybody = Api::new(scene.running.server.address, HOSTILE);
    let body = json!({ "type": HOSTILE, HOSTILE: HOSTILE });
    assert!(anybody.post(&path, &body).await.status.is_success());
}

/// The page has the text, as a text, and nothing of it as markup.
async fn is_tame(scene: &Scene, page: &str) {
    let reads = scene.browser.reads().await;
    assert!(reads.contains("onerror=document.title='hacked'"), "{page} shows it: {reads}");
    let found = scene
        .browser
        .run(
            "const all = [...document.querySelectorAll('*')];
             return [document.title === 'hacked',
                 document.scripts.length > 1 || document.images.length > 0,
                 document.querySelector('style, base, [hx-get=\"/hacked\"], [autofocus]') !== null,
                 all.some(one => [...one.attributes].some(a => a.name.startsWith('on'))),
                 performance.getEntriesByType('resource').some(e => e.name.includes('hacked'))]",
        )
        .await;
    assert_eq!(found, json!([false, false, false, false, false]), "{page}");
}
