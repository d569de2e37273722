//! Temporary endpoints as a webhook's target: the real program delivers to itself without a
//! connection, and that opens nothing else.

use std::{sync::Arc, time::Duration};

use herald_domain::{
    account::{EnvironmentId, Mode},
    id::IdSequence,
    time::Timestamp,
    webhook::WebhookPatch,
};
use serde_json::{Value, json};

use crate::support::{
    api::{Api, text},
    eventually,
    inside::{self, api, publish, wake_upkeep},
    world::{Keys, World},
};

/// Where nothing listens; Herald believes that it is reached there.
const ADDRESS: &str = "http://127.0.0.1:9";

/// A network that has nothing to do with Herald: loopback is not allowed.
const ELSEWHERE: (&str, &str) = ("HERALD_DELIVERY__ALLOWED_NETWORKS", "10.99.0.0/16");

async fn endpoint(api: &Api) -> Value {
    api.post("/v1/endpoints", &json!({})).await.good()
}

fn object(endpoint: &Value) -> String {
    format!("/v1/endpoints/{}", text(&endpoint["id"]))
}

async fn kept(api: &Api, endpoint: &Value) -> Vec<Value> {
    let list = api.get(&format!("{}/requests", object(endpoint))).await.good();
    list["items"].as_array().expect("a list has items").clone()
}

async fn create_client(api: &Api) {
    let details = json!({ "firstName": "Jo", "lastName": "Doe" });
    let client = json!({ "type": "person", "email": "jo@example.com", "personDetails": details });
    api.post("/v1/clients", &client).await.good();
}

