//! What the platform's own engine reports of checks, with the operator's key.

use serde_json::{Value, json};

use crate::{
    made::{at, new_check, with},
    support::{Answer, Herald, OPERATOR, Tenant},
};

/// Reports something of a check of this environment.
async fn report(
    herald: &Herald,
    (tenant, environment): (&Tenant, &str),
    check: &Value,
    what: &str,
    body: &Value,
) -> Answer {
    let path = format!("/operator/v1/checks/{}/{what}", check["id"].as_str().unwrap());
    let place = json!({ "accountId": tenant.id, "environment": environment });
    herald.post(&path, OPERATOR, with(place, body)).await
}

/// A pending screening of the test environment, monitored.
async fn screening(herald: &Herald, tenant: &Tenant) -> Value {
    let client = herald.client(&tenant.test).await;
    herald.screening(&tenant.test, &client).await
}

#[tokio::test]
async fn a_result_is_reported_in_either_environment_and_answered_as_the_check() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for (environment, key) in [("test", &tenant.test), ("live", &tenant.live)] {
        let client = herald.client(key).await;
        let check = herald.screening(key, &client).await;
        let breakdown = json!({
            "matches": [{ "score": 92.0, "id": "m1" }, { "score": 7 }],
            "vendor": "x",
            "summary": { "watchlist": "attention" },
        });
        let body = json!({ "outcome": "attention", "breakdown": breakdown });
        let answer = report(&herald, (&tenant, environment), &check, "complete", &body).await;
        let shown = herald.get(&at("checks", &check), key).await;
        assert_eq!(answer.text, shown.text);
        let done = answer.ok();
        let given = done["result"]["breakdown"]["matches"][1]["id"].as_str().unwrap();
        assert_eq!(given.len(), 24);
        let expected = format!(
            "{{\"outcome\":\"attention\",\"breakdown\":{{\"summary\":{{\"watchlist\":\"attention\"}},\
             \"matches\":[{{\"id\":\"m1\",\"score\":92}},{{\"id\":\"{given}\",\"score\":7}}],\
             \"vendor\":\"x\"}}}}"
        );
        assert_eq!(done["result"].to_string(), expected);
        assert_eq!(done["status"], "complete");
        assert_ne!(done["updatedAt"], check["updatedAt"]);
    }
}

#[tokio::test]
async fn the_same_report_again_is_answered_alike_and_changes_nothing() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let place = (&tenant, "test");
    let (done, broken) = (screening(&herald, &tenant).await, screening(&herald, &tenant).await);
    let result = json!({ "outcome": "attention", "breakdown": { "matches": [{ "score": 1 }] } });
    let hit = json!({ "matches": [{ "id": "m9", "score": 2 }] });
    for (check, what, body) in [
        (&done, "complete", &result),
        (&broken, "fail", &json!({})),
        (&done, "monitoringHit", &hit),
    ] {
        let first = report(&herald, place, check, what, body).await;
        assert_eq!(first.status, 200, "{first:?}");
        let told = herald.told(&tenant.test).await.len();
        let second = report(&herald, place, check, what, body).await;
        assert_eq!((second.status.as_u16(), &second.text), (200, &first.text), "{what}");
        assert_eq!(herald.told(&tenant.test).await.len(), told, "{what}");
    }
}

#[tokio::test]
async fn only_a_pending_check_can_be_reported_on() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let place = (&tenant, "test");
    let (done, broken) = (screening(&herald, &tenant).await, screening(&herald, &tenant).await);
    let clear = json!({ "outcome": "clear" });
    let done = report(&herald, place, &done, "complete", &clear).await.ok();
    let broken = report(&herald, place, &broken, "fail", &json!({})).await.ok();
    assert_eq!((&broken["status"], broken.get("result")), (&json!("failed"), None));
    let told = herald.told(&tenant.test).await.len();
    for (check, what, body) in [
        (&done, "fail", json!({})),
        (&done, "complete", json!({ "outcome": "rejected" })),
        (&done, "complete", json!({ "outcome": "clear", "breakdown": { "more": 1 } })),
        (&broken, "complete", clear),
    ] {
        let answer = report(&herald, place, check, what, &body).await;
        assert_eq!(answer.refusal(), (422, "check_not_pending".into(), None), "{what} {body}");
        let shown = herald.get(&at("checks", check), &tenant.test).await.ok();
        assert_eq!(shown, *check);
    }
    assert_eq!(herald.told(&tenant.test).await.len(), told);
}

#[tokio::test]
async fn a_monitoring_hit_adds_its_matches_and_needs_attention() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.matched(&tenant, &client, &["m1"]).await;
    let body = json!({ "outcome": "rejected", "matchId": "m1" });
    let path = format!("{}/validate", at("checks", &check));
    herald.post(&path, &tenant.test, body).await.ok();
    let hit = json!({ "matches": [{ "id": "m2", "score": 88 }, { "id": "m1" }] });
    let after = report(&herald, (&tenant, "test"), &check, "monitoringHit", &hit).await.ok();
    let matches = json!([
        { "id": "m1", "validation": { "outcome": "rejected" } },
        { "id": "m2", "score": 88 },
    ]);
    let breakdown = json!({ "summary": {}, "matches": matches });
    let result = json!({ "outcome": "attention", "breakdown": breakdown });
    assert_eq!(after["result"].to_string(), result.to_string());
    assert_eq!(after["status"], "complete");
}

