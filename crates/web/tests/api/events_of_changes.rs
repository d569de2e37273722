//! What each action of the API tells: exactly these events, in this order, with exactly these
//! bytes as payloads.
//!
//! The tables are read from the top: an action, and what is told of it. Ids and times are filled
//! in from what the action answered: `{client}` is the client's id, `{made}` when the answered
//! object was made, `{at}` when it last changed.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    made::{SMALLEST, at, new_check, new_image, new_screening, picture, with},
    support::{Herald, OPERATOR, Tenant},
};

/// An environment whose events are followed.
struct Story {
    herald: Herald,
    tenant: Tenant,
    /// How many events were seen.
    seen: usize,
    /// What stands for what in expected texts.
    names: Vec<(&'static str, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Story {
    async fn new() -> Self {
        let herald = Herald::new();
        let tenant = herald.tenant("Acme").await;
        Self { herald, tenant, seen: 0, names: Vec::new() }
    }

    /// The id that a name stands for.
    fn id(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("{name}?")).1
    }

    /// Calls the API; a name gets the id of what is answered.
    async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Value,
        name: Option<&'static str>,
    ) -> Value {
        let key = if path.starts_with("/operator") { OPERATOR } else { &self.tenant.test };
        let answer = self.herald.call(method, path, key, body.to_string()).await;
        assert!(answer.status.is_success(), "{method} {path} {answer:?}");
        let answer = if answer.text.is_empty() { json!({}) } else { answer.json() };
        if let Some(name) = name {
            self.names.retain(|(known, _)| *known != name);
            self.names.push((name, text(&answer["id"])));
        }
        answer
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.call("POST", path, body, None).await
    }

    async fn make(&mut self, path: &str, body: Value, name: &'static str) -> Value {
        self.call("POST", path, body, Some(name)).await
    }

    async fn delete(&mut self, path: &str) -> Value {
        self.call("DELETE", path, json!({}), None).await
    }

    /// Reports something of the check that a name stands for.
    async fn report(&mut self, name: &str, what: &str, body: &Value) -> Value {
        let path = format!("/operator/v1/checks/{}/{what}", self.id(name));
        let place = json!({ "accountId": self.tenant.id, "environment": "test" });
        self.post(&path, with(place, body)).await
    }

    /// Asserts that exactly these events were told since the last time.
    async fn told(&mut self, answer: &Value, expected: &[(&str, &str)]) {
        let events = self.herald.told(&self.tenant.test).await;
        let news: Vec<_> = events[self.seen..]
            .iter()
            .map(|event| (event.event_type.as_str(), event.payload.get().to_owned()))
            .collect();
        let filled: Vec<_> =
            expected.iter().map(|(kind, payload)| (*kind, self.filled(answer, payload))).collect();
        assert_eq!(news, filled);
        for event in &events[self.seen..] {
            let resource = event.event_type.split('.').next().unwrap();
            assert_eq!(event.resource_type, resource);
        }
        self.seen = events.len();
    }

    fn filled(&self, answer: &Value, payload: &str) -> String {
        let times = [("made", text(&answer["createdAt"])), ("at", text(&answer["updatedAt"]))];
        let names = self.names.iter().chain(&times);
        names.fold(payload.to_owned(), |payload, (name, value)| {
            payload.replace(&format!("{{{name}}}"), value)
        })
    }

    /// A client whose events were seen.
    async fn client(&mut self) -> Value {
        let client = self.herald.client(&self.tenant.test).await;
        self.names.push(("client", text(&client["id"])));
        self.seen = self.herald.told(&self.tenant.test).await.len();
        client
    }
}