/// The delivery to this webhook, once it was attempted so often.
async fn attempted(api: &Api, webhook: &str, times: u64) -> Value {
    let path = format!("/v1/deliveries?webhookId={webhook}");
    let delivery = eventually("it is attempted", async || {
        let list = api.get(&path).await.good();
        let delivery = &list["items"][0];
        (delivery["attemptCount"] == times).then(|| text(&delivery["id"]))
    })
    .await;
    api.get(&format!("/v1/deliveries/{delivery}")).await.good()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_to_an_endpoint_is_delivered_signed_and_without_a_connection() {
    let world = World::with(&[ELSEWHERE, ("HERALD_PUBLIC_URL", ADDRESS)]).await;
    let running = world.first_start().await;
    let api = running.api();
    let endpoint = endpoint(&api).await;
    let url = text(&endpoint["url"]);
    assert!(url.starts_with("http://127.0.0.1:9/e/"), "{url}");
    let (webhook, _) = api.create_webhook(&url).await;
    create_client(&api).await;

    let delivery = attempted(&api, &webhook, 1).await;
    assert_eq!((&delivery["state"], &delivery["lastStatus"]), (&json!("delivered"), &json!(200)));
    let attempt = &delivery["attempts"][0];
    assert_eq!((attempt.get("address"), &attempt["url"]), (None, &json!(url)));
    assert_eq!(attempt["response"]["body"], r#"{"received":true}"#);

    let kept = kept(&api, &endpoint).await;
    assert_eq!(kept.len(), 1);
    let request = &kept[0];
    assert_eq!(request["signature"]["valid"], true, "{request}");
    assert_eq!(request["signature"]["webhookId"], webhook);
    assert_eq!(
        (&request["method"], request["headers"]["host"].as_str()),
        (&json!("POST"), Some("127.0.0.1:9"))
    );
    let sent = attempt["request"]["headers"].as_object().expect("it was sent");
    for (name, value) in sent {
        assert_eq!(&request["headers"][name.to_ascii_lowercase()], value, "{name}");
    }
    let body: Value = serde_json::from_str(request["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["id"], delivery["eventId"]);
    assert_eq!(running.server.terminate().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_answers_500_has_a_retry_scheduled_that_everybody_sees() {
    let world = World::with(&[ELSEWHERE]).await;
    let running = world.first_start().await;
    let api = running.api();
    let endpoint = endpoint(&api).await;
    api.post(&object(&endpoint), &json!({ "respondWith": 500 })).await.good();
    let (webhook, _) = api.create_webhook(&text(&endpoint["url"])).await;
    create_client(&api).await;
    let delivery = attempted(&api, &webhook, 1).await;
    assert_eq!((&delivery["state"], &delivery["lastStatus"]), (&json!("pending"), &json!(500)));
    let at = |value: &Value| text(value).parse::<Timestamp>().expect("a time");
    let waits = at(&delivery["nextAttemptAt"]).since(at(&delivery["attempts"][0]["startedAt"]));
    assert!(waits >= Duration::from_secs(60) && waits < Duration::from_secs(70), "{waits:?}");
    assert_eq!(kept(&api, &endpoint).await[0]["answered"], 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_either_secret_of_a_rotation_has_signed_is_right_until_the_rotation_is_over() {
    let server = inside::start().await;
    let api = api(&server);
    let endpoint = endpoint(&api).await;
    let webhook = api.create_webhook_for(&text(&endpoint["url"]), "client.created", true).await;
    let rotate = format!("/v1/webhooks/{webhook}/rotateSecret");
    api.post(&rotate, &json!({ "overlapSeconds": 60 })).await.good();
    let event = publish(&server, "client.created").await;
    let delivery = attempted(&api, &webhook, 1).await;
    assert_eq!(delivery["eventId"], json!(event));
    let request = kept(&api, &endpoint).await.remove(0);
    assert_eq!(request["signature"]["valid"], true, "{request}");
    assert_eq!(request["signature"]["webhookId"], webhook);

    // Once it is over, the new secret signs alone.
    server.clock.advance(Duration::from_secs(60));
    let resend = format!("/v1/deliveries/{}/resend", text(&delivery["id"]));
    api.post(&resend, &json!({})).await.good();
    let request = kept(&api, &endpoint).await.remove(0);
    assert_eq!(request["signature"]["valid"], true, "{request}");
    server.stop().await;
}

/// What webhooks are made to point at below the API, and what an attempt to each comes to.
async fn spellings(api: &Api, live: &Api) -> Vec<(String, Value)> {
    let (own, foreign) = (text(&endpoint(api).await["url"]), text(&endpoint(live).await["url"]));
    let token = own.rsplit('/').next().expect("a URL has slashes").to_owned();
    let gone = endpoint(api).await;
    api.delete(&object(&gone)).await;
    let unknown = "abcdefghijklmnopqrstuvwxyz012345";
    let (absent, refused) = (json!(404), json!("target_forbidden"));
    let mut cases = vec![
        (foreign, absent.clone()),
        (text(&gone["url"]), absent.clone()),
        (format!("{ADDRESS}/e/{unknown}"), absent),
    ];
    for (url, outcome) in [
        (format!("https://127.0.0.1:9/e/{token}"), &refused),
        (format!("https://127.0.0.1.:9/e/{token}"), &refused),
        (format!("https://localhost:9/e/{token}"), &refused),
        (format!("https://[::1]:9/e/{token}"), &refused),
        (format!("https://[::ffff:127.0.0.1]:9/e/{token}"), &refused),
        (format!("https://2130706433:9/e/{token}"), &refused),
        // Not HTTPS, or a user's name: it could never have been saved.
        (format!("{ADDRESS}/e/x"), &json!("internal")),
        (format!("{own}/"), &json!("internal")),
        (format!("{own}?a"), &json!("internal")),
        (format!("http://127.0.0.1:10/e/{token}"), &json!("internal")),
        (format!("http://a@127.0.0.1:9/e/{token}"), &json!("internal")),
        (format!("http://127.0.0.1.:9/e/{token}"), &json!("internal")),
        (format!("HTTP://127.0.0.1:9/e/{token}"), &json!("internal")),
    ] {
        cases.push((url, outcome.clone()));
    }
    cases
}

/// Gives webhooks these URLs, which the API refuses, in the database of a Herald that is down.
async fn point(world: &World, keys: &Keys, urls: &[(String, String)]) {
    let store = world.home.open(Arc::new(IdSequence::new([9; 5]))).await;
    let account = keys.account.parse().expect("an id");
    let environment = EnvironmentId { account, mode: Mode::Test };
    for (webhook, url) in urls {
        let patch = WebhookPatch { url: Some(url.clone()), ..WebhookPatch::default() };
        let id = webhook.parse().expect("an id");
        let at = Timestamp::from_millis(0);
        let updated = store.update_webhook(environment, id, patch, at).await;
        assert!(updated.expect("it is written").is_some());
    }
    store.leave().await.expect("it leaves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_not_exactly_an_own_endpoints_is_refused_at_the_attempt_too() {
    let world = World::with(&[ELSEWHERE, ("HERALD_PUBLIC_URL", ADDRESS)]).await;
    let running = world.first_start().await;
    let live_key = running.server.told("live key");
    let cases = spellings(&running.api(), &Api::new(running.server.address, &live_key)).await;
    let mut pointed = Vec::new();
    for (url, _) in &cases {
        let (webhook, _) = running.api().create_webhook("https://example.com/").await;
        pointed.push((webhook, url.clone()));
    }
    let keys = running.keys;
    assert_eq!(running.server.terminate().await.code(), Some(0));
    point(&world, &keys, &pointed).await;
    let running = world.start(&keys).await;
    let api = running.api();
    create_client(&api).await;
    for ((webhook, url), (_, outcome)) in pointed.iter().zip(&cases) {
        let delivery = attempted(&api, webhook, 1).await;
        let attempt = &delivery["attempts"][0];
        let told =
            if outcome.is_number() { &attempt["status"] } else { &attempt["error"]["class"] };
        assert_eq!(told, outcome, "{url} {attempt}");
        assert_eq!((attempt.get("address"), &attempt["url"]), (None, &json!(url)));
    }
    let live = Api::new(running.server.address, &live_key);
    for api in [&api, &live] {
        for endpoint in api.get("/v1/endpoints").await.good()["items"].as_array().expect("a list") {
            assert_eq!(endpoint["requests"], 0, "nothing came in: {endpoint}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_or_deleted_endpoint_answers_404_to_its_webhook() {
    for expires in [true, false] {
        let server = inside::start().await;
        let api = api(&server);
        let endpoint = endpoint(&api).await;
        let webhook = api.create_webhook_for(&text(&endpoint["url"]), "client.created", true).await;
        publish(&server, "client.created").await;
        assert_eq!(attempted(&api, &webhook, 1).await["lastStatus"], 200);
        if expires {
            server.clock.advance(Duration::from_millis(86_400_000 - 1));
            assert_eq!(kept(&api, &endpoint).await.len(), 1, "it lives for a day");
            server.clock.advance(Duration::from_millis(1));
            wake_upkeep(&server).await;
        } else {
            api.delete(&object(&endpoint)).await;
        }
        assert_eq!(api.get(&object(&endpoint)).await.status, 404);
        let event = publish(&server, "client.created").await;
        let path = format!("/v1/deliveries?eventId={event}");
        eventually("the attempt fails", async || {
            let list = api.get(&path).await.good();
            let delivery = &list["items"][0];
            (delivery["lastStatus"] == 404 && delivery["state"] == "pending").then_some(())
        })
        .await;
        server.stop().await;
    }
}
