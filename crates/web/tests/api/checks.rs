//! Checks: made, shown, updated, validated.

use serde_json::{Value, json};

use crate::{
    made::{
        SMALLEST, at, has_null, is_time, keys, new_check, new_image, new_screening, picture, with,
    },
    support::{Answer, Herald, OPERATOR, Tenant},
};

/// A check of another type than a screening, with a result of this outcome.
async fn complete(herald: &Herald, tenant: &Tenant, outcome: &str) -> Value {
    let client = herald.client(&tenant.test).await;
    let body = new_check(&client, "age_estimation_check");
    let check = herald.post("/v1/checks", &tenant.test, body).await.ok();
    herald.completed(tenant, &check, &json!({ "outcome": outcome })).await
}

async fn failed(herald: &Herald, tenant: &Tenant, check: &Value) {
    let path = format!("/operator/v1/checks/{}/fail", check["id"].as_str().unwrap());
    let body = json!({ "accountId": tenant.id, "environment": "test" });
    herald.post(&path, OPERATOR, body).await.ok();
}

async fn validate(herald: &Herald, tenant: &Tenant, check: &Value, body: Value) -> Answer {
    herald.post(&format!("{}/validate", at("checks", check)), &tenant.test, body).await
}

#[tokio::test]
async fn a_check_is_pending_at_first_and_answered_in_the_documented_order() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let document = herald.document(&tenant.test, &client).await;
    let address = herald.address(&tenant.test, &client).await;
    let body = json!({
        "result": { "outcome": "clear" },
        "status": "complete",
        "clientConsent": true,
        "options": { "b": [1.0, null], "a": {} },
        "enableMonitoring": true,
        "liveVideoId": "video-1",
        "livePhotoId": "photo-1",
        "addressId": address["id"],
        "documentId": document["id"],
        "type": "multi_bureau_check",
        "entityName": "Nobody",
        "clientId": client["id"],
    });
    let made = herald.post("/v1/checks", &tenant.test, body).await;
    let path = at("checks", &made.json());
    assert_eq!(herald.get(&path, &tenant.test).await.text, made.text);
    assert!(made.text.contains(r#""options":{"b":[1,null],"a":{}}"#), "{}", made.text);
    let made = made.ok();
    let documented = [
        "id",
        "clientId",
        "entityName",
        "type",
        "status",
        "documentId",
        "addressId",
        "livePhotoId",
        "liveVideoId",
        "enableMonitoring",
        "options",
        "clientConsent",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(keys(&made), documented);
    assert_eq!((&made["status"], &made["entityName"]), (&json!("pending"), &json!("Jane Doe")));
    assert!(is_time(&made["createdAt"]) && made["createdAt"] == made["updatedAt"]);
}

#[tokio::test]
async fn what_a_check_does_not_have_is_absent_but_for_its_monitoring() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let body = new_check(&client, "extensive_screening_check");
    let made = herald.post("/v1/checks", &tenant.test, body).await.ok();
    let documented = [
        "id",
        "clientId",
        "entityName",
        "type",
        "status",
        "enableMonitoring",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(keys(&made), documented);
    assert_eq!(made["enableMonitoring"], false);
    assert!(!has_null(&made));
}

#[tokio::test]
async fn a_complete_check_shows_its_result_and_a_screening_always_its_matches() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.screening(&tenant.test, &client).await;
    let done = herald.completed(&tenant, &check, &json!({ "outcome": "clear" })).await;
    let result = json!({ "outcome": "clear", "breakdown": { "summary": {}, "matches": [] } });
    assert_eq!(done["result"].to_string(), result.to_string());
    assert_eq!(done["status"], "complete");
    assert_eq!(keys(&done)[6..], ["result", "createdAt", "updatedAt"]);
    assert_eq!(herald.get(&at("checks", &check), &tenant.test).await.ok(), done);
    let other = complete(&herald, &tenant, "rejected").await;
    assert_eq!(other["result"], json!({ "outcome": "rejected" }));
}

#[tokio::test]
async fn a_check_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    for (changes, param) in [
        (json!({ "clientId": null }), "clientId"),
        (json!({ "clientId": 7 }), "clientId"),
        (json!({ "type": null }), "type"),
        (json!({ "type": "horoscope_check" }), "type"),
        (json!({ "documentId": 7 }), "documentId"),
        (json!({ "livePhotoId": "" }), "livePhotoId"),
        (json!({ "liveVideoId": {} }), "liveVideoId"),
        (json!({ "enableMonitoring": "true" }), "enableMonitoring"),
        (json!({ "options": [] }), "options"),
        (json!({ "clientConsent": 1 }), "clientConsent"),
        (json!({ "type": "document_check" }), "documentId"),
        (json!({ "type": "identity_check" }), "documentId"),
        (json!({ "type": "enhanced_identity_check" }), "documentId"),
        (json!({ "type": "proof_of_address_check" }), "documentId"),
        (json!({ "type": "driving_license_check" }), "documentId"),
    ] {
        let body = with(new_screening(&client), &changes);
        let answer = herald.post("/v1/checks", &tenant.test, body).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected, "{changes}");
    }
    assert_eq!(herald.get("/v1/checks", &tenant.test).await.ok()["totalItems"], 0);
}

