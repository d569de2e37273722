//! Hostile input: whatever is sent to whichever operation, the answer is a 4xx (or, for a filter
//! that matches nothing, a 200) in flat JSON. Never a 5xx, never silence.

use axum::body::Body;
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::{
    made::with,
    objects::Objects,
    support::{Herald, OPERATOR, Operation, Tenant, new_webhook, operations},
};

/// What no handler can take for a JSON object, or for one it knows.
fn hostile_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        &b""[..],
        b" ",
        b"null",
        b"true",
        b"1",
        b"[]",
        b"\"text\"",
        b"{",
        b"{}}",
        b"{'url':1}",
        b"{\"url\":1,}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"url\":\"\xff\"}",
        b"{\"url\":\"\xed\xa0\x80\"}",
        b"{\"url\":\"\\ud800\"}",
        b"{\"url\":\"\0\"}",
        b"{\"url\":\"a\",\"url\":\"b\"}",
        b"{\"n\":1e400}",
        b"{\"n\":-1e-400}",
        b"{\"n\":0x10}",
        b"{\"n\":NaN}",
    ]
    .map(<[u8]>::to_vec)
    .into();
    bodies.push(vec![b'['; 100_000]);
    bodies.push(b"{\"a\":".repeat(50_000));
    bodies.push([b"{\"n\":".to_vec(), vec![b'9'; 100_000], b"}".to_vec()].concat());
    bodies.push([b"{\"n\":1e".to_vec(), vec![b'9'; 1_000], b"}".to_vec()].concat());
    bodies.push([b"{\"".to_vec(), vec![b'k'; 500_000], b"\":01}".to_vec()].concat());
    bodies
}

