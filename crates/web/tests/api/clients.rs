//! Clients: made, shown, changed, deleted.

use serde_json::{Value, json};

use crate::{
    made::{at, has_null, is_time, keys, new_client, new_company, with},
    support::Herald,
};

/// Refused, blaming `param`, with a message that names it.
async fn refused(herald: &Herald, key: &str, path: &str, body: Value, param: &str) {
    let answer = herald.post(path, key, body.clone()).await;
    let expected = (400, "invalid_request".to_owned(), Some(param.to_owned()));
    assert_eq!(answer.refusal(), expected, "{body}");
    assert!(answer.message().contains(&format!("'{param}'")), "{answer:?}");
}

/// Every field of a person, in the opposite of the documented order.
fn whole_person() -> Value {
    json!({
        "metadata": { "b": "2", "a": "1", "10": "x" },
        "personDetails": {
            "taxIdentificationNumber": "t",
            "nationalIdentityNumber": "n",
            "socialInsuranceNumber": "si",
            "ssn": "123-45-6789",
            "birthCountry": "FR",
            "nationality": "GB",
            "gender": "other",
            "dob": "1990-12-31",
            "lastName": "Doe",
            "middleName": "Marie",
            "firstName": "Zoë",
        },
        "joinedDate": "2026-01-31",
        "externalId": "e-1",
        "telephone": "+44 20 7123 4567",
        "mobile": "+44 7700 900123",
        "email": "zoe@example.com",
        "type": "person",
    })
}

#[tokio::test]
async fn a_client_is_answered_in_the_documented_order_and_without_nulls() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = with(whole_person(), &json!({ "companyDetails": { "name": 7 } }));
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    let documented = [
        "id",
        "type",
        "entityName",
        "email",
        "mobile",
        "telephone",
        "externalId",
        "joinedDate",
        "personDetails",
        "metadata",
        "createdAt",
        "updatedAt",
    ];
    assert_eq!(keys(&made), documented);
    let documented = [
        "firstName",
        "middleName",
        "lastName",
        "dob",
        "gender",
        "nationality",
        "birthCountry",
        "ssn",
        "socialInsuranceNumber",
        "nationalIdentityNumber",
        "taxIdentificationNumber",
    ];
    assert_eq!(keys(&made["personDetails"]), documented);
    assert_eq!(made["entityName"], "Zoë Marie Doe");
    assert!(!has_null(&made), "{made}");
    assert!(is_time(&made["createdAt"]), "{made}");
    assert_eq!(made["updatedAt"], made["createdAt"]);
    let sent = whole_person();
    for field in ["email", "mobile", "telephone", "externalId", "joinedDate", "personDetails"] {
        assert_eq!(made[field], sent[field], "{field}");
    }
}

#[tokio::test]
async fn a_company_is_named_after_its_name() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let details = json!({
        "incorporationType": "Ltd",
        "incorporationCountry": "GB",
        "registrationNumber": "01234567",
        "website": "https://acme.example",
        "name": "Acme Ltd",
    });
    let body = with(new_company(), &json!({ "companyDetails": details, "personDetails": [] }));
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    let documented =
        ["id", "type", "entityName", "email", "companyDetails", "createdAt", "updatedAt"];
    assert_eq!(keys(&made), documented);
    let documented =
        ["name", "website", "registrationNumber", "incorporationCountry", "incorporationType"];
    assert_eq!(keys(&made["companyDetails"]), documented);
    assert_eq!(made["entityName"], "Acme Ltd");
}

#[tokio::test]
async fn a_client_is_the_same_object_when_it_is_made_got_and_listed() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.post("/v1/clients", &tenant.test, whole_person()).await;
    let path = at("clients", &made.json());
    let got = herald.get(&path, &tenant.test).await;
    assert_eq!(got.text, made.text);
    assert_eq!(got.headers["content-type"], "application/json");
    let listed = herald.get("/v1/clients", &tenant.test).await;
    assert!(listed.text.ends_with(&format!("\"items\":[{}]}}", made.text)), "{}", listed.text);
    let unchanged = herald.post(&path, &tenant.test, json!({})).await;
    assert_eq!(unchanged.text, made.text);
}

