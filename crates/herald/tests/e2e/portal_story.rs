//! The whole story of a receiver's developer, in a real browser and with nothing else: a webhook to
//! a temporary endpoint, a test event that arrives, a receiver that breaks, the retry, resending,
//! another secret, recovering, and the end of it all.

use herald_domain::time::Timestamp;

use crate::support::{api::text, scene::Scene};

/// What the developer works with.
struct Places {
    /// The page of the temporary endpoint.
    endpoint: String,
    /// The page of the webhook.
    webhook: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_connects_breaks_mends_and_leaves_a_receiver() {
    let mut scene = Scene::new().await;
    let link = scene.link("manager").await;
    scene.browser.open(&link).await;
    scene.browser.follow("button[type=submit]").await;
    let places = connect(&mut scene).await;
    send_a_test_event(&mut scene, &places).await;
    break_the_receiver(&mut scene, &places).await;
    mend_and_resend(&mut scene, &places).await;
    rotate(&mut scene, &places).await;
    miss_and_recover(&mut scene, &places).await;
    look_back(&mut scene, &places).await;
    leave(&mut scene, &places).await;
    scene.assert_well().await;
    drop(scene.browser);
    assert!(scene.running.server.terminate().await.success());
}

/// Makes a temporary endpoint, and a webhook to it.
async fn connect(scene: &mut Scene) -> Places {
    scene.open("/portal/test/endpoints").await;
    scene.browser.follow("main button[type=submit]").await;
    let endpoint = scene.browser.url().await;
    scene.browser.follow(".place a.button").await;
    scene.browser.click("input[value='*']").await;
    scene.browser.follow("main button[type=submit]").await;
    scene.browser.follow("main a.button.primary").await;
    let webhook = scene.browser.url().await;
    assert!(scene.browser.reads().await.contains("No attempt was made in this time"));
    Places { endpoint, webhook }
}

/// The delivery's page shows its end, and the endpoint's the request, without being loaded again.
async fn send_a_test_event(scene: &mut Scene, places: &Places) {
    // Another window watches what arrives.
    let first = scene.browser.window().await;
    scene.browser.open_window(&places.endpoint).await;
    scene.browser.appears("[data-connection=on] .connection").await;
    let watching = scene.browser.window().await;
    scene.browser.switch_to(&first).await;

    scene.browser.follow("a[href$='/test-event']").await;
    scene.browser.click("#type option[value='check.completed.clear']").await;
    scene.browser.shows("\"outcome\"").await;
    scene.look("webhook-test-event").await;
    scene.browser.follow("#sample form button").await;
    scene.browser.shows("It was acknowledged").await;
    scene.look("delivery-test-event").await;

    scene.browser.switch_to(&watching).await;
    scene.browser.shows("signature verified").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("check.completed.clear"), "{page}");
    scene.browser.close_window().await;
    scene.browser.switch_to(&first).await;
}

/// Has the endpoint answer this status.
async fn answer(scene: &Scene, places: &Places, status: &str) {
    scene.browser.open(&places.endpoint).await;
    scene.browser.click(&format!("#respond-with option[value='{status}']")).await;
    scene.browser.follow("form[action*='/endpoints/'] button").await;
    assert!(scene.browser.reads().await.contains("Saved."));
}

/// The failure is seen as it happens, and when the retry comes.
async fn break_the_receiver(scene: &mut Scene, places: &Places) {
    answer(scene, places, "503").await;
    scene.browser.open(&places.webhook).await;
    scene.browser.follow("a[href$='/test-event']").await;
    scene.browser.follow("#sample form button").await;
    scene.browser.shows("Attempt 1").await;
    scene.browser.shows("1 attempt failed; the next one is due at").await;
    let times = "return [...document.querySelectorAll('.step time')].map(t => t.dateTime)";
    let times = scene.browser.run(times).await;
    let time = |place: usize| text(&times[place]).parse::<Timestamp>().expect("it is a time");
    // Accepted, attempted, due again: after 60 s and at most a tenth more, as scheduled.
    let pause = time(2).since(time(1)).as_secs_f64();
    assert!((60.0..70.0).contains(&pause), "{pause} {times}");
    scene.look("delivery-failed").await;
}