#[tokio::test]
async fn a_client_tells_that_it_was_made_changed_and_deleted() {
    let mut story = Story::new().await;
    let body = json!({
        "metadata": { "b": "1", "7": "2" },
        "personDetails": { "lastName": "Doe", "firstName": "Zoë/<" },
        "mobile": "+1",
        "email": "a@b.c",
        "type": "person",
        "colour": "red",
    });
    let made = story.make("/v1/clients", body, "client").await;
    let whole = r#"{"id":"{client}","type":"person","entityName":"Zoë/< Doe","email":"a@b.c","mobile":"+1","personDetails":{"firstName":"Zoë/<","lastName":"Doe"},"metadata":{"7":"2","b":"1"},"createdAt":"{made}","updatedAt":"{made}"}"#;
    story.told(&made, &[("client.created", whole)]).await;

    let path = at("clients", &made);
    for (body, payload) in [
        (json!({ "email": "d@e.f" }), r#"{"id":"{client}","email":"d@e.f","updatedAt":"{at}"}"#),
        (
            json!({ "personDetails": { "lastName": "Roe" }, "email": "d@e.f" }),
            r#"{"id":"{client}","entityName":"Zoë/< Roe","personDetails":{"firstName":"Zoë/<","lastName":"Roe"},"updatedAt":"{at}"}"#,
        ),
        (
            json!({ "metadata": { "b": "2" }, "telephone": "+2" }),
            r#"{"id":"{client}","telephone":"+2","metadata":{"b":"2"},"updatedAt":"{at}"}"#,
        ),
        (
            json!({ "mobile": null, "metadata": null, "externalId": "x" }),
            r#"{"id":"{client}","externalId":"x","updatedAt":"{at}","mobile":null,"metadata":null}"#,
        ),
    ] {
        let updated = story.post(&path, body).await;
        story.told(&updated, &[("client.updated", payload)]).await;
    }
    let deleted = story.delete(&path).await;
    story.told(&deleted, &[("client.deleted", r#"{"id":"{client}"}"#)]).await;
}

#[tokio::test]
async fn what_changes_nothing_tells_nothing() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let key = story.tenant.test.clone();
    let address = story.herald.address(&key, &client).await;
    let document = story.herald.document(&key, &client).await;
    let check = story.herald.matched(&story.tenant, &client, &["m1"]).await;
    story.seen = story.herald.told(&key).await.len();
    for (path, body) in [
        (at("clients", &client), json!({})),
        (at("clients", &client), client.clone()),
        (at("clients", &client), json!({ "mobile": null, "companyDetails": { "name": "x" } })),
        (at("clients", &client), json!({ "id": "x", "type": "company", "entityName": "x" })),
        (at("addresses", &address), address.clone()),
        (at("addresses", &address), json!({ "clientId": "x", "state": null })),
        (at("documents", &document), document.clone()),
        (at("documents", &document), json!({ "images": [1] })),
        (at("checks", &check), check.clone()),
        (at("checks", &check), json!({ "enableMonitoring": true })),
    ] {
        let answer = story.post(&path, body).await;
        story.told(&answer, &[]).await;
    }
    for (method, path, body) in [
        ("POST", "/v1/clients".to_owned(), json!({ "type": "person" })),
        ("POST", at("clients", &client), json!({ "email": "x" })),
        ("POST", "/v1/addresses".to_owned(), json!({ "clientId": "x" })),
        ("POST", format!("{}/upload/front", at("documents", &document)), json!({})),
        ("DELETE", format!("{}/front", at("documents", &document)), json!({})),
        ("GET", format!("{}/front", at("documents", &document)), json!({})),
        ("POST", format!("{}/validate", at("checks", &check)), json!({ "outcome": "rejected" })),
        ("DELETE", at("checks", &check), json!({})),
    ] {
        let answer = story.herald.call(method, &path, &key, body.to_string()).await;
        assert!(answer.status.is_client_error(), "{method} {path} {answer:?}");
    }
    story.told(&json!({}), &[]).await;
}

#[tokio::test]
async fn an_address_tells_that_it_was_made_changed_and_deleted() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let body = json!({
        "country": "GB", "state": "London", "city": "London", "line": "Baker Street",
        "clientId": client["id"],
    });
    let made = story.make("/v1/addresses", body, "address").await;
    let whole = r#"{"id":"{address}","clientId":"{client}","line":"Baker Street","city":"London","state":"London","country":"GB","createdAt":"{made}","updatedAt":"{made}"}"#;
    story.told(&made, &[("address.created", whole)]).await;
    let changes = json!({ "toDate": "2026-01-31", "state": null, "city": "London" });
    let updated = story.post(&at("addresses", &made), changes).await;
    let payload = r#"{"id":"{address}","toDate":"2026-01-31","updatedAt":"{at}","state":null}"#;
    story.told(&updated, &[("address.updated", payload)]).await;
    let deleted = story.delete(&at("addresses", &made)).await;
    story.told(&deleted, &[("address.deleted", r#"{"id":"{address}"}"#)]).await;
}

#[tokio::test]
async fn a_document_tells_that_it_was_made_changed_and_deleted() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let body = json!({ "issuingCountry": "GB", "type": "passport", "clientId": client["id"] });
    let made = story.make("/v1/documents", body, "document").await;
    let whole = r#"{"id":"{document}","clientId":"{client}","type":"passport","issuingCountry":"GB","createdAt":"{made}","updatedAt":"{made}"}"#;
    story.told(&made, &[("document.created", whole)]).await;
    let changes = json!({ "classification": "other", "issuingCountry": null });
    let updated = story.post(&at("documents", &made), changes).await;
    let payload =
        r#"{"id":"{document}","classification":"other","updatedAt":"{at}","issuingCountry":null}"#;
    story.told(&updated, &[("document.updated", payload)]).await;
    let deleted = story.delete(&at("documents", &made)).await;
    story.told(&deleted, &[("document.deleted", r#"{"id":"{document}"}"#)]).await;
}

/// An image as payloads show it; its id and time are still to be filled in.
fn image(id: &str, name: &str, side: &str, content_type: &str) -> String {
    format!(
        "{{\"id\":\"{{{id}}}\",\"fileName\":\"{name}\",\"documentSide\":\"{side}\",\
         \"downloadLink\":\"/v1/documents/{{document}}/download/{side}\",\
         \"contentType\":\"{content_type}\",\"size\":{SMALLEST},\
         \"createdAt\":\"{{{id} at}}\",\"updatedAt\":\"{{{id} at}}\"}}"
    )
}

#[tokio::test]
async fn an_image_tells_that_its_document_changed_and_then_how() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let document = story.herald.document(&story.tenant.test, &client).await;
    story.names.push(("document", text(&document["id"])));
    story.seen += 1;
    let path = at("documents", &document);
    let bytes = picture(1, SMALLEST);
    let (back, front) =
        (image("b1", "b.jpg", "back", "image/jpg"), image("f1", "f.png", "front", "image/png"));
    let front_again = image("f2", "f.pdf", "front", "application/pdf");

    // Each upload, and the images as they are then.
    for (side, name, id, time, images) in [
        ("back", "b.jpg", "b1", "b1 at", back.clone()),
        ("front", "f.png", "f1", "f1 at", format!("{front},{back}")),
        ("front", "f.pdf", "f2", "f2 at", format!("{front_again},{back}")),
    ] {
        let upload = format!("{path}/upload/{side}");
        let answer = story.make(&upload, new_image(name, &bytes), id).await;
        story.names.push((time, text(&answer["createdAt"])));
        let payload =
            format!("{{\"id\":\"{{document}}\",\"images\":[{images}],\"updatedAt\":\"{{at}}\"}}");
        let both = ["document.updated", "document.updated.image_uploaded"];
        story.told(&answer, &both.map(|kind| (kind, payload.as_str()))).await;
    }
    let both = ["document.updated", "document.updated.image_deleted"];
    story.delete(&format!("{path}/front")).await;
    let document = story.herald.get(&path, &story.tenant.test).await.ok();
    let payload =
        format!("{{\"id\":\"{{document}}\",\"images\":[{back}],\"updatedAt\":\"{{at}}\"}}");
    story.told(&document, &both.map(|kind| (kind, payload.as_str()))).await;

    story.delete(&format!("{path}/back")).await;
    let document = story.herald.get(&path, &story.tenant.test).await.ok();
    let payload = r#"{"id":"{document}","updatedAt":"{at}","images":null}"#;
    story.told(&document, &both.map(|kind| (kind, payload))).await;
}

#[tokio::test]
async fn a_deleted_client_takes_its_addresses_and_documents_along_in_the_order_they_were_made() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let (herald, key) = (&story.herald, story.tenant.test.clone());
    let other = herald.client(&key).await;
    let first = herald.document(&key, &client).await;
    let second = herald.address(&key, &client).await;
    herald.address(&key, &other).await;
    let third = herald.document(&key, &client).await;
    herald.image(&key, &third, "front").await;
    herald.screening(&key, &client).await;
    let fourth = herald.address(&key, &client).await;
    // A change of a resource does not change its place.
    herald.post(&at("documents", &first), &key, json!({ "type": "visa" })).await.ok();
    story.seen = herald.told(&key).await.len();
    for (name, made) in [("1", &first), ("2", &second), ("3", &third), ("4", &fourth)] {
        story.names.push((name, text(&made["id"])));
    }
    story.delete(&at("clients", &client)).await;
    let expected = [
        ("document.deleted", r#"{"id":"{1}"}"#),
        ("address.deleted", r#"{"id":"{2}"}"#),
        ("document.deleted", r#"{"id":"{3}"}"#),
        ("address.deleted", r#"{"id":"{4}"}"#),
        ("client.deleted", r#"{"id":"{client}"}"#),
    ];
    story.told(&json!({}), &expected).await;
}

#[tokio::test]
async fn a_new_check_tells_that_it_is_pending() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let body = json!({
        "options": { "z": 1.50, "a": [] }, "type": "extensive_screening_check",
        "clientId": client["id"],
    });
    let made = story.make("/v1/checks", body, "check").await;
    let whole = r#"{"id":"{check}","clientId":"{client}","entityName":"Jane Doe","type":"extensive_screening_check","status":"pending","enableMonitoring":false,"options":{"z":1.5,"a":[]},"createdAt":"{made}","updatedAt":"{made}"}"#;
    story.told(&made, &[("check.pending", whole)]).await;
}

#[tokio::test]
async fn a_complete_check_tells_so_and_then_its_outcome_if_that_has_a_type() {
    let mut story = Story::new().await;
    let client = story.client().await;
    for (outcome, special) in [
        ("clear", Some("check.completed.clear")),
        ("attention", Some("check.completed.attention")),
        ("rejected", Some("check.completed.rejected")),
        ("match_confirmed", Some("check.completed.match_confirmed")),
        ("not_processed", None),
    ] {
        story.make("/v1/checks", new_check(&client, "ssn_check"), "check").await;
        story.seen += 1;
        let done = story.report("check", "complete", &json!({ "outcome": outcome })).await;
        let payload = format!(
            "{{\"id\":\"{{check}}\",\"status\":\"complete\",\"outcome\":\"{outcome}\",\
             \"createdAt\":\"{{made}}\",\"updatedAt\":\"{{at}}\"}}"
        );
        let kinds = std::iter::once("check.completed").chain(special);
        let expected: Vec<_> = kinds.map(|kind| (kind, payload.as_str())).collect();
        story.told(&done, &expected).await;
    }
}

#[tokio::test]
async fn a_failed_check_tells_so_without_an_outcome() {
    let mut story = Story::new().await;
    let client = story.client().await;
    story.make("/v1/checks", new_screening(&client), "check").await;
    story.seen += 1;
    let failed = story.report("check", "fail", &json!({})).await;
    let payload = r#"{"id":"{check}","status":"failed","createdAt":"{made}","updatedAt":"{at}"}"#;
    story.told(&failed, &[("check.failed", payload)]).await;
}

#[tokio::test]
async fn a_monitoring_hit_tells_that_attention_is_needed_and_no_completion() {
    let mut story = Story::new().await;
    let client = story.client().await;
    story.make("/v1/checks", new_screening(&client), "check").await;
    story.report("check", "complete", &json!({ "outcome": "clear" })).await;
    story.seen += 3;
    let hit = story.report("check", "monitoringHit", &json!({ "matches": [{ "id": "m1" }] })).await;
    let payload = r#"{"id":"{check}","status":"complete","outcome":"attention","createdAt":"{made}","updatedAt":"{at}"}"#;
    story.told(&hit, &[("check.monitoring.attention", payload)]).await;
}

#[tokio::test]
async fn a_check_tells_that_its_monitoring_was_switched() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let check = story.make("/v1/checks", new_screening(&client), "check").await;
    story.report("check", "complete", &json!({ "outcome": "clear" })).await;
    story.seen += 3;
    let updated = story.post(&at("checks", &check), json!({ "enableMonitoring": false })).await;
    let payload = r#"{"id":"{check}","enableMonitoring":false,"updatedAt":"{at}"}"#;
    story.told(&updated, &[("check.updated", payload)]).await;
}

#[tokio::test]
async fn a_validation_tells_the_update_and_the_completion_if_the_outcome_changed() {
    let mut story = Story::new().await;
    let client = story.client().await;
    let check = story.make("/v1/checks", new_screening(&client), "check").await;
    let found = json!({ "matches": [{ "id": "m1" }, { "id": "m2" }] });
    let report = json!({ "outcome": "attention", "breakdown": found });
    story.report("check", "complete", &report).await;
    story.seen += 3;
    let path = at("checks", &check);
    let said = |word: &str| format!("\"validation\":{{\"outcome\":\"{word}\"}}");
    let (rejected, confirmed) = (said("rejected"), said("confirmed"));
    // What is said of which match; the matches then; the outcome then; what is told beside it.
    for (body, matches, outcome, special) in [
        (
            json!({ "outcome": "rejected", "matchId": "m1" }),
            format!("{{\"id\":\"m1\",{rejected}}},{{\"id\":\"m2\"}}"),
            "attention",
            None,
        ),
        (
            json!({ "outcome": "rejected", "matchId": "m2" }),
            format!("{{\"id\":\"m1\",{rejected}}},{{\"id\":\"m2\",{rejected}}}"),
            "clear",
            Some("check.completed.clear"),
        ),
        (
            json!({ "outcome": "confirmed", "matchId": "m1" }),
            format!("{{\"id\":\"m1\",{confirmed}}},{{\"id\":\"m2\",{rejected}}}"),
            "match_confirmed",
            Some("check.completed.match_confirmed"),
        ),
    ] {
        story.post(&format!("{path}/validate"), body.clone()).await;
        let now = story.herald.get(&path, &story.tenant.test).await.ok();
        let updated = format!(
            "{{\"id\":\"{{check}}\",\"result\":{{\"outcome\":\"{outcome}\",\"breakdown\":\
             {{\"summary\":{{}},\"matches\":[{matches}]}}}},\"updatedAt\":\"{{at}}\"}}"
        );
        let completed = format!(
            "{{\"id\":\"{{check}}\",\"status\":\"complete\",\"outcome\":\"{outcome}\",\
             \"createdAt\":\"{{made}}\",\"updatedAt\":\"{{at}}\"}}"
        );
        let mut expected = vec![("check.updated", updated.as_str())];
        if let Some(special) = special {
            expected.extend([("check.completed", completed.as_str()), (special, &completed)]);
        }
        story.told(&now, &expected).await;
        // Said again, it is nothing new.
        story.post(&format!("{path}/validate"), body).await;
        story.told(&now, &[]).await;
    }
}

#[tokio::test]
async fn what_happens_in_one_environment_is_told_only_there() {
    let story = Story::new().await;
    let client = story.herald.client(&story.tenant.live).await;
    story.herald.document(&story.tenant.live, &client).await;
    assert_eq!(story.herald.told(&story.tenant.live).await.len(), 2);
    assert!(story.herald.told(&story.tenant.test).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_parallel_updates_of_one_client_tell_adds_up_to_what_it_is() {
    let herald = Arc::new(Herald::new());
    let tenant = herald.tenant("Acme").await;
    let client = herald.client(&tenant.test).await;
    let mut updates = JoinSet::new();
    for n in 0..40 {
        let (herald, key, path) = (herald.clone(), tenant.test.clone(), at("clients", &client));
        let body = match n {
            0..10 => json!({ "personDetails": { "ssn": n.to_string() } }),
            10..20 => json!({ "personDetails": { "dob": null, "middleName": n.to_string() } }),
            20..30 => json!({ "personDetails": { "dob": format!("1990-01-{n}") } }),
            _ => json!({ "mobile": n.to_string(), "metadata": { "n": n.to_string() } }),
        };
        updates.spawn(async move { herald.post(&path, &key, body).await.ok() });
    }
    updates.join_all().await;
    let told = herald.told(&tenant.test).await;
    let added_up = told.iter().map(|event| event.payload.get()).fold(json!({}), |sum, payload| {
        let changes = serde_json::from_str(payload).unwrap();
        with(sum, &changes)
    });
    let now = herald.get(&at("clients", &client), &tenant.test).await.ok();
    assert_eq!(added_up, now);
    for field in ["mobile", "metadata"] {
        assert!(now.get(field).is_some(), "{now}");
    }
    for detail in ["firstName", "lastName", "middleName", "ssn"] {
        assert!(now["personDetails"].get(detail).is_some(), "{now}");
    }
}