#[tokio::test]
async fn a_check_looks_at_what_exists_and_is_its_own_clients() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let (client, other) = (herald.client(&tenant.test).await, herald.client(&tenant.test).await);
    let document = herald.document(&tenant.test, &other).await;
    let address = herald.address(&tenant.test, &other).await;
    for (field, id) in [
        ("clientId", "5eb04fcd0f3e360008035eb2"),
        ("clientId", "jane"),
        ("documentId", "5eb04fcd0f3e360008035eb2"),
        ("documentId", "passport"),
        ("documentId", document["id"].as_str().unwrap()),
        ("documentId", client["id"].as_str().unwrap()),
        ("addressId", "5eb04fcd0f3e360008035eb2"),
        ("addressId", address["id"].as_str().unwrap()),
        ("addressId", document["id"].as_str().unwrap()),
    ] {
        let body = with(new_screening(&client), &json!({ field: id }));
        let answer = herald.post("/v1/checks", &tenant.test, body).await;
        let expected = (404, "resource_not_found".to_owned(), Some(field.to_owned()));
        assert_eq!(answer.refusal(), expected, "{field} {id}");
        let noun = field.trim_end_matches("Id");
        assert_eq!(answer.message(), format!("Invalid {noun} id '{id}'"));
    }
}

#[tokio::test]
async fn a_document_check_needs_the_documents_country_and_front() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let key = &tenant.test;
    let client = herald.client(key).await;
    let document = json!({ "clientId": client["id"], "type": "passport" });
    let document = herald.post("/v1/documents", key, document).await.ok();
    let body = with(new_check(&client, "document_check"), &json!({ "documentId": document["id"] }));
    let refused = async |kind: &str| {
        let answer = herald.post("/v1/checks", key, body.clone()).await;
        assert_eq!(answer.refusal(), (422, kind.to_owned(), None));
    };
    refused("document_requires_issuing_country").await;
    herald.image(key, &document, "front").await;
    refused("document_requires_issuing_country").await;
    let update = json!({ "issuingCountry": "GB" });
    herald.post(&at("documents", &document), key, update).await.ok();
    herald.call("DELETE", &format!("{}/front", at("documents", &document)), key, "").await;
    herald.image(key, &document, "back").await;
    refused("document_requires_front_image").await;
    assert_eq!(herald.get("/v1/checks", key).await.ok()["totalItems"], 0);
    herald.image(key, &document, "front").await;
    herald.post("/v1/checks", key, body.clone()).await.ok();
}

#[tokio::test]
async fn other_checks_of_a_document_need_neither_its_country_nor_an_image() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let document = json!({ "clientId": client["id"], "type": "passport" });
    let document = herald.post("/v1/documents", &tenant.test, document).await.ok();
    for check_type in [
        "identity_check",
        "enhanced_identity_check",
        "proof_of_address_check",
        "driving_license_check",
    ] {
        let body = with(new_check(&client, check_type), &json!({ "documentId": document["id"] }));
        let made = herald.post("/v1/checks", &tenant.test, body).await.ok();
        assert_eq!(made["documentId"], document["id"]);
    }
}

