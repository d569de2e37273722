//! Temporary endpoints: made, sent to, looked at, and what a webhook may have as its URL.

use axum::body::Body;
use herald_domain::signature::{Secret, Signer, notification_headers};
use herald_web::WebOptions;
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::{
    objects::NOBODY,
    support::{Answer, Herald},
};

/// Where these tests reach Herald.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// A token that no endpoint has.
const NO_TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";

fn at_an_address() -> Herald {
    Herald::with(WebOptions { public_url: Some(ADDRESS.into()) })
}

impl Herald {
    pub(crate) async fn endpoint(&self, key: &str) -> Value {
        self.post("/v1/endpoints", key, json!({})).await.ok()
    }

    /// Makes an endpoint, and sends something to it.
    pub(crate) async fn endpoint_with_a_request(&self, key: &str) -> (Value, Value) {
        let endpoint = self.endpoint(key).await;
        self.send_to(&endpoint, "POST", "{}").await.ok();
        let request = self.kept(key, &endpoint).await.remove(0);
        (endpoint, request)
    }

    pub(crate) async fn send_to(
        &self,
        endpoint: &Value,
        method: &str,
        body: impl Into<Body>,
    ) -> Answer {
        self.call(method, &place(endpoint), "", body).await
    }

    /// What an endpoint keeps, newest first.
    async fn kept(&self, key: &str, endpoint: &Value) -> Vec<Value> {
        let path = format!("{}/requests?pageSize=1000", object(endpoint));
        self.get(&path, key).await.ok()["items"].as_array().unwrap().clone()
    }

    async fn webhook_to(&self, key: &str, url: &str) -> Answer {
        let body = json!({ "url": url, "enabled": false, "events": ["*"] });
        self.post("/v1/webhooks", key, body).await
    }
}

/// The path of an endpoint's URL.
fn place(endpoint: &Value) -> String {
    let url = endpoint["url"].as_str().unwrap();
    url[url.find("/e/").unwrap()..].to_owned()
}

/// The path of an endpoint in the API.
pub(crate) fn object(endpoint: &Value) -> String {
    format!("/v1/endpoints/{}", endpoint["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_endpoint_is_made_shown_changed_and_deleted() {
    let herald = at_an_address();
    let key = herald.tenant("Acme").await.test;
    let new = json!({ "description": "My laptop", "hours": 168 });
    let made = herald.post("/v1/endpoints", &key, new).await.ok();
    let url = made["url"].as_str().unwrap();
    let token = url.strip_prefix("http://127.0.0.1:8080/e/").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_alphanumeric()), "{url}");
    let fields: Vec<_> = made.as_object().unwrap().keys().collect();
    let order = ["id", "url", "description", "respondWith", "requests", "expiresAt", "createdAt"];
    assert_eq!(fields, order);
    let day = |time: &Value| time.as_str().unwrap()[..10].to_owned();
    assert_eq!(
        (day(&made["createdAt"]), day(&made["expiresAt"])),
        ("2026-01-31".into(), "2026-02-07".into())
    );
    assert_eq!(herald.get(&object(&made), &key).await.ok(), made, "the URL is shown again");

    let change = json!({ "respondWith": 503, "description": null });
    let changed = herald.post(&object(&made), &key, change).await.ok();
    assert_eq!((&changed["respondWith"], changed.get("description")), (&json!(503), None));
    assert_eq!(herald.get("/v1/endpoints", &key).await.ok()["items"], json!([changed]));

    herald.send_to(&made, "POST", "x").await;
    assert_eq!(herald.call("DELETE", &object(&made), &key, "").await.status, 204);
    for path in [object(&made), format!("{}/requests", object(&made))] {
        assert_eq!(herald.get(&path, &key).await.refusal().0, 404);
    }
    assert_eq!(herald.send_to(&made, "POST", "x").await.refusal().0, 404);
}