#[tokio::test]
async fn a_client_that_cannot_be_is_refused_by_the_field_to_blame() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let long = "x".repeat(4_001);
    for (changes, param) in [
        (json!({ "type": null }), "type"),
        (json!({ "type": "robot" }), "type"),
        (json!({ "type": "Person" }), "type"),
        (json!({ "type": 1 }), "type"),
        (json!({ "email": null }), "email"),
        (json!({ "email": "" }), "email"),
        (json!({ "email": "jane" }), "email"),
        (json!({ "email": "jane@ example.com" }), "email"),
        (json!({ "email": ["a@b.c"] }), "email"),
        (json!({ "mobile": 7 }), "mobile"),
        (json!({ "mobile": "" }), "mobile"),
        (json!({ "telephone": long }), "telephone"),
        (json!({ "externalId": "a\0b" }), "externalId"),
        (json!({ "joinedDate": "2026-02-30" }), "joinedDate"),
        (json!({ "joinedDate": "2026-1-31" }), "joinedDate"),
        (json!({ "joinedDate": "2026-01-31T00:00:00Z" }), "joinedDate"),
        (json!({ "personDetails": null }), "personDetails"),
        (json!({ "personDetails": "Jane Doe" }), "personDetails"),
        (json!({ "personDetails": {} }), "personDetails.firstName"),
        (json!({ "personDetails": { "lastName": "Doe" } }), "personDetails.firstName"),
        (json!({ "personDetails": { "firstName": "Jane" } }), "personDetails.lastName"),
        (json!({ "type": "company" }), "companyDetails"),
        (json!({ "type": "company", "companyDetails": {} }), "companyDetails.name"),
    ] {
        let body = with(new_client(), &changes);
        refused(&herald, &tenant.test, "/v1/clients", body, param).await;
    }
    assert_eq!(herald.get("/v1/clients", &tenant.test).await.ok()["totalItems"], 0);
    assert!(herald.told(&tenant.test).await.is_empty());
}

#[tokio::test]
async fn a_detail_that_cannot_be_is_refused_by_its_path_when_made_and_when_changed() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let person = herald.client(&tenant.test).await;
    let company = herald.post("/v1/clients", &tenant.test, new_company()).await.ok();
    for (detail, value) in [
        ("personDetails.dob", "31.12.1990"),
        ("personDetails.dob", "1990-02-29"),
        ("personDetails.gender", "F"),
        ("personDetails.nationality", "GBR"),
        ("personDetails.nationality", "gb"),
        ("personDetails.birthCountry", "ZZ"),
        ("personDetails.ssn", ""),
        ("companyDetails.incorporationCountry", "England"),
        ("companyDetails.website", ""),
    ] {
        let (details, name) = detail.split_once('.').unwrap();
        let (mut body, made) = match details {
            "personDetails" => (new_client(), &person),
            _ => (new_company(), &company),
        };
        body[details][name] = value.into();
        refused(&herald, &tenant.test, "/v1/clients", body, detail).await;
        let update = json!({ details: { name: value } });
        refused(&herald, &tenant.test, &at("clients", made), update, detail).await;
    }
    assert_eq!(herald.get(&at("clients", &person), &tenant.test).await.ok(), person);
}