/// A field of every known name with the same hostile value.
fn objects_of(value: &str) -> String {
    let names = [
        "url",
        "enabled",
        "events",
        "description",
        "name",
        "environment",
        "accountId",
        "type",
        "resource",
        "previous",
        "payload",
        "id",
        "email",
        "joinedDate",
        "personDetails",
        "metadata",
        "clientId",
        "line",
        "country",
        "classification",
        "documentId",
        "enableMonitoring",
        "options",
        "fileName",
        "data",
        "outcome",
        "matchId",
        "comment",
        "breakdown",
        "matches",
        "overlapSeconds",
        "switch",
        "hours",
        "respondWith",
        "webhookId",
        "since",
        "states",
        "dryRun",
    ];
    let fields: Vec<_> = names.iter().map(|name| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn key_for(operation: &Operation, tenant: &Tenant) -> String {
    if operation.takes("operatorKey") { OPERATOR.into() } else { tenant.test.clone() }
}

#[tokio::test]
async fn no_body_makes_any_operation_fail() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let objects = Objects::new(&herald, &tenant).await;
    let all = operations();
    let operations: Vec<_> = all.iter().filter(|operation| operation.has_body()).collect();
    assert!(operations.len() >= 20, "{operations:?}");
    for operation in operations {
        let path = objects.path(operation);
        let key = key_for(operation, &tenant);
        for body in hostile_bodies() {
            let begin = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let answer = herald.call("POST", &path, &key, body).await;
            assert_eq!(answer.status, 400, "{path} {begin} {answer:?}");
            answer.refusal();
            assert!(answer.text.len() < 1_000, "{path} {begin}");
        }
        for value in ["\"\\u0000\"", "\"a\\r\\nX: y\"", "[[]]", "[{\"a\":[]}]", "{\"a\":{}}", "-0"]
        {
            let answer = herald.call("POST", &path, &key, objects_of(value)).await;
            // A name, for one, may be odd.
            if answer.status != 200 {
                assert!(answer.refusal().0 < 500, "{path} {value} {answer:?}");
            }
            // One hostile field among good ones.
            let good: Value = serde_json::from_str(&objects.body(operation)).unwrap();
            for name in good.as_object().unwrap().keys() {
                let hostile = with(good.clone(), &json!({ name: "hostile" }));
                let body = hostile.to_string().replacen("\"hostile\"", value, 1);
                let answer = herald.call("POST", &path, &key, body).await;
                assert!(answer.status.as_u16() < 500, "{path} {name} {value} {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn text_from_a_client_comes_back_as_it_was_and_as_text() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for text in
        ["a\r\nSet-Cookie: x=1", "'; DROP TABLE webhook; --", "{{7*7}}", "<script>", "\u{202e}"]
    {
        let mut body = new_webhook();
        body["description"] = text.into();
        let made = herald.post("/v1/webhooks", &tenant.live, body).await.ok();
        assert_eq!(made["description"], text);
    }
}

#[tokio::test]
async fn no_id_makes_any_operation_fail_and_a_malformed_one_is_unknown() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let long = "a".repeat(20_000);
    let ids = [
        "x",
        "0",
        "-1",
        "%00",
        "%ff",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%0d%0aX:%20y",
        "'%20OR%201=1--",
        "5EB04FCD0F3E360008035EB2",
        "5eb04fcd0f3e360008035eb2%20",
        "5eb04fcd0f3e360008035eb",
        "%E2%80%AE",
        "*",
        &long,
    ];
    for operation in operations().iter().filter(|operation| operation.path.contains("{id}")) {
        for id in ids {
            let path = operation.path.replace("{keyId}", id).replace("{requestId}", id);
            let path = path.replace("{id}", id).replace("{side}", "front");
            let key = key_for(operation, &tenant);
            let answer = herald.call(&operation.method, &path, &key, "{}").await;
            assert_eq!(answer.refusal().0, 404, "{} {path:.60}", operation.method);
            assert!(answer.text.len() < 1_000, "{path:.60}");
        }
    }
}

#[tokio::test]
async fn no_side_makes_any_operation_fail() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let objects = Objects::new(&herald, &tenant).await;
    let long = "a".repeat(20_000);
    let all = operations();
    let operations: Vec<_> = all.iter().filter(|o| o.path.contains("{side}")).collect();
    assert_eq!(operations.len(), 3);
    for operation in operations {
        let id = objects.id(operation);
        for side in ["x", "Front", "%00", "%ff", "%2e%2e", "..%2ffront", "front%20", "*", &long] {
            let path = operation.path.replace("{id}", id).replace("{side}", side);
            let body = objects.body(operation);
            let answer = herald.call(&operation.method, &path, &tenant.test, body).await;
            // Of an unknown side, the front is downloaded.
            if operation.method != "GET" || side == "%ff" {
                assert!([400, 404].contains(&answer.refusal().0), "{path:.80} {answer:?}");
                assert!(answer.text.len() < 1_000, "{path:.80}");
            } else {
                assert_eq!(answer.ok()["documentSide"], "front", "{path:.80}");
            }
        }
    }
}

#[tokio::test]
async fn no_query_makes_any_list_fail() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let objects = Objects::new(&herald, &tenant).await;
    let many = "a=b&".repeat(5_000);
    let long = format!("type={}", "x".repeat(50_000));
    let dots = format!("personDetails{}=x", ".a".repeat(25_000));
    let keys: Vec<_> = (0..3_500).map(|n| format!("metadata.k{n}=v")).collect();
    let (some_keys, keys) = (keys[..60].join("&"), keys.join("&"));
    let key = format!("metadata.{}=v", "k".repeat(50_000));
    for operation in operations().iter().filter(|operation| operation.has_parameter("page")) {
        let opening = key_for(operation, &tenant);
        for query in [
            "&&&===",
            "%",
            "%zz",
            "%ff=%ff",
            "type=%00",
            "url=%00",
            "events=%00",
            "resourceType=%00",
            "enabled=%00",
            "state=%00",
            "webhookId=%00",
            "status=%00",
            "status=lost",
            "type='%20OR%201=1",
            "type[]=a",
            "type=",
            "createdAfter=99999-01-01T00:00:00Z",
            "createdAfter=-009999-01-01T00:00:00Z",
            "createdBefore=2026-13-45",
            "createdAfter=2026-01-31T09:30:00%2B00:00",
            "updatedAfter=9999-12-31T23:59:59.999999999Z",
            "updatedBefore=-9999-01-01",
            "page=1&page=0",
            "%70age=2",
            "metadata.%00=x",
            "metadata.a=%00",
            "metadata.'%20OR%201=1",
            "metadata.%25=%25",
            "metadata.%ff=%ff",
            "metadata.$.a[0]=x",
            "metadata=x&metadata.=x",
            "personDetails.lastName=%00",
            "personDetails.lastName='%20OR%201=1",
            "personDetails.%00=x",
            "clientId=%00",
            "clientId='--",
            "result.outcome=%00",
            ".=x",
            "...=x",
            "email..=x",
            &many,
            &long,
            &dots,
            &some_keys,
            &keys,
            &key,
        ] {
            let path = format!("{}?{query}", objects.path(operation));
            let answer = herald.get(&path, &opening).await;
            assert_eq!(answer.status, 200, "{path:.80} {answer:?}");
        }
    }
}

#[tokio::test]
async fn no_authorization_header_makes_any_operation_fail() {
    let herald = Herald::new();
    for value in [&b"\xff"[..], b"Bearer \xc3\xa9", b"\t", b"Bearer Bearer", b"test_ x", b" "] {
        let request = Request::get("/v1/webhooks")
            .header("Authorization", HeaderValue::from_bytes(value).unwrap())
            .body(Body::empty());
        assert_eq!(herald.send(request.unwrap()).await.refusal().0, 401, "{value:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_compressed_is_refused_by_every_operation() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let objects = Objects::new(&herald, &tenant).await;
    for operation in operations().iter().filter(|operation| operation.has_body()) {
        let path = objects.path(operation);
        let key = key_for(operation, &tenant);
        let limit = match path.as_str() {
            path if path.ends_with("/batch") => 16 << 20,
            path if path.contains("/upload/") => 6 << 20,
            _ => 1 << 20,
        };
        let too_large = herald.call("POST", &path, &key, vec![b' '; limit + 1]).await;
        assert_eq!(too_large.refusal(), (413, "request_too_large".into(), None), "{path}");
        let at_limit = herald.call("POST", &path, &key, vec![b' '; limit]).await;
        assert_eq!(at_limit.refusal().0, 400, "{path}");
        let request = Request::post(&path)
            .header("Authorization", &key)
            .header("Content-Encoding", "gzip")
            .body(Body::from("\u{1f}"));
        let compressed = herald.send(request.unwrap()).await;
        assert_eq!(compressed.refusal(), (415, "unsupported_encoding".into(), None), "{path}");
    }
}
