//! What is the same for every route: slashes, methods, headers, the status pages.

use axum::body::Body;
use http::Request;

use crate::{
    objects,
    support::{Herald, OPERATOR, new_webhook, operations},
};

#[tokio::test]
async fn a_trailing_slash_makes_no_difference_to_any_operation() {
    let herald = Herald::new();
    for operation in operations() {
        let path = objects::path(&operation, "x");
        let plain = herald.call(&operation.method, &path, OPERATOR, "").await;
        let slashed = herald.call(&operation.method, &format!("{path}/"), OPERATOR, "").await;
        assert_eq!(slashed.status, plain.status, "{} {path}", operation.method);
        assert_ne!(plain.status, 405, "{path}");
        assert!(!plain.status.is_redirection(), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_route_is_a_flat_404() {
    let herald = Herald::new();
    for path in ["/", "/v1", "/v1/", "/v1/nothing", "/v2/webhooks", "/%00", "/docs/x"] {
        let answer = herald.get(path, "").await;
        assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_flat_405_that_lists_the_right_ones() {
    let herald = Herald::new();
    for (method, path, allow) in [
        ("PUT", "/v1/webhooks", "POST,GET,HEAD"),
        ("PATCH", "/v1/webhooks/5eb04fcd0f3e360008035eb2/", "GET,HEAD,POST,DELETE"),
        ("DELETE", "/operator/v1/events", "POST"),
        ("OPTIONS", "/healthz", "GET,HEAD"),
        ("POST", "/docs", "GET,HEAD"),
    ] {
        let answer = herald.call(method, path, "", "").await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".into(), None), "{path}");
        let sorted = |list: &str| {
            let mut methods: Vec<_> = list.split(',').map(str::trim).map(str::to_owned).collect();
            methods.sort();
            methods
        };
        assert_eq!(sorted(answer.headers["allow"].to_str().unwrap()), sorted(allow), "{path}");
    }
}

#[tokio::test]
async fn every_answer_is_kept_private_and_untouched() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for (path, key) in [
        ("/v1/webhooks", tenant.test.as_str()),
        ("/v1/webhooks", ""),
        ("/nowhere", ""),
        ("/operator/v1/accounts", OPERATOR),
    ] {
        let answer = herald.get(path, key).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
    }
    let wrong_method = herald.call("PUT", "/v1/webhooks", "", "").await;
    assert_eq!(wrong_method.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_body_is_json_whatever_its_content_type_says() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut request = Request::post("/v1/webhooks").header("Authorization", &tenant.test);
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let request = request.body(Body::from(new_webhook().to_string())).unwrap();
        assert_eq!(herald.send(request).await.status, 200, "{content_type:?}");
    }
}

#[tokio::test]
async fn the_status_pages_need_no_key() {
    let herald = Herald::new();
    for path in ["/healthz", "/readyz"] {
        let answer = herald.get(path, "").await;
        // Nothing was started, so the parts that should move may say that they do not.
        let expected = if answer.status == 200 { "ok" } else { "failing" };
        assert_eq!(answer.json()["status"], expected, "{path}");
        assert!([200, 503].contains(&answer.status.as_u16()), "{path}");
    }
    let metrics = herald.get("/metrics", "").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.ends_with("# EOF\n"), "{}", metrics.text);
}