#[tokio::test]
async fn a_check_keeps_the_name_that_its_client_had() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.screening(&tenant.test, &client).await;
    let rename = json!({ "personDetails": { "lastName": "Roe" } });
    herald.post(&at("clients", &client), &tenant.test, rename).await.ok();
    let shown = herald.get(&at("checks", &check), &tenant.test).await.ok();
    assert_eq!(shown["entityName"], "Jane Doe");
}

#[tokio::test]
async fn only_the_monitoring_of_a_complete_screening_can_be_updated() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.matched(&tenant, &client, &["m1"]).await;
    let path = at("checks", &check);
    for changes in [
        json!({ "type": "extensive_screening_check" }),
        json!({ "clientConsent": true }),
        json!({ "livePhotoId": "p" }),
        json!({ "options": {}, "enableMonitoring": false }),
    ] {
        let answer = herald.post(&path, &tenant.test, changes.clone()).await;
        assert_eq!(answer.refusal(), (422, "invalid_check_update".into(), None), "{changes}");
    }
    let answer = herald.post(&path, &tenant.test, json!({ "enableMonitoring": "no" })).await;
    let expected = (400, "invalid_request".into(), Some("enableMonitoring".into()));
    assert_eq!(answer.refusal(), expected);
    assert_eq!(herald.get(&path, &tenant.test).await.ok(), check);

    let whole = with(check.clone(), &json!({ "enableMonitoring": false, "colour": "red" }));
    let updated = herald.post(&path, &tenant.test, whole).await.ok();
    let news = json!({ "enableMonitoring": false, "updatedAt": updated["updatedAt"] });
    assert_eq!(updated.to_string(), with(check, &news).to_string());
    for nothing in [json!({}), json!({ "enableMonitoring": null }), updated.clone()] {
        assert_eq!(herald.post(&path, &tenant.test, nothing).await.ok(), updated);
    }
}

#[tokio::test]
async fn a_check_that_is_pending_failed_or_no_screening_cannot_be_updated() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let pending = herald.screening(&tenant.test, &client).await;
    let broken = herald.screening(&tenant.test, &client).await;
    failed(&herald, &tenant, &broken).await;
    let other = complete(&herald, &tenant, "clear").await;
    for (check, kind) in [
        (&pending, "pending_check_unmodifiable"),
        (&broken, "invalid_check_update"),
        (&other, "invalid_check_update"),
    ] {
        for body in [json!({ "enableMonitoring": false }), json!({})] {
            let answer = herald.post(&at("checks", check), &tenant.test, body).await;
            assert_eq!(answer.refusal(), (422, kind.into(), None));
        }
    }
}

#[tokio::test]
async fn a_check_cannot_be_deleted() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.screening(&tenant.test, &client).await;
    let answer = herald.call("DELETE", &at("checks", &check), &tenant.test, "").await;
    assert_eq!(answer.refusal(), (405, "method_not_allowed".into(), None));
    assert_eq!(herald.get(&at("checks", &check), &tenant.test).await.ok(), check);
}

#[tokio::test]
async fn a_screening_is_clear_once_all_its_matches_are_rejected() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.matched(&tenant, &client, &["m1", "m2"]).await;
    for (match_id, said, outcome) in [
        ("m1", "rejected", "attention"),
        ("m1", "attention", "attention"),
        ("m2", "rejected", "attention"),
        ("m1", "rejected", "clear"),
        ("m2", "confirmed", "match_confirmed"),
        ("m1", "confirmed", "match_confirmed"),
        ("m1", "rejected", "match_confirmed"),
        ("m2", "attention", "attention"),
    ] {
        let body = json!({ "outcome": said, "matchId": match_id });
        let answer = validate(&herald, &tenant, &check, body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text, format!("{{\"outcome\":\"{outcome}\"}}"), "{match_id} {said}");
        let shown = herald.get(&at("checks", &check), &tenant.test).await.ok();
        assert_eq!(shown["result"]["outcome"], outcome);
    }
}