async fn mend_and_resend(scene: &mut Scene, places: &Places) {
    let delivery = scene.browser.url().await;
    answer(scene, places, "200").await;
    scene.browser.open(&delivery).await;
    scene.browser.follow("form[action$='/resend'] button").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("It was sent again") && page.contains("Resend 1"), "{page}");
    scene.browser.shows("It was acknowledged").await;
    scene.look("delivery-resent").await;
    // The event too, to whoever it matched.
    scene.browser.follow(".facts a[href*='/events/']").await;
    scene.look("event-why").await;
    scene.browser.follow("td form[action$='/resend'] button").await;
    scene.browser.shows("It was sent again").await;
}

/// Both secrets count for a while, so what is sent meanwhile is right by either.
async fn rotate(scene: &mut Scene, places: &Places) {
    scene.browser.open(&places.webhook).await;
    scene.browser.follow("a[href$='/rotate-secret']").await;
    scene.look("webhook-rotate-secret").await;
    scene.browser.follow("main button[type=submit]").await;
    let secret = scene.browser.run("return document.querySelector('#secret').value").await;
    assert_eq!(text(&secret).len(), 32);
    scene.look("webhook-secret-rotated").await;
    scene.browser.follow("main a.button.primary").await;
    let page = scene.browser.reads().await;
    assert!(page.contains("is still made with the previous one") && !page.contains(&text(&secret)));
    scene.look("webhook-rotating").await;
    scene.browser.follow("form[action$='/switch-secret'] button").await;
    scene.browser.shows("Both headers are signed with the new secret").await;
    scene.browser.follow("a[href$='/test-event']").await;
    scene.browser.follow("#sample form button").await;
    scene.browser.shows("It was acknowledged").await;
    scene.browser.open(&places.endpoint).await;
    let first = "return document.querySelector('.requests li').innerText";
    let first = text(&scene.browser.run(first).await);
    assert!(first.contains("signature verified"), "{first}");
}

async fn miss_and_recover(scene: &mut Scene, places: &Places) {
    scene.browser.open(&places.webhook).await;
    scene.browser.follow("form[action$='/enabled'] button").await;
    scene.running.publish(r#"{"id":"5eb04fcd0f3e360008035eb3"}"#).await;
    scene.browser.open(&places.webhook).await;
    assert!(scene.browser.reads().await.contains("This webhook is disabled"));
    scene.browser.follow("form[action$='/enabled'] button").await;
    scene.browser.shows("It has missed events").await;
    scene.browser.follow("a[href$='/recover']").await;
    scene.browser.shows("1 delivery was missed").await;
    scene.browser.click("#of option[value='exhausted']").await;
    scene.browser.shows("Nothing was missed").await;
    scene.browser.click("#of option[value='held']").await;
    scene.browser.shows("1 delivery was missed").await;
    scene.look("webhook-recover").await;
    scene.browser.follow("#offer form button").await;
    scene.browser.shows("1 of 1 are due again").await;
    scene.browser.shows("done").await;
    scene.look("recovery").await;
    scene.browser.open(&places.webhook).await;
    let page = scene.browser.reads().await;
    assert!(page.contains("Recoveries") && page.contains("1 of 1"), "{page}");
}

/// What happened is in the charts, and each type has its sample.
async fn look_back(scene: &mut Scene, places: &Places) {
    for (page, name) in
        [(places.webhook.clone(), "webhook-used"), (scene.url("/portal/test"), "overview-used")]
    {
        scene.browser.open(&page).await;
        let figures = "return document.querySelector('.figures').innerText";
        let figures = text(&scene.browser.run(figures).await);
        assert!(figures.contains("83.3 %"), "5 of 6 attempts were acknowledged: {figures}");
        assert!(
            scene.browser.has("svg .bad-bar").await && scene.browser.has("svg .good-bar").await
        );
        scene.browser.click(".performance summary").await;
        scene.look(name).await;
        scene.browser.follow(".periods a[href$='period=month']").await;
        assert!(scene.browser.reads().await.contains("83.3 %"));
    }
    scene.open("/portal/test/event-types").await;
    scene.browser.follow("a[href$='/event-types/client.created']").await;
    scene.look("event-type").await;
}

async fn leave(scene: &mut Scene, places: &Places) {
    for page in [&places.webhook, &places.endpoint] {
        scene.browser.open(&format!("{page}/delete")).await;
        scene.browser.follow("main button[type=submit]").await;
        assert!(scene.browser.reads().await.contains("was deleted"));
    }
}