#[tokio::test]
async fn metadata_is_strings_by_strings_within_limits() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let entries = |count: usize| -> Value {
        let entry = |n: usize| (format!("k{n}"), Value::from("v"));
        (0..count).map(entry).collect::<serde_json::Map<_, _>>().into()
    };
    for metadata in [
        entries(21),
        json!({ "k".repeat(41): "v" }),
        json!({ "": "v" }),
        json!({ "k": "v".repeat(501) }),
        json!({ "k\0": "v" }),
        json!({ "k": "v\0" }),
        json!({ "k": 1 }),
        json!({ "k": true }),
        json!({ "k": null }),
        json!({ "k": { "k": "v" } }),
        json!(["k", "v"]),
        json!([]),
        json!("k=v"),
    ] {
        let body = with(new_client(), &json!({ "metadata": metadata }));
        refused(&herald, &tenant.test, "/v1/clients", body, "metadata").await;
    }
    for metadata in
        [entries(20), json!({ "é".repeat(40): "é".repeat(500) }), json!({ "a.b": "", "$": "x" })]
    {
        let body = with(new_client(), &json!({ "metadata": metadata }));
        let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
        assert_eq!(made["metadata"], metadata);
    }
}

#[tokio::test]
async fn metadata_stays_unless_it_is_mentioned_and_is_then_replaced_as_a_whole() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let body = with(new_client(), &json!({ "metadata": { "plan": "gold", "seats": "7" } }));
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    let path = at("clients", &made);
    let update = async |body| herald.post(&path, &tenant.test, body).await.ok();
    let moved = update(json!({ "mobile": "1" })).await;
    assert_eq!(moved["metadata"], made["metadata"]);
    let replaced = update(json!({ "metadata": { "plan": "free" } })).await;
    assert_eq!(replaced["metadata"], json!({ "plan": "free" }));
    for nothing in [json!({}), json!(null)] {
        update(json!({ "metadata": { "plan": "free" } })).await;
        assert_eq!(update(json!({ "metadata": nothing })).await.get("metadata"), None);
    }
}

#[tokio::test]
async fn an_update_merges_details_field_by_field_and_null_removes() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let mut body = with(new_client(), &json!({ "mobile": "1", "telephone": "2" }));
    body["personDetails"]["dob"] = "1990-12-31".into();
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    let changes = json!({
        "telephone": null,
        "externalId": null,
        "personDetails": { "lastName": "Roe", "dob": null, "gender": "female" },
    });
    let updated = herald.post(&at("clients", &made), &tenant.test, changes).await.ok();
    let details = json!({ "firstName": "Jane", "lastName": "Roe", "gender": "female" });
    let expected = with(
        made.clone(),
        &json!({
            "telephone": null,
            "entityName": "Jane Roe",
            "personDetails": details,
            "updatedAt": updated["updatedAt"],
        }),
    );
    assert_eq!(updated.to_string(), expected.to_string());
    assert!(is_time(&updated["updatedAt"]));
    assert!(updated["updatedAt"].as_str() > made["updatedAt"].as_str());
}

#[tokio::test]
async fn what_a_client_has_to_have_cannot_be_removed() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.client(&tenant.test).await;
    for (body, param) in [
        (json!({ "email": null }), "email"),
        (json!({ "personDetails": null }), "personDetails"),
        (json!({ "personDetails": { "lastName": null } }), "personDetails.lastName"),
        (json!({ "personDetails": { "firstName": "" } }), "personDetails.firstName"),
    ] {
        refused(&herald, &tenant.test, &at("clients", &made), body, param).await;
    }
    assert_eq!(herald.get(&at("clients", &made), &tenant.test).await.ok(), made);
}

#[tokio::test]
async fn details_of_the_other_type_are_ignored_whatever_they_are() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let person = herald.client(&tenant.test).await;
    let company = herald.post("/v1/clients", &tenant.test, new_company()).await.ok();
    for (made, body) in [
        (&person, json!({ "companyDetails": { "name": "Acme" } })),
        (&person, json!({ "companyDetails": 7 })),
        (&company, json!({ "personDetails": { "firstName": [] } })),
        (&company, json!({ "personDetails": null })),
    ] {
        let updated = herald.post(&at("clients", made), &tenant.test, body.clone()).await.ok();
        assert_eq!(updated, *made, "{body}");
    }
}