#[tokio::test]
async fn another_check_is_validated_as_a_whole() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let check = complete(&herald, &tenant, "attention").await;
    for (said, outcome) in
        [("confirmed", "clear"), ("rejected", "rejected"), ("attention", "attention")]
    {
        let answer = validate(&herald, &tenant, &check, json!({ "outcome": said })).await;
        assert_eq!(answer.text, format!("{{\"outcome\":\"{outcome}\"}}"));
        let shown = herald.get(&at("checks", &check), &tenant.test).await.ok();
        let expected = json!({ "outcome": outcome, "validation": { "outcome": said } });
        assert_eq!(shown["result"], expected);
    }
}

#[tokio::test]
async fn what_a_person_said_stands_beside_what_was_validated() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.matched(&tenant, &client, &["m1", "m2"]).await;
    let comment = "é".repeat(4_000);
    let body = json!({ "outcome": "rejected", "matchId": "m2", "comment": comment });
    validate(&herald, &tenant, &check, body).await.ok();
    let shown = herald.get(&at("checks", &check), &tenant.test).await.ok();
    let said = json!({ "outcome": "rejected", "comment": comment });
    let matches = json!([{ "id": "m1" }, { "id": "m2", "validation": said }]);
    assert_eq!(shown["result"]["breakdown"]["matches"], matches);
}

#[tokio::test]
async fn a_validation_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let check = herald.matched(&tenant, &client, &["m1"]).await;
    let good = json!({ "outcome": "rejected", "matchId": "m1" });
    for (changes, param) in [
        (json!({ "outcome": null }), "outcome"),
        (json!({ "outcome": "clear" }), "outcome"),
        (json!({ "outcome": 7 }), "outcome"),
        (json!({ "matchId": null }), "matchId"),
        (json!({ "matchId": 7 }), "matchId"),
        (json!({ "comment": 7 }), "comment"),
        (json!({ "comment": "x".repeat(4_001) }), "comment"),
        (json!({ "comment": "a\0b" }), "comment"),
    ] {
        let answer = validate(&herald, &tenant, &check, with(good.clone(), &changes)).await;
        let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
        assert_eq!(answer.refusal(), expected, "{changes}");
    }
    for id in ["m2", "", &"m".repeat(5_000)] {
        let body = with(good.clone(), &json!({ "matchId": id }));
        let answer = validate(&herald, &tenant, &check, body).await;
        let expected = (404, "resource_not_found".into(), Some("matchId".into()));
        assert_eq!(answer.refusal(), expected);
        assert!(answer.text.len() < 1_000);
    }
    assert_eq!(herald.get(&at("checks", &check), &tenant.test).await.ok(), check);
}

#[tokio::test]
async fn a_check_without_a_result_cannot_be_validated() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let pending = herald.screening(&tenant.test, &client).await;
    let broken = herald.screening(&tenant.test, &client).await;
    failed(&herald, &tenant, &broken).await;
    for (check, kind) in
        [(&pending, "pending_check_unmodifiable"), (&broken, "invalid_check_validation")]
    {
        let body = json!({ "outcome": "rejected", "matchId": "m1" });
        let answer = validate(&herald, &tenant, check, body).await;
        assert_eq!(answer.refusal(), (422, kind.into(), None));
    }
}

#[tokio::test]
async fn a_check_stays_as_it_is_when_its_document_changes() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let key = &tenant.test;
    let client = herald.client(key).await;
    let document = herald.document(key, &client).await;
    let upload = format!("{}/upload/front", at("documents", &document));
    herald.post(&upload, key, new_image("a.png", &picture(1, SMALLEST))).await.ok();
    let body = with(new_check(&client, "document_check"), &json!({ "documentId": document["id"] }));
    let check = herald.post("/v1/checks", key, body).await.ok();
    herald.call("DELETE", &at("documents", &document), key, "").await;
    assert_eq!(herald.get(&at("checks", &check), key).await.ok(), check);
    let done = herald.completed(&tenant, &check, &json!({ "outcome": "clear" })).await;
    assert_eq!(done["documentId"], document["id"]);
}