#[tokio::test]
async fn what_cannot_be_asked_of_an_endpoint_is_refused_and_the_field_named() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    for hours in [json!(0), json!(169), json!(-1), json!(1.5), json!("1"), json!(1e300)] {
        let refused = herald.post("/v1/endpoints", &key, json!({ "hours": hours })).await;
        assert_eq!(refused.refusal(), (400, "invalid_request".into(), Some("hours".into())));
    }
    let endpoint = herald.endpoint(&key).await;
    for status in [json!(100), json!(199), json!(600), json!(65_736), json!("500"), json!(-500)] {
        let change = json!({ "respondWith": status });
        let refused = herald.post(&object(&endpoint), &key, change).await;
        assert_eq!(refused.refusal().2.as_deref(), Some("respondWith"), "{status}");
    }
    let long = json!({ "description": "x".repeat(1_001) });
    let refused = herald.post("/v1/endpoints", &key, long).await;
    assert_eq!(refused.refusal().2.as_deref(), Some("description"));
}

#[tokio::test]
async fn an_environment_has_at_most_twenty_endpoints() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for _ in 0..20 {
        herald.endpoint(&tenant.test).await;
    }
    let refused = herald.post("/v1/endpoints", &tenant.test, json!({})).await;
    assert!(refused.message().contains("delete one first"), "{refused:?}");
    herald.endpoint(&tenant.live).await;
}

#[tokio::test]
async fn whatever_is_sent_is_kept_as_it_came_and_answered() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    for method in ["POST", "GET", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = herald.send_to(&endpoint, method, "hello").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, r#"{"received":true}"#));
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let request = Request::post(format!("{}?a=b%20c&d", place(&endpoint)))
        .header("X-Several", "one")
        .header("x-several", HeaderValue::from_bytes(b"tw\xf6").unwrap())
        .header("Content-Encoding", "gzip")
        .header("Authorization", "not looked at")
        .body(Body::from(vec![0x1f, 0x8b, 0xff]));
    herald.send(request.unwrap()).await.ok();
    let kept = herald.kept(&key, &endpoint).await;
    let methods: Vec<_> = kept[1..].iter().map(|one| one["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["PROPFIND", "OPTIONS", "DELETE", "PUT", "GET", "POST"]);
    assert_eq!((&kept[6]["number"], &kept[6]["body"]), (&json!(1), &json!("hello")));
    let last = &kept[0];
    assert_eq!(last["query"], "a=b%20c&d");
    assert_eq!((&last["bodyEncoding"], &last["body"]), (&json!("base64"), &json!("H4v/")));
    assert_eq!(last["headers"]["x-several"], "one, tw\u{fffd}");
    assert_eq!(last["headers"]["content-encoding"], "gzip");
    let path = format!("{}/requests/{}", object(&endpoint), last["id"].as_str().unwrap());
    assert_eq!(herald.get(&path, &key).await.ok(), *last);
    let nobodys = format!("{}/requests/{NOBODY}", object(&endpoint));
    assert_eq!(
        herald.get(&nobodys, &key).await.message(),
        format!("Invalid request id '{NOBODY}'")
    );
    assert_eq!(herald.get(&object(&endpoint), &key).await.ok()["requests"], 7);
}

#[tokio::test]
async fn an_endpoint_answers_what_it_was_told_to() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    for (status, has_body) in
        [(500, true), (204, false), (304, false), (205, false), (599, true), (301, true)]
    {
        herald.post(&object(&endpoint), &key, json!({ "respondWith": status })).await.ok();
        let answer = herald.send_to(&endpoint, "POST", "{}").await;
        assert_eq!((answer.status.as_u16(), !answer.text.is_empty()), (status, has_body));
        assert_eq!(herald.kept(&key, &endpoint).await[0]["answered"], status);
    }
}

#[tokio::test]
async fn a_large_body_is_cut_and_a_larger_one_refused() {
    const KEPT: usize = 256 * 1024;
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    for (length, truncated) in [(KEPT, false), (KEPT + 1, true), (1 << 20, true)] {
        herald.send_to(&endpoint, "POST", vec![b'x'; length]).await.ok();
        let kept = &herald.kept(&key, &endpoint).await[0];
        assert_eq!((&kept["bodyLength"], &kept["truncated"]), (&json!(length), &json!(truncated)));
        assert_eq!(kept["body"].as_str().unwrap().len(), KEPT);
    }
    let refused = herald.send_to(&endpoint, "POST", vec![b'x'; (1 << 20) + 1]).await;
    assert_eq!(refused.refusal(), (413, "request_too_large".into(), None));
    assert_eq!(herald.kept(&key, &endpoint).await.len(), 3);
}

#[tokio::test]
async fn headers_are_kept_up_to_their_greatest_length() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    let mut request = Request::post(place(&endpoint));
    for number in 0..10 {
        request = request.header(format!("x-{number}"), "v".repeat(10_000));
    }
    herald.send(request.body(Body::empty()).unwrap()).await.ok();
    let kept = herald.kept(&key, &endpoint).await.remove(0);
    assert_eq!(kept["headers"].as_object().unwrap().len(), 6);
}

