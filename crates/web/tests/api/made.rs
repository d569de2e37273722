//! Resources as a customer makes them, and the events that tell of them.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::support::{Herald, OPERATOR, Tenant};

/// The smallest image there may be, bytes.
pub(crate) const SMALLEST: usize = 34 * 1024;

/// The body that makes a person called Jane Doe.
pub(crate) fn new_client() -> Value {
    json!({
        "type": "person",
        "email": "jane@example.com",
        "personDetails": { "firstName": "Jane", "lastName": "Doe" },
    })
}

/// The body that makes a company.
pub(crate) fn new_company() -> Value {
    json!({
        "type": "company",
        "email": "info@example.com",
        "companyDetails": { "name": "Acme Ltd" },
    })
}

/// The body that makes an address of a client.
pub(crate) fn new_address(client: &Value) -> Value {
    json!({ "clientId": client["id"], "line": "Baker Street", "city": "London", "country": "GB" })
}

/// The body that makes a document of a client.
pub(crate) fn new_document(client: &Value) -> Value {
    json!({ "clientId": client["id"], "type": "passport", "issuingCountry": "GB" })
}

/// The body that makes a check of a client.
pub(crate) fn new_check(client: &Value, check_type: &str) -> Value {
    json!({ "clientId": client["id"], "type": check_type })
}

/// The body that makes a monitored screening of a client.
pub(crate) fn new_screening(client: &Value) -> Value {
    json!({
        "clientId": client["id"], "type": "standard_screening_check", "enableMonitoring": true,
    })
}

/// The bytes of an image of this size; no two of different `kind` are alike.
pub(crate) fn picture(kind: u8, size: usize) -> Vec<u8> {
    (0..size).map(|place| u8::try_from(place % 251).unwrap() ^ kind).collect()
}

/// The body that uploads these bytes.
pub(crate) fn new_image(file_name: &str, bytes: &[u8]) -> Value {
    json!({ "fileName": file_name, "data": BASE64.encode(bytes) })
}

/// A body with other values of some fields; null takes a field away.
pub(crate) fn with(mut body: Value, changes: &Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    body
}

/// The path to a resource among these.
pub(crate) fn at(collection: &str, resource: &Value) -> String {
    format!("/v1/{collection}/{}", resource["id"].as_str().unwrap())
}

/// The names of an object's fields, in their order.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Whether there is a null anywhere inside.
pub(crate) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// Whether it is written as `2026-01-31T09:30:00.000Z` is.
pub(crate) fn is_time(value: &Value) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddZ";
    let text = value.as_str().unwrap_or_default();
    text.len() == pattern.len()
        && text.chars().zip(pattern.chars()).all(|(is, should)| match should {
            'd' => is.is_ascii_digit(),
            other => is == other,
        })
}

/// An event, with its payload as it is written.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    #[serde(rename = "resourceType")]
    pub(crate) resource_type: String,
    pub(crate) payload: Box<RawValue>,
}

/// A page of events.
#[derive(Deserialize)]
struct Page {
    items: Vec<Told>,
}

impl Herald {
    pub(crate) async fn client(&self, key: &str) -> Value {
        self.post("/v1/clients", key, new_client()).await.ok()
    }

    pub(crate) async fn address(&self, key: &str, client: &Value) -> Value {
        self.post("/v1/addresses", key, new_address(client)).await.ok()
    }

    pub(crate) async fn document(&self, key: &str, client: &Value) -> Value {
        self.post("/v1/documents", key, new_document(client)).await.ok()
    }

    /// Uploads the smallest image to a side of a document.
    pub(crate) async fn image(&self, key: &str, document: &Value, side: &str) -> Value {
        let path = format!("{}/upload/{side}", at("documents", document));
        let image = new_image(&format!("{side}.jpg"), &picture(1, SMALLEST));
        self.post(&path, key, image).await.ok()
    }

    pub(crate) async fn screening(&self, key: &str, client: &Value) -> Value {
        self.post("/v1/checks", key, new_screening(client)).await.ok()
    }

    /// Reports the result of a check of the tenant's test environment; `result` is added to where
    /// it is.
    pub(crate) async fn completed(&self, tenant: &Tenant, check: &Value, result: &Value) -> Value {
        let path = format!("/operator/v1/checks/{}/complete", check["id"].as_str().unwrap());
        let place = json!({ "accountId": tenant.id, "environment": "test" });
        self.post(&path, OPERATOR, with(place, result)).await.ok()
    }

    /// A complete screening with matches of these ids, which needs attention.
    pub(crate) async fn matched(&self, tenant: &Tenant, client: &Value, ids: &[&str]) -> Value {
        let check = self.screening(&tenant.test, client).await;
        let matches: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        let result = json!({ "outcome": "attention", "breakdown": { "matches": matches } });
        self.completed(tenant, &check, &result).await
    }

    /// Everything that was told in an environment, the first first.
    pub(crate) async fn told(&self, key: &str) -> Vec<Told> {
        let page = self.get("/v1/events?pageSize=1000", key).await;
        let page: Page = serde_json::from_str(&page.text).unwrap();
        page.items.into_iter().rev().collect()
    }
}
