//! Statistics of a webhook: what is asked for, and what is answered without any attempt. Those with
//! attempts are in the end-to-end tests.

use serde_json::json;

use crate::support::Herald;

#[tokio::test]
async fn a_webhook_without_attempts_has_points_without_gaps_and_no_rates() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}/statistics", webhook["id"].as_str().unwrap());
    let asked = format!("{path}?from=2026-01-30T09:10:00.000Z&to=2026-01-30T12:00:00.000Z");
    let found = herald.get(&asked, &tenant.test).await.ok();
    let empty = |at: &str| json!({ "at": at, "attempts": 0, "successes": 0 });
    assert_eq!(
        found,
        json!({
            "from": "2026-01-30T09:00:00.000Z",
            "to": "2026-01-30T12:00:00.000Z",
            "total": { "attempts": 0, "successes": 0 },
            "points": [
                empty("2026-01-30T09:00:00.000Z"),
                empty("2026-01-30T10:00:00.000Z"),
                empty("2026-01-30T11:00:00.000Z"),
            ],
        })
    );
    let usual = herald.get(&path, &tenant.test).await.ok();
    assert_eq!(usual["points"].as_array().unwrap().len(), 25, "a day, and the hour it is in");
    let days = format!("{path}?by=day&from=2026-01-01&to=2026-02-01");
    let days = herald.get(&days, &tenant.test).await.ok();
    assert_eq!(days["points"].as_array().unwrap().len(), 31);
}

#[tokio::test]
async fn a_wrong_question_is_refused_by_its_parameter() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let webhook = herald.webhook(&tenant.test).await;
    let path = format!("/v1/webhooks/{}/statistics", webhook["id"].as_str().unwrap());
    for (question, param) in [
        ("from=yesterday", "from"),
        ("to=", "to"),
        ("by=week", "by"),
        ("by=%00", "by"),
        ("from=2026-01-02&to=2026-01-01", "from"),
        ("from=2020-01-01&to=2026-01-01", "from"),
        ("from=-009999-01-01T00:00:00Z&by=day", "from"),
    ] {
        let answer = herald.get(&format!("{path}?{question}"), &tenant.test).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected, "{question}");
    }
}