#[tokio::test]
async fn five_hundred_requests_are_kept_and_the_oldest_forgotten() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    for number in 1..=502 {
        herald.send_to(&endpoint, "POST", number.to_string()).await.ok();
    }
    let kept = herald.kept(&key, &endpoint).await;
    assert_eq!(
        (kept.len(), &kept[0]["body"], &kept[499]["body"]),
        (500, &json!("502"), &json!("3"))
    );
    assert_eq!(herald.get(&object(&endpoint), &key).await.ok()["requests"], 500);
}

#[tokio::test]
async fn no_token_opens_what_is_not_there() {
    let herald = Herald::new();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    let token = place(&endpoint)[3..].to_owned();
    let long = "a".repeat(20_000);
    for place in [
        "/e",
        "/e/",
        "/e/x",
        "/e/%00",
        "/e/%ff",
        &format!("/e/{token}/"),
        &format!("/e/{token}x"),
        &format!("/e/{}", &token[1..]),
        &format!("/e/{NO_TOKEN}"),
        &format!("/e/{long}"),
        &format!("/e/{}", token.to_uppercase()),
        &format!("/E/{token}"),
        &format!("/e//{token}"),
    ] {
        let answer = herald.call("POST", place, "", "{}").await;
        let expected = if token == token.to_uppercase() { 200 } else { 404 };
        assert_eq!(answer.status.as_u16(), expected, "{place:.60}");
        assert!(answer.text.len() < 200);
    }
    assert_eq!(herald.kept(&key, &endpoint).await.len(), 0);
}

#[tokio::test]
async fn a_webhook_may_have_the_url_of_an_endpoint_of_its_environment_and_no_other_like_it() {
    let herald = at_an_address();
    let (owner, stranger) = (herald.tenant("Owner").await, herald.tenant("Stranger").await);
    let endpoint = herald.endpoint(&owner.test).await;
    let url = endpoint["url"].as_str().unwrap();
    let webhook = herald.webhook_to(&owner.test, url).await.ok();
    assert_eq!(webhook["url"], url);
    let unknown = format!("{ADDRESS}/e/{NO_TOKEN}");
    let refused = herald.webhook_to(&owner.test, &unknown).await;
    assert_eq!(refused.refusal(), (400, "invalid_request".into(), Some("url".into())));
    for key in [&owner.live, &stranger.test, &stranger.live] {
        let foreign = herald.webhook_to(key, url).await;
        assert_eq!((foreign.status, &foreign.text), (refused.status, &refused.text));
    }
    let token = &place(&endpoint)[3..];
    for spelling in [
        format!("{url}/"),
        format!("{url}?"),
        format!("{url}?a=b"),
        format!("{url}#a"),
        format!("{url}x"),
        format!("{ADDRESS}/e/x"),
        format!("{ADDRESS}/e/"),
        ADDRESS.to_owned(),
        format!("{ADDRESS}/E/{token}"),
        format!("{ADDRESS}//e/{token}"),
        format!("{ADDRESS}/./e/{token}"),
        format!("{ADDRESS}/v1/../e/{token}"),
        format!("{ADDRESS}/v1/webhooks"),
        format!("{ADDRESS}/operator/v1/accounts"),
        format!("http://127.0.0.1:8081/e/{token}"),
        format!("http://127.0.0.1/e/{token}"),
        format!("http://127.0.0.1:08080/e/{token}"),
        format!("http://127.0.0.1.:8080/e/{token}"),
        format!("http://127.1:8080/e/{token}"),
        format!("http://2130706433:8080/e/{token}"),
        format!("http://localhost:8080/e/{token}"),
        format!("http://[::1]:8080/e/{token}"),
        format!("http://[::ffff:127.0.0.1]:8080/e/{token}"),
        format!("http://a@127.0.0.1:8080/e/{token}"),
        format!("http://a:b@127.0.0.1:8080/e/{token}"),
        format!("HTTP://127.0.0.1:8080/e/{token}"),
        format!("https://127.0.0.1:8080/e/{token}"),
        format!(" {url}"),
        format!("{url} "),
        format!("{url}\n"),
    ] {
        let create = herald.webhook_to(&owner.test, &spelling).await;
        assert_eq!(create.refusal().2.as_deref(), Some("url"), "{spelling}");
        let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
        let update = herald.post(&path, &owner.test, json!({ "url": spelling })).await;
        assert_eq!(update.refusal().2.as_deref(), Some("url"), "{spelling}");
    }
    herald.call("DELETE", &object(&endpoint), &owner.test, "").await;
    assert_eq!(herald.webhook_to(&owner.test, url).await.text, refused.text);
}