#[tokio::test]
async fn what_nobody_may_set_is_ignored_when_made_and_when_changed() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let nonsense = json!({
        "id": "5eb04fcd0f3e360008035eb2",
        "entityName": "Nobody",
        "createdAt": "2001-01-01T00:00:00.000Z",
        "updatedAt": 7,
        "colour": { "red": [1, null] },
    });
    let body = with(new_client(), &nonsense);
    let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
    assert_ne!(made["id"], nonsense["id"]);
    assert_eq!(made["entityName"], "Jane Doe");
    assert!(made["createdAt"].as_str() > Some("2026"));
    assert_eq!(made.get("colour"), None);
    let body = with(nonsense, &json!({ "type": "company" }));
    assert_eq!(herald.post(&at("clients", &made), &tenant.test, body).await.ok(), made);
}

#[tokio::test]
async fn a_whole_client_can_be_sent_back_and_changes_only_what_differs() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let made = herald.post("/v1/clients", &tenant.test, whole_person()).await.ok();
    let path = at("clients", &made);
    let back = herald.post(&path, &tenant.test, made.clone()).await.ok();
    assert_eq!(back.to_string(), made.to_string());
    let changed = with(made.clone(), &json!({ "mobile": "+1" }));
    let back = herald.post(&path, &tenant.test, changed.clone()).await.ok();
    let expected = with(changed, &json!({ "updatedAt": back["updatedAt"] }));
    assert_eq!(back.to_string(), expected.to_string());
}

#[tokio::test]
async fn odd_texts_are_kept_as_they_came() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for name in ["O'Hara; DROP TABLE", "<b>", "a\r\nb", "\u{202e}", "😀", "\"\\", "{{7*7}}"] {
        let mut body = new_client();
        body["personDetails"]["lastName"] = name.into();
        let made = herald.post("/v1/clients", &tenant.test, body).await.ok();
        assert_eq!(made["personDetails"]["lastName"], name);
        assert_eq!(made["entityName"], format!("Jane {name}"));
        assert_eq!(herald.get(&at("clients", &made), &tenant.test).await.ok(), made);
    }
}

#[tokio::test]
async fn a_deleted_client_is_gone_with_its_addresses_and_documents_and_its_checks_stay() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    let key = &tenant.test;
    let (client, other) = (herald.client(key).await, herald.client(key).await);
    let address = herald.address(key, &client).await;
    let document = herald.document(key, &client).await;
    herald.image(key, &document, "front").await;
    let check = herald.screening(key, &client).await;
    let kept = herald.address(key, &other).await;

    let deleted = herald.call("DELETE", &at("clients", &client), key, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    for (collection, gone) in
        [("clients", &client), ("addresses", &address), ("documents", &document)]
    {
        for method in ["GET", "POST", "DELETE"] {
            let answer = herald.call(method, &at(collection, gone), key, "{}").await;
            assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None));
        }
    }
    let download = format!("{}/download/front", at("documents", &document));
    assert_eq!(herald.get(&download, key).await.status, 404);
    assert_eq!(herald.get(&at("checks", &check), key).await.ok(), check);
    assert_eq!(herald.get(&at("addresses", &kept), key).await.ok(), kept);
    assert_eq!(herald.get("/v1/clients", key).await.ok()["items"], json!([other]));
}

#[tokio::test]
async fn an_unknown_client_is_named_in_the_documented_words() {
    let herald = Herald::new();
    let tenant = herald.tenant("Acme").await;
    for id in ["5eb04fcd0f3e360008035eb2", "jane"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer =
                herald.call(method, &format!("/v1/clients/{id}"), &tenant.test, "{}").await;
            assert_eq!(answer.refusal(), (404, "resource_not_found".into(), None));
            assert_eq!(answer.message(), format!("Invalid client id '{id}'"));
        }
    }
}