#[tokio::test]
async fn only_a_complete_screening_with_monitoring_is_monitored() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let clear = json!({ "outcome": "clear" });
    let pending = herald.screening(&tenant.test, &client).await;
    let quiet = new_check(&client, "standard_screening_check");
    let quiet = herald.post("/v1/checks", &tenant.test, quiet).await.ok();
    herald.completed(&tenant, &quiet, &clear).await;
    let other =
        with(new_check(&client, "age_estimation_check"), &json!({ "enableMonitoring": true }));
    let other = herald.post("/v1/checks", &tenant.test, other).await.ok();
    herald.completed(&tenant, &other, &clear).await;
    for check in [&pending, &quiet, &other] {
        let hit = json!({ "matches": [{ "id": "m1" }] });
        let answer = report(&herald, (&tenant, "test"), check, "monitoringHit", &hit).await;
        assert_eq!(answer.refusal(), (422, "check_not_monitored".into(), None));
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let pending = herald.screening(&tenant.test, &client).await;
    let matched = herald.matched(&tenant, &client, &["m1"]).await;
    let matches =
        |matches: Value| json!({ "outcome": "clear", "breakdown": { "matches": matches } });
    for (check, what, body, param) in [
        (&pending, "complete", json!({}), "outcome"),
        (&pending, "complete", json!({ "outcome": "fine" }), "outcome"),
        (&pending, "complete", json!({ "outcome": 7 }), "outcome"),
        (&pending, "complete", json!({ "outcome": "clear", "breakdown": [] }), "breakdown"),
        (
            &pending,
            "complete",
            json!({ "outcome": "clear", "breakdown": { "summary": 1 } }),
            "breakdown.summary",
        ),
        (&pending, "complete", matches(json!({})), "breakdown.matches"),
        (&pending, "complete", matches(json!([1])), "breakdown.matches"),
        (&pending, "complete", matches(json!([{ "id": 7 }])), "breakdown.matches"),
        (&pending, "complete", matches(json!([{ "id": "" }])), "breakdown.matches"),
        (&pending, "complete", matches(json!([{ "id": "a" }, { "id": "a" }])), "breakdown.matches"),
        (&matched, "monitoringHit", json!({}), "matches"),
        (&matched, "monitoringHit", json!({ "matches": [] }), "matches"),
        (&matched, "monitoringHit", json!({ "matches": {} }), "matches"),
        (&matched, "monitoringHit", json!({ "matches": ["m2"] }), "matches"),
    ] {
        let answer = report(&herald, (&tenant, "test"), check, what, &body).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected, "{what} {body}");
    }
    for check in [&pending, &matched] {
        assert_eq!(herald.get(&at("checks", check), &tenant.test).await.ok(), *check);
    }
}

#[tokio::test]
async fn a_report_says_whose_check_it_is_and_finds_no_other() {
    let herald = Herald::new();
    let (tenant, other) = (herald.tenant("Acme").await, herald.tenant("Other").await);
    let check = screening(&herald, &tenant).await;
    let id = check["id"].as_str().unwrap();
    let wheres = [
        (json!({ "environment": "test" }), 400, Some("accountId")),
        (json!({ "accountId": 7, "environment": "test" }), 400, Some("accountId")),
        (json!({ "accountId": tenant.id }), 400, Some("environment")),
        (json!({ "accountId": tenant.id, "environment": "prod" }), 400, Some("environment")),
        (json!({ "accountId": "acme", "environment": "test" }), 404, None),
        (json!({ "accountId": tenant.id, "environment": "live" }), 404, None),
        (json!({ "accountId": other.id, "environment": "test" }), 404, None),
        (json!({ "accountId": "5eb04fcd0f3e360008035eb2", "environment": "test" }), 404, None),
    ];
    let whats = [
        ("complete", json!({ "outcome": "clear" })),
        ("fail", json!({})),
        ("monitoringHit", json!({ "matches": [{}] })),
    ];
    for (place, status, param) in wheres {
        for (what, body) in &whats {
            let path = format!("/operator/v1/checks/{id}/{what}");
            let answer = herald.post(&path, OPERATOR, with(place.clone(), body)).await;
            let kind = if status == 404 { "resource_not_found" } else { "invalid_request" };
            let expected = (status, kind.to_owned(), param.map(str::to_owned));
            assert_eq!(answer.refusal(), expected, "{place} {what}");
        }
    }
    assert_eq!(herald.get(&at("checks", &check), &tenant.test).await.ok(), check);
}