#[tokio::test]
async fn the_doctor_says_of_each_request_what_is_wrong_with_its_signatures() {
    let herald = at_an_address();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    let body = r#"{"id":"5eb04fcd0f3e360008035eb2","type":"client.created","payload":{"a":1}}"#;
    let event = "5eb04fcd0f3e360008035eb2".parse().unwrap();
    let send = async |secret: &str, body: &str, as_if: &str| {
        // The clock of these tests moves a second with each look.
        let seconds = 1_769_851_800;
        let signer = Signer::new(&Secret::new(secret).unwrap());
        let mut request = Request::post(place(&endpoint));
        for (name, value) in
            notification_headers(event, &signer.sign(event, seconds, as_if.as_bytes()))
        {
            request = request.header(name, value.into_owned());
        }
        herald.send(request.body(Body::from(body.to_owned())).unwrap()).await.ok();
        herald.kept(&key, &endpoint).await.remove(0)["signature"].clone()
    };
    let other = "a".repeat(32);
    assert_eq!(send(&other, body, body).await["problem"], "no_webhook");
    let webhook = herald.webhook_to(&key, endpoint["url"].as_str().unwrap()).await.ok();
    let secret = webhook["secret"].as_str().unwrap();

    let right = send(secret, body, body).await;
    assert_eq!(
        right,
        json!({
            "valid": true, "scheme": "complycube", "webhookId": webhook["id"],
            "explanation": "Both signatures are right.",
            "complycube": { "valid": true, "webhookId": webhook["id"] },
            "standardWebhooks": { "valid": true, "webhookId": webhook["id"] },
        })
    );
    let wrong = send(&other, body, body).await;
    assert_eq!((&wrong["valid"], &wrong["problem"]), (&json!(false), &json!("wrong_secret")));
    let spaced = send(secret, &body.replace(':', ": "), body).await;
    assert_eq!(spaced["problem"], "reserialised_body");
    assert_eq!(spaced["webhookId"], webhook["id"]);
    herald.send_to(&endpoint, "POST", body).await.ok();
    let unsigned = &herald.kept(&key, &endpoint).await[0]["signature"];
    assert_eq!((&unsigned["valid"], &unsigned["problem"]), (&json!(false), &json!("missing")));
}

#[tokio::test]
async fn a_body_that_is_hard_to_spell_anew_is_examined_all_the_same() {
    let herald = at_an_address();
    let key = herald.tenant("Acme").await.test;
    let endpoint = herald.endpoint(&key).await;
    herald.webhook_to(&key, endpoint["url"].as_str().unwrap()).await.ok();
    let deep = format!("{}1{}{}", "[".repeat(120), ",1".repeat(100_000), "]".repeat(120));
    for body in [deep, "[".repeat(200_000), "\u{0}".into(), "1e400".into(), String::new()] {
        let request = Request::post(place(&endpoint))
            .header("complycube-signature", "0".repeat(64))
            .header("webhook-signature", "v1,")
            .header("webhook-id", "%00")
            .header("webhook-timestamp", "-9223372036854775808");
        herald.send(request.body(Body::from(body)).unwrap()).await.ok();
        let signature = &herald.kept(&key, &endpoint).await[0]["signature"];
        assert_eq!(signature["problem"], "wrong_secret");
    }
}
